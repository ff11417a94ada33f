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
