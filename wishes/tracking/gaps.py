"""The gap: how long a child waits, measured with those who are still waiting.

``claim_to_delivery`` runs from the claim in force (the last one) to the delivery, ``published_to_delivery`` from the first
publication; any stage of the lifecycle can be measured by its name, from the last time a wish entered it until it went on.
Whoever is still under way is censored at the instant asked for, whoever was cancelled (or, in a stage, sent back) when that
happened. A wish whose last claim was released has no claim in force.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from sqlmodel import Session

from wishes.clock import local
from wishes.errors import Invalid
from wishes.i18n import Text
from wishes.lifecycle import Status
from wishes.tracking.history import CODE, STAGE_CODE, STAGE_OF_CODE, Grouping, History, micros
from wishes.tracking.recall import history_of
from wishes.tracking.survival import Bools, Curve, Floats, kaplan_meier, summary

GroupedBy = Literal["county", "category", "branch", "community"]
GROUPINGS: tuple[GroupedBy, ...] = get_args(GroupedBy)
STAGES = (
    Status.SUBMITTED,
    Status.VERIFIED,
    Status.OPEN,
    Status.PROPOSED,
    Status.CLAIMED,
    Status.SCHEDULED,
    Status.READY,
    Status.INSPECTED,
    Status.IN_TRANSIT,
    Status.DELIVERED,
)
MEASURES = ("claim_to_delivery", "published_to_delivery", *map(str, STAGES))
NOBODY = "none"
"""The group of those who belong to none: a wish that no branch holds."""

_DAY = 86_400 * 1_000_000
_FORWARD: dict[Status, frozenset[Status]] = {
    stage: frozenset(_later)
    for stage, _later in (
        (Status.SUBMITTED, {Status.VERIFIED, Status.OPEN}),
        (Status.VERIFIED, {Status.OPEN}),
        (Status.OPEN, {Status.PROPOSED, Status.CLAIMED}),
        (Status.PROPOSED, {Status.CLAIMED}),
        (Status.CLAIMED, {Status.READY, Status.SCHEDULED, Status.INSPECTED, Status.IN_TRANSIT, Status.DELIVERED}),
        (Status.SCHEDULED, {Status.DELIVERED}),
        (Status.READY, {Status.INSPECTED, Status.IN_TRANSIT, Status.DELIVERED}),
        (Status.INSPECTED, {Status.IN_TRANSIT, Status.DELIVERED}),
        (Status.IN_TRANSIT, {Status.DELIVERED}),
        (Status.DELIVERED, {Status.CLOSED}),
    )
}
"""Where a wish goes when the stage is done; anywhere else it was sent back, and its time in the stage is censored."""


@dataclass(frozen=True, slots=True)
class Spans:
    """One duration per wish that has one: days, whether it finished, and the wish's groups."""

    days: Floats
    finished: Bools
    groups: dict[str, Grouping]


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
    spans = measured(history_of(session, campaign_id), as_of=as_of, measure=measure)
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


def gap_curve(session: Session, campaign_id: int, *, as_of: datetime, measure: str = "claim_to_delivery") -> Curve:
    """The curve behind :func:`gaps`, for a chart with its confidence band."""
    check(measure, ())
    spans = measured(history_of(session, campaign_id), as_of=as_of, measure=measure)
    return kaplan_meier(spans.days, spans.finished)


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


def measured(history: History, *, as_of: datetime, measure: str) -> Spans:
    """The durations of *measure* as known at *as_of*."""
    known = history.known_at(as_of)
    until = np.minimum(known.horizon, micros(as_of))
    story = _Story(known)
    if measure == "claim_to_delivery":
        start = story.last("claimed")
        start[story.last("released") > start] = -1
        return _to_delivery(known, story, start, until, branch_of=start)
    if measure == "published_to_delivery":
        start = story.first("published")
        claim = story.last("claimed")
        claim[story.last("released") > claim] = -1
        return _to_delivery(known, story, start, until, branch_of=claim)
    return _in_stage(known, story, Status(measure), until)


