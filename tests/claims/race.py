"""The claim race: many clients, few wishes, workers killed and the database stopped under them, and then the books are read.

Every client asks until it is answered, with one idempotency key per attempt, as a careful program does.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from tests.claims.serving import Web
from tests.factories import (
    Place,
    code_of,
    make_account,
    make_branch,
    make_campaign,
    make_token,
    make_volunteer,
    make_wish,
)
from wishes.access import Grant, Role
from wishes.db import Database
from wishes.settings import Settings
from wishes.tracking.relay import relay

PATIENCE_S = 90.0
ANSWERS = {200, 409}


@dataclass
class Race:
    """Who runs, and on what."""

    database: Database
    slug: str
    community_account: int
    wishes: dict[str, int]  # code → id
    clients: list[tuple[int, str]]  # volunteer id, token


@dataclass
class Report:
    """What clients were told and what the books say."""

    attempts: int = 0
    seconds: float = 0.0
    answers: dict[str, int] = field(default_factory=dict)
    repeated: int = 0  # requests sent again because no answer came
    replayed: int = 0  # answers the server had given before
    unexpected: list[str] = field(default_factory=list)
    kills: int = 0
    crashes: int = 0
    longest_wait_s: float = 0.0
    books: dict[str, int] = field(default_factory=dict)

    @property
    def faults(self) -> dict[str, int]:
        """What must all be 0."""
        return {name: count for name, count in self.books.items() if name.startswith("wrong_")}


def gather(settings: Settings, *, wishes: int, clients: int, branches: int = 20) -> Race:
    """A campaign with *wishes* open wishes and *clients* volunteers, half of them in branches."""
    database, now = Database(settings), datetime.now(UTC)
    with database.transaction() as session:
        place = make_campaign(session, now=now)
        pledges = [make_branch(session, place.id, now=now) for _ in range(branches)]
        community = make_account(session, place.social_worker.grants, now=now)
        people = [_client(session, place, pledges[i % branches] if i % 2 else None, now) for i in range(clients)]
        ids = [make_wish(session, place) for _ in range(wishes)]
        codes = {code_of(session, wish_id): wish_id for wish_id in ids}
    return Race(database, place.slug, community, codes, people)


def _client(session: Session, place: Place, branch_id: int | None, now: datetime) -> tuple[int, str]:
    volunteer_id = make_volunteer(session, place.id, branch_id=branch_id, limit=1_000_000, now=now)
    return volunteer_id, make_token(session, (Grant(Role.VOLUNTEER, place.id, volunteer_id=volunteer_id),), now=now)


@dataclass
class _Attempt:
    volunteer_id: int
    token: str
    code: str
    key: str


def run(
    race: Race,
    web: Web,
    *,
    attempts: int,
    kills: int,
    crash: Callable[[], None] | None = None,
    crashes: int = 0,
    at_once: int = 32,
    seed: int = 1,
) -> Report:
    """Let the clients try *attempts* times in all; kill a web worker *kills* times and call *crash* *crashes* times meanwhile."""
    chance = random.Random(seed)
    codes = list(race.wishes)
    queue = [
        _Attempt(*race.clients[i % len(race.clients)], chance.choice(codes), f"{seed}-{i}") for i in range(attempts)
    ]
    chance.shuffle(queue)
    report, lock, won = Report(attempts=attempts), threading.Lock(), dict[str, list[int]]()
    answers: Counter[str] = Counter()
    left = iter(queue)

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=20)
        while True:
            with lock:
                attempt = next(left, None)
            if attempt is None:
                connection.close()
                return
            _ask(connection, race.slug, attempt, report, lock, answers, won)

    threads = [threading.Thread(target=client) for _ in range(at_once)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    _disturb(
        web,
        report,
        lambda: sum(answers.values()) if any(thread.is_alive() for thread in threads) else attempts,
        attempts,
        kills,
        crash,
        crashes,
        chance,
    )
    for thread in threads:
        thread.join()
    report.seconds = round(time.monotonic() - start, 1)
    report.answers = dict(answers)
    report.books = _books(race, won)
    return report


def _ask(
    connection: http.client.HTTPConnection,
    slug: str,
    attempt: _Attempt,
    report: Report,
    lock: threading.Lock,
    answers: Counter[str],
    won: dict[str, list[int]],
) -> None:
    """Send one attempt until it is answered."""
    start, tries = time.monotonic(), 0
    while True:
        tries += 1
        try:
            connection.request(
                "POST",
                f"/api/v1/campaigns/{slug}/wishes/{attempt.code}/claim",
                headers={"Authorization": f"Bearer {attempt.token}", "Idempotency-Key": attempt.key},
            )
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            status = 0
        else:
            status = response.status
        waited = time.monotonic() - start
        if status in (0, 503) and waited < PATIENCE_S:
            time.sleep(min(0.05 * tries, 0.5))
            continue
        with lock:
            report.longest_wait_s = round(max(report.longest_wait_s, waited), 2)
            report.repeated += tries - 1
            if status not in ANSWERS:
                report.unexpected.append(f"{status} {body[:300]!r}" if status else "no answer")
                answers["unexpected"] += 1
                return
            code = json.loads(body).get("code", "claimed")
            answers[code] += 1
            if status == 200:
                report.replayed += response.headers.get("Idempotency-Replayed") == "true"
                won.setdefault(attempt.code, []).append(attempt.volunteer_id)
        return


def _disturb(
    web: Web,
    report: Report,
    answered: Callable[[], int],
    attempts: int,
    kills: int,
    crash: Callable[[], None] | None,
    crashes: int,
    chance: random.Random,
) -> None:
    """Spread the kills and crashes over the race, by how far it has come."""
    marks = sorted(
        [(attempts * (i + 1) // (kills + 1), "kill") for i in range(kills)]
        + [(attempts * (i + 1) // (crashes + 1), "crash") for i in range(crashes)]
    )
    for mark, what in marks:
        while answered() < mark:
            time.sleep(0.005)
        if what == "crash" and crash is not None:
            crash()
            report.crashes += 1
        else:
            report.kills += _kill_one(web, chance)


def _kill_one(web: Web, chance: random.Random) -> bool:
    """kill -9 a worker; waits for one when they are all gone."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        pids = web.worker_pids()
        if pids:
            try:
                os.kill(chance.choice(pids), signal.SIGKILL)
            except ProcessLookupError:
                continue
            return True
        time.sleep(0.02)
    return False


