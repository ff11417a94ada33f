"""A day offline, replayed in several orders: the small form of ``python -m benchmarks.scans``."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks.scans import arrivals, end_of, make_day, opened, replay
from wishes.db import Database
from wishes.protection.keyring import create_keyring
from wishes.protection.vault import Vault


def copied(template: Path, to: Path) -> str:
    return f"sqlite:///{shutil.copy(template, to)}"


def test_the_end_of_a_day_offline_does_not_depend_on_the_order_in_which_it_is_heard(
    sqlite_template: Path, tmp_path: Path
) -> None:
    vault = Vault(create_keyring(tmp_path / "keys"))
    database = opened(copied(sqlite_template, tmp_path / "day.sqlite3"), tmp_path)
    day = make_day(database, events=160, devices=8, seed=11)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    ends = []
    for order in range(3):
        database = opened(copied(tmp_path / "day.sqlite3", tmp_path / f"order-{order}.sqlite3"), tmp_path)
        ends.append(replay(database, day, arrivals(day, order), vault)["end"])
        database.dispose()
    assert ends[0] == ends[1] == ends[2]
    assert sum(bool(why) for *_, why in ends[0].values()) >= 5, (
        "some things have to be in question for this to say anything"
    )


def test_hundreds_of_scans_twice_over_on_either_database(database: Database, tmp_path: Path) -> None:
    vault = Vault(create_keyring(tmp_path / "keys"))
    day = make_day(database, events=60, devices=5, seed=3)
    first = replay(database, day, arrivals(day, 1), vault)["end"]
    assert replay(database, day, arrivals(day, 2), vault)["end"] == first == end_of(database, day)


@pytest.mark.parametrize("at_once", [7, 40])
def test_many_scans_in_a_request_end_as_each_in_its_own(database: Database, tmp_path: Path, at_once: int) -> None:
    vault = Vault(create_keyring(tmp_path / "keys"))
    day = make_day(database, events=60, devices=3, seed=5)
    first = replay(database, day, arrivals(day, 1), vault, at_once)["end"]
    assert replay(database, day, arrivals(day, 2), vault)["end"] == first == end_of(database, day)
