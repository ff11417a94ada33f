"""Clocks follow the moves: each move closes the wish's open clock and starts its new stage's, in the same transaction."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from wishes.campaigns.queries import rules_of
from wishes.campaigns.rules import Rules
from wishes.lifecycle import Status
from wishes.model import columns
from wishes.tracking.deadlines import due_at, step_at
from wishes.tracking.tables import Clock

_Clock = columns(Clock)


def clock_values(rules: Rules, stage: Status, start: datetime) -> tuple[datetime, datetime | None] | None:
    """``(due_at, next_at)`` of a clock for *stage* started at *start*, or None when the stage has no deadline."""
    deadline = rules.deadlines.get(stage)
    if deadline is None:
        return None
    due = due_at(start, deadline)
    return due, step_at(due, start, deadline, 0)


def restart_clock(session: Session, *, campaign_id: int, wish_id: int, stage: Status, now: datetime) -> None:
    """Close the wish's open clock and open the one of *stage*, if the campaign sets a deadline for it."""
    session.execute(
        sa.update(_Clock).where(_Clock.wish_id == wish_id, _Clock.closed_at.is_(None)).values(closed_at=now)
    )
    values = clock_values(rules_of(session, campaign_id), stage, now)
    if values is not None:
        due, next_at = values
        session.execute(
            sa.insert(_Clock).values(
                campaign_id=campaign_id,
                wish_id=wish_id,
                stage=str(stage),
                opened_at=now,
                due_at=due,
                step=0,
                next_at=next_at,
                pause_reason="",
            )
        )
