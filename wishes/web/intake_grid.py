"""The sender's own grid, a page at a time, with what was recognised; and correcting what a column holds."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from flask import flash, g, redirect, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from wishes.clock import utc_now
from wishes.intake.files import FileState, RowState
from wishes.intake.grids import View
from wishes.intake.inbox import file_seen, read_again
from wishes.intake.tables import ImportRow
from wishes.intake.teaching import column_roles, teach_column
from wishes.intake.uploads import OriginalGone
from wishes.model import table_of
from wishes.web.context import t
from wishes.web.identity import database, signed_in
from wishes.web.intake_cards import marks_of, problem
from wishes.web.intake_opened import as_it_stands, opened_rows, view_for
from wishes.web.intake_pages import pages
from wishes.web.intake_wording import ROLE
from wishes.web.numbers import whole

_ROW = table_of(ImportRow)
GRID_PAGE = 100


def grid_of(session: Session, state: FileState, view: View | None) -> dict[str, Any]:
    """One page of one sheet, with what was recognised and what is wrong at which cell."""
    if view is None or not view.texts:
        return {"grid": None, "sheets": []}
    names = list(view.texts)
    sheet = request.args.get("sheet", names[0])
    sheet = sheet if sheet in names else names[0]
    start = max(0, request.args.get("from", 0, type=whole))
    rows = view.texts[sheet]
    start = min(start, max(0, len(rows) - 1))
    part = range(start, min(len(rows), start + GRID_PAGE))
    stored = session.execute(
        sa.select(_ROW.c.id, _ROW.c.cell, _ROW.c.status)
        .where(_ROW.c.file_id == state.id, _ROW.c.sheet == sheet[:80])
        .order_by(_ROW.c.id)
    ).all()
    entries = opened_rows(session, [row.id for row in stored if _row_number(row.cell) in part])
    pages_of = view.annotated([as_it_stands(*pair) for pair in entries], rows=part)
    page = next(each for each in pages_of if each.name == sheet)
    wrong = [_row_number(row.cell) for row in stored if row.status in ("parked", "rejected")]
    after = min((number for number in wrong if number >= part.stop), default=None)
    marks = marks_of([page])[sheet]
    by_row: dict[int, list[RowState]] = {}
    for row, entry in entries:
        by_row.setdefault(entry.row, []).append(row)
    tables = next((each.tables for each in view.sheets if each.name == sheet), [])
    roles = {
        (table.header_rows[-1], column.column): t(ROLE[column.role])
        for table in tables
        for column in table.columns
        if table.header_rows and column.role in ROLE
    }
    url = {"file_id": state.id, "show": "grid", "sheet": sheet}
    problem_url = url_for("intake.file", **url, **{"from": after}, _anchor=f"r{after + 1}") if after is not None else ""
    return {
        "sheets": [
            {
                "label": name,
                "url": url_for("intake.file", file_id=state.id, show="grid", sheet=name),
                "current": name == sheet,
            }
            for name in names
        ],
        "grid": {
            "sheet": sheet,
            "first": part.start + 1,
            "last": part.stop,
            "total": len(rows),
            "problem_url": problem_url,
            "letters": page.columns,
            "tables": [
                {
                    "first": table.first_row + 1,
                    "last": table.last_row + 1,
                    "columns": [
                        {
                            "title": column.title,
                            "letter": page.columns[column.column] if column.column < len(page.columns) else "",
                            "role": column.role,
                            "label": t(ROLE[column.role]) if column.role in ROLE else t("不用", "unused"),
                            "sure": column.confidence >= 0.8,
                        }
                        for column in table.columns
                    ],
                }
                for table in tables
                if table.kind == "table"
            ],
            "rows": [
                {
                    "number": number + 1,
                    "fate": page.fates[number] if number < len(page.fates) else "blank",
                    "alone": _alone(page.fates[number] if number < len(page.fates) else "", rows[number]),
                    "cells": [
                        {
                            "text": text,
                            "role": roles.get((number, column), ""),
                            "problems": [problem(code) for code in marks.get((number, column), ())],
                        }
                        for column, text in enumerate([*rows[number], *[""] * (len(page.columns) - len(rows[number]))])
                    ],
                    "entries": [
                        {"url": url_for("intake.row", row_id=row.id), "status": row.status}
                        for row in by_row.get(number, [])
                    ],
                }
                for number in part
            ],
        },
        "roles": [(role, t(ROLE[role]) if role in ROLE else role) for role in column_roles()],
        "next_url": url_for("intake.file", **url, **{"from": start + GRID_PAGE}, _anchor="sheet")
        if start + GRID_PAGE < len(rows)
        else "",
        "prev_url": url_for("intake.file", **url, **{"from": max(0, start - GRID_PAGE)}, _anchor="sheet")
        if start
        else "",
    }


_ACROSS = frozenset({"title", "note", "section", "footer"})


def _alone(fate: str, texts: list[str]) -> str | None:
    """The one text of a row that speaks across the table, and is shown across it; else None."""
    filled = [text for text in texts if text]
    return filled[0] if fate in _ACROSS and len(filled) == 1 else None


def _row_number(cell: str) -> int:
    """The row (from zero) of a cell's name."""
    return int(re.sub(r"\D", "", cell) or 1) - 1


@pages.post("/import/<int:file_id>/role")
def teach_role(file_id: int) -> Response:
    """Say what a column holds: remembered for this sender, and the file is read again."""
    now = utc_now()
    with database().transaction() as session:
        file_seen(session, file_id, signed_in(), g.campaign.id)
        view = view_for(session, file_id)
        if view is None:
            raise OriginalGone()
        teach_column(
            session,
            campaign_id=g.campaign.id,
            sender=view.sender,
            title=request.form.get("title", ""),
            role=request.form.get("role", ""),
            actor=signed_in(),
            now=now,
        )
        again = read_again(session, file_id=file_id, actor=signed_in(), now=now)
    flash(
        t(
            "记住了，这个发件人以后的表也这样认。正在重新读取。",
            "Remembered for this sender. The file is being read again.",
        ),
        "good",
    )
    return redirect(url_for("intake.file", file_id=again))
