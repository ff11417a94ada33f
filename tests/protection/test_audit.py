"""The chain over events and audit entries, in real databases."""

from __future__ import annotations

import random
import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from benchmarks.audit import tampered
from tests.factories import NOW, Place, make_wish
from wishes.access import SYSTEM, Role
from wishes.db import Database
from wishes.events.actions import move, record
from wishes.events.tables import Event
from wishes.lifecycle import Status
from wishes.model import table_of
from wishes.protection.audit import (
    anchor_files,
    anchors_in,
    export_lines,
    head_of,
    seal,
    seal_all,
    verify,
)
from wishes.protection.chain import Damage
from wishes.protection.entries import note
from wishes.protection.keyring import Keyring, create_keyring
from wishes.settings import Settings

_EVENT = table_of(Event)


@pytest.fixture
def keyring(settings: Settings) -> Keyring:
    return create_keyring(settings.keys_dir)


def happened(database: Database, place: Place, times: int = 5) -> None:
    """*times* events and looks, turn by turn."""
    for i in range(times):
        with database.transaction() as session:
            record(
                session,
                action="share",
                campaign_id=place.id,
                now=NOW + timedelta(minutes=i),
                actor=SYSTEM,
                reason=f"第 {i} 次",
                data={"view_id": i, "ratio": 0.1 * i},
            )
            note(
                session,
                "look",
                actor=SYSTEM,
                campaign_id=place.id,
                child_id=place.child_id,
                now=NOW,
                reason="核实",
                fields=["name", "phones"],
                data={"n": i},
            )


def test_what_is_sealed_is_whole_and_every_row_has_its_link(
    database: Database, place: Place, keyring: Keyring, tmp_path: Path
) -> None:
    happened(database, place)
    sealed = seal_all(database, keyring=keyring, now=NOW, folder=tmp_path / "audit", patience=5)
    with database.reading() as session:
        report = verify(session, keyring=keyring, anchors=anchors_in(*anchor_files(tmp_path / "audit")))
    assert report.whole and not report.unsealed
    assert report.rows == sealed.rows == 10


def test_sealing_again_seals_only_what_is_new_and_verify_says_how_much_is_not_sealed_yet(
    database: Database, place: Place, keyring: Keyring, tmp_path: Path
) -> None:
    happened(database, place)
    seal_all(database, keyring=keyring, now=NOW, folder=tmp_path / "audit", patience=5)
    happened(database, place, 2)
    with database.reading() as session:
        report = verify(session, keyring=keyring)
        assert report.unsealed == {"event": 2, "entry": 2} and report.first_unsealed == "event:6"
    assert seal_all(database, keyring=keyring, now=NOW, folder=tmp_path / "audit", patience=5).rows == 4
    with database.reading() as session:
        assert verify(session, keyring=keyring).rows == 14


def test_a_rows_announcement_is_no_alteration(
    database: Database, place: Place, keyring: Keyring, tmp_path: Path
) -> None:
    happened(database, place)
    seal_all(database, keyring=keyring, now=NOW, folder=tmp_path / "audit", patience=5)
    with database.transaction() as session:
        session.execute(sa.update(_EVENT).values(announced_at=NOW))
    with database.reading() as session:
        assert verify(session, keyring=keyring).whole


def test_the_record_refuses_to_be_changed(database: Database, place: Place, keyring: Keyring, tmp_path: Path) -> None:
    happened(database, place, 1)
    seal_all(database, keyring=keyring, now=NOW, folder=tmp_path / "audit", patience=5)
    for statement in (
        "UPDATE event SET reason = 'x'",
        "UPDATE event SET request_id = 'x'",
        "DELETE FROM event",
        "UPDATE audit_entry SET reason = 'x'",
        "DELETE FROM audit_entry",
        "UPDATE audit_link SET row_id = 99",
        "DELETE FROM audit_link",
        "DELETE FROM audit_anchor",
    ):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), database.transaction() as session:
            session.execute(sa.text(statement))


@pytest.mark.postgres
def test_a_row_that_commits_late_is_sealed_in_its_place_and_never_taken_for_inserted(
    postgres_settings: Settings, tmp_path: Path
) -> None:
    from tests.factories import make_campaign

    database, keyring = Database(postgres_settings), create_keyring(postgres_settings.keys_dir)
    with database.transaction() as session:
        place = make_campaign(session)
    with database.transaction() as late:
        record(late, action="share", campaign_id=place.id, now=NOW, actor=SYSTEM)  # has its id, is not committed
        happened(database, place, 3)
        waiting = seal_all(database, keyring=keyring, now=NOW, folder=tmp_path / "audit", patience=0.2)
        assert waiting.rows == 0 and waiting.behind
    done = seal_all(database, keyring=keyring, now=NOW, folder=tmp_path / "audit", patience=5)
    with database.reading() as session:
        report = verify(session, keyring=keyring)
        assert done.rows == 7 and report.whole and not report.unsealed
    database.dispose()


