"""Events as columns: the whole story of a campaign's wishes in a few arrays, live or imported, as known at an instant.

Everything that measures time reads this one shape, so that a figure means the same whether its events were made here or
came from an older system. Pure; :mod:`wishes.tracking.recall` reads it from the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from wishes.lifecycle import Status

KINDS: dict[str, Status] = {
    "submitted": Status.SUBMITTED,
    "verified": Status.VERIFIED,
    "published": Status.OPEN,
    "proposed": Status.PROPOSED,
    "unproposed": Status.OPEN,
    "claimed": Status.CLAIMED,
    "released": Status.OPEN,
    "scheduled": Status.SCHEDULED,
    "prepared": Status.READY,
    "inspection_failed": Status.CLAIMED,
    "inspected": Status.INSPECTED,
    "dispatched": Status.IN_TRANSIT,
    "undeliverable": Status.INSPECTED,
    "delivered": Status.DELIVERED,
    "redone": Status.CLAIMED,
    "feedback": Status.CLOSED,
    "cancelled": Status.CANCELLED,
    "withdrawn": Status.VERIFIED,
    "returned": Status.DRAFT,
    "rejected": Status.REJECTED,
    "disputed": Status.DISPUTED,
    "settled": Status.DELIVERED,
    "lost": Status.CLAIMED,
    "damaged": Status.CLAIMED,
    "moved_away": Status.INSPECTED,
    "not_kept": Status.CLAIMED,
}
"""What can happen to a wish, and the stage it stands in afterwards."""

IMPORTABLE = (
    "submitted",
    "verified",
    "published",
    "claimed",
    "released",
    "prepared",
    "inspected",
    "inspection_failed",
    "dispatched",
    "delivered",
    "feedback",
    "cancelled",
)
"""The events a history file may hold."""

KIND_OF_MOVE: dict[str, str] = {
    "submit": "submitted",
    "return": "returned",
    "reject": "rejected",
    "verify": "verified",
    "publish": "published",
    "unpublish": "withdrawn",
    "propose": "proposed",
    "accept": "claimed",
    "decline": "unproposed",
    "expire": "unproposed",
    "claim": "claimed",
    "release": "released",
    "lapse": "released",
    "prepare": "prepared",
    "schedule": "scheduled",
    "inspect": "inspected",
    "fail_inspection": "inspection_failed",
    "dispatch": "dispatched",
    "undeliverable": "undeliverable",
    "moved_away": "moved_away",
    "lose": "lost",
    "damage": "damaged",
    "no_show": "not_kept",
    "deliver": "delivered",
    "deliver_directly": "delivered",
    "attend": "delivered",
    "close": "feedback",
    "dispute": "disputed",
    "settle": "settled",
    "redo": "redone",
    "cancel": "cancelled",
}
"""The same, by the name of the lifecycle's move."""

CODE = {kind: code for code, kind in enumerate(KINDS)}
_STAGES = list(Status)
STAGE_CODE = {stage: code for code, stage in enumerate(_STAGES)}
STAGE_OF_CODE = np.array([STAGE_CODE[stage] for stage in KINDS.values()], dtype=np.int8)

Ints = npt.NDArray[np.int64]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = np.iinfo(np.int64).max
NOBODY = "none"
"""The group of those who belong to none: a wish that no branch holds."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """What wishes or events are grouped by: a code for each, and the codes' names."""

    codes: npt.NDArray[np.int32]
    names: tuple[str, ...]

    @classmethod
    def of(cls, values: Sequence[Any]) -> Grouping:
        """Codes in the order in which the names first appear; None is ""."""
        known: dict[Any, int] = {}
        codes = np.fromiter(
            (known.setdefault(value, len(known)) for value in values), dtype=np.int32, count=len(values)
        )
        return cls(codes, tuple("" if name is None else str(name) for name in known))

    def followed_by(self, other: Grouping) -> Grouping:
        known = {name: code for code, name in enumerate(self.names)}
        again = np.array([known.setdefault(name, len(known)) for name in other.names], dtype=np.int32)
        return Grouping(
            np.concatenate((self.codes, again[other.codes] if other.codes.size else other.codes)), tuple(known)
        )

    def picked(self, rows: npt.NDArray[Any]) -> Grouping:
        return Grouping(self.codes[rows], self.names)


@dataclass(frozen=True, slots=True)
class History:
    """Events sorted by wish, then by when they happened. Instants are microseconds since 1970 UTC.

    ``wish`` indexes what is known per wish: ``county``, ``category``, ``community``, and ``horizon`` (nobody followed the wish
    beyond it). ``actor`` is, per event, who did it as far as it is measured: the branch that claimed, the courier who took it along.
    """

    wish: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int8]
    occurred: Ints
    recorded: Ints
    actor: Grouping
    county: Grouping
    category: Grouping
    community: Grouping
    horizon: Ints

    def known_at(self, instant: datetime) -> History:
        """What had been recorded by *instant*; the rest was not known, whenever it happened."""
        seen = self.recorded <= micros(instant)
        if seen.all():
            return self
        return replace(
            self,
            wish=self.wish[seen],
            kind=self.kind[seen],
            occurred=self.occurred[seen],
            recorded=self.recorded[seen],
            actor=self.actor.picked(seen),
        )

    def with_actor(self, actor: Grouping) -> History:
        return replace(self, actor=actor)

    def followed_by(self, other: History) -> History:
        """Both, the other's wishes after ours."""
        return History(
            np.concatenate((self.wish, other.wish + np.int32(self.horizon.size))),
            np.concatenate((self.kind, other.kind)),
            np.concatenate((self.occurred, other.occurred)),
            np.concatenate((self.recorded, other.recorded)),
            self.actor.followed_by(other.actor),
            self.county.followed_by(other.county),
            self.category.followed_by(other.category),
            self.community.followed_by(other.community),
            np.concatenate((self.horizon, other.horizon)),
        )


def splice(whole: History, numbers: Ints, stories: History) -> History:
    """*whole* with the *stories* of the wishes *numbers* (ascending) in the place of what it told of them; new ones at its end.

    The names of the stories' groupings begin with those of the whole.
    """
    size = max(whole.horizon.size, int(numbers[-1]) + 1) if numbers.size else whole.horizon.size
    told_anew = np.zeros(size, dtype=bool)
    told_anew[numbers] = True
    kept = np.flatnonzero(~told_anew[whole.wish])
    wish = numbers[stories.wish].astype(np.int32)
    place = np.searchsorted(whole.wish[kept], wish)

    def events(old: npt.NDArray[Any], new: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.insert(old[kept], place, new)

    def wishes(old: npt.NDArray[Any], new: npt.NDArray[Any]) -> npt.NDArray[Any]:
        made = np.empty(size, dtype=old.dtype)
        made[: old.size] = old
        made[numbers] = new
        return made

    return History(
        events(whole.wish, wish),
        events(whole.kind, stories.kind),
        events(whole.occurred, stories.occurred),
        events(whole.recorded, stories.recorded),
        Grouping(events(whole.actor.codes, stories.actor.codes), stories.actor.names),
        *(
            Grouping(wishes(old.codes, new.codes), new.names)
            for old, new in (
                (whole.county, stories.county),
                (whole.category, stories.category),
                (whole.community, stories.community),
            )
        ),
        wishes(whole.horizon, stories.horizon),
    )


def micros(instant: datetime) -> int:
    difference = instant - _EPOCH
    return (difference.days * 86_400 + difference.seconds) * 1_000_000 + difference.microseconds
