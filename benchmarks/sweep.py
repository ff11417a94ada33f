"""The sweep over a million open clocks: what 1,000 due ones cost, beside the same among 10,000, on both databases in one run.

    python benchmarks/sweep.py [--databases sqlite postgresql] [--clocks 1000000]

Prints JSON: seconds for 1,000 reminders and for 1,000 releases (claims that lapse), medians of rounds in which the two sizes take
turns, and their ratio. Goals: at most 2 s, and within 20 % of the time among few.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
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
TAKERS = 10
RELEASED = {"reminders": 0.0, "releases": 1.0}
"""The share of the due clocks whose step is the release."""


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


@dataclass
class Field:
    """A database with so many open clocks, and the seconds that its sweeps took."""

    world: World
    clocks: int
    moment: datetime = NOON
    seconds: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in RELEASED})


def prepared(settings: Settings, clocks: int) -> Field:
    database = Database(settings)
    upgrade(database)
    world = build(database, volunteers=TAKERS, rules=Rules())
    fill(world, clocks)
    return Field(world, clocks)


def strike(one: Field, name: str, due: int) -> None:
    """Make *due* clocks fall due and sweep them."""
    one.moment += timedelta(hours=1)
    world, moment = one.world, one.moment
    ids = [wish for number in range(TAKERS) for wish in world.held(due // TAKERS, now=moment, volunteer=number)]
    late = set(ids[: int(len(ids) * RELEASED[name])])
    with world.database.transaction() as session:
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
    report = sweep(world.database, now=moment)
    one.seconds[name].append(time.perf_counter() - began)
    assert report.taken == len(ids) and report.failed == 0, report
    assert report.release == len(late), report


def relayed(one: Field) -> dict[str, Any]:
    """What the sweeps and ten thousand proposals have to tell, turned into notices."""
    found = {}
    for name in ("sweeps", "proposals"):
        if name == "proposals":
            one.world.proposed(10_000)
        began = time.perf_counter()
        told = relay(one.world.database, now=one.moment)
        found[name] = {"events": told.events, "notices": told.notices, "s": round(time.perf_counter() - began, 3)}
    return found


def compared(fields: Sequence[Field]) -> dict[str, Any]:
    """Medians by number of clocks, and the largest beside the smallest."""
    medians = [{name: statistics.median(taken) for name, taken in one.seconds.items()} for one in fields]
    return {
        "sweep_s": [
            {"clocks": one.clocks, **{name: round(taken, 3) for name, taken in median.items()}}
            for one, median in zip(fields, medians, strict=True)
        ],
        "ratio": {name: round(medians[-1][name] / medians[0][name], 3) for name in RELEASED},
    }


def measure(kind: str, asked: argparse.Namespace) -> dict[str, Any]:
    server = PostgresServer() if kind == "postgresql" else None
    try:
        with tempfile.TemporaryDirectory() as folder:
            fields = []
            for clocks in (asked.few, asked.clocks):
                url = server.url(server.create_database()) if server else f"sqlite:///{folder}/{clocks}.sqlite3"
                settings = Settings(var_dir=Path(folder), database_url=url, redis_url=None, secret_key="-" * 40)
                fields.append(prepared(settings, clocks))
                print(f"{kind}: {clocks} clocks run", file=sys.stderr)
            for number in range(asked.rounds + 1):  # the first one warms up; sizes take turns, so that noise is shared
                for name in RELEASED:
                    for one in fields if number % 2 else reversed(fields):
                        strike(one, name, asked.due)
                        if number == 0:
                            one.seconds[name].clear()
            found = {
                "database": kind,
                "due": asked.due,
                **compared(fields),
                **({"relay": relayed(fields[0])} if asked.relay else {}),
            }
            for one in fields:
                one.world.database.dispose()
            return found
    finally:
        if server:
            server.remove()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clocks", type=int, default=1_000_000)
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--due", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--relay", action="store_true", help="also what the relay takes for this and for 10,000 proposals"
    )
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"], choices=["sqlite", "postgresql"])
    asked = parser.parse_args()
    print(json.dumps([measure(kind, asked) for kind in asked.databases], indent=1))


if __name__ == "__main__":
    main()
