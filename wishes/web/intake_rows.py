"""One entry: look at it, accept it, refuse it, note a consent, or say which other it repeats. Every decision is recorded."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, g, redirect, render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from wishes.campaigns.queries import place_names
from wishes.clock import local_day, utc_now
from wishes.errors import Forbidden, MicrowishError, NotFound, NotSignedIn
from wishes.intake.comparing import keep_both, merge_row
from wishes.intake.consenting import Confirmation, record_consent
from wishes.intake.deciding import Resolved
from wishes.intake.files import RowState, row_for
from wishes.intake.reader import places_of
from wishes.intake.remembering import place_word_of, word_of
from wishes.intake.resolving import accept_row, alike, alike_in_place, reject_row
from wishes.intake.understanding import REASONS, Entry
from wishes.intake.understanding.things import CATEGORIES
from wishes.web.context import language, t
from wishes.web.identity import database, keyring, signed_in
from wishes.web.intake_bulk import day_typed, way_choices
from wishes.web.intake_cards import card, marks_of, problem
from wishes.web.intake_form import values_of
from wishes.web.intake_opened import as_it_stands, opened_rows, other_entry, view_for
from wishes.web.intake_pages import STATUS, pages
from wishes.web.intake_wording import SIZE_KIND, TYPE
from wishes.web.numbers import whole
from wishes.web.wording import CATEGORY, SEX


@pages.get("/import/row/<int:row_id>")
def row(row_id: int) -> str:
    return page_of(row_id)


def page_of(row_id: int, errors: dict[str, str] | None = None) -> str:
    """The page of one entry, with what was typed and is wrong after a correction that could not be made."""
    with database().reading() as session:
        state, entry = opened_entry(session, row_id)
        view, places = view_for(session, state.file_id), place_names(session, g.campaign.id)
        values, word = values_of(entry), word_of(entry)
        others = len(alike(session, row=state, entry=entry, keyring=keyring(), actor=signed_in()))
        known = places_of(session, g.campaign.id)
        place_word = place_word_of(entry, known)
        near = len(alike_in_place(session, row=state, entry=entry, places=known, keyring=keyring(), actor=signed_in()))
        marks = marks_of(view.annotated([as_it_stands(state, entry)], rows=[entry.row])) if view else {}
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
        back=url_for("intake.file", file_id=state.file_id, show="maybe" if shown["maybe"] else state.status),
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
        ways=way_choices(),
        today=local_day(utc_now()).isoformat(),
        word=word,
        others=others,
        place_word=place_word,
        near=near,
        remembers=view is not None,
    )


def refusals() -> list[tuple[str, str]]:
    """The reasons for which an entry may be refused."""
    return [(code, problem(code)) for code in REASONS]


def opened_entry(session: Session, row_id: int) -> tuple[RowState, Entry]:
    found = opened_rows(session, [row_id])
    if not found or found[0][0].campaign_id != g.campaign.id:
        raise NotFound("这一行", "row")
    return found[0]


# --- decisions ----------------------------------------------------------------------------------------------------------


@pages.post("/import/row/<int:row_id>/accept")
def accept(row_id: int) -> Response:
    """Take the entry as it was read."""
    return _decide(
        row_id,
        lambda session: accept_row(session, row_id=row_id, keyring=keyring(), actor=signed_in(), now=utc_now()),
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


@pages.post("/import/row/<int:row_id>/keep")
def keep(row_id: int) -> Response:
    """Say that two entries that look alike are both wanted."""
    other_child = request.form.get("other_child") == "1"
    return _decide(
        row_id,
        lambda session: keep_both(
            session, row_id=row_id, keyring=keyring(), actor=signed_in(), now=utc_now(), other_child=other_child
        ),
    )


@pages.post("/import/row/<int:row_id>/consent")
def consent_of_row(row_id: int) -> Response:
    """Note that the guardian of this entry consented: who, how and when."""
    on, how, giver = request.form.get("on", ""), request.form.get("how", ""), request.form.get("giver", "")
    return _decide(
        row_id,
        lambda session: record_consent(
            session,
            row_id=row_id,
            confirmation=Confirmation(day_typed(on), how, giver),
            keyring=keyring(),
            actor=signed_in(),
            now=utc_now(),
        ),
    )


@pages.post("/import/row/<int:row_id>/merge")
def merge(row_id: int) -> Response:
    """Say that the entry repeats another one and counts once."""
    into = request.form.get("into", 0, type=whole)
    return _decide(
        row_id,
        lambda session: merge_row(
            session, row_id=row_id, into=into, keyring=keyring(), actor=signed_in(), now=utc_now()
        ),
    )


def _decide(row_id: int, verb: Callable[[Session], Resolved]) -> Response:
    try:
        with database().transaction() as session:
            if row_for(session, row_id, signed_in()).campaign_id != g.campaign.id:
                raise NotFound("这一行", "row")
            done = verb(session)
    except (Forbidden, NotFound, NotSignedIn):
        raise
    except MicrowishError as error:  # a decision that cannot be made is said where it was tried
        flash(error.say(language()), "warn")
        return redirect(url_for("intake.row", row_id=row_id))
    tell(done)
    return redirect(back_from(row_id))


def tell(done: Resolved) -> None:
    """Say what became of the entry."""
    label = t(STATUS[done.status][0])
    if done.reasons:
        flash(f"{label}：{'、'.join(problem(code) for code in done.reasons)}", "warn")
    else:
        flash(label, "good")


def back_from(row_id: int) -> str:
    """Where the decision was made, if that is a page of ours, else the entry."""
    wanted = request.form.get("next", "")
    return wanted if wanted.startswith(f"/c/{g.campaign.slug}/import") else url_for("intake.row", row_id=row_id)
