"""How many claims a second: the bare SQL, two hand-written handlers, and the API with everything in place.

    python -m benchmarks.claims [--claims 2000] [--rounds 7]

All on one private PostgreSQL that flushes every commit, through gunicorn with two gthread workers where HTTP is involved.

``by_hand``  the same transaction, written by hand for speed: one prepared statement in autocommit that writes the wish, the
             counters, the claim, the event, the clock and the idempotency key. No token, no role, no vetting, no visibility,
             no deadline to be computed, no validated input, no security headers: ids come in the address and are believed.
``least``    the least that could be called a claim: the status swapped, the claim and the event inserted.
``ours``     POST /api/v1/campaigns/…/wishes/…/claim with a token and an idempotency key.

The rounds take turns, so that whatever else the machine does falls on all alike; ratios are medians over the rounds.
``processor_us`` is what a claim costs the web workers and the database in processor time, which other load moves less than
it moves the clock. The profile samples the stack of one process that answers without HTTP around it, every millisecond of
processor time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from flask import Flask, jsonify, request

from benchmarks.profiling import in_process, profiled, show
from benchmarks.serving import DurablePostgres, Load, drive, forget, post, temporary_folder
from tests.claims.serving import Web, serving
from tests.factories import make_branch, make_campaign, make_token, make_volunteer
from wishes.access import Grant, Role
from wishes.claims.statement import CLAIM as WHOLE
from wishes.db import Database
from wishes.intake.tables import Wish
from wishes.lifecycle import Kind, Status
from wishes.migrations import upgrade
from wishes.settings import Settings

PEOPLE = 1000
BRANCHES = 100
HISTORY = 5000
OURS = os.environ.get("MICROWISH_BENCH_APP", "wishes.app:create_app()")

LEAST = """
WITH taken AS (
  UPDATE wish SET status = 'claimed', claimed_at = now(), taker_volunteer_id = %(volunteer)s WHERE id = %(wish)s AND status = 'open'
  RETURNING id, campaign_id),
held AS (
  INSERT INTO claim (campaign_id, wish_id, volunteer_id, via, state, spend_fen, claimed_at, end_reason, lapsed)
  SELECT campaign_id, id, %(volunteer)s, 'browse', 'live', 0, now(), '', false FROM taken RETURNING id, wish_id, campaign_id)
