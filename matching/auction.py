"""Very large problems with count limits: an auction that stops when the proved gap is small enough (numba)."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def bid_all(
    start: Any,
    taker: Any,
    cost: Any,
    penalty: Any,
    first: Any,
    price: Any,
    holder: Any,
    spot: Any,
    epsilon: float,
    waiting: Any,
    budget: int,
) -> Any:
    """Let every wish without a place bid until none is left; how many bids it took, -1 = more than `budget`.

    start (W+1,), taker, cost (A,): arcs by wish. penalty (W,). first (T+1,): places of a taker are first[t] … first[t+1]-1
    with price (P,) float and holder (P,) wish or -1. spot (W,): the place of a wish, -1 = left for its penalty.
    waiting (W,): work space. Every wish ends with a place (or left) that is within `epsilon` of its best at these prices.
    """
    wishes = len(penalty)
    takers = len(first) - 1
    cheapest = np.empty(takers, dtype=np.int64)
    low = np.empty(takers)
    second = np.empty(takers)
    for t in range(takers):
        cheapest[t], low[t], second[t] = -1, np.inf, np.inf
        for p in range(first[t], first[t + 1]):
            if price[p] < low[t]:
                cheapest[t], second[t], low[t] = p, low[t], price[p]
            elif price[p] < second[t]:
                second[t] = price[p]
    length = wishes
    for w in range(wishes):
        waiting[w] = wishes - 1 - w
    bids = 0
    while length > 0:
        length -= 1
        w = waiting[length]
        best, runner_up, at = float(penalty[w]), np.inf, -1
        for a in range(start[w], start[w + 1]):
            t = taker[a]
            value = cost[a] + low[t]
            if value < best:
                runner_up, best, at = best, value, a
            elif value < runner_up:
                runner_up = value
        if at < 0:
            spot[w] = -1
            continue
        bids += 1
        if bids > budget:
            return -1
        t = taker[at]
        p = cheapest[t]
        runner_up = min(runner_up, cost[at] + second[t])
        if holder[p] >= 0:
            waiting[length] = holder[p]
            length += 1
        holder[p] = w
        spot[w] = p
        price[p] = low[t] + (runner_up - best) + epsilon
        cheapest[t], low[t], second[t] = -1, np.inf, np.inf
        for q in range(first[t], first[t + 1]):
            if price[q] < low[t]:
                cheapest[t], second[t], low[t] = q, low[t], price[q]
            elif price[q] < second[t]:
                second[t] = price[q]
    return bids