@pytest.mark.postgres
def test_two_sealers_at_once_make_one_chain(postgres_settings: Settings, tmp_path: Path) -> None:
    from tests.factories import make_campaign

    database, keyring = Database(postgres_settings), create_keyring(postgres_settings.keys_dir)
    with database.transaction() as session:
        place = make_campaign(session)
    happened(database, place, 3)
    with database.transaction() as one:
        seal(one, keyring=keyring)  # marks what is there, and holds the turn
        with database.transaction() as other:
            assert seal(other, keyring=keyring).rows == 0
    seal_all(database, keyring=keyring, now=NOW, folder=tmp_path / "audit", patience=5)
    with database.reading() as session:
        assert verify(session, keyring=keyring).rows == 6
    database.dispose()


@pytest.mark.parametrize("seed", range(3))
def test_every_tampering_with_a_copy_is_found(sqlite_settings: Settings, tmp_path: Path, seed: int) -> None:
    """A short run of ``benchmarks/audit.py``, which does a thousand."""
    from tests.factories import make_campaign

    keyring = create_keyring(sqlite_settings.keys_dir)
    database = Database(sqlite_settings)
    with database.transaction() as session:
        place = make_campaign(session)
    happened(database, place, 40)
    seal_all(database, keyring=keyring, now=NOW, folder=tmp_path / "audit", patience=5)
    database.dispose()
    original = Path(str(database.engine.url.database))
    with sqlite3.connect(original) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    luck = random.Random(seed)
    for attempt in range(20):
        copy = tmp_path / f"copy-{attempt}.sqlite3"
        shutil.copy(original, copy)
        what, found = tampered(copy, luck, keyring, tmp_path / "audit")
        assert found, what


def test_the_first_wrong_row_is_named(sqlite_settings: Settings, tmp_path: Path) -> None:
    from tests.factories import make_campaign

    keyring, database = create_keyring(sqlite_settings.keys_dir), Database(sqlite_settings)
    with database.transaction() as session:
        place = make_campaign(session)
    happened(database, place, 6)
    seal_all(database, keyring=keyring, now=NOW, folder=tmp_path / "audit", patience=5)

    def spoilt(statement: str) -> tuple[Damage, str | None]:
        copy = tmp_path / f"copy-{abs(hash(statement))}.sqlite3"
        database.dispose()
        with sqlite3.connect(str(database.engine.url.database)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(str(database.engine.url.database), copy)
        with sqlite3.connect(copy) as connection:
            for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.execute(f"DROP TRIGGER {trigger}")
            connection.execute(statement)
        other = Database(
            Settings(
                var_dir=tmp_path,
                database_url=f"sqlite:///{copy}",
                redis_url=None,
                secret_key="of no worth, for tests " * 2,
            )
        )
        with other.reading() as session:
            finding = verify(session, keyring=keyring, anchors=anchors_in(*anchor_files(tmp_path / "audit"))).finding
        other.dispose()
        assert finding is not None
        return finding.damage, finding.row_id

    assert spoilt("UPDATE event SET reason = 'x' WHERE id = 4") == (Damage.ALTERED, "event:4")
    assert spoilt("UPDATE event SET data = '{}' WHERE id = 3") == (Damage.ALTERED, "event:3")
    assert spoilt("DELETE FROM audit_entry WHERE id = 5") == (Damage.REMOVED, "entry:5")
    assert spoilt("UPDATE audit_entry SET id = -1 WHERE id = 2") == (Damage.INSERTED, "entry:-1")
    assert spoilt("DELETE FROM audit_link WHERE seq >= 11")[0] is Damage.CUT


def test_the_day_is_anchored_once_and_the_export_holds_chain_and_anchors(
    database: Database, place: Place, keyring: Keyring, tmp_path: Path
) -> None:
    for day in range(3):
        happened(database, place, 2)
        for _ in range(2):
            seal_all(database, keyring=keyring, now=NOW + timedelta(days=day), folder=tmp_path / "audit", patience=5)
    anchors = anchors_in(tmp_path / "audit" / "anchors.jsonl")
    assert [anchor.seq for anchor in anchors] == [4, 8, 12]
    with database.reading() as session:
        lines = list(export_lines(session))
        assert len(lines) == 12 + 3 and head_of(session).mac.hex() in lines[11]


def test_a_record_knows_who_did_it_why_and_in_which_request(
    database: Database, place: Place, settings: Settings
) -> None:
    from tests.factories import code_of
    from tests.web.people import Person, app_of

    with database.transaction() as session:
        wish_id = make_wish(session, place, status=Status.OPEN)
        code = code_of(session, wish_id)
    person = Person(app_of(settings), (place.grant(Role.COORDINATOR),))
    page = f"/c/{place.slug}/wishes/{code}"
    answer = person.post(f"{page}/cancel", page, reason="家长电话 13812345678 说不用了")
    with database.reading() as session:
        row = session.execute(sa.select(_EVENT).where(_EVENT.c.wish_id == wish_id)).one()
    assert row.action == "cancel" and row.actor_id is not None
    assert row.request_id == answer.headers["X-Request-Id"]
    assert "13812345678" not in row.reason and "不用了" in row.reason


def test_a_move_by_a_sweep_has_no_request(database: Database, place: Place) -> None:
    with database.transaction() as session:
        wish_id = make_wish(session, place, status=Status.VERIFIED)
        move(session, "publish", wish_id=wish_id, actor=place.coordinator, now=NOW)
        assert session.execute(sa.select(_EVENT.c.request_id)).scalar_one() == ""
