"""What became of the notices of a campaign: whom each was for, which way it went, and what a coordinator does about those that failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, require
from wishes.events.actions import record
from wishes.intake.tables import Wish
from wishes.model import columns
from wishes.people.tables import Account
from wishes.tracking.deadlines import next_daylight
from wishes.tracking.tables import Notice

_Account, _Notice, _Wish = columns(Account), columns(Notice), columns(Wish)

FAILED = ("failed", "unsure")
"""States in which nobody but a person does anything more."""
LATELY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Sent:
    """One notice as the coordinator's list shows it. ``name`` None: the campaign's group."""

    id: int
    state: str
    kind: str
    name: str | None
    wish_code: str | None
    via: str
    channel: str
    attempts: int
    problem: str
    run_at: datetime
    created_at: datetime
    sent_at: datetime | None
    read_at: datetime | None


_COLUMNS: list[Any] = [
    _Notice.id,
    _Notice.state,
    _Notice.kind,
    _Account.name,
    _Wish.code,
    _Notice.via,
    _Notice.channel,
    _Notice.attempts,
    _Notice.problem,
    _Notice.run_at,
    _Notice.created_at,
    _Notice.sent_at,
    _Notice.read_at,
]


def state_counts(session: Session, campaign_id: int, *, now: datetime) -> dict[tuple[str, str], int]:
    """Notices of the last 30 days by state and channel (empty: none was chosen yet)."""
    rows = session.execute(
        sa.select(_Notice.state, _Notice.channel, sa.func.count())
        .where(_Notice.campaign_id == campaign_id, _Notice.created_at > now - LATELY)
        .group_by(_Notice.state, _Notice.channel)
    )
    return {(str(state), str(channel)): int(n) for state, channel, n in rows}


def outbox(
    session: Session, campaign_id: int, *, states: Sequence[str], before_id: int | None = None, limit: int = 50
) -> list[Sent]:
    """The newest notices in these states first, *limit* of them before *before_id*."""
    rows = session.execute(
        sa.select(*_COLUMNS)
        .outerjoin(_Account, _Account.id == _Notice.account_id)
        .outerjoin(_Wish, _Wish.id == _Notice.wish_id)
        .where(
            _Notice.campaign_id == campaign_id,
            _Notice.state.in_(states),
            *([_Notice.id < before_id] if before_id else []),
        )
        .order_by(_Notice.id.desc())
        .limit(limit)
    )
    return [Sent(*row) for row in rows]


def retry_notices(session: Session, *, campaign_id: int, notice_ids: Sequence[int], actor: Actor, now: datetime) -> int:
    """Queue failed notices again, each as a message of its own; answers how many were. Those that are not failed stay as they are.

    One whose outcome was never known may reach its person twice by this. Raises Forbidden. Effects: the notices, an event.
    """
    require(actor, "campaign.coordinate", campaign_id)
    done: Any = session.execute(
        sa.update(_Notice)
        .where(_Notice.campaign_id == campaign_id, _Notice.id.in_(notice_ids), _Notice.state.in_(FAILED))
        .values(state="queued", run_at=next_daylight(now), attempts=0, message_key="", channel="", problem="")
        .execution_options(synchronize_session=False)
    )
    again = int(done.rowcount)
    if again:
        record(session, action="retry_notices", campaign_id=campaign_id, now=now, actor=actor, data={"notices": again})
    return again
