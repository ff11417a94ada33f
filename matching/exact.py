"""Small problems whole, as one mixed-integer program for HiGHS: budgets, groups and all, proved to the last unit."""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

from matching.problem import UNLIMITED, Ints, Mask, Problem

_NODES = 20_000


class _Rows:
    """Sparse rows `sum of values x columns <= right`, collected piece by piece."""

    def __init__(self) -> None:
        self.row: list[Ints] = []
        self.column: list[Ints] = []
        self.value: list[np.ndarray] = []
        self.right: list[np.ndarray] = []
        self.height = 0

    def add(self, row: Ints, column: Ints, value: np.ndarray, right: np.ndarray) -> None:
        self.row.append(row + self.height)
        self.column.append(column)
        self.value.append(value.astype(np.float64))
        self.right.append(right.astype(np.float64))
        self.height += len(right)

    def constraint(self, width: int) -> LinearConstraint:
        right = np.concatenate(self.right)
        matrix = csr_matrix(
            (np.concatenate(self.value), (np.concatenate(self.row), np.concatenate(self.column))),
            shape=(self.height, width),
        )
        keep = np.flatnonzero((np.diff(matrix.indptr) > 0) & np.isfinite(right))
        return LinearConstraint(matrix[keep], -np.inf, right[keep])


def solve_exactly(
    problem: Problem, arc_cost: Ints, penalty: Ints, usable: Mask, limit_s: float | None
) -> tuple[Ints, int] | None:
    """The arc of each wish (W,) and a proved lower bound; None if HiGHS found nothing within its nodes or time.

    The plan may break a budget by HiGHS' tolerance when spends are beyond about 1e6 units: check it.
    """
    arcs = np.flatnonzero(usable & (arc_cost < penalty[problem.arc_wish]))
    if len(arcs) == 0:
        return np.full(problem.wish_count, -1, dtype=np.int64), int(penalty.sum())
    wish = problem.arc_wish[arcs]
    rows = _Rows()
    one = np.ones(len(arcs))
    rows.add(wish, np.arange(len(arcs)), one, np.ones(problem.wish_count))
    _add_limits(problem, arcs, rows)
    extra = _add_groups(problem, arcs, rows)
    width = len(arcs) + len(extra)
    # Group variables settle themselves once the arcs are whole.
    whole = np.concatenate([np.ones(len(arcs)), np.zeros(len(extra))])
    options: dict[str, float] = {"mip_rel_gap": 0.0, "node_limit": _NODES}
    if limit_s is not None:
        options["time_limit"] = max(0.01, limit_s)
    result = milp(
        np.concatenate([(arc_cost[arcs] - penalty[wish]).astype(np.float64), extra]),
        constraints=rows.constraint(width),
        integrality=whole,
        bounds=Bounds(0, np.where(whole > 0, 1, np.inf)),
        options=options,
    )
    if result.x is None or result.mip_dual_bound is None or not np.isfinite(result.mip_dual_bound):
        return None
    chosen = np.full(problem.wish_count, -1, dtype=np.int64)
    used = np.flatnonzero(result.x[: len(arcs)] > 0.5)
    chosen[wish[used]] = arcs[used]
    slip = 1e-6 + 1e-9 * float(np.abs(arc_cost[arcs] - penalty[wish]).sum())
    return chosen, int(penalty.sum()) + int(np.ceil(result.mip_dual_bound - slip))


def _add_limits(problem: Problem, arcs: Ints, rows: _Rows) -> None:
    count_cap = np.where(problem.taker_count_cap == UNLIMITED, np.inf, problem.taker_count_cap.astype(np.float64))
    spend_cap = None
    if problem.taker_spend_cap is not None and problem.arc_spend is not None:
        spend_cap = np.where(problem.taker_spend_cap == UNLIMITED, np.inf, problem.taker_spend_cap.astype(np.float64))
    at, column = [problem.arc_taker[arcs]], [np.arange(len(arcs))]
    while problem.taker_parent is not None:
        above = problem.taker_parent[at[-1]]
        if not bool((above >= 0).any()):
            break
        column.append(column[-1][above >= 0])
        at.append(above[above >= 0])
    row, col = np.concatenate(at), np.concatenate(column)
    rows.add(row, col, np.ones(len(row)), count_cap)
    if spend_cap is not None and problem.arc_spend is not None:
        rows.add(row, col, problem.arc_spend[arcs[col]], spend_cap)


def _add_groups(problem: Problem, arcs: Ints, rows: _Rows) -> np.ndarray:
    """A variable for "this group uses this taker", and for takers beyond the first; their costs."""
    if not problem.has_groups() or problem.wish_group is None:
        return np.zeros(0)
    group_of_arc = problem.wish_group[problem.arc_wish[arcs]]
    inside = np.flatnonzero(group_of_arc >= 0)
    if len(inside) == 0:
        return np.zeros(0)
    _, group = np.unique(group_of_arc[inside], return_inverse=True)
    pairs, pair = np.unique(group * problem.taker_count + problem.arc_taker[arcs[inside]], return_inverse=True)
    groups = int(group.max()) + 1
    pair_column, split_column = len(arcs) + np.arange(len(pairs)), len(arcs) + len(pairs) + np.arange(groups)
    row = np.arange(len(inside))
    rows.add(
        np.concatenate([row, row]),
        np.concatenate([inside, pair_column[pair]]),
        np.concatenate([np.ones(len(inside)), -np.ones(len(inside))]),
        np.zeros(len(inside)),
    )
    owner = pairs // problem.taker_count
    split = [owner], [pair_column], [np.ones(len(pairs))]
    if problem.group_split_cost is None:
        rows.add(owner, pair_column, np.ones(len(pairs)), np.ones(groups))
        return np.zeros(len(pairs))
    rows.add(
        np.concatenate([*split[0], np.arange(groups)]),
        np.concatenate([*split[1], split_column]),
        np.concatenate([*split[2], -np.ones(groups)]),
        np.ones(groups),
    )
    return np.concatenate([np.zeros(len(pairs)), np.full(groups, float(problem.group_split_cost))])
