"""Sending what is queued: take and commit, send with no transaction open, record and commit.

What several notices have to tell one person at one time leaves as one message, under one key at every try. A worker that dies
leaves notices ``taken``: they go back into the queue. One that dies while a message is on its way leaves them ``sending``: where the
receiver knows a repetition by its key this state is not needed and the message is sent again; elsewhere it ends ``unsure`` rather
than reach a person twice. Where one way refuses a person for good the next is tried. Every notice to a person is in the inbox whatever becomes of its message.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.clock import local_day, start_of_day
from wishes.db import Database
from wishes.i18n import pick_language
from wishes.model import columns
from wishes.people.tables import Account
from wishes.tracking.channels import Channel, Message, Outlets, PermanentFailure, TransientFailure, UnclearOutcome
from wishes.tracking.deadlines import next_daylight
from wishes.tracking.heartbeat import beat
from wishes.tracking.ladder import QUIET_ONCE_ACKNOWLEDGED
from wishes.tracking.tables import Clock, Notice
from wishes.tracking.wording import compose

_Account = columns(Account)
_Clock = columns(Clock)
_Notice = columns(Notice)

BATCH = 200
LEASE = timedelta(minutes=2)
LONGEST_SEND = timedelta(seconds=30)
"""A sender whose lease is nearly out stops and leaves the rest to the next run."""
MOST_ATTEMPTS = 10
LONGEST_PAUSE = timedelta(hours=6)


@dataclass
class DeliveryReport:
    """Notices by what became of them, and the messages that left with them."""

    messages: int = 0
    sent: int = 0
    inbox: int = 0
    later: int = 0
    failed: int = 0
    unsure: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class _Queued:
    id: int
    account_id: int | None
    kind: str
    facts: Mapping[str, Any]
    message_key: str
    attempts: int
    via: str
    login: str | None
    language: str | None
    settled: bool | None  # None: it belongs to no clock


@dataclass(frozen=True, slots=True)
class _Parcel:
    """One message with the notices it carries."""

    channel: Channel
    message: Message
    notices: tuple[int, ...]
    attempts: int
    otherwise: str  # the channel to try when this one refuses for good; empty: none


_SETTLED: Any = sa.or_(
    _Clock.closed_at.is_not(None),
    _Clock.paused_at.is_not(None),
    _Clock.postponed_at > _Notice.created_at,
    sa.and_(_Clock.acknowledged_at > _Notice.created_at, _Notice.kind.in_(QUIET_ONCE_ACKNOWLEDGED)),
)
"""What was true when the notice was posted is so no more: done, stopped, put off, or answered."""

_COLUMNS: list[Any] = [
    _Notice.id,
    _Notice.account_id,
    _Notice.kind,
    _Notice.facts,
    _Notice.message_key,
    _Notice.attempts,
    _Notice.via,
    _Account.login,
    _Account.language,
    _SETTLED,
]


def deliver(
    database: Database, outlets: Outlets, *, clock: Callable[[], datetime], limit: int = 5_000, seconds: float = 40.0
) -> DeliveryReport:
    """Send what may leave now, at most *limit* notices and for about *seconds*; repeat it as often as you like.

    *clock* tells the time, for sending takes some. Effects: messages leave; each notice ends ``sent``, ``failed``, ``unsure`` or
    ``skipped``, or waits for its next try. Raises :class:`~wishes.errors.Unavailable` when the database went away.
    """
    counts: Counter[str] = Counter()
    began, seen = clock(), 0
    with database.transaction() as session:
        _recover(session, clock(), counts)
    while seen < limit and (clock() - began).total_seconds() < seconds:
        size, now = min(BATCH, limit - seen), clock()
        with database.transaction() as session:
            queued = _due(session, now, size)
            parcels = _take(session, queued, outlets, now, counts)
        until = min(now + LEASE - LONGEST_SEND, began + timedelta(seconds=seconds))
        _send_all(database, parcels, until=until, clock=clock, counts=counts)
        seen += len(queued)
        if len(queued) < size:
            break
    report = DeliveryReport(**counts)
    with database.transaction() as session:
        beat(session, "deliver", now=clock(), detail=vars(report))
    return report


def _recover(session: Session, now: datetime, counts: Counter[str]) -> None:
    """What a dead worker had taken is queued again; what it was sending is not sent twice."""
    for state, end, problem in (("taken", "queued", ""), ("sending", "unsure", "interrupted")):
        found = session.execute(
            sa.update(Notice)
            .where(_Notice.state == state, _Notice.run_at <= now)
            .values(state=end, problem=problem)
            .execution_options(synchronize_session=False)
        )
        counts[end if end == "unsure" else "later"] += found.rowcount


def _due(session: Session, now: datetime, size: int) -> list[_Queued]:
    """About *size* notices that may leave. What once belonged to one message comes whole: its key stands for that content."""
    found = _queued(session, _Notice.run_at <= now, size)
    keys = {each.message_key for each in found} - {""}
    if keys:
        have = {each.id for each in found}
        rest = _queued(session, _Notice.message_key.in_(keys), None)
        found += [each for each in rest if each.id not in have]
    return found


def _queued(session: Session, which: Any, size: int | None) -> list[_Queued]:
    rows = session.execute(
        sa.select(*_COLUMNS)
        .outerjoin(_Account, _Account.id == _Notice.account_id)
        .outerjoin(_Clock, _Clock.id == _Notice.clock_id)
        .where(_Notice.state == "queued", which)
        .order_by(_Notice.run_at, _Notice.id)
        .limit(size)
        .with_for_update(skip_locked=True, of=Notice)
    )
    return [_Queued(*row) for row in rows]


def _take(
    session: Session, queued: Sequence[_Queued], outlets: Outlets, now: datetime, counts: Counter[str]
) -> list[_Parcel]:
    """Decide which way each notice goes, put what goes together into one message, and mark it as taken."""
    settled = [each.id for each in queued if each.settled]
    full = _who_had_enough(session, {each.account_id for each in queued} - {None}, outlets, now)
    spared: list[int] = []
    inbox: list[int] = []
    nobody: list[int] = []
    parcels: dict[tuple[str, str, str], tuple[Channel, list[_Queued]]] = {}
    for each in queued:
        if each.settled:
            continue
        way = outlets.route(each.login, each.via)
        if way is None:
            (nobody if each.account_id is None else inbox).append(each.id)
        elif each.account_id in full.get(way[0].name, ()) and not each.message_key:
            spared.append(each.id)
        else:
            parcels.setdefault((way[0].name, way[1], each.message_key), (way[0], []))[1].append(each)
    _mark(session, settled, counts, "skipped", state="skipped", problem="settled")
    _mark(session, nobody, counts, "skipped", state="skipped", problem="no_group_channel")
    _mark(session, inbox, counts, "inbox", state="sent", channel="inbox", sent_at=now, problem="")
    _mark(session, spared, counts, "later", run_at=next_daylight(start_of_day(local_day(now) + timedelta(days=1))))
    room: dict[str, int] = {}
    taken: list[_Parcel] = []
    for (name, address, key), (channel, notices) in parcels.items():
        ids = tuple(each.id for each in notices)
        if channel.per_minute is not None:
            room.setdefault(name, channel.per_minute - _left_lately(session, name, now))
            if room[name] <= 0:
                _mark(session, ids, counts, "later", run_at=now + timedelta(seconds=15))
                continue
            room[name] -= 1
        key = key or str(uuid.uuid4())
        title, body = compose([(each.kind, each.facts) for each in notices], pick_language(notices[0].language))
        otherwise = outlets.after(name, notices[0].login)
        taken.append(_Parcel(channel, Message(key, address, title, body), ids, notices[0].attempts + 1, otherwise))
        _mark(
            session,
            ids,
            state="taken",
            channel=name,
            message_key=key,
            attempts=notices[0].attempts + 1,
            run_at=now + LEASE,
        )
    return taken


def _who_had_enough(
    session: Session, accounts: set[int | None], outlets: Outlets, now: datetime
) -> dict[str, set[int]]:
    """By channel that rings: the accounts that have had today's messages. What comes after waits for the next morning."""
    full: dict[str, set[int]] = {}
    for channel in outlets.channels:
        if channel.a_day is not None and accounts:
            rows = session.execute(
                sa.select(_Notice.account_id)
                .where(
                    _Notice.account_id.in_(accounts),
                    _Notice.channel == channel.name,
                    _Notice.sent_at >= start_of_day(local_day(now)),
                )
                .group_by(_Notice.account_id)
                .having(sa.func.count(sa.distinct(_Notice.message_key)) >= channel.a_day)
            )
            full[channel.name] = set(rows.scalars())
    return full


