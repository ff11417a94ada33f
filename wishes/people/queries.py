"""Questions about who somebody is. An :class:`~wishes.access.Actor` is read in one query, afresh for each request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import NOBODY, Actor, Grant, Role
from wishes.model import columns
from wishes.people.tables import Account, ApiToken, RoleGrant, WebSession

_Account = columns(Account)
_ApiToken = columns(ApiToken)
_RoleGrant = columns(RoleGrant)
_WebSession = columns(WebSession)

_GRANT = (
    _RoleGrant.role,
    _RoleGrant.campaign_id,
    _RoleGrant.community_id,
    _RoleGrant.branch_id,
    _RoleGrant.volunteer_id,
)
_WITH_GRANTS: Any = (
    sa.select(_Account.id, _Account.name, *_GRANT)
    .outerjoin(_RoleGrant, _RoleGrant.account_id == _Account.id)
    .where(_Account.active)
)
_BY_SESSION = _WITH_GRANTS.join(_WebSession, _WebSession.account_id == _Account.id).where(
    _WebSession.secret_hash == sa.bindparam("secret"),
    _WebSession.revoked_at.is_(None),
    _WebSession.expires_at > sa.bindparam("now"),
    _WebSession.awaits == "",
)
_BY_TOKEN = _WITH_GRANTS.join(_ApiToken, _ApiToken.account_id == _Account.id).where(
    _ApiToken.secret_hash == sa.bindparam("secret"),
    _ApiToken.revoked_at.is_(None),
    sa.or_(_ApiToken.expires_at.is_(None), _ApiToken.expires_at > sa.bindparam("now")),
)
_BY_ID = _WITH_GRANTS.where(_Account.id == sa.bindparam("account_id"))


def _actor(rows: list[Any]) -> Actor:
    if not rows:
        return NOBODY
    grants = tuple(Grant(Role(r[2]), *r[3:7]) for r in rows if r[2] is not None)
    return Actor(rows[0][0], rows[0][1], grants)


def actor_of_session(session: Session, secret_hash: bytes, now: datetime) -> Actor:
    """Who is signed in with this cookie; NOBODY when it is unknown, expired or revoked."""
    return _actor(list(session.execute(_BY_SESSION, {"secret": secret_hash, "now": now})))


def actor_of_token(session: Session, secret_hash: bytes, now: datetime) -> Actor:
    """Whose API token this is; NOBODY when it is unknown, expired or revoked."""
    return _actor(list(session.execute(_BY_TOKEN, {"secret": secret_hash, "now": now})))


def actor_of_account(session: Session, account_id: int) -> Actor:
    return _actor(list(session.execute(_BY_ID, {"account_id": account_id})))


@dataclass(frozen=True, slots=True)
class SignedIn:
    """One of a person's signed-in browsers, as the account page lists them."""

    id: int
    created_at: datetime
    user_agent: str
    current: bool


def open_sessions(session: Session, account_id: int, *, now: datetime, current: bytes) -> list[SignedIn]:
    rows = session.execute(
        sa.select(_WebSession.id, _WebSession.created_at, _WebSession.user_agent, _WebSession.secret_hash)
        .where(
            _WebSession.account_id == account_id,
            _WebSession.revoked_at.is_(None),
            _WebSession.expires_at > now,
            _WebSession.awaits == "",
        )
        .order_by(_WebSession.id.desc())
    )
    return [SignedIn(r[0], r[1], r[2], r[3] == current) for r in rows]


def signed_in_at(session: Session, secret_hash: bytes) -> datetime | None:
    """When the browser with this cookie was signed in; None when it is not."""
    found: datetime | None = session.execute(
        sa.select(_WebSession.created_at).where(
            _WebSession.secret_hash == secret_hash, _WebSession.revoked_at.is_(None), _WebSession.awaits == ""
        )
    ).scalar()
    return found


def login_of(session: Session, account_id: int) -> str:
    return str(session.execute(sa.select(_Account.login).where(_Account.id == account_id)).scalar_one())


def account_by_login(session: Session, login: str) -> int | None:
    found = session.execute(sa.select(_Account.id).where(_Account.login == login.strip().lower())).scalar()
    return None if found is None else int(found)
