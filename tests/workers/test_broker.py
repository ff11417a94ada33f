"""The embedded broker: one real Redis per var directory, found again and never doubled."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from kombu import Connection

from workers.broker import LONGEST_SOCKET_PATH, EmbeddedBroker
from workers.supervisor import Background, Child, Supervisor


def wait_for(true: Callable[[], object], seconds: float = 15.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    broker = EmbeddedBroker(tmp_path / "var")
    yield broker
    broker.stop()


def test_it_starts_once_and_is_found_again(broker: EmbeddedBroker, tmp_path: Path) -> None:
    assert broker.pid() is None
    assert broker.start() is True
    pid = broker.pid()
    assert pid is not None
    again = EmbeddedBroker(tmp_path / "var")
    assert again.start() is False
    assert again.pid() == pid


def test_redis_and_celery_reach_it_by_its_addresses(broker: EmbeddedBroker) -> None:
    broker.start()
    with redis.Redis.from_url(broker.redis_url) as client:
        assert client.ping()
    with Connection(broker.celery_url) as connection:
        queue = connection.SimpleQueue("wake-up")
        queue.put({"wish_id": 1})
        assert queue.get(timeout=5).payload == {"wish_id": 1}
        queue.close()


def test_ten_started_at_once_are_one(broker: EmbeddedBroker) -> None:
    var_dir = str(broker.folder.parent)
    code = "import sys, pathlib, workers.broker as b; print(b.EmbeddedBroker(pathlib.Path(sys.argv[1])).start())"
    starters = [
        subprocess.Popen([sys.executable, "-c", code, var_dir], stdout=subprocess.PIPE, text=True) for _ in range(10)
    ]
    answers = [starter.communicate(timeout=60)[0].strip() for starter in starters]
    assert sorted(answers) == ["False"] * 9 + ["True"]


def test_what_was_queued_survives_its_death(broker: EmbeddedBroker) -> None:
    broker.start()
    with redis.Redis.from_url(broker.redis_url) as client:
        client.rpush("queue", *range(500))
    pid = broker.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: broker.pid() is None)
    assert broker.start() is True
    with redis.Redis.from_url(broker.redis_url) as client:
        assert client.lrange("queue", 0, -1) == [str(number).encode() for number in range(500)]


def test_a_stale_pid_file_names_nobody(broker: EmbeddedBroker) -> None:
    broker.folder.mkdir(parents=True)
    (broker.folder / "redis.pid").write_text(str(os.getpid()))
    (broker.folder / "lock").touch()
    assert broker.pid() is None
    broker.stop()  # would end this very process if it believed the file


def test_stopping_ends_it_and_stopping_again_does_nothing(broker: EmbeddedBroker) -> None:
    broker.start()
    broker.stop()
    assert broker.pid() is None
    assert not broker.answers()
    broker.stop()


def test_a_deep_var_directory_gets_a_socket_that_fits(tmp_path: Path) -> None:
    broker = EmbeddedBroker(tmp_path / ("深" * 30) / ("x" * 60))
    assert len(os.fsencode(broker.socket_path)) <= LONGEST_SOCKET_PATH
    try:
        assert broker.start() is True
        assert broker.answers()
    finally:
        broker.stop()


def test_only_its_owner_may_enter(broker: EmbeddedBroker) -> None:
    broker.start()
    assert broker.folder.stat().st_mode & 0o077 == 0


def test_a_supervised_one_stands_by_for_one_that_runs_and_takes_over_when_it_dies(broker: EmbeddedBroker) -> None:
    broker.start()
    first = broker.pid()
    assert first is not None
    with redis.Redis.from_url(broker.redis_url) as client:
        client.set("kept", "yes")
    said = io.StringIO()
    with Background(Supervisor([Child("broker", broker.argv())], output=said)) as supervisor:
        wait_for(lambda: "standing by" in said.getvalue())
        assert broker.pid() == first
        os.kill(first, signal.SIGKILL)
        wait_for(broker.answers)
        assert broker.pid() == supervisor.pids()["broker"]
        with redis.Redis.from_url(broker.redis_url) as client:
            assert client.get("kept") == b"yes"
        os.kill(supervisor.pids()["broker"], signal.SIGKILL)
        wait_for(lambda: supervisor.starts()["broker"] == 2 and broker.answers())
    assert broker.pid() is None
