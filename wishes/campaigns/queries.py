"""Questions about campaigns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, select

from wishes.campaigns.rules import Rules
from wishes.campaigns.tables import Campaign, Place
from wishes.errors import NotFound
from wishes.model import columns

_Campaign = columns(Campaign)
_Place = columns(Place)


def campaign_by_slug(session: Session, slug: str) -> Campaign:
    """Raises :class:`~wishes.errors.NotFound`."""
    found = session.exec(select(_Campaign).where(_Campaign.slug == slug)).one_or_none()
    if found is None:
        raise NotFound("这个项目", "campaign")
    return found


def campaign_by_id(session: Session, campaign_id: int) -> Campaign:
    found = session.get(_Campaign, campaign_id)
    if found is None:
        raise NotFound("这个项目", "campaign")
    return found


@dataclass(frozen=True, slots=True)
class CampaignLine:
    """A campaign as the start page lists it."""

    id: int
    slug: str
    name: str
    place: str
    starts_on: date
    ends_on: date


def all_campaigns(session: Session) -> list[CampaignLine]:
    """Every campaign of the installation, newest first."""
    columns = [getattr(_Campaign, name) for name in CampaignLine.__dataclass_fields__]
    return [
        CampaignLine(*row)
        for row in session.execute(sa.select(*columns).order_by(_Campaign.starts_on.desc(), _Campaign.id.desc()))
    ]


def rules_of(session: Session, campaign_id: int) -> Rules:
    """The campaign's rules. Parsing is remembered by content, so a change takes effect at once in every process."""
    text = session.execute(
        sa.text("SELECT CAST(rules AS TEXT) FROM campaign WHERE id = :id"), {"id": campaign_id}
    ).scalar_one()
    return parse_rules(text)


@lru_cache(maxsize=64)
def parse_rules(text: str) -> Rules:
    return Rules.model_validate_json(text)


def place_names(session: Session, campaign_id: int) -> dict[str, str]:
    """Place code → name, of every level."""
    rows: Any = session.execute(sa.select(_Place.code, _Place.name).where(_Place.campaign_id == campaign_id))
    return {code: name for code, name in rows}
