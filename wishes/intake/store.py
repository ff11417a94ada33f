"""From files as read to rows: every entry is remembered with what became of it, every accepted one becomes a wish.

One file is one transaction of the caller's and a few executemany statements, whatever its number of lines. The same
file again adds nothing and says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, require
from wishes.campaigns.tables import Campaign
from wishes.events.actions import record
from wishes.i18n import Text
from wishes.intake.admitting import Admission, admission, admit, insert_keyed, sender_community
from wishes.intake.kinship import Kinship, compare, stored_children
from wishes.intake.sealing import seal_entry
from wishes.intake.tables import ImportFile, ImportRow
from wishes.intake.understanding.model import Entry, FileReading
from wishes.model import table_of
from wishes.protection.keyring import Keyring

_FILE, _ROW = table_of(ImportFile), table_of(ImportRow)
UNREAD = Text(
    "有一张工作表像是写了孩子和心愿，但认不出是怎么排的，没有登记。请对照原表补录。",
    "One sheet seems to list children and wishes, but in no order that could be made out: it was not taken in. "
    "Please enter what it says.",
)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What became of a file. ``state`` is ``done``, ``failed`` (could not be read) or ``repeated`` (came before).

    ``counts`` has read, accepted, rejected, parked, duplicates, wishes and children; an accepted entry became a wish.
    """

    file_id: int
    name: str
    state: str
    counts: dict[str, int] = field(default_factory=dict)
    repeats: int | None = None


def receive_file(
    session: Session,
    *,
    campaign_id: int,
    name: str,
    digest: str,
    actor: Actor,
    now: datetime,
    community_id: int | None = None,
) -> int:
    """Remember that a file was sent (state ``queued``) and answer its id. Raises Forbidden."""
    require(actor, "intake.send", campaign_id)
    return int(
        session.execute(
            sa.insert(_FILE)
            .values(
                campaign_id=campaign_id,
                name=name[:255],
                digest=digest,
                state="queued",
                problem_zh="",
                problem_en="",
                counts={},
                sent_by=actor.account_id,
                community_id=community_id,
                created_at=now,
            )
            .returning(_FILE.c.id)
        ).scalar_one()
    )


def store_reading(
    session: Session,
    *,
    campaign: Campaign,
    reading: FileReading,
    keyring: Keyring,
    now: datetime,
    actor: Actor,
    file: int | None = None,
    kinship: Kinship | None = None,
    maybe: Mapping[str, str] | None = None,
    with_: Admission | None = None,
) -> StoredFile:
    """Store one file's entries; those that repeat an entry of an earlier file are remembered as duplicates.

    *file* is the id from :func:`receive_file`; without one the file is received now. *kinship* and *with_* spare
    recomputing when many files are stored. *maybe* maps entries to those that a person should compare them with: they are
    stored as what they are, with the warning ``maybe_duplicate``. Raises Forbidden. Effects: the file's row, one row per entry, communities,
    households, children, consents, wishes in ``submitted``, events.
    """
    assert campaign.id is not None
    run = with_ or admission(session, campaign=campaign, keyring=keyring, actor=actor, now=now)
    file_id = file or receive_file(
        session, campaign_id=campaign.id, name=reading.file, digest=reading.digest, actor=actor, now=now
    )
    counts = {**reading.counts(), "wishes": 0, "children": 0}
    if reading.problem:
        _finish(session, run, file_id, "failed", counts, problem=(reading.problem_zh, reading.problem_en))
        return StoredFile(file_id, reading.file, "failed", counts)
    take_turn(session, campaign.id)
    earlier = _earlier(session, campaign.id, reading.digest, file_id)
    if earlier is not None:
        counts = {**counts, "accepted": 0, "rejected": 0, "parked": 0, "duplicates": counts["read"], "repeats": earlier}
        _finish(session, run, file_id, "repeated", counts)
        return StoredFile(file_id, reading.file, "repeated", counts, earlier)
    kin = kinship or compare([reading], stored_children(session, run.vault, campaign.id))[0]
    statuses = _statuses(session, campaign.id, reading)
    row_ids = _store_rows(session, run, file_id, reading.entries, statuses, maybe or {})
    _link_duplicates(session, campaign.id, file_id, reading, row_ids, maybe or {})
    accepted = [(row_ids[entry.key], entry) for entry in reading.entries if statuses[entry.key] == "accepted"]
    community_id = sender_community(session, run, reading) or _own_community(session, file_id, reading)
    admitted = admit(
        session,
        run,
        file_id=file_id,
        rows=accepted,
        kinship=kin,
        community_id=community_id,
        county_code=reading.county or "",
        township_code=reading.town or "",
        statement=reading.consent_statement,
    )
    tally = Counter(statuses.values())
    counts |= {
        "accepted": tally["accepted"],
        "rejected": tally["rejected"],
        "parked": tally["parked"],
        "duplicates": tally["duplicate"],
        "wishes": len(admitted.wish_ids),
        "children": admitted.new_children,
    }
    unread = any(sheet.use == "unread" for sheet in reading.sheets)
    said = (UNREAD.say("zh"), UNREAD.say("en")) if unread else ("", "")
    _finish(session, run, file_id, "done", counts, problem=said, community_id=community_id)
    return StoredFile(file_id, reading.file, "done", counts)


def _own_community(session: Session, file_id: int, reading: FileReading) -> int | None:
    """Where the file itself names no sender: the community of whoever sent it, unless it speaks for a whole county."""
    if reading.sender_kind == "county":
        return None
    found = session.execute(sa.select(_FILE.c.community_id).where(_FILE.c.id == file_id)).scalar_one()
    return None if found is None else int(found)