def _left_lately(session: Session, channel: str, now: datetime) -> int:
    """Messages that left by *channel* within a minute or are about to. One run at a time counts and takes."""
    if session.get_bind().dialect.name != "sqlite":
        session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"notice:{channel}"})
    return int(
        session.execute(
            sa.select(sa.func.count(sa.distinct(_Notice.message_key))).where(
                _Notice.channel == channel,
                sa.or_(_Notice.sent_at > now - timedelta(minutes=1), _Notice.state.in_(["taken", "sending"])),
            )
        ).scalar_one()
    )


def _send_all(
    database: Database,
    parcels: Sequence[_Parcel],
    *,
    until: datetime,
    clock: Callable[[], datetime],
    counts: Counter[str],
) -> None:
    """Send in order. The outcome of a message that must not be repeated is on record before the next one begins."""
    done: list[tuple[_Parcel, Exception | None]] = []
    for position, parcel in enumerate(parcels):
        if clock() >= until:
            with database.transaction() as session:
                _record(session, done, clock(), counts)
                for left in parcels[position:]:
                    _mark(session, left.notices, counts, "later", state="queued", run_at=clock())
            return
        if not parcel.channel.repeatable:
            with database.transaction() as session:
                _record(session, done, clock(), counts)
                mine = _begin(session, parcel, clock())
            done = []
            if not mine:
                continue
        try:
            parcel.channel.send(parcel.message)
        except (TransientFailure, PermanentFailure, UnclearOutcome) as failure:
            done.append((parcel, failure))
        else:
            done.append((parcel, None))
    with database.transaction() as session:
        _record(session, done, clock(), counts)


