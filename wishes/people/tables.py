"""What is remembered of the people who sign in: accounts, roles, sessions, tokens."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from wishes.access import Role
from wishes.db import BIG, enum_type
from wishes.model import Field, SQLModel, instant, refers, row_id


class Account(SQLModel, table=True):
    """Someone who can sign in, by phone number, e-mail address or a name given by the administrator."""

    id: int | None = row_id()
    organisation_id: int | None = refers("organisation.id", null=True)
    login: str = Field(max_length=120, unique=True)
    name: str = Field(max_length=120)
    password_hash: str = Field(default="", max_length=200)
    language: str = Field(default="zh", max_length=2)
    active: bool = True
    second_step: bytes | None = Field(default=None, sa_type=sa.LargeBinary, nullable=True)  # sealed; see second_step.py
    second_step_used: int = Field(
        default=0, sa_type=BIG, sa_column_kwargs={"server_default": "0"}
    )  # the last counter taken
    created_at: datetime = instant()


class RoleGrant(SQLModel, table=True):
    """One role of one account; see :class:`wishes.access.Grant`."""

    __table_args__ = (
        sa.UniqueConstraint("account_id", "role", "campaign_id", "community_id", "branch_id", "volunteer_id"),
        sa.Index("ix_role_grant_branch", "branch_id"),
        sa.Index("ix_role_grant_volunteer", "volunteer_id"),
        sa.Index("ix_role_grant_campaign_role", "campaign_id", "role"),
    )
    __tablename__ = "role_grant"
    id: int | None = row_id()
    account_id: int = refers("account.id", index=True)
    role: Role = Field(sa_type=enum_type(Role))
    campaign_id: int | None = refers("campaign.id", null=True)
    community_id: int | None = refers("community.id", null=True)
    branch_id: int | None = refers("branch.id", null=True)
    volunteer_id: int | None = refers("volunteer.id", null=True)
    granted_at: datetime = instant()


class WebSession(SQLModel, table=True):
    """A signed-in browser. Kept on the server so that it can be listed and revoked; the cookie holds only a secret."""

    __tablename__ = "web_session"
    id: int | None = row_id()
    secret_hash: bytes = Field(sa_type=sa.LargeBinary(32), unique=True)
    account_id: int = refers("account.id", index=True)
    created_at: datetime = instant()
    expires_at: datetime = instant()
    revoked_at: datetime | None = instant(null=True)
    user_agent: str = Field(default="", max_length=200)
    awaits: str = Field(
        default="", max_length=8, sa_column_kwargs={"server_default": ""}
    )  # "code", "setup": not signed in yet


class ApiToken(SQLModel, table=True):
    """A bearer token of an account, stored as its SHA-256."""

    __tablename__ = "api_token"
    id: int | None = row_id()
    account_id: int = refers("account.id", index=True)
    name: str = Field(max_length=80)
    secret_hash: bytes = Field(sa_type=sa.LargeBinary(32), unique=True)
    created_at: datetime = instant()
    expires_at: datetime | None = instant(null=True)
    revoked_at: datetime | None = instant(null=True)


class SignInAttempt(SQLModel, table=True):
    """Failures per account and per address, so that guessing is slowed whichever process is asked."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (sa.Index("ix_sign_in_attempt_key_at", "key", "at"),)
    id: int | None = row_id()
    key: str = Field(max_length=80)  # "login:…" or "address:…", hashed
    at: datetime = instant()


class OneTimeCode(SQLModel, table=True):
    """A code that was sent to the registered phone or address, as its HMAC. ``purpose`` is sign-in or recovery."""

    __tablename__ = "one_time_code"
    __table_args__ = (sa.Index("ix_one_time_code_account", "account_id", "purpose", "id"),)
    id: int | None = row_id()
    account_id: int = refers("account.id")
    purpose: str = Field(max_length=12)
    digest: bytes = Field(sa_type=sa.LargeBinary(32))
    created_at: datetime = instant()
    expires_at: datetime = instant()
    tries: int = 0
    used_at: datetime | None = instant(null=True)


class SpareCode(SQLModel, table=True):
    """One of the codes kept on paper for a lost second step, as its SHA-256; good once."""

    __tablename__ = "spare_code"
    id: int | None = row_id()
    account_id: int = refers("account.id", index=True)
    digest: bytes = Field(sa_type=sa.LargeBinary(32))
    used_at: datetime | None = instant(null=True)


class Passkey(SQLModel, table=True):
    """A key in a phone, a computer or a token (WebAuthn): its public half. See :mod:`wishes.people.passkeys`."""

    id: int | None = row_id()
    account_id: int = refers("account.id", index=True)
    name: str = Field(max_length=40)
    credential_id: bytes = Field(sa_type=sa.LargeBinary, unique=True)
    public_key: bytes = Field(sa_type=sa.LargeBinary)
    sign_count: int = Field(default=0, sa_type=BIG)
    transports: str = Field(default="", max_length=80)  # how it is reached, for the browser: "internal,hybrid"
    created_at: datetime = instant()
    used_at: datetime | None = instant(null=True)


class OutsideIdentity(SQLModel, table=True):
    """Somebody's WeChat or WeCom, connected to their account. Only an HMAC of what it is called there is kept."""

    __tablename__ = "outside_identity"
    id: int | None = row_id()
    account_id: int = refers("account.id", index=True)
    provider: str = Field(max_length=12)
    digest: bytes = Field(sa_type=sa.LargeBinary(32), unique=True)
    connected_at: datetime = instant()
    used_at: datetime | None = instant(null=True)


class Recovery(SQLModel, table=True):
    """A privileged account that proved its registered address and waits for a second administrator's word."""

    id: int | None = row_id()
    account_id: int = refers("account.id", index=True)
    asked_at: datetime = instant()
    expires_at: datetime = instant()
    approved_by: int | None = refers("account.id", null=True)
    approved_at: datetime | None = instant(null=True)
    ended_at: datetime | None = instant(null=True)  # used, or refused


class Invitation(SQLModel, table=True):
    """A link by which people join a branch as its members. Only the secret's SHA-256 is kept."""

    id: int | None = row_id()
    campaign_id: int = refers("campaign.id", index=True)
    branch_id: int = refers("branch.id", index=True)
    secret_hash: bytes = Field(sa_type=sa.LargeBinary(32), unique=True)
    uses_left: int
    used: int = 0
    created_by: int = refers("account.id")
    created_at: datetime = instant()
    expires_at: datetime = instant()
    revoked_at: datetime | None = instant(null=True)


class IdempotencyKey(SQLModel, table=True):
    """The answer to a request that changed something, so that its repetition gets the same answer.

    Nothing but the primary key is indexed: every claim writes a row, and old ones are swept but once a day.
    """

    __tablename__ = "idempotency_key"
    account_id: int = Field(sa_type=BIG, primary_key=True)
    key: str = Field(max_length=80, primary_key=True)
    request_hash: bytes = Field(sa_type=sa.LargeBinary(32))
    status: int
    body: str = Field(sa_type=sa.Text)
    created_at: datetime = instant()
