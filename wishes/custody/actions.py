"""Verbs between the shop and the child: bought, looked over by two people, passed or sent back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from wishes.access import Actor, require_move
from wishes.claims import actions as claims
from wishes.custody.checklists import checks_of, require_all, require_lines
from wishes.custody.pictures import Photo, keep
from wishes.custody.queries import passed
from wishes.custody.tables import Inspection, Look
from wishes.errors import Conflict, Forbidden, Invalid, NotFound
from wishes.events.actions import Moved, WishState, reason_kept, record, wish_state
from wishes.i18n import Text
from wishes.intake.tables import Wish
from wishes.lifecycle import MOVES, Kind, Status, destination
from wishes.model import columns, table_of
from wishes.protection.screening import screen

_LOOK, _Wish = table_of(Inspection), columns(Wish)


class LookedMeanwhile(Conflict):
    """Somebody else looked at it in the same moment."""

    code = "looked_meanwhile"
    title = Text("别人刚刚查过", "Somebody just looked at it")
    sentence = Text(
        "别人刚刚查验了这件东西。请刷新页面再看。", "Somebody else has just looked at this thing. Reload the page."
    )


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look did: the second one *moved* the wish; the first one waits for somebody else. ``again``: it was said before."""

    moved: Moved | None = None
    again: bool = False


def buy(
    session: Session,
    *,
    wish_id: int,
    actor: Actor,
    now: datetime,
    spent_fen: int | None = None,
    receipt: Photo | None = None,
) -> Moved:
    """The taker has bought it: what it cost and, where there is one, the receipt. Raises as :func:`wishes.claims.actions.step`."""
    done = claims.step(session, "prepare", wish_id=wish_id, actor=actor, now=now, spent_fen=spent_fen)
    if receipt is not None:
        keep(
            session, receipt, campaign_id=done.campaign_id, wish_id=wish_id, claim_id=claims.live_claim_id(session, wish_id),
            about="bought", actor=actor, now=now,
        )  # fmt: skip
    return done


def look_over(
    session: Session, *, wish_id: int, actor: Actor, now: datetime, answers: Mapping[str, bool] | None = None
) -> Looked:
    """One person has looked over a bought thing and every line of its checklist holds; a second one confirms it and so passes it.

    *answers* by the checks' keys; None says that all hold. Raises NotFound, NotPossibleNow, Forbidden, Invalid (a line does not hold),
    LookedMeanwhile. Effects: an inspection and an event; of the second person also the move ``inspect``.
    """
    state, claim_id = _ready(session, wish_id, "inspect", actor)
    account_id = _somebody(actor)
    checks = checks_of(session, state.campaign_id, state.category)
    given = dict.fromkeys((check.key for check in checks), True) if answers is None else dict(answers)
    require_all(checks, given)
    first = _first_look(session, wish_id, claim_id)
    if first is None:
        _begin(session, state, claim_id, given, actor=actor, now=now)
        return Looked()
    if first.first_by == account_id:
        return Looked(again=True)
    _end(session, first.id, Look.PASSED, second_by=account_id, second_at=now)
    return Looked(claims.step(session, "inspect", wish_id=wish_id, actor=actor, now=now))


def fail(
    session: Session,
    *,
    wish_id: int,
    actor: Actor,
    now: datetime,
    reason: str,
    answers: Mapping[str, bool] | None = None,
    photo: Photo | None = None,
) -> Moved:
    """It does not pass: back to who bought it, with the reason. One person is enough.

    *answers* by the checks' keys. Raises NotFound, NotPossibleNow, Forbidden, Invalid (no reason, no such line). Effects: the move
    ``fail_inspection``, an inspection (which keeps these answers: the first person's were all yes), a photograph.
    """
    state, claim_id = _ready(session, wish_id, "fail_inspection", actor)
    account_id = _somebody(actor)
    require_lines(checks_of(session, state.campaign_id, state.category), answers or {})
    done = claims.step(session, "fail_inspection", wish_id=wish_id, actor=actor, now=now, reason=reason)
    first = _first_look(session, wish_id, claim_id)
    if first is None:
        _insert(
            session, state, claim_id, state=Look.FAILED, answers=dict(answers or {}), first_by=account_id, first_at=now,
            reason=reason_kept(reason),
        )  # fmt: skip
    else:
        second = None if first.first_by == account_id else account_id
        said = {"answers": dict(answers)} if answers else {}
        _end(session, first.id, Look.FAILED, second_by=second, second_at=now, reason=reason_kept(reason), **said)
    if photo is not None:
        keep(
            session,
            photo,
            campaign_id=state.campaign_id,
            wish_id=wish_id,
            claim_id=claim_id,
            about="failed",
            actor=actor,
            now=now,
        )
    return done


