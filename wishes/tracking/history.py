"""Events as columns: the whole story of a campaign's wishes in a few arrays, live or imported, as known at an instant.

Everything that measures time reads this one shape, so that a figure means the same whether its events were made here or
came from an older system.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlmodel import Session

from wishes.events.tables import Event
from wishes.intake.tables import Wish
from wishes.lifecycle import Status
from wishes.model import columns
from wishes.tracking.tables import PastEvent, PastFile, PastWish

_PastFile = columns(PastFile)

KINDS: dict[str, Status] = {
    "submitted": Status.SUBMITTED,
    "verified": Status.VERIFIED,
    "published": Status.OPEN,
    "proposed": Status.PROPOSED,
    "unproposed": Status.OPEN,
    "claimed": Status.CLAIMED,
    "released": Status.OPEN,
    "scheduled": Status.SCHEDULED,
    "prepared": Status.READY,
    "inspection_failed": Status.CLAIMED,
    "inspected": Status.INSPECTED,
    "dispatched": Status.IN_TRANSIT,
    "undeliverable": Status.INSPECTED,
    "delivered": Status.DELIVERED,
    "redone": Status.CLAIMED,
    "feedback": Status.CLOSED,
    "cancelled": Status.CANCELLED,
    "withdrawn": Status.VERIFIED,
    "returned": Status.DRAFT,
    "rejected": Status.REJECTED,
    "disputed": Status.DISPUTED,
    "settled": Status.DELIVERED,
}
"""What can happen to a wish, and the stage it stands in afterwards."""

IMPORTABLE = (
    "submitted",
    "verified",
    "published",
    "claimed",
    "released",
    "prepared",
    "inspected",
    "inspection_failed",
    "dispatched",
    "delivered",
    "feedback",
    "cancelled",
)
"""The events a history file may hold."""

KIND_OF_MOVE: dict[str, str] = {
    "submit": "submitted",
    "return": "returned",
    "reject": "rejected",
    "verify": "verified",
    "publish": "published",
    "unpublish": "withdrawn",
    "propose": "proposed",
    "accept": "claimed",
    "decline": "unproposed",
    "expire": "unproposed",
    "claim": "claimed",
    "release": "released",
    "lapse": "released",
    "prepare": "prepared",
    "schedule": "scheduled",
    "inspect": "inspected",
    "fail_inspection": "inspection_failed",
    "dispatch": "dispatched",
    "undeliverable": "undeliverable",
    "deliver": "delivered",
    "deliver_directly": "delivered",
    "attend": "delivered",
    "close": "feedback",
    "dispute": "disputed",
    "settle": "settled",
    "redo": "redone",
    "cancel": "cancelled",
}
"""The same, by the name of the lifecycle's move."""

CODE = {kind: code for code, kind in enumerate(KINDS)}
_STAGES = list(Status)
STAGE_CODE = {stage: code for code, stage in enumerate(_STAGES)}
STAGE_OF_CODE = np.array([STAGE_CODE[stage] for stage in KINDS.values()], dtype=np.int8)

Ints = npt.NDArray[np.int64]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Grouping:
    """What wishes or events are grouped by: a code for each, and the codes' names."""

    codes: npt.NDArray[np.int32]
    names: tuple[str, ...]

    @classmethod
    def of(cls, values: Sequence[Any]) -> Grouping:
        """Codes in the order in which the names first appear; None is ""."""
        known: dict[Any, int] = {}
        codes = np.fromiter(
            (known.setdefault(value, len(known)) for value in values), dtype=np.int32, count=len(values)
        )
        return cls(codes, tuple("" if name is None else str(name) for name in known))

    def followed_by(self, other: Grouping) -> Grouping:
        known = {name: code for code, name in enumerate(self.names)}
        again = np.array([known.setdefault(name, len(known)) for name in other.names], dtype=np.int32)
        return Grouping(
            np.concatenate((self.codes, again[other.codes] if other.codes.size else other.codes)), tuple(known)
        )

    def picked(self, rows: npt.NDArray[Any]) -> Grouping:
        return Grouping(self.codes[rows], self.names)


@dataclass(frozen=True, slots=True)
class History:
    """Events sorted by wish, then by when they happened. Instants are microseconds since 1970 UTC.

    ``wish`` indexes what is known per wish: ``county``, ``category``, ``community``, and ``horizon`` (nobody followed the wish
    beyond it). ``branch`` is, per event, the branch that claimed.
    """

    wish: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int8]
    occurred: Ints
    recorded: Ints
    branch: Grouping
    county: Grouping
    category: Grouping
    community: Grouping
    horizon: Ints

    def known_at(self, instant: datetime) -> History:
        """What had been recorded by *instant*; the rest was not known, whenever it happened."""
        seen = self.recorded <= micros(instant)
        if seen.all():
            return self
        return replace(
            self,
            wish=self.wish[seen],
            kind=self.kind[seen],
            occurred=self.occurred[seen],
            recorded=self.recorded[seen],
            branch=self.branch.picked(seen),
        )

    def followed_by(self, other: History) -> History:
        """Both, the other's wishes after ours."""
        return History(
            np.concatenate((self.wish, other.wish + np.int32(self.horizon.size))),
            np.concatenate((self.kind, other.kind)),
            np.concatenate((self.occurred, other.occurred)),
            np.concatenate((self.recorded, other.recorded)),
            self.branch.followed_by(other.branch),
            self.county.followed_by(other.county),
            self.category.followed_by(other.category),
            self.community.followed_by(other.community),
            np.concatenate((self.horizon, other.horizon)),
        )


