"""What a coordinator does about a wish that is stuck: remind, take it back into the pool, give it to another branch or to the reserve."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, Grant, Role, relations
from wishes.claims import actions as claims
from wishes.claims.tables import Branch
from wishes.clock import local_day
from wishes.errors import Forbidden, Invalid, NotFound
from wishes.events.actions import Moved, WishState, record, wish_state
from wishes.i18n import Text
from wishes.intake.tables import Wish
from wishes.lifecycle import By, Status
from wishes.model import columns
from wishes.tracking.directory import Concerned, Directory
from wishes.tracking.notices import Posting, post
from wishes.tracking.reserve import draw
from wishes.tracking.sweep import WHO_ACTS
from wishes.tracking.tables import Clock

_Branch, _Clock, _Wish = columns(Branch), columns(Clock), columns(Wish)


def remind(session: Session, *, wish_id: int, actor: Actor, now: datetime) -> Moved:
    """Remind whoever has to act, now; once a day and stage, however often it is asked for.

    Raises Forbidden, NotFound (no deadline runs), Invalid (nobody who acts can be told). Effects: notices, an event.
    """
    state = _coordinated(session, wish_id, actor)
    clock = session.execute(
        sa.select(_Clock.id, _Clock.stage, _Clock.due_at).where(_Clock.wish_id == wish_id, _Clock.closed_at.is_(None))
    ).one_or_none()
    if clock is None or state.status not in WHO_ACTS:
        raise NotFound("这个心愿要提醒的人", "person to remind of this wish")
    concerned = Concerned(state.campaign_id, state.community_id, state.taker_volunteer_id, state.taker_branch_id)
    accounts = Directory(session, [concerned]).accounts(WHO_ACTS[state.status], concerned)
    if not accounts:
        raise Invalid(
            "wish_id", Text("承担人还没有账号，请打电话联系。", "Whoever has to act has no account; please telephone.")
        )
    wish = session.execute(sa.select(_Wish.code, _Wish.item).where(_Wish.id == wish_id)).one()
    facts = {"code": wish.code, "item": wish.item, "stage": clock.stage, "due_on": local_day(clock.due_at).isoformat()}
    post(
        session,
        [
            Posting(
                f"nudge:{clock.id}:{local_day(now).isoformat()}:{account}",
                state.campaign_id,
                "remind",
                account,
                wish_id,
                clock_id=clock.id,
                facts=facts,
            )
            for account in sorted(accounts)
        ],
        now=now,
    )
    event_id = record(
        session,
        action="remind",
        campaign_id=state.campaign_id,
        wish_id=wish_id,
        old=state.status,
        new=state.status,
        actor=actor,
        now=now,
    )
    return Moved(event_id, wish_id, state.campaign_id, state.status, state.status)


def take_back(session: Session, *, wish_id: int, actor: Actor, now: datetime, reason: str) -> Moved:
    """Back into the pool, for others to take: a claim is released, a proposal withdrawn. Raises as those do."""
    state = _coordinated(session, wish_id, actor)
    verb = claims.decline if state.status is Status.PROPOSED else claims.release
    return verb(session, wish_id=wish_id, actor=actor, now=now, reason=reason)


def reassign(session: Session, *, wish_id: int, branch_id: int, actor: Actor, now: datetime, reason: str) -> Moved:
    """Give the wish to another branch that has agreed to take it; who held it gives it back first. The coordinator acts for it.

    Raises Forbidden, NotFound (no such branch), Invalid (it has the wish already; no reason), NotPossibleNow, PledgeReached.
    """
    state = _coordinated(session, wish_id, actor)
    kind = session.execute(
        sa.select(_Branch.kind).where(_Branch.id == branch_id, _Branch.campaign_id == state.campaign_id)
    ).scalar_one_or_none()
    if kind is None or kind == "reserve":
        raise NotFound("这个支部", "branch")
    if state.status is not Status.OPEN:
        if state.taker_branch_id == branch_id:
            raise Invalid("branch", Text("这个心愿已经在这个支部手里。", "That branch has the wish already."))
        take_back(session, wish_id=wish_id, actor=actor, now=now, reason=reason)
    grant = Grant(Role.BRANCH_SECRETARY, state.campaign_id, branch_id=branch_id)
    for_it = replace(actor, grants=(*actor.grants, grant))
    return claims.claim(session, wish_id=wish_id, actor=for_it, now=now, branch_id=branch_id, via="assigned")


def use_reserve(session: Session, *, wish_id: int, branch_id: int, actor: Actor, now: datetime, reason: str) -> Moved:
    """Let the reserve take the wish; who held it gives it back first. The coordinator acts for the reserve, and what
    comes from stock is ready to be inspected.

    Raises Forbidden, NotFound (no such reserve), NotPossibleNow, PledgeReached (the reserve is empty), Invalid.
    """
    state = _coordinated(session, wish_id, actor)
    kind = session.execute(
        sa.select(_Branch.kind).where(_Branch.id == branch_id, _Branch.campaign_id == state.campaign_id)
    ).scalar_one_or_none()
    if kind != "reserve":
        raise NotFound("这个应急物资库", "reserve")
    if state.status is not Status.OPEN:
        take_back(session, wish_id=wish_id, actor=actor, now=now, reason=reason)
    return draw(session, wish_id=wish_id, branch_id=branch_id, actor=actor, now=now)


def _coordinated(session: Session, wish_id: int, actor: Actor) -> WishState:
    state = wish_state(session, wish_id)
    if By.COORDINATOR not in relations(actor, state.facts):
        raise Forbidden(wish_id=wish_id)
    return state
