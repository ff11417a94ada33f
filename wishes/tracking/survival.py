"""Kaplan–Meier: how long something takes when part of it is still under way. Pure, over numpy arrays, in days.

A mean of what is finished flatters: the slow ones are not in it yet. Whoever is still waiting counts here as "at least so
long" (right-censored). Sources: Kaplan & Meier, JASA 53 (1958) 457; Greenwood's variance; the log-minus-log confidence
interval of Kalbfleisch & Prentice, which stays within 0 and 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

Z_95 = 1.959963984540054
MINUTES = 1440.0
WAITING_AFTER_DAYS = (7, 14, 30, 60, 90)
_SAME = 1e-9
"""Two products that are equal on paper may differ in the last bits; a quantile must not depend on those."""


@dataclass(frozen=True, slots=True)
class Curve:
    """The estimate after each distinct time (days, ascending); it is 1 before the first."""

    times: Floats
    at_risk: Ints
    finished: Ints
    waiting: Floats  # the share still waiting, S(t)
    lower: Floats
    upper: Floats

    def quantile(self, share: float) -> float | None:
        """The day by which *share* (0–1) is done: the first time S falls to ``1 - share``. None: not reached yet."""
        return _first_at_or_below(self.times, self.waiting, 1.0 - share)

    def quantile_interval(self, share: float) -> tuple[float | None, float | None]:
        """The 95 % confidence interval of :meth:`quantile`, where the curve's own bounds cross."""
        return (
            _first_at_or_below(self.times, self.lower, 1.0 - share),
            _first_at_or_below(self.times, self.upper, 1.0 - share),
        )

    def still_waiting(self, day: float) -> float:
        """S at *day*; after the last time on record, what was seen last."""
        index = int(np.searchsorted(self.times, day, side="right")) - 1
        return 1.0 if index < 0 else float(self.waiting[index])


def kaplan_meier(days: Floats, finished: Bools) -> Curve:
    """The product-limit estimate. *days*: duration of each, not negative; *finished*: whether it ended or is censored then.

    Who is censored at the very time another finishes counts as still at risk. Raises ValueError for arrays of different
    length and for a duration that is negative or not a number.
    """
    if days.shape != finished.shape or days.ndim != 1:
        raise ValueError("days and finished must be two flat arrays of one length")
    if days.size and not bool(np.all(days >= 0)):
        raise ValueError("a duration is a number of days that is not negative")
    if not days.size:
        return _product_limit(np.empty(0), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
    # a float that is not negative sorts as its bits do: one sort of whole numbers carries both columns
    bits = (days + 0.0).astype(np.float64).view(np.uint64)
    packed = np.sort((bits << np.uint64(1)) | finished)
    sorted_days = (packed >> np.uint64(1)).view(np.float64)
    first = np.flatnonzero(np.concatenate(([True], sorted_days[1:] != sorted_days[:-1])))
    ended = np.add.reduceat((packed & np.uint64(1)).astype(np.int64), first)
    return _product_limit(sorted_days[first], np.diff(np.append(first, days.size)), ended)


def kaplan_meier_by_minute(days: Floats, finished: Bools) -> Curve:
    """As :func:`kaplan_meier`, of durations rounded to the minute: they are counted and not sorted, a quarter of the work."""
    minutes = np.rint(days * MINUTES).astype(np.int64)
    counts = np.bincount(minutes * 2 + finished, minlength=2 * (int(minutes.max()) + 1) if minutes.size else 0)
    still, ended = counts[0::2], counts[1::2]
    seen = np.flatnonzero(still + ended)
    return _product_limit(seen / MINUTES, (still + ended)[seen], ended[seen])


def _product_limit(times: Floats, left: Ints, ended: Ints) -> Curve:
    """The estimate from the distinct *times*: how many *left* the sample at each, and how many of those had *ended*."""
    at_risk = (left.sum() - np.concatenate(([0], np.cumsum(left)[:-1]))).astype(np.int64) if times.size else left
    with np.errstate(divide="ignore", invalid="ignore"):
        waiting = np.cumprod(1.0 - ended / at_risk).astype(np.float64)
        term = np.where(at_risk > ended, ended / (at_risk * (at_risk - ended).astype(np.float64)), 0.0)
        log_waiting = np.log(waiting)
        spread = Z_95 * np.sqrt(np.cumsum(term)) / log_waiting
        centre = np.log(-log_waiting)
        lower = np.exp(-np.exp(centre - spread))
        upper = np.exp(-np.exp(centre + spread))
    unknown = np.isnan(lower)  # nothing has finished yet
    return Curve(times, at_risk, ended, waiting, np.where(unknown, 1.0, lower), np.where(unknown, 1.0, upper))


def log_rank(days: Floats, finished: Bools, other_days: Floats, other_finished: Bools) -> float | None:
    """The chance (0–1) that two samples with the same true waits differ as much as these. None: nothing finished in common.

    Source: Mantel, Cancer Chemother. Rep. 50 (1966) 163; chi-square with one degree of freedom.
    """
    ours = kaplan_meier(days, finished)
    both = kaplan_meier(np.concatenate((days, other_days)), np.concatenate((finished, other_finished)))
    at = np.flatnonzero(both.finished)
    times, risk, ended = both.times[at], both.at_risk[at].astype(np.float64), both.finished[at].astype(np.float64)
    place = np.searchsorted(ours.times, times, side="left")
    mine = np.append(ours.at_risk, 0)[place].astype(np.float64)
    share = mine / risk
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.where(risk > 1, ended * share * (1 - share) * (risk - ended) / (risk - 1), 0.0).sum()
    if not spread > 0:
        return None
    missed = float(finished.sum()) - float((ended * share).sum())
    return math.erfc(abs(missed) / math.sqrt(2 * float(spread)))


def summary(days: Floats, finished: Bools) -> dict[str, Any]:
    """The figures of one group, ready for JSON.

    ``still_waiting_after_days`` are shares from 0 to 1. A quantile is None while too few are done to know it.
    ``naive_median_of_delivered_only`` is the figure that flatters, for comparison.
    """
    curve = kaplan_meier(days, finished)
    delivered = int(finished.sum())
    return {
        "n": int(days.size),
        "delivered": delivered,
        "censored": int(days.size) - delivered,
        "p25": _rounded(curve.quantile(0.25)),
        "median": _rounded(curve.quantile(0.5)),
        "p75": _rounded(curve.quantile(0.75)),
        "p90": _rounded(curve.quantile(0.9)),
        "median_ci95": [_rounded(bound) for bound in curve.quantile_interval(0.5)],
        "still_waiting_after_days": {str(day): round(curve.still_waiting(day), 6) for day in WAITING_AFTER_DAYS},
        "naive_median_of_delivered_only": _rounded(float(np.median(days[finished])) if delivered else None),
    }


def _first_at_or_below(times: Floats, values: Floats, level: float) -> float | None:
    reached = values <= level + _SAME
    index = int(np.argmax(reached)) if reached.size else 0
    return float(times[index]) if reached.size and reached[index] else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
