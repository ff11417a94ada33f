"""A sharper bound for budgets: every taker fills its limits whole, wishes are bought at prices (numba).

Where a taker serves few wishes, the linear relaxation fills the last bit of each budget with a piece of a wish. Here only
whole wishes count (Lagrange on "each item once"; a knapsack for each taker), at the price of a search for wish prices.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from matching.deadline import Deadline
from matching.items import Items
from matching.prices import Floats
from matching.problem import UNLIMITED

_MOST_PLACES = 30
_EXACT_UP_TO = 1_000
_GRAIN = 400
_STEPS = 80


def suits(items: Items) -> bool:
    """Whether the bound can be had: no nesting, budgets everywhere, counts small or unlimited."""
    counts = items.count_cap[items.count_cap < UNLIMITED]
    few = len(counts) == 0 or (len(counts) == len(items.count_cap) and int(counts.max()) <= _MOST_PLACES)
    return few and bool((items.parent < 0).all()) and bool((items.spend_cap < UNLIMITED).all())


def bound_by_knapsacks(items: Items, least: Floats, target: int, deadline: Deadline) -> int:
    """A lower bound on the cost of the items (rounded up), from first item prices `least` (I,) and a known plan's cost.

    Spends are rounded down to 1/400 of a budget beyond 1,000 units, which only lowers the bound.
    """
    owner = np.repeat(np.arange(len(items.none)), np.diff(items.start))
    order = np.lexsort((owner, items.taker))
    start = np.searchsorted(items.taker[order], np.arange(len(items.parent) + 1))
    grain = np.where(items.spend_cap <= _EXACT_UP_TO, items.spend_cap, _GRAIN)
    own_cap = items.spend_cap[items.taker]
    coarse = items.spend.astype(np.float64) * grain[items.taker] / np.maximum(1, own_cap) - 1e-9
    weight = np.where(own_cap <= _EXACT_UP_TO, items.spend, np.maximum(0, coarse).astype(np.int64))
    weight = np.where(items.spend > own_cap, grain[items.taker] + 1, weight)
    unlimited = bool((items.count_cap == UNLIMITED).all())
    places = np.zeros(len(items.parent), dtype=np.int64) if unlimited else items.count_cap
    count = np.zeros_like(items.count) if unlimited else items.count
    price = np.minimum(least, items.none)
    best, best_price = -np.inf, price
    pull = np.zeros(len(price))
    length, stale = 1.0, 0
    for _ in range(_STEPS):
        if deadline.over():
            break
        picked = np.zeros(len(price))
        filled = _fill(start, owner[order], order, price[owner] - items.cost, count, weight, places, grain, picked)
        value = float(price.sum()) - filled - 1e-12 * float(np.abs(price).sum())
        if value > best:
            best, best_price, stale = value, price, 0
        else:
            stale += 1
        if stale >= 4:
            length, stale, price = 0.6 * length, 0, best_price
            pull[:] = 0
            continue
        pull = 0.7 * (1 - picked) + 0.3 * pull
        norm = float((pull**2).sum())
        if norm < 1e-9:
            break
        price = np.minimum(items.none, price + length * max(1.0, target - value) / norm * pull)
    return int(np.ceil(best - 1e-6)) if np.isfinite(best) else -(2**62)


@numba.njit(cache=True, nogil=True)
def _fill(
    start: Any, item: Any, option: Any, gain: Any, count: Any, weight: Any, places: Any, grain: Any, picked: Any
) -> float:
    """The sum over takers of the most they gain within their limits, at most one option of an item; counts the picked."""
    total = 0.0
    for t in range(len(start) - 1):
        stages = 0
        last = -1
        for k in range(start[t], start[t + 1]):
            if gain[option[k]] > 0 and item[k] != last:
                stages += 1
                last = item[k]
        if stages == 0:
            continue
        most, room = places[t], grain[t]
        value = np.zeros((most + 1, room + 1))
        pick = np.full((stages, most + 1, room + 1), -1, dtype=np.int32)
        stage = 0
        k = start[t]
        while k < start[t + 1]:
            end = k
            useful = False
            while end < start[t + 1] and item[end] == item[k]:
                useful = useful or gain[option[end]] > 0
                end += 1
            if useful:
                before = value.copy()
                for m in range(k, end):
                    o = option[m]
                    if gain[o] <= 0:
                        continue
                    for c in range(count[o], most + 1):
                        for s in range(weight[o], room + 1):
                            now = before[c - count[o], s - weight[o]] + gain[o]
                            if now > value[c, s]:
                                value[c, s] = now
                                pick[stage, c, s] = m
                stage += 1
            k = end
        total += value[most, room]
        c, s = most, room
        for back in range(stages - 1, -1, -1):
            m = pick[back, c, s]
            if m >= 0:
                picked[item[m]] += 1
                c -= count[option[m]]
                s -= weight[option[m]]
    return total
