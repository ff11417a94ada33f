"""Read-only links to the board: made, opened, taken back. Whoever has the link sees figures, never a wish."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, require
from wishes.errors import Invalid, NotFound
from wishes.events.actions import record
from wishes.i18n import Text
from wishes.model import columns
from wishes.protection.passwords import new_secret, secret_digest
from wishes.tracking.ledger import Narrow
from wishes.tracking.tables import SharedView

_SharedView = columns(SharedView)

LONGEST_DAYS = 365


@dataclass(frozen=True, slots=True)
class Shared:
    """One link, without its secret: that is shown once, when it is made."""

    id: int
    campaign_id: int
    label: str
    narrowed: dict[str, Any]
    created_at: datetime
    expires_at: datetime

    @property
    def narrow(self) -> Narrow:
        return Narrow(
            **{name: str(value) for name, value in self.narrowed.items() if name in Narrow.__dataclass_fields__}
        )


_COLUMNS = [getattr(_SharedView, name) for name in Shared.__dataclass_fields__]


def share(
    session: Session, *, campaign_id: int, label: str, narrow: Narrow, days: int, actor: Actor, now: datetime
) -> str:
    """Make a link that is good for *days* and answer its secret. Raises Forbidden, Invalid. Effects: a row, an event."""
    require(actor, "campaign.coordinate", campaign_id)
    if not 1 <= days <= LONGEST_DAYS:
        raise Invalid("days", Text("有效期请填 1 到 365 天。", "A link is good for 1 to 365 days."))
    secret = new_secret()
    made = session.execute(
        sa.insert(_SharedView)
        .values(
            campaign_id=campaign_id,
            secret_hash=secret_digest(secret),
            label=label.strip()[:80],
            narrowed=dict(narrow.items()),
            created_by=actor.account_id,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        .returning(_SharedView.id)
    ).scalar_one()
    record(
        session,
        action="share",
        campaign_id=campaign_id,
        now=now,
        actor=actor,
        data={"view_id": int(made), "days": days},
    )
    return secret


def revoke(session: Session, *, campaign_id: int, view_id: int, actor: Actor, now: datetime) -> bool:
    """Take a link back. False when it was already. Raises Forbidden."""
    require(actor, "campaign.coordinate", campaign_id)
    ended = session.execute(
        sa.update(_SharedView)
        .where(_SharedView.id == view_id, _SharedView.campaign_id == campaign_id, _SharedView.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(_SharedView.id)
    ).scalar_one_or_none()
    if ended is not None:
        record(session, action="unshare", campaign_id=campaign_id, now=now, actor=actor, data={"view_id": view_id})
    return ended is not None


def shared_view(session: Session, secret: str, *, campaign_id: int, now: datetime) -> Shared:
    """The view behind a secret. Raises NotFound when there is none, it has expired or was taken back."""
    row = session.execute(
        sa.select(*_COLUMNS).where(
            _SharedView.secret_hash == secret_digest(secret),
            _SharedView.campaign_id == campaign_id,
            _SharedView.revoked_at.is_(None),
            _SharedView.expires_at > now,
        )
    ).one_or_none()
    if row is None:
        raise NotFound("这个分享链接（可能已过期或被收回）", "shared page; it may have expired or been taken back")
    return Shared(*row)


def shared_views(session: Session, campaign_id: int, *, now: datetime) -> list[Shared]:
    """The links that are good now, newest first."""
    rows = session.execute(
        sa.select(*_COLUMNS)
        .where(_SharedView.campaign_id == campaign_id, _SharedView.revoked_at.is_(None), _SharedView.expires_at > now)
        .order_by(_SharedView.id.desc())
    )
    return [Shared(*row) for row in rows]
