"""What somebody with bad intentions may try, each refused or put before a person, and on record either way."""

from __future__ import annotations

import contextlib
import json
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from tests.factories import NOW, make_campaign
from tests.handover.scans import ScanWorld, report, scan_world
from wishes.access import Role
from wishes.claims.tables import ClaimState
from wishes.db import Database
from wishes.events.actions import move
from wishes.handover import devices
from wishes.handover.actions import Codes, issue_codes
from wishes.handover.conflicts import matters, settle
from wishes.handover.proving import WRONG_CODES_ALLOWED
from wishes.handover.reports import Report, TooManyScans, read_reports
from wishes.handover.scanning import Answer
from wishes.handover.tokens import MalformedCode, TokenSigner, TokenType, human_code, read_code
from wishes.lifecycle import Status
from wishes.people.actions import THROTTLE_TRIES, THROTTLE_WINDOW
from wishes.settings import Settings

MINUTE, HOUR, LATER = timedelta(minutes=1), timedelta(hours=1), timedelta(hours=6)


@pytest.fixture
def world(database: Database, settings: Settings) -> ScanWorld:
    return scan_world(database, settings.keys_dir)


def refused(world: ScanWorld, code: str, sent: Report, *, of: Codes, later: timedelta = LATER) -> None:
    """*sent* is refused with *code*, stands on record as that, and moves nothing."""
    before = world.standing(of)
    assert world.one(world.courier(), sent, later=later) == ("refused", code)
    assert (world.scans()[-1].outcome, world.scans()[-1].code) == ("refused", code)
    assert world.standing(of) == before and before[2] == []


def guess(number: int) -> str:
    """A well-formed code that is nobody's."""
    digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    body = f"ZZ{number:08}"
    for last in digits:
        with contextlib.suppress(MalformedCode):
            return read_code(body + last)
    raise AssertionError("one of 32 check characters fits")


def test_forged_codes(world: ScanWorld) -> None:
    codes = world.parcel()
    forger = TokenSigner(1, bytes(range(1, 33)))
    label, receipt = (
        forger.sign(kind, tag=b"12345678", epoch=1, expires_on=date(2021, 12, 1))
        for kind in (TokenType.LABEL, TokenType.RECEIPT)
    )
    refused(world, "token_bad_signature", report(codes, token=label.text, recipient_code=receipt.text), of=codes)
    refused(world, "token_bad_signature", report(codes, recipient_code=receipt.text), of=codes)
    unknown = TokenSigner(9, bytes(range(1, 33))).sign(
        TokenType.LABEL, tag=b"12345678", epoch=1, expires_on=date(2021, 12, 1)
    )
    refused(world, "token_unknown_key", report(codes, token=unknown.text), of=codes)
    refused(world, "token_malformed", report(codes, token="HTTPS://EVIL.EXAMPLE/H/" + "A" * 125), of=codes)


