"""Two entries that may be one: merged, or both kept. What was decided is remembered when the sender sends them again."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor
from wishes.errors import Conflict, Invalid, NotFound
from wishes.events.actions import record
from wishes.i18n import Text
from wishes.intake.deciding import MAYBE, Resolved, accept, opened, withdraw_wish, write
from wishes.intake.files import RowState, row_for
from wishes.intake.tables import ImportRow
from wishes.model import table_of
from wishes.protection.keyring import Keyring

_ROW = table_of(ImportRow)


def merge_row(session: Session, *, row_id: int, into: int, keyring: Keyring, actor: Actor, now: datetime) -> Resolved:
    """Say that an entry repeats another one (*into*): it counts once. A wish it became is withdrawn.

    When *into* is itself a repetition, the entry repeats the first. Raises Invalid when the other is the same row or another
    campaign's, Forbidden, NotFound, Conflict.
    """
    run, row, _ = opened(session, row_id, keyring, actor, now)
    original = _first(session, row, into, actor)
    if row.status == "accepted" and row.wish_id is not None:
        withdraw_wish(session, row.wish_id, "duplicate", actor, now)
    session.execute(
        sa.update(_ROW).where(_ROW.c.duplicate_of_id == row.id, _ROW.c.id != original).values(duplicate_of_id=original)
    )
    write(session, run, row, "duplicate", (), None, duplicate_of_id=original)
    return Resolved(row_id, "duplicate")


def keep_both(
    session: Session, *, row_id: int, keyring: Keyring, actor: Actor, now: datetime, other_child: bool = False
) -> Resolved:
    """Say that both are wanted: a duplicate becomes a wish, an entry to be compared need not be any more.

    *other_child* says that a duplicate is a namesake's or a twin's. Raises Forbidden, NotFound, Conflict.
    """
    run, row, entry = opened(session, row_id, keyring, actor, now)
    if row.status == "duplicate":
        return accept(session, run, row, entry, other_child=other_child)
    kept = [code for code in row.warnings if code != MAYBE]
    written = session.execute(
        sa.update(_ROW)
        .where(_ROW.c.id == row.id, _ROW.c.status == row.status)
        .values(warnings=kept, duplicate_of_id=None, resolved_at=now, resolved_by=actor.account_id)
    )
    if written.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(row_id=row.id)
    record(
        session,
        action="keep_both",
        campaign_id=row.campaign_id,
        now=now,
        actor=actor,
        wish_id=row.wish_id,
        data={"row_id": row.id, "file_id": row.file_id, "other_row_id": row.duplicate_of_id},
    )
    return Resolved(row_id, row.status, tuple(row.reasons), row.wish_id)


def _first(session: Session, row: RowState, into: int, actor: Actor) -> int:
    """The id of the row that *into* stands for. What the row points to already need not be this person's to see."""
    if into != row.duplicate_of_id and row_for(session, into, actor).campaign_id != row.campaign_id:
        raise Invalid("into", _ANOTHER)
    other = session.execute(
        sa.select(_ROW.c.id, _ROW.c.status, _ROW.c.duplicate_of_id).where(_ROW.c.id == into)
    ).one_or_none()
    if other is None:
        raise NotFound("这一行", "row")
    first = other.duplicate_of_id if other.status == "duplicate" and other.duplicate_of_id else other.id
    if first == row.id:
        raise Invalid("into", _ANOTHER)
    return int(first)


_ANOTHER = Text("请选择另一条心愿。", "Choose another entry.")
