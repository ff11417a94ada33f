"""Reading a campaign's history from the database, and remembering what cannot change.

Events are append-only and an imported history stays as it is, so a process reads them once and then only what is new: the answer to
"how long do they wait" costs the arithmetic, not the reading. What is remembered belongs to an engine and goes with it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session

from wishes.events.tables import Event
from wishes.intake.tables import Wish
from wishes.model import columns
from wishes.tracking.history import CODE, KIND_OF_MOVE, NEVER, STAGE_OF_CODE, Grouping, History, Ints, micros
from wishes.tracking.tables import PastEvent, PastFile, PastWish

_Event, _Wish = columns(Event), columns(Wish)
_PastFile, _PastEvent, _PastWish = columns(PastFile), columns(PastEvent), columns(PastWish)

_CHUNK = 20_000
_OLDEST_TRANSACTION = sa.text(
    "SELECT clock_timestamp(), (SELECT min(xact_start) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid())"
)


def history_of(session: Session, campaign_id: int) -> History:
    """The campaign's imported and live events together. For questions: inside a writing transaction nothing is remembered."""
    connection = session.connection()
    if connection.get_execution_options().get("microwish_write", False):
        return _Memory().recall(session, campaign_id)
    with _LOCK:
        memory = _MEMORIES.setdefault(connection.engine, {}).setdefault(campaign_id, _Memory())
    with memory.lock:
        return memory.recall(session, campaign_id)


def last_known(session: Session, campaign_id: int, now: datetime) -> datetime:
    """Until when the record speaks: *now*, or for a campaign that is history only, the day its file was taken."""
    lived = session.execute(
        sa.select(_Event.id).where(_Event.campaign_id == campaign_id, _Event.wish_id.is_not(None)).limit(1)
    ).first()
    taken = _taken_at(session, campaign_id)
    return min(now, taken) if lived is None and taken is not None else now


@dataclass
class _Told:
    """Events as read: one row each, in the order of their ids."""

    id: Ints
    wish_id: Ints
    kind: npt.NDArray[np.int8]
    occurred: Ints
    recorded: Ints
    branch: Ints

    def with_more(self, other: _Told) -> _Told:
        return _Told(
            *(np.concatenate((getattr(self, name), getattr(other, name))) for name in _Told.__dataclass_fields__)
        )

    def upto(self, last_id: int) -> _Told:
        cut = int(np.searchsorted(self.id, last_id, side="right"))
        return _Told(*(getattr(self, name)[:cut] for name in _Told.__dataclass_fields__))


def _nothing() -> _Told:
    none = np.empty(0, dtype=np.int64)
    return _Told(none, none, np.empty(0, dtype=np.int8), none, none, none)


