"""The world that the simulated campaigns of a seed share: wishes as they came in 2021, branches, people and couriers."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from matching import criteria
from wishes.claims.candidates import NEVER, Takers

DATA = Path(__file__).resolve().parents[1] / "wishes" / "demo" / "hangzhou-2021"
MEETS = {"companionship": 1, "experience": 1, "psych": 2}


@dataclass(frozen=True)
class World:
    """What is given: wishes in the order of publication, and takers (branches first)."""

    at: Any
    county: Any
    category: Any
    need: Any
    price: Any
    place: Any
    lat: Any
    lon: Any
    counties: tuple[str, ...]
    categories: tuple[str, ...]
    takers: Takers
    couriers: Any  # per county

    @property
    def km(self) -> Any:
        """(P, T) from places to takers."""
        t = self.takers
        return criteria.distance_km(self.lat[:, None], self.lon[:, None], self.lat[t.place], self.lon[t.place])


def make_world(seed: int, wishes: int) -> World:
    rng = np.random.default_rng(seed)
    places = [row for row in csv.DictReader((DATA / "places.csv").open(encoding="utf-8")) if row["level"] != "city"]
    counties = tuple(sorted({row["county_code"] or row["code"] for row in places}))
    lat, lon = (np.array([float(row[name]) for row in places]) for name in ("lat", "lon"))
    towns = {
        c: [i for i, row in enumerate(places) if row["level"] == "township" and row["county_code"] == c]
        for c in counties
    }
    seats = {row["code"]: i for i, row in enumerate(places) if row["level"] == "county"}
    kinds = {row["wish_ref"]: row for row in csv.DictReader((DATA / "events-wishes.csv").open(encoding="utf-8"))}
    published: dict[str, datetime] = {}
    for row in csv.DictReader((DATA / "events.csv").open(encoding="utf-8")):
        if row["event"] == "published":
            published.setdefault(row["wish_ref"], datetime.fromisoformat(row["occurred_at"]))
    start = datetime(2021, 3, 1)
    refs = sorted((moment, ref) for ref, moment in published.items())
    refs = [refs[i] for i in np.sort(rng.choice(len(refs), min(wishes, len(refs)), replace=False))]
    share = len(refs) / 10_000
    categories = tuple(sorted({row["category"] for row in kinds.values()}))
    county = np.array([counties.index(kinds[ref]["county_code"]) for _, ref in refs])
    category = np.array([categories.index(kinds[ref]["category"]) for _, ref in refs])
    need = np.array([MEETS.get(categories[c], 0) for c in category])
    price = np.where(need > 0, 0, np.clip(rng.lognormal(np.log(8_500), 0.5, len(refs)), 1_500, 30_000)).astype(np.int64)
    takers = _make_takers(rng, share, counties, categories, seats, float(price[need == 0].mean()))
    return World(
        at=np.array([max(0.0, (moment - start).total_seconds() / 86_400) for moment, _ in refs]), county=county, category=category,
        need=need, price=price, place=np.array([rng.choice(towns[counties[c]] or [seats[counties[c]]]) for c in county]),
        lat=lat, lon=lon, counties=counties, categories=categories, takers=takers,
        couriers=np.maximum(1, np.rint(share * 0.5 * rng.uniform(0.7, 1.5, len(counties)) * 4)).astype(int),
    )  # fmt: skip


def _make_takers(
    rng: Any, share: float, counties: tuple[str, ...], categories: tuple[str, ...], seats: dict[str, int], price: float
) -> Takers:
    """Branches sit in the city, wishes in the country: that is the difficulty."""
    branches, people = max(4, round(100 * share)), max(20, round(1000 * share))
    everyone = branches + people
    city = [i for i, code in enumerate(counties) if code < "330109"]
    of_branch = np.where(
        rng.random(branches) < 0.7, rng.choice(city, branches), rng.integers(0, len(counties), branches)
    )
    county = np.concatenate([of_branch, rng.integers(0, len(counties), people)])
    own = np.arange(everyone) >= branches
    buys = ~own | (rng.random(everyone) < 0.5)
    vetted = own & (rng.random(everyone) < 0.25)
    qualified = vetted & (rng.random(everyone) < 0.12)
    pledge = np.where(own, 3, rng.integers(40, 165, everyone)).astype(np.int64)
    liked = np.zeros((everyone, len(categories)), dtype=bool)
    for t in np.flatnonzero(rng.random(everyone) < 0.6):
        liked[t, rng.choice(len(categories), 3, replace=False)] = True
    areas = np.zeros((everyone, len(counties)), dtype=bool)
    anywhere = own | (rng.random(everyone) < 0.75)
    for t in np.flatnonzero(~anywhere):
        areas[t, rng.choice(len(counties), 4, replace=False)] = True
    unlimited = np.iinfo(np.int64).max
    budget = np.where(own, unlimited, (pledge * price * rng.uniform(0.85, 1.25, everyone)).astype(np.int64))
    none = np.zeros(everyone, dtype=np.int64)
    return Takers(
        branch_ids=np.where(own, -1, np.arange(everyone) + 1), volunteer_ids=np.where(own, np.arange(everyone) + 1, -1),
        parent=np.full(everyone, -1), count_cap=pledge, spend_cap=budget, used=none.copy(), pledged=pledge.copy(), lapses=none.copy(),
        asked_days=np.full(everyone, NEVER), place=np.array([seats[counties[c]] for c in county]), county=county, anywhere=anywhere,
        areas=areas, liked=liked, refused=np.zeros_like(liked), had=np.zeros(liked.shape, dtype=np.int64), buys=buys, vetted=vetted,
        qualified=qualified, trained=vetted.copy(),
    )  # fmt: skip
