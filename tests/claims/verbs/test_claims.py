"""Taking an open wish, on both databases: nothing passes a limit, and the claim leaves all its rows."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col

from tests.claims.verbs.left import another_volunteer, claims_of, events_of, open_clock, proposed, row
from tests.factories import NOW, Place, insert, make_branch, make_campaign, make_wish, signed_in
from wishes.access import Actor, Grant, Role
from wishes.campaigns.rules import Rules
from wishes.claims import actions
from wishes.claims.tables import Branch, ClaimState, Volunteer
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
from wishes.intake.tables import Wish
from wishes.lifecycle import Kind, Status
from wishes.tracking.tables import Clock

TODAY = local_day(NOW)


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
