"""The scanning desk: batches by scanner gun, undo, and counts of the stock whose differences stay on record."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlmodel import Session, col

from tests.custody.conftest import Crew, bought, crew_of
from tests.factories import NOW, Place, code_of, make_campaign
from tests.web.people import Person
from wishes.access import Role
from wishes.claims import actions as claims
from wishes.clock import utc_now
from wishes.custody.actions import look_over
from wishes.custody.counting import CountOver, Difference, close_count, count_thing, counts, start_count
from wishes.custody.desk import AT_ONCE, Answer, Mode, Task, TooManyAtOnce, take, undo
from wishes.custody.packing import new_box, receive
from wishes.custody.stock import box
from wishes.db import Database
from wishes.errors import Forbidden, NotFound
from wishes.handover.actions import issue_codes
from wishes.handover.keys import signing_keys
from wishes.handover.tokens import PublicKeys, human_code, scan_url
from wishes.intake.tables import Wish
from wishes.lifecycle import Status
from wishes.protection.keyring import create_keyring, read_keyring
from wishes.settings import Settings


class Shed:
    """A warehouse on a real database, with labels that are really signed."""

    def __init__(self, database: Database, settings: Settings) -> None:
        create_keyring(settings.keys_dir)
        self.database, self.ring = database, read_keyring(settings.keys_dir)
        with database.transaction() as session:
            self.crew = crew_of(session, make_campaign(session))

    @property
    def keys(self) -> PublicKeys:
        return signing_keys(self.ring)[1]

    def things(self, number: int, *, looked: bool = True) -> list[tuple[int, str, str]]:
        """Id, code and the address in the label's QR of so many things."""
        made = []
        with self.database.transaction() as session:
            for _ in range(number):
                wish_id = bought(session, self.crew)
                for person in (self.crew.inspector, self.crew.other) if looked else ():
                    look_over(session, wish_id=wish_id, actor=person, now=NOW)
                codes = issue_codes(session, wish_id=wish_id, signer=signing_keys(self.ring)[0], now=NOW)
                made.append((wish_id, code_of(session, wish_id), scan_url("https://wish.example", codes.label)))
        return made

    def take(self, mode: Mode, target: object, scanned: list[str]) -> list[Answer]:
        task = Task(self.crew.place.id, mode, str(target))
        return take(self.database, task, scanned, actor=self.crew.inspector, keys=self.keys, now=utc_now())

    def box(self) -> int:
        with self.database.transaction() as session:
            place = self.crew.place
            return new_box(
                session, campaign_id=place.id, community_id=place.community_id, actor=self.crew.inspector, now=NOW
            )


@pytest.fixture
def shed(database: Database, settings: Settings) -> Shed:
    return Shed(database, settings)


def test_these_forty_are_in_box_seventeen(shed: Shed) -> None:
    made, box_id = shed.things(40), shed.box()
    answers = shed.take(Mode.BOX, box_id, [url for _, _, url in made])
    assert {one.outcome for one in answers} == {"done"} and [one.code for one in answers] == [
        code for _, code, _ in made
    ]
    again = shed.take(Mode.BOX, box_id, [made[0][1], made[1][2].upper()])
    assert [one.outcome for one in again] == ["already", "already"]
    with shed.database.reading() as session:
        assert box(session, shed.crew.place.id, box_id)[0].things == 40
    task = Task(shed.crew.place.id, Mode.BOX, str(box_id))
    assert [undo(shed.database, task, made[0][1], actor=shed.crew.inspector, now=NOW) for _ in range(2)] == [
        True,
        False,
    ]
    with shed.database.reading() as session:
        assert box(session, shed.crew.place.id, box_id)[0].things == 39


def test_one_that_is_refused_does_not_undo_the_others(shed: Shed) -> None:
    good, unseen = shed.things(2), shed.things(1, looked=False)
    forged = good[0][2][:-4] + "AAAA"
    answers = shed.take(
        Mode.BOX, shed.box(), [good[0][2], unseen[0][1], forged, "W999999", "", "x" * 5_000, good[1][1]]
    )
    assert [one.outcome for one in answers] == ["done", "refused", "refused", "refused", "refused", "done"]
    assert all(one.say("zh") and one.say("en") for one in answers)
    with pytest.raises(TooManyAtOnce):
        shed.take(Mode.SHELF, "A-1", ["x"] * (AT_ONCE + 1))
    assert shed.take(Mode.BOX, "nonsense", [good[0][1]])[0].outcome == "refused"


def test_a_label_of_another_campaign_and_people_from_outside_get_nothing(shed: Shed, settings: Settings) -> None:
    (mine,) = shed.things(1)
    with shed.database.transaction() as session:
        other = crew_of(session, make_campaign(session))
    task = Task(other.place.id, Mode.SHELF, "A-1")
    answers = take(shed.database, task, [mine[2], mine[1]], actor=other.inspector, keys=shed.keys, now=NOW)
    assert {one.outcome for one in answers} == {"refused"} and all(mine[1] != one.code for one in answers)
    with pytest.raises(Forbidden):
        take(shed.database, task, [mine[1]], actor=shed.crew.inspector, keys=shed.keys, now=NOW)


def test_the_short_code_of_a_label_works_where_its_picture_does(shed: Shed) -> None:
    (thing,) = shed.things(1)
    with shed.database.transaction() as session:
        codes = issue_codes(session, wish_id=thing[0], signer=signing_keys(shed.ring)[0], now=NOW)
    (answer,) = shed.take(Mode.SHELF, "a-1", [human_code(codes.label)])
    assert (answer.outcome, answer.code) == ("done", thing[1]) and "A-1" in answer.say("zh")


def a_count(session: Session, crew: Crew, shelf: str = "") -> int:
    return start_count(session, campaign_id=crew.place.id, shelf=shelf, actor=crew.inspector, now=NOW)


