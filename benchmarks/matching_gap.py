"""Generalised assignment: `solve` on instances made by the published rules, against HiGHS on the same instance.

    python -m benchmarks.matching_gap [--kinds CDE] [--sizes 5x100,20x200,80x1600] [--seconds 60] [--highs 60] [--seed 0]

Gaps are to the best bound proved in this run (ours or HiGHS'), so they overstate the distance to the best plan by what
the bound lacks: on D with few jobs per agent about half a percent.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

import matching
from benchmarks.matching_instances import assignment

ALL_SIZES = "5x100,10x100,20x100,5x200,10x200,20x200,10x400,20x400,40x400,15x900,30x900,60x900,20x1600,40x1600,80x1600"


def highs(problem: matching.Problem, seconds: float) -> tuple[float, float]:
    """Cost of HiGHS' best plan (inf = none) and its bound; every job done exactly once."""
    arcs, jobs = len(problem.arc_wish), problem.wish_count
    assert problem.arc_spend is not None and problem.taker_spend_cap is not None
    once = csr_matrix((np.ones(arcs), (problem.arc_wish, np.arange(arcs))))
    load = csr_matrix((problem.arc_spend.astype(float), (problem.arc_taker, np.arange(arcs))))
    result = milp(
        problem.arc_cost.astype(float),
        constraints=[
            LinearConstraint(once, np.ones(jobs), np.ones(jobs)),
            LinearConstraint(load, -np.inf, problem.taker_spend_cap.astype(float)),
        ],
        integrality=np.ones(arcs),
        bounds=Bounds(0, 1),
        options={"time_limit": seconds},
    )
    bound = -np.inf if result.mip_dual_bound is None else float(np.ceil(result.mip_dual_bound - 1e-6))
    return (np.inf if result.x is None else float(round(result.fun))), bound


def main() -> None:
    """Run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", default="CDE")
    parser.add_argument("--sizes", default=ALL_SIZES)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--highs", type=float, default=60, help="seconds for HiGHS")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    solve = matching.solve  # its solvers are imported with this name, before the clock runs
    print("instance        solve     bound   HiGHS  HiGHS bound  gap %  HiGHS gap %  seconds    cpu  undone")
    gaps = []
    for kind in asked.kinds:
        for size in asked.sizes.split(","):
            agents, jobs = (int(part) for part in size.split("x"))
            problem = assignment(kind, agents, jobs, asked.seed)
            began, cpu = time.perf_counter(), time.process_time()
            plan = solve(problem, time_limit_s=asked.seconds, seed=asked.seed)
            seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
            broken = matching.broken_limits(problem, plan.arc_of_wish)
            if broken:
                raise RuntimeError(f"{kind} {size}: {broken}")
            other, other_bound = highs(problem, asked.highs)
            bound = max(plan.lower_bound, other_bound)
            gaps.append(plan.cost / bound - 1)
            print(
                f"{kind} {size:9s} {plan.cost:9d} {plan.lower_bound:9d} {other:7.0f} {other_bound:12.0f}"
                f" {100 * gaps[-1]:6.3f} {100 * (other / bound - 1):12.3f} {seconds:8.1f} {cpu:6.1f}"
                f" {int((plan.taker_of_wish < 0).sum()):7d}",
                flush=True,
            )
    print(f"mean {100 * np.mean(gaps):.3f} %, worst {100 * np.max(gaps):.3f} %")


if __name__ == "__main__":
    main()