def take_turn(session: Session, campaign_id: int) -> None:
    """Files of one campaign are stored one after another, so that two copies sent at once cannot both be the first.

    PostgreSQL keeps the row locked against other stores only, not against what refers to it; SQLite has one writer anyway.
    """
    campaigns = table_of(Campaign)
    session.execute(sa.select(campaigns.c.id).where(campaigns.c.id == campaign_id).with_for_update(key_share=True))


def _earlier(session: Session, campaign_id: int, digest: str, file_id: int) -> int | None:
    """The id of a file with the same bytes that was stored before."""
    if not digest:
        return None
    return (
        session.execute(
            sa.select(_FILE.c.id)
            .where(
                _FILE.c.campaign_id == campaign_id,
                _FILE.c.digest == digest,
                _FILE.c.state == "done",
                _FILE.c.id != file_id,
            )
            .order_by(_FILE.c.id)
        )
        .scalars()
        .first()
    )


def _finish(
    session: Session,
    run: Admission,
    file_id: int,
    state: str,
    counts: dict[str, int],
    *,
    problem: tuple[str, str] = ("", ""),
    community_id: int | None = None,
) -> None:
    values: dict[str, Any] = {
        "state": state,
        "counts": counts,
        "finished_at": run.now,
        "problem_zh": problem[0][:300],
        "problem_en": problem[1][:300],
    }
    if community_id is not None:
        values["community_id"] = community_id
    session.execute(sa.update(_FILE).where(_FILE.c.id == file_id).values(**values))
    record(
        session,
        action="import_file",
        campaign_id=run.campaign_id,
        now=run.now,
        actor=run.actor,
        data={"file_id": file_id, "state": state, **counts},
    )


# --- one row per entry ------------------------------------------------------------------------------------------------


def _statuses(session: Session, campaign_id: int, reading: FileReading) -> dict[str, str]:
    """Entry key → accepted, rejected, parked or duplicate. What repeats an entry never stored is no duplicate."""
    inside = {entry.key for entry in reading.entries}
    elsewhere = [
        entry.duplicate_of for entry in reading.entries if entry.duplicate_of and entry.duplicate_of not in inside
    ]
    known = inside | set(row_ids_of(session, campaign_id, elsewhere))
    return {
        entry.key: "duplicate" if entry.status == "accepted" and entry.duplicate_of in known else entry.status
        for entry in reading.entries
    }


def _store_rows(
    session: Session,
    run: Admission,
    file_id: int,
    entries: Sequence[Entry],
    statuses: Mapping[str, str],
    maybe: Mapping[str, str],
) -> dict[str, int]:
    """Entry key → id of its row."""
    ids = insert_keyed(
        session,
        _ROW,
        [
            {
                "file_id": file_id,
                "sheet": entry.sheet[:80],
                "cell": entry.cell,
                "part": entry.part,
                "status": statuses[entry.key],
                "reasons": [*entry.reasons, *(entry.doubts if entry.status == "parked" else ())],
                "warnings": [
                    *entry.warnings,
                    *(["maybe_duplicate"] if entry.key in maybe and statuses[entry.key] != "duplicate" else []),
                ],
                "confidence": entry.confidence,
                "reading": seal_entry(run.vault, file_id, entry),
            }
            for entry in entries
        ],
        "sheet",
        "cell",
        "part",
    )
    return {entry.key: ids[(entry.sheet[:80], entry.cell, entry.part)] for entry in entries}


def _link_duplicates(
    session: Session,
    campaign_id: int,
    file_id: int,
    reading: FileReading,
    row_ids: Mapping[str, int],
    maybe: Mapping[str, str],
) -> None:
    repeated = {entry.key: of for entry in reading.entries if (of := entry.duplicate_of or maybe.get(entry.key))}
    elsewhere = row_ids_of(session, campaign_id, [key for key in repeated.values() if key not in row_ids], but=file_id)
    links = [
        {"row_id": row_ids[key], "original": original}
        for key, of in repeated.items()
        if (original := row_ids.get(of) or elsewhere.get(of)) is not None
    ]
    if links:
        session.execute(
            sa.update(_ROW).where(_ROW.c.id == sa.bindparam("row_id")).values(duplicate_of_id=sa.bindparam("original")),
            links,
        )


def row_ids_of(session: Session, campaign_id: int, keys: Sequence[str], *, but: int | None = None) -> dict[str, int]:
    """Key → row id, of entries stored in a campaign; the newest file of a name counts.

    A key is ``file|sheet|cell|part``, or ``wish:<id>`` for the row that a wish came from.
    """
    wish_ids = [int(key.removeprefix("wish:")) for key in keys if key.startswith("wish:")]
    rows: dict[str, int] = {}
    if wish_ids:
        found = session.execute(sa.select(_ROW.c.wish_id, _ROW.c.id).where(_ROW.c.wish_id.in_(wish_ids)))
        rows.update((f"wish:{wish_id}", row_id) for wish_id, row_id in found)
    wanted = {key for key in keys if not key.startswith("wish:")}
    names = {key.rsplit("|", 3)[0] for key in wanted}
    if names:
        stored = session.execute(
            sa.select(_FILE.c.name, _ROW.c.sheet, _ROW.c.cell, _ROW.c.part, _ROW.c.id)
            .join(_ROW, _ROW.c.file_id == _FILE.c.id)
            .where(_FILE.c.campaign_id == campaign_id, _FILE.c.name.in_(names), _FILE.c.id != (but or 0))
            .order_by(_FILE.c.id)
        )
        keyed = ((f"{name}|{sheet}|{cell}|{part}", row_id) for name, sheet, cell, part, row_id in stored)
        rows.update((key, row_id) for key, row_id in keyed if key in wanted)
    return rows
