"""What makes a match good, one function per criterion, over arrays. Each answers a discomfort from 0 (ideal) to 1 (worst).

A campaign weighs them in points; :func:`cost` turns points into the integer costs that the solver takes. What must not
happen at all (vetting, qualification, district, refusal) is no criterion but a gate: such arcs are not built. Shapes of
all functions broadcast, so that what depends on a wish is given as a column and what depends on a taker as a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

EARTH_RADIUS_KM: Final = 6371.0088  # mean radius, IUGG
POINT: Final = 1000
"""Cost units of one point: fine enough that rounding never decides."""
OF_PAIRS: Final = ("distance", "category", "pledge_left", "reliability", "variety", "pairing", "freshness")
"""Criteria of a wish and a taker together. ``need`` is of the wish alone and ``fairness`` of all a taker's wishes."""


def distance_km(lat_a: Floats, lon_a: Floats, lat_b: Floats, lon_b: Floats) -> Floats:
    """Great-circle distance in km between points in degrees. Source: haversine (Sinnott 1984)."""
    phi_a, phi_b = np.radians(lat_a), np.radians(lat_b)
    half_phi = (phi_b - phi_a) / 2
    half_lambda = np.radians(np.asarray(lon_b) - np.asarray(lon_a)) / 2
    inner = np.sin(half_phi) ** 2 + np.cos(phi_a) * np.cos(phi_b) * np.sin(half_lambda) ** 2
    km: Floats = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(inner, 0.0, 1.0)))
    return km


def distance(km: Floats, *, half_km: float = 40.0) -> Floats:
    """0 next door, ½ at *half_km*, towards 1 far away: the tenth extra kilometre weighs more than the hundredth."""
    return km / (km + half_km)


def category(liked: Mask, picky: Mask) -> Floats:
    """0 for a category the taker asked for, 1 for another one, ½ where the taker has no preference (not *picky*)."""
    return np.where(picky, np.where(liked, 0.0, 1.0), 0.5)


def pledge_used(used: Ints, pledged: Ints) -> Floats:
    """The share of the pledge (wishes) that is used already, 0 to 1; a taker without limit (0) counts as unused."""
    return np.where(pledged > 0, np.clip(used / np.maximum(pledged, 1), 0.0, 1.0), 0.0)


def unreliability(lapses: Ints, *, half_lapses: float = 2.0) -> Floats:
    """0 for a taker who never let a claim lapse, ½ after *half_lapses*."""
    return lapses / (lapses + half_lapses)


def sameness(of_category: Ints, in_all: Ints, *, half_wishes: float = 3.0) -> Floats:
    """How much of the same the taker had so far: its share of wishes in this category, 0 to 1, and less while it had few
    (*half_wishes*) at all."""
    return of_category / (np.maximum(in_all, 0) + half_wishes)


def unpaired(paired: Mask) -> Floats:
    """0 where the taker served this community before (结对), 1 elsewhere."""
    return np.where(paired, 0.0, 1.0)


def just_asked(days_since: Floats, *, half_days: float = 7.0) -> Floats:
    """1 for a taker asked this moment, ½ after *half_days*, 0 for one never asked (infinite days)."""
    return half_days / (half_days + days_since)


def urgency(priority: Ints, waited_days: Floats, *, half_days: float = 30.0) -> Floats:
    """How much worse it is to leave this wish than another, 0 to 1: half from the child's need (*priority* 0 to 4), half
    from how long it has waited."""
    return np.clip(priority, 0, 4) / 8 + (waited_days / (waited_days + half_days)) / 2


def checked(weights: Mapping[str, float]) -> dict[str, float]:
    """*weights* as floats. Raises ValueError for one that is negative or not a number."""
    found = {name: float(value) for name, value in weights.items()}
    for name, weight in found.items():
        if not (weight >= 0 and np.isfinite(weight)):
            raise ValueError(f"the weight of {name} is {weight}; it must be a number of at least 0")
    return found


def cost(weights: Mapping[str, float], criteria: Mapping[str, Floats]) -> Ints:
    """The weighted sum of *criteria* as integers in 1/:data:`POINT` points. A criterion without weight counts nothing.

    Raises ValueError for a weight that is negative or not a number, and for no criteria at all.
    """
    weighing = checked(weights)
    if not criteria:
        raise ValueError("no criteria")
    shape = np.broadcast_shapes(*(np.shape(values) for values in criteria.values()))
    total = np.zeros(shape)
    for name, values in criteria.items():
        if weight := weighing.get(name, 0.0):
            total += weight * values
    rounded: Ints = np.rint(total * POINT).astype(np.int64)
    return rounded


def leaving(weights: Mapping[str, float], urgencies: Floats) -> Ints:
    """What leaving each wish costs: more than any pair, however the weights are set, and the more the more urgent."""
    weighing = checked(weights)
    dearest = sum(weighing.get(name, 0.0) for name in (*OF_PAIRS, "fairness"))
    points = 100.0 + 2 * dearest + weighing.get("need", 0.0) * urgencies
    rounded: Ints = np.rint(points * POINT).astype(np.int64)
    return rounded


def jain(loads: Floats) -> float:
    """Jain's fairness index of the loads, 1/n (one carries all) to 1 (all alike). Source: Jain, Chiu, Hawe 1984."""
    total = float(loads.sum())
    return 1.0 if total == 0 else total**2 / (len(loads) * float((loads**2).sum()))


def gini(loads: Floats) -> float:
    """Gini coefficient of the loads, 0 (all alike) to 1 (one carries all). Source: Gini 1912, by ranks."""
    total = float(loads.sum())
    if total == 0:
        return 0.0
    ranks = np.arange(1, len(loads) + 1)
    return float((2 * ranks - len(loads) - 1) @ np.sort(loads) / (len(loads) * total))
