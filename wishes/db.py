"""Engine and transactions. The edge (page, API call, task, command) owns the transaction; nothing inside commits.

``reading()`` for questions, ``transaction()`` for verbs. On SQLite a verb begins with ``BEGIN IMMEDIATE`` behind a kernel
lock: a deferred ``BEGIN`` makes race losers fail with *database is locked*, and SQLite's own busy handler starves the
unlucky (worst wait 5.6 s against 0.17 s, 8 processes).
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import Enum as PyEnum
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import Session

from wishes.errors import Unavailable
from wishes.settings import Settings

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""Row ids: 64 bit everywhere; SQLite autoincrements only INTEGER."""


_POSTGRES: dict[str, Any] = {
    "connect_timeout": 5,
    "prepare_threshold": 1,
    "options": "-c lock_timeout=5s -c idle_in_transaction_session_timeout=60s -c timezone=UTC",
}


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """Aware UTC in and out. SQLite keeps no zone; a naive value is a bug and is refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def enum_type(kind: type[PyEnum], length: int = 24) -> Any:
    """A string column holding an enum's values (SQLAlchemy would store their names)."""
    return sa.Enum(
        kind,
        native_enum=False,
        length=length,
        validate_strings=True,
        create_constraint=False,
        values_callable=lambda members: [m.value for m in members],
    )


class WriteTurn:
    """A first-come queue for SQLite writers: a mutex between threads and ``flock`` between processes."""

    def __init__(self, path: Path) -> None:
        self._path, self._mutex = path, threading.Lock()
        self._file: int | None = None
        self._owner = -1

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._mutex:
            if self._file is None or self._owner != os.getpid():  # an inherited descriptor would share its lock
                self._file, self._owner = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600), os.getpid()
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)


class Database:
    """One per process, made by the composition root and passed on."""

    def __init__(self, settings: Settings) -> None:
        self.on_sqlite = settings.on_sqlite
        url = settings.database_url
        if self.on_sqlite:
            self.engine = sa.create_engine(
                url,
                connect_args={"timeout": 10, "check_same_thread": False},
                pool_size=settings.database_pool,
                max_overflow=16,
            )
            self._write_engine: Engine = self.engine.execution_options(microwish_write=True)
            _teach_sqlite(self.engine)
            file = Path(self.engine.url.database or "microwish.sqlite3")
            self._turn: WriteTurn | None = WriteTurn(file.with_name(file.name + ".lock"))
        else:
            self.engine = sa.create_engine(
                url, pool_size=settings.database_pool, max_overflow=16, pool_timeout=10, connect_args=_POSTGRES
            )
            self._write_engine = self.engine
            self._idle: list[Statements] = []
            self._turn = None

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for questions: one consistent snapshot, rolled back at the end."""
        with _plain_outage(), Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session for verbs: committed when the block ends well, rolled back when it raises.

        Raises :class:`~wishes.errors.Unavailable` when the database went away; then nothing was changed, or the commit's
        answer was lost, which is why every verb may be repeated.
        """
        with _plain_outage():
            if self._turn is None:
                with Session(self._write_engine, expire_on_commit=False) as session, session.begin():
                    yield session
            else:
                with self._turn(), Session(self._write_engine, expire_on_commit=False) as session, session.begin():
                    yield session

    @contextmanager
    def statement(self) -> Iterator[Session | Statements]:
        """For a verb that writes with a single statement and that hundreds call in the same second.

        On PostgreSQL each statement is a transaction of its own, on the driver itself: the locks last as long as the
        statement, not as long as two more trips to the database. On SQLite this is :meth:`transaction`.
        """
        if self.on_sqlite:
            with self.transaction() as session:
                yield session
            return
        try:
            statements = self._idle.pop()
        except IndexError:
            statements = Statements(self._connect())
        try:
            yield statements
        except Unavailable:
            # where one connection broke the others are broken, too
            broken, self._idle = self._idle, []
            for other in (statements, *broken):
                other.close()
            raise
        finally:
            if not statements.closed:
                self._idle.append(statements)

    def _connect(self) -> psycopg.Connection[Any]:
        _, options = self.engine.dialect.create_connect_args(self.engine.url)
        try:
            return psycopg.connect(**{**options, **_POSTGRES, "autocommit": True})
        except psycopg.OperationalError as error:
            raise Unavailable(cause=type(error).__name__) from error

    def dispose(self) -> None:
        self.engine.dispose()
        if not self.on_sqlite:
            broken, self._idle = self._idle, []
            for statements in broken:
                statements.close()


class Statements:
    """PostgreSQL: a connection on which each statement is a transaction of its own. One thread at a time has it."""

    def __init__(self, driver: psycopg.Connection[Any]) -> None:
        self._driver, self.cursor = driver, driver.cursor()

    @property
    def closed(self) -> bool:
        return self._driver.closed

    def close(self) -> None:
        self._driver.close()


def run_on_driver(where: Session | Statements, statement: str, values: Mapping[str, Any]) -> list[Any]:
    """PostgreSQL: run *statement*, prepared, without SQLAlchemy in between; answers its rows as tuples.

    For the few statements that hundreds run in the same second. Raises the driver's own IntegrityError, and
    :class:`~wishes.errors.Unavailable`.
    """
    cursor: Any = where.cursor if isinstance(where, Statements) else where.connection().connection.cursor()
    try:
        cursor.execute(statement, values, prepare=True)
        found: list[Any] = cursor.fetchall()
        return found
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        if isinstance(where, Session) and cursor.connection.closed:
            # this fails, too, and so tells SQLAlchemy that its connections are gone
            where.connection().exec_driver_sql("SELECT 1")
        raise Unavailable(cause=type(error).__name__) from error


@contextmanager
def _plain_outage() -> Iterator[None]:
    try:
        yield
    except (OperationalError, DBAPIError) as error:
        if isinstance(error, OperationalError) or error.connection_invalidated:
            raise Unavailable(cause=type(error.orig).__name__) from error
        raise


def _teach_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we begin ourselves; the driver would begin deferred
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "busy_timeout=10000",
            "foreign_keys=ON",
            "cache_size=-65536",
            "temp_store=MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begun(connection: sa.Connection) -> None:
        write = connection.get_execution_options().get("microwish_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