@dataclass
class _Memory:
    """What this process remembers of one campaign."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    past_file: int = -1
    past: History | None = None
    settled: _Told = field(default_factory=_nothing)
    groups: dict[int, tuple[str, str, int]] = field(default_factory=dict)
    seen: tuple[datetime, int] | None = None
    state: tuple[int, int, int] | None = None
    whole: History | None = None

    def recall(self, session: Session, campaign_id: int) -> History:
        newest = (
            session.execute(sa.select(sa.func.max(_PastFile.id)).where(_PastFile.campaign_id == campaign_id)).scalar()
            or 0
        )
        if self.past is None or newest != self.past_file:
            self.past, self.past_file, self.whole = _past(session, campaign_id), newest, None
        known_to = int(self.settled.id[-1]) if self.settled.id.size else 0
        fresh = _events(session, campaign_id, known_to)
        state = (newest, self.settled.id.size + fresh.id.size, int(fresh.id[-1]) if fresh.id.size else known_to)
        if self.whole is None or state != self.state:
            self._learn_groups(session, campaign_id, known_to)
            self.whole = self.past.followed_by(_live(self.settled.with_more(fresh), self.groups))
            self.state = state
        if fresh.id.size:
            self._settle(session, fresh)
        return self.whole

    def _learn_groups(self, session: Session, campaign_id: int, known_to: int) -> None:
        """Of every wish something new was told of, a correction of its category included."""
        query = sa.select(_Wish.id, _Wish.county_code, _Wish.category, _Wish.community_id)
        if not self.groups:
            chunks: Iterator[Sequence[Any]] = iter(
                [session.execute(query.where(_Wish.campaign_id == campaign_id)).all()]
            )
        else:
            named = session.execute(
                sa.select(_Event.wish_id).where(_Event.campaign_id == campaign_id, _Event.id > known_to).distinct()
            ).scalars()
            ids = [wish_id for wish_id in named if wish_id is not None]
            chunks = (
                session.execute(query.where(_Wish.id.in_(ids[n : n + 1000]))).all() for n in range(0, len(ids), 1000)
            )
        for rows in chunks:
            self.groups.update({row[0]: (row[1], row[2], row[3]) for row in rows})

    def _settle(self, session: Session, fresh: _Told) -> None:
        """Remember the fresh events before which none can appear any more.

        SQLite has one writer: ids become visible in their order. PostgreSQL hands ids out before it commits: what was seen is
        settled once every transaction that ran at that moment has ended.
        """
        if session.get_bind().dialect.name == "sqlite":
            self.settled = self.settled.with_more(fresh)
            return
        now, oldest = session.execute(_OLDEST_TRANSACTION).one()
        if self.seen is not None and (oldest is None or oldest > self.seen[0]):
            self.settled = self.settled.with_more(fresh.upto(self.seen[1]))
            self.seen = None
        if self.seen is None:
            self.seen = (now, int(fresh.id[-1]))


_LOCK = threading.Lock()
_MEMORIES: WeakKeyDictionary[Engine, dict[int, _Memory]] = WeakKeyDictionary()


def _past(session: Session, campaign_id: int) -> History:
    taken = _taken_at(session, campaign_id)
    ids, counties, categories = _whole_columns(
        session,
        sa.select(_PastWish.id, _PastWish.county_code, _PastWish.category)
        .where(_PastWish.campaign_id == campaign_id)
        .order_by(_PastWish.id),
        3,
    )
    wish_ids, kinds, occurred, recorded, actors = [], [], [], [], _Coder()
    for part in _chunks(
        session,
        sa.select(
            _PastEvent.past_wish_id,
            _PastEvent.kind,
            _instant(session, _PastEvent.occurred_at),
            _instant(session, _PastEvent.recorded_at),
            _PastEvent.actor,
        ).where(_PastEvent.campaign_id == campaign_id),
    ):
        wish_ids.append(np.array(part[0], dtype=np.int64))
        kinds.append(np.array([CODE[kind] for kind in part[1]], dtype=np.int8))
        occurred.append(_micros_of(part[2]))
        recorded.append(_micros_of(part[3]))
        actors.add(part[4])
    if not wish_ids:
        return _sorted(np.empty(0, dtype=np.int64), _nothing(), None, Grouping.of(()), ((), (), ()), NEVER)
    kind = np.concatenate(kinds)
    none = np.zeros(kind.size, dtype=np.int64)
    told = _Told(none, np.concatenate(wish_ids), kind, np.concatenate(occurred), np.concatenate(recorded), none)
    # a history file tells the minute: two events of one minute stand in the order of their stages
    return _sorted(
        np.array(ids, dtype=np.int64),
        told,
        STAGE_OF_CODE[kind],
        actors.grouping(),
        (counties, categories, ("",) * len(ids)),
        micros(taken) if taken else NEVER,
    )


def _live(told: _Told, groups: dict[int, tuple[str, str, int]]) -> History:
    ids = np.unique(told.wish_id)
    known = [groups[wish_id] for wish_id in ids.tolist()]
    counties, categories, communities = zip(*known, strict=True) if known else ((), (), ())
    codes, place = np.unique(told.branch, return_inverse=True)
    branch = Grouping(place.astype(np.int32), tuple("" if code == 0 else str(code) for code in codes.tolist()))
    return _sorted(ids, told, None, branch, (counties, categories, communities), NEVER)


def _sorted(
    ids: Ints,
    told: _Told,
    tie: Any,
    branch: Grouping,
    groups: tuple[Sequence[Any], Sequence[Any], Sequence[Any]],
    horizon: int,
) -> History:
    """By wish, then by when it happened; events of one instant by *tie*, else in the order in which they were recorded."""
    wish = np.searchsorted(ids, told.wish_id).astype(np.int32)
    order = np.lexsort((told.id if tie is None else tie, told.occurred, wish))
    return History(
        wish[order],
        told.kind[order],
        told.occurred[order],
        told.recorded[order],
        branch.picked(order),
        *(Grouping.of(values) for values in groups),
        np.full(ids.size, horizon, dtype=np.int64),
    )


def _events(session: Session, campaign_id: int, after: int) -> _Told:
    """The campaign's moves with an id above *after*."""
    parts = []
    for part in _chunks(
        session,
        sa.select(
            _Event.id,
            _Event.wish_id,
            _Event.action,
            _instant(session, _Event.occurred_at),
            _instant(session, _Event.recorded_at),
            sa.case((_Event.action.in_(["claim", "accept"]), _Event.data["branch_id"].as_integer())),
        )
        .where(
            _Event.campaign_id == campaign_id,
            _Event.id > after,
            _Event.wish_id.is_not(None),
            _Event.action.in_(list(KIND_OF_MOVE)),
        )
        .order_by(_Event.id),
    ):
        parts.append(
            _Told(
                np.array(part[0], dtype=np.int64),
                np.array(part[1], dtype=np.int64),
                np.array([CODE[KIND_OF_MOVE[action]] for action in part[2]], dtype=np.int8),
                _micros_of(part[3]),
                _micros_of(part[4]),
                np.array([branch or 0 for branch in part[5]], dtype=np.int64),
            )
        )
    if not parts:
        return _nothing()
    return _Told(*(np.concatenate([getattr(part, name) for part in parts]) for name in _Told.__dataclass_fields__))


