"""Matching wishes to takers over numpy arrays: `Problem` in, `solve`, `Plan` out. It knows no people and no storage."""

from matching.plan import Left, Plan, broken_limits, cost_of
from matching.problem import UNLIMITED, Problem
from matching.reading import ProblemError
from matching.shortage import Shortage
from matching.solver import solve

__all__ = ["UNLIMITED", "Left", "Plan", "Problem", "ProblemError", "Shortage", "broken_limits", "cost_of", "solve"]
