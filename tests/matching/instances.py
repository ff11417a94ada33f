"""Small random problems for property tests, and the same problem with one thing changed."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import matching

FIELDS = (
    "arc_wish",
    "arc_taker",
    "arc_cost",
    "arc_spend",
    "wish_count",
    "taker_count_cap",
    "taker_spend_cap",
    "taker_parent",
    "wish_penalty",
    "wish_group",
    "group_split_cost",
    "current",
    "forbidden",
)


def rebuilt(problem: matching.Problem, **changed: Any) -> matching.Problem:
    """The same problem but for the fields given."""
    fields = {name: getattr(problem, name) for name in FIELDS}
    fields["switch_cost"] = 0 if problem.switch_cost is None else problem.switch_cost
    return matching.Problem(**(fields | changed))


@st.composite
def small_problems(
    draw: st.DrawFn,
    *,
    nested: bool = False,
    budgets: bool = False,
    groups: bool = False,
    most_wishes: int = 6,
    most_takers: int = 5,
) -> matching.Problem:
    """Up to 6 wishes and 5 takers with random arcs, costs, limits; switch costs and forbidden arcs now and then."""
    wishes = draw(st.integers(1, most_wishes))
    takers = draw(st.integers(1, most_takers))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    density = draw(st.sampled_from([0.3, 0.7, 1.0]))
    arc_wish, arc_taker = np.nonzero(rng.random((wishes, takers)) < density)
    shuffle = rng.permutation(len(arc_wish))
    arc_wish, arc_taker = arc_wish[shuffle], arc_taker[shuffle]
    arcs = len(arc_wish)
    spread = draw(st.sampled_from([3, 30]))
    group = None
    if groups:
        group = rng.integers(-1, max(1, wishes // 2), wishes)
    return matching.Problem(
        arc_wish,
        arc_taker,
        rng.integers(-2, spread, arcs),
        rng.integers(0, 10, arcs) if budgets else None,
        wish_count=wishes,
        taker_count_cap=rng.integers(0, 4, takers),
        taker_spend_cap=rng.integers(0, 25, takers) if budgets else None,
        # A parent with a smaller number than its children rules out cycles.
        taker_parent=[int(rng.integers(-1, t)) for t in range(takers)] if nested else None,
        wish_penalty=rng.integers(0, 2 * spread, wishes),
        wish_group=group,
        group_split_cost=draw(st.sampled_from([None, 0, 2, 15])) if groups else None,
        current=rng.integers(-1, takers, wishes) if draw(st.booleans()) else None,
        switch_cost=rng.integers(0, 5, wishes),
        forbidden=rng.random(arcs) < 0.1 if draw(st.booleans()) else None,
    )


def flat_problems() -> st.SearchStrategy[matching.Problem]:
    """Count limits only."""
    return small_problems()


def nested_problems() -> st.SearchStrategy[matching.Problem]:
    """Count limits, takers inside takers to any depth."""
    return small_problems(nested=True)


def whole_problems() -> st.SearchStrategy[matching.Problem]:
    """Everything at once: nesting, budgets, groups."""
    return small_problems(nested=True, budgets=True, groups=True)
