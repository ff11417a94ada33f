"""Patterns: the set of items that suits a taker best within its limits, at given prices of the items: a knapsack (numba)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np

from matching.items import Items
from matching.prices import Prices
from matching.problem import UNLIMITED
from matching.relaxation import owners

_MOST_PLACES = 30
_EXACT_UP_TO = 4_000
_MOST_CELLS = 100_000_000
_WIDE = 1.4
_HALVINGS = 7


class Book(NamedTuple):
    """Options in order of takers, then items.

    start: (T+1,), entries of taker t are start[t] … start[t+1] - 1. option, item, cost, count, weight: (O,) of each entry.
    places, grain: (T,) what a pattern may take of counts and weights. none: (I,) cost of leaving an item.
    """

    start: Any
    option: Any
    item: Any
    cost: Any
    count: Any
    weight: Any
    places: Any
    grain: Any
    none: Any


class Desk(NamedTuple):
    """Room to work on a book. picked (O,): the patterns of now; often (O,): how often each option was lately part of one;
    core (O,): options that one knapsack needs. place, money (T,): prices of a place and of a unit of weight, about right.
    old, new (cells,), pick (entries, cells), first (entries,): tables of one knapsack."""

    picked: Any
    often: Any
    core: Any
    place: Any
    money: Any
    old: Any
    new: Any
    pick: Any
    first: Any


def suits(items: Items) -> bool:
    """Whether patterns say all and fit into memory: no nesting, budgets everywhere, counts small or unlimited."""
    counts = items.count_cap[items.count_cap < UNLIMITED]
    few = len(counts) == 0 or (len(counts) == len(items.count_cap) and int(counts.max()) <= _MOST_PLACES)
    flat = bool((items.parent < 0).all()) and bool((items.spend_cap < UNLIMITED).all())
    return few and flat and len(items.taker) > 0 and _most_grains(items) >= _EXACT_UP_TO // 10


def _most_grains(items: Items) -> int:
    """Into how many grains a budget may be divided for the tables to fit into memory."""
    entries = int(np.bincount(items.taker).max())
    places = 0 if int(items.count_cap[0]) == UNLIMITED else int(items.count_cap.max())
    return _MOST_CELLS // (entries * (places + 1)) - 1


def make_book(items: Items, grains: int, *, within: bool) -> Book:
    """The book of items that :func:`suits`. Budgets beyond 4,000 units are counted in so many grains, at most.

    within: spends are rounded up, so that patterns keep the budgets; otherwise down, so that the bound is true.
    """
    owner = owners(items)
    most = _most_grains(items)
    grains = min(grains, most)
    order = np.lexsort((owner, items.taker))
    order = order[items.spend[order] <= items.spend_cap[items.taker[order]]]
    taker = items.taker[order]
    exact = items.spend_cap <= min(_EXACT_UP_TO, most)
    grain = np.where(exact, items.spend_cap, grains)
    share = items.spend[order].astype(np.float64) * grains / np.maximum(1, items.spend_cap[taker])
    rounded = np.ceil(share + 1e-9) if within else np.maximum(0, np.floor(share - 1e-9))
    unlimited = bool((items.count_cap == UNLIMITED).all())
    return Book(
        start=np.searchsorted(taker, np.arange(len(items.parent) + 1)),
        option=order,
        item=owner[order],
        cost=items.cost[order].astype(np.float64),
        count=np.zeros(len(order), dtype=np.int64) if unlimited else items.count[order],
        weight=np.where(exact[taker], items.spend[order], rounded.astype(np.int64)),
        places=np.zeros(len(items.parent), dtype=np.int64) if unlimited else items.count_cap,
        grain=grain,
        none=items.none.astype(np.float64),
    )


def make_desk(book: Book, items: Items, prices: Prices) -> Desk:
    """A desk large enough for every knapsack of a book; one for each thread. prices: of the limits, about right."""
    cells = int(((book.places + 1) * (book.grain + 1)).max(initial=1))
    entries = len(book.option)
    most = int(np.diff(book.start).max(initial=1))
    return Desk(
        picked=np.zeros(entries, dtype=np.bool_),
        often=np.zeros(entries),
        core=np.zeros(entries, dtype=np.bool_),
        place=np.where(book.places > 0, prices.place, 0.0),
        money=np.maximum(prices.money * items.spend_cap / np.maximum(1, book.grain), 1e-6),
        old=np.zeros(cells, dtype=np.float32),
        new=np.zeros(cells, dtype=np.float32),
        pick=np.zeros((most, cells), dtype=np.int16),
        first=np.zeros(most, dtype=np.int64),
    )


@numba.njit(cache=True, nogil=True)
def _most(b: Any, t: Any, price: Any, free: Any, place: Any, money: Any) -> Any:
    """What a taker can gain at most if its places and weight have these prices; and the weight then left over."""
    worth = place * b.places[t] + money * b.grain[t]
    over = float(b.grain[t])
    k, high = b.start[t], b.start[t + 1]
    while k < high:
        item = b.item[k]
        best, weight = 0.0, 0.0
        while k < high and b.item[k] == item:
            gain = price[item] - b.cost[k] - place * b.count[k] - money * b.weight[k]
            if gain > best:
                best, weight = gain, float(b.weight[k])
            k += 1
        if free[item]:
            worth += best
            over -= weight
    return worth, over


@numba.njit(cache=True, nogil=True)
def _mark_core(b: Any, d: Any, t: Any, price: Any, free: Any) -> None:
    """Mark the options that can be part of a best pattern, by a bound and the pattern of last time (Dembo, Hammer 1980)."""
    low, high = b.start[t], b.start[t + 1]
    least, most = d.money[t] / _WIDE, d.money[t] * _WIDE
    for _ in range(_HALVINGS):
        middle = 0.5 * (least + most)
        if _most(b, t, price, free, d.place[t], middle)[1] < 0:
            least = middle
        else:
            most = middle
    place, money = d.place[t], 0.5 * (least + most)
    d.money[t] = max(money, 1e-9)
    known = 0.0
    for k in range(low, high):
        if d.picked[k] and free[b.item[k]]:
            known += price[b.item[k]] - b.cost[k]
    worth = _most(b, t, price, free, place, money)[0]
    slack = (worth - known) * (1.0 + 1e-6) + 1e-6
    k = low
    while k < high:
        item = b.item[k]
        end = k
        best = 0.0
        while end < high and b.item[end] == item:
            gain = price[item] - b.cost[end] - place * b.count[end] - money * b.weight[end]
            best = max(best, gain)
            d.core[end] = False
            end += 1
        if free[item]:
            for m in range(k, end):
                gain = price[item] - b.cost[m]
                gain_left = gain - place * b.count[m] - money * b.weight[m]
                d.core[m] = np.float32(gain) > 0 and best - gain_left <= slack
        k = end


@numba.njit(cache=True, nogil=True)
def best_pattern(b: Any, d: Any, t: Any, price: Any, free: Any) -> Any:
    """Mark the best pattern of a taker of free items at these prices; what it gains, never less than the true best."""
    low, high = b.start[t], b.start[t + 1]
    width = b.grain[t] + 1
    cells = (b.places[t] + 1) * width
    _mark_core(b, d, t, price, free)
    old, new = d.old, d.new
    old[:cells] = 0.0
    stages = 0
    k = low
    while k < high:
        item = b.item[k]
        begin = k
        useful = False
        while k < high and b.item[k] == item:
            d.picked[k] = False
            useful = useful or d.core[k]
            k += 1
        if not useful:
            continue
        row = d.pick[stages]
        new[:cells] = old[:cells]
        row[:cells] = 0
        for m in range(begin, k):
            if not d.core[m]:
                continue
            gain = np.float32(price[item] - b.cost[m])
            number = np.int16(m - begin + 1)
            for c in range(b.count[m], b.places[t] + 1):
                to, at = c * width + b.weight[m], (c - b.count[m]) * width
                for s in range(width - b.weight[m]):
                    value = old[at + s] + gain
                    if value > new[to + s]:
                        new[to + s] = value
                        row[to + s] = number
        d.first[stages] = begin
        old, new = new, old
        stages += 1
    best = float(old[cells - 1])
    cell = cells - 1
    for stage in range(stages - 1, -1, -1):
        number = d.pick[stage, cell]
        if number > 0:
            m = d.first[stage] + number - 1
            d.picked[m] = True
            cell -= b.count[m] * width + b.weight[m]
    # The tables hold floats of 24 bits.
    return best * (1.0 + (stages + 2) * 6.0e-8)
