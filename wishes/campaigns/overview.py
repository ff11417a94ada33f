"""Questions about campaigns as a whole: which there are, and how much is in each."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from wishes.campaigns.tables import Campaign, CatalogueItem, Place
from wishes.claims.tables import Branch, Volunteer
from wishes.intake.tables import Child, Community, Household, ImportFile, Wish
from wishes.model import table_of


def campaign_facts(campaign: Campaign) -> dict[str, Any]:
    """What there is to tell of one campaign, as plain values (dates as ISO text)."""
    return {
        "slug": campaign.slug,
        "name": campaign.name,
        "place": campaign.place,
        "city_code": campaign.city_code,
        "starts_on": campaign.starts_on.isoformat(),
        "ends_on": campaign.ends_on.isoformat(),
        "price_ceiling_fen": campaign.price_ceiling_fen,
        "closed": campaign.closed_at is not None,
    }


def campaign_list(session: Session) -> list[dict[str, Any]]:
    """All campaigns, newest first."""
    return [
        campaign_facts(found) for found in session.exec(select(Campaign).order_by(sa.desc("starts_on"), sa.desc("id")))
    ]


def campaign_counts(session: Session, campaign_id: int) -> dict[str, Any]:
    """Rows of the campaign per table, and its wishes per status."""
    tables: dict[str, type[SQLModel]] = {
        "places": Place,
        "catalogue": CatalogueItem,
        "branches": Branch,
        "volunteers": Volunteer,
        "communities": Community,
        "households": Household,
        "children": Child,
        "files": ImportFile,
    }
    counts: dict[str, Any] = {}
    for name, model in tables.items():
        table = table_of(model)
        counts[name] = session.execute(
            sa.select(sa.func.count()).select_from(table).where(table.c.campaign_id == campaign_id)
        ).scalar_one()
    by_status = session.execute(
        sa.select(col(Wish.status), sa.func.count())
        .where(col(Wish.campaign_id) == campaign_id)
        .group_by(col(Wish.status))
    )
    counts["wishes"] = {str(status): number for status, number in by_status}
    return counts
