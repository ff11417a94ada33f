"""A plan in about a second where counts decide and budgets and groups only correct: flow, then exchanges, with its proof.

For campaigns as they are (budgets roughly fit the pledged numbers) this ends within a few hundredths of a percent of the
bound. Where budgets decide, the gap says so: then money gets prices first, and the flow is made and mended again; where
that does not suffice either, :func:`matching.solve` is asked.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from matching.deadline import Deadline
from matching.flow import count_prices, solve_flow
from matching.money import budgets_worth, money_prices, priced_costs
from matching.plan import Floats, Plan, broken_limits, cost_of, usable_arcs
from matching.problem import Ints, Problem

PASSES = 30
MONEY_BEYOND = 0.001
"""A gap beyond which money gets prices."""
MONEY_STEPS = (4, 8, 8)
"""Flows for prices of money, each time until more arcs are wanted at them."""
THOROUGH_BEYOND = 0.002
"""A gap beyond which the thorough solver is asked."""


def count_plan(problem: Problem, money: Floats | None = None) -> Plan:
    """The optimum by count alone, with its prices; budgets and groups may be broken, the bound holds anyway.

    money: (T,) prices of the budgets, to be paid besides the arcs' own cost; they come back as `Plan.spend_prices`.
    """
    arc_cost, penalty = problem.effective_costs()
    money = np.zeros(problem.taker_count) if money is None else money
    priced = priced_costs(problem, arc_cost, money)
    usable = usable_arcs(problem)
    chosen = solve_flow(problem, priced, penalty, usable)
    settled = count_prices(problem, priced, penalty, chosen, usable)
    if settled is None:
        raise RuntimeError("the min-cost flow is not optimal: its prices do not settle")
    place, wish_price = settled
    worth = int((place * np.minimum(problem.taker_count_cap, problem.wish_count)).sum())
    bound = int(np.ceil(int(wish_price.sum()) - worth - budgets_worth(problem, money) - 1e-3))
    return _plan(problem, chosen, bound, place.astype(np.float64), money, wish_price.astype(np.float64))


def quick_plan(
    problem: Problem, *, owner: Ints | None = None, time_limit_s: float | None = None, seed: int = 0
) -> Plan:
    """A plan within all limits, and a proved bound.

    owner: (T,) who stands behind each taker of the problem (lanes of one taker); None = everybody for themselves. Groups
    are kept together as far as `group_split_cost` says, by owner; their cost is not in `Plan.cost`. time_limit_s: of what
    is tried when the first exchanges do not suffice. Same arguments, same plan, unless that limit ends it.
    """
    return mended(
        count_plan(problem), again=lambda money: count_plan(problem, money), owner=owner, time_limit_s=time_limit_s, seed=seed
    )  # fmt: skip


def mended(
    first: Plan, *, again: Callable[[Floats], Plan], owner: Ints | None = None, time_limit_s: float | None = None, seed: int = 0
) -> Plan:  # fmt: skip
    """:func:`quick_plan` from its first half on: *first* is a :func:`count_plan`, and *again* answers another one at the
    money prices it is given, perhaps of a problem with more arcs."""
    deadline = Deadline(time_limit_s)
    problem = first.problem
    if not usable_arcs(problem).any() or (
        not problem.group_split_cost and not broken_limits(_without_groups(problem), first.arc_of_wish)
    ):
        return first
    best = _exchanged(first, owner, seed)
    if _is_far(best, MONEY_BEYOND) and not deadline.over() and problem.taker_spend_cap is not None:
        plan = first
        for steps in MONEY_STEPS:
            arcs = len(plan.problem.arc_wish)
            plan = again(money_prices(plan, deadline, steps))
            if len(plan.problem.arc_wish) == arcs:
                break
        priced = _exchanged(plan, owner, seed)
        if _is_broken(best) or (priced.cost <= best.cost and not _is_broken(priced)):
            best = priced
        elif priced.problem is best.problem and priced.lower_bound > best.lower_bound:
            best = _plan(
                problem, best.arc_of_wish, priced.lower_bound, priced.prices, priced.spend_prices, priced.wish_prices
            )
    if not _is_far(best, THOROUGH_BEYOND):
        return best
    from matching.solver import solve  # whose import takes a second

    thorough = solve(_without_groups(best.problem), time_limit_s=deadline.left_s(), seed=seed)
    if _is_broken(best) or thorough.cost < best.cost:
        return thorough
    bound = max(best.lower_bound, thorough.lower_bound)
    return _plan(best.problem, best.arc_of_wish, bound, best.prices, best.spend_prices, best.wish_prices)


def _exchanged(first: Plan, owner: Ints | None, seed: int) -> Plan:
    """The plan with its budgets mended and its groups united; budgets may stay broken where exchanges do not suffice."""
    from matching.exchange import exchange  # numba takes a second to import: only who mends a plan waits for it

    problem = first.problem
    usable = usable_arcs(problem)
    by_wish = np.lexsort((problem.arc_taker, problem.arc_wish))
    chosen = exchange(
        problem, by_wish[usable[by_wish]], first.arc_of_wish,
        owner=np.arange(problem.taker_count) if owner is None else owner, group_cost=problem.group_split_cost or 0,
        passes=PASSES, seed=seed,
    )  # fmt: skip
    return _plan(problem, chosen, first.lower_bound, first.prices, first.spend_prices, first.wish_prices)


def _is_broken(plan: Plan) -> bool:
    return bool(broken_limits(_without_groups(plan.problem), plan.arc_of_wish))


def _is_far(plan: Plan, gap: float) -> bool:
    """Whether limits are broken, or the bound is too far below to be content."""
    return plan.cost - plan.lower_bound > gap * max(1, abs(plan.lower_bound)) or _is_broken(plan)


def _plan(problem: Problem, chosen: Ints, bound: int, place: Floats, money: Floats, wish_price: Floats) -> Plan:
    taker = np.full(problem.wish_count, -1, dtype=np.int64)
    served = chosen >= 0
    taker[served] = problem.arc_taker[chosen[served]]
    return Plan(
        problem=problem, taker_of_wish=taker, arc_of_wish=chosen, cost=cost_of(_without_groups(problem), chosen),
        lower_bound=bound, prices=place, spend_prices=money, wish_prices=wish_price,
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
