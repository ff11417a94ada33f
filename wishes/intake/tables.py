"""What is remembered of communities, children, wishes and the files they came in.

A child's and a guardian's identity lives in two sealed columns of :class:`Child` only: ``data_key`` (the child's own key,
wrapped by a master key outside the database) and ``identity`` (name, birth, guardian, phones, address, school). Deleting
the data key erases the child; in a backup it stays until the master key that wrapped it has been rotated and retired.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from wishes.db import BIG, enum_type
from wishes.lifecycle import Kind, Status
from wishes.model import Field, SQLModel, document, instant, refers, row_id


def sealed(*, null: bool = True) -> Any:
    return Field(default=None, sa_type=sa.LargeBinary, nullable=null)


class Community(SQLModel, table=True):
    """Recommends children and hosts hand-overs: a township or street office, a village, a school."""

    __table_args__ = (sa.UniqueConstraint("campaign_id", "township_code", "name"),)
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    township_code: str = Field(max_length=12)
    county_code: str = Field(max_length=12)
    name: str = Field(max_length=120)
    created_at: datetime = instant()


class Household(SQLModel, table=True):
    """Children who share a guardian; the limit per household is counted here."""

    id: int | None = row_id()
    campaign_id: int = refers("campaign.id", index=True)


class Child(SQLModel, table=True):
    """A beneficiary. Nothing here but the sealed columns tells who it is."""

    __table_args__ = (sa.Index("ix_child_name_index", "campaign_id", "name_index"),)
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    community_id: int = refers("community.id", index=True)
    household_id: int = refers("household.id", index=True)
    alias: str = Field(max_length=40)
    sex: str = Field(default="", max_length=1)
    birth_year: int | None = None
    types: list[str] = document(list)
    name_index: bytes | None = sealed()
    data_key: bytes | None = sealed()
    identity: bytes | None = sealed()
    created_at: datetime = instant()
    erased_at: datetime | None = instant(null=True)


class Consent(SQLModel, table=True):
    """A guardian's consent: who recorded it, how, and when it was withdrawn. Source: PIPL art. 29-31."""

    id: int | None = row_id()
    child_id: int = refers("child.id", index=True)
    basis: str = Field(max_length=12)  # "row", "batch"; "phone", "paper", "visit" when noted by a person
    giver: str = Field(default="", max_length=12)  # a relation to the child, never a name
    scope: str = Field(default="wish", max_length=40)  # what it covers: wish, story, photo
    evidence: str = Field(default="", max_length=200)
    given_at: datetime = instant()
    recorded_by: int | None = refers("account.id", null=True)
    withdrawn_at: datetime | None = instant(null=True)
    withdrawn_by: int | None = refers("account.id", null=True)  # None with a time: the guardian, by their own link


class Wish(SQLModel, table=True):
    """One thing, or one hour of company. ``status`` is written by :mod:`wishes.events.actions` alone.

    ``taker_*`` name whom it is proposed to (status ``proposed``) or who holds it; both are empty otherwise.
    """

    __table_args__ = (
        sa.UniqueConstraint("campaign_id", "code"),
        sa.Index("ix_wish_campaign_status", "campaign_id", "status", "id"),
        sa.Index("ix_wish_community_status", "community_id", "status"),
        sa.Index("ix_wish_taker_volunteer", "taker_volunteer_id"),
        sa.Index("ix_wish_taker_branch", "taker_branch_id"),
        sa.CheckConstraint("price_fen >= 0", name="price_not_negative"),
        sa.CheckConstraint("quantity >= 1", name="quantity"),
    )
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    community_id: int = refers("community.id")
    child_id: int = refers("child.id", index=True)
    code: str = Field(max_length=12)
    kind: Kind = Field(sa_type=enum_type(Kind))
    need: str = Field(default="none", max_length=12)  # none, vetted, psych
    category: str = Field(max_length=24)
    item: str = Field(max_length=80)
    detail: str = Field(default="", max_length=200)  # screened: safe to show to who may see the wish
    size_kind: str = Field(default="", max_length=24)
    size: str = Field(default="", max_length=40)
    quantity: int = 1
    price_low_fen: int | None = None
    price_high_fen: int | None = None
    price_fen: int = 0  # what a taker should expect to spend: the sender's upper end, else the catalogue's middle
    priority: int = 0
    county_code: str = Field(max_length=12)
    township_code: str = Field(max_length=12)
    status: Status = Field(default=Status.DRAFT, sa_type=enum_type(Status))
    taker_branch_id: int | None = refers("branch.id", null=True)
    taker_volunteer_id: int | None = refers("volunteer.id", null=True)
    created_at: datetime = instant()
    submitted_at: datetime | None = instant(null=True)
    verified_at: datetime | None = instant(null=True)
    published_at: datetime | None = instant(null=True)
    proposed_at: datetime | None = instant(null=True)
    claimed_at: datetime | None = instant(null=True)
    ready_at: datetime | None = instant(null=True)
    dispatched_at: datetime | None = instant(null=True)
    delivered_at: datetime | None = instant(null=True)
    closed_at: datetime | None = instant(null=True)
    scheduled_on: date | None = None


