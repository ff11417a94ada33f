"""Prices of items at which the patterns of the takers agree, and the lower bound they prove (numba).

Lagrange on "each item once" leaves a knapsack for each taker. Its bound is that of column generation over patterns
(Savelsbergh 1997): sharper than the linear relaxation, which fills the last bit of each budget with a piece of an item.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np

from matching.deadline import Deadline
from matching.items import Items
from matching.knapsack import best_pattern, make_book, make_desk
from matching.prices import Floats, Prices

_HALVED_AFTER = 5
_SHARE_OF_NOW = 0.1
_CHUNK = 10

Turns = tuple[tuple[int, int, float], ...]
"""Grains of a budget, steps, and by how much the bound may rise, as a share of it."""
ROUGH: Turns = ((200, 60, 0.012),)
FINE: Turns = ((400, 60, 0.004), (400, 60, 0.0015), (1_600, 10, 0.0005))
FINEST: Turns = (*FINE, (400, 150, 0.0005))


class Climb(NamedTuple):
    """Where a climb to the best bound stands. price, best_price, pull (I,): the prices of now, those of the bound, the
    direction; mark: the best bound, the length of steps as a share of Polyak's, steps since the bound rose."""

    price: Any
    best_price: Any
    pull: Any
    mark: Any


def start_climb(price: Floats, length: float) -> Climb:
    """A climb from these prices (I,), first steps of this length."""
    return Climb(price.copy(), price.copy(), np.zeros(len(price)), np.array([-np.inf, length, 0.0]))


@numba.njit(cache=True, nogil=True)
def settle(b: Any, d: Any, takers: Any, free: Any, climb: Any, steps: int, hope: float) -> None:
    """Subgradient steps on the prices of the free items, until the patterns of these takers agree.

    takers: (n,); free: bool (I,). hope: by how much the bound may still rise.
    """
    price, best_price, pull = climb.price, climb.best_price, climb.pull
    best, length, stale = climb.mark
    items = len(price)
    picks = np.zeros(items)
    for _ in range(steps):
        value = 0.0
        size = 0.0
        for i in range(items):
            picks[i] = 0
            if free[i]:
                value += price[i]
                size += abs(price[i])
        for t in takers:
            value -= best_pattern(b, d, t, price, free)
            for k in range(b.start[t], b.start[t + 1]):
                if d.picked[k]:
                    picks[b.item[k]] += 1
                    d.often[k] += _SHARE_OF_NOW * (1.0 - d.often[k])
                else:
                    d.often[k] -= _SHARE_OF_NOW * d.often[k]
        value -= 1e-12 * size
        if value > best:
            best, stale = value, 0
            best_price[:] = price
        else:
            stale += 1
        if stale >= _HALVED_AFTER:
            length, stale = 0.6 * length, 0
            price[:] = best_price
            pull[:] = 0
        norm = 0.0
        for i in range(items):
            if free[i]:
                pull[i] = 0.7 * (1 - picks[i]) + 0.3 * pull[i]
                norm += pull[i] * pull[i]
        if norm < 1e-9:
            break
        for i in range(items):
            if free[i]:
                price[i] = min(b.none[i], price[i] + length * (best + hope - value) / norm * pull[i])
    climb.mark[0], climb.mark[1], climb.mark[2] = best, length, stale


def bound_by_patterns(
    items: Items, prices: Prices, item_price: Floats, turns: Turns, known: int, deadline: Deadline
) -> tuple[int, Floats]:
    """A lower bound on the cost of the items (rounded up), at least one that is *known*, and the prices (I,) it asks.

    prices: of the limits, from the relaxation; item_price: (I,), where to begin. turns: ROUGH, FINE or FINEST; spends are rounded
    down to a grain of a budget beyond 4,000 units, which only lowers the bound. Ends after a fixed number of steps, or at
    the deadline.
    """
    takers = np.unique(items.taker)
    free = np.ones(len(item_price), dtype=np.bool_)
    best, price = -np.inf, item_price
    for grains, steps, hope in turns:
        book = make_book(items, grains, within=False)
        desk = make_desk(book, items, prices)
        climb = start_climb(price, 1.0)
        for _ in range(steps // _CHUNK):
            if not deadline.over():
                settle(book, desk, takers, free, climb, _CHUNK, hope * abs(known))
        if climb.mark[0] > best:
            best, price = float(climb.mark[0]), climb.best_price
    return (max(known, int(np.ceil(best - 1e-6))) if np.isfinite(best) else known), price
