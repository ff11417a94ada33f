"""The next step for a child that moved within the campaign's area: what is for it goes to its new village.

The codes of the labels stay good: they name the claim, not a place. What the child's other wishes wait for goes with it, since a child
lives in one place; what is still on its way has to be noted as brought back first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, relations
from wishes.custody.packing import take_out, where_packed
from wishes.custody.refusals import NotHere
from wishes.errors import Conflict, Forbidden, Invalid
from wishes.events.actions import record, wish_state
from wishes.i18n import Text
from wishes.intake.tables import Child, Community, Wish
from wishes.lifecycle import MOVES, STATUS_LABEL, By, Kind, Status
from wishes.model import table_of

_CHILD, _COMMUNITY, _WISH = table_of(Child), table_of(Community), table_of(Wish)

MAY_READDRESS: Final = frozenset({By.COORDINATOR, By.COMMUNITY})
"""Who keeps the child's papers now. Not the new village: whoever could draw a child to themselves would learn who it is."""
FROM: Final = frozenset({Status.CLAIMED, Status.READY, Status.INSPECTED})
"""Where a thing's wish stands while it may be sent elsewhere."""
_WITH_IT: Final = frozenset(MOVES["cancel"].start) - {Status.IN_TRANSIT, Status.SCHEDULED}

_BRING_BACK = Text("还在路上：请先登记“孩子已搬离”。", "It is on its way: note first that the child moved away.")
_NOT_NOW = Text("现在没有要改送的东西。", "There is nothing to send elsewhere now.")


@dataclass(frozen=True, slots=True)
class Readdressed:
    """What was changed: ids of the wishes, and numbers of the boxes that lost something."""

    wish_ids: tuple[int, ...]
    boxes: tuple[int, ...]


def readdress(
    session: Session, *, wish_id: int, community_id: int, reason: str, actor: Actor, now: datetime
) -> Readdressed:
    """Send what is for a child to another village of the campaign, and the child's papers with it.

    Raises NotFound, Forbidden, Invalid (no reason, no such village, or no other one), NotHere (on its way, delivered, not taken),
    Conflict. Effects: place of the wish and of the child's other wishes that wait, the child's community, its things out of their boxes,
    an event for each wish.
    """
    state = wish_state(session, wish_id)
    if not relations(actor, state.facts) & MAY_READDRESS:
        raise Forbidden()
    if state.kind is not Kind.GOODS or state.status not in FROM:
        label, step = STATUS_LABEL[state.status], _BRING_BACK if state.status is Status.IN_TRANSIT else _NOT_NOW
        raise NotHere(
            code=_code(session, wish_id), status_zh=label.zh, status_en=label.en, action_zh=step.zh, action_en=step.en
        )
    if len(reason.strip()) < 2:
        raise Invalid("reason", Text("请写明为什么改送。", "Please say why it goes elsewhere."))
    there = session.execute(
        sa.select(_COMMUNITY.c.id, _COMMUNITY.c.township_code, _COMMUNITY.c.county_code).where(
            _COMMUNITY.c.id == community_id, _COMMUNITY.c.campaign_id == state.campaign_id
        )
    ).one_or_none()
    if there is None:
        raise Invalid("community", Text("请选择改送到哪个社区。", "Choose the community it goes to."))
    if community_id == state.community_id:
        raise Invalid("community", Text("它本来就送到这里。", "It goes there already."))
    session.execute(sa.select(_CHILD.c.id).where(_CHILD.c.id == state.child_id).with_for_update())
    waiting = session.execute(
        sa.select(_WISH.c.id).where(
            _WISH.c.child_id == state.child_id, _WISH.c.status.in_(_WITH_IT), _WISH.c.community_id == state.community_id
        )
    ).scalars()
    ids = sorted({wish_id, *waiting})
    boxes = [_send(session, each, there, first=wish_id, reason=reason, actor=actor, now=now) for each in ids]
    session.execute(sa.update(_CHILD).where(_CHILD.c.id == state.child_id).values(community_id=community_id))
    return Readdressed(tuple(ids), tuple(sorted({number for number in boxes if number is not None})))


def _send(
    session: Session, wish_id: int, there: Any, *, first: int, reason: str, actor: Actor, now: datetime
) -> int | None:
    """One wish elsewhere; answers the number of the box that lost its thing."""
    state = wish_state(session, wish_id)
    changed: Any = session.execute(
        sa.update(_WISH)
        .where(
            _WISH.c.id == wish_id, _WISH.c.status == state.status, _WISH.c.community_id == state.community_id,
            _WISH.c.status.in_(_WITH_IT),
        )
        .values(community_id=there.id, township_code=there.township_code, county_code=there.county_code)
    )  # fmt: skip
    if changed.rowcount != 1:
        raise Conflict(wish_id=wish_id)
    held = where_packed(session, wish_id)
    if held is not None:
        take_out(session, held.claim_id)
    told = {"from": state.community_id, "to": there.id, "box": held.number if held else None}
    record(
        session, action="readdress", campaign_id=state.campaign_id, wish_id=wish_id, claim_id=held.claim_id if held else None,
        actor=actor, now=now, reason=reason.strip(), data=told if wish_id == first else {**told, "with": first},
    )  # fmt: skip
    return None if held is None else int(held.number)


def _code(session: Session, wish_id: int) -> str:
    return str(session.execute(sa.select(_WISH.c.code).where(_WISH.c.id == wish_id)).scalar_one())
