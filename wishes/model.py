"""The base of every table: one metadata with named constraints, so that migrations can name what they change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wishes.db import BIG, UtcDateTime

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def row_id() -> Any:
    return Field(default=None, primary_key=True, sa_type=BIG)


def refers(target: str, *, index: bool = False, null: bool = False) -> Any:
    """A foreign key to ``table.id``."""
    arguments: dict[str, Any] = {"foreign_key": target, "sa_type": BIG, "index": index, "nullable": null}
    return Field(default=None, **arguments) if null else Field(**arguments)


def instant(*, null: bool = False) -> Any:
    return Field(default=None, sa_type=UtcDateTime, nullable=True) if null else Field(sa_type=UtcDateTime)


def columns(model: type[SQLModel]) -> Any:
    """*model* for use in statements. SQLModel types its attributes as the values of a row; in a statement they are columns."""
    return model


def table_of(model: type[SQLModel]) -> sa.Table:
    """The table behind *model*, for statements that run often: they pass by the ORM, at a third of its cost."""
    table: sa.Table = vars(model)["__table__"]
    return table


def document(default: type = dict) -> Any:
    """A small JSON value; never queried by content."""
    return Field(default_factory=default, sa_type=sa.JSON)


__all__ = ["Field", "SQLModel", "columns", "datetime", "document", "instant", "refers", "row_id", "table_of"]
