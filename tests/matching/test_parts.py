"""A problem that falls apart is solved part by part: same optimum, joined prices and bound."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import matching
from matching import parts
from matching.budgets import Task
from matching.plan import usable_arcs
from tests.matching.instances import FIELDS, rebuilt, whole_problems


def side_by_side(problems: list[matching.Problem]) -> matching.Problem:
    """The problems as one, numbered one after the other, wishes and takers shuffled among each other."""
    wishes, takers, groups = 0, 0, 0
    fields: dict[str, list[Any]] = {name: [] for name in FIELDS if name not in ("wish_count", "group_split_cost")}
    fields["switch_cost"] = []
    for one in problems:
        for name in fields:
            value = getattr(one, name)
            default = {"forbidden": np.zeros(len(one.arc_wish), dtype=bool), "current": np.full(one.wish_count, -1),
                       "switch_cost": np.zeros(one.wish_count, dtype=np.int64), "wish_group": np.full(one.wish_count, -1)}  # fmt: skip
            value = default[name] if value is None else value
            shift = {
                "arc_wish": wishes,
                "arc_taker": takers,
                "taker_parent": takers,
                "current": takers,
                "wish_group": groups,
            }.get(name)
            fields[name].append(value if shift is None else np.where(value >= 0, value + shift, -1))
        wishes, takers, groups = wishes + one.wish_count, takers + one.taker_count, groups + one.wish_count
    whole = {name: np.concatenate(values) for name, values in fields.items()}
    return matching.Problem(**whole, wish_count=wishes, group_split_cost=problems[0].group_split_cost)


def task_of(problem: matching.Problem) -> Task:
    return Task(problem, *problem.effective_costs(), usable_arcs(problem))


@settings(deadline=None, max_examples=60)
@given(st.lists(whole_problems(), min_size=2, max_size=4), st.sampled_from([0, 3, 8]))
def test_what_falls_apart_costs_the_sum_of_its_parts(problems: list[matching.Problem], small: int) -> None:
    problems = [rebuilt(one, group_split_cost=problems[0].group_split_cost) for one in problems]
    expected = sum(matching.solve(one).cost for one in problems)
    whole = side_by_side(problems)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "SMALL_ARCS", small)
        plan, again = matching.solve(whole), matching.solve(whole)
    assert matching.broken_limits(whole, plan.arc_of_wish) == []
    assert (plan.cost, plan.lower_bound) == (expected, expected)
    assert again.taker_of_wish.tolist() == plan.taker_of_wish.tolist()


def test_parts_share_no_wish_no_taker_no_parent_and_no_group() -> None:
    problem = matching.Problem(
        [0, 1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 1, 90], wish_count=8, taker_count_cap=[1] * 8,
        taker_parent=[7, 7, -1, -1, -1, -1, -1, -1], wish_penalty=50, wish_group=[-1, -1, 3, 3, -1, -1, -1, -1],
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "SMALL_ARCS", 0)
        found = parts.parts_of(task_of(problem))
    # Branch 7 joins takers 0 and 1, the siblings join 2 and 3; wish 6 costs more than it is worth, wish 7 knows nobody.
    assert [one.wishes.tolist() for one in found] == [[0, 1], [2, 3], [4], [5]]
    assert [one.takers.tolist() for one in found] == [[0, 1, 7], [2, 3], [4], [5]]