def _begin(session: Session, parcel: _Parcel, now: datetime) -> bool:
    """Mark the message as on its way; False when our lease ran out and it may be somebody else's by now."""
    begun = session.execute(
        sa.update(_Notice)
        .where(
            _Notice.id.in_(parcel.notices),
            _Notice.state == "taken",
            _Notice.message_key == parcel.message.key,
            _Notice.run_at > now,
        )
        .values(state="sending")
        .execution_options(synchronize_session=False)
    )
    return bool(begun.rowcount == len(parcel.notices))


def _record(
    session: Session, done: Iterable[tuple[_Parcel, Exception | None]], now: datetime, counts: Counter[str]
) -> None:
    for parcel, failure in done:
        if failure is None:
            counts["messages"] += 1
            _mark(session, parcel.notices, counts, "sent", state="sent", sent_at=now, problem="")
        elif isinstance(failure, PermanentFailure) and parcel.otherwise:
            other = {"via": parcel.otherwise, "message_key": "", "attempts": 0}
            _mark(
                session,
                parcel.notices,
                counts,
                "later",
                state="queued",
                run_at=now,
                problem=str(failure)[:200],
                **other,
            )
        elif isinstance(failure, PermanentFailure) or parcel.attempts >= MOST_ATTEMPTS:
            _mark(session, parcel.notices, counts, "failed", state="failed", problem=str(failure)[:200])
        elif isinstance(failure, UnclearOutcome) and not parcel.channel.repeatable:
            _mark(session, parcel.notices, counts, "unsure", state="unsure", problem=str(failure)[:200])
        else:
            pause = min(timedelta(minutes=2 ** (parcel.attempts - 1)), LONGEST_PAUSE)
            _mark(
                session,
                parcel.notices,
                counts,
                "later",
                state="queued",
                run_at=next_daylight(now + pause),
                problem=str(failure)[:200],
            )


def _mark(
    session: Session, ids: Sequence[int], counts: Counter[str] | None = None, counted: str = "", **values: Any
) -> None:
    if not ids:
        return
    session.execute(
        sa.update(Notice).where(_Notice.id.in_(ids)).values(**values).execution_options(synchronize_session=False)
    )
    if counts is not None:
        counts[counted] += len(ids)
