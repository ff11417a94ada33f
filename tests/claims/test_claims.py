"""Claiming and what becomes of a claim, on both databases: nothing passes a limit, every move leaves its rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col

from tests.factories import NOW, Place, insert, make_branch, make_campaign, make_volunteer, make_wish, signed_in
from wishes.access import Actor, Grant, Role
from wishes.campaigns.rules import Rules
from wishes.claims import actions
from wishes.claims.tables import Branch, Claim, ClaimState, Proposal, ProposalState, Volunteer
from wishes.clock import local_day
from wishes.db import Database
from wishes.errors import (
    CapacityReached,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    NotPossibleNow,
    NotQualified,
    PledgeReached,
)
from wishes.events.tables import Event
from wishes.intake.tables import Wish
from wishes.lifecycle import Kind, Status
from wishes.tracking.tables import Clock

TODAY = local_day(NOW)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as opened:
        yield opened


@pytest.fixture
def place(session: Session) -> Place:
    return make_campaign(session)


def row(session: Session, table: Any, row_id: int) -> Any:
    columns = sa.inspect(table).local_table
    return session.execute(sa.select(columns).where(columns.c.id == row_id)).one()


def claims_of(session: Session, wish_id: int) -> list[Any]:
    return list(
        session.execute(
            sa.select(sa.inspect(Claim).local_table).where(col(Claim.wish_id) == wish_id).order_by(col(Claim.id))
        )
    )


def events_of(session: Session, wish_id: int) -> list[Any]:
    return list(
        session.execute(
            sa.select(sa.inspect(Event).local_table).where(col(Event.wish_id) == wish_id).order_by(col(Event.id))
        )
    )


def open_clock(session: Session, wish_id: int) -> Any:
    return session.execute(
        sa.select(sa.inspect(Clock).local_table).where(col(Clock.wish_id) == wish_id, col(Clock.closed_at).is_(None))
    ).one_or_none()


def another_volunteer(session: Session, place: Place, **more: Any) -> tuple[int, Actor]:
    volunteer_id = make_volunteer(session, place.id, **more)
    return volunteer_id, Actor(None, "another", (Grant(Role.VOLUNTEER, place.id, volunteer_id=volunteer_id),))


def proposed(
    session: Session, place: Place, *, branch_id: int | None = None, volunteer_id: int | None = None, **more: Any
) -> int:
    wish_id = make_wish(
        session, place, status=Status.PROPOSED, taker_branch_id=branch_id, taker_volunteer_id=volunteer_id, **more
    )
    insert(
        session,
        Proposal,
        campaign_id=place.id,
        wish_id=wish_id,
        branch_id=branch_id,
        volunteer_id=volunteer_id,
        proposed_at=NOW,
        expires_at=NOW + timedelta(days=3),
    )
    return wish_id


# --- taking an open wish ----------------------------------------------------------------------------------------------


def test_a_claim_leaves_its_wish_its_claim_its_event_its_clock_and_its_counters(session: Session, place: Place) -> None:
    wish_id = make_wish(session, place, price_fen=12_300)
    actor = signed_in(session, place.member)
    done = actions.claim(session, wish_id=wish_id, actor=actor, now=NOW, volunteer_id=place.member_id)
    assert (done.wish_id, done.campaign_id, done.old, done.new) == (wish_id, place.id, Status.OPEN, Status.CLAIMED)
    wish = row(session, Wish, wish_id)
    assert (wish.status, wish.claimed_at, wish.taker_volunteer_id, wish.taker_branch_id) == (
        Status.CLAIMED,
        NOW,
        place.member_id,
        place.branch_id,
    )
    (claim,) = claims_of(session, wish_id)
    assert (
        claim.state,
        claim.via,
        claim.volunteer_id,
        claim.branch_id,
        claim.spend_fen,
        claim.claimed_at,
        claim.ended_at,
        claim.end_reason,
    ) == (ClaimState.LIVE, "browse", place.member_id, place.branch_id, 12_300, NOW, None, "")
    (event,) = events_of(session, wish_id)
    assert event.id == done.event_id
    assert (
        event.action,
        event.old_status,
        event.new_status,
        event.actor_id,
        event.claim_id,
        event.occurred_at,
        event.recorded_at,
        event.announced_at,
    ) == ("claim", "open", "claimed", actor.account_id, claim.id, NOW, NOW, None)
    assert event.data == {"volunteer_id": place.member_id, "branch_id": place.branch_id}
    clock = open_clock(session, wish_id)
    assert (clock.stage, clock.opened_at, clock.due_at, clock.step) == ("claimed", NOW, NOW + timedelta(days=10), 0)
    assert clock.next_at == NOW + timedelta(days=7)
    assert row(session, Volunteer, place.member_id).live_claims == 1
    branch = row(session, Branch, place.branch_id)
    assert (branch.used_count, branch.used_fen) == (1, 12_300)


def test_a_clock_that_ran_on_the_open_wish_ends_with_the_claim(session: Session, place: Place) -> None:
    wish_id = make_wish(session, place)
    insert(
        session,
        Clock,
        campaign_id=place.id,
        wish_id=wish_id,
        stage="open",
        opened_at=NOW - timedelta(days=5),
        due_at=NOW,
    )
    actions.claim(session, wish_id=wish_id, actor=place.volunteer, now=NOW, volunteer_id=place.volunteer_id)
    assert open_clock(session, wish_id).stage == "claimed"
    closed = session.execute(
        sa.select(col(Clock.closed_at)).where(col(Clock.wish_id) == wish_id, col(Clock.stage) == "open")
    ).scalar_one()
    assert closed == NOW


def test_a_campaign_without_a_deadline_for_claims_starts_no_clock(session: Session) -> None:
    place = make_campaign(session, rules=Rules(deadlines={}))
    wish_id = make_wish(session, place)
    actions.claim(session, wish_id=wish_id, actor=place.volunteer, now=NOW, volunteer_id=place.volunteer_id)
    assert open_clock(session, wish_id) is None


def test_second_volunteer_is_told_someone_was_quicker(session: Session, place: Place) -> None:
    wish_id = make_wish(session, place)
    actions.claim(session, wish_id=wish_id, actor=place.volunteer, now=NOW, volunteer_id=place.volunteer_id)
    second_id, second = another_volunteer(session, place)
    with pytest.raises(Conflict) as refused:
        actions.claim(session, wish_id=wish_id, actor=second, now=NOW, volunteer_id=second_id)
    assert type(refused.value) is Conflict
    assert len(claims_of(session, wish_id)) == 1
    assert row(session, Volunteer, second_id).live_claims == 0


def test_who_claims_a_wish_twice_is_told_it_is_theirs_already(session: Session, place: Place) -> None:
    wish_id = make_wish(session, place)
    actions.claim(session, wish_id=wish_id, actor=place.volunteer, now=NOW, volunteer_id=place.volunteer_id)
    with pytest.raises(NotPossibleNow):
        actions.claim(session, wish_id=wish_id, actor=place.volunteer, now=NOW, volunteer_id=place.volunteer_id)


def test_a_wish_proposed_to_somebody_else_cannot_be_claimed(session: Session, place: Place) -> None:
    wish_id = proposed(session, place, branch_id=place.branch_id)
    with pytest.raises(Conflict):
        actions.claim(session, wish_id=wish_id, actor=place.volunteer, now=NOW, volunteer_id=place.volunteer_id)


@pytest.mark.parametrize("status", [Status.DRAFT, Status.SUBMITTED, Status.VERIFIED, Status.CANCELLED, Status.REJECTED])
def test_a_wish_that_is_not_open_cannot_be_claimed(session: Session, place: Place, status: Status) -> None:
    wish_id = make_wish(session, place, status=status)
    with pytest.raises(NotPossibleNow):
        actions.claim(session, wish_id=wish_id, actor=place.volunteer, now=NOW, volunteer_id=place.volunteer_id)


def test_a_claim_seen_open_but_taken_meanwhile_writes_nothing(database: Database) -> None:
    from wishes.campaigns.queries import rules_of
    from wishes.claims.taking import find_taker, take
    from wishes.events.actions import wish_state

    with database.transaction() as session:
        place = make_campaign(session)
        wish_id = make_wish(session, place)
        second_id, second = another_volunteer(session, place)
        seen, rules = wish_state(session, wish_id), rules_of(session, place.id)
        taker = find_taker(session, place.id, volunteer_id=second_id)
        actions.claim(session, wish_id=wish_id, actor=place.volunteer, now=NOW, volunteer_id=place.volunteer_id)
    with pytest.raises(Conflict), database.transaction() as session:
        take(session, state=seen, taker=taker, rules=rules, actor=second, now=NOW)
    with database.reading() as session:
        assert [claim.volunteer_id for claim in claims_of(session, wish_id)] == [place.volunteer_id]
        assert row(session, Volunteer, second_id).live_claims == 0
        assert len(events_of(session, wish_id)) == 1


def test_a_volunteer_cannot_carry_more_than_agreed(database: Database) -> None:
    with database.transaction() as session:
        place = make_campaign(session)
        volunteer_id, actor = another_volunteer(session, place, limit=2)
        wishes = [make_wish(session, place) for _ in range(3)]
        for wish_id in wishes[:2]:
            actions.claim(session, wish_id=wish_id, actor=actor, now=NOW, volunteer_id=volunteer_id)
    with pytest.raises(CapacityReached) as refused, database.transaction() as session:
        actions.claim(session, wish_id=wishes[2], actor=actor, now=NOW, volunteer_id=volunteer_id)
    assert refused.value.facts["limit"] == 2
    with database.reading() as session:
        assert row(session, Wish, wishes[2]).status == Status.OPEN
        assert claims_of(session, wishes[2]) == []


@pytest.mark.parametrize("pledge", [{"pledge_count": 1}, {"pledge_fen": 15_999}])
def test_a_branch_cannot_pass_its_pledge_in_number_or_budget(database: Database, pledge: dict[str, int]) -> None:
    with database.transaction() as session:
        place = make_campaign(session)
        branch_id = make_branch(session, place.id, **pledge)
        secretary = Actor(None, "secretary", (Grant(Role.BRANCH_SECRETARY, place.id, branch_id=branch_id),))
        first, second = (make_wish(session, place, price_fen=8_000) for _ in range(2))
        actions.claim(session, wish_id=first, actor=secretary, now=NOW, branch_id=branch_id)
    with pytest.raises(PledgeReached), database.transaction() as session:
        actions.claim(session, wish_id=second, actor=secretary, now=NOW, branch_id=branch_id)
    with database.reading() as session:
        assert row(session, Branch, branch_id).used_count == 1


def test_company_costs_no_budget(session: Session, place: Place) -> None:
    wish_id = make_wish(session, place, kind=Kind.SERVICE, price_fen=9_900)
    actions.claim(session, wish_id=wish_id, actor=place.secretary, now=NOW, branch_id=place.branch_id)
    assert claims_of(session, wish_id)[0].spend_fen == 0
    assert row(session, Branch, place.branch_id).used_fen == 0


@pytest.mark.parametrize(
    ("need", "vetted_on", "qualification", "fits"),
    [
        ("none", None, "", True),
        ("vetted", None, "", False),
        ("vetted", TODAY, "", True),
        ("vetted", TODAY - timedelta(days=364), "", True),
        ("vetted", TODAY - timedelta(days=365), "", False),
        ("vetted", TODAY + timedelta(days=1), "", False),
        ("psych", TODAY, "", False),
        ("psych", TODAY, "二级心理咨询师", True),
    ],
)
def test_meeting_a_child_takes_a_check_within_a_year_and_counselling_a_qualification(
    session: Session, place: Place, need: str, vetted_on: date | None, qualification: str, fits: bool
) -> None:
    wish_id = make_wish(session, place, kind=Kind.SERVICE, need=need)
    volunteer_id, actor = another_volunteer(session, place, vetted_on=vetted_on, qualification=qualification)
    if fits:
        actions.claim(session, wish_id=wish_id, actor=actor, now=NOW, volunteer_id=volunteer_id)
        assert row(session, Wish, wish_id).status == Status.CLAIMED
    else:
        with pytest.raises(NotQualified):
            actions.claim(session, wish_id=wish_id, actor=actor, now=NOW, volunteer_id=volunteer_id)


def test_a_branch_must_name_who_meets_the_child(session: Session, place: Place) -> None:
    wish_id = make_wish(session, place, kind=Kind.SERVICE, need="vetted")
    with pytest.raises(Invalid) as refused:
        actions.claim(session, wish_id=wish_id, actor=place.secretary, now=NOW, branch_id=place.branch_id)
    assert refused.value.field == "volunteer_id"


def test_a_secretary_claims_for_a_member_and_uses_the_branches_pledge(session: Session, place: Place) -> None:
    wish_id = make_wish(session, place)
    actions.claim(
        session,
        wish_id=wish_id,
        actor=place.secretary,
        now=NOW,
        volunteer_id=place.member_id,
        branch_id=place.branch_id,
    )
    assert row(session, Volunteer, place.member_id).live_claims == 1
    assert row(session, Branch, place.branch_id).used_count == 1


def test_nobody_claims_for_somebody_else(session: Session, place: Place) -> None:
    wish_id = make_wish(session, place)
    for actor, taker in (
        (place.volunteer, {"volunteer_id": place.member_id}),
        (place.volunteer, {"branch_id": place.branch_id}),
        (place.member, {"branch_id": place.branch_id}),
        (place.secretary, {"volunteer_id": place.volunteer_id}),
        (place.secretary, {"branch_id": place.other_branch_id}),
        (place.coordinator, {"volunteer_id": place.volunteer_id}),
        (place.social_worker, {"volunteer_id": place.volunteer_id}),
        (place.secretary, {}),
    ):
        with pytest.raises(Forbidden):
            actions.claim(session, wish_id=wish_id, actor=actor, now=NOW, **taker)
    assert row(session, Wish, wish_id).status == Status.OPEN


def test_a_closed_volunteer_and_one_of_another_campaign_are_not_there(session: Session, place: Place) -> None:
    wish_id = make_wish(session, place)
    elsewhere = make_campaign(session)
    session.execute(sa.update(Volunteer).where(col(Volunteer.id) == place.volunteer_id).values(active=False))
    for volunteer_id in (place.volunteer_id, elsewhere.volunteer_id):
        with pytest.raises(NotFound):
            actions.claim(session, wish_id=wish_id, actor=place.volunteer, now=NOW, volunteer_id=volunteer_id)


# --- proposals --------------------------------------------------------------------------------------------------------


def test_accepting_turns_the_proposal_into_a_claim(session: Session, place: Place) -> None:
    wish_id = proposed(session, place, branch_id=place.branch_id)
    actions.accept(session, wish_id=wish_id, actor=place.secretary, now=NOW)
    (claim,) = claims_of(session, wish_id)
    assert (claim.via, claim.branch_id, claim.volunteer_id) == ("proposal", place.branch_id, None)
    ended = session.execute(
        sa.select(col(Proposal.state), col(Proposal.ended_at)).where(col(Proposal.id) == claim.proposal_id)
    ).one()
    assert (ended.state, ended.ended_at) == (ProposalState.ACCEPTED, NOW)
    assert open_clock(session, wish_id).stage == "claimed"


def test_a_secretary_may_name_the_member_who_carries_it_but_nobody_of_another_branch(
    session: Session, place: Place
) -> None:
    wish_id = proposed(session, place, branch_id=place.branch_id)
    with pytest.raises(Forbidden):
        actions.accept(session, wish_id=wish_id, actor=place.secretary, now=NOW, volunteer_id=place.volunteer_id)
    actions.accept(session, wish_id=wish_id, actor=place.secretary, now=NOW, volunteer_id=place.member_id)
    assert row(session, Wish, wish_id).taker_volunteer_id == place.member_id


def test_a_member_cannot_pass_a_proposal_on_to_a_colleague(session: Session, place: Place) -> None:
    colleague = make_volunteer(session, place.id, branch_id=place.branch_id)
    wish_id = proposed(session, place, branch_id=place.branch_id, volunteer_id=place.member_id)
    with pytest.raises(Forbidden):
        actions.accept(session, wish_id=wish_id, actor=place.member, now=NOW, volunteer_id=colleague)


def test_only_whom_it_was_proposed_to_may_accept(session: Session, place: Place) -> None:
    wish_id = proposed(session, place, branch_id=place.branch_id, volunteer_id=place.member_id)
    for actor in (place.volunteer, place.coordinator, place.social_worker):
        with pytest.raises(Forbidden):
            actions.accept(session, wish_id=wish_id, actor=actor, now=NOW)


def test_declining_and_expiring_open_the_wish_again_to_everybody(session: Session, place: Place) -> None:
    declined, expired = (proposed(session, place, branch_id=place.branch_id) for _ in range(2))
    actions.decline(session, wish_id=declined, actor=place.secretary, now=NOW, reason="太远")
    actions.expire(session, wish_id=expired, now=NOW)
    for wish_id, state in ((declined, ProposalState.DECLINED), (expired, ProposalState.EXPIRED)):
        wish = row(session, Wish, wish_id)
        assert (wish.status, wish.taker_branch_id, wish.taker_volunteer_id) == (Status.OPEN, None, None)
        assert (
            session.execute(sa.select(col(Proposal.state)).where(col(Proposal.wish_id) == wish_id)).scalar_one()
            == state
        )
        actions.claim(session, wish_id=wish_id, actor=place.volunteer, now=NOW, volunteer_id=place.volunteer_id)


def test_declining_needs_a_reason(session: Session, place: Place) -> None:
    wish_id = proposed(session, place, branch_id=place.branch_id)
    with pytest.raises(Invalid) as refused:
        actions.decline(session, wish_id=wish_id, actor=place.secretary, now=NOW, reason="  ")
    assert refused.value.field == "reason"


def test_a_wish_without_a_proposal_cannot_be_accepted(session: Session, place: Place) -> None:
    with pytest.raises(NotFound):
        actions.accept(session, wish_id=make_wish(session, place), actor=place.secretary, now=NOW)


# --- giving back ------------------------------------------------------------------------------------------------------


def test_giving_back_frees_hands_and_pledge_and_the_wish(session: Session, place: Place) -> None:
    wish_id = make_wish(session, place)
    actions.claim(session, wish_id=wish_id, actor=place.member, now=NOW, volunteer_id=place.member_id)
    later = NOW + timedelta(days=2)
    actions.release(session, wish_id=wish_id, actor=place.member, now=later, reason="买不到")
    wish = row(session, Wish, wish_id)
    assert (wish.status, wish.taker_volunteer_id, wish.taker_branch_id) == (Status.OPEN, None, None)
    (claim,) = claims_of(session, wish_id)
    assert (claim.state, claim.ended_at, claim.end_reason) == (ClaimState.ENDED, later, "买不到")
    volunteer, branch = row(session, Volunteer, place.member_id), row(session, Branch, place.branch_id)
    assert (volunteer.live_claims, volunteer.lapses, branch.used_count, branch.used_fen) == (0, 0, 0, 0)
    event = events_of(session, wish_id)[-1]
    assert (event.action, event.claim_id, event.reason) == ("release", claim.id, "买不到")


def test_a_given_back_wish_can_be_claimed_again_with_a_claim_of_its_own(session: Session, place: Place) -> None:
    wish_id = make_wish(session, place)
    for actor, volunteer_id in ((place.member, place.member_id), (place.volunteer, place.volunteer_id)):
        actions.claim(session, wish_id=wish_id, actor=actor, now=NOW, volunteer_id=volunteer_id)
        actions.release(session, wish_id=wish_id, actor=actor, now=NOW, reason="改期")
    actions.claim(session, wish_id=wish_id, actor=place.volunteer, now=NOW, volunteer_id=place.volunteer_id)
    assert [claim.state for claim in claims_of(session, wish_id)] == [
        ClaimState.ENDED,
        ClaimState.ENDED,
        ClaimState.LIVE,
    ]


def test_a_lapse_counts_against_the_volunteer(session: Session, place: Place) -> None:
    wish_id = make_wish(session, place)
    actions.claim(session, wish_id=wish_id, actor=place.member, now=NOW, volunteer_id=place.member_id)
    actions.lapse(session, wish_id=wish_id, now=NOW + timedelta(days=20))
    volunteer = row(session, Volunteer, place.member_id)
    assert (volunteer.live_claims, volunteer.lapses) == (0, 1)
    assert events_of(session, wish_id)[-1].actor_id is None


def test_nobody_gives_back_what_another_holds(session: Session, place: Place) -> None:
    wish_id = make_wish(session, place)
    actions.claim(session, wish_id=wish_id, actor=place.member, now=NOW, volunteer_id=place.member_id)
    for actor in (
        place.volunteer,
        place.social_worker,
        replace(place.secretary, grants=(place.grant(Role.BRANCH_SECRETARY, branch_id=place.other_branch_id),)),
    ):
        with pytest.raises(Forbidden):
            actions.release(session, wish_id=wish_id, actor=actor, now=NOW, reason="不要了")


@pytest.mark.parametrize("start", [Status.DRAFT, Status.SUBMITTED, Status.VERIFIED, Status.OPEN])
def test_a_wish_nobody_took_is_cancelled_without_more(session: Session, place: Place, start: Status) -> None:
    wish_id = make_wish(session, place, status=start)
    actions.cancel(session, wish_id=wish_id, actor=place.social_worker, now=NOW, reason="孩子搬走了")
    assert row(session, Wish, wish_id).status == Status.CANCELLED


def test_cancelling_ends_the_claim_and_frees_the_taker(session: Session, place: Place) -> None:
    wish_id = make_wish(session, place)
    actions.claim(session, wish_id=wish_id, actor=place.member, now=NOW, volunteer_id=place.member_id)
    actions.cancel(session, wish_id=wish_id, actor=place.coordinator, now=NOW, reason="重复")
    assert claims_of(session, wish_id)[0].state == ClaimState.ENDED
    assert row(session, Volunteer, place.member_id).live_claims == 0
    assert row(session, Branch, place.branch_id).used_count == 0
    assert open_clock(session, wish_id) is None


def test_cancelling_withdraws_a_standing_proposal(session: Session, place: Place) -> None:
    wish_id = proposed(session, place, branch_id=place.branch_id)
    actions.cancel(session, wish_id=wish_id, actor=place.coordinator, now=NOW, reason="重复")
    assert (
        session.execute(sa.select(col(Proposal.state)).where(col(Proposal.wish_id) == wish_id)).scalar_one()
        == ProposalState.WITHDRAWN
    )


# --- on the way -------------------------------------------------------------------------------------------------------


def test_goods_go_through_preparation_inspection_and_transport_to_the_child(session: Session, place: Place) -> None:
    wish_id = make_wish(session, place)
    coordinator = place.coordinator
    actions.claim(session, wish_id=wish_id, actor=place.member, now=NOW, volunteer_id=place.member_id)
    claim_id = claims_of(session, wish_id)[0].id
    actions.step(session, "prepare", wish_id=wish_id, actor=place.member, now=NOW, spent_fen=7_500)
    actions.step(session, "inspect", wish_id=wish_id, actor=coordinator, now=NOW)
    actions.step(session, "dispatch", wish_id=wish_id, actor=coordinator, now=NOW)
    assert [(event.action, event.claim_id) for event in events_of(session, wish_id)] == [
        (name, claim_id) for name in ("claim", "prepare", "inspect", "dispatch")
    ]
    assert events_of(session, wish_id)[1].data == {"spent_fen": 7_500}


def test_an_appointment_lies_today_or_later(session: Session, place: Place) -> None:
    wish_id = make_wish(session, place, kind=Kind.SERVICE)
    actions.claim(session, wish_id=wish_id, actor=place.member, now=NOW, volunteer_id=place.member_id)
    for day in (None, TODAY - timedelta(days=1)):
        with pytest.raises(Invalid):
            actions.step(session, "schedule", wish_id=wish_id, actor=place.member, now=NOW, scheduled_on=day)
    actions.step(session, "schedule", wish_id=wish_id, actor=place.member, now=NOW, scheduled_on=TODAY)
    assert row(session, Wish, wish_id).scheduled_on == TODAY


def test_a_delivered_claim_frees_the_hands_but_not_the_pledge(session: Session, place: Place) -> None:
    wish_id = make_wish(session, place)
    actions.claim(session, wish_id=wish_id, actor=place.member, now=NOW, volunteer_id=place.member_id)
    actions.finish_claim(session, wish_id=wish_id, now=NOW)
    assert row(session, Volunteer, place.member_id).live_claims == 0
    assert row(session, Branch, place.branch_id).used_count == 1
    with pytest.raises(Conflict):
        actions.finish_claim(session, wish_id=wish_id, now=NOW)


def test_doing_it_again_after_a_dispute_fills_the_takers_hands(database: Database) -> None:
    with database.transaction() as session:
        place = make_campaign(session)
        volunteer_id, actor = another_volunteer(session, place, limit=1)
        disputed, other = (make_wish(session, place) for _ in range(2))
        actions.claim(session, wish_id=disputed, actor=actor, now=NOW, volunteer_id=volunteer_id)
        actions.finish_claim(session, wish_id=disputed, now=NOW)
        session.execute(sa.update(Wish).where(col(Wish.id) == disputed).values(status=Status.DISPUTED))
        actions.claim(session, wish_id=other, actor=actor, now=NOW, volunteer_id=volunteer_id)
    with pytest.raises(CapacityReached), database.transaction() as session:
        actions.step(session, "redo", wish_id=disputed, actor=place.coordinator, now=NOW, reason="送错了")
    with database.transaction() as session:
        actions.release(session, wish_id=other, actor=actor, now=NOW, reason="先补送")
        actions.step(session, "redo", wish_id=disputed, actor=place.coordinator, now=NOW, reason="送错了")
        assert row(session, Volunteer, volunteer_id).live_claims == 1
        assert claims_of(session, disputed)[0].state == ClaimState.LIVE
