"""What is remembered of who looked, who was allowed to, what was erased, and of the chain that keeps all of it honest."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from wishes.db import BIG
from wishes.model import Field, SQLModel, document, instant, refers, row_id


class AuditEntry(SQLModel, table=True):
    """Somebody looked at an identity, or changed what protects one: roles, accounts, settings, keys. Append-only, as :class:`wishes.events.tables.Event`.

    ``actor_id`` None is the system, the command line or, with ``reason`` saying so, a guardian. No name stands here.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        sa.Index("ix_audit_entry_campaign", "campaign_id", "id"),
        sa.Index("ix_audit_entry_child", "child_id", "id"),
    )
    id: int | None = row_id()
    kind: str = Field(max_length=24)  # look, ask_access, grant_role, password, erase, anonymise, rotate_keys …
    campaign_id: int | None = refers("campaign.id", null=True)
    actor_id: int | None = Field(default=None, sa_type=BIG)
    account_id: int | None = Field(default=None, sa_type=BIG)  # whose role, password, second step … was changed
    child_id: int | None = Field(default=None, sa_type=BIG)
    wish_id: int | None = Field(default=None, sa_type=BIG)
    file_id: int | None = Field(default=None, sa_type=BIG)
    access_id: int | None = Field(default=None, sa_type=BIG)  # the approval it was done under
    fields: list[str] = document(list)
    reason: str = Field(default="", max_length=200)
    request_id: str = Field(default="", max_length=32)
    data: dict[str, Any] = document()
    recorded_at: datetime = instant()


class AuditLink(SQLModel, table=True):
    """The place of one row in the chain; see :mod:`wishes.protection.chain`. ``source`` is event or entry."""

    __tablename__ = "audit_link"
    __table_args__ = (sa.UniqueConstraint("source", "row_id"),)
    seq: int = Field(primary_key=True, sa_type=BIG, sa_column_kwargs={"autoincrement": False})
    source: str = Field(max_length=8)
    row_id: int = Field(sa_type=BIG)
    digest: bytes = Field(sa_type=sa.LargeBinary(33))
    mac: bytes = Field(sa_type=sa.LargeBinary(33))


class AuditAnchor(SQLModel, table=True):
    """Where the chain ended on a day. The same line stands in a file outside the database."""

    __tablename__ = "audit_anchor"
    made_on: date = Field(primary_key=True)
    seq: int = Field(sa_type=BIG)
    mac: bytes = Field(sa_type=sa.LargeBinary(33))
    made_at: datetime = instant()


class AuditSeal(SQLModel, table=True):
    """How far each source may be sealed: rows up to ``candidate_id`` were there at ``candidate_at``, by the database's clock."""

    __tablename__ = "audit_seal"
    source: str = Field(primary_key=True, max_length=8)
    candidate_id: int = Field(default=0, sa_type=BIG)
    candidate_at: datetime = instant()


class IdentityAccess(SQLModel, table=True):
    """A request to see identities for a purpose and a time, and what a manager decided.

    Source: Regulations on the Protection of Minors in Cyberspace art. 36. ``child_id`` None: any child of the community;
    ``community_id`` None, too: any child of the campaign.
    """

    __tablename__ = "identity_access"
    __table_args__ = (sa.Index("ix_identity_access_account", "account_id", "campaign_id"),)
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id", index=True)
    account_id: int = refers("account.id")
    community_id: int | None = refers("community.id", null=True)
    child_id: int | None = refers("child.id", null=True)
    purpose: str = Field(max_length=200)
    hours: int
    asked_at: datetime = instant()
    decided_by: int | None = refers("account.id", null=True)
    decided_at: datetime | None = instant(null=True)
    approved: bool = False
    answer: str = Field(default="", max_length=200)
    expires_at: datetime | None = instant(null=True)
    ended_at: datetime | None = instant(null=True)


class GuardianLink(SQLModel, table=True):
    """A link by which a guardian sees, corrects and erases. Only the secret's SHA-256 is kept; nothing in it tells who."""

    __tablename__ = "guardian_link"
    id: int | None = row_id()
    child_id: int = refers("child.id", index=True)
    secret_hash: bytes = Field(sa_type=sa.LargeBinary(32), unique=True)
    wrong_tries: int = 0
    created_by: int | None = refers("account.id", null=True)
    created_at: datetime = instant()
    expires_at: datetime = instant()
    revoked_at: datetime | None = instant(null=True)


class ConsentScan(SQLModel, table=True):
    """A photograph of the paper behind a consent. Its sealed file is named by ``uid``; without ``scan_key`` it is noise."""

    __tablename__ = "consent_scan"
    id: int | None = row_id()
    consent_id: int = refers("consent.id", index=True)
    child_id: int = refers("child.id", index=True)
    uid: str = Field(max_length=24, unique=True)
    scan_key: bytes | None = Field(default=None, sa_type=sa.LargeBinary)
    size_bytes: int
    kept_by: int | None = Field(default=None, sa_type=BIG)
    kept_at: datetime = instant()


class Concern(SQLModel, table=True):
    """Somebody is worried about a child. What they wrote is sealed with a key of its own, wrapped in front of it."""

    __table_args__ = (
        sa.Index("ix_concern_campaign", "campaign_id", "id"),
        sa.Index("ix_concern_sender", "sender", "reported_at"),
    )
    id: int | None = row_id()
    campaign_id: int | None = refers("campaign.id", null=True)
    uid: str = Field(max_length=20, unique=True)
    sender: str = Field(default="", max_length=64)  # digest of the address it came from, for the throttle
    account_id: int | None = refers("account.id", null=True)
    words: bytes | None = Field(default=None, sa_type=sa.LargeBinary)
    reported_at: datetime = instant()
    handled_by: int | None = refers("account.id", null=True)
    handled_at: datetime | None = instant(null=True)
    answer: str = Field(default="", max_length=200)


class LegalHold(SQLModel, table=True):
    """Nothing of the child, or of the whole campaign (``child_id`` None), is erased until the hold is lifted."""

    __tablename__ = "legal_hold"
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id", index=True)
    child_id: int | None = refers("child.id", null=True)
    reason: str = Field(max_length=200)
    placed_by: int | None = refers("account.id", null=True)
    placed_at: datetime = instant()
    lifted_by: int | None = refers("account.id", null=True)
    lifted_at: datetime | None = instant(null=True)


class Erasure(SQLModel, table=True):
    """A child (or with ``child_id`` None all children of a campaign) was erased. Copied into a register outside the
    database, so that a restored backup is erased again."""

    id: int | None = row_id()
    uid: str = Field(max_length=32, unique=True)
    campaign_id: int = refers("campaign.id", index=True)
    child_id: int | None = refers("child.id", null=True)
    cause: str = Field(max_length=16)  # guardian, consent, retention, restored
    counts: dict[str, Any] = document()
    erased_by: int | None = Field(default=None, sa_type=BIG)
    erased_at: datetime = instant()
