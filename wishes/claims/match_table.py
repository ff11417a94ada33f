"""What every pair costs, and which pairs may not be: computed once per class of wishes, not once per wish.

Wishes of one place, community, category and need cost every taker the same; ten thousand wishes make about a thousand
classes. What differs within a class (price, urgency, who declined what) is added per wish.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from matching import criteria
from wishes.claims.candidates import NEEDS, Candidates, Floats, Ints, Mask

CLASSED = ("place", "county", "category", "community", "need")


@dataclass(frozen=True)
class Table:
    """K classes by T takers.

    class_of: (W,). first: (K,), a wish of each class. km, parts and cost: (K, T), parts in points as weighed, cost in
    cost units. allowed: (K, T), gates that hold for the whole class. leave: (W,), cost of no taker.
    """

    class_of: Ints
    first: Ints
    km: Floats
    parts: dict[str, Floats]
    cost: Ints
    allowed: Mask
    leave: Ints

    def of(self, wish: Ints, taker: Ints) -> tuple[dict[str, Floats], Floats]:
        """Points by criterion, and km, of these pairs."""
        rows = self.class_of[wish]
        return {name: values[rows, taker] for name, values in self.parts.items()}, self.km[rows, taker]


def table_of(seen: Candidates, weights: Mapping[str, float]) -> Table:
    """Score all pairs. Raises ValueError for a weight that is negative or not a number."""
    wishes, takers = seen.wishes, seen.takers
    keys = np.stack([getattr(wishes, name) for name in CLASSED], axis=1)
    _, first, class_of = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    class_of = class_of.reshape(-1)
    place, category, community = wishes.place[first], wishes.category[first], wishes.community[first]
    at = (seen.lat, seen.lon)
    between = criteria.distance_km(*(p[place][:, None] for p in at), *(p[takers.place] for p in at))
    paired = np.zeros((len(seen.communities), len(takers)), dtype=np.bool_)
    paired[seen.paired_community, seen.paired_taker] = True
    raw = {
        "distance": criteria.distance(between),
        "category": criteria.category(takers.liked.T[category], takers.liked.any(axis=1)),
        "pledge_left": criteria.pledge_used(takers.used, takers.pledged),
        "reliability": criteria.unreliability(takers.lapses),
        "variety": criteria.sameness(takers.had.T[category], takers.had.sum(axis=1)),
        "pairing": criteria.unpaired(paired[community]),
        "freshness": criteria.just_asked(takers.asked_days),
    }
    weighing = criteria.checked(weights)
    shape = between.shape
    return Table(
        class_of=class_of, first=first, km=between,
        parts={name: np.broadcast_to(values * weighing.get(name, 0.0), shape) for name, values in raw.items()},
        cost=criteria.cost(weights, raw),
        allowed=_allowed(seen, first),
        leave=criteria.leaving(weights, criteria.urgency(wishes.priority, wishes.waited_days)),
    )  # fmt: skip


def gates(seen: Candidates, first: Ints) -> list[tuple[str, Mask]]:
    """Who may take what, gate by gate in the order in which they explain: name and (K, T) for the classes of *first*."""
    wishes, takers = seen.wishes, seen.takers
    able = np.stack([takers.buys, takers.vetted, takers.qualified])
    assert len(able) == len(NEEDS)
    county, category = wishes.county[first], wishes.category[first]
    return [
        ("need", able[wishes.need[first]]),
        ("area", takers.anywhere | takers.areas.T[county]),
        ("refused", ~takers.refused.T[category]),
        ("room", np.broadcast_to(_has_room(seen), (len(first), len(takers)))),
    ]


def _allowed(seen: Candidates, first: Ints) -> Mask:
    allowed = np.ones((len(first), len(seen.takers)), dtype=np.bool_)
    for _, gate in gates(seen, first):
        allowed &= gate
    return allowed


def _has_room(seen: Candidates) -> Mask:
    takers = seen.takers
    above = np.maximum(takers.parent, 0)
    return (takers.count_cap > 0) & ((takers.parent < 0) | (takers.count_cap[above] > 0))


def spend_left(seen: Candidates) -> Ints:
    """The least budget (T,) along each taker and its branch."""
    takers = seen.takers
    above = np.where(takers.parent >= 0, takers.spend_cap[np.maximum(takers.parent, 0)], takers.spend_cap)
    return np.minimum(takers.spend_cap, above)
