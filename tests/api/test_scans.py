"""Scans by the hundred over the API: one answer for each, in their order, in the reader's language."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.api.conftest import Callers
from tests.factories import Place
from tests.handover.scans import ScanWorld, scan_world, with_identity
from wishes.access import Actor, Role
from wishes.claims import actions as claims
from wishes.clock import utc_now
from wishes.db import Database
from wishes.handover.actions import Codes
from wishes.handover.keys import signing_keys
from wishes.handover.tables import Device, Scan
from wishes.handover.tokens import human_code
from wishes.lifecycle import Status
from wishes.settings import Settings

PATH = "/scans"


@pytest.fixture
def world(database: Database, settings: Settings, place: Place) -> ScanWorld:
    made = scan_world(database, settings.keys_dir, place)
    made.now, made.signer = utc_now() - timedelta(hours=3), signing_keys(made.keyring)[0]
    return made


@pytest.fixture
def courier(place: Place) -> Actor:
    return Actor(None, "courier", (place.grant(Role.COURIER),))


def scan(codes: Codes, number: int, **more: Any) -> dict[str, Any]:
    now = utc_now()
    return {
        "nonce": f"scan-of-a-test-{number:04}",
        "token": codes.label.text,
        "recipient_code": codes.receipt.text,
        "action": "hand_over",
        "occurred_at": (now - timedelta(hours=1)).isoformat(),
        "sent_at": now.isoformat(),
        "device_id": "device-0123456789",
        "device_seq": number,
        "evidence": {
            "note": "交给了奶奶",
            "receiver": "authorised",
            "receiver_name": "某人",
            "place": "wtm7k",
            "photo": True,
        },
        **more,
    }


def test_each_scan_of_a_batch_has_its_own_answer(
    callers: Callers, world: ScanWorld, courier: Actor, database: Database
) -> None:
    good, typed, alone, gone = (world.parcel() for _ in range(4))
    with database.transaction() as session:
        claims.cancel(session, wish_id=gone.wish_id, actor=world.place.coordinator, now=utc_now(), reason="搬走了")
    batch = [
        scan(good, 1),
        scan(typed, 2, token=human_code(typed.label), recipient_code=human_code(typed.receipt)),
        scan(alone, 3, recipient_code=""),
        scan(gone, 4),
        scan(good, 5, nonce="scan-of-a-test-0005"),
        scan(alone, 6, token="HTTPS://EXAMPLE.ORG/H/ABC"),
    ]
    caller = callers(courier)
    answers = caller.post(PATH, batch, headers={"Accept-Language": "zh"})
    assert [(each["outcome"], each["code"]) for each in answers] == [
        ("accepted", ""),
        ("accepted", ""),
        ("refused", "receipt_missing"),
        ("conflict", "claim_ended"),
        ("already", ""),
        ("refused", "code_malformed"),
    ]
    assert [each["nonce"] for each in answers] == [each["nonce"] for each in batch]
    assert "签收码" in answers[2]["sentence"]
    again = caller.post(PATH, batch, headers={"Accept-Language": "en"})
    assert [(each["outcome"], each["code"], each["occurred_at"]) for each in again] == [
        (each["outcome"], each["code"], each["occurred_at"]) for each in answers
    ]
    assert "receipt" in again[2]["sentence"] and world.standing(good)[0] is Status.DELIVERED
    with database.reading() as session:
        assert session.execute(sa.select(sa.func.count()).select_from(Scan)).scalar_one() == len(batch)
        assert session.execute(sa.select(sa.func.count()).select_from(Device)).scalar_one() == 1


def test_the_clock_of_the_device_is_corrected_by_when_it_says_it_sends(
    callers: Callers, world: ScanWorld, courier: Actor
) -> None:
    codes, ahead = world.parcel(), timedelta(hours=40)
    now = utc_now()
    sent = scan(codes, 1, occurred_at=(now - timedelta(hours=1) + ahead).isoformat(), sent_at=(now + ahead).isoformat())
    callers(courier).post(PATH, [sent])
    [kept] = world.scans()
    assert abs(kept.occurred_at - (now - timedelta(hours=1))) < timedelta(seconds=20)
    assert abs(kept.skew_s + 40 * 3600) < 20


def test_too_many_at_once_are_refused_whole(callers: Callers, world: ScanWorld, courier: Actor) -> None:
    codes, caller = world.parcel(), callers(courier)
    refused = caller.call("POST", PATH, json=[scan(codes, n) for n in range(501)])
    assert (refused.status_code, refused.get_json()["code"]) == (413, "too_many_scans")
    flood = b"[" + b",".join([b'{"nonce":"x"}'] * 100_000) + b"]"
    assert caller.call("POST", PATH, data=flood, content_type="application/json").status_code == 413
    assert world.scans() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonce": "short"},
        {"device_id": ""},
        {"occurred_at": "2021-06-01T08:00:00"},
        {"action": "throw_away"},
        {"evidence": {"place": "wtm7kabc"}},
        {"evidence": {"note": "x" * 201}},
        {"unknown": 1},
        {"occurred_at": "9999-12-31T23:59:59+00:00"},
    ],
)
def test_what_is_no_scan_names_the_field(
    callers: Callers, world: ScanWorld, courier: Actor, wrong: dict[str, Any]
) -> None:
    refused = callers(courier).call("POST", PATH, json=[scan(world.parcel(), 1) | wrong])
    assert refused.status_code == 422 and next(iter(wrong)) in refused.get_json()["field"]
    assert world.scans() == []


def test_a_stranger_and_somebody_without_a_role_report_nothing(callers: Callers, world: ScanWorld) -> None:
    codes = world.parcel()
    assert callers().call("POST", PATH, json=[scan(codes, 1)]).status_code == 401
    [answer] = callers(Actor(None, "auditor", (world.place.grant(Role.AUDITOR),))).post(PATH, [scan(codes, 1)])
    assert (answer["outcome"], answer["wish"]) == ("refused", None)
    assert world.standing(codes)[0] is Status.IN_TRANSIT


def test_who_received_it_is_sealed(callers: Callers, world: ScanWorld, courier: Actor, database: Database) -> None:
    with_identity(world)
    callers(courier).post(PATH, [scan(world.parcel(), 1)])
    with database.reading() as session:
        kept = session.execute(sa.select(col(Scan.receiver), col(Scan.receiver_name))).one()
    assert kept.receiver == "authorised" and kept.receiver_name and "某人".encode() not in kept.receiver_name
