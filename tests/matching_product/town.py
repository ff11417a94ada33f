"""A small town to match: two districts forty kilometres apart, branches with pledges, people who may meet children."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from tests.factories import NOW, Place, insert, make_campaign, make_wish, number
from wishes.access import Actor, Role
from wishes.campaigns.rules import Matching, OwnDeadline, Rules, Weights
from wishes.campaigns.tables import Place as PlaceRow
from wishes.claims.tables import Branch, Proposal, Volunteer
from wishes.intake.tables import Wish
from wishes.lifecycle import Kind

NEAR, FAR = "330102", "330127"
POINTS = {NEAR: (30.25, 120.17), FAR: (29.90, 120.17), "330102001": (30.26, 120.18), "330127001": (29.89, 120.16)}


@dataclass(frozen=True)
class Town:
    """The campaign; its branches and people are those that the test puts there."""

    place: Place

    @property
    def coordinator(self) -> Any:
        return self.place.coordinator

    @property
    def id(self) -> int:
        return self.place.id


def make_town(
    session: Session, *, weights: dict[str, float] | None = None, proposal_hours: int = 72,
    own_deadlines: tuple[OwnDeadline, ...] = (), **bounds: Any,
) -> Town:  # fmt: skip
    rules = Rules(
        proposal_hours=proposal_hours,
        own_deadlines=own_deadlines,
        weights=Weights(**(weights or {})),
        matching=Matching(**bounds),
    )
    place = make_campaign(session, rules=rules)
    for code, (lat, lon) in POINTS.items():
        insert(session, PlaceRow, campaign_id=place.id, code=code, name=f"地方 {code}", level="township" if len(code) > 6 else "county",
               county_code=code[:6], lat=lat, lon=lon)  # fmt: skip
    session.execute(sa.delete(Volunteer).where(Volunteer.campaign_id == place.id))  # type: ignore[arg-type]
    session.execute(sa.delete(Branch).where(Branch.campaign_id == place.id))  # type: ignore[arg-type]
    return Town(place)


def branch(
    session: Session, town: Town, *, count: int | None = None, fen: int | None = None, county: str = NEAR, **more: Any
) -> int:
    return insert(session, Branch, campaign_id=town.id, name=f"第 {number()} 支部", county_code=county, pledge_count=count,
                  pledge_fen=fen, created_at=NOW, **more)  # fmt: skip


def person(
    session: Session, town: Town, *, limit: int = 5, vetted: bool = True, qualification: str = "", county: str = NEAR,
    branch_id: int | None = None, duties: tuple[str, ...] = ("courier",), vetted_on: date | None = None,
) -> int:  # fmt: skip
    n = number()
    checked = vetted_on or (NOW.date() - timedelta(days=30) if vetted else None)
    return insert(session, Volunteer, campaign_id=town.id, branch_id=branch_id, code=f"T{n:05}", name=f"志愿者 {n}", county_code=county,
                  claim_limit=limit, vetted_on=checked, qualification=qualification, duties=list(duties), created_at=NOW)  # fmt: skip


def wish(
    session: Session, town: Town, *, far: bool = False, waited_days: float = 5.0, category: str = "study", **more: Any
) -> int:
    values: dict[str, Any] = {"kind": Kind.SERVICE, "price_fen": 0} if more.get("need", "none") != "none" else {}
    wish_id = make_wish(session, town.place, **{**values, **more})
    county = FAR if far else NEAR
    session.execute(
        sa.update(Wish).where(Wish.id == wish_id)  # type: ignore[arg-type]
        .values(category=category, county_code=county, township_code=f"{county}001", published_at=NOW - timedelta(days=waited_days))
    )  # fmt: skip
    return wish_id


def takers_of(session: Session, town: Town) -> dict[int, tuple[int | None, int | None]]:
    """Wish → branch and volunteer of its open proposal."""
    rows = session.execute(
        sa.select(Proposal.wish_id, Proposal.branch_id, Proposal.volunteer_id)  # type: ignore[call-overload]
        .where(Proposal.campaign_id == town.id, Proposal.state == "open")
    )  # fmt: skip
    return {wish_id: (branch_id, volunteer_id) for wish_id, branch_id, volunteer_id in rows}


def secretary_of(town: Town, branch_id: int) -> Any:
    return Actor(None, "secretary", (town.place.grant(Role.BRANCH_SECRETARY, branch_id=branch_id),))


def later(hours: float = 0.0, days: float = 0.0) -> datetime:
    return NOW + timedelta(hours=hours, days=days)
