"""The figures of the coordinator's board: who waits where, how long each stage takes, what piles up. Over whole columns.

A :class:`Ledger` is made from a campaign's history once and answers every question by arithmetic over arrays, so that a filter
costs no more than the whole. It says the same as :mod:`wishes.tracking.gaps`, which also looks back; this looks at now.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from wishes.lifecycle import HELD, Status
from wishes.tracking.flow import Flow, flow_of
from wishes.tracking.gaps import NOBODY
from wishes.tracking.history import CODE, STAGE_CODE, STAGE_OF_CODE, Grouping, History, Ints
from wishes.tracking.survival import Z_95, Bools, Curve, Floats, kaplan_meier

DAY = 86_400 * 1_000_000
MINUTE = 60 * 1_000_000
UNDER_WAY = (Status.OPEN, Status.PROPOSED, *HELD)
COUNTED_FROM = 20_000
AGE_CLASSES = (3, 7, 14, 30)
"""Days at which the classes of ageing work end; the last class has no end."""


@dataclass(frozen=True, slots=True)
class Narrow:
    """What the board is narrowed to; empty does not narrow. *branch* is the id as text, or ``none``."""

    county: str = ""
    category: str = ""
    community: str = ""
    branch: str = ""

    def items(self) -> Iterator[tuple[str, str]]:
        for name in ("county", "category", "community", "branch"):
            if value := getattr(self, name):
                yield name, value


@dataclass(frozen=True, slots=True)
class Track:
    """One measure of every wish: when it began (-1: not at all), when it ended (-1: it still goes on), whether it was done."""

    start: Ints
    end: Ints
    done: Bools


@dataclass(frozen=True, slots=True)
class Lasting:
    """Durations of the wishes that a question is about (days), whether they are done, and which wishes they are."""

    days: Floats
    done: Bools
    wish: Ints


@dataclass
class Ledger:
    """A campaign's wishes as columns, ready for questions. Instants are microseconds since 1970 UTC."""

    history: History
    stage: npt.NDArray[np.int8]  # STAGE_CODE of where each stands; -1: nothing is known
    since: Ints
    branch: Grouping
    flow: Flow
    _stays: tuple[Ints, Ints, npt.NDArray[np.int8], Ints]
    _tracks: dict[str, Track] = field(default_factory=dict)
    answers: dict[Any, tuple[float, dict[str, Any]]] = field(default_factory=dict)  # dear ones, and until when they do

    def grouping(self, by: str) -> Grouping:
        return (
            self.branch
            if by == "branch"
            else {
                "county": self.history.county,
                "category": self.history.category,
                "community": self.history.community,
            }[by]
        )

    def rows(self, narrow: Narrow) -> Bools:
        """Which wishes *narrow* lets through."""
        found = np.ones(self.stage.size, dtype=bool)
        for by, value in narrow.items():
            groups = self.grouping(by)
            name = "" if value == NOBODY else value
            found &= groups.codes == groups.names.index(name) if name in groups.names else False
        return found

    def lasting(self, measure: str, rows: Bools, until: int) -> Lasting:
        """How long *measure* took, or has taken by *until*, for the wishes in *rows* that it applies to."""
        track = self.track(measure)
        chosen = np.flatnonzero((track.start >= 0) & rows & (track.start <= until))
        end = track.end[chosen]
        end = np.where(end >= 0, end, np.minimum(self.history.horizon[chosen], until))
        return Lasting(np.maximum(end - track.start[chosen], 0) / DAY, track.done[chosen], chosen)

    def track(self, measure: str) -> Track:
        if measure not in self._tracks:
            self._tracks[measure] = (
                _delivery_track(self.history, measure == "claim_to_delivery")
                if measure in ("claim_to_delivery", "published_to_delivery")
                else self._stage_track(Status(measure))
            )
        return self._tracks[measure]

    def _stage_track(self, stage: Status) -> Track:
        first, _, stages, wish = self._stays
        mine = np.flatnonzero(stages == STAGE_CODE[stage])
        last = np.full(self.stage.size, -1, dtype=np.int64)
        last[wish[mine]] = mine
        entered = last >= 0
        place = last[entered]
        after = np.minimum(place + 1, wish.size - 1)
        left = (place + 1 < wish.size) & (wish[after] == wish[place])
        start, end = (np.full(self.stage.size, -1, dtype=np.int64) for _ in range(2))
        done = np.zeros(self.stage.size, dtype=bool)
        start[entered] = self.history.occurred[first[place]]
        end[entered] = np.where(left, self.history.occurred[first[after]], -1)
        done[entered] = left & _is_forward(stage)[stages[after]]
        return Track(start, end, done)

    def ages(self, rows: Bools, until: int) -> dict[Status, list[int]]:
        """How many wishes stand in each stage under way, by :data:`AGE_CLASSES` of the days they have stood there."""
        found = {}
        for stage in UNDER_WAY:
            here = np.flatnonzero((self.stage == STAGE_CODE[stage]) & rows)
            at = np.searchsorted(AGE_CLASSES, (until - self.since[here]) / DAY, side="right")
            found[stage] = np.bincount(at, minlength=len(AGE_CLASSES) + 1).tolist()
        return found

    def under_way(self, rows: Bools) -> Bools:
        return np.isin(self.stage, [STAGE_CODE[stage] for stage in UNDER_WAY]) & rows

    def counted(self, by: str, rows: Bools) -> dict[str, int]:
        """How many of *rows* there are in each group."""
        groups = self.grouping(by)
        counts = np.bincount(groups.codes[rows], minlength=len(groups.names))
        return {groups.names[n] or NOBODY: int(counts[n]) for n in np.flatnonzero(counts)}

    def curves(self, lasting: Lasting, by: str, *, at_least: int = 1) -> dict[str, Curve]:
        """The curve of each group with at least so many wishes."""
        groups = self.grouping(by)
        codes = groups.codes[lasting.wish]
        sizes = np.bincount(codes, minlength=len(groups.names))
        small = len(groups.names) < 32_767  # sixteen bits are sorted by their digits, in one pass over a million
        order = np.argsort(codes.astype(np.int16) if small else codes, kind="stable")
        cuts = np.concatenate(([0], np.cumsum(sizes)))
        found = {}
        for code in np.flatnonzero(sizes >= at_least):
            rows = order[cuts[code] : cuts[code + 1]]
            found[groups.names[code] or NOBODY] = curve(lasting.days[rows], lasting.done[rows])
        return found


