"""Taking an open wish: the one action that hundreds may try in the same second.

The decision is made in Python, as everywhere; then it is written. On PostgreSQL the writing is one statement: the
compare-and-swap, the counters, the claim, the event, the clock and the spent idempotency key. On SQLite the same rows are
written one by one under the write lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.types.numeric import Int8
from pydantic_core import to_json
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from wishes.access import Actor, Role, require_move
from wishes.campaigns.rules import Rules
from wishes.claims.statement import CLAIM
from wishes.claims.tables import Branch, Claim, ClaimState, Volunteer
from wishes.clock import local_day
from wishes.db import Statements, run_on_driver
from wishes.errors import CapacityReached, Conflict, Forbidden, Invalid, NotFound, NotQualified, PledgeReached
from wishes.events.actions import Moved, WishState, move
from wishes.events.asked import request_in_hand
from wishes.i18n import Text
from wishes.lifecycle import MOVES, Kind, Status, destination
from wishes.people import idempotency
from wishes.people.idempotency import Answer, Request, RequestInFlight
from wishes.tracking.clocks import clock_values

UNTAKEN = (Status.DRAFT, Status.SUBMITTED, Status.REJECTED, Status.VERIFIED, Status.CANCELLED, Status.OPEN)
"""Statuses in which nobody was quicker: the wish is not up for claiming, or still is."""


@dataclass(frozen=True, slots=True)
class Taker:
    """Who takes a wish, for whose pledge, and what the decision needs to know of them."""

    volunteer_id: int | None
    branch_id: int | None
    limit: int = 0
    vetted_on: date | None = None
    qualification: str = ""


@dataclass(frozen=True, slots=True)
class Spent:
    """The idempotency key that a claim uses up, and the answer to keep under it."""

    request: Request
    answer: Answer


def is_qualified(need: str, *, vetted_on: date | None, qualification: str, on: date, vetting_days: int) -> bool:
    """Whether a person may meet the child. Source: Law on the Protection of Minors art. 62 (checked again every year)."""
    if need == "none":
        return True
    vetted = vetted_on is not None and vetted_on <= on < vetted_on + timedelta(days=vetting_days)
    return vetted and (need != "psych" or bool(qualification))


def find_taker(
    session: Session, campaign_id: int, *, volunteer_id: int | None = None, branch_id: int | None = None
) -> Taker:
    """The facts of a volunteer, whose branch's pledge is used, or of a branch by itself.

    Raises NotFound for a volunteer who is not of this campaign or closed, Forbidden for a member of another branch.
    """
    if volunteer_id is None:
        if branch_id is None:
            raise Forbidden(action="claim")
        return Taker(None, branch_id)
    person = session.execute(
        sa.select(
            col(Volunteer.campaign_id),
            col(Volunteer.branch_id),
            col(Volunteer.vetted_on),
            col(Volunteer.qualification),
            col(Volunteer.claim_limit),
            col(Volunteer.active),
        ).where(col(Volunteer.id) == volunteer_id)
    ).one_or_none()
    if person is None or person.campaign_id != campaign_id or not person.active:
        raise NotFound("这位志愿者", "volunteer")
    if branch_id is not None and person.branch_id != branch_id:
        raise Forbidden(branch_id=branch_id)
    return Taker(volunteer_id, person.branch_id, person.claim_limit, person.vetted_on, person.qualification)


def require_takeable(state: WishState, taker: Taker) -> None:
    """Raise Conflict when somebody else has the wish, NotPossibleNow when the table has no claim from where it stands."""
    mine = (state.taker_volunteer_id, state.taker_branch_id) == (taker.volunteer_id, taker.branch_id)
    if state.status not in UNTAKEN and not mine:
        raise Conflict(wish_id=state.id)
    destination("claim", state.status, state.kind)


def require_own(actor: Actor, campaign_id: int, taker: Taker) -> None:
    """Raise Forbidden unless the actor is that volunteer, or secretary of the branch whose pledge is used."""
    volunteers = actor.ids(Role.VOLUNTEER, campaign_id, "volunteer_id")
    branches = actor.ids(Role.BRANCH_SECRETARY, campaign_id, "branch_id")
    if not actor.system and taker.volunteer_id not in volunteers and taker.branch_id not in branches:
        raise Forbidden(action="claim")


def require_fit(state: WishState, taker: Taker, rules: Rules, *, on: date) -> None:
    """Raise NotQualified unless the taker may meet the child where the wish needs it; Invalid when nobody is named who could."""
    if state.need == "none":
        return
    if taker.volunteer_id is None:
        raise Invalid(
            "volunteer_id",
            Text(
                "这个心愿需要与儿童见面，请指定一位经过核查的志愿者。",
                "This wish means meeting the child: name a vetted volunteer.",
            ),
        )
    if not is_qualified(
        state.need,
        vetted_on=taker.vetted_on,
        qualification=taker.qualification,
        on=rules.vetting_day(on),
        vetting_days=rules.vetting_days,
    ):
        raise NotQualified(need=state.need)


def take(
    where: Session | Statements,
    *,
    state: WishState,
    taker: Taker,
    rules: Rules,
    actor: Actor,
    now: datetime,
    via: str = "browse",
    spent: Spent | None = None,
) -> Moved:
    """Claim the wish seen as *state* for *taker*.

    Raises Conflict (someone was quicker), NotPossibleNow, Forbidden, NotQualified, Invalid, CapacityReached, PledgeReached,
    RequestInFlight. Effects: the wish, the counters, one claim, one event, the wish's clock, the spent key. Never commits.
    """
    require_takeable(state, taker)
    require_move(actor, MOVES["claim"], state.facts)
    require_own(actor, state.campaign_id, taker)
    require_fit(state, taker, rules, on=local_day(now))
    if isinstance(where, Statements) or where.get_bind().dialect.name == "postgresql":
        return _write_at_once(where, state, taker, rules, actor, now, via, spent)
    return _write_in_turn(where, state, taker, rules, actor, now, via, spent)


def spend_of(state: WishState) -> int:
    """What the wish takes from a branch's pledged budget, in fen: goods cost, company does not."""
    return state.price_fen if state.kind is Kind.GOODS else 0


