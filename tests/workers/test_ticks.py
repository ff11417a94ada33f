"""Celery strikes and the database knows; what the broker holds is never a fact."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from tests.services.redis import RedisServer
from tests.tracking.world import build
from wishes.clock import utc_now
from wishes.db import Database
from wishes.settings import Settings, from_environment
from wishes.tracking.heartbeat import heartbeats
from workers.app import make_app
from workers.schedule import SCHEDULE

ROOT = Path(__file__).resolve().parents[2]


def test_importing_the_package_reads_no_environment_and_makes_nothing(tmp_path: Path) -> None:
    script = "import workers, workers.app, workers.schedule, workers.tasks; print('celery' in vars(workers))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False" and list(tmp_path.iterdir()) == []


def test_the_broker_is_the_one_named_else_the_embedded_one(tmp_path: Path) -> None:
    embedded = make_app(from_environment({"MICROWISH_VAR_DIR": str(tmp_path)}))
    assert embedded.conf.broker_url.startswith("redis+socket://") and str(tmp_path) in embedded.conf.broker_url
    named = make_app(
        from_environment({"MICROWISH_VAR_DIR": str(tmp_path), "MICROWISH_REDIS_URL": "redis://broker.example.org/1"})
    )
    assert named.conf.broker_url == "redis://broker.example.org/1"


def test_every_scheduled_task_exists_and_a_strike_nobody_heard_expires(tmp_path: Path) -> None:
    app = make_app(from_environment({"MICROWISH_VAR_DIR": str(tmp_path)}))
    app.loader.import_default_modules()
    for entry in SCHEDULE.values():
        assert entry["task"] in app.tasks
        assert "Repeating is safe" in (app.tasks[entry["task"]].__doc__ or "")
        assert 0 < entry["options"]["expires"] <= max(entry["schedule"], 5)


def test_nothing_but_json_is_accepted_and_no_result_is_kept(tmp_path: Path) -> None:
    conf = make_app(from_environment({"MICROWISH_VAR_DIR": str(tmp_path)})).conf
    assert conf.accept_content == ["json"] and conf.task_ignore_result and conf.result_backend is None
    assert conf.task_acks_late and conf.task_reject_on_worker_lost and conf.worker_prefetch_multiplier == 1
    assert conf.broker_transport_options["socket_timeout"] > 1


@pytest.mark.broker
@pytest.mark.timeout(120)
def test_worker_and_beat_started_by_hand_strike_everything_within_seconds(
    sqlite_settings: Settings, redis_server: RedisServer
) -> None:
    database = Database(sqlite_settings)
    world = build(database)
    now = utc_now()
    world.claimed(3, now=now - timedelta(days=8))
    environment = {
        **os.environ,
        "MICROWISH_VAR_DIR": str(sqlite_settings.var_dir),
        "MICROWISH_DATABASE_URL": sqlite_settings.database_url,
        "MICROWISH_REDIS_URL": redis_server.celery_url,
    }
    celery = [sys.executable, "-m", "celery", "-A", "workers"]
    running = [
        subprocess.Popen(
            [*celery, *words], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for words in (["worker", "-c", "1", "--without-gossip", "--without-mingle"], ["beat"])
    ]
    try:
        until = time.monotonic() + 90
        while time.monotonic() < until:
            with database.reading() as session:
                beaten = heartbeats(session)
            if {"sweep", "relay", "deliver", "housekeeping"} <= set(beaten) and len(world.notices(kind="claimed")) == 3:
                break
            time.sleep(0.5)
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(40)
    assert {"sweep", "relay", "deliver", "housekeeping"} <= set(beaten)
    assert len(world.notices(kind="remind")) == 3 and len(world.notices(kind="claimed")) == 3
    assert not list(sqlite_settings.var_dir.glob("celerybeat*")) and not list(ROOT.glob("celerybeat*"))
    database.dispose()
