"""Many wishes in one tap: each is its own savepoint, so that one that cannot be done does not undo the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sqlmodel import Session

from wishes.errors import MicrowishError
from wishes.events.actions import Moved


@dataclass(slots=True)
class Tally:
    """What a bulk action did: moved wishes, and those refused with the error of each."""

    moved: list[Moved] = field(default_factory=list)
    refused: dict[int, MicrowishError] = field(default_factory=dict)


def each(session: Session, wish_ids: Iterable[int], verb: Callable[[int], Moved]) -> Tally:
    """Call *verb* for each wish in the caller's transaction; refusals are collected, not raised."""
    tally = Tally()
    for wish_id in wish_ids:
        try:
            with session.begin_nested():
                tally.moved.append(verb(wish_id))
        except MicrowishError as error:
            if error.status >= 500:
                raise
            tally.refused[wish_id] = error
    return tally
