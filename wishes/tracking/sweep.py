"""The sweep: whatever is due by now happens, once, in order. Celery's tick, ``microwish sweep`` and the tests call it.

The database alone says what is due (a partial index over the open clocks), so that any number of sweeps may run, die or
come days late. PostgreSQL hands each clock to one sweep (``FOR UPDATE SKIP LOCKED``); on SQLite a writer is alone.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlmodel import Session

from wishes.campaigns.queries import rules_of
from wishes.campaigns.rules import Rules
from wishes.claims import actions as claims
from wishes.claims.lapsing import lapse_many
from wishes.claims.tables import Branch, Volunteer
from wishes.clock import local_day
from wishes.db import Database
from wishes.errors import MicrowishError
from wishes.intake.tables import Wish
from wishes.lifecycle import Status
from wishes.model import columns
from wishes.tracking.directory import Audience, Concerned, Directory
from wishes.tracking.heartbeat import beat
from wishes.tracking.ladder import TAKES_AWAY, Rung, Walk, walk
from wishes.tracking.notices import Posting, post
from wishes.tracking.reserve import fall_back
from wishes.tracking.tables import Clock

_Clock = columns(Clock)
_Wish = columns(Wish)

BATCH = 200
MOST_ATTEMPTS = 8

WHO_ACTS: dict[Status, Audience] = {
    Status.DRAFT: Audience.COMMUNITY,
    Status.PROPOSED: Audience.TAKER,
    Status.CLAIMED: Audience.TAKER,
    Status.SCHEDULED: Audience.TAKER,
    Status.READY: Audience.INSPECTORS,
    Status.INSPECTED: Audience.COURIERS,
    Status.IN_TRANSIT: Audience.COURIERS,
    Status.DELIVERED: Audience.COMMUNITY,
}
"""Who has to do something for a wish to leave the stage; in the others, the coordinators."""

TOLD_TOO: dict[str, tuple[Audience, ...]] = {
    "remind": (),
    "warn": (Audience.SECRETARY,),
    "escalate": (Audience.SECRETARY, Audience.COORDINATORS),
}
"""Whom a rung tells besides; each rung tells everyone the rungs before it told."""

RELEASE = {Status.CLAIMED: claims.lapse, Status.SCHEDULED: claims.lapse, Status.PROPOSED: claims.expire}


@dataclass
class SweepReport:
    """What one sweep did: clocks taken, and steps by kind. ``failed`` tries stand on their clocks with the reason."""

    taken: int = 0
    remind: int = 0
    warn: int = 0
    escalate: int = 0
    release: int = 0
    reserve: int = 0
    skipped: int = 0
    failed: int = 0

    def add(self, other: SweepReport) -> None:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


@dataclass(frozen=True, slots=True)
class _Due:
    clock_id: int
    campaign_id: int
    wish_id: int
    stage: str
    opened_at: datetime
    due_at: datetime
    step: int
    acknowledged_at: datetime | None
    attempts: int
    status: Status
    code: str
    item: str
    category: str
    community_id: int
    taker_volunteer_id: int | None
    taker_branch_id: int | None

    @property
    def concerned(self) -> Concerned:
        return Concerned(self.campaign_id, self.community_id, self.taker_volunteer_id, self.taker_branch_id)


_COLUMNS: list[Any] = [
    _Clock.id,
    _Clock.campaign_id,
    _Clock.wish_id,
    _Clock.stage,
    _Clock.opened_at,
    _Clock.due_at,
    _Clock.step,
    _Clock.acknowledged_at,
    _Clock.attempts,
    _Wish.status,
    _Wish.code,
    _Wish.item,
    _Wish.category,
    _Wish.community_id,
    _Wish.taker_volunteer_id,
    _Wish.taker_branch_id,
]


@dataclass
class _Batch:
    """What a batch is going to write."""

    postings: list[Posting] = field(default_factory=list)
    advanced: list[dict[str, Any]] = field(default_factory=list)
    releases: list[tuple[_Due, Rung]] = field(default_factory=list)
    failures: list[tuple[_Due, str]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def sweep(database: Database, *, now: datetime, limit: int = 20_000) -> SweepReport:
    """Do every step that is due at *now*, of at most *limit* clocks, oldest first; repeat it as often as you like.

    Effects: notices, claims that lapse and proposals that expire, clocks moved to their next step, a heartbeat. Commits per
    batch. A wish that fails is tried again later and does not hold up the others; after :data:`MOST_ATTEMPTS` its clock
    stops with its problem on it. Raises :class:`~wishes.errors.Unavailable` when the database went away.
    """
    report = SweepReport()
    while report.taken < limit:
        size = min(BATCH, limit - report.taken)
        with database.transaction() as session:
            done = _strike(session, now=now, size=size)
        report.add(done)
        if done.taken < size:
            break
    with database.transaction() as session:
        beat(session, "sweep", now=now, detail=vars(report))
    return report


def _strike(session: Session, *, now: datetime, size: int) -> SweepReport:
    due = _due(session, now, size)
    if not due:
        return SweepReport()
    directory = Directory(session, (each.concerned for each in due))
    batch = _Batch()
    rules: dict[int, Rules | str] = {}
    for each in due:
        if each.campaign_id not in rules:
            rules[each.campaign_id] = _rules(session, each.campaign_id)
        found = rules[each.campaign_id]
        if isinstance(found, str):
            batch.failures.append((each, found))
        else:
            _plan(batch, each, found, directory, now)
    post(session, batch.postings, now=now)
    if batch.advanced:
        session.execute(sa.update(Clock), batch.advanced)
    _lock_takers(session, [each for each, _ in batch.releases])
    lapsed = _lapse_together(session, batch, now)
    for each, rung in batch.releases:
        if each.wish_id not in lapsed:
            _take_away(session, batch, each, rung, now)
    for each, problem in batch.failures:
        _note_failure(session, each, problem, now)
    return SweepReport(taken=len(due), failed=len(batch.failures), **batch.counts)


def _due(session: Session, now: datetime, size: int) -> list[_Due]:
    """The wish is locked before its clock, as every move does, and what somebody else holds is left for the next sweep."""
    rows = session.execute(
        sa.select(*_COLUMNS)
        .join(Wish, _Wish.id == _Clock.wish_id)
        .where(_Clock.closed_at.is_(None), _Clock.next_at.is_not(None), _Clock.next_at <= now)
        .order_by(_Clock.next_at, _Clock.id)
        .limit(size)
        .with_for_update(skip_locked=True, of=[Wish, Clock])
    )
    return [_Due(*row) for row in rows]


def _rules(session: Session, campaign_id: int) -> Rules | str:
    try:
        return rules_of(session, campaign_id)
    except ValueError as error:  # somebody else's version wrote rules this one cannot read
        return f"rules: {type(error).__name__}"


def _plan(batch: _Batch, each: _Due, rules: Rules, directory: Directory, now: datetime) -> None:
    deadline = rules.deadline_of(each.status, category=each.category, community_id=each.community_id)
    if deadline is None or each.stage != each.status:
        path = Walk((), each.step, None)
    else:
        path = walk(
            deadline,
            opened=each.opened_at,
            due=each.due_at,
            step=each.step,
            acknowledged=each.acknowledged_at is not None,
            now=now,
            rules=rules,
        )
    for rung in path.rungs:
        if rung.verdict != "do":
            batch.postings.append(_posting(each, rung, skipped=rung.verdict))
            batch.counts["skipped"] += 1
        elif rung.kind not in TAKES_AWAY:
            batch.postings.extend(_tell(each, rung, directory))
            batch.counts[rung.kind] += 1
        elif each.status in RELEASE or (rung.kind == "reserve" and each.status is Status.OPEN):
            batch.releases.append((each, rung))
        else:
            batch.postings.append(_posting(each, rung, skipped="no_release_here"))
            batch.counts["skipped"] += 1
    batch.advanced.append(
        {"id": each.clock_id, "step": path.step, "next_at": path.next_at, "attempts": 0, "problem": ""}
    )


def _tell(each: _Due, rung: Rung, directory: Directory) -> list[Posting]:
    accounts: set[int] = set()
    for audience in (WHO_ACTS.get(each.status, Audience.COORDINATORS), *TOLD_TOO[rung.kind]):
        accounts |= directory.accounts(audience, each.concerned)
    told = [_posting(each, rung, account_id=account) for account in sorted(accounts)]
    if rung.kind == "escalate":
        told.append(_posting(each, rung, group=True))
    return told or [_posting(each, rung, skipped="nobody_to_tell")]


def _posting(
    each: _Due, rung: Rung, *, account_id: int | None = None, group: bool = False, skipped: str = ""
) -> Posting:
    whom = "group" if group else account_id if account_id is not None else "-"
    return Posting(
        f"clock:{each.clock_id}:{int(each.due_at.timestamp())}:{rung.number}:{whom}",  # postponed, a ladder starts over
        each.campaign_id,
        rung.kind,
        account_id,
        each.wish_id,
        clock_id=each.clock_id,
        skipped=skipped,
        via="" if group else rung.channel,
        facts={"code": each.code, "item": each.item, "stage": each.stage, "due_on": local_day(each.due_at).isoformat()},
    )


def _lock_takers(session: Session, releases: list[_Due]) -> None:
    """Volunteers, then branches, each in the order of their ids: nobody can then wait for us while we wait for them."""
    for table, ids in (
        (Volunteer, {each.taker_volunteer_id for each in releases}),
        (Branch, {each.taker_branch_id for each in releases}),
    ):
        if ids - {None} and session.get_bind().dialect.name != "sqlite":
            session.execute(sa.select(table.id).where(table.id.in_(ids - {None})).order_by(table.id).with_for_update())


def _lapse_together(session: Session, batch: _Batch, now: datetime) -> set[int]:
    """The wishes whose claims lapsed, by a few statements for all. What stands in the way of one is found out one by one."""
    ids = [
        each.wish_id
        for each, rung in batch.releases
        if rung.kind == "release" and RELEASE.get(each.status) is claims.lapse
    ]
    try:
        with session.begin_nested():
            lapsed = set(lapse_many(session, wish_ids=ids, now=now).moved) if len(ids) > 1 else set()
    except (MicrowishError, SQLAlchemyError, ValueError, LookupError) as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise
        return set()
    batch.counts["release"] += len(lapsed)
    return lapsed


def _take_away(session: Session, batch: _Batch, each: _Due, rung: Rung, now: datetime) -> None:
    """Release the wish; where the rung says so, the reserve takes it, and if that cannot, it stays in the pool."""
    try:
        with session.begin_nested():
            if each.status in RELEASE:
                RELEASE[each.status](session, wish_id=each.wish_id, now=now)
            drawn = rung.kind == "reserve" and fall_back(
                session, campaign_id=each.campaign_id, wish_id=each.wish_id, now=now
            )
            if rung.kind == "reserve" and not drawn:
                post(session, [_posting(each, rung, skipped="no_reserve")], now=now)
    except (MicrowishError, SQLAlchemyError, ValueError, LookupError) as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise
        batch.failures.append((each, error.code if isinstance(error, MicrowishError) else type(error).__name__))
    else:
        batch.counts["reserve" if drawn else "release" if each.status in RELEASE else "skipped"] += 1


def _note_failure(session: Session, each: _Due, problem: str, now: datetime) -> None:
    """The step stays due and is tried again ever later; at last the clock stops for a person to look at."""
    attempts = each.attempts + 1
    again = None if attempts >= MOST_ATTEMPTS else now + timedelta(minutes=2**attempts)
    session.execute(
        sa.update(Clock)
        .where(_Clock.id == each.clock_id, _Clock.closed_at.is_(None))
        .values(step=each.step, next_at=again, attempts=attempts, problem=problem[:60])
        .execution_options(synchronize_session=False)
    )
