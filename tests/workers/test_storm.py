"""Workers die, the broker dies and forgets, the database crashes: afterwards every step has happened exactly once."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from tests.services.postgres import PostgresServer
from tests.services.redis import RedisServer
from tests.tracking.world import build
from tests.workers.storm import reckon, steps, storm
from wishes.clock import utc_now
from wishes.db import Database
from wishes.errors import Unavailable
from wishes.settings import Settings


@pytest.mark.slow
@pytest.mark.broker
@pytest.mark.postgres
@pytest.mark.timeout(280)
def test_every_step_happens_once_whatever_is_killed(
    postgres_settings: Settings, postgres_server: PostgresServer, redis_server: RedisServer
) -> None:
    database = Database(postgres_settings)
    world = build(database, volunteers=20)
    with storm(postgres_settings, database, world, redis_server, workers=2, beats=2) as weather:
        reminded, released = steps(world, remind=240, release=160, within=timedelta(seconds=25))
        last = utc_now() + timedelta(seconds=25)
        plan = ["worker", "worker", "broker", "worker", "flush", "database", "worker", "broker", "worker", "worker"]
        for disaster in plan:
            time.sleep(2.5)
            weather.strike(disaster, postgres_server)
        until = time.monotonic() + 150
        left = -1
        while left and time.monotonic() < until:
            time.sleep(1)
            try:
                weather.morning()
                left = weather.unfinished(last)
            except Unavailable:
                continue
        outcome = reckon(weather, reminded, released)
        log = weather.output.getvalue()
    database.dispose()
    assert left == 0, log[-4000:]
    assert outcome.effects == {"reminded": len(reminded), "released": len(released)}
    assert outcome.twice == [] and outcome.letters_twice == []
    in_hand = plan.count("worker") + 4 * plan.count(
        "database"
    )  # the letter of each killed worker, of all when the database went
    assert outcome.letters > 0 and outcome.unsure <= in_hand
