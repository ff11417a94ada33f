"""What money is worth at each taker: prices of budgets under which the flow by count alone nearly keeps them.

The Lagrangian of the budgets alone leaves a min-cost flow, and its best value is that of the linear relaxation. It is
climbed with a proximal bundle (Lemaréchal; Kiwiel 1990): the flows so far bound it from above, and the next prices are
best for that bound less a penalty for leaving the best prices yet. A dozen flows do what hundreds of subgradient steps
on places and money together do not.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from matching.deadline import Deadline
from matching.flow import solve_flow
from matching.plan import Plan, usable_arcs
from matching.prices import Floats, along_parents
from matching.problem import UNLIMITED, Ints, Problem

_FIRST_RISE = 0.0015  # of the bound, which the first step hopes for
_SETTLED = 3e-5  # of the bound: what is still to be had
_SERIOUS = 0.1  # of the rise hoped for
_INNER_STEPS = 300


def priced_costs(problem: Problem, arc_cost: Ints, money: Floats) -> Ints:
    """Arc costs (A,) with what their spends are worth at the money prices (T,), rounded down: a bound stays a bound."""
    if problem.arc_spend is None or not money.any():
        return arc_cost
    worth = np.floor(problem.arc_spend * along_parents(problem, money)[problem.arc_taker])
    return arc_cost + worth.astype(np.int64)


def budgets_worth(problem: Problem, money: Floats) -> float:
    """What all budgets together are worth at these prices (T,)."""
    if problem.taker_spend_cap is None:
        return 0.0
    priced = money > 0
    return float((money[priced] * problem.taker_spend_cap[priced]).sum())


def money_prices(plan: Plan, deadline: Deadline, steps: int) -> Floats:
    """Prices (T,) of a unit of each budget, from the plan that is best by count at its own `Plan.spend_prices`. Ends after
    *steps* flows, or earlier when there is nothing more to be had or at the deadline."""
    problem = plan.problem
    arc_cost, penalty = problem.effective_costs()
    usable = usable_arcs(problem)
    bundle = _Bundle(problem)
    bundle.start(plan.spend_prices, plan.arc_of_wish)
    for _ in range(steps):
        money, hoped = bundle.proposal()
        if deadline.over() or hoped - bundle.best <= _SETTLED * abs(bundle.best):
            break
        bundle.step(money, hoped, solve_flow(problem, priced_costs(problem, arc_cost, money), penalty, usable))
    return bundle.centre


@dataclass
class _Bundle:
    """The plans so far, each a plane above the Lagrangian: its cost, and by how much it overspends."""

    problem: Problem
    centre: Floats = field(init=False)
    best: float = field(init=False)
    tightness: float = field(init=False)
    costs: list[float] = field(default_factory=list)
    excess: list[Floats] = field(default_factory=list)

    def start(self, money: Floats, arc_of_wish: Ints) -> None:
        """From the plan that is best at these prices."""
        self._plane(arc_of_wish)
        self.centre, self.best = money, self.costs[0] + float(self.excess[0] @ money)
        uphill = np.where((money > 0) | (self.excess[0] > 0), self.excess[0], 0.0)
        self.tightness = float((uphill**2).sum()) / max(1.0, _FIRST_RISE * abs(self.best))

    def step(self, money: Floats, hoped: float, arc_of_wish: Ints) -> None:
        """The plan that is best at these prices. The centre moves there if the value rose as hoped; the next step is as long
        as a parabola through both values asks for, within reason."""
        self._plane(arc_of_wish)
        value = self.costs[-1] + float(self.excess[-1] @ money)
        rise, hope = value - self.best, hoped - self.best
        if rise >= _SERIOUS * hope:
            self.centre, self.best = money, value
        self.tightness *= min(10.0, max(0.2, 2 * (1 - rise / hope)))

    def _plane(self, arc_of_wish: Ints) -> None:
        spend, cap = self.problem.used(arc_of_wish)[1], self.problem.taker_spend_cap
        assert cap is not None
        arc_cost, penalty = self.problem.effective_costs()
        served = arc_of_wish >= 0
        self.costs.append(float(arc_cost[arc_of_wish[served]].sum() + penalty[~served].sum()))
        self.excess.append(np.where(cap < UNLIMITED, spend - cap, 0).astype(np.float64))

    def proposal(self) -> tuple[Floats, float]:
        """The prices that are best for the planes less the penalty, and the value that the planes allow there.

        The dual, a mixture of planes, by projected gradient with momentum (Nesterov).
        """
        costs, slopes = np.array(self.costs), np.array(self.excess)
        mix = np.full(len(costs), 1.0 / len(costs))
        ahead, momentum = mix.copy(), 1.0
        length = max(self.tightness, 1e-12) / max(float(np.linalg.norm(slopes @ slopes.T, 2)), 1e-12)
        for _ in range(_INNER_STEPS):
            money = self._priced(ahead, slopes)
            nearer = _onto_simplex(ahead - length * (costs + slopes @ money))
            more = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
            ahead, mix, momentum = nearer + (momentum - 1) / more * (nearer - mix), nearer, more
        money = self._priced(mix, slopes)
        return money, float((costs + slopes @ money).min())

    def _priced(self, mix: Floats, slopes: Floats) -> Floats:
        money: Floats = np.maximum(0.0, self.centre + (mix @ slopes) / max(self.tightness, 1e-12))
        return money


def _onto_simplex(point: Floats) -> Floats:
    """The nearest point with no negative part and sum 1 (Held, Wolfe, Crowder 1974)."""
    falling = np.sort(point)[::-1]
    over = np.cumsum(falling) - 1
    last = np.flatnonzero(falling * np.arange(1, len(point) + 1) > over)[-1]
    nearest: Floats = np.maximum(0.0, point - over[last] / (last + 1))
    return nearest