def test_altered_codes(world: ScanWorld) -> None:
    codes, luck = world.parcel(), random.Random(5)
    for text, name in ((codes.label.text, "token"), (codes.receipt.text, "recipient_code")):
        for _ in range(15):
            place = luck.randrange(len(text))
            other = luck.choice([each for each in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" if each != text[place]])
            altered = text[:place] + other + text[place + 1 :]
            outcome, code = world.one(world.courier(), report(codes, **{name: altered}), later=LATER)
            assert outcome == "refused" and code.startswith("token_"), (place, code)
    assert world.standing(codes)[0] is Status.IN_TRANSIT and len(world.scans()) == 30


def test_a_replayed_scan_changes_nothing_and_an_altered_one_under_its_number_is_told_apart(world: ScanWorld) -> None:
    codes, other, courier = world.parcel(), world.parcel(), world.courier()
    sent = report(codes, at=NOW + HOUR)
    world.take(courier, sent, later=LATER)
    for _ in range(3):
        assert world.one(courier, sent, later=2 * LATER) == ("accepted", "")
    assert len(world.scans()) == 1
    stolen = report(other, nonce=sent.nonce, at=NOW + HOUR)
    assert world.one(courier, stolen, later=LATER) == ("refused", "nonce_reused")
    assert world.one(world.courier(), sent, later=LATER) == ("refused", "nonce_reused"), "another account's number"
    assert world.one(courier, stolen, later=LATER) == ("refused", "nonce_reused")
    assert [scan.code for scan in world.scans()] == ["", "nonce_reused", "nonce_reused"]
    assert world.standing(other)[0] is Status.IN_TRANSIT


def test_revoked_and_expired_codes(world: ScanWorld) -> None:
    codes, old = world.parcel(), world.parcel()
    with world.database.transaction() as session:
        issue_codes(session, wish_id=codes.wish_id, signer=world.signer, now=NOW, anew=True)
    refused(world, "token_revoked", report(codes, at=NOW + HOUR), of=codes)
    typed = report(codes, token=human_code(codes.label), recipient_code=human_code(codes.receipt), at=NOW + HOUR)
    refused(world, "token_revoked", typed, of=codes)
    long_after = timedelta(days=200)
    refused(world, "token_expired", report(old, at=NOW + long_after), of=old, later=long_after)


def test_what_ran_out_is_not_opened_by_a_clock_turned_back(world: ScanWorld) -> None:
    codes, long_after = world.parcel(), timedelta(days=200)
    assert world.one(world.courier(), report(codes, at=NOW + HOUR), later=long_after) == (
        "conflict",
        "expired_meanwhile",
    )
    assert world.standing(codes)[0] is Status.IN_TRANSIT, "a coordinator has to say so"


def test_codes_of_another_campaign(world: ScanWorld) -> None:
    with world.database.transaction() as session:
        elsewhere = make_campaign(session)
    foreign, both = world.parcel(place=elsewhere), world.parcel()
    assert world.one(world.courier(), report(foreign), later=LATER) == ("refused", "not_found")
    assert world.scans()[-1].campaign_id == elsewhere.id, "that campaign has it on record"
    of_both = world.person(*(each.grant(Role.COURIER) for each in (world.place, elsewhere)))
    here = world.take(of_both, report(foreign), later=LATER, campaign_id=world.place.id)
    assert [(each.outcome, each.code) for each in here] == [("refused", "other_campaign")]
    refused(world, "tokens_mismatched", report(both, recipient_code=foreign.receipt.text), of=both)
    assert world.standing(foreign)[0] is Status.IN_TRANSIT


def test_a_courier_with_the_parcel_alone(world: ScanWorld) -> None:
    codes = world.parcel()
    refused(world, "receipt_missing", report(codes, recipient_code=""), of=codes)
    refused(world, "token_wrong_type", report(codes, recipient_code=codes.label.text), of=codes)
    refused(world, "receipt_code_wrong", report(codes, recipient_code=human_code(codes.label)), of=codes)
    refused(world, "token_wrong_type", report(codes, token=codes.receipt.text), of=codes)
    for nobody in (world.person(), world.person(*world.place.member.grants)):
        assert world.one(nobody, report(codes), later=LATER) == ("refused", "not_found")


def test_guesses_are_counted_for_the_parcel_even_when_made_all_at_once(world: ScanWorld) -> None:
    codes, couriers = world.parcel(), [world.courier() for _ in range(12)]

    def try_it(number: int) -> str:
        sent = report(codes, recipient_code=guess(number), device_id=f"device-{number:012}")
        return world.one(couriers[number], sent, later=LATER, address=f"198.51.100.{number}")[1]

    with ThreadPoolExecutor(4) as pool:
        told = sorted(pool.map(try_it, range(12)))
    assert told == ["receipt_code_locked"] * (12 - WRONG_CODES_ALLOWED) + ["receipt_code_wrong"] * WRONG_CODES_ALLOWED
    right = report(codes, recipient_code=human_code(codes.receipt))
    assert world.one(world.courier(), right, later=LATER) == ("refused", "receipt_code_locked")
    assert world.one(world.courier(), report(codes), later=LATER) == ("accepted", ""), "the receipt itself still opens"


def test_guesses_are_counted_for_the_device_and_for_the_address(world: ScanWorld) -> None:
    most_device, most_address = THROTTLE_TRIES["receipt"]
    parcels, courier = [world.parcel() for _ in range(most_device // 4 + 1)], world.courier()
    wrong = [report(parcels[n // 4], recipient_code=guess(n), device_seq=n) for n in range(most_device + 2)]
    told = [answer.code for answer in world.take(courier, *wrong, later=LATER, address="198.51.100.1")]
    assert told == ["receipt_code_wrong"] * most_device + ["too_many_requests"] * 2
    right = report(parcels[-1], recipient_code=human_code(parcels[-1].receipt), device_seq=99)
    assert world.one(courier, right, later=LATER, address="198.51.100.2") == ("refused", "too_many_requests")
    waited = LATER + THROTTLE_WINDOW + HOUR
    assert world.one(courier, report(**right.model_dump(exclude={"nonce"})), later=waited) == ("accepted", "")
    assert most_address < 100, "an address gets no more than a handful of devices"


def test_right_codes_are_never_counted_as_guesses(world: ScanWorld) -> None:
    parcels = [world.parcel() for _ in range(THROTTLE_TRIES["receipt"][0] + 3)]
    typed = [report(each, recipient_code=human_code(each.receipt), device_seq=n) for n, each in enumerate(parcels)]
    assert {answer.outcome for answer in world.take(world.courier(), *typed, later=LATER)} == {"accepted"}


CLOCKS = [
    # by how many hours the phone's clock was off when it scanned, and when it sent (None: it did not say)
    (0, -24 * 7, "time_in_future"),  # turned back before it was sent: by its own account it has yet to happen
    (24 * 7, 0, "time_in_future"),
    (24 * 7, None, "time_in_future"),
    (-24, 0, "time_too_early"),
    (-24, None, "time_too_early"),
    (0, 24 * 7, "time_too_early"),  # turned on before it was sent
    (-24 * 365 * 50, 0, "time_too_early"),  # what a flat battery leaves
]


@pytest.mark.parametrize(("scanning", "sending", "code"), CLOCKS)
def test_a_clock_set_to_yesterday_or_next_week_delivers_nothing_and_waits_for_a_coordinator(
    world: ScanWorld, scanning: int, sending: int | None, code: str
) -> None:
    codes, courier = world.parcel(), world.courier()
    sent_at = None if sending is None else NOW + LATER + timedelta(hours=sending)
    lie = report(codes, at=NOW + HOUR + timedelta(hours=scanning), sent_at=sent_at)
    [answer] = world.take(courier, lie, later=LATER)
    assert (answer.outcome, answer.code) == ("conflict", code) and code not in (
        answer.sentence("zh"),
        answer.sentence("en"),
    )
    assert answer.occurred_at == NOW + LATER, "dated by the one clock that is ours"
    [kept] = world.scans()
    assert (kept.outcome, kept.code, kept.device_at) == ("conflict", code, lie.occurred_at) and kept.clock in (
        "past",
        "future",
    )
    assert world.standing(codes) == (Status.IN_TRANSIT, ClaimState.LIVE, [], None)
    with world.database.transaction() as session:
        [matter] = matters(session, world.place.id)
        assert matter.why == (code,) and matter.open
        settle(
            session, campaign_id=world.place.id, claim_id=codes.claim_id, standing=lie.nonce, reason="打电话问过监护人",
            actor=world.place.coordinator, now=NOW + 2 * LATER,
        )  # fmt: skip
    assert world.standing(codes) == (Status.DELIVERED, ClaimState.DELIVERED, [lie.nonce], NOW + LATER), (
        "nothing was lost"
    )


def test_a_scan_from_before_there_were_codes_or_before_the_parcel_left_is_no_hand_over(world: ScanWorld) -> None:
    waiting = world.parcel(Status.INSPECTED)
    with world.database.transaction() as session:
        fresh = issue_codes(session, wish_id=waiting.wish_id, signer=world.signer, now=NOW + HOUR, anew=True)
        move(session, "dispatch", wish_id=waiting.wish_id, actor=world.place.coordinator, now=NOW + 3 * HOUR)
    for at, clock in (
        (NOW + HOUR / 2, "past"),
        (NOW + 2 * HOUR, "past"),
    ):  # after the claim, but before codes or dispatch
        assert world.one(world.courier(), report(fresh, at=at, sent_at=NOW + LATER), later=LATER) == (
            "conflict",
            "time_too_early",
        )
        assert world.scans()[-1].clock == clock
    assert world.one(world.courier(), report(fresh, at=NOW + 3 * HOUR), later=LATER) == ("accepted", "")
    assert world.standing(fresh)[3] == NOW + 3 * HOUR


@pytest.mark.parametrize("off", [-48, -24, 24, 48, 24 * 7])
def test_a_wrong_clock_that_is_as_wrong_when_it_sends_is_put_right(world: ScanWorld, off: int) -> None:
    codes, wrong = world.parcel(), timedelta(hours=off)
    honest = report(codes, at=NOW + HOUR + wrong, sent_at=NOW + LATER + wrong)
    [answer] = world.take(world.courier(), honest, later=LATER)
    assert (answer.outcome, answer.occurred_at, world.scans()[0].clock) == ("accepted", NOW + HOUR, "")


@pytest.mark.parametrize(("at", "clock", "recorded"), [(LATER + MINUTE, "late", LATER), (-MINUTE, "early", 0 * HOUR)])
def test_some_minutes_are_no_lie(world: ScanWorld, at: timedelta, clock: str, recorded: timedelta) -> None:
    codes = world.parcel()
    [answer] = world.take(world.courier(), report(codes, at=NOW + at), later=LATER)
    assert (answer.outcome, answer.occurred_at, world.scans()[0].clock) == ("accepted", NOW + recorded, clock)


def test_a_turned_clock_opens_no_label_that_is_void_and_no_device_that_was_switched_off(world: ScanWorld) -> None:
    old, courier = world.parcel(), world.courier()
    first = report(world.parcel(), at=NOW + HOUR, device_seq=1)
    assert world.one(courier, first, later=HOUR) == ("accepted", "")
    with world.database.transaction() as session:
        issue_codes(session, wish_id=old.wish_id, signer=world.signer, now=NOW + HOUR, anew=True)
    yesterday = report(old, at=NOW - 24 * HOUR, device_seq=2)
    assert world.one(courier, yesterday, later=LATER) == ("refused", "token_revoked")
    lost = world.parcel()
    with world.database.transaction() as session:
        [phone] = devices.devices_of(session, world.place.id)
        devices.revoke(
            session, device_id=phone.id, campaign_id=world.place.id, actor=world.place.coordinator, now=NOW + 2 * HOUR
        )
    assert world.one(courier, report(lost, at=NOW - 24 * HOUR, device_seq=3), later=LATER) == (
        "refused",
        "device_revoked",
    )
    assert world.standing(lost)[2] == world.standing(old)[2] == []


def test_a_hundred_thousand_scans_get_one_clear_answer(world: ScanWorld) -> None:
    one = report().model_dump_json()
    with pytest.raises(TooManyScans) as told:
        read_reports(("[" + ",".join([one] * 100_000) + "]").encode())
    assert told.value.status == 413 and "500" in told.value.say("zh")
    with pytest.raises(TooManyScans):
        read_reports(json.dumps([{}] * 100_000).encode())
    assert world.scans() == []


def test_the_same_batch_from_two_connections_at_once_is_taken_once_and_answered_alike(world: ScanWorld) -> None:
    courier = world.courier()
    batch = [report(world.parcel(), device_seq=n) for n in range(12)]
    batch += [report(batch_of, device_seq=20 + n, recipient_code="") for n, batch_of in enumerate([world.parcel()] * 3)]

    def send(_: int) -> list[Answer]:
        return world.take(courier, *batch, later=LATER)

    with ThreadPoolExecutor(4) as pool:
        answers = [[each.told("zh") for each in told] for told in pool.map(send, range(4))]
    for told in answers[1:]:
        assert [(each["nonce"], each["outcome"], each["code"]) for each in told] == [
            (each["nonce"], each["outcome"], each["code"]) for each in answers[0]
        ]
    assert [each["outcome"] for each in answers[0]] == ["accepted"] * 12 + ["refused"] * 3
    assert len(world.scans()) == len(batch)


def test_no_answer_says_more_than_the_reporter_may_know(world: ScanWorld) -> None:
    codes = world.parcel()
    [answer] = world.take(world.person(), report(codes), later=LATER)
    assert answer.wish is None and "W0" not in json.dumps(answer.told("en"))
    with world.database.reading() as session:
        kept = session.execute(sa.text("SELECT wish_id, claim_id FROM scan")).one()
    assert tuple(kept) == (None, None)
