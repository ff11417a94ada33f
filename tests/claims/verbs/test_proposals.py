"""Proposals: accepted, declined, run out."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col

from tests.claims.verbs.left import claims_of, open_clock, proposed, row
from tests.factories import NOW, Place, make_volunteer, make_wish
from wishes.claims import actions
from wishes.claims.tables import Proposal, ProposalState
from wishes.errors import (
    Forbidden,
    Invalid,
    NotFound,
)
from wishes.intake.tables import Wish
from wishes.lifecycle import Status


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
