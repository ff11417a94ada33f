"""Cumulative flow: how many wishes stood in each stage at the end of each day. Pure, over columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from wishes.lifecycle import Status
from wishes.tracking.history import STAGE_CODE, History
from wishes.tracking.tracks import Stays

_EPOCH = date(1970, 1, 1)
_DAY = 86_400 * 1_000_000
_EAST_OF_UTC = 8 * 3_600_000_000
"""Days begin in Shanghai."""

BANDS: tuple[tuple[str, tuple[Status, ...]], ...] = (
    ("closed", (Status.CLOSED,)),
    ("delivered", (Status.DELIVERED, Status.DISPUTED)),
    ("in_transit", (Status.IN_TRANSIT,)),
    ("inspected", (Status.INSPECTED,)),
    ("ready", (Status.READY, Status.SCHEDULED)),
    ("claimed", (Status.CLAIMED,)),
    ("proposed", (Status.PROPOSED,)),
    ("open", (Status.OPEN,)),
    ("before", (Status.DRAFT, Status.SUBMITTED, Status.VERIFIED)),
)
"""The bands of the picture from the ground up; cancelled and rejected wishes leave it."""

_BAND_OF = np.full(len(STAGE_CODE), -1, dtype=np.int64)
for _at, (_, _stages) in enumerate(BANDS):
    for _stage in _stages:
        _BAND_OF[STAGE_CODE[_stage]] = _at


@dataclass(frozen=True, slots=True)
class Flow:
    """Comings less goings by day, band, county and category: small, whatever the number of wishes."""

    first_day: int  # days since 1970
    change: npt.NDArray[np.int32]  # day × band × county × category

    def standing(self, county: int | None = None, category: int | None = None) -> npt.NDArray[np.int64]:
        """How many stood in each band at the end of each day: day × band, of one county and category or of all.

        The numbers are those of the groupings; one that is not in them has nobody.
        """
        change = self.change
        if county is not None:
            change = change[:, :, county : county + 1] if county >= 0 else change[:, :, :0]
        if category is not None:
            change = change[..., category : category + 1] if category >= 0 else change[..., :0]
        return np.asarray(change.sum(axis=(2, 3), dtype=np.int64).cumsum(axis=0))

    def day(self, number: int) -> date:
        return _EPOCH + timedelta(days=self.first_day + number)

    def with_news(self, before: Flow, after: Flow) -> Flow:
        """Of some wishes the story has changed from *before* to *after*."""
        parts = [flow for flow in (self, before, after) if flow.change.shape[0]]
        if not parts:
            return self
        first = min(flow.first_day for flow in parts)
        days = max(flow.first_day + flow.change.shape[0] for flow in parts) - first
        shape = (days, len(BANDS), *(max(flow.change.shape[axis] for flow in parts) for axis in (2, 3)))
        change = np.zeros(shape, dtype=np.int32)
        for flow, sign in ((self, 1), (before, -1), (after, 1)):
            size, _, counties, categories = flow.change.shape
            if size:
                start = flow.first_day - first
                change[start : start + size, :, :counties, :categories] += sign * flow.change
        return Flow(first, change)


def flow_of(history: History, stays: Stays) -> Flow:
    """The comings and goings of all wishes of *history*."""
    counties, categories = max(len(history.county.names), 1), max(len(history.category.names), 1)
    if not stays.row.size:
        return Flow(0, np.zeros((0, len(BANDS), counties, categories), dtype=np.int32))
    wish = stays.wish
    days = (history.occurred[stays.row] + _EAST_OF_UTC) // _DAY
    start = int(days.min())
    shape = (int(days.max()) - start + 1, len(BANDS), counties, categories)
    cell = history.county.codes[wish].astype(np.int64) * categories + history.category.codes[wish]
    band = _BAND_OF[stays.stage]
    cells = counties * categories
    came = np.flatnonzero(band >= 0)
    went = np.flatnonzero((wish[1:] == wish[:-1]) & (band[:-1] >= 0))
    change = np.zeros(int(np.prod(shape)), dtype=np.int32)
    for rows, when, sign in ((came, came, 1), (went, went + 1, -1)):
        key = ((days[when] - start) * len(BANDS) + band[rows]) * cells + cell[rows]
        change += sign * np.bincount(key, minlength=change.size).astype(np.int32)
    return Flow(start, change.reshape(shape))
