"""A child that moved within the campaign's area: what is for it goes to its new village, by whom it concerns, on record."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlmodel import Session, col

from tests.claims.verbs.left import events_of, row
from tests.custody.conftest import Crew, crew_of
from tests.custody.test_packing import LATER, a_box, inspected
from tests.custody.test_setbacks import on_its_way
from tests.factories import NOW, Place, code_of, make_wish, signed_in
from tests.web.people import Person
from wishes.access import Actor, Role
from wishes.claims import actions as claims
from wishes.custody.packing import pack
from wishes.custody.readdressing import readdress
from wishes.custody.refusals import NotHere, OtherVillage
from wishes.custody.stock import box
from wishes.db import Database
from wishes.errors import Forbidden, Invalid
from wishes.handover.actions import hand_over, issue_codes
from wishes.handover.tokens import PublicKeys, TokenSigner
from wishes.intake.tables import Child, Community, Wish
from wishes.lifecycle import Kind, Status
from wishes.tracking.relay import relay
from wishes.tracking.tables import Notice

SIGNER = TokenSigner(1, bytes(range(32)))
KEYS = PublicKeys({1: SIGNER.public_key})


def sent_elsewhere(session: Session, crew: Crew, wish_id: int, actor: Actor | None = None) -> tuple[int, ...]:
    return readdress(
        session, wish_id=wish_id, community_id=crew.place.other_community_id, reason="搬到邻乡外婆家", now=LATER,
        actor=actor or crew.coordinator,
    ).wish_ids  # fmt: skip


def test_a_parcel_that_came_back_goes_to_the_new_village_and_its_label_stays_good(session: Session, crew: Crew) -> None:
    wish_id = inspected(session, crew)
    codes = issue_codes(session, wish_id=wish_id, signer=SIGNER, now=NOW)
    claims.step(session, "dispatch", wish_id=wish_id, actor=crew.courier, now=NOW)
    with pytest.raises(NotHere) as refused:
        sent_elsewhere(session, crew, wish_id)
    assert "孩子已搬离" in refused.value.say("zh")
    claims.step(session, "moved_away", wish_id=wish_id, actor=crew.courier, now=LATER, reason="全家搬走了")
    assert sent_elsewhere(session, crew, wish_id) == (wish_id,)
    wish, there = row(session, Wish, wish_id), row(session, Community, crew.place.other_community_id)
    assert (wish.community_id, wish.township_code, wish.county_code) == (
        there.id,
        there.township_code,
        there.county_code,
    )
    assert wish.status == Status.INSPECTED
    assert (
        session.execute(sa.select(col(Child.community_id)).where(col(Child.id) == wish.child_id)).scalar_one()
        == there.id
    )
    event = events_of(session, wish_id)[-1]
    assert (event.action, event.reason, event.actor_id) == ("readdress", "搬到邻乡外婆家", crew.coordinator.account_id)
    assert event.data == {"from": crew.place.community_id, "to": there.id, "box": None}
    with pytest.raises(OtherVillage):
        pack(session, box_id=a_box(session, crew), wish_id=wish_id, actor=crew.inspector, now=LATER)
    assert pack(session, box_id=a_box(session, crew, elsewhere=True), wish_id=wish_id, actor=crew.inspector, now=LATER)
    again = LATER + timedelta(hours=1)
    claims.step(session, "dispatch", wish_id=wish_id, actor=crew.courier, now=again)
    done = hand_over(
        session, uid="at-the-new-door", actor=crew.courier, now=again, signer=SIGNER, keys=KEYS, label=codes.label.text,
        receipt=codes.receipt.text,
    )  # fmt: skip
    assert done.state == "confirmed"


def test_the_old_box_loses_it_and_what_else_waits_for_the_child_goes_with_it(session: Session, crew: Crew) -> None:
    first, full = inspected(session, crew), a_box(session, crew)
    child_id = row(session, Wish, first).child_id
    sibling = inspected(session, crew)
    under_way, waiting, delivered = (
        make_wish(session, crew.place, status=status) for status in (Status.IN_TRANSIT, Status.OPEN, Status.DELIVERED)
    )
    ids = (first, sibling, under_way, waiting, delivered)
    session.execute(sa.update(Wish).where(col(Wish.id).in_(ids)).values(child_id=child_id))
    for wish_id in (first, sibling):
        pack(session, box_id=full, wish_id=wish_id, actor=crew.inspector, now=NOW)
    done = readdress(
        session, wish_id=first, community_id=crew.place.other_community_id, reason="搬家", actor=crew.worker, now=LATER
    )
    line, inside = box(session, crew.place.id, full)
    assert done.wish_ids == (first, sibling, waiting) and done.boxes == (line.number,)
    assert line.things == 0 and not inside
    assert events_of(session, sibling)[-1].data["with"] == first
    where = {wish_id: row(session, Wish, wish_id).community_id for wish_id in ids}
    assert {where[each] for each in done.wish_ids} == {crew.place.other_community_id}
    assert where[under_way] == where[delivered] == crew.place.community_id, "what left is noted as brought back first"


def test_who_keeps_the_childs_papers_sends_it_elsewhere_and_nobody_draws_a_child_to_themselves(
    session: Session, crew: Crew
) -> None:
    wish_id = inspected(session, crew)
    new_village = signed_in(
        session, Actor(None, "", (crew.place.grant(Role.SOCIAL_WORKER, community_id=crew.place.other_community_id),))
    )
    for actor in (new_village, crew.inspector, crew.courier, crew.member):
        with pytest.raises(Forbidden):
            sent_elsewhere(session, crew, wish_id, actor)
    for more in ({"reason": " "}, {"community_id": crew.place.community_id}):
        with pytest.raises(Invalid):
            readdress(
                session, wish_id=wish_id, actor=crew.coordinator, now=LATER,
                **{"community_id": crew.place.other_community_id, "reason": "搬家", **more},
            )  # fmt: skip
    with pytest.raises(Invalid):
        readdress(session, wish_id=wish_id, community_id=10**9, reason="搬家", actor=crew.coordinator, now=LATER)
    assert sent_elsewhere(session, crew, wish_id, crew.worker)


@pytest.mark.parametrize("status", [Status.IN_TRANSIT, Status.DELIVERED, Status.OPEN])
def test_only_what_is_held_and_not_on_its_way_is_sent_elsewhere(session: Session, crew: Crew, status: Status) -> None:
    wish_id = (
        on_its_way(session, crew) if status is Status.IN_TRANSIT else make_wish(session, crew.place, status=status)
    )
    with pytest.raises(NotHere):
        sent_elsewhere(session, crew, wish_id)
    company = make_wish(session, crew.place, status=Status.CLAIMED, kind=Kind.SERVICE)
    with pytest.raises(NotHere):
        sent_elsewhere(session, crew, company)


def test_the_page_asks_where_to_and_why_and_the_new_village_has_it(
    app: Flask, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        wish_id = make_wish(session, place, status=Status.INSPECTED, taker_volunteer_id=place.volunteer_id)
        code = code_of(session, wish_id)
    coordinator = Person(app, (place.grant(Role.COORDINATOR),))
    old, new = (
        Person(app, (place.grant(Role.SOCIAL_WORKER, community_id=each),))
        for each in (place.community_id, place.other_community_id)
    )
    wish = f"/c/{place.slug}/wishes/{code}"
    page = f"{wish}/address"
    assert page in coordinator.get(wish).text and page in old.get(wish).text
    assert new.get(wish).status_code == 404 and new.get(page).status_code == 403
    refused = coordinator.post(page, page, community=str(place.other_community_id), reason="")
    assert refused.status_code == 422 and "为什么改送" in refused.text
    done = old.post(page, page, community=str(place.other_community_id), reason="搬到邻乡")
    assert done.status_code == 302 and "/wishes/" not in done.location, "it is not theirs any more"
    assert "已改送" in old.get(done.location).text
    assert new.get(wish).status_code == 200 and "改送到另一个社区" in new.get(wish).text
    assert old.get(wish).status_code == 404


def test_who_carries_it_and_the_new_community_are_told_once(database: Database, place: Place) -> None:
    with database.transaction() as session:
        crew = crew_of(session, place)
        new = signed_in(
            session, Actor(None, "", (place.grant(Role.SOCIAL_WORKER, community_id=place.other_community_id),))
        )
        sent_elsewhere(session, crew, inspected(session, crew))
    for _ in range(2):
        relay(database, now=LATER)
    with database.reading() as session:
        told = session.execute(sa.select(col(Notice.account_id)).where(col(Notice.kind) == "readdress")).scalars()
        assert sorted(told) == sorted([crew.member.account_id, new.account_id])
