"""A problem that cannot be meant so is refused before any work, with the field and the first offending index."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import matching

GOOD: dict[str, Any] = {
    "arc_wish": [0, 0, 1, 2],
    "arc_taker": [0, 1, 1, 0],
    "arc_cost": [5, 6, 7, 8],
    "arc_spend": [1, 2, 3, 4],
    "wish_count": 3,
    "taker_count_cap": [2, 2],
    "taker_spend_cap": [5, 5],
    "taker_parent": [-1, 0],
    "wish_penalty": [50, 60, 70],
    "wish_group": [0, 0, -1],
    "current": [-1, 0, 1],
    "switch_cost": [1, 1, 1],
    "forbidden": [False, False, False, True],
    "group_split_cost": 3,
}

BAD: list[tuple[str, Any, int | None]] = [
    ("arc_wish", [0, 3, 1, 5], 1),
    ("arc_wish", [0, 0, -1, 2], 2),
    ("arc_wish", [0, 0, 1.5, 2], 2),
    ("arc_wish", [0, 0, 1, "2"], 0),
    ("arc_wish", [[0, 0, 1, 2]], None),
    ("arc_wish", [True, False, True, False], None),
    ("arc_taker", [0, 1, 1, 2], 3),
    ("arc_taker", [0, -1, 1, 0], 1),
    ("arc_taker", [0, 1, 1], 3),
    ("arc_taker", [0, 1, 1, 0, 0], 4),
    ("arc_taker", [0, 0, 1, 0], 1),
    ("arc_cost", [5, float("nan"), 7, 8], 1),
    ("arc_cost", [5, 6, float("inf"), 8], 2),
    ("arc_cost", [5, 6, 7, 2**61], 3),
    ("arc_cost", [5, -(2**62), 7, 8], 1),
    ("arc_cost", [5, 6, 2**63, 8], 2),
    ("arc_cost", np.array([5, 6, 7, 2**64 - 1], dtype=np.uint64), 3),
    ("arc_cost", [5, 6, 2**70, 8], 2),
    ("arc_cost", [5, None, 7, 8], 1),
    ("arc_spend", [1, 2, -3, 4], 2),
    ("arc_spend", [1, 2, float("nan"), 4], 2),
    ("arc_spend", [1, 2, 3, 2**62], 3),
    ("wish_count", 0, None),
    ("wish_count", -1, None),
    ("wish_count", 2.5, None),
    ("wish_count", True, None),
    ("taker_count_cap", [2, -1], 1),
    ("taker_count_cap", [], None),
    ("taker_count_cap", 5, None),
    ("taker_spend_cap", [-5, 5], 0),
    ("taker_spend_cap", [5], 1),
    ("taker_spend_cap", [5, float("nan")], 1),
    ("taker_parent", [-1, 2], 1),
    ("taker_parent", [-2, 0], 0),
    ("taker_parent", [1, 0], 0),
    ("taker_parent", [-1, 1], 1),
    ("wish_penalty", float("nan"), 0),
    ("wish_penalty", [50, 60], 2),
    ("wish_penalty", [50, 2**62, 70], 1),
    ("wish_group", [0, -2, 0], 1),
    ("wish_group", [0, 0], 2),
    ("group_split_cost", -1, None),
    ("group_split_cost", 2**62, None),
    ("current", [-1, 0, 2], 2),
    ("current", [-2, 0, 1], 0),
    ("switch_cost", [1, -1, 1], 1),
    ("switch_cost", [1, 1, 2**61], 2),
    ("switch_cost", -4, 0),
    ("forbidden", [False, True], None),
    ("forbidden", [0, 1, 2, 0], 2),
]


def test_the_good_problem_is_good() -> None:
    assert matching.solve(matching.Problem(**GOOD)).problem.wish_count == 3


@pytest.mark.parametrize(("field", "value", "index"), BAD, ids=lambda value: str(value)[:30])
def test_error_names_the_field_and_the_first_offending_index(field: str, value: object, index: int | None) -> None:
    with pytest.raises(matching.ProblemError) as caught:
        matching.Problem(**(GOOD | {field: value}))
    assert (caught.value.field, caught.value.index) == (field, index)
    assert str(caught.value).startswith(field if index is None else f"{field}[{index}] ")


def test_duplicate_names_both_arcs() -> None:
    with pytest.raises(matching.ProblemError, match=r"arc_taker\[3\] repeats arc 1: wish 4, taker 1"):
        matching.Problem([2, 4, 0, 4, 4], [1] * 5, [0] * 5, wish_count=5, taker_count_cap=[1, 1], wish_penalty=1)


def test_no_arcs_at_all_leaves_every_wish_and_names_them() -> None:
    plan = matching.solve(matching.Problem([], [], [], wish_count=3, taker_count_cap=[1], wish_penalty=7))
    assert plan.taker_of_wish.tolist() == [-1, -1, -1]
    assert (plan.cost, plan.optimal) == (21, True)
    assert [part.wishes.tolist() for part in plan.infeasible] == [[0, 1, 2]]


def test_whole_floats_and_small_integer_types_are_read_as_what_they_mean() -> None:
    small = {name: np.array(GOOD[name], dtype=np.int8) for name in ("arc_wish", "arc_taker", "taker_parent")}
    floats = {"arc_cost": [5.0, 6.0, 7.0, 8.0], "wish_penalty": 50.0, "forbidden": [0, 0, 0, 1]}
    expected = matching.solve(matching.Problem(**(GOOD | {"wish_penalty": 50})))
    assert matching.solve(matching.Problem(**(GOOD | small | floats))).cost == expected.cost


def test_the_callers_arrays_are_neither_changed_nor_changeable_through_the_problem() -> None:
    cost = np.array([5, 6, 7, 8])
    problem = matching.Problem(**(GOOD | {"arc_cost": cost}))
    with pytest.raises(ValueError, match="read-only"):
        problem.arc_cost[0] = 1
    cost[0] = 4
    assert cost.flags.writeable
