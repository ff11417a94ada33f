"""Loading the compiled parts before they are needed: a process's first plan would otherwise wait for them."""

from __future__ import annotations

import threading
from functools import cache

import numpy as np

from matching.problem import Problem


@cache
def begin_loading() -> threading.Thread:
    """Load them in a thread of its own, once a process; answers the thread. Nobody has to wait for it: whoever needs
    the parts meanwhile waits for what is still missing and no longer."""
    thread = threading.Thread(target=load, name="matching-parts", daemon=True)
    thread.start()
    return thread


def load() -> None:
    """Import the flow solver and numba, and bring in the compiled exchange by mending the smallest plan there is."""
    from ortools.graph.python import min_cost_flow

    from matching.exchange import exchange

    one = Problem(
        [0], [0], [1], arc_spend=[1], wish_count=1, taker_count_cap=[1], taker_spend_cap=[1], wish_penalty=[2]
    )
    exchange(one, np.array([0]), np.array([0]), owner=np.array([0]), group_cost=0, passes=1, seed=0)
    min_cost_flow.SimpleMinCostFlow()
