"""Somebody takes a raw copy of everything on disk but the keys: none of the demonstration's children or guardians is in it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
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
_HAN = r"[\u3400-\u9fff]"
_TWO = re.compile(rf"(?<!{_HAN}){_HAN}{{2}}(?!{_HAN})")
_TWO_IN_BYTES = re.compile(rb"(?<![\xe4-\xe9][\x80-\xbf]{2})(?:[\xe4-\xe9][\x80-\xbf]{2}){2}(?![\xe4-\xe9])")
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


def short_names(database: Database, keyring: Keyring) -> set[str]:
    """Names of two characters of children and guardians that nobody of the staff has and no alias is made of."""
    vault, names = Vault(keyring), set()
    with database.reading() as session:
        for row in session.execute(sa.select(CHILD.c.id, CHILD.c.data_key, CHILD.c.identity)):
            told = open_identity(vault, row.id, row.data_key, row.identity)
            names.update(str(told.get(field) or "") for field in ("name", "guardian"))
        for row in session.execute(sa.select(ROW).where(ROW.c.reading.is_not(None))):
            entry = open_entry(vault, row.file_id, row.sheet, row.cell, row.part, row.reading)
            names.update(filter(None, (entry.child, entry.guardian)))
        public = {
            word
            for column in (CHILD.c.alias, VOLUNTEER.c.name, BRANCH.c.contact, FILE.c.name)
            for text in session.execute(sa.select(column)).scalars()
            for word in _TWO.findall(text or "")
        }
    return {name for name in names if len(name) == 2} - public


def short_in_bytes(data: bytes, names: set[str]) -> set[str]:
    """Two characters with no other beside them (in the middle of a sentence a name of two is not told from any two words): in sealed bytes six given ones meet by chance once in 2⁴⁸ places."""
    return {run.decode() for run in _TWO_IN_BYTES.findall(data)} & names


def short_in_cells(file: Path, names: set[str]) -> set[str]:
    """The same in every value of every table, one by one: in the file, values stand side by side without a mark between them."""
    found: set[str] = set()
    with closing(sqlite3.connect(file)) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                for text in (value for value in row if isinstance(value, str)):
                    plain = text.encode().decode("unicode_escape", "ignore") if "\\u" in text else text
                    found.update(_TWO.findall(plain))
    return found & names


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


@pytest.mark.parametrize("leak", ['{{"note": "{}"}}', "打给{}，没人接", "{}"])
def test_the_search_for_short_names_finds_one_where_it_would_stand(sqlite_settings: Settings, leak: str) -> None:
    name = "丁喆"
    file = sqlite_settings.var_dir / "microwish.sqlite3"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "INSERT INTO organisation (slug, name, created_at) VALUES ('o', ?, '2021-01-01')", (leak.format(name),)
        )
    bounded = "，" not in leak
    assert (name in short_in_cells(file, {name}), name in short_in_bytes(file.read_bytes(), {name})) == (
        bounded,
        bounded,
    )


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
    short = short_names(database, keyring)
    assert len(short) > 900, len(short)
    for path in files(sqlite_settings.var_dir, sqlite_settings.keys_dir):
        found = found_in(path, words, phones) | short_in_bytes(path.read_bytes(), short)
        assert not found, f"{path.name}: {len(found)} such as {sorted(found)[:5]}"
    assert not short_in_cells(sqlite_settings.var_dir / "microwish.sqlite3", short)
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
