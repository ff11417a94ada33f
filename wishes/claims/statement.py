"""The claim as PostgreSQL writes it: one statement, so that a busy wish is locked for one round trip and no longer."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlmodel import SQLModel

from wishes.claims.tables import Claim, ClaimState
from wishes.events.tables import Event
from wishes.lifecycle import Status
from wishes.model import table_of
from wishes.people.tables import IdempotencyKey
from wishes.tracking.tables import Clock

_DIALECT: Any = PGDialect()  # type: ignore[no-untyped-call]


def _insert(table: type[SQLModel], source: str, **values: str) -> str:
    """``INSERT … SELECT`` of SQL *values* from *source*; columns that are not named get the model's own defaults."""
    for column in table_of(table).columns:
        default: Any = column.default
        if column.name not in values and default is not None and default.is_scalar:
            text = sa.literal(default.arg, column.type).compile(
                dialect=_DIALECT, compile_kwargs={"literal_binds": True}
            )
            values[column.name] = str(text)
    names, terms = ", ".join(values), ", ".join(values.values())
    return f"INSERT INTO {table_of(table).name} ({names}) SELECT {terms} {source}"


_NOW, _KEY, _WISH = "%(now)s::timestamptz", "%(key)s::text", "%(wish)s::bigint"
_ACCOUNT, _VOLUNTEER, _BRANCH = "%(account)s::bigint", "%(volunteer)s::bigint", "%(branch)s::bigint"
_SPEND, _DUE = "%(spend)s::int", "%(due)s::timestamptz"


def _statement() -> str:
    """The whole claim. Either all of it happens or, when the wish was not open any more, nothing.

    The order of its locks (wish, volunteer, branch) is that of every other verb, so that no two can wait for each other.
    ``(SELECT count(*) FROM x) >= 0`` is always true: it makes a part wait until x is done.
    """
    spent = _insert(
        IdempotencyKey,
        f"FROM taken WHERE {_KEY} IS NOT NULL",
        account_id=_ACCOUNT,
        key=_KEY,
        request_hash="%(digest)s::bytea",
        status="%(status)s::int",
        body="%(body)s::text",
        created_at=_NOW,
    )
    held = _insert(
        Claim,
        "FROM taken RETURNING id, campaign_id, wish_id",
        campaign_id="campaign_id",
        wish_id="id",
        branch_id=_BRANCH,
        volunteer_id=_VOLUNTEER,
        via="%(via)s::text",
        state=f"'{ClaimState.LIVE}'",
        spend_fen=_SPEND,
        claimed_at=_NOW,
    )
    told = _insert(
        Event,
        "FROM held RETURNING id",
        campaign_id="campaign_id",
        wish_id="wish_id",
        claim_id="id",
        action="'claim'",
        old_status=f"'{Status.OPEN}'",
        new_status=f"'{Status.CLAIMED}'",
        actor_id=_ACCOUNT,
        request_id="%(request)s::text",
        data="%(data)s::json",
        occurred_at=_NOW,
        recorded_at=_NOW,
    )
    started = _insert(
        Clock,
        f"FROM taken WHERE {_DUE} IS NOT NULL AND (SELECT count(*) FROM stopped) >= 0",
        campaign_id="campaign_id",
        wish_id="id",
        stage=f"'{Status.CLAIMED}'",
        opened_at=_NOW,
        due_at=_DUE,
        next_at="%(next)s::timestamptz",
    )
    return f"""
        WITH taken AS (
          UPDATE wish
          SET status = '{Status.CLAIMED}', claimed_at = {_NOW}, taker_volunteer_id = {_VOLUNTEER}, taker_branch_id = {_BRANCH}
          WHERE id = {_WISH} AND status = '{Status.OPEN}' AND (
            {_VOLUNTEER} IS NULL OR EXISTS (SELECT FROM volunteer WHERE id = {_VOLUNTEER} AND active))
          RETURNING id, campaign_id),
        spent AS ({spent}),
        hands AS (
          UPDATE volunteer SET live_claims = live_claims + 1 FROM taken WHERE volunteer.id = {_VOLUNTEER} RETURNING 1),
        pledge AS (
          UPDATE branch SET used_count = used_count + 1, used_fen = used_fen + {_SPEND} FROM taken
          WHERE branch.id = {_BRANCH} AND (SELECT count(*) FROM hands) >= 0),
        held AS ({held}),
        told AS ({told}),
        stopped AS (
          UPDATE clock SET closed_at = {_NOW}
          WHERE wish_id = {_WISH} AND closed_at IS NULL AND EXISTS (SELECT FROM taken) RETURNING 1),
        started AS ({started})
        SELECT id FROM told
        """


CLAIM = _statement()
