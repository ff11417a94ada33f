"""Verbs of the warehouse: a thing onto a shelf, into a box, the box onto a shipment, the shipment on its way; and each of it undone.

What was done is an event of the wish; the parcel's row only says where the thing is now.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from wishes.access import Actor, require
from wishes.claims.tables import Claim, ClaimState
from wishes.custody.refusals import (
    ASK,
    NEXT,
    InOtherBox,
    NotHere,
    NotReadyToLeave,
    NumberTaken,
    OtherVillage,
    ShipmentGone,
    SiblingElsewhere,
)
from wishes.custody.tables import Box, Parcel, Shipment
from wishes.errors import Conflict, Invalid, NotFound
from wishes.events.actions import WishState, record, wish_state
from wishes.events.bulk import move_many
from wishes.i18n import Text
from wishes.intake.tables import Community, Wish
from wishes.lifecycle import STATUS_LABEL, Kind, Status
from wishes.model import columns, table_of
from wishes.protection.screening import screen

_BOX, _PARCEL, _SHIPMENT = table_of(Box), table_of(Parcel), table_of(Shipment)
_Claim, _Community, _Wish = columns(Claim), columns(Community), columns(Wish)
STORED = (Status.READY, Status.INSPECTED)
"""Where a wish stands while its thing may lie in the warehouse."""
DUTY = "warehouse.work"


# --- on a shelf -----------------------------------------------------------------------------------------------------------


def receive(session: Session, *, wish_id: int, shelf: str, actor: Actor, now: datetime) -> bool:
    """The thing lies on *shelf*; False when it lay there already. Moving it to another shelf is the same verb.

    Raises Forbidden, NotFound, NotHere (not bought, or gone already), Invalid (no shelf).
    """
    state, claim_id = _thing(session, wish_id, actor)
    shelf = _shelf(shelf)
    if state.status not in STORED:
        raise _not_here(session, state)
    row = _parcel(session, claim_id)
    if row is not None and row.shelf == shelf:
        return False
    _put(session, state, claim_id, row, shelf=shelf, received_by=actor.account_id, received_at=now)
    _tell(session, "receive", state, claim_id, actor, now, {"shelf": shelf})
    return True


def unreceive(session: Session, *, wish_id: int, actor: Actor, now: datetime) -> bool:
    """It was not there after all; False when that was so already. Raises Forbidden, NotFound."""
    state, claim_id = _thing(session, wish_id, actor)
    row = _parcel(session, claim_id)
    if row is None or not row.shelf:
        return False
    _put(session, state, claim_id, row, shelf="", received_by=None, received_at=None)
    _tell(session, "unreceive", state, claim_id, actor, now, {"shelf": row.shelf})
    return True


# --- in a box -------------------------------------------------------------------------------------------------------------


def new_box(session: Session, *, campaign_id: int, community_id: int, actor: Actor, now: datetime) -> int:
    """An empty box for a village; answers its id. Raises Forbidden, NotFound, Conflict."""
    require(actor, DUTY, campaign_id)
    known = sa.select(_Community.id).where(_Community.id == community_id, _Community.campaign_id == campaign_id)
    if session.execute(known).first() is None:
        raise NotFound("这个社区", "community")
    return _numbered(session, _BOX, campaign_id, community_id=community_id, created_by=actor.account_id, created_at=now)


def pack(session: Session, *, box_id: int, wish_id: int, actor: Actor, now: datetime, apart: bool = False) -> bool:
    """Into the box; False when it is there already. *apart* lets one child's things lie in two boxes.

    Raises Forbidden, NotFound, NotHere (not looked over, or gone), OtherVillage, InOtherBox, SiblingElsewhere, ShipmentGone.
    """
    state, claim_id = _thing(session, wish_id, actor)
    box = _open_box(session, state.campaign_id, box_id)
    if state.status is not Status.INSPECTED:
        raise _not_here(session, state)
    code = _code(session, wish_id)
    if state.community_id != box.community_id:
        raise OtherVillage(code=code, box=box.number)
    row = _parcel(session, claim_id)
    if row is not None and row.box_id == box_id:
        return False
    if row is not None and row.box_id is not None and not row.box_gone:
        raise InOtherBox(code=code, box=row.number)
    elsewhere = None if apart else _siblings_box(session, state, box_id)
    if elsewhere is not None:
        raise SiblingElsewhere(box=elsewhere)
    _put(session, state, claim_id, row, box_id=box_id, packed_by=actor.account_id, packed_at=now)
    _tell(session, "pack", state, claim_id, actor, now, {"box": box.number})
    return True


def where_packed(session: Session, wish_id: int) -> Any:
    """The box that a wish's thing is in: ``claim_id``, ``number``, its ``shipment`` and when that ``left_at``; None when in none."""
    return session.execute(
        sa.select(_PARCEL.c.claim_id, _BOX.c.number, _SHIPMENT.c.number.label("shipment"), _SHIPMENT.c.left_at)
        .join(_BOX, _BOX.c.id == _PARCEL.c.box_id)
        .outerjoin(_SHIPMENT, _SHIPMENT.c.id == _BOX.c.shipment_id)
        .where(_PARCEL.c.wish_id == wish_id)
        .order_by(_PARCEL.c.id.desc())
        .limit(1)
    ).one_or_none()


