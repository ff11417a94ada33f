"""The chain over the record: events and audit entries, sealed a little after they are written, so that writing needs no lock.

Each row gets one link (:mod:`wishes.protection.chain`) in a table of its own. Rows are linked in the order of their ids, and
only once no row with a smaller id can still be on its way: so every id passed over is known to be free, and a row that
turns up there later was inserted. On PostgreSQL ids may commit late; a batch therefore waits until every transaction that
began before it was seen is over. A row is evidence from the moment it is sealed, seconds after it was written, not before.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor
from wishes.clock import local_day
from wishes.db import Database
from wishes.events.tables import Event
from wishes.migrations.guards import REDACTED
from wishes.model import table_of
from wishes.protection import chain
from wishes.protection.chain import ChainedRow, Damage, Finding, Head
from wishes.protection.entries import note
from wishes.protection.keyring import Keyring, Purpose
from wishes.protection.settled import database_clock, settled
from wishes.protection.tables import AuditAnchor, AuditEntry, AuditLink, AuditSeal

_LINK, _ANCHOR, _SEAL = table_of(AuditLink), table_of(AuditAnchor), table_of(AuditSeal)
_ENTRY = table_of(AuditEntry)
SOURCES: Final = {"event": table_of(Event), "entry": _ENTRY}
_SEALED: Final = {
    "event": (
        "campaign_id", "wish_id", "claim_id", "action", "old_status", "new_status", "actor_id", "reason", "request_id", "data",
        "occurred_at", "recorded_at",
    ),
    "entry": (
        "kind", "campaign_id", "actor_id", "account_id", "child_id", "wish_id", "file_id", "access_id", "fields", "reason",
        "request_id", "data", "recorded_at",
    ),
}  # fmt: skip
"""What of a row is sealed. A later column is not part of old links: give it a source of its own, do not add it here."""
BATCH: Final = 2_000
_CHUNK: Final = 5_000
_TURN: Final = 4_517_001  # the advisory lock of the one sealer


@dataclass(frozen=True, slots=True)
class Sealed:
    """``rows`` got their place in the chain, which now ends at ``head``; ``behind`` says that more can be sealed already or soon."""

    rows: int
    head: Head
    behind: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found. ``finding`` is the first row that is wrong; ``unsealed`` counts rows not in the chain yet."""

    rows: int
    head: Head
    finding: Finding | None
    unsealed: dict[str, int] = field(default_factory=dict)
    first_unsealed: str = ""

    @property
    def whole(self) -> bool:
        return self.finding is None


# --- sealing ----------------------------------------------------------------------------------------------------------


def seal(session: Session, *, keyring: Keyring, most: int = BATCH) -> Sealed:
    """Link at most *most* settled rows of each source. One sealer at a time; another one's turn is left to it.

    Effects: links, and the mark up to which the next call may seal. Never commits; wants a write transaction.
    """
    if session.get_bind().dialect.name != "sqlite":
        mine = session.execute(sa.text("SELECT pg_try_advisory_xact_lock(:turn)"), {"turn": _TURN}).scalar_one()
        if not mine:
            return Sealed(0, head_of(session), True)
    key, head, done, behind = keyring.active(Purpose.AUDIT), head_of(session), 0, False
    for source in SOURCES:
        last, through = _last_linked(session, source), _settled_through(session, source)
        if through > last:
            rows = _content(session, source, after=last, through=through, limit=most)
            batch = [
                (f"{source}:{row_id}", chain.row_digest(f"{source}:{row_id}", content, kid=key.kid, key=key.secret))
                for row_id, content in rows
            ]
            links, head = chain.seal(batch, head, kid=key.kid, key=key.secret)
            if links:
                session.execute(
                    sa.insert(_LINK),
                    [
                        {"seq": link.seq, "source": source, "row_id": row_id, "digest": digest, "mac": link.mac}
                        for link, (row_id, _), (_, digest) in zip(links, rows, batch, strict=True)
                    ],
                )
            done += len(rows)
            if len(rows) == most:
                behind = True
                continue
        behind = _look_ahead(session, source, through) or behind
    return Sealed(done, head, behind)


def seal_all(database: Database, *, keyring: Keyring, now: datetime, folder: Path, patience: float = 0.0) -> Sealed:
    """Seal until nothing is left, waiting at most *patience* seconds for transactions under way; then anchor the day.

    Effects: links and an anchor, committed batch by batch, and two files below *folder* outside the database:
    ``anchors.jsonl`` and ``head.json``.
    """
    total, until = 0, time.monotonic() + patience
    while True:
        with database.transaction() as session:
            done = seal(session, keyring=keyring)
        total += done.rows
        if not done.rows:
            if not done.behind or time.monotonic() > until:
                break
            time.sleep(0.02)
    with database.transaction() as session:
        _anchor(session, done.head, now=now)
        anchors = list(session.execute(sa.select(_ANCHOR).order_by(_ANCHOR.c.made_on)))
    if done.head.seq:
        _write_outside(folder, done.head, [(row.made_on, Head(row.seq, bytes(row.mac))) for row in anchors])
    return Sealed(total, done.head, done.behind)


