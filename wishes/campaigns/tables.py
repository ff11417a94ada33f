"""What is remembered of a campaign: its organisation, rules, places and catalogue."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from wishes.model import Field, SQLModel, document, instant, refers, row_id


class Organisation(SQLModel, table=True):
    """A charity that runs campaigns in this installation; sees nothing of the others."""

    id: int | None = row_id()
    slug: str = Field(max_length=64, unique=True)
    name: str = Field(max_length=200)
    created_at: datetime = instant()


class Campaign(SQLModel, table=True):
    """One run: a region, dates, a price ceiling, clocks, weights. ``rules`` is a :class:`~wishes.campaigns.rules.Rules`."""

    __table_args__ = (
        sa.CheckConstraint("price_ceiling_fen > 0", name="ceiling_positive"),
        sa.CheckConstraint("ends_on >= starts_on", name="dates_ordered"),
    )
    id: int | None = row_id()
    organisation_id: int = refers("organisation.id", index=True)
    slug: str = Field(max_length=64, unique=True)
    name: str = Field(max_length=200)
    place: str = Field(max_length=100)
    city_code: str = Field(max_length=12)
    starts_on: date
    ends_on: date
    price_ceiling_fen: int
    rules: dict[str, Any] = document()
    created_at: datetime = instant()
    closed_at: datetime | None = instant(null=True)


class Place(SQLModel, table=True):
    """An administrative division with its official code: ``city``, ``county`` or ``township``."""

    __table_args__ = (sa.UniqueConstraint("campaign_id", "code"),)
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    code: str = Field(max_length=12)
    name: str = Field(max_length=60)
    level: str = Field(max_length=12)
    county_code: str = Field(default="", max_length=12)
    county: str = Field(default="", max_length=60)
    former_county: str = Field(default="", max_length=60)
    lat: float
    lon: float
    point_source: str = Field(default="", max_length=40)


class CatalogueItem(SQLModel, table=True):
    """A common wish item. Prices are rough and only used where the sender gave none."""

    __tablename__ = "catalogue_item"
    __table_args__ = (sa.UniqueConstraint("campaign_id", "item"),)
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    item: str = Field(max_length=60)
    category: str = Field(max_length=24)
    category_zh: str = Field(default="", max_length=24)
    needs: str = Field(default="none", max_length=12)
    price_low_fen: int | None = None
    price_high_fen: int | None = None
    measure_word: str = Field(default="", max_length=8)
    size_kind: str = Field(default="", max_length=24)
