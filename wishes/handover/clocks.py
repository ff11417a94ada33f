"""When a scan happened: by the device's clock, corrected by how wrong it was when it sent, within what can have been.

A clock that is wrong when it scans and as wrong when it sends is measured and put right, however wrong it is. A clock that was
turned in between, or that nothing measured, may tell of a time that cannot be: later than we heard of it, or before the parcel
could have been on its way. Such a time is not believed: the scan is dated by its arrival, and a hand-over waits for a coordinator.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlmodel import Session

from wishes.claims.tables import Claim
from wishes.events.tables import Event
from wishes.handover.tables import Label
from wishes.model import table_of

_CLAIM, _EVENT, _LABEL = table_of(Claim), table_of(Event), table_of(Label)

TOLERANCE: Final = timedelta(minutes=5)
"""By how much a clock may be off beyond what is possible before it is held to be a lie: phones drift, and set themselves right."""

_DISPATCHED = (
    sa.select(sa.func.min(_EVENT.c.occurred_at))
    .where(
        _EVENT.c.wish_id == _CLAIM.c.wish_id,
        _EVENT.c.action == "dispatch",
        _EVENT.c.occurred_at >= _CLAIM.c.claimed_at,
    )
    .correlate(_CLAIM)
    .scalar_subquery()
)
_POSSIBLE = (
    sa.select(_CLAIM.c.claimed_at, _LABEL.c.created_at, _DISPATCHED.label("dispatched_at"))
    .join(_LABEL, _LABEL.c.claim_id == _CLAIM.c.id)
    .where(_CLAIM.c.id == sa.bindparam("of_claim"), _LABEL.c.id == sa.bindparam("by_label"))
)


@dataclass(frozen=True, slots=True)
class Dated:
    """``clock`` is empty where *at* is what the device said, corrected; ``early`` or ``late`` where it was moved by no more than
    the tolerance; ``past`` or ``future`` where it cannot be, and ``contested`` then says why the scan cannot count by itself."""

    at: datetime
    clock: str = ""
    contested: str = ""


def dated(happened: datetime, *, earliest: datetime | None, now: datetime) -> Dated:
    """*happened* as it is to be recorded. *earliest* is None where no parcel was found. Pure."""
    if happened > now + TOLERANCE:
        return Dated(now, "future", "time_in_future")
    if happened > now:
        return Dated(now, "late")
    if earliest is None or happened >= earliest:
        return Dated(happened)
    return (
        Dated(min(earliest, now), "early") if happened >= earliest - TOLERANCE else Dated(now, "past", "time_too_early")
    )


def earliest_possible(session: Session, *, claim_id: int, label_id: int) -> datetime:
    """Before this nobody can have handed over the parcel: it was not taken, its codes were not made, or it was not dispatched.

    Where it never was on a shipment, the first two; the first dispatch of the claim, where there were several.
    """
    row = session.execute(_POSSIBLE, {"of_claim": claim_id, "by_label": label_id}).one()
    return max(each for each in row if each is not None)
