"""Hand-overs from devices with wrong clocks over a bad network: nothing lost, nothing twice, the end independent of the order.

    python -m benchmarks.scans --events 10000 --devices 200 --orders 3
    python -m benchmarks.scans --events 10000 --devices 200 --orders 3 --on postgres
    python -m benchmarks.scans --events 10000 --devices 200 --orders 3 --at-once 25

A day offline: devices whose clocks are off by up to two days scan parcels, some of them the same ones, some turn back at the door, some
show forged or halved codes; meanwhile coordinators cancel wishes and replace labels. Then everything is sent: three of ten
transmissions lose the request or the answer, each scan is sent again until it is answered and up to five times in all, in random order.
The same day is replayed in several orders, each on a copy of the same database, and the ends are compared. With ``--at-once`` a device
waits until so many of its scans are due and sends them in one request, as phones do that come back into the net.
"""

from __future__ import annotations

import json
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from sqlmodel import col

from tests.factories import Place, insert, make_campaign, make_wish
from tests.services.postgres import PostgresServer
from wishes.access import Actor, Grant, Role
from wishes.claims import actions as claims
from wishes.claims.tables import Branch, Claim
from wishes.db import Database
from wishes.handover.actions import Codes, issue_codes
from wishes.handover.conflicts import matters_of
from wishes.handover.reports import Report
from wishes.handover.scanning import take_batch
from wishes.handover.tables import HandOver, Scan
from wishes.handover.tokens import PublicKeys, TokenSigner
from wishes.intake.tables import Wish
from wishes.lifecycle import Status
from wishes.migrations import upgrade
from wishes.people.tables import Account
from wishes.protection.keyring import create_keyring
from wishes.protection.vault import Vault
from wishes.settings import Settings

CLAIMED, BEGAN = datetime(2021, 5, 31, tzinfo=UTC), datetime(2021, 6, 1, tzinfo=UTC)
OFFLINE, SENDING = timedelta(hours=12), timedelta(hours=24)
LOSS, MOST_SENDS = 0.3, 5
SIGNER = TokenSigner(1, bytes(range(32)))
KEYS = PublicKeys({1: SIGNER.public_key})


@dataclass(frozen=True)
class Phone:
    """A courier's device. ``ahead`` is by how much its clock is wrong."""

    actor: Actor
    uid: str
    ahead: timedelta


@dataclass(frozen=True)
class Told:
    """One scan that a device made: by whose device, of which parcel, when in truth."""

    phone: Phone
    parcel: int
    at: datetime
    report: Report
    proves: bool


@dataclass
class Day:
    """Everything that happened before the first device had a signal again."""

    place: Place
    parcels: list[Codes]
    phones: list[Phone]
    scans: list[Told]
    cancelled: dict[int, datetime] = field(default_factory=dict)
    renewed: dict[int, datetime] = field(default_factory=dict)


