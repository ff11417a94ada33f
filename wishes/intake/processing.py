"""The queue of files is read: each file once, whoever is killed in between, and none holds up the others for ever.

A file is claimed by counting an attempt, read without a transaction, and stored in one transaction that begins by taking
the claim back: whoever lost the claim stores nothing. What was being read when a process died is queued again; a file on
which processes die is given up after :data:`MOST_ATTEMPTS`, and until then read alone.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.campaigns.queries import campaign_by_id
from wishes.db import Database
from wishes.events.actions import record
from wishes.i18n import Text
from wishes.intake.admitting import in_the_name_of
from wishes.intake.batch import Batch, take_batch
from wishes.intake.grids import RevisedWish, pack, revised_wishes, view_of
from wishes.intake.inbox import WAITING
from wishes.intake.reader import Reader, reader_for
from wishes.intake.reading import UnreadableFile, Workbook, read_workbook
from wishes.intake.revisions import Revision, stored_origins
from wishes.intake.store import StoredFile, store_reading
from wishes.intake.tables import ImportFile, ImportRow
from wishes.intake.understanding import FileReading
from wishes.intake.updating import apply_revision, stored_revision
from wishes.intake.uploads import OriginalGone, Originals
from wishes.model import table_of
from wishes.protection.keyring import Keyring
from wishes.protection.vault import SealBroken, Vault

_FILE, _ROW = table_of(ImportFile), table_of(ImportRow)
MOST_ATTEMPTS = 3
GROUP_FILES = 24
GROUP_BYTES = 8_000_000
GIVEN_UP = Text(
    "处理这份文件时系统多次中断，可能过大或已损坏。请拆分或另存为新的 .xlsx 后重新发送。",
    "Reading this file failed several times; it may be too large or damaged. Split it or save it anew as .xlsx, and send it again.",
)


@dataclass(slots=True)
class Done:
    """What a run did."""

    files: int = 0
    entries: int = 0
    states: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Claimed:
    id: int
    campaign_id: int
    name: str
    digest: str
    attempts: int
    sent_by: int | None
    decided: str
    again: int | None
    """The earlier reading of the same file, whose columns were corrected since."""


@dataclass(frozen=True, slots=True)
class _Read:
    file: _Claimed
    reading: FileReading
    workbook: Workbook | None
    sender: str


def process_queue(
    database: Database,
    originals: Originals,
    keyring: Keyring,
    *,
    clock: Callable[[], datetime],
    seconds: float = 20.0,
    told: Callable[[StoredFile], None] = lambda _done: None,
) -> Done:
    """Read what is queued, oldest first, for about *seconds*. Answers at once when another process of this machine is at it."""
    done = Done()
    with _alone(originals) as alone:
        if not alone:
            return done
        until = clock().timestamp() + seconds
        while clock().timestamp() < until:
            claimed = _claim(database, clock())
            if not claimed:
                break
            for stored in _take(database, originals, keyring, claimed, clock):
                done.files += 1
                done.entries += stored.counts.get("read", 0)
                done.states[stored.state] = done.states.get(stored.state, 0) + 1
                told(stored)
    return done


@contextmanager
def _alone(originals: Originals) -> Iterator[bool]:
    """Whether this process may read the queue: a kernel lock, given back also by a process that is killed."""
    originals.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(originals.folder / ".reading.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        yield False
        return
    try:
        yield True
    finally:
        os.close(lock)


def _claim(database: Database, now: datetime) -> list[_Claimed]:
    """The next files of one campaign with different names, each marked as being read."""
    with database.transaction() as session:
        waiting = session.execute(
            sa.select(_FILE).where(_FILE.c.state.in_(WAITING)).order_by(_FILE.c.attempts, _FILE.c.id).limit(GROUP_FILES)
        ).all()
        group: list[_Claimed] = []
        size = 0
        for row in waiting:
            first = group[0] if group else None
            size += row.size_bytes
            if first and (
                row.campaign_id != first.campaign_id
                or row.name in {each.name for each in group}
                or row.attempts
                or first.attempts > 1
                or size > GROUP_BYTES
            ):
                break
            told = row.counts or {}
            group.append(
                _Claimed(
                    row.id,
                    row.campaign_id,
                    row.name,
                    row.digest,
                    row.attempts + 1,
                    row.sent_by,
                    str(told.get("decided", "")),
                    told.get("again"),
                )
            )
        for each in group:
            session.execute(
                sa.update(_FILE)
                .where(_FILE.c.id == each.id)
                .values(state="reading", attempts=each.attempts, started_at=now)
            )
        return group


def _take(
    database: Database,
    originals: Originals,
    keyring: Keyring,
    claimed: Sequence[_Claimed],
    clock: Callable[[], datetime],
) -> Iterator[StoredFile]:
    """End what needs no reading at once; read, compare and store the rest."""
    with database.reading() as session:
        copies = {file.id: of for file in claimed if (of := _earlier_copy(session, file)) is not None}
    left = []
    for file in claimed:
        if file.id in copies:
            yield _repeat(database, file, copies[file.id], clock())
        elif file.attempts > MOST_ATTEMPTS:
            yield _fail(database, file, GIVEN_UP, clock())
        else:
            left.append(file)
    if left:
        yield from _read_and_store(database, originals, keyring, left, clock)


def _read_and_store(
    database: Database,
    originals: Originals,
    keyring: Keyring,
    files: Sequence[_Claimed],
    clock: Callable[[], datetime],
) -> Iterator[StoredFile]:
    vault = Vault(keyring)
    with database.reading() as session:
        campaign_id = files[0].campaign_id
        campaign, reader = campaign_by_id(session, campaign_id), reader_for(session, campaign_id)
        read = [_read(session, originals, reader, file) for file in files]
        batch = take_batch(session, vault, campaign_id, [each.reading for each in read])
        revised = _revised(session, vault, batch, read)
    for each in read:
        revision, lines = revised.get(each.reading.file, (None, []))
        held = revision is not None and not each.file.decided
        with database.transaction() as session:
            now = clock()
            if not _still_ours(session, each.file):
                continue
            if each.workbook is not None:
                view = view_of(each.workbook, each.reading, sender=each.sender, revised=lines if held else ())
                originals.keep_view(session, each.file.id, pack(view))
            if revision is not None and held:
                stored = _hold(session, each, revision, now)
            else:
                stored = store_reading(
                    session,
                    campaign=campaign,
                    reading=each.reading,
                    keyring=keyring,
                    now=now,
                    actor=in_the_name_of(each.file.sent_by, each.file.campaign_id),
                    file=each.file.id,
                    kinship=batch.kinship,
                    maybe=batch.maybe,
                )
                if each.file.decided == "apply" and stored.state == "done":
                    _revise(session, each.file, keyring, now)
                if each.file.again:
                    _supersede(session, each.file.again)
        yield stored


def _read(session: Session, originals: Originals, reader: Reader, file: _Claimed) -> _Read:
    """One file as its sender's earlier corrections teach to read it. What cannot be read has a ``problem``."""
    try:
        book = read_workbook(originals.read(session, file.id), file.name)
    except (UnreadableFile, OriginalGone, SealBroken) as error:
        problem = FileReading(
            file.name, digest=file.digest, problem=error.code, problem_zh=error.say("zh"), problem_en=error.say("en")
        )
        return _Read(file, problem, None, "")
    reading, sender = reader.understand(book, sent_by=file.sent_by)
    reading.digest = f"again {file.id}" if file.again else file.digest
    return _Read(file, reading, book, sender)


