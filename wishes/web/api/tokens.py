"""Your own API tokens."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import col

from wishes.errors import NotFound
from wishes.people import actions
from wishes.people.tables import ApiToken
from wishes.protection.passwords import secret_digest
from wishes.web.api.contract import Call, Operation
from wishes.web.api.shapes import TokenBody, TokenList, TokenMade, TokenShape

_TOKEN = ("id", "name", "created_at", "expires_at")
_COLUMNS = [getattr(ApiToken, name) for name in _TOKEN]


def list_tokens(call: Call) -> TokenList:
    """Your tokens that are still good, without their secrets."""
    rows = call.session.execute(
        sa.select(*_COLUMNS)
        .where(
            col(ApiToken.account_id) == call.account_id,
            col(ApiToken.revoked_at).is_(None),
            sa.or_(col(ApiToken.expires_at).is_(None), col(ApiToken.expires_at) > call.now),
        )
        .order_by(col(ApiToken.id))
    )
    return TokenList(items=[TokenShape(**row._mapping) for row in rows])


def make_token(call: Call) -> TokenMade:
    """Make a token. Its secret is in this answer and nowhere else, not even in the answer repeated under an idempotency key."""
    secret = actions.create_token(
        call.session,
        account_id=call.account_id,
        name=call.body.name,
        now=call.now,
        days=call.body.days,
        actor=call.actor,
    )
    row = call.session.execute(sa.select(*_COLUMNS).where(col(ApiToken.secret_hash) == secret_digest(secret))).one()
    return TokenMade(token=secret, **row._mapping)


def revoke_token(call: Call, token_id: int) -> TokenShape:
    """Revoke one of your tokens, from the next request on. Revoking it again says what is already so."""
    own = sa.and_(col(ApiToken.id) == token_id, col(ApiToken.account_id) == call.account_id)
    actions.revoke_tokens(call.session, account_id=call.account_id, token_id=token_id, now=call.now, actor=call.actor)
    row = call.session.execute(sa.select(*_COLUMNS).where(own)).one_or_none()
    if row is None:
        raise NotFound("这个令牌", "token")
    return TokenShape(**row._mapping)


OPERATIONS = (
    Operation("GET", "/tokens", list_tokens, "tokens", TokenList),
    Operation(
        "POST", "/tokens", make_token, "tokens", TokenMade, body=TokenBody, status=201, secret=frozenset({"token"})
    ),
    Operation("DELETE", "/tokens/<int:token_id>", revoke_token, "tokens", TokenShape),
)
