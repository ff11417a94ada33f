"""Count limits and nesting alone: the plan is the optimum, and its prices say so."""

from __future__ import annotations

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import matching
from tests.matching.instances import flat_problems, nested_problems, rebuilt


def optimum_by_network_simplex(problem: matching.Problem) -> int:
    """The optimum of a problem without budgets and groups, from networkx."""
    cost, penalty = problem.effective_costs()
    graph = networkx.DiGraph()
    graph.add_node("sink", demand=problem.wish_count)
    for wish in range(problem.wish_count):
        graph.add_node(("wish", wish), demand=-1)
        graph.add_edge(("wish", wish), "sink", capacity=1, weight=int(penalty[wish]))
    for taker in range(problem.taker_count):
        parent = -1 if problem.taker_parent is None else int(problem.taker_parent[taker])
        above = "sink" if parent < 0 else ("taker", parent)
        graph.add_edge(("taker", taker), above, capacity=int(problem.taker_count_cap[taker]), weight=0)
    for arc in range(len(cost)):
        if problem.forbidden is None or not problem.forbidden[arc]:
            ends = ("wish", int(problem.arc_wish[arc])), ("taker", int(problem.arc_taker[arc]))
            graph.add_edge(*ends, capacity=1, weight=int(cost[arc]))
    return int(networkx.cost_of_flow(graph, networkx.network_simplex(graph)[1]))


@settings(deadline=None)
@given(nested_problems())
def test_plan_costs_what_the_network_simplex_finds(problem: matching.Problem) -> None:
    plan = matching.solve(problem)
    assert matching.broken_limits(problem, plan.arc_of_wish) == []
    assert plan.cost == matching.cost_of(problem, plan.arc_of_wish) == optimum_by_network_simplex(problem)
    assert plan.optimal and plan.lower_bound == plan.cost and plan.gap == 0


@settings(deadline=None)
@given(nested_problems())
def test_prices_prove_the_bound(problem: matching.Problem) -> None:
    plan = matching.solve(problem)
    assert (plan.prices >= 0).all()
    held = np.minimum(problem.taker_count_cap, problem.wish_count)
    assert plan.wish_prices.sum() - (plan.prices * held).sum() == plan.cost
    full = plan.count_used == problem.taker_count_cap
    assert (plan.prices[~full] == 0).all()


@settings(deadline=None)
@given(flat_problems(), st.data())
def test_price_of_a_place_is_what_one_more_place_saves(problem: matching.Problem, data: st.DataObject) -> None:
    taker = data.draw(st.integers(0, problem.taker_count - 1))
    plan = matching.solve(problem)
    cap = problem.taker_count_cap.copy()
    cap[taker] += 1
    assert plan.cost - matching.solve(rebuilt(problem, taker_count_cap=cap)).cost == plan.prices[taker]


@settings(deadline=None)
@given(nested_problems(), st.data())
def test_price_below_a_parent_lies_between_one_place_less_and_one_more(
    problem: matching.Problem, data: st.DataObject
) -> None:
    taker = data.draw(st.integers(0, problem.taker_count - 1))
    plan = matching.solve(problem)
    more, less = problem.taker_count_cap.copy(), problem.taker_count_cap.copy()
    more[taker] += 1
    saved = plan.cost - matching.solve(rebuilt(problem, taker_count_cap=more)).cost
    assert saved <= plan.prices[taker]
    if less[taker] > 0:
        less[taker] -= 1
        lost = matching.solve(rebuilt(problem, taker_count_cap=less)).cost - plan.cost
        assert plan.prices[taker] <= lost


@settings(deadline=None)
@given(nested_problems())
def test_left_wishes_have_a_reason_and_shortages_are_real(problem: matching.Problem) -> None:
    plan = matching.solve(problem)
    assert ((plan.left == matching.Left.MATCHED) == (plan.taker_of_wish >= 0)).all()
    assert not (plan.left == matching.Left.OTHER).any()
    eager = rebuilt(problem, arc_cost=np.zeros_like(problem.arc_cost), wish_penalty=1, current=None)
    most = problem.wish_count - matching.solve(eager).cost
    assert sum(part.missing for part in plan.infeasible) == problem.wish_count - most
    for part in plan.infeasible:
        assert part.missing > 0
        own = np.isin(problem.arc_wish, part.wishes)
        if problem.forbidden is not None:
            own &= ~problem.forbidden
        assert set(problem.arc_taker[own]) == set(part.takers)


def test_nobody_can_take_it_is_named() -> None:
    problem = matching.Problem(
        [0, 1, 2, 3, 4, 4],
        [0, 1, 2, 2, 3, 2],
        [1, 1, 9, 1, 5, 5],
        wish_count=6,
        taker_count_cap=[1, 0, 1, 5],
        wish_penalty=[10, 10, 8, 10, 1, 10],
        forbidden=[True, False, False, False, False, False],
    )
    plan = matching.solve(problem)
    L = matching.Left
    assert plan.left.tolist() == [L.FORBIDDEN, L.NEVER_FITS, L.TOO_DEAR, L.MATCHED, L.TOO_DEAR, L.NO_ARC]
    assert plan.taker_of_wish.tolist() == [-1, -1, -1, 2, -1, -1]


def test_two_wishes_for_one_place_are_a_shortage_of_one() -> None:
    problem = matching.Problem([0, 1, 2], [0, 0, 1], [3, 5, 1], wish_count=3, taker_count_cap=[1, 4], wish_penalty=100)
    plan = matching.solve(problem)
    (part,) = plan.infeasible
    assert (part.wishes.tolist(), part.takers.tolist(), part.places, part.missing) == ([0, 1], [0], 1, 1)
    assert plan.left.tolist() == [matching.Left.MATCHED, matching.Left.COUNT, matching.Left.MATCHED]
    assert plan.prices.tolist() == [95, 0]


def test_time_limit_must_be_positive() -> None:
    problem = matching.Problem([], [], [], wish_count=1, taker_count_cap=[1], wish_penalty=1)
    with pytest.raises(ValueError, match="time_limit_s"):
        matching.solve(problem, time_limit_s=0)
