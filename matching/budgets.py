"""Budgets and groups: bound by the linear relaxation, plan by diving, better plans by search, proof by prices."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from matching.deadline import Deadline
from matching.exact import solve_exactly
from matching.items import MOST_WISHES_WITH_EVERY_SUBSET, Items, make_items
from matching.plan import broken_limits, cost_of
from matching.prices import Floats, Prices, ascend, cheapest, priced_options, prove
from matching.problem import Ints, Mask, Problem
from matching.relaxation import relax
from matching.rounding import dive, greedy

SMALL_ARCS = 600
_ASCENT_STEPS = 150
_GOOD_ENOUGH = 2e-4
_GROUP_TURNS = 3
_COMPILING_S = 4.0


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
    if len(task.arc_cost) <= SMALL_ARCS:
        exact = solve_exactly(problem, task.arc_cost, task.penalty, task.usable, deadline.left_s(0.5))
        if exact is not None and not broken_limits(problem, exact[0]):
            best = _better(task, best, exact[0])
            best = replace(best, bound=max(best.bound, min(exact[1], cost_of(problem, best.arc_of_wish))))
    together = np.full(problem.wish_count, problem.has_groups())
    prices, by_prices = relaxed_plan.prices, relaxed_plan.bound
    basis: tuple[Items, Prices] | None = None
    for _ in range(_GROUP_TURNS if problem.group_split_cost is not None and problem.has_groups() else 1):
        items = make_items(problem, task.arc_cost, task.penalty, task.usable, together)
        prices = ascend(problem, items, prices, _ASCENT_STEPS)
        relaxed = relax(problem, items, prices, deadline)
        if relaxed is not None:
            prices = relaxed.prices
        proof = prove(problem, task.arc_cost, task.penalty, task.usable, prices)
        # Prices that say nothing of money stay only where no better ones are found, whatever an exact program proved.
        if best.prices is relaxed_plan.prices or proof.bound > by_prices:
            by_prices = proof.bound
            best = replace(best, bound=max(best.bound, proof.bound), prices=prices, wish_price=proof.wish_price)
        if _good_enough(task, best):
            return best
        if relaxed is not None:
            choice = dive(problem, items, relaxed, deadline)
        else:
            wanted = items.choice_of(problem, relaxed_plan.arc_of_wish)
            choice = greedy(problem, items, wanted, priced_options(problem, items, prices))
        plan_before = best.arc_of_wish
        best = _better(task, best, items.arc_of_wish(problem, choice))
        if basis is None or best.arc_of_wish is not plan_before:
            basis = items, prices
        if (proof.together == together).all():
            break
        together = proof.together
    if not _good_enough(task, best) and _worth_compiling(deadline):
        best = _search(task, best, *(basis or (items, prices)), deadline, seed)
    return replace(best, limited=best.limited or deadline.over())


def _search(task: Task, best: Found, items: Items, prices: Prices, deadline: Deadline, seed: int) -> Found:
    # The search needs numba, whose import and first compilation cost seconds that most problems need not spend.
    from matching.diving import MOST_TAKERS
    from matching.improving import search_from
    from matching.knapsack import suits
    from matching.patterns import FINE, FINEST, ROUGH, Turns, bound_by_patterns

    problem = task.problem
    exact = _items_are_exact(problem)

    def sharper(item_price: Floats, turns: Turns) -> tuple[int, Floats]:
        share = Deadline(deadline.left_s(0.5))
        found, price = bound_by_patterns(items, prices, item_price, turns, best.bound, share)
        return (found if exact else best.bound), price

    price, known, aside_turns = cheapest(problem, items, prices), best.bound, ROUGH + FINE
    patterns, few, grouped = suits(items), len(np.unique(items.taker)) <= MOST_TAKERS, items.arcs.shape[1] > 1
    # Where items are groups, the relaxation's rounding is a poor beginning; where they are not, a dive is the dearer one.
    if patterns and (few or grouped):
        (known, price), aside_turns = sharper(price, ROUGH + FINEST if few else ROUGH), () if few else FINE

    def proved_now() -> int:
        # Without a time limit the same seed must find the same, so the bound is waited for.
        return bound.result()[0] if bound and (bound.done() or deadline.left_s() is None) else known

    def enough(cost: int) -> bool:
        return cost - proved_now() <= _GOOD_ENOUGH * abs(proved_now())

    choice = items.choice_of(problem, best.arc_of_wish)
    with ThreadPoolExecutor(1) as aside:
        bound = aside.submit(sharper, price, aside_turns) if patterns and aside_turns else None
        chosen, proved = search_from(
            problem, items, prices, choice, enough, deadline, seed, price if patterns and (few or grouped) else None
        )
    found = _better(task, best, items.arc_of_wish(problem, chosen))
    cost = cost_of(problem, found.arc_of_wish)
    known = max(known, bound.result()[0] if bound else known)
    return replace(found, bound=cost if proved and exact else min(cost, known), limited=deadline.left_s() is not None)


def _items_are_exact(problem: Problem) -> bool:
    """Whether items say all there is: no group that may be split, none too large to have all its subsets as options."""
    if not problem.has_groups() or problem.wish_group is None:
        return True
    largest = int(np.unique(problem.wish_group[problem.wish_group >= 0], return_counts=True)[1].max())
    return problem.group_split_cost is None and largest <= MOST_WISHES_WITH_EVERY_SUBSET


def _worth_compiling(deadline: Deadline) -> bool:
    left = deadline.left_s()
    return left is None or left > _COMPILING_S or "matching.search" in sys.modules


def _good_enough(task: Task, found: Found) -> bool:
    cost = cost_of(task.problem, found.arc_of_wish)
    return cost - found.bound <= _GOOD_ENOUGH * abs(found.bound)


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
