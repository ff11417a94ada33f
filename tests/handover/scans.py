"""A world for scans: wishes on their way, couriers with devices, and everybody's codes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from tests.factories import NOW, Place, make_campaign, make_volunteer, make_wish, signed_in
from wishes.access import Actor, Role
from wishes.claims import actions as claims
from wishes.claims.tables import Claim, ClaimState
from wishes.db import Database
from wishes.events.actions import move
from wishes.handover.actions import Codes, issue_codes
from wishes.handover.reports import Report
from wishes.handover.scanning import Answer, take_batch
from wishes.handover.tables import HandOver, Scan
from wishes.handover.tokens import PublicKeys, TokenSigner
from wishes.intake.sealing import seal_identity
from wishes.intake.tables import Child, Wish
from wishes.lifecycle import Status
from wishes.protection.keyring import Keyring, create_keyring, read_keyring
from wishes.protection.vault import Vault

SEED = bytes(range(32))


@dataclass
class ScanWorld:
    """One campaign's deliveries. ``now`` is the server's clock; tests turn it."""

    database: Database
    place: Place
    keyring: Keyring
    now: datetime = NOW
    signer: TokenSigner = field(default_factory=lambda: TokenSigner(1, SEED))

    @property
    def keys(self) -> PublicKeys:
        return PublicKeys({1: self.signer.public_key})

    def parcel(self, status: Status = Status.IN_TRANSIT, *, place: Place | None = None) -> Codes:
        """A wish that a volunteer of its own holds, in *status*, and its codes."""
        place = place or self.place
        with self.database.transaction() as session:
            wish_id = make_wish(session, place)
            volunteer_id = make_volunteer(session, place.id)
            taker = Actor(None, "taker", (place.grant(Role.VOLUNTEER, volunteer_id=volunteer_id),))
            claims.claim(session, wish_id=wish_id, actor=taker, now=self.now, volunteer_id=volunteer_id)
            for name, reached in (
                ("prepare", Status.READY), ("inspect", Status.INSPECTED), ("dispatch", Status.IN_TRANSIT),
            ):  # fmt: skip
                if status is not Status.CLAIMED:
                    move(session, name, wish_id=wish_id, actor=place.coordinator, now=self.now)
                if status is reached:
                    break
            return issue_codes(session, wish_id=wish_id, signer=self.signer, now=self.now)

    def courier(self, place: Place | None = None) -> Actor:
        place = place or self.place
        return self.person(place.grant(Role.COURIER))

    def person(self, *grants: Any) -> Actor:
        with self.database.transaction() as session:
            return signed_in(session, Actor(None, "somebody", grants))

    def take(
        self, actor: Actor, *reports: Report, later: timedelta = timedelta(0), address: str = "192.0.2.1", **more: Any
    ) -> list[Answer]:
        return take_batch(
            self.database, reports, actor=actor, signer=self.signer, keys=self.keys, vault=Vault(self.keyring),
            now=self.now + later, address=address, **more,
        )  # fmt: skip

    def one(self, actor: Actor, report: Report, **more: Any) -> tuple[str, str]:
        """Outcome and code of a single scan."""
        [answer] = self.take(actor, report, **more)
        return answer.outcome, answer.code

    def standing(self, codes: Codes) -> tuple[Status, ClaimState, list[str], datetime | None]:
        """The wish's status, its claim's state, the nonces that count, and when it was delivered."""
        with self.database.reading() as session:
            wish = session.execute(
                sa.select(col(Wish.status), col(Wish.delivered_at)).where(col(Wish.id) == codes.wish_id)
            ).one()
            claim = session.execute(sa.select(col(Claim.state)).where(col(Claim.id) == codes.claim_id)).scalar_one()
            counts = session.execute(
                sa.select(col(HandOver.uid)).where(
                    col(HandOver.claim_id) == codes.claim_id, col(HandOver.state) == "confirmed"
                )
            ).scalars()
            return Status(wish.status), ClaimState(claim), list(counts), wish.delivered_at

    def scans(self) -> list[Any]:
        """Every scan on record, oldest first."""
        with self.database.reading() as session:
            return list(session.execute(sa.select(Scan.__table__).order_by(col(Scan.id))))  # type: ignore[attr-defined]


def scan_world(database: Database, folder: Path, place: Place | None = None) -> ScanWorld:
    if place is None:
        with database.transaction() as session:
            place = make_campaign(session)
    return ScanWorld(database, place, create_keyring(folder) if not folder.exists() else read_keyring(folder))


def report(codes: Codes | None = None, *, at: datetime = NOW, **more: Any) -> Report:
    """Both codes, scanned at *at* by a device with the right time."""
    given: dict[str, Any] = {
        "nonce": secrets.token_hex(12),
        "token": codes.label.text if codes else "",
        "recipient_code": codes.receipt.text if codes else "",
        "occurred_at": at,
        "device_id": "device-0123456789",
        "device_seq": 1,
        **more,
    }
    return Report.model_validate(given)


def end_claim(session: Session, codes: Codes, place: Place, now: datetime) -> None:
    claims.cancel(session, wish_id=codes.wish_id, actor=place.coordinator, now=now, reason="不再需要")


def with_identity(world: ScanWorld) -> None:
    """Give the first community's child an identity to be sealed."""
    with world.database.transaction() as session:
        sealed = seal_identity(Vault(world.keyring), world.place.child_id, {"name": "儿童 1"})
        session.execute(sa.update(Child).where(col(Child.id) == world.place.child_id).values(**sealed))
