"""A campaign's wishes as they stand now, as columns: every measure of each, made once and then kept up with the news.

A question costs arithmetic over the columns; a new event costs the wishes it is about and a copy of the columns it changes.
Nothing is approximate and nothing is late: :mod:`wishes.tracking.recall` hands out the ledger of all that is recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from wishes.lifecycle import HELD, Status
from wishes.tracking.flow import Flow, flow_of
from wishes.tracking.history import NOBODY, STAGE_CODE, Grouping, History, Ints
from wishes.tracking.survival import Bools, Floats
from wishes.tracking.tracks import DELIVERIES, MEASURES, Track, branch_of, courier_of, stays_of, track_of

DAY = 86_400 * 1_000_000
UNDER_WAY = (Status.OPEN, Status.PROPOSED, *HELD)
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
class Lasting:
    """Durations of the wishes that a question is about (days), whether they are done, and which wishes they are."""

    days: Floats
    done: Bools
    wish: Ints


@dataclass(frozen=True, slots=True)
class Ledger:
    """A campaign's wishes as columns, ready for questions. Instants are microseconds since 1970 UTC."""

    stage: npt.NDArray[np.int8]  # STAGE_CODE of where each stands; -1: nothing is known
    since: Ints
    horizon: Ints
    groups: dict[
        str, Grouping
    ]  # county, category, community, courier; branch: of the claim in force; claimed_by: of the last
    tracks: dict[str, Track]  # by measure
    flow: Flow
    recorded: int  # when the last of all that is in here was recorded

    def grouping(self, by: str, measure: str = DELIVERIES[0]) -> Grouping:
        """How *by* divides the wishes; who answers for a stage is whoever claimed last."""
        return self.groups["claimed_by" if by == "branch" and measure not in DELIVERIES else by]

    def rows(self, narrow: Narrow) -> Bools:
        """Which wishes *narrow* lets through."""
        found = np.ones(self.stage.size, dtype=bool)
        for by, value in narrow.items():
            groups = self.groups["claimed_by" if by == "branch" else by]
            name = "" if value == NOBODY else value
            found &= groups.codes == groups.names.index(name) if name in groups.names else False
        return found

    def lasting(self, measure: str, rows: Bools, until: int) -> Lasting:
        """How long *measure* took, or has taken by *until*, for the wishes in *rows* that it applies to."""
        return lasting(self.tracks[measure], self.horizon, until, rows)

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

    def with_news(self, before: History, after: History, at: Ints) -> Ledger:
        """The ledger after the stories of the wishes *at* have changed from *before* to *after*.

        *at* is ascending and may lie beyond the last wish: those are new. The names of *after*'s groupings begin with those known.
        Columns that stay the same are shared with the old ledger, which goes on being what it was.
        """
        small, size = ledger_of(after), max(self.stage.size, int(at[-1]) + 1) if at.size else self.stage.size
        return replace(
            self,
            stage=_patched(self.stage, size, at, small.stage),
            since=_patched(self.since, size, at, small.since),
            horizon=_patched(self.horizon, size, at, small.horizon),
            groups={
                name: Grouping(_patched(old.codes, size, at, small.groups[name].codes), small.groups[name].names)
                for name, old in self.groups.items()
            },
            tracks={
                name: Track(
                    *(
                        _patched(getattr(old, part), size, at, getattr(small.tracks[name], part))
                        for part in ("start", "end", "done")
                    )
                )
                for name, old in self.tracks.items()
            },
            flow=self.flow.with_news(flow_of(before, stays_of(before)), small.flow),
            recorded=max(self.recorded, small.recorded),
        )


def ledger_of(history: History) -> Ledger:
    """Turn a history into a ledger."""
    stays = stays_of(history)
    stands = stays.last >= 0
    stage = np.full(stays.last.size, -1, dtype=np.int8)
    since = np.full(stays.last.size, -1, dtype=np.int64)
    stage[stands] = stays.stage[stays.last[stands]]
    since[stands] = history.occurred[stays.row[stays.last[stands]]]
    return Ledger(
        stage,
        since,
        history.horizon,
        {
            "county": history.county,
            "category": history.category,
            "community": history.community,
            "branch": branch_of(history, DELIVERIES[0]),
            "claimed_by": branch_of(history, str(Status.CLAIMED)),
            "courier": courier_of(history),
        },
        {measure: track_of(history, measure, stays) for measure in MEASURES},
        flow_of(history, stays),
        int(history.recorded.max()) if history.recorded.size else -1,
    )


def lasting(track: Track, horizon: Ints, until: int, rows: Bools | None = None) -> Lasting:
    """How long *track* took, or has taken by *until* (nobody was followed beyond *horizon*)."""
    counts = (track.start >= 0) & (track.start <= until)
    chosen = np.flatnonzero(counts if rows is None else counts & rows)
    end = track.end[chosen]
    end = np.where(end >= 0, end, np.minimum(horizon[chosen], until))
    return Lasting(np.maximum(end - track.start[chosen], 0) / DAY, track.done[chosen], chosen)


def _patched(column: Any, size: int, at: Ints, values: Any) -> Any:
    if size == column.size and np.array_equal(column[at], values):
        return column
    made = np.empty(size, dtype=column.dtype)
    made[: column.size] = column
    made[at] = values
    return made
