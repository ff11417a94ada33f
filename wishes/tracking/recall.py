"""A campaign's history and ledger from the database, remembered in the process and kept up with the news.

Events are append-only and an imported history stays as it is, so a process reads them once and then only what is new. News
costs the wishes it is about: their stories are told anew, the ledger's columns patched, and the long history, which only
questions about the past need, is mended when such a question comes. What is remembered belongs to an engine and goes with it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session

from wishes.events.tables import Event
from wishes.model import columns
from wishes.tracking.history import NEVER, Grouping, History, Ints, splice
from wishes.tracking.ledger import Ledger, ledger_of
from wishes.tracking.recorded import (
    Told,
    WishGroups,
    live_history,
    newest_file,
    past_history,
    read_events,
    read_groups,
    taken_at,
)

_Event = columns(Event)

MOST_STALE = 20_000
"""So many wishes may have news that the long history does not hold yet."""
_OLDEST_TRANSACTION = sa.text(
    "SELECT clock_timestamp(), (SELECT min(xact_start) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid())"
)


def history_of(session: Session, campaign_id: int) -> History:
    """The campaign's imported and live events together. For questions: inside a writing transaction nothing is remembered."""
    memory = _memory_of(session, campaign_id)
    with memory.lock:
        memory.recall(session, campaign_id)
        return memory.history()


def ledger_now(session: Session, campaign_id: int) -> Ledger:
    """The campaign's wishes as they stand with everything that is recorded."""
    memory = _memory_of(session, campaign_id)
    with memory.lock:
        memory.recall(session, campaign_id)
        return memory.ledger


def last_known(session: Session, campaign_id: int, now: datetime) -> datetime:
    """Until when the record speaks: *now*, or for a campaign that is history only, the day its file was taken."""
    lived = session.execute(
        sa.select(_Event.id).where(_Event.campaign_id == campaign_id, _Event.wish_id.is_not(None)).limit(1)
    ).first()
    taken = taken_at(session, campaign_id)
    return min(now, taken) if lived is None and taken is not None else now


def _memory_of(session: Session, campaign_id: int) -> _Memory:
    connection = session.connection()
    if _has_written(session):
        return _Memory()
    with _LOCK:
        return _MEMORIES.setdefault(connection.engine, {}).setdefault(campaign_id, _Memory())


def _has_written(session: Session) -> bool:
    """Whether this transaction may see what nobody else ever will."""
    if session.get_bind().dialect.name == "sqlite":
        return bool(session.connection().get_execution_options().get("microwish_write", False))
    return session.execute(sa.text("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")).scalar_one() is True


@dataclass
class _Names:
    """The names behind the codes of one grouping: only ever more of them, so that a code means the same for ever."""

    codes: dict[str, int]

    @classmethod
    def of(cls, names: Sequence[str]) -> _Names:
        return cls({name: code for code, name in enumerate(names)})

    def code(self, name: str) -> int:
        return self.codes.setdefault(name, len(self.codes))

    def grouping(self, codes: Sequence[npt.NDArray[np.int32]]) -> Grouping:
        return Grouping(np.concatenate(codes), tuple(self.codes))


