"""A campaign's history as landmarks: what was known of each wish on earlier days, and what became of it. Pure, over columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from wishes.lifecycle import HELD, Status
from wishes.tracking.forecast import Bools, Floats, Forecaster, Ints, Standing, fit
from wishes.tracking.history import CODE, NEVER, STAGE_CODE, STAGE_OF_CODE, History, micros

STAGES: tuple[Status, ...] = (Status.OPEN, Status.PROPOSED, *HELD)
"""Where a wish is under way, in the order of the forecaster's codes."""
STAGE_INDEX = {stage: at for at, stage in enumerate(STAGES)}
EVERY_DAYS = 4
MOST_LANDMARKS = 60_000

_DAY = 86_400 * 1_000_000
_OTHER = len(STAGES)
_INDEX_OF = np.full(len(STAGE_CODE), _OTHER, dtype=np.int64)
for _stage, _at in STAGE_INDEX.items():
    _INDEX_OF[STAGE_CODE[_stage]] = _at
_ENDED = (CODE["cancelled"], CODE["withdrawn"], CODE["rejected"])


@dataclass(frozen=True, slots=True)
class Known:
    """Each wish as known at an instant: stage index (:data:`STAGES`; beyond: not under way) and since when (microseconds)."""

    stage: Ints
    since: Ints


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Landmarks of many days, and both outcomes: until delivery, and until the wish left the stage it stood in."""

    standing: Standing
    wish: Ints
    delivery_days: Floats
    delivered: Bools
    stay_days: Floats
    left: Bools


@dataclass(frozen=True, slots=True)
class Forecasters:
    """The two forecasts of one campaign, and the names behind the codes of place and kind. None: too little data."""

    delivery: Forecaster | None
    stay: Forecaster | None
    places: dict[str, int]
    sorts: dict[str, int]
    learnt_at: datetime
    wishes: int
    landmarks: int


def standing_at(history: History, instant: int) -> Known:
    """Where each wish stood as known at *instant* (microseconds)."""
    seen = (history.recorded <= instant) & (history.occurred <= instant)
    wish, stage = history.wish[seen], _INDEX_OF[STAGE_OF_CODE[history.kind[seen]]]
    return _last_stay(wish, stage, history.occurred[seen], history.horizon.size)


def _last_stay(wish: npt.NDArray[np.int32], stage: Ints, occurred: Ints, wishes: int) -> Known:
    rows = np.arange(wish.size)
    last = np.full(wishes, -1, dtype=np.int64)
    last[wish] = rows
    begins = np.ones(wish.size, dtype=bool)
    begins[1:] = (wish[1:] != wish[:-1]) | (stage[1:] != stage[:-1])
    entry = np.full(wishes, -1, dtype=np.int64)
    entry[wish[begins]] = rows[begins]
    found = np.full(wishes, _OTHER, dtype=np.int64)
    since = np.full(wishes, NEVER, dtype=np.int64)
    has = last >= 0
    found[has], since[has] = stage[last[has]], occurred[entry[has]]
    return Known(found, since)


def landmarks(history: History, *, as_of: datetime, every_days: float = EVERY_DAYS) -> Landmarks:
    """What a person could have known every few days, with what followed as known at *as_of*.

    Hand-overs are often reported late. So as not to take an unreported delivery for a wish that still waits, the record is
    believed only up to as long before *as_of* as nine of ten reports took.
    """
    known = history.known_at(as_of)
    delivered_at, ended_at = _delivered(known)
    late = (known.recorded - known.occurred)[known.kind == CODE["delivered"]]
    until = np.minimum(known.horizon, micros(as_of))
    believed = until - (int(np.quantile(late, 0.9)) if late.size else 0)
    if not known.occurred.size:
        return _none()
    first, last = int(known.occurred.min()), int(believed.max()) if believed.size else 0
    days = max(1, (last - first) // _DAY)
    step = max(int(every_days * _DAY), _DAY)
    parts: list[tuple[npt.NDArray[np.generic], ...]] = []
    sample = np.arange(known.horizon.size)
    expected = known.horizon.size * min(days, 25) / every_days
    if expected > MOST_LANDMARKS:  # a million wishes tell no more than some ten thousand, evenly taken
        keep = np.zeros(known.horizon.size, dtype=bool)
        keep[:: int(np.ceil(expected / MOST_LANDMARKS))] = True
        rows = keep[known.wish]
        again = np.cumsum(keep) - 1
        known = _only(known, rows, again, keep)
        sample, believed = np.flatnonzero(keep), believed[keep]
        delivered_at, ended_at = delivered_at[keep], ended_at[keep]
    for instant in range(first + step, last, step):
        stood = standing_at(known, instant)
        rows_at = np.flatnonzero((stood.stage < _OTHER) & (believed > instant))
        if not rows_at.size:
            continue
        left_at = _left_after(known, rows_at, stood, instant)
        parts.append(
            (
                rows_at,
                stood.stage[rows_at],
                (instant - stood.since[rows_at]) / _DAY,
                np.full(rows_at.size, instant),
                left_at,
            )
        )
    if not parts:
        return _none()
    wish, stage, age, moment, left_at = (np.concatenate([part[n] for part in parts]) for n in range(5))
    limit, gone = believed[wish], ended_at[wish]
    arrived = delivered_at[wish]
    done = arrived <= limit
    end = np.where(done, arrived, np.minimum(limit, np.where(gone > moment, gone, limit)))
    went = left_at <= limit
    stay_end = np.where(went, left_at, limit)
    return Landmarks(
        Standing(
            stage.astype(np.int64),
            age.astype(np.float64),
            known.county.codes[wish].astype(np.int64),
            known.category.codes[wish].astype(np.int64),
        ),
        sample[wish],
        np.maximum(end - moment, 0) / _DAY,
        done,
        np.maximum(stay_end - moment, 0) / _DAY,
        went,
    )


def learn(history: History, *, as_of: datetime) -> Forecasters:
    """Fit both forecasts on what was known at *as_of*."""
    seen = landmarks(history, as_of=as_of)
    places = {name: code for code, name in enumerate(history.county.names)}
    sorts = {name: code for code, name in enumerate(history.category.names)}
    sizes = {"stages": len(STAGES), "places": len(places), "sorts": len(sorts)}
    return Forecasters(
        fit(seen.standing, seen.delivery_days, seen.delivered, seen.wish, **sizes),
        fit(seen.standing, seen.stay_days, seen.left, seen.wish, **sizes),
        places,
        sorts,
        as_of.astimezone(UTC),
        int(np.unique(seen.wish).size),
        int(seen.wish.size),
    )


def _delivered(known: History) -> tuple[Ints, Ints]:
    """When each wish was delivered, and when it ended otherwise; NEVER where it did not."""
    delivered, ended = (np.full(known.horizon.size, NEVER, dtype=np.int64) for _ in range(2))
    redone = np.full(known.horizon.size, -1, dtype=np.int64)
    for kinds, into in (((CODE["delivered"],), delivered), (_ENDED, ended), ((CODE["redone"],), redone)):
        rows = np.isin(known.kind, kinds)
        into[known.wish[rows]] = known.occurred[rows]
    delivered[(redone > delivered) & (delivered < NEVER)] = NEVER
    return delivered, ended


def _left_after(known: History, rows: Ints, stood: Known, instant: int) -> Ints:
    """When each of these wishes went on from the stay it was in, as it turned out; NEVER where it has not."""
    stage = _INDEX_OF[STAGE_OF_CODE[known.kind]]
    wanted = np.full(known.horizon.size, -1, dtype=np.int64)
    wanted[rows] = stood.stage[rows]
    since = np.full(known.horizon.size, NEVER, dtype=np.int64)
    since[rows] = stood.since[rows]
    later = (known.occurred > since[known.wish]) & (stage != wanted[known.wish]) & (wanted[known.wish] >= 0)
    found = np.full(known.horizon.size, NEVER, dtype=np.int64)
    at = np.flatnonzero(later)[::-1]
    found[known.wish[at]] = known.occurred[at]
    return np.maximum(found[rows], instant)


def _only(known: History, rows: npt.NDArray[np.bool_], again: Ints, keep: npt.NDArray[np.bool_]) -> History:
    return History(
        again[known.wish[rows]].astype(np.int32),
        known.kind[rows],
        known.occurred[rows],
        known.recorded[rows],
        known.actor.picked(rows),
        known.county.picked(keep),
        known.category.picked(keep),
        known.community.picked(keep),
        known.horizon[keep],
    )


def _none() -> Landmarks:
    ints, floats, bools = np.empty(0, dtype=np.int64), np.empty(0), np.empty(0, dtype=bool)
    return Landmarks(Standing(ints, floats, ints, ints), ints, floats, bools, floats, bools)