def head_of(session: Session) -> Head:
    """Where the chain ends."""
    found = session.execute(sa.select(_LINK.c.seq, _LINK.c.mac).order_by(_LINK.c.seq.desc()).limit(1)).one_or_none()
    return chain.GENESIS if found is None else Head(found.seq, bytes(found.mac))


def _last_linked(session: Session, source: str) -> int:
    found = session.execute(sa.select(sa.func.max(_LINK.c.row_id)).where(_LINK.c.source == source)).scalar()
    return int(found or 0)


def _settled_through(session: Session, source: str) -> int:
    """The id up to which no further row can appear."""
    if session.get_bind().dialect.name == "sqlite":  # we hold the only write lock
        return _highest(session, source)
    mark = session.execute(sa.select(_SEAL).where(_SEAL.c.source == source)).one_or_none()
    return int(mark.candidate_id) if mark is not None and settled(session, mark.candidate_at) else 0


def _look_ahead(session: Session, source: str, through: int) -> bool:
    """PostgreSQL: mark what is there now, for a later call. Answers whether there is more than was settled."""
    if session.get_bind().dialect.name == "sqlite":
        return False
    highest = _highest(session, source)
    mark = session.execute(sa.select(_SEAL.c.candidate_id).where(_SEAL.c.source == source)).scalar()
    if mark is not None and through < mark:
        return True  # still waiting for the transactions of that mark
    if mark is None:
        session.execute(
            sa.insert(_SEAL).values(source=source, candidate_id=highest, candidate_at=database_clock(session))
        )
    elif highest > mark:
        session.execute(
            sa.update(_SEAL)
            .where(_SEAL.c.source == source)
            .values(candidate_id=highest, candidate_at=database_clock(session))
        )
    return highest > through


def _highest(session: Session, source: str) -> int:
    return int(session.execute(sa.select(sa.func.max(SOURCES[source].c.id))).scalar() or 0)


# --- content ----------------------------------------------------------------------------------------------------------


def _columns(source: str, dialect: str) -> list[Any]:
    """What is sealed, instants and documents as text that reads the same on both databases."""
    found: list[Any] = []
    for column in (SOURCES[source].c[name] for name in _SEALED[source]):
        if column.name.endswith("_at"):
            if dialect == "sqlite":
                found.append(sa.type_coerce(column, sa.String))
            else:
                utc = sa.func.timezone("UTC", column)
                found.append(sa.func.to_char(utc, "YYYY-MM-DD HH24:MI:SS.US").label(column.name))
        elif isinstance(column.type, sa.JSON):
            found.append(sa.type_coerce(column, sa.String) if dialect == "sqlite" else sa.cast(column, sa.Text))
        else:
            found.append(column)
    return found


def _content(
    session: Session, source: str, *, after: int, through: int, limit: int | None = None
) -> list[tuple[int, dict[str, Any]]]:
    """Rows with ids in (*after*, *through*], by id: the id, and what is sealed of it."""
    table = SOURCES[source]
    query = (
        sa.select(table.c.id, *_columns(source, session.get_bind().dialect.name))
        .where(table.c.id > after, table.c.id <= through)
        .order_by(table.c.id)
    )
    rows = session.execute(query.limit(limit) if limit else query).fetchall()
    return [(row[0], {source: row[1:]}) for row in rows]


def redact(
    session: Session, source: str, row_ids: Sequence[int], *, keyring: Keyring, actor: Actor, now: datetime, why: str
) -> int:
    """Take the free words out of these rows for good; answers of how many. The chain goes on to prove all the rest of them.

    An entry of kind ``redact`` keeps the digests of the row before and after, made with the audit key: without that key
    nobody can pass off an alteration as a redaction.
    """
    key, table, done = keyring.active(Purpose.AUDIT), SOURCES[source], 0
    for row_id in row_ids:
        digests = []
        for _ in range(2):
            [(_, content)] = _content(session, source, after=row_id - 1, through=row_id)
            digests.append(chain.row_digest(f"{source}:{row_id}", content, kid=key.kid, key=key.secret).hex())
            session.execute(sa.update(table).where(table.c.id == row_id).values(reason=REDACTED))
        if digests[0] != digests[1]:
            told = {"row": f"{source}:{row_id}", "after": digests[1]}
            note(session, "redact", actor=actor, now=now, reason=why, data=told)
            done += 1
    return done


# --- verifying --------------------------------------------------------------------------------------------------------


def verify(session: Session, *, keyring: Keyring, anchors: Iterable[Head] = ()) -> Report:
    """Check every sealed row against the chain, and the chain against *anchors* kept elsewhere and those in the database.

    Stops at the first row that was altered, removed or inserted. Reads everything once, in pieces.
    """
    kept = [Head(row.seq, bytes(row.mac)) for row in session.execute(sa.select(_ANCHOR.c.seq, _ANCHOR.c.mac))]
    reading = _Reading(session)
    verdict = chain.verify(reading.rows(), keys=keyring.secrets(Purpose.AUDIT), anchors=[*kept, *anchors])
    finding = verdict.finding
    if reading.finding is not None and (finding is None or finding.damage is Damage.CUT):
        finding = reading.finding
    if finding is not None:
        return Report(verdict.rows, verdict.head, finding)
    unsealed, first = {}, ""
    for source, table in SOURCES.items():
        after = sa.select(sa.func.count(), sa.func.min(table.c.id)).where(table.c.id > reading.last[source])
        number, lowest = session.execute(after).one()
        if number:
            unsealed[source], first = int(number), first or f"{source}:{lowest}"
    return Report(verdict.rows, verdict.head, None, unsealed, first)


