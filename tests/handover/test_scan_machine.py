"""Devices, parcels, network cuts and coordinators at random: no scan lost, nothing delivered twice, no history rewritten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import settings as given_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlmodel import col

from tests.factories import NOW, make_campaign
from tests.handover.scans import ScanWorld, report
from wishes.access import Actor
from wishes.claims import actions as claims
from wishes.claims.tables import Claim, ClaimState
from wishes.db import Database
from wishes.errors import MicrowishError
from wishes.handover import devices
from wishes.handover.actions import Codes, issue_codes
from wishes.handover.conflicts import matter_of, matters, settle
from wishes.handover.reports import Report
from wishes.handover.scanning import Answer
from wishes.handover.tables import Device, HandOver, Scan
from wishes.intake.tables import Wish
from wishes.lifecycle import Status
from wishes.protection.keyring import Keyring, create_keyring

PHONES, EXAMPLES, STEPS = 4, 25, 50


class Phone:
    """A device with a wrong clock: what it still has to send, and what it was told."""

    def __init__(self, actor: Actor, number: int, ahead: timedelta) -> None:
        self.actor, self.uid, self.ahead, self.seq = actor, f"device-{number:012}", ahead, 0
        self.queue: list[Report] = []
        self.told: dict[str, tuple[str, str]] = {}


class Deliveries(RuleBasedStateMachine):
    """One campaign. Time goes on with every step; a scan stays in its device's queue until the answer arrives."""

    database: Database
    keyring: Keyring

    @initialize(ahead=st.lists(st.integers(-48, 48), min_size=PHONES, max_size=PHONES))
    def begin(self, ahead: list[int]) -> None:
        with self.database.transaction() as session:
            place = make_campaign(session)
        self.world = ScanWorld(self.database, place, self.keyring)
        self.phones = [Phone(self.world.courier(), n, timedelta(hours=hours)) for n, hours in enumerate(ahead)]
        self.parcels = [self.world.parcel() for _ in range(6)]
        self.made: dict[str, Phone] = {}
        self.history: dict[str, tuple[Any, ...]] = {}
        self.now = NOW + timedelta(minutes=1)

    def _later(self) -> None:
        self.now += timedelta(minutes=1)
        self.world.now = self.now

    def _codes(self, which: int) -> Codes:
        return self.parcels[which % len(self.parcels)]

    @rule(
        scans=st.lists(
            st.tuples(
                st.integers(0, PHONES - 1),
                st.integers(0, 5),
                st.sampled_from(["both", "both", "both", "both", "alone", "other", "refuse", "absent"]),
            ),
            min_size=1,
            max_size=6,
        )
    )
    def scan(self, scans: list[tuple[int, int, str]]) -> None:
        for who, which, kind in scans:
            self._later()
            phone, codes = self.phones[who], self._codes(which)
            receipt = {"both": codes.receipt.text, "other": self._codes(which + 1).receipt.text}.get(kind, "")
            phone.seq += 1
            made = report(
                codes,
                recipient_code=receipt,
                action=kind if kind in ("refuse", "absent") else "hand_over",
                at=self.now + phone.ahead,
                device_id=phone.uid,
                device_seq=phone.seq,
            )
            phone.queue.append(made)
            self.made[made.nonce] = phone

    @rule(
        devices=st.lists(st.integers(0, PHONES - 1), min_size=1, max_size=PHONES),
        backwards=st.booleans(),
        cut=st.sampled_from(["", "", "", "answer", "half"]),
    )
    def sync(self, devices: list[int], backwards: bool, cut: str) -> None:
        for who in devices:
            self._later()
            phone = self.phones[who]
            batch = [each.model_copy(update={"sent_at": self.now + phone.ahead}) for each in phone.queue]
            answers = self.world.take(phone.actor, *(batch[::-1] if backwards else batch))
            self._hear(phone, [] if cut == "answer" else answers[: len(answers) // 2] if cut == "half" else answers)

    def _hear(self, phone: Phone, answers: list[Answer]) -> None:
        for answer in answers:
            now_told = (answer.outcome, answer.code)
            assert phone.told.setdefault(answer.nonce, now_told) == now_told
        phone.queue = [each for each in phone.queue if each.nonce not in phone.told]

    @rule(who=st.integers(0, PHONES - 1), other=st.integers(0, PHONES - 1))
    def a_stolen_queue_is_sent_by_somebody_else(self, who: int, other: int) -> None:
        self._later()
        thief, phone = self.phones[other], self.phones[who]
        if other != who and phone.told:
            nonce = next(iter(phone.told))
            forged = report(self._codes(0), nonce=nonce, at=self.now, device_id=thief.uid, device_seq=10_000)
            assert self.world.one(thief.actor, forged) == ("refused", "nonce_reused")

    @rule(which=st.integers(0, 7), what=st.sampled_from(["cancel", "renew", "dispute", "redo"]))
    def a_coordinator_acts(self, which: int, what: str) -> None:
        self._later()
        codes, actor = self._codes(which), self.world.place.coordinator
        try:
            with self.database.transaction() as session:
                if what == "renew":
                    fresh = issue_codes(
                        session, wish_id=codes.wish_id, signer=self.world.signer, now=self.now, anew=True
                    )
                elif what == "cancel":
                    claims.cancel(session, wish_id=codes.wish_id, actor=actor, now=self.now, reason="搬走了")
                else:
                    claims.step(session, what, wish_id=codes.wish_id, actor=actor, now=self.now, reason="没有收到")
        except MicrowishError:
            return  # not from where this wish stands
        if what == "renew":
            self.parcels.append(fresh)

    @rule(who=st.integers(0, PHONES - 1))
    def a_phone_is_lost(self, who: int) -> None:
        self._later()
        with self.database.transaction() as session:
            found = session.execute(sa.select(col(Device.id)).where(col(Device.uid) == self.phones[who].uid)).scalar()
            seen = [] if found is None else [each.id for each in devices.devices_of(session, self.world.place.id)]
            if found in seen and who == 0:  # one of them, lest there be nothing left to watch
                devices.revoke(
                    session, device_id=found, campaign_id=self.world.place.id, actor=self.world.place.coordinator,
                    now=self.now,
                )  # fmt: skip

    @rule(pick=st.integers(0, 20), none=st.booleans())
    def a_coordinator_settles(self, pick: int, none: bool) -> None:
        self._later()
        with self.database.reading() as session:
            found = matters(session, self.world.place.id)
        if not found:
            return
        matter = found[pick % len(found)]
        scans = [each.nonce for each in matter.scans if each.action == "hand_over"]
        chosen = "" if none or not scans else scans[pick % len(scans)]
        try:
            with self.database.transaction() as session:
                settle(
                    session, campaign_id=self.world.place.id, claim_id=matter.claim_id, standing=chosen, reason="问过了",
                    actor=self.world.place.coordinator, now=self.now,
                )  # fmt: skip
        except MicrowishError:
            return  # the claim is over, or the wish stands where nothing can be delivered
        with self.database.reading() as session:
            after = matter_of(session, self.world.place.id, matter.claim_id)
        assert not after.open and (not chosen or after.standing == chosen)

    @invariant()
    def nothing_is_lost_twice_or_rewritten(self) -> None:
        if not hasattr(self, "world"):
            return
        with self.database.reading() as session:
            on_record = {
                row.nonce: tuple(row)
                for row in session.execute(
                    sa.select(Scan.__table__).where(col(Scan.campaign_id) == self.world.place.id)
                )  # type: ignore[attr-defined]
            }
            confirmed = session.execute(
                sa.select(col(HandOver.claim_id), sa.func.count())
                .where(col(HandOver.state) == "confirmed", col(HandOver.campaign_id) == self.world.place.id)
                .group_by(col(HandOver.claim_id))
            ).all()
        for nonce, row in self.history.items():
            assert on_record[nonce] == row, "a scan on record was changed or removed"
        self.history = on_record
        for nonce, phone in self.made.items():
            assert nonce in on_record or nonce in [each.nonce for each in phone.queue], "a scan was lost"
            assert nonce not in phone.told or on_record[nonce] is not None
        assert all(count == 1 for _, count in confirmed), "a claim was confirmed twice"

    @invariant()
    def what_is_delivered_has_one_scan_that_counts(self) -> None:
        if not hasattr(self, "world"):
            return
        with self.database.reading() as session:
            rows = session.execute(
                sa.select(col(Wish.status), col(Wish.delivered_at), col(Claim.state), col(HandOver.uid))
                .join(Claim, col(Claim.wish_id) == col(Wish.id))
                .outerjoin(HandOver, (col(HandOver.claim_id) == col(Claim.id)) & (col(HandOver.state) == "confirmed"))
                .where(col(Wish.campaign_id) == self.world.place.id)
            ).all()
        for status, delivered_at, claim, counts in rows:
            if claim == ClaimState.DELIVERED and status == Status.DELIVERED:
                assert counts is not None and delivered_at is not None and delivered_at <= self.now
            elif claim == ClaimState.ENDED:
                assert status != Status.DELIVERED

    def teardown(self) -> None:
        """In the end everybody has a signal: all queues run empty, and every scan has its answer."""
        if not hasattr(self, "world"):
            return
        for phone in self.phones:
            self._later()
            self._hear(phone, self.world.take(phone.actor, *phone.queue))
            assert not phone.queue
        assert set(self.made) == {nonce for phone in self.phones for nonce in phone.told}
        self.nothing_is_lost_twice_or_rewritten()


@pytest.fixture
def drive(database: Database, tmp_path: Path) -> Iterator[Callable[[int, int], None]]:
    keyring = create_keyring(tmp_path / "keys")

    def run(examples: int, steps: int) -> None:
        machine = type("Deliveries", (Deliveries,), {"database": database, "keyring": keyring})
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            machine,
            settings=given_settings(
                max_examples=examples, stateful_step_count=steps, deadline=None, derandomize=True, database=None
            ),
        )

    yield run


def test_whatever_happens_no_scan_is_lost_and_nothing_is_delivered_twice(drive: Callable[[int, int], None]) -> None:
    drive(EXAMPLES, STEPS)
