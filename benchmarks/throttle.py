"""How many guesses get through: per account and per address, by one and by several processes at once.

    python -m benchmarks.throttle --processes 4 --hours 2

Clients of several processes guess passwords, and six-digit codes, as fast as they are answered; the clock runs a simulated quarter of
an hour per round, so that the window of the throttle passes. A guess gets through when it is compared with the stored password or code.
"""

from __future__ import annotations

import json
import multiprocessing
import tempfile
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import sqlalchemy as sa

from wishes.db import Database
from wishes.errors import TooManyRequests
from wishes.migrations import upgrade
from wishes.people import codes
from wishes.people.actions import THROTTLE_WINDOW, create_account, take_turn
from wishes.people.tables import SignInAttempt
from wishes.settings import Settings, from_environment

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
KEY = b"a key for codes, thirty-two byte"


def _guess(job: tuple[Settings, str, int, int, int]) -> tuple[int, int]:
    """(made, got through) of one process: *tries* guesses in each of *rounds* quarters of an hour."""
    settings, kind, tries, rounds, number = job
    database, made, through = Database(settings), 0, 0
    for turn in range(rounds):
        for n in range(tries):
            now = BEGAN + turn * THROTTLE_WINDOW + timedelta(seconds=1 + n * 800 / tries)
            login = "victim" if kind in ("account", "code") else f"account-{number}-{turn}-{n}"
            address = "203.0.113.9" if kind == "address" else f"10.{number}.{n // 250}.{n % 250}"
            made += 1
            try:
                with database.transaction() as session:
                    take_turn(session, login=login, address=address, now=now)
            except TooManyRequests:
                continue
            if kind == "code":
                with database.transaction() as session:
                    codes.take_code(session, login=login, purpose="sign_in", code="000000", key=KEY, now=now)
            through += 1
    database.dispose()
    return made, through


@click.command()
@click.option("--processes", default=4, show_default=True)
@click.option("--hours", default=2, show_default=True)
@click.option("--tries", default=60, show_default=True, help="Guesses of each process in a quarter of an hour.")
@click.option("--database", default="", help="URL of an empty database; a fresh SQLite file when not given.")
def main(processes: int, hours: int, tries: int, database: str) -> None:
    rounds = int(timedelta(hours=hours) / THROTTLE_WINDOW)
    found: dict[str, Any] = {}
    for kind in ("account", "address", "code"):
        for many in (1, processes):
            with tempfile.TemporaryDirectory() as folder:
                told = {"MICROWISH_VAR_DIR": folder} | ({"MICROWISH_DATABASE_URL": database} if database else {})
                settings = from_environment(told)
                opened = Database(settings)
                upgrade(opened)
                with opened.transaction() as session:
                    session.execute(sa.delete(SignInAttempt))
                    if not database or (many == 1 and kind == "account"):
                        create_account(session, login="victim", name="v", now=BEGAN)
                opened.dispose()
                jobs = [(settings, kind, tries, rounds, number) for number in range(many)]
                with multiprocessing.get_context("spawn").Pool(many) as pool:
                    done = pool.map(_guess, jobs)
                made, through = (sum(column) for column in zip(*done, strict=True))
                found[f"{kind}, {many} processes"] = {
                    "made_per_hour": made / hours,
                    "through_per_hour": through / hours,
                }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
