"""What ``microwish doctor`` looks at: each check says what it found, and how to mend it."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import redis
import sqlalchemy as sa

from wishes import migrations
from wishes.clock import utc_now
from wishes.db import Database
from wishes.errors import MicrowishError
from wishes.model import columns
from wishes.processes import broker_url
from wishes.protection.keyring import read_keyring
from wishes.settings import Settings
from wishes.tracking.tables import Heartbeat

_Heartbeat = columns(Heartbeat)

WORKER_SILENT_AFTER = timedelta(minutes=5)
DISK_LEAST_MB = 500


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: whether it is well, what was found, what to do."""

    name: str
    good: bool
    says: str
    mend: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def check_all(settings: Settings, database: Database) -> list[Finding]:
    """All findings; a check that cannot run because the database is away says so."""
    checks: tuple[Callable[[Settings, Database], Finding], ...] = (
        _database,
        _migrations,
        _invariants,
        _broker,
        _worker,
        _secrets,
        _disk,
        _fonts,
        _pages,
    )
    found = []
    for check in checks:
        try:
            found.append(check(settings, database))
        except (MicrowishError, sa.exc.DBAPIError) as error:
            found.append(
                Finding(
                    check.__name__.strip("_"),
                    False,
                    f"could not look: {type(error).__name__}",
                    "Mend the database first: see its line.",
                )
            )
    return found


def _database(settings: Settings, database: Database) -> Finding:
    where = database.engine.url.render_as_string(hide_password=True)
    try:
        with database.reading() as session:
            version = session.execute(
                sa.text("SELECT sqlite_version()" if database.on_sqlite else "SHOW server_version")
            ).scalar_one()
    except MicrowishError:
        return Finding(
            "database", False, f"{where} does not answer", "Start the server, or correct MICROWISH_DATABASE_URL."
        )
    return Finding("database", True, f"{where}, version {version}")


def _migrations(settings: Settings, database: Database) -> Finding:
    current, head = migrations.current_and_head(database)
    return Finding("migrations", current == head, f"at {current or 'nothing'}, newest is {head}", "Run: microwish init")


def _invariants(settings: Settings, database: Database) -> Finding:
    missing = migrations.missing_invariants(database)
    return Finding(
        "invariants",
        not missing,
        "all unique indexes are there" if not missing else f"missing: {', '.join(sorted(missing))}",
        "Restore the indexes from a fresh `microwish init` on an empty database before serving claims.",
    )


def _broker(settings: Settings, database: Database) -> Finding:
    url = broker_url(settings)
    try:
        version = redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2).info("server")["redis_version"]
    except (redis.RedisError, OSError) as error:
        return Finding(
            "broker",
            False,
            f"does not answer ({type(error).__name__})",
            "Start it with `microwish serve`, or correct MICROWISH_REDIS_URL. Nothing is lost meanwhile: work waits in the database.",
        )
    return Finding("broker", True, f"Redis {version}")


def _worker(settings: Settings, database: Database) -> Finding:
    with database.reading() as session:
        beats = {row.name: row.beaten_at for row in session.execute(sa.select(_Heartbeat.name, _Heartbeat.beaten_at))}
    if not beats:
        return Finding(
            "worker",
            False,
            "no sweep has ever run",
            "Start it with `microwish serve`, or `celery -A workers worker` and `celery -A workers beat`.",
        )
    silent = utc_now() - max(beats.values())
    return Finding(
        "worker",
        silent < WORKER_SILENT_AFTER,
        f"last sweep {int(silent.total_seconds())} s ago",
        "Restart `celery -A workers worker` and `celery -A workers beat`; overdue work is caught up by itself.",
    )


def _secrets(settings: Settings, database: Database) -> Finding:
    secret = settings.var_dir / "secret.key"
    if secret.exists() and stat.S_IMODE(secret.stat().st_mode) & 0o077:
        return Finding("secrets", False, f"{secret} can be read by others", f"Run: chmod 600 {secret}")
    try:
        read_keyring(settings.keys_dir)
    except MicrowishError as error:
        return Finding("secrets", False, error.say("en"), "Run: microwish init (or restore the keys from their backup)")
    return Finding("secrets", True, f"secret and keys in place ({settings.keys_dir})")


def _disk(settings: Settings, database: Database) -> Finding:
    free_mb = shutil.disk_usage(settings.var_dir).free // 1_000_000
    return Finding("disk", free_mb >= DISK_LEAST_MB, f"{free_mb:,} MB free", f"Free space below {settings.var_dir}.")


def _fonts(settings: Settings, database: Database) -> Finding:
    font = settings.static_dir / "vendor" / "fonts" / "NotoSansSC-Regular.ttf"
    return Finding(
        "fonts",
        font.is_file(),
        "Chinese font for labels is there" if font.is_file() else "Chinese font for labels is missing",
        "Install again (`./run --help` does): the build fetches it.",
    )


def _pages(settings: Settings, database: Database) -> Finding:
    good = (settings.templates_dir / "base.html").is_file() and (
        settings.static_dir / "vendor" / "bootstrap.min.css"
    ).is_file()
    return Finding(
        "pages",
        good,
        "templates and styles are there" if good else "templates or styles are missing",
        "Install again (`./run --help` does).",
    )
