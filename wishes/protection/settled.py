"""Whether everything that began before an instant is over: then no row of that time can still appear, and no key of that
time is still being used."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlmodel import Session

_OLDER = sa.text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND backend_type = 'client backend' AND xact_start <= :since"
)


def database_clock(session: Session) -> datetime:
    """The database's own time: that of another machine may differ."""
    if session.get_bind().dialect.name == "sqlite":
        return datetime.now(UTC)
    now: datetime = session.execute(sa.text("SELECT clock_timestamp()")).scalar_one()
    return now


def settled(session: Session, since: datetime) -> bool:
    """Whether no transaction is open that began at or before *since* (by :func:`database_clock`).

    On SQLite ask within a write transaction: then all others are over. PostgreSQL shows the transactions of one's own role.
    """
    if session.get_bind().dialect.name == "sqlite":
        return True
    return int(session.execute(_OLDER, {"since": since}).scalar_one()) == 0
