"""Real workers and beats on a real broker and database, and what a bad day does to them.

Shared by the suite (a short storm) and ``benchmarks/faults.py`` (the whole one).
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import sqlalchemy as sa

from tests.services.postgres import PostgresServer
from tests.services.redis import RedisServer
from tests.tracking.servers import Mailbox, smtp_server
from tests.tracking.world import World
from wishes.claims.tables import Claim
from wishes.clock import utc_now
from wishes.db import Database
from wishes.intake.tables import Wish
from wishes.lifecycle import Status
from wishes.model import columns
from wishes.settings import Settings
from wishes.tracking.tables import Clock, Notice
from workers.supervisor import Background, Child, Supervisor

_Clock, _Notice, _Wish, _Claim = columns(Clock), columns(Notice), columns(Wish), columns(Claim)
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Storm:
    """A campaign whose steps fall due while the house burns."""

    settings: Settings
    database: Database
    world: World
    redis: RedisServer
    supervisor: Supervisor
    mailbox: Mailbox
    random: random.Random = field(default_factory=lambda: random.Random(5))
    output: StringIO = field(default_factory=StringIO)

    def kill_a_worker(self) -> None:
        """``kill -9`` of a worker's main process, or of one of its children."""
        workers = [pid for name, pid in self.supervisor.pids().items() if name.startswith("worker")]
        if not workers:
            return
        victim = self.random.choice(workers)
        children = Path(f"/proc/{victim}/task/{victim}/children")
        try:
            below = [int(pid) for pid in children.read_text().split()]
            os.kill(self.random.choice([victim, *below]), signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError):
            return  # it died by itself a moment before

    def strike(self, disaster: str, server: PostgresServer) -> None:
        """One of ``worker``, ``broker``, ``flush``, ``database``."""
        match disaster:
            case "worker":
                self.kill_a_worker()
            case "broker":
                self.kill_the_broker()
            case "flush":
                self.redis.flush()
            case "database":
                server.crash()
                server.restart()

    def kill_the_broker(self) -> None:
        self.redis.kill()
        time.sleep(0.3)
        self.redis.restart()

    def morning(self) -> None:
        """Whatever the hour, it is day: notices may leave now."""
        with self.database.transaction() as session:
            session.execute(
                sa.update(_Notice).where(_Notice.state == "queued", _Notice.run_at > utc_now()).values(run_at=utc_now())
            )

    def unfinished(self, until: datetime) -> int:
        """Steps still due, events not told, notices not sent."""
        with self.database.reading() as session:
            due = (
                sa.select(sa.func.count())
                .select_from(_Clock)
                .where(_Clock.closed_at.is_(None), _Clock.next_at <= until)
            )
            quiet = (
                sa.select(sa.func.count()).select_from(_Notice).where(_Notice.state.in_(["queued", "taken", "sending"]))
            )
            events = sa.text("SELECT count(*) FROM event WHERE announced_at IS NULL")
            return sum(int(session.execute(query).scalar_one()) for query in (due, quiet, events))


def steps(world: World, *, remind: int, release: int, within: timedelta) -> tuple[list[int], list[int]]:
    """Claimed wishes whose reminder, or whose release, falls due at moments spread over *within* from now."""
    now = utc_now()
    reminded, released = [], []
    volunteers = len(world.volunteers)
    for number in range(volunteers):
        share = (remind + release) // volunteers
        ids = world.held(share, now=now, volunteer=number)
        cut = len(ids) * remind // (remind + release)
        reminded += ids[:cut]
        released += ids[cut:]
    total = len(reminded) + len(released)
    moments = {
        wish: now + within * (n / total) for n, wish in enumerate(random.Random(1).sample(reminded + released, total))
    }
    early = set(reminded)
    with world.database.transaction() as session:
        clocks = {
            wish: clock
            for wish, clock in session.execute(sa.select(_Clock.wish_id, _Clock.id).where(_Clock.closed_at.is_(None)))
        }
        session.execute(
            sa.update(Clock),
            [
                {
                    "id": clocks[wish],
                    "step": 0 if wish in early else 3,
                    "next_at": at,
                    "due_at": at + timedelta(hours=72 if wish in early else -168),
                }
                for wish, at in moments.items()
            ],
        )
    return reminded, released


