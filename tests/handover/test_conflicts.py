"""Scans that contradict each other: nothing dropped, nothing overwritten, found in whatever order they came, settled by a person."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlmodel import col

from tests.factories import NOW
from tests.handover.scans import ScanWorld, report, scan_world
from wishes.access import Role
from wishes.claims import actions as claims
from wishes.db import Database
from wishes.errors import Forbidden, Invalid
from wishes.handover import devices
from wishes.handover.actions import Codes, issue_codes
from wishes.handover.conflicts import ClaimOver, Matter, matters, settle
from wishes.lifecycle import Status
from wishes.settings import Settings
from wishes.tracking.relay import relay
from wishes.tracking.tables import Notice

HOUR, LATER = timedelta(hours=1), timedelta(hours=6)


@pytest.fixture
def world(database: Database, settings: Settings) -> ScanWorld:
    return scan_world(database, settings.keys_dir)


def asked(world: ScanWorld, *, only_open: bool = True) -> list[Matter]:
    with world.database.reading() as session:
        return matters(session, world.place.id, only_open=only_open)


def say(world: ScanWorld, codes: Codes, standing: str, *, reason: str = "两边都问过了", actor: object = None) -> None:
    with world.database.transaction() as session:
        settle(
            session,
            campaign_id=world.place.id,
            claim_id=codes.claim_id,
            standing=standing,
            reason=reason,
            actor=world.place.coordinator if actor is None else actor,  # type: ignore[arg-type]
            now=world.now + 2 * LATER,
        )


def test_the_same_matters_are_found_in_whatever_order_the_scans_came(world: ScanWorld) -> None:
    couriers = [world.courier() for _ in range(3)]
    social_worker = world.person(*world.place.social_worker.grants)
    found = []
    for order in permutations(range(4)):
        codes = world.parcel()
        sent = [
            (couriers[0], report(codes, at=NOW + 3 * HOUR)),
            (couriers[1], report(codes, at=NOW + 2 * HOUR)),
            (couriers[2], report(codes, at=NOW + 4 * HOUR, action="absent", recipient_code="")),
            (social_worker, report(codes, at=NOW + HOUR, recipient_code="")),
        ]
        for at in order:
            world.take(*sent[at], later=LATER)
        [matter] = [one for one in asked(world) if one.claim_id == codes.claim_id]
        standing = [each[1].nonce for each in sent].index(matter.standing)
        found.append((matter.why, standing, len(matter.scans), world.standing(codes)[3]))
    assert found == [(("already_handed_over", "came_back"), 3, 4, NOW + HOUR)] * 24


def test_what_is_settled_leaves_the_list_and_a_later_scan_brings_it_back(world: ScanWorld) -> None:
    codes, one, two = world.parcel(), world.courier(), world.courier()
    first, second = report(codes, at=NOW + HOUR), report(codes, at=NOW + 2 * HOUR)
    world.take(one, first, later=LATER)
    world.take(two, second, later=LATER)
    assert [matter.why for matter in asked(world)] == [("already_handed_over",)]
    say(world, codes, second.nonce)
    assert asked(world) == []
    assert world.standing(codes)[2:] == ([second.nonce], NOW + 2 * HOUR)
    [settled] = asked(world, only_open=False)
    assert settled.settled is not None and settled.settled.reason == "两边都问过了"
    world.take(world.courier(), report(codes, at=NOW + HOUR / 2), later=3 * LATER)
    assert len(asked(world)) == 1, "a third device opens it again"
    assert world.standing(codes)[2] == [second.nonce], "what a person chose is not undone by a machine"
    assert [scan.outcome for scan in world.scans()] == ["accepted", "conflict", "conflict"]


def test_a_scan_made_before_the_label_was_replaced_waits_and_may_be_let_count(world: ScanWorld) -> None:
    codes = world.parcel()
    with world.database.transaction() as session:
        issue_codes(session, wish_id=codes.wish_id, signer=world.signer, now=NOW + 2 * HOUR, anew=True)
    sent = report(codes, at=NOW + HOUR)
    assert world.one(world.courier(), sent, later=LATER) == ("conflict", "revoked_meanwhile")
    assert world.standing(codes)[0] is Status.IN_TRANSIT
    say(world, codes, sent.nonce)
    assert world.standing(codes)[0] is Status.DELIVERED and world.standing(codes)[2:] == ([sent.nonce], NOW + HOUR)


def test_a_phone_that_was_lost_meanwhile_waits_for_a_person_and_is_refused_from_then_on(world: ScanWorld) -> None:
    codes, later, courier = world.parcel(), world.parcel(), world.courier()
    world.take(courier, report(world.parcel()))
    with world.database.transaction() as session:
        [seen] = devices.devices_of(session, world.place.id)
        devices.revoke(
            session, device_id=seen.id, campaign_id=world.place.id, actor=world.place.coordinator, now=NOW + 2 * HOUR
        )
    before, after = report(codes, at=NOW + HOUR, device_seq=2), report(later, at=NOW + 3 * HOUR, device_seq=4)
    assert world.one(courier, before, later=LATER) == ("conflict", "device_revoked_meanwhile")
    assert world.one(courier, after, later=LATER) == ("refused", "device_revoked")
    say(world, codes, before.nonce)
    assert world.standing(codes)[0] is Status.DELIVERED
    with world.database.reading() as session:
        [seen] = devices.devices_of(session, world.place.id)
    assert (seen.scans, seen.refused, seen.missing) == (3, 1, 1), "number 3 never came"


def test_a_claim_that_is_over_cannot_be_delivered_by_a_word(world: ScanWorld) -> None:
    codes = world.parcel()
    with world.database.transaction() as session:
        claims.cancel(session, wish_id=codes.wish_id, actor=world.place.coordinator, now=NOW + HOUR, reason="搬走了")
    sent = report(codes)
    world.take(world.courier(), sent, later=LATER)
    with pytest.raises(ClaimOver):
        say(world, codes, sent.nonce)
    assert len(asked(world)) == 1, "what was refused leaves no trace"
    say(world, codes, "")
    assert asked(world) == [] and world.standing(codes)[0] is Status.CANCELLED


def test_only_a_coordinator_settles_and_only_with_a_reason(world: ScanWorld) -> None:
    codes = world.parcel()
    world.take(world.courier(), report(codes, action="refuse", recipient_code="", evidence={"note": "尺寸不对"}))
    assert [matter.why for matter in asked(world)] == [("refused_at_door",)]
    with pytest.raises(Forbidden):
        say(world, codes, "", actor=world.person(world.place.grant(Role.COURIER)))
    with pytest.raises(Invalid):
        say(world, codes, "", reason=" ")
    with pytest.raises(Invalid):
        say(world, codes, "no-such-scan-there")
    say(world, codes, "")
    for statement in ("UPDATE scan_settlement SET reason = 'x'", "DELETE FROM scan_settlement"):
        with pytest.raises(DBAPIError, match="append-only"), world.database.transaction() as session:
            session.execute(sa.text(statement))


def test_coordinators_are_told_once_of_what_is_in_question_and_of_nothing_else(world: ScanWorld) -> None:
    codes, calm = world.parcel(), world.parcel()
    coordinator = world.person(world.place.grant(Role.COORDINATOR))
    world.take(world.courier(), report(calm, at=NOW), later=LATER)
    for courier in (world.courier(), world.courier()):
        world.take(courier, report(codes, at=NOW), later=LATER)
    for _ in range(2):
        relay(world.database, now=world.now + 2 * LATER)
    with world.database.reading() as session:
        told = session.execute(
            sa.select(col(Notice.wish_id), col(Notice.account_id)).where(col(Notice.kind) == "in_question")
        ).all()
    assert told == [(codes.wish_id, coordinator.account_id)]
