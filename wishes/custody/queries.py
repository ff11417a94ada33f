"""Questions about things on their way to a child."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.custody.tables import CustodyPicture, Inspection, Look
from wishes.errors import Conflict
from wishes.i18n import Text
from wishes.intake.tables import Wish
from wishes.model import columns, table_of
from wishes.people.tables import Account

_LOOK, _PICTURE = table_of(Inspection), table_of(CustodyPicture)
_Wish = columns(Wish)


class ChecksMissing(Conflict):
    """A thing would go to a child before two people have looked at it."""

    code = "checks_missing"
    title = Text("还没有查验", "Not looked over yet")
    sentence = Text(
        "这件东西还没有两个人查验过。请先填检查表，写明在场的两位责任人。",
        "Two people have not looked this thing over yet. Fill in the checklist first and name the two who are there.",
    )


@dataclass(frozen=True, slots=True)
class LookedOver:
    """An inspection as pages show it; names are those of staff and volunteers."""

    state: Look
    on_the_spot: bool
    first_id: int
    first: str
    first_at: datetime
    second: str
    second_at: datetime | None
    reason: str


_SAME_PURCHASE = sa.or_(_Wish.ready_at.is_(None), _LOOK.c.first_at >= _Wish.ready_at)
"""A thing bought anew has to be looked at anew."""


def passed(session: Session, wish_id: int) -> bool:
    """Whether two people passed what was bought last for the wish."""
    found = (
        sa.select(_LOOK.c.id)
        .join(_Wish, _Wish.id == _LOOK.c.wish_id)
        .where(_LOOK.c.wish_id == wish_id, _LOOK.c.state == Look.PASSED, _SAME_PURCHASE)
        .limit(1)
    )
    return session.execute(found).first() is not None


def looks(session: Session, wish_id: int) -> list[LookedOver]:
    """Every inspection of the wish's things, newest first."""
    first, second = table_of(Account).alias(), table_of(Account).alias()
    rows: Any = session.execute(
        sa.select(
            _LOOK.c.state,
            _LOOK.c.on_the_spot,
            _LOOK.c.first_by,
            first.c.name.label("first"),
            _LOOK.c.first_at,
            second.c.name.label("second"),
            _LOOK.c.second_name,
            _LOOK.c.second_at,
            _LOOK.c.reason,
        )
        .outerjoin(first, first.c.id == _LOOK.c.first_by)
        .outerjoin(second, second.c.id == _LOOK.c.second_by)
        .where(_LOOK.c.wish_id == wish_id)
        .order_by(_LOOK.c.id.desc())
    )
    return [
        LookedOver(
            Look(row.state),
            row.on_the_spot,
            int(row.first_by),
            row.first or "",
            row.first_at,
            row.second or row.second_name,
            row.second_at,
            row.reason,
        )
        for row in rows
    ]


def first_looks(session: Session, wish_ids: list[int]) -> dict[int, int]:
    """Wish id → account that looked first, of those that wait for a second person."""
    rows = session.execute(
        sa.select(_LOOK.c.wish_id, _LOOK.c.first_by)
        .join(_Wish, _Wish.id == _LOOK.c.wish_id)
        .where(_LOOK.c.wish_id.in_(wish_ids), _LOOK.c.state == Look.FIRST, _SAME_PURCHASE)
    )
    return {int(wish_id): int(account_id) for wish_id, account_id in rows}


@dataclass(frozen=True, slots=True)
class PictureLine:
    """A photograph as a page lists it."""

    uid: str
    about: str
    kept_at: datetime


def pictures_of(session: Session, wish_id: int) -> list[PictureLine]:
    """The photographs of the wish's things that can still be opened, newest first."""
    rows = session.execute(
        sa.select(_PICTURE.c.uid, _PICTURE.c.about, _PICTURE.c.kept_at)
        .where(_PICTURE.c.wish_id == wish_id, _PICTURE.c.picture_key.is_not(None))
        .order_by(_PICTURE.c.id.desc())
    )
    return [PictureLine(*row) for row in rows]
