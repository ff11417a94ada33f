"""Questions about who somebody is. An :class:`~wishes.access.Actor` is read in one query, afresh for each request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import NOBODY, Actor, Grant, Role
from wishes.people.tables import Account, ApiToken, RoleGrant, WebSession

_GRANT = (RoleGrant.role, RoleGrant.campaign_id, RoleGrant.community_id, RoleGrant.branch_id, RoleGrant.volunteer_id)
_WITH_GRANTS: Any = sa.select(Account.id, Account.name, *_GRANT).outerjoin(RoleGrant, RoleGrant.account_id == Account.id).where(Account.active)  # type: ignore[call-overload,arg-type]
_BY_SESSION = _WITH_GRANTS.join(WebSession, WebSession.account_id == Account.id).where(
    WebSession.secret_hash == sa.bindparam("secret"), WebSession.revoked_at.is_(None), WebSession.expires_at > sa.bindparam("now"))  # type: ignore[union-attr]
_BY_TOKEN = _WITH_GRANTS.join(ApiToken, ApiToken.account_id == Account.id).where(
    ApiToken.secret_hash == sa.bindparam("secret"), ApiToken.revoked_at.is_(None),  # type: ignore[union-attr]
    sa.or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > sa.bindparam("now")))  # type: ignore[union-attr,operator]
_BY_ID = _WITH_GRANTS.where(Account.id == sa.bindparam("account_id"))


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
    rows = session.execute(sa.select(WebSession.id, WebSession.created_at, WebSession.user_agent, WebSession.secret_hash)  # type: ignore[call-overload]
                           .where(WebSession.account_id == account_id, WebSession.revoked_at.is_(None), WebSession.expires_at > now)
                           .order_by(WebSession.id.desc()))
    return [SignedIn(r[0], r[1], r[2], r[3] == current) for r in rows]


def login_of(session: Session, account_id: int) -> str:
    return str(session.execute(sa.select(Account.login).where(Account.id == account_id)).scalar_one())  # type: ignore[call-overload]


def account_by_login(session: Session, login: str) -> int | None:
    found = session.execute(sa.select(Account.id).where(Account.login == login.strip().lower())).scalar()  # type: ignore[call-overload]
    return None if found is None else int(found)
