"""Budgets, groups, nesting, the current plan: the optimum on small problems, limits and a true bound on all."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import matching
from benchmarks.matching_instances import campaign
from tests.matching.instances import nested_problems, rebuilt, small_problems, whole_problems


def optimum_by_trying_all(problem: matching.Problem) -> int:
    """The least cost over every plan within limits."""
    choices = []
    for wish in range(problem.wish_count):
        own = problem.arc_wish == wish
        if problem.forbidden is not None:
            own &= ~problem.forbidden
        choices.append([-1, *np.flatnonzero(own).tolist()])
    plans = (np.array(plan, dtype=np.int64) for plan in itertools.product(*choices))
    return min(matching.cost_of(problem, plan) for plan in plans if not matching.broken_limits(problem, plan))


tiny = small_problems(nested=True, budgets=True, groups=True, most_wishes=4, most_takers=3)


@settings(deadline=None)
@given(tiny)
def test_plan_costs_what_trying_everything_finds(problem: matching.Problem) -> None:
    plan = matching.solve(problem)
    assert matching.broken_limits(problem, plan.arc_of_wish) == []
    assert (
        plan.cost == matching.cost_of(problem, plan.arc_of_wish) == plan.lower_bound == optimum_by_trying_all(problem)
    )
    assert plan.optimal


@settings(deadline=None)
@given(whole_problems())
def test_taker_and_arc_of_each_wish_agree(problem: matching.Problem) -> None:
    plan = matching.solve(problem)
    served = plan.arc_of_wish >= 0
    assert (problem.arc_taker[plan.arc_of_wish[served]] == plan.taker_of_wish[served]).all()
    assert (plan.taker_of_wish[~served] == -1).all()


@settings(deadline=None)
@given(whole_problems(), st.data())
def test_more_capacity_never_costs_more(problem: matching.Problem, data: st.DataObject) -> None:
    taker = data.draw(st.integers(0, problem.taker_count - 1))
    count = problem.taker_count_cap.copy()
    count[taker] += data.draw(st.integers(0, 2))
    spend = None if problem.taker_spend_cap is None else problem.taker_spend_cap.copy()
    if spend is not None:
        spend[taker] += data.draw(st.integers(0, 20))
    richer = rebuilt(problem, taker_count_cap=count, taker_spend_cap=spend)
    assert matching.solve(richer).cost <= matching.solve(problem).cost


@settings(deadline=None)
@given(whole_problems(), st.integers(0, 2**32 - 1))
def test_renumbering_changes_nothing_but_ties(problem: matching.Problem, seed: int) -> None:
    rng = np.random.default_rng(seed)
    wish, taker, arc = (rng.permutation(n) for n in (problem.wish_count, problem.taker_count, len(problem.arc_wish)))
    new_wish, new_taker = np.argsort(wish), np.argsort(taker)

    def takers_renamed(values: np.ndarray) -> np.ndarray:
        return np.where(values >= 0, new_taker[values], -1)

    same = rebuilt(
        problem,
        arc_wish=new_wish[problem.arc_wish][arc],
        arc_taker=new_taker[problem.arc_taker][arc],
        arc_cost=problem.arc_cost[arc],
        arc_spend=None if problem.arc_spend is None else problem.arc_spend[arc],
        taker_count_cap=problem.taker_count_cap[taker],
        taker_spend_cap=None if problem.taker_spend_cap is None else problem.taker_spend_cap[taker],
        taker_parent=None if problem.taker_parent is None else takers_renamed(problem.taker_parent)[taker],
        wish_penalty=problem.wish_penalty[wish],
        wish_group=None if problem.wish_group is None else problem.wish_group[wish],
        current=None if problem.current is None else takers_renamed(problem.current)[wish],
        switch_cost=0 if problem.switch_cost is None else problem.switch_cost[wish],
        forbidden=None if problem.forbidden is None else problem.forbidden[arc],
    )
    assert matching.solve(same).cost == matching.solve(problem).cost


@settings(deadline=None)
@given(st.one_of(whole_problems(), nested_problems()))
def test_solving_again_from_the_plan_with_a_large_switch_cost_changes_nothing(problem: matching.Problem) -> None:
    first = matching.solve(rebuilt(problem, current=None))
    again = matching.solve(rebuilt(problem, current=first.taker_of_wish, switch_cost=10_000))
    assert again.taker_of_wish.tolist() == first.taker_of_wish.tolist()
    assert again.cost == first.cost


@settings(deadline=None)
@given(whole_problems())
def test_group_is_never_split_unless_an_amount_is_stated(problem: matching.Problem) -> None:
    problem = rebuilt(problem, group_split_cost=None)
    plan = matching.solve(problem)
    assert problem.wish_group is not None
    for group in set(problem.wish_group[problem.wish_group >= 0].tolist()):
        takers = plan.taker_of_wish[(problem.wish_group == group) & (plan.taker_of_wish >= 0)]
        assert len(set(takers.tolist())) <= 1


def two_siblings(group_split_cost: int | None) -> matching.Plan:
    """Apart they cost 2, together 12."""
    return matching.solve(
        matching.Problem(
            [0, 0, 1, 1],
            [0, 1, 0, 1],
            [1, 11, 11, 1],
            wish_count=2,
            taker_count_cap=[2, 2],
            wish_penalty=100,
            wish_group=[7, 7],
            group_split_cost=group_split_cost,
        )
    )


@pytest.mark.parametrize(("amount", "takers", "cost"), [(None, 1, 12), (11, 1, 12), (9, 2, 11), (0, 2, 2)])
def test_siblings_stay_together_if_it_costs_no_more_than_the_amount(amount: int | None, takers: int, cost: int) -> None:
    plan = two_siblings(amount)
    assert (len(set(plan.taker_of_wish.tolist())), plan.cost) == (takers, cost)


def test_spend_and_count_of_a_volunteer_are_taken_from_the_branch_too() -> None:
    arcs = {"arc_wish": [0, 1, 2], "arc_taker": [1, 1, 2], "arc_cost": [1, 1, 1], "arc_spend": [5, 5, 5]}
    rest = {"wish_count": 3, "wish_penalty": 50, "taker_parent": [-1, 0, 0], "taker_count_cap": [3, 2, 2]}
    tight = matching.solve(matching.Problem(**arcs, **rest, taker_spend_cap=[10, 10, 10]))
    assert (tight.cost, tight.optimal, tight.spend_used.tolist()[0]) == (52, True, 10)
    assert (tight.left == matching.Left.BUDGET).sum() == 1
    loose = matching.solve(matching.Problem(**arcs, **rest, taker_spend_cap=[15, 10, 10]))
    assert (loose.cost, loose.count_used.tolist(), loose.spend_used.tolist()) == (3, [3, 2, 1], [15, 10, 5])


@st.composite
def middling_problems(draw: st.DrawFn) -> matching.Problem:
    """Too large for the exact program, small enough for many runs: about 100 wishes, 15 takers in two levels."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    wishes, takers = 100, 15
    known = np.argsort(rng.random((wishes, takers)), axis=1)[:, :8]
    parent = np.concatenate([np.full(5, -1), rng.integers(0, 5, 10)])
    spread = draw(st.sampled_from([20, 1000]))
    count = np.concatenate([rng.integers(10, 30, 5), rng.integers(3, 12, 10)])
    return matching.Problem(
        np.repeat(np.arange(wishes), 8),
        known.ravel(),
        rng.integers(0, spread, wishes * 8),
        rng.integers(500, 30_000, wishes * 8),
        wish_count=wishes,
        taker_count_cap=count,
        taker_spend_cap=count * rng.integers(6_000, 14_000, takers),
        taker_parent=parent,
        wish_penalty=2 * spread,
        wish_group=np.sort(rng.integers(0, 60, wishes)) if draw(st.booleans()) else None,
        group_split_cost=draw(st.sampled_from([None, spread // 4])),
    )


@settings(max_examples=15, deadline=None)
@given(middling_problems())
def test_larger_plans_keep_all_limits_and_the_bound_is_below(problem: matching.Problem) -> None:
    plan = matching.solve(problem)
    assert matching.broken_limits(problem, plan.arc_of_wish) == []
    assert plan.lower_bound <= plan.cost == matching.cost_of(problem, plan.arc_of_wish)
    if problem.wish_group is None or problem.group_split_cost is None:
        assert plan.gap < 0.2


@settings(max_examples=8, deadline=None)
@given(middling_problems())
def test_groups_that_may_be_split_for_nothing_are_no_groups(problem: matching.Problem) -> None:
    free = matching.solve(rebuilt(problem, group_split_cost=0))
    alone = matching.solve(rebuilt(problem, wish_group=None, group_split_cost=None))
    assert (free.cost, free.lower_bound) == (alone.cost, alone.lower_bound)


@settings(max_examples=8, deadline=None)
@given(middling_problems(), st.sampled_from([1, 10, 100]))
def test_bound_with_a_split_cost_is_below_the_plan_without_groups_and_its_splits(
    problem: matching.Problem, amount: int
) -> None:
    priced = rebuilt(problem, group_split_cost=amount)
    alone = matching.solve(rebuilt(problem, wish_group=None, group_split_cost=None))
    assert matching.solve(priced).lower_bound <= matching.cost_of(priced, alone.arc_of_wish)


@settings(max_examples=25, deadline=None)
@given(middling_problems(), st.sampled_from([1e-9, 0.01, 0.2]))
def test_every_limit_holds_also_when_time_runs_out(problem: matching.Problem, time_limit_s: float) -> None:
    plan = matching.solve(problem, time_limit_s=time_limit_s)
    assert matching.broken_limits(problem, plan.arc_of_wish) == []
    assert plan.lower_bound <= plan.cost == matching.cost_of(problem, plan.arc_of_wish)


def test_a_plan_for_which_there_was_no_time_still_serves_whom_it_can() -> None:
    problem = campaign(wishes=2_000, branches=20, volunteers=260)
    hurried = matching.solve(problem, time_limit_s=1e-6)
    assert not matching.broken_limits(problem, hurried.arc_of_wish) and hurried.limited
    by_count = matching.solve(rebuilt(problem, taker_spend_cap=None, arc_spend=None))
    assert (hurried.taker_of_wish >= 0).sum() > 0.7 * (by_count.taker_of_wish >= 0).sum()


@settings(max_examples=6, deadline=None)
@given(middling_problems())
def test_same_seed_same_plan(problem: matching.Problem) -> None:
    first, second = matching.solve(problem, seed=3), matching.solve(problem, seed=3)
    assert first.taker_of_wish.tolist() == second.taker_of_wish.tolist()
    assert (first.lower_bound, first.limited) == (second.lower_bound, False)


@st.composite
def wishes_of_one_price(draw: st.DrawFn) -> matching.Problem:
    """Every wish spends the same, budgets pay for whole wishes: the relaxation is whole, so that its prices are exact."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    wishes, takers, spend = draw(st.integers(2, 25)), draw(st.integers(1, 5)), draw(st.sampled_from([1, 7, 8_000]))
    arc_wish, arc_taker = np.nonzero(rng.random((wishes, takers)) < 0.8)
    arcs = len(arc_wish)
    return matching.Problem(
        arc_wish, arc_taker, rng.integers(0, 50, arcs), np.full(arcs, spend), wish_count=wishes,
        taker_count_cap=np.full(takers, wishes), taker_spend_cap=spend * rng.integers(1, 6, takers), wish_penalty=100,
    )  # fmt: skip


@settings(deadline=None)
@given(wishes_of_one_price(), st.data())
def test_price_of_money_is_between_what_more_saves_and_what_less_loses(
    problem: matching.Problem, data: st.DataObject
) -> None:
    assert problem.taker_spend_cap is not None and problem.arc_spend is not None
    taker = data.draw(st.integers(0, problem.taker_count - 1))
    spend = int(problem.arc_spend.max(initial=1))

    def cost_with(more: int) -> int:
        assert problem.taker_spend_cap is not None
        cap = problem.taker_spend_cap.copy()
        cap[taker] += more
        return matching.solve(rebuilt(problem, taker_spend_cap=cap)).cost

    plan = matching.solve(problem)
    worth = spend * plan.spend_prices[taker]
    slip = 1e-3 + 1e-4 * abs(plan.cost)
    assert plan.cost - cost_with(spend) <= worth + slip
    assert worth - slip <= cost_with(-spend) - plan.cost


@settings(deadline=None)
@given(small_problems(budgets=True, nested=True), st.data())
def test_prices_bound_every_change_of_a_budget(problem: matching.Problem, data: st.DataObject) -> None:
    assert problem.taker_spend_cap is not None
    taker, more = data.draw(st.integers(0, problem.taker_count - 1)), data.draw(st.integers(-10, 10))
    plan = matching.solve(problem)
    cap = problem.taker_spend_cap.copy()
    cap[taker] = max(0, cap[taker] + more)
    held = np.minimum(problem.taker_count_cap, problem.wish_count)
    least = plan.wish_prices.sum() - (plan.prices * held).sum() - (plan.spend_prices * cap).sum()
    if more <= 0:
        # A smaller budget forbids arcs and never allows others, so that the wishes' own prices stay true.
        assert matching.solve(rebuilt(problem, taker_spend_cap=cap)).cost >= least - 1e-6 * (1 + abs(least))
    assert plan.cost >= least + (plan.spend_prices[taker] * (cap - problem.taker_spend_cap)[taker]) - 1e-6 * (
        1 + abs(least)
    )
