"""How fast is the board? A campaign of generated wishes, asked for its pages as a coordinator's browser asks.

    python -m benchmarks.board [--wishes 10000 1000000] [--database postgresql://…] [--keep DIR]

Wishes begin over half a year up to now and go their way with the waits of a real campaign, with events and running clocks.
Reported in milliseconds: the first answer of a process (which reads the whole history), the median of warm answers of each page
(and of their processor time, for machines that are busy otherwise), an answer after news, and what recording one event costs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient

from benchmarks.board_world import SLUG, Made, generate
from tests.factories import insert
from wishes.access import Actor, Grant, Role
from wishes.app import create_app
from wishes.clock import utc_now
from wishes.db import Database
from wishes.events.actions import move
from wishes.intake.tables import Wish
from wishes.lifecycle import Status
from wishes.migrations import upgrade
from wishes.people.actions import create_token, grant_role
from wishes.people.tables import Account
from wishes.settings import Settings, from_environment
from wishes.tracking.forecast_queries import learnt_today

PAGES = {
    "board": f"/c/{SLUG}/gaps",
    "board, one district": f"/c/{SLUG}/gaps?county=330127",
    "board, by branch": f"/c/{SLUG}/gaps?by=branch",
    "board, child's wait by category": f"/c/{SLUG}/gaps?by=category&measure=published_to_delivery",
    "figures that refresh": f"/c/{SLUG}/gaps/figures",
    "desk": f"/c/{SLUG}/desk",
    "list of the late": f"/c/{SLUG}/wishes?late=1",
    "workbook": f"/c/{SLUG}/board/export.xlsx",
    "two periods": f"/c/{SLUG}/gaps/compare",
    "figures by API": f"/api/v1/campaigns/{SLUG}/gaps",
    "figures by API as of 60 days ago": f"/api/v1/campaigns/{SLUG}/gaps?as_of={utc_now() - timedelta(days=60):%Y-%m-%dT%H:%M:%SZ}",
}


def measure(settings: Settings, wishes: int, *, rounds: int) -> dict[str, Any]:
    database = Database(settings)
    upgrade(database)
    began = time.perf_counter()
    made = _there(database) or generate(database, wishes, now=utc_now())
    generated = time.perf_counter() - began
    token = _token(database, made)
    app = create_app(settings)
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    first = _timed(lambda: _ask(client, PAGES["board"]))
    with app.extensions["microwish.database"].reading() as session:
        learnt = _timed(lambda: learnt_today(session, made.campaign_id, now=utc_now()))
    warm = {}
    for name, path in PAGES.items():
        _ask(client, path)
        taken = [
            (_timed(lambda path=path: _ask(client, path)), _processor(lambda path=path: _ask(client, path)))
            for _ in range(rounds)
        ]  # type: ignore[misc]
        warm[name] = [round(statistics.median(each), 1) for each in zip(*taken, strict=True)]
    event, news = [], []
    for _ in range(rounds):  # every answer but the first of them comes right after news
        event.append(_one_event(database, made))
        news.append(_timed(lambda: _ask(client, PAGES["board"])))
    database.dispose()
    return {
        "wishes": wishes,
        "rows": made.counts,
        "generated_s": round(generated, 1),
        "first_answer_ms": round(first, 1),
        "forecast_learnt_ms": round(learnt, 1),
        "warm_ms_and_processor_ms": warm,
        "right_after_news_ms": round(statistics.median(news), 1),
        "one_event_ms": round(statistics.median(event), 2),
    }


def _there(database: Database) -> Made | None:
    """What an earlier run left behind (``--keep``)."""
    with database.reading() as session:
        found = session.execute(sa.text("SELECT id FROM campaign WHERE slug = :slug"), {"slug": SLUG}).scalar()
        counts = {
            name: session.execute(sa.text(f"SELECT count(*) FROM {name}")).scalar_one()
            for name in ("wish", "event", "clock")
        }
    return None if found is None else Made(int(found), counts)


def _token(database: Database, made: Made) -> str:
    now = utc_now()
    with database.transaction() as session:
        account_id = insert(session, Account, login=f"board-{time.time_ns()}", name="board", created_at=now)
        grant_role(session, account_id=account_id, role=Role.COORDINATOR, now=now, campaign_id=made.campaign_id)
        return create_token(session, account_id=account_id, name="board", now=now, days=None)


def _ask(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"{path}: {answer.status_code}")


def _timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _processor(work: Callable[[], Any]) -> float:
    """Milliseconds of processor time: what it would take on a machine with nothing else to do."""
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


def _one_event(database: Database, made: Made) -> float:
    """The median milliseconds of a taker's "bought", commit included; the first ten only warm up."""
    keeper = Actor(None, "", (Grant(Role.COORDINATOR, made.campaign_id),))
    with database.reading() as session:
        ids = list(session.execute(sa.select(Wish.id).where(Wish.status == Status.CLAIMED).limit(60)).scalars())  # type: ignore[call-overload]
    taken = []
    for wish_id in ids:
        began = time.perf_counter()
        with database.transaction() as session:
            move(session, "prepare", wish_id=wish_id, actor=keeper, now=utc_now())
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken[10:]) if len(taken) > 10 else float("nan")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wishes", type=int, nargs="+", default=[10_000])
    parser.add_argument(
        "--database", default="", help="an empty PostgreSQL database for the first size; else SQLite files"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="leave the SQLite files here, and use those that are")
    given = parser.parse_args(arguments)
    found = []
    for wishes in given.wishes:
        with tempfile.TemporaryDirectory() as folder:
            place = given.keep / str(wishes) if given.keep else Path(folder)
            settings = from_environment({"MICROWISH_VAR_DIR": str(place)})
            if given.database:
                settings = replace(settings, database_url=given.database)
            found.append(measure(settings, wishes, rounds=given.rounds))
            print(json.dumps(found[-1]), file=sys.stderr)
    json.dump(found, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
