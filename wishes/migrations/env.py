"""Alembic's entry: runs the migrations on the connection that :func:`wishes.migrations.upgrade` hands over."""

from alembic import context
from sqlmodel import SQLModel

import wishes.tables  # noqa: F401

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    compare_type=True,
)
context.run_migrations()
