"""Figures for the public: counts by county, nothing finer."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session

from wishes.campaigns.tables import Place
from wishes.intake.tables import Wish
from wishes.lifecycle import FINISHED, HELD, Status


@dataclass(frozen=True, slots=True)
class CountyCount:
    """One county: wishes that were published, and those delivered."""

    code: str
    name: str
    shown: int
    delivered: int


def county_counts(session: Session, campaign_id: int) -> list[CountyCount]:
    """By number delivered, most first."""
    public = [Status.OPEN, Status.PROPOSED, Status.DISPUTED, *HELD, *FINISHED]
    delivered = sa.func.sum(sa.case((Wish.status.in_(FINISHED), 1), else_=0))  # type: ignore[attr-defined]
    rows = session.execute(
        sa.select(Wish.county_code, Place.name, sa.func.count(), delivered)  # type: ignore[call-overload]
        .join(Place, sa.and_(Place.campaign_id == Wish.campaign_id, Place.code == Wish.county_code))
        .where(Wish.campaign_id == campaign_id, Wish.status.in_(public))  # type: ignore[attr-defined]
        .group_by(Wish.county_code, Place.name).order_by(delivered.desc(), Wish.county_code))
    return [CountyCount(code, name, int(shown), int(done or 0)) for code, name, shown, done in rows]