def _revised(
    session: Session, vault: Vault, batch: Batch, read: Sequence[_Read]
) -> dict[str, tuple[Revision, list[RevisedWish]]]:
    """File name → what it would do to an earlier file, spelled out. Copies of a file revise nothing."""
    found: dict[str, tuple[Revision, list[RevisedWish]]] = {}
    entries = {each.reading.file: {entry.key: entry for entry in each.reading.entries} for each in read}
    for revision in batch.revisions:
        if revision.file in batch.repeated:
            continue
        keys = [*(change.of for change in revision.changes), *revision.withdraws]
        old = entries.get(revision.of) or {}
        if revision.of.startswith("#"):
            old = {key: entry for _, of in stored_origins(session, vault, keys).values() for key, entry in of.items()}
        found[revision.file] = (revision, revised_wishes(revision, entries[revision.file], old))
    return found


def _earlier_copy(session: Session, file: _Claimed) -> Any:
    """The file with the same bytes that was stored, or waits for a decision, before this one was sent."""
    if file.again or file.decided:
        return None
    return session.execute(
        sa.select(_FILE.c.id, _FILE.c.counts)
        .where(
            _FILE.c.campaign_id == file.campaign_id,
            _FILE.c.digest == file.digest,
            _FILE.c.state.in_(("done", "revises")),
            _FILE.c.id < file.id,
        )
        .order_by(_FILE.c.id)
        .limit(1)
    ).one_or_none()


