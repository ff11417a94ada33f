"""What is remembered after the hand-over: the links by which people answer, and what they said.

Words are screened before they are stored: what tells who the child is never gets here.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from wishes.model import Field, SQLModel, instant, refers, row_id


class FeedbackLink(SQLModel, table=True):
    """A code, typed or in an address, by which one side says how it went. Only its HMAC is kept."""

    __tablename__ = "feedback_link"
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    wish_id: int = refers("wish.id", index=True)
    side: str = Field(max_length=12)  # guardian, community, taker
    code_hash: bytes = Field(sa_type=sa.LargeBinary(32), unique=True)
    created_by: int | None = refers("account.id", null=True)
    created_at: datetime = instant()
    expires_at: datetime = instant()
    revoked_at: datetime | None = instant(null=True)


class Feedback(SQLModel, table=True):
    """One answer. ``thanks`` are words for the giver, who sees them once ``thanks_state`` is ``approved``, and ``words`` never.

    ``thanks_state``: none, waiting, approved, withheld. ``masked`` counts what the screen took out of both texts.
    """

    __table_args__ = (
        sa.Index("ix_feedback_wish", "wish_id", "id"),
        sa.Index("ix_feedback_thanks", "campaign_id", "thanks_state", "id"),
        sa.CheckConstraint("stars IS NULL OR stars BETWEEN 1 AND 5", name="stars"),
    )
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    wish_id: int = refers("wish.id")
    claim_id: int | None = refers("claim.id", null=True)
    side: str = Field(max_length=12)
    arrived: bool = True  # False: "it never came"
    stars: int | None = None
    words: str = Field(default="", max_length=600)
    thanks: str = Field(default="", max_length=300)
    thanks_state: str = Field(default="none", max_length=12)
    masked: int = 0
    link_id: int | None = refers("feedback_link.id", null=True)
    account_id: int | None = refers("account.id", null=True)
    given_at: datetime = instant()
    decided_by: int | None = refers("account.id", null=True)
    decided_at: datetime | None = instant(null=True)
