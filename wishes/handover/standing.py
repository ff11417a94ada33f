"""Which report of a claim counts: the one that happened first, whatever came first; or the one a coordinator chose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor
from wishes.errors import Forbidden
from wishes.events.actions import record
from wishes.events.tables import Event
from wishes.handover.tables import HandOver
from wishes.intake.tables import Wish
from wishes.lifecycle import MOVES, By, Status
from wishes.model import columns

_Event = columns(Event)
_HandOver = columns(HandOver)
_Wish = columns(Wish)

_COUNTS = sa.select(_HandOver.id).where(_HandOver.claim_id == sa.bindparam("of_claim"), _HandOver.state == "confirmed")

RECEIVING = frozenset({"community", "paper"})
"""Evidence given by the receiving side or afterwards: it bears out what the courier says, and does not contradict it."""


@dataclass(frozen=True, slots=True)
class Hands:
    """Whose hands reported something: by what proof, under which account, on which device."""

    evidence: str
    account_id: int | None
    device_id: int | None

    def agree(self, other: Hands) -> bool:
        """Whether both can be true of one hand-over: by the same hands, or one of them by the receiving side.

        The same hands are the same account, and the same device where both name one.
        """
        if {self.evidence, other.evidence} & RECEIVING:
            return True
        if self.account_id != other.account_id:
            return False
        return self.device_id is None or other.device_id is None or self.device_id == other.device_id


def restand(session: Session, *, claim_id: int, actor: Actor, now: datetime, chosen: str | None = None) -> None:
    """Let that report of a delivered claim count which happened first (then: the lesser uid), or the *chosen* one.

    Reports arrive in any order, and the same set of them always gives the same one. A coordinator's choice is not undone by
    a report that comes later. Effects: at most two hand-over rows, the wish's ``delivered_at``, an event that says so.
    """
    rows = session.execute(
        sa.select(
            _HandOver.id, _HandOver.uid, _HandOver.state, _HandOver.scanned_at, _HandOver.wish_id, _HandOver.campaign_id,
            _HandOver.details,
        ).where(_HandOver.claim_id == claim_id, _HandOver.state != "undone")
    ).all()  # fmt: skip
    counts = next((row for row in rows if row.state == "confirmed"), None)
    if chosen is None and (counts is None or counts.details.get("chosen")):
        return
    first = (
        min((row for row in rows if row.state != "conflict"), key=lambda row: (row.scanned_at, row.uid))
        if chosen is None
        else next(row for row in rows if row.uid == chosen)
    )
    if chosen is not None:
        session.execute(sa.update(_HandOver).where(_HandOver.id == first.id).values(details={"chosen": True}))
    if counts is not None and counts.id == first.id:
        return
    if counts is not None:
        session.execute(sa.update(_HandOver).where(_HandOver.id == counts.id).values(state="duplicate", details={}))
    session.execute(sa.update(_HandOver).where(_HandOver.id == first.id).values(state="confirmed"))
    session.execute(sa.update(_Wish).where(_Wish.id == first.wish_id).values(delivered_at=first.scanned_at))
    record(
        session,
        action="restand",
        campaign_id=first.campaign_id,
        wish_id=first.wish_id,
        claim_id=claim_id,
        actor=actor,
        data={"counts": first.id, "before": counts.id if counts is not None else None},
        occurred_at=first.scanned_at,
        now=now,
    )


def counts_now(session: Session, claim_id: int) -> int | None:
    """The row of the report that counts."""
    return session.execute(_COUNTS, {"of_claim": claim_id}).scalar()


def contradicted(session: Session, claim_id: int, hands: Hands) -> bool:
    others = session.execute(
        sa.select(_HandOver.evidence, _HandOver.account_id, _HandOver.device_id).where(
            _HandOver.claim_id == claim_id, _HandOver.state.in_(("confirmed", "duplicate"))
        )
    )
    return not all(hands.agree(Hands(*other)) for other in others)


def not_theirs(session: Session, claim_id: int, wish_id: int, standing: frozenset[By]) -> str:
    """Who comes second is held to what the first was: a report that could not have delivered does not count, whenever it came."""
    name = session.execute(
        sa.select(_Event.action)
        .where(_Event.wish_id == wish_id, _Event.claim_id == claim_id, _Event.new_status == Status.DELIVERED)
        .order_by(_Event.id.desc())
        .limit(1)
    ).scalar()
    return "" if name not in MOVES or MOVES[name].by & standing else Forbidden.code


def begun_again(session: Session, claim_id: int, wish_id: int, *, happened: datetime) -> str:
    """After a dispute the claim is live once more: what was reported of the first time counts no longer."""
    since = session.execute(
        sa.select(sa.func.max(_Event.recorded_at)).where(
            _Event.wish_id == wish_id, _Event.claim_id == claim_id, _Event.action == "redo"
        )
    ).scalar()
    if since is not None and happened < since:
        return "before_redo"
    session.execute(
        sa.update(_HandOver)
        .where(_HandOver.claim_id == claim_id, _HandOver.state.in_(("confirmed", "duplicate")))
        .values(state="undone")
    )
    return ""
