"""Verbs of those who take wishes up: claim, accept, decline, give back, and what becomes of a claim on the way.

Each is one move of the lifecycle plus the claim's own row and the taker's counters, in the caller's transaction. The
counters are guarded by CHECK constraints, so that no race can pass a pledge or a limit.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from wishes.access import SYSTEM, Actor, Role, require
from wishes.campaigns.queries import rules_of
from wishes.claims.tables import Branch, Claim, ClaimState, Proposal, ProposalState, Volunteer
from wishes.claims.taking import find_taker, open_claim, require_fit, require_own, take
from wishes.claims.taking import is_qualified as is_qualified
from wishes.clock import local_day
from wishes.custody.parcels import gone_from_stock
from wishes.custody.queries import ChecksMissing, passed
from wishes.errors import CapacityReached, Conflict, ConsentMissing, Forbidden, Invalid, NotFound
from wishes.events.actions import Moved, WishState, move, record, wish_state
from wishes.i18n import Text
from wishes.intake.queries import consent_gone
from wishes.lifecycle import HELD, Status
from wishes.model import columns

_Branch, _Claim, _Proposal, _Volunteer = (columns(table) for table in (Branch, Claim, Proposal, Volunteer))


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


def claim(
    session: Session,
    *,
    wish_id: int,
    actor: Actor,
    now: datetime,
    volunteer_id: int | None = None,
    branch_id: int | None = None,
    via: str = "browse",
) -> Moved:
    """Take an open wish. A volunteer takes it for themselves (and their branch's pledge); a secretary for the branch.

    Raises NotQualified, CapacityReached, PledgeReached, Conflict (someone was quicker), NotPossibleNow, Forbidden.
    """
    state = wish_state(session, wish_id)
    taker = find_taker(session, state.campaign_id, volunteer_id=volunteer_id, branch_id=branch_id)
    return take(
        session, state=state, taker=taker, rules=rules_of(session, state.campaign_id), actor=actor, now=now, via=via
    )


def accept(session: Session, *, wish_id: int, actor: Actor, now: datetime, volunteer_id: int | None = None) -> Moved:
    """Accept a standing proposal. A branch's secretary may name the member (*volunteer_id*) who will carry it."""
    state = wish_state(session, wish_id)
    proposal = _standing_proposal(session, state)
    taker = find_taker(
        session, state.campaign_id, volunteer_id=volunteer_id or proposal.volunteer_id, branch_id=proposal.branch_id
    )
    if taker.volunteer_id != proposal.volunteer_id:
        require_own(actor, state.campaign_id, taker)
    require_fit(state, taker, rules_of(session, state.campaign_id), on=local_day(now))
    done = move(
        session,
        "accept",
        wish_id=wish_id,
        actor=actor,
        now=now,
        seen=state,
        changes={"taker_volunteer_id": taker.volunteer_id, "taker_branch_id": taker.branch_id},
        data={"volunteer_id": taker.volunteer_id, "branch_id": taker.branch_id},
    )
    _end_proposal(session, proposal.id, ProposalState.ACCEPTED, now)
    open_claim(session, state, taker, now=now, via="proposal", proposal_id=proposal.id)
    return done


def decline(session: Session, *, wish_id: int, actor: Actor, now: datetime, reason: str) -> Moved:
    """Decline a proposal: the wish is open again."""
    state = wish_state(session, wish_id)
    proposal = _standing_proposal(session, state)
    done = move(
        session,
        "decline",
        wish_id=wish_id,
        actor=actor,
        now=now,
        reason=reason,
        seen=state,
        changes=_NOBODY,
        data=_taker_ids(state),
    )
    _end_proposal(session, proposal.id, ProposalState.DECLINED, now, reason)
    return done


def expire(session: Session, *, wish_id: int, now: datetime) -> Moved:
    """The proposal's time is over: the wish is open to browsing again."""
    state = wish_state(session, wish_id)
    proposal = _standing_proposal(session, state)
    done = move(
        session, "expire", wish_id=wish_id, actor=SYSTEM, now=now, seen=state, changes=_NOBODY, data=_taker_ids(state)
    )
    _end_proposal(session, proposal.id, ProposalState.EXPIRED, now)
    return done


def release(session: Session, *, wish_id: int, actor: Actor, now: datetime, reason: str) -> Moved:
    """Give a claimed wish back into the pool."""
    return _give_back(session, "release", wish_id=wish_id, actor=actor, now=now, reason=reason)


def lapse(session: Session, *, wish_id: int, now: datetime, reason: str = "overdue") -> Moved:
    """Take an overdue claim back into the pool; counted against the volunteer's reliability."""
    return _give_back(session, "lapse", wish_id=wish_id, actor=SYSTEM, now=now, reason=reason)


def excuse_lapse(session: Session, *, claim_id: int, actor: Actor, now: datetime, reason: str) -> bool:
    """A lapse that was nobody's fault no longer counts against who held the wish. False when that was so already.

    Raises NotFound (no such claim, or it did not lapse), Forbidden, Invalid (no reason). Effects: the claim, the taker's
    reliability, an event.
    """
    claim = session.execute(
        sa.select(_Claim.campaign_id, _Claim.wish_id, _Claim.volunteer_id, _Claim.branch_id).where(
            _Claim.id == claim_id, _Claim.lapsed
        )
    ).one_or_none()
    if claim is None:
        raise NotFound("这次逾期", "lapse")
    require(actor, "campaign.coordinate", claim.campaign_id)
    if not reason.strip():
        raise Invalid("reason", Text("请写明原因。", "Please give a reason."))
    excused: Any = session.execute(
        sa.update(_Claim)
        .where(_Claim.id == claim_id, _Claim.lapsed, _Claim.excused_at.is_(None))
        .values(excused_at=now)
        .execution_options(synchronize_session=False)
    )
    if excused.rowcount != 1:
        return False
    counted, who = (_Branch, claim.branch_id) if claim.volunteer_id is None else (_Volunteer, claim.volunteer_id)
    session.execute(
        sa.update(counted)
        .where(counted.id == who)
        .values(lapses=counted.lapses - 1)
        .execution_options(synchronize_session=False)
    )
    record(
        session,
        action="excuse_lapse",
        campaign_id=claim.campaign_id,
        wish_id=claim.wish_id,
        claim_id=claim_id,
        actor=actor,
        now=now,
        reason=reason.strip(),
        data={"volunteer_id": claim.volunteer_id, "branch_id": claim.branch_id},
    )
    return True


def cancel(session: Session, *, wish_id: int, actor: Actor, now: datetime, reason: str) -> Moved:
    """The child no longer needs it. Ends a claim or proposal that stands."""
    state = wish_state(session, wish_id)
    taken = state.status is Status.PROPOSED or state.status in HELD
    done = move(
        session,
        "cancel",
        wish_id=wish_id,
        actor=actor,
        now=now,
        reason=reason,
        seen=state,
        changes=_NOBODY,
        claim_id=live_claim_id(session, wish_id),
        data=_taker_ids(state) if taken else None,
    )
    if state.status is Status.PROPOSED:
        _end_proposal(session, _standing_proposal(session, state).id, ProposalState.WITHDRAWN, now, reason)
    elif state.status in HELD:
        _end_claim(session, state, now=now, reason=reason, lapsed=False)
    return done


def step(
    session: Session,
    name: str,
    *,
    wish_id: int,
    actor: Actor,
    now: datetime,
    reason: str = "",
    scheduled_on: date | None = None,
    spent_fen: int | None = None,
    rating: int | None = None,
) -> Moved:
    """The moves that need nothing but the move and the claim's id: bought, inspected, sent off, agreed, closed and so on."""
    state = wish_state(session, wish_id)
    data: dict[str, Any] = {}
    changes: dict[str, Any] = {}
    if name == "schedule":
        if scheduled_on is None or scheduled_on < local_day(now):
            raise Invalid("scheduled_on", Text("请选择今天或以后的日期。", "Choose today or a later day."))
        require_still_fit(session, state, on=scheduled_on)
        changes["scheduled_on"] = scheduled_on
        data["on"] = scheduled_on.isoformat()
    if name == "inspect" and state.status is Status.READY and not passed(session, wish_id):
        raise ChecksMissing()  # one person's word is not enough: see wishes.custody.actions.look_over
    if name == "redo":
        if consent_gone(session, state.child_id):
            raise ConsentMissing()
        require_still_fit(session, state, on=local_day(now))
    if name == "prepare" and spent_fen is not None:
        if spent_fen < 0:
            raise Invalid("spent_fen", Text("花费不能是负数。", "What was spent cannot be negative."))
        data["spent_fen"] = spent_fen
    if name == "close":
        if rating is not None and not 1 <= rating <= 5:
            raise Invalid("rating", Text("满意度请选 1 到 5。", "Choose a rating from 1 to 5."))
        data.update({"rating": rating} if rating else {})
    done = move(
        session,
        name,
        wish_id=wish_id,
        actor=actor,
        now=now,
        reason=reason,
        data=data,
        changes=changes,
        claim_id=live_claim_id(session, wish_id),
        seen=state,
    )
    if name == "redo":
        _revive_claim(session, state)
    elif done.new is Status.CLAIMED:
        gone_from_stock(session, live_claim_id(session, wish_id))
    return done


def require_still_fit(session: Session, state: WishState, *, on: date) -> None:
    """Who was fit to meet the child when they took the wish must be so on the day itself: a check runs out meanwhile."""
    if state.need != "none":
        taker = find_taker(
            session, state.campaign_id, volunteer_id=state.taker_volunteer_id, branch_id=state.taker_branch_id
        )
        require_fit(state, taker, rules_of(session, state.campaign_id), on=on)


def live_claim_id(session: Session, wish_id: int) -> int | None:
    found = session.execute(
        sa.select(_Claim.id).where(_Claim.wish_id == wish_id, _Claim.state != ClaimState.ENDED)
    ).scalar()
    return None if found is None else int(found)


# --- how a claim begins and ends --------------------------------------------------------------------------------------

_NOBODY: dict[str, Any] = {"taker_volunteer_id": None, "taker_branch_id": None}


def _taker_ids(state: WishState) -> dict[str, Any]:
    """Who held the wish or was offered it, for the event: afterwards the wish does not say."""
    return {"volunteer_id": state.taker_volunteer_id, "branch_id": state.taker_branch_id}


def _give_back(session: Session, name: str, *, wish_id: int, actor: Actor, now: datetime, reason: str) -> Moved:
    state = wish_state(session, wish_id)
    claim_id = live_claim_id(session, wish_id)
    done = move(
        session,
        name,
        wish_id=wish_id,
        actor=actor,
        now=now,
        reason=reason,
        seen=state,
        claim_id=claim_id,
        changes=_NOBODY,
        data=_taker_ids(state),
    )
    _end_claim(session, state, now=now, reason=reason, lapsed=name == "lapse")
    return done


def _end_claim(session: Session, state: WishState, *, now: datetime, reason: str, lapsed: bool) -> None:
    ended = session.execute(
        sa.update(_Claim)
        .where(_Claim.wish_id == state.id, _Claim.state == ClaimState.LIVE)
        .values(state=ClaimState.ENDED, ended_at=now, end_reason=reason[:200], lapsed=lapsed)
        .returning(_Claim.volunteer_id, _Claim.branch_id, _Claim.spend_fen)
    ).one_or_none()
    if ended is None:
        raise Conflict(wish_id=state.id)
    if ended.volunteer_id is not None:
        session.execute(
            sa.update(_Volunteer)
            .where(_Volunteer.id == ended.volunteer_id)
            .values(live_claims=_Volunteer.live_claims - 1, lapses=_Volunteer.lapses + int(lapsed))
            .execution_options(synchronize_session=False)
        )
    if ended.branch_id is not None:
        session.execute(
            sa.update(_Branch)
            .where(_Branch.id == ended.branch_id)
            .values(
                used_count=_Branch.used_count - 1,
                used_fen=_Branch.used_fen - ended.spend_fen,
                lapses=_Branch.lapses + int(lapsed and ended.volunteer_id is None),
            )
            .execution_options(synchronize_session=False)
        )


def finish_claim(session: Session, *, wish_id: int, now: datetime) -> None:
    """The wish was delivered: the volunteer's hands are free again, the branch's pledge stays used."""
    done = session.execute(
        sa.update(_Claim)
        .where(_Claim.wish_id == wish_id, _Claim.state == ClaimState.LIVE)
        .values(state=ClaimState.DELIVERED, ended_at=now)
        .returning(_Claim.volunteer_id)
    ).one_or_none()
    if done is None:
        raise Conflict(wish_id=wish_id)
    if done.volunteer_id is not None:
        session.execute(
            sa.update(_Volunteer)
            .where(_Volunteer.id == done.volunteer_id)
            .values(live_claims=_Volunteer.live_claims - 1)
            .execution_options(synchronize_session=False)
        )


def _revive_claim(session: Session, state: WishState) -> None:
    """A settled dispute starts over: the taker's hands are full again."""
    revived = session.execute(
        sa.update(_Claim)
        .where(_Claim.wish_id == state.id, _Claim.state == ClaimState.DELIVERED)
        .values(state=ClaimState.LIVE, ended_at=None)
        .returning(_Claim.volunteer_id)
    ).one_or_none()
    if revived is None or revived.volunteer_id is None:
        return
    limit = session.execute(sa.select(_Volunteer.claim_limit).where(_Volunteer.id == revived.volunteer_id)).scalar_one()
    try:
        session.execute(
            sa.update(_Volunteer)
            .where(_Volunteer.id == revived.volunteer_id)
            .values(live_claims=_Volunteer.live_claims + 1)
            .execution_options(synchronize_session=False)
        )
    except IntegrityError as error:
        raise CapacityReached(limit=limit) from error


def _standing_proposal(session: Session, state: WishState) -> Any:
    found = session.execute(
        sa.select(_Proposal.id, _Proposal.branch_id, _Proposal.volunteer_id).where(
            _Proposal.wish_id == state.id, _Proposal.state == ProposalState.OPEN
        )
    ).one_or_none()
    if state.status is not Status.PROPOSED or found is None:
        raise NotFound("这个派单", "proposal")
    return found


def _end_proposal(session: Session, proposal_id: int, end: ProposalState, now: datetime, reason: str = "") -> None:
    session.execute(
        sa.update(_Proposal)
        .where(_Proposal.id == proposal_id, _Proposal.state == ProposalState.OPEN)
        .values(state=end, ended_at=now, end_reason=reason[:200])
        .execution_options(synchronize_session=False)
    )
