"""Is the forecast any good? Learn on what was known at an earlier date, score on what followed.

    python -m benchmarks.forecast [--as-of "2021-09-30 18:00" …] [--events FILE]

For every wish under way at the date: when will it be delivered, and will it miss a deadline set so that some do (half as long
again as the median of finished wishes, counted from its claim or, unclaimed, from now)? Beside the forecast stands the naive
one, "median so far": the times of the wishes already delivered, counted from the claim, whoever has waited already.
Reported are the share of the intervals that held what followed, the error of the median date, the Brier score of the chance
to be still waiting after 3, 7, 14 and 30 days, and a calibration table of all those chances. Wishes whose end the file does
not hold are scored as long as it follows them.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from wishes.clock import SHANGHAI
from wishes.settings import PACKAGE_DIR
from wishes.tracking.forecast import INTERVAL, Bools, Floats, Standing
from wishes.tracking.forecast_history import STAGES, Forecasters, learn, standing_at
from wishes.tracking.history import CODE, NEVER, STAGE_OF_CODE, Grouping, History, micros

DEMO = PACKAGE_DIR / "demo" / "hangzhou-2021"
DATES = ("2021-06-30 18:00", "2021-07-31 18:00", "2021-08-31 18:00", "2021-09-30 18:00", "2021-10-31 18:00")
AHEAD = (3.0, 7.0, 14.0, 30.0)
_DAY = 86_400 * 1_000_000


def history_from(events: Path, wishes: Path, taken_at: datetime) -> History:
    """The history file as columns, without a database."""
    with wishes.open(encoding="utf-8-sig") as file:
        about = list(csv.DictReader(file))
    number = {row["wish_ref"]: at for at, row in enumerate(about)}
    told: dict[tuple[int, int, int], int] = {}
    with events.open(encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            at = micros(_instant(row["occurred_at"]))
            heard = max(at, micros(_instant(row["recorded_at"]))) if row["recorded_at"] else at
            key = (number[row["wish_ref"]], CODE[row["event"]], at)
            told[key] = min(heard, told.get(key, heard))
    rows = np.array([(wish, kind, at, heard) for (wish, kind, at), heard in told.items()], dtype=np.int64)
    rows = rows[np.lexsort((STAGE_OF_CODE[rows[:, 1]], rows[:, 2], rows[:, 0]))]
    return History(
        rows[:, 0].astype(np.int32),
        rows[:, 1].astype(np.int8),
        rows[:, 2],
        rows[:, 3],
        Grouping(np.zeros(len(rows), dtype=np.int32), ("",)),
        Grouping.of([row["county_code"] for row in about]),
        Grouping.of([row["category"] for row in about]),
        Grouping.of([""] * len(about)),
        np.full(len(about), micros(taken_at), dtype=np.int64),
    )


@dataclass(frozen=True)
class Followed:
    """What became of the wishes under way at a date: days until delivery, or until the record ends (*seen* False)."""

    days: Floats
    delivered: Bools

    def waiting_after(self, ahead: float) -> tuple[Floats, Bools]:
        """1 for who still waited then; and for whom that is known."""
        known = self.delivered | (self.days >= ahead)
        return (self.days > ahead).astype(float), known


def followed(history: History, rows: Any, instant: int) -> Followed:
    delivered = np.full(history.horizon.size, NEVER, dtype=np.int64)
    gone = np.full(history.horizon.size, NEVER, dtype=np.int64)
    for kind, into in (("delivered", delivered), ("cancelled", gone)):
        at = history.kind == CODE[kind]
        into[history.wish[at]] = history.occurred[at]
    end = np.minimum(np.minimum(delivered, gone), history.horizon)[rows]
    return Followed(np.maximum(end - instant, 0) / _DAY, delivered[rows] <= end)


def score(history: History, as_of: datetime) -> dict[str, Any]:
    """Both forecasts at one date, scored by what followed."""
    instant = micros(as_of)
    began = time.perf_counter()
    learnt = learn(history, as_of=as_of)
    took = time.perf_counter() - began
    known = standing_at(history, instant)
    rows = np.flatnonzero(known.stage < len(STAGES))
    now = Standing(
        known.stage[rows],
        (instant - known.since[rows]) / _DAY,
        history.county.codes[rows].astype(np.int64),
        history.category.codes[rows].astype(np.int64),
    )
    truth = followed(history, rows, instant)
    if learnt.delivery is None:
        return {"as_of": as_of.isoformat(), "under_way": int(rows.size), "forecast": "too little data"}
    outlook = learnt.delivery.outlook(now)
    good = outlook.known
    low, middle, high = (outlook.quantile(share) for share in (INTERVAL[0], 0.5, INTERVAL[1]))
    naive = _Naive(history, as_of, rows)
    result: dict[str, Any] = {
        "as_of": as_of.isoformat(),
        "under_way": int(rows.size),
        "forecast_for": int(good.sum()),
        "learnt_from": {"wishes": learnt.wishes, "landmarks": learnt.landmarks, "seconds": round(took, 2)},
        "stay": _stays(history, learnt, now, rows, known.since[rows], instant),
    }
    ours = {ahead: outlook.still_waiting(np.full(rows.size, ahead)) for ahead in AHEAD}
    theirs = {ahead: naive.still_waiting(ahead) for ahead in AHEAD}
    for name, chances, interval, date in (
        ("forecast", ours, (low, high), middle),
        ("median_so_far", theirs, naive.interval(), naive.median()),
    ):
        result[name] = {
            "interval_80_held": _held(truth, interval, good),
            "interval_days": round(float(np.median(np.minimum(interval[1], 180.0)[good] - interval[0][good])), 1),
            "date_error_days": round(float(np.median(np.abs(date - truth.days)[good & truth.delivered])), 2),
            "brier": {f"{ahead:.0f}": _brier(truth, chances[ahead], ahead, good) for ahead in AHEAD},
            "calibration": _calibration(truth, chances, good),
        }
    return result


class _Naive:
    """The times from claim to delivery of the wishes delivered so far, for every wish alike."""

    def __init__(self, history: History, as_of: datetime, rows: Any) -> None:
        known = history.known_at(as_of)
        claim, done = (np.full(known.horizon.size, -1, dtype=np.int64) for _ in range(2))
        for kind, into in (("claimed", claim), ("delivered", done)):
            at = known.kind == CODE[kind]
            into[known.wish[at]] = known.occurred[at]
        finished = (claim >= 0) & (done > claim)
        self.times = np.sort((done - claim)[finished] / _DAY)
        stage = standing_at(history, micros(as_of)).stage
        held = (claim >= 0) & (stage > 1)
        self.passed = np.where(held, (micros(as_of) - claim) / _DAY, 0.0)[rows]

    def median(self) -> Floats:
        return np.maximum(np.median(self.times) - self.passed, 0.0)

    def interval(self) -> tuple[Floats, Floats]:
        low, high = np.quantile(self.times, INTERVAL)
        return np.maximum(low - self.passed, 0.0), np.maximum(high - self.passed, 0.0)

    def still_waiting(self, ahead: float) -> Floats:
        return 1.0 - np.searchsorted(self.times, self.passed + ahead, side="right") / self.times.size


def _held(truth: Followed, interval: tuple[Floats, Floats], good: Bools) -> float:
    """The share of the intervals that held the delivery; whoever outlasts an interval's end missed it."""
    low, high = interval
    decided = good & (truth.delivered | (truth.days > high))
    inside = (truth.days >= np.floor(low)) & (truth.days <= high)
    return round(float(inside[decided].mean()), 3)


