"""The sharper bound never exceeds the best plan, and is sharper where takers serve few wishes."""

from __future__ import annotations

import numpy as np
import pytest

import matching
from benchmarks.matching_instances import assignment, product
from matching.deadline import Deadline
from matching.items import make_items
from matching.knapsack import suits
from matching.patterns import FINEST, ROUGH, bound_by_patterns
from matching.plan import usable_arcs
from matching.prices import Prices, ascend, cheapest, prove


def bounds(problem: matching.Problem) -> tuple[int, int]:
    """By prices of the limits alone, and by patterns from there."""
    costs, usable = problem.effective_costs(), usable_arcs(problem)
    items = make_items(problem, *costs, usable, np.ones(problem.wish_count, dtype=np.bool_))
    assert suits(items)
    nothing = np.zeros(problem.taker_count)
    prices = ascend(problem, items, Prices(nothing, nothing), 300)
    by_prices = prove(problem, *costs, usable, prices).bound
    start = cheapest(problem, items, prices)
    return by_prices, bound_by_patterns(items, prices, start, ROUGH + FINEST, by_prices, Deadline(None))[0]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_bound_is_true_and_sharper_on_small_assignment(seed: int) -> None:
    problem = assignment("C", 6, 40, seed)
    best = matching.solve(problem)
    assert best.optimal
    by_prices, by_patterns = bounds(problem)
    assert by_prices <= by_patterns <= best.cost


@pytest.mark.slow
@pytest.mark.parametrize("grouped", [True, False])
def test_bound_is_true_with_counts_and_groups(grouped: bool) -> None:
    problem = product(wishes=60, takers=8, arcs_per_wish=5, seed=1, grouped=grouped)
    best = matching.solve(problem)
    assert best.optimal
    by_prices, by_patterns = bounds(problem)
    assert by_prices < by_patterns <= best.cost
