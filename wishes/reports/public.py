"""Figures for the public: counts by county, nothing finer, and none so small that it could point at a child."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session

from wishes.campaigns.tables import Place
from wishes.intake.tables import Wish
from wishes.lifecycle import FINISHED, HELD, Status
from wishes.model import columns

_Place = columns(Place)
_Wish = columns(Wish)


SMALL = 10
"""Counts below this are told as "fewer than"."""


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


def hidden_counties(counts: Iterable[CountyCount]) -> frozenset[str]:
    """Codes of the counties whose number of delivered wishes is not told next to the total of all.

    Those with a small number or few published wishes, and as many more, smallest first, as it takes that the total tells none of them:
    at least two are hidden, and together they hold at least twice :data:`SMALL`, so that each may be anything up to that.
    """
    by_size = sorted(counts, key=lambda one: (one.delivered, one.code))
    hidden = [one for one in by_size if one.delivered < SMALL or one.shown < SMALL]
    if not hidden:
        return frozenset()
    others = [one for one in by_size if one not in hidden]
    while others and (len(hidden) < 2 or sum(one.delivered for one in hidden) < 2 * SMALL):
        hidden.append(others.pop(0))
    return frozenset(one.code for one in hidden)
