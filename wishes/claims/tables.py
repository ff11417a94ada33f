"""What is remembered of those who take wishes up, and of what they took."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from wishes.db import BIG, enum_type
from wishes.model import Field, SQLModel, document, instant, refers, row_id


class ClaimState(StrEnum):
    LIVE = "live"
    DELIVERED = "delivered"
    ENDED = "ended"


class ProposalState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Branch(SQLModel, table=True):
    """A party branch or caring organisation that pledged: at most ``pledge_count`` wishes for at most ``pledge_fen``.

    None is no limit. ``used_*`` count live and delivered claims; the database refuses to pass the pledge.
    """

    __table_args__ = (
        sa.UniqueConstraint("campaign_id", "name"),
        sa.CheckConstraint("pledge_count IS NULL OR used_count <= pledge_count", name="pledge_count"),
        sa.CheckConstraint("pledge_fen IS NULL OR used_fen <= pledge_fen", name="pledge_fen"),
        sa.CheckConstraint("used_count >= 0 AND used_fen >= 0", name="used_not_negative"),
    )
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    name: str = Field(max_length=120)
    kind: str = Field(default="party", max_length=16)  # party, organisation, reserve
    county_code: str = Field(default="", max_length=12)
    areas: list[str] = document(list)  # county codes it will go to; empty: anywhere in the campaign
    liked: list[str] = document(list)  # categories it prefers
    refused: list[str] = document(list)  # categories it does not take
    pledge_count: int | None = None
    pledge_fen: int | None = None
    used_count: int = 0
    used_fen: int = 0
    lapses: int = 0  # of claims without a volunteer's name
    contact: str = Field(default="", max_length=60)
    phone: str = Field(default="", max_length=20)
    address: str = Field(default="", max_length=120)
    note: str = Field(default="", max_length=200)
    created_at: datetime = instant()


class Volunteer(SQLModel, table=True):
    """A party member, caring person or volunteer; on their own or under a branch."""

    __table_args__ = (
        sa.UniqueConstraint("campaign_id", "code"),
        sa.Index("ix_volunteer_branch", "branch_id"),
        sa.CheckConstraint("live_claims >= 0 AND live_claims <= claim_limit", name="claim_limit"),
    )
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    branch_id: int | None = refers("branch.id", null=True)
    code: str = Field(max_length=24)
    name: str = Field(max_length=60)
    phone: str = Field(default="", max_length=20)
    county_code: str = Field(default="", max_length=12)
    duties: list[str] = document(list)  # collector, packer, courier, inspector, counsellor
    skills: str = Field(default="", max_length=200)
    qualification: str = Field(default="", max_length=80)  # of a counsellor, as on the certificate
    vetted_on: date | None = None
    trained_on: date | None = None
    claim_limit: int = 5
    live_claims: int = 0
    lapses: int = 0
    active: bool = True
    created_at: datetime = instant()


class MatchRun(SQLModel, table=True):
    """One run of the engine: what went in, what came out. Equal ``inputs`` and weights give an equal ``plan``, to the byte."""

    __tablename__ = "match_run"
    __table_args__ = (sa.Index("ix_match_run_campaign", "campaign_id", "id"),)
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    policy: str = Field(default="batch", max_length=16)
    state: str = Field(default="proposed", max_length=16)  # running, proposed, undone, failed
    inputs_hash: str = Field(default="", max_length=64)
    weights: dict[str, Any] = document()
    figures: dict[str, Any] = document()
    unmatched: list[dict[str, Any]] = document(list)  # reasons, counted; see wishes.claims.match_reasons
    advice: list[dict[str, Any]] = document(list)
    inputs: bytes | None = Field(default=None, sa_type=sa.LargeBinary)  # see wishes.claims.match_archive
    plan: bytes | None = Field(default=None, sa_type=sa.LargeBinary)
    started_by: int | None = refers("account.id", null=True)
    started_at: datetime = instant()
    finished_at: datetime | None = instant(null=True)


class Proposal(SQLModel, table=True):
    """The engine proposes, a person decides; exclusive until ``expires_at``."""

    __table_args__ = (
        sa.Index(
            "uq_proposal_one_open",
            "wish_id",
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        ),
        sa.Index("ix_proposal_branch_state", "branch_id", "state"),
        sa.Index("ix_proposal_volunteer_state", "volunteer_id", "state"),
    )
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    run_id: int | None = refers("match_run.id", null=True, index=True)
    wish_id: int = refers("wish.id", index=True)
    branch_id: int | None = refers("branch.id", null=True)
    volunteer_id: int | None = refers("volunteer.id", null=True)
    state: ProposalState = Field(default=ProposalState.OPEN, sa_type=enum_type(ProposalState))
    cost: int = 0
    criteria: dict[str, Any] = document()
    proposed_at: datetime = instant()
    expires_at: datetime = instant()
    ended_at: datetime | None = instant(null=True)
    end_reason: str = Field(default="", max_length=200)


class Claim(SQLModel, table=True):
    """Someone holds a wish. At most one live claim per wish: ``uq_claim_one_live`` makes the database say so."""

    __table_args__ = (
        sa.Index(
            "uq_claim_one_live",
            "wish_id",
            unique=True,
            sqlite_where=sa.text("state IN ('live', 'delivered')"),
            postgresql_where=sa.text("state IN ('live', 'delivered')"),
        ),
        sa.Index("ix_claim_wish", "wish_id"),
        sa.Index("ix_claim_volunteer_state", "volunteer_id", "state"),
        sa.Index("ix_claim_branch_state", "branch_id", "state"),
        sa.CheckConstraint("spend_fen >= 0", name="spend_not_negative"),
    )
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    wish_id: int = refers("wish.id")
    branch_id: int | None = refers("branch.id", null=True)
    volunteer_id: int | None = refers("volunteer.id", null=True)
    proposal_id: int | None = Field(default=None, sa_type=BIG, foreign_key="proposal.id")
    via: str = Field(default="browse", max_length=12)  # browse, proposal, assigned
    state: ClaimState = Field(default=ClaimState.LIVE, sa_type=enum_type(ClaimState))
    spend_fen: int = 0
    claimed_at: datetime = instant()
    ended_at: datetime | None = instant(null=True)
    lapsed: bool = False  # it ran out; counted against who held it unless excused
    excused_at: datetime | None = instant(null=True)
    end_reason: str = Field(default="", max_length=200)
