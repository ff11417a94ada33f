"""What is recorded of a campaign, read from the database as columns: its events, imported or made here, and their wishes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlmodel import Session

from wishes.events.tables import Event
from wishes.intake.tables import Wish
from wishes.model import columns
from wishes.tracking.history import CODE, KIND_OF_MOVE, NEVER, STAGE_OF_CODE, Grouping, History, Ints, micros
from wishes.tracking.tables import PastEvent, PastFile, PastWish

_Event, _Wish = columns(Event), columns(Wish)
_PastFile, _PastEvent, _PastWish = columns(PastFile), columns(PastEvent), columns(PastWish)

_CHUNK = 20_000
_AT_ONCE = 1000

WishGroups = tuple[str, str, str]
"""County, category and community of a wish."""


@dataclass
class Told:
    """Events as read: one row each, in the order of their ids. Instants are microseconds since 1970 UTC.

    ``kind`` is a :data:`~wishes.tracking.history.CODE`, -1 for what moves no wish. ``actor`` is the branch that claimed (its id), the
    courier who took it along or delivered it (less the account's id), or 0.
    """

    id: Ints
    wish_id: Ints
    kind: npt.NDArray[np.int8]
    occurred: Ints
    recorded: Ints
    actor: Ints

    @classmethod
    def nothing(cls) -> Told:
        none = np.empty(0, dtype=np.int64)
        return cls(none, none, np.empty(0, dtype=np.int8), none, none, none)

    def with_more(self, other: Told) -> Told:
        return Told(
            *(np.concatenate((getattr(self, name), getattr(other, name))) for name in Told.__dataclass_fields__)
        )

    def picked(self, rows: npt.NDArray[np.bool_]) -> Told:
        return Told(*(getattr(self, name)[rows] for name in Told.__dataclass_fields__))

    def actors(self) -> list[str]:
        return [actor_name(code) for code in self.actor.tolist()]


def actor_name(code: int) -> str:
    """What the figures call an actor: a branch by its id, a courier by ``a`` and the id of the account, nobody by nothing."""
    return str(code) if code > 0 else f"a{-code}" if code else ""


def newest_file(session: Session, campaign_id: int) -> int:
    """The id of the history file imported last; 0: none."""
    return int(
        session.execute(sa.select(sa.func.max(_PastFile.id)).where(_PastFile.campaign_id == campaign_id)).scalar() or 0
    )


def taken_at(session: Session, campaign_id: int) -> datetime | None:
    """Until when the imported history speaks."""
    found: datetime | None = session.execute(
        sa.select(sa.func.max(_PastFile.taken_at)).where(_PastFile.campaign_id == campaign_id)
    ).scalar()
    return found


def past_history(session: Session, campaign_id: int) -> History:
    taken = taken_at(session, campaign_id)
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
        return _sorted(np.empty(0, dtype=np.int64), Told.nothing(), None, Grouping.of(()), [Grouping.of(())] * 3, NEVER)
    kind = np.concatenate(kinds)
    none = np.zeros(kind.size, dtype=np.int64)
    told = Told(none, np.concatenate(wish_ids), kind, np.concatenate(occurred), np.concatenate(recorded), none)
    # a history file tells the minute: two events of one minute stand in the order of their stages
    return _sorted(
        np.array(ids, dtype=np.int64),
        told,
        STAGE_OF_CODE[kind],
        actors.grouping(),
        [Grouping.of(counties), Grouping.of(categories), Grouping.of(("",) * len(ids))],
        micros(taken) if taken else NEVER,
    )


def live_history(session: Session, campaign_id: int, told: Told) -> History:
    """The live events *told*, with what is known of their wishes, numbered by their ids."""
    ids = np.unique(told.wish_id)
    wish_ids, *groups = _whole_columns(
        session,
        sa.select(_Wish.id, _Wish.county_code, _Wish.category, _Wish.community_id)
        .where(_Wish.campaign_id == campaign_id)
        .order_by(_Wish.id),
        4,
    )
    rows = np.searchsorted(np.array(wish_ids, dtype=np.int64), ids)
    codes, place = np.unique(told.actor, return_inverse=True)
    actor = Grouping(place.astype(np.int32), tuple(actor_name(code) for code in codes.tolist()))
    return _sorted(ids, told, None, actor, [Grouping.of(values).picked(rows) for values in groups], NEVER)


def read_groups(session: Session, wish_ids: Sequence[int]) -> dict[int, WishGroups]:
    """County, category and community of these wishes, by id."""
    found: dict[int, WishGroups] = {}
    for n in range(0, len(wish_ids), _AT_ONCE):
        rows = session.execute(
            sa.select(_Wish.id, _Wish.county_code, _Wish.category, _Wish.community_id).where(
                _Wish.id.in_(wish_ids[n : n + _AT_ONCE])
            )
        )
        found.update({row[0]: (row[1], row[2], str(row[3])) for row in rows})
    return found


def _sorted(
    ids: Ints,
    told: Told,
    tie: Any,
    actor: Grouping,
    groups: Sequence[Grouping],
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
        actor.picked(order),
        *groups,
        np.full(ids.size, horizon, dtype=np.int64),
    )


def read_events(session: Session, campaign_id: int, *, after: int, moves_only: bool) -> Told:
    """The campaign's events of wishes with an id above *after*."""
    actor = sa.case(
        (_Event.action.in_(["claim", "accept"]), _Event.data["branch_id"].as_integer()),
        (_Event.action.in_(["dispatch", "deliver", "deliver_directly", "attend"]), -_Event.actor_id),
    )
    query = sa.select(
        _Event.id,
        _Event.wish_id,
        _Event.action,
        _instant(session, _Event.occurred_at),
        _instant(session, _Event.recorded_at),
        actor,
    ).where(_Event.campaign_id == campaign_id, _Event.id > after, _Event.wish_id.is_not(None))
    if moves_only:
        query = query.where(_Event.action.in_(list(KIND_OF_MOVE)))
    parts = [
        Told(
            np.array(part[0], dtype=np.int64),
            np.array(part[1], dtype=np.int64),
            np.array([_CODE_OF_ACTION.get(action, -1) for action in part[2]], dtype=np.int8),
            _micros_of(part[3]),
            _micros_of(part[4]),
            np.array([actor or 0 for actor in part[5]], dtype=np.int64),
        )
        for part in _chunks(session, query.order_by(_Event.id))
    ]
    if not parts:
        return Told.nothing()
    return Told(*(np.concatenate([getattr(part, name) for part in parts]) for name in Told.__dataclass_fields__))


_CODE_OF_ACTION = {action: CODE[kind] for action, kind in KIND_OF_MOVE.items()}


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
