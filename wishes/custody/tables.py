"""What is remembered between the shop and the child: who looked a thing over, and the photographs taken on the way."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from wishes.db import BIG, enum_type
from wishes.model import Field, SQLModel, document, instant, refers, row_id


class Look(StrEnum):
    """Where an inspection stands."""

    FIRST = "first"  # one person has looked; a second one has to
    PASSED = "passed"
    FAILED = "failed"
    OVER = "over"  # bought anew meanwhile: what was looked at is not there any more


class Inspection(SQLModel, table=True):
    """One look-over of a bought thing by two people: in the warehouse by two accounts, or *on the spot* by the account that brings it
    and a second person it names."""

    __table_args__ = (
        sa.Index(
            "uq_inspection_one_open",
            "claim_id",
            unique=True,
            sqlite_where=sa.text("state = 'first'"),
            postgresql_where=sa.text("state = 'first'"),
        ),
        sa.Index("ix_inspection_claim", "claim_id"),
        sa.CheckConstraint("second_by IS NULL OR second_by <> first_by", name="two_people"),
    )
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    wish_id: int = refers("wish.id", index=True)
    claim_id: int = refers("claim.id")
    on_the_spot: bool = False
    state: Look = Field(sa_type=enum_type(Look))
    answers: dict[str, Any] = document()  # key of the check → whether it holds
    first_by: int = Field(sa_type=BIG)
    first_at: datetime = instant()
    second_by: int | None = Field(default=None, sa_type=BIG)
    second_name: str = Field(
        default="", max_length=40
    )  # on the spot: an adult of the branch or the community, never the family
    second_at: datetime | None = instant(null=True)
    reason: str = Field(default="", max_length=200)  # screened


class AddedCheck(SQLModel, table=True):
    """A line that a coordinator added to the checklist of a category; ``*`` is every category."""

    __tablename__ = "added_check"
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id", index=True)
    category: str = Field(max_length=24)
    zh: str = Field(max_length=60)
    en: str = Field(max_length=120)
    added_by: int | None = Field(default=None, sa_type=BIG)
    added_at: datetime = instant()
    ended_at: datetime | None = instant(null=True)


class CustodyPicture(SQLModel, table=True):
    """A photograph of a thing on its way. Its sealed file is named by ``uid``; without ``picture_key`` it is noise."""

    __tablename__ = "custody_picture"
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    wish_id: int = refers("wish.id", index=True)
    claim_id: int | None = refers("claim.id", null=True)
    about: str = Field(max_length=16)  # bought, failed, or the name of a move
    uid: str = Field(max_length=24, unique=True)
    picture_key: bytes | None = Field(default=None, sa_type=sa.LargeBinary)
    size_bytes: int
    kept_by: int | None = Field(default=None, sa_type=BIG)
    kept_at: datetime = instant()
