"""A courier's round: the parcels one person may hand over now, as a phone keeps them for a day or two without signal.

It holds what the labels show and nothing of a child: code, thing, township, box. A phone that knows it can check both codes of a
hand-over, and make neither: keys are public, and of a label's short code it has a mark of 32 of its 50 bits only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, Role, facts_of, may, relations
from wishes.campaigns.tables import Place
from wishes.claims.tables import Claim, ClaimState
from wishes.clock import local_day, start_of_day
from wishes.custody.tables import Box
from wishes.custody.tables import Parcel as Stored
from wishes.handover.label_pictograms import is_discreet
from wishes.handover.tables import Label
from wishes.handover.tokens import Token, TokenSigner, TokenType, human_code
from wishes.intake.tables import Wish
from wishes.lifecycle import MOVES, By, Kind, Status
from wishes.model import table_of

_CLAIM, _LABEL, _PLACE, _WISH = table_of(Claim), table_of(Label), table_of(Place), table_of(Wish)
_BOX, _STORED = table_of(Box), table_of(Stored)

MOST: Final = 500
GOOD_DAYS, GOOD_UNTIL_HOUR = 2, 4
_HAND_OVERS: Final = tuple(move for move in MOVES.values() if move.end is Status.DELIVERED and move.only is Kind.GOODS)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One parcel of a round. ``tag`` (hex), ``epoch`` and ``mark`` are of its label and empty, 0, empty without one."""

    code: str
    category: str
    item: str  # empty where the kind itself would tell about the child
    detail: str  # size and number of pieces
    township: str  # its code
    place: str  # the township's name
    box: str  # its number, empty when it travels in none
    status: str
    tag: str
    epoch: int
    mark: str
    label_alone: bool  # this person is the receiving side: the parcel's code is enough


@dataclass(frozen=True, slots=True)
class Round:
    """``townships``: (code, name, parcels) of the whole round; ``parcels``: at most :data:`MOST`, of the townships asked for."""

    parcels: list[Parcel]
    townships: list[tuple[str, str, int]]
    left_off: int
    expires_at: datetime


def round_of(
    session: Session,
    actor: Actor,
    campaign_id: int,
    *,
    signer: TokenSigner,
    now: datetime,
    townships: Sequence[str] = (),
) -> Round:
    """The goods that *actor* may hand over now, by township, box and code; narrowed to *townships* (codes) when there are any."""
    mine = sa.and_(_WISH.c.campaign_id == campaign_id, _WISH.c.kind == Kind.GOODS, _mine(actor, campaign_id))
    counted = session.execute(
        sa.select(_WISH.c.township_code, _PLACE.c.name, sa.func.count())
        .outerjoin(_PLACE, sa.and_(_PLACE.c.campaign_id == campaign_id, _PLACE.c.code == _WISH.c.township_code))
        .where(mine)
        .group_by(_WISH.c.township_code, _PLACE.c.name)
        .order_by(_WISH.c.township_code)
    ).all()
    found = [(str(code), str(name or code), int(count)) for code, name, count in counted]
    names = {code: name for code, name, _ in found}
    asked = set(townships) & set(names) or set(names)
    rows = session.execute(
        sa.select(_WISH, _BOX.c.number.label("box"), _LABEL.c.kid, _LABEL.c.tag, _LABEL.c.epoch, _LABEL.c.expires_on)
        .outerjoin(_CLAIM, sa.and_(_CLAIM.c.wish_id == _WISH.c.id, _CLAIM.c.state == ClaimState.LIVE))
        .outerjoin(_LABEL, sa.and_(_LABEL.c.claim_id == _CLAIM.c.id, _LABEL.c.voided_at.is_(None)))
        .outerjoin(_STORED, _STORED.c.claim_id == _CLAIM.c.id)
        .outerjoin(_BOX, _BOX.c.id == _STORED.c.box_id)
        .where(mine, _WISH.c.township_code.in_(asked))
        .order_by(_WISH.c.township_code, sa.func.coalesce(_BOX.c.number, 0), _WISH.c.code)
        .limit(MOST)
    ).all()
    whole = sum(count for code, _, count in found if code in asked)
    until = start_of_day(local_day(now) + timedelta(days=GOOD_DAYS)) + timedelta(hours=GOOD_UNTIL_HOUR)
    parcels = [_parcel(row, names, actor, signer) for row in rows]
    return Round(parcels, found, whole - len(parcels), until)


def mark_of(label: Token) -> str:
    """Eight hex digits that tell whether a typed short code is this label's."""
    return hashlib.sha256(f"microwish round mark\0{human_code(label)}".encode()).hexdigest()[:8]


def _mine(actor: Actor, campaign_id: int) -> Any:
    """The wishes that one of the hand-over moves lets *actor* move now."""
    branches, volunteers, communities = (
        actor.ids(role, campaign_id, field)
        for role, field in (
            (Role.BRANCH_SECRETARY, "branch_id"),
            (Role.VOLUNTEER, "volunteer_id"),
            (Role.SOCIAL_WORKER, "community_id"),
        )
    )
    standing: dict[By, Any] = {
        By.COORDINATOR: sa.literal(may(actor, "campaign.coordinate", campaign_id)),
        By.COURIER: sa.literal(Role.COURIER in actor.roles_in(campaign_id)),
        By.TAKER: sa.or_(_WISH.c.taker_branch_id.in_(branches), _WISH.c.taker_volunteer_id.in_(volunteers)),
        By.COMMUNITY: _WISH.c.community_id.in_(communities),
    }
    return sa.or_(
        *(
            sa.and_(_WISH.c.status.in_(move.start), is_so)
            for move in _HAND_OVERS
            for by, is_so in standing.items()
            if by in move.by
        )
    )


def _parcel(row: Any, names: dict[str, str], actor: Actor, signer: TokenSigner) -> Parcel:
    facts = facts_of(
        row.campaign_id,
        Status(row.status),
        Kind(row.kind),
        row.community_id,
        row.taker_branch_id,
        row.taker_volunteer_id,
    )
    discreet, label = is_discreet(row.category), None
    if row.tag is not None:
        label = signer.of(row.kid).sign(TokenType.LABEL, tag=bytes(row.tag), epoch=row.epoch, expires_on=row.expires_on)
    return Parcel(
        code=row.code,
        category="" if discreet else row.category,
        item="" if discreet else row.item,
        detail="" if discreet else f"{row.size} × {row.quantity}".strip(),
        township=row.township_code,
        place=names[row.township_code],
        box=str(row.box or ""),
        status=str(row.status),
        tag=label.tag.hex() if label else "",
        epoch=label.epoch if label else 0,
        mark=mark_of(label) if label else "",
        label_alone=By.COMMUNITY in relations(actor, facts),
    )
