"""Clocks follow the moves: each move closes the wish's open clock and starts its new stage's, in the same transaction."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from wishes.campaigns.queries import rules_of
from wishes.campaigns.rules import Rules
from wishes.lifecycle import Status
from wishes.model import table_of
from wishes.tracking.deadlines import due_at, step_at
from wishes.tracking.tables import Clock

_CLOCK = table_of(Clock)
_CLOSE = (
    sa.update(_CLOCK)
    .where(_CLOCK.c.wish_id == sa.bindparam("of_wish"), _CLOCK.c.closed_at.is_(None))
    .values(closed_at=sa.bindparam("now"))
)
_OPEN = sa.insert(_CLOCK)


def clock_values(
    rules: Rules, stage: Status, start: datetime, *, category: str = "", community_id: int | None = None
) -> tuple[datetime, datetime | None] | None:
    """``(due_at, next_at)`` of a clock for *stage* started at *start*, or None when the stage has no deadline.

    *category* and *community_id* are the wish's: they may have deadlines of their own.
    """
    deadline = rules.deadline_of(stage, category=category, community_id=community_id)
    if deadline is None:
        return None
    due = due_at(start, deadline, rules.calendar)
    return due, step_at(due, start, deadline, 0, rules)


def restart_clock(
    session: Session,
    *,
    campaign_id: int,
    wish_id: int,
    stage: Status,
    now: datetime,
    category: str,
    community_id: int | None,
) -> None:
    """Close the wish's open clock and open the one of *stage*, if the campaign sets a deadline for it."""
    session.execute(_CLOSE, {"of_wish": wish_id, "now": now})
    values = clock_values(rules_of(session, campaign_id), stage, now, category=category, community_id=community_id)
    if values is not None:
        row = {"campaign_id": campaign_id, "wish_id": wish_id, "stage": str(stage), "opened_at": now}
        session.execute(_OPEN, {**row, "due_at": values[0], "step": 0, "next_at": values[1], "pause_reason": ""})