def micros(instant: datetime) -> int:
    difference = instant - _EPOCH
    return (difference.days * 86_400 + difference.seconds) * 1_000_000 + difference.microseconds


def load_history(session: Session, campaign_id: int) -> History:
    """The campaign's imported and live events together."""
    return _past(session, campaign_id).followed_by(_live(session, campaign_id))


def last_known(session: Session, campaign_id: int, now: datetime) -> datetime:
    """Until when the record speaks: *now*, or for a campaign that is history only, the day its file was taken."""
    lived = session.execute(
        sa.select(_E.id).where(_E.campaign_id == campaign_id, _E.wish_id.is_not(None)).limit(1)
    ).first()
    taken = _taken_at(session, campaign_id)
    return min(now, taken) if lived is None and taken is not None else now


_E, _W, _P, _PW = (table.__table__.c for table in (Event, Wish, PastEvent, PastWish))


def _past(session: Session, campaign_id: int) -> History:
    wishes = _columns(
        session,
        sa.select(_PW.id, _PW.county_code, _PW.category).where(_PW.campaign_id == campaign_id).order_by(_PW.id),
        3,
    )
    events = _columns(
        session,
        sa.select(
            _P.past_wish_id, _P.kind, _instant(session, _P.occurred_at), _instant(session, _P.recorded_at), _P.actor
        ).where(_P.campaign_id == campaign_id),
        5,
    )
    taken = _taken_at(session, campaign_id)
    return _history(
        events,
        [CODE[kind] for kind in events[1]],
        wishes[:3],
        ("",) * len(wishes[0]),
        micros(taken) if taken else NEVER,
    )


def _live(session: Session, campaign_id: int) -> History:
    wishes = _columns(
        session,
        sa.select(_W.id, _W.county_code, _W.category, _W.community_id)
        .where(_W.campaign_id == campaign_id)
        .order_by(_W.id),
        4,
    )
    branch = _E.data["branch_id"].as_integer()
    events = _columns(
        session,
        sa.select(
            _E.wish_id,
            _E.action,
            _instant(session, _E.occurred_at),
            _instant(session, _E.recorded_at),
            sa.case((_E.action.in_(["claim", "accept"]), branch)),
        ).where(_E.campaign_id == campaign_id, _E.wish_id.is_not(None), _E.action.in_(list(KIND_OF_MOVE))),
        5,
    )
    return _history(events, [CODE[KIND_OF_MOVE[action]] for action in events[1]], wishes[:3], wishes[3], NEVER)


def _history(events: _Columns, codes: list[int], wishes: _Columns, communities: Sequence[Any], horizon: int) -> History:
    ids, counties, categories = wishes
    wish = np.searchsorted(np.array(ids, dtype=np.int64), np.array(events[0], dtype=np.int64)).astype(np.int32)
    kind = np.array(codes, dtype=np.int8)
    at, heard = _micros_of(events[2]), _micros_of(events[3])
    # two events of one minute stand in the order of their stages
    order = np.lexsort((STAGE_OF_CODE[kind], at, wish))
    return History(
        wish[order],
        kind[order],
        at[order],
        heard[order],
        Grouping.of(events[4]).picked(order),
        Grouping.of(counties),
        Grouping.of(categories),
        Grouping.of(communities),
        np.full(len(ids), horizon, dtype=np.int64),
    )


def _taken_at(session: Session, campaign_id: int) -> datetime | None:
    return session.execute(
        sa.select(sa.func.max(_PastFile.taken_at)).where(_PastFile.campaign_id == campaign_id)
    ).scalar()


_Columns = list[tuple[Any, ...]]


def _columns(session: Session, query: Any, width: int) -> _Columns:
    """The rows turned into columns; by the driver's cursor, for they are many."""
    return list(zip(*session.connection().execute(query).cursor.fetchall(), strict=True)) or [()] * width


def _instant(session: Session, column: Any) -> Any:
    """The column as the driver has it on SQLite (text), as microseconds on PostgreSQL: converting row by row is what costs."""
    if session.get_bind().dialect.name == "sqlite":
        return sa.type_coerce(column, sa.String)
    return sa.cast(sa.func.extract("epoch", column) * 1_000_000, sa.BigInteger)


def _micros_of(values: tuple[Any, ...]) -> Ints:
    if values and isinstance(values[0], str):
        return np.array(values, dtype="datetime64[us]").astype(np.int64)
    return np.array(values, dtype=np.int64)
