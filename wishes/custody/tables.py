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
    about: str = Field(max_length=16)  # bought, failed
    uid: str = Field(max_length=24, unique=True)
    picture_key: bytes | None = Field(default=None, sa_type=sa.LargeBinary)
    size_bytes: int
    kept_by: int | None = Field(default=None, sa_type=BIG)
    kept_at: datetime = instant()


class Shipment(SQLModel, table=True):
    """What leaves together: a carrier, a route, and boxes."""

    __table_args__ = (sa.UniqueConstraint("campaign_id", "number"),)
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    number: int
    carrier: str = Field(max_length=40)
    route: str = Field(default="", max_length=120)  # screened
    created_by: int | None = Field(default=None, sa_type=BIG)
    created_at: datetime = instant()
    left_by: int | None = Field(default=None, sa_type=BIG)
    left_at: datetime | None = instant(null=True)


class Box(SQLModel, table=True):
    """A box for one village, by its number in the campaign."""

    __table_args__ = (sa.UniqueConstraint("campaign_id", "number"),)
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    number: int
    community_id: int = refers("community.id")
    shipment_id: int | None = refers("shipment.id", null=True, index=True)
    created_by: int | None = Field(default=None, sa_type=BIG)
    created_at: datetime = instant()


class Parcel(SQLModel, table=True):
    """Where the thing of a claim is: on a shelf of the warehouse, in a box, or neither. How it came there is told by the events."""

    __table_args__ = (
        sa.UniqueConstraint("claim_id"),
        sa.CheckConstraint("(box_id IS NULL) = (packed_at IS NULL)", name="packed_when"),
        sa.CheckConstraint("(shelf = '') = (received_at IS NULL)", name="received_when"),
    )
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id", index=True)
    wish_id: int = refers("wish.id", index=True)
    claim_id: int = refers("claim.id")
    shelf: str = Field(default="", max_length=20)
    received_by: int | None = Field(default=None, sa_type=BIG)
    received_at: datetime | None = instant(null=True)
    box_id: int | None = refers("box.id", null=True, index=True)
    packed_by: int | None = Field(default=None, sa_type=BIG)
    packed_at: datetime | None = instant(null=True)


class StockCount(SQLModel, table=True):
    """One look at what really lies on a shelf (empty: in the whole warehouse), against what is believed to lie there."""

    __tablename__ = "stock_count"
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id", index=True)
    shelf: str = Field(default="", max_length=20)
    started_by: int | None = Field(default=None, sa_type=BIG)
    started_at: datetime = instant()
    closed_by: int | None = Field(default=None, sa_type=BIG)
    closed_at: datetime | None = instant(null=True)
    expected: int | None = None
    differences: list[dict[str, Any]] = document(list)  # of wish ids, as found when it was closed


class CountedThing(SQLModel, table=True):
    """A thing that was seen in a count."""

    __tablename__ = "counted_thing"
    __table_args__ = (sa.UniqueConstraint("count_id", "wish_id"),)
    id: int | None = row_id()
    count_id: int = refers("stock_count.id")
    wish_id: int = refers("wish.id")
    seen_by: int | None = Field(default=None, sa_type=BIG)
    seen_at: datetime = instant()


class Appointment(SQLModel, table=True):
    """When, where and with whom an hour of company takes place; both sides agree to it, and both say whether it did.

    One runs per claim; another time is another row, and the former one stays.
    """

    __table_args__ = (
        sa.Index(
            "uq_appointment_one_running",
            "claim_id",
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
    )
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    wish_id: int = refers("wish.id", index=True)
    claim_id: int = refers("claim.id")
    starts_at: datetime = instant()
    place: str = Field(max_length=60)  # screened
    who: str = Field(max_length=40)  # who comes: a volunteer or two, never the child; screened
    proposed_by: int | None = Field(default=None, sa_type=BIG)
    created_at: datetime = instant()
    taker_agreed_at: datetime | None = instant(null=True)
    community_agreed_at: datetime | None = instant(null=True)
    taker_attended_at: datetime | None = instant(null=True)
    community_attended_at: datetime | None = instant(null=True)
    end: str = Field(default="", max_length=12)  # replaced, attended, no_show
    absent: str = Field(default="", max_length=12)  # who did not come: taker, child, both
    ended_at: datetime | None = instant(null=True)
