"""Between the shop and the child two people look at every thing, by a list, and what does not pass goes back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from tests.claims.verbs.left import events_of, row
from tests.custody.conftest import Crew, bought, claimed
from tests.custody.photographs import small_photograph
from tests.factories import NOW
from wishes.claims import actions as claims
from wishes.custody.actions import buy, check_on_the_spot, fail, look_over
from wishes.custody.checklists import add_check, added, checks_of, end_check, shipped
from wishes.custody.pictures import Photo, empty_pictures, opened, sweep_pictures
from wishes.custody.queries import ChecksMissing, first_looks, looks, passed, pictures_of
from wishes.custody.tables import CustodyPicture, Look
from wishes.errors import Forbidden, Invalid, NotFound, NotPossibleNow
from wishes.intake.tables import Wish
from wishes.lifecycle import Kind, Status
from wishes.model import table_of
from wishes.protection.keyring import create_keyring, read_keyring
from wishes.web.wording import CATEGORY

LATER = NOW + timedelta(hours=1)


def status_of(session: Session, wish_id: int) -> Status:
    return Status(row(session, Wish, wish_id).status)


def all_hold(session: Session, crew: Crew, category: str = "study") -> dict[str, bool]:
    return {check.key: True for check in checks_of(session, crew.place.id, category)}


def test_one_persons_word_is_not_enough_and_the_same_person_cannot_be_the_second(session: Session, crew: Crew) -> None:
    wish_id = bought(session, crew)
    assert look_over(session, wish_id=wish_id, actor=crew.inspector, now=NOW).moved is None
    again = look_over(session, wish_id=wish_id, actor=crew.inspector, now=LATER)
    assert again.again and again.moved is None
    assert status_of(session, wish_id) is Status.READY and not passed(session, wish_id)
    assert first_looks(session, [wish_id]) == {wish_id: crew.inspector.account_id}
    with pytest.raises(ChecksMissing):
        claims.step(session, "inspect", wish_id=wish_id, actor=crew.coordinator, now=LATER)
    done = look_over(session, wish_id=wish_id, actor=crew.other, now=LATER).moved
    assert done is not None and done.new is Status.INSPECTED and passed(session, wish_id)
    assert [event.action for event in events_of(session, wish_id)] == ["claim", "prepare", "first_look", "inspect"]
    told = looks(session, wish_id)[0]
    assert told.state is Look.PASSED and told.first_id == crew.inspector.account_id and told.second_at == LATER


def test_a_line_that_does_not_hold_stops_it(session: Session, crew: Crew) -> None:
    wish_id = bought(session, crew, category="toy")
    answers = all_hold(session, crew, "toy") | {"ccc": False}
    with pytest.raises(Invalid) as refused:
        look_over(session, wish_id=wish_id, actor=crew.inspector, now=NOW, answers=answers)
    assert "CCC" in refused.value.say("zh") and "CCC" in refused.value.say("en")
    assert first_looks(session, [wish_id]) == {}


@pytest.mark.parametrize("who", ["inspector", "other"])
def test_what_does_not_pass_goes_back_to_the_taker_and_is_looked_at_anew_when_bought_anew(
    session: Session, crew: Crew, who: str
) -> None:
    wish_id = bought(session, crew)
    look_over(session, wish_id=wish_id, actor=crew.inspector, now=NOW)
    with pytest.raises(Invalid):
        fail(session, wish_id=wish_id, actor=crew.other, now=LATER, reason=" ")
    fail(session, wish_id=wish_id, actor=getattr(crew, who), now=LATER, reason="拉链坏了，请换，电话13800001111")
    assert status_of(session, wish_id) is Status.CLAIMED
    assert looks(session, wish_id)[0].state is Look.FAILED and "13800001111" not in looks(session, wish_id)[0].reason
    claims.step(session, "prepare", wish_id=wish_id, actor=crew.member, now=LATER + timedelta(days=1))
    assert look_over(session, wish_id=wish_id, actor=crew.other, now=LATER + timedelta(days=2)).moved is None
    assert not passed(session, wish_id)


def test_a_first_look_at_the_former_thing_does_not_count_for_the_new_one(session: Session, crew: Crew) -> None:
    wish_id = bought(session, crew)
    look_over(session, wish_id=wish_id, actor=crew.inspector, now=NOW)
    claims.step(session, "fail_inspection", wish_id=wish_id, actor=crew.coordinator, now=LATER, reason="颜色不对")
    claims.step(session, "prepare", wish_id=wish_id, actor=crew.member, now=LATER)
    after = LATER + timedelta(hours=1)
    assert first_looks(session, [wish_id]) == {}
    assert look_over(session, wish_id=wish_id, actor=crew.other, now=after).moved is None
    assert [look.state for look in looks(session, wish_id)] == [Look.FIRST, Look.OVER]


def test_only_inspectors_and_who_coordinates_look_things_over(session: Session, crew: Crew) -> None:
    wish_id = bought(session, crew)
    for person in (crew.courier, crew.member, crew.worker):
        with pytest.raises(Forbidden):
            look_over(session, wish_id=wish_id, actor=person, now=NOW)
    with pytest.raises(Forbidden):  # who has no account cannot be one of two people
        look_over(session, wish_id=wish_id, actor=crew.place.coordinator, now=NOW)


def test_direct_delivery_skips_the_warehouse_but_not_the_two_people(session: Session, crew: Crew) -> None:
    wish_id, answers = claimed(session, crew), all_hold(session, crew)
    for second in ("", "某", "x" * 41):
        with pytest.raises(Invalid), session.begin_nested():
            check_on_the_spot(session, wish_id=wish_id, actor=crew.member, now=NOW, answers=answers, second_name=second)
    with pytest.raises(Invalid), session.begin_nested():
        check_on_the_spot(session, wish_id=wish_id, actor=crew.member, now=NOW, answers={}, second_name="支委甲")
    with pytest.raises(Forbidden), session.begin_nested():
        check_on_the_spot(session, wish_id=wish_id, actor=crew.courier, now=NOW, answers=answers, second_name="支委甲")
    for _ in range(2):  # said twice, it is so once
        check_on_the_spot(session, wish_id=wish_id, actor=crew.member, now=NOW, answers=answers, second_name="支委甲")
    assert status_of(session, wish_id) is Status.READY and passed(session, wish_id)
    told = looks(session, wish_id)
    assert len(told) == 1 and told[0].on_the_spot and told[0].second == "支委甲"
    assert all("支委甲" not in str(event.data) for event in events_of(session, wish_id))


def test_company_has_nothing_to_look_over(session: Session, crew: Crew) -> None:
    wish_id = claimed(session, crew, kind=Kind.SERVICE)
    with pytest.raises(NotPossibleNow):
        check_on_the_spot(session, wish_id=wish_id, actor=crew.member, now=NOW, answers={}, second_name="支委甲")


def test_the_receipt_is_kept_sealed_with_the_price_and_goes_with_the_child(
    session: Session, crew: Crew, tmp_path: Path
) -> None:
    create_keyring(tmp_path / "keys")
    photo = Photo(small_photograph(), tmp_path / "uploads", read_keyring(tmp_path / "keys"))
    wish_id = claimed(session, crew)
    buy(session, wish_id=wish_id, actor=crew.member, now=NOW, spent_fen=8_550, receipt=photo)
    assert events_of(session, wish_id)[-1].data == {"spent_fen": 8_550}
    (kept,) = pictures_of(session, wish_id)
    picture = opened(session, kept.uid, uploads=photo.uploads, keyring=photo.keyring)
    assert picture.startswith(b"\xff\xd8") and b"must not be told" not in picture
    (file,) = (tmp_path / "uploads" / "custody").iterdir()
    assert picture[:64] not in file.read_bytes()
    empty_pictures(session, [crew.place.child_id])
    sweep_pictures(session, photo.uploads)
    assert pictures_of(session, wish_id) == [] and not file.exists()
    with pytest.raises(NotFound):
        opened(session, kept.uid, uploads=photo.uploads, keyring=photo.keyring)


def test_what_is_no_picture_is_refused_and_leaves_nothing(session: Session, crew: Crew, tmp_path: Path) -> None:
    create_keyring(tmp_path / "keys")
    wish_id = bought(session, crew)
    photo = Photo(b"<svg onload=alert(1)>", tmp_path / "uploads", read_keyring(tmp_path / "keys"))
    with pytest.raises(Invalid), session.begin_nested():
        fail(session, wish_id=wish_id, actor=crew.inspector, now=NOW, reason="破了", photo=photo)
    assert status_of(session, wish_id) is Status.READY
    assert session.execute(sa.select(sa.func.count()).select_from(table_of(CustodyPicture))).scalar_one() == 0


def test_every_category_has_a_list_that_names_each_thing_once() -> None:
    assert {check.category for check in shipped()} <= {"*", *CATEGORY}
    for category in CATEGORY:
        keys = [check.key for check in shipped() if check.category in ("*", category)]
        assert len(keys) >= 3 and len(set(keys)) == len(keys)
    toy = {check.key for check in shipped() if check.category == "toy"}
    assert {"ccc", "sealed"} <= toy
    assert "size" in {check.key for check in shipped() if check.category == "clothing"}


def test_a_coordinator_adds_a_line_and_ends_it_again(session: Session, crew: Crew) -> None:
    known = frozenset(CATEGORY)
    more = {"campaign_id": crew.place.id, "zh": "电池已装好", "en": "Batteries are in", "known": known, "now": NOW}
    for person in (crew.inspector, crew.worker):
        with pytest.raises(Forbidden):
            add_check(session, category="toy", actor=person, **more)
    with pytest.raises(Invalid):
        add_check(session, category="no such", actor=crew.coordinator, **more)
    check_id = add_check(session, category="toy", actor=crew.coordinator, **more)
    wish_id = bought(session, crew, category="toy")
    with pytest.raises(Invalid):
        look_over(
            session, wish_id=wish_id, actor=crew.inspector, now=NOW,
            answers={check.key: check.added_id is None for check in checks_of(session, crew.place.id, "toy")},
        )  # fmt: skip
    assert all(check.added_id is None for check in checks_of(session, crew.place.id, "book"))
    ending = {"campaign_id": crew.place.id, "check_id": check_id, "actor": crew.coordinator, "now": NOW}
    assert [end_check(session, **ending) for _ in range(2)] == [True, False]
    assert added(session, crew.place.id) == ()
    with pytest.raises(NotFound):
        end_check(session, **(ending | {"check_id": check_id + 1_000}))
