"""Giving back, lapsing and cancelling free the taker and the wish."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col

from tests.claims.verbs.left import claims_of, events_of, open_clock, proposed, row
from tests.factories import NOW, Place, make_wish
from wishes.access import Role
from wishes.claims import actions
from wishes.claims.tables import Branch, ClaimState, Proposal, ProposalState, Volunteer
from wishes.errors import (
    Forbidden,
)
from wishes.intake.tables import Wish
from wishes.lifecycle import Status


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
