"""Changing the keys while everything runs: a new key closes from now on, what the old one closed is wrapped anew, and the old
one is deleted once nothing names it. What an erased child left in backups is noise from then on.

The rows themselves say how far it is (the number of the key stands in front of what it closed), so a rotation that was
killed is simply run again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor
from wishes.custody.pictures import DRAWER as CUSTODY_DRAWER
from wishes.custody.tables import CustodyPicture
from wishes.db import Database
from wishes.handover.authorised import rewrap_receiver
from wishes.handover.photos import rewrap_photo
from wishes.handover.tables import AuthorisedReceiver, ScanPhoto
from wishes.intake.sealing import NAME_FIELD, open_identity, rewrap_child, rewrap_entry
from wishes.intake.tables import Child, ImportFile, ImportRow
from wishes.intake.uploads import rewrap_original
from wishes.model import table_of
from wishes.printing.tables import DRAWER as PAPERS_DRAWER
from wishes.printing.tables import PrintJob
from wishes.protection.concerns import rewrap_words
from wishes.protection.entries import note
from wishes.protection.keyring import Keyring, Purpose, add_key, read_keyring, retire_key
from wishes.protection.pictures import rewrap_picture
from wishes.protection.scans import rewrap_scan
from wishes.protection.settled import database_clock, settled
from wishes.protection.tables import Concern, ConsentScan
from wishes.protection.vault import SealBroken, Vault

_CHILD, _FILE, _ROW, _CONCERN = table_of(Child), table_of(ImportFile), table_of(ImportRow), table_of(Concern)
_SCAN, _PICTURE, _PRINT = table_of(ConsentScan), table_of(CustodyPicture), table_of(PrintJob)
_PHOTO, _RECEIVER = table_of(ScanPhoto), table_of(AuthorisedReceiver)
PATIENCE = 900.0  # longer than any task may take
KEPT_OLD = (Purpose.TOKEN, Purpose.CODE, Purpose.AUDIT)
"""Purposes whose old keys stay: printed labels, spoken codes and the audit chain are still checked with them."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column whose values begin with the number of the key that closed them, at byte *at* (counted from 1)."""

    name: str
    column: Any
    at: int
    beside: tuple[Any, ...]
    again: Callable[[Vault, Any], bytes | None]


def _child_name(vault: Vault, row: Any) -> bytes | None:
    identity = open_identity(vault, row.id, row.data_key, row.identity)
    return vault.blind_index(str(identity.get("name", "")), field=NAME_FIELD)


_COLUMNS: dict[Purpose, tuple[_Column, ...]] = {
    Purpose.MASTER: (
        _Column("child.data_key", _CHILD.c.data_key, 2, (), lambda v, r: rewrap_child(v, r.id, r.value)),
        _Column(
            "import_row.reading",
            _ROW.c.reading,
            2,
            (_ROW.c.file_id, _ROW.c.sheet, _ROW.c.cell, _ROW.c.part),
            lambda v, r: rewrap_entry(v, r.file_id, r.sheet, r.cell, r.part, r.value),
        ),
        _Column(
            "import_file.original_key",
            _FILE.c.original_key,
            2,
            (_FILE.c.campaign_id, _FILE.c.digest),
            lambda v, r: rewrap_original(v, r.campaign_id, r.digest, r.value),
        ),
        _Column(
            "consent_scan.scan_key", _SCAN.c.scan_key, 2, (_SCAN.c.uid,), lambda v, r: rewrap_scan(v, r.uid, r.value)
        ),
        _Column(
            "print_job.file_key",
            _PRINT.c.file_key,
            2,
            (_PRINT.c.uid,),
            lambda v, r: rewrap_picture(v, PAPERS_DRAWER, r.uid, r.value),
        ),
        _Column(
            "custody_picture.picture_key",
            _PICTURE.c.picture_key,
            2,
            (_PICTURE.c.uid,),
            lambda v, r: rewrap_picture(v, CUSTODY_DRAWER, r.uid, r.value),
        ),
        _Column(
            "scan_photo.photo_key", _PHOTO.c.photo_key, 2, (_PHOTO.c.uid,), lambda v, r: rewrap_photo(v, r.uid, r.value)
        ),
        _Column(
            "authorised_receiver.told",
            _RECEIVER.c.told,
            2,
            (_RECEIVER.c.uid,),
            lambda v, r: rewrap_receiver(v, r.uid, r.value),
        ),
        _Column("concern.words", _CONCERN.c.words, 2, (_CONCERN.c.uid,), lambda v, r: rewrap_words(v, r.uid, r.value)),
    ),
    Purpose.BLIND: (
        _Column("child.name_index", _CHILD.c.name_index, 1, (_CHILD.c.data_key, _CHILD.c.identity), _child_name),
    ),
}


