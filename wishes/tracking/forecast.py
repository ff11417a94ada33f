"""When will it arrive? A forecast for wishes under way, learnt from wishes that were once in their place. Pure, in days.

A landmark is a wish as it was known on some earlier day: its stage, how long it stood there, where and what it was. What
followed is a duration, censored where the record ends. From all landmarks together the chance to arrive within each of the
next days is fitted (discrete-time hazards, logistic regression with a ridge), so that rare places and kinds lean on the rest.
Whoever has been waiting already is compared with those who had waited as long: the median of finished wishes knows neither.
Sources: van Houwelingen, Scand. J. Stat. 34 (2007) 70 (landmarks); Singer & Willett, J. Educ. Stat. 18 (1993) 155 (hazards).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

EDGES: Floats = np.concatenate(
    (np.arange(0, 21), np.arange(22, 41, 2), np.arange(45, 91, 5), np.arange(100, 181, 20))
).astype(float)
"""The days ahead, in bins: one day each at first, wider later on."""
AGE_EDGES: Floats = np.array([1.0, 3.0, 7.0, 14.0, 30.0])
"""How long a wish has stood in its stage, in classes."""
HORIZON_CUTS: Floats = np.array([2.0, 7.0])
"""What the age tells fades: it is felt differently in the next two days, this week, and later."""

ENOUGH_FINISHED = 50
ENOUGH_IN_STAGE = 30
INTERVAL = (0.1, 0.9)
_RIDGE = 4.0
_BINS = EDGES.size - 1
_AGES = AGE_EDGES.size + 1
_PHASES = HORIZON_CUTS.size + 1


@dataclass(frozen=True, slots=True)
class Standing:
    """Wishes as they stand: codes of stage and place and kind (from 0), and days in the stage. Flat arrays of one length."""

    stage: Ints
    age_days: Floats
    place: Ints
    sort: Ints

    def picked(self, rows: npt.NDArray[np.bool_] | Ints) -> Standing:
        return Standing(self.stage[rows], self.age_days[rows], self.place[rows], self.sort[rows])


@dataclass(frozen=True, slots=True)
class Outlook:
    """For each wish the share that will still be waiting at the end of each bin of :data:`EDGES`; rows of NaN: too little data."""

    waiting: Floats

    @property
    def known(self) -> Bools:
        return ~np.isnan(self.waiting[:, 0]) if self.waiting.size else np.zeros(self.waiting.shape[0], dtype=bool)

    def quantile(self, share: float) -> Floats:
        """The day ahead by which *share* (0–1) have arrived, between bin edges on a line; inf beyond the last edge."""
        left = np.concatenate((np.ones((self.waiting.shape[0], 1)), self.waiting), axis=1)
        level = 1.0 - share
        reached = left <= level
        at = np.argmax(reached, axis=1)
        rows = np.arange(left.shape[0])
        above, below = left[rows, at - 1], left[rows, at]
        part = np.divide(above - level, above - below, out=np.zeros_like(above), where=above > below)
        days = EDGES[at - 1] + part * (EDGES[at] - EDGES[at - 1])
        return np.where(self.known, np.where(reached.any(axis=1), days, np.inf), np.nan)

    def still_waiting(self, days: Floats) -> Floats:
        """The chance that each wish is still waiting *days* from now (its own number of days; 1 for what is past)."""
        left = np.concatenate((np.ones((self.waiting.shape[0], 1)), self.waiting), axis=1)
        at = np.clip(np.searchsorted(EDGES, days, side="right"), 1, _BINS)
        rows = np.arange(left.shape[0])
        low, high = EDGES[at - 1], EDGES[at]
        part = np.clip((days - low) / (high - low), 0.0, 1.0)
        return np.where(
            days <= 0, np.where(self.known, 1.0, np.nan), left[rows, at - 1] * (1 - part) + left[rows, at] * part
        )


@dataclass(frozen=True, slots=True)
class Forecaster:
    """The fitted chances. ``trusted`` are the stages with enough wishes behind them."""

    stages: int
    places: int
    sorts: int
    weights: Floats
    trusted: Bools
    wishes: int

    def outlook(self, now: Standing) -> Outlook:
        """What is ahead of each wish. A stage without enough history, and a place or kind never seen, is said or averaged."""
        waiting = np.full((now.stage.size, _BINS), np.nan)
        good = self.trusted[np.clip(now.stage, 0, self.stages - 1)] & (now.stage < self.stages)
        rows = np.flatnonzero(good)
        if rows.size:
            some = now.picked(rows)
            count, bins = rows.size, np.tile(np.arange(_BINS), rows.size)
            wide = Standing(*(np.repeat(getattr(some, name), _BINS) for name in ("stage", "age_days", "place", "sort")))
            linear = _design(wide, bins, self.stages, self.places, self.sorts) @ self.weights
            waiting[rows] = np.cumprod(1.0 - _share(linear.reshape(count, _BINS)), axis=1)
        return Outlook(waiting)


def fit(
    before: Standing,
    wait_days: Floats,
    arrived: Bools,
    wish: Ints,
    *,
    stages: int,
    places: int,
    sorts: int,
) -> Forecaster | None:
    """Learn from landmarks: how long each still took (*wait_days*), and whether it arrived or the record ended there.

    *wish* tells landmarks of one wish apart from those of others, for counting. None: too little data altogether.
    """
    if np.unique(wish[arrived]).size < ENOUGH_FINISHED:
        return None
    trusted = np.array(
        [np.unique(wish[arrived & (before.stage == stage)]).size >= ENOUGH_IN_STAGE for stage in range(stages)]
    )
    x, at_risk, events = _cells(before, wait_days, arrived, stages, places, sorts)
    weights = np.zeros(x.shape[1])
    penalty = np.full(x.shape[1], _RIDGE)
    penalty[0] = 1e-6
    weights[0] = np.log(max(events.sum(), 1.0) / max(at_risk.sum() - events.sum(), 1.0))
    for _ in range(25):
        share = _share(x @ weights)
        spread = at_risk * share * (1.0 - share)
        slope = x.T @ (events - at_risk * share) - penalty * weights
        bend = (x.T @ x.multiply(spread[:, None]).tocsr()).toarray() + np.diag(penalty)
        step = np.linalg.solve(bend, slope)
        weights = weights + np.clip(step, -4.0, 4.0)
        if float(np.abs(step).max()) < 1e-5:
            break
    return Forecaster(stages, places, sorts, weights, trusted, int(np.unique(wish).size))


def _share(linear: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp(-np.clip(linear, -30.0, 30.0)))


def _cells(
    before: Standing, wait_days: Floats, arrived: Bools, stages: int, places: int, sorts: int
) -> tuple[sparse.csr_matrix, Floats, Floats]:
    """Landmarks that look alike, counted together: how many entered each bin, and how many arrived in it."""
    bin_of = np.clip(np.searchsorted(EDGES, wait_days, side="right") - 1, 0, _BINS - 1)
    beyond = wait_days >= EDGES[-1]
    age = np.searchsorted(AGE_EDGES, before.age_days, side="right")
    key = ((before.stage * _AGES + age) * (places + 1) + np.clip(before.place, 0, places)) * (sorts + 1) + np.clip(
        before.sort, 0, sorts
    )
    kinds, place_of = np.unique(key, return_inverse=True)
    ended = np.bincount(
        place_of * _BINS + bin_of, weights=(arrived & ~beyond).astype(float), minlength=kinds.size * _BINS
    )
    lost = np.bincount(
        place_of * _BINS + bin_of, weights=(~arrived & ~beyond).astype(float), minlength=kinds.size * _BINS
    )
    through = np.bincount(place_of, weights=beyond.astype(float), minlength=kinds.size)
    ended, lost = ended.reshape(-1, _BINS), lost.reshape(-1, _BINS)
    leaving = ended + lost
    entered = leaving[:, ::-1].cumsum(axis=1)[:, ::-1] + through[:, None]
    at_risk = entered - lost / 2.0
    kind_rows, bins = np.nonzero(at_risk > 0)
    first = np.full(kinds.size, -1, dtype=np.int64)
    first[place_of[::-1]] = np.arange(place_of.size)[::-1]
    x = _design(before.picked(first[kind_rows]), bins, stages, places, sorts)
    return x, at_risk[kind_rows, bins], np.minimum(ended, at_risk)[kind_rows, bins]


def _design(at: Standing, bins: Ints, stages: int, places: int, sorts: int) -> sparse.csr_matrix:
    """One row per wish and bin: a constant, the bin, the stage, both, the age in the stage by phase, the place, the kind."""
    age = np.searchsorted(AGE_EDGES, at.age_days, side="right")
    phase = np.searchsorted(HORIZON_CUTS, EDGES[bins], side="right")
    blocks: list[tuple[Ints, int]] = [
        (np.zeros_like(bins), 1),
        (bins, _BINS),
        (at.stage, stages),
        (at.stage * _BINS + bins, stages * _BINS),
        ((at.stage * _AGES + age) * _PHASES + phase, stages * _AGES * _PHASES),
        (np.clip(at.place, 0, places), places + 1),
        (np.clip(at.sort, 0, sorts), sorts + 1),
    ]
    offsets = np.cumsum([0, *(size for _, size in blocks)])
    columns = np.stack([codes + offset for (codes, _), offset in zip(blocks, offsets[:-1], strict=True)], axis=1)
    rows = columns.shape[0]
    return sparse.csr_matrix(
        (np.ones(columns.size), columns.ravel(), np.arange(0, columns.size + 1, columns.shape[1])),
        shape=(rows, int(offsets[-1])),
    )
