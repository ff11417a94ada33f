"""A plan in about a second where counts decide and budgets and groups only correct: flow, then exchanges, with its proof.

For campaigns as they are (budgets roughly fit the pledged numbers) this ends within a few hundredths of a percent of the
bound. Where budgets decide, the gap says so, and :func:`matching.solve` is asked.
"""

from __future__ import annotations

import numpy as np

from matching.flow import count_prices, solve_flow
from matching.plan import Floats, Plan, broken_limits, cost_of, usable_arcs
from matching.problem import Ints, Problem

PASSES = 30
GOOD_ENOUGH = 0.002
"""A gap beyond which the thorough solver is asked."""


def count_plan(problem: Problem) -> Plan:
    """The optimum by count alone, with its prices; budgets and groups may be broken, the bound holds anyway."""
    arc_cost, penalty = problem.effective_costs()
    usable = usable_arcs(problem)
    chosen = solve_flow(problem, arc_cost, penalty, usable)
    settled = count_prices(problem, arc_cost, penalty, chosen, usable)
    if settled is None:
        raise RuntimeError("the min-cost flow is not optimal: its prices do not settle")
    place, wish_price = settled
    bound = int(wish_price.sum()) - int((place * np.minimum(problem.taker_count_cap, problem.wish_count)).sum())
    return _plan(problem, chosen, bound, place.astype(np.float64), wish_price.astype(np.float64))


def quick_plan(
    problem: Problem, *, owner: Ints | None = None, time_limit_s: float | None = None, seed: int = 0
) -> Plan:
    """A plan within all limits, and a proved bound.

    owner: (T,) who stands behind each taker of the problem (lanes of one taker); None = everybody for themselves. Groups
    are kept together as far as `group_split_cost` says, by owner; their cost is not in `Plan.cost`. time_limit_s: for the
    thorough solver only, if it is asked. Same arguments, same plan, unless that limit ends it.
    """
    return mended(count_plan(problem), owner=owner, time_limit_s=time_limit_s, seed=seed)


def mended(first: Plan, *, owner: Ints | None = None, time_limit_s: float | None = None, seed: int = 0) -> Plan:
    """:func:`quick_plan` from its first half on: *first* is a :func:`count_plan`."""
    from matching.exchange import exchange  # numba takes a second to import: only who mends a plan waits for it

    problem = first.problem
    alone = _without_groups(problem)
    group_cost = problem.group_split_cost or 0
    usable = usable_arcs(problem)
    if not usable.any() or (not group_cost and not broken_limits(alone, first.arc_of_wish)):
        return first
    by_wish = np.lexsort((problem.arc_taker, problem.arc_wish))
    chosen = exchange(
        problem, by_wish[usable[by_wish]], first.arc_of_wish,
        owner=np.arange(problem.taker_count) if owner is None else owner, group_cost=group_cost, passes=PASSES, seed=seed,
    )  # fmt: skip
    broken = bool(broken_limits(alone, chosen))
    cost, bound = cost_of(alone, chosen), first.lower_bound
    if broken or cost - bound > GOOD_ENOUGH * max(1, abs(bound)):
        from matching.solver import solve  # and the thorough solver another

        thorough = solve(alone, time_limit_s=time_limit_s, seed=seed)
        if broken or thorough.cost < cost:
            return thorough
        bound = max(bound, thorough.lower_bound)
    return _plan(problem, chosen, bound, first.prices, first.wish_prices)


def _plan(problem: Problem, chosen: Ints, bound: int, place: Floats, wish_price: Floats) -> Plan:
    taker = np.full(problem.wish_count, -1, dtype=np.int64)
    served = chosen >= 0
    taker[served] = problem.arc_taker[chosen[served]]
    return Plan(
        problem=problem, taker_of_wish=taker, arc_of_wish=chosen, cost=cost_of(_without_groups(problem), chosen),
        lower_bound=bound, prices=place, spend_prices=np.zeros(problem.taker_count), wish_prices=wish_price,
    )  # fmt: skip


def _without_groups(problem: Problem) -> Problem:
    """The same problem, in which groups are nobody's concern: what the bound is proved for."""
    if problem.wish_group is None:
        return problem
    return Problem(
        problem.arc_wish, problem.arc_taker, problem.arc_cost, problem.arc_spend, wish_count=problem.wish_count,
        taker_count_cap=problem.taker_count_cap, taker_spend_cap=problem.taker_spend_cap, taker_parent=problem.taker_parent,
        wish_penalty=problem.wish_penalty, current=problem.current,
        switch_cost=0 if problem.switch_cost is None else problem.switch_cost, forbidden=problem.forbidden,
    )  # fmt: skip
