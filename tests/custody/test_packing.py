"""Onto a shelf, into a box, onto a shipment, on its way; each undone again; and what cannot leave, does not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col

from tests.claims.verbs.left import events_of, row
from tests.custody.conftest import Crew, bought
from tests.factories import NOW, insert, make_wish
from wishes.claims import actions as claims
from wishes.custody.actions import look_over
from wishes.custody.packing import (
    load,
    new_box,
    new_shipment,
    pack,
    receive,
    send_off,
    unpack,
    unreceive,
)
from wishes.custody.refusals import (
    InOtherBox,
    NotHere,
    NotReadyToLeave,
    OtherVillage,
    ShipmentGone,
    SiblingElsewhere,
)
from wishes.custody.stock import box, boxes, shipments, things
from wishes.custody.tables import Parcel
from wishes.errors import Forbidden, Invalid, NotFound
from wishes.intake.tables import Child, Household, Wish
from wishes.lifecycle import Kind, Status

LATER = NOW + timedelta(hours=1)


def inspected(session: Session, crew: Crew, **more: Any) -> int:
    wish_id = bought(session, crew, **more)
    for person in (crew.inspector, crew.other):
        look_over(session, wish_id=wish_id, actor=person, now=NOW)
    return wish_id


def another_child(session: Session, crew: Crew) -> int:
    return insert(
        session, Child, campaign_id=crew.place.id, community_id=crew.place.community_id,
        household_id=insert(session, Household, campaign_id=crew.place.id), alias="儿童 乙", sex="M", birth_year=2012, created_at=NOW,
    )  # fmt: skip


def of_another_child(session: Session, crew: Crew, wish_id: int) -> int:
    session.execute(sa.update(Wish).where(col(Wish.id) == wish_id).values(child_id=another_child(session, crew)))
    return wish_id


def a_box(session: Session, crew: Crew, *, elsewhere: bool = False) -> int:
    community = crew.place.other_community_id if elsewhere else crew.place.community_id
    return new_box(session, campaign_id=crew.place.id, community_id=community, actor=crew.inspector, now=NOW)


def a_shipment(session: Session, crew: Crew) -> int:
    return new_shipment(
        session, campaign_id=crew.place.id, carrier="青年车队", route="县城 → 一村", actor=crew.inspector, now=NOW
    )


def status_of(session: Session, wish_id: int) -> Status:
    return Status(row(session, Wish, wish_id).status)


def test_a_thing_lies_on_one_shelf_and_saying_it_twice_changes_nothing(session: Session, crew: Crew) -> None:
    wish_id = bought(session, crew)
    putting = {"wish_id": wish_id, "actor": crew.inspector, "now": LATER}
    assert [receive(session, shelf=shelf, **putting) for shelf in ("a-3", "A-3 ", "B-1")] == [True, False, True]
    assert [thing.shelf for thing in things(session, col(Wish.id) == wish_id)] == ["B-1"]
    assert [unreceive(session, **putting) for _ in range(2)] == [True, False]
    told = [(event.action, event.data.get("shelf")) for event in events_of(session, wish_id)][2:]
    assert told == [("receive", "A-3"), ("receive", "B-1"), ("unreceive", "B-1")]
    for wrong in ("", " ", "x" * 21):
        with pytest.raises(Invalid):
            receive(session, shelf=wrong, **putting)
    for person in (crew.member, crew.worker):
        with pytest.raises(Forbidden):
            receive(session, shelf="A", wish_id=wish_id, actor=person, now=LATER)
    with pytest.raises(NotHere):
        receive(
            session,
            shelf="A",
            wish_id=make_wish(session, crew.place, status=Status.OPEN),
            actor=crew.inspector,
            now=LATER,
        )
    with pytest.raises(NotHere):
        receive(
            session,
            shelf="A",
            wish_id=make_wish(session, crew.place, kind=Kind.SERVICE),
            actor=crew.inspector,
            now=LATER,
        )


def test_only_what_two_people_passed_goes_into_a_box_of_its_village(session: Session, crew: Crew) -> None:
    here, there = a_box(session, crew), a_box(session, crew, elsewhere=True)
    unseen, good = bought(session, crew), inspected(session, crew)
    packing = {"actor": crew.inspector, "now": LATER}
    with pytest.raises(NotHere) as refused:
        pack(session, box_id=here, wish_id=unseen, **packing)
    assert "两人查验" in refused.value.say("zh") and "Two people" in refused.value.say("en")
    with pytest.raises(OtherVillage):
        pack(session, box_id=there, wish_id=good, **packing)
    with pytest.raises(NotFound):
        pack(session, box_id=here + 1_000, wish_id=good, **packing)
    assert [pack(session, box_id=here, wish_id=good, **packing) for _ in range(2)] == [True, False]
    line, inside = box(session, crew.place.id, here)
    assert (line.things, line.stuck, [thing.wish_id for thing in inside]) == (1, 0, [good])
    assert [unpack(session, wish_id=good, **packing) for _ in range(2)] == [True, False]
    assert [event.action for event in events_of(session, good)][-2:] == ["pack", "unpack"]


def test_one_childs_things_lie_together_unless_they_do_not_fit(session: Session, crew: Crew) -> None:
    first, second = a_box(session, crew), a_box(session, crew)
    bag, bicycle = inspected(session, crew), inspected(session, crew)
    stranger = of_another_child(session, crew, inspected(session, crew))
    packing = {"actor": crew.courier, "now": LATER}
    pack(session, box_id=first, wish_id=bag, **packing)
    with pytest.raises(SiblingElsewhere) as refused:
        pack(session, box_id=second, wish_id=bicycle, **packing)
    assert "1 号箱" in refused.value.say("zh")
    pack(session, box_id=second, wish_id=bicycle, apart=True, **packing)
    pack(session, box_id=second, wish_id=stranger, **packing)
    with pytest.raises(InOtherBox):
        pack(session, box_id=first, wish_id=bicycle, **packing)
    assert [(line.number, line.things) for line in boxes(session, crew.place.id)] == [(2, 2), (1, 1)]


def test_a_shipment_leaves_with_all_its_boxes_in_one_move_and_only_once(session: Session, crew: Crew) -> None:
    shipment, full, empty = a_shipment(session, crew), a_box(session, crew), a_box(session, crew)
    ids = [inspected(session, crew) for _ in range(3)]
    for wish_id in ids:
        pack(session, box_id=full, wish_id=wish_id, actor=crew.inspector, now=LATER)
    leaving = {"shipment_id": shipment, "campaign_id": crew.place.id, "actor": crew.courier, "now": LATER}
    with pytest.raises(Invalid):
        send_off(session, **leaving)
    loading = {"campaign_id": crew.place.id, "actor": crew.courier}
    assert load(session, shipment_id=shipment, box_ids=[full, empty], **loading) == 2
    assert load(session, shipment_id=shipment, box_ids=[full, empty], **loading) == 0
    assert load(session, shipment_id=None, box_ids=[empty], **loading) == 1
    assert send_off(session, **leaving) == 3
    assert {status_of(session, wish_id) for wish_id in ids} == {Status.IN_TRANSIT}
    assert events_of(session, ids[0])[-1].data == {"shipment": 1} and events_of(session, ids[0])[-1].claim_id
    assert shipments(session, crew.place.id)[0].left_at == LATER
    for late in (
        lambda: send_off(session, **leaving),
        lambda: load(session, shipment_id=None, box_ids=[full], **loading),
        lambda: load(session, shipment_id=shipment, box_ids=[empty], **loading),
        lambda: pack(session, box_id=full, wish_id=inspected(session, crew), actor=crew.inspector, now=LATER),
        lambda: unpack(session, wish_id=ids[0], actor=crew.inspector, now=LATER),
    ):
        with pytest.raises(ShipmentGone):
            late()


def test_nothing_leaves_while_one_thing_in_the_boxes_may_not(session: Session, crew: Crew) -> None:
    shipment, full = a_shipment(session, crew), a_box(session, crew)
    good, given_back = inspected(session, crew), inspected(session, crew)
    for wish_id in (good, given_back):
        pack(session, box_id=full, wish_id=wish_id, actor=crew.inspector, now=LATER)
    load(session, shipment_id=shipment, box_ids=[full], campaign_id=crew.place.id, actor=crew.inspector)
    claims.release(session, wish_id=given_back, actor=crew.coordinator, now=LATER, reason="支部退出")
    leaving = {"shipment_id": shipment, "campaign_id": crew.place.id, "actor": crew.coordinator, "now": LATER}
    with pytest.raises(NotReadyToLeave), session.begin_nested():
        send_off(session, **leaving)
    assert status_of(session, good) is Status.INSPECTED and box(session, crew.place.id, full)[0].stuck == 1
    unpack(session, wish_id=given_back, actor=crew.inspector, now=LATER)
    assert send_off(session, **leaving) == 1


def test_what_comes_back_is_packed_again_and_what_fails_leaves_its_box(session: Session, crew: Crew) -> None:
    shipment, full = a_shipment(session, crew), a_box(session, crew)
    wish_id = inspected(session, crew)
    pack(session, box_id=full, wish_id=wish_id, actor=crew.inspector, now=LATER)
    load(session, shipment_id=shipment, box_ids=[full], campaign_id=crew.place.id, actor=crew.inspector)
    send_off(session, shipment_id=shipment, campaign_id=crew.place.id, actor=crew.courier, now=LATER)
    claims.step(session, "undeliverable", wish_id=wish_id, actor=crew.courier, now=LATER, reason="没有人在家")
    another = a_box(session, crew)
    assert pack(session, box_id=another, wish_id=wish_id, actor=crew.inspector, now=LATER)
    claims.step(session, "fail_inspection", wish_id=wish_id, actor=crew.inspector, now=LATER, reason="路上压坏了")
    assert box(session, crew.place.id, another)[0].things == 0
    assert session.execute(sa.select(col(Parcel.shelf)).where(col(Parcel.wish_id) == wish_id)).scalar_one() == ""


def test_boxes_and_shipments_are_the_campaigns_own(session: Session, crew: Crew) -> None:
    foreign = {"campaign_id": crew.place.id + 1_000, "actor": crew.inspector, "now": NOW}
    with pytest.raises(Forbidden):
        new_box(session, community_id=crew.place.community_id, **foreign)
    with pytest.raises(NotFound):
        new_box(session, campaign_id=crew.place.id, community_id=999_999, actor=crew.inspector, now=NOW)
    for carrier, route in (("", ""), ("x" * 41, ""), ("车队", "x" * 121)):
        with pytest.raises(Invalid):
            new_shipment(
                session, campaign_id=crew.place.id, carrier=carrier, route=route, actor=crew.inspector, now=NOW
            )
