"""Figures for the public: counts by county, nothing finer."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session

from wishes.campaigns.tables import Place
from wishes.intake.tables import Wish
from wishes.lifecycle import FINISHED, HELD, Status
from wishes.model import columns

_Place = columns(Place)
_Wish = columns(Wish)


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
    delivered = sa.func.sum(sa.case((_Wish.status.in_(FINISHED), 1), else_=0))
    rows = session.execute(
        sa.select(_Wish.county_code, _Place.name, sa.func.count(), delivered)
        .join(_Place, sa.and_(_Place.campaign_id == _Wish.campaign_id, _Place.code == _Wish.county_code))
        .where(_Wish.campaign_id == campaign_id, _Wish.status.in_(public))
        .group_by(_Wish.county_code, _Place.name)
        .order_by(delivered.desc(), _Wish.county_code)
    )
    return [CountyCount(code, name, int(shown), int(done or 0)) for code, name, shown, done in rows]
