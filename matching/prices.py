"""Prices for places and money, and the lower bound that any prices prove."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.items import Items
from matching.problem import UNLIMITED, Ints, Mask, Problem

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Prices:
    """place, money: float >= 0 (T,), what one more place and one more unit of budget at a taker is worth."""

    place: Floats
    money: Floats


def along_parents(problem: Problem, own: Floats) -> Floats:
    """Sum of the prices (T,) of each taker and everybody above it."""
    total = own.copy()
    if problem.taker_parent is not None:
        for level in reversed(problem.levels):
            total[level] += total[problem.taker_parent[level]]
    return total


def rent(problem: Problem, prices: Prices) -> float:
    """What all limits together are worth: the part of the bound that prices take away again."""
    place = np.minimum(problem.taker_count_cap, problem.wish_count)
    worth = float((prices.place * place).sum())
    if problem.taker_spend_cap is not None:
        priced = prices.money > 0
        worth += float((prices.money[priced] * problem.taker_spend_cap[priced]).sum())
    return worth


@dataclass(frozen=True, eq=False)
class Proof:
    """bound: no plan costs less. wish_price: float (W,). together: bool (W,), False for wishes of groups that these
    prices would rather split."""

    bound: int
    wish_price: Floats
    together: Mask


def prove(problem: Problem, arc_cost: Ints, penalty: Ints, usable: Mask, prices: Prices) -> Proof:
    """The lower bound that these prices prove, rounded up to the next possible cost.

    Every plan within limits pays at least its arcs' priced costs less the rent of the limits (Lagrange). Wishes choose
    for themselves; those of a group either all at one taker, or apart for at least one `group_split_cost`.
    Unlimited budgets and counts must have price 0. Rounding errors of the sums are taken off.
    """
    arcs = np.flatnonzero(usable)
    wish, taker = problem.arc_wish[arcs], problem.arc_taker[arcs]
    priced = arc_cost[arcs] + along_parents(problem, prices.place)[taker]
    if problem.arc_spend is not None:
        priced += problem.arc_spend[arcs] * along_parents(problem, prices.money)[taker]
    wish_price = penalty.astype(np.float64)
    np.minimum.at(wish_price, wish, priced)
    total = float(wish_price.sum())
    together = np.ones(problem.wish_count, dtype=np.bool_)
    if problem.has_groups() and problem.wish_group is not None:
        extra, together = _togetherness(problem, problem.wish_group, penalty, wish, taker, priced, wish_price)
        total += extra
    worth = rent(problem, prices)
    error = 1e-12 * (float(np.abs(wish_price).sum()) + worth) + 1e-6
    return Proof(int(np.ceil(total - worth - error)), wish_price, together)


def _togetherness(
    problem: Problem, wish_group: Ints, penalty: Ints, wish: Ints, taker: Ints, priced: Floats, wish_price: Floats
) -> tuple[float, Mask]:
    """What groups pay at least beyond their wishes' own prices, for staying together or for one split; who stays (W,)."""
    grouped = wish_group >= 0
    numbers, group = np.unique(wish_group[grouped], return_inverse=True)
    group_of_wish = np.full(problem.wish_count, -1, dtype=np.int64)
    group_of_wish[grouped] = group
    apart, nobody = np.zeros(len(numbers)), np.zeros(len(numbers))
    np.add.at(apart, group, wish_price[grouped])
    np.add.at(nobody, group, penalty[grouped])
    inside = group_of_wish[wish] >= 0
    pairs, row = np.unique(group_of_wish[wish[inside]] * problem.taker_count + taker[inside], return_inverse=True)
    saved = np.zeros(len(pairs))
    np.add.at(saved, row, np.minimum(0.0, priced[inside] - penalty[wish[inside]]))
    together = nobody.copy()
    owner = pairs // problem.taker_count
    np.minimum.at(together, owner, nobody[owner] + saved)
    stays = np.ones(problem.wish_count, dtype=np.bool_)
    if problem.group_split_cost is not None:
        split = apart + problem.group_split_cost
        stays[grouped] = (together <= split)[group]
        together = np.minimum(together, split)
    return float((together - apart).sum()), stays


def priced_options(problem: Problem, items: Items, prices: Prices) -> Floats:
    """The cost of each option (O,) with what its room is worth."""
    place, money = along_parents(problem, prices.place), along_parents(problem, prices.money)
    return items.cost + items.count * place[items.taker] + items.spend * money[items.taker]


def cheapest(problem: Problem, items: Items, prices: Prices) -> Floats:
    """What each item (I,) costs at least with what its room is worth, if only by leaving it."""
    least = items.none.astype(np.float64)
    np.minimum.at(least, np.repeat(np.arange(len(least)), np.diff(items.start)), priced_options(problem, items, prices))
    return least


def ascend(problem: Problem, items: Items, prices: Prices, steps: int) -> Prices:
    """Better prices by `steps` subgradient steps on the Lagrangian bound of the items.

    The direction is a running mean of what is over and under the limits; the length aims at a bound a little above the
    best so far, and shrinks when that keeps failing.
    """
    has_options = np.diff(items.start) > 0
    rows = items.start[:-1][has_options]
    owner = np.repeat(np.arange(len(items.none)), np.diff(items.start))
    none = items.none.astype(np.float64)
    unit = max(1.0, float(items.spend.mean())) if len(items.spend) else 1.0
    count_cap = np.minimum(items.count_cap, int(items.count.sum()) + 1).astype(np.float64)
    limited = items.spend_cap < UNLIMITED
    spend_cap = np.where(limited, items.spend_cap, 0) / unit
    place, money = prices.place.copy(), prices.money * unit
    spend = items.spend / unit
    mean = np.zeros((2, problem.taker_count))
    best, best_value, hope, failed = (place, money), -np.inf, 0.02, 0
    for _ in range(steps if len(rows) else 0):
        total_place, total_money = along_parents(problem, place), along_parents(problem, money)
        priced = items.cost + items.count * total_place[items.taker] + spend * total_money[items.taker]
        least = none.copy()
        least[has_options] = np.minimum(np.minimum.reduceat(priced, rows), none[has_options])
        value = float(least.sum() - (place * count_cap).sum() - (money * spend_cap).sum())
        if value > best_value:
            failed = 0 if value > best_value + 1e-5 * abs(best_value) else failed + 1
            best, best_value = (place, money), value
        else:
            failed += 1
        if failed > 6:
            hope, failed = hope * 0.5, 0
            place, money = best
            mean[:] = 0
            continue
        picked = np.flatnonzero((priced == least[owner]) & (priced < none[owner]))
        at = items.taker[picked]
        use = np.stack(
            [
                np.bincount(at, weights=items.count[picked], minlength=problem.taker_count),
                np.bincount(at, weights=spend[picked], minlength=problem.taker_count),
            ]
        )
        if problem.taker_parent is not None:
            for level in problem.levels:
                np.add.at(use[0], problem.taker_parent[level], use[0, level])
                np.add.at(use[1], problem.taker_parent[level], use[1, level])
        over = use - np.stack([count_cap, spend_cap])
        over[1, ~limited] = 0
        mean += 0.3 * (over - mean)
        step = np.where((np.stack([place, money]) > 0) | (mean > 0), mean, 0)
        norm = float((step**2).sum())
        if norm < 1e-9:
            break
        length = max(best_value - value, 0.0) + hope * abs(best_value)
        place = np.maximum(0.0, place + length / norm * step[0])
        money = np.maximum(0.0, money + length / norm * step[1])
    return Prices(best[0], best[1] / unit)
