"""A small campaign on a real database, and people with accounts to work in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col

from tests.factories import NOW, Place, make_campaign, make_wish, signed_in
from wishes.access import Actor, Grant, Role
from wishes.claims import actions as claims
from wishes.claims.tables import Volunteer
from wishes.db import Database


@dataclass(frozen=True)
class Crew:
    """Who handles things: two inspectors, a courier, a coordinator, the taker and the community, each with an account."""

    place: Place
    inspector: Actor
    other: Actor
    courier: Actor
    coordinator: Actor
    member: Actor
    worker: Actor


def crew_of(session: Session, place: Place) -> Crew:
    session.execute(sa.update(Volunteer).where(col(Volunteer.id) == place.member_id).values(claim_limit=60))

    def somebody(*grants: Grant) -> Actor:
        return signed_in(session, Actor(None, "", grants))

    return Crew(
        place,
        somebody(place.grant(Role.INSPECTOR)),
        somebody(place.grant(Role.INSPECTOR)),
        somebody(place.grant(Role.COURIER)),
        somebody(place.grant(Role.COORDINATOR)),
        somebody(*place.member.grants),
        somebody(*place.social_worker.grants),
    )


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as opened:
        yield opened


@pytest.fixture
def crew(session: Session) -> Crew:
    return crew_of(session, make_campaign(session))


def claimed(session: Session, crew: Crew, **more: object) -> int:
    """A wish that the branch's member holds."""
    wish_id = make_wish(session, crew.place, **more)  # type: ignore[arg-type]
    claims.claim(session, wish_id=wish_id, actor=crew.member, now=NOW, volunteer_id=crew.place.member_id)
    return wish_id


def bought(session: Session, crew: Crew, **more: object) -> int:
    """The same, bought."""
    wish_id = claimed(session, crew, **more)
    claims.step(session, "prepare", wish_id=wish_id, actor=crew.member, now=NOW)
    return wish_id
