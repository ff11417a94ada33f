"""An entry as a person decides about it: where it stood, what was read, what is doubtful. Holds identities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import url_for

from wishes.intake.consenting import CONSENT_PROBLEMS
from wishes.intake.deciding import MAYBE
from wishes.intake.files import RowState
from wishes.intake.grids import View, said
from wishes.intake.problems import meaning
from wishes.intake.resolving import may_accept
from wishes.intake.understanding import AnnotatedSheet, Entry
from wishes.web.context import moment, t
from wishes.web.intake_pages import STATUS
from wishes.web.intake_wording import CONSENT, FIELD, MEND, ROLE, SIZE_KIND, TYPE
from wishes.web.wording import CATEGORY, NEED, SEX

SHOWN = (
    "item", "category", "need", "price", "size", "qty", "child", "gender", "birth", "guardian", "phone", "place", "school", "types",
    "consent",
)  # fmt: skip
"""The lines of a reading, the wish first."""
COMPARED = (
    "child",
    "gender",
    "birth",
    "guardian",
    "phone",
    "place",
    "school",
    "item",
    "size",
    "qty",
    "price",
    "consent",
)
"""The lines that two entries are compared by."""


def problem(code: str) -> str:
    """What a code means."""
    return t(meaning(code))


def remark(code: str) -> str:
    """What a code means and how to mend it, for the sender: in Chinese."""
    return f"{meaning(code).zh}。{MEND[code].zh if code in MEND else ''}"


def problems(row: RowState) -> list[dict[str, str]]:
    """What is wrong or doubtful with an entry, the gravest first."""
    tone = {"rejected": "bad", "parked": "wait"}.get(row.status, "quiet")
    return [
        {"code": code, "label": problem(code), "mend": t(MEND[code]) if code in MEND else "", "tone": weight}
        for weight, codes in ((tone, row.reasons), ("quiet", row.warnings))
        for code in codes
    ]


def reading(entry: Entry, places: Mapping[str, str]) -> dict[str, str]:
    """Line → what was read, in words; empty where nothing was."""
    price = [said("price", fen) for fen in (entry.price_low, entry.price_high) if fen is not None]
    size = f"{entry.size:g}" if entry.size is not None else ""
    told = {
        "item": entry.item or "",
        "category": t(CATEGORY[entry.category]) if entry.category else "",
        "need": t(NEED[entry.need]) if entry.need and entry.need != "none" else "",
        "price": f"¥{'–'.join(dict.fromkeys(price))}" if price else "",
        "size": f"{t(SIZE_KIND[entry.size_kind])} {size}".strip() if entry.size_kind in SIZE_KIND and size else size,
        "qty": str(entry.qty) if entry.qty != 1 else "",
        "child": entry.child or "",
        "gender": t(SEX[entry.gender]) if entry.gender in SEX else "",
        "birth": entry.birth or (t("{n} 岁", "{n} years", n=entry.age) if entry.age is not None else ""),
        "guardian": " ".join(filter(None, (entry.guardian, entry.relation))),
        "phone": t("、", ", ").join(entry.phone),
        "place": " ".join(filter(None, (places.get(entry.county or ""), places.get(entry.town or ""), entry.village))),
        "school": entry.school or "",
        "types": t("、", ", ").join(t(TYPE[each]) for each in entry.types if each in TYPE),
        "consent": t(CONSENT[entry.consent]) if entry.consent in CONSENT else entry.consent,
    }
    return {name: told[name] for name in SHOWN}


LINE: Mapping[str, tuple[str, str]] = {
    "price": ("价格", "Price"),
    "place": ("住处", "Lives in"),
    "birth": ("出生", "Born"),
}


def line_label(name: str) -> str:
    return t(*LINE[name]) if name in LINE else t(FIELD[name])


def card(
    row: RowState, entry: Entry, places: Mapping[str, str], view: View | None, marks: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything the template shows of one entry. *marks*: cell name → codes, of its sheet."""
    label, tone, icon = STATUS[row.status]
    told = reading(entry, places)
    return {
        "id": row.id,
        "url": url_for("intake.row", row_id=row.id),
        "where": f"{row.sheet} · {row.cell}" + (f" · {row.part}" if row.part > 1 else ""),
        "title": entry.item or entry.raw or t("（没有心愿）", "(no wish)"),
        "child": entry.child or "",
        "status": row.status,
        "status_label": t(label),
        "tone": tone,
        "icon": icon,
        "problems": problems(row),
        "raw": entry.raw,
        "cells": cells(row, entry, view, marks),
        "reading": [(line_label(name), value) for name, value in told.items() if value],
        "duplicate_of": row.duplicate_of_id,
        "maybe": row.status in ("accepted", "parked") and row.duplicate_of_id is not None and MAYBE in row.warnings,
        "may_accept": may_accept(row.status, row.reasons),
        "needs_consent": row.status in ("rejected", "parked") and bool(CONSENT_PROBLEMS & set(row.reasons)),
        "consent_text": entry.consent_text.strip(),
        "decided": t(
            "{name} 于 {at} 处理",
            "Decided by {name}, {at}",
            name=row.resolver or t("系统", "the system"),
            at=moment(row.resolved_at),
        )
        if row.resolved_at
        else "",
        "confidence": round(row.confidence * 100),
    }


def cells(row: RowState, entry: Entry, view: View | None, marks: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The line of the sender's grid that the entry stood in, with what its columns were taken for."""
    if view is None or row.sheet not in view.texts:
        return []
    table, rows = view.table_at(row.sheet, entry.row), view.texts[row.sheet]
    if table is None or table.kind != "table" or entry.row >= len(rows):
        return []
    texts = rows[entry.row]
    found = []
    for column in table.columns:
        text = texts[column.column] if column.column < len(texts) else ""
        problem_codes = marks.get((entry.row, column.column), ())
        if text or problem_codes:
            found.append(
                {
                    "title": column.title,
                    "role": t(ROLE[column.role]) if column.role in ROLE else "",
                    "text": text,
                    "problems": [problem(code) for code in problem_codes],
                }
            )
    return found


def marks_of(pages: Sequence[AnnotatedSheet]) -> dict[str, dict[tuple[int, int], tuple[str, ...]]]:
    """Sheet → (row, column) → codes of problems at that cell."""
    return {
        page.name: {at: tuple(dict.fromkeys(mark.code for mark in marks)) for at, marks in page.marks.items()}
        for page in pages
    }


def compared(ours: Entry, theirs: Entry, places: Mapping[str, str]) -> list[dict[str, Any]]:
    """Two entries line by line, with what differs."""
    one, other = reading(ours, places), reading(theirs, places)
    return [
        {"label": line_label(name), "ours": one[name], "theirs": other[name], "differs": one[name] != other[name]}
        for name in COMPARED
        if one[name] or other[name]
    ]