@contextmanager
def storm(
    settings: Settings, database: Database, world: World, redis: RedisServer, *, workers: int, beats: int
) -> Iterator[Storm]:
    """Workers and beats run while the block does."""
    with smtp_server() as mailbox:
        (settings.var_dir / "channels.json").write_text(
            json.dumps({"email": {"url": mailbox.url, "sender": "wish@example.org", "a_day": 100_000}})
        )
        environment = {
            **os.environ,
            "MICROWISH_VAR_DIR": str(settings.var_dir),
            "MICROWISH_DATABASE_URL": settings.database_url,
            "MICROWISH_REDIS_URL": redis.celery_url,
            "PYTHONWARNINGS": "ignore",
        }
        celery = [sys.executable, "-m", "celery", "-A", "workers"]
        children = [
            Child(
                f"worker{n}",
                [*celery, "worker", "-c", "2", "--without-gossip", "--without-mingle", "-n", f"w{n}@%h"],
                env=environment,
                cwd=ROOT,
                stop_after_s=5,
            )
            for n in range(workers)
        ]
        children += [
            Child(f"beat{n}", [*celery, "beat"], env=environment, cwd=ROOT, stop_after_s=5) for n in range(beats)
        ]
        output = StringIO()
        supervisor = Supervisor(children, output=output)
        with Background(supervisor):
            yield Storm(settings, database, world, redis, supervisor, mailbox, output=output)


@dataclass
class Outcome:
    """What the storm left behind."""

    effects: Counter[str]
    twice: list[str]
    letters: int
    letters_twice: list[str]
    unsure: int
    """Letters of which nobody can say whether they left."""
    lateness_s: list[float]


def reckon(weather: Storm, reminded: list[int], released: list[int]) -> Outcome:
    """Count every step's effect in the database, and what arrived outside."""
    with weather.database.reading() as session:
        notices = session.execute(
            sa.select(_Notice.wish_id, _Notice.kind, _Notice.account_id, _Notice.state, _Notice.message_key)
        ).all()
        lapses = Counter(session.execute(sa.text("SELECT wish_id FROM event WHERE action = 'lapse'")).scalars())
        statuses = {wish: status for wish, status in session.execute(sa.select(_Wish.id, _Wish.status))}
        ended = Counter(session.execute(sa.select(_Claim.wish_id).where(_Claim.end_reason == "overdue")).scalars())
        made = session.execute(
            sa.select(_Notice.created_at, _Clock.due_at)
            .join(_Clock, _Clock.id == _Notice.clock_id)
            .where(_Notice.kind == "remind", _Notice.state != "skipped")
        ).all()
    told = Counter((wish, kind, account) for wish, kind, account, *_ in notices)
    reminders = Counter(wish for wish, kind, _, state, _ in notices if kind == "remind" and state != "skipped")
    effects = Counter(
        reminded=sum(1 for wish in reminded if reminders[wish] == 1),
        released=sum(1 for wish in released if lapses[wish] == ended[wish] == 1 and statuses[wish] is Status.OPEN),
    )
    twice = [str(key) for key, n in (told + lapses + ended).items() if n > 1 and not isinstance(key, int)]
    twice += [f"wish {wish}" for wish in {*lapses, *ended} if lapses[wish] != 1 or ended[wish] != 1]
    keys = Counter(letter["Message-ID"] for letter in weather.mailbox.letters)
    lines = Counter(
        (letter["To"], line)
        for letter in weather.mailbox.letters
        for line in letter.get_content().splitlines()
        if "心愿 W" in line
    )
    return Outcome(
        effects,
        twice,
        len(weather.mailbox.letters),
        [f"{n} × {what}" for found in (keys, lines) for what, n in found.items() if n > 1],
        len({key for *_, state, key in notices if state == "unsure"}),
        sorted((created - due).total_seconds() + 72 * 3600 for created, due in made),
    )
