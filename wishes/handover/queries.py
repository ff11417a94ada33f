"""Questions about labels."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, Role, may
from wishes.campaigns.tables import Campaign
from wishes.errors import NotFound
from wishes.handover.tables import Label
from wishes.model import columns

_Campaign = columns(Campaign)
_Label = columns(Label)


def campaign_of_label(session: Session, tag: bytes) -> str:
    """The slug of the campaign a scanned tag belongs to. Raises NotFound."""
    slug = session.execute(
        sa.select(_Campaign.slug).join(_Label, _Label.campaign_id == _Campaign.id).where(_Label.tag == tag)
    ).scalar()
    if slug is None:
        raise NotFound("这个标签", "label")
    return str(slug)


def communities_in_transit(actor: Actor, campaign_id: int) -> tuple[int, ...] | None:
    """The communities whose receipts *actor* may print; None is all of them (coordinators)."""
    if may(actor, "campaign.coordinate", campaign_id):
        return None
    return tuple(sorted(actor.ids(Role.SOCIAL_WORKER, campaign_id, "community_id")))