def _taken_at(session: Session, campaign_id: int) -> datetime | None:
    found: datetime | None = session.execute(
        sa.select(sa.func.max(_PastFile.taken_at)).where(_PastFile.campaign_id == campaign_id)
    ).scalar()
    return found


class _Coder:
    """Turns names into codes, chunk by chunk."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._codes: list[npt.NDArray[np.int32]] = []

    def add(self, values: Sequence[str]) -> None:
        known = self._known
        self._codes.append(np.array([known.setdefault(value, len(known)) for value in values], dtype=np.int32))

    def grouping(self) -> Grouping:
        return Grouping(np.concatenate(self._codes), tuple(self._known))


def _chunks(session: Session, query: Any) -> Iterator[list[tuple[Any, ...]]]:
    """The rows as columns, a chunk at a time and straight from the driver: they are many."""
    cursor = session.connection().execute(query).cursor
    while rows := cursor.fetchmany(_CHUNK):
        yield list(zip(*rows, strict=True))


def _whole_columns(session: Session, query: Any, width: int) -> list[tuple[Any, ...]]:
    parts = list(_chunks(session, query))
    return [tuple(value for part in parts for value in part[n]) for n in range(width)]


def _instant(session: Session, column: Any) -> Any:
    """The column as the driver has it on SQLite (text), as microseconds on PostgreSQL: converting row by row is what costs."""
    if session.get_bind().dialect.name == "sqlite":
        return sa.type_coerce(column, sa.String)
    return sa.cast(sa.func.extract("epoch", column) * 1_000_000, sa.BigInteger)


def _micros_of(values: Sequence[Any]) -> Ints:
    if values and isinstance(values[0], str):
        return np.array(values, dtype="datetime64[us]").astype(np.int64)
    return np.array(values, dtype=np.int64)
