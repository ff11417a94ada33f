"""Counting the stock: what is scanned on the shelf against what is believed to lie there; the differences stay on record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from wishes.access import Actor, require
from wishes.claims.tables import Claim, ClaimState
from wishes.custody.packing import DUTY, STORED
from wishes.custody.tables import CountedThing, Parcel, StockCount
from wishes.errors import Conflict, NotFound
from wishes.events.actions import record
from wishes.i18n import Text
from wishes.intake.tables import Wish
from wishes.lifecycle import Status
from wishes.model import columns, table_of
from wishes.people.tables import Account

_COUNT, _SEEN, _PARCEL = table_of(StockCount), table_of(CountedThing), table_of(Parcel)
_Claim, _Wish, _Account = columns(Claim), columns(Wish), columns(Account)


class Difference(StrEnum):
    MISSING = "missing"  # believed to be there, not seen
    MISPLACED = "misplaced"  # seen, believed to lie on another shelf
    UNREGISTERED = "unregistered"  # seen, bought, and never put on a shelf
    UNEXPECTED = "unexpected"  # seen, though by its status it cannot be in the warehouse


class CountOver(Conflict):
    code = "count_over"
    title = Text("盘点已结束", "The count is over")
    sentence = Text("这次盘点已经结束，请开始新的一次。", "This count is over. Start a new one.")


@dataclass(frozen=True, slots=True)
class CountLine:
    """A count as lists show it."""

    id: int
    shelf: str
    started_at: datetime
    by: str
    closed_at: datetime | None
    expected: int | None
    seen: int
    differences: list[dict[str, Any]]


def start_count(session: Session, *, campaign_id: int, shelf: str, actor: Actor, now: datetime) -> int:
    """Begin a count of *shelf*, or of everything when it is empty; answers its id. Raises Forbidden."""
    require(actor, DUTY, campaign_id)
    made = session.execute(
        sa.insert(_COUNT)
        .values(
            campaign_id=campaign_id, shelf="".join(shelf.split()).upper()[:20], started_by=actor.account_id, started_at=now,
            differences=[],
        )
        .returning(_COUNT.c.id)
    )  # fmt: skip
    return int(made.scalar_one())


def count_thing(session: Session, *, count_id: int, wish_id: int, actor: Actor, now: datetime) -> bool:
    """The thing was seen; False when it was seen before. Raises Forbidden, NotFound, CountOver."""
    _running(session, count_id, actor)
    try:
        with session.begin_nested():
            session.execute(
                sa.insert(_SEEN).values(count_id=count_id, wish_id=wish_id, seen_by=actor.account_id, seen_at=now)
            )
    except IntegrityError:
        return False
    return True


def uncount_thing(session: Session, *, count_id: int, wish_id: int, actor: Actor) -> bool:
    """It was not seen after all; False when that was so already. Raises Forbidden, NotFound, CountOver."""
    _running(session, count_id, actor)
    gone: Any = session.execute(sa.delete(_SEEN).where(_SEEN.c.count_id == count_id, _SEEN.c.wish_id == wish_id))
    return bool(gone.rowcount)


def close_count(session: Session, *, count_id: int, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """End the count and keep what differs; answers it. Closed before, it answers what was kept.

    Each difference is ``{"wish": id, "kind": Difference, "shelf": where it is believed to lie, "status": of its wish}``. Raises
    Forbidden, NotFound. Effects: the count, an event of the campaign.
    """
    count = _count(session, count_id, actor)
    if count.closed_at is not None:
        return list(count.differences)
    found = _differences(session, count)
    expected = len(_expected(session, count))
    session.execute(
        sa.update(_COUNT)
        .where(_COUNT.c.id == count_id, _COUNT.c.closed_at.is_(None))
        .values(closed_at=now, closed_by=actor.account_id, expected=expected, differences=found)
    )
    record(
        session, action="count_stock", campaign_id=count.campaign_id, actor=actor, now=now,
        data={"count_id": count_id, "expected": expected, "differences": len(found)},
    )  # fmt: skip
    return found


def counts(session: Session, campaign_id: int, *, count_id: int | None = None) -> list[CountLine]:
    """The campaign's counts, newest first, at most 100; or the one with *count_id*."""
    seen = sa.select(sa.func.count()).where(_SEEN.c.count_id == _COUNT.c.id).scalar_subquery()
    rows: Any = session.execute(
        sa.select(
            _COUNT.c.id, _COUNT.c.shelf, _COUNT.c.started_at, sa.func.coalesce(_Account.name, ""), _COUNT.c.closed_at,
            _COUNT.c.expected, seen, _COUNT.c.differences,
        )
        .outerjoin(_Account, _Account.id == _COUNT.c.started_by)
        .where(_COUNT.c.campaign_id == campaign_id, *([_COUNT.c.id == count_id] if count_id is not None else []))
        .order_by(_COUNT.c.id.desc())
        .limit(100)
    )  # fmt: skip
    return [CountLine(*row) for row in rows]


