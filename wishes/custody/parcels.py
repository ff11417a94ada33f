"""What becomes of a parcel's place when its thing leaves the warehouse without a shipment."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import Session

from wishes.custody.tables import Parcel
from wishes.model import table_of

_PARCEL = table_of(Parcel)


def gone_from_stock(session: Session, claim_id: int | None) -> None:
    """The thing of this claim is neither on a shelf nor in a box any more: it went back to who bought it, or is no more."""
    session.execute(
        sa.update(_PARCEL)
        .where(_PARCEL.c.claim_id == claim_id)
        .values(shelf="", received_by=None, received_at=None, box_id=None, packed_by=None, packed_at=None)
    )
