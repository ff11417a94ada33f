"""Keys change while everything runs, also when the rotation is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.factories import NOW
from tests.protection.world import CHILD, FILE, ROW, Kid, World
from wishes.access import NOBODY, SYSTEM
from wishes.intake.sealing import open_entry, open_identity
from wishes.protection.concerns import read_concern, report
from wishes.protection.keyring import KeyMissing, Keyring, Purpose, read_keyring
from wishes.protection.rotation import rotate
from wishes.protection.vault import Vault, master_kid


def kids(world: World, number: int) -> list[Kid]:
    return [world.kid() for _ in range(number)]


def everything_opens(world: World, known: list[Kid], ring: Keyring) -> None:
    vault = Vault(ring)
    with world.database.reading() as session:
        for kid in known:
            child = session.execute(sa.select(CHILD).where(CHILD.c.id == kid.id)).one()
            assert open_identity(vault, kid.id, child.data_key, child.identity)["name"] == kid.name
            row = session.execute(sa.select(ROW).where(ROW.c.wish_id == kid.wish_id)).one()
            assert open_entry(vault, row.file_id, row.sheet, row.cell, row.part, row.reading).guardian == kid.guardian
            assert kid.name.encode() in world.originals.read(session, row.file_id)


def kids_of_keys(world: World) -> set[int]:
    wrapped = [
        *world.rows(sa.select(CHILD.c.data_key).where(CHILD.c.data_key.is_not(None))),
        *world.rows(sa.select(ROW.c.reading).where(ROW.c.reading.is_not(None))),
        *world.rows(sa.select(FILE.c.original_key).where(FILE.c.original_key.is_not(None))),
    ]
    return {master_kid(value) for (value,) in wrapped}


def test_a_rotation_wraps_everything_anew_and_retires_the_old_key(world: World) -> None:
    known = kids(world, 7)
    with world.database.transaction() as session:
        concern = report(
            session,
            world.vault,
            campaign_id=world.place.id,
            words="孩子手臂上有伤",
            contact="",
            sender="a",
            actor=NOBODY,
            now=NOW,
        )
    running = world.keyring  # as a web process has it
    done = rotate(world.database, world.settings.keys_dir, actor=SYSTEM, now=NOW, batch=3, patience=5)
    assert done.rewrapped == {
        "child.data_key": 7,
        "import_row.reading": 7,
        "import_file.original_key": 7,
        "concern.words": 1,
    }
    assert done.retired == [1] and kids_of_keys(world) == {2}
    everything_opens(world, known, running)
    with world.database.transaction() as session:
        assert read_concern(session, Vault(running), concern, actor=world.admin, now=NOW)["words"] == "孩子手臂上有伤"
    with pytest.raises(KeyMissing):
        read_keyring(world.settings.keys_dir).key(Purpose.MASTER, 1)


def test_reading_and_writing_go_on_while_keys_rotate(world: World) -> None:
    known, stop = kids(world, 12), threading.Event()

    def reading() -> int:
        times = 0
        while not stop.is_set():
            everything_opens(world, known[:4], world.keyring)
            times += 1
        return times

    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(reading)
        try:
            done = rotate(
                world.database,
                world.settings.keys_dir,
                actor=SYSTEM,
                now=NOW,
                batch=2,
                patience=30,
                told=lambda _: known.append(world.kid()) if len(known) < 18 else None,
            )
        finally:
            stop.set()
        assert reader.result() > 0 and done.retired == [1]
    everything_opens(world, known, read_keyring(world.settings.keys_dir))


def test_a_rotation_that_was_killed_goes_on_where_it_stopped(world: World) -> None:
    known = kids(world, 30)
    settings = world.settings
    script = (
        "import sys, time, wishes.tables\n"
        "from pathlib import Path\n"
        "from datetime import UTC, datetime\n"
        "from wishes.access import SYSTEM\n"
        "from wishes.db import Database\n"
        "from wishes.protection.rotation import rotate\n"
        "from wishes.settings import Settings\n"
        "s = Settings(var_dir=Path(sys.argv[1]), database_url=sys.argv[2], redis_url=None, secret_key='x' * 40)\n"
        "def told(text):\n    print(text, flush=True); time.sleep(0.3)\n"
        "rotate(Database(s), s.keys_dir, actor=SYSTEM, now=datetime.now(UTC), batch=5, told=told)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(settings.var_dir), settings.database_url],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert process.stdout is not None
    while "child.data_key: 10" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(0.2)
    assert kids_of_keys(world) == {1, 2}
    everything_opens(world, known, world.keyring)
    done = rotate(world.database, settings.keys_dir, actor=SYSTEM, now=NOW, patience=10)
    assert done.resumed and done.kid == 2 and done.retired == [1]
    assert 0 < done.rewrapped["child.data_key"] <= 20
    assert kids_of_keys(world) == {2}
    everything_opens(world, known, world.keyring)


def test_a_value_that_does_not_open_keeps_the_old_key(world: World) -> None:
    [kid, *_] = kids(world, 3)
    key = world.child(kid).data_key
    with world.database.transaction() as session:
        session.execute(sa.update(CHILD).where(CHILD.c.id == kid.id).values(data_key=key[:-1] + bytes([key[-1] ^ 1])))
    done = rotate(world.database, world.settings.keys_dir, actor=SYSTEM, now=NOW, patience=5)
    assert done.broken == 1 and not done.retired
    read_keyring(world.settings.keys_dir).key(Purpose.MASTER, 1)


@pytest.mark.postgres
def test_the_old_key_waits_for_those_who_may_still_use_it(postgres_settings: object) -> None:
    from wishes.db import Database
    from wishes.settings import Settings

    assert isinstance(postgres_settings, Settings)
    world = World(postgres_settings, Database(postgres_settings))
    kids(world, 2)
    with world.database.transaction() as late:
        late.execute(sa.text("SELECT 1"))
        done = rotate(world.database, world.settings.keys_dir, actor=SYSTEM, now=NOW, patience=0.3)
        assert not done.retired and done.rewrapped["child.data_key"] == 2
    assert rotate(world.database, world.settings.keys_dir, actor=SYSTEM, now=NOW, patience=5).retired == [1]
    world.database.dispose()


def test_the_blind_index_rotates_and_names_are_found_before_and_after(world: World) -> None:
    [kid] = kids(world, 1)
    done = rotate(world.database, world.settings.keys_dir, purpose=Purpose.BLIND, actor=SYSTEM, now=NOW, patience=5)
    assert done.rewrapped == {"child.name_index": 1} and done.retired == [1]
    assert world.child(kid).name_index in world.vault.blind_indexes(kid.name, field="child.name")


@pytest.mark.parametrize("purpose", [Purpose.AUDIT, Purpose.TOKEN, Purpose.CODE])
def test_keys_that_things_are_still_checked_with_are_kept(world: World, purpose: Purpose) -> None:
    done = rotate(world.database, world.settings.keys_dir, purpose=purpose, actor=SYSTEM, now=NOW)
    assert done.kid == 2 and not done.retired
    assert [key.kid for key in world.keyring.keys(purpose)] == [2, 1]