# --- endings --------------------------------------------------------------------------------------------------------------


def _still_ours(session: Session, file: _Claimed) -> bool:
    """Take the claim back for storing: false when another process has claimed the file since."""
    taken = session.execute(
        sa.update(_FILE)
        .where(_FILE.c.id == file.id, _FILE.c.state == "reading", _FILE.c.attempts == file.attempts)
        .values(state="reading")
    )
    return bool(taken.rowcount == 1)  # type: ignore[attr-defined]


def _revise(session: Session, file: _Claimed, keyring: Keyring, now: datetime) -> None:
    actor = in_the_name_of(file.sent_by, file.campaign_id)
    if stored_revision(session, file_id=file.id, keyring=keyring, actor=actor) is not None:
        apply_revision(session, file_id=file.id, keyring=keyring, actor=actor, now=now)


def _supersede(session: Session, earlier: int) -> None:
    """What the earlier reading left open is answered by the new one."""
    session.execute(
        sa.update(_ROW)
        .where(_ROW.c.file_id == earlier, _ROW.c.status.in_(("parked", "rejected")), _ROW.c.resolved_at.is_(None))
        .values(status="rejected", reasons=["read_again"])
    )


def _hold(session: Session, each: _Read, revision: Revision, now: datetime) -> StoredFile:
    """Leave a file that revises another one until a person decides; nothing of it is stored."""
    counts: dict[str, object] = {
        **each.reading.counts(),
        "adds": len(revision.adds),
        "changes": len(revision.changes),
        "withdraws": len(revision.withdraws),
        "revises": _name_of(session, revision.of),
    } | ({"again": each.file.again} if each.file.again else {})
    session.execute(
        sa.update(_FILE).where(_FILE.c.id == each.file.id).values(state="revises", counts=counts, finished_at=now)
    )
    return StoredFile(each.file.id, each.file.name, "revises", each.reading.counts())


def _name_of(session: Session, source: str) -> str:
    if not source.startswith("#"):
        return source
    return str(session.execute(sa.select(_FILE.c.name).where(_FILE.c.id == int(source[1:]))).scalar_one())


def _repeat(database: Database, file: _Claimed, earlier: Any, now: datetime) -> StoredFile:
    read = int((earlier.counts or {}).get("read", 0))
    counts = {"read": read, "accepted": 0, "rejected": 0, "parked": 0, "duplicates": read, "repeats": earlier.id}
    _end(database, file, now, "repeated", counts=counts)
    return StoredFile(file.id, file.name, "repeated", counts, earlier.id)


def _fail(database: Database, file: _Claimed, problem: Text, now: datetime) -> StoredFile:
    _end(database, file, now, "failed", problem_zh=problem.zh, problem_en=problem.en)
    return StoredFile(file.id, file.name, "failed")


def _end(database: Database, file: _Claimed, now: datetime, state: str, **values: Any) -> None:
    with database.transaction() as session:
        if _still_ours(session, file):
            session.execute(
                sa.update(_FILE).where(_FILE.c.id == file.id).values(state=state, finished_at=now, **values)
            )
            record(
                session,
                action="import_file",
                campaign_id=file.campaign_id,
                now=now,
                actor=in_the_name_of(file.sent_by, file.campaign_id),
                data={"file_id": file.id, "state": state, "attempts": file.attempts},
            )
