"""A campaign of generated wishes half way through, as large as asked for: places, branches, wishes, their events and clocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa

from tests.factories import insert
from wishes.campaigns.loading import load_campaign
from wishes.campaigns.queries import campaign_by_slug, rules_of
from wishes.campaigns.tables import Place
from wishes.claims.tables import Branch
from wishes.clock import local_day
from wishes.db import Database
from wishes.events.tables import Event
from wishes.intake.tables import Child, Community, Household, Wish
from wishes.lifecycle import Kind, Status
from wishes.settings import PACKAGE_DIR
from wishes.tracking.clocks import clock_values
from wishes.tracking.tables import Clock

SLUG = "hangzhou-2021"
CATEGORIES = ("study", "book", "clothing", "sport", "art", "toy", "daily", "aid")
ITEMS = dict(zip(CATEGORIES, ("书包", "图书", "棉衣", "篮球", "画笔", "积木", "保温杯", "护膝"), strict=True))
WAY: tuple[tuple[str, Status, float, float], ...] = (
    # move, stage it leads to, median days it comes after the one before, spread of their logarithm
    ("submit", Status.SUBMITTED, 0.0, 0.0),
    ("verify", Status.VERIFIED, 3.7, 0.8),
    ("publish", Status.OPEN, 1.8, 0.6),
    ("claim", Status.CLAIMED, 5.2, 1.1),
    ("prepare", Status.READY, 6.9, 0.9),
    ("inspect", Status.INSPECTED, 1.3, 0.5),
    ("dispatch", Status.IN_TRANSIT, 2.2, 0.6),
    ("deliver", Status.DELIVERED, 4.1, 0.7),
    ("close", Status.CLOSED, 13.0, 0.9),
)
"""The medians are those of a real campaign's stages."""
BRANCHES = 100
RESERVES = 2
_CHUNK = 50_000


@dataclass(frozen=True)
class Made:
    """What was made: the campaign, and how many rows of each."""

    campaign_id: int
    counts: dict[str, int]


