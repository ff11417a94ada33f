"""A measure as columns: when each wish began it, when it ended, whether it was done. Pure, over a campaign's events.

``claim_to_delivery`` runs from the claim in force (the last one) to the delivery, ``published_to_delivery`` from the first
publication; any stage of the lifecycle can be measured by its name, from the last time a wish entered it until it went on.
Whoever was cancelled (or, in a stage, sent back) ended without being done. A wish whose last claim was released has no claim
in force.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wishes.lifecycle import Status
from wishes.tracking.history import CODE, STAGE_CODE, STAGE_OF_CODE, Grouping, History, Ints
from wishes.tracking.survival import Bools

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
"""Where a wish goes when a stage is done; anywhere else it was sent back, and its time in the stage is censored."""
STAGES = tuple(FORWARD)
"""The stages that are measured, in the order of the way."""
DELIVERIES = ("claim_to_delivery", "published_to_delivery")
MEASURES = (*DELIVERIES, *map(str, STAGES))


@dataclass(frozen=True, slots=True)
class Track:
    """One measure of every wish: when it began (-1: not at all), when it ended (-1: it still goes on), whether it was done."""

    start: Ints
    end: Ints
    done: Bools


@dataclass(frozen=True, slots=True)
class Stays:
    """The events in which a wish changed its stage, sorted as the history is: the event's row, the wish, the stage entered."""

    row: Ints
    wish: Ints
    stage: npt.NDArray[np.int8]
    last: Ints  # of each wish, its last stay; -1: it has none


def stays_of(history: History) -> Stays:
    stages = STAGE_OF_CODE[history.kind]
    begins = np.ones(stages.size, dtype=bool)
    begins[1:] = (history.wish[1:] != history.wish[:-1]) | (stages[1:] != stages[:-1])
    row = np.flatnonzero(begins)
    wish = history.wish[row].astype(np.int64)
    last = np.full(history.horizon.size, -1, dtype=np.int64)
    last[wish] = np.arange(row.size)  # ascending: the last assignment stands
    return Stays(row, wish, stages[row], last)


def track_of(history: History, measure: str, stays: Stays | None = None) -> Track:
    """*measure*, one of :data:`MEASURES`, of every wish. *stays* spares finding them again."""
    if measure in DELIVERIES:
        return _to_delivery(history, _in_force(history) if measure == "claim_to_delivery" else _published(history))
    return _in_stage(history, Status(measure), stays or stays_of(history))


def branch_of(history: History, measure: str) -> Grouping:
    """The branch that answers for each wish's time: of a delivery, that of the claim in force; of a stage, of the last claim."""
    return _actor(history, _in_force(history) if measure in DELIVERIES else _last(history, "claimed"))


def courier_of(history: History) -> Grouping:
    """Who last took each wish along; of one that nobody took along, who delivered it."""
    took = _last(history, "dispatched")
    return _actor(history, np.where(took >= 0, took, _last(history, "delivered")))


def _in_stage(history: History, stage: Status, stays: Stays) -> Track:
    wishes = history.horizon.size
    mine = np.flatnonzero(stays.stage == STAGE_CODE[stage])
    last = np.full(wishes, -1, dtype=np.int64)
    last[stays.wish[mine]] = mine
    entered = last >= 0
    place = last[entered]
    after = np.minimum(place + 1, max(stays.wish.size - 1, 0))
    left = (place + 1 < stays.wish.size) & (stays.wish[after] == stays.wish[place])
    forward = np.zeros(len(STAGE_CODE), dtype=bool)
    forward[[STAGE_CODE[later] for later in FORWARD[stage]]] = True
    start, end = (np.full(wishes, -1, dtype=np.int64) for _ in range(2))
    done = np.zeros(wishes, dtype=bool)
    start[entered] = history.occurred[stays.row[place]]
    end[entered] = np.where(left, history.occurred[stays.row[after]], -1)
    done[entered] = left & forward[stays.stage[after]]
    return Track(start, end, done)


def _to_delivery(history: History, begin: Ints) -> Track:
    delivered = _last(history, "delivered")
    delivered[_last(history, "redone") > delivered] = -1
    ended = _last(history, "cancelled", "withdrawn", "rejected")
    began = begin >= 0
    done = began & (delivered > begin)
    gone = began & ~done & (ended > begin)
    end = np.where(done, _at(history, delivered), np.where(gone, _at(history, ended), -1))
    return Track(_at(history, begin), end, done)


def _in_force(history: History) -> Ints:
    claim = _last(history, "claimed")
    claim[_last(history, "released") > claim] = -1
    return claim


def _published(history: History) -> Ints:
    rows = np.flatnonzero(history.kind == CODE["published"])[::-1]
    first = np.full(history.horizon.size, -1, dtype=np.int64)
    first[history.wish[rows]] = rows
    return first


def _last(history: History, *kinds: str) -> Ints:
    """The row of each wish's last event of these kinds; -1: none."""
    place = np.full(history.horizon.size, -1, dtype=np.int64)
    for kind in kinds:
        rows = np.flatnonzero(history.kind == CODE[kind])
        if rows.size:
            latest = np.full(place.size, -1, dtype=np.int64)
            latest[history.wish[rows]] = rows
            place = np.maximum(place, latest)
    return place


def _at(history: History, place: Ints) -> Ints:
    return np.where(place >= 0, history.occurred[place], -1) if history.occurred.size else place


def _actor(history: History, place: Ints) -> Grouping:
    """Who did what stands in these rows; of -1, nobody."""
    names = history.actor.names
    nobody = names.index("") if "" in names else len(names)
    codes = np.full(place.size, nobody, dtype=np.int32)
    known = place >= 0
    codes[known] = history.actor.codes[place[known]]
    return Grouping(codes, names if nobody < len(names) else (*names, ""))
