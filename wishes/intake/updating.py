"""Verbs that change a wish which exists already: a correction by a person, a revised file from its sender."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor
from wishes.campaigns.queries import campaign_by_id
from wishes.claims.actions import cancel
from wishes.errors import Invalid
from wishes.events.actions import move, record, wish_state
from wishes.i18n import Text
from wishes.intake.admitting import Admission, admission
from wishes.intake.files import RowState, file_for, rows_for
from wishes.intake.revisions import ENOUGH_SHARED, Revision, revision_of
from wishes.intake.sealing import open_identity, seal_identity
from wishes.intake.shaping import birth_year, identity_of, wish_values
from wishes.intake.tables import Child, ImportRow, Wish
from wishes.intake.understanding.model import Entry, FileReading
from wishes.lifecycle import Status
from wishes.model import table_of
from wishes.protection.keyring import Keyring

_CHILD, _ROW, _WISH = table_of(Child), table_of(ImportRow), table_of(Wish)

EDITABLE = (Status.DRAFT, Status.SUBMITTED, Status.VERIFIED, Status.OPEN)
"""Statuses in which nobody relies on the wish being as it is."""
_STATUSES = ("accepted", "duplicate", "parked", "rejected")


def update_wish(session: Session, run: Admission, *, wish_id: int, entry: Entry) -> None:
    """Make a wish and its child say what *entry* says. What the entry leaves empty of the child is kept.

    Raises :class:`~wishes.errors.Invalid` when somebody has been offered or holds the wish.
    """
    values = wish_values(entry, guide=run.guide, county_code="", township_code="")
    values = {name: value for name, value in values.items() if value != "" or name in ("detail", "size", "size_kind")}
    changed = session.execute(
        sa.update(_WISH)
        .where(_WISH.c.id == wish_id, _WISH.c.status.in_(EDITABLE))
        .values(**values)
        .returning(_WISH.c.child_id)
    ).scalar()
    if changed is None:
        raise Invalid(
            "wish",
            Text(
                "这个心愿已派出或已被认领，请先收回再更改。",
                "The wish was proposed or claimed: take it back before changing it.",
            ),
        )
    child = session.execute(sa.select(_CHILD).where(_CHILD.c.id == changed)).one()
    if child.data_key is None:
        return
    identity = {**open_identity(run.vault, child.id, child.data_key, child.identity), **identity_of(entry)}
    session.execute(
        sa.update(_CHILD)
        .where(_CHILD.c.id == child.id)
        .values(
            sex=entry.gender or child.sex,
            birth_year=birth_year(entry, run.campaign_start) or child.birth_year,
            types=sorted({*child.types, *entry.types}),
            **seal_identity(run.vault, child.id, identity, data_key=child.data_key),
        )
    )


@dataclass(frozen=True, slots=True)
class StoredRevision:
    """A stored file that revises an earlier one, with the rows of both by ``row:<id>``."""

    revision: Revision
    earlier_file_id: int
    new: Mapping[str, tuple[RowState, Entry]]
    old: Mapping[str, tuple[RowState, Entry]]


def stored_revision(session: Session, *, file_id: int, keyring: Keyring, actor: Actor) -> StoredRevision | None:
    """What a stored file changes in and no longer asks for of the file that it revises; None when it revises none.

    Raises NotFound when the file is not this person's to see.
    """
    new = {
        f"row:{row.id}": (row, entry) for row, entry in rows_for(session, file_id, actor, keyring, statuses=_STATUSES)
    }
    origins = Counter(
        _file_of(session, row.duplicate_of_id) for row, _ in new.values() if row.duplicate_of_id is not None
    )
    origins.pop(file_id, None)
    if not origins:
        return None
    [(earlier_id, shared)] = origins.most_common(1)
    old = {
        f"row:{row.id}": (row, entry)
        for row, entry in rows_for(session, earlier_id, actor, keyring, statuses=_STATUSES)
    }
    if shared < 2 or shared < ENOUGH_SHARED * min(len(old), len(new)):
        return None
    repeats = {key: f"row:{row.duplicate_of_id}" for key, (row, _) in new.items() if row.duplicate_of_id is not None}
    entries = [entry for _, entry in new.values()]
    by_entry = {entry.key: key for key, (_, entry) in new.items()}
    revision = revision_of(
        FileReading(next(iter(new.values()))[0].file_name, entries=entries),
        f"#{earlier_id}",
        {key: entry for key, (row, entry) in old.items()},
        {entry.key: repeats[key] for key, (_, entry) in new.items() if key in repeats},
    )
    still = tuple(key for key in revision.withdraws if old[key][0].wish_id is not None)
    return StoredRevision(
        Revision(revision.file, revision.of, revision.adds, revision.changes, still),
        earlier_id,
        {entry_key: new[key] for entry_key, key in by_entry.items()},
        old,
    )


def apply_revision(session: Session, *, file_id: int, keyring: Keyring, actor: Actor, now: datetime) -> dict[str, int]:
    """Change and withdraw the wishes of the earlier file as the revised one says. Its additions are wishes already.

    A wish that somebody has been offered or holds is left and counted as ``in_use``. Repeating changes nothing more.
    Raises NotFound, and Invalid when the file revises none.
    """
    found = stored_revision(session, file_id=file_id, keyring=keyring, actor=actor)
    state = file_for(session, file_id, actor)
    if found is None:
        raise Invalid(
            "file", Text("这份文件不是另一份文件的更正版。", "This file is not a corrected version of another.")
        )
    run = admission(session, campaign=campaign_by_id(session, state.campaign_id), keyring=keyring, actor=actor, now=now)
    counts = Counter({"changed": 0, "withdrawn": 0, "in_use": 0})
    for change in found.revision.changes:
        wish_id = found.old[change.of][0].wish_id
        if wish_id is None:
            continue
        if wish_state(session, wish_id).status in EDITABLE:
            update_wish(session, run, wish_id=wish_id, entry=found.new[change.entry][1])
            record(
                session,
                action="revise",
                campaign_id=state.campaign_id,
                wish_id=wish_id,
                now=now,
                actor=actor,
                data={"file_id": file_id, "fields": list(change.fields)},
            )
            counts["changed"] += 1
        else:
            counts["in_use"] += 1
    for key in found.revision.withdraws:
        counts[_withdraw(session, found.old[key][0].wish_id, actor, now)] += 1
    record(
        session,
        action="apply_revision",
        campaign_id=state.campaign_id,
        now=now,
        actor=actor,
        data={"file_id": file_id, "earlier_file_id": found.earlier_file_id, **counts},
    )
    return dict(counts)


def _withdraw(session: Session, wish_id: int | None, actor: Actor, now: datetime) -> str:
    if wish_id is None:
        return "in_use"
    state = wish_state(session, wish_id)
    reason = "no longer in the revised file"
    if state.status is Status.SUBMITTED:
        move(session, "reject", wish_id=wish_id, actor=actor, now=now, reason=reason, seen=state)
    elif state.status in EDITABLE:
        cancel(session, wish_id=wish_id, actor=actor, now=now, reason=reason)
    else:
        return "in_use" if state.status not in (Status.REJECTED, Status.CANCELLED) else "already_withdrawn"
    return "withdrawn"


def _file_of(session: Session, row_id: int) -> int:
    return int(session.execute(sa.select(_ROW.c.file_id).where(_ROW.c.id == row_id)).scalar_one())
