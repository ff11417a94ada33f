"""Very large problems under count limits: pruned arcs with a price check, and beyond that a certified auction."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from matching.budgets import Found, Task
from matching.deadline import Deadline
from matching.flow import count_prices, solve_flow
from matching.plan import cost_of
from matching.prices import Prices, prove
from matching.problem import Ints, Mask

PRUNED_FROM_ARCS = 1_000_000
AUCTION_FROM_ARCS = 5_000_000
_KEPT_ARCS = 10
_MOST_PLACES = 64
_CLOSE_ENOUGH = 4.5e-4
_PHASES = 9


def auction_suits(task: Task) -> bool:
    """Whether the auction can take the problem: flat, takers with few places each (it looks at every place in a bid)."""
    problem = task.problem
    places = int(problem.taker_count_cap.max())
    return problem.taker_parent is None and 0 < places <= _MOST_PLACES and bool(task.usable.any())


def by_pruned_flow(task: Task) -> Found | None:
    """The optimum from the ten cheapest arcs of each wish; None if the prices show that an arc left out is needed."""
    kept = _cheapest_arcs(task)
    problem, chosen = task.problem, solve_flow(task.problem, task.arc_cost, task.penalty, kept)
    settled = count_prices(problem, task.arc_cost, task.penalty, chosen, kept)
    if settled is None:
        raise RuntimeError("the min-cost flow is not optimal: its prices do not settle")
    prices = Prices(settled[0].astype(np.float64), np.zeros(problem.taker_count))
    proof = prove(problem, task.arc_cost, task.penalty, task.usable, prices)
    if proof.bound < cost_of(problem, chosen):
        return None
    return Found(chosen, proof.bound, prices, proof.wish_price)


def by_auction(task: Task, deadline: Deadline) -> Found | None:
    """A plan within 0.045 % of its proved bound; None if the auction does not get there (and time is left)."""
    # Only problems of this size are worth numba's import and compilation.
    from matching.auction import bid_all

    problem = task.problem
    rows = _rows(task)
    first = np.concatenate([[0], np.cumsum(problem.taker_count_cap)])
    price = np.zeros(int(first[-1]))
    waiting = np.empty(problem.wish_count, dtype=np.int64)
    epsilon = 0.03 * float(task.arc_cost.max() - task.arc_cost.min() + 1)
    best: Found | None = None
    for _ in range(_PHASES):
        holder = np.full(len(price), -1, dtype=np.int64)
        spot = np.full(problem.wish_count, -1, dtype=np.int64)
        left_s = deadline.left_s()
        # A million bids take about a second; without a limit there are as many as it takes.
        budget = 2**62 if left_s is None else int(1_000_000 * left_s)
        bids = bid_all(
            rows.start, rows.taker, rows.cost, task.penalty, first, price, holder, spot, epsilon, waiting, budget
        )
        chosen = _arcs_held(task, first, holder)
        full = problem.used(chosen)[0] >= problem.taker_count_cap
        low = np.zeros(problem.taker_count)
        some = problem.taker_count_cap > 0
        low[some] = np.minimum.reduceat(price, first[:-1][some])
        prices = Prices(np.where(full & some, low, 0.0), np.zeros(problem.taker_count))
        proof = prove(problem, task.arc_cost, task.penalty, task.usable, prices)
        now = Found(chosen, proof.bound, prices, proof.wish_price)
        if best is None:
            best = now
        if proof.bound > best.bound:
            best = replace(now, arc_of_wish=best.arc_of_wish)
        if cost_of(problem, chosen) < cost_of(problem, best.arc_of_wish):
            best = replace(best, arc_of_wish=chosen)
        if cost_of(problem, best.arc_of_wish) - best.bound <= _CLOSE_ENOUGH * abs(best.bound):
            return best
        if bids < 0 or deadline.over():
            return replace(best, limited=True)
        epsilon /= 5
    return None


@dataclass(frozen=True, eq=False)
class _ArcRows:
    """Usable arcs by wish: start (W + 1,), taker (A,) int32, cost (A,) float."""

    start: Ints
    taker: np.ndarray
    cost: np.ndarray


def _rows(task: Task) -> _ArcRows:
    wish, taker, cost = task.problem.arc_wish, task.problem.arc_taker, task.arc_cost
    if not bool(task.usable.all()):
        wish, taker, cost = wish[task.usable], taker[task.usable], cost[task.usable]
    if bool((wish[1:] < wish[:-1]).any()):
        order = np.argsort(wish, kind="stable")
        wish, taker, cost = wish[order], taker[order], cost[order]
    # Costs below 2**24 are exact in 32 bits, and half the memory is half the time here.
    small = len(cost) == 0 or max(abs(int(cost.max())), abs(int(cost.min()))) < 2**24
    return _ArcRows(
        np.searchsorted(wish, np.arange(task.problem.wish_count + 1)),
        taker.astype(np.int32),
        cost.astype(np.float32 if small else np.float64),
    )


def _arcs_held(task: Task, first: Ints, holder: Ints) -> Ints:
    """The arc of each wish (W,) from who holds each place."""
    problem = task.problem
    taker_of_wish = np.full(problem.wish_count, -1, dtype=np.int64)
    places = np.flatnonzero(holder >= 0)
    taker_of_wish[holder[places]] = np.searchsorted(first, places, side="right") - 1
    arcs = np.flatnonzero(problem.arc_taker == taker_of_wish[problem.arc_wish])
    chosen = np.full(problem.wish_count, -1, dtype=np.int64)
    chosen[problem.arc_wish[arcs]] = arcs
    return chosen


def _cheapest_arcs(task: Task) -> Mask:
    """The usable arcs (A,) among the ten cheapest of their wish."""
    problem = task.problem
    order = np.lexsort((task.arc_cost, problem.arc_wish)) if not _regular(task) else _regular_order(task)
    wish = problem.arc_wish[order]
    start = np.searchsorted(wish, np.arange(problem.wish_count + 1))
    rank = np.arange(len(order)) - start[wish]
    kept = np.zeros(len(order), dtype=np.bool_)
    kept[order[rank < _KEPT_ARCS]] = True
    return kept & task.usable


def _regular(task: Task) -> bool:
    """Whether all wishes have equally many arcs, one after the other."""
    wish, wishes = task.problem.arc_wish, task.problem.wish_count
    width = len(wish) // wishes
    return width * wishes == len(wish) and bool((wish == np.repeat(np.arange(wishes), width)).all())


def _regular_order(task: Task) -> Ints:
    width = len(task.arc_cost) // task.problem.wish_count
    inside = np.argsort(task.arc_cost.reshape(-1, width), axis=1)
    return (inside + np.arange(0, len(task.arc_cost), width)[:, None]).ravel()
