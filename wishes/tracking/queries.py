"""Questions about deadlines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from wishes.tracking.tables import Clock


@dataclass(frozen=True, slots=True)
class OpenClock:
    """The running deadline of one wish."""

    id: int
    wish_id: int
    stage: str
    opened_at: datetime
    due_at: datetime
    paused_at: datetime | None
    acknowledged_at: datetime | None


_COLUMNS = [getattr(Clock, name) for name in OpenClock.__dataclass_fields__]


def open_clocks(session: Session, wish_ids: Sequence[int]) -> dict[int, OpenClock]:
    """The running deadlines of these wishes, by wish; wishes without one are left out."""
    rows = session.execute(sa.select(*_COLUMNS).where(Clock.wish_id.in_(wish_ids), Clock.closed_at.is_(None)))  # type: ignore[attr-defined,union-attr]
    return {row.wish_id: OpenClock(*row) for row in rows}


def open_clock(session: Session, wish_id: int) -> OpenClock | None:
    return open_clocks(session, [wish_id]).get(wish_id)


def late_by_stage(session: Session, campaign_id: int, *, now: datetime) -> dict[str, int]:
    """How many wishes are past their deadline, by stage."""
    rows = session.execute(sa.select(Clock.stage, sa.func.count()).where(  # type: ignore[call-overload]
        Clock.campaign_id == campaign_id, Clock.closed_at.is_(None), Clock.due_at < now).group_by(Clock.stage))  # type: ignore[union-attr]
    return {str(stage): int(n) for stage, n in rows}


def oldest_late(session: Session, campaign_id: int, *, now: datetime, limit: int) -> list[OpenClock]:
    """The deadlines passed longest ago, of wishes that somebody could bring nearer to the child."""
    rows = session.execute(sa.select(*_COLUMNS).where(Clock.campaign_id == campaign_id, Clock.closed_at.is_(None), Clock.due_at < now)  # type: ignore[union-attr]
                           .order_by(Clock.due_at).limit(limit))
    return [OpenClock(*row) for row in rows]
