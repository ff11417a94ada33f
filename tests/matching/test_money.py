"""Prices of budgets by flows: the bound they prove is true, rises, and the plan made at them is nearly within budgets."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import Problem
from matching.deadline import Deadline
from matching.money import money_prices
from matching.plan import Plan, broken_limits
from matching.quick import count_plan, quick_plan


def tight(seed: int, wishes: int = 400, takers: int = 24, share: float = 0.8) -> Problem:
    """Places for all, money for a *share* of what the plan by count spends at each taker; branches above half of them."""
    rng = np.random.default_rng(seed)
    arc_wish = np.repeat(np.arange(wishes), 6)
    arc_taker = rng.permuted(np.tile(np.arange(takers), (wishes, 1)), axis=1)[:, :6].ravel()
    spend = np.repeat(rng.integers(20, 300, wishes), 6)
    cost = rng.integers(100, 1000, len(arc_wish))
    parent = np.where(np.arange(takers) < takers // 2, -1, 0)
    count_cap = np.full(takers, wishes // takers * 2)
    count_cap[0] = wishes
    free = Problem(arc_wish, arc_taker, cost, spend, wish_count=wishes, taker_count_cap=count_cap,
                   taker_spend_cap=np.full(takers, 10**9), taker_parent=parent, wish_penalty=np.full(wishes, 5000))  # fmt: skip
    used = free.used(count_plan(free).arc_of_wish)[1]
    return Problem(arc_wish, arc_taker, cost, spend, wish_count=wishes, taker_count_cap=count_cap,
                   taker_spend_cap=(used * share + 500).astype(np.int64), taker_parent=parent,
                   wish_penalty=np.full(wishes, 5000))  # fmt: skip


def overspent(plan: Plan) -> int:
    assert plan.problem.taker_spend_cap is not None
    over: np.ndarray = plan.problem.used(plan.arc_of_wish)[1] - plan.problem.taker_spend_cap
    return int(np.maximum(0, over).sum())


@pytest.mark.parametrize("seed", range(4))
def test_money_prices_raise_the_bound_and_leave_little_overspent(seed: int) -> None:
    by_count = count_plan(tight(seed))
    by_money = count_plan(by_count.problem, money_prices(by_count, Deadline(None), 12))
    assert by_money.lower_bound > by_count.lower_bound
    assert overspent(by_money) < 0.5 * overspent(by_count)
    plan = quick_plan(by_count.problem)
    assert not broken_limits(plan.problem, plan.arc_of_wish)
    assert by_money.lower_bound <= plan.cost and plan.lower_bound <= plan.cost


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_no_money_prices_prove_more_than_the_best_plan_costs(data: st.DataObject) -> None:
    wishes, takers = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 3))
    numbers = st.integers(0, 40)
    cost = [[data.draw(numbers) for _ in range(takers)] for _ in range(wishes)]
    spend = [data.draw(st.integers(1, 9)) for _ in range(wishes)]
    count_cap = [data.draw(st.integers(0, wishes)) for _ in range(takers)]
    budget = [data.draw(st.integers(0, 20)) for _ in range(takers)]
    money = [data.draw(st.floats(0, 8, allow_nan=False)) for _ in range(takers)]
    penalty = [data.draw(numbers) for _ in range(wishes)]
    problem = Problem(
        np.repeat(np.arange(wishes), takers), np.tile(np.arange(takers), wishes), np.array(cost).ravel(),
        np.repeat(spend, takers), wish_count=wishes, taker_count_cap=count_cap, taker_spend_cap=budget, wish_penalty=penalty,
    )  # fmt: skip
    best = min(
        sum(penalty[w] if t < 0 else cost[w][t] for w, t in enumerate(plan))
        for plan in itertools.product(range(-1, takers), repeat=wishes)
        if all(plan.count(t) <= count_cap[t] for t in range(takers))
        and all(sum(spend[w] for w in range(wishes) if plan[w] == t) <= budget[t] for t in range(takers))
    )
    assert count_plan(problem, np.array(money)).lower_bound <= best
    assert quick_plan(problem).lower_bound <= best
