"""What lifelines says of the campaign of 2021: the figures that ``tests/tracking/test_lifelines.py`` holds the product to.

    python benchmarks/lifelines_oracle.py > tests/tracking/lifelines_2021.json

Needs ``lifelines`` (0.30.3), which is too heavy for the product to depend on. Independent of the product: it reads the two files of the
history, walks through each wish's events one by one, and leaves the estimating to lifelines.
"""

from __future__ import annotations

import csv
import json
import math
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from lifelines import KaplanMeierFitter
from lifelines.utils import median_survival_times

DEMO = Path(__file__).resolve().parents[1] / "wishes" / "demo" / "hangzhou-2021"
DATES = ("2021-12-31 18:00", "2021-09-30 18:00")
STAGE = {
    "submitted": "submitted",
    "verified": "verified",
    "published": "open",
    "claimed": "claimed",
    "released": "open",
    "prepared": "ready",
    "inspected": "inspected",
    "inspection_failed": "claimed",
    "dispatched": "in_transit",
    "delivered": "delivered",
    "feedback": "closed",
    "cancelled": "cancelled",
}
WAY = ("submitted", "verified", "open", "claimed", "ready", "inspected", "in_transit", "delivered", "closed")
MEASURES = ("claim_to_delivery", "published_to_delivery", *WAY[:-1])
AFTER_DAYS = (7, 14, 30, 60, 90)
Story = list[tuple[datetime, str]]


def at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M")


def stories(as_of: datetime) -> Iterator[tuple[str, Story]]:
    """Each wish's events as known then, in order; an event sent twice is known since it was first heard of."""
    heard: dict[tuple[str, datetime, str], datetime] = {}
    with (DEMO / "events.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            key = (row["wish_ref"], at(row["occurred_at"]), row["event"])
            known = at(row["recorded_at"]) if row["recorded_at"] else key[1]
            heard[key] = min(known, heard.get(key, known))
    seen = sorted((key for key, known in heard.items() if known <= as_of), key=lambda k: (k[0], k[1], rank(k[2])))
    for ref, story in groupby(seen, key=lambda key: key[0]):
        yield ref, [(moment, event) for _, moment, event in story]


def rank(event: str) -> int:
    """Events of one minute stand in the order of a wish's life, whatever ends it last."""
    return [*WAY, "cancelled"].index(STAGE[event])


def to_delivery(story: Story, start_at: str, as_of: datetime) -> tuple[float, bool] | None:
    start = end = None
    delivered = False
    for moment, event in story:
        if event == "claimed" and start_at == "claimed":
            start = moment
        elif event == "released" and start_at == "claimed":
            start = None
        elif event == "published" and start_at == "published":
            start = start or moment
        elif event == "delivered":
            end, delivered = moment, True
        elif event == "cancelled" and not delivered:
            end = moment
    if start is None:
        return None
    return ((end or as_of) - start).total_seconds() / 86_400, delivered


def in_stage(story: Story, stage: str, as_of: datetime) -> tuple[float, bool] | None:
    """The last stay in *stage*: done when the wish went on, cut short when it was sent back or cancelled."""
    entered = left = None
    after = before = ""
    for moment, event in story:
        now = STAGE[event]
        if now == stage and before != stage:
            entered, left = moment, None
        elif now != stage and before == stage:
            left, after = moment, now
        before = now
    if entered is None:
        return None
    done = left is not None and after in WAY and WAY.index(after) > WAY.index(stage)
    return ((left or as_of) - entered).total_seconds() / 86_400, done


def told(rows: list[tuple[float, bool]]) -> list[Any]:
    """n, done, p25, median, p75, p90, the median's interval, still waiting after each of AFTER_DAYS."""
    days, done = [row[0] for row in rows], [row[1] for row in rows]
    fitted = KaplanMeierFitter().fit(days, done)
    low, high = median_survival_times(fitted.confidence_interval_).iloc[0]
    figures = [fitted.percentile(1 - share) for share in (0.25, 0.5, 0.75, 0.9)] + [low, high]
    shares = [float(fitted.predict(day)) for day in AFTER_DAYS]
    return [len(rows), sum(done), *(None if math.isinf(one) else round(float(one), 6) for one in figures), *(round(one, 6) for one in shares)]  # fmt: skip


def main() -> None:
    with (DEMO / "events-wishes.csv").open(encoding="utf-8") as file:
        about = {row["wish_ref"]: row for row in csv.DictReader(file)}
    found: dict[str, Any] = {}
    for date in DATES:
        groups: dict[tuple[str, str, str], list[tuple[float, bool]]] = defaultdict(list)
        for ref, story in stories(at(date)):
            for measure in MEASURES:
                span = (
                    in_stage(story, measure, at(date))
                    if measure in WAY
                    else to_delivery(story, measure.split("_")[0].replace("claim", "claimed"), at(date))
                )
                if span is not None:
                    mine = {"overall": "", "county": about[ref]["county_code"], "category": about[ref]["category"]}
                    for by, key in mine.items():
                        groups[measure, by, key].append(span)
        for (measure, by, key), rows in sorted(groups.items()):
            found.setdefault(date, {}).setdefault(measure, {}).setdefault(by, {})[key] = told(rows)
    json.dump(found, sys.stdout, separators=(",", ":"))
    print()


if __name__ == "__main__":
    main()