def make_day(database: Database, *, events: int, devices: int, seed: int) -> Day:
    """A day of *events* scans from *devices* devices, written into a fresh *database*."""
    luck = random.Random(seed)
    with database.transaction() as session:
        place = make_campaign(session, now=CLAIMED)
        parcels = []
        for _ in range(max(1, events * 4 // 5)):
            wish_id = make_wish(session, place, status=Status.IN_TRANSIT, taker_branch_id=place.branch_id)
            insert(session, Claim, campaign_id=place.id, wish_id=wish_id, branch_id=place.branch_id, claimed_at=CLAIMED)
            parcels.append(issue_codes(session, wish_id=wish_id, signer=SIGNER, now=CLAIMED))
        session.execute(sa.update(Branch).where(col(Branch.id) == place.branch_id).values(used_count=len(parcels)))
        phones = []
        for number in range(devices):
            account_id = insert(session, Account, login=f"courier-{number}", name=f"账号 {number}", created_at=CLAIMED)
            ahead = timedelta(seconds=luck.randint(-48 * 3600, 48 * 3600))
            actor = Actor(account_id, "courier", (Grant(Role.COURIER, place.id),))
            phones.append(Phone(actor, f"device-{number:012}", ahead))
    day = Day(place, parcels, phones, [])
    counts: Counter[str] = Counter()
    for number in range(events):
        # every parcel once, then some of them again: by another device, or by the same one
        parcel = number if number < len(parcels) else luck.randrange(len(parcels))
        again = number >= len(parcels) and luck.random() < 0.2
        phone = day.scans[parcel].phone if again else luck.choice(phones)
        counts[phone.uid] += 1
        day.scans.append(_scan(luck, day, parcel, phone, counts[phone.uid]))
    with database.transaction() as session:
        for parcel in luck.sample(range(len(parcels)), len(parcels) // 25):
            at = BEGAN + OFFLINE * luck.random()
            if luck.random() < 0.5:
                day.cancelled[parcel] = at
                claims.cancel(
                    session, wish_id=parcels[parcel].wish_id, actor=place.coordinator, now=at, reason="不再需要"
                )
            else:
                day.renewed[parcel] = at
                issue_codes(session, wish_id=parcels[parcel].wish_id, signer=SIGNER, now=at, anew=True)
    return day


def _scan(luck: random.Random, day: Day, parcel: int, phone: Phone, seq: int) -> Told:
    codes, at, kind = day.parcels[parcel], BEGAN + OFFLINE * luck.random(), luck.random()
    label, receipt, action = codes.label.text, codes.receipt.text, "hand_over"
    if kind < 0.02:
        receipt = ""  # the label alone
    elif kind < 0.04:
        receipt = day.parcels[(parcel + 1) % len(day.parcels)].receipt.text if len(day.parcels) > 1 else ""
    elif kind < 0.06:
        label = label[:-9] + ("A" if label[-9] != "A" else "B") + label[-8:]  # altered
    elif kind < 0.12:
        action, receipt = luck.choice(("refuse", "absent")), ""
    report = Report(
        nonce=f"{luck.getrandbits(128):032x}",
        token=label,
        recipient_code=receipt,
        action=action,
        occurred_at=at + phone.ahead,
        device_id=phone.uid,
        device_seq=seq,
    )
    return Told(phone, parcel, at, report, proves=kind >= 0.12)


def arrivals(day: Day, seed: int) -> list[tuple[datetime, Told]]:
    """Every copy that reaches the server, in the order in which it does: each scan at least once, up to five times."""
    luck, found = random.Random(seed), []
    for scan in day.scans:
        wanted = luck.randint(1, MOST_SENDS)
        sent = answered = reached = 0
        while not (answered and sent >= wanted) and (sent < MOST_SENDS or not answered):
            sent += 1
            lost = luck.random()
            if lost < LOSS / 2:
                continue  # the request
            reached += 1
            answered += lost >= LOSS  # else its answer
            found.append((BEGAN + OFFLINE + SENDING * luck.random(), scan))
    return sorted(found, key=lambda copy: (copy[0], copy[1].report.nonce))


def requests(copies: Sequence[tuple[datetime, Told]], at_once: int) -> Iterator[tuple[datetime, list[Told]]]:
    """*copies* in requests of *at_once* scans of one device each, sent when the last of them is due; what is left, in the end."""
    waiting: dict[str, list[Told]] = {}
    for now, scan in copies:
        batch = waiting.setdefault(scan.phone.uid, [])
        batch.append(scan)
        if len(batch) >= at_once:
            yield now, waiting.pop(scan.phone.uid)
    yield from ((copies[-1][0] + timedelta(seconds=n), batch) for n, batch in enumerate(waiting.values(), 1))


def replay(
    database: Database, day: Day, copies: Sequence[tuple[datetime, Told]], vault: Vault, at_once: int = 1
) -> dict[str, Any]:
    """Send *copies* in their order; the end of it all, in which no trace of the order may be left, and the time it took."""
    told: dict[str, tuple[str, str]] = {}
    began = time.perf_counter()
    for now, batch in requests(copies, at_once):
        phone = batch[0].phone
        answers = take_batch(
            database,
            [scan.report.model_copy(update={"sent_at": now + phone.ahead}) for scan in batch],
            actor=phone.actor,
            signer=SIGNER,
            keys=KEYS,
            vault=vault,
            now=now,
            address="192.0.2.1",
        )
        for answer in answers:
            before = told.setdefault(answer.nonce, (answer.outcome, answer.code))
            assert before == (answer.outcome, answer.code), "the same scan was answered differently"
    seconds = time.perf_counter() - began
    end = end_of(database, day)
    check(end, day)
    return {"seconds": seconds, "end": end, "told": Counter(outcome for outcome, _ in told.values())}


def end_of(database: Database, day: Day) -> dict[int, tuple[Any, ...]]:
    """Of each parcel: where the wish stands, when it arrived, which scan counts, why it is in question, and its scans on record."""
    with database.reading() as session:
        wishes = {
            row.id: (str(row.status), row.delivered_at)
            for row in session.execute(sa.select(col(Wish.id), col(Wish.status), col(Wish.delivered_at)))
        }
        on_record: dict[str, datetime] = {
            nonce: at for nonce, at in session.execute(sa.select(col(Scan.nonce), col(Scan.occurred_at)))
        }
        confirmed = Counter(
            session.execute(sa.select(col(HandOver.claim_id)).where(col(HandOver.state) == "confirmed")).scalars()
        )
        found = {one.claim_id: one for one in matters_of(session, [codes.claim_id for codes in day.parcels])}
    assert set(on_record) == {scan.report.nonce for scan in day.scans}, "a scan was lost or made up"
    assert all(on_record[scan.report.nonce] == scan.at for scan in day.scans), "a wrong clock got through"
    assert max(confirmed.values(), default=0) <= 1, "a claim was confirmed twice"
    return {
        number: (*wishes[codes.wish_id], found[codes.claim_id].standing, found[codes.claim_id].why)
        for number, codes in enumerate(day.parcels)
    }


def check(end: dict[int, tuple[Any, ...]], day: Day) -> None:
    """The end is the one that follows from what happened, worked out here a second time and without the product."""
    by_parcel: dict[int, list[Told]] = {number: [] for number in end}
    for scan in day.scans:
        by_parcel[scan.parcel].append(scan)
    for number, (status, delivered_at, standing, why) in end.items():
        proofs = sorted(
            (scan for scan in by_parcel[number] if scan.proves), key=lambda scan: (scan.at, scan.report.nonce)
        )
        if number in day.cancelled:
            assert (status, standing) == ("cancelled", "") and ("claim_ended" in why) == bool(proofs), number
            continue
        if number in day.renewed:
            assert status == "in_transit" and standing == "", number
            assert ("revoked_meanwhile" in why) == any(scan.at < day.renewed[number] for scan in proofs), number
            continue
        assert (status == "delivered") == bool(proofs), number
        if proofs:
            assert (standing, delivered_at) == (proofs[0].report.nonce, proofs[0].at), number
        twice = any(one.phone != two.phone for one, two in combinations(proofs, 2))
        assert ("already_handed_over" in why) == twice, number


@click.command()
@click.option("--events", default=10_000, show_default=True)
@click.option("--devices", default=200, show_default=True)
@click.option("--orders", default=3, show_default=True)
@click.option("--at-once", default=1, show_default=True)
@click.option("--seed", default=7, show_default=True)
@click.option("--on", type=click.Choice(["sqlite", "postgres"]), default="sqlite", show_default=True)
def main(events: int, devices: int, orders: int, at_once: int, seed: int, on: str) -> None:
    """Replay one day in several orders and compare the ends."""
    with tempfile.TemporaryDirectory() as folder:
        server = PostgresServer() if on == "postgres" else None
        try:
            done = _run(Path(folder), events, devices, orders, at_once, seed, server)
            print(json.dumps(done, ensure_ascii=False, indent=1))
        finally:
            if server:
                server.remove()


def _run(
    folder: Path, events: int, devices: int, orders: int, at_once: int, seed: int, server: PostgresServer | None
) -> dict[str, Any]:
    vault, ends, seconds, told, sent = Vault(create_keyring(folder / "keys")), [], [], [], []
    template, name = folder / "day.sqlite3", server.create_database() if server else ""
    database = opened(server.url(name) if server else f"sqlite:///{template}", folder)
    upgrade(database)
    day = make_day(database, events=events, devices=devices, seed=seed)
    if server is None:
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    for order in range(orders):
        url = (
            server.url(server.create_database(like=name))
            if server
            else f"sqlite:///{shutil.copy(template, folder / f'order-{order}.sqlite3')}"
        )
        database = opened(url, folder)
        copies = arrivals(day, seed + 1 + order)
        done = replay(database, day, copies, vault, at_once)
        database.dispose()
        ends.append(done["end"])
        seconds.append(round(done["seconds"], 1))
        told.append(dict(done["told"]))
        sent.append(len(copies))
        click.echo(f"order {order + 1}: {len(copies)} copies in {seconds[-1]} s", err=True)
    assert all(end == ends[0] for end in ends), "the end depends on the order"
    questions = Counter(reason for end in ends[:1] for *_, why in end.values() for reason in why)
    return {
        "events": events, "devices": devices, "orders": orders, "scans a request": at_once, "copies that arrived": sent, "seconds": seconds,
        "told": told, "delivered": sum(end[0] == "delivered" for end in ends[0].values()), "in question": dict(questions),
        "lost": 0, "confirmed twice": 0, "ends alike": True,
    }  # fmt: skip


def opened(url: str, folder: Path) -> Database:
    return Database(Settings(var_dir=folder, database_url=url, redis_url=None, secret_key="of no worth " * 4))


if __name__ == "__main__":
    main()
