"""The audit chain: how long a million rows take to seal and verify, and whether any of a thousand tamperings slips through.

    python -m benchmarks.audit [--rows 1000000] [--tamperings 1000]

The tamperings are made with full rights on a copy of the database; the attacker lacks the audit key and the anchors.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import wishes.tables  # noqa: F401
from wishes.db import Database
from wishes.migrations import upgrade
from wishes.protection.audit import anchor_files, anchors_in, seal_all, verify
from wishes.protection.keyring import Keyring, create_keyring
from wishes.settings import Settings

NOW = datetime(2021, 6, 1, 4, 0, tzinfo=UTC)
TABLES = ("event", "audit_entry", "audit_link")


def settings_of(folder: Path, file: Path) -> Settings:
    return Settings(
        var_dir=folder, database_url=f"sqlite:///{file}", redis_url=None, secret_key="of no worth, for measuring " * 2
    )


def filled(folder: Path, rows: int) -> Database:
    """A database with *rows* rows in the record, nine events to one look."""
    file = folder / "audit.sqlite3"
    database = Database(settings_of(folder, file))
    upgrade(database)
    with sqlite3.connect(file) as connection:
        connection.execute("INSERT INTO organisation (id, slug, name, created_at) VALUES (1, 'o', 'o', '2021-01-01')")
        connection.execute(
            "INSERT INTO campaign (id, organisation_id, slug, name, place, city_code, starts_on, ends_on, price_ceiling_fen,"
            " rules, created_at) VALUES (1, 1, 'c', 'c', 'p', '3301', '2021-03-01', '2021-12-31', 50000, '{}', '2021-01-01')"
        )
        connection.executemany(
            "INSERT INTO event (campaign_id, action, actor_id, reason, request_id, data, occurred_at, recorded_at)"
            " VALUES (1, 'claim', ?, '', 'r', ?, '2021-06-01 04:00:00.000000', '2021-06-01 04:00:00.000000')",
            ((i % 300, f'{{"volunteer_id": {i}, "branch_id": null}}') for i in range(rows * 9 // 10)),
        )
        connection.executemany(
            "INSERT INTO audit_entry (kind, campaign_id, actor_id, child_id, fields, reason, request_id, data, recorded_at)"
            " VALUES ('look', 1, ?, ?, '[\"name\"]', '核实', 'r', '{}', '2021-06-01 04:00:00.000000')",
            ((i % 30, i) for i in range(rows - rows * 9 // 10)),
        )
    return database


def tampered(copy: Path, luck: random.Random, keyring: Keyring, anchors: Path) -> tuple[str, bool]:
    """Tamper once with *copy* in some way, and look whether it is found; answers what was done and whether."""
    with sqlite3.connect(copy) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        what = _tamper(connection, luck)
    database = Database(settings_of(copy.parent, copy))
    with database.reading() as session:
        report = verify(session, keyring=keyring, anchors=anchors_in(*anchor_files(anchors)))
    database.dispose()
    return what, not report.whole or bool(report.unsealed)


def _tamper(connection: sqlite3.Connection, luck: random.Random) -> str:
    table = luck.choice(("event", "event", "audit_entry"))
    (top,) = connection.execute(f"SELECT max(id) FROM {table}").fetchone()
    row, way = luck.randint(1, top), luck.choice(_WAYS)
    source = "entry" if table == "audit_entry" else "event"
    if way == "alter":
        columns = {
            "event": ("action", "actor_id", "reason", "data", "occurred_at", "recorded_at", "wish_id", "request_id", "campaign_id"),
            "audit_entry": ("kind", "actor_id", "child_id", "fields", "reason", "recorded_at", "access_id"),
        }[table]  # fmt: skip
        column = luck.choice(columns)
        value: Any = luck.choice((7_777, "x"))
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (value, row))
    elif way == "swap":
        other = row % top + 1
        connection.execute(f"UPDATE {table} SET id = -9 WHERE id = ?", (row,))
        connection.execute(f"UPDATE {table} SET id = ? WHERE id = ?", (row, other))
        connection.execute(f"UPDATE {table} SET id = ? WHERE id = -9", (other,))
        connection.execute(f"UPDATE {table} SET reason = 'swapped' WHERE id = ?", (row,))
    elif way == "remove":
        connection.execute(f"DELETE FROM {table} WHERE id = ?", (row,))
    elif way == "remove with link":
        connection.execute(f"DELETE FROM {table} WHERE id = ?", (row,))
        connection.execute("DELETE FROM audit_link WHERE source = ? AND row_id = ?", (source, row))
    elif way == "cut the end":
        (end,) = connection.execute("SELECT max(seq) FROM audit_link").fetchone()
        start = luck.randint(1, end)
        for name, rows in (("event", "event"), ("entry", "audit_entry")):
            connection.execute(
                f"DELETE FROM {rows} WHERE id IN (SELECT row_id FROM audit_link WHERE source = ? AND seq >= ?)",
                (name, start),
            )
        connection.execute("DELETE FROM audit_link WHERE seq >= ?", (start,))
        connection.execute("DELETE FROM audit_anchor")
    elif way == "insert":
        place = luck.choice((0, -row, top + luck.randint(1, 50)))
        _copy(connection, table, row, place)
    elif way == "insert with link":
        _copy(connection, table, row, top + 1)
        connection.execute(
            "INSERT INTO audit_link SELECT max(seq) + 1, ?, ?, digest, mac FROM audit_link", (source, top + 1)
        )
    elif way == "renumber":
        connection.execute("UPDATE audit_link SET seq = -seq WHERE seq > ?", (row,))
        connection.execute("UPDATE audit_link SET seq = -seq + 1 WHERE seq < 0")
    else:
        connection.execute(
            f"UPDATE audit_link SET {luck.choice(('mac', 'digest'))} = ? WHERE source = ? AND row_id = ?",
            (luck.randbytes(33), source, row),
        )
    return f"{way} {table}:{row}"


_WAYS = (
    "alter", "alter", "alter", "swap", "remove", "remove with link", "cut the end", "insert", "insert with link", "renumber",
    "spoil the link",
)  # fmt: skip


def _copy(connection: sqlite3.Connection, table: str, row: int, place: int) -> None:
    names = [each[1] for each in connection.execute(f"PRAGMA table_info({table})") if each[1] != "id"]
    connection.execute(
        f"INSERT INTO {table} (id, {', '.join(names)}) SELECT ?, {', '.join(names)} FROM {table} WHERE id = ?",
        (place, row),
    )


def _spent(began: float, work: float) -> str:
    """Since then, on the clock and of the processor: a busy machine makes the two differ."""
    return f"{time.perf_counter() - began:.1f} s ({time.process_time() - work:.1f} s of processor)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--tamperings", type=int, default=1_000)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        keyring = create_keyring(folder / "keys")
        database = filled(folder, told.rows)
        began, work = time.perf_counter(), time.process_time()
        sealed = seal_all(database, keyring=keyring, now=NOW, folder=folder / "audit")
        print(f"sealed {sealed.rows:,} rows in {_spent(began, work)}", flush=True)
        began, work = time.perf_counter(), time.process_time()
        with database.reading() as session:
            report = verify(session, keyring=keyring, anchors=anchors_in(*anchor_files(folder / "audit")))
        print(f"verified {report.rows:,} rows in {_spent(began, work)}; whole: {report.whole}", flush=True)
        database.dispose()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        keyring = create_keyring(folder / "keys")
        database = filled(folder, 300)
        seal_all(database, keyring=keyring, now=NOW, folder=folder / "audit")
        database.dispose()
        with sqlite3.connect(folder / "audit.sqlite3") as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        luck, found, ways = random.Random(2021), 0, Counter[str]()
        for _ in range(told.tamperings):
            copy = folder / "copy.sqlite3"
            for each in folder.glob("copy.sqlite3*"):
                each.unlink()
            shutil.copy(folder / "audit.sqlite3", copy)
            what, caught = tampered(copy, luck, keyring, folder / "audit")
            ways[what.rsplit(" ", 1)[0]] += 1
            found += caught
            if not caught:
                print(f"not found: {what}")
        print(
            f"{told.tamperings:,} tamperings, {found:,} found ({', '.join(f'{k} {v}' for k, v in sorted(ways.items()))})"
        )


if __name__ == "__main__":
    main()
