"""A campaign ends when every wish has; identities are counted from there."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.factories import make_campaign, make_wish
from wishes.access import SYSTEM, Actor, Grant, Role
from wishes.campaigns.closing import close_campaign, reopen_campaign, unfinished
from wishes.campaigns.queries import campaign_by_id
from wishes.clock import utc_now
from wishes.db import Database
from wishes.errors import Forbidden, Invalid
from wishes.events.tables import Event
from wishes.lifecycle import Status


def test_a_campaign_closes_only_after_its_last_wish(database: Database) -> None:
    now = utc_now()
    with database.transaction() as session:
        place = make_campaign(session, now=now)
        make_wish(session, place, now=now, status=Status.CLOSED)
        waiting = make_wish(session, place, now=now, status=Status.IN_TRANSIT)
    admin = Actor(None, "", (Grant(Role.CAMPAIGN_ADMIN, place.id),))
    with database.reading() as session:
        assert unfinished(session, place.id) == {Status.IN_TRANSIT: 1}
    with pytest.raises(Invalid, match="1") as refused, database.transaction() as session:
        close_campaign(session, campaign_id=place.id, actor=admin, now=now)
    assert "配送中 1" in refused.value.say("zh") and "On its way 1" in refused.value.say("en")
    with database.transaction() as session:
        session.execute(
            sa.text("UPDATE wish SET status = 'cancelled' WHERE id = :id"), {"id": getattr(waiting, "id", waiting)}
        )
    with database.transaction() as session:
        assert close_campaign(session, campaign_id=place.id, actor=admin, now=now) == now
    with database.transaction() as session:  # again: nothing changes, nothing is recorded twice
        assert close_campaign(session, campaign_id=place.id, actor=admin, now=now + timedelta(days=1)) == now
    with database.transaction() as session:
        reopen_campaign(session, campaign_id=place.id, actor=SYSTEM, now=now)
    with database.reading() as session:
        assert campaign_by_id(session, place.id).closed_at is None
        told = session.execute(sa.select(col(Event.action)).where(col(Event.campaign_id) == place.id)).scalars().all()
        assert [action for action in told if "campaign" in action] == ["close_campaign", "reopen_campaign"]


def test_a_coordinator_does_not_close_a_campaign(database: Database) -> None:
    now = utc_now()
    with database.transaction() as session:
        place = make_campaign(session, now=now)
        actor = Actor(None, "", (Grant(Role.COORDINATOR, place.id),))
        with pytest.raises(Forbidden):
            close_campaign(session, campaign_id=place.id, actor=actor, now=now)
