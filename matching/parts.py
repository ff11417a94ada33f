"""Problems that fall apart: what shares no wish, taker, branch or group is solved on its own, and the plans are joined.

The plan and the bound of the whole are the sums of the parts'. A part that is best already stays as it is; small parts are
solved two at a time, large ones one after the other, because their search keeps two processors busy by itself.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from matching.budgets import SMALL_ARCS, Found, Task, solve_with_budgets
from matching.deadline import Deadline
from matching.plan import broken_limits, cost_of
from matching.prices import Prices, prove
from matching.problem import COST_ROOM, Ints, Problem


@dataclass(frozen=True, eq=False)
class Part:
    """A part as a task of its own, and the numbers that its wishes, takers and arcs have in the whole."""

    task: Task
    wishes: Ints
    takers: Ints
    arcs: Ints


def parts_of(task: Task) -> list[Part]:
    """The parts in order of their first wish, small ones put together up to what is solved exactly.

    Arcs that are in no best plan join nothing; wishes without any other are in no part.
    """
    problem = task.problem
    arcs = np.flatnonzero(task.usable & (task.arc_cost < task.penalty[problem.arc_wish]))
    label = _labels(problem, arcs)
    of_arc = label[problem.arc_wish[arcs]]
    numbers, first = np.unique(of_arc, return_index=True)
    size = np.bincount(of_arc)[numbers]
    bundle = np.full(len(label), -1, dtype=np.int64)
    count, filled = -1, SMALL_ARCS
    for k in np.argsort(problem.arc_wish[arcs[first]], kind="stable").tolist():
        if filled + size[k] > SMALL_ARCS or count < 0:
            count, filled = count + 1, 0
        bundle[numbers[k]] = count
        filled += int(size[k])
    by_wish, by_taker = bundle[label[: problem.wish_count]], bundle[label[problem.wish_count :]]
    return [
        _part(task, arcs[bundle[of_arc] == k], np.flatnonzero(by_wish == k), np.flatnonzero(by_taker == k))
        for k in range(count + 1)
    ]


def _labels(problem: Problem, arcs: Ints) -> Ints:
    """The connected part of each wish and each taker (W + T,)."""
    nodes = problem.wish_count + problem.taker_count
    tail, head = [problem.arc_wish[arcs]], [problem.arc_taker[arcs] + problem.wish_count]
    if problem.taker_parent is not None:
        inside = np.flatnonzero(problem.taker_parent >= 0)
        tail.append(inside + problem.wish_count)
        head.append(problem.taker_parent[inside] + problem.wish_count)
    if problem.wish_group is not None and problem.has_groups():
        grouped = np.flatnonzero(problem.wish_group >= 0)
        _, first, group = np.unique(problem.wish_group[grouped], return_index=True, return_inverse=True)
        tail.append(grouped)
        head.append(grouped[first[group]])
    ends = np.concatenate(tail), np.concatenate(head)
    graph = csr_matrix((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(nodes, nodes))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _part(task: Task, arcs: Ints, wishes: Ints, takers: Ints) -> Part:
    problem = task.problem
    wish_at, taker_at = np.full(problem.wish_count, -1), np.full(problem.taker_count, -1)
    wish_at[wishes], taker_at[takers] = np.arange(len(wishes)), np.arange(len(takers))
    above = None
    if problem.taker_parent is not None:
        parent = problem.taker_parent[takers]
        above = np.where(parent >= 0, taker_at[np.maximum(parent, 0)], -1)
    # Costs have the price of switching in them already, so that the part needs to know of no current plan.
    own = Problem(
        wish_at[problem.arc_wish[arcs]],
        taker_at[problem.arc_taker[arcs]],
        task.arc_cost[arcs],
        None if problem.arc_spend is None else problem.arc_spend[arcs],
        wish_count=len(wishes),
        taker_count_cap=problem.taker_count_cap[takers],
        taker_spend_cap=None if problem.taker_spend_cap is None else problem.taker_spend_cap[takers],
        taker_parent=above,
        wish_penalty=task.penalty[wishes],
        wish_group=None if problem.wish_group is None else problem.wish_group[wishes],
        group_split_cost=problem.group_split_cost,
    )
    return Part(
        Task(own, task.arc_cost[arcs], task.penalty[wishes], np.ones(len(arcs), dtype=np.bool_)), wishes, takers, arcs
    )


def solve_parts(task: Task, relaxed_plan: Found, deadline: Deadline, seed: int) -> Found:
    """As `solve_with_budgets`, part by part."""
    dearest = max(int(np.abs(costs).max(initial=0)) for costs in (task.arc_cost, task.penalty))
    fits = dearest <= COST_ROOM // (task.problem.wish_count + task.problem.taker_count + 2)
    # With the price of switching in them, costs near the limit would be too large for a problem of their own.
    parts = parts_of(task) if fits else []
    if len(parts) < 2:
        return solve_with_budgets(task, relaxed_plan, deadline, seed)
    found = [_as_it_is(part, relaxed_plan) for part in parts]
    broken = [k for k, own in enumerate(found) if not _is_best(parts[k].task.problem, own)]
    small = [k for k in broken if len(parts[k].arcs) <= SMALL_ARCS]
    large = sorted((k for k in broken if len(parts[k].arcs) > SMALL_ARCS), key=lambda k: (len(parts[k].arcs), k))
    with ThreadPoolExecutor(2) as pool:
        solved = list(pool.map(lambda k: solve_with_budgets(parts[k].task, found[k], deadline, seed), small))
    for k, own in zip(small, solved, strict=True):
        found[k] = own
    for at, k in enumerate(large):
        waiting = sum(len(parts[other].arcs) for other in large[at:])
        share = Deadline(deadline.left_s(len(parts[k].arcs) / waiting))
        found[k] = solve_with_budgets(parts[k].task, found[k], share, seed)
    return _joined(task, parts, found)


def _as_it_is(part: Part, whole: Found) -> Found:
    """The part of a plan for the whole, with the bound that its prices prove."""
    problem = part.task.problem
    chosen = whole.arc_of_wish[part.wishes]
    at = np.minimum(np.searchsorted(part.arcs, chosen), len(part.arcs) - 1)
    own = np.where((chosen >= 0) & (part.arcs[at] == chosen), at, -1)
    prices = Prices(whole.prices.place[part.takers], whole.prices.money[part.takers])
    proof = prove(problem, part.task.arc_cost, part.task.penalty, part.task.usable, prices)
    return Found(own, proof.bound, prices, proof.wish_price)


def _is_best(problem: Problem, found: Found) -> bool:
    return not broken_limits(problem, found.arc_of_wish) and cost_of(problem, found.arc_of_wish) <= found.bound


def _joined(task: Task, parts: list[Part], found: list[Found]) -> Found:
    problem = task.problem
    arc_of_wish = np.full(problem.wish_count, -1, dtype=np.int64)
    wish_price = task.penalty.astype(np.float64)
    place, money = np.zeros(problem.taker_count), np.zeros(problem.taker_count)
    alone = np.ones(problem.wish_count, dtype=np.bool_)
    for part, own in zip(parts, found, strict=True):
        arc_of_wish[part.wishes] = np.where(own.arc_of_wish >= 0, part.arcs[np.maximum(own.arc_of_wish, 0)], -1)
        wish_price[part.wishes] = own.wish_price
        place[part.takers], money[part.takers] = own.prices.place, own.prices.money
        alone[part.wishes] = False
    bound = sum(own.bound for own in found) + int(task.penalty[alone].sum())
    return Found(arc_of_wish, bound, Prices(place, money), wish_price, any(own.limited for own in found))