_PARTS: Final = (_LINK.c.seq, _LINK.c.source, _LINK.c.row_id, _LINK.c.digest, _LINK.c.mac)


class _Reading:
    """The links in order, each with its row. ``finding`` is the first link without a row, or row without a link."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.last = dict.fromkeys(SOURCES, -(2**62))
        self._redacted = {
            data["row"]: bytes.fromhex(data["after"])
            for (data,) in session.execute(
                sa.select(_ENTRY.c.data).where(_ENTRY.c.kind == "redact").order_by(_ENTRY.c.id)
            )
        }
        self.finding: Finding | None = None

    def rows(self) -> Iterator[ChainedRow]:
        after = -(2**62)
        while links := self._links(after):
            after = links[-1][0]
            found = {source: iter(self._between(source, links)) for source in SOURCES}
            waiting = {source: next(rows, None) for source, rows in found.items()}
            for seq, source, row_id, digest, mac in links:
                row, name = waiting.get(source), f"{source}:{row_id}"
                if row is None or row[0] != row_id:
                    if row is not None and row[0] < row_id:
                        self.finding = Finding(Damage.INSERTED, seq, f"{source}:{row[0]}")
                    else:  # the row is gone, or a table of that name never was
                        self.finding = Finding(Damage.REMOVED if source in SOURCES else Damage.FORGED, seq, name)
                    return
                yield ChainedRow(seq, name, row[1], digest, mac, self._redacted.get(name))
                waiting[source] = next(found[source], None)
                self.last[source] = row_id

    def _links(self, after: int) -> Sequence[Any]:
        return self._session.execute(
            sa.select(*_PARTS).where(_LINK.c.seq > after).order_by(_LINK.c.seq).limit(_CHUNK)
        ).fetchall()

    def _between(self, source: str, links: Sequence[Any]) -> list[tuple[int, dict[str, Any]]]:
        ids = [link[2] for link in links if link[1] == source]
        return _content(self._session, source, after=self.last[source], through=max(ids)) if ids else []


# --- anchors ----------------------------------------------------------------------------------------------------------


def _anchor(session: Session, head: Head, *, now: datetime) -> None:
    """The first seal of a day says where the chain ends."""
    day = local_day(now)
    known = session.execute(sa.select(_ANCHOR.c.made_on).where(_ANCHOR.c.made_on == day)).scalar()
    if known is None and head.seq:
        session.execute(sa.insert(_ANCHOR).values(made_on=day, seq=head.seq, mac=head.mac, made_at=now))


def _write_outside(folder: Path, head: Head, anchors: Sequence[tuple[date, Head]]) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    known = {line["on"] for line in _lines(folder / "anchors.jsonl")}
    fresh = [_line(day.isoformat(), anchor) for day, anchor in anchors if day.isoformat() not in known]
    if fresh:
        with open(folder / "anchors.jsonl", "a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in fresh))
            file.flush()
            os.fsync(file.fileno())
    draft = folder / f".head.{os.getpid()}"
    draft.write_text(_line("head", head), encoding="utf-8")
    draft.replace(folder / "head.json")


def _line(on: str, head: Head) -> str:
    return json.dumps({"on": on, "seq": head.seq, "mac": head.mac.hex()})


def _lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def anchors_in(*paths: Path) -> list[Head]:
    """Anchors kept in files: ``anchors.jsonl``, ``head.json`` or an export. What is not there is passed over."""
    return [
        Head(int(line["seq"]), bytes.fromhex(line["mac"]))
        for path in paths
        for line in _lines(path)
        if "on" in line and "mac" in line
    ]


def anchor_files(folder: Path) -> tuple[Path, Path]:
    return folder / "anchors.jsonl", folder / "head.json"


def export_lines(session: Session) -> Iterator[str]:
    """The chain and its anchors as JSON lines: ``{"seq", "row", "digest", "mac"}`` each, then ``{"on", "seq", "mac"}``."""
    seq = 0
    while links := session.execute(sa.select(_LINK).where(_LINK.c.seq > seq).order_by(_LINK.c.seq).limit(_CHUNK)).all():
        for link in links:
            told = {"seq": link.seq, "row": f"{link.source}:{link.row_id}"}
            yield json.dumps({**told, "digest": bytes(link.digest).hex(), "mac": bytes(link.mac).hex()})
        seq = links[-1].seq
    for row in session.execute(sa.select(_ANCHOR).order_by(_ANCHOR.c.made_on)):
        yield _line(row.made_on.isoformat(), Head(row.seq, bytes(row.mac)))
