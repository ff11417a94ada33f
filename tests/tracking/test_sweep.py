"""Whatever is due happens, once, in order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from tests.tracking.world import NOON, World, build
from wishes.campaigns.rules import Deadline, KeyDate, Rules, Step
from wishes.claims.tables import Branch, Claim, Volunteer
from wishes.db import Database
from wishes.intake.tables import Wish
from wishes.lifecycle import Kind, Status
from wishes.tracking.reserve import reserve_of, set_reserve
from wishes.tracking.sweep import SweepReport, sweep
from wishes.tracking.tables import Clock, Heartbeat


def at(days: float) -> datetime:
    return NOON + timedelta(days=days)


def test_nothing_happens_before_it_is_due(world: World) -> None:
    world.claimed(3)
    assert sweep(world.database, now=at(6.9)) == SweepReport()
    assert world.notices() == []


def test_the_ladder_is_climbed_step_by_step_and_ends_in_a_release(world: World) -> None:
    [wish] = world.claimed(1)
    for day, kind in ((7, "remind"), (10, "warn"), (13, "escalate")):
        report = sweep(world.database, now=at(day))
        assert getattr(report, kind) == 1 and report.taken == 1
        assert {n.kind for n in world.notices(state="queued")} >= {kind}
    told = {(n.kind, n.account_id) for n in world.notices()}
    taker, secretary, coordinator = (world.account[name] for name in ("volunteer0", "secretary", "coordinator"))
    assert told == {
        ("remind", taker),
        ("warn", taker),
        ("warn", secretary),
        ("escalate", taker),
        ("escalate", secretary),
        ("escalate", coordinator),
        ("escalate", None),
    }
    assert world.status(wish) is Status.CLAIMED
    assert sweep(world.database, now=at(17)).release == 1
    assert world.status(wish) is Status.OPEN
    [lapse] = world.events("lapse")
    assert lapse.data == {"volunteer_id": world.volunteers[0], "branch_id": world.branch} and lapse.actor_id is None


def test_a_second_sweep_finds_nothing_left_to_do(world: World) -> None:
    world.claimed(5)
    first = sweep(world.database, now=at(10))
    assert first.warn == 5
    before = len(world.notices())
    assert sweep(world.database, now=at(10)) == SweepReport()
    assert len(world.notices()) == before


def test_after_days_of_standstill_outdated_reminders_are_recorded_as_skipped(world: World) -> None:
    [wish] = world.claimed(1)
    report = sweep(world.database, now=at(30))
    assert (report.release, report.skipped, report.remind, report.warn, report.escalate) == (1, 3, 0, 0, 0)
    assert [(n.kind, n.state, n.problem) for n in world.notices()] == [
        ("remind", "skipped", "superseded"),
        ("warn", "skipped", "superseded"),
        ("escalate", "skipped", "superseded"),
    ]
    assert world.status(wish) is Status.OPEN


@pytest.mark.parametrize(
    "days",
    [
        [n / 8 for n in range(48, 145)],  # every three hours
        [6.9, 7.2, 8.4, 10.2, 13.1, 17.0],
        [7.0, 7.0, 9.9, 13.5, 13.5, 18.0],  # down from before the warning until after the escalation
        [8.1, 16.9, 30.0],
        [40.0, 40.0],
    ],
    ids=["steady", "late", "a-standstill-and-run-twice", "barely", "once"],
)
def test_however_the_sweeps_come_each_step_happens_once_and_in_order(world: World, days: list[float]) -> None:
    [wish] = world.claimed(1)
    reports = [sweep(world.database, now=at(day)) for day in days]
    assert sum(report.release for report in reports) == 1 and len(world.events("lapse")) == 1
    assert world.status(wish) is Status.OPEN
    steps = [(n.kind, n.state != "skipped") for n in world.notices() if n.clock_id is not None]
    order = [kind for at_, (kind, _) in enumerate(steps) if kind not in {k for k, _ in steps[:at_]}]
    assert order == ["remind", "warn", "escalate"]
    for kind in order:
        told = [n.account_id for n in world.notices(kind=kind)]
        assert len(told) == len(set(told)), "nobody is told the same step twice"
        assert len({n.state for n in world.notices(kind=kind)}) == 1, "a step is either told or recorded as skipped"


def test_a_lapse_counts_against_the_volunteer_and_frees_the_hand(world: World) -> None:
    world.claimed(2)
    sweep(world.database, now=at(17))
    with world.database.reading() as session:
        person = session.get(Volunteer, world.volunteers[0])
        assert person is not None and (person.lapses, person.live_claims) == (2, 0)


def test_a_proposal_nobody_answered_expires(world: World) -> None:
    [wish] = world.proposed(1)
    assert sweep(world.database, now=at(2)).remind == 1
    assert sweep(world.database, now=at(3)).release == 1
    assert world.status(wish) is Status.OPEN
    assert len(world.events("expire")) == 1


def test_who_has_acknowledged_is_left_in_peace_but_time_still_runs_out(world: World) -> None:
    [wish] = world.claimed(1)
    with world.database.transaction() as session:
        session.execute(
            sa.update(Clock).where(Clock.wish_id == wish, Clock.closed_at.is_(None)).values(acknowledged_at=at(1))
        )
    for day in (7, 10):
        assert sweep(world.database, now=at(day)).skipped == 1
    assert {n.problem for n in world.notices()} == {"acknowledged"}
    assert sweep(world.database, now=at(13)).escalate == 1
    assert sweep(world.database, now=at(17)).release == 1


def test_notices_of_the_night_wait_for_the_morning(world: World) -> None:
    night = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)  # 00:30 in Shanghai
    world.claimed(1, now=night)
    sweep(world.database, now=night + timedelta(days=7))
    [notice] = world.notices()
    assert notice.run_at == datetime(2026, 11, 30, 0, 0, tzinfo=UTC)  # 08:00 in Shanghai


def test_one_wish_that_cannot_be_released_does_not_hold_up_the_others(world: World) -> None:
    ids = world.claimed(3)
    with world.database.transaction() as session:  # a claim row that went missing: the release finds nothing to end
        session.execute(sa.text("DELETE FROM claim WHERE wish_id = :wish"), {"wish": ids[1]})
    report = sweep(world.database, now=at(17))
    assert (report.release, report.failed) == (2, 1)
    assert [world.status(wish) for wish in ids] == [Status.OPEN, Status.CLAIMED, Status.OPEN]
    clock = world.open_clock(ids[1])
    assert clock is not None and (clock.attempts, clock.problem) == (1, "conflict")
    assert clock.next_at is not None and clock.next_at > at(17)


def test_what_keeps_failing_stops_with_its_problem_on_it(world: World) -> None:
    [wish] = world.claimed(1)
    with world.database.transaction() as session:
        session.execute(sa.text("DELETE FROM claim"))
    for _ in range(20):
        clock = world.open_clock(wish)
        assert clock is not None
        if clock.next_at is None:
            break
        sweep(world.database, now=max(clock.next_at, at(17)))
    assert clock.next_at is None and clock.attempts == 8 and clock.problem == "conflict"


def test_a_stage_that_cannot_be_released_says_so_and_goes_on(database: Database) -> None:
    rules = Rules(
        deadlines={Status.READY: Deadline(days=1, ladder=(Step(kind="release", hours=0), Step(kind="warn", hours=24)))}
    )
    world = build(database, rules=rules)
    [wish] = world.wishes(1, Status.READY)
    assert sweep(database, now=at(1)).skipped == 1
    assert [n.problem for n in world.notices()] == ["no_release_here"]
    assert sweep(database, now=at(2)).warn == 1
    assert world.status(wish) is Status.READY


def test_a_deadline_taken_out_of_the_rules_no_longer_strikes(database: Database) -> None:
    world = build(database)
    world.claimed(1)
    with database.transaction() as session:
        session.execute(sa.text("UPDATE campaign SET rules = :rules"), {"rules": Rules(deadlines={}).model_dump_json()})
    report = sweep(database, now=at(30))
    assert report == SweepReport(taken=1) and world.notices() == []


def test_rules_that_cannot_be_read_fail_their_campaign_only_and_visibly(world: World) -> None:
    [wish] = world.claimed(1)
    with world.database.transaction() as session:
        session.execute(sa.text("UPDATE campaign SET rules = :rules"), {"rules": '{"proposal_hours": "many"}'})
    assert sweep(world.database, now=at(10)).failed == 1
    clock = world.open_clock(wish)
    assert clock is not None and clock.problem.startswith("rules: ")


def test_the_heartbeat_tells_when_the_last_sweep_ended(world: World) -> None:
    sweep(world.database, now=at(1))
    with world.database.reading() as session:
        beaten = session.get(Heartbeat, "sweep")
    assert beaten is not None and beaten.beaten_at == at(1)


def test_the_limit_is_kept_and_the_oldest_go_first(world: World) -> None:
    early, late = world.claimed(1), world.claimed(2, now=at(1))
    assert sweep(world.database, now=at(12), limit=1).warn == 1
    assert {n.wish_id for n in world.notices()} == set(early)
    assert sweep(world.database, now=at(12)).warn == len(late)


RESCUED = Rules(
    deadlines={
        Status.CLAIMED: Deadline(days=10, ladder=(Step(kind="warn", hours=0), Step(kind="reserve", hours=24))),
        Status.OPEN: Deadline(days=20, ladder=(Step(kind="escalate", hours=0), Step(kind="reserve", hours=24))),
    }
)


def with_reserve(world: World, stock: int) -> int:
    with world.database.transaction() as session:
        return set_reserve(
            session,
            campaign_id=world.campaign,
            pledge_count=stock,
            pledge_fen=None,
            actor=world.coordinator(),
            now=NOON,
        )


def test_the_last_step_falls_back_on_the_reserve_while_there_is_stock(database: Database) -> None:
    world = build(database, rules=RESCUED)
    stock = with_reserve(world, 1)
    first, second = world.claimed(2)
    report = sweep(database, now=at(11))
    assert (report.reserve, report.release, report.failed) == (1, 1, 0)
    assert world.status(first) is Status.READY, "what comes from stock is ready to be inspected"
    assert world.status(second) is Status.OPEN, "the reserve was empty by then"
    with database.reading() as session:
        taker = session.execute(sa.select(Wish.taker_branch_id, Wish.taker_volunteer_id).where(Wish.id == first)).one()
        left = reserve_of(session, world.campaign)
        lapsed = session.execute(sa.select(Claim.lapsed).where(Claim.wish_id == first).order_by(Claim.id)).scalars()
        assert tuple(taker) == (stock, None) and list(lapsed) == [True, False]
        assert left is not None and (left.used_count, left.pledge_count) == (1, 1)
    assert [event.action for event in world.events("lapse")] == ["lapse", "lapse"]
    assert [n.problem for n in world.notices(state="skipped") if n.wish_id == second][-1] == "no_reserve"


def test_a_wish_nobody_takes_is_rescued_from_stock_and_once_only(database: Database) -> None:
    world = build(database, rules=RESCUED)
    with_reserve(world, 5)
    [wish] = world.wishes(1)
    assert sweep(database, now=at(20)).escalate == 1
    assert sweep(database, now=at(21)).reserve == 1
    assert sweep(database, now=at(21)) == SweepReport()
    assert world.status(wish) is Status.READY and len(world.events("claim")) == 1


def test_without_a_reserve_an_open_wish_stays_open_and_says_why(database: Database) -> None:
    world = build(database, rules=RESCUED)
    [wish] = world.wishes(1)
    report = sweep(database, now=at(21))
    assert (report.reserve, report.failed) == (0, 0) and world.status(wish) is Status.OPEN
    assert [n.problem for n in world.notices(state="skipped")] == ["superseded", "no_reserve"]


def test_the_reserve_takes_no_wish_that_means_meeting_the_child(database: Database) -> None:
    world = build(database, rules=RESCUED)
    with_reserve(world, 5)
    [wish] = world.wishes(1, kind=Kind.SERVICE)
    with database.transaction() as session:
        session.execute(sa.update(Wish).where(Wish.id == wish).values(need="vetted"))
    assert sweep(database, now=at(21)).reserve == 0
    assert world.status(wish) is Status.OPEN
    with database.reading() as session:
        assert session.execute(sa.select(Branch.used_count).where(Branch.kind == "reserve")).scalar_one() == 0


def test_near_the_campaigns_end_the_ladder_is_climbed_faster(database: Database) -> None:
    rules = Rules(
        deadlines={Status.CLAIMED: Deadline(days=10)},
        key_dates=(KeyDate(day="campaign_end", lead_days=60, factor=0.5),),
        ends_on=at(20).date(),
    )
    world = build(database, rules=rules)
    world.claimed(1)
    assert sweep(database, now=at(10)).warn == 1
    assert sweep(database, now=at(11.4)).taken == 0
    assert sweep(database, now=at(11.5)).escalate == 1, "72 hours shrink to 36"


def test_a_step_leaves_by_the_channel_that_was_set_for_it(database: Database) -> None:
    ladder = (Step(kind="remind", hours=-72, channel="inbox"), Step(kind="escalate", hours=0, channel="sms"))
    world = build(database, rules=Rules(deadlines={Status.CLAIMED: Deadline(days=10, ladder=ladder)}))
    world.claimed(1)
    sweep(database, now=at(7))
    sweep(database, now=at(10))
    assert {(n.kind, n.via) for n in world.notices()} == {("remind", "inbox"), ("escalate", "sms"), ("escalate", "")}
    assert {n.via for n in world.notices(kind="escalate") if n.account_id is None} == {""}, "the group has its own way"
