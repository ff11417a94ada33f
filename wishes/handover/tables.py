"""What is remembered of labels and hand-overs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from wishes.model import Field, SQLModel, document, instant, refers, row_id


class Label(SQLModel, table=True):
    """The codes issued for one claim. Both tokens are signed anew from ``tag``, ``epoch`` and ``expires_on`` when they are
    printed or checked (see :mod:`wishes.handover.tokens`): nothing that proves a hand-over is stored."""

    __table_args__ = (sa.UniqueConstraint("tag"), sa.UniqueConstraint("claim_id", "epoch"))
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    wish_id: int = refers("wish.id", index=True)
    claim_id: int = refers("claim.id")
    epoch: int = 1
    tag: bytes = Field(sa_type=sa.LargeBinary(8))
    kid: int = 0  # of the key that signed; 0 before it was noted: the key of today
    code: str = Field(
        default="", max_length=13, index=True
    )  # the label's short code, which is no secret: it is printed
    expires_on: date
    wrong_codes: int = 0  # receipt codes tried in vain
    created_at: datetime = instant()
    voided_at: datetime | None = instant(null=True)


class HandOver(SQLModel, table=True):
    """One proved report that the child's side has it, and whether it is the one that counts. ``uid`` is the scan's nonce.

    This is the reckoning of today, made from :class:`Scan`, which is the record: ``state`` may change with a scan that
    arrives late or by a coordinator's word, and at most one row per claim is ``confirmed``.
    """

    __tablename__ = "hand_over"
    __table_args__ = (
        sa.UniqueConstraint("uid"),
        sa.Index("ix_hand_over_wish", "wish_id"),
        sa.Index("ix_hand_over_claim", "claim_id"),
        sa.Index(
            "uq_hand_over_one_confirmed",
            "claim_id",
            unique=True,
            sqlite_where=sa.text("state = 'confirmed'"),
            postgresql_where=sa.text("state = 'confirmed'"),
        ),
    )
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    wish_id: int = refers("wish.id")
    claim_id: int = refers("claim.id")
    uid: str = Field(max_length=40)
    state: str = Field(max_length=12)  # confirmed (the one that stands), duplicate, conflict, undone
    evidence: str = Field(max_length=16)  # both_codes, receipt_code, community, paper
    account_id: int | None = refers("account.id", null=True)
    device_id: int | None = refers("device.id", null=True)
    details: dict[str, Any] = document()
    scanned_at: datetime = instant()
    received_at: datetime = instant()


class Device(SQLModel, table=True):
    """A phone or scanner of an account, as it names itself. What it reported last, and whether it may still report."""

    __table_args__ = (sa.UniqueConstraint("account_id", "uid"),)
    id: int | None = row_id()
    account_id: int | None = refers("account.id", null=True)
    uid: str = Field(max_length=40)
    skew_s: int | None = None  # our clock minus the device's, at its last report
    first_seen_at: datetime = instant()
    last_seen_at: datetime = instant()
    revoked_at: datetime | None = instant(null=True)
    revoked_by: int | None = refers("account.id", null=True)


class Scan(SQLModel, table=True):
    """What a device or page reported, and what it was told. Append-only, refusals and attacks included.

    Three clocks stand side by side: ``device_at`` is the device's own account, ``occurred_at`` is that account corrected
    by the measured ``skew_s`` and kept within what can have been, ``recorded_at`` is when we heard.
    """

    __table_args__ = (
        sa.UniqueConstraint("nonce"),
        sa.Index("ix_scan_claim", "claim_id"),
        sa.Index("ix_scan_wish", "wish_id"),
        sa.Index("ix_scan_campaign", "campaign_id", "id"),
        sa.Index("ix_scan_device", "device_id", "device_seq"),
    )
    id: int | None = row_id()
    campaign_id: int | None = refers("campaign.id", null=True)
    wish_id: int | None = refers("wish.id", null=True)
    claim_id: int | None = refers("claim.id", null=True)
    label_id: int | None = refers("label.id", null=True)
    nonce: str = Field(max_length=40)
    digest: bytes = Field(
        sa_type=sa.LargeBinary(32)
    )  # of what was reported: the same nonce with other content is no repeat
    action: str = Field(max_length=12)  # hand_over, refuse, absent
    channel: str = Field(max_length=8)  # device, page, api
    account_id: int | None = refers("account.id", null=True)
    device_id: int | None = refers("device.id", null=True)
    device_seq: int | None = None
    device_at: datetime = instant()
    sent_at: datetime | None = instant(null=True)  # by the device's clock
    skew_s: int | None = None
    clock: str = Field(default="", max_length=8)  # early, late, past, future: see wishes.handover.clocks
    occurred_at: datetime = instant()
    recorded_at: datetime = instant()
    outcome: str = Field(max_length=12)  # accepted, already, conflict, refused: as told
    code: str = Field(default="", max_length=32)
    evidence: str = Field(default="", max_length=16)
    receiver: str = Field(default="", max_length=12)  # guardian, director, authorised
    receiver_name: bytes | None = Field(default=None, sa_type=sa.LargeBinary)  # sealed with the child's data key
    place: str = Field(default="", max_length=5)  # geohash: some five kilometres
    receiver_id: int | None = refers("authorised_receiver.id", null=True)  # who was listed beforehand; else named then
    photo: bool = False  # one is to follow
    reason: str = Field(default="", max_length=200)  # the courier's note, screened


class AuthorisedReceiver(SQLModel, table=True):
    """Somebody who may take a child's parcels instead of the guardian. ``told`` holds name and phone, sealed under a key of their own
    that stands wrapped in front of them; erased with the child. ``listed_by`` None: the guardian, by their own link."""

    __tablename__ = "authorised_receiver"
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id", index=True)
    child_id: int = refers("child.id", index=True)
    uid: str = Field(max_length=20, unique=True)
    relation: str = Field(max_length=12)  # grandparent, relative, neighbour, teacher, other
    told: bytes | None = Field(default=None, sa_type=sa.LargeBinary)
    listed_by: int | None = refers("account.id", null=True)
    listed_at: datetime = instant()
    withdrawn_by: int | None = refers("account.id", null=True)
    withdrawn_at: datetime | None = instant(null=True)


class Settlement(SQLModel, table=True):
    """A coordinator's word on scans that contradict each other. Append-only; the newest of a claim counts."""

    __tablename__ = "scan_settlement"
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id", index=True)
    wish_id: int = refers("wish.id")
    claim_id: int = refers("claim.id", index=True)
    nonces: list[str] = document(list)  # the scans it looked at: one that comes later opens the matter again
    standing: str = Field(default="", max_length=40)  # the nonce that counts; empty: none does
    reason: str = Field(max_length=200)
    account_id: int | None = refers("account.id", null=True)
    settled_at: datetime = instant()


class ScanPhoto(SQLModel, table=True):
    """A photograph that belongs to a scan: drawn anew, sealed on disk. Without ``photo_key`` the file is noise."""

    __tablename__ = "scan_photo"
    __table_args__ = (sa.UniqueConstraint("scan_id", "digest"),)
    id: int | None = row_id()
    scan_id: int = refers("scan.id")
    uid: str = Field(max_length=32)
    photo_key: bytes | None = Field(default=None, sa_type=sa.LargeBinary, nullable=True)
    digest: bytes = Field(sa_type=sa.LargeBinary(32))  # of what was sent: sent again it is the same photograph
    size_bytes: int
    kept_by: int | None = refers("account.id", null=True)
    kept_at: datetime = instant()
