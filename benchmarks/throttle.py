"""How many guesses get through: per account and per address, by one and by several processes at once.

    python -m benchmarks.throttle --processes 4 --hours 2
    python -m benchmarks.throttle --on postgres --processes 4 --hours 2

Clients of several processes guess passwords, and six-digit codes, as fast as they are answered; the clock runs a simulated quarter of
an hour per round, so that the window of the throttle passes. A guess gets through when it is compared with the stored password or code.

``--on postgres`` starts a private PostgreSQL and a private Redis, asks the same there, and then the real web: gunicorn with as many
workers, whose sign-in is guessed at by as many threads within one quarter of an hour, and which is asked for pages beyond its limit.
"""

from __future__ import annotations

import json
import multiprocessing
import re
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import sqlalchemy as sa

from tests.claims.serving import Web, serving
from tests.services.postgres import PostgresServer
from tests.services.redis import RedisServer
from wishes.db import Database
from wishes.errors import TooManyRequests
from wishes.migrations import upgrade
from wishes.people import codes
from wishes.people.actions import THROTTLE_WINDOW, create_account, take_turn
from wishes.people.tables import SignInAttempt
from wishes.protection.keyring import create_keyring
from wishes.settings import Settings, from_environment

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
LIMIT = 120
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
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


class Guesser:
    """A browser that posts to the sign-in of a running web."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(), urllib.request.ProxyHandler({}))
        self._token = _TOKEN.search(self._open.open(f"{address}/sign-in").read().decode())[1]  # type: ignore[index]

    def guess(self, login: str) -> int:
        """The status that one wrong password is answered with."""
        form = urllib.parse.urlencode({"csrf_token": self._token, "login": login, "password": "not the right one"})
        try:
            with self._open.open(f"{self._address}/sign-in", form.encode()) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code


def _statuses(address: str, processes: int, tries: int, login: Callable[[int, int], str]) -> dict[str, int]:
    def of_one(number: int) -> Counter[int]:
        guesser = Guesser(address)
        return Counter(guesser.guess(login(number, n)) for n in range(tries))

    with ThreadPoolExecutor(processes) as pool:
        found: Counter[int] = sum(pool.map(of_one, range(processes)), Counter())
    return {str(status): count for status, count in sorted(found.items())}


def over_http(env: dict[str, str], processes: int, tries: int) -> dict[str, Any]:
    """Guesses at the sign-in of a real web within one window, by status: 401 was compared, 429 was refused unseen."""
    found: dict[str, Any] = {}
    with serving(
        Web("wishes.app:create_app()", env | {"MICROWISH_REQUESTS_PER_MINUTE": "0"}, workers=processes)
    ) as web:
        address = f"http://127.0.0.1:{web.port}"
        found["one account, within 15 minutes"] = _statuses(address, processes, tries, lambda _, n: "victim")
        database = Database(from_environment(env))
        with database.transaction() as session:
            session.execute(sa.delete(SignInAttempt))
        database.dispose()
        found["one address, within 15 minutes"] = _statuses(address, processes, tries, lambda who, n: f"a-{who}-{n}")
    limited = env | {"MICROWISH_REQUESTS_PER_MINUTE": str(LIMIT)}
    with serving(Web("wishes.app:create_app()", limited, workers=processes)) as web:
        time.sleep(60 - time.time() % 60)  # one minute of the clock, so that the window holds exactly what is sent
        address, began = f"http://127.0.0.1:{web.port}/sign-in", time.monotonic()

        def ask(_: int) -> int:
            try:
                with urllib.request.urlopen(address) as answer:
                    return int(answer.status)
            except urllib.error.HTTPError as refused:
                with refused:
                    return refused.code

        with ThreadPoolExecutor(processes) as pool:
            statuses = Counter(pool.map(ask, range(5 * LIMIT)))
        found[f"pages, limit {LIMIT} a minute"] = {
            **{str(status): count for status, count in sorted(statuses.items())},
            "seconds": round(time.monotonic() - began, 1),
        }
    return found


@click.command()
@click.option("--processes", default=4, show_default=True)
@click.option("--hours", default=2, show_default=True)
@click.option("--tries", default=60, show_default=True, help="Guesses of each process in a quarter of an hour.")
@click.option("--on", "where", type=click.Choice(["sqlite", "postgres"]), default="sqlite", show_default=True)
def main(processes: int, hours: int, tries: int, where: str) -> None:
    found: dict[str, Any] = {}
    if where == "sqlite":
        measure(found, "", processes, hours, tries)
    else:
        server, broker = PostgresServer(), RedisServer()
        try:
            server.restart()
            url = server.url(server.create_database())
            measure(found, url, processes, hours, tries)
            with tempfile.TemporaryDirectory() as folder:
                env = {
                    "MICROWISH_VAR_DIR": folder,
                    "MICROWISH_DATABASE_URL": url,
                    "MICROWISH_REDIS_URL": broker.url,
                    "MICROWISH_BASE_URL": "http://127.0.0.1",
                }
                create_keyring(from_environment(env).keys_dir)
                found["web"] = over_http(env, processes, tries)
        finally:
            server.remove()
            broker.remove()
    print(json.dumps(found, indent=1))


def measure(found: dict[str, Any], database: str, processes: int, hours: int, tries: int) -> None:
    """By the functions themselves, with a clock that runs as told."""
    rounds = int(timedelta(hours=hours) / THROTTLE_WINDOW)
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


if __name__ == "__main__":
    main()
