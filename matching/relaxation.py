"""The linear relaxation of items under count and budget limits, by HiGHS on the options that matter (sifting)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

from matching.deadline import Deadline
from matching.items import Items
from matching.prices import Floats, Prices, priced_options, rent
from matching.problem import UNLIMITED, Ints, Problem

_SMALL = 10_000
_CLOSE_ENOUGH = 1e-4


@dataclass(frozen=True, eq=False)
class Relaxed:
    """prices of the limits; share: float (O,), how much of each option the relaxation uses."""

    prices: Prices
    share: Floats


@dataclass(frozen=True, eq=False)
class Rows:
    """The limits as a sparse matrix over some options: items first, then counts, then budgets of every taker."""

    matrix: csr_matrix
    right: Floats
    used: Ints
    unit: float


def limit_rows(items: Items, options: Ints, room_count: Ints, room_spend: Ints) -> Rows:
    """One row for each item (pick at most one), for each count and each finite budget that any option touches.

    room_count, room_spend: (T,), what may still be used. Budgets are in units of the mean spend: HiGHS' tolerances are
    absolute.
    """
    takers = len(items.parent)
    owner = owners(items)[options]
    unit = max(1.0, float(items.spend[options].mean())) if len(options) else 1.0
    rows, columns, values = [owner], [np.arange(len(options))], [np.ones(len(options))]
    at, alive = items.taker[options], np.arange(len(options))
    while len(alive):
        rows += [len(items.none) + at, len(items.none) + takers + at]
        columns += [alive, alive]
        values += [items.count[options[alive]].astype(np.float64), items.spend[options[alive]] / unit]
        at = items.parent[at]
        alive, at = alive[at >= 0], at[at >= 0]
    height = len(items.none) + 2 * takers
    matrix = csr_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(height, len(options))
    )
    right = np.concatenate([np.ones(len(items.none)), room_count.astype(np.float64), room_spend / unit])
    free = np.concatenate([np.zeros(len(items.none), dtype=np.bool_), room_count == UNLIMITED, room_spend == UNLIMITED])
    # A limit above everything that could use it is no limit; leaving it out keeps huge numbers from HiGHS.
    free |= np.asarray(matrix.sum(axis=1)).ravel() <= right
    free[: len(items.none)] = np.diff(matrix.indptr[: len(items.none) + 1]) == 0
    used = np.flatnonzero(~free)
    return Rows(matrix[used], right[used], used, unit)


def owners(items: Items) -> Ints:
    """The item of each option (O,)."""
    return np.repeat(np.arange(len(items.none)), np.diff(items.start))


def solve_rows(
    problem: Problem, items: Items, options: Ints, room_count: Ints, room_spend: Ints, limit_s: float | None
) -> tuple[Relaxed, float] | None:
    """The relaxation over some options: prices, shares, and what it saves against leaving all items (<= 0).

    None if HiGHS ran out of time.
    """
    if limit_s is not None and limit_s <= 0:
        return None  # HiGHS would take it for no limit
    rows = limit_rows(items, options, room_count, room_spend)
    result = linprog(
        (items.cost[options] - items.none[owners(items)[options]]).astype(np.float64),
        A_ub=rows.matrix,
        b_ub=rows.right,
        bounds=(0, None),
        # Simplex is quicker on small problems, interior point on the rest.
        method="highs-ds" if len(options) < _SMALL else "highs-ipm",
        options={} if limit_s is None else {"time_limit": limit_s},
    )
    if result.status != 0:
        return None
    dual = np.zeros(len(items.none) + 2 * problem.taker_count)
    dual[rows.used] = np.maximum(0.0, -result.ineqlin.marginals)
    place, money = dual[len(items.none) :].reshape(2, problem.taker_count)
    share = np.zeros(len(items.taker))
    share[options] = result.x
    return Relaxed(Prices(place, money / rows.unit), share), float(result.fun)


def relax(problem: Problem, items: Items, prices: Prices, deadline: Deadline) -> Relaxed | None:
    """Solve the relaxation from first prices on: the cheapest options of each item, then those the prices ask for.

    Ends when prices and shares agree within 1e-4 of the bound. None if there was no time for the first round.
    """
    owner = owners(items)
    active = np.zeros(len(items.taker), dtype=np.bool_)
    found, value = None, 0.0
    for turn in range(12):
        priced = priced_options(problem, items, prices)
        least = items.none.astype(np.float64)
        np.minimum.at(least, owner, priced)
        if turn == 0:
            active |= rank_in_item(items, priced) < 3
        else:
            active |= priced < least[owner] + 1e-9 * np.abs(least[owner])
            bound = float(least.sum()) - rent(problem, prices)
            if bound >= value - _CLOSE_ENOUGH * abs(value):
                break
        solved = solve_rows(
            problem, items, np.flatnonzero(active), items.count_cap, items.spend_cap, deadline.left_s(0.5)
        )
        if solved is None:
            break
        found, value = solved[0], solved[1] + float(items.none.sum())
        prices = found.prices
    return found


def rank_in_item(items: Items, key: Floats) -> Ints:
    """The place (O,) of each option within its item in order of the key, from 0."""
    owner = owners(items)
    order = np.lexsort((key, owner))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order)) - items.start[owner[order]]
    return rank
