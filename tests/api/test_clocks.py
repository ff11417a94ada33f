"""What is said to a running deadline through the API."""

from __future__ import annotations

from datetime import timedelta

from tests.api.conftest import Callers
from tests.factories import Place, code_of, make_wish
from wishes.access import Actor, Role
from wishes.claims import actions as claims
from wishes.clock import local_day, utc_now
from wishes.db import Database


def claimed(database: Database, place: Place) -> str:
    with database.transaction() as session:
        wish_id = make_wish(session, place)
        claims.claim(session, wish_id=wish_id, actor=place.volunteer, now=utc_now(), volunteer_id=place.volunteer_id)
        return f"/campaigns/{place.slug}/wishes/{code_of(session, wish_id)}/clock/"


def test_the_taker_says_that_it_is_under_way_and_that_it_will_be_late(
    callers: Callers, database: Database, place: Place
) -> None:
    clock, taker = claimed(database, place), callers(place.volunteer)
    told = taker.post(clock + "acknowledge")
    assert (told["stage"], told["acknowledged"], told["paused"]) == ("claimed", True, False)
    until = (local_day(utc_now()) + timedelta(days=12)).isoformat()
    later = taker.post(clock + "postpone", {"until": until, "reason": "缺货"})
    assert later["due_at"].startswith(until) and not later["acknowledged"]
    refused = taker.post(clock + "postpone", {"until": "2099-01-01", "reason": "缺货"}, status=422)
    assert "最晚可以延到" in refused["detail"]


def test_the_community_stops_the_deadline_and_lets_it_run_on(
    callers: Callers, database: Database, place: Place
) -> None:
    clock, worker = claimed(database, place), callers(place.social_worker)
    assert worker.post(clock + "pause", {"reason": "孩子随父母进城"})["paused"] is True
    assert worker.post(clock + "resume")["paused"] is False
    worker.post(clock + "pause", {}, status=422)


def test_whom_the_stage_does_not_wait_for_has_nothing_to_say(
    callers: Callers, database: Database, place: Place
) -> None:
    clock = claimed(database, place)
    callers(place.social_worker).post(clock + "acknowledge", status=403)
    callers(Actor(None, "courier", (place.grant(Role.COURIER),))).post(clock + "acknowledge", status=403)
    callers(place.volunteer).post(clock + "pause", {"reason": "等一等"}, status=403)


def test_a_coordinator_may_postpone_to_any_day(callers: Callers, database: Database, place: Place) -> None:
    clock = claimed(database, place)
    told = callers(place.coordinator).post(clock + "postpone", {"until": "2099-01-01", "reason": "孩子转学"})
    assert told["due_at"].startswith("2099-01-01")
