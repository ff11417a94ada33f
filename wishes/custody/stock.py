"""Questions about the warehouse: boxes, shipments, and where a thing is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.custody.tables import Box, Parcel, Shipment
from wishes.errors import NotFound
from wishes.intake.tables import Community, Wish
from wishes.lifecycle import HELD, Status
from wishes.model import columns, table_of

_BOX, _PARCEL, _SHIPMENT = table_of(Box), table_of(Parcel), table_of(Shipment)
_Community, _Wish = columns(Community), columns(Wish)


@dataclass(frozen=True, slots=True)
class BoxLine:
    """A box as lists show it. ``things`` counts what lies in it, ``stuck`` what of it cannot leave."""

    id: int
    number: int
    community_id: int
    community: str
    shipment_id: int | None
    shipment: int | None
    left_at: datetime | None
    things: int
    stuck: int


@dataclass(frozen=True, slots=True)
class ThingLine:
    """A thing in a box or on a shelf. Of the child nothing but which things are the same one's: *child* counts from 1 in the list."""

    wish_id: int
    code: str
    item: str
    category: str
    status: Status
    child: int
    shelf: str


@dataclass(frozen=True, slots=True)
class ShipmentLine:
    id: int
    number: int
    carrier: str
    route: str
    left_at: datetime | None
    boxes: int
    things: int


def boxes(
    session: Session,
    campaign_id: int,
    *,
    box_id: int | None = None,
    shipment_id: int | None = None,
    waiting: bool = False,
) -> list[BoxLine]:
    """The campaign's boxes, newest first: one, those of a shipment, or (*waiting*) those that have not left; at most 500."""
    stuck = sa.case((_Wish.status != Status.INSPECTED, 1), else_=0)
    question: Any = (
        sa.select(
            _BOX.c.id,
            _BOX.c.number,
            _BOX.c.community_id,
            _Community.name,
            _BOX.c.shipment_id,
            _SHIPMENT.c.number.label("shipment"),
            _SHIPMENT.c.left_at,
            sa.func.count(_PARCEL.c.id),
            sa.func.coalesce(sa.func.sum(sa.case((_PARCEL.c.id.is_(None), 0), else_=stuck)), 0),
        )
        .join(_Community, _Community.id == _BOX.c.community_id)
        .outerjoin(_SHIPMENT, _SHIPMENT.c.id == _BOX.c.shipment_id)
        .outerjoin(_PARCEL, _PARCEL.c.box_id == _BOX.c.id)
        .outerjoin(_Wish, _Wish.id == _PARCEL.c.wish_id)
        .where(_BOX.c.campaign_id == campaign_id)
        .group_by(_BOX.c.id, _Community.name, _SHIPMENT.c.number, _SHIPMENT.c.left_at)
        .order_by(_BOX.c.number.desc())
        .limit(500)
    )
    if box_id is not None:
        question = question.where(_BOX.c.id == box_id)
    if shipment_id is not None:
        question = question.where(_BOX.c.shipment_id == shipment_id)
    if waiting:
        question = question.where(_SHIPMENT.c.left_at.is_(None))
    return [BoxLine(*row) for row in session.execute(question)]


def box(session: Session, campaign_id: int, box_id: int) -> tuple[BoxLine, list[ThingLine]]:
    """One box and what lies in it, one child's things together. Raises NotFound."""
    found = boxes(session, campaign_id, box_id=box_id)
    if not found:
        raise NotFound("这个箱子", "box")
    return found[0], things(session, _PARCEL.c.box_id == box_id)


def things(session: Session, *conditions: Any) -> list[ThingLine]:
    """Parcels that meet *conditions*, child by child."""
    rows = session.execute(
        sa.select(_Wish.id, _Wish.code, _Wish.item, _Wish.category, _Wish.status, _Wish.child_id, _PARCEL.c.shelf)
        .join(_PARCEL, _PARCEL.c.wish_id == _Wish.id)
        .where(*conditions)
        .order_by(_Wish.child_id, _Wish.id)
    )
    found, nth = [], dict[int, int]()
    for wish_id, code, item, category, status, child_id, shelf in rows:
        child = nth.setdefault(child_id, len(nth) + 1)
        found.append(ThingLine(wish_id, code, item if status in HELD else "", category, Status(status), child, shelf))
    return found


def shipments(session: Session, campaign_id: int, *, shipment_id: int | None = None) -> list[ShipmentLine]:
    """Newest first, at most 200; or the one with *shipment_id*."""
    which = [] if shipment_id is None else [_SHIPMENT.c.id == shipment_id]
    rows = session.execute(
        sa.select(
            _SHIPMENT.c.id,
            _SHIPMENT.c.number,
            _SHIPMENT.c.carrier,
            _SHIPMENT.c.route,
            _SHIPMENT.c.left_at,
            sa.func.count(sa.distinct(_BOX.c.id)),
            sa.func.count(_PARCEL.c.id),
        )
        .outerjoin(_BOX, _BOX.c.shipment_id == _SHIPMENT.c.id)
        .outerjoin(_PARCEL, _PARCEL.c.box_id == _BOX.c.id)
        .where(_SHIPMENT.c.campaign_id == campaign_id, *which)
        .group_by(_SHIPMENT.c.id)
        .order_by(_SHIPMENT.c.number.desc())
        .limit(200)
    )
    return [ShipmentLine(*row) for row in rows]
