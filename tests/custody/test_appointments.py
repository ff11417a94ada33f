"""An hour of company: both sides agree to the time, and both say whether it took place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlmodel import Session, col

from tests.claims.verbs.left import claims_of, events_of, row
from tests.custody.conftest import Crew, claimed
from tests.factories import NOW, Place, code_of, make_wish
from tests.web.people import Person
from wishes.claims import actions as claims
from wishes.claims.tables import ClaimState
from wishes.clock import local, local_day, utc_now
from wishes.custody.appointments import (
    Absent,
    NothingAgreed,
    Side,
    agree,
    attended,
    former,
    no_show,
    propose,
    running,
)
from wishes.custody.tables import Appointment
from wishes.db import Database
from wishes.errors import Forbidden, Invalid, NotPossibleNow
from wishes.intake.tables import Wish
from wishes.lifecycle import Kind, Status

SOON = NOW + timedelta(days=3)
AFTER = SOON + timedelta(hours=2)


def company(session: Session, crew: Crew) -> int:
    return claimed(session, crew, kind=Kind.SERVICE)


def named(crew: Crew, wish_id: int, **more: Any) -> dict[str, Any]:
    return {
        "wish_id": wish_id, "actor": crew.member, "now": NOW, "side": Side.TAKER, "starts_at": SOON, "place": "社区活动室",
        "who": "志愿者两人", **more,
    }  # fmt: skip


def status_of(session: Session, wish_id: int) -> Status:
    return Status(row(session, Wish, wish_id).status)


def test_both_sides_agree_and_both_say_that_it_took_place(session: Session, crew: Crew) -> None:
    wish_id = company(session, crew)
    propose(session, **named(crew, wish_id))
    assert status_of(session, wish_id) is Status.SCHEDULED
    assert row(session, Wish, wish_id).scheduled_on == local_day(SOON)
    standing = running(session, wish_id)
    assert standing is not None and not standing.settled
    saying = {"wish_id": wish_id, "actor": crew.worker, "side": Side.COMMUNITY}
    assert [agree(session, now=NOW, **saying) for _ in range(2)] == [True, False]
    with pytest.raises(Invalid):
        attended(session, now=SOON - timedelta(minutes=1), **saying)
    assert attended(session, now=AFTER, **saying) is None and attended(session, now=AFTER, **saying) is None
    assert status_of(session, wish_id) is Status.SCHEDULED
    done = attended(session, wish_id=wish_id, actor=crew.member, now=AFTER, side=Side.TAKER)
    assert done is not None and done.new is Status.DELIVERED
    last = events_of(session, wish_id)[-1]
    assert (last.action, last.data, last.occurred_at) == ("attend", {"evidence": "both_sides"}, SOON)
    assert claims_of(session, wish_id)[0].state == ClaimState.DELIVERED
    assert running(session, wish_id) is None and [one.end for one in former(session, wish_id)] == ["attended"]


def test_the_community_may_name_the_time_first_and_it_counts_once_the_taker_agrees(
    session: Session, crew: Crew
) -> None:
    wish_id = company(session, crew)
    propose(session, **named(crew, wish_id, actor=crew.worker, side=Side.COMMUNITY))
    assert status_of(session, wish_id) is Status.CLAIMED
    agree(session, wish_id=wish_id, actor=crew.member, now=NOW, side=Side.TAKER)
    assert status_of(session, wish_id) is Status.SCHEDULED


def test_another_time_has_to_be_agreed_to_anew_and_the_former_one_stays(session: Session, crew: Crew) -> None:
    wish_id = company(session, crew)
    propose(session, **named(crew, wish_id))
    agree(session, wish_id=wish_id, actor=crew.worker, now=NOW, side=Side.COMMUNITY)
    later = SOON + timedelta(days=4)
    propose(session, **named(crew, wish_id, starts_at=later))
    standing = running(session, wish_id)
    assert standing is not None and standing.starts_at == later and not standing.agreed(Side.COMMUNITY)
    assert row(session, Wish, wish_id).scheduled_on == local_day(later)
    assert [one.end for one in former(session, wish_id)] == ["replaced"]
    assert events_of(session, wish_id)[-1].action == "reschedule"


@pytest.mark.parametrize("absent", list(Absent))
def test_when_somebody_does_not_come_the_wish_waits_for_another_time(
    session: Session, crew: Crew, absent: Absent
) -> None:
    wish_id = company(session, crew)
    propose(session, **named(crew, wish_id))
    with pytest.raises(Invalid), session.begin_nested():
        no_show(session, wish_id=wish_id, actor=crew.worker, now=AFTER, reason="", absent=absent)
    no_show(session, wish_id=wish_id, actor=crew.worker, now=AFTER, reason="等了一小时", absent=absent)
    assert status_of(session, wish_id) is Status.CLAIMED and running(session, wish_id) is None
    assert [(one.end, one.absent) for one in former(session, wish_id)] == [("no_show", str(absent))]
    propose(session, **named(crew, wish_id, now=AFTER, starts_at=AFTER + timedelta(days=1)))
    assert status_of(session, wish_id) is Status.SCHEDULED


def test_nobody_speaks_for_the_other_side_but_who_coordinates(session: Session, crew: Crew) -> None:
    wish_id = company(session, crew)
    for actor, side in (
        (crew.member, Side.COMMUNITY), (crew.worker, Side.TAKER), (crew.courier, Side.TAKER), (crew.inspector, Side.COMMUNITY),
    ):  # fmt: skip
        with pytest.raises(Forbidden):
            propose(session, **named(crew, wish_id, actor=actor, side=side))
    with pytest.raises(NothingAgreed):
        agree(session, wish_id=wish_id, actor=crew.coordinator, now=NOW, side=Side.TAKER)
    propose(session, **named(crew, wish_id, actor=crew.coordinator, side=Side.COMMUNITY))
    assert agree(session, wish_id=wish_id, actor=crew.coordinator, now=NOW, side=Side.TAKER)


@pytest.mark.parametrize(
    "wrong",
    [
        {"starts_at": NOW},
        {"starts_at": NOW + timedelta(days=400)},
        {"place": "x"},
        {"place": "x" * 61},
        {"who": ""},
        {"who": "x" * 41},
    ],
)
def test_a_time_without_sense_is_refused(session: Session, crew: Crew, wrong: dict[str, Any]) -> None:
    wish_id = company(session, crew)
    with pytest.raises(Invalid):
        propose(session, **named(crew, wish_id, **wrong))
    assert status_of(session, wish_id) is Status.CLAIMED


def test_things_have_no_appointments_and_addresses_are_masked(session: Session, crew: Crew) -> None:
    with pytest.raises(NotPossibleNow):
        propose(session, **named(crew, claimed(session, crew)))
    wish_id = company(session, crew)
    propose(session, **named(crew, wish_id, place="打电话13800001111再说"))
    standing = running(session, wish_id)
    assert standing is not None and "13800001111" not in standing.place


def test_the_whole_of_it_on_its_page(app: Flask, database: Database, place: Place) -> None:
    with database.transaction() as session:
        wish_id = make_wish(session, place, kind=Kind.SERVICE)
        claims.claim(session, wish_id=wish_id, actor=place.member, now=utc_now(), volunteer_id=place.member_id)
        code = code_of(session, wish_id)
    member, worker = Person(app, place.member.grants), Person(app, place.social_worker.grants)
    wish, page = f"/c/{place.slug}/wishes/{code}", f"/c/{place.slug}/wishes/{code}/appointment"
    assert page in member.get(wish).text and page in worker.get(wish).text
    assert "没有记下" in member.post(page, page, starts_at="soon", place="社区活动室", who="两人").text
    at = local(utc_now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    assert member.post(page, page, starts_at=at, place="社区活动室", who="两人").status_code == 302
    assert "待确认" in worker.get(page).text
    worker.post(f"{page}/agree", page)
    assert "待确认" not in worker.get(page).text
    with database.transaction() as session:
        session.execute(sa.update(Appointment).values(starts_at=datetime.now(UTC) - timedelta(hours=1)))
    refused = worker.post(f"{page}/no-show", page, absent="nobody", reason="x")
    assert refused.status_code == 422
    for person in (worker, member):
        assert person.post(f"{page}/attended", page).status_code == 302
    with database.reading() as session:
        assert session.execute(sa.select(col(Wish.status)).where(col(Wish.id) == wish_id)).scalar_one() == "delivered"
    assert Person(app, (place.grant(place.coordinator.grants[0].role),)).client.get(page).status_code == 409
    assert Person(app, place.volunteer.grants).client.get(page).status_code == 404
