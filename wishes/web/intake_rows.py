"""One entry: look at it, accept it, put it right, refuse it, or say which other it repeats. Every decision is recorded."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from wishes.campaigns.queries import place_names
from wishes.clock import utc_now
from wishes.errors import Invalid, MicrowishError, NotFound
from wishes.i18n import Text
from wishes.intake.comparing import merge_row
from wishes.intake.deciding import Resolved
from wishes.intake.files import RowState, row_for
from wishes.intake.reader import reader_for
from wishes.intake.resolving import accept_row, correct_row, reject_row
from wishes.intake.understanding import REASONS, Entry
from wishes.intake.understanding.things import CATEGORIES
from wishes.web.context import language, t
from wishes.web.identity import database, keyring, signed_in
from wishes.web.intake_cards import card, marks_of, problem
from wishes.web.intake_opened import as_it_stands, opened_rows, other_entry, view_for
from wishes.web.intake_pages import STATUS, pages
from wishes.web.intake_wording import SIZE_KIND, TYPE
from wishes.web.wording import CATEGORY, SEX


@pages.get("/import/row/<int:row_id>")
def row(row_id: int) -> str:
    return _page(row_id)


def _page(row_id: int, errors: dict[str, str] | None = None) -> str:
    with database().reading() as session:
        state, entry = _opened(session, row_id)
        view, places = view_for(session, state.file_id), place_names(session, g.campaign.id)
        values = _values(entry)
        marks = marks_of(view.annotated([as_it_stands(state, entry)])) if view else {}
        shown = card(state, entry, places, view, marks.get(state.sheet, {}))
        if state.duplicate_of_id is not None:
            shown["other"] = other_entry(session, state.duplicate_of_id, entry, places)
    if errors:
        values |= {name: request.form.get(name, "") for name in values if name in request.form and name != "types"}
    counties = sorted((code, name) for code, name in places.items() if len(code) == 6)
    return render_template(
        "intake/row.html",
        card=shown,
        row=state,
        traces=[(trace.cell, trace.text, trace.how, round(trace.confidence * 100)) for trace in entry.traces.values()],
        values=values,
        errors=errors or {},
        back=url_for("intake.file", file_id=state.file_id, show=state.status),
        categories=[(key, t(CATEGORY[key])) for key in CATEGORIES],
        sexes=[(key, t(label)) for key, label in SEX.items()],
        types=[(key, t(label)) for key, label in TYPE.items()],
        size_kinds=[(key, t(label)) for key, label in SIZE_KIND.items()],
        counties=counties,
        towns=[
            (
                county,
                sorted((town, place) for town, place in places.items() if len(town) == 9 and town.startswith(code)),
            )
            for code, county in counties
        ],
        reasons=refusals(),
    )


def refusals() -> list[tuple[str, str]]:
    """The reasons for which an entry may be refused."""
    return [(code, problem(code)) for code in REASONS]


def _opened(session: Session, row_id: int) -> tuple[RowState, Entry]:
    found = opened_rows(session, [row_id])
    if not found or found[0][0].campaign_id != g.campaign.id:
        raise NotFound("这一行", "row")
    return found[0]


# --- decisions ----------------------------------------------------------------------------------------------------------


@pages.post("/import/row/<int:row_id>/accept")
def accept(row_id: int) -> Response:
    """Take the entry as it was read; for a duplicate: keep both."""
    other_child = request.form.get("other_child") == "1"
    return _decide(
        row_id,
        lambda session: accept_row(
            session, row_id=row_id, keyring=keyring(), actor=signed_in(), now=utc_now(), other_child=other_child
        ),
    )


@pages.post("/import/row/<int:row_id>/reject")
def reject(row_id: int) -> Response:
    reason = request.form.get("reason", "")
    return _decide(
        row_id,
        lambda session: reject_row(
            session, row_id=row_id, reason=reason, keyring=keyring(), actor=signed_in(), now=utc_now()
        ),
    )


@pages.post("/import/row/<int:row_id>/merge")
def merge(row_id: int) -> Response:
    """Say that the entry repeats another one and counts once."""
    into = request.form.get("into", 0, type=int)
    return _decide(
        row_id,
        lambda session: merge_row(
            session, row_id=row_id, into=into, keyring=keyring(), actor=signed_in(), now=utc_now()
        ),
    )


@pages.post("/import/row/<int:row_id>/correct")
def correct(row_id: int) -> Response | tuple[str, int]:
    """Put right what was misread; the rules judge it again."""
    try:
        with database().transaction() as session:
            _, entry = _opened(session, row_id)
            changes = _changes(entry)
            done = correct_row(
                session,
                row_id=row_id,
                changes=changes,
                reader=reader_for(session, g.campaign.id),
                keyring=keyring(),
                actor=signed_in(),
                now=utc_now(),
            )
    except Invalid as error:
        return _page(row_id, {error.field: error.say(language())}), 422
    _say(done)
    return redirect(_back(row_id))


def _decide(row_id: int, verb: Callable[[Session], Resolved]) -> Response:
    try:
        with database().transaction() as session:
            if row_for(session, row_id, signed_in()).campaign_id != g.campaign.id:
                raise NotFound("这一行", "row")
            done = verb(session)
    except NotFound:
        raise
    except MicrowishError as error:  # a decision that cannot be made is said where it was tried
        flash(error.say(language()), "warn")
        return redirect(url_for("intake.row", row_id=row_id))
    _say(done)
    return redirect(_back(row_id))


def _say(done: Resolved) -> None:
    label = t(STATUS[done.status][0])
    if done.reasons:
        flash(f"{label}：{'、'.join(problem(code) for code in done.reasons)}", "warn")
    else:
        flash(label, "good")


def _back(row_id: int) -> str:
    """Where the decision was made, if that is a page of ours, else the entry."""
    wanted = request.form.get("next", "")
    return wanted if wanted.startswith(f"/c/{g.campaign.slug}/import") else url_for("intake.row", row_id=row_id)


# --- the form of a correction -------------------------------------------------------------------------------------------


def _values(entry: Entry) -> dict[str, Any]:
    """The entry as the form's fields hold it; prices in yuan."""

    def yuan(fen: int | None) -> str:
        return (
            "" if fen is None else f"{Decimal(fen) / 100:f}".rstrip("0").rstrip(".") if fen % 100 else str(fen // 100)
        )

    return {
        **{name: getattr(entry, name) or "" for name in _PLAIN},
        "age": "" if entry.age is None else str(entry.age),
        "qty": str(entry.qty),
        "size": "" if entry.size is None else f"{entry.size:g}",
        "price_low": yuan(entry.price_low),
        "price_high": yuan(entry.price_high),
        "phone": " ".join(entry.phone),
        "types": list(entry.types),
    }


_PLAIN = (
    "child", "gender", "birth", "county", "town", "village", "guardian", "relation", "school", "item", "category", "size_kind",
)  # fmt: skip


def _changes(entry: Entry) -> dict[str, Any]:
    """The fields that the form sets to something else. Raises Invalid for a figure that is none."""
    before, changes = _values(entry), {}
    for name, value in before.items():
        if name == "types":
            ticked = sorted(request.form.getlist("types"))
            if "types_shown" in request.form and ticked != sorted(value):
                changes[name] = ticked
            continue
        typed = request.form.get(name)
        if typed is None or typed.strip() == value:
            continue
        changes[name] = _parsed(name, typed.strip())
    return changes


_FIGURE = {"age": r"\d{1,3}", "qty": r"\d{1,4}", "size": r"\d{1,3}(\.\d)?", "price": r"\d{1,7}(\.\d{1,2})?"}


def _parsed(name: str, typed: str) -> Any:
    kind = name.removesuffix("_low").removesuffix("_high")
    if kind in _FIGURE:
        if typed and not re.fullmatch(_FIGURE[kind], typed):
            raise Invalid(name, Text("请填写数字。", "Give a figure."))
        if not typed:
            return None
        return int(Decimal(typed) * 100) if kind == "price" else float(typed) if kind == "size" else int(typed)
    if name == "phone":
        return tuple(re.split(r"[\s、，,]+", typed)) if typed else ()
    return typed or None
