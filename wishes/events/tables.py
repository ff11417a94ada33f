"""The event: one row per change. Audit trail, queue for notices, and source of every statistic."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from wishes.db import BIG
from wishes.model import Field, SQLModel, document, instant, refers, row_id


class Event(SQLModel, table=True):
    """Append-only (a trigger refuses changes but of ``announced_at``). Facts in ``data`` are ids and codes, no names.

    ``occurred_at`` is when it happened, possibly offline; ``recorded_at`` is when we heard. ``announced_at`` is empty until
    the relay has turned the event into notices: the rows where it is empty are the queue.
    """

    __table_args__ = (
        sa.Index("ix_event_wish", "wish_id", "id"),
        sa.Index("ix_event_campaign", "campaign_id", "id"),
        sa.Index(
            "ix_event_unannounced",
            "id",
            sqlite_where=sa.text("announced_at IS NULL"),
            postgresql_where=sa.text("announced_at IS NULL"),
        ),
    )
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    wish_id: int | None = refers("wish.id", null=True)
    claim_id: int | None = Field(default=None, sa_type=BIG)
    action: str = Field(max_length=32)
    old_status: str | None = Field(default=None, max_length=16)
    new_status: str | None = Field(default=None, max_length=16)
    actor_id: int | None = Field(default=None, sa_type=BIG)  # None: the system
    reason: str = Field(default="", max_length=200)
    request_id: str = Field(default="", max_length=32)  # of the request that did it; empty: a command or a sweep
    data: dict[str, Any] = document()
    occurred_at: datetime = instant()
    recorded_at: datetime = instant()
    announced_at: datetime | None = instant(null=True)
