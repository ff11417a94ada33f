"""Liveness, read from the database: a broker that answers does not prove that anything is swept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from wishes.model import columns
from wishes.tracking.tables import Heartbeat

_Heartbeat = columns(Heartbeat)


def beat(session: Session, name: str, *, now: datetime, detail: dict[str, Any]) -> None:
    """Note that sweep *name* ran to its end at *now*."""
    insert = sqlite.insert(Heartbeat) if session.get_bind().dialect.name == "sqlite" else postgresql.insert(Heartbeat)
    session.execute(
        insert.values(name=name, beaten_at=now, detail=detail).on_conflict_do_update(
            index_elements=["name"], set_={"beaten_at": now, "detail": detail}
        )
    )


def heartbeats(session: Session) -> dict[str, datetime]:
    """Name of each sweep → when it last ran to its end."""
    return {name: at for name, at in session.execute(sa.select(_Heartbeat.name, _Heartbeat.beaten_at))}
