"""What is remembered of labels and hand-overs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from wishes.model import Field, SQLModel, document, instant, refers, row_id


class Label(SQLModel, table=True):
    """The codes issued for one claim. Both tokens are signed anew from ``tag``, ``epoch`` and ``expires_on`` when they are
    printed or checked (see :mod:`wishes.handover.tokens`): nothing that proves a hand-over is stored."""

    __table_args__ = (sa.UniqueConstraint("tag"), sa.UniqueConstraint("claim_id", "epoch"))
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    wish_id: int = refers("wish.id", index=True)
    claim_id: int = refers("claim.id")
    epoch: int = 1
    tag: bytes = Field(sa_type=sa.LargeBinary(8))
    expires_on: date
    wrong_codes: int = 0  # receipt codes tried in vain
    created_at: datetime = instant()
    voided_at: datetime | None = instant(null=True)


class HandOver(SQLModel, table=True):
    """One report that the child's side has it. ``uid`` makes a repeated report the same report."""

    __tablename__ = "hand_over"
    __table_args__ = (
        sa.UniqueConstraint("uid"),
        sa.Index("ix_hand_over_wish", "wish_id"),
        sa.Index(
            "uq_hand_over_one_confirmed",
            "claim_id",
            unique=True,
            sqlite_where=sa.text("state = 'confirmed'"),
            postgresql_where=sa.text("state = 'confirmed'"),
        ),
    )
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    wish_id: int = refers("wish.id")
    claim_id: int = refers("claim.id")
    uid: str = Field(max_length=40)
    state: str = Field(max_length=12)  # confirmed, duplicate, conflict
    evidence: str = Field(max_length=16)  # both_codes, spoken_code, community, paper
    account_id: int | None = refers("account.id", null=True)
    details: dict[str, Any] = document()
    scanned_at: datetime = instant()
    received_at: datetime = instant()
