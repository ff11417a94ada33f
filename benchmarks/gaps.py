"""The gap board: how long it takes to load the history of 2021, and to answer once and again, at its size and many times that.

``python benchmarks/gaps.py [--copies 1 10 100]``: prints JSON. Goals: loading at most 20 s; 10,000 wishes in 150 ms and 1,000,000 in
1 s, warm; one more event costs the same at every size.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.tracking.world import NOON, World, build
from wishes.campaigns.rules import Rules
from wishes.claims import actions as claims
from wishes.clock import SHANGHAI
from wishes.db import Database
from wishes.migrations import upgrade
from wishes.settings import Settings
from wishes.tracking.gaps import gaps
from wishes.tracking.past import import_history

AS_OF = datetime(2021, 12, 31, 18, tzinfo=SHANGHAI)
EARLIER = datetime(2021, 9, 30, 18, tzinfo=SHANGHAI)


def multiply(world: World, copies: int) -> None:
    """The imported history *copies* times over, each copy with wishes of its own."""
    with world.database.transaction() as session:
        first, wishes = session.execute(sa.text("SELECT min(id), count(*) FROM past_wish")).one()
        for copy in range(1, copies):
            values = {"shift": copy * wishes, "first": first, "last": first + wishes, "copy": f"-{copy}"}
            session.execute(
                sa.text(
                    "INSERT INTO past_wish (id, campaign_id, ref, county_code, category) SELECT id + :shift, campaign_id, ref || :copy, "
                    "county_code, category FROM past_wish WHERE id >= :first AND id < :last"
                ),
                values,
            )
            session.execute(
                sa.text(
                    "INSERT INTO past_event (campaign_id, past_wish_id, kind, occurred_at, recorded_at, actor, value) "
                    "SELECT campaign_id, past_wish_id + :shift, kind, occurred_at, recorded_at, actor, value FROM past_event "
                    "WHERE past_wish_id >= :first AND past_wish_id < :last"
                ),
                values,
            )


def timed(database: Database, world: World, **asked: Any) -> float:
    began = time.perf_counter()
    with database.reading() as session:
        gaps(session, world.campaign, **asked)
    return time.perf_counter() - began


def claim_one(world: World, moment: datetime) -> float:
    [wish] = world.wishes(1, now=moment)
    began = time.perf_counter()
    with world.database.transaction() as session:
        claims.claim(session, wish_id=wish, actor=world.volunteer_actor(), volunteer_id=world.volunteers[0], now=moment)
    return time.perf_counter() - began


def run(copies: int, rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            var_dir=Path(folder), database_url=f"sqlite:///{folder}/m.sqlite3", redis_url=None, secret_key="-" * 40
        )
        database = Database(settings)
        upgrade(database)
        world = build(database, rules=Rules(events_as_of="2021-12-31 18:00"))
        began = time.perf_counter()
        with database.transaction() as session:
            report = import_history(
                session,
                campaign_id=world.campaign,
                events=settings.demo_dir / "events.csv",
                wishes=settings.demo_dir / "events-wishes.csv",
                now=NOON,
            )
        loading = time.perf_counter() - began
        multiply(world, copies)
        found: dict[str, Any] = {
            "wishes": report.wishes * copies,
            "events": report.added * copies,
            "import_s": round(loading, 2),
            "first_answer_s": round(timed(database, world, as_of=AS_OF), 2),
        }
        for name, asked in (
            ("warm", {"as_of": AS_OF}),
            ("warm_by_branch", {"as_of": AS_OF, "by": ("branch",)}),
            ("warm_earlier_date", {"as_of": EARLIER}),
            ("warm_published", {"as_of": AS_OF, "measure": "published_to_delivery"}),
        ):
            found[f"{name}_ms"] = round(
                1000 * statistics.median(timed(database, world, **asked) for _ in range(rounds))
            )
        found["event_ms"] = round(
            1000 * statistics.median(claim_one(world, NOON + timedelta(minutes=n)) for n in range(20)), 2
        )
        found["answer_after_an_event_ms"] = round(1000 * timed(database, world, as_of=NOON + timedelta(days=1)))
        found["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        database.dispose()
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    print(json.dumps([run(copies, asked.rounds) for copies in asked.copies], indent=1))


if __name__ == "__main__":
    main()