@dataclass
class _Memory:
    """What this process remembers of one campaign. Wishes are numbered: imported ones, live ones by id, then as they are heard of."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    file: int = -1
    whole: History | None = None
    ledger: Ledger = field(init=False)
    settled: int = 0  # no event with a lower id can appear any more
    ahead: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))  # ids above it that are in here already
    seen: tuple[datetime, int] | None = None
    # what makes a wish's number out of its id, and what is behind the codes
    first_live: int = 0
    live_ids: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    newcomers: dict[int, int] = field(default_factory=dict)
    names: dict[str, _Names] = field(default_factory=dict)
    # the news that the whole does not hold yet
    first_row: Ints = field(init=False)
    stale: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    late: Told = field(default_factory=Told.nothing)
    late_wish: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    late_actor: list[str] = field(default_factory=list)
    regrouped: dict[int, WishGroups] = field(default_factory=dict)

    def recall(self, session: Session, campaign_id: int) -> None:
        newest = newest_file(session, campaign_id)
        if self.whole is None or newest != self.file:
            self._begin(session, campaign_id, newest)
            return
        told = read_events(session, campaign_id, after=self.settled, moves_only=False)
        fresh = told.picked(~np.isin(told.id, self.ahead)) if self.ahead.size else told
        if fresh.id.size:
            self._hear(session, fresh)
        self._settle(session, told)

    def history(self) -> History:
        """All of it, the news included."""
        assert self.whole is not None
        if self.stale.size:
            self._take_in(splice(self.whole, self.stale, self._stories(self.stale)))
        return self.whole

    def _begin(self, session: Session, campaign_id: int, newest: int) -> None:
        self.seen = None
        if (
            session.get_bind().dialect.name != "sqlite"
        ):  # reading may take long: whoever writes now will be done by its end
            now, _ = session.execute(_OLDEST_TRANSACTION).one()
            self.seen = (now, session.execute(sa.select(sa.func.max(_Event.id))).scalar() or 0)
        told = read_events(session, campaign_id, after=0, moves_only=True)
        past, live = past_history(session, campaign_id), live_history(session, campaign_id, told)
        whole = past.followed_by(live)
        # nobody is the first of all actors, so that whoever is heard of later cannot take that place
        actor = Grouping(np.empty(0, dtype=np.int32), ("",)).followed_by(whole.actor)
        self.file, self.settled, self.ahead = newest, 0, np.empty(0, dtype=np.int64)
        self.first_live, self.live_ids, self.newcomers = past.horizon.size, np.unique(told.wish_id), {}
        self._take_in(whole.with_actor(actor))
        self.names = {
            name: _Names.of(getattr(self.whole, name).names) for name in ("county", "category", "community", "actor")
        }
        assert self.whole is not None
        self.ledger = ledger_of(self.whole)
        self._settle(session, told)

    def _take_in(self, whole: History) -> None:
        self.whole = whole
        self.first_row = np.concatenate(([0], np.cumsum(np.bincount(whole.wish, minlength=whole.horizon.size))))
        self.stale, self.late = np.empty(0, dtype=np.int64), Told.nothing()
        self.late_wish, self.late_actor, self.regrouped = np.empty(0, dtype=np.int64), [], {}

    def _hear(self, session: Session, fresh: Told) -> None:
        moves = fresh.picked(fresh.kind >= 0)
        known = self._numbers(np.unique(moves.wish_id), create=True)
        told_of = self._numbers(np.unique(fresh.wish_id), create=False)
        touched = np.unique(np.concatenate((known, told_of[told_of >= 0])))
        if not touched.size:
            return
        before = self._stories(touched)
        for wish_id, groups in read_groups(session, np.unique(fresh.wish_id).tolist()).items():
            number = int(self._numbers(np.array([wish_id]), create=False)[0])
            if number >= 0:
                self.regrouped[number] = groups
        self.late = self.late.with_more(moves)
        self.late_wish = np.concatenate((self.late_wish, self._numbers(moves.wish_id, create=False)))
        self.late_actor += moves.actors()
        self.ledger = self.ledger.with_news(before, self._stories(touched), touched)
        self.stale = np.union1d(self.stale, touched)
        if self.stale.size > MOST_STALE:
            self.history()

    def _numbers(self, wish_ids: Ints, *, create: bool) -> Ints:
        """The numbers of these wishes; of one never heard of, the next free number or -1."""
        place = np.searchsorted(self.live_ids, wish_ids)
        there = place < self.live_ids.size
        there[there] = self.live_ids[place[there]] == wish_ids[there]
        found = np.where(there, place + self.first_live, -1)
        for at in np.flatnonzero(~there):
            wish_id = int(wish_ids[at])
            if create and wish_id not in self.newcomers:
                self.newcomers[wish_id] = self.first_live + self.live_ids.size + len(self.newcomers)
            found[at] = self.newcomers.get(wish_id, -1)
        return found

    def _stories(self, numbers: Ints) -> History:
        """All that is known of these wishes (ascending), the news included."""
        whole = self.whole
        assert whole is not None
        old = numbers[numbers < whole.horizon.size]
        first, count = self.first_row[old], self.first_row[old + 1] - self.first_row[old]
        rows = np.repeat(first - np.concatenate(([0], np.cumsum(count)[:-1])), count) + np.arange(int(count.sum()))
        news = np.flatnonzero(np.isin(self.late_wish, numbers))
        actors = self.names["actor"]
        late = np.array([actors.code(self.late_actor[at]) for at in news.tolist()], dtype=np.int32)
        wish = np.concatenate((np.repeat(np.arange(old.size), count), np.searchsorted(numbers, self.late_wish[news])))
        occurred = np.concatenate((whole.occurred[rows], self.late.occurred[news]))
        order = np.lexsort((np.arange(wish.size), occurred, wish))
        groups = [self._groups_of(name, numbers, at) for at, name in enumerate(("county", "category", "community"))]
        return History(
            wish[order].astype(np.int32),
            np.concatenate((whole.kind[rows], self.late.kind[news]))[order],
            occurred[order],
            np.concatenate((whole.recorded[rows], self.late.recorded[news]))[order],
            actors.grouping((whole.actor.codes[rows], late)).picked(order),
            *groups,
            np.concatenate((whole.horizon[old], np.full(numbers.size - old.size, NEVER, dtype=np.int64))),
        )

    def _groups_of(self, name: str, numbers: Ints, at: int) -> Grouping:
        assert self.whole is not None
        known: Grouping = getattr(self.whole, name)
        codes = np.zeros(numbers.size, dtype=np.int32)
        old = numbers < known.codes.size
        codes[old] = known.codes[numbers[old]]
        for place, number in enumerate(numbers.tolist()):
            if number in self.regrouped:
                codes[place] = self.names[name].code(self.regrouped[number][at])
        return self.names[name].grouping([codes])

    def _settle(self, session: Session, told: Told) -> None:
        """Note the events before which none can appear any more.

        SQLite has one writer: ids become visible in their order. PostgreSQL hands ids out before it commits: what was seen is
        settled once every transaction that ran at that moment has ended.
        """
        if not told.id.size:
            return
        last = int(told.id[-1])
        if session.get_bind().dialect.name == "sqlite":
            self.settled = last
            return
        now, oldest = session.execute(_OLDEST_TRANSACTION).one()
        if self.seen is not None and (oldest is None or oldest > self.seen[0]):
            self.settled, self.seen = self.seen[1], None
        if self.seen is None:
            self.seen = (now, last)
        self.ahead = told.id[told.id > self.settled]


_LOCK = threading.Lock()
_MEMORIES: WeakKeyDictionary[Engine, dict[int, _Memory]] = WeakKeyDictionary()
