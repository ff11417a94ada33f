"""Questions about deadlines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from wishes.model import columns
from wishes.tracking.tables import Clock

_Clock = columns(Clock)


@dataclass(frozen=True, slots=True)
class OpenClock:
    """The running deadline of one wish."""

    id: int
    wish_id: int
    stage: str
    opened_at: datetime
    due_at: datetime
    paused_at: datetime | None
    pause_reason: str
    acknowledged_at: datetime | None


_COLUMNS = [getattr(_Clock, name) for name in OpenClock.__dataclass_fields__]


def open_clocks(session: Session, wish_ids: Sequence[int]) -> dict[int, OpenClock]:
    """The running deadlines of these wishes, by wish; wishes without one are left out."""
    rows = session.execute(sa.select(*_COLUMNS).where(_Clock.wish_id.in_(wish_ids), _Clock.closed_at.is_(None)))
    return {row.wish_id: OpenClock(*row) for row in rows}


def open_clock(session: Session, wish_id: int) -> OpenClock | None:
    return open_clocks(session, [wish_id]).get(wish_id)


def late_by_stage(session: Session, campaign_id: int, *, now: datetime) -> dict[str, int]:
    """How many wishes are past their deadline, by stage."""
    rows = session.execute(
        sa.select(_Clock.stage, sa.func.count())
        .where(_Clock.campaign_id == campaign_id, _Clock.closed_at.is_(None), _Clock.due_at < now)
        .group_by(_Clock.stage)
    )
    return {str(stage): int(n) for stage, n in rows}


def oldest_late(session: Session, campaign_id: int, *, now: datetime, limit: int) -> list[OpenClock]:
    """The deadlines passed longest ago, of wishes that somebody could bring nearer to the child."""
    rows = session.execute(
        sa.select(*_COLUMNS)
        .where(_Clock.campaign_id == campaign_id, _Clock.closed_at.is_(None), _Clock.due_at < now)
        .order_by(_Clock.due_at)
        .limit(limit)
    )
    return [OpenClock(*row) for row in rows]
