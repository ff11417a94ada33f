"""A lapse that was nobody's fault is excused, and every end of a claim says who held the wish."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col

from tests.factories import NOW, Place, make_wish
from wishes.claims import actions
from wishes.claims.queries import lapses
from wishes.claims.tables import Branch, Claim, Proposal, ProposalState, Volunteer
from wishes.db import Database
from wishes.errors import Forbidden, Invalid, NotFound
from wishes.events.actions import move
from wishes.events.tables import Event

LATER = NOW + timedelta(days=20)


def lapsed(session: Session, place: Place, *, by_branch: bool = False) -> int:
    """A claim that ran out; answers its id."""
    wish_id = make_wish(session, place)
    if by_branch:
        actions.claim(session, wish_id=wish_id, actor=place.secretary, now=NOW, branch_id=place.branch_id)
    else:
        actions.claim(session, wish_id=wish_id, actor=place.member, now=NOW, volunteer_id=place.member_id)
    actions.lapse(session, wish_id=wish_id, now=LATER)
    return int(session.execute(sa.select(col(Claim.id)).where(col(Claim.wish_id) == wish_id)).scalar_one())


def counted(session: Session, place: Place) -> tuple[int, int]:
    volunteer = session.execute(
        sa.select(col(Volunteer.lapses)).where(col(Volunteer.id) == place.member_id)
    ).scalar_one()
    branch = session.execute(sa.select(col(Branch.lapses)).where(col(Branch.id) == place.branch_id)).scalar_one()
    return volunteer, branch


def test_an_excused_lapse_no_longer_counts_and_is_excused_once(database: Database, place: Place) -> None:
    with database.transaction() as session:
        first, second = lapsed(session, place), lapsed(session, place)
        assert counted(session, place) == (2, 0)
        excuse = {"actor": place.coordinator, "now": LATER, "reason": "住院了"}
        assert actions.excuse_lapse(session, claim_id=first, **excuse) is True  # type: ignore[arg-type]
        assert actions.excuse_lapse(session, claim_id=first, **excuse) is False  # type: ignore[arg-type]
        assert counted(session, place) == (1, 0)
        assert [(one.claim_id, one.excused_at) for one in lapses(session, place.id)] == [(second, None), (first, LATER)]
        event = session.execute(
            sa.select(col(Event.claim_id), col(Event.reason), col(Event.data)).where(
                col(Event.action) == "excuse_lapse"
            )
        ).one()
        assert tuple(event) == (first, "住院了", {"volunteer_id": place.member_id, "branch_id": place.branch_id})


def test_a_branchs_own_lapse_counts_against_the_branch_until_it_is_excused(database: Database, place: Place) -> None:
    with database.transaction() as session:
        claim_id = lapsed(session, place, by_branch=True)
        assert counted(session, place) == (0, 1)
        actions.excuse_lapse(session, claim_id=claim_id, actor=place.coordinator, now=LATER, reason="停电")
        assert counted(session, place) == (0, 0)


def test_an_excuse_needs_a_coordinator_a_reason_and_a_lapse(database: Database, place: Place) -> None:
    with database.transaction() as session:
        claim_id = lapsed(session, place)
        wish_id = make_wish(session, place)
        actions.claim(session, wish_id=wish_id, actor=place.volunteer, now=NOW, volunteer_id=place.volunteer_id)
        live = session.execute(sa.select(col(Claim.id)).where(col(Claim.wish_id) == wish_id)).scalar_one()
        with pytest.raises(Forbidden):
            actions.excuse_lapse(session, claim_id=claim_id, actor=place.member, now=LATER, reason="忙")
        with pytest.raises(Invalid):
            actions.excuse_lapse(session, claim_id=claim_id, actor=place.coordinator, now=LATER, reason=" ")
        with pytest.raises(NotFound):
            actions.excuse_lapse(session, claim_id=live, actor=place.coordinator, now=LATER, reason="忙")
        assert counted(session, place) == (1, 0)


@pytest.mark.parametrize("end", ["expire", "decline", "cancel"])
def test_the_end_of_a_proposal_says_whose_it_was(database: Database, place: Place, end: str) -> None:
    ids = {"volunteer_id": place.member_id, "branch_id": place.branch_id}
    with database.transaction() as session:
        wish_id = make_wish(session, place)
        session.add(
            Proposal(
                campaign_id=place.id,
                wish_id=wish_id,
                proposed_at=NOW,
                expires_at=LATER,
                state=ProposalState.OPEN,
                **ids,
            )
        )
        changes = {"taker_volunteer_id": place.member_id, "taker_branch_id": place.branch_id}
        move(session, "propose", wish_id=wish_id, actor=place.coordinator, now=NOW, data=dict(ids), changes=changes)
        if end == "expire":
            actions.expire(session, wish_id=wish_id, now=LATER)
        elif end == "decline":
            actions.decline(session, wish_id=wish_id, actor=place.member, now=LATER, reason="没空")
        else:
            actions.cancel(session, wish_id=wish_id, actor=place.coordinator, now=LATER, reason="搬家")
        assert told(session, wish_id, end) == (ids, None)


def test_a_cancelled_claim_says_whose_it_was_and_a_wish_nobody_held_says_nothing(
    database: Database, place: Place
) -> None:
    with database.transaction() as session:
        held, open_ = make_wish(session, place), make_wish(session, place)
        actions.claim(session, wish_id=held, actor=place.member, now=NOW, volunteer_id=place.member_id)
        for wish_id in (held, open_):
            actions.cancel(session, wish_id=wish_id, actor=place.coordinator, now=LATER, reason="搬家")
        claim_id = session.execute(sa.select(col(Claim.id)).where(col(Claim.wish_id) == held)).scalar_one()
        assert told(session, held, "cancel") == (
            {"volunteer_id": place.member_id, "branch_id": place.branch_id},
            claim_id,
        )
        assert told(session, open_, "cancel") == ({}, None)


def told(session: Session, wish_id: int, action: str) -> tuple[dict[str, int], int | None]:
    row = session.execute(
        sa.select(col(Event.data), col(Event.claim_id)).where(
            col(Event.wish_id) == wish_id, col(Event.action) == action
        )
    ).one()
    return row[0], row[1]
