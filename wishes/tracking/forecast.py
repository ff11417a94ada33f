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
    """The fitted log-odds: of each bin by stage and age (*base*), and what a place and a kind add. *trusted*: stages with
    enough wishes behind them; *wishes*: how many it was learnt from."""

    base: Floats  # stage × age class × bin
    place: Floats
    sort: Floats
    trusted: Bools
    wishes: int

    def outlook(self, now: Standing) -> Outlook:
        """What is ahead of each wish: NaN for a stage without enough history; a place or kind never seen counts as average."""
        waiting = np.full((now.stage.size, _BINS), np.nan)
        stages = self.trusted.size
        rows = np.flatnonzero((now.stage < stages) & self.trusted[np.clip(now.stage, 0, stages - 1)])
        some = now.picked(rows)
        linear = (
            self.base[some.stage, _age(some)] + (_shift(self.place, some.place) + _shift(self.sort, some.sort))[:, None]
        )
        waiting[rows] = np.cumprod(1.0 - _share(linear), axis=1)
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
    at_risk, events = _exposure(wait_days, arrived)
    base = _fit_base(before, at_risk, events, stages)
    linear = base[before.stage, _age(before)]
    place, sort = _fit_effects(before, linear, at_risk, events, places, sorts)
    return Forecaster(base, place, sort, trusted, int(np.unique(wish).size))


def _share(linear: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(linear, -30.0, 30.0))))


def _age(at: Standing) -> Ints:
    return np.searchsorted(AGE_EDGES, at.age_days, side="right").astype(np.int64)


def _shift(effects: Floats, codes: Ints) -> Floats:
    seen = (codes >= 0) & (codes < effects.size)
    return (
        np.where(seen, effects[np.clip(codes, 0, max(effects.size - 1, 0))], 0.0)
        if effects.size
        else np.zeros(codes.size)
    )


def _exposure(wait_days: Floats, arrived: Bools) -> tuple[Floats, Floats]:
    """Per landmark and bin: whether it was still waiting when the bin began (half, if the record ended within), and arrived."""
    last = np.searchsorted(EDGES, wait_days, side="right") - 1
    bins = np.arange(_BINS)
    at_risk = (bins[None, :] <= last[:, None]).astype(float)
    events = np.zeros_like(at_risk)
    inside = last < _BINS
    rows = np.flatnonzero(inside)
    at_risk[rows[~arrived[rows]], last[rows][~arrived[rows]]] = 0.5
    events[rows[arrived[rows]], last[rows][arrived[rows]]] = 1.0
    return at_risk, events


def _fit_base(before: Standing, at_risk: Floats, events: Floats, stages: int) -> Floats:
    """Log-odds by stage, age class and bin: a constant, the bin, the stage, both, and the stage's age by phase."""
    kinds = stages * _AGES
    kind = before.stage * _AGES + _age(before)
    n, d = (
        np.stack([np.bincount(kind, weights=column, minlength=kinds) for column in part.T], axis=1)
        .ravel()
        .astype(float)
        for part in (at_risk, events)
    )
    stage, age, bins = (
        np.repeat(np.arange(kinds) // _AGES, _BINS),
        np.repeat(np.arange(kinds) % _AGES, _BINS),
        np.tile(np.arange(_BINS), kinds),
    )
    phase = np.searchsorted(HORIZON_CUTS, EDGES[bins], side="right")
    blocks = (
        (np.zeros_like(bins), 1),
        (bins, _BINS),
        (stage, stages),
        (stage * _BINS + bins, stages * _BINS),
        ((stage * _AGES + age) * _PHASES + phase, kinds * _PHASES),
    )
    offsets = np.cumsum([0, *(size for _, size in blocks)])
    x = np.zeros((bins.size, int(offsets[-1])))
    for (codes, _), offset in zip(blocks, offsets[:-1], strict=True):
        x[np.arange(bins.size), codes + offset] = 1.0
    seen = n > 0
    weights = _logistic(x[seen], n[seen], d[seen])
    return np.asarray((x @ weights).reshape(stages, _AGES, _BINS))


def _logistic(x: Floats, n: Floats, d: Floats) -> Floats:
    """Ridge logistic regression of *d* events among *n*, the first column unpunished. Newton's steps, halved until they help."""
    penalty = np.full(x.shape[1], _RIDGE)
    penalty[0] = 1e-6
    weights = np.zeros(x.shape[1])
    weights[0] = np.log(max(d.sum(), 1.0) / max(n.sum() - d.sum(), 1.0))

    def worth(at: Floats) -> float:
        linear = np.clip(x @ at, -30.0, 30.0)
        return float(d @ linear - n @ np.logaddexp(0.0, linear) - penalty @ at**2 / 2)

    best = worth(weights)
    for _ in range(50):
        share = _share(x @ weights)
        slope = x.T @ (d - n * share) - penalty * weights
        bend = (x * (n * share * (1.0 - share))[:, None]).T @ x + np.diag(penalty)
        step = np.linalg.solve(bend, slope)
        size = 1.0
        while worth(weights + size * step) < best and size > 1e-4:
            size /= 2
        weights = weights + size * step
        now = worth(weights)
        if now - best < 1e-6 * abs(best):
            break
        best = now
    return weights


def _fit_effects(
    before: Standing, linear: Floats, at_risk: Floats, events: Floats, places: int, sorts: int
) -> tuple[Floats, Floats]:
    """What place and kind add to the log-odds, drawn towards nothing where little was seen."""
    effects = np.zeros(places + sorts)
    arrived = events.sum(axis=1)
    for _ in range(4):
        shift = effects[:places][before.place] + effects[places:][before.sort]
        share = _share(linear + shift[:, None])
        expected = (at_risk * share).sum(axis=1)
        spread = (at_risk * share * (1.0 - share)).sum(axis=1)
        both = np.bincount(before.place * sorts + before.sort, weights=spread, minlength=places * sorts).reshape(
            places, sorts
        )
        bend = np.diag(np.concatenate((both.sum(axis=1), both.sum(axis=0))) + 10 * _RIDGE)
        bend[:places, places:], bend[places:, :places] = both, both.T
        missed = arrived - expected
        slope = np.concatenate(
            (
                np.bincount(before.place, weights=missed, minlength=places),
                np.bincount(before.sort, weights=missed, minlength=sorts),
            )
        )
        effects = effects + np.linalg.solve(bend, slope - 10 * _RIDGE * effects)
    return effects[:places], effects[places:]
