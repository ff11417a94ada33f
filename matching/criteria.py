"""What makes a match good, one function per criterion, over arrays. Each answers a discomfort from 0 (ideal) to 1 (worst).

A campaign weighs them in points; :func:`cost` turns points into the integer costs that the solver takes. What must not
happen at all (vetting, qualification, district, refusal) is no criterion but a gate: such arcs are not built.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

EARTH_RADIUS_KM: Final = 6371.0088  # mean radius, IUGG
POINT: Final = 1000
"""Cost units of one point: fine enough that rounding never decides."""


def distance_km(lat_a: Floats, lon_a: Floats, lat_b: Floats, lon_b: Floats) -> Floats:
    """Great-circle distance in km between points in degrees; broadcasts. Source: haversine (Sinnott 1984)."""
    phi_a, phi_b = np.radians(lat_a), np.radians(lat_b)
    half_phi = (phi_b - phi_a) / 2
    half_lambda = np.radians(np.asarray(lon_b) - np.asarray(lon_a)) / 2
    inner = np.sin(half_phi) ** 2 + np.cos(phi_a) * np.cos(phi_b) * np.sin(half_lambda) ** 2
    km: Floats = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(inner, 0.0, 1.0)))
    return km


def distance(km: Floats, *, half_km: float = 40.0) -> Floats:
    """0 next door, ½ at *half_km*, towards 1 far away: the tenth extra kilometre weighs more than the hundredth."""
    return km / (km + half_km)


def category(liked: npt.NDArray[np.bool_], has_wishes_of_its_own: npt.NDArray[np.bool_]) -> Floats:
    """0 for a category the taker asked for, 1 for another one, ½ where the taker has no preference. Shapes broadcast."""
    return np.where(has_wishes_of_its_own, np.where(liked, 0.0, 1.0), 0.5)


def pledge_used(used: Ints, pledged: Ints) -> Floats:
    """The share of the pledge that is used already, 0 to 1; a taker without limit counts as unused."""
    return np.where(pledged > 0, np.clip(used / np.maximum(pledged, 1), 0.0, 1.0), 0.0)


def unreliability(lapses: Ints, *, half_lapses: float = 2.0) -> Floats:
    """0 for a taker who never let a claim lapse, ½ after *half_lapses*."""
    return lapses / (lapses + half_lapses)


def urgency(priority: Ints, waited_days: Floats, *, half_days: float = 30.0) -> Floats:
    """How much worse it is to leave this wish than another, 0 to 1: half from the child's need (*priority* 0 to 4), half
    from how long it has waited."""
    return np.clip(priority, 0, 4) / 8 + (waited_days / (waited_days + half_days)) / 2


def cost(weights: Mapping[str, float], criteria: Mapping[str, Floats]) -> Ints:
    """The weighted sum of *criteria* as integers in 1/:data:`POINT` points. A criterion without weight counts nothing.

    Raises ValueError for a weight that is negative or not a number.
    """
    total: Floats | None = None
    for name, values in criteria.items():
        weight = float(weights.get(name, 0.0))
        if not (weight >= 0 and np.isfinite(weight)):
            raise ValueError(f"the weight of {name} is {weight}; it must be a number of at least 0")
        total = weight * values if total is None else total + weight * values
    if total is None:
        raise ValueError("no criteria")
    rounded: Ints = np.rint(total * POINT).astype(np.int64)
    return rounded


def jain(loads: Floats) -> float:
    """Jain's fairness index of the loads, 1/n (one carries all) to 1 (all alike). Source: Jain, Chiu, Hawe 1984."""
    total = float(loads.sum())
    return 1.0 if total == 0 else total**2 / (len(loads) * float((loads**2).sum()))
