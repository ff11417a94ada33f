"""Every scan becomes one row and one answer; what counts in the end does not depend on which came first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import permutations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from tests.custody.passing import looked_over
from tests.factories import NOW
from tests.handover.scans import ScanWorld, report, scan_world
from wishes.claims import actions as claims
from wishes.claims.tables import ClaimState
from wishes.db import Database
from wishes.handover.actions import hand_over
from wishes.handover.reports import MOST_BYTES, MOST_SCANS, TooManyScans, read_reports
from wishes.handover.tokens import human_code
from wishes.lifecycle import Status
from wishes.settings import Settings

HOUR, LATER = timedelta(hours=1), timedelta(hours=6)


@pytest.fixture
def world(database: Database, settings: Settings) -> Iterator[ScanWorld]:
    yield scan_world(database, settings.keys_dir)


def test_a_scan_with_both_codes_delivers_and_is_told_so_again(world: ScanWorld) -> None:
    codes, courier = world.parcel(), world.courier()
    sent = report(codes, at=NOW + HOUR)
    first, again = world.take(courier, sent, later=LATER), world.take(courier, sent, later=2 * LATER)
    assert [(each.outcome, each.code) for each in first] == [("accepted", "")]
    assert [each.told("zh") for each in again] == [each.told("zh") for each in first]
    assert world.standing(codes) == (Status.DELIVERED, ClaimState.DELIVERED, [sent.nonce], NOW + HOUR)
    assert len(world.scans()) == 1


def test_the_same_scan_twice_in_one_batch_is_one_scan(world: ScanWorld) -> None:
    codes = world.parcel()
    sent = report(codes, at=NOW + HOUR)
    one, two = world.take(world.courier(), sent, sent, later=LATER)
    assert one.told("en") == two.told("en") and len(world.scans()) == 1


def test_the_devices_clock_is_measured_and_corrected(world: ScanWorld) -> None:
    codes, ahead = world.parcel(), timedelta(hours=31)
    sent = report(codes, at=NOW + HOUR + ahead, sent_at=NOW + LATER + ahead)
    [answer] = world.take(world.courier(), sent, later=LATER)
    [scan] = world.scans()
    assert answer.occurred_at == NOW + HOUR == scan.occurred_at
    assert scan.device_at == NOW + HOUR + ahead and scan.skew_s == -31 * 3600
    assert scan.recorded_at == NOW + LATER and scan.clock == ""


def test_a_typed_label_code_is_as_good_as_its_qr_code_and_a_typed_receipt_is_checked(world: ScanWorld) -> None:
    codes, courier = world.parcel(), world.courier()
    typed = {"token": human_code(codes.label).lower(), "recipient_code": human_code(codes.receipt).replace("-", " ")}
    assert world.one(courier, report(codes, **typed)) == ("accepted", "")
    assert world.scans()[0].evidence == "receipt_code"


def test_a_second_device_is_a_conflict_and_the_earlier_of_both_counts_in_any_order(world: ScanWorld) -> None:
    couriers = [world.courier() for _ in range(3)]
    ends = []
    for order in permutations(range(3)):
        codes = world.parcel()
        sent = [
            report(
                codes,
                at=NOW + (3 - n) * HOUR,
                device_id=f"device-{n}-0123456789",
                nonce=f"{n}" * 16 + f"-{codes.wish_id}",
            )
            for n in range(3)
        ]
        told = [world.one(couriers[n], sent[n], later=LATER) for n in order]
        assert told == [("accepted", ""), ("conflict", "already_handed_over"), ("conflict", "already_handed_over")]
        status, claim, counts, delivered_at = world.standing(codes)
        ends.append((status, claim, [nonce[:16] for nonce in counts], delivered_at))
    assert ends == [(Status.DELIVERED, ClaimState.DELIVERED, ["2" * 16], NOW + HOUR)] * 6


def test_the_same_device_again_and_the_receiving_side_contradict_nobody(world: ScanWorld) -> None:
    codes, courier = world.parcel(), world.courier()
    social_worker = world.person(*world.place.social_worker.grants)
    assert world.one(courier, report(codes)) == ("accepted", "")
    assert world.one(courier, report(codes, device_seq=2)) == ("already", "")
    assert world.one(social_worker, report(codes, recipient_code="", device_id="of-the-community-1")) == ("already", "")


def test_a_claim_that_was_cancelled_meanwhile_is_a_conflict_and_moves_nothing(world: ScanWorld) -> None:
    codes = world.parcel()
    with world.database.transaction() as session:
        claims.cancel(session, wish_id=codes.wish_id, actor=world.place.coordinator, now=NOW + HOUR, reason="搬走了")
    assert world.one(world.courier(), report(codes), later=LATER) == ("conflict", "claim_ended")
    assert world.standing(codes)[:3] == (Status.CANCELLED, ClaimState.ENDED, [])


def test_refused_at_the_door_is_on_record_and_the_parcel_may_come_again(world: ScanWorld) -> None:
    codes, courier = world.parcel(), world.courier()
    absent = report(codes, action="absent", recipient_code="", evidence={"note": "没有人在，电话 13812345678"})
    assert world.one(courier, absent) == ("accepted", "")
    assert world.standing(codes)[0] is Status.IN_TRANSIT
    assert "13812345678" not in world.scans()[0].reason
    assert world.one(courier, report(codes, device_seq=2, at=NOW + HOUR), later=LATER) == ("accepted", "")
    assert world.standing(codes)[0] is Status.DELIVERED


def test_after_a_dispute_it_is_handed_over_once_more(world: ScanWorld) -> None:
    codes, courier = world.parcel(), world.courier()
    assert world.one(courier, report(codes)) == ("accepted", "")
    with world.database.transaction() as session:
        for name in ("dispute", "redo", "prepare"):
            claims.step(
                session, name, wish_id=codes.wish_id, actor=world.place.coordinator, now=NOW + HOUR, reason="没有收到"
            )
        looked_over(session, codes.wish_id, now=NOW + HOUR)
    stale = report(codes, device_seq=2, at=NOW + HOUR / 2)
    assert world.one(courier, stale, later=LATER) == ("conflict", "before_redo")
    taker = world.person(*world.place.coordinator.grants)
    fresh = report(codes, at=NOW + 2 * HOUR)
    assert world.one(taker, fresh, later=LATER) == ("accepted", "")
    assert world.standing(codes) == (Status.DELIVERED, ClaimState.DELIVERED, [fresh.nonce], NOW + 2 * HOUR)


def test_what_was_told_is_never_rewritten(world: ScanWorld) -> None:
    codes = world.parcel()
    world.take(world.courier(), report(codes))
    for statement in ("UPDATE scan SET outcome = 'refused'", "DELETE FROM scan", "UPDATE scan SET reason = '张三'"):
        with pytest.raises(DBAPIError, match="append-only"), world.database.transaction() as session:
            session.execute(sa.text(statement))


def test_a_batch_has_a_limit_in_number_and_in_size(world: ScanWorld) -> None:
    one = report().model_dump_json()
    assert len(read_reports(f"[{','.join([one] * MOST_SCANS)}]".encode())) == MOST_SCANS
    with pytest.raises(TooManyScans):
        read_reports(f"[{','.join([one] * (MOST_SCANS + 1))}]".encode())
    with pytest.raises(TooManyScans):
        read_reports(b" " * (MOST_BYTES + 1))


def test_a_hand_over_that_no_device_reported_is_on_record_all_the_same(world: ScanWorld) -> None:
    codes, courier = world.parcel(), world.courier()
    with world.database.transaction() as session:
        hand_over(
            session, uid="typed-in-0001", actor=courier, now=NOW + LATER, signer=world.signer, keys=world.keys,
            label=codes.label.text, receipt=codes.receipt.text, scanned_at=NOW + HOUR,
        )  # fmt: skip
    [kept] = world.scans()
    assert (kept.nonce, kept.outcome, kept.evidence, kept.occurred_at) == (
        "typed-in-0001",
        "accepted",
        "both_codes",
        NOW + HOUR,
    )
