"""Loading the compiled parts ahead of a process's first plan."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
from matching.ready import begin_loading
begin_loading().join()
from matching import exchange
before = len(exchange._search.signatures)

import numpy as np
from matching import Problem
from matching.quick import quick_plan
rng = np.random.default_rng(1)
wish = np.repeat(np.arange(60), 4)
problem = Problem(
    wish, rng.permuted(np.tile(np.arange(12), (60, 1)), axis=1)[:, :4].ravel(), rng.integers(1, 50, 240),
    arc_spend=rng.integers(1, 9, 240), wish_count=60, taker_count_cap=np.full(12, 6), taker_spend_cap=np.full(12, 24),
    taker_parent=np.repeat([-1, 0], 6), wish_penalty=np.full(60, 99), wish_group=np.arange(60) // 3, group_split_cost=7,
)
quick_plan(problem)
print(before, len(exchange._search.signatures))
"""


def test_what_is_loaded_ahead_is_what_a_plan_needs() -> None:
    """A second signature would mean that the first plan waits for another compilation after all."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "1"]
