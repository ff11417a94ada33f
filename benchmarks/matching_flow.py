"""Count limits: `solve` against OR-Tools' min-cost flow called bare on the same arrays.

    python -m benchmarks.matching_flow [--sizes small,middle,large] [--seed 0]

Prints seconds of both, their ratio, the cost of both, the proved gap and the peak memory of each process. Each run is a
process of its own, so that neither warms nor loads the other.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np
from ortools.graph.python import min_cost_flow

import matching
from benchmarks.matching_instances import transport

SIZES = {"small": (10_000, 1_100, 30), "middle": (200_000, 20_000, 20), "large": (1_000_000, 100_000, 10)}
AT_MOST = {"small": 1.25, "middle": 1.0, "large": 0.6}


def bare(problem: matching.Problem) -> int:
    """The optimum by OR-Tools as its documentation calls it."""
    wishes, takers = problem.wish_count, problem.taker_count
    solver = min_cost_flow.SimpleMinCostFlow()
    tail = np.concatenate([problem.arc_wish, np.arange(wishes, wishes + takers), np.arange(wishes)])
    head = np.concatenate([problem.arc_taker + wishes, np.full(takers + wishes, wishes + takers)])
    capacity = np.concatenate(
        [np.ones(len(problem.arc_wish), dtype=np.int64), problem.taker_count_cap, np.ones(wishes, dtype=np.int64)]
    )
    cost = np.concatenate([problem.arc_cost, np.zeros(takers, dtype=np.int64), problem.wish_penalty])
    arcs = solver.add_arcs_with_capacity_and_unit_cost(tail, head, capacity, cost)
    solver.set_nodes_supplies(np.arange(wishes), np.ones(wishes, dtype=np.int64))
    solver.set_node_supply(wishes + takers, -wishes)
    if solver.solve() != solver.OPTIMAL:
        raise RuntimeError("OR-Tools found no optimum")
    solver.flows(arcs)
    return int(solver.optimal_cost())


def one(size: str, which: str, seed: int) -> None:
    """Run one solver on one instance and print its figures as JSON."""
    problem = transport(*SIZES[size], seed)
    fields = (problem.arc_wish, problem.arc_taker, problem.arc_cost)
    rest = {"wish_count": problem.wish_count, "taker_count_cap": problem.taker_count_cap}
    solve = matching.solve  # its solvers are imported with this name, as the bare one's are at the top
    began, cpu = time.perf_counter(), time.process_time()
    if which == "bare":
        cost, gap = bare(problem), 0.0
    else:
        plan = solve(matching.Problem(*fields, **rest, wish_penalty=problem.wish_penalty))
        cost, gap = plan.cost, plan.gap
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "cpu": cpu, "cost": cost, "gap": gap, "memory_mb": memory_mb}))


def main() -> None:
    """Run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="small,middle,large")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        one(*asked.one, asked.seed)
        return
    print(
        "instance                    bare s  solve s  ratio (cpu)  at most   bare cost   solve cost  gap %   MB bare/solve"
    )
    for size in asked.sizes.split(","):
        result = {}
        for which in ("bare", "solve"):
            command = [
                sys.executable,
                "-m",
                "benchmarks.matching_flow",
                "--seed",
                str(asked.seed),
                "--one",
                size,
                which,
            ]
            result[which] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        b, s = result["bare"], result["solve"]
        print(
            f"{'{:,} x {:,} x {}'.format(*SIZES[size]):26s} {b['seconds']:7.2f} {s['seconds']:8.2f}"
            f" {s['seconds'] / b['seconds']:6.2f} ({s['cpu'] / b['cpu']:4.2f}) {AT_MOST[size]:8.2f}"
            f" {b['cost']:12,d} {s['cost']:12,d} {100 * s['gap']:6.3f} {b['memory_mb']:8.0f}/{s['memory_mb']:.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
