"""A run on a small town, on both databases: who gets what, what is written, what is undone, what a run leaves alone."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from tests.factories import NOW, signed_in
from tests.matching_product.town import Town, branch, later, make_town, person, secretary_of, takers_of, wish
from wishes.access import SYSTEM, Actor, Role
from wishes.campaigns.rules import OwnDeadline
from wishes.claims import actions as claims
from wishes.claims.match_answers import accept_for
from wishes.claims.match_archive import plan_bytes
from wishes.claims.match_finding import NothingToMatch, match, repeated
from wishes.claims.match_runs import run_by_id, stored_bytes
from wishes.claims.match_whatif import save_weights
from wishes.claims.matching import AlreadyMatching, begin_run, propose, run, withdraw_run
from wishes.claims.tables import Branch, Claim, Proposal, Volunteer
from wishes.db import Database
from wishes.errors import Conflict, Forbidden
from wishes.events.actions import wish_state
from wishes.events.tables import Event
from wishes.lifecycle import Status
from wishes.tracking.sweep import sweep
from wishes.tracking.tables import Clock


@pytest.fixture
def town(database: Database) -> Town:
    with database.transaction() as session:
        return make_town(session)


def matched(database: Database, town: Town, **more: object) -> dict[str, object]:
    return run(database, campaign_id=town.id, actor=town.coordinator, now=more.pop("now", NOW), **more)[1]  # type: ignore[arg-type]


def statuses(database: Database, ids: list[int]) -> list[Status]:
    with database.reading() as session:
        return [wish_state(session, wish_id).status for wish_id in ids]


def test_every_wish_is_proposed_within_pledges_and_budgets(database: Database, town: Town) -> None:
    with database.transaction() as session:
        small, rich = branch(session, town, count=2), branch(session, town, count=9, fen=25_000)
        wishes = [wish(session, town, price_fen=8_000) for _ in range(6)]
    found = matched(database, town)
    with database.reading() as session:
        takers = [taker for taker, _ in takers_of(session, town).values()]
        event_count = session.execute(
            sa.select(sa.func.count()).select_from(Event).where(Event.action == "propose")
        ).scalar_one()  # type: ignore[arg-type]
    assert takers.count(small) == 2 and takers.count(rich) == 3, "two by count, three by budget; the sixth must wait"
    assert (found["proposed"], found["unmatched"], event_count) == (5, 1, 5)
    assert sorted(statuses(database, wishes)) == [Status.OPEN, *[Status.PROPOSED] * 5]


def test_near_branches_get_the_near_wishes(database: Database, town: Town) -> None:
    with database.transaction() as session:
        near, far = branch(session, town, count=3), branch(session, town, count=3, county="330127")
        here, there = [wish(session, town) for _ in range(3)], [wish(session, town, far=True) for _ in range(3)]
    found = matched(database, town)
    with database.reading() as session:
        takers = takers_of(session, town)
    assert {takers[w][0] for w in here} == {near} and {takers[w][0] for w in there} == {far}
    assert found["optimal"] and found["gap"] == 0.0


def test_only_who_is_checked_meets_a_child_and_only_who_is_qualified_counsels(database: Database, town: Town) -> None:
    with database.transaction() as session:
        branch(session, town)
        unchecked = person(session, town, vetted=False)
        expired = person(session, town, vetted_on=later(days=-400).date(), qualification="咨询师")
        checked, qualified = person(session, town), person(session, town, qualification="咨询师", limit=1)
        company = [wish(session, town, need="vetted", category="companionship") for _ in range(4)]
        talk = [wish(session, town, need="psych", category="psych") for _ in range(2)]
    matched(database, town)
    with database.reading() as session:
        takers = {w: volunteer for w, (_, volunteer) in takers_of(session, town).items()}
    assert {takers.get(w) for w in company} == {checked}
    assert sorted([takers.get(w) for w in talk], key=str) == sorted([qualified, None], key=str)
    assert not {unchecked, expired} & set(takers.values())


def test_a_branch_gets_nothing_from_where_it_does_not_go_nor_of_a_kind_it_refuses(
    database: Database, town: Town
) -> None:
    with database.transaction() as session:
        branch(session, town, areas=["330102"], refused=["book"])
        wish(session, town, far=True)
        wish(session, town, category="book")
        fine = wish(session, town)
    done = matched(database, town)
    with database.reading() as session:
        assert set(takers_of(session, town)) == {fine}
        reasons = {group["reason"] for group in run_by_id(session, town.id, int(str(done["run"]))).unmatched}
    assert reasons == {"area", "refused"}


def test_who_declined_is_never_asked_again_for_that_wish(database: Database, town: Town) -> None:
    with database.transaction() as session:
        first, second = branch(session, town), branch(session, town, county="330127")
        wish_id = wish(session, town)
    matched(database, town)
    with database.transaction() as session:
        assert takers_of(session, town) == {wish_id: (first, None)}
        claims.decline(session, wish_id=wish_id, actor=secretary_of(town, first), now=later(1), reason="太远")
    matched(database, town, now=later(2))
    with database.transaction() as session:
        assert takers_of(session, town) == {wish_id: (second, None)}
        claims.decline(session, wish_id=wish_id, actor=secretary_of(town, second), now=later(3), reason="太远")
    done = matched(database, town, now=later(4))
    with database.reading() as session:
        assert takers_of(session, town) == {}
        assert [g["reason"] for g in run_by_id(session, town.id, int(str(done["run"]))).unmatched] == ["said_no"]


def test_undoing_a_run_opens_what_nobody_answered_and_keeps_what_was(database: Database, town: Town) -> None:
    with database.transaction() as session:
        taker = branch(session, town)
        wishes = [wish(session, town) for _ in range(3)]
    run_id = int(str(matched(database, town)["run"]))
    with database.transaction() as session:
        claims.accept(session, wish_id=wishes[0], actor=secretary_of(town, taker), now=later(1))
    with database.transaction() as session:
        assert withdraw_run(session, run_id=run_id, actor=town.coordinator, now=later(2)) == {
            "run": run_id,
            "withdrawn": 2,
            "kept": 1,
        }
    with database.transaction() as session:
        assert withdraw_run(session, run_id=run_id, actor=town.coordinator, now=later(3))["withdrawn"] == 0
        assert run_by_id(session, town.id, run_id).state == "undone"
        ended = session.execute(sa.select(Event.wish_id, Event.data).where(Event.action == "decline")).all()  # type: ignore[call-overload]
        whose = {p.wish_id: (p.volunteer_id, p.branch_id) for p in session.execute(sa.select(Proposal)).scalars()}
        assert len(ended) == 2 and all((data["volunteer_id"], data["branch_id"]) == whose[wish] for wish, data in ended)
        rows = (
            session.execute(
                sa.text("SELECT taker_branch_id FROM wish WHERE status = 'open' AND campaign_id = :id"), {"id": town.id}
            )
            .scalars()
            .all()
        )
    assert statuses(database, wishes) == [Status.CLAIMED, Status.OPEN, Status.OPEN] and set(rows) == {None}
    assert matched(database, town, now=later(4))["proposed"] == 2, (
        "undone wishes can be matched again, with the same takers"
    )


def test_what_was_claimed_while_the_engine_thought_is_left_alone(database: Database, town: Town) -> None:
    with database.transaction() as session:
        taker = branch(session, town, count=3)
        wishes = [wish(session, town) for _ in range(3)]
        run_id = begin_run(session, campaign_id=town.id, actor=town.coordinator, now=NOW)
    with database.reading() as session:
        plan = match(session, campaign_id=town.id, actor=town.coordinator, now=NOW)
    with database.transaction() as session:
        claims.claim(session, wish_id=wishes[1], actor=secretary_of(town, taker), now=NOW, branch_id=taker)
    with database.transaction() as session:
        done = propose(session, matched=plan, run_id=run_id, actor=town.coordinator, now=NOW)
    assert (done["proposed"], done["overtaken"]) == (2, 1)
    assert statuses(database, wishes) == [Status.PROPOSED, Status.CLAIMED, Status.PROPOSED]


def test_a_pledge_that_shrank_meanwhile_is_not_overfilled(database: Database, town: Town) -> None:
    with database.transaction() as session:
        taker = branch(session, town, count=3)
        wishes = [wish(session, town) for _ in range(3)]
        run_id = begin_run(session, campaign_id=town.id, actor=town.coordinator, now=NOW)
    with database.reading() as session:
        plan = match(session, campaign_id=town.id, actor=town.coordinator, now=NOW)
    with database.transaction() as session:
        session.execute(sa.update(Branch).where(Branch.id == taker).values(pledge_count=1))  # type: ignore[arg-type]
    with database.transaction() as session:
        assert propose(session, matched=plan, run_id=run_id, actor=town.coordinator, now=NOW)["proposed"] == 1
    assert statuses(database, wishes).count(Status.OPEN) == 2


def test_claims_that_race_a_run_neither_break_it_nor_are_broken(database: Database, town: Town) -> None:
    """Forty wishes, ten claiming threads, and a run in the midst of them: every wish has one taker, no pledge is passed."""
    with database.transaction() as session:
        taker = branch(session, town, count=40)
        people = [person(session, town, limit=4) for _ in range(10)]
        wishes = [wish(session, town) for _ in range(40)]
    actors = [Actor(None, "volunteer", (town.place.grant(Role.VOLUNTEER, volunteer_id=p),)) for p in people]
    with database.transaction() as session:
        actors = [signed_in(session, actor) for actor in actors]
    claimed: list[int] = []
    start = threading.Barrier(11)

    def browse(k: int) -> None:
        start.wait()
        for wish_id in wishes[k::10]:
            try:
                with database.transaction() as session:
                    claims.claim(session, wish_id=wish_id, actor=actors[k], now=NOW, volunteer_id=people[k])
                claimed.append(wish_id)
            except Conflict:
                continue

    threads = [threading.Thread(target=browse, args=(k,)) for k in range(10)]
    for thread in threads:
        thread.start()
    start.wait()
    done = matched(database, town)
    for thread in threads:
        thread.join()
    with database.reading() as session:
        proposed = takers_of(session, town)
        live = session.execute(sa.select(Claim.wish_id).where(Claim.campaign_id == town.id)).scalars().all()  # type: ignore[call-overload]
    assert sorted(live) == sorted(claimed) and not set(proposed) & set(claimed)
    assert len(proposed) == done["proposed"] and set(proposed) | set(claimed) == set(wishes)
    assert {branch_id for branch_id, _ in proposed.values()} <= {taker}


def test_two_runs_of_a_campaign_do_not_start_beside_each_other(database: Database, town: Town) -> None:
    with database.transaction() as session:
        begin_run(session, campaign_id=town.id, actor=town.coordinator, now=NOW)
    with pytest.raises(AlreadyMatching), database.transaction() as session:
        begin_run(session, campaign_id=town.id, actor=town.coordinator, now=later(hours=0.1))
    with database.transaction() as session:
        assert begin_run(session, campaign_id=town.id, actor=town.coordinator, now=later(hours=1)), (
            "one that was killed is in nobody's way"
        )


def test_a_run_that_finds_nothing_to_do_leaves_the_way_free(database: Database, town: Town) -> None:
    for _ in range(2):
        with pytest.raises(NothingToMatch):
            matched(database, town)


def test_only_coordinators_run_and_undo(database: Database, town: Town) -> None:
    with database.transaction() as session:
        branch(session, town)
        wish(session, town)
    with pytest.raises(Forbidden):
        run(database, campaign_id=town.id, actor=town.place.secretary, now=NOW)
    run_id = int(str(matched(database, town)["run"]))
    for actor in (town.place.secretary, town.place.volunteer):
        with pytest.raises(Forbidden), database.transaction() as session:
            withdraw_run(session, run_id=run_id, actor=actor, now=NOW)
        with pytest.raises(Forbidden), database.transaction() as session:
            accept_for(session, campaign_id=town.id, actor=actor, now=NOW)


def test_a_stored_run_repeats_to_the_byte(database: Database, town: Town) -> None:
    with database.transaction() as session:
        for i in range(4):
            branch(session, town, count=5, fen=30_000 + 7_000 * i, liked=["study"] if i % 2 else [])
        for i in range(18):
            wish(session, town, far=i % 3 == 0, price_fen=3_000 + 900 * i)
    first = matched(database, town)
    with database.reading() as session:
        inputs, plan = stored_bytes(session, town.id, int(str(first["run"])))
    again = repeated(inputs, campaign_id=town.id)
    assert plan_bytes(again.seen, again.plan.taker) == plan
    assert again.inputs == inputs and again.figures()["inputs_hash"] == first["inputs_hash"]


def test_the_longest_waiting_go_first_whatever_it_costs(database: Database, town: Town) -> None:
    with database.transaction() as session:
        branch(session, town, count=2, liked=["study"])
        young = [wish(session, town, waited_days=2) for _ in range(2)]
        old = [wish(session, town, far=True, waited_days=61, category="toy") for _ in range(2)]
    found = matched(database, town)
    with database.reading() as session:
        assert set(takers_of(session, town)) == set(old)
    assert (found["overdue"], found["overdue_matched"]) == (2, 2)
    assert statuses(database, young) == [Status.OPEN, Status.OPEN]


def test_a_reserve_is_kept_for_the_urgent(database: Database) -> None:
    with database.transaction() as session:
        town = make_town(session, reserve_percent=50)
        branch(session, town, count=4)
        ordinary = [wish(session, town) for _ in range(4)]
    matched(database, town)
    assert statuses(database, ordinary).count(Status.PROPOSED) == 2
    with database.transaction() as session:
        urgent = [wish(session, town, waited_days=90) for _ in range(3)]
    matched(database, town)
    assert statuses(database, urgent).count(Status.PROPOSED) == 2, "the reserve is theirs, and no more than the pledge"


def test_an_incremental_run_moves_no_more_than_its_share(database: Database) -> None:
    with database.transaction() as session:
        town = make_town(session, moves_percent=20)
        far = branch(session, town, county="330127")
        wishes = [wish(session, town) for _ in range(10)]
    matched(database, town)
    with database.transaction() as session:
        near = branch(session, town)  # much better, for all ten
        save_weights(session, campaign_id=town.id, actor=town.coordinator, now=NOW, weights={"distance": 90.0})
        new = wish(session, town)
    done = matched(database, town, policy="incremental", now=later(1))
    with database.reading() as session:
        takers = [taker for wish_id, (taker, _) in takers_of(session, town).items() if wish_id in wishes]
        assert takers_of(session, town)[new][0] == near
        withdrawn = session.execute(
            sa.select(sa.func.count()).select_from(Proposal).where(Proposal.state == "withdrawn")
        ).scalar_one()  # type: ignore[arg-type]
    assert (takers.count(near), takers.count(far), withdrawn, done["moved"]) == (2, 8, 2, 2)


def test_the_engine_moves_proposals_by_itself_too(database: Database) -> None:
    with database.transaction() as session:
        town = make_town(session, moves_percent=100, weights={"distance": 90.0})
        branch(session, town, county="330127")
        wish_id = wish(session, town)
    matched(database, town)
    with database.transaction() as session:
        near = branch(session, town)
    run(database, campaign_id=town.id, actor=SYSTEM, now=later(1), policy="incremental")
    with database.reading() as session:
        assert takers_of(session, town) == {wish_id: (near, None)}


def test_a_coordinator_accepts_all_for_the_takers(database: Database, town: Town) -> None:
    with database.transaction() as session:
        one, two = branch(session, town, count=2, fen=20_000), branch(session, town, count=2)
        company = person(session, town)
        for _ in range(4):
            wish(session, town, price_fen=7_000)
        wish(session, town, need="vetted", category="companionship")
    run_id = int(str(matched(database, town)["run"]))
    with database.transaction() as session:
        assert accept_for(session, campaign_id=town.id, actor=town.coordinator, now=later(1), branch_id=two) == {
            "accepted": 2,
            "refused": 0,
        }
    with database.transaction() as session:
        assert accept_for(session, campaign_id=town.id, actor=town.coordinator, now=later(2), run_id=run_id) == {
            "accepted": 3,
            "refused": 0,
        }
    with database.reading() as session:
        used = session.execute(
            sa.select(Branch.used_count, Branch.used_fen).where(Branch.id.in_([one, two])).order_by(Branch.id)
        ).all()  # type: ignore[call-overload,union-attr]
        hands = session.execute(sa.select(Volunteer.live_claims).where(Volunteer.id == company)).scalar_one()  # type: ignore[call-overload]
        assert run_by_id(session, town.id, run_id).answers == {"accepted": 5}
    assert [tuple(row) for row in used] == [(2, 14_000), (2, 14_000)] and hands == 1


def test_accepting_for_a_taker_stops_at_the_pledge(database: Database, town: Town) -> None:
    with database.transaction() as session:
        taker = branch(session, town, count=3)
        for _ in range(3):
            wish(session, town)
    matched(database, town)
    with database.transaction() as session:
        session.execute(sa.update(Branch).where(Branch.id == taker).values(pledge_count=2))  # type: ignore[arg-type]
    with database.transaction() as session:
        assert accept_for(session, campaign_id=town.id, actor=town.coordinator, now=later(1)) == {
            "accepted": 2,
            "refused": 1,
        }


def test_a_proposal_is_exclusive_for_its_hours_and_then_open_to_browsing(database: Database) -> None:
    with database.transaction() as session:
        town = make_town(session, proposal_hours=24)
        branch(session, town, count=1)
        other = branch(session, town, county="330127")
        wish_id = wish(session, town)
    matched(database, town)
    sweep(database, now=later(hours=23))
    with pytest.raises(Conflict), database.transaction() as session:
        claims.claim(session, wish_id=wish_id, actor=secretary_of(town, other), now=later(hours=23), branch_id=other)
    sweep(database, now=later(hours=24.5))
    with database.transaction() as session:
        claims.claim(session, wish_id=wish_id, actor=secretary_of(town, other), now=later(hours=25), branch_id=other)
        state = session.execute(sa.select(Proposal.state).where(Proposal.wish_id == wish_id)).scalar_one()  # type: ignore[call-overload]
    assert state == "expired"


def test_a_proposal_lasts_no_longer_than_the_deadline_of_its_own_category(database: Database) -> None:
    toys = OwnDeadline(stage=Status.PROPOSED, category="toy", days=1)
    with database.transaction() as session:
        town = make_town(session, proposal_hours=48, own_deadlines=(toys,))
        branch(session, town)
        toy, book = wish(session, town, category="toy"), wish(session, town, category="study")
    matched(database, town)
    with database.reading() as session:
        until = dict(session.execute(sa.select(Proposal.wish_id, Proposal.expires_at)).all())  # type: ignore[call-overload]
        due = dict(session.execute(sa.select(Clock.wish_id, Clock.due_at).where(Clock.closed_at.is_(None))).all())  # type: ignore[call-overload,union-attr]
    assert until == {toy: later(hours=24), book: later(hours=48)}
    assert due == until, "the clock strikes when the page says it does"
