"""The whole claim race: 10,000 attempts by 1,000 clients on 1,000 wishes while web workers and the database are killed.

    python -m benchmarks.race [--database sqlite|postgresql] [--attempts 10000] [--kills 20] [--crashes 3]

On SQLite eight processes answer; on PostgreSQL, which flushes every commit to disk, two with four threads each, and the
server is stopped at once three times. Prints one line of JSON per database; ends with 1 unless every ``wrong_`` is 0.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks.serving import DurablePostgres, forget, temporary_folder
from tests.claims.race import Report, gather, run
from tests.claims.serving import Web, serving
from wishes.db import Database
from wishes.migrations import upgrade
from wishes.settings import Settings


def race_on(
    url: str, folder: Path, options: argparse.Namespace, *, workers: int, threads: int, server: DurablePostgres | None
) -> Report:
    settings = Settings(var_dir=folder, database_url=url, redis_url=None, secret_key="of no worth " * 4)
    database = Database(settings)
    upgrade(database)
    database.dispose()
    race = gather(settings, wishes=options.wishes, clients=options.clients)

    def crash() -> None:
        assert server is not None
        server.crash()
        server.restart()

    environment = {"MICROWISH_DATABASE_URL": url, "MICROWISH_VAR_DIR": str(folder)}
    with serving(Web(options.app, environment, workers=workers, threads=threads)) as web:
        report = run(
            race,
            web,
            attempts=options.attempts,
            kills=options.kills,
            crash=crash if server else None,
            crashes=options.crashes if server else 0,
            at_once=options.at_once,
        )
        report.books["wrong_database_is_locked_in_the_log"] = web.errors().count("database is locked")
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--attempts", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=1_000)
    parser.add_argument("--wishes", type=int, default=1_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--crashes", type=int, default=3)
    parser.add_argument("--at-once", type=int, default=32, help="clients that ask in the same moment")
    parser.add_argument("--app", default="wishes.app:create_app()", help=argparse.SUPPRESS)
    options = parser.parse_args()
    clean = True
    for kind in options.database or ["sqlite", "postgresql"]:
        folder, server = temporary_folder(), None
        try:
            if kind == "sqlite":
                report = race_on(
                    f"sqlite:///{folder / 'microwish.sqlite3'}", folder, options, workers=8, threads=1, server=None
                )
            else:
                server = DurablePostgres()
                report = race_on(
                    server.url(server.create_database()), folder, options, workers=2, threads=4, server=server
                )
        finally:
            if server is not None:
                server.remove()
            forget(folder)
        print(json.dumps({"database": kind, **asdict(report)}, ensure_ascii=False), flush=True)
        clean = clean and not report.unexpected and not any(report.faults.values())
    sys.exit(0 if clean else 1)


if __name__ == "__main__":
    main()
