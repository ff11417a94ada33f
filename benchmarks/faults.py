"""The whole storm: 20,000 steps fall due while 4 workers and 2 beats run, and everything that can die is killed.

``python benchmarks/faults.py [--steps 20000] [--minutes 5] …``: prints JSON. Goals: every effect exactly once in the database, at most one
duplicate outside per 100,000, lateness p99 at most 60 s after recovery; a frozen broker changes nothing for who claims.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.services.postgres import PostgresServer
from tests.services.redis import RedisServer
from tests.tracking.world import World, build
from tests.workers.storm import Storm, reckon, steps, storm
from wishes.claims import actions as claims
from wishes.clock import utc_now
from wishes.db import Database
from wishes.errors import MicrowishError, Unavailable
from wishes.migrations import upgrade
from wishes.settings import Settings

CLAIMS_A_SECOND = 25


@dataclass
class Window:
    """Claims at an even pace for so many seconds: how long each took, and how many failed."""

    seconds: list[float] = field(default_factory=list)
    failed: int = 0

    def claim(self, world: World, ids: list[int]) -> None:
        """Claim these wishes, one after the other, none sooner than its turn: a slow one does not hide behind fewer tries."""
        began = time.perf_counter()
        for number, wish in enumerate(ids):
            time.sleep(max(0.0, began + number / CLAIMS_A_SECOND - time.perf_counter()))
            at = time.perf_counter()
            volunteer = number % len(world.volunteers)
            try:
                with world.database.transaction() as session:
                    claims.claim(
                        session,
                        wish_id=wish,
                        actor=world.volunteer_actor(volunteer),
                        volunteer_id=world.volunteers[volunteer],
                        now=utc_now(),
                    )
            except MicrowishError:
                self.failed += 1
            self.seconds.append(time.perf_counter() - at)


def frozen(weather: Storm, seconds: float) -> dict[str, Any]:
    """Claims while the broker accepts connections and never answers, beside claims while it answers.

    A minute with the broker, a minute without, a minute with it again: the machine's own moods are in both. The 99th percentiles come
    with the interval that resampling gives them; a broker that mattered would lift the second above the first.
    """
    answering, silent = Window(), Window()
    count = int(seconds * CLAIMS_A_SECOND)
    wishes = [weather.world.wishes(n) for n in (count // 2, count, count // 2)]
    answering.claim(weather.world, wishes[0])
    weather.redis.freeze()
    try:
        silent.claim(weather.world, wishes[1])
    finally:
        weather.redis.thaw()
    answering.claim(weather.world, wishes[2])
    return {
        name: {
            "claims": len(window.seconds),
            "failed": window.failed,
            "median_ms": round(1000 * statistics.median(window.seconds), 2),
            "p99_ms": _p99(window.seconds),
            "p99_ms_95": _p99_interval(window.seconds),
        }
        for name, window in (("broker_answers", answering), ("broker_frozen", silent))
    } | {"p99_ratio": round(_p99(silent.seconds) / _p99(answering.seconds), 3)}


def _p99(seconds: list[float]) -> float:
    return round(1000 * statistics.quantiles(seconds, n=100)[98], 2)


def _p99_interval(seconds: list[float], *, again: int = 300) -> tuple[float, float]:
    chance = random.Random(11)
    found = sorted(_p99(chance.choices(seconds, k=len(seconds))) for _ in range(again))
    return found[int(0.025 * again)], found[int(0.975 * again)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--broker-kills", type=int, default=20)
    parser.add_argument("--flushes", type=int, default=5)
    parser.add_argument("--crashes", type=int, default=3)
    parser.add_argument("--frozen-seconds", type=float, default=60)
    parser.add_argument("--most-recovery-seconds", type=float, default=600, help="then the rest counts as left undone")
    asked = parser.parse_args()
    server, redis = PostgresServer(), RedisServer()
    try:
        with tempfile.TemporaryDirectory() as folder:
            url = server.url(server.create_database())
            settings = Settings(var_dir=Path(folder), database_url=url, redis_url=None, secret_key="-" * 40)
            print(json.dumps(run(settings, server, redis, asked), indent=1))
    finally:
        redis.remove()
        server.remove()


def run(settings: Settings, server: PostgresServer, redis: RedisServer, asked: argparse.Namespace) -> dict[str, Any]:
    database = Database(settings)
    upgrade(database)
    world = build(database, volunteers=500)
    plan = (
        ["worker"] * asked.kills
        + ["broker"] * asked.broker_kills
        + ["flush"] * asked.flushes
        + ["database"] * asked.crashes
    )
    random.Random(7).shuffle(plan)
    within = timedelta(minutes=asked.minutes)
    with storm(settings, database, world, redis, workers=asked.workers, beats=2) as weather:
        reminded, released = steps(world, remind=asked.steps * 4 // 5, release=asked.steps // 5, within=within)
        last = utc_now() + within
        print(
            f"{len(reminded)} reminders and {len(released)} releases fall due within {asked.minutes} minutes",
            file=sys.stderr,
        )
        for number, disaster in enumerate(plan):
            time.sleep(within.total_seconds() / (len(plan) + 1))
            print(f"{number + 1}/{len(plan)} {disaster}", file=sys.stderr)
            weather.strike(disaster, server)
        over, left = time.monotonic(), -1
        while left and time.monotonic() < over + asked.most_recovery_seconds:
            time.sleep(1)
            try:
                weather.morning()
                left = weather.unfinished(last)
            except Unavailable:
                continue
        recovered = time.monotonic() - over
        outcome = reckon(weather, reminded, released)
        starts = weather.supervisor.starts()
        calm = frozen(weather, asked.frozen_seconds) if asked.frozen_seconds else {}
    for again in outcome.letters_twice:
        print(again, file=sys.stderr)
    database.dispose()
    late = outcome.lateness_s
    return {
        "steps": len(reminded) + len(released),
        "plan": {kind: plan.count(kind) for kind in sorted(set(plan))},
        "left_undone": left,
        "effects": dict(outcome.effects),
        "expected": {"reminded": len(reminded), "released": len(released)},
        "done_twice": len(outcome.twice),
        "letters": outcome.letters,
        "letters_twice": len(outcome.letters_twice),
        "letters_unsure": outcome.unsure,
        "starts": starts,
        "recovered_after_s": round(recovered, 1),
        "lateness_s": {
            "median": round(statistics.median(late), 1),
            "p99": round(statistics.quantiles(late, n=100)[98], 1),
            "max": round(late[-1], 1),
        },
        "broker_frozen": calm,
    }


if __name__ == "__main__":
    main()
