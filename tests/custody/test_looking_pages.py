"""The pages between the shop and the child: bought with a receipt, looked over by two people, on the spot, and the checklists."""

from __future__ import annotations

import io

import pytest
from flask import Flask

from tests.custody.photographs import small_photograph
from tests.factories import Place, code_of, make_wish
from tests.web.people import Person
from wishes.access import Role
from wishes.claims import actions as claims
from wishes.clock import utc_now
from wishes.custody.checklists import shipped
from wishes.custody.queries import passed, pictures_of
from wishes.db import Database
from wishes.intake.wishes import wish_by_code

ALL = [check.key for check in shipped() if check.category in ("*", "study")]


@pytest.fixture
def claimed(app: Flask, database: Database, place: Place) -> str:
    with database.transaction() as session:
        wish_id = make_wish(session, place)
        claims.claim(session, wish_id=wish_id, actor=place.member, now=utc_now(), volunteer_id=place.member_id)
        return code_of(session, wish_id)


def status_of(database: Database, place: Place, code: str) -> str:
    with database.reading() as session:
        return wish_by_code(session, place.id, code).status


def test_the_taker_says_what_it_cost_and_shows_the_receipt_to_who_may_see_it(
    app: Flask, database: Database, place: Place, claimed: str
) -> None:
    member, page = Person(app, place.member.grants), f"/c/{place.slug}/wishes/{claimed}/bought"
    assert "/bought" in member.get(f"/c/{place.slug}/wishes/{claimed}").text
    assert member.post(page, page).status_code == 422
    for said in ("abc", "-3"):
        assert "没有登记" in member.post(page, page, spent=said).text
    sent = member.post(page, page, spent="85.5", photo=(io.BytesIO(small_photograph()), "r.jpg"))
    assert sent.status_code == 302 and status_of(database, place, claimed) == "ready"
    with database.reading() as session:
        row = wish_by_code(session, place.id, claimed)
        (kept,) = pictures_of(session, row.id)
    picture = f"/c/{place.slug}/pictures/{kept.uid}"
    for person, seen in (
        (member, 200),
        (Person(app, (place.grant(Role.INSPECTOR),)), 200),
        (Person(app, (place.grant(Role.AUDITOR),)), 200),
        (Person(app, place.social_worker.grants), 403),
        (Person(app, place.volunteer.grants), 404),
    ):
        answer = person.client.get(picture)
        assert answer.status_code == seen
        assert seen != 200 or ("no-store" in answer.headers["Cache-Control"] and answer.content_type == "image/jpeg")
    assert member.get(page).status_code == 409


def test_two_inspectors_pass_it_and_a_third_look_is_not_needed(
    app: Flask, database: Database, place: Place, claimed: str
) -> None:
    with database.transaction() as session:
        row = wish_by_code(session, place.id, claimed)
        claims.step(session, "prepare", wish_id=row.id, actor=place.member, now=utc_now())
    first, second = (Person(app, (place.grant(Role.INSPECTOR),)) for _ in range(2))
    page = f"/c/{place.slug}/rounds/check/{claimed}"
    assert page in first.get(f"/c/{place.slug}/rounds").text
    assert "没有记下" in first.post(page, page, verdict="pass", checks=ALL[:1]).text
    assert first.post(page, page, verdict="pass", checks=ALL).status_code == 302
    assert "您已查过一遍" in first.get(page).text and "请您复核" in second.get(page).text
    assert status_of(database, place, claimed) == "ready"
    assert second.post(page, page, verdict="pass", checks=ALL).status_code == 302
    assert status_of(database, place, claimed) == "inspected"
    sent = second.post(page, page, verdict="fail", reason="背带断了", photo=(io.BytesIO(small_photograph()), "x.jpg"))
    assert sent.status_code == 302 and status_of(database, place, claimed) == "claimed"
    told = Person(app, place.member.grants).get(f"/c/{place.slug}/wishes/{claimed}").text
    assert "背带断了" in told


def test_many_are_looked_over_at_once_by_one_and_confirmed_by_another(
    app: Flask, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        ids = [make_wish(session, place) for _ in range(3)]
        for wish_id in ids:
            claims.claim(session, wish_id=wish_id, actor=place.member, now=utc_now(), volunteer_id=place.member_id)
            claims.step(session, "prepare", wish_id=wish_id, actor=place.member, now=utc_now())
    page = f"/c/{place.slug}/rounds"
    for said in ("3 件已记下第一次查验", "已处理 3 个心愿"):
        person = Person(app, (place.grant(Role.INSPECTOR),))
        person.post(page, page, action="inspect", ids=[str(i) for i in ids], status="ready")
        assert said in person.get(page).text


def test_who_brings_it_directly_names_the_second_person_first(
    app: Flask, database: Database, place: Place, claimed: str
) -> None:
    member, page = Person(app, place.member.grants), f"/c/{place.slug}/wishes/{claimed}/checks"
    refused = member.post(page, page, checks=ALL, second_name="")
    assert refused.status_code == 422 and "另一位在场责任人" in refused.text
    assert status_of(database, place, claimed) == "claimed"
    assert member.post(page, page, checks=ALL, second_name="支委甲").status_code == 302
    assert status_of(database, place, claimed) == "ready"
    with database.reading() as session:
        assert passed(session, wish_by_code(session, place.id, claimed).id)
    assert "已经查验合格" in member.get(page).text
    assert Person(app, (place.grant(Role.COURIER),)).client.get(page).status_code == 403


def test_a_coordinator_keeps_the_checklists_and_others_read_them(app: Flask, place: Place) -> None:
    coordinator, page = Person(app, place.coordinator.grants), f"/c/{place.slug}/rounds/checklists"
    assert "CCC" in coordinator.get(page).text
    assert "没有加入" in coordinator.post(page, page, category="toy", zh="电").text
    coordinator.post(page, page, category="toy", zh="电池已装好")
    assert "电池已装好" in coordinator.get(page).text
    inspector = Person(app, (place.grant(Role.INSPECTOR),))
    assert "电池已装好" in inspector.get(page).text and 'id="add-check"' not in inspector.get(page).text
