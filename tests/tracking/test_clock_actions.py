"""A clock can be acknowledged, postponed, paused; a new policy moves those that run."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from tests.tracking.world import NOON, World
from wishes.access import Actor, Grant, Role
from wishes.campaigns.rules import Deadline, Rules
from wishes.clock import local_day
from wishes.errors import Forbidden, Invalid, NotFound
from wishes.lifecycle import Status
from wishes.tracking.actions import Recomputed, acknowledge, pause, postpone, recompute_clocks, resume
from wishes.tracking.sweep import sweep
from wishes.tracking.tables import Clock


def at(days: float) -> datetime:
    return NOON + timedelta(days=days)


def running(world: World, wish: int) -> Clock:
    clock = world.open_clock(wish)
    assert clock is not None
    return clock


def set_rules(world: World, rules: Rules) -> Recomputed:
    with world.database.transaction() as session:
        session.execute(sa.text("UPDATE campaign SET rules = :rules"), {"rules": rules.model_dump_json()})
        return recompute_clocks(session, campaign_id=world.campaign, now=NOON)


def test_who_says_i_know_is_not_reminded_and_saying_it_twice_changes_nothing(world: World) -> None:
    [wish] = world.claimed(1)
    with world.database.transaction() as session:
        assert acknowledge(session, wish_id=wish, actor=world.volunteer_actor(), now=at(1)) is True
        assert acknowledge(session, wish_id=wish, actor=world.volunteer_actor(), now=at(2)) is False
    assert sweep(world.database, now=at(7)).skipped == 1
    assert len(world.events("acknowledge")) == 1


def test_postponing_moves_the_deadline_and_starts_its_ladder_over(world: World) -> None:
    [wish] = world.claimed(1)
    sweep(world.database, now=at(7))
    until = local_day(at(20))
    with world.database.transaction() as session:
        due = postpone(session, wish_id=wish, actor=world.volunteer_actor(), now=at(8), until=until, reason="缺货")
    assert local_day(due) == until and running(world, wish).due_at == due
    assert sweep(world.database, now=at(10)).taken == 0
    assert sweep(world.database, now=due - timedelta(hours=72)).remind == 1
    assert [n.facts["due_on"] for n in world.notices(kind="remind")] == [
        local_day(at(10)).isoformat(),
        until.isoformat(),
    ]
    [event] = world.events("postpone")
    assert (event.reason, event.data) == ("缺货", {"until": until.isoformat()})


def test_a_volunteer_cannot_postpone_for_ever_but_a_coordinator_may(world: World) -> None:
    [wish] = world.claimed(1)
    late = local_day(at(60))
    with world.database.transaction() as session:
        with pytest.raises(Invalid):
            postpone(session, wish_id=wish, actor=world.volunteer_actor(), now=at(1), until=late, reason="缺货")
        postpone(session, wish_id=wish, actor=world.coordinator(), now=at(1), until=late, reason="缺货")


@pytest.mark.parametrize(("until", "reason"), [(date(2026, 11, 1), "缺货"), (date(2026, 12, 1), "  ")])
def test_a_postponement_needs_a_day_to_come_and_a_reason(world: World, until: date, reason: str) -> None:
    [wish] = world.claimed(1)
    with world.database.transaction() as session, pytest.raises(Invalid):
        postpone(session, wish_id=wish, actor=world.volunteer_actor(), now=at(1), until=until, reason=reason)


def test_a_paused_clock_waits_and_runs_on_by_as_long_as_it_stood(world: World) -> None:
    [wish] = world.claimed(1)
    with world.database.transaction() as session:
        assert pause(session, wish_id=wish, actor=world.coordinator(), now=at(6), reason="孩子进城了") is True
        assert pause(session, wish_id=wish, actor=world.coordinator(), now=at(6), reason="孩子进城了") is False
    assert sweep(world.database, now=at(40)).taken == 0
    with world.database.transaction() as session:
        assert resume(session, wish_id=wish, actor=world.coordinator(), now=at(46)) is True
        assert resume(session, wish_id=wish, actor=world.coordinator(), now=at(46)) is False
    assert running(world, wish).due_at == at(50)
    assert sweep(world.database, now=at(46.9)).taken == 0
    assert sweep(world.database, now=at(47)).remind == 1


def test_a_stranger_cannot_touch_a_clock_and_a_volunteer_cannot_stop_it(world: World) -> None:
    [wish] = world.claimed(1)
    stranger = Actor(999, "", (Grant(Role.VOLUNTEER, world.campaign, volunteer_id=999),))
    with world.database.transaction() as session:
        with pytest.raises(Forbidden):
            acknowledge(session, wish_id=wish, actor=stranger, now=at(1))
        with pytest.raises(Forbidden):
            pause(session, wish_id=wish, actor=world.volunteer_actor(), now=at(1), reason="忙")


def test_where_no_clock_runs_there_is_nothing_to_acknowledge(world: World) -> None:
    [wish] = world.wishes(1)
    with world.database.transaction() as session, pytest.raises(NotFound):
        acknowledge(session, wish_id=wish, actor=world.coordinator(), now=at(1))


def test_a_new_policy_moves_the_running_clocks_and_says_how_many(world: World) -> None:
    ids = world.claimed(3)
    with world.database.transaction() as session:
        postpone(
            session, wish_id=ids[2], actor=world.volunteer_actor(), now=at(0), until=local_day(at(12)), reason="缺货"
        )
    shorter = Rules(deadlines={Status.CLAIMED: Deadline(days=5)})
    assert set_rules(world, shorter) == Recomputed(moved=2, opened=0)
    assert set_rules(world, shorter) == Recomputed(moved=0, opened=0)
    assert running(world, ids[0]).due_at == at(5) and local_day(running(world, ids[2]).due_at) == local_day(at(12))
    assert sweep(world.database, now=at(2)).remind == 2


def test_a_step_already_done_is_not_repeated_after_a_change_of_policy(world: World) -> None:
    world.claimed(1)
    assert sweep(world.database, now=at(7)).remind == 1
    set_rules(world, Rules(deadlines={Status.CLAIMED: Deadline(days=12)}))
    assert sweep(world.database, now=at(9)).taken == 0
    assert sweep(world.database, now=at(12)).warn == 1


def test_a_stage_that_gets_a_deadline_gets_clocks_for_the_wishes_in_it(world: World) -> None:
    ids = world.wishes(2)
    assert world.open_clock(ids[0]) is None
    assert set_rules(world, Rules(deadlines={Status.OPEN: Deadline(days=30)})) == Recomputed(moved=0, opened=2)
    assert running(world, ids[0]).due_at == at(30)


def test_a_deadline_taken_away_stops_striking(world: World) -> None:
    world.claimed(2)
    assert set_rules(world, Rules(deadlines={})) == Recomputed(moved=2, opened=0)
    assert sweep(world.database, now=at(100)).taken == 0


def test_a_clock_whose_deadline_was_taken_out_of_the_policy_can_still_be_answered(world: World) -> None:
    [wish] = world.claimed(1)
    set_rules(world, Rules(deadlines={}))
    until = local_day(at(3))
    with world.database.transaction() as session:
        due = postpone(session, wish_id=wish, actor=world.volunteer_actor(), now=at(1), until=until, reason="缺货")
        pause(session, wish_id=wish, actor=world.coordinator(), now=at(1), reason="孩子进城")
        resume(session, wish_id=wish, actor=world.coordinator(), now=at(2))
    clock = running(world, wish)
    assert local_day(due) == until and clock.due_at == due + timedelta(days=1) and clock.next_at is None
