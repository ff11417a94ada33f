"""What is remembered of deadlines, notices and the sweeps themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from wishes.db import BIG
from wishes.model import Field, SQLModel, document, instant, refers, row_id


class Clock(SQLModel, table=True):
    """A deadline of one stage of one wish. Opened and closed by the moves themselves, in their transaction.

    ``next_at`` is when the next step of the ladder is due; the sweep reads nothing but the open rows it has passed.
    """

    __table_args__ = (
        sa.Index("ix_clock_due", "next_at", sqlite_where=sa.text("closed_at IS NULL AND next_at IS NOT NULL"),
                 postgresql_where=sa.text("closed_at IS NULL AND next_at IS NOT NULL")),
        sa.Index("uq_clock_one_open", "wish_id", unique=True, sqlite_where=sa.text("closed_at IS NULL"),
                 postgresql_where=sa.text("closed_at IS NULL")),
        sa.Index("ix_clock_campaign_open", "campaign_id", "stage", sqlite_where=sa.text("closed_at IS NULL"),
                 postgresql_where=sa.text("closed_at IS NULL")))
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    wish_id: int = refers("wish.id")
    stage: str = Field(max_length=16)
    opened_at: datetime = instant()
    due_at: datetime = instant()
    step: int = 0
    next_at: datetime | None = instant(null=True)
    acknowledged_at: datetime | None = instant(null=True)
    paused_at: datetime | None = instant(null=True)
    pause_reason: str = Field(default="", max_length=200)
    closed_at: datetime | None = instant(null=True)


class Notice(SQLModel, table=True):
    """Something one person is told, once: ``effect_key`` is unique. Texts are made from ``kind`` and ``facts`` when shown."""

    __table_args__ = (
        sa.UniqueConstraint("effect_key"), sa.Index("ix_notice_inbox", "account_id", "id"),
        sa.Index("ix_notice_queue", "run_at", sqlite_where=sa.text("state IN ('queued', 'taken')"),
                 postgresql_where=sa.text("state IN ('queued', 'taken')")))
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    effect_key: str = Field(max_length=120)
    account_id: int | None = refers("account.id", null=True)
    kind: str = Field(max_length=32)
    wish_id: int | None = refers("wish.id", null=True)
    event_id: int | None = Field(default=None, sa_type=BIG)
    facts: dict[str, Any] = document()
    channel: str = Field(default="inbox", max_length=16)
    state: str = Field(default="queued", max_length=12)  # queued, taken, sent, failed, skipped
    attempts: int = 0
    problem: str = Field(default="", max_length=200)
    run_at: datetime = instant()
    created_at: datetime = instant()
    sent_at: datetime | None = instant(null=True)
    read_at: datetime | None = instant(null=True)


class Heartbeat(SQLModel, table=True):
    """When each sweep last ran to its end; liveness is read from here, not from the broker."""

    name: str = Field(primary_key=True, max_length=40)
    beaten_at: datetime = instant()
    detail: dict[str, Any] = document()