class ImportFile(SQLModel, table=True):
    """One workbook as it was sent, and what became of it."""

    __tablename__ = "import_file"
    __table_args__ = (
        sa.Index("ix_import_file_campaign_digest", "campaign_id", "digest"),
        sa.Index("ix_import_file_state", "state", "campaign_id"),
    )
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    name: str = Field(max_length=255)
    digest: str = Field(max_length=64)  # SHA-256 of the bytes
    state: str = Field(default="queued", max_length=12)  # queued, reading, revises, done, failed, repeated, dropped
    problem_zh: str = Field(default="", max_length=300)
    problem_en: str = Field(default="", max_length=300)
    counts: dict[str, Any] = document()
    sent_by: int | None = refers("account.id", null=True)
    community_id: int | None = refers("community.id", null=True)
    batch: str = Field(
        default="", max_length=32, sa_column_kwargs={"server_default": ""}
    )  # files that were sent together
    size_bytes: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    original_key: bytes | None = sealed()  # opens the workbook as it was sent; without it what is on disk is noise
    attempts: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    started_at: datetime | None = instant(null=True)
    created_at: datetime = instant()
    finished_at: datetime | None = instant(null=True)


class TaughtColumn(SQLModel, table=True):
    """What a coordinator said a column of one sender means, by its title. ``sender`` is no person: see ``teaching``."""

    __tablename__ = "taught_column"
    __table_args__ = (sa.UniqueConstraint("campaign_id", "sender", "title"),)
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    sender: str = Field(max_length=160)
    title: str = Field(max_length=120)
    role: str = Field(max_length=24)
    taught_by: int | None = refers("account.id", null=True)
    taught_at: datetime = instant()


class TaughtWord(SQLModel, table=True):
    """A word that was added to the campaign's own, or to one sender's: ``book`` and ``key`` as in the word files."""

    __tablename__ = "taught_word"
    __table_args__ = (sa.UniqueConstraint("campaign_id", "sender", "book", "key", "word"),)
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    sender: str = Field(default="", max_length=160, sa_column_kwargs={"server_default": ""})  # "": for all senders
    book: str = Field(max_length=12)
    key: str = Field(max_length=60)
    word: str = Field(max_length=60)
    taught_by: int | None = refers("account.id", null=True)
    taught_at: datetime = instant()


class ImportRow(SQLModel, table=True):
    """One wish entry of a file, accepted or not: where it stood and why it ended so. The reading itself is sealed."""

    __tablename__ = "import_row"
    __table_args__ = (
        sa.UniqueConstraint("file_id", "sheet", "cell", "part"),
        sa.Index("ix_import_row_file_status", "file_id", "status"),
    )
    id: int | None = row_id()
    file_id: int = refers("import_file.id")
    sheet: str = Field(max_length=80)
    cell: str = Field(max_length=12)
    part: int = 1
    status: str = Field(max_length=12)  # accepted, rejected, parked, duplicate
    reasons: list[str] = document(list)
    warnings: list[str] = document(list)
    confidence: float = 1.0
    wish_id: int | None = Field(default=None, sa_type=BIG, foreign_key="wish.id", index=True)
    duplicate_of_id: int | None = Field(default=None, sa_type=BIG, foreign_key="import_row.id")
    reading: bytes | None = sealed()
    resolved_at: datetime | None = instant(null=True)
    resolved_by: int | None = refers("account.id", null=True)
