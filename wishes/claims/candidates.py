"""What the matching engine is shown: the open wishes and the takers with room, as arrays. The bridge to :mod:`matching`.

Takers are the campaign's branches first, then its people; a person of a branch has the branch as parent, so that both
limits hold. Goods go to branches and to people on their own who pledged; what means meeting a child goes to a person whose
check is valid, and counselling to one with a named qualification.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlmodel import Session

from matching import UNLIMITED, criteria
from wishes.campaigns.rules import Rules
from wishes.campaigns.tables import Place
from wishes.claims.taking import is_qualified
from wishes.claims.tables import Branch, Volunteer
from wishes.clock import local_day
from wishes.intake.tables import Child, Wish
from wishes.lifecycle import Status
from wishes.model import columns

_Branch, _Child, _Place, _Volunteer, _Wish = (columns(m) for m in (Branch, Child, Place, Volunteer, Wish))
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_PRIORITY = {"orphan": 4, "unattended": 4, "disabled": 3, "poor": 2, "left_behind": 1, "other": 1}


@dataclass(frozen=True)
class Wishes:
    """W open wishes in the order of their ids."""

    ids: Ints
    codes: list[str]
    county: list[str]
    category: list[str]
    need: list[str]
    lat: Floats
    lon: Floats
    price_fen: Ints
    child: Ints
    priority: Ints
    waited_days: Floats


@dataclass(frozen=True)
class Takers:
    """B branches, then V people. ``branch_ids``/``volunteer_ids`` hold -1 where a taker is not one."""

    names: list[str]
    branch_ids: Ints
    volunteer_ids: Ints
    parent: Ints  # index of the branch, -1 = none
    count_cap: Ints
    spend_cap: Ints
    used: Ints
    pledged: Ints  # 0 = no limit
    lapses: Ints
    lat: Floats
    lon: Floats
    areas: list[frozenset[str]]
    liked: list[frozenset[str]]
    refused: list[frozenset[str]]
    buys: Mask  # takes goods
    vetted: Mask
    qualified: Mask

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class Scene:
    """Everything a run decides from."""

    wishes: Wishes
    takers: Takers


def look(session: Session, campaign_id: int, *, rules: Rules, now: datetime) -> Scene:
    """The campaign as it stands. Wishes that are proposed or held already are not in it, nor is the room they use."""
    points = {
        code: (lat, lon)
        for code, lat, lon in session.execute(
            sa.select(_Place.code, _Place.lat, _Place.lon).where(_Place.campaign_id == campaign_id)
        )
    }
    return Scene(_wishes(session, campaign_id, points, now), _takers(session, campaign_id, points, rules, now))


def _point(points: Mapping[str, tuple[float, float]], *codes: str) -> tuple[float, float]:
    """The first known place's point; a campaign's middle when none is known, so that nobody is nearer for being unknown."""
    for code in codes:
        if code in points:
            return points[code]
    middle = np.mean(list(points.values()), axis=0) if points else (0.0, 0.0)
    return float(middle[0]), float(middle[1])


def _wishes(session: Session, campaign_id: int, points: Mapping[str, tuple[float, float]], now: datetime) -> Wishes:
    rows = list(
        session.execute(
            sa.select(
                _Wish.id, _Wish.code, _Wish.county_code, _Wish.township_code, _Wish.category, _Wish.need, _Wish.price_fen,
                _Wish.child_id, _Child.types, _Wish.published_at,
            )
            .join(_Child, _Child.id == _Wish.child_id)
            .where(_Wish.campaign_id == campaign_id, _Wish.status == Status.OPEN)
            .order_by(_Wish.id)
        )
    )  # fmt: skip
    where = np.array([_point(points, r.township_code, r.county_code) for r in rows], dtype=np.float64).reshape(-1, 2)
    return Wishes(
        ids=np.array([r.id for r in rows], dtype=np.int64),
        codes=[r.code for r in rows],
        county=[r.county_code for r in rows],
        category=[r.category for r in rows],
        need=[r.need for r in rows],
        lat=where[:, 0],
        lon=where[:, 1],
        price_fen=np.array([r.price_fen for r in rows], dtype=np.int64),
        child=np.array([r.child_id for r in rows], dtype=np.int64),
        priority=np.array([max((_PRIORITY.get(t, 0) for t in r.types or ()), default=0) for r in rows], dtype=np.int64),
        waited_days=np.array(
            [max(0.0, (now - r.published_at).total_seconds() / 86_400) if r.published_at else 0.0 for r in rows]
        ),
    )


def _takers(
    session: Session, campaign_id: int, points: Mapping[str, tuple[float, float]], rules: Rules, now: datetime
) -> Takers:
    branches = list(
        session.execute(
            sa.select(
                _Branch.id, _Branch.name, _Branch.county_code, _Branch.areas, _Branch.liked, _Branch.refused,
                _Branch.pledge_count, _Branch.pledge_fen, _Branch.used_count, _Branch.used_fen,
            ).where(_Branch.campaign_id == campaign_id).order_by(_Branch.id)
        )
    )  # fmt: skip
    people = list(
        session.execute(
            sa.select(
                _Volunteer.id, _Volunteer.name, _Volunteer.county_code, _Volunteer.branch_id, _Volunteer.claim_limit,
                _Volunteer.live_claims, _Volunteer.lapses, _Volunteer.vetted_on, _Volunteer.qualification, _Volunteer.duties,
            ).where(_Volunteer.campaign_id == campaign_id, _Volunteer.active).order_by(_Volunteer.id)
        )
    )  # fmt: skip
    offered = _offered(session, campaign_id)
    place_of = {branch.id: i for i, branch in enumerate(branches)}
    on, days = rules.vetting_day(local_day(now)), rules.vetting_days
    rows: list[dict[str, Any]] = []
    for branch in branches:
        count, spend = offered.get(("branch", branch.id), (0, 0))
        rows.append(
            {
                "name": branch.name, "branch": branch.id, "volunteer": -1, "parent": -1,
                "count": _left(branch.pledge_count, branch.used_count + count),
                "spend": _left(branch.pledge_fen, branch.used_fen + spend),
                "used": branch.used_count + count, "pledged": branch.pledge_count or 0, "lapses": 0,
                "point": _point(points, branch.county_code), "areas": branch.areas, "liked": branch.liked,
                "refused": branch.refused, "buys": True, "vetted": False, "qualified": False,
            }
        )  # fmt: skip
    for person in people:
        count, _ = offered.get(("volunteer", person.id), (0, 0))
        check: dict[str, Any] = {
            "vetted_on": person.vetted_on,
            "qualification": person.qualification,
            "on": on,
            "vetting_days": days,
        }
        rows.append(
            {
                "name": person.name, "branch": -1, "volunteer": person.id, "parent": place_of.get(person.branch_id, -1),
                "count": _left(person.claim_limit, person.live_claims + count), "spend": UNLIMITED,
                "used": person.live_claims + count, "pledged": person.claim_limit, "lapses": person.lapses,
                "point": _point(points, person.county_code), "areas": [], "liked": [], "refused": [],
                # a branch's members buy for the branch's pledge; who only registered to serve has pledged no purchase
                "buys": person.branch_id is None and not person.duties,
                "vetted": is_qualified("vetted", **check), "qualified": is_qualified("psych", **check),
            }
        )  # fmt: skip
    point = np.array([row["point"] for row in rows], dtype=np.float64).reshape(-1, 2)

    def ints(name: str) -> Ints:
        return np.array([row[name] for row in rows], dtype=np.int64)

    return Takers(
        names=[row["name"] for row in rows], branch_ids=ints("branch"), volunteer_ids=ints("volunteer"), parent=ints("parent"),
        count_cap=ints("count"), spend_cap=ints("spend"), used=ints("used"), pledged=ints("pledged"), lapses=ints("lapses"),
        lat=point[:, 0], lon=point[:, 1], areas=[frozenset(row["areas"] or ()) for row in rows],
        liked=[frozenset(row["liked"] or ()) for row in rows], refused=[frozenset(row["refused"] or ()) for row in rows],
        buys=ints("buys").astype(bool), vetted=ints("vetted").astype(bool), qualified=ints("qualified").astype(bool),
    )  # fmt: skip


def _left(pledged: int | None, used: int) -> int:
    return UNLIMITED if pledged is None else max(0, pledged - used)


def _offered(session: Session, campaign_id: int) -> dict[tuple[str, int], tuple[int, int]]:
    """Count and price of what already waits for each taker's answer: room that is spoken for."""
    rows = session.execute(
        sa.select(_Wish.taker_branch_id, _Wish.taker_volunteer_id, sa.func.count(), sa.func.sum(_Wish.price_fen))
        .where(_Wish.campaign_id == campaign_id, _Wish.status == Status.PROPOSED)
        .group_by(_Wish.taker_branch_id, _Wish.taker_volunteer_id)
    )
    found: dict[tuple[str, int], tuple[int, int]] = {}
    for branch_id, volunteer_id, count, spend in rows:
        for key in (("branch", branch_id), ("volunteer", volunteer_id)):
            if key[1] is not None:
                before = found.get(key, (0, 0))
                found[key] = (before[0] + int(count), before[1] + int(spend or 0))
    return found


