"""Budgets and groups: bound by the linear relaxation, plan by diving, better plans by search, proof by prices."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from matching.deadline import Deadline
from matching.exact import solve_exactly
from matching.items import make_items
from matching.plan import broken_limits, cost_of
from matching.prices import Floats, Prices, ascend, prove
from matching.problem import Ints, Mask, Problem
from matching.relaxation import relax
from matching.rounding import dive

_SMALL_ARCS = 600
_ASCENT_STEPS = 150
_GOOD_ENOUGH = 5e-4


@dataclass(frozen=True, eq=False)
class Task:
    """A problem with the costs to minimise: arc_cost (A,) and penalty (W,) with switching folded in, usable (A,)."""

    problem: Problem
    arc_cost: Ints
    penalty: Ints
    usable: Mask


@dataclass(frozen=True, eq=False)
class Found:
    """A plan, a proved lower bound, the prices of the limits and of each wish, and whether time cut the search short."""

    arc_of_wish: Ints
    bound: int
    prices: Prices
    wish_price: Floats
    limited: bool = False


def solve_with_budgets(task: Task, relaxed_plan: Found, deadline: Deadline, seed: int) -> Found:
    """A plan within all limits, from the optimum under count limits alone (its bound and prices are the start)."""
    problem = task.problem
    best = _feasible_part(task, relaxed_plan)
    if len(task.arc_cost) <= _SMALL_ARCS:
        exact = solve_exactly(problem, task.arc_cost, task.penalty, task.usable, deadline.left_s(0.5))
        if exact is not None and not broken_limits(problem, exact[0]):
            best = _better(task, best, exact[0])
            best = replace(best, bound=max(best.bound, min(exact[1], cost_of(problem, best.arc_of_wish))))
    together = np.ones(problem.wish_count, dtype=np.bool_)
    items = make_items(problem, task.arc_cost, task.penalty, task.usable, together)
    prices = ascend(problem, items, relaxed_plan.prices, _ASCENT_STEPS)
    relaxed = relax(problem, items, prices, deadline)
    if relaxed is not None:
        prices = relaxed.prices
    bound, wish_price = prove(problem, task.arc_cost, task.penalty, task.usable, prices)
    best = replace(best, bound=max(best.bound, bound), prices=prices, wish_price=wish_price)
    if relaxed is not None and not _done(task, best):
        choice = dive(problem, items, relaxed, deadline)
        best = _better(task, best, items.arc_of_wish(problem, choice))
    return replace(best, limited=deadline.over())


def _done(task: Task, found: Found) -> bool:
    return cost_of(task.problem, found.arc_of_wish) <= found.bound


def _better(task: Task, found: Found, arc_of_wish: Ints) -> Found:
    """With the cheaper of two plans; the new one counts only if it keeps all limits."""
    if cost_of(task.problem, arc_of_wish) >= cost_of(task.problem, found.arc_of_wish):
        return found
    return found if broken_limits(task.problem, arc_of_wish) else replace(found, arc_of_wish=arc_of_wish)


def _feasible_part(task: Task, found: Found) -> Found:
    """The plan without the wishes of takers over their budget and of groups torn apart: poor, but within all limits."""
    problem, chosen = task.problem, found.arc_of_wish.copy()
    served = np.flatnonzero(chosen >= 0)
    if problem.taker_spend_cap is not None:
        _, spend = problem.used(chosen)
        over = spend > problem.taker_spend_cap
        if problem.taker_parent is not None:
            for level in reversed(problem.levels):
                over[level] |= over[problem.taker_parent[level]]
        chosen[served[over[problem.arc_taker[chosen[served]]]]] = -1
    if problem.has_groups() and problem.group_split_cost is None and problem.wish_group is not None:
        grouped = np.flatnonzero((chosen >= 0) & (problem.wish_group >= 0))
        _, group = np.unique(problem.wish_group[grouped], return_inverse=True)
        taker = problem.arc_taker[chosen[grouped]]
        first = np.full(int(group.max(initial=-1)) + 1, problem.taker_count)
        np.minimum.at(first, group, taker)
        chosen[grouped[taker != first[group]]] = -1
    return replace(found, arc_of_wish=chosen)
