"""A claimed wish on its way to the child, and after it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col

from tests.claims.verbs.left import another_volunteer, claims_of, events_of, row
from tests.factories import NOW, Place, make_campaign, make_wish, signed_in
from wishes.claims import actions
from wishes.claims.tables import Branch, ClaimState, Volunteer
from wishes.clock import local_day
from wishes.custody.actions import look_over
from wishes.custody.queries import ChecksMissing
from wishes.db import Database
from wishes.errors import (
    CapacityReached,
    Conflict,
    Invalid,
)
from wishes.intake.tables import Wish
from wishes.lifecycle import Kind, Status

TODAY = local_day(NOW)


def test_goods_go_through_preparation_inspection_and_transport_to_the_child(session: Session, place: Place) -> None:
    wish_id = make_wish(session, place)
    coordinator, second = (signed_in(session, place.coordinator) for _ in range(2))
    actions.claim(session, wish_id=wish_id, actor=place.member, now=NOW, volunteer_id=place.member_id)
    claim_id = claims_of(session, wish_id)[0].id
    actions.step(session, "prepare", wish_id=wish_id, actor=place.member, now=NOW, spent_fen=7_500)
    with pytest.raises(ChecksMissing):
        actions.step(session, "inspect", wish_id=wish_id, actor=coordinator, now=NOW)
    for person in (coordinator, second):
        look_over(session, wish_id=wish_id, actor=person, now=NOW)
    actions.step(session, "dispatch", wish_id=wish_id, actor=coordinator, now=NOW)
    assert [(event.action, event.claim_id) for event in events_of(session, wish_id)] == [
        (name, claim_id) for name in ("claim", "prepare", "first_look", "inspect", "dispatch")
    ]
    assert events_of(session, wish_id)[1].data == {"spent_fen": 7_500}


def test_an_appointment_lies_today_or_later(session: Session, place: Place) -> None:
    wish_id = make_wish(session, place, kind=Kind.SERVICE)
    actions.claim(session, wish_id=wish_id, actor=place.member, now=NOW, volunteer_id=place.member_id)
    for day in (None, TODAY - timedelta(days=1)):
        with pytest.raises(Invalid):
            actions.step(session, "schedule", wish_id=wish_id, actor=place.member, now=NOW, scheduled_on=day)
    actions.step(session, "schedule", wish_id=wish_id, actor=place.member, now=NOW, scheduled_on=TODAY)
    assert row(session, Wish, wish_id).scheduled_on == TODAY


def test_a_delivered_claim_frees_the_hands_but_not_the_pledge(session: Session, place: Place) -> None:
    wish_id = make_wish(session, place)
    actions.claim(session, wish_id=wish_id, actor=place.member, now=NOW, volunteer_id=place.member_id)
    actions.finish_claim(session, wish_id=wish_id, now=NOW)
    assert row(session, Volunteer, place.member_id).live_claims == 0
    assert row(session, Branch, place.branch_id).used_count == 1
    with pytest.raises(Conflict):
        actions.finish_claim(session, wish_id=wish_id, now=NOW)


def test_doing_it_again_after_a_dispute_fills_the_takers_hands(database: Database) -> None:
    with database.transaction() as session:
        place = make_campaign(session)
        volunteer_id, actor = another_volunteer(session, place, limit=1)
        disputed, other = (make_wish(session, place) for _ in range(2))
        actions.claim(session, wish_id=disputed, actor=actor, now=NOW, volunteer_id=volunteer_id)
        actions.finish_claim(session, wish_id=disputed, now=NOW)
        session.execute(sa.update(Wish).where(col(Wish.id) == disputed).values(status=Status.DISPUTED))
        actions.claim(session, wish_id=other, actor=actor, now=NOW, volunteer_id=volunteer_id)
    with pytest.raises(CapacityReached), database.transaction() as session:
        actions.step(session, "redo", wish_id=disputed, actor=place.coordinator, now=NOW, reason="送错了")
    with database.transaction() as session:
        actions.release(session, wish_id=other, actor=actor, now=NOW, reason="先补送")
        actions.step(session, "redo", wish_id=disputed, actor=place.coordinator, now=NOW, reason="送错了")
        assert row(session, Volunteer, volunteer_id).live_claims == 1
        assert claims_of(session, disputed)[0].state == ClaimState.LIVE
