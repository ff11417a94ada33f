"""How a decision about an entry is made and remembered: opened, judged, stored as a wish or refused, with who and when.

The verbs are in :mod:`wishes.intake.resolving` (accept, correct, refuse), :mod:`wishes.intake.consenting` and
:mod:`wishes.intake.comparing`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, Role, may
from wishes.campaigns.queries import campaign_by_id
from wishes.claims.actions import cancel
from wishes.errors import Conflict, Invalid
from wishes.events.actions import move, record, wish_state
from wishes.i18n import Text
from wishes.intake.admitting import Admission, admission, admit, in_the_name_of
from wishes.intake.files import RowState, row_for
from wishes.intake.kinship import compare, likely_children
from wishes.intake.sealing import seal_entry
from wishes.intake.store import row_ids_of
from wishes.intake.tables import ImportRow
from wishes.intake.understanding.model import Entry, FileReading
from wishes.lifecycle import Status
from wishes.model import table_of
from wishes.protection.keyring import Keyring

_ROW = table_of(ImportRow)
MAYBE = "maybe_duplicate"
"""The warning that an entry should be compared with the one it points to."""
NO_PLACE = Text(
    "这份文件没有写明是哪个社区的。请先在文件页选择社区，再接收。",
    "The file does not say which community it is from. Choose the community on the file's page first.",
)


@dataclass(frozen=True, slots=True)
class Resolved:
    """Where a row stands after a decision, and the wish it is, if it is one."""

    row_id: int
    status: str
    reasons: tuple[str, ...] = ()
    wish_id: int | None = None


def opened(
    session: Session, row_id: int, keyring: Keyring, actor: Actor, now: datetime
) -> tuple[Admission, RowState, Entry]:
    """The row, its reading, and what storing needs. Raises NotFound, Erased, SealBroken."""
    row = row_for(session, row_id, actor)
    run = admission(session, campaign=campaign_by_id(session, row.campaign_id), keyring=keyring, actor=actor, now=now)
    return run, row, row.opened(run.vault)


def accept(
    session: Session,
    run: Admission,
    row: RowState,
    entry: Entry,
    *,
    other_child: bool = False,
    fields: Sequence[str] = (),
) -> Resolved:
    """Make the entry a wish. Where it repeats a wish of the same child it becomes a duplicate, unless it was shown as one
    already: then both are wanted."""
    done = settle(session, run, [(row, entry)], other_child=other_child, fields=fields)
    return done[row.id]


def settle(
    session: Session,
    run: Admission,
    rows: Sequence[tuple[RowState, Entry]],
    *,
    other_child: bool = False,
    fields: Sequence[str] = (),
    quiet: bool = False,
) -> dict[int, Resolved]:
    """Make wishes of rows of one file; their children are looked for among namesakes in the whole campaign, the children of their townships
    and of the file. Answers what became of each row."""
    first, entries = rows[0][0], [entry for _, entry in rows]
    stored = likely_children(session, run.vault, run.campaign_id, entries, first.children_of_file(session))
    kinship, _ = compare([FileReading(first.file_name, entries=entries)], stored)
    if other_child:
        kinship.child_ids.pop(kinship.label(rows[0][1]), None)
    originals = {entry.key: row.id for row, entry in rows}
    repeated = [of for row, entry in rows if (of := entry.duplicate_of) and row.status != "duplicate"]
    originals |= row_ids_of(session, run.campaign_id, [of for of in repeated if of not in originals])
    done: dict[int, Resolved] = {}
    wanted = []
    for row, entry in rows:
        original = originals.get(entry.duplicate_of or "") if row.status != "duplicate" else None
        status = "accepted" if original is None else "duplicate"
        write(session, run, row, status, (), entry, fields=fields, duplicate_of_id=original, quiet=quiet)
        done[row.id] = Resolved(row.id, status)
        if original is None:
            wanted.append((row, entry))
    admitted = admit(
        session,
        run,
        file_id=first.file_id,
        rows=[(row.id, entry) for row, entry in wanted],
        kinship=kinship,
        community_id=_community(run, first),
        county_code=first.county_code,
        township_code=first.township_code,
    )
    for row_id, wish_id in admitted.wish_ids.items():
        done[row_id] = Resolved(row_id, "accepted", wish_id=wish_id)
    return done


def settle_many(
    session: Session,
    action: str,
    rows: Sequence[tuple[RowState, Entry]],
    keyring: Keyring,
    actor: Actor,
    now: datetime,
    *,
    told: Mapping[str, Any],
) -> dict[str, int]:
    """A bulk rule: rows of one file become wishes together; one event tells of it. Answers counts: rows and wishes."""
    if not rows:
        return {"rows": 0, "wishes": 0}
    file_id, campaign_id = rows[0][0].file_id, rows[0][0].campaign_id
    run = admission(session, campaign=campaign_by_id(session, campaign_id), keyring=keyring, actor=actor, now=now)
    done = settle(session, run, rows, quiet=True)
    counts = {"rows": len(rows), "wishes": sum(each.wish_id is not None for each in done.values())}
    record(
        session,
        action=action,
        campaign_id=campaign_id,
        now=now,
        actor=actor,
        data={"file_id": file_id, **told, **counts},
    )
    return counts


def refuse(
    session: Session, run: Admission, row: RowState, reasons: Sequence[str], *, fields: Sequence[str] = ()
) -> Resolved:
    """Refuse an entry; what repeated it waits for a person, what might have repeated it need not be compared any more."""
    if row.wish_id is not None:
        withdraw_wish(session, row.wish_id, reasons[0], run.actor, run.now)
    write(session, run, row, "rejected", reasons, None, fields=fields)
    pointing = session.execute(
        sa.select(_ROW.c.id, _ROW.c.status, _ROW.c.warnings).where(_ROW.c.duplicate_of_id == row.id)
    ).all()
    for other in pointing:
        values: dict[str, Any] = {"duplicate_of_id": None}
        if other.status == "duplicate":
            values |= {"status": "parked", "reasons": ["original_rejected"]}
        else:
            values["warnings"] = [code for code in other.warnings if code != MAYBE]
        session.execute(sa.update(_ROW).where(_ROW.c.id == other.id).values(**values))
    return Resolved(row.id, "rejected", tuple(reasons))


def _community(run: Admission, row: RowState) -> int | None:
    """Whose the wish is: the file's community; else a social worker's own one; None leaves it to the child's township.

    Raises Invalid when a social worker has several and the file was not placed yet: nothing is put where they cannot see it.
    """
    if row.community_id is not None or may(run.actor, "campaign.coordinate", run.campaign_id):
        return row.community_id
    mine = run.actor.ids(Role.SOCIAL_WORKER, run.campaign_id, "community_id")
    if len(mine) > 1:
        raise Invalid("community", NO_PLACE)
    return next(iter(mine), None)


def withdraw_wish(session: Session, wish_id: int, reason: str, actor: Actor, now: datetime) -> None:
    """End a wish that should not have been one; whoever may resolve its row may take back what is not verified yet."""
    state = wish_state(session, wish_id)
    if state.status is Status.SUBMITTED:
        sender = in_the_name_of(actor.account_id, state.campaign_id)
        move(session, "reject", wish_id=wish_id, actor=sender, now=now, reason=reason, seen=state)
    elif state.status not in (Status.REJECTED, Status.CANCELLED):
        cancel(session, wish_id=wish_id, actor=actor, now=now, reason=reason)


def write(
    session: Session,
    run: Admission,
    row: RowState,
    status: str,
    reasons: Sequence[str],
    entry: Entry | None,
    *,
    fields: Sequence[str] = (),
    duplicate_of_id: int | None = None,
    quiet: bool = False,
) -> None:
    """Set the row's new state, if it is still as it was seen, and record who decided it.

    An entry that should be compared with another one keeps pointing to it until that is decided.
    """
    if duplicate_of_id is None and MAYBE in row.warnings:
        duplicate_of_id = row.duplicate_of_id
    values: dict[str, Any] = {
        "status": status,
        "reasons": list(reasons),
        "resolved_at": run.now,
        "resolved_by": run.actor.account_id,
        "duplicate_of_id": duplicate_of_id,
        "warnings": [code for code in row.warnings if code != MAYBE] if status == "duplicate" else list(row.warnings),
    }
    if entry is not None:
        kept = replace(entry, status=status, duplicate_of=None, doubts=list(reasons) if status == "parked" else [])
        values |= {
            "reading": seal_entry(run.vault, row.file_id, kept),
            "confidence": 1.0 if fields else entry.confidence,
        }
    written = session.execute(sa.update(_ROW).where(_ROW.c.id == row.id, _ROW.c.status == row.status).values(**values))
    if written.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(row_id=row.id)
    if not quiet:
        record(
            session,
            action="resolve_row",
            campaign_id=row.campaign_id,
            now=run.now,
            actor=run.actor,
            wish_id=row.wish_id,
            data={
                "row_id": row.id,
                "file_id": row.file_id,
                "old": row.status,
                "new": status,
                "reasons": list(reasons),
                "fields": list(fields),
            },
        )
