"""Verbs of the resolution centre: what a person decides about entries that the reading could not settle.

Each is recorded with who and when, in the row and as an event that names ids and fields, never what a cell said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from wishes.access import Actor
from wishes.errors import Invalid
from wishes.i18n import Text
from wishes.intake.correcting import corrected, rejudge
from wishes.intake.deciding import Resolved, accept, opened, refuse, settle_many, write
from wishes.intake.files import RowState, rows_for
from wishes.intake.problems import meaning
from wishes.intake.reader import Reader
from wishes.intake.remembering import place_word_of, word_of
from wishes.intake.understanding import REASONS, Entry, Places
from wishes.intake.updating import update_wish
from wishes.protection.keyring import Keyring

ACCEPTABLE_DESPITE = frozenset({"age_out_of_range", "out_of_area", "withdrawn"})
"""Reasons that a person may set aside; consent, price, danger and money have to be put right instead."""
_OF_THE_PLACE = frozenset({"place_unsure"})
_OF_THE_WORD = frozenset({"item_unknown", "item_unsure"})
NOT_TAKEN_FOR_GRANTED = "consent_unreadable"
"""A doubt that is not settled by accepting: somebody has to have asked the guardian."""
NOT_IN_BULK = frozenset({NOT_TAKEN_FOR_GRANTED, "item_unsure", "item_either"})
"""Nor is what may be dangerous accepted without having been looked at, one by one, nor which of several things it is."""


def accept_row(
    session: Session, *, row_id: int, keyring: Keyring, actor: Actor, now: datetime, other_child: bool = False
) -> Resolved:
    """Take an entry as it was read: a parked one, a duplicate that is none ("keep both"), or one rejected for what may be set aside.

    *other_child* says that a duplicate is a namesake or twin, not the same child. Accepting again answers what is so.
    Raises Invalid when something has to be put right first or a consent recorded, Forbidden, NotFound, Conflict.
    """
    run, row, entry = opened(session, row_id, keyring, actor, now)
    if row.status == "accepted":
        return Resolved(row_id, "accepted", wish_id=row.wish_id)
    hard = [code for code in row.reasons if not _may_be_set_aside(row.status, code)]
    if hard:
        raise Invalid(
            "row",
            Text("这条心愿还不能接收（{zh}），请先更正。", "This wish cannot be accepted ({en}): correct it first."),
            zh="、".join(meaning(code).zh for code in hard),
            en=", ".join(meaning(code).en for code in hard),
        )
    return accept(session, run, row, entry, other_child=other_child)


def correct_row(
    session: Session,
    *,
    row_id: int,
    changes: Mapping[str, Any],
    reader: Reader,
    keyring: Keyring,
    actor: Actor,
    now: datetime,
) -> Resolved:
    """Put right what was misread or miswritten and judge the entry again by the campaign's rules.

    *changes* maps fields of :data:`wishes.intake.correcting.FIELDS` to values. An entry that is a wish already is changed as long
    as nobody holds it. Raises Invalid (field, value, or the wish is taken), Forbidden, NotFound, Conflict.
    """
    run, row, entry = opened(session, row_id, keyring, actor, now)
    better = corrected(entry, changes)
    rejudge(better, set(changes), reader)
    fields = sorted(changes)
    if row.status == "accepted" and row.wish_id is not None:
        if better.status == "rejected":
            return refuse(session, run, row, better.reasons, fields=fields)
        update_wish(session, run, wish_id=row.wish_id, entry=better)
        write(session, run, row, "accepted", (), better, fields=fields)
        return Resolved(row_id, "accepted", wish_id=row.wish_id)
    if better.status == "accepted":
        return accept(session, run, row, better, fields=fields)
    reasons = tuple(better.reasons or better.doubts)
    write(session, run, row, better.status, reasons, better, fields=fields)
    return Resolved(row_id, better.status, reasons)


def alike(
    session: Session, *, row: RowState, entry: Entry, keyring: Keyring, actor: Actor
) -> list[tuple[RowState, Entry]]:
    """The other parked entries of the file that ask in the same words, and wait for nothing but what those mean."""
    word = word_of(entry)
    if row.status != "parked" or not word or not set(row.reasons) <= _OF_THE_WORD:
        return []
    return [
        (other, its)
        for other, its in rows_for(session, row.file_id, actor, keyring, statuses=("parked",))
        if other.id != row.id and set(other.reasons) <= _OF_THE_WORD and word_of(its) == word
    ]


def alike_in_place(
    session: Session, *, row: RowState, entry: Entry, places: Places, keyring: Keyring, actor: Actor
) -> list[tuple[RowState, Entry]]:
    """The other parked entries of the file that name the same place, and wait for nothing but where it is."""
    word = place_word_of(entry, places)
    if row.status != "parked" or not word or not set(row.reasons) <= _OF_THE_PLACE:
        return []
    return [
        (other, its)
        for other, its in rows_for(session, row.file_id, actor, keyring, statuses=("parked",))
        if other.id != row.id and set(other.reasons) <= _OF_THE_PLACE and place_word_of(its, places) == word
    ]


def reject_row(
    session: Session, *, row_id: int, reason: str, keyring: Keyring, actor: Actor, now: datetime
) -> Resolved:
    """Refuse an entry for a reason of REASONS. Its wish, if it is one, is rejected or cancelled; its duplicates wait again.

    Raises Invalid for an unknown reason or a wish that is delivered, Forbidden, NotFound, Conflict.
    """
    if reason not in REASONS:
        raise Invalid("reason", Text("没有这个原因代码：{reason}", "There is no such reason: {reason}"), reason=reason)
    run, row, _ = opened(session, row_id, keyring, actor, now)
    return refuse(session, run, row, [reason])


def accept_parked(
    session: Session, *, file_id: int, keyring: Keyring, actor: Actor, now: datetime, doubt: str = ""
) -> dict[str, int]:
    """Bulk rule: every parked entry of a file (with *doubt*, if given) is as it was read.

    What must not be settled so (NOT_IN_BULK) stays parked. Raises Forbidden, NotFound, Invalid.
    """
    rows = [
        (row, entry)
        for row, entry in rows_for(session, file_id, actor, keyring, statuses=("parked",))
        if (not doubt or doubt in row.reasons) and NOT_IN_BULK.isdisjoint(row.reasons)
    ]
    return settle_many(session, "accept_parked", rows, keyring, actor, now, told={"doubt": doubt})


def may_accept(status: str, reasons: Sequence[str]) -> bool:
    """Whether accepting is to be offered for an entry that is no wish yet."""
    return status in ("parked", "rejected") and all(_may_be_set_aside(status, code) for code in reasons)


def _may_be_set_aside(status: str, code: str) -> bool:
    return code in ACCEPTABLE_DESPITE if status == "rejected" else code != NOT_TAKEN_FOR_GRANTED
