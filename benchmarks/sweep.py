"""A sweep of 1,000 due clocks among 10,000 and among 1,000,000 open ones; the relay over 10,000 proposals.

``python benchmarks/sweep.py [--clocks 1000000] [--due 1000] [--postgres]``: prints JSON. Goals: at most 2 s, and within 20 % of the
time among 10,000.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.services.postgres import PostgresServer
from tests.tracking.world import NOON, World, build
from wishes.campaigns.rules import Rules
from wishes.db import Database
from wishes.lifecycle import Kind, Status
from wishes.migrations import upgrade
from wishes.settings import Settings
from wishes.tracking.relay import relay
from wishes.tracking.sweep import sweep
from wishes.tracking.tables import Clock

YEAR = timedelta(days=365)


def fill(world: World, count: int) -> None:
    """*count* claimed wishes whose clocks run for another year, written in bulk."""
    database, on_sqlite = world.database, world.database.on_sqlite
    series = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count) SELECT i FROM n"
        if on_sqlite
        else "SELECT generate_series(1, :count) AS i"
    )
    with database.transaction() as session:
        session.execute(
            sa.text(
                "INSERT INTO wish (campaign_id, community_id, child_id, code, kind, need, category, item, detail, size_kind, size, quantity, "
                "price_fen, priority, county_code, township_code, status, taker_branch_id, taker_volunteer_id, created_at, claimed_at) "
                f"SELECT :campaign, :community, :child, 'A' || i, '{Kind.GOODS}', 'none', 'book', '图书', '', '', '', 1, 5000, 0, '330102', "
                f"'330102001', '{Status.CLAIMED}', :branch, :volunteer, :now, :now FROM ({series}) AS numbers"
            ),
            {
                "campaign": world.campaign,
                "community": world.community,
                "child": world.child,
                "branch": world.branch,
                "volunteer": world.volunteers[0],
                "now": _at(world, timedelta()),
                "count": count,
            },
        )
        session.execute(
            sa.text(
                "INSERT INTO clock (campaign_id, wish_id, stage, opened_at, due_at, step, next_at, pause_reason, attempts, problem) "
                f"SELECT campaign_id, id, '{Status.CLAIMED}', :now, :far, 0, :far, '', 0, '' FROM wish WHERE code LIKE 'A%'"
            ),
            {"now": _at(world, timedelta()), "far": _at(world, YEAR)},
        )
        if on_sqlite:
            session.execute(sa.text("ANALYZE"))
    if not on_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def _at(world: World, after: timedelta) -> Any:
    moment = NOON + after
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f") if world.database.on_sqlite else moment


def run(settings: Settings, clocks: int, due: int, rounds: int) -> dict[str, Any]:
    database = Database(settings)
    upgrade(database)
    world = build(database, volunteers=100, rules=Rules())
    fill(world, clocks)
    seconds: dict[str, list[float]] = {"reminders": [], "mixed": []}
    moment = NOON
    for _ in range(rounds):
        for name, released in (("reminders", 0.0), ("mixed", 0.2)):
            moment += timedelta(hours=1)
            ids = [wish for number in range(100) for wish in world.held(due // 100, now=moment, volunteer=number)]
            late = set(ids[: int(len(ids) * released)])
            with database.transaction() as session:
                rows = session.execute(
                    sa.select(Clock.id, Clock.wish_id).where(Clock.closed_at.is_(None), Clock.wish_id.in_(ids))
                )
                session.execute(
                    sa.update(Clock),
                    [
                        {
                            "id": clock,
                            "next_at": moment,
                            "step": 3 if wish in late else 0,
                            "due_at": moment - timedelta(hours=168) if wish in late else moment + timedelta(hours=72),
                        }
                        for clock, wish in rows
                    ],
                )
            began = time.perf_counter()
            report = sweep(database, now=moment)
            seconds[name].append(time.perf_counter() - began)
            assert report.taken == len(ids) and report.failed == 0, report
            assert report.release == len(late), report
    began = time.perf_counter()
    told = relay(database, now=moment)
    relayed = time.perf_counter() - began
    world.proposed(10_000)
    began = time.perf_counter()
    proposals = relay(database, now=moment)
    database.dispose()
    return {
        "clocks": clocks,
        "due": due,
        **{f"{name}_s": round(statistics.median(taken), 3) for name, taken in seconds.items()},
        "relay_of_these": {"events": told.events, "s": round(relayed, 3)},
        "relay_of_proposals": {
            "events": proposals.events,
            "notices": proposals.notices,
            "s": round(time.perf_counter() - began, 3),
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clocks", type=int, default=1_000_000)
    parser.add_argument("--due", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--postgres", action="store_true")
    asked = parser.parse_args()
    found = []
    server = PostgresServer() if asked.postgres else None
    for clocks in (10_000, asked.clocks):
        with tempfile.TemporaryDirectory() as folder:
            url = server.url(server.create_database()) if server else f"sqlite:///{folder}/m.sqlite3"
            settings = Settings(var_dir=Path(folder), database_url=url, redis_url=None, secret_key="-" * 40)
            found.append(run(settings, clocks, asked.due, asked.rounds))
    if server:
        server.remove()
    print(json.dumps({"database": "postgresql" if asked.postgres else "sqlite", "runs": found}, indent=1))


if __name__ == "__main__":
    main()
