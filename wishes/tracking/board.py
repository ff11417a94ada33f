"""What the board draws: curves thinned to what an eye can tell apart, and the figures of a group. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np

from wishes.tracking.history import NOBODY, Grouping
from wishes.tracking.ledger import Lasting
from wishes.tracking.survival import Bools, Curve, Floats, Ints, kaplan_meier, kaplan_meier_by_minute

COUNTED_FROM = 20_000
"""From so many durations on they are taken to the minute: the board shows tenths of days."""


def curve(days: Floats, done: Bools) -> Curve:
    return (kaplan_meier if days.size < COUNTED_FROM else kaplan_meier_by_minute)(days, done)


def curves(lasting: Lasting, groups: Grouping, *, at_least: int = 1) -> dict[str, Curve]:
    """The curve of each group with at least so many wishes."""
    codes = groups.codes[lasting.wish]
    sizes = np.bincount(codes, minlength=len(groups.names))
    small = len(groups.names) < 2**15  # sixteen bits are sorted by their digits, in one pass over a million
    order = np.argsort(codes.astype(np.int16) if small else codes, kind="stable")
    cuts = np.concatenate(([0], np.cumsum(sizes)))
    found = {}
    for code in np.flatnonzero(sizes >= at_least):
        rows = order[cuts[code] : cuts[code + 1]]
        found[groups.names[code] or NOBODY] = curve(lasting.days[rows], lasting.done[rows])
    return found


def counted(groups: Grouping, rows: Bools | Ints) -> dict[str, int]:
    """How many of *rows* (a mask, or their numbers) there are in each group."""
    counts = np.bincount(groups.codes[rows], minlength=len(groups.names))
    return {groups.names[n] or NOBODY: int(counts[n]) for n in np.flatnonzero(counts)}


def figures(drawn: Curve, days: Floats, done: Bools) -> dict[str, Any]:
    """Count, median with its interval, and the day by which nine of ten are done; None while it is not known."""
    low, high = drawn.quantile_interval(0.5)
    return {
        "n": int(days.size),
        "done": int(done.sum()),
        "waiting": int(days.size - done.sum()),
        "p25": drawn.quantile(0.25),
        "median": drawn.quantile(0.5),
        "median_low": low,
        "median_high": high,
        "p75": drawn.quantile(0.75),
        "p90": drawn.quantile(0.9),
    }


def thinned(drawn: Curve, *, points: int = 60, longest: float | None = None) -> list[tuple[float, float, float, float]]:
    """The curve at evenly spread days from 0 to its last (or *longest*): day, share still waiting, its bounds."""
    if not drawn.times.size:
        return []
    days = np.linspace(0.0, longest or float(drawn.times[-1]), points + 1)
    days = days[days <= float(drawn.times[-1]) + 1e-9]
    at = np.searchsorted(drawn.times, days, side="right") - 1
    first = at < 0
    columns = (np.where(first, 1.0, values[np.maximum(at, 0)]) for values in (drawn.waiting, drawn.lower, drawn.upper))
    return [tuple(map(float, row)) for row in zip(days, *columns, strict=True)]  # type: ignore[misc]