def _books(race: Race, won: dict[str, list[int]]) -> dict[str, int]:
    """Read the database as an auditor would. Whatever starts with ``wrong_`` must be 0."""
    race.database.dispose()  # its connections did not live through a crash
    before_relay = _rows(race, "SELECT count(*) AS n FROM notice")[0].n
    relay(race.database, now=datetime.now(UTC))
    relay(race.database, now=datetime.now(UTC))  # twice: whoever was told is not told again
    live = {
        row.wish_id: row.volunteer_id
        for row in _rows(race, "SELECT wish_id, volunteer_id FROM claim WHERE state = 'live'")
    }
    told = {
        (row.wish_id, row.kind): row.n
        for row in _rows(race, "SELECT wish_id, kind, count(*) AS n FROM notice GROUP BY wish_id, kind")
    }
    acknowledged = {race.wishes[code]: takers for code, takers in won.items()}

    def count(query: str) -> int:
        return int(_rows(race, query)[0].n)

    return {
        "claims": count("SELECT count(*) AS n FROM claim"),
        "acknowledged": sum(map(len, won.values())),
        "notices": count("SELECT count(*) AS n FROM notice") - before_relay,
        "wrong_wish_claimed_twice": count(
            "SELECT count(*) AS n FROM (SELECT wish_id FROM claim GROUP BY wish_id HAVING count(*) > 1) AS d"
        ),
        "wrong_wish_acknowledged_twice": sum(len(takers) > 1 for takers in acknowledged.values()),
        "wrong_acknowledged_but_lost": sum(live.get(wish) not in takers for wish, takers in acknowledged.items()),
        "wrong_claimed_but_never_acknowledged": len(set(live) - set(acknowledged)),
        "wrong_status_without_claim": count(
            "SELECT count(*) AS n FROM wish w WHERE (w.status = 'claimed') <> EXISTS "
            "(SELECT 1 FROM claim c WHERE c.wish_id = w.id AND c.state = 'live' AND c.volunteer_id = w.taker_volunteer_id)"
        ),
        "wrong_claim_without_its_event": count(
            "SELECT count(*) AS n FROM claim c WHERE 1 <> (SELECT count(*) FROM event e "
            "WHERE e.claim_id = c.id AND e.wish_id = c.wish_id AND e.action = 'claim')"
        ),
        "wrong_event_without_claim": count(
            "SELECT count(*) AS n FROM event WHERE action = 'claim' AND claim_id NOT IN (SELECT id FROM claim)"
        ),
        "wrong_event_never_announced": count("SELECT count(*) AS n FROM event WHERE announced_at IS NULL"),
        "wrong_claimed_but_taker_not_told_once": sum(told.get((wish, "claimed"), 0) != 1 for wish in live),
        "wrong_claimed_but_community_not_told": sum(told.get((wish, "claimed_here"), 0) < 1 for wish in live),
        "wrong_claim_without_its_clock": count(
            "SELECT count(*) AS n FROM claim c WHERE 1 <> (SELECT count(*) FROM clock k "
            "WHERE k.wish_id = c.wish_id AND k.stage = 'claimed' AND k.closed_at IS NULL)"
        ),
        "wrong_volunteers_hands": count(
            "SELECT count(*) AS n FROM volunteer v WHERE v.live_claims <> "
            "(SELECT count(*) FROM claim c WHERE c.volunteer_id = v.id AND c.state = 'live')"
        ),
        "wrong_branches_pledge": count(
            "SELECT count(*) AS n FROM branch b WHERE b.used_count <> (SELECT count(*) FROM claim c WHERE c.branch_id = b.id) "
            "OR b.used_fen <> (SELECT coalesce(sum(c.spend_fen), 0) FROM claim c WHERE c.branch_id = b.id)"
        ),
        "wrong_key_without_claim": abs(count("SELECT count(*) AS n FROM idempotency_key") - len(live)),
    }


def _rows(race: Race, query: str) -> list[Any]:
    with race.database.reading() as session:
        return list(session.execute(sa.text(query)))
