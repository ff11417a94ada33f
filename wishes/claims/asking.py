"""What a claim through the API is decided from, read in one query: who asks, for which wish, under which rules.

Hundreds may ask in the same second, and each needs all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlmodel import Session, col

from wishes.access import NOBODY, Actor, Grant, Role
from wishes.campaigns.queries import parse_rules
from wishes.campaigns.rules import Rules
from wishes.campaigns.tables import Campaign
from wishes.claims.tables import Volunteer
from wishes.claims.taking import Taker
from wishes.db import Statements, run_on_driver
from wishes.events.actions import WishState
from wishes.intake.tables import Wish
from wishes.lifecycle import Kind, Status
from wishes.people.idempotency import Answer
from wishes.people.tables import Account, ApiToken, IdempotencyKey, RoleGrant


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything a claim is decided from.

    ``own`` are the actor's own active volunteers of this campaign by id. ``stored`` is what the idempotency key already
    answers, with the digest of the request it answered.
    """

    actor: Actor
    campaign_id: int | None
    rules: Rules | None
    wish: WishState | None
    own: dict[int, Taker]
    stored: tuple[bytes, Answer] | None


_GRANT = (RoleGrant.role, RoleGrant.campaign_id, RoleGrant.community_id, RoleGrant.branch_id, RoleGrant.volunteer_id)
_STATE = tuple(getattr(Wish, name) for name in WishState.__dataclass_fields__)
_OWN = (Volunteer.id, Volunteer.branch_id, Volunteer.claim_limit, Volunteer.vetted_on, Volunteer.qualification)
_WISH_AT = 2 + len(_GRANT)
_OWN_AT = _WISH_AT + len(_STATE)
_REST_AT = _OWN_AT + len(_OWN)


def _question() -> Any:
    """One row per role of the token's account, each with the wish, the rules and the stored answer beside it."""
    key, slug, code = (sa.bindparam(name, type_=sa.Text) for name in ("key", "slug", "code"))
    rest = (Campaign.id, sa.cast(Campaign.rules, sa.Text), IdempotencyKey.request_hash, IdempotencyKey.status)
    columns: Any = (Account.id, Account.name, *_GRANT, *_STATE, *_OWN, *rest, IdempotencyKey.body)
    good = sa.or_(col(ApiToken.expires_at).is_(None), col(ApiToken.expires_at) > sa.bindparam("now"))
    of_campaign = sa.and_(col(Wish.campaign_id) == Campaign.id, col(Wish.code) == code)
    own = sa.and_(
        col(Volunteer.id) == RoleGrant.volunteer_id, col(Volunteer.campaign_id) == Campaign.id, col(Volunteer.active)
    )
    answered = sa.and_(col(IdempotencyKey.account_id) == Account.id, col(IdempotencyKey.key) == key)
    return (
        sa.select(*columns)
        .select_from(ApiToken)
        .join(Account, col(Account.id) == ApiToken.account_id)
        .outerjoin(RoleGrant, col(RoleGrant.account_id) == Account.id)
        .outerjoin(Campaign, col(Campaign.slug) == slug)
        .outerjoin(Wish, of_campaign)
        .outerjoin(Volunteer, own)
        .outerjoin(IdempotencyKey, answered)
        .where(
            col(ApiToken.secret_hash) == sa.bindparam("secret"),
            col(ApiToken.revoked_at).is_(None),
            good,
            col(Account.active),
        )
    )


_QUESTION = _question()


@cache
def on_postgres() -> str:
    """The question as the driver takes it: compiled once, not looked up for every claim."""
    dialect: Any = postgresql.psycopg.dialect()  # type: ignore[no-untyped-call]
    return str(_QUESTION.compile(dialect=dialect))


def look(
    where: Session | Statements, *, secret_hash: bytes, slug: str, code: str, key: str | None, now: datetime
) -> Asked:
    """What the claim of wish *code* in campaign *slug* by the bearer of this token is decided from.

    An unknown, expired or revoked token gives NOBODY as the actor; an unknown campaign or wish gives None.
    """
    values: dict[str, Any] = {"secret": secret_hash, "slug": slug, "code": code, "key": key, "now": now}
    rows: list[Any]
    if isinstance(where, Statements) or where.get_bind().dialect.name == "postgresql":
        rows = run_on_driver(where, on_postgres(), values)
    else:
        rows = list(where.execute(_QUESTION, values))
    if not rows:
        return Asked(NOBODY, None, None, None, {}, None)
    first = rows[0]
    grants = tuple(Grant(Role(row[2]), *row[3:_WISH_AT]) for row in rows if row[2] is not None)
    own = {}
    for row in rows:
        volunteer_id, branch_id, limit, vetted_on, qualification = row[_OWN_AT:_REST_AT]
        if volunteer_id is not None and row[2] == Role.VOLUNTEER:
            own[volunteer_id] = Taker(volunteer_id, branch_id, limit, vetted_on, qualification)
    campaign_id, rules, digest, status, body = first[_REST_AT:]
    return Asked(
        actor=Actor(first[0], first[1], grants),
        campaign_id=campaign_id,
        rules=None if rules is None else parse_rules(rules),
        wish=_state(first[_WISH_AT:_OWN_AT]),
        own=own,
        stored=None if digest is None else (bytes(digest), Answer(status, body)),
    )


_KIND_AT, _STATUS_AT = (list(WishState.__dataclass_fields__).index(name) for name in ("kind", "status"))


def _state(values: Any) -> WishState | None:
    if values[0] is None:
        return None
    state = list(values)
    state[_KIND_AT], state[_STATUS_AT] = Kind(state[_KIND_AT]), Status(state[_STATUS_AT])
    return WishState(*state)
