"""Verbs and questions of an hour of company: a time both sides agree to, and both sides' word whether it took place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from wishes.access import Actor, relations, require_move
from wishes.claims import actions as claims
from wishes.claims.tables import Claim, ClaimState
from wishes.clock import local_day
from wishes.custody.tables import Appointment
from wishes.errors import Conflict, Forbidden, Invalid, NotFound
from wishes.events.actions import Moved, WishState, move, record, wish_state
from wishes.i18n import Text
from wishes.intake.tables import Wish
from wishes.lifecycle import MOVES, By, Kind, Status, destination
from wishes.model import columns, table_of
from wishes.protection.screening import screen

_APPOINTMENT = table_of(Appointment)
_Claim, _Wish = columns(Claim), columns(Wish)
FARTHEST = timedelta(days=366)


class Side(StrEnum):
    TAKER = "taker"  # the volunteer or branch that comes
    COMMUNITY = "community"  # the social worker, for the child's side


class Absent(StrEnum):
    TAKER = "taker"
    CHILD = "child"
    BOTH = "both"


class ChangedMeanwhile(Conflict):
    code = "appointment_changed"
    title = Text("约定刚刚改了", "The appointment has just changed")
    sentence = Text("约定刚刚被改过，请刷新页面再看。", "The appointment has just been changed: reload the page.")


class NothingAgreed(Conflict):
    code = "nothing_agreed"
    title = Text("还没有约定时间", "No time was named yet")
    sentence = Text("还没有人提出时间。请先提出一个。", "Nobody has named a time yet: name one first.")


@dataclass(frozen=True, slots=True)
class Agreed:
    """An appointment as pages show it."""

    id: int
    starts_at: datetime
    place: str
    who: str
    taker_agreed_at: datetime | None
    community_agreed_at: datetime | None
    taker_attended_at: datetime | None
    community_attended_at: datetime | None
    end: str
    absent: str

    def agreed(self, side: Side) -> bool:
        return (self.taker_agreed_at if side is Side.TAKER else self.community_agreed_at) is not None

    def attended(self, side: Side) -> bool:
        return (self.taker_attended_at if side is Side.TAKER else self.community_attended_at) is not None

    @property
    def settled(self) -> bool:
        """Whether both sides agreed."""
        return self.taker_agreed_at is not None and self.community_agreed_at is not None


_COLUMNS = [_APPOINTMENT.c[name] for name in Agreed.__dataclass_fields__]


def sides_of(actor: Actor, state: WishState) -> tuple[Side, ...]:
    """For whom *actor* may speak: their own side; who coordinates, for either (a side that called)."""
    standing = relations(actor, state.facts)
    if By.COORDINATOR in standing:
        return (Side.TAKER, Side.COMMUNITY)
    found = (
        (Side.TAKER,) if By.TAKER in standing else (),
        (Side.COMMUNITY,) if By.COMMUNITY in standing else (),
    )
    return found[0] + found[1]


def running(session: Session, wish_id: int) -> Agreed | None:
    """The appointment that stands for the wish's live claim."""
    row = session.execute(
        sa.select(*_COLUMNS)
        .join(_Claim, _Claim.id == _APPOINTMENT.c.claim_id)
        .where(_APPOINTMENT.c.wish_id == wish_id, _APPOINTMENT.c.ended_at.is_(None), _Claim.state == ClaimState.LIVE)
    ).one_or_none()
    return None if row is None else Agreed(*row)


def former(session: Session, wish_id: int) -> list[Agreed]:
    """Those that were replaced, kept or missed, newest first."""
    rows = session.execute(
        sa.select(*_COLUMNS)
        .where(_APPOINTMENT.c.wish_id == wish_id, _APPOINTMENT.c.ended_at.is_not(None))
        .order_by(_APPOINTMENT.c.id.desc())
    )
    return [Agreed(*row) for row in rows]


def propose(
    session: Session,
    *,
    wish_id: int,
    actor: Actor,
    now: datetime,
    side: Side,
    starts_at: datetime,
    place: str,
    who: str,
) -> None:
    """Name a time, a place and who comes; whoever names it has agreed to it. One that stood is replaced and has to be agreed to anew.

    The wish counts as scheduled once the taker's side has agreed. Raises NotFound, NotPossibleNow, Forbidden, Invalid, ChangedMeanwhile.
    """
    state, claim_id = _open(session, wish_id, actor, side)
    place, who = (screen(" ".join(words.split())).text for words in (place, who))
    if not now < starts_at <= now + FARTHEST:
        raise Invalid("starts_at", Text("请选择今后一年内的时间。", "Choose a time within the coming year."))
    if not 2 <= len(place) <= 60:
        raise Invalid("place", Text("请写明在哪里见面（2–60 个字）。", "Say where you meet (2 to 60 characters)."))
    if not 2 <= len(who) <= 40:
        raise Invalid("who", Text("请写明谁来（2–40 个字）。", "Say who comes (2 to 40 characters)."))
    former_one = running(session, wish_id)
    if former_one is not None:
        _end(session, former_one.id, now, end="replaced")
    try:
        with session.begin_nested():
            session.execute(
                sa.insert(_APPOINTMENT).values(
                    campaign_id=state.campaign_id, wish_id=wish_id, claim_id=claim_id, starts_at=starts_at, place=place, who=who,
                    proposed_by=actor.account_id, created_at=now, end="", absent="",
                    **{f"{side}_agreed_at": now},
                )
            )  # fmt: skip
    except IntegrityError as error:
        raise ChangedMeanwhile() from error
    _tell(session, "propose_appointment", state, claim_id, actor, now, {"side": str(side), "at": starts_at.isoformat()})
    if side is Side.TAKER:
        _schedule(session, state, claim_id, starts_at, actor=actor, now=now)


