"""Deadlines, notices and lapses on the coordinator's pages; one tap on the volunteer's and the social worker's."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlmodel import col

from tests.factories import Place, code_of, insert, make_campaign, make_wish
from tests.web.people import Person
from wishes.campaigns.queries import rules_of
from wishes.claims import actions as claims
from wishes.claims.tables import Branch, Volunteer
from wishes.clock import local_day, utc_now
from wishes.db import Database
from wishes.events.tables import Event
from wishes.intake.tables import Wish
from wishes.lifecycle import Kind, Status
from wishes.tracking.queries import open_clock
from wishes.tracking.tables import Notice


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return make_campaign(session, now=utc_now())


@pytest.fixture
def coordinator(app: Flask, place: Place) -> Person:
    return Person(app, place.coordinator.grants)


def claimed(database: Database, place: Place, *, kind: Kind = Kind.GOODS) -> tuple[int, str]:
    with database.transaction() as session:
        wish_id = make_wish(session, place, kind=kind)
        claims.claim(session, wish_id=wish_id, actor=place.volunteer, now=utc_now(), volunteer_id=place.volunteer_id)
        return wish_id, code_of(session, wish_id)


def status_of(database: Database, wish_id: int) -> Status:
    with database.reading() as session:
        return Status(session.execute(sa.select(col(Wish.status)).where(col(Wish.id) == wish_id)).scalar_one())


def test_one_tap_says_bought_and_leads_back_to_the_list(app: Flask, database: Database, place: Place) -> None:
    wish_id, code = claimed(database, place)
    volunteer, mine = Person(app, place.volunteer.grants), f"/c/{place.slug}/mine"
    assert f"/c/{place.slug}/wishes/{code}/prepare" in volunteer.get(mine).text
    answer = volunteer.post(f"/c/{place.slug}/wishes/{code}/prepare", mine, next=mine)
    assert answer.location == mine and status_of(database, wish_id) is Status.READY


def test_late_until_a_day_because_of_something_moves_the_deadline(app: Flask, database: Database, place: Place) -> None:
    wish_id, code = claimed(database, place)
    until = local_day(utc_now()) + timedelta(days=15)
    volunteer, mine = Person(app, place.volunteer.grants), f"/c/{place.slug}/mine"
    late = f"/c/{place.slug}/wishes/{code}/clock/postpone"
    assert late in volunteer.get(mine).text
    volunteer.post(late, mine, until=until.isoformat(), reason="缺货，在等", next=mine)
    with database.reading() as session:
        clock = open_clock(session, wish_id)
        assert clock is not None and local_day(clock.due_at) == until


def test_cannot_gives_it_back_with_the_reason(app: Flask, database: Database, place: Place) -> None:
    wish_id, code = claimed(database, place)
    volunteer, mine = Person(app, place.volunteer.grants), f"/c/{place.slug}/mine"
    volunteer.post(f"/c/{place.slug}/wishes/{code}/release", mine, reason="买不到", next=mine)
    assert status_of(database, wish_id) is Status.OPEN
    with database.reading() as session:
        reason = session.execute(sa.select(col(Event.reason)).where(col(Event.action) == "release")).scalar_one()
    assert reason == "买不到"


def test_a_form_leads_nowhere_outside_the_campaign(app: Flask, database: Database, place: Place) -> None:
    _, code = claimed(database, place)
    volunteer, page = Person(app, place.volunteer.grants), f"/c/{place.slug}/wishes/{code}"
    for target in ("https://example.org/", "//example.org", "/c/another/mine"):
        assert volunteer.post(f"{page}/clock/acknowledge", page, next=target).location == page


def test_an_agreed_visit_shows_its_day_to_both_sides(app: Flask, database: Database, place: Place) -> None:
    wish_id, code = claimed(database, place, kind=Kind.SERVICE)
    day = local_day(utc_now()) + timedelta(days=3)
    volunteer, mine = Person(app, place.volunteer.grants), f"/c/{place.slug}/mine"
    assert "/prepare" not in volunteer.get(mine).text, "company is not bought"
    volunteer.post(f"/c/{place.slug}/wishes/{code}/schedule", mine, scheduled_on=day.isoformat(), next=mine)
    assert status_of(database, wish_id) is Status.SCHEDULED
    for person, page in ((volunteer, mine), (Person(app, place.social_worker.grants), f"/c/{place.slug}/community")):
        assert day.isoformat() in person.get(page).text


def test_the_social_worker_sees_what_is_late_what_is_to_submit_and_records_feedback(
    app: Flask, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        arrived = make_wish(session, place, status=Status.DELIVERED)
        code = code_of(session, arrived)
        draft = code_of(session, make_wish(session, place, status=Status.DRAFT))
        elsewhere = code_of(session, make_wish(session, place, status=Status.DRAFT, elsewhere=True))
    worker, home = Person(app, place.social_worker.grants), f"/c/{place.slug}/community"
    page = worker.get(home).text
    assert draft in page and elsewhere not in page
    worker.post(f"/c/{place.slug}/wishes/{code}/close", home, rating="5", next=home)
    assert status_of(database, arrived) is Status.CLOSED


def test_the_deadlines_page_keeps_what_was_set_and_says_how_many_moved(
    coordinator: Person, database: Database, place: Place
) -> None:
    wish_id, _ = claimed(database, place)
    page = f"/c/{place.slug}/deadlines"
    answer = coordinator.post(
        page,
        page,
        **{
            "days-claimed": "12", "kind-claimed-0": "warn", "at-claimed-0": "0", "by-claimed-0": "sms",
            "kind-claimed-1": "reserve", "at-claimed-1": "2",
            "own-stage-0": "claimed", "own-category-0": "study", "own-community-0": "", "own-days-0": "6",
            "own-stage-1": "", "own-days-1": "",
            "key-day-0": "other", "key-other-0": "09-01", "key-lead-0": "7", "key-percent-0": "25", "key-day-1": "",
            "holidays": "2030-02-01 ~ 2030-02-03", "workdays": "2030-02-09",
        },
    )  # fmt: skip
    assert answer.status_code == 302 and "1 个正在计时的心愿改了期限" in coordinator.get(page).text
    with database.reading() as session:
        rules, clock = rules_of(session, place.id), open_clock(session, wish_id)
    assert clock is not None and clock.due_at - clock.opened_at == timedelta(days=6)
    first, second = rules.deadlines[Status.CLAIMED].ladder
    assert (first.channel, second.kind, second.hours) == ("sms", "reserve", 48)
    assert [(key.day, key.lead_days, key.factor) for key in rules.key_dates] == [("09-01", 7, 0.25)]
    assert len(rules.calendar.holidays) == 3 and len(rules.calendar.workdays) == 1
    shown = coordinator.get(page).text
    assert "2030-02-01 ~ 2030-02-03" in shown and 'value="09-01"' in shown


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"own-stage-0": "ready", "own-category-0": "", "own-community-0": "", "own-days-0": "3"}, "own-category-0"),
        ({"key-day-0": "other", "key-other-0": "31 May"}, "key-other-0"),
        ({"key-day-0": "06-01", "key-percent-0": "5"}, "key-percent-0"),
        ({"holidays": "next week"}, "holidays"),
        ({"holidays": "2030-02-01 ~ 2031-02-01"}, "holidays"),
        ({"days-ready": "many"}, "days-ready"),
    ],
)
def test_what_the_deadlines_page_cannot_use_is_named_and_kept_as_typed(
    coordinator: Person, place: Place, sent: dict[str, str], field: str
) -> None:
    page = f"/c/{place.slug}/deadlines"
    answer = coordinator.post(page, page, **sent)
    assert answer.status_code == 422 and f'href="#{field}"' in answer.text and f'id="{field}"' in answer.text
    assert list(sent.values())[-1] in answer.text


def test_the_reserve_is_set_on_the_page_and_not_below_what_it_gave_out(
    coordinator: Person, database: Database, place: Place
) -> None:
    page = f"/c/{place.slug}/deadlines"
    coordinator.post(f"{page}/reserve", page, reserve_count="30", reserve_yuan="2500.5")
    with database.transaction() as session:
        row = session.execute(
            sa.select(col(Branch.pledge_count), col(Branch.pledge_fen)).where(col(Branch.kind) == "reserve")
        ).one()
        assert tuple(row) == (30, 250_050)
        session.execute(sa.update(Branch).where(col(Branch.kind) == "reserve").values(used_count=10))
    assert coordinator.post(f"{page}/reserve", page, reserve_count="9").status_code == 422
    coordinator.post(f"{page}/reserve", page, reserve_count="12")
    with database.reading() as session:
        kept = session.execute(sa.select(col(Branch.pledge_count)).where(col(Branch.kind) == "reserve")).scalars()
        assert list(kept) == [12], "one reserve, changed"


def test_a_failed_notice_is_seen_and_sent_again_from_the_page(
    coordinator: Person, database: Database, place: Place
) -> None:
    now = utc_now()
    with database.transaction() as session:
        ids = [
            insert(
                session, Notice, campaign_id=place.id, effect_key=f"k{n}", kind="warn", state="failed", channel="email",
                problem="SMTP 550", attempts=tries, run_at=now, created_at=now,
            )
            for n, tries in enumerate((1, 10))
        ]  # fmt: skip
    page = f"/c/{place.slug}/notices"
    shown = coordinator.get(page + "?lang=en").text
    assert "Refused for good (SMTP 550)" in shown and "Gave up after 10 tries" in shown
    coordinator.post(f"{page}/retry", page, ids=str(ids[0]))
    with database.reading() as session:
        states = session.execute(sa.select(col(Notice.state)).order_by(col(Notice.id))).scalars()
        assert list(states) == ["queued", "failed"]


def test_a_lapse_is_excused_on_the_page_with_a_reason(coordinator: Person, database: Database, place: Place) -> None:
    wish_id, code = claimed(database, place)
    with database.transaction() as session:
        claims.lapse(session, wish_id=wish_id, now=utc_now())
    page = f"/c/{place.slug}/lapses"
    shown = coordinator.get(page).text
    assert code in shown
    action = shown.split('action="')[1:]
    excuse = next(part.split('"')[0] for part in action if "/excuse" in part)
    assert coordinator.post(excuse, page, reason="").status_code == 422
    coordinator.post(excuse, page, reason="住院了")
    with database.reading() as session:
        lapses = session.execute(
            sa.select(col(Volunteer.lapses)).where(col(Volunteer.id) == place.volunteer_id)
        ).scalar_one()
    assert lapses == 0 and "已免责" in coordinator.get(page).text
