"""What one person was told: their inbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.intake.tables import Wish
from wishes.model import columns
from wishes.tracking.tables import Notice

_Notice = columns(Notice)
_Wish = columns(Wish)


@dataclass(frozen=True, slots=True)
class InboxItem:
    """A notice as the inbox lists it; the wording is made from ``kind`` and ``facts`` when it is shown."""

    id: int
    kind: str
    facts: dict[str, Any]
    wish_code: str | None
    wish_item: str | None
    created_at: datetime
    read: bool


def unread_count(session: Session, account_id: int) -> int:
    return int(
        session.execute(
            sa.select(sa.func.count())
            .select_from(_Notice)
            .where(_Notice.account_id == account_id, _Notice.read_at.is_(None), _Notice.state != "skipped")
        ).scalar_one()
    )


def inbox(
    session: Session, account_id: int, *, campaign_id: int, before_id: int | None = None, limit: int = 30
) -> list[InboxItem]:
    """The newest notices first, *limit* of them before *before_id*."""
    rows = session.execute(
        sa.select(_Notice.id, _Notice.kind, _Notice.facts, _Wish.code, _Wish.item, _Notice.created_at, _Notice.read_at)
        .outerjoin(_Wish, _Wish.id == _Notice.wish_id)
        .where(
            _Notice.account_id == account_id,
            _Notice.campaign_id == campaign_id,
            _Notice.state != "skipped",
            *([_Notice.id < before_id] if before_id else []),
        )
        .order_by(_Notice.id.desc())
        .limit(limit)
    )
    return [InboxItem(*row[:6], read=row[6] is not None) for row in rows]


def mark_read(
    session: Session, account_id: int, *, campaign_id: int, now: datetime, notice_id: int | None = None
) -> int:
    """Mark one notice or all of the campaign as read; answers how many were."""
    done = session.execute(
        sa.update(_Notice)
        .where(
            _Notice.account_id == account_id,
            _Notice.campaign_id == campaign_id,
            _Notice.read_at.is_(None),
            *([_Notice.id == notice_id] if notice_id else []),
        )
        .values(read_at=now)
    )
    return int(done.rowcount)
