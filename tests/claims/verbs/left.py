"""What a claim left in the database, and takers and proposals made for a single test."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from tests.factories import NOW, Place, insert, make_volunteer, make_wish
from wishes.access import Actor, Grant, Role
from wishes.claims.tables import Claim, Proposal
from wishes.events.tables import Event
from wishes.lifecycle import Status
from wishes.tracking.tables import Clock


def row(session: Session, table: Any, row_id: int) -> Any:
    columns = sa.inspect(table).local_table
    return session.execute(sa.select(columns).where(columns.c.id == row_id)).one()


def claims_of(session: Session, wish_id: int) -> list[Any]:
    return list(
        session.execute(
            sa.select(sa.inspect(Claim).local_table).where(col(Claim.wish_id) == wish_id).order_by(col(Claim.id))
        )
    )


def events_of(session: Session, wish_id: int) -> list[Any]:
    return list(
        session.execute(
            sa.select(sa.inspect(Event).local_table).where(col(Event.wish_id) == wish_id).order_by(col(Event.id))
        )
    )


def open_clock(session: Session, wish_id: int) -> Any:
    return session.execute(
        sa.select(sa.inspect(Clock).local_table).where(col(Clock.wish_id) == wish_id, col(Clock.closed_at).is_(None))
    ).one_or_none()


def another_volunteer(session: Session, place: Place, **more: Any) -> tuple[int, Actor]:
    volunteer_id = make_volunteer(session, place.id, **more)
    return volunteer_id, Actor(None, "another", (Grant(Role.VOLUNTEER, place.id, volunteer_id=volunteer_id),))


def proposed(
    session: Session, place: Place, *, branch_id: int | None = None, volunteer_id: int | None = None, **more: Any
) -> int:
    wish_id = make_wish(
        session, place, status=Status.PROPOSED, taker_branch_id=branch_id, taker_volunteer_id=volunteer_id, **more
    )
    insert(
        session,
        Proposal,
        campaign_id=place.id,
        wish_id=wish_id,
        branch_id=branch_id,
        volunteer_id=volunteer_id,
        proposed_at=NOW,
        expires_at=NOW + timedelta(days=3),
    )
    return wish_id
