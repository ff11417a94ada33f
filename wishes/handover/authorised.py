"""Who may take a child's parcel instead of the guardian: listed beforehand by the community or by the guardian, or withdrawn again.

A name and a phone are sealed under a key of their own, wrapped in front of them: what is put right of a child's identity leaves them
readable, and erasing the child empties them. Who carries the parcel sees a name and a relation, and only when it is nearly there.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, Field, WishFacts, relations, visible_fields
from wishes.clock import local_day
from wishes.errors import Forbidden, Invalid, NotFound
from wishes.handover.tables import AuthorisedReceiver
from wishes.i18n import Text
from wishes.intake.tables import Child
from wishes.lifecycle import By, Status
from wishes.model import table_of
from wishes.people.tables import Account
from wishes.protection.consents import child_kept
from wishes.protection.entries import note
from wishes.protection.vault import Vault, normalised, open_sealed, place, seal

_RECEIVER, _CHILD, _ACCOUNT = table_of(AuthorisedReceiver), table_of(Child), table_of(Account)
_WRAPPED: Final = 62  # see Vault.new_data_key
MOST: Final = 5
LONGEST_NAME: Final = 40
RELATIONS: Final = ("grandparent", "relative", "neighbour", "teacher", "other")


@dataclass(frozen=True, slots=True)
class Receiver:
    """Somebody who may receive instead. ``name`` and ``phone`` are empty where they were not opened; ``by`` where the guardian listed it."""

    id: int
    relation: str
    name: str
    phone: str
    by: str
    listed_at: datetime


def list_receiver(
    session: Session,
    *,
    child_id: int,
    name: str,
    relation: str,
    phone: str = "",
    vault: Vault,
    now: datetime,
    actor: Actor,
    by_guardian: bool = False,
) -> int:
    """Put somebody on a child's list; answers the row's id, also where they stood there already. *by_guardian*: by the guardian's own
    link, which stands for itself.

    Raises NotFound (no such child, not theirs to keep, or erased), Invalid (name, relation, phone, or :data:`MOST` are listed).
    """
    child = child_kept(session, child_id, None if by_guardian else actor)
    if child.erased:
        raise NotFound("这名儿童", "child")
    name, digits = " ".join(name.split()), "".join(filter(str.isdigit, phone))
    if not 2 <= len(name) <= LONGEST_NAME:
        raise Invalid("receiver_name", Text("请填写代收人姓名（2–40 个字）。", "Give the name (2 to 40 characters)."))
    if relation not in RELATIONS:
        raise Invalid("receiver_relation", Text("请选择与孩子的关系。", "Choose the relation to the child."))
    if (phone.strip() and not digits) or (digits and not 7 <= len(digits) <= 13):
        raise Invalid("receiver_phone", Text("请检查电话号码。", "Please check the phone number."))
    session.execute(sa.select(_CHILD.c.id).where(_CHILD.c.id == child_id).with_for_update())
    listed = receivers_of(session, child_id, vault=vault)
    known = next((one.id for one in listed if normalised(one.name) == normalised(name)), None)
    if known is not None:
        return known
    if len(listed) >= MOST:
        raise Invalid(
            "receiver_name",
            Text("最多 {most} 位代收人，请先取消一位。", "At most {most} people: take one off first."),
            most=MOST,
        )
    uid = secrets.token_hex(10)
    key, wrapped = vault.new_data_key(aad=_place(uid, "data_key"))
    made = session.execute(
        sa.insert(_RECEIVER)
        .values(
            campaign_id=child.campaign_id, child_id=child_id, uid=uid, relation=relation, listed_by=actor.account_id,
            listed_at=now, told=wrapped + seal({"name": name, "phone": digits}, data_key=key, aad=_place(uid, "told")),
        )
        .returning(_RECEIVER.c.id)
    ).scalar_one()  # fmt: skip
    note(
        session, "receiver", actor=actor, now=now, campaign_id=child.campaign_id, child_id=child_id,
        fields=["name", "phone"] if digits else ["name"], reason="guardian" if by_guardian else "",
        data={"receiver_id": int(made), "relation": relation},
    )  # fmt: skip
    return int(made)


def withdraw_receiver(
    session: Session, *, child_id: int, receiver_id: int, now: datetime, actor: Actor, by_guardian: bool = False
) -> bool:
    """Take somebody off a child's list; False when that was done already. Raises NotFound."""
    child = child_kept(session, child_id, None if by_guardian else actor)
    row = session.execute(
        sa.select(_RECEIVER.c.withdrawn_at).where(_RECEIVER.c.id == receiver_id, _RECEIVER.c.child_id == child_id)
    ).one_or_none()
    if row is None:
        raise NotFound("这位代收人", "person")
    done = session.execute(
        sa.update(_RECEIVER)
        .where(_RECEIVER.c.id == receiver_id, _RECEIVER.c.withdrawn_at.is_(None))
        .values(withdrawn_at=now, withdrawn_by=actor.account_id)
        .returning(_RECEIVER.c.id)
    ).first()
    if done is not None:
        note(
            session, "no_receiver", actor=actor, now=now, campaign_id=child.campaign_id, child_id=child_id,
            reason="guardian" if by_guardian else "", data={"receiver_id": receiver_id},
        )  # fmt: skip
    return done is not None