def _brier(truth: Followed, chance: Floats, ahead: float, good: Bools) -> float:
    waited, known = truth.waiting_after(ahead)
    rows = known & good
    return round(float(np.mean((chance[rows] - waited[rows]) ** 2)), 4)


def _calibration(truth: Followed, chances: dict[float, Floats], good: Bools) -> list[dict[str, Any]]:
    said, came = [], []
    for ahead, chance in chances.items():
        waited, known = truth.waiting_after(ahead)
        said.append(chance[known & good])
        came.append(waited[known & good])
    every, what = np.concatenate(said), np.concatenate(came)
    at = np.minimum((every * 10).astype(int), 9)
    return [
        {
            "said": f"{n / 10:.1f}-{(n + 1) / 10:.1f}",
            "n": int((at == n).sum()),
            "mean_said": round(float(every[at == n].mean()), 3),
            "came_true": round(float(what[at == n].mean()), 3),
        }
        for n in range(10)
        if (at == n).any()
    ]


def _stays(history: History, learnt: Forecasters, now: Standing, rows: Any, since: Any, instant: int) -> dict[str, Any]:
    """The chance that the wish will not have left its stage in a week: Brier score beside always saying the share that stays."""
    if learnt.stay is None:
        return {}
    chance = learnt.stay.outlook(now).still_waiting(np.full(rows.size, 7.0))
    later = standing_at(history, instant + 7 * _DAY)
    stays = ((later.stage[rows] == now.stage) & (later.since[rows] == since)).astype(float)
    good = ~np.isnan(chance)
    return {
        "brier_7_days": round(float(np.mean((chance - stays)[good] ** 2)), 4),
        "brier_of_the_mean": round(float(np.var(stays[good])), 4),
        "mean_said": round(float(chance[good].mean()), 3),
        "came_true": round(float(stays[good].mean()), 3),
    }


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text.strip())
    return (moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)).astimezone(UTC)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--as-of", nargs="+", default=list(DATES))
    parser.add_argument("--events", type=Path, default=DEMO / "events.csv")
    parser.add_argument("--taken-at", default="2021-12-31 18:00")
    given = parser.parse_args(arguments)
    history = history_from(
        given.events, given.events.with_name(f"{given.events.stem}-wishes.csv"), _instant(given.taken_at)
    )
    json.dump([score(history, _instant(text)) for text in given.as_of], sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
