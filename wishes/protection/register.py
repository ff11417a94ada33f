"""The register of erasures, a file outside the database: what was promised to be forgotten stays forgotten when a backup of
an earlier day is restored. It names rows by number, alias and birth of the row, never a person."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import SYSTEM
from wishes.campaigns.tables import Campaign
from wishes.db import Database
from wishes.intake.tables import Child
from wishes.intake.uploads import Originals
from wishes.model import table_of
from wishes.protection.anonymising import anonymise
from wishes.protection.erasing import erase_child
from wishes.protection.keyring import Keyring
from wishes.protection.tables import Erasure

_CHILD, _CAMPAIGN, _ERASURE = table_of(Child), table_of(Campaign), table_of(Erasure)
FILE_NAME: Final = "erasures.jsonl"


def write_register(database: Database, folder: Path) -> int:
    """Copy what was erased into the register below *folder*; answers how many lines are new. Call it after each commit."""
    path = folder / FILE_NAME
    known = {line["uid"] for line in _lines(path)}
    with database.reading() as session:
        rows = session.execute(
            sa.select(
                _ERASURE,
                _CHILD.c.alias,
                _CHILD.c.created_at,
                _CAMPAIGN.c.slug,
                _CAMPAIGN.c.created_at.label("begun_at"),
            )
            .join(_CAMPAIGN, _CAMPAIGN.c.id == _ERASURE.c.campaign_id)
            .outerjoin(_CHILD, _CHILD.c.id == _ERASURE.c.child_id)
            .order_by(_ERASURE.c.id)
        ).all()
    fresh = [_line(row) for row in rows if row.uid not in known]
    if fresh:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "a", encoding="utf-8") as file:
            file.write("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in fresh))
            file.flush()
            os.fsync(file.fileno())
    return len(fresh)


def erase_again(
    database: Database, *, keyring: Keyring, originals: Originals, folder: Path, now: datetime
) -> dict[str, int]:
    """Erase what the register says was erased and the database does not know of: it was restored from before.

    Answers how many children and campaigns. A line whose row is another one (a fresh database beside an old register) is
    passed over.
    """
    done = {"children": 0, "campaigns": 0}
    for line in _lines(folder / FILE_NAME):
        with database.transaction() as session:
            if _known(session, line["uid"]):
                continue
            if line["child"] is None:
                campaign_id = _campaign(session, line)
            elif _same_child(session, line):
                erased = erase_child(
                    session, child_id=line["child"], cause="restored", keyring=keyring, originals=originals, actor=SYSTEM,
                    now=now, uid=line["uid"],
                )  # fmt: skip
                done["children"] += erased is not None
                continue
            else:
                continue
        if campaign_id is not None:
            anonymise(
                database, campaign_id=campaign_id, keyring=keyring, originals=originals, actor=SYSTEM, now=now,
                cause="restored", uid=line["uid"],
            )  # fmt: skip
            done["campaigns"] += 1
    return done


def _line(row: Any) -> dict[str, Any]:
    return {
        "uid": row.uid,
        "campaign": row.slug,
        "campaign_id": row.campaign_id,
        "begun_at": row.begun_at.isoformat(),
        "child": row.child_id,
        "alias": row.alias,
        "stored_at": row.created_at.isoformat() if row.created_at else None,
        "cause": row.cause,
        "erased_at": row.erased_at.isoformat(),
    }


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        for text in path.read_text("utf-8").splitlines():
            if text.strip():
                yield json.loads(text)


def _known(session: Session, uid: str) -> bool:
    return session.execute(sa.select(_ERASURE.c.id).where(_ERASURE.c.uid == uid)).first() is not None


def _campaign(session: Session, line: dict[str, Any]) -> int | None:
    """The id of the campaign of *line*, if it is in this database."""
    row = session.execute(
        sa.select(_CAMPAIGN.c.slug, _CAMPAIGN.c.created_at).where(_CAMPAIGN.c.id == line["campaign_id"])
    ).one_or_none()
    same = row is not None and row.slug == line["campaign"] and row.created_at == _instant(line["begun_at"])
    return int(line["campaign_id"]) if same else None


def _same_child(session: Session, line: dict[str, Any]) -> bool:
    row = session.execute(
        sa.select(_CHILD.c.alias, _CHILD.c.created_at, _CHILD.c.campaign_id).where(_CHILD.c.id == line["child"])
    ).one_or_none()
    return (
        row is not None
        and (row.alias, row.campaign_id) == (line["alias"], line["campaign_id"])
        and row.created_at == _instant(line["stored_at"])
    )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
