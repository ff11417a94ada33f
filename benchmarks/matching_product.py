"""Campaigns with budgets: the pledged kind (some budgets tight) and one where every limit binds, with groups.

    python -m benchmarks.matching_product [--seconds 60] [--seed 0]

Prints cost, proved bound, gap, seconds, and the wishes left. Every plan is checked against all limits.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import matching
from benchmarks.matching_instances import campaign, crowded, product


def main() -> None:
    """Run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    solve = matching.solve  # its solvers are imported with this name, before the clock runs
    rows: list[tuple[str, Callable[[], matching.Problem], float]] = [
        ("campaign, 5 s", lambda: campaign(seed=asked.seed), 5.0),
        ("all binds", lambda: product(seed=asked.seed, grouped=False), asked.seconds),
        ("all binds, groups", lambda: product(seed=asked.seed), asked.seconds),
        ("crowded, groups", lambda: crowded(seed=asked.seed), asked.seconds),
    ]
    print("instance                  cost        bound   gap %  seconds    cpu    left")
    for name, make, seconds in rows:
        problem = make()
        began, cpu = time.perf_counter(), time.process_time()
        plan = solve(problem, time_limit_s=seconds, seed=asked.seed)
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        broken = matching.broken_limits(problem, plan.arc_of_wish)
        if broken:
            raise RuntimeError(f"{name}: {broken}")
        left = int((plan.taker_of_wish < 0).sum())
        print(
            f"{name:20s} {plan.cost:10,d} {plan.lower_bound:12,d} {100 * plan.gap:7.3f} {took:8.1f} {cpu:6.1f} {left:7d}",
            flush=True,
        )


if __name__ == "__main__":
    main()