@dataclass
class Rotated:
    """What a rotation did. ``broken`` counts values that do not open; their old key is then kept."""

    purpose: str
    kid: int
    resumed: bool = False
    rewrapped: dict[str, int] = field(default_factory=dict)
    broken: int = 0
    retired: list[int] = field(default_factory=list)


def rotate(
    database: Database,
    keys_dir: Path,
    *,
    purpose: Purpose = Purpose.MASTER,
    actor: Actor,
    now: datetime,
    batch: int = 500,
    patience: float = PATIENCE,
    told: Callable[[str], None] = lambda _: None,
) -> Rotated:
    """Make a new key of *purpose*, close again with it what the old one closed, and retire the old one.

    Goes on with a rotation that was begun and not finished instead of making yet another key. Commits per *batch*. Waits at
    most *patience* seconds for transactions that may still close something with the old key; when they take longer, or a
    value does not open, the old key stays, and running it again goes on. Raises KeyringError.
    """
    before = read_keyring(keys_dir)
    resumed = purpose not in KEPT_OLD and len(before.keys(purpose)) > 1
    ring = before if resumed else add_key(keys_dir, purpose)
    done = Rotated(purpose.value, ring.active(purpose).kid, resumed)
    with database.transaction() as session:
        since = database_clock(session)
        if not resumed:
            note(session, "rotate_keys", actor=actor, now=now, data={"purpose": purpose.value, "kid": done.kid})
    told(f"{'Going on with' if resumed else 'Made'} {purpose} key {done.kid}")
    if purpose in KEPT_OLD:
        return done
    until = time.monotonic() + patience
    while True:
        over = _over(database, since)
        done.broken = 0
        for column in _COLUMNS[purpose]:
            _again(database, ring, purpose, column, done, batch, told)
        if done.broken:
            told(f"{done.broken} sealed values do not open; the old key stays until they are mended")
            return done
        if over:
            break
        if time.monotonic() > until:
            told("Some transactions take very long; the old key stays. Run it again later.")
            return done
        time.sleep(0.1)
    for key in read_keyring(keys_dir).keys(purpose)[1:]:
        retire_key(keys_dir, purpose, key.kid)
        done.retired.append(key.kid)
    with database.transaction() as session:
        note(
            session, "rotate_keys", actor=actor, now=now,
            data={"purpose": purpose.value, "kid": done.kid, "retired": done.retired, "rewrapped": done.rewrapped},
        )  # fmt: skip
    return done


def _over(database: Database, since: datetime) -> bool:
    """Whether nobody can still close anything with the old key. Asked before a pass, so that the pass sees all they closed."""
    with database.transaction() as session:
        return settled(session, since)


def _again(
    database: Database,
    ring: Keyring,
    purpose: Purpose,
    column: _Column,
    done: Rotated,
    batch: int,
    told: Callable[[str], None],
) -> None:
    vault, active = Vault(ring), bytes([ring.active(purpose).kid])
    table, value = column.column.table, column.column
    stale = sa.and_(value.is_not(None), sa.func.substr(value, column.at, 1) != sa.literal(active, sa.LargeBinary))
    after = 0
    while True:
        with database.transaction() as session:
            rows = session.execute(
                sa.select(table.c.id, value.label("value"), *column.beside)
                .where(table.c.id > after, stale)
                .order_by(table.c.id)
                .limit(batch)
            ).all()
            if not rows:
                return
            changed = _rewrapped(vault, column, rows, done)
            _store(session, table, value, changed)
        after = rows[-1].id
        done.rewrapped[column.name] = done.rewrapped.get(column.name, 0) + len(changed)
        told(f"{column.name}: {done.rewrapped[column.name]:,}")


def _rewrapped(vault: Vault, column: _Column, rows: Sequence[Any], done: Rotated) -> list[dict[str, Any]]:
    changed = []
    for row in rows:
        try:
            again = column.again(vault, row)
        except SealBroken:
            done.broken += 1
            continue
        if again is not None:
            changed.append({"row_id": row.id, "old": row.value, "new": again})
    return changed


def _store(session: Session, table: sa.Table, value: Any, changed: list[dict[str, Any]]) -> None:
    """Each only if it is still what was wrapped anew: somebody may have erased or corrected it meanwhile."""
    if changed:
        session.execute(
            sa.update(table)
            .where(table.c.id == sa.bindparam("row_id"), value == sa.bindparam("old", type_=sa.LargeBinary))
            .values({value.name: sa.bindparam("new", type_=sa.LargeBinary)}),
            changed,
        )
