"""Lost, damaged, moved away, not delivered: each with a reason, back to whoever is next, and with the next step said."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlmodel import Session

from tests.claims.verbs.left import events_of, open_clock, row
from tests.custody.conftest import Crew
from tests.custody.test_packing import LATER, a_box, inspected
from tests.factories import NOW, Place, code_of, make_wish
from tests.web.people import Person
from wishes.claims import actions as claims
from wishes.clock import utc_now
from wishes.custody.packing import pack
from wishes.custody.queries import passed
from wishes.custody.stock import box
from wishes.db import Database
from wishes.errors import Forbidden, Invalid, NotPossibleNow
from wishes.intake.tables import Wish
from wishes.lifecycle import NEXT_STEP, Kind, Status


def status_of(session: Session, wish_id: int) -> Status:
    return Status(row(session, Wish, wish_id).status)


def on_its_way(session: Session, crew: Crew) -> int:
    wish_id = inspected(session, crew)
    claims.step(session, "dispatch", wish_id=wish_id, actor=crew.courier, now=LATER)
    return wish_id


@pytest.mark.parametrize("name", ["lose", "damage"])
def test_what_is_lost_or_damaged_is_bought_and_looked_over_anew(session: Session, crew: Crew, name: str) -> None:
    wish_id, full = inspected(session, crew), a_box(session, crew)
    pack(session, box_id=full, wish_id=wish_id, actor=crew.inspector, now=LATER)
    with pytest.raises(Invalid):
        claims.step(session, name, wish_id=wish_id, actor=crew.inspector, now=LATER, reason=" ")
    with pytest.raises(Forbidden):
        claims.step(session, name, wish_id=wish_id, actor=crew.worker, now=LATER, reason="箱子进水")
    claims.step(session, name, wish_id=wish_id, actor=crew.inspector, now=LATER, reason="箱子进水")
    assert status_of(session, wish_id) is Status.CLAIMED and box(session, crew.place.id, full)[0].things == 0
    assert open_clock(session, wish_id).stage == Status.CLAIMED
    again = LATER + timedelta(days=2)
    claims.step(session, "prepare", wish_id=wish_id, actor=crew.member, now=again)
    assert not passed(session, wish_id)
    assert claims.live_claim_id(session, wish_id) == events_of(session, wish_id)[-1].claim_id


def test_a_child_who_moved_away_brings_the_thing_back_to_the_warehouse(session: Session, crew: Crew) -> None:
    wish_id = on_its_way(session, crew)
    claims.step(session, "moved_away", wish_id=wish_id, actor=crew.worker, now=LATER, reason="全家去了外省")
    assert status_of(session, wish_id) is Status.INSPECTED and passed(session, wish_id)
    claims.cancel(session, wish_id=wish_id, actor=crew.coordinator, now=LATER, reason="联系不上")
    assert status_of(session, wish_id) is Status.CANCELLED


def test_the_next_step_is_said_at_once_and_stands_on_the_page_until_the_next_move(
    app: Flask, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        wish_id = make_wish(session, place)
        claims.claim(session, wish_id=wish_id, actor=place.member, now=utc_now(), volunteer_id=place.member_id)
        claims.step(session, "prepare", wish_id=wish_id, actor=place.member, now=utc_now())
        code = code_of(session, wish_id)
    member, page = Person(app, place.member.grants), f"/c/{place.slug}/wishes/{code}"
    member.post(f"{page}/lose", page, reason="路上丢了")
    told = NEXT_STEP["lose"].say("zh")
    assert member.get(page).text.count(told) == 2 and member.get(page).text.count(told) == 1
    assert NEXT_STEP["lose"].say("en") in Person(app, place.coordinator.grants).get(f"{page}?lang=en").text
    with database.transaction() as session:
        claims.step(session, "prepare", wish_id=wish_id, actor=place.member, now=utc_now())
    assert told not in member.get(page).text


def test_company_cannot_be_lost(session: Session, crew: Crew) -> None:
    wish_id = make_wish(session, crew.place, kind=Kind.SERVICE)
    claims.claim(session, wish_id=wish_id, actor=crew.member, now=NOW, volunteer_id=crew.place.member_id)
    for name in ("lose", "damage", "moved_away"):
        with pytest.raises(NotPossibleNow):
            claims.step(session, name, wish_id=wish_id, actor=crew.coordinator, now=NOW, reason="x")
