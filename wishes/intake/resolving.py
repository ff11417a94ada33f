"""Verbs of the resolution centre: what a person decides about entries that the reading could not settle.

Each is recorded with who and when, in the row and as an event that names ids and fields, never what a cell said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor
from wishes.campaigns.queries import campaign_by_id
from wishes.claims.actions import cancel
from wishes.clock import local_day, start_of_day
from wishes.errors import Conflict, Invalid
from wishes.events.actions import move, record, wish_state
from wishes.i18n import Text
from wishes.intake.admitting import Admission, Admitted, admission, admit
from wishes.intake.correcting import corrected, rejudge
from wishes.intake.files import RowState, row_for, rows_for
from wishes.intake.kinship import compare, stored_children
from wishes.intake.reader import Reader
from wishes.intake.report import REASON_LABEL
from wishes.intake.sealing import NAME_FIELD, seal_entry
from wishes.intake.tables import ImportRow
from wishes.intake.understanding.model import Entry, FileReading
from wishes.intake.updating import update_wish
from wishes.lifecycle import Status
from wishes.model import table_of
from wishes.protection.keyring import Keyring

_ROW = table_of(ImportRow)

ACCEPTABLE_DESPITE = frozenset({"age_out_of_range", "out_of_area", "withdrawn"})
"""Reasons that a person may set aside; consent, price, danger and money have to be put right instead."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """Where a row stands after a decision, and the wish it is, if it is one."""

    row_id: int
    status: str
    reasons: tuple[str, ...] = ()
    wish_id: int | None = None


def accept_row(
    session: Session, *, row_id: int, keyring: Keyring, actor: Actor, now: datetime, other_child: bool = False
) -> Resolved:
    """Take an entry as it was read: a parked one, a duplicate that is none ("keep both"), or one rejected for what may be set aside.

    *other_child* says that a duplicate is a namesake or twin, not the same child. Accepting again answers what is so.
    Raises Invalid when the row was rejected for something that has to be put right, Forbidden, NotFound, Conflict.
    """
    run, row, entry = _opened(session, row_id, keyring, actor, now)
    if row.status == "accepted":
        return Resolved(row_id, "accepted", wish_id=row.wish_id)
    hard = [code for code in row.reasons if row.status == "rejected" and code not in ACCEPTABLE_DESPITE]
    if hard:
        raise Invalid(
            "row",
            Text("这条心愿{zh}，请先更正。", "This wish cannot be accepted ({en}): correct it first."),
            zh="、".join(REASON_LABEL[code].zh for code in hard if code in REASON_LABEL),
            en=", ".join(REASON_LABEL[code].en for code in hard if code in REASON_LABEL),
        )
    return _accept(session, run, row, entry, other_child=other_child)


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
    run, row, entry = _opened(session, row_id, keyring, actor, now)
    better = corrected(entry, changes)
    rejudge(better, set(changes), reader)
    fields = sorted(changes)
    if row.wish_id is not None:
        if better.status == "rejected":
            return _reject(session, run, row, better.reasons, fields=fields)
        update_wish(session, run, wish_id=row.wish_id, entry=better)
        _write(session, run, row, "accepted", (), better, fields=fields)
        return Resolved(row_id, "accepted", wish_id=row.wish_id)
    if better.status == "accepted":
        return _accept(session, run, row, better, fields=fields)
    reasons = tuple(better.reasons or better.doubts)
    _write(session, run, row, better.status, reasons, better, fields=fields)
    return Resolved(row_id, better.status, reasons)


def reject_row(
    session: Session, *, row_id: int, reason: str, keyring: Keyring, actor: Actor, now: datetime
) -> Resolved:
    """Refuse an entry for a reason of REASONS. Its wish, if it is one, is rejected or cancelled; its duplicates wait again.

    Raises Invalid for an unknown reason or a wish that is delivered, Forbidden, NotFound, Conflict.
    """
    if reason not in REASON_LABEL:
        raise Invalid("reason", Text("没有这个原因代码：{reason}", "There is no such reason: {reason}"), reason=reason)
    run, row, _ = _opened(session, row_id, keyring, actor, now)
    return _reject(session, run, row, [reason])


def merge_row(session: Session, *, row_id: int, into: int, keyring: Keyring, actor: Actor, now: datetime) -> Resolved:
    """Say that an entry repeats another one (*into*): it counts once. A wish it became is cancelled.

    Raises Invalid when the other is the same row or another campaign's, Forbidden, NotFound, Conflict.
    """
    run, row, _ = _opened(session, row_id, keyring, actor, now)
    other = row_for(session, into, actor)
    if other.id == row.id or other.campaign_id != row.campaign_id:
        raise Invalid("into", Text("请选择另一条心愿。", "Choose another entry."))
    if row.wish_id is not None:
        _withdraw_wish(session, row.wish_id, "duplicate", actor, now)
    _write(session, run, row, "duplicate", (), None, duplicate_of_id=other.id)
    return Resolved(row_id, "duplicate")


def confirm_consent(
    session: Session, *, file_id: int, on: date, keyring: Keyring, actor: Actor, now: datetime, said: str = "口头"
) -> dict[str, int]:
    """Bulk rule: all guardians of this file whose consent cell holds *said* (口头同意) confirmed by phone on a day.

    Rows whose only fault is the missing consent become wishes; the consents say ``phone``, the day and who recorded them.
    An empty cell or a plain no is not touched. Raises Invalid for a day in the future, Forbidden, NotFound.
    """
    if on > local_day(now):
        raise Invalid("on", Text("确认日期不能晚于今天。", "The day cannot lie in the future."))
    rows = [
        (row, entry)
        for row, entry in rows_for(session, file_id, actor, keyring, statuses=("rejected",))
        if row.reasons == ["no_consent"] and said in entry.consent_text
    ]
    consent = {"basis": "phone", "evidence": f"confirmed by phone on {on.isoformat()}", "given_at": start_of_day(on)}
    return _accept_many(
        session, "confirm_consent", file_id, rows, keyring, actor, now, consent=consent, told={"on": on.isoformat()}
    )


def accept_parked(
    session: Session, *, file_id: int, keyring: Keyring, actor: Actor, now: datetime, doubt: str = ""
) -> dict[str, int]:
    """Bulk rule: every parked entry of a file (with *doubt*, if given) is as it was read. Raises Forbidden, NotFound."""
    rows = [
        (row, entry)
        for row, entry in rows_for(session, file_id, actor, keyring, statuses=("parked",))
        if not doubt or doubt in row.reasons
    ]
    return _accept_many(session, "accept_parked", file_id, rows, keyring, actor, now, told={"doubt": doubt})


# --- how a decision is made ---------------------------------------------------------------------------------------------


def _opened(
    session: Session, row_id: int, keyring: Keyring, actor: Actor, now: datetime
) -> tuple[Admission, RowState, Entry]:
    row = row_for(session, row_id, actor)
    run = admission(session, campaign=campaign_by_id(session, row.campaign_id), keyring=keyring, actor=actor, now=now)
    return run, row, row.opened(run.vault)


def _accept(
    session: Session,
    run: Admission,
    row: RowState,
    entry: Entry,
    *,
    other_child: bool = False,
    fields: Sequence[str] = (),
) -> Resolved:
    _write(session, run, row, "accepted", (), entry, fields=fields)
    done = _admit(session, run, row.file_id, [(row, entry)], other_child=other_child)
    return Resolved(row.id, "accepted", wish_id=done.wish_ids[row.id])


def _accept_many(
    session: Session,
    action: str,
    file_id: int,
    rows: Sequence[tuple[RowState, Entry]],
    keyring: Keyring,
    actor: Actor,
    now: datetime,
    *,
    consent: Mapping[str, Any] | None = None,
    told: Mapping[str, Any],
) -> dict[str, int]:
    if not rows:
        return {"rows": 0, "wishes": 0}
    campaign_id = rows[0][0].campaign_id
    run = admission(session, campaign=campaign_by_id(session, campaign_id), keyring=keyring, actor=actor, now=now)
    for row, entry in rows:
        if consent is not None:
            entry.consent, entry.reasons = "yes", []
        _write(session, run, row, "accepted", (), entry, quiet=True)
    done = _admit(session, run, file_id, rows, consent=consent)
    counts = {"rows": len(rows), "wishes": len(done.wish_ids)}
    record(
        session,
        action=action,
        campaign_id=campaign_id,
        now=now,
        actor=actor,
        data={"file_id": file_id, **told, **counts},
    )
    return counts


def _admit(
    session: Session,
    run: Admission,
    file_id: int,
    rows: Sequence[tuple[RowState, Entry]],
    *,
    other_child: bool = False,
    consent: Mapping[str, Any] | None = None,
) -> Admitted:
    """Make wishes of rows; their children are looked for among namesakes in the whole campaign and all children of the file."""
    names = {entry.child for _, entry in rows if entry.child}
    indexes = [index for name in names for index in run.vault.blind_indexes(name, field=NAME_FIELD)]
    first = rows[0][0]
    stored = stored_children(
        session, run.vault, run.campaign_id, name_indexes=indexes, household_of=first.children_of_file(session)
    )
    kinship, _ = compare([FileReading(first.file_name, entries=[entry for _, entry in rows])], stored)
    if other_child:
        kinship.child_ids.pop(kinship.label(rows[0][1]), None)
    return admit(
        session,
        run,
        file_id=file_id,
        rows=[(row.id, entry) for row, entry in rows],
        kinship=kinship,
        community_id=first.community_id,
        county_code=first.county_code,
        township_code=first.township_code,
        consent=consent,
    )


def _reject(
    session: Session, run: Admission, row: RowState, reasons: Sequence[str], *, fields: Sequence[str] = ()
) -> Resolved:
    if row.wish_id is not None:
        _withdraw_wish(session, row.wish_id, reasons[0], run.actor, run.now)
    _write(session, run, row, "rejected", reasons, None, fields=fields)
    session.execute(
        sa.update(_ROW)
        .where(_ROW.c.duplicate_of_id == row.id, _ROW.c.status == "duplicate")
        .values(status="parked", reasons=["original_rejected"], duplicate_of_id=None)
    )
    return Resolved(row.id, "rejected", tuple(reasons))


def _withdraw_wish(session: Session, wish_id: int, reason: str, actor: Actor, now: datetime) -> None:
    state = wish_state(session, wish_id)
    if state.status is Status.SUBMITTED:
        move(session, "reject", wish_id=wish_id, actor=actor, now=now, reason=reason, seen=state)
    elif state.status not in (Status.REJECTED, Status.CANCELLED):
        cancel(session, wish_id=wish_id, actor=actor, now=now, reason=reason)


def _write(
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
    """Set the row's new state, if it is still as it was seen, and record who decided it."""
    values: dict[str, Any] = {
        "status": status,
        "reasons": list(reasons),
        "resolved_at": run.now,
        "resolved_by": run.actor.account_id,
        "duplicate_of_id": duplicate_of_id,
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