class _Story:
    """Where in the sorted events each wish's first or last event of a kind stands; -1: it has none."""

    def __init__(self, known: History) -> None:
        self.known, self.wishes = known, known.horizon.size

    def last(self, *kinds: str) -> npt.NDArray[np.int64]:
        place = np.full(self.wishes, -1, dtype=np.int64)
        rows = self._of(kinds)
        place[self.known.wish[rows]] = rows  # ascending: the last assignment stands
        return place

    def first(self, *kinds: str) -> npt.NDArray[np.int64]:
        place = np.full(self.wishes, -1, dtype=np.int64)
        rows = self._of(kinds)[::-1]
        place[self.known.wish[rows]] = rows
        return place

    def _of(self, kinds: Sequence[str]) -> npt.NDArray[np.int64]:
        return np.flatnonzero(np.isin(self.known.kind, [CODE[kind] for kind in kinds]))


def _to_delivery(
    known: History,
    story: _Story,
    start: npt.NDArray[np.int64],
    until: npt.NDArray[np.int64],
    branch_of: npt.NDArray[np.int64],
) -> Spans:
    delivered = story.last("delivered")
    delivered[story.last("redone") > delivered] = -1
    ended = story.last("cancelled", "withdrawn", "rejected")
    done = delivered > start
    gone = ~done & (ended > start)
    counted = (start >= 0) & (known.occurred[start] <= until) if known.wish.size else np.zeros(start.size, dtype=bool)
    end = np.where(done, _at(known, delivered), np.where(gone, _at(known, ended), until))
    return _spans(known, counted, _at(known, start), end, done, branch_of)


def _in_stage(known: History, story: _Story, stage: Status, until: npt.NDArray[np.int64]) -> Spans:
    """The last stay of each wish in *stage*."""
    stages, code = STAGE_OF_CODE[known.kind], STAGE_CODE[stage]
    before = np.full(stages.size, -1, dtype=np.int16)
    before[1:] = np.where(known.wish[1:] == known.wish[:-1], stages[:-1], -1)
    entry = np.full(story.wishes, -1, dtype=np.int64)
    entering = np.flatnonzero((stages == code) & (before != code))
    entry[known.wish[entering]] = entering
    leave = np.full(story.wishes, -1, dtype=np.int64)
    leaving = np.flatnonzero((before == code) & (stages != code))
    leave[known.wish[leaving]] = leaving
    left = leave > entry
    went_on = np.zeros(story.wishes, dtype=bool)
    went_on[left] = np.isin(stages[leave[left]], [STAGE_CODE[later] for later in _FORWARD[stage]])
    end = np.where(left, _at(known, leave), until)
    return _spans(known, entry >= 0, _at(known, entry), end, went_on, story.last("claimed"))


def _at(known: History, place: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return known.occurred[place] if known.wish.size else np.zeros(place.size, dtype=np.int64)


def _spans(
    known: History,
    counted: Bools,
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    finished: Bools,
    branch_of: npt.NDArray[np.int64],
) -> Spans:
    days = np.maximum(end - start, 0)[counted] / _DAY
    holder = branch_of[counted]
    branch = known.branch
    if not branch.names:
        held = Grouping(np.zeros(holder.size, dtype=np.int32), ("",))
    else:
        held = Grouping(
            np.where(holder >= 0, branch.codes[holder], len(branch.names)).astype(np.int32), (*branch.names, "")
        )
    return Spans(
        days,
        finished[counted],
        {
            "county": known.county.picked(counted),
            "category": known.category.picked(counted),
            "community": known.community.picked(counted),
            "branch": held,
        },
    )


def _grouped(groups: Grouping) -> list[tuple[str, npt.NDArray[np.int64]]]:
    """Each group's name and the rows in it, by name."""
    # numbers of 16 bits are sorted by counting, in a tenth of the time
    codes = groups.codes.astype(np.int16) if len(groups.names) < 2**15 else groups.codes
    order = np.argsort(codes, kind="stable")
    cuts = np.searchsorted(groups.codes[order], np.arange(len(groups.names) + 1))
    found: dict[str, npt.NDArray[np.int64]] = {}
    for code, name in enumerate(groups.names):
        if cuts[code] < cuts[code + 1]:
            rows = order[cuts[code] : cuts[code + 1]]
            found[name or NOBODY] = np.concatenate((found[name or NOBODY], rows)) if (name or NOBODY) in found else rows
    return sorted(found.items())