def generate(database: Database, wishes: int, *, now: datetime, seed: int = 7, days: int = 180) -> Made:
    """Fill an empty database; the same *seed* makes the same wishes."""
    chance = np.random.default_rng(seed)
    began = now - timedelta(days=days)
    with database.transaction() as session:
        load_campaign(session, folder=PACKAGE_DIR / "demo" / SLUG, now=began)
        campaign_id = campaign_by_slug(session, SLUG).id or 0
        session.execute(
            sa.text("UPDATE campaign SET starts_on = :a, ends_on = :b"),
            {"a": local_day(began).isoformat(), "b": local_day(now + timedelta(days=60)).isoformat()},
        )
        counties = list(
            session.execute(
                sa.select(Place.code).where(Place.campaign_id == campaign_id, Place.level == "county")
            ).scalars()
        )  # type: ignore[call-overload]
        communities = [
            insert(
                session,
                Community,
                campaign_id=campaign_id,
                township_code=f"{code}001",
                county_code=code,
                name=f"第 {n} 社区",
                created_at=began,
            )
            for code in counties
            for n in (1, 2)
        ]
        household = insert(session, Household, campaign_id=campaign_id)
        child = insert(
            session,
            Child,
            campaign_id=campaign_id,
            community_id=communities[0],
            household_id=household,
            alias="儿童 1",
            birth_year=2012,
            created_at=began,
        )
        branches = [
            insert(session, Branch, campaign_id=campaign_id, name=f"第 {n + 1} 支部", created_at=began)
            for n in range(BRANCHES)
        ]
        for n in range(RESERVES):
            insert(
                session,
                Branch,
                campaign_id=campaign_id,
                name=f"第 {n + 1} 应急物资库",
                kind="reserve",
                pledge_count=500,
                created_at=began,
            )
        rules = rules_of(session, campaign_id)
    steps = np.stack(
        [
            np.zeros(wishes) if not median else median * np.exp(spread * chance.standard_normal(wishes))
            for _, _, median, spread in WAY
        ],
        axis=1,
    )
    county = chance.choice(len(counties), wishes, p=_shares(len(counties)))
    category = chance.integers(0, len(CATEGORIES), wishes)
    branch = chance.choice(BRANCHES, wishes, p=_shares(BRANCHES))
    steps[:, 4:8] *= (1 + 0.4 * county / len(counties))[:, None]
    starts = np.sort(chance.beta(1.3, 1.6, wishes)) * days
    at = starts[:, None] + steps.cumsum(axis=1)
    reached = (at <= days).sum(axis=1)  # 1 … len(WAY)
    base = int(began.timestamp() * 1_000_000)
    micros = (at * 86_400 * 1_000_000).astype(np.int64) + base
    written = database.on_sqlite
    stamp: Any = _text if written else _moment
    made = {"wish": wishes, "event": int(reached.sum()), "clock": 0}

    def wish_rows(low: int, high: int) -> Iterator[dict[str, Any]]:
        for n in range(low, high):
            k = int(reached[n])
            moments = [stamp(int(micros[n, i])) if i < k else None for i in range(len(WAY))]
            yield {
                "id": n + 1, "campaign_id": campaign_id, "community_id": communities[int(county[n]) * 2 + n % 2], "child_id": child,
                "code": f"W{n + 1:07d}", "kind": str(Kind.GOODS), "need": "none", "category": CATEGORIES[category[n]],
                "item": ITEMS[CATEGORIES[category[n]]], "detail": "", "size_kind": "", "size": "", "quantity": 1, "price_fen": 8000,
                "priority": 0, "county_code": counties[county[n]], "township_code": f"{counties[county[n]]}001",
                "status": str(WAY[k - 1][1]), "taker_branch_id": branches[branch[n]] if k >= 4 else None, "created_at": moments[0],
                "submitted_at": moments[0], "verified_at": moments[1], "published_at": moments[2], "claimed_at": moments[3],
                "ready_at": moments[4], "dispatched_at": moments[6], "delivered_at": moments[7], "closed_at": moments[8],
            }  # fmt: skip

    def event_rows(low: int, high: int) -> Iterator[dict[str, Any]]:
        for n in range(low, high):
            for i in range(int(reached[n])):
                moment = stamp(int(micros[n, i]))
                yield {
                    "campaign_id": campaign_id, "wish_id": n + 1, "action": WAY[i][0],
                    "old_status": str(WAY[i - 1][1]) if i else str(Status.DRAFT), "new_status": str(WAY[i][1]), "reason": "", "request_id": "",
                    "data": f'{{"branch_id": {branches[branch[n]]}}}' if i == 3 else "{}", "occurred_at": moment,
                    "recorded_at": moment, "announced_at": moment,
                }  # fmt: skip

    def clock_rows(low: int, high: int) -> Iterator[dict[str, Any]]:
        for n in range(low, high):
            k = int(reached[n])
            opened = _moment(int(micros[n, k - 1]))
            values = clock_values(rules, WAY[k - 1][1], opened)
            if values is not None:
                made["clock"] += 1
                yield {
                    "campaign_id": campaign_id, "wish_id": n + 1, "stage": str(WAY[k - 1][1]),
                    "opened_at": stamp(int(micros[n, k - 1])), "due_at": _out(values[0], written), "step": 0,
                    "next_at": _out(values[1], written) if values[1] else None, "pause_reason": "", "attempts": 0, "problem": "",
                }  # fmt: skip

    for table, rows in ((Wish, wish_rows), (Event, event_rows), (Clock, clock_rows)):
        for low in range(0, wishes, _CHUNK):
            _write(database, str(table.__tablename__), list(rows(low, min(low + _CHUNK, wishes))))
    if not database.on_sqlite:
        with database.transaction() as session:
            session.execute(sa.text("SELECT setval(pg_get_serial_sequence('wish', 'id'), (SELECT max(id) FROM wish))"))
    with database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")
    return Made(campaign_id, made)


def _write(database: Database, table: str, rows: Sequence[dict[str, Any]]) -> None:
    """Rows straight through the driver: a million of them by the ORM take ten times as long."""
    if not rows:
        return
    names = list(rows[0])
    raw = database.engine.raw_connection()
    try:
        cursor = raw.cursor()
        if database.on_sqlite:
            cursor.execute("BEGIN")
            cursor.executemany(
                f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
                [tuple(row.values()) for row in rows],
            )
            cursor.execute("COMMIT")
        else:
            with cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN") as copy:  # type: ignore[attr-defined]
                for row in rows:
                    copy.write_row(tuple(row.values()))
            raw.commit()
    finally:
        raw.close()


def _shares(n: int) -> Any:
    weights = 1.0 / (1.0 + np.arange(n)) ** 0.6
    return weights / weights.sum()


def _moment(micros: int) -> datetime:
    return datetime.fromtimestamp(micros / 1_000_000, UTC)


def _text(micros: int) -> str:
    return _moment(micros).strftime("%Y-%m-%d %H:%M:%S.%f")


def _out(moment: datetime, written: bool) -> Any:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f") if written else moment
