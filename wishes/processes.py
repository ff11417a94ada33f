"""The processes of an installation, as a supervisor starts them: broker, web, worker, beat.

The composition root of processes, and so the one module of ``wishes`` that knows ``workers``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from wishes.settings import NO_ADDRESS, Settings
from workers.broker import EmbeddedBroker
from workers.supervisor import Background, Child, Supervisor, run_until_signalled


def environment(settings: Settings) -> dict[str, str]:
    """What the children are told: the settings of this process, whatever they were read from."""
    told = dict(os.environ) | {
        "MICROWISH_VAR_DIR": str(settings.var_dir),
        "MICROWISH_DATABASE_URL": settings.database_url,
        "MICROWISH_BASE_URL": settings.base_url,
        "PYTHONUNBUFFERED": "1",
    }
    return told | ({"MICROWISH_REDIS_URL": settings.redis_url} if settings.redis_url else {})


def children(settings: Settings, *, host: str, port: int, web_workers: int = 2, web: bool = True) -> list[Child]:
    """The children in the order they start. The embedded broker is among them unless a Redis is configured."""
    if web and settings.base_url == NO_ADDRESS:  # links and codes lead to where this runs
        settings = replace(settings, base_url=f"http://127.0.0.1:{port}")
    env, python = environment(settings), sys.executable
    found = []
    if settings.redis_url is None:
        broker = EmbeddedBroker(settings.var_dir)
        found.append(Child("broker", broker.argv(), env, stops_last=True))
    if web:
        found.append(
            Child(
                "web",
                [
                    python,
                    "-m",
                    "gunicorn",
                    "wishes.app:create_app()",
                    "--preload",  # imported once, not once per web worker; no connection is open before the fork
                    "--bind",
                    f"{host}:{port}",
                    "--workers",
                    str(web_workers),
                    "--threads",
                    "4",
                    "--worker-class",
                    "gthread",
                    "--access-logfile",
                    "/dev/null",
                    "--error-logfile",
                    "-",
                    "--log-level",
                    "warning",
                    "--worker-tmp-dir",
                    "/dev/shm" if os.path.isdir("/dev/shm") else str(settings.var_dir),
                ],
                env,
            )
        )
    celery = [python, "-m", "celery", "-A", "workers"]
    found.append(
        Child(
            "worker",
            [*celery, "worker", "--concurrency", "1", "--loglevel", "WARNING", "--without-gossip", "--without-mingle"],
            env,
            stop_after_s=40.0,
        )
    )
    found.append(
        Child(
            "beat",
            [
                *celery,
                "beat",
                "--loglevel",
                "WARNING",
                "--pidfile",
                "",
            ],
            env,
        )
    )
    return found


def supervise(settings: Settings, *, host: str, port: int, web_workers: int = 2) -> None:
    """Run all processes, kept alive, until this one is told to stop."""
    run_until_signalled(Supervisor(children(settings, host=host, port=port, web_workers=web_workers)))


def broker_url(settings: Settings) -> str:
    """Where Redis answers, configured or embedded, as redis-py wants it."""
    return settings.redis_url or EmbeddedBroker(settings.var_dir).redis_url


@contextmanager
def in_background(settings: Settings) -> Iterator[None]:
    """Worker and beat (and the embedded broker) beside this process, gone when the block ends."""
    with Background(Supervisor(children(settings, host="127.0.0.1", port=0, web=False))):
        yield
