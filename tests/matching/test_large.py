"""The paths for very large problems, on small ones: same optimum, or a proved gap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

import matching
from matching import large, solver
from matching.budgets import Task
from matching.deadline import Deadline
from matching.plan import usable_arcs
from tests.matching.instances import flat_problems


def task_of(problem: matching.Problem) -> Task:
    return Task(problem, *problem.effective_costs(), usable_arcs(problem))


def many_arcs(seed: int, *, tight: bool) -> matching.Problem:
    """400 wishes that know 25 of 80 takers each."""
    rng = np.random.default_rng(seed)
    known = np.argsort(rng.random((400, 80)), axis=1)[:, :25]
    arcs = np.stack([np.repeat(np.arange(400), 25), known.ravel(), rng.integers(0, 5_000, 10_000)])
    arcs = arcs[:, rng.permutation(10_000)]
    return matching.Problem(*arcs, wish_count=400, taker_count_cap=[5 if tight else 7] * 80, wish_penalty=20_000)


@settings(deadline=None)
@given(flat_problems())
def test_auction_keeps_limits_and_proves_its_gap(problem: matching.Problem) -> None:
    task = task_of(problem)
    found = large.by_auction(task, Deadline(None)) if large.auction_suits(task) else None
    if found is None:
        return
    cost = matching.cost_of(problem, found.arc_of_wish)
    assert matching.broken_limits(problem, found.arc_of_wish) == []
    assert found.bound <= matching.solve(problem).cost <= cost
    assert cost - found.bound <= 4.5e-4 * abs(found.bound)


@pytest.mark.parametrize("seed", range(4))
def test_auction_ends_close_to_the_optimum_when_places_are_just_enough(seed: int) -> None:
    problem = many_arcs(seed, tight=True)
    found = large.by_auction(task_of(problem), Deadline(None))
    assert found is not None
    best = matching.solve(problem).cost
    assert found.bound <= best <= matching.cost_of(problem, found.arc_of_wish) <= 1.0005 * best


@pytest.mark.parametrize("tight", [True, False])
def test_pruned_arcs_give_the_optimum_or_say_that_they_do_not_suffice(tight: bool) -> None:
    found = large.by_pruned_flow(task_of(many_arcs(1, tight=tight)))
    assert found is not None
    best = matching.solve(many_arcs(1, tight=tight)).cost
    assert matching.cost_of(many_arcs(1, tight=tight), found.arc_of_wish) == found.bound == best


def test_pruned_arcs_that_leave_out_a_needed_one_are_noticed() -> None:
    # Twelve wishes like the same eleven takers with one place in all; only their dearest arc leads elsewhere.
    wish, taker = np.repeat(np.arange(12), 12), np.tile(np.arange(12), 12)
    cost = np.where(taker == 11, 50, 1)
    cap = [1] + [0] * 10 + [12]
    problem = matching.Problem(wish, taker, cost, wish_count=12, taker_count_cap=cap, wish_penalty=1_000)
    assert large.by_pruned_flow(task_of(problem)) is None


def test_a_problem_past_the_thresholds_takes_the_large_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = many_arcs(2, tight=False)
    best = matching.solve(problem)
    monkeypatch.setattr(solver, "PRUNED_FROM_ARCS", 1_000)
    pruned = matching.solve(problem)
    assert (pruned.cost, pruned.optimal) == (best.cost, True)
    monkeypatch.setattr(solver, "AUCTION_FROM_ARCS", 1_000)
    auctioned = matching.solve(problem)
    assert auctioned.lower_bound <= best.cost <= auctioned.cost
    assert auctioned.gap <= 5e-4


def test_auction_out_of_time_still_returns_a_plan_within_limits() -> None:
    problem = many_arcs(3, tight=True)
    found = large.by_auction(task_of(problem), Deadline(1e-9))
    assert found is not None and found.limited
    assert matching.broken_limits(problem, found.arc_of_wish) == []
    assert found.bound <= matching.solve(problem).cost