def gates(scene: Scene) -> Mask:
    """Who may take what at all, (W, T): purse, check, qualification, district, refusal, room for the price."""
    wishes, takers = scene.wishes, scene.takers
    need = np.array(wishes.need)
    open_to = (
        ((need == "none")[:, None] & takers.buys)
        | ((need == "vetted")[:, None] & takers.vetted)
        | ((need == "psych")[:, None] & takers.qualified)
    )
    counties, categories = np.array(wishes.county), np.array(wishes.category)
    for i, (areas, refused) in enumerate(zip(takers.areas, takers.refused, strict=True)):
        if areas:
            open_to[:, i] &= np.isin(counties, list(areas))
        if refused:
            open_to[:, i] &= ~np.isin(categories, list(refused))
    return np.asarray(open_to & (wishes.price_fen[:, None] <= takers.spend_cap) & (takers.count_cap > 0))


def scored(scene: Scene) -> dict[str, Floats]:
    """The criteria of every pair, (W, T) or broadcastable to it."""
    wishes, takers = scene.wishes, scene.takers
    km = criteria.distance_km(wishes.lat[:, None], wishes.lon[:, None], takers.lat, takers.lon)
    names = sorted(set(wishes.category))
    liked = np.array([[name in liked for liked in takers.liked] for name in names]).reshape(len(names), len(takers))
    picky = np.array([bool(liked) for liked in takers.liked])
    rows = np.searchsorted(names, wishes.category)
    return {
        "distance": criteria.distance(km),
        "category": criteria.category(liked[rows], picky),
        "pledge_left": np.broadcast_to(criteria.pledge_used(takers.used, takers.pledged), km.shape),
        "reliability": np.broadcast_to(criteria.unreliability(takers.lapses), km.shape),
    }