def test_a_count_tells_what_is_missing_misplaced_unregistered_and_should_not_be_there(
    session: Session, crew: Crew
) -> None:
    there, missing, misplaced, unregistered, cancelled, elsewhere = (bought(session, crew) for _ in range(6))
    for wish_id, shelf in ((there, "A"), (missing, "A"), (misplaced, "B"), (cancelled, "A"), (elsewhere, "C")):
        receive(session, wish_id=wish_id, shelf=shelf, actor=crew.inspector, now=NOW)
    claims.cancel(session, wish_id=cancelled, actor=crew.coordinator, now=NOW, reason="孩子不再需要")
    count_id = a_count(session, crew, "a")
    for wish_id in (there, misplaced, unregistered, cancelled):
        seen = [count_thing(session, count_id=count_id, wish_id=wish_id, actor=crew.inspector, now=NOW) for _ in "ab"]
        assert seen == [True, False]
    found = close_count(session, count_id=count_id, actor=crew.other, now=NOW)
    assert {one["wish"]: Difference(one["kind"]) for one in found} == {
        missing: Difference.MISSING,
        misplaced: Difference.MISPLACED,
        unregistered: Difference.UNREGISTERED,
        cancelled: Difference.UNEXPECTED,
    }
    assert close_count(session, count_id=count_id, actor=crew.other, now=NOW) == found
    (line,) = counts(session, crew.place.id)
    assert (line.expected, line.seen, line.shelf) == (2, 4, "A") and line.differences == found
    with pytest.raises(CountOver):
        count_thing(session, count_id=count_id, wish_id=missing, actor=crew.inspector, now=NOW)


def test_a_shelf_that_is_as_believed_has_no_differences(session: Session, crew: Crew) -> None:
    wish_id = bought(session, crew)
    receive(session, wish_id=wish_id, shelf="A", actor=crew.inspector, now=NOW)
    count_id = a_count(session, crew)
    count_thing(session, count_id=count_id, wish_id=wish_id, actor=crew.inspector, now=NOW)
    assert close_count(session, count_id=count_id, actor=crew.inspector, now=NOW) == []
    with pytest.raises(NotFound):
        close_count(session, count_id=count_id + 1_000, actor=crew.inspector, now=NOW)


def status_of(database: Database, wish_id: int) -> Status:
    with database.reading() as session:
        return Status(session.execute(sa.select(col(Wish.status)).where(col(Wish.id) == wish_id)).scalar_one())


def test_boxes_are_made_filled_loaded_and_sent_off_on_their_pages_without_scripts(app: Flask, shed: Shed) -> None:
    place, (first, second) = shed.crew.place, shed.things(2)
    courier, base = Person(app, (place.grant(Role.COURIER),)), f"/c/{place.slug}/rounds"
    made = courier.post(f"{base}/boxes", f"{base}/boxes", community=str(place.community_id))
    page = made.location
    box_id = page.rsplit("/", 1)[1]
    courier.post(f"{base}/desk/scan", page, mode="box", target=box_id, codes=f"{first[1]} {second[2]} W000000")
    told = courier.get(page).text
    assert first[1] in told and second[1] in told and "箱里 2 件" in told and "W000000" in told
    courier.post(f"{base}/desk/undo", page, mode="box", target=box_id, code=second[1])
    assert "箱里 1 件" in courier.get(page).text
    shipment = courier.post(f"{base}/shipments", f"{base}/boxes", carrier="青年车队", route="县城 → 一村").location
    courier.post(f"{shipment}/load", shipment, where="on", ids=box_id)
    assert "第 1 社区" in courier.get(shipment).text
    courier.post(f"{shipment}/leave", shipment)
    assert "已出发" in courier.get(shipment).text and "已出发" in courier.get(page).text
    assert status_of(shed.database, first[0]) is Status.IN_TRANSIT
    assert status_of(shed.database, second[0]) is Status.INSPECTED


def test_a_count_on_its_page_names_the_next_step_of_every_difference(app: Flask, shed: Shed) -> None:
    place, (there, lost) = shed.crew.place, shed.things(2)
    inspector, base = Person(app, (place.grant(Role.INSPECTOR),)), f"/c/{place.slug}/rounds"
    desk = f"{base}/desk"
    inspector.post(f"{desk}/scan", desk, mode="shelf", target="A-1", codes=f"{there[1]} {lost[1]}")
    assert "已放到 A-1 架" in inspector.get(f"{desk}?shelf=A-1").text
    page = inspector.post(f"{base}/counts", f"{base}/counts", shelf="A-1").location
    inspector.post(f"{desk}/scan", page, mode="count", target=page.rsplit("/", 1)[1], codes=there[1])
    assert "已扫 1 件" in inspector.get(page).text
    inspector.post(f"{page}/close", page)
    told = inspector.get(page).text
    assert lost[1] in told and "账上有，没扫到" in told and "登记遗失" in told
    assert "不符 1" in inspector.get(f"{base}/counts").text


@pytest.mark.parametrize("body", [[], "x", {"mode": "no such"}, {"mode": "box", "target": "x" * 99, "codes": {"a": 1}}])
def test_nonsense_sent_to_the_desk_is_refused_and_crashes_nothing(app: Flask, place: Place, body: Any) -> None:
    person = Person(app, (place.grant(Role.INSPECTOR),))
    page = person.get(f"/c/{place.slug}/rounds/desk").text
    token = page.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
    for where in ("scan", "undo"):
        answer = person.client.post(f"/c/{place.slug}/rounds/desk/{where}", json=body, headers={"X-CSRFToken": token})
        assert answer.status_code < 500
    assert person.client.post(f"/c/{place.slug}/rounds/desk/scan", json=body).status_code == 400
