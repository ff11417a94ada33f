"""Count limits and nesting only: a min-cost flow, solved exactly.

Wishes flow along one arc each to a taker, from there up its parents to the sink; or straight to the sink at the price
of the penalty. OR-Tools' cost-scaling push-relabel through its array interface; the duals are computed here.
"""

from __future__ import annotations

import numpy as np

from matching.problem import Ints, Mask, Problem


def solve_flow(problem: Problem, arc_cost: Ints, penalty: Ints, usable: Mask | None = None) -> Ints:
    """The cheapest plan within the count limits, as the arc of each wish (W,), -1 = left.

    arc_cost (A,), penalty (W,): what to minimise (`Problem.effective_costs`, perhaps with prices added).
    usable: bool (A,), arcs that may be used; None = all. Budgets and groups are ignored.
    """
    from ortools.graph.python import min_cost_flow

    wishes, takers = problem.wish_count, problem.taker_count
    sink = wishes + takers
    # An arc dearer than leaving the wish is in no optimal plan.
    keep = arc_cost <= penalty[problem.arc_wish]
    if usable is not None:
        keep &= usable
    arcs = np.flatnonzero(keep)
    kept = len(arcs)
    whole = kept == len(keep)

    tail = np.empty(kept + takers + wishes, dtype=np.int32)
    head = np.empty_like(tail)
    capacity = np.ones(len(tail), dtype=np.int64)
    cost = np.zeros(len(tail), dtype=np.int64)
    tail[:kept] = problem.arc_wish if whole else problem.arc_wish[arcs]
    head[:kept] = problem.arc_taker if whole else problem.arc_taker[arcs]
    head[:kept] += wishes
    cost[:kept] = arc_cost if whole else arc_cost[arcs]
    tail[kept : kept + takers] = np.arange(wishes, sink)
    head[kept : kept + takers] = sink
    if problem.taker_parent is not None:
        inside = problem.taker_parent >= 0
        head[kept : kept + takers][inside] = wishes + problem.taker_parent[inside]
    capacity[kept : kept + takers] = np.minimum(problem.taker_count_cap, wishes)
    tail[kept + takers :] = np.arange(wishes)
    head[kept + takers :] = sink
    cost[kept + takers :] = penalty

    solver = min_cost_flow.SimpleMinCostFlow()
    handles = solver.add_arcs_with_capacity_and_unit_cost(tail, head, capacity, cost)
    del tail, head, capacity, cost
    supply = np.ones(wishes + 1, dtype=np.int64)
    supply[wishes] = -wishes
    nodes = np.arange(wishes + 1, dtype=np.int32)
    nodes[wishes] = sink
    solver.set_nodes_supplies(nodes, supply)
    status = solver.solve()
    if status != solver.OPTIMAL:
        # Every wish can go to the sink and the costs were checked, so this is a broken library, not a hard problem.
        raise RuntimeError(f"min-cost flow ended with {status}")
    used = solver.flows(handles[:kept]) > 0
    chosen = np.full(wishes, -1, dtype=np.int64)
    picked = arcs[used]
    chosen[problem.arc_wish[picked]] = picked
    return chosen


def count_prices(
    problem: Problem, arc_cost: Ints, penalty: Ints, arc_of_wish: Ints, usable: Mask | None = None
) -> tuple[Ints, Ints] | None:
    """The least prices of an optimal plan: per taker (T,) what one more place is worth, per wish (W,) what it costs.

    Bellman-Ford over the residual graph, from the sink, only from wishes whose cost just rose. A taker's total price
    (its own and its parents') is the least that keeps every wish elsewhere from preferring it.
    None if the prices do not settle: then the plan is not optimal. Wish price = min(penalty, arc cost + total price).
    """
    takers = problem.taker_count
    arc_ok = arc_cost <= penalty[problem.arc_wish]
    if usable is not None:
        arc_ok &= usable
    arcs = np.flatnonzero(arc_ok)
    order = np.argsort(problem.arc_wish[arcs], kind="stable")
    arcs = arcs[order]
    to, cost = problem.arc_taker[arcs], arc_cost[arcs]
    start = np.searchsorted(problem.arc_wish[arcs], np.arange(problem.wish_count + 1))

    served = np.flatnonzero(arc_of_wish >= 0)
    with_taker = np.full(problem.wish_count, -1, dtype=np.int64)
    with_taker[served] = problem.arc_taker[arc_of_wish[served]]
    held = penalty.copy()
    held[served] = arc_cost[arc_of_wish[served]]
    by_taker = served[np.argsort(with_taker[served], kind="stable")]
    first = np.searchsorted(with_taker[by_taker], np.arange(takers + 1))

    total = np.zeros(takers, dtype=np.int64)
    slack = problem.used(arc_of_wish)[0] < problem.taker_count_cap
    top = np.ones(takers, dtype=np.bool_) if problem.taker_parent is None else problem.taker_parent < 0
    front = np.arange(problem.wish_count)
    value = held.copy()
    for _ in range(2 * takers + 4):
        if len(front) == 0:
            return _split_prices(problem, total), value
        spots = _ranges(start[front], start[front + 1])
        gain = np.repeat(value[front], start[front + 1] - start[front]) - cost[spots]
        raised = total.copy()
        np.maximum.at(raised, to[spots], gain)
        raised = _level(problem, raised, slack)
        changed = np.flatnonzero(raised > total)
        total = raised
        front = by_taker[_ranges(first[changed], first[changed + 1])]
        value[front] = held[front] + total[with_taker[front]]
        if len(front) and bool((value[front] > penalty[front]).any()):
            return None
        if bool((slack & top & (total > 0)).any()):
            return None
    return None


def _ranges(low: Ints, high: Ints) -> Ints:
    """The numbers low[0] … high[0]-1, low[1] … high[1]-1, … one after the other."""
    size = high - low
    ends = np.cumsum(size)
    if len(ends) == 0 or ends[-1] == 0:
        return np.zeros(0, dtype=np.int64)
    spots: Ints = np.arange(ends[-1]) + np.repeat(low - (ends - size), size)
    return spots


def _level(problem: Problem, total: Ints, slack: Mask) -> Ints:
    """Raise total prices so that no taker is cheaper than its parent, and none with room dearer than its parent."""
    if problem.taker_parent is None:
        return total
    parent = problem.taker_parent
    for level in problem.levels:
        roomy = level[slack[level]]
        np.maximum.at(total, parent[roomy], total[roomy])
    for level in reversed(problem.levels):
        total[level] = np.maximum(total[level], total[parent[level]])
    return total


def _split_prices(problem: Problem, total: Ints) -> Ints:
    """Own price of each taker from the totals along its parents."""
    if problem.taker_parent is None:
        return total
    inside = problem.taker_parent >= 0
    own = total.copy()
    own[inside] -= total[problem.taker_parent[inside]]
    return own
