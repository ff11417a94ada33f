"""How a campaign matches, as arrays: lanes within a taker's capacity, who goes first, and how much may be moved.

A *lane* is a part of a taker's places with a price of its own: the first ones up to the fair share of the work, those
beyond it (dearer), and a reserve for urgent wishes alone. Lanes are takers of the problem below their taker, so that the
taker's own limits hold for all of them together and the optimum stays exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.problem import UNLIMITED

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Lanes:
    """N nodes: the T takers first, then their further lanes.

    taker: (N,) whose lane it is. parent: (N,), -1 = none. count_cap, spend_cap: (N,).
    extra: (N,) cost units that a wish on this lane costs more. urgent_only: bool (N,). open: bool (N,), whether wishes
    may use the lane directly.
    """

    taker: Ints
    parent: Ints
    count_cap: Ints
    spend_cap: Ints
    extra: Ints
    urgent_only: Mask
    open: Mask


def fair_share(used: Ints, pledged: Ints, coming: int) -> Ints:
    """How many more wishes each taker (T,) should take if all filled their pledge alike.

    used: wishes carried so far. pledged: 0 = no limit, which counts as the median pledge. coming: wishes to be spread.
    """
    size = pledged.astype(np.float64)
    limited = size > 0
    size[~limited] = float(np.median(size[limited])) if limited.any() else max(1.0, coming / max(1, len(size)))
    fill = (used.sum() + coming) / max(1.0, float(size.sum()))
    share: Ints = np.maximum(0, np.ceil(np.minimum(fill, 1.0) * size - used)).astype(np.int64)
    return share


def lanes(
    count_cap: Ints,
    spend_cap: Ints,
    parent: Ints,
    *,
    fair: Ints | None = None,
    beyond_fair: int = 0,
    reserve: float = 0.0,
) -> Lanes:
    """Split takers (T,) into lanes.

    fair: (T,) places at no extra cost; those beyond cost *beyond_fair* more each. reserve: share of each taker's places,
    0 to below 1, rounded down, that only urgent wishes may use.
    """
    takers = len(count_cap)
    own = np.arange(takers)
    kept = np.where(count_cap == UNLIMITED, 0, np.floor(count_cap * reserve)).astype(np.int64)
    ordinary = np.where(count_cap == UNLIMITED, UNLIMITED, count_cap - kept)
    extra = np.zeros(takers, dtype=np.int64)
    taker, above, cap, cost = [own], [parent.astype(np.int64)], [count_cap.astype(np.int64)], [extra]
    inner = own.copy()  # the node whose places the next lane is cut from
    nodes = takers
    urgent_only = kept > 0
    held_back = np.flatnonzero(urgent_only)
    if len(held_back):
        taker.append(held_back)
        above.append(held_back)
        cap.append(ordinary[held_back])
        cost.append(np.zeros(len(held_back), dtype=np.int64))
        inner[held_back] = nodes + np.arange(len(held_back))
        nodes += len(held_back)
    uneven = np.flatnonzero(fair < ordinary) if fair is not None and beyond_fair > 0 else np.zeros(0, dtype=np.int64)
    if fair is not None and len(uneven):
        all_costs = np.concatenate(cost)
        all_costs[uneven] += beyond_fair
        all_costs[inner[uneven]] = beyond_fair
        first = np.flatnonzero(fair[uneven] > 0)
        taker.append(uneven[first])
        above.append(inner[uneven][first])
        cap.append(fair[uneven][first])
        cost = [all_costs, np.zeros(len(first), dtype=np.int64)]
    taker_of = np.concatenate(taker)
    only = np.zeros(len(taker_of), dtype=np.bool_)
    only[:takers] = urgent_only
    limits = np.full(len(taker_of), UNLIMITED, dtype=np.int64)
    limits[:takers] = spend_cap
    return Lanes(
        taker_of, np.concatenate(above), np.concatenate(cap), limits, np.concatenate(cost), only,
        np.concatenate(cap) > 0,
    )  # fmt: skip


def first_served(penalty: Ints, must: Mask) -> tuple[Ints, int]:
    """Penalties (W,) under which leaving one wish of *must* is worse than anything done to all the others, and by how much.

    The lexicographic stage as one number: the surcharge exceeds what all other wishes can cost together, so that first the
    fewest of *must* are left, and only then the rest is made best. Arcs must cost no more than their wish's penalty.
    """
    if not must.any():
        return penalty, 0
    surcharge = 2 * int(penalty.sum()) + 1
    return penalty + np.where(must, surcharge, 0), surcharge


def may_move(current: Ints, proposed: Ints, gain: Floats, *, percent: float) -> Mask:
    """Which of the standing wishes (W,) may move: at most *percent* of those standing, the greatest *gain* first.

    current, proposed: taker of each wish now and in the plan, -1 = none. Ties go to the lower index.
    """
    standing = current >= 0
    wants = np.flatnonzero(standing & (proposed != current))
    most = int(np.floor(standing.sum() * percent / 100 + 1e-9))
    chosen = wants[np.argsort(-gain[wants], kind="stable")[:most]]
    free = np.zeros(len(current), dtype=np.bool_)
    free[chosen] = True
    return free


def browsing_order(costs: Ints, urgency: Floats, *, need_points: float, point: int) -> Ints:
    """The order in which a taker is shown open wishes: what suits and what is urgent first; ties by position.

    costs: (W,) of the taker's pairs; urgency: (W,), 0 to 1, worth *need_points* points of *point* cost units.
    """
    order: Ints = np.argsort(costs - np.rint(need_points * point * urgency).astype(np.int64), kind="stable")
    return order