def ledger_of(history: History, *, city_offset_h: int = 8) -> Ledger:
    """Turn a history into a ledger: sorted events into stays, each wish's last one into where it stands."""
    wishes = history.horizon.size
    stages = STAGE_OF_CODE[history.kind]
    begins = np.ones(stages.size, dtype=bool)
    begins[1:] = (history.wish[1:] != history.wish[:-1]) | (stages[1:] != stages[:-1])
    first = np.flatnonzero(begins)
    wish, stay_stage = history.wish[first].astype(np.int64), stages[first]
    last = np.full(wishes, -1, dtype=np.int64)
    last[wish] = np.arange(first.size)
    stage = np.where(last >= 0, stay_stage[last] if first.size else -1, -1).astype(np.int8)
    since = np.where(last >= 0, history.occurred[first[last]] if first.size else -1, -1)
    flow = flow_of(history, first, wish, stay_stage, offset_h=city_offset_h)
    return Ledger(history, stage, since, _holders(history), flow, (first, last, stay_stage, wish))


def curve(days: Floats, done: Bools) -> Curve:
    """Kaplan–Meier. Many durations are rounded to the minute, so that they are counted instead of sorted."""
    if days.size < COUNTED_FROM:
        return kaplan_meier(days, done)
    minutes = np.rint(days * 1440.0).astype(np.int64)
    left = np.bincount(minutes)
    ended = np.bincount(minutes, weights=done.astype(np.float64), minlength=left.size).astype(np.int64)
    at_risk = days.size - np.concatenate(([0], np.cumsum(left)[:-1])).astype(np.int64) if left.size else left
    seen = np.flatnonzero(left)
    ended, at_risk = ended[seen], at_risk[seen]
    with np.errstate(divide="ignore", invalid="ignore"):
        waiting = np.cumprod(1.0 - ended / at_risk).astype(np.float64)
        term = np.where(at_risk > ended, ended / (at_risk * (at_risk - ended).astype(np.float64)), 0.0)
        log_waiting = np.log(waiting)
        spread = Z_95 * np.sqrt(np.cumsum(term)) / log_waiting
        lower, upper = (np.exp(-np.exp(np.log(-log_waiting) + sign * spread)) for sign in (-1.0, 1.0))
    unknown = np.isnan(lower)
    return Curve(seen / 1440.0, at_risk, ended, waiting, np.where(unknown, 1.0, lower), np.where(unknown, 1.0, upper))


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


