"""Cumulative flow: how many wishes stood in each stage at the end of each day. Pure, over columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from wishes.lifecycle import Status
from wishes.tracking.history import STAGE_CODE, History, Ints

_EPOCH = date(1970, 1, 1)
_DAY = 86_400 * 1_000_000

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
    """Comings less goings by day, band and cell (county × category): small, whatever the number of wishes."""

    first_day: int  # days since 1970
    change: npt.NDArray[np.int32]  # day × band × cell
    categories: int

    def standing(self, county: int | None = None, category: int | None = None) -> npt.NDArray[np.int64]:
        """How many stood in each band at the end of each day: day × band, of one county and category or of all."""
        cells = np.arange(self.change.shape[2])
        chosen = np.ones(cells.size, dtype=bool)
        if county is not None:
            chosen &= cells // self.categories == county
        if category is not None:
            chosen &= cells % self.categories == category
        return np.asarray(self.change[:, :, chosen].sum(axis=2, dtype=np.int64).cumsum(axis=0))

    def day(self, number: int) -> date:
        return _EPOCH + timedelta(days=self.first_day + number)


def flow_of(history: History, first: Ints, wish: Ints, stage: npt.NDArray[np.int8], *, offset_h: int) -> Flow:
    """From stays (*first* event row, wish and stage of each, sorted by wish and time); days begin *offset_h* east of UTC."""
    counties, categories = max(len(history.county.names), 1), max(len(history.category.names), 1)
    if not first.size:
        return Flow(0, np.zeros((0, len(BANDS), counties * categories), dtype=np.int32), categories)
    days = (history.occurred[first] + offset_h * 3_600_000_000) // _DAY
    start = int(days.min())
    span = int(days.max()) - start + 1
    cells = counties * categories
    cell = history.county.codes[wish].astype(np.int64) * categories + history.category.codes[wish]
    band = _BAND_OF[stage]
    key = ((days - start) * len(BANDS) + band) * cells + cell
    size = span * len(BANDS) * cells
    change = np.bincount(key[band >= 0], minlength=size)
    leaves = (
        np.flatnonzero((wish[1:] == wish[:-1]) & (band[:-1] >= 0)) if wish.size > 1 else np.empty(0, dtype=np.int64)
    )
    gone = ((days[leaves + 1] - start) * len(BANDS) + band[leaves]) * cells + cell[leaves]
    change = change - np.bincount(gone, minlength=size)
    return Flow(start, change.astype(np.int32).reshape(span, len(BANDS), cells), categories)
