"""The end of a campaign: from here the days count after which its children's identities are forgotten."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from wishes.access import Actor, require
from wishes.campaigns.queries import campaign_by_id
from wishes.campaigns.tables import Campaign
from wishes.errors import Invalid
from wishes.events.actions import record
from wishes.i18n import Text
from wishes.intake.tables import Wish
from wishes.lifecycle import STATUS_LABEL, TERMINAL, Status


def unfinished(session: Session, campaign_id: int) -> dict[Status, int]:
    """How many of the campaign's wishes have not come to their end, by status."""
    rows = session.execute(
        sa.select(col(Wish.status), sa.func.count())
        .where(col(Wish.campaign_id) == campaign_id, col(Wish.status).not_in(TERMINAL))
        .group_by(col(Wish.status))
    )
    return {Status(status): int(n) for status, n in rows}


def close_campaign(session: Session, *, campaign_id: int, actor: Actor, now: datetime) -> datetime:
    """Close the campaign and answer since when it is closed; closing again changes nothing.

    Raises Forbidden; NotFound; Invalid while wishes are under way: none may be left waiting unseen.
    """
    require(actor, "campaign.manage", campaign_id)
    campaign = campaign_by_id(session, campaign_id)
    if campaign.closed_at is not None:
        return campaign.closed_at
    left = unfinished(session, campaign_id)
    if left:
        raise Invalid(
            "campaign",
            Text(
                "还有 {n} 个心愿没有结束（{zh}）。请先送达并登记反馈，或取消。",
                "{n} wishes have not come to their end ({en}). Deliver and close them, or cancel them, first.",
            ),
            n=sum(left.values()),
            zh="、".join(f"{STATUS_LABEL[status].zh} {n}" for status, n in left.items()),
            en=", ".join(f"{STATUS_LABEL[status].en} {n}" for status, n in left.items()),
        )
    _set(session, campaign_id, now)
    record(session, action="close_campaign", campaign_id=campaign_id, now=now, actor=actor)
    return now


def reopen_campaign(session: Session, *, campaign_id: int, actor: Actor, now: datetime) -> None:
    """Take the campaign up again, so that its identities are kept. Raises Forbidden, NotFound."""
    require(actor, "campaign.manage", campaign_id)
    if campaign_by_id(session, campaign_id).closed_at is None:
        return
    _set(session, campaign_id, None)
    record(session, action="reopen_campaign", campaign_id=campaign_id, now=now, actor=actor)


def _set(session: Session, campaign_id: int, at: datetime | None) -> None:
    session.execute(
        sa.update(Campaign)
        .where(col(Campaign.id) == campaign_id)
        .values(closed_at=at)
        .execution_options(synchronize_session="fetch")
    )