def _is_forward(stage: Status) -> Bools:
    """By stage code: whether going there from *stage* means that the stage is done (otherwise the wish was sent back)."""
    forward = np.zeros(len(STAGE_CODE), dtype=bool)
    for later in FORWARD[stage]:
        forward[STAGE_CODE[later]] = True
    return forward


FORWARD: dict[Status, tuple[Status, ...]] = {
    Status.SUBMITTED: (Status.VERIFIED, Status.OPEN),
    Status.VERIFIED: (Status.OPEN,),
    Status.OPEN: (Status.PROPOSED, Status.CLAIMED),
    Status.PROPOSED: (Status.CLAIMED,),
    Status.CLAIMED: (Status.READY, Status.SCHEDULED, Status.INSPECTED, Status.IN_TRANSIT, Status.DELIVERED),
    Status.SCHEDULED: (Status.DELIVERED,),
    Status.READY: (Status.INSPECTED, Status.IN_TRANSIT, Status.DELIVERED),
    Status.INSPECTED: (Status.IN_TRANSIT, Status.DELIVERED),
    Status.IN_TRANSIT: (Status.DELIVERED,),
    Status.DELIVERED: (Status.CLOSED,),
}
"""Where a wish goes when a stage is done."""


def _last(history: History, *kinds: str) -> Ints:
    """The row of each wish's last event of these kinds; -1: none."""
    place = np.full(history.horizon.size, -1, dtype=np.int64)
    for kind in kinds:
        rows = np.flatnonzero(history.kind == CODE[kind])
        latest = np.full(place.size, -1, dtype=np.int64)
        latest[history.wish[rows]] = rows  # ascending: the last assignment stands
        place = np.maximum(place, latest)
    return place


def _at(history: History, place: Ints) -> Ints:
    return np.where(place >= 0, history.occurred[place], -1) if history.occurred.size else place


def _delivery_track(history: History, from_claim: bool) -> Track:
    if from_claim:
        begin = _last(history, "claimed")
        begin[_last(history, "released") > begin] = -1
    else:
        rows = np.flatnonzero(history.kind == CODE["published"])[::-1]
        begin = np.full(history.horizon.size, -1, dtype=np.int64)
        begin[history.wish[rows]] = rows
    delivered = _last(history, "delivered")
    delivered[_last(history, "redone") > delivered] = -1
    ended = _last(history, "cancelled", "withdrawn", "rejected")
    done = delivered > begin
    gone = ~done & (ended > begin)
    end = np.where(done, _at(history, delivered), np.where(gone, _at(history, ended), -1))
    return Track(_at(history, begin), end, done & (begin >= 0))


def _holders(history: History) -> Grouping:
    """The branch of each wish's claim in force, or of its last one."""
    claim = _last(history, "claimed")
    names = history.branch.names
    if not names:
        return Grouping(np.zeros(claim.size, dtype=np.int32), ("",))
    codes = np.where(claim >= 0, history.branch.codes[claim], len(names)).astype(np.int32)
    if "" in names:
        codes[codes == len(names)] = names.index("")
        return Grouping(codes, names)
    return Grouping(codes, (*names, ""))
