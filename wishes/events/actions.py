"""The one door through which a wish changes its status: a compare-and-swap, an event, a clock, all or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, WishFacts, facts_of, require_move
from wishes.errors import Conflict, Invalid, NotFound
from wishes.events.asked import request_in_hand
from wishes.events.tables import Event
from wishes.i18n import Text
from wishes.intake.tables import Wish
from wishes.lifecycle import MOVES, Kind, Status, destination
from wishes.model import table_of
from wishes.protection.screening import screen
from wishes.tracking.clocks import restart_clock

_EVENT, _WISH = table_of(Event), table_of(Wish)

REASON_LENGTH = 200
_STAMP: dict[Status, str] = {
    Status.SUBMITTED: "submitted_at",
    Status.VERIFIED: "verified_at",
    Status.OPEN: "published_at",
    Status.PROPOSED: "proposed_at",
    Status.CLAIMED: "claimed_at",
    Status.READY: "ready_at",
    Status.SCHEDULED: "ready_at",
    Status.IN_TRANSIT: "dispatched_at",
    Status.DELIVERED: "delivered_at",
    Status.CLOSED: "closed_at",
}
_FIRST_TIME_ONLY = {"published_at"}  # the child has waited since the wish was first shown


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move did: the event's id and where the wish stands now."""

    event_id: int
    wish_id: int
    campaign_id: int
    old: Status
    new: Status


@dataclass(frozen=True, slots=True)
class WishState:
    """The columns a decision needs, read without loading the row as an object."""

    id: int
    campaign_id: int
    community_id: int
    child_id: int
    category: str
    kind: Kind
    need: str
    status: Status
    price_fen: int
    taker_branch_id: int | None
    taker_volunteer_id: int | None
    published_at: datetime | None

    @property
    def facts(self) -> WishFacts:
        return facts_of(
            self.campaign_id, self.status, self.kind, self.community_id, self.taker_branch_id, self.taker_volunteer_id
        )


_COLUMNS = [_WISH.c[name] for name in WishState.__dataclass_fields__]

# Statements that every move needs, built once: building them costs more than running them.
_LOOK = sa.select(*_COLUMNS).where(_WISH.c.id == sa.bindparam("wish_id"))
_APPEND = sa.insert(_EVENT).returning(_EVENT.c.id)


@lru_cache(maxsize=64)
def _swap(names: tuple[str, ...]) -> sa.Update:
    """The compare-and-swap that sets the columns *names*, from parameters ``new_<name>``."""
    return (
        sa.update(_WISH)
        .where(_WISH.c.id == sa.bindparam("wish_id"), _WISH.c.status == sa.bindparam("old_status"))
        .values({name: sa.bindparam(f"new_{name}") for name in names})
    )


def wish_state(session: Session, wish_id: int) -> WishState:
    """Raises :class:`~wishes.errors.NotFound`."""
    row = session.execute(_LOOK, {"wish_id": wish_id}).one_or_none()
    if row is None:
        raise NotFound("这个心愿", "wish")
    return WishState(*row)


def move(
    session: Session,
    name: str,
    *,
    wish_id: int,
    actor: Actor,
    now: datetime,
    reason: str = "",
    occurred_at: datetime | None = None,
    data: dict[str, Any] | None = None,
    claim_id: int | None = None,
    changes: dict[str, Any] | None = None,
    seen: WishState | None = None,
) -> Moved:
    """Make move *name* of the lifecycle table.

    *changes* are further columns of the wish set by the same compare-and-swap; *seen* spares reading the state again.
    Raises NotFound, NotPossibleNow (no such arrow from here), Forbidden (not this actor's move), Invalid (reason missing),
    Conflict (somebody moved it meanwhile). Effects: one wish row, one event row, the wish's clock. Never commits.
    """
    state = seen or wish_state(session, wish_id)
    arrow = MOVES[name]
    end = destination(name, state.status, state.kind)
    require_move(actor, arrow, state.facts)
    reason = reason.strip()
    if arrow.reason and not reason:
        raise Invalid(
            "reason",
            Text("请写明原因（{action_zh}）。", "Please give a reason to {action_en}."),
            action_zh=arrow.label.zh,
            action_en=arrow.label.en,
        )
    happened = min(occurred_at or now, now)
    values: dict[str, Any] = {"status": end, **(changes or {})}
    stamp = _STAMP.get(end)
    if stamp and not (stamp in _FIRST_TIME_ONLY and state.published_at is not None):
        values[stamp] = happened
    swapped: Any = session.execute(
        _swap(tuple(values)),
        {"wish_id": wish_id, "old_status": state.status, **{f"new_{name}": value for name, value in values.items()}},
    )
    if swapped.rowcount != 1:
        raise Conflict(wish_id=wish_id)
    event_id = record(
        session,
        action=name,
        campaign_id=state.campaign_id,
        wish_id=wish_id,
        claim_id=claim_id,
        old=state.status,
        new=end,
        actor=actor,
        reason=reason,
        data=data,
        occurred_at=happened,
        now=now,
    )
    restart_clock(
        session,
        campaign_id=state.campaign_id,
        wish_id=wish_id,
        stage=end,
        now=now,
        category=state.category,
        community_id=state.community_id,
    )
    return Moved(event_id, wish_id, state.campaign_id, state.status, end)


def record(
    session: Session,
    *,
    action: str,
    campaign_id: int,
    now: datetime,
    actor: Actor,
    wish_id: int | None = None,
    claim_id: int | None = None,
    old: Status | None = None,
    new: Status | None = None,
    reason: str = "",
    data: dict[str, Any] | None = None,
    occurred_at: datetime | None = None,
) -> int:
    """Append one event row and answer its id. *data* holds ids and codes only, never a name; *reason* is screened."""
    row = {
        "campaign_id": campaign_id,
        "wish_id": wish_id,
        "claim_id": claim_id,
        "action": action,
        "old_status": old and str(old),
        "new_status": new and str(new),
        "actor_id": actor.account_id,
        "reason": reason_kept(reason),
        "request_id": request_in_hand.get(),
        "data": data or {},
        "occurred_at": occurred_at or now,
        "recorded_at": now,
    }
    return int(session.execute(_APPEND, row).scalar_one())


def reason_kept(reason: str) -> str:
    """*reason* as it is remembered for good: phones, addresses, identity numbers and the like masked."""
    return screen(reason).text[:REASON_LENGTH] if reason else ""