INSERT INTO event (campaign_id, wish_id, claim_id, action, old_status, new_status, actor_id, reason, request_id, data, occurred_at, recorded_at)
SELECT campaign_id, wish_id, id, 'claim', 'open', 'claimed', %(volunteer)s, '', '', '{}', now(), now() FROM held RETURNING id
"""


def hand_written() -> Flask:
    """The handler to be measured against: a connection per thread, one prepared statement, no more."""
    app = Flask("by_hand")
    here = threading.local()
    dsn = os.environ["BENCH_DSN"]

    @app.post("/wishes/<int:wish>/claim/<int:volunteer>")
    def claim(wish: int, volunteer: int) -> Any:
        if not hasattr(here, "connection"):
            here.connection = psycopg.connect(dsn, autocommit=True)
        row = here.connection.execute(LEAST, {"wish": wish, "volunteer": volunteer}, prepare=True).fetchone()
        if row is None:
            return jsonify({"error": "taken"}), 409
        return jsonify({"wish": wish, "event": row[0], "status": "claimed"})

    @app.post("/wishes/<int:wish>/claim/<int:volunteer>/<int:branch>")
    def claim_whole(wish: int, volunteer: int, branch: int) -> Any:
        if not hasattr(here, "connection"):
            here.connection = psycopg.connect(dsn, autocommit=True)
        now, key = datetime.now(UTC), request.headers["Idempotency-Key"]
        answer = {"wish": wish, "status": "claimed"}
        row = here.connection.execute(
            WHOLE,
            {
                "account": 1,
                "key": key,
                "digest": hashlib.sha256(key.encode()).digest(),
                "status": 200,
                "body": json.dumps(answer),
                "now": now,
                "volunteer": volunteer,
                "branch": branch,
                "wish": wish,
                "spend": 8000,
                "via": "browse",
                "request": key[:16],
                "data": json.dumps({"volunteer_id": volunteer, "branch_id": branch}),
                "due": now + timedelta(days=10),
                "next": now + timedelta(days=7),
            },
            prepare=True,
        ).fetchone()
        if row is None:
            return jsonify({"error": "taken"}), 409
        return jsonify(answer)

    return app


@dataclass
class Crowd:
    """A campaign with people who have tokens, and wishes nobody has claimed yet."""

    settings: Settings
    dsn: str
    slug: str
    campaign_id: int
    people: list[tuple[int, str]]  # volunteer id, token
    branches: list[int]
    left: list[tuple[int, str]]  # wish id, code

    def take(self, count: int) -> list[tuple[int, str, int, str]]:
        """*count* wishes that are still open, each with somebody to claim it: wish id, code, volunteer id, token."""
        wishes, self.left = self.left[:count], self.left[count:]
        return [(wish, code, *self.people[i % len(self.people)]) for i, (wish, code) in enumerate(wishes)]


def gather(server: DurablePostgres, folder: Path, wishes: int) -> Crowd:
    name = server.create_database()
    settings = Settings(var_dir=folder, database_url=server.url(name), redis_url=None, secret_key="of no worth " * 4)
    database = Database(settings)
    upgrade(database)
    now = datetime.now(UTC)
    with database.transaction() as session:
        place = make_campaign(session, now=now)
        branches = [make_branch(session, place.id, now=now) for _ in range(BRANCHES)]
        people = []
        for i in range(PEOPLE):
            volunteer = make_volunteer(session, place.id, branch_id=branches[i % BRANCHES], limit=1_000_000, now=now)
            people.append(
                (volunteer, make_token(session, (Grant(Role.VOLUNTEER, place.id, volunteer_id=volunteer),), now=now))
            )
        rows = [
            {
                "campaign_id": place.id,
                "community_id": place.community_id,
                "child_id": place.child_id,
                "code": f"W{i:06}",
                "kind": Kind.GOODS,
                "need": "none",
                "category": "study",
                "item": "书包",
                "detail": "",
                "size_kind": "",
                "size": "",
                "quantity": 1,
                "price_fen": 8000,
                "priority": 0,
                "county_code": "330102",
                "township_code": "330102001",
                "status": Status.OPEN,
                "created_at": now,
                "published_at": now,
            }
            for i in range(wishes + HISTORY)
        ]
        session.execute(sa.insert(Wish), rows)
        left = [(row.id, row.code) for row in session.execute(sa.select(Wish.id, Wish.code).order_by(Wish.id))]  # type: ignore[call-overload]
    crowd = Crowd(settings, server.dsn(name), place.slug, place.id, people, branches, left)
    with psycopg.connect(crowd.dsn, autocommit=True) as connection:  # a campaign that has been under way for a while
        for values in whole_values(crowd.take(HISTORY), branches, "before"):
            connection.execute(WHOLE, values, prepare=True)
        connection.execute("VACUUM ANALYZE")
    database.dispose()
    return crowd


# --- bare SQL ---------------------------------------------------------------------------------------------------------


def _bare_part(dsn: str, statement: str, values: list[dict[str, Any]], threads: int) -> int:
    """Run *statement* once per entry of *values* over *threads* connections; answers how many there were."""

    def run(part: list[dict[str, Any]]) -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            for one in part:
                connection.execute(statement, one, prepare=True)

    workers = [threading.Thread(target=run, args=(values[i::threads],)) for i in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return len(values)


def bare(dsn: str, statement: str, values: list[dict[str, Any]], *, processes: int = 2, threads: int = 8) -> float:
    """Transactions a second of *statement* alone."""
    with ProcessPoolExecutor(processes) as pool:
        list(pool.map(abs, range(processes)))  # started before the clock is
        start = time.perf_counter()
        done = sum(
            pool.map(
                _bare_part,
                [dsn] * processes,
                [statement] * processes,
                [values[i::processes] for i in range(processes)],
                [threads] * processes,
            )
        )
        return done / (time.perf_counter() - start)


def whole_values(taken: list[tuple[int, str, int, str]], branches: list[int], run: str) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    return [
        {
            "account": 1,
            "key": f"{run}-{wish}",
            "digest": b"x" * 32,
            "status": 200,
            "body": "{}",
            "now": now,
            "volunteer": volunteer,
            "branch": branches[i % len(branches)],
            "wish": wish,
            "spend": 8000,
            "via": "browse",
            "request": run,
            "data": "{}",
            "due": now,
            "next": now,
        }
        for i, (wish, _, volunteer, _) in enumerate(taken)
    ]


# --- through HTTP -----------------------------------------------------------------------------------------------------


def least(crowd: Crowd, web: Web, claims: int) -> Load:
    return drive(web.port, [post(f"/wishes/{wish}/claim/{volunteer}") for wish, _, volunteer, _ in crowd.take(claims)])


def by_hand(crowd: Crowd, web: Web, claims: int, run: str) -> Load:
    taken = crowd.take(claims)
    return drive(
        web.port,
        [
            post(f"/wishes/{wish}/claim/{volunteer}/{crowd.branches[i % len(crowd.branches)]}", key=f"{run}-{wish}")
            for i, (wish, _, volunteer, _) in enumerate(taken)
        ],
    )


def ours(crowd: Crowd, web: Web, claims: int, run: str) -> Load:
    return drive(
        web.port,
        [
            post(f"/api/v1/campaigns/{crowd.slug}/wishes/{code}/claim", token=token, key=f"{run}-{code}")
            for _, code, _, token in crowd.take(claims)
        ],
    )


def costed(server: DurablePostgres, web: Web, claims: int, run: Callable[[], Load]) -> tuple[Load, dict[str, int]]:
    """*run* with the processor time a claim took of the web workers and of the database, which other load hardly moves."""
    web_s, database_s = web.processor_s(), server.processor_s()
    load = run()
    spent = {"web": web.processor_s() - web_s, "database": server.processor_s() - database_s}
    return load, {name: round(seconds / claims * 1e6) for name, seconds in spent.items()}


def _app(target: str) -> Any:
    module, _, call = target.partition(":")
    __import__(module)
    return getattr(sys.modules[module], call.removesuffix("()"))


def one_round(server: DurablePostgres, crowd: Crowd, theirs: Web, mine: Web, claims: int, run: str) -> dict[str, Any]:
    ways: dict[str, tuple[Web, Callable[[], Load]]] = {
        "least": (theirs, partial(least, crowd, theirs, claims)),
        "by_hand": (theirs, partial(by_hand, crowd, theirs, claims, f"{run}-hand")),
        "ours": (mine, partial(ours, crowd, mine, claims, f"{run}-ours")),
    }
    found: dict[str, Any] = {"round": run}
    for name, (web, way) in ways.items():
        load, cost = costed(server, web, claims, way)
        if set(load.statuses) != {200}:
            raise RuntimeError(f"{name}: {load.statuses}\n{web.errors()[-2000:]}")
        found[name] = {
            "rate": round(load.rate),
            "p50_ms": round(load.percentile(0.5), 1),
            "p99_ms": round(load.percentile(0.99), 1),
            "processor_us": cost,
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--claims", type=int, default=2000, help="per round and way")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    claims, folder, server = options.claims, temporary_folder(), DurablePostgres()
    try:
        crowd = gather(server, folder, claims * (3 * options.rounds + 6))
        environment = {
            "MICROWISH_DATABASE_URL": crowd.settings.database_url,
            "MICROWISH_VAR_DIR": str(folder),
            "BENCH_DSN": crowd.dsn,
        }
        os.environ.update(environment)
        with (
            serving(Web("benchmarks.claims:hand_written()", environment)) as theirs,
            serving(Web(OURS, environment)) as mine,
        ):
            one_round(server, crowd, theirs, mine, claims // 2, "warm")
            pairs = [{"wish": wish, "volunteer": volunteer} for wish, _, volunteer, _ in crowd.take(claims)]
            whole = whole_values(crowd.take(claims), crowd.branches, "bare")
            print(json.dumps({"bare_sql_least": round(bare(crowd.dsn, LEAST, pairs))}))
            print(json.dumps({"bare_sql_same_transaction": round(bare(crowd.dsn, WHOLE, whole))}), flush=True)
            rounds = []
            for number in range(options.rounds):
                rounds.append(one_round(server, crowd, theirs, mine, claims, str(number)))
                print(json.dumps(rounds[-1]), flush=True)
        print(json.dumps(_summary(rounds)))
        _profile(crowd, claims)
    finally:
        server.remove()
        forget(folder)


def _summary(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    def cost(one: dict[str, Any], name: str) -> int:
        return sum(one[name]["processor_us"].values())

    def median(values: list[float]) -> float:
        return round(statistics.median(values), 3)

    names = ("by_hand", "least")
    return {
        "rates": {name: round(statistics.median(one[name]["rate"] for one in rounds)) for name in ("ours", *names)},
        "ours_to": {name: median([one["ours"]["rate"] / one[name]["rate"] for one in rounds]) for name in names},
        "ours_to_by_processor_time": {
            name: median([cost(one, name) / cost(one, "ours") for one in rounds]) for name in names
        },
    }


def _profile(crowd: Crowd, claims: int) -> None:
    taken = crowd.take(claims)
    theirs, mine = hand_written(), _app(OURS)()
    hand_us = in_process(
        theirs,
        [
            (f"/wishes/{w}/claim/{v}/{crowd.branches[i % BRANCHES]}", "", f"hand-{w}")
            for i, (w, _, v, _) in enumerate(taken)
        ],
    )
    own_us, inner, anywhere, samples = profiled(
        lambda: in_process(
            mine,
            [
                (f"/api/v1/campaigns/{crowd.slug}/wishes/{code}/claim", token, f"alone-{code}")
                for _, code, _, token in crowd.take(claims)
            ],
        )
    )
    print(json.dumps({"processor_us_without_http": {"by_hand": round(hand_us), "ours": round(own_us)}}))
    show(own_us, inner, anywhere, samples)


if __name__ == "__main__":
    main()