def take_out(session: Session, claim_id: int) -> None:
    """The thing of a claim is in no box any more."""
    _update(session, claim_id, box_id=None, packed_by=None, packed_at=None)


def unpack(session: Session, *, wish_id: int, actor: Actor, now: datetime) -> bool:
    """Out of its box again; False when it is in none. Raises Forbidden, NotFound, ShipmentGone."""
    state = wish_state(session, wish_id)
    require(actor, DUTY, state.campaign_id)
    row = where_packed(session, wish_id)
    if row is None:
        return False
    if row.left_at is not None and state.status is Status.IN_TRANSIT:
        raise ShipmentGone(number=row.shipment)
    take_out(session, row.claim_id)
    _tell(session, "unpack", state, row.claim_id, actor, now, {"box": row.number})
    return True


# --- on its way -----------------------------------------------------------------------------------------------------------


def new_shipment(session: Session, *, campaign_id: int, carrier: str, route: str, actor: Actor, now: datetime) -> int:
    """A shipment without boxes; answers its id. Raises Forbidden, Invalid, Conflict."""
    require(actor, DUTY, campaign_id)
    carrier, route = (screen(" ".join(words.split())).text for words in (carrier, route))
    if not 2 <= len(carrier) <= 40:
        raise Invalid("carrier", Text("请写明由谁运送（2–40 个字）。", "Say who carries it (2 to 40 characters)."))
    if len(route) > 120:
        raise Invalid("route", Text("路线最多 120 个字。", "The route may have 120 characters."))
    return _numbered(
        session, _SHIPMENT, campaign_id, carrier=carrier, route=route, created_by=actor.account_id, created_at=now
    )


def load(session: Session, *, shipment_id: int | None, box_ids: Sequence[int], campaign_id: int, actor: Actor) -> int:
    """Put boxes onto a shipment that has not left, or (None) take them off theirs; answers how many changed.

    Raises Forbidden, NotFound, ShipmentGone.
    """
    require(actor, DUTY, campaign_id)
    if shipment_id is not None:
        _open_shipment(session, campaign_id, shipment_id)
    for box_id in box_ids:
        _open_box(session, campaign_id, box_id)
    changed: Any = session.execute(
        sa.update(_BOX)
        .where(
            _BOX.c.id.in_(box_ids),
            _BOX.c.campaign_id == campaign_id,
            _BOX.c.shipment_id.is_distinct_from(shipment_id),
        )
        .values(shipment_id=shipment_id)
    )
    return int(changed.rowcount)


def send_off(session: Session, *, shipment_id: int, campaign_id: int, actor: Actor, now: datetime) -> int:
    """The shipment leaves: every thing in its boxes is on its way from now, all or none; answers how many.

    Raises Forbidden, NotFound, ShipmentGone, NotReadyToLeave (something in it may not leave), Invalid (nothing in it).
    """
    require(actor, DUTY, campaign_id)
    shipment = _open_shipment(session, campaign_id, shipment_id)
    inside = session.execute(
        sa.select(_PARCEL.c.wish_id, _PARCEL.c.claim_id, _Wish.status, _Wish.code, _Claim.state)
        .join(_BOX, _BOX.c.id == _PARCEL.c.box_id)
        .join(_Wish, _Wish.id == _PARCEL.c.wish_id)
        .join(_Claim, _Claim.id == _PARCEL.c.claim_id)
        .where(_BOX.c.shipment_id == shipment_id)
        .order_by(_PARCEL.c.wish_id)
    ).all()
    if not inside:
        raise Invalid(
            "boxes", Text("批次里还没有东西。请先装箱。", "There is nothing in the shipment yet: pack first.")
        )
    stuck = [row for row in inside if row.status is not Status.INSPECTED or row.state != ClaimState.LIVE]
    if stuck:
        label = STATUS_LABEL[Status(stuck[0].status)]
        raise NotReadyToLeave(n=len(stuck), code=stuck[0].code, status_zh=label.zh, status_en=label.en)
    left = session.execute(
        sa.update(_SHIPMENT)
        .where(_SHIPMENT.c.id == shipment_id, _SHIPMENT.c.left_at.is_(None))
        .values(left_at=now, left_by=actor.account_id)
        .returning(_SHIPMENT.c.id)
    ).first()
    if left is None:
        raise ShipmentGone(number=shipment.number)
    ids = [row.wish_id for row in inside]
    done = move_many(
        session,
        "dispatch",
        wish_ids=ids,
        actor=actor,
        now=now,
        data={wish_id: {"shipment": shipment.number} for wish_id in ids},
        claim_ids={row.wish_id: row.claim_id for row in inside},
    )
    if done.refused:
        raise Conflict(wish_id=next(iter(done.refused)))
    return len(done.moved)


# --- the parts ------------------------------------------------------------------------------------------------------------


