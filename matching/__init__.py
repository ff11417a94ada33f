"""Matching wishes to takers over numpy arrays: `Problem` in, `solve`, `Plan` out. It knows no people and no storage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matching.plan import Left, Plan, broken_limits, cost_of
from matching.problem import UNLIMITED, Problem
from matching.reading import ProblemError
from matching.shortage import Shortage

if TYPE_CHECKING:
    from matching.solver import solve

__all__ = ["UNLIMITED", "Left", "Plan", "Problem", "ProblemError", "Shortage", "broken_limits", "cost_of", "solve"]


def __getattr__(name: str) -> Any:
    # The solvers behind `solve` take seconds to import; whoever only reads plans and problems need not wait for them.
    if name == "solve":
        from matching.solver import solve

        return solve
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
