"""The gap: how long a child waits, measured with those who are still waiting.

What is measured is defined in :mod:`wishes.tracking.tracks`. Whoever is still under way is censored at the instant asked for,
and only what had been recorded by then counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from sqlmodel import Session

from wishes.clock import local, start_of_day
from wishes.errors import Invalid
from wishes.i18n import Text
from wishes.tracking.history import NOBODY, Grouping, History, Ints, micros
from wishes.tracking.ledger import Ledger, lasting
from wishes.tracking.recall import history_of, ledger_now
from wishes.tracking.survival import Bools, Curve, Floats, kaplan_meier, log_rank, summary
from wishes.tracking.tracks import MEASURES, branch_of, courier_of, track_of

GroupedBy = Literal["county", "category", "branch", "community", "courier"]
GROUPINGS: tuple[GroupedBy, ...] = get_args(GroupedBy)


@dataclass(frozen=True, slots=True)
class Period:
    """The days from *first* to *last*, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise Invalid(
                "period",
                Text("时段的结束早于开始：{period}。", "The period ends before it begins: {period}."),
                period=str(self),
            )

    def __str__(self) -> str:
        return f"{self.first.isoformat()}..{self.last.isoformat()}"

    @property
    def bounds(self) -> tuple[int, int]:
        """Microseconds since 1970 UTC, the second one no longer in it."""
        return micros(start_of_day(self.first)), micros(start_of_day(self.last + timedelta(days=1)))

    @classmethod
    def of(cls, text: str) -> Period:
        """``2021-03-01..2021-06-30``. Raises Invalid."""
        first, dots, last = text.partition("..")
        try:
            return cls(date.fromisoformat(first.strip()), date.fromisoformat(last.strip() if dots else "-"))
        except ValueError:
            raise Invalid(
                "period",
                Text(
                    "时段请写成 2021-03-01..2021-06-30：{text}。", "Write a period like 2021-03-01..2021-06-30: {text}."
                ),
                text=text,
            ) from None


@dataclass(frozen=True, slots=True)
class Spans:
    """One duration per wish that has one: when it began (microseconds), days, whether it finished, and its groups."""

    start: Ints
    days: Floats
    finished: Bools
    groups: dict[str, Grouping]

    def within(self, period: Period) -> tuple[Floats, Bools]:
        """Days and outcome of those that began in *period*."""
        low, high = period.bounds
        rows = (self.start >= low) & (self.start < high)
        return self.days[rows], self.finished[rows]


def gaps(
    session: Session,
    campaign_id: int,
    *,
    as_of: datetime,
    measure: str = "claim_to_delivery",
    by: Sequence[GroupedBy] = ("county", "category"),
) -> dict[str, Any]:
    """The figures as they were known at *as_of*: ``{as_of, measure, overall, by_county, …}``, durations in days.

    Each group is a :func:`~wishes.tracking.survival.summary`. Raises Invalid for a measure or grouping there is not.
    """
    check(measure, by)
    spans = spans_of(session, campaign_id, as_of=as_of, measure=measure, by=by)
    found: dict[str, Any] = {
        "as_of": local(as_of).isoformat(),
        "measure": measure,
        "overall": summary(spans.days, spans.finished),
    }
    for name in by:
        found[f"by_{name}"] = {
            key: summary(spans.days[rows], spans.finished[rows]) for key, rows in _grouped(spans.groups[name])
        }
    return found


def compared(
    session: Session,
    campaign_id: int,
    *,
    as_of: datetime,
    first: Period,
    second: Period,
    measure: str = "claim_to_delivery",
) -> dict[str, Any]:
    """Two periods side by side, of the wishes that began in each: ``{as_of, measure, periods, difference}``.

    Each period is a :func:`~wishes.tracking.survival.summary` with ``from`` and ``to``. ``difference`` tells the second median less
    the first (days), and the log-rank test's p: how likely waits that are really alike would look as different as these.
    """
    check(measure, ())
    spans = spans_of(session, campaign_id, as_of=as_of, measure=measure, by=())
    parts = [spans.within(period) for period in (first, second)]
    told = [
        {"from": period.first.isoformat(), "to": period.last.isoformat(), **summary(*part)}
        for period, part in zip((first, second), parts, strict=True)
    ]
    medians = [one["median"] for one in told]
    chance = log_rank(*parts[0], *parts[1])
    return {
        "as_of": local(as_of).isoformat(),
        "measure": measure,
        "periods": told,
        "difference": {
            "median_days": None if None in medians else round(medians[1] - medians[0], 6),
            "log_rank_p": None if chance is None else round(chance, 6),
        },
    }


