"""Somebody takes a raw copy of everything on disk but the keys: none of the demonstration's children or guardians is in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from wishes.access import SYSTEM
from wishes.campaigns.tables import Place
from wishes.claims.tables import Branch, Volunteer
from wishes.clock import utc_now
from wishes.db import Database
from wishes.demo import job
from wishes.intake.sealing import open_entry, open_identity
from wishes.intake.tables import Child, Community, ImportFile, ImportRow
from wishes.intake.uploads import Originals
from wishes.model import table_of
from wishes.protection.anonymising import anonymise
from wishes.protection.audit import seal_all
from wishes.protection.keyring import Keyring, create_keyring
from wishes.protection.register import write_register
from wishes.protection.vault import Vault
from wishes.settings import Settings

CHILD, ROW, FILE, COMMUNITY, PLACE, VOLUNTEER, BRANCH = (
    table_of(m) for m in (Child, ImportRow, ImportFile, Community, Place, Volunteer, Branch)
)
_HAN_RUN = re.compile(rb"(?:[\xe3-\xe9][\x80-\xbf]{2}){3,}")
_SENDER = re.compile(r"-([^-]+?)老师\.|微心愿\+(?:\d+\+)?([^+]+?)\.")
_DIGITS = re.compile(rb"\d{7,}")


def known(database: Database, keyring: Keyring) -> tuple[set[str], set[str]]:
    """Names (three characters and more), addresses and schools; and phones: as they stand under the seals."""
    vault, words, phones = Vault(keyring), set(), set()
    with database.reading() as session:
        public = "".join(session.execute(sa.select(COMMUNITY.c.name)).scalars()) + "".join(
            session.execute(sa.select(PLACE.c.name)).scalars()
        )
        for row in session.execute(sa.select(CHILD.c.id, CHILD.c.data_key, CHILD.c.identity)):
            told = open_identity(vault, row.id, row.data_key, row.identity)
            words.update(str(told.get(field) or "") for field in ("name", "guardian", "village", "school"))
            phones.update(map(str, told.get("phones") or []))  # type: ignore[arg-type]
        for row in session.execute(sa.select(ROW).where(ROW.c.reading.is_not(None))):
            entry = open_entry(vault, row.file_id, row.sheet, row.cell, row.part, row.reading)
            words.update(filter(None, (entry.child, entry.guardian, entry.village)))
            phones.update(entry.phone)
        staff = {
            *session.execute(sa.select(VOLUNTEER.c.name)).scalars(),
            *session.execute(sa.select(BRANCH.c.contact)).scalars(),
            *(
                found[0] or found[1]
                for name in session.execute(sa.select(FILE.c.name)).scalars()
                for found in _SENDER.findall(name)
            ),
        }
    words = {word for word in words if len(word) > 2 and word not in public} - staff  # they share some names by chance
    return words, {phone for phone in phones if len(phone) > 6}


def files(folder: Path, but: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and but not in path.parents)


def found_in(path: Path, words: set[str], phones: set[str]) -> set[str]:
    data, found = path.read_bytes(), set()
    assert data[:2] != b"PK", f"{path.name} is a workbook as it was sent"
    lengths = sorted({len(word) for word in words})
    for run in set(_HAN_RUN.findall(data)):
        text = run.decode()
        found |= {
            text[at : at + length]
            for length in lengths
            for at in range(len(text) - length + 1)
            if text[at : at + length] in words
        }
    for run in set(_DIGITS.findall(data)):
        text = run.decode()
        found |= {text[at : at + 11] for at in range(len(text) - 10) if text[at : at + 11] in phones}
    return found


def keep_originals(story: job.Story, originals: Originals) -> int:
    """The senders' workbooks, as an upload keeps them; answers how many."""
    sent = {path.name: path for path in story.folder.rglob("*") if path.is_file()}
    with story.database.transaction() as session:
        rows = session.execute(sa.select(FILE.c.id, FILE.c.name)).all()
        for file_id, name in rows:
            originals.keep(session, file_id=file_id, data=sent[Path(name).name].read_bytes())
    return len(rows)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_raw_copy_of_the_demonstration_tells_nobody_who_the_children_are(sqlite_settings: Settings) -> None:
    keyring, database = create_keyring(sqlite_settings.keys_dir), Database(sqlite_settings)
    sqlite_settings.uploads_dir.mkdir(exist_ok=True)
    story = job.Story(database, keyring, sqlite_settings.demo_dir, utc_now(), lambda _: None)
    job.load(story)
    job.take_in(story, processes=1)
    kept = keep_originals(story, Originals(sqlite_settings.uploads_dir, keyring))
    assert kept > 100
    seal_all(database, keyring=keyring, now=utc_now(), folder=sqlite_settings.var_dir / "audit")
    words, phones = known(database, keyring)
    assert len(words) > 8_000 and len(phones) > 3_000, (len(words), len(phones))
    for path in files(sqlite_settings.var_dir, sqlite_settings.keys_dir):
        found = found_in(path, words, phones)
        assert not found, f"{path.name}: {len(found)} such as {sorted(found)[:5]}"
    with database.reading() as session:
        assert session.execute(sa.select(sa.func.count()).select_from(CHILD)).scalar_one() > 8_000
    anonymise(
        database,
        campaign_id=story.campaign_id or 0,
        keyring=keyring,
        actor=SYSTEM,
        now=utc_now(),
        originals=Originals(sqlite_settings.uploads_dir, keyring),
    )
    write_register(database, sqlite_settings.var_dir)
    with database.reading() as session:
        left = sa.or_(*(CHILD.c[name].is_not(None) for name in ("data_key", "identity", "name_index")))
        assert session.execute(sa.select(sa.func.count()).select_from(CHILD).where(left)).scalar_one() == 0
        assert session.execute(sa.select(sa.func.count()).where(ROW.c.reading.is_not(None))).scalar_one() == 0
    for path in files(sqlite_settings.var_dir, sqlite_settings.keys_dir):
        assert not found_in(path, words, phones), path.name
    database.dispose()
