"""Questions about those who take wishes up, and what they hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.claims.tables import Branch, Claim, Proposal, ProposalState, Volunteer
from wishes.errors import NotFound
from wishes.intake.tables import Wish
from wishes.intake.wishes import Filter, Page, WishRow, list_wishes
from wishes.lifecycle import HELD, Status
from wishes.model import columns

_Branch = columns(Branch)
_Claim = columns(Claim)
_Proposal = columns(Proposal)
_Volunteer = columns(Volunteer)
_Wish = columns(Wish)


@dataclass(frozen=True, slots=True)
class VolunteerCard:
    """A volunteer as their own page and their branch's page show them."""

    id: int
    branch_id: int | None
    code: str
    name: str
    county_code: str
    claim_limit: int
    live_claims: int
    lapses: int
    vetted_on: date | None
    qualification: str
    duties: list[str]
    active: bool


@dataclass(frozen=True, slots=True)
class Lapse:
    """A claim that ran out, as the coordinator's list shows it; excused ones no longer count."""

    claim_id: int
    wish_code: str
    item: str
    who: str | None
    branch: str | None
    claimed_at: datetime
    ended_at: datetime | None
    excused_at: datetime | None


@dataclass(frozen=True, slots=True)
class BranchCard:
    """A branch or organisation with its pledge and what of it is used. None is no limit."""

    id: int
    name: str
    kind: str
    county_code: str
    areas: list[str]
    liked: list[str]
    refused: list[str]
    pledge_count: int | None
    pledge_fen: int | None
    used_count: int
    used_fen: int
    contact: str


_VOLUNTEER = [getattr(_Volunteer, name) for name in VolunteerCard.__dataclass_fields__]
_BRANCH = [getattr(_Branch, name) for name in BranchCard.__dataclass_fields__]


def volunteer_card(session: Session, volunteer_id: int) -> VolunteerCard:
    row = session.execute(sa.select(*_VOLUNTEER).where(_Volunteer.id == volunteer_id)).one_or_none()
    if row is None:
        raise NotFound("这位志愿者", "volunteer")
    return VolunteerCard(*row)


def branch_card(session: Session, branch_id: int) -> BranchCard:
    row = session.execute(sa.select(*_BRANCH).where(_Branch.id == branch_id)).one_or_none()
    if row is None:
        raise NotFound("这个支部", "branch")
    return BranchCard(*row)


def branches_of(session: Session, campaign_id: int) -> list[BranchCard]:
    rows = session.execute(sa.select(*_BRANCH).where(_Branch.campaign_id == campaign_id).order_by(_Branch.name))
    return [BranchCard(*row) for row in rows]


def members_of(session: Session, branch_id: int) -> list[VolunteerCard]:
    """The branch's active people, those with free hands first."""
    rows = session.execute(
        sa.select(*_VOLUNTEER)
        .where(_Volunteer.branch_id == branch_id, _Volunteer.active)
        .order_by((_Volunteer.claim_limit - _Volunteer.live_claims).desc(), _Volunteer.code)
    )
    return [VolunteerCard(*row) for row in rows]


def volunteers_of(
    session: Session, campaign_id: int, *, words: str = "", after: int = 0, limit: int = 50
) -> list[VolunteerCard]:
    """A page of the campaign's people by id, narrowed to those whose name or code holds *words*."""
    narrowed: list[Any] = [_Volunteer.campaign_id == campaign_id, _Volunteer.id > after]
    if words.strip():
        narrowed.append(
            sa.or_(_Volunteer.name.contains(words.strip(), autoescape=True), _Volunteer.code == words.strip().upper())
        )
    return [
        VolunteerCard(*row)
        for row in session.execute(sa.select(*_VOLUNTEER).where(*narrowed).order_by(_Volunteer.id).limit(limit))
    ]


def in_hand(
    session: Session,
    campaign_id: int,
    *,
    volunteer_id: int | None = None,
    branch_id: int | None = None,
    after: int = 0,
    limit: int = 50,
) -> Page:
    """The wishes this volunteer or branch holds and has not yet delivered."""
    return list_wishes(
        session,
        campaign_id,
        Filter(statuses=HELD, volunteer_id=volunteer_id, branch_id=branch_id),
        after=after,
        limit=limit,
    )


def proposed_to(
    session: Session,
    campaign_id: int,
    *,
    volunteer_id: int | None = None,
    branch_id: int | None = None,
    after: int = 0,
    limit: int = 50,
) -> Page:
    """The wishes that wait for this volunteer's or branch's answer."""
    return list_wishes(
        session,
        campaign_id,
        Filter(statuses=(Status.PROPOSED,), volunteer_id=volunteer_id, branch_id=branch_id),
        after=after,
        limit=limit,
    )


@dataclass(frozen=True, slots=True)
class StandingProposal:
    """Why a wish was proposed to this taker, and until when it is theirs alone."""

    wish_id: int
    run_id: int | None
    cost: int
    criteria: dict[str, Any]
    proposed_at: datetime
    expires_at: datetime


def standing_proposals(session: Session, rows: list[WishRow]) -> dict[int, StandingProposal]:
    """The open proposals of these wishes, by wish."""
    found = session.execute(
        sa.select(
            _Proposal.wish_id,
            _Proposal.run_id,
            _Proposal.cost,
            _Proposal.criteria,
            _Proposal.proposed_at,
            _Proposal.expires_at,
        ).where(_Proposal.wish_id.in_([r.id for r in rows]), _Proposal.state == ProposalState.OPEN)
    )
    return {row.wish_id: StandingProposal(*row) for row in found}


def delivered_count(
    session: Session, campaign_id: int, *, volunteer_id: int | None = None, branch_id: int | None = None
) -> int:
    """How many wishes this volunteer or branch has brought to a child."""
    who = _Wish.taker_volunteer_id == volunteer_id if volunteer_id is not None else _Wish.taker_branch_id == branch_id
    return int(
        session.execute(
            sa.select(sa.func.count())
            .select_from(_Wish)
            .where(_Wish.campaign_id == campaign_id, who, _Wish.status.in_([Status.DELIVERED, Status.CLOSED]))
        ).scalar_one()
    )


def lapses(session: Session, campaign_id: int, *, before_id: int | None = None, limit: int = 50) -> list[Lapse]:
    """The campaign's lapsed claims, the newest first, *limit* of them before *before_id*."""
    rows = session.execute(
        sa.select(
            _Claim.id,
            _Wish.code,
            _Wish.item,
            _Volunteer.name,
            _Branch.name,
            _Claim.claimed_at,
            _Claim.ended_at,
            _Claim.excused_at,
        )
        .join(Wish, _Wish.id == _Claim.wish_id)
        .outerjoin(Volunteer, _Volunteer.id == _Claim.volunteer_id)
        .outerjoin(Branch, _Branch.id == _Claim.branch_id)
        .where(_Claim.campaign_id == campaign_id, _Claim.lapsed, *([_Claim.id < before_id] if before_id else []))
        .order_by(_Claim.id.desc())
        .limit(limit)
    )
    return [Lapse(*row) for row in rows]
