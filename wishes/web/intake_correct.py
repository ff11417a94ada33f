"""An entry is put right; what that teaches of its sender is remembered, and entries written alike are put right with it."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from flask import flash, g, redirect, request
from sqlmodel import Session
from werkzeug.wrappers import Response

from wishes.clock import utc_now
from wishes.errors import Invalid
from wishes.intake.files import RowState
from wishes.intake.grids import View
from wishes.intake.reader import Reader, reader_for
from wishes.intake.remembering import lesson_of_kind, lesson_of_place, lesson_of_thing, place_word_of, word_of
from wishes.intake.resolving import alike, alike_in_place, correct_row
from wishes.intake.teaching import remember_words
from wishes.intake.understanding import Entry
from wishes.intake.words import Addition
from wishes.web.context import language, t
from wishes.web.identity import database, keyring, signed_in
from wishes.web.intake_form import changes_of
from wishes.web.intake_opened import view_for
from wishes.web.intake_pages import pages
from wishes.web.intake_rows import back_from, opened_entry, page_of, tell


@pages.post("/import/row/<int:row_id>/correct")
def correct(row_id: int) -> Response | tuple[str, int]:
    """Put right what was misread; the rules judge it again."""
    try:
        with database().transaction() as session:
            row, entry = opened_entry(session, row_id)
            changes, reader = changes_of(entry), reader_for(session, g.campaign.id)
            others = _written_alike(session, row, entry, changes, reader)
            done = _corrected(session, row_id, changes, reader)
            for other_id, its in others:
                _corrected(session, other_id, its, reader)
            learnt = _remember(session, row, entry, changes, reader)
    except Invalid as error:
        return page_of(row_id, {error.field: error.say(language())}), 422
    tell(done)
    if others:
        flash(
            t("写法相同的 {n} 条也一起更正了。", "{n} more, written alike, were corrected with it.", n=len(others)),
            "good",
        )
    for word in learnt:
        flash(
            t(
                "记住了：这个发件人写的“{word}”，以后都这样认。",
                "Remembered: what this sender calls “{word}” will be read so from now on.",
                word=word,
            ),
            "good",
        )
    return redirect(back_from(row_id))


def _corrected(session: Session, row_id: int, changes: Mapping[str, Any], reader: Reader) -> Any:
    return correct_row(
        session, row_id=row_id, changes=changes, reader=reader, keyring=keyring(), actor=signed_in(), now=utc_now()
    )


def _written_alike(
    session: Session, row: RowState, entry: Entry, changes: Mapping[str, Any], reader: Reader
) -> list[tuple[int, dict[str, Any]]]:
    """The ids of other entries of the file that are to be put right with this one, and how."""
    of_the_thing = {name: value for name, value in changes.items() if name in ("item", "category")}
    of_the_place = {name: value for name, value in changes.items() if name in ("county", "town")}
    found: list[tuple[int, dict[str, Any]]] = []
    if "alike" in request.form and of_the_thing:
        others = alike(session, row=row, entry=entry, keyring=keyring(), actor=signed_in())
        found += [(other.id, of_the_thing) for other, _ in others]
    if "alike_place" in request.form and "town" in of_the_place:
        places = reader.lexicon.places
        others = alike_in_place(session, row=row, entry=entry, places=places, keyring=keyring(), actor=signed_in())
        found += [(other.id, of_the_place) for other, _ in others]
    return found


def _remember(session: Session, row: RowState, entry: Entry, changes: Mapping[str, Any], reader: Reader) -> list[str]:
    """The words for things and places that were learnt; a word for a type of need is remembered in silence."""
    view = view_for(session, row.file_id)
    if view is None:
        return []
    lessons: list[Addition | None] = []
    told: list[str] = []
    if "remember" in request.form and (thing := lesson_of_thing(entry, changes, reader)) is not None:
        lessons.append(thing)
        told.append(word_of(entry))
    if "remember" in request.form:
        lessons.append(lesson_of_kind(_cell_of(view, row, entry, {"types", "group"}), changes, reader))
    if (
        "remember_place" in request.form
        and (place := lesson_of_place(entry, changes, reader.lexicon.places)) is not None
    ):
        lessons.append(place)
        told.append(place_word_of(entry, reader.lexicon.places))
    words = [lesson for lesson in lessons if lesson is not None]
    remember_words(
        session, campaign_id=g.campaign.id, sender=view.sender, words=words, actor=signed_in(), now=utc_now()
    )
    return told


def _cell_of(view: View, row: RowState, entry: Entry, roles: Container[str]) -> str:
    """What the entry's line says in the column of these roles, ``""`` where there is not just one."""
    table, rows = view.table_at(row.sheet, entry.row), view.texts.get(row.sheet, [])
    columns = [column.column for column in table.columns if column.role in roles] if table else []
    if len(columns) != 1 or entry.row >= len(rows):
        return ""
    return rows[entry.row][columns[0]] if columns[0] < len(rows[entry.row]) else ""