# --- writing ----------------------------------------------------------------------------------------------------------


def _write_at_once(
    where: Session | Statements,
    state: WishState,
    taker: Taker,
    rules: Rules,
    actor: Actor,
    now: datetime,
    via: str,
    spent: Spent | None,
) -> Moved:
    clock = clock_values(rules, Status.CLAIMED, now, category=state.category, community_id=state.community_id)
    due, next_at = clock or (None, None)
    key = digest = status = body = None
    if spent is not None:
        key, digest, status, body = spent.request.key, spent.request.digest, spent.answer.status, spent.answer.body
    # Int8: the driver would send each number in the smallest type that holds it, and prepare the statement once for each
    values = {
        "account": _int8(actor.account_id),
        "key": key,
        "digest": digest,
        "status": _int8(status),
        "body": body,
        "now": now,
        "volunteer": _int8(taker.volunteer_id),
        "branch": _int8(taker.branch_id),
        "wish": Int8(state.id),
        "spend": Int8(spend_of(state)),
        "via": via,
        "request": request_in_hand.get(),
        "data": _data(taker),
        "due": due,
        "next": next_at,
    }
    try:
        done = run_on_driver(where, CLAIM, values)
    except psycopg.IntegrityError as error:
        raise _refusal(error, state, taker) from error
    if not done:
        raise Conflict(wish_id=state.id)
    ((event_id,),) = done
    return Moved(event_id, state.id, state.campaign_id, Status.OPEN, Status.CLAIMED)


def _write_in_turn(
    session: Session,
    state: WishState,
    taker: Taker,
    rules: Rules,
    actor: Actor,
    now: datetime,
    via: str,
    spent: Spent | None,
) -> Moved:
    if spent is not None:
        begun = idempotency.begin(session, spent.request, now=now)
        if begun is not None:
            raise RequestInFlight()
        idempotency.finish(session, spent.request, spent.answer)
    claim_id = open_claim(session, state, taker, now=now, via=via)
    return move(
        session,
        "claim",
        wish_id=state.id,
        actor=actor,
        now=now,
        seen=state,
        claim_id=claim_id,
        data=_ids(taker),
        changes={"taker_volunteer_id": taker.volunteer_id, "taker_branch_id": taker.branch_id},
    )


def open_claim(
    session: Session, state: WishState, taker: Taker, *, now: datetime, via: str, proposal_id: int | None = None
) -> int:
    """Write the claim's row and fill the taker's hands; answers the claim's id. The database refuses what passes a limit.

    Raises Conflict, CapacityReached, PledgeReached, NotFound (the volunteer was closed meanwhile).
    """
    spend = spend_of(state)
    try:
        made = session.execute(
            sa.insert(Claim)
            .values(
                campaign_id=state.campaign_id,
                wish_id=state.id,
                branch_id=taker.branch_id,
                volunteer_id=taker.volunteer_id,
                proposal_id=proposal_id,
                via=via,
                state=ClaimState.LIVE,
                spend_fen=spend,
                claimed_at=now,
                end_reason="",
            )
            .returning(col(Claim.id))
        )
        claim_id = int(made.scalar_one())
        if taker.volunteer_id is not None:
            counted = session.execute(
                sa.update(Volunteer)
                .where(col(Volunteer.id) == taker.volunteer_id, col(Volunteer.active))
                .values(live_claims=col(Volunteer.live_claims) + 1)
                .execution_options(synchronize_session=False)
            )
            if counted.rowcount != 1:  # type: ignore[attr-defined]
                raise NotFound("这位志愿者", "volunteer")
        if taker.branch_id is not None:
            session.execute(
                sa.update(Branch)
                .where(col(Branch.id) == taker.branch_id)
                .values(used_count=col(Branch.used_count) + 1, used_fen=col(Branch.used_fen) + spend)
                .execution_options(synchronize_session=False)
            )
    except IntegrityError as error:
        raise _refusal(error, state, taker) from error
    return claim_id


def _refusal(error: psycopg.IntegrityError | IntegrityError, state: WishState, taker: Taker) -> Exception:
    """What the database's *no* means: PostgreSQL names the constraint, SQLite the constraint or the index's columns."""
    raised = error.orig if isinstance(error, IntegrityError) else error
    told = str(raised.diag.constraint_name) if isinstance(raised, psycopg.Error) else str(raised)
    if "ck_volunteer_claim_limit" in told:
        return CapacityReached(limit=taker.limit)
    if "ck_branch_pledge" in told:
        return PledgeReached(branch_id=taker.branch_id)
    if "pk_idempotency_key" in told:
        return RequestInFlight()
    if "uq_claim_one_live" in told or "claim.wish_id" in told:
        return Conflict(wish_id=state.id)
    return error


def _int8(value: int | None) -> Int8 | None:
    return None if value is None else Int8(value)


def _ids(taker: Taker) -> dict[str, Any]:
    return {"volunteer_id": taker.volunteer_id, "branch_id": taker.branch_id}


def _data(taker: Taker) -> str:
    return to_json(_ids(taker)).decode()
