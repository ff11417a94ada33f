"""Several files taken together: compared with each other and with what is stored, before anything is stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.intake.kinship import Kinship, compare, stored_children
from wishes.intake.revisions import Revision, find_revisions, stored_origins
from wishes.intake.tables import ImportFile, ImportRow
from wishes.intake.understanding.model import FileReading
from wishes.model import table_of
from wishes.protection.vault import Vault

_FILE, _ROW = table_of(ImportFile), table_of(ImportRow)


@dataclass(frozen=True, slots=True)
class Batch:
    """Files as read, with ``duplicate_of`` in their entries; ``repeated`` maps a file to the one it is a copy of,
    ``maybe`` an entry to one that a person should compare it with."""

    readings: Sequence[FileReading]
    kinship: Kinship
    maybe: Mapping[str, str]
    revisions: Sequence[Revision]
    repeated: Mapping[str, str]
    stored_keys: Mapping[str, str]

    def figures(self) -> dict[str, Any]:
        """Counts for JSON: entries by what became of them, reasons, doubts, warnings, files that need a word."""
        entries = [entry for reading in self.readings for entry in reading.entries]
        statuses = Counter(
            "duplicates" if entry.status == "accepted" and entry.duplicate_of else entry.status for entry in entries
        )
        return {
            "read": len(entries),
            **{name: statuses[name] for name in ("accepted", "rejected", "parked", "duplicates")},
            "compare_by_hand": len(self.maybe),
            "reasons": _tally(reason for entry in entries for reason in entry.reasons),
            "doubts": _tally(doubt for entry in entries if entry.status == "parked" for doubt in entry.doubts),
            "warnings": _tally(warning for entry in entries for warning in entry.warnings),
            "repeated_files": dict(self.repeated),
            "revisions": [revision.figures() for revision in self.revisions],
            "unreadable_files": {reading.file: reading.problem_zh for reading in self.readings if reading.problem},
        }

    def objects(self) -> list[dict[str, Any]]:
        """One object per entry; what repeats a stored wish names the entry that it came from."""
        told = [entry.to_object() for reading in self.readings for entry in reading.entries]
        for each in told:
            each["duplicate_of"] = self.stored_keys.get(each["duplicate_of"], each["duplicate_of"])
        return told

    def reported(self, objects: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The objects with the doubts of parked entries among the reasons."""
        entries = (entry for reading in self.readings for entry in reading.entries)
        return [
            {**told, "reasons": [*told["reasons"], *(entry.doubts if entry.status == "parked" else ())]}
            for told, entry in zip(objects, entries, strict=True)
        ]


def take_batch(session: Session, vault: Vault, campaign_id: int, readings: Sequence[FileReading]) -> Batch:
    """Compare *readings* with each other and with the campaign's children. Reads only."""
    kinship, found = compare(readings, stored_children(session, vault, campaign_id))
    keys = {repeat.of for repeat in found.repeats if repeat.of.startswith("wish:")}
    revisions = find_revisions(readings, stored_origins(session, vault, keys))
    return Batch(
        readings,
        kinship,
        {repeat.entry: repeat.of for repeat in found.maybe},
        revisions,
        _repeated(session, campaign_id, readings),
        _stored_keys(session, keys),
    )


def _repeated(session: Session, campaign_id: int, readings: Sequence[FileReading]) -> dict[str, str]:
    """File → the file with the same bytes that came before it, stored or in this batch."""
    first: dict[str, str] = {
        digest: name
        for digest, name in session.execute(
            sa.select(_FILE.c.digest, _FILE.c.name).where(_FILE.c.campaign_id == campaign_id, _FILE.c.state == "done")
        )
    }
    repeated = {}
    for reading in readings:
        if reading.digest in first:
            repeated[reading.file] = first[reading.digest]
        elif not reading.problem:
            first[reading.digest] = reading.file
    return repeated


def _stored_keys(session: Session, keys: set[str]) -> dict[str, str]:
    """``wish:<id>`` → ``file|sheet|cell|part`` of the entry it came from."""
    wish_ids = [int(key.removeprefix("wish:")) for key in keys]
    if not wish_ids:
        return {}
    rows = session.execute(
        sa.select(_ROW.c.wish_id, _FILE.c.name, _ROW.c.sheet, _ROW.c.cell, _ROW.c.part)
        .join(_FILE, _FILE.c.id == _ROW.c.file_id)
        .where(_ROW.c.wish_id.in_(wish_ids))
    )
    return {f"wish:{wish_id}": f"{name}|{sheet}|{cell}|{part}" for wish_id, name, sheet, cell, part in rows}


def _tally(codes: Any) -> dict[str, int]:
    return dict(sorted(Counter(codes).items()))
