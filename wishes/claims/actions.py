"""Verbs of those who take wishes up: claim, accept, decline, give back, and what becomes of a claim on the way.

Each is one move of the lifecycle plus the claim's own row and the taker's counters, in the caller's transaction. The
counters are guarded by CHECK constraints, so that no race can pass a pledge or a limit.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from wishes.access import SYSTEM, Actor, Role
from wishes.campaigns.queries import rules_of
from wishes.claims.tables import Branch, Claim, ClaimState, Proposal, ProposalState, Volunteer
from wishes.clock import local_day
from wishes.errors import CapacityReached, Conflict, Forbidden, Invalid, NotFound, NotQualified, PledgeReached
from wishes.events.actions import Moved, WishState, move, wish_state
from wishes.i18n import Text
from wishes.lifecycle import HELD, Kind, Status


def is_qualified(need: str, *, vetted_on: date | None, qualification: str, on: date, vetting_days: int) -> bool:
    """Whether a person may meet the child. Source: Law on the Protection of Minors art. 62 (checked again every year)."""
    if need == "none":
        return True
    vetted = vetted_on is not None and vetted_on <= on < vetted_on + timedelta(days=vetting_days)
    return vetted and (need != "psych" or bool(qualification))


def taker_of(actor: Actor, campaign_id: int, *, as_branch: bool = False) -> dict[str, int]:
    """Whom *actor* claims for, as keywords of :func:`claim`: themselves as a volunteer, or the branch they are secretary of.

    Raises Forbidden when they are neither.
    """
    volunteers = actor.ids(Role.VOLUNTEER, campaign_id, "volunteer_id")
    branches = actor.ids(Role.BRANCH_SECRETARY, campaign_id, "branch_id")
    if branches and (as_branch or not volunteers):
        return {"branch_id": min(branches)}
    if volunteers:
        return {"volunteer_id": min(volunteers)}
    raise Forbidden(action="claim")


def claim(session: Session, *, wish_id: int, actor: Actor, now: datetime, volunteer_id: int | None = None,
          branch_id: int | None = None, via: str = "browse") -> Moved:
    """Take an open wish. A volunteer takes it for themselves (and their branch's pledge); a secretary for the branch.

    Raises NotQualified, CapacityReached, PledgeReached, Conflict (someone was quicker), NotPossibleNow, Forbidden.
    """
    state = wish_state(session, wish_id)
    if state.status is not Status.OPEN and state.status in (*HELD, Status.PROPOSED):
        raise Conflict(wish_id=wish_id)
    taker = _taker(session, state, volunteer_id=volunteer_id, branch_id=branch_id, now=now)
    done = move(session, "claim", wish_id=wish_id, actor=actor, now=now, seen=state,
                changes={"taker_volunteer_id": taker.volunteer_id, "taker_branch_id": taker.branch_id},
                data={"volunteer_id": taker.volunteer_id, "branch_id": taker.branch_id})
    _open_claim(session, state, taker, now=now, via=via)
    return done


def accept(session: Session, *, wish_id: int, actor: Actor, now: datetime, volunteer_id: int | None = None) -> Moved:
    """Accept a standing proposal. A branch's secretary may name the member (*volunteer_id*) who will carry it."""
    state = wish_state(session, wish_id)
    proposal = _standing_proposal(session, state)
    taker = _taker(session, state, volunteer_id=volunteer_id or proposal.volunteer_id, branch_id=proposal.branch_id, now=now)
    done = move(session, "accept", wish_id=wish_id, actor=actor, now=now, seen=state,
                changes={"taker_volunteer_id": taker.volunteer_id, "taker_branch_id": taker.branch_id},
                data={"volunteer_id": taker.volunteer_id, "branch_id": taker.branch_id})
    _end_proposal(session, proposal.id, ProposalState.ACCEPTED, now)
    _open_claim(session, state, taker, now=now, via="proposal", proposal_id=proposal.id)
    return done


def decline(session: Session, *, wish_id: int, actor: Actor, now: datetime, reason: str) -> Moved:
    """Decline a proposal: the wish is open again."""
    state = wish_state(session, wish_id)
    proposal = _standing_proposal(session, state)
    done = move(session, "decline", wish_id=wish_id, actor=actor, now=now, reason=reason, seen=state, changes=_NOBODY)
    _end_proposal(session, proposal.id, ProposalState.DECLINED, now, reason)
    return done


def expire(session: Session, *, wish_id: int, now: datetime) -> Moved:
    """The proposal's time is over: the wish is open to browsing again."""
    state = wish_state(session, wish_id)
    proposal = _standing_proposal(session, state)
    done = move(session, "expire", wish_id=wish_id, actor=SYSTEM, now=now, seen=state, changes=_NOBODY)
    _end_proposal(session, proposal.id, ProposalState.EXPIRED, now)
    return done


def release(session: Session, *, wish_id: int, actor: Actor, now: datetime, reason: str) -> Moved:
    """Give a claimed wish back into the pool."""
    return _give_back(session, "release", wish_id=wish_id, actor=actor, now=now, reason=reason)


def lapse(session: Session, *, wish_id: int, now: datetime, reason: str = "overdue") -> Moved:
    """Take an overdue claim back into the pool; counted against the volunteer's reliability."""
    return _give_back(session, "lapse", wish_id=wish_id, actor=SYSTEM, now=now, reason=reason)


def cancel(session: Session, *, wish_id: int, actor: Actor, now: datetime, reason: str) -> Moved:
    """The child no longer needs it. Ends a claim or proposal that stands."""
    state = wish_state(session, wish_id)
    done = move(session, "cancel", wish_id=wish_id, actor=actor, now=now, reason=reason, seen=state, changes=_NOBODY)
    if state.status is Status.PROPOSED:
        _end_proposal(session, _standing_proposal(session, state).id, ProposalState.WITHDRAWN, now, reason)
    elif state.status in HELD:
        _end_claim(session, state, now=now, reason=reason, lapsed=False)
    return done


def step(session: Session, name: str, *, wish_id: int, actor: Actor, now: datetime, reason: str = "",
         scheduled_on: date | None = None, spent_fen: int | None = None, rating: int | None = None) -> Moved:
    """The moves that need nothing but the move and the claim's id: bought, inspected, sent off, agreed, closed and so on."""
    state = wish_state(session, wish_id)
    data: dict[str, Any] = {}
    changes: dict[str, Any] = {}
    if name == "schedule":
        if scheduled_on is None or scheduled_on < local_day(now):
            raise Invalid("scheduled_on", Text("请选择今天或以后的日期。", "Choose today or a later day."))
        changes["scheduled_on"] = scheduled_on
        data["on"] = scheduled_on.isoformat()
    if name == "prepare" and spent_fen is not None:
        if spent_fen < 0:
            raise Invalid("spent_fen", Text("花费不能是负数。", "What was spent cannot be negative."))
        data["spent_fen"] = spent_fen
    if name == "close":
        if rating is not None and not 1 <= rating <= 5:
            raise Invalid("rating", Text("满意度请选 1 到 5。", "Choose a rating from 1 to 5."))
        data.update({"rating": rating} if rating else {})
    done = move(session, name, wish_id=wish_id, actor=actor, now=now, reason=reason, data=data, changes=changes,
                claim_id=live_claim_id(session, wish_id), seen=state)
    if name == "redo":
        _revive_claim(session, state)
    return done


def live_claim_id(session: Session, wish_id: int) -> int | None:
    found = session.execute(sa.select(Claim.id).where(Claim.wish_id == wish_id, Claim.state != ClaimState.ENDED)).scalar()  # type: ignore[call-overload]
    return None if found is None else int(found)


# --- how a claim begins and ends --------------------------------------------------------------------------------------

_NOBODY: dict[str, Any] = {"taker_volunteer_id": None, "taker_branch_id": None}


class _Taker:
    """Who takes the wish and for whose pledge."""

    def __init__(self, volunteer_id: int | None, branch_id: int | None, limit: int) -> None:
        self.volunteer_id, self.branch_id, self.limit = volunteer_id, branch_id, limit


def _taker(session: Session, state: WishState, *, volunteer_id: int | None, branch_id: int | None, now: datetime) -> _Taker:
    limit = 0
    if volunteer_id is not None:
        person = session.execute(sa.select(
            Volunteer.campaign_id, Volunteer.branch_id, Volunteer.vetted_on, Volunteer.qualification, Volunteer.claim_limit,
            Volunteer.active).where(Volunteer.id == volunteer_id)).one_or_none()  # type: ignore[call-overload]
        if person is None or person.campaign_id != state.campaign_id or not person.active:
            raise NotFound("这位志愿者", "volunteer")
        if branch_id is not None and person.branch_id != branch_id:
            raise Forbidden(branch_id=branch_id)
        rules = rules_of(session, state.campaign_id)
        if not is_qualified(state.need, vetted_on=person.vetted_on, qualification=person.qualification, on=local_day(now),
                            vetting_days=rules.vetting_days):
            raise NotQualified(need=state.need)
        branch_id, limit = person.branch_id, person.claim_limit
    elif branch_id is None:
        raise Forbidden()
    elif state.need != "none":
        raise Invalid("volunteer_id", Text("这个心愿需要与儿童见面，请指定一位经过核查的志愿者。",
                                           "This wish means meeting the child: name a vetted volunteer."))
    return _Taker(volunteer_id, branch_id, limit)


def _open_claim(session: Session, state: WishState, taker: _Taker, *, now: datetime, via: str, proposal_id: int | None = None) -> None:
    spend = state.price_fen if state.kind is Kind.GOODS else 0
    if taker.volunteer_id is not None:
        _count(session, sa.update(Volunteer).where(Volunteer.id == taker.volunteer_id)  # type: ignore[arg-type]
               .values(live_claims=Volunteer.live_claims + 1), CapacityReached(limit=taker.limit))
    if taker.branch_id is not None:
        _count(session, sa.update(Branch).where(Branch.id == taker.branch_id)  # type: ignore[arg-type]
               .values(used_count=Branch.used_count + 1, used_fen=Branch.used_fen + spend), PledgeReached(branch_id=taker.branch_id))
    _count(session, sa.insert(Claim).values(
        campaign_id=state.campaign_id, wish_id=state.id, branch_id=taker.branch_id, volunteer_id=taker.volunteer_id,
        proposal_id=proposal_id, via=via, state=ClaimState.LIVE, spend_fen=spend, claimed_at=now, end_reason=""), Conflict(wish_id=state.id))


def _count(session: Session, statement: Any, refusal: Exception) -> None:
    """Run *statement*; a constraint of the database that says no becomes *refusal*."""
    try:
        session.execute(statement.execution_options(synchronize_session=False))
    except IntegrityError as error:
        raise refusal from error


def _give_back(session: Session, name: str, *, wish_id: int, actor: Actor, now: datetime, reason: str) -> Moved:
    state = wish_state(session, wish_id)
    claim_id = live_claim_id(session, wish_id)
    done = move(session, name, wish_id=wish_id, actor=actor, now=now, reason=reason, seen=state, claim_id=claim_id, changes=_NOBODY,
                data={"volunteer_id": state.taker_volunteer_id, "branch_id": state.taker_branch_id})
    _end_claim(session, state, now=now, reason=reason, lapsed=name == "lapse")
    return done


def _end_claim(session: Session, state: WishState, *, now: datetime, reason: str, lapsed: bool) -> None:
    ended = session.execute(
        sa.update(Claim).where(Claim.wish_id == state.id, Claim.state == ClaimState.LIVE)  # type: ignore[arg-type]
        .values(state=ClaimState.ENDED, ended_at=now, end_reason=reason[:200])
        .returning(Claim.volunteer_id, Claim.branch_id, Claim.spend_fen)).one_or_none()  # type: ignore[call-overload]
    if ended is None:
        raise Conflict(wish_id=state.id)
    if ended.volunteer_id is not None:
        session.execute(sa.update(Volunteer).where(Volunteer.id == ended.volunteer_id)  # type: ignore[arg-type]
                        .values(live_claims=Volunteer.live_claims - 1, lapses=Volunteer.lapses + int(lapsed))
                        .execution_options(synchronize_session=False))
    if ended.branch_id is not None:
        session.execute(sa.update(Branch).where(Branch.id == ended.branch_id)  # type: ignore[arg-type]
                        .values(used_count=Branch.used_count - 1, used_fen=Branch.used_fen - ended.spend_fen)
                        .execution_options(synchronize_session=False))


def finish_claim(session: Session, *, wish_id: int, now: datetime) -> None:
    """The wish was delivered: the volunteer's hands are free again, the branch's pledge stays used."""
    done = session.execute(
        sa.update(Claim).where(Claim.wish_id == wish_id, Claim.state == ClaimState.LIVE)  # type: ignore[arg-type]
        .values(state=ClaimState.DELIVERED, ended_at=now).returning(Claim.volunteer_id)).one_or_none()  # type: ignore[call-overload]
    if done is None:
        raise Conflict(wish_id=wish_id)
    if done.volunteer_id is not None:
        session.execute(sa.update(Volunteer).where(Volunteer.id == done.volunteer_id)  # type: ignore[arg-type]
                        .values(live_claims=Volunteer.live_claims - 1).execution_options(synchronize_session=False))


def _revive_claim(session: Session, state: WishState) -> None:
    """A settled dispute starts over: the taker's hands are full again."""
    revived = session.execute(
        sa.update(Claim).where(Claim.wish_id == state.id, Claim.state == ClaimState.DELIVERED)  # type: ignore[arg-type]
        .values(state=ClaimState.LIVE, ended_at=None).returning(Claim.volunteer_id)).one_or_none()  # type: ignore[call-overload]
    if revived is not None and revived.volunteer_id is not None:
        _count(session, sa.update(Volunteer).where(Volunteer.id == revived.volunteer_id)  # type: ignore[arg-type]
               .values(live_claims=Volunteer.live_claims + 1), CapacityReached(limit=0))


def _standing_proposal(session: Session, state: WishState) -> Any:
    if state.status is not Status.PROPOSED:
        raise NotFound("这个派单", "proposal")
    return session.execute(sa.select(Proposal.id, Proposal.branch_id, Proposal.volunteer_id)  # type: ignore[call-overload]
                           .where(Proposal.wish_id == state.id, Proposal.state == ProposalState.OPEN)).one()


def _end_proposal(session: Session, proposal_id: int, end: ProposalState, now: datetime, reason: str = "") -> None:
    session.execute(sa.update(Proposal).where(Proposal.id == proposal_id, Proposal.state == ProposalState.OPEN)  # type: ignore[arg-type]
                    .values(state=end, ended_at=now, end_reason=reason[:200]).execution_options(synchronize_session=False))
