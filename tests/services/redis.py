"""A private Redis that can be frozen, killed, emptied and started again."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

from workers.broker import EmbeddedBroker


class RedisServer:
    """The product's own embedded broker on a folder of its own, with what a test does to it."""

    def __init__(self) -> None:
        self.var_dir = Path(tempfile.mkdtemp(prefix="mw-redis-"))
        self.broker = EmbeddedBroker(self.var_dir)
        self.broker.start()

    @property
    def url(self) -> str:
        """For redis-py."""
        return self.broker.redis_url

    @property
    def celery_url(self) -> str:
        """For Celery."""
        return self.broker.celery_url

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        pid = self.broker.pid()
        if pid is None:
            raise RuntimeError("this Redis does not run: restart() it first")
        return pid

    def freeze(self) -> None:
        """It accepts connections and never answers, as a machine that hangs does."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """It dies without a word; returns when it is gone."""
        pid = self.pid
        os.kill(pid, signal.SIGKILL)
        while self.broker.pid() == pid:
            time.sleep(0.005)

    def restart(self) -> None:
        """It runs again, with what it had written down; no effect when it runs."""
        self.broker.start()

    def flush(self) -> None:
        """It has forgotten everything."""
        import redis

        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def make_usable(self) -> None:
        """Whatever was done to it, it now runs, answers and is empty."""
        if self.broker.pid() is not None:
            self.thaw()
        self.restart()
        self.flush()

    def remove(self) -> None:
        """Stop and delete everything."""
        if self.broker.pid() is not None:
            self.thaw()
        self.broker.stop()
        shutil.rmtree(self.var_dir, ignore_errors=True)