def _thing(session: Session, wish_id: int, actor: Actor) -> tuple[WishState, int]:
    """A wish for a thing, and its live claim."""
    state = wish_state(session, wish_id)
    require(actor, DUTY, state.campaign_id)
    claim_id = session.execute(
        sa.select(_Claim.id).where(_Claim.wish_id == wish_id, _Claim.state == ClaimState.LIVE)
    ).scalar()
    if state.kind is not Kind.GOODS or claim_id is None:
        raise _not_here(session, state)
    return state, int(claim_id)


def _not_here(session: Session, state: WishState) -> NotHere:
    label, step = STATUS_LABEL[state.status], NEXT.get(state.status, ASK)
    return NotHere(
        code=_code(session, state.id), status_zh=label.zh, status_en=label.en, action_zh=step.zh, action_en=step.en
    )


def _code(session: Session, wish_id: int) -> str:
    return str(session.execute(sa.select(_Wish.code).where(_Wish.id == wish_id)).scalar_one())


def _shelf(text: str) -> str:
    shelf = "".join(text.split()).upper()
    if not 1 <= len(shelf) <= 20:
        raise Invalid("shelf", Text("请填货架号，如 A-3。", "Give the shelf, such as A-3."))
    return shelf


def _parcel(session: Session, claim_id: int) -> Any:
    return session.execute(
        sa.select(
            _PARCEL.c.id,
            _PARCEL.c.shelf,
            _PARCEL.c.box_id,
            _BOX.c.number,
            _SHIPMENT.c.left_at.is_not(None).label("box_gone"),
        )
        .outerjoin(_BOX, _BOX.c.id == _PARCEL.c.box_id)
        .outerjoin(_SHIPMENT, _SHIPMENT.c.id == _BOX.c.shipment_id)
        .where(_PARCEL.c.claim_id == claim_id)
    ).one_or_none()


def _put(session: Session, wish: WishState, claim_id: int, known: Any, **values: Any) -> None:
    if known is not None:
        _update(session, claim_id, **values)
        return
    try:
        with session.begin_nested():
            session.execute(
                sa.insert(_PARCEL).values(
                    {"shelf": "", "campaign_id": wish.campaign_id, "wish_id": wish.id, "claim_id": claim_id, **values}
                )
            )
    except IntegrityError:  # somebody scanned it in the same moment: the row is there
        _update(session, claim_id, **values)


def _update(session: Session, claim_id: int, **values: Any) -> None:
    session.execute(sa.update(_PARCEL).where(_PARCEL.c.claim_id == claim_id).values(**values))


def _siblings_box(session: Session, state: WishState, box_id: int) -> int | None:
    """The number of the box that holds another thing of the same child and has not left; None when that is this one, or none."""
    found = session.execute(
        sa.select(_BOX.c.number, _BOX.c.id)
        .join(_PARCEL, _PARCEL.c.box_id == _BOX.c.id)
        .join(_Wish, _Wish.id == _PARCEL.c.wish_id)
        .where(_Wish.child_id == state.child_id, _Wish.status == Status.INSPECTED, _Wish.id != state.id)
        .order_by(_BOX.c.id)
    ).all()
    return None if not found or any(row.id == box_id for row in found) else int(found[0].number)


def _open_box(session: Session, campaign_id: int, box_id: int) -> Any:
    row = session.execute(
        sa.select(_BOX.c.number, _BOX.c.community_id, _SHIPMENT.c.number.label("shipment"), _SHIPMENT.c.left_at)
        .outerjoin(_SHIPMENT, _SHIPMENT.c.id == _BOX.c.shipment_id)
        .where(_BOX.c.id == box_id, _BOX.c.campaign_id == campaign_id)
    ).one_or_none()
    if row is None:
        raise NotFound("这个箱子", "box")
    if row.left_at is not None:
        raise ShipmentGone(number=row.shipment)
    return row


def _open_shipment(session: Session, campaign_id: int, shipment_id: int) -> Any:
    row = session.execute(
        sa.select(_SHIPMENT.c.number, _SHIPMENT.c.left_at).where(
            _SHIPMENT.c.id == shipment_id, _SHIPMENT.c.campaign_id == campaign_id
        )
    ).one_or_none()
    if row is None:
        raise NotFound("这个批次", "shipment")
    if row.left_at is not None:
        raise ShipmentGone(number=row.number)
    return row


def _numbered(session: Session, table: sa.Table, campaign_id: int, **values: Any) -> int:
    """A row with the campaign's next number. Raises Conflict when somebody took that number in the same moment."""
    top = sa.select(sa.func.coalesce(sa.func.max(table.c.number), 0) + 1).where(table.c.campaign_id == campaign_id)
    number = session.execute(top).scalar_one()
    try:
        with session.begin_nested():
            made = session.execute(
                sa.insert(table).values(campaign_id=campaign_id, number=number, **values).returning(table.c.id)
            )
            return int(made.scalar_one())
    except IntegrityError as error:
        raise NumberTaken() from error


def _tell(
    session: Session, action: str, state: WishState, claim_id: int, actor: Actor, now: datetime, data: dict[str, Any]
) -> None:
    record(
        session, action=action, campaign_id=state.campaign_id, wish_id=state.id, claim_id=claim_id, actor=actor, now=now,
        data=data,
    )  # fmt: skip
