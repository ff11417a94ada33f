"""Which pairs an optimal plan is likely to use, found on classes of wishes instead of on wishes: a flow a hundred times smaller."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def likely_pairs(
    cost: Ints, allowed: Mask, supply: Ints, leave: Ints, count_cap: Ints, parent: Ints, *, most_arcs: int = 1_000_000
) -> tuple[Ints, Ints]:
    """Classes and takers between which a cheapest plan by count alone sends wishes.

    cost, allowed: (K, T). supply: (K,) wishes of each class; leave: (K,) what leaving one costs. count_cap: (T,);
    parent: (T,), -1 = none, one level. Where more than *most_arcs* pairs are allowed, each class keeps its cheapest.
    """
    from ortools.graph.python import min_cost_flow

    classes, takers = cost.shape
    shown = allowed
    if int(allowed.sum()) > most_arcs:
        few = max(1, most_arcs // classes)
        dear = np.where(allowed, cost, np.iinfo(np.int64).max)
        limit = np.partition(dear, few - 1, axis=1)[:, few - 1 : few]
        shown = allowed & (cost <= limit)
    k, t = np.nonzero(shown)
    total = int(supply.sum())
    sink = classes + takers
    own = np.arange(takers)
    up = np.where(parent >= 0, parent + classes, sink)
    flow = min_cost_flow.SimpleMinCostFlow()
    handles = flow.add_arcs_with_capacity_and_unit_cost(
        np.concatenate([k, own + classes, np.arange(classes)]).astype(np.int32),
        np.concatenate([t + classes, up, np.full(classes, sink)]).astype(np.int32),
        np.concatenate([supply[k], np.minimum(count_cap, total), supply]).astype(np.int64),
        np.concatenate([cost[k, t], np.zeros(takers, dtype=np.int64), leave]).astype(np.int64),
    )
    flow.set_nodes_supplies(
        np.concatenate([np.arange(classes), [sink]]).astype(np.int32),
        np.concatenate([supply, [-total]]).astype(np.int64),
    )
    if flow.solve() != flow.OPTIMAL:  # everything can be left, so this is a broken library, not a hard problem
        raise RuntimeError("the flow between classes and takers was not solved")
    used = flow.flows(handles[: len(k)]) > 0
    return k[used].astype(np.int64), t[used].astype(np.int64)