def receivers_of(session: Session, child_id: int, *, vault: Vault | None, at: datetime | None = None) -> list[Receiver]:
    """Who is on a child's list now, or was on it *at* some time; without a *vault* nobody's name. The caller records the look.

    Raises SealBroken, KeyMissing. What was erased is no longer on it.
    """
    theirs = sa.and_(_RECEIVER.c.child_id == child_id, _RECEIVER.c.told.is_not(None))
    standing = (
        _RECEIVER.c.withdrawn_at.is_(None)
        if at is None
        else sa.and_(
            _RECEIVER.c.listed_at <= at, sa.or_(_RECEIVER.c.withdrawn_at.is_(None), _RECEIVER.c.withdrawn_at > at)
        )
    )
    rows = session.execute(
        sa.select(_RECEIVER, sa.func.coalesce(_ACCOUNT.c.name, "").label("by"))
        .join(_ACCOUNT, _ACCOUNT.c.id == _RECEIVER.c.listed_by, isouter=True)
        .where(theirs, standing)
        .order_by(_RECEIVER.c.id)
    )
    found = []
    for row in rows:
        told = {} if vault is None else _opened(vault, row.uid, bytes(row.told))
        found.append(Receiver(row.id, row.relation, told.get("name", ""), told.get("phone", ""), row.by, row.listed_at))
    return found


def listed_as(session: Session, child_id: int, name: str, *, at: datetime, vault: Vault) -> int | None:
    """Which entry of the list, as it stood *at* a time, names this person; None when none does."""
    if not name:
        return None
    known = receivers_of(session, child_id, vault=vault, at=at)
    return next((one.id for one in known if normalised(one.name) == normalised(name)), None)


def may_meet(actor: Actor, facts: WishFacts, *, scheduled_on: date | None, now: datetime) -> bool:
    """Whether *actor*, who carries or takes the wish, may be told who will receive it: while the hand-over place is theirs to see, and
    once the parcel is on its way or from the day before the day agreed."""
    standing = relations(actor, facts) & {By.COURIER, By.TAKER}
    near = facts.status is Status.IN_TRANSIT or (
        scheduled_on is not None and local_day(now) >= scheduled_on - timedelta(days=1)
    )
    return near and Field.PLACE in visible_fields(standing, facts.status)


def require_meeting(actor: Actor, facts: WishFacts, *, scheduled_on: date | None, now: datetime) -> None:
    """Raises Forbidden unless :func:`may_meet`."""
    if not may_meet(actor, facts, scheduled_on=scheduled_on, now=now):
        raise Forbidden()


def empty_receivers(session: Session, child_ids: Sequence[int]) -> None:
    """Forget whom these children's families listed: the key goes with what it closed."""
    session.execute(sa.update(_RECEIVER).where(_RECEIVER.c.child_id.in_(child_ids)).values(told=None))


def names_listed(session: Session, campaign_id: int, *, vault: Vault) -> list[tuple[int, str]]:
    """Child id, and a name or phone, of everybody on a list of the campaign, for finding them in free words."""
    rows = session.execute(
        sa.select(_RECEIVER.c.child_id, _RECEIVER.c.uid, _RECEIVER.c.told).where(
            _RECEIVER.c.campaign_id == campaign_id, _RECEIVER.c.told.is_not(None)
        )
    )
    return [
        (row.child_id, value) for row in rows for value in _opened(vault, row.uid, bytes(row.told)).values() if value
    ]


def rewrap_receiver(vault: Vault, uid: str, told: bytes) -> bytes | None:
    """An entry with its key under the active master key, or None when it is already. Raises SealBroken, KeyMissing."""
    wrapped = vault.rewrap(told[:_WRAPPED], aad=_place(uid, "data_key"))
    return None if wrapped is None else wrapped + told[_WRAPPED:]


def _opened(vault: Vault, uid: str, told: bytes) -> dict[str, str]:
    key = vault.unwrap(told[:_WRAPPED], aad=_place(uid, "data_key"))
    return {
        name: str(value) for name, value in open_sealed(told[_WRAPPED:], data_key=key, aad=_place(uid, "told")).items()
    }


def _place(uid: str, column: str) -> str:
    return place("authorised_receiver", uid, column)