def check_on_the_spot(
    session: Session, *, wish_id: int, actor: Actor, now: datetime, answers: Mapping[str, bool], second_name: str
) -> None:
    """Who brings a thing without the warehouse has looked it over, together with a second adult whom they name.

    Somebody who has not said "bought" has bought it all the same. Raises NotFound, NotPossibleNow, Forbidden, Invalid.
    Effects: an inspection that has passed, an event; nothing when it has passed already.
    """
    state = wish_state(session, wish_id)
    if state.status is Status.CLAIMED and state.kind is Kind.GOODS:
        claims.step(session, "prepare", wish_id=wish_id, actor=actor, now=now)
    state, claim_id = _ready(session, wish_id, "deliver_directly", actor)
    account_id, second_name = _somebody(actor), screen(" ".join(second_name.split())).text
    require_all(checks_of(session, state.campaign_id, state.category), answers)
    if not 2 <= len(second_name) <= 40 or second_name == actor.name:
        raise Invalid(
            "second_name",
            Text("请写明另一位在场责任人的姓名。", "Please name the other responsible person who is there."),
        )
    if passed(session, wish_id):
        return
    first = _first_look(session, wish_id, claim_id)
    if first is not None:
        _end(session, first.id, Look.OVER)
    _insert(
        session, state, claim_id, state=Look.PASSED, answers=dict(answers), on_the_spot=True, first_by=account_id, first_at=now,
        second_name=second_name, second_at=now,
    )  # fmt: skip
    _tell(session, "check_on_the_spot", state, claim_id, actor, now)


# --- the parts --------------------------------------------------------------------------------------------------------


def _somebody(actor: Actor) -> int:
    """Two people are two accounts: who has none cannot be one of them."""
    if actor.account_id is None:
        raise Forbidden(action="inspect")
    return actor.account_id


def _ready(session: Session, wish_id: int, name: str, actor: Actor) -> tuple[WishState, int]:
    """The wish, from where *actor* may make move *name*, and its live claim."""
    state = wish_state(session, wish_id)
    destination(name, state.status, state.kind)
    require_move(actor, MOVES[name], state.facts)
    claim_id = claims.live_claim_id(session, wish_id)
    if claim_id is None:
        raise NotFound("认领记录", "claim")
    return state, claim_id


def _first_look(session: Session, wish_id: int, claim_id: int) -> Any:
    """The look that waits for a second person; one at a thing that was bought anew since is over."""
    row = session.execute(
        sa.select(_LOOK.c.id, _LOOK.c.first_by, _LOOK.c.first_at, _Wish.ready_at)
        .join(_Wish, _Wish.id == _LOOK.c.wish_id)
        .where(_LOOK.c.wish_id == wish_id, _LOOK.c.claim_id == claim_id, _LOOK.c.state == Look.FIRST)
    ).one_or_none()
    if row is not None and row.ready_at is not None and row.first_at < row.ready_at:
        _end(session, row.id, Look.OVER)
        return None
    return row


def _begin(
    session: Session, state: WishState, claim_id: int, answers: dict[str, bool], *, actor: Actor, now: datetime
) -> None:
    try:
        with session.begin_nested():
            _insert(
                session, state, claim_id, state=Look.FIRST, answers=answers, first_by=_somebody(actor), first_at=now
            )
    except IntegrityError as error:
        raise LookedMeanwhile() from error
    _tell(session, "first_look", state, claim_id, actor, now)


def _insert(session: Session, wish: WishState, claim_id: int, **values: Any) -> None:
    row = {"on_the_spot": False, "second_by": None, "second_name": "", "second_at": None, "reason": "", **values}
    session.execute(sa.insert(_LOOK).values(campaign_id=wish.campaign_id, wish_id=wish.id, claim_id=claim_id, **row))


def _end(session: Session, look_id: int, end: Look, **values: Any) -> None:
    """Close the look that waits. Raises LookedMeanwhile when somebody else did."""
    ended = session.execute(
        sa.update(_LOOK)
        .where(_LOOK.c.id == look_id, _LOOK.c.state == Look.FIRST)
        .values(state=end, **values)
        .returning(_LOOK.c.id)
    ).first()
    if ended is None:
        raise LookedMeanwhile()


def _tell(session: Session, action: str, state: WishState, claim_id: int, actor: Actor, now: datetime) -> None:
    record(
        session, action=action, campaign_id=state.campaign_id, wish_id=state.id, claim_id=claim_id, actor=actor, now=now
    )
