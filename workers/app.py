"""Celery's composition root. The broker is trusted with nothing but a wake-up call: every fact is in the database.

The settings are what survived being killed: acknowledged late, nothing prefetched, short visibility, timeouts on every socket.
"""

from __future__ import annotations

import os
from functools import cached_property, lru_cache

from celery import Celery

from wishes.installation import Installation
from wishes.intake.uploads import Originals
from wishes.settings import Settings
from wishes.tracking.channels import Outlets, outlets_of
from workers.broker import EmbeddedBroker
from workers.schedule import SCHEDULE


class Tools(Installation):
    """What a task works with."""

    @cached_property
    def outlets(self) -> Outlets:
        return outlets_of(self.settings)

    @cached_property
    def originals(self) -> Originals:
        return Originals(self.settings.uploads_dir, self.keyring)


def tools() -> Tools:
    """This process's own tools: connections opened before a fork would be shared by parent and child."""
    return _tools_of(os.getpid())


@lru_cache(maxsize=1)
def _tools_of(_process: int) -> Tools:
    return Tools()


def make_app(settings: Settings) -> Celery:
    """Celery for *settings*: its broker, or the embedded one of the var directory."""
    made = Celery(
        "microwish", broker=settings.redis_url or EmbeddedBroker(settings.var_dir).celery_url, include=["workers.tasks"]
    )
    made.conf.update(
        broker_transport_options={
            "visibility_timeout": 120,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            # a frozen broker is noticed after this; must exceed the second that a worker waits for the next message
            "socket_timeout": 5,
            "socket_connect_timeout": 2,
            "socket_keepalive": True,
            "health_check_interval": 5,
            "global_keyprefix": "wish:",
        },
        visibility_timeout=120,
        accept_content=["json"],
        task_serializer="json",
        result_backend=None,
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_acks_on_timeout=False,
        task_time_limit=60,
        task_soft_time_limit=45,
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,
        worker_eta_task_limit=100,
        worker_concurrency=2,
        worker_soft_shutdown_timeout=30,
        worker_enable_soft_shutdown_on_idle=True,
        worker_cancel_long_running_tasks_on_connection_loss=True,
        task_publish_retry=False,
        broker_pool_acquire_timeout=2,
        broker_connection_timeout=2,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        timezone="Asia/Shanghai",
        enable_utc=True,
        # in memory: two beats may run, and a killed one leaves no file that the next cannot read
        beat_scheduler="celery.beat:Scheduler",
        beat_schedule=SCHEDULE,
        beat_max_loop_interval=1,
        worker_hijack_root_logger=False,
    )
    return made
