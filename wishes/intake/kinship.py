"""Which entries speak of one child, and which children share a household. Pure.

The same child can be sent by the school and by the township, in several files and several times. Two entries are one
child when a file puts them under one child, when one repeats the other, or when name, birth and sex agree and a
guardian, a phone or the place does too. Namesakes differ in one of these.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from wishes.intake.shaping import household_key
from wishes.intake.understanding.model import Entry


def child_labels(entries: Sequence[Entry]) -> dict[str, str]:
    """Entry key → label of its child: the key of the child's first entry."""
    union = _Union()
    by_name: dict[str, list[Entry]] = {}
    by_row: dict[tuple[str, str, int], Entry] = {}
    keys = {entry.key for entry in entries}
    for entry in entries:
        union.add(entry.key)
        row = (entry.file, entry.sheet, entry.child_row)
        if row in by_row:
            union.join(by_row[row].key, entry.key)
        else:
            by_row[row] = entry
            if entry.child:
                by_name.setdefault(entry.child, []).append(entry)
    for namesakes in by_name.values():
        for at, entry in enumerate(namesakes):
            for other in namesakes[:at]:
                if same_child(other, entry):
                    union.join(other.key, entry.key)
                    break
    for entry in entries:
        if entry.duplicate_of in keys:
            union.join(entry.duplicate_of, entry.key)
    return {entry.key: union.top(entry.key) for entry in entries}


def same_child(one: Entry, other: Entry) -> bool:
    """Whether two entries of one name are one child's."""
    if one.child != other.child or not one.child:
        return False
    if one.gender and other.gender and one.gender != other.gender:
        return False
    if one.town and other.town and one.town != other.town:
        return False
    births = (one.birth or "", other.birth or "")
    if not (births[0].startswith(births[1]) or births[1].startswith(births[0])):
        return False
    if one.age is not None and other.age is not None and abs(one.age - other.age) > 1:
        return False
    if min(map(len, births)) == 10 and one.town == other.town:
        return True
    return (
        bool(set(one.phone) & set(other.phone))
        or bool(one.guardian and one.guardian == other.guardian)
        or bool(one.village and one.village == other.village and min(map(len, births)) >= 7)
    )


@dataclass(slots=True)
class Kinship:
    """What one import knows of children: the label of each entry's child, and the ids that labels and households have.

    Filled from earlier imports and, file by file, by storing. Of no use after a transaction that was rolled back.
    """

    labels: dict[str, str]
    child_ids: dict[str, int] = field(default_factory=dict)
    household_ids: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Sequence[Entry], stored: Iterable[tuple[Entry, int, int]] = ()) -> Kinship:
        """*stored* are entries that are wishes already, each with the ids of its child and household."""
        known = list(stored)
        kinship = cls(child_labels([*(entry for entry, _, _ in known), *entries]))
        for entry, child_id, household_id in known:
            kinship.child_ids.setdefault(kinship.labels[entry.key], child_id)
            if key := household_key(entry):
                kinship.household_ids.setdefault(key, household_id)
        return kinship

    def label(self, entry: Entry) -> str:
        return self.labels.get(entry.key, entry.key)


class _Union:
    """Sets that are joined; the top of a set is its first element."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}
        self._order: dict[str, int] = {}

    def add(self, key: str) -> None:
        self._above.setdefault(key, key)
        self._order.setdefault(key, len(self._order))

    def top(self, key: str) -> str:
        while self._above[key] != key:
            self._above[key] = self._above[self._above[key]]
            key = self._above[key]
        return key

    def join(self, one: str, other: str) -> None:
        first, second = sorted((self.top(one), self.top(other)), key=self._order.__getitem__)
        self._above[second] = first