def expected_now(session: Session, campaign_id: int, count_id: int) -> int:
    """How many things are believed to lie where a running count looks."""
    count = session.execute(
        sa.select(_COUNT).where(_COUNT.c.id == count_id, _COUNT.c.campaign_id == campaign_id)
    ).one_or_none()
    return 0 if count is None else len(_expected(session, count))


def named(session: Session, wish_ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Wish id → code and item."""
    rows = session.execute(sa.select(_Wish.id, _Wish.code, _Wish.item).where(_Wish.id.in_(list(wish_ids))))
    return {int(row.id): (row.code, row.item) for row in rows}


def _count(session: Session, count_id: int, actor: Actor) -> Any:
    count = session.execute(sa.select(_COUNT).where(_COUNT.c.id == count_id)).one_or_none()
    if count is None:
        raise NotFound("这次盘点", "count")
    require(actor, DUTY, count.campaign_id)
    return count


def _running(session: Session, count_id: int, actor: Actor) -> None:
    if _count(session, count_id, actor).closed_at is not None:
        raise CountOver()


def _expected(session: Session, count: Any) -> dict[int, tuple[str, str]]:
    """Wish id → shelf and status of what is believed to lie there."""
    rows = session.execute(
        sa.select(_PARCEL.c.wish_id, _PARCEL.c.shelf, _Wish.status)
        .join(_Wish, _Wish.id == _PARCEL.c.wish_id)
        .join(_Claim, _Claim.id == _PARCEL.c.claim_id)
        .where(
            _PARCEL.c.campaign_id == count.campaign_id,
            _PARCEL.c.shelf == count.shelf if count.shelf else _PARCEL.c.shelf != "",
            _Claim.state == ClaimState.LIVE,
            _Wish.status.in_(STORED),
        )
    )
    return {int(wish_id): (shelf, str(status)) for wish_id, shelf, status in rows}


def _differences(session: Session, count: Any) -> list[dict[str, Any]]:
    expected = _expected(session, count)
    shelves = sa.select(_PARCEL.c.wish_id, sa.func.max(_PARCEL.c.shelf).label("shelf")).join(
        _Claim, sa.and_(_Claim.id == _PARCEL.c.claim_id, _Claim.state == ClaimState.LIVE)
    ).group_by(_PARCEL.c.wish_id).subquery()  # fmt: skip
    seen = {
        int(row.id): (str(row.status), row.shelf or "")
        for row in session.execute(
            sa.select(_Wish.id, _Wish.status, shelves.c.shelf)
            .join(_SEEN, _SEEN.c.wish_id == _Wish.id)
            .outerjoin(shelves, shelves.c.wish_id == _Wish.id)
            .where(_SEEN.c.count_id == count.id)
        )
    }
    found = [
        {"wish": wish_id, "kind": str(Difference.MISSING), "shelf": shelf, "status": status}
        for wish_id, (shelf, status) in sorted(expected.items())
        if wish_id not in seen
    ]
    for wish_id, (status, shelf) in sorted(seen.items()):
        if wish_id not in expected:
            kind = _kind_of(Status(status), shelf)
            found.append({"wish": wish_id, "kind": str(kind), "shelf": shelf, "status": status})
    return found


def _kind_of(status: Status, shelf: str) -> Difference:
    if status not in STORED:
        return Difference.UNEXPECTED
    return Difference.MISPLACED if shelf else Difference.UNREGISTERED
