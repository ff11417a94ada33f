"""What `solve` returns: who takes what, what it costs, what it could not cost less than, and where limits bind."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from matching.problem import UNLIMITED, Ints, Mask, Problem
from matching.shortage import Shortage, find_shortages

Floats = npt.NDArray[np.float64]


class Left(IntEnum):
    """Why a wish has no taker: the first that is true, in this order."""

    MATCHED = 0
    NO_ARC = 1
    """Nobody could take it."""
    FORBIDDEN = 2
    """All who could are forbidden."""
    NEVER_FITS = 3
    """Each alone lacks the count or the budget for it, even with nothing else to do."""
    TOO_DEAR = 4
    """All who could cost more than leaving it."""
    COUNT = 5
    """All who could and are worth it have their count full (or somebody above them has)."""
    BUDGET = 6
    """As COUNT, but at least one has places and only lacks money."""
    OTHER = 7
    """Somebody has room: its group is elsewhere, or a better use of the room was found only by search."""


@dataclass(frozen=True, eq=False)
class Plan:
    """An assignment within all limits, with its proof.

    taker_of_wish, arc_of_wish: int (W,), -1 = none.
    cost: as `Problem` defines it. lower_bound: no plan costs less (proved). optimal: cost == lower_bound.
    prices: float >= 0 (T,), what one more place at a taker is worth: its own limit only; a place that is short at the
        branch is priced at the branch. For plans without budgets and groups exact: one more place at a taker without
        parent saves just this.
    spend_prices: float >= 0 (T,), what one more unit of a taker's budget is worth, to first order.
    wish_prices: float (W,), what the wish costs at these prices: the least of its penalty and, over its arcs,
        cost + prices of the taker and all above it + spend times their spend prices.
        `sum(wish_prices) - sum(prices * count cap) - sum(spend_prices * spend cap)` is a lower bound.
    limited: True if the time limit had a say in what was found; only then can two runs differ.
    """

    problem: Problem
    taker_of_wish: Ints
    arc_of_wish: Ints
    cost: int
    lower_bound: int
    prices: Floats
    spend_prices: Floats
    wish_prices: Floats
    limited: bool = False

    @property
    def optimal(self) -> bool:
        """Whether no plan can cost less."""
        return self.cost == self.lower_bound

    @property
    def gap(self) -> float:
        """How much dearer than the best the plan can be at most, as a share of the bound; 0 = proved best."""
        if self.optimal:
            return 0.0
        return (self.cost - self.lower_bound) / max(1, abs(self.lower_bound))

    @cached_property
    def count_used(self) -> Ints:
        """Wishes (T,) at each taker and those below it."""
        return self.problem.used(self.arc_of_wish)[0]

    @cached_property
    def spend_used(self) -> Ints:
        """Spend (T,) at each taker and those below it."""
        return self.problem.used(self.arc_of_wish)[1]

    @cached_property
    def left(self) -> npt.NDArray[np.int8]:
        """Why each wish (W,) has no taker, as numbers of `Left`."""
        return _why_left(self)

    @cached_property
    def infeasible(self) -> tuple[Shortage, ...]:
        """The parts that cannot be served whole at any cost, each with its wishes, takers and places."""
        return find_shortages(self.problem)


def cost_of(problem: Problem, arc_of_wish: Ints) -> int:
    """The cost of a plan as `Problem` defines it, whether or not it keeps the limits. arc_of_wish: (W,), -1 = none."""
    arc_cost, penalty = problem.effective_costs()
    served = arc_of_wish >= 0
    total = int(arc_cost[arc_of_wish[served]].sum()) + int(penalty[~served].sum())
    if problem.wish_group is not None and problem.group_split_cost is not None:
        total += problem.group_split_cost * _splits(problem, arc_of_wish)
    return total


def broken_limits(problem: Problem, arc_of_wish: Ints) -> list[str]:
    """What a plan breaks, in words; empty = nothing. Independent of every solver. arc_of_wish: (W,), -1 = none."""
    broken = []
    served = np.flatnonzero(arc_of_wish >= 0)
    arcs = arc_of_wish[served]
    if bool((problem.arc_wish[arcs] != served).any()):
        broken.append("an arc of another wish is used")
    if problem.forbidden is not None and bool(problem.forbidden[arcs].any()):
        broken.append("a forbidden arc is used")
    count, spend = problem.used(arc_of_wish)
    broken += [f"count of taker {t}" for t in np.flatnonzero(count > problem.taker_count_cap).tolist()]
    if problem.taker_spend_cap is not None:
        broken += [f"budget of taker {t}" for t in np.flatnonzero(spend > problem.taker_spend_cap).tolist()]
    if problem.group_split_cost is None and problem.has_groups() and _splits(problem, arc_of_wish):
        broken.append("a group is split")
    return broken


def _splits(problem: Problem, arc_of_wish: Ints) -> int:
    """Takers beyond the first, summed over groups."""
    if problem.wish_group is None:
        return 0
    grouped = np.flatnonzero((arc_of_wish >= 0) & (problem.wish_group >= 0))
    if len(grouped) == 0:
        return 0
    _, group = np.unique(problem.wish_group[grouped], return_inverse=True)
    pairs = np.unique(group * problem.taker_count + problem.arc_taker[arc_of_wish[grouped]])
    return len(pairs) - int(group.max()) - 1


def _why_left(plan: Plan) -> npt.NDArray[np.int8]:
    problem = plan.problem
    arc_cost, penalty = problem.effective_costs()
    wish, taker = problem.arc_wish, problem.arc_taker
    spend = np.zeros(len(wish), dtype=np.int64) if problem.arc_spend is None else problem.arc_spend
    count_cap, count_room = _tightest_above(problem, problem.taker_count_cap, plan.count_used)
    allowed = np.ones(len(wish), dtype=np.bool_) if problem.forbidden is None else ~problem.forbidden
    fits = allowed & (count_cap[taker] > 0)
    has_money = np.ones(len(wish), dtype=np.bool_)
    if problem.taker_spend_cap is not None:
        spend_cap, spend_room = _tightest_above(problem, problem.taker_spend_cap, plan.spend_used)
        fits &= spend <= spend_cap[taker]
        has_money = spend <= spend_room[taker]
    cheap = fits & (arc_cost < penalty[wish])
    has_place = count_room[taker] > 0

    reason = np.full(problem.wish_count, Left.NO_ARC, dtype=np.int8)
    for holds, next_reason in (
        (np.ones(len(wish), dtype=np.bool_), Left.FORBIDDEN),
        (allowed, Left.NEVER_FITS),
        (fits, Left.TOO_DEAR),
        (cheap, Left.COUNT),
        (cheap & has_place, Left.BUDGET),
        (cheap & has_place & has_money, Left.OTHER),
    ):
        reason[wish[holds]] = next_reason
    reason[plan.arc_of_wish >= 0] = Left.MATCHED
    return reason


def _tightest_above(problem: Problem, cap: Ints, used: Ints) -> tuple[Ints, Ints]:
    """Least cap and least room (T,) along each taker and everybody above it."""
    least_cap = cap.copy()
    least_room = np.where(cap == UNLIMITED, UNLIMITED, cap - used)
    if problem.taker_parent is not None:
        for level in reversed(problem.levels):
            parent = problem.taker_parent[level]
            least_cap[level] = np.minimum(least_cap[level], least_cap[parent])
            least_room[level] = np.minimum(least_room[level], least_room[parent])
    return least_cap, least_room


def usable_arcs(problem: Problem) -> Mask:
    """Arcs (A,) that are allowed and that the budgets could pay if nothing else were taken.

    Arcs to takers without any place stay: what a first place there would be worth is asked for.
    """
    ok = np.ones(len(problem.arc_wish), dtype=np.bool_) if problem.forbidden is None else ~problem.forbidden
    if problem.taker_spend_cap is not None and problem.arc_spend is not None:
        nothing = np.zeros(problem.taker_count, dtype=np.int64)
        least_spend, _ = _tightest_above(problem, problem.taker_spend_cap, nothing)
        ok &= problem.arc_spend <= least_spend[problem.arc_taker]
    return ok
