"""A whole campaign on a simulated clock: months of work by people and sweeps, through the real actions, in minutes.

    python -m benchmarks.year [--wishes 10000] [--days 300] [--database postgresql://…]

Wishes come in over two thirds of the time. Day by day they are submitted, verified and published in bulk, matched by the engine, asked
for, accepted, declined or left to expire, claimed by people who browse, bought, inspected, sent off, handed over with both codes and
closed; some takers forget, and the sweep reminds, warns, escalates and releases. The clock is simulated, everything else is the
product: verbs, sweep, relay. Afterwards the books are compared with each other: a figure that does not reconcile is an error.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from benchmarks.year_books import reconcile
from tests.factories import insert
from wishes.access import Actor, Grant, Role
from wishes.campaigns.loading import load_campaign
from wishes.campaigns.queries import campaign_by_slug
from wishes.campaigns.tables import Place
from wishes.claims import actions as claims
from wishes.claims.bulk import each
from wishes.claims.matching import run as match
from wishes.claims.tables import Branch, Volunteer
from wishes.clock import start_of_day
from wishes.db import Database
from wishes.events.actions import Moved
from wishes.events.bulk import move_many
from wishes.handover.actions import hand_over, issue_codes
from wishes.handover.keys import signing_keys
from wishes.intake.tables import Child, Community, Household, Wish
from wishes.intake.wishes import status_counts
from wishes.lifecycle import Kind, Status
from wishes.migrations import upgrade
from wishes.model import columns, table_of
from wishes.people.actions import grant_role
from wishes.people.tables import Account
from wishes.protection.keyring import Keyring, Purpose
from wishes.settings import PACKAGE_DIR, Settings, from_environment
from wishes.tracking.actions import acknowledge
from wishes.tracking.board_queries import reserves
from wishes.tracking.relay import relay
from wishes.tracking.steering import use_reserve
from wishes.tracking.sweep import SweepReport, sweep

_Volunteer, _Wish = columns(Volunteer), columns(Wish)
SLUG = "hangzhou-2021"
FIRST_DAY = date(2021, 3, 1)
HOURS = (9, 12, 15, 18)
"""The simulated instants of a day at which people work and the sweep runs."""
ITEMS = {
    "study": "书包",
    "book": "图书",
    "clothing": "棉衣",
    "sport": "篮球",
    "art": "画笔",
    "toy": "积木",
    "daily": "保温杯",
}
FORGET = 0.06
"""The share of takers who never do anything; half of them answer a reminder."""
MATCH_EVERY_DAYS = 7
_RING = Keyring({Purpose.TOKEN: {1: b"t" * 32}})


@dataclass
class Year:
    """The campaign under way: its tools, the day, who forgot, and what was done so far."""

    database: Database
    wishes: int
    days: int
    campaign_id: int = 0
    day: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(300))
    forgetful: set[int] = field(default_factory=set)
    swept: SweepReport = field(default_factory=SweepReport)
    done: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)

    def at(self, hour: int) -> datetime:
        return start_of_day(FIRST_DAY + timedelta(days=self.day)) + timedelta(hours=hour)

    @property
    def coordinator(self) -> Actor:
        return Actor(None, "", (Grant(Role.COORDINATOR, self.campaign_id),))

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[name] += time.perf_counter() - began

    def standing(self, *statuses: Status) -> list[Any]:
        query = sa.select(_Wish.id, _Wish.status, _Wish.taker_volunteer_id, _Wish.taker_branch_id).where(
            _Wish.campaign_id == self.campaign_id, _Wish.status.in_(statuses)
        )
        with self.database.reading() as session:
            return list(session.execute(query.order_by(_Wish.id)))

    def some(self, rows: Sequence[Any], share: float) -> list[Any]:
        """Each of *rows* with the chance *share*."""
        return [row for row in rows if self.chance.random() < share]

    def together(self, name: str, rows: Sequence[Any], now: datetime, *, reason: str = "") -> None:
        if rows:
            with self.timed(name), self.database.transaction() as session:
                moved = move_many(
                    session, name, wish_ids=[row.id for row in rows], actor=self.coordinator, now=now, reason=reason
                ).moved
            self.done[name] += len(moved)

    def one_by_one(self, name: str, rows: Sequence[Any], verb: Callable[[Session, Any], Moved]) -> None:
        by_id = {row.id: row for row in rows}
        if by_id:
            with self.timed(name), self.database.transaction() as session:
                tally = each(session, by_id, lambda wish_id: verb(session, by_id[wish_id]))
            self.done[name] += len(tally.moved)
            self.done[f"{name} refused"] += len(tally.refused)

    def taker(self, row: Any) -> Actor:
        if row.taker_volunteer_id is not None:
            return Actor(None, "", (Grant(Role.VOLUNTEER, self.campaign_id, volunteer_id=row.taker_volunteer_id),))
        return Actor(None, "", (Grant(Role.BRANCH_SECRETARY, self.campaign_id, branch_id=row.taker_branch_id),))


def prepare(year: Year) -> None:
    """The campaign with its places, communities, branches and volunteers with accounts, and all wishes as drafts."""
    now = year.at(0)
    with year.database.transaction() as session:
        load_campaign(session, folder=PACKAGE_DIR / "demo" / SLUG, now=now)
        year.campaign_id = campaign_by_slug(session, SLUG).id or 0
        about = {"campaign_id": year.campaign_id, "created_at": now}
        counties = list(session.execute(sa.select(Place.code).where(Place.level == "county").order_by(Place.code)).scalars())  # type: ignore[call-overload]  # fmt: skip
        places = [
            (insert(session, Community, township_code=f"{code}001", county_code=code, name=f"社区 {n}", **about), code)
            for n, code in enumerate(counties, 1)
        ]
        household = insert(session, Household, campaign_id=year.campaign_id)
        child = insert(session, Child, community_id=places[0][0], household_id=household, alias="儿童 1", **about)
        volunteers = max(20, year.wishes // 25)
        for number in range(max(2, volunteers // 10)):
            branch = insert(
                session, Branch, name=f"第 {number + 1} 支部", county_code=counties[number % len(counties)], **about
            )
            _person(session, year, Role.BRANCH_SECRETARY, f"s{number}", now, branch_id=branch)
            for other in range(10):
                code = f"V{number:04d}{other}"
                who = insert(session, Volunteer, branch_id=branch, code=code, name="志愿者", claim_limit=8, **about)
                _person(session, year, Role.VOLUNTEER, code.lower(), now, volunteer_id=who)
        insert(session, Branch, name="应急物资库", kind="reserve", **about)
        _person(session, year, Role.COORDINATOR, "coordinator", now)
        rows = []
        for number in range(year.wishes):
            community, county = year.chance.choice(places)
            category = year.chance.choice(list(ITEMS))
            wish = Wish(
                community_id=community, child_id=child, code=f"W{number:06d}", kind=Kind.GOODS, category=category, item=ITEMS[category],
                price_fen=year.chance.randrange(2000, 25000), county_code=county, township_code=f"{county}001", status=Status.DRAFT, **about,
            )  # fmt: skip
            rows.append({name: getattr(wish, name) for name in Wish.model_fields if name != "id"})
        session.execute(sa.insert(table_of(Wish)), rows)


def _person(session: Session, year: Year, role: Role, login: str, now: datetime, **ids: int) -> None:
    account = insert(session, Account, login=f"{login}@example.org", name=login, created_at=now)
    grant_role(session, account_id=account, role=role, now=now, campaign_id=year.campaign_id, **ids)


# --- a day --------------------------------------------------------------------------------------------------------------


def live_a_day(year: Year) -> None:
    for hour in HOURS:
        now = year.at(hour)
        {9: _in_the_morning, 12: _at_noon, 15: _in_the_afternoon, 18: _in_the_evening}[hour](year, now)
        with year.timed("sweep"):
            year.swept.add(sweep(year.database, now=now))
        with year.timed("relay"):
            told = relay(year.database, now=now)
        year.done["events told"] += told.events
        year.done["notices"] += told.notices


def _in_the_morning(year: Year, now: datetime) -> None:
    """The communities send what came in; what was sent yesterday is verified, what was verified published."""
    arriving = -(-year.wishes // (year.days * 2 // 3))
    year.together("publish", year.standing(Status.VERIFIED), now)
    year.together("verify", year.standing(Status.SUBMITTED), now)
    year.together("submit", year.standing(Status.DRAFT)[:arriving], now)


def _at_noon(year: Year, now: datetime) -> None:
    """The engine proposes; who was asked answers, or does not."""
    if year.day % MATCH_EVERY_DAYS == 3 and year.standing(Status.OPEN):
        with year.timed("match"):
            _, figures = match(year.database, campaign_id=year.campaign_id, actor=year.coordinator, now=now)
        year.done["proposed"] += figures["proposed"]
    asked = year.some(year.standing(Status.PROPOSED), 0.45)
    yes = {row.id for row in year.some(asked, 0.9)}
    year.one_by_one("accept", [row for row in asked if row.id in yes],
                    lambda s, row: claims.accept(s, wish_id=row.id, actor=year.taker(row), now=now))  # fmt: skip
    year.one_by_one("decline", [row for row in asked if row.id not in yes],
                    lambda s, row: claims.decline(s, wish_id=row.id, actor=year.taker(row), now=now, reason="最近没有时间"))  # fmt: skip


def _in_the_afternoon(year: Year, now: datetime) -> None:
    """Browsers claim; takers buy, forget, or give back."""
    with year.database.reading() as session:
        free = list(session.execute(
            sa.select(_Volunteer.id, _Volunteer.branch_id).where(_Volunteer.live_claims < _Volunteer.claim_limit)
        ))  # fmt: skip
    year.chance.shuffle(free)
    pairs = dict(zip((row.id for row in year.some(year.standing(Status.OPEN), 0.12)), free, strict=False))
    year.one_by_one("claim", [row for row in year.standing(Status.OPEN) if row.id in pairs], lambda s, row: claims.claim(
        s, wish_id=row.id, actor=Actor(None, "", (Grant(Role.VOLUNTEER, year.campaign_id, volunteer_id=pairs[row.id][0]),)),
        now=now, volunteer_id=pairs[row.id][0], branch_id=pairs[row.id][1]))  # fmt: skip
    held = year.standing(Status.CLAIMED)
    year.forgetful |= {row.id for row in held if row.id not in year.forgetful and year.chance.random() < FORGET / 6}
    busy = [row for row in held if row.id not in year.forgetful]
    year.together("prepare", year.some(busy, 0.16), now)
    year.one_by_one("release", year.some(busy, 0.002),
                    lambda s, row: claims.release(s, wish_id=row.id, actor=year.taker(row), now=now, reason="买不到"))  # fmt: skip
    year.one_by_one("acknowledge", year.some([row for row in held if row.id in year.forgetful], 0.01), lambda s, row: _sorry(s, year, row, now))  # fmt: skip


def _sorry(session: Session, year: Year, row: Any, now: datetime) -> Moved:
    """Reminded, a taker answers and takes it up again."""
    acknowledge(session, wish_id=row.id, actor=year.taker(row), now=now)
    year.forgetful.discard(row.id)
    return Moved(0, row.id, year.campaign_id, row.status, row.status)


def _in_the_evening(year: Year, now: datetime) -> None:
    """Inspection, the road, the hand-over with both codes, and how it was received."""
    ready = year.some(year.standing(Status.READY), 0.6)
    bad = {row.id for row in year.some(ready, 0.03)}
    year.together("fail_inspection", [row for row in ready if row.id in bad], now, reason="规格不符")
    year.together("close", year.some(year.standing(Status.DELIVERED), 0.07), now)
    arriving = year.some(year.standing(Status.IN_TRANSIT), 0.22)
    year.together("dispatch", year.some(year.standing(Status.INSPECTED), 0.4), now)
    year.together("inspect", [row for row in ready if row.id not in bad], now)
    signer, keys = signing_keys(_RING)

    def scan(session: Session, row: Any) -> Moved:
        codes = issue_codes(session, wish_id=row.id, signer=signer, now=now)
        seen = now - timedelta(hours=year.chance.choice((0, 0, 0, 5)))  # scanned in a village without a network
        done = hand_over(session, uid=f"year-{row.id:012d}-{year.day}", actor=year.taker(row), now=now, signer=signer, keys=keys,
                         label=codes.label.text, receipt=codes.receipt.text, scanned_at=seen)  # fmt: skip
        return Moved(done.hand_over_id, row.id, year.campaign_id, Status.IN_TRANSIT, Status.DELIVERED)

    year.one_by_one("hand over", arriving, scan)
    if year.day == year.days - 30:  # the end is near: whatever still waits, the reserve takes
        with year.database.reading() as session:
            [reserve] = reserves(session, year.campaign_id)
        year.one_by_one("use the reserve", year.standing(Status.OPEN, Status.CLAIMED), lambda s, row: use_reserve(
            s, wish_id=row.id, branch_id=reserve.id, actor=year.coordinator, now=now, reason="临近结束"))  # fmt: skip


def run(settings: Settings, wishes: int, days: int, *, say: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Live the campaign and answer its counts. Raises AssertionError when the books do not agree."""
    database = Database(settings)
    upgrade(database)
    began = time.perf_counter()
    year = Year(database, wishes, days)
    prepare(year)
    for year.day in range(days):
        live_a_day(year)
        if year.day % 20 == 19:
            say(f"day {year.day + 1} of {days}, {time.perf_counter() - began:.0f} s: {dict(year.done.most_common(6))}")
    with database.reading() as session:
        stages = {str(status): n for status, n in status_counts(session, year.campaign_id).items() if n}
    books = reconcile(database, year.campaign_id, wishes=wishes, done=year.done, swept=year.swept, now=year.at(23))
    database.dispose()
    return {
        "wishes": wishes,
        "days": days,
        "stages_at_the_end": stages,
        "done": dict(sorted(year.done.items())),
        "swept": vars(year.swept),
        "books": books,
        "took_s": round(time.perf_counter() - began, 1),
        "of_which_s": {name: round(taken, 1) for name, taken in year.seconds.most_common()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wishes", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=300)
    parser.add_argument("--database", default="", help="an empty PostgreSQL database; else SQLite")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = from_environment({"MICROWISH_VAR_DIR": folder})
        if asked.database:
            settings = replace(settings, database_url=asked.database)
        found = run(settings, asked.wishes, asked.days, say=lambda text: print(text, file=sys.stderr, flush=True))
    print(json.dumps(found, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
