"""Campaigns: those you have a role in."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wishes.access import Actor, require
from wishes.campaigns.overview import campaign_facts
from wishes.campaigns.queries import campaign_by_slug
from wishes.campaigns.tables import Campaign
from wishes.errors import NotFound
from wishes.intake.wishes import status_counts
from wishes.web.api.contract import Call, Operation
from wishes.web.api.shapes import CampaignList, CampaignShape, Counts


def entered(session: Session, actor: Actor, slug: str) -> int:
    """The id of campaign *slug*. Raises NotFound for an unknown one and for one the actor has no role in."""
    return _found(session, actor, slug).id or 0


def _found(session: Session, actor: Actor, slug: str) -> Campaign:
    campaign = campaign_by_slug(session, slug)
    if not actor.roles_in(campaign.id):
        raise NotFound("这个项目", "campaign")
    return campaign


def _shape(actor: Actor, campaign: Campaign) -> CampaignShape:
    return CampaignShape(**campaign_facts(campaign), roles=sorted(actor.roles_in(campaign.id)))


def list_campaigns(call: Call) -> CampaignList:
    """The campaigns you have a role in, newest first."""
    everywhere = any(grant.campaign_id is None for grant in call.actor.grants)
    mine = [grant.campaign_id for grant in call.actor.grants]
    found = call.session.exec(
        select(Campaign)
        .where(sa.true() if everywhere else col(Campaign.id).in_(mine))
        .order_by(col(Campaign.starts_on).desc(), col(Campaign.id).desc())
    )
    return CampaignList(items=[_shape(call.actor, campaign) for campaign in found])


def get_campaign(call: Call, slug: str) -> CampaignShape:
    """One campaign."""
    return _shape(call.actor, _found(call.session, call.actor, slug))


def count_wishes(call: Call, slug: str) -> Counts:
    """How many wishes of the campaign stand in each status."""
    campaign_id = entered(call.session, call.actor, slug)
    require(call.actor, "campaign.view", campaign_id)
    counted = status_counts(call.session, campaign_id)
    return Counts(total=sum(counted.values()), by_status=counted)


OPERATIONS = (
    Operation("GET", "/campaigns", list_campaigns, "campaigns", CampaignList),
    Operation("GET", "/campaigns/<slug:slug>", get_campaign, "campaigns", CampaignShape),
    Operation("GET", "/campaigns/<slug:slug>/counts", count_wishes, "campaigns", Counts),
)
