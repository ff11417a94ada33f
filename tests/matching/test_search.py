"""The local search: within limits, never worse than where it started, repeatable."""

from __future__ import annotations

import numpy as np
import pytest

import matching
from benchmarks.matching_instances import assignment, campaign, product
from matching.budgets import Task
from matching.deadline import Deadline
from matching.improving import search_from
from matching.items import Items, make_items
from matching.plan import usable_arcs
from matching.prices import Prices, ascend
from matching.problem import Ints

SMALL = {
    "one budget each": lambda: assignment("D", 5, 60, 1),
    "nested": lambda: campaign(wishes=300, branches=6, volunteers=30, arcs_per_wish=8, seed=2),
    "groups": lambda: product(wishes=300, takers=40, arcs_per_wish=8, seed=3),
}


def found_from_nothing(problem: matching.Problem, seed: int, stop_at: int = -(10**18)) -> tuple[Items, Ints]:
    """The choice the search finds when it starts with every item left."""
    task = Task(problem, *problem.effective_costs(), usable_arcs(problem))
    items = make_items(problem, task.arc_cost, task.penalty, task.usable, np.ones(problem.wish_count, dtype=np.bool_))
    nothing = np.zeros(problem.taker_count)
    prices = ascend(problem, items, Prices(nothing, nothing), 100)
    start = np.full(len(items.none), -1, dtype=np.int64)
    return items, search_from(problem, items, prices, start, lambda cost: cost <= stop_at, Deadline(None), seed)[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_search_from_nothing_ends_near_the_bound_and_within_limits(name: str) -> None:
    problem = SMALL[name]()
    items, choice = found_from_nothing(problem, 0)
    arcs = items.arc_of_wish(problem, choice)
    assert matching.broken_limits(problem, arcs) == []
    assert (items.choice_of(problem, arcs) == choice).all()
    cost = int(items.cost[choice[choice >= 0]].sum() + items.none[choice < 0].sum())
    assert cost == matching.cost_of(problem, arcs)
    whole = matching.solve(problem)
    assert whole.lower_bound <= cost <= 1.25 * whole.lower_bound
    assert whole.cost <= 1.25 * whole.lower_bound


@pytest.mark.slow
def test_same_seed_finds_the_same_and_good_enough_stops_the_search() -> None:
    problem = SMALL["nested"]()
    first, second = (found_from_nothing(problem, 4)[1] for _ in range(2))
    assert first.tolist() == second.tolist()
    _, untouched = found_from_nothing(problem, 4, stop_at=10**18)
    assert (untouched == -1).all()