def agree(session: Session, *, wish_id: int, actor: Actor, now: datetime, side: Side) -> bool:
    """The other side agrees; False when it had already. Raises NotFound, NotPossibleNow, Forbidden, ChangedMeanwhile."""
    state, claim_id = _open(session, wish_id, actor, side)
    standing = _standing(session, wish_id)
    if standing.agreed(side):
        return False
    _mark(session, standing.id, f"{side}_agreed_at", now)
    _tell(session, "agree_appointment", state, claim_id, actor, now, {"side": str(side)})
    if side is Side.TAKER:
        _schedule(session, state, claim_id, standing.starts_at, actor=actor, now=now)
    return True


def attended(session: Session, *, wish_id: int, actor: Actor, now: datetime, side: Side) -> Moved | None:
    """One side says that it took place; when the other has said so, too, the wish is fulfilled. None until then.

    Raises NotFound, NotPossibleNow, Forbidden, Invalid (before the time), ChangedMeanwhile. Effects: of the second side the move
    ``attend`` and the claim's end.
    """
    state, claim_id = _open(session, wish_id, actor, side)
    destination("attend", state.status, state.kind)
    require_move(actor, MOVES["attend"], state.facts)
    standing = _standing(session, wish_id)
    if now < standing.starts_at:
        raise Invalid("starts_at", Text("约定的时间还没到。", "The time agreed has not come yet."))
    if not standing.attended(side):
        _mark(session, standing.id, f"{side}_attended_at", now)
        _tell(session, "say_attended", state, claim_id, actor, now, {"side": str(side)})
    other = Side.COMMUNITY if side is Side.TAKER else Side.TAKER
    if not standing.attended(other):
        return None
    _end(session, standing.id, now, end="attended")
    done = move(
        session, "attend", wish_id=wish_id, actor=actor, now=now, occurred_at=standing.starts_at, claim_id=claim_id,
        data={"evidence": "both_sides"}, seen=state,
    )  # fmt: skip
    claims.finish_claim(session, wish_id=wish_id, now=now)
    return done


def no_show(
    session: Session, *, wish_id: int, actor: Actor, now: datetime, reason: str, absent: Absent | None = None
) -> Moved:
    """It did not take place: the wish needs another time. Raises NotFound, NotPossibleNow, Forbidden, Invalid (no reason)."""
    standing = running(session, wish_id)
    done = claims.step(session, "no_show", wish_id=wish_id, actor=actor, now=now, reason=reason)
    if standing is not None:
        _end(session, standing.id, now, end="no_show", absent=str(absent or ""))
    return done


# --- the parts ------------------------------------------------------------------------------------------------------------


def _open(session: Session, wish_id: int, actor: Actor, side: Side) -> tuple[WishState, int]:
    """A wish for company that is held, and its claim, for who may speak for *side*."""
    state = wish_state(session, wish_id)
    if side not in sides_of(actor, state):
        raise Forbidden(action="schedule")
    if state.status is not Status.SCHEDULED or state.kind is not Kind.SERVICE:
        destination("schedule", state.status, state.kind)
    claim_id = claims.live_claim_id(session, wish_id)
    if claim_id is None:
        raise NotFound("认领记录", "claim")
    return state, claim_id


def _standing(session: Session, wish_id: int) -> Agreed:
    found = running(session, wish_id)
    if found is None:
        raise NothingAgreed()
    return found


def _schedule(
    session: Session, state: WishState, claim_id: int, starts_at: datetime, *, actor: Actor, now: datetime
) -> None:
    """The wish's date: the move ``schedule`` the first time, afterwards another day without a move."""
    day = local_day(starts_at)
    if state.status is Status.CLAIMED:
        claims.step(session, "schedule", wish_id=state.id, actor=actor, now=now, scheduled_on=day)
        return
    claims.require_still_fit(session, state, on=day)
    session.execute(sa.update(_Wish).where(_Wish.id == state.id).values(scheduled_on=day))
    _tell(session, "reschedule", state, claim_id, actor, now, {"on": day.isoformat()})


def _mark(session: Session, appointment_id: int, column: str, now: datetime) -> None:
    marked = session.execute(
        sa.update(_APPOINTMENT)
        .where(_APPOINTMENT.c.id == appointment_id, _APPOINTMENT.c.ended_at.is_(None))
        .values({column: now})
        .returning(_APPOINTMENT.c.id)
    ).first()
    if marked is None:
        raise ChangedMeanwhile()


def _end(session: Session, appointment_id: int, now: datetime, **values: Any) -> None:
    ended = session.execute(
        sa.update(_APPOINTMENT)
        .where(_APPOINTMENT.c.id == appointment_id, _APPOINTMENT.c.ended_at.is_(None))
        .values(ended_at=now, **values)
        .returning(_APPOINTMENT.c.id)
    ).first()
    if ended is None:
        raise ChangedMeanwhile()


def _tell(
    session: Session, action: str, state: WishState, claim_id: int, actor: Actor, now: datetime, data: dict[str, str]
) -> None:
    record(
        session, action=action, campaign_id=state.campaign_id, wish_id=state.id, claim_id=claim_id, actor=actor, now=now,
        data=data,
    )  # fmt: skip
