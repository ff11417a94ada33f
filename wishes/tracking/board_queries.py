"""What the board asks the database: who is late, who has stood where for how long, which reserves are left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.claims.tables import Branch
from wishes.events.tables import Event
from wishes.intake.tables import Wish
from wishes.lifecycle import Status
from wishes.model import columns
from wishes.tracking.history import NOBODY
from wishes.tracking.ledger import AGE_CLASSES, Narrow
from wishes.tracking.queries import OpenClock
from wishes.tracking.tables import Clock

_Branch, _Clock, _Event, _Wish = columns(Branch), columns(Clock), columns(Event), columns(Wish)

MOST_IDS = 5000


def narrowed_to(narrow: Narrow) -> list[Any]:
    """Conditions on Wish."""
    found: list[Any] = []
    for name, value in narrow.items():
        if name == "branch":
            found.append(_Wish.taker_branch_id.is_(None) if value == NOBODY else _Wish.taker_branch_id == int(value))
        elif name == "community":
            found.append(_Wish.community_id == int(value))
        else:
            found.append((_Wish.county_code if name == "county" else _Wish.category) == value)
    return found


def _late(campaign_id: int, narrow: Narrow, now: datetime) -> list[Any]:
    return [
        _Clock.campaign_id == campaign_id,
        _Clock.closed_at.is_(None),
        _Clock.paused_at.is_(None),
        _Clock.due_at < now,
        _Clock.stage != str(Status.DELIVERED),  # the child has it; what is late then is only the feedback
        *narrowed_to(narrow),
    ]


@dataclass(frozen=True, slots=True)
class Late:
    """How many are past their deadline: in all, by county, by stage, by branch id (None: nobody's)."""

    total: int
    by_county: dict[str, int]
    by_stage: dict[str, int]
    by_branch: dict[int | None, int]


def late_counts(session: Session, campaign_id: int, narrow: Narrow, *, now: datetime) -> Late:
    rows = session.execute(
        sa.select(_Wish.county_code, _Clock.stage, _Wish.taker_branch_id, sa.func.count())
        .join(Wish, _Wish.id == _Clock.wish_id)
        .where(*_late(campaign_id, narrow, now))
        .group_by(_Wish.county_code, _Clock.stage, _Wish.taker_branch_id)
    ).all()
    tallies: tuple[dict[Any, int], ...] = ({}, {}, {})
    for *keys, count in rows:
        for tally, key in zip(tallies, keys, strict=True):
            tally[key] = tally.get(key, 0) + int(count)
    return Late(sum(int(row[3]) for row in rows), *tallies)


def most_late(session: Session, campaign_id: int, narrow: Narrow, *, now: datetime, limit: int) -> list[OpenClock]:
    """The running clocks that were due longest ago."""
    query = sa.select(*[getattr(_Clock, name) for name in OpenClock.__dataclass_fields__])
    if any(narrow.items()):
        query = query.join(Wish, _Wish.id == _Clock.wish_id)
    return [
        OpenClock(*row)
        for row in session.execute(query.where(*_late(campaign_id, narrow, now)).order_by(_Clock.due_at).limit(limit))
    ]


def late_wishes(session: Session, campaign_id: int, *, now: datetime) -> tuple[int, ...]:
    """Ids of the wishes past their deadline, the latest first; at most :data:`MOST_IDS`."""
    rows = session.execute(
        sa.select(_Clock.wish_id).where(*_late(campaign_id, Narrow(), now)).order_by(_Clock.due_at).limit(MOST_IDS)
    )
    return tuple(rows.scalars())


def aged_wishes(
    session: Session, campaign_id: int, stage: Status, *, least_days: float, most_days: float | None, now: datetime
) -> tuple[int, ...]:
    """Ids of the live wishes that have stood in *stage* between so many days, the oldest first; at most :data:`MOST_IDS`."""
    since = (
        sa.select(sa.func.max(_Event.occurred_at))
        .where(_Event.wish_id == _Wish.id, _Event.new_status == _Wish.status, _Event.old_status != _Event.new_status)
        .scalar_subquery()
    )
    rows = session.execute(
        sa.select(_Wish.id, since).where(_Wish.campaign_id == campaign_id, _Wish.status == stage)
    ).all()
    aged = sorted((at, wish_id) for wish_id, at in rows if at is not None)
    return tuple(
        wish_id
        for at, wish_id in aged
        if least_days <= (now - at).total_seconds() / 86_400 < (most_days or float("inf"))
    )[:MOST_IDS]


def age_bounds(number: int) -> tuple[float, float | None]:
    """Days from and up to, of one class of :data:`~wishes.tracking.board.AGE_CLASSES`."""
    low = 0.0 if number == 0 else float(AGE_CLASSES[number - 1])
    return low, float(AGE_CLASSES[number]) if number < len(AGE_CLASSES) else None


@dataclass(frozen=True, slots=True)
class Reserve:
    """A reserve or branch that can still take wishes. ``left`` None: no limit."""

    id: int
    name: str
    left: int | None


def branches_with_room(session: Session, campaign_id: int, *, most: int = 30) -> list[Reserve]:
    """The branches that pledged more than they carry, those with the most room first; who sets no limit comes last."""
    left = _Branch.pledge_count - _Branch.used_count
    rows = session.execute(
        sa.select(_Branch.id, _Branch.name, left)
        .where(_Branch.campaign_id == campaign_id, _Branch.kind != "reserve", sa.or_(left.is_(None), left > 0))
        .order_by(left.is_(None), left.desc(), _Branch.name)
        .limit(most)
    )
    return [Reserve(*row) for row in rows]


def reserves(session: Session, campaign_id: int) -> list[Reserve]:
    rows = session.execute(
        sa.select(_Branch.id, _Branch.name, _Branch.pledge_count, _Branch.used_count)
        .where(_Branch.campaign_id == campaign_id, _Branch.kind == "reserve")
        .order_by(_Branch.name)
    )
    found = [Reserve(i, name, None if pledge is None else pledge - used) for i, name, pledge, used in rows]
    return [reserve for reserve in found if reserve.left is None or reserve.left > 0]
