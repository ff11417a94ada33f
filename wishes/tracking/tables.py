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
        sa.Index(
            "ix_clock_due",
            "next_at",
            sqlite_where=sa.text("closed_at IS NULL AND next_at IS NOT NULL"),
            postgresql_where=sa.text("closed_at IS NULL AND next_at IS NOT NULL"),
        ),
        sa.Index(
            "uq_clock_one_open",
            "wish_id",
            unique=True,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        ),
        sa.Index(
            "ix_clock_campaign_open",
            "campaign_id",
            "due_at",
            "stage",
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        ),
    )
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    wish_id: int = refers("wish.id")
    stage: str = Field(max_length=16)
    opened_at: datetime = instant()
    due_at: datetime = instant()
    step: int = 0
    next_at: datetime | None = instant(null=True)
    acknowledged_at: datetime | None = instant(null=True)
    postponed_at: datetime | None = instant(null=True)  # somebody moved due_at by hand; a new policy leaves it alone
    paused_at: datetime | None = instant(null=True)
    pause_reason: str = Field(default="", max_length=200)
    attempts: int = 0  # failed tries of the step that is due
    problem: str = Field(
        default="", max_length=60
    )  # why the last try failed; with next_at empty: given up, a person must look
    closed_at: datetime | None = instant(null=True)


class Notice(SQLModel, table=True):
    """Something one person is told, once: ``effect_key`` is unique. Texts are made from ``kind`` and ``facts`` when shown."""

    __table_args__ = (
        sa.UniqueConstraint("effect_key"),
        sa.Index("ix_notice_inbox", "account_id", "id"),
        sa.Index(
            "ix_notice_queue",
            "run_at",
            sqlite_where=sa.text("state IN ('queued', 'taken', 'sending')"),
            postgresql_where=sa.text("state IN ('queued', 'taken', 'sending')"),
        ),
        sa.Index("ix_notice_channel_sent", "channel", "sent_at"),
        sa.Index(
            "ix_notice_failed",
            "campaign_id",
            "id",
            sqlite_where=sa.text("state IN ('failed', 'unsure')"),
            postgresql_where=sa.text("state IN ('failed', 'unsure')"),
        ),
    )
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    effect_key: str = Field(max_length=120)
    account_id: int | None = refers("account.id", null=True)
    kind: str = Field(max_length=32)
    wish_id: int | None = refers("wish.id", null=True)
    event_id: int | None = Field(default=None, sa_type=BIG)
    clock_id: int | None = Field(default=None, sa_type=BIG)  # a step of this clock; without meaning once it is closed
    facts: dict[str, Any] = document()
    via: str = Field(default="", max_length=16)  # the way it should leave by; empty: the installation's own order
    channel: str = Field(default="", max_length=16)  # the way it left by; empty until one is chosen
    state: str = Field(default="queued", max_length=12)  # queued, taken, sending, sent, failed, unsure, skipped
    message_key: str = Field(default="", max_length=48)  # the message it leaves in, the same at every try
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


class PastFile(SQLModel, table=True):
    """An imported history: the file, and when it was taken. Its wishes still under way then are open, not late."""

    __tablename__ = "past_file"
    __table_args__ = (sa.UniqueConstraint("campaign_id", "digest"),)
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    digest: str = Field(max_length=64)  # SHA-256 of the events' bytes
    taken_at: datetime = instant()
    imported_at: datetime = instant()
    counts: dict[str, Any] = document()


class PastWish(SQLModel, table=True):
    """A wish of an imported history: what the measures group by, and nothing of a child."""

    __tablename__ = "past_wish"
    __table_args__ = (sa.UniqueConstraint("campaign_id", "ref"),)
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    ref: str = Field(max_length=24)
    county_code: str = Field(default="", max_length=12)
    category: str = Field(default="", max_length=24)


class PastEvent(SQLModel, table=True):
    """One event of an imported history; the same event sent twice is one row, known since it was first recorded."""

    __tablename__ = "past_event"
    __table_args__ = (
        sa.UniqueConstraint("past_wish_id", "kind", "occurred_at"),
        sa.Index("ix_past_event_campaign", "campaign_id", "id"),
    )
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    past_wish_id: int = refers("past_wish.id")
    kind: str = Field(max_length=20)
    occurred_at: datetime = instant()
    recorded_at: datetime = instant()
    actor: str = Field(default="", max_length=24)
    value: int | None = None


class SharedView(SQLModel, table=True):
    """A read-only link to the board's figures, good until ``expires_at``. Only the secret's SHA-256 is kept."""

    __tablename__ = "shared_view"
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id", index=True)
    secret_hash: bytes = Field(sa_type=sa.LargeBinary(32), unique=True)
    label: str = Field(default="", max_length=80)
    narrowed: dict[str, Any] = document()  # what of the board it shows: the filters
    created_by: int | None = refers("account.id", null=True)
    created_at: datetime = instant()
    expires_at: datetime = instant()
    revoked_at: datetime | None = instant(null=True)
