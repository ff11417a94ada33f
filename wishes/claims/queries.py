"""Questions about those who take wishes up, and what they hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.claims.tables import Branch, Proposal, ProposalState, Volunteer
from wishes.errors import NotFound
from wishes.intake.tables import Wish
from wishes.intake.wishes import Filter, Page, WishRow, list_wishes
from wishes.lifecycle import HELD, Status


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


_VOLUNTEER = [getattr(Volunteer, name) for name in VolunteerCard.__dataclass_fields__]
_BRANCH = [getattr(Branch, name) for name in BranchCard.__dataclass_fields__]


def volunteer_card(session: Session, volunteer_id: int) -> VolunteerCard:
    row = session.execute(sa.select(*_VOLUNTEER).where(Volunteer.id == volunteer_id)).one_or_none()  # type: ignore[arg-type]
    if row is None:
        raise NotFound("这位志愿者", "volunteer")
    return VolunteerCard(*row)


def branch_card(session: Session, branch_id: int) -> BranchCard:
    row = session.execute(sa.select(*_BRANCH).where(Branch.id == branch_id)).one_or_none()  # type: ignore[arg-type]
    if row is None:
        raise NotFound("这个支部", "branch")
    return BranchCard(*row)


def branches_of(session: Session, campaign_id: int) -> list[BranchCard]:
    rows = session.execute(sa.select(*_BRANCH).where(Branch.campaign_id == campaign_id).order_by(Branch.name))  # type: ignore[arg-type]
    return [BranchCard(*row) for row in rows]


def members_of(session: Session, branch_id: int) -> list[VolunteerCard]:
    """The branch's active people, those with free hands first."""
    rows = session.execute(sa.select(*_VOLUNTEER).where(Volunteer.branch_id == branch_id, Volunteer.active)  # type: ignore[arg-type]
                           .order_by((Volunteer.claim_limit - Volunteer.live_claims).desc(), Volunteer.code))  # type: ignore[attr-defined]
    return [VolunteerCard(*row) for row in rows]


def volunteers_of(session: Session, campaign_id: int, *, words: str = "", after: int = 0, limit: int = 50) -> list[VolunteerCard]:
    """A page of the campaign's people by id, narrowed to those whose name or code holds *words*."""
    narrowed: list[Any] = [Volunteer.campaign_id == campaign_id, Volunteer.id > after]  # type: ignore[operator]
    if words.strip():
        narrowed.append(sa.or_(Volunteer.name.contains(words.strip(), autoescape=True), Volunteer.code == words.strip().upper()))  # type: ignore[attr-defined]
    return [VolunteerCard(*row) for row in session.execute(sa.select(*_VOLUNTEER).where(*narrowed).order_by(Volunteer.id).limit(limit))]  # type: ignore[arg-type]


def in_hand(session: Session, campaign_id: int, *, volunteer_id: int | None = None, branch_id: int | None = None, after: int = 0,
            limit: int = 50) -> Page:
    """The wishes this volunteer or branch holds and has not yet delivered."""
    return list_wishes(session, campaign_id, Filter(statuses=HELD, volunteer_id=volunteer_id, branch_id=branch_id), after=after, limit=limit)


def proposed_to(session: Session, campaign_id: int, *, volunteer_id: int | None = None, branch_id: int | None = None, after: int = 0,
                limit: int = 50) -> Page:
    """The wishes that wait for this volunteer's or branch's answer."""
    return list_wishes(session, campaign_id, Filter(statuses=(Status.PROPOSED,), volunteer_id=volunteer_id, branch_id=branch_id),
                       after=after, limit=limit)


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
    found = session.execute(sa.select(Proposal.wish_id, Proposal.run_id, Proposal.cost, Proposal.criteria, Proposal.proposed_at, Proposal.expires_at)  # type: ignore[call-overload]
                            .where(Proposal.wish_id.in_([r.id for r in rows]), Proposal.state == ProposalState.OPEN))  # type: ignore[attr-defined]
    return {row.wish_id: StandingProposal(*row) for row in found}


def delivered_count(session: Session, campaign_id: int, *, volunteer_id: int | None = None, branch_id: int | None = None) -> int:
    """How many wishes this volunteer or branch has brought to a child."""
    who = Wish.taker_volunteer_id == volunteer_id if volunteer_id is not None else Wish.taker_branch_id == branch_id
    return int(session.execute(sa.select(sa.func.count()).select_from(Wish).where(  # type: ignore[arg-type]
        Wish.campaign_id == campaign_id, who, Wish.status.in_([Status.DELIVERED, Status.CLOSED]))).scalar_one())  # type: ignore[arg-type,attr-defined]
