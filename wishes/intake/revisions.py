"""A file that was sent again with corrections: what it adds, what it changes, what it no longer asks for. Pure but for loading.

The additions are stored like any other file's entries. Changes and withdrawals concern wishes that exist already, so they
are shown first and made only when somebody says so (:func:`wishes.intake.resolving.apply_revision`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session

from wishes.intake.sealing import open_entry
from wishes.intake.tables import ImportFile, ImportRow
from wishes.intake.understanding.model import Entry, FileReading
from wishes.model import table_of
from wishes.protection.vault import Vault

_FILE, _ROW = table_of(ImportFile), table_of(ImportRow)
ENOUGH_SHARED = 0.6
COMPARED = (
    "item",
    "category",
    "need",
    "size_kind",
    "size",
    "qty",
    "price_low",
    "price_high",
    "birth",
    "gender",
    "guardian",
    "phone",
    "town",
    "village",
    "types",
    "consent",
    "child",
)
"""Fields that a correction may concern; what one of the two files leaves empty is no difference."""


@dataclass(frozen=True, slots=True)
class Change:
    """An entry that repeats an earlier one with other values: the keys of both and the names of the fields that differ."""

    entry: str
    of: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Revision:
    """``file`` says again what ``of`` said (a file's name, or ``#<id>`` of a stored one). Keys as in duplicates."""

    file: str
    of: str
    adds: tuple[str, ...]
    changes: tuple[Change, ...]
    withdraws: tuple[str, ...]

    def figures(self) -> dict[str, object]:
        return {
            "file": self.file,
            "revises": self.of,
            "adds": len(self.adds),
            "changes": len(self.changes),
            "withdraws": len(self.withdraws),
        }


def find_revisions(
    readings: Sequence[FileReading], stored: Mapping[str, tuple[str, Mapping[str, Entry]]]
) -> list[Revision]:
    """The files among *readings* that are new versions of an earlier one; copies without any difference are none.

    *stored* maps ``wish:<id>`` to ``#<file id>`` and that file's accepted entries by such keys; see :func:`stored_origins`.
    """
    in_run = {reading.file: {entry.key: entry for entry in reading.entries} for reading in readings}
    found = []
    for reading in readings:
        repeats = {entry.key: entry.duplicate_of for entry in reading.entries if entry.duplicate_of}
        sources = Counter(_source(key, stored) for key in repeats.values())
        sources.pop(reading.file, None)
        for source, shared in sources.most_common(1):
            old = in_run.get(source) or next((entries for of, entries in stored.values() if of == source), {})
            if shared >= ENOUGH_SHARED * min(len(old), len(reading.entries)) and shared > 1:
                revision = revision_of(reading, source, old, repeats)
                if revision.adds or revision.changes or revision.withdraws:
                    found.append(revision)
    return found


def revision_of(reading: FileReading, source: str, old: Mapping[str, Entry], repeats: Mapping[str, str]) -> Revision:
    """What *reading* adds to, changes in and no longer asks for of the entries *old* of *source*."""
    changes = []
    for entry in reading.entries:
        earlier = old.get(repeats.get(entry.key, ""))
        if earlier is not None and (differing := differences(earlier, entry)):
            changes.append(Change(entry.key, repeats[entry.key], differing))
    repeated = set(repeats.values())
    adds = [entry.key for entry in reading.entries if entry.key not in repeats and entry.status == "accepted"]
    gone = [
        key
        for key, entry in old.items()
        if key not in repeated and entry.status == "accepted" and entry.duplicate_of is None
    ]
    return Revision(reading.file, source, tuple(adds), tuple(changes), tuple(gone))


def differences(earlier: Entry, later: Entry) -> tuple[str, ...]:
    """Names of the fields of :data:`COMPARED` in which both say something, and not the same."""

    def differ(one: object, other: object) -> bool:
        if isinstance(one, tuple) and isinstance(other, tuple):
            return bool(one) and bool(other) and set(one) != set(other)
        return one is not None and other is not None and one != other

    return tuple(name for name in COMPARED if differ(getattr(earlier, name), getattr(later, name)))


def stored_origins(session: Session, vault: Vault, keys: Iterable[str]) -> dict[str, tuple[str, Mapping[str, Entry]]]:
    """For keys ``wish:<id>``: the file each wish came in and all wishes of that file, readings opened."""
    wish_ids = [int(key.removeprefix("wish:")) for key in keys if key.startswith("wish:")]
    if not wish_ids:
        return {}
    files = set(session.execute(sa.select(_ROW.c.file_id).where(_ROW.c.wish_id.in_(wish_ids))).scalars())
    origins: dict[str, tuple[str, Mapping[str, Entry]]] = {}
    for file_id in files:
        entries = {
            f"wish:{row.wish_id}": open_entry(vault, file_id, row.sheet, row.cell, row.part, row.reading)
            for row in session.execute(
                sa.select(_ROW).where(
                    _ROW.c.file_id == file_id, _ROW.c.wish_id.is_not(None), _ROW.c.reading.is_not(None)
                )
            )
        }
        origins.update(dict.fromkeys(entries, (f"#{file_id}", entries)))
    return origins


def _source(key: str, stored: Mapping[str, tuple[str, Mapping[str, Entry]]]) -> str:
    if key.startswith("wish:"):
        return stored[key][0] if key in stored else ""
    return key.rsplit("|", 3)[0]