def period_curves(
    session: Session, campaign_id: int, *, as_of: datetime, periods: Sequence[Period], measure: str
) -> list[Curve]:
    """The curve of each period's wishes, as :func:`compared` counts them."""
    check(measure, ())
    spans = spans_of(session, campaign_id, as_of=as_of, measure=measure, by=())
    return [kaplan_meier(*spans.within(period)) for period in periods]


def gap_curve(session: Session, campaign_id: int, *, as_of: datetime, measure: str = "claim_to_delivery") -> Curve:
    """The curve behind :func:`gaps`, for a chart with its confidence band."""
    check(measure, ())
    spans = spans_of(session, campaign_id, as_of=as_of, measure=measure, by=())
    return kaplan_meier(spans.days, spans.finished)


def spans_of(session: Session, campaign_id: int, *, as_of: datetime, measure: str, by: Sequence[GroupedBy]) -> Spans:
    """The durations of *measure* as known at *as_of*: from the ledger while nothing was recorded later, else looked back for."""
    ledger = ledger_now(session, campaign_id)
    if micros(as_of) >= ledger.recorded:
        return standing(ledger, as_of=as_of, measure=measure, by=by)
    return measured(history_of(session, campaign_id), as_of=as_of, measure=measure, by=by)


def check(measure: str, by: Iterable[str]) -> None:
    """Raise Invalid unless *measure* and *by* are ones we know."""
    if measure not in MEASURES:
        raise Invalid(
            "measure",
            Text("没有这个指标：{value}。可用：{known}。", "There is no measure “{value}”. Known: {known}."),
            value=measure,
            known=", ".join(MEASURES),
        )
    for name in by:
        if name not in GROUPINGS:
            raise Invalid(
                "by",
                Text("不能按“{value}”分组。可用：{known}。", "Cannot group by “{value}”. Known: {known}."),
                value=name,
                known=", ".join(GROUPINGS),
            )


def standing(ledger: Ledger, *, as_of: datetime, measure: str, by: Sequence[GroupedBy] = GROUPINGS) -> Spans:
    """The durations of *measure* as they stand at *as_of*, when nothing was recorded after it."""
    track = ledger.tracks[measure]
    found = lasting(track, ledger.horizon, micros(as_of))
    return Spans(
        track.start[found.wish],
        found.days,
        found.done,
        {name: ledger.grouping(name, measure).picked(found.wish) for name in by},
    )


def measured(history: History, *, as_of: datetime, measure: str, by: Sequence[GroupedBy] = GROUPINGS) -> Spans:
    """The durations of *measure* as known at *as_of*."""
    known = history.known_at(as_of)
    track = track_of(known, measure)
    found = lasting(track, known.horizon, micros(as_of))
    groups = {
        name: branch_of(known, measure)
        if name == "branch"
        else courier_of(known)
        if name == "courier"
        else getattr(known, name)
        for name in by
    }
    return Spans(
        track.start[found.wish],
        found.days,
        found.done,
        {name: grouping.picked(found.wish) for name, grouping in groups.items()},
    )


def _grouped(groups: Grouping) -> list[tuple[str, npt.NDArray[np.int64]]]:
    """Each group's name and the rows in it, by name."""
    # numbers of 16 bits are sorted by counting, in a tenth of the time
    codes = groups.codes.astype(np.int16) if len(groups.names) < 2**15 else groups.codes
    order = np.argsort(codes, kind="stable")
    cuts = np.concatenate(([0], np.cumsum(np.bincount(groups.codes, minlength=len(groups.names)))))
    return sorted(
        (name or NOBODY, order[cuts[code] : cuts[code + 1]])
        for code, name in enumerate(groups.names)
        if cuts[code] < cuts[code + 1]
    )
