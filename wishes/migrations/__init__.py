"""The database's shape over time (Alembic), and the check that it is the shape the code expects."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from wishes.db import Database

INVARIANT_INDEXES = frozenset(
    {"uq_claim_one_live", "uq_proposal_one_open", "uq_hand_over_one_confirmed", "uq_clock_one_open"}
)
"""Indexes that carry a promise. A batch rebuild has lost such an index before; without them claims are refused."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def upgrade(database: Database) -> None:
    """Bring the database to the newest shape; nothing happens when it is there already."""
    with database.transaction() as session:
        config = _config()
        config.attributes["connection"] = session.connection()
        command.upgrade(config, "head")


def current_and_head(database: Database) -> tuple[str | None, str | None]:
    """The revision the database is at, and the newest one."""
    with database.engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return current, ScriptDirectory.from_config(_config()).get_current_head()


def missing_invariants(database: Database) -> frozenset[str]:
    """Names of :data:`INVARIANT_INDEXES` that the database lacks."""
    catalogue = (
        "SELECT name FROM sqlite_master WHERE type = 'index'"
        if database.on_sqlite
        else "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()"
    )
    with database.engine.connect() as connection:
        return INVARIANT_INDEXES - set(connection.execute(sa.text(catalogue)).scalars())
