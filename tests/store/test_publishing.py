"""Many wishes go on at once: each with its event and clock, none without consent, above the ceiling or beyond the limits."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from tests.store.conftest import NOW, Desk, line
from wishes.access import Actor, Grant, Role
from wishes.campaigns.tables import Campaign
from wishes.errors import ConsentMissing, Forbidden, HouseholdLimit, Invalid
from wishes.events.bulk import move_many
from wishes.events.tables import Event
from wishes.intake.actions import publish, publish_all, verify, verify_all
from wishes.intake.tables import Consent, Wish
from wishes.lifecycle import Status
from wishes.tracking.tables import Clock


def wish_ids(desk: Desk) -> list[int]:
    with desk.database.reading() as session:
        return list(session.execute(sa.select(Wish.id).order_by(Wish.id)).scalars())  # type: ignore[arg-type,call-overload]


def statuses(desk: Desk) -> list[Status]:
    with desk.database.reading() as session:
        return list(session.execute(sa.select(Wish.status).order_by(Wish.id)).scalars())  # type: ignore[arg-type]


def change(desk: Desk, statement: Any) -> None:
    with desk.database.transaction() as session:
        session.execute(statement)


def test_verifying_and_publishing_a_campaign_moves_every_wish(desk: Desk) -> None:
    desk.send("a", line("章小一", "书包"), line("章小二", "篮球", guardian="章乙", phone="19900000002"))
    with desk.database.transaction() as session:
        assert verify_all(session, campaign_id=desk.campaign_id, actor=desk.coordinator, now=NOW).figures() == {
            "moved": 2,
            "held": 0,
            "reasons": {},
        }
        assert (
            publish_all(session, campaign_id=desk.campaign_id, actor=desk.coordinator, now=NOW).figures()["moved"] == 2
        )
        assert (
            publish_all(session, campaign_id=desk.campaign_id, actor=desk.coordinator, now=NOW).figures()["moved"] == 0
        )
    assert statuses(desk) == [Status.OPEN, Status.OPEN]
    with desk.database.reading() as session:
        told = session.execute(
            sa.select(Event.wish_id, Event.action).where(Event.wish_id.is_not(None)).order_by(Event.id)
        ).all()  # type: ignore[union-attr,arg-type,call-overload]
        stamped = session.execute(sa.select(Wish.verified_at, Wish.published_at)).all()  # type: ignore[call-overload]
        open_clocks = session.execute(
            sa.select(sa.func.count()).select_from(Clock).where(Clock.closed_at.is_(None))
        ).scalar_one()  # type: ignore[union-attr]
    assert [event.action for event in told if event.wish_id == told[0].wish_id] == ["submit", "verify", "publish"]
    assert all(row.verified_at == row.published_at == NOW for row in stamped)
    assert open_clocks == 0  # an open wish has no deadline in the default rules


def test_without_consent_nothing_goes_on(desk: Desk) -> None:
    desk.send("a", line("章小一", "书包"), line("章小二", "篮球", guardian="章乙", phone="19900000002"))
    first, _ = wish_ids(desk)
    with desk.database.reading() as session:
        child_id = session.execute(sa.select(Wish.child_id).where(Wish.id == first)).scalar_one()  # type: ignore[arg-type]
    change(desk, sa.update(Consent).where(Consent.child_id == child_id).values(withdrawn_at=NOW))  # type: ignore[arg-type]
    with desk.database.transaction() as session:
        done = verify_all(session, campaign_id=desk.campaign_id, actor=desk.coordinator, now=NOW)
    assert done.held == {first: "no_consent"} and statuses(desk) == [Status.SUBMITTED, Status.VERIFIED]
    with pytest.raises(ConsentMissing), desk.database.transaction() as session:
        verify(session, wish_id=first, actor=desk.coordinator, now=NOW)


def test_a_ceiling_that_was_lowered_holds_wishes_back(desk: Desk) -> None:
    desk.send("a", line("章小一", "书包", "200"))
    [wish_id] = wish_ids(desk)
    change(desk, sa.update(Campaign).values(price_ceiling_fen=15000))
    with desk.database.transaction() as session:
        assert verify_all(session, campaign_id=desk.campaign_id, actor=desk.coordinator, now=NOW).held == {
            wish_id: "over_ceiling"
        }
        with pytest.raises(Invalid):
            verify(session, wish_id=wish_id, actor=desk.coordinator, now=NOW)


def limit(desk: Desk, **rules: int) -> None:
    with desk.database.transaction() as session:
        old = session.execute(sa.select(Campaign.rules)).scalar_one()
        session.execute(sa.update(Campaign).values(rules={**old, **rules}))


def test_more_wishes_than_a_child_may_have_stay_verified(desk: Desk) -> None:
    desk.send("a", line("章小一", "书包、篮球、跳绳", "200"))
    limit(desk, max_wishes_per_child=2)
    first, second, third = wish_ids(desk)
    change(desk, sa.update(Wish).where(Wish.id == third).values(priority=5))  # type: ignore[arg-type]
    with desk.database.transaction() as session:
        verify_all(session, campaign_id=desk.campaign_id, actor=desk.coordinator, now=NOW)
        done = publish_all(session, campaign_id=desk.campaign_id, actor=desk.coordinator, now=NOW)
    assert done.moved == [third, first] and done.held == {second: "child_limit"}
    with pytest.raises(HouseholdLimit), desk.database.transaction() as session:
        publish(session, wish_id=second, actor=desk.coordinator, now=NOW)


def test_brothers_and_sisters_count_against_one_household(desk: Desk) -> None:
    desk.send(
        "a",
        line("章小一", "书包"),
        line("章小二", "篮球", birth="2014-01-01"),
        line("章小三", "跳绳", birth="2015-01-01"),
    )
    limit(desk, max_wishes_per_household=2)
    with desk.database.transaction() as session:
        verify_all(session, campaign_id=desk.campaign_id, actor=desk.coordinator, now=NOW)
        done = publish_all(session, campaign_id=desk.campaign_id, actor=desk.coordinator, now=NOW)
    assert list(done.held.values()) == ["household_limit"] and len(done.moved) == 2


def test_one_wish_is_published_by_itself(desk: Desk) -> None:
    desk.send("a", line("章小一", "书包"))
    [wish_id] = wish_ids(desk)
    with desk.database.transaction() as session:
        verify(session, wish_id=wish_id, actor=desk.coordinator, now=NOW)
        assert publish(session, wish_id=wish_id, actor=desk.coordinator, now=NOW).new is Status.OPEN


def test_only_a_coordinator_moves_a_campaign_on(desk: Desk) -> None:
    auditor = Actor(9, "a", (Grant(Role.AUDITOR, desk.campaign_id),))
    with pytest.raises(Forbidden), desk.database.transaction() as session:
        verify_all(session, campaign_id=desk.campaign_id, actor=auditor, now=NOW)


# --- the move itself --------------------------------------------------------------------------------------------------


def test_a_wish_that_cannot_be_moved_does_not_stop_the_others(desk: Desk) -> None:
    desk.send("a", line("章小一", "书包"), line("章小二", "篮球", guardian="章乙", phone="19900000002"))
    first, second = wish_ids(desk)
    with desk.database.transaction() as session:
        move_many(session, "verify", wish_ids=[first], actor=desk.coordinator, now=NOW)
        done = move_many(session, "verify", wish_ids=[first, second, 999_999], actor=desk.coordinator, now=NOW)
    assert done.moved == [second]
    assert done.refused == {first: "not_possible_now", 999_999: "not_found"}


def test_somebody_without_a_relation_to_the_wish_is_refused_for_each(desk: Desk) -> None:
    desk.send("a", line("章小一", "书包"))
    [wish_id] = wish_ids(desk)
    stranger = Actor(3, "s", (Grant(Role.SOCIAL_WORKER, desk.campaign_id, community_id=999),))
    with desk.database.transaction() as session:
        assert move_many(session, "verify", wish_ids=[wish_id], actor=stranger, now=NOW).refused == {
            wish_id: "forbidden"
        }
    assert statuses(desk) == [Status.SUBMITTED]


def test_a_move_that_needs_a_reason_is_refused_without_one(desk: Desk) -> None:
    with pytest.raises(Invalid), desk.database.transaction() as session:
        move_many(session, "reject", wish_ids=[1], actor=desk.coordinator, now=NOW)


def test_each_wish_gets_its_own_facts_and_columns(desk: Desk) -> None:
    desk.send("a", line("章小一", "书包"), line("章小二", "篮球", guardian="章乙", phone="19900000002"))
    first, second = wish_ids(desk)
    with desk.database.transaction() as session:
        done = move_many(
            session,
            "verify",
            wish_ids=[first, second],
            actor=desk.coordinator,
            now=NOW,
            data={first: {"run_id": 4}},
            changes={first: {"priority": 2}, second: {"priority": 3}},
        )
        assert done.moved == [first, second]
        data = dict(session.execute(sa.select(Event.wish_id, Event.data).where(Event.action == "verify")).all())  # type: ignore[arg-type,call-overload]
        priorities = session.execute(sa.select(Wish.priority).order_by(Wish.id)).scalars().all()  # type: ignore[arg-type]
    assert data == {first: {"run_id": 4}, second: {}} and priorities == [2, 3]
