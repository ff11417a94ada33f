"""One file: what became of it, the entries that wait for a decision, the sender's own grid."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import g, render_template, request, url_for
from sqlmodel import Session

from wishes.access import may
from wishes.campaigns.queries import place_names
from wishes.clock import local_day, utc_now
from wishes.errors import NotFound
from wishes.i18n import Text
from wishes.intake.files import FileState, reasons_of
from wishes.intake.grids import View
from wishes.intake.inbox import counts_now, file_seen, maybe_duplicates
from wishes.intake.placing import communities_for
from wishes.intake.resolving import NOT_IN_BULK
from wishes.intake.tables import ImportRow
from wishes.model import table_of
from wishes.web.context import language, t
from wishes.web.identity import database, signed_in
from wishes.web.intake_bulk import consents_missing, way_choices
from wishes.web.intake_cards import card, marks_of, problem
from wishes.web.intake_grid import grid_of
from wishes.web.intake_opened import as_it_stands, opened_rows, other_entry, view_for
from wishes.web.intake_pages import STATE, pages
from wishes.web.intake_rows import refusals
from wishes.web.intake_wording import FIELD
from wishes.web.numbers import whole

_ROW = table_of(ImportRow)
PAGE = 30
_SHOWS = {
    "parked": Text("待确认", "To decide"),
    "maybe": Text("可能重复", "Perhaps twice"),
    "rejected": Text("未接收", "Not accepted"),
    "duplicate": Text("重复", "Duplicates"),
    "warnings": Text("提示", "Warnings"),
    "accepted": Text("已接收", "Accepted"),
}


@pages.get("/import/<int:file_id>")
def file(file_id: int) -> str:
    person = signed_in()
    with database().reading() as session:
        state = file_seen(session, file_id, person, g.campaign.id)
        view = view_for(session, file_id)
        tally = counts_now(session, [file_id]).get(file_id, {})
        counts = {**tally, **{name: _count(session, file_id, name) for name in ("maybe", "warnings")}}
        show = request.args.get("show", "")
        if show not in (*_SHOWS, "grid"):
            show = next((name for name in _SHOWS if counts.get(name)), "grid")
        shown: dict[str, Any] = {}
        if state.state == "done" and show == "grid":
            shown = grid_of(session, state, view)
        elif state.state == "done":
            shown = _cards(session, state, view, show)
        reasons = reasons_of(session, file_id=file_id, actor=person)
        missing = consents_missing(session, file_id, show) if show in ("rejected", "parked") else []
        places = communities_for(session, g.campaign.id, person)
        repeats = _repeated(session, state)
    label, tone, icon = STATE[state.state]
    return render_template(
        "intake/file.html",
        file=state,
        state={
            "label": t(label),
            "tone": tone,
            "icon": icon,
            "problem": Text(state.problem_zh, state.problem_en).say(language()),
        },
        counts=counts,
        show=show,
        tabs=_tabs(file_id, counts, show, with_grid=view is not None),
        doubts=_doubts(reasons),
        consents=[
            (
                text,
                t("（空着）{n} 条", "(empty): {n}", n=n)
                if not text
                else t("“{text}”{n} 条", "“{text}”: {n}", text=text, n=n),
            )
            for text, n in missing
        ],
        consents_missing=sum(n for _, n in missing),
        ways=way_choices(),
        communities=places,
        placeless=state.state == "done"
        and state.community_id is None
        and len(places) > 1
        and not may(person, "campaign.coordinate", g.campaign.id),
        revised=_revised(view),
        repeats=repeats,
        reasons=refusals(),
        today=local_day(utc_now()).isoformat(),
        kept_original=view is not None,
        **shown,
    )


def _repeated(session: Session, state: FileState) -> dict[str, str] | None:
    """The file that this one is a copy of, if the reader may see it."""
    earlier = state.counts.get("repeats")
    if state.state != "repeated" or not earlier:
        return None
    try:
        found = file_seen(session, int(earlier), signed_in(), g.campaign.id)
    except NotFound:
        return {"name": "", "url": ""}
    return {"name": found.name, "url": url_for("intake.file", file_id=found.id)}


def _tabs(file_id: int, counts: dict[str, int], show: str, *, with_grid: bool) -> list[dict[str, Any]]:
    tabs = [
        {
            "label": t(label),
            "url": url_for("intake.file", file_id=file_id, show=name),
            "current": show == name,
            "count": counts.get(name, 0),
        }
        for name, label in _SHOWS.items()
    ]
    if with_grid:
        url = url_for("intake.file", file_id=file_id, show="grid")
        tabs.append({"label": t("原表", "The sheet"), "url": url, "current": show == "grid", "count": None})
    return tabs


def _count(session: Session, file_id: int, show: str) -> int:
    return int(session.execute(sa.select(sa.func.count()).where(*_narrowed(file_id, show))).scalar_one())


def _doubts(reasons: dict[str, dict[str, int]]) -> list[dict[str, Any]]:
    """Doubts that can be settled for many entries at once."""
    return [
        {"code": code, "label": problem(code), "count": number}
        for code, number in sorted(reasons.get("parked", {}).items(), key=lambda each: -each[1])
        if code not in NOT_IN_BULK and number > 1
    ]


def _revised(view: View | None) -> list[dict[str, Any]]:
    return [
        {
            "what": line.what,
            "where": f"{line.sheet} · {line.cell}",
            "child": line.child,
            "item": line.item,
            "changes": [
                {"label": t(FIELD[name]) if name in FIELD else name, "old": old, "new": new}
                for name, (old, new) in line.changes.items()
            ],
        }
        for line in (view.revised if view else ())
    ]


# --- entries as cards ---------------------------------------------------------------------------------------------------


def _narrowed(file_id: int, show: str) -> list[Any]:
    if show == "maybe":
        return [_ROW.c.file_id == file_id, maybe_duplicates()]
    if show == "warnings":
        return [_ROW.c.file_id == file_id, _ROW.c.status == "accepted", sa.cast(_ROW.c.warnings, sa.String) != "[]"]
    return [_ROW.c.file_id == file_id, _ROW.c.status == show]


def _cards(session: Session, state: FileState, view: View | None, show: str) -> dict[str, Any]:
    after = request.args.get("after", 0, type=whole)
    ids = list(
        session.execute(
            sa.select(_ROW.c.id)
            .where(*_narrowed(state.id, show), _ROW.c.id > after)
            .order_by(_ROW.c.id)
            .limit(PAGE + 1)
        ).scalars()
    )
    rows, places = opened_rows(session, ids[:PAGE]), place_names(session, g.campaign.id)
    at = {entry.row for _, entry in rows}
    marks = marks_of(view.annotated([as_it_stands(*pair) for pair in rows], rows=at)) if view else {}
    shown = []
    for row, entry in rows:
        made = card(row, entry, places, view, marks.get(row.sheet, {}))
        if row.duplicate_of_id is not None:
            made["other"] = other_entry(session, row.duplicate_of_id, entry, places)
        shown.append(made)
    return {
        "cards": shown,
        "next_url": url_for("intake.file", file_id=state.id, show=show, after=ids[PAGE - 1]) if len(ids) > PAGE else "",
        "prev_url": url_for("intake.file", file_id=state.id, show=show) if after else "",
    }
