"""A request that changed something is answered once: its repetition, under the same key, gets the same answer.

The primary key (account, key) is the check, and the row is written in the transaction of the effect itself: a key
is spent exactly when its effect is there. A refused request leaves nothing behind, its key included, and may be tried again.
Source: draft-ietf-httpapi-idempotency-key-header-07.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from wishes.errors import Conflict, IdempotencyMismatch
from wishes.i18n import Text
from wishes.people.tables import IdempotencyKey


class RequestInFlight(Conflict):
    """The first request with this key is still being worked on (PostgreSQL; on SQLite the second one waits its turn)."""

    code = "idempotency_in_flight"
    title = Text("正在处理", "Still being handled")
    sentence = Text(
        "同一个 Idempotency-Key 的请求还在处理中。请稍后用同一个编号重试。",
        "The request with this Idempotency-Key is still being handled. Try again shortly, with the same key.",
    )


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked under a key. ``digest`` is the SHA-256 of method, address and body."""

    account_id: int
    key: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: the HTTP status and the JSON text."""

    status: int
    body: str


def begin(session: Session, request: Request, *, now: datetime) -> Answer | None:
    """Reserve the key; None: it is new, go on and call :func:`finish`. Otherwise the answer that was given before.

    Raises :class:`~wishes.errors.IdempotencyMismatch` when the key belongs to another request, :class:`RequestInFlight`.
    """
    if session.get_bind().dialect.name == "postgresql":
        free = session.execute(
            sa.select(sa.func.pg_try_advisory_xact_lock(lock_number(request.account_id, request.key)))
        ).scalar_one()
        make = postgresql.insert(IdempotencyKey)
    else:
        free, make = True, sqlite.insert(IdempotencyKey)  # type: ignore[assignment]
    inserted = (
        session.execute(
            make.values(
                account_id=request.account_id,
                key=request.key,
                request_hash=request.digest,
                status=0,
                body="",
                created_at=now,
            )
            .on_conflict_do_nothing(index_elements=["account_id", "key"])
            .returning(col(IdempotencyKey.key))
        ).first()
        if free
        else None
    )
    if inserted is not None:
        return None
    found = session.execute(
        sa.select(col(IdempotencyKey.request_hash), col(IdempotencyKey.status), col(IdempotencyKey.body)).where(
            col(IdempotencyKey.account_id) == request.account_id, col(IdempotencyKey.key) == request.key
        )
    ).one_or_none()
    if found is None:
        raise RequestInFlight()
    return repeat(request, bytes(found.request_hash), Answer(found.status, found.body))


def finish(session: Session, request: Request, answer: Answer) -> None:
    """Keep the answer of a request that :func:`begin` let through."""
    session.execute(
        sa.update(IdempotencyKey)
        .where(col(IdempotencyKey.account_id) == request.account_id, col(IdempotencyKey.key) == request.key)
        .values(status=answer.status, body=answer.body)
        .execution_options(synchronize_session=False)
    )


def repeat(request: Request, digest: bytes, answer: Answer) -> Answer:
    """The stored *answer*, if *digest* says that it answered this very request. Raises IdempotencyMismatch."""
    if digest != request.digest:
        raise IdempotencyMismatch()
    return answer


def lock_number(account_id: Any, key: Any) -> sa.ColumnElement[int]:
    """PostgreSQL's number for the advisory lock of a key; two keys that share one merely wait for each other."""
    colon: sa.ColumnElement[str] = sa.literal_column("':'", sa.Text)
    return sa.func.hashtextextended(
        sa.cast(account_id, sa.Text) + colon + sa.cast(key, sa.Text), sa.literal_column("0")
    )
