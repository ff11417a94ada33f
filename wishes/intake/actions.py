"""Verbs of a coordinator on wishes that came in: verify and publish them, one by one or a campaign at once.

Nothing is shown to anyone without the guardian's consent, above the ceiling, or beyond what one child or household may
have; what is held back keeps its status, and :func:`wishes.intake.queries.readiness` says why.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from wishes.access import Actor, require
from wishes.errors import ConsentMissing, HouseholdLimit, Invalid, MicrowishError
from wishes.events.actions import Moved, move, record, wish_state
from wishes.events.bulk import move_many
from wishes.i18n import Text
from wishes.intake.queries import Readiness, readiness
from wishes.lifecycle import Status

OVER_CEILING = Text(
    "价格超过本项目的上限，请改价、拼单或退回。",
    "The price is above this campaign's ceiling: change it, pool it or return it.",
)


@dataclass(slots=True)
class BulkOutcome:
    """What a bulk step did: wishes ``moved``, and those held back or refused with the code of the reason."""

    moved: list[int] = field(default_factory=list)
    held: dict[int, str] = field(default_factory=dict)

    def figures(self) -> dict[str, Any]:
        """Counts for JSON and the event."""
        return {
            "moved": len(self.moved),
            "held": len(self.held),
            "reasons": dict(sorted(Counter(self.held.values()).items())),
        }


def verify(session: Session, *, wish_id: int, actor: Actor, now: datetime) -> Moved:
    """Confirm one submitted wish. Raises ConsentMissing, Invalid (above the ceiling), and as :func:`move`."""
    return _one(session, "verify", wish_id, actor, now)


def publish(session: Session, *, wish_id: int, actor: Actor, now: datetime) -> Moved:
    """Show one verified wish. Raises ConsentMissing, HouseholdLimit, Invalid (above the ceiling), as :func:`move`."""
    return _one(session, "publish", wish_id, actor, now)


def verify_all(
    session: Session, *, campaign_id: int, actor: Actor, now: datetime, file_id: int | None = None
) -> BulkOutcome:
    """Confirm every submitted wish of a campaign, or of one file, that nothing hinders. Raises Forbidden."""
    return _all(session, "verify", Status.SUBMITTED, campaign_id, actor, now, file_id)


def publish_all(
    session: Session, *, campaign_id: int, actor: Actor, now: datetime, file_id: int | None = None
) -> BulkOutcome:
    """Show every verified wish of a campaign, or of one file, that nothing hinders. Raises Forbidden.

    Where a child or household would have too many, the first by priority and age are shown; the others stay verified.
    """
    return _all(session, "publish", Status.VERIFIED, campaign_id, actor, now, file_id)


def _all(
    session: Session, name: str, stage: Status, campaign_id: int, actor: Actor, now: datetime, file_id: int | None
) -> BulkOutcome:
    require(actor, "campaign.coordinate", campaign_id)
    found = readiness(session, campaign_id=campaign_id, stage=stage, file_id=file_id, hold=True)
    done = move_many(session, name, wish_ids=found.ready, actor=actor, now=now)
    outcome = BulkOutcome(done.moved, {**found.held, **done.refused})
    record(session, action=f"{name}_all", campaign_id=campaign_id, now=now, actor=actor, data=outcome.figures())
    return outcome


def _one(session: Session, name: str, wish_id: int, actor: Actor, now: datetime) -> Moved:
    state = wish_state(session, wish_id)
    if name == "verify" or state.status is Status.VERIFIED:
        found = readiness(
            session, campaign_id=state.campaign_id, stage=state.status, child_household_of=state.child_id, hold=True
        )
        if reason := found.held.get(wish_id):
            raise _hindrance(reason, found)
    return move(session, name, wish_id=wish_id, actor=actor, now=now, seen=state)


def _hindrance(reason: str, found: Readiness) -> MicrowishError:
    if reason == "no_consent":
        return ConsentMissing()
    if reason == "over_ceiling":
        return Invalid("price", OVER_CEILING)
    limit = found.child_limit if reason == "child_limit" else found.household_limit
    return HouseholdLimit(count=limit, limit=limit)
