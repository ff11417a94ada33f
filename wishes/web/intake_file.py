"""One file: what became of it, the entries that wait for a decision, the sender's own grid."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from flask import flash, g, redirect, render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from wishes.campaigns.queries import place_names
from wishes.clock import local_day, utc_now
from wishes.errors import Invalid, NotFound
from wishes.i18n import Text
from wishes.intake.consenting import confirm_consent
from wishes.intake.files import FileState, RowState, reasons_of
from wishes.intake.grids import View
from wishes.intake.inbox import counts_now, decide_revision, file_seen, read_again
from wishes.intake.resolving import accept_parked
from wishes.intake.tables import ImportRow
from wishes.intake.teaching import column_roles, teach_column
from wishes.intake.uploads import OriginalGone
from wishes.model import table_of
from wishes.web.context import language, t
from wishes.web.identity import database, keyring, signed_in
from wishes.web.intake_cards import card, marks_of, problem
from wishes.web.intake_opened import as_it_stands, opened_rows, other_entry, view_for
from wishes.web.intake_pages import STATE, pages
from wishes.web.intake_rows import refusals
from wishes.web.intake_wording import FIELD, ROLE

_ROW = table_of(ImportRow)
PAGE = 30
GRID_PAGE = 100
_SHOWS = {
    "parked": Text("待确认", "To decide"),
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
        warned = session.execute(sa.select(sa.func.count()).where(*_narrowed(file_id, "warnings"))).scalar_one()
        counts = {**tally, "warnings": warned}
        show = request.args.get("show", "")
        if show not in (*_SHOWS, "grid"):
            show = next((name for name in _SHOWS if counts.get(name)), "grid")
        shown: dict[str, Any] = {}
        if state.state == "done" and show == "grid":
            shown = _grid(session, state, view)
        elif state.state == "done":
            shown = _cards(session, state, view, show)
        reasons = reasons_of(session, file_id=file_id, actor=person)
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
        bulk=_bulk(reasons),
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


def _bulk(reasons: dict[str, dict[str, int]]) -> dict[str, Any]:
    """What can be decided for many entries at once."""
    return {
        "no_consent": reasons.get("rejected", {}).get("no_consent", 0),
        "doubts": [
            {"code": code, "label": problem(code), "count": number}
            for code, number in sorted(reasons.get("parked", {}).items(), key=lambda each: -each[1])
        ],
    }


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
    if show == "warnings":
        return [_ROW.c.file_id == file_id, _ROW.c.status == "accepted", sa.cast(_ROW.c.warnings, sa.String) != "[]"]
    return [_ROW.c.file_id == file_id, _ROW.c.status == show]


def _cards(session: Session, state: FileState, view: View | None, show: str) -> dict[str, Any]:
    after = request.args.get("after", 0, type=int)
    ids = list(
        session.execute(
            sa.select(_ROW.c.id)
            .where(*_narrowed(state.id, show), _ROW.c.id > after)
            .order_by(_ROW.c.id)
            .limit(PAGE + 1)
        ).scalars()
    )
    rows, places = opened_rows(session, ids[:PAGE]), place_names(session, g.campaign.id)
    marks = marks_of(view.annotated([as_it_stands(row, entry) for row, entry in rows])) if view else {}
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


# --- the sender's grid --------------------------------------------------------------------------------------------------


def _grid(session: Session, state: FileState, view: View | None) -> dict[str, Any]:
    if view is None or not view.texts:
        return {"grid": None, "sheets": []}
    names = list(view.texts)
    sheet = request.args.get("sheet", names[0])
    sheet = sheet if sheet in names else names[0]
    start = max(0, request.args.get("from", 0, type=int))
    ids = session.execute(
        sa.select(_ROW.c.id).where(_ROW.c.file_id == state.id, _ROW.c.sheet == sheet[:80]).order_by(_ROW.c.id)
    ).scalars()
    rows = view.texts[sheet]
    part = range(start, min(len(rows), start + GRID_PAGE))
    entries = [(row, entry) for row, entry in opened_rows(session, list(ids)) if entry.row in part]
    page = next(each for each in view.annotated([as_it_stands(*pair) for pair in entries]) if each.name == sheet)
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
        "next_url": url_for("intake.file", **url, **{"from": start + GRID_PAGE})
        if start + GRID_PAGE < len(rows)
        else "",
        "prev_url": url_for("intake.file", **url, **{"from": max(0, start - GRID_PAGE)}) if start else "",
    }


# --- decisions on the whole file ----------------------------------------------------------------------------------------


@pages.post("/import/<int:file_id>/revision")
def revision(file_id: int) -> Response:
    """What is to become of a revised file: apply, add or drop."""
    decision = request.form.get("decision", "")
    if decision not in ("apply", "add", "drop"):
        raise NotFound()
    with database().transaction() as session:
        file_seen(session, file_id, signed_in(), g.campaign.id)
        decide_revision(session, file_id=file_id, decision=decision, actor=signed_in(), now=utc_now())
    said = {
        "apply": t("正在按更正版更新。", "The revision is being applied."),
        "add": t("正在登记新增的心愿。", "What is new is being added."),
        "drop": t("这份文件不采用，什么都没有改变。", "The file was set aside; nothing changed."),
    }
    flash(said[decision], "good")
    return redirect(url_for("intake.file", file_id=file_id))


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


@pages.post("/import/<int:file_id>/consent")
def consent(file_id: int) -> Response:
    """Bulk rule: those who agreed by word of mouth confirmed it by phone on a day."""
    try:
        on = date.fromisoformat(request.form.get("on", ""))
    except ValueError:
        raise Invalid("on", Text("请填写确认的日期。", "Give the day of the call.")) from None
    said = request.form.get("said", "").strip()[:20] or "口头"
    with database().transaction() as session:
        file_seen(session, file_id, signed_in(), g.campaign.id)
        counts = confirm_consent(
            session, file_id=file_id, on=on, keyring=keyring(), actor=signed_in(), now=utc_now(), said=said
        )
    flash(
        t("已登记 {rows} 条电话确认，记在您名下。", "{rows} confirmations by phone recorded under your name.", **counts)
        if counts["rows"]
        else t("这份文件里没有写“{said}”的未接收心愿。", "No refused wish of this file says “{said}”.", said=said),
        "good" if counts["rows"] else "warn",
    )
    return redirect(url_for("intake.file", file_id=file_id))


@pages.post("/import/<int:file_id>/accept-parked")
def accept_all_parked(file_id: int) -> Response:
    """Bulk rule: every entry that waits (for one doubt) is as it was read."""
    with database().transaction() as session:
        file_seen(session, file_id, signed_in(), g.campaign.id)
        doubt = request.form.get("doubt", "")[:40]
        counts = accept_parked(
            session, file_id=file_id, keyring=keyring(), actor=signed_in(), now=utc_now(), doubt=doubt
        )
    flash(t("已接收 {rows} 条。", "{rows} accepted.", **counts), "good")
    return redirect(url_for("intake.file", file_id=file_id))
