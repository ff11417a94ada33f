"""The devices that report scans: known by the account that uses them, with the clock they were last seen to have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from wishes.access import Actor
from wishes.errors import NotFound
from wishes.handover.tables import Device, Scan
from wishes.model import table_of
from wishes.people.tables import Account

_DEVICE, _SCAN, _ACCOUNT = table_of(Device), table_of(Scan), table_of(Account)


@dataclass(frozen=True, slots=True)
class DeviceHere:
    """A device that is reporting now."""

    id: int
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeviceSeen:
    """A device as coordinators see it. ``missing`` counts numbers of its scans that never came; ``skew_s`` is None when unmeasured."""

    id: int
    uid: str
    account: str
    scans: int
    refused: int
    missing: int
    skew_s: int | None
    first_seen_at: datetime
    last_seen_at: datetime
    revoked_at: datetime | None


def meet(session: Session, *, uid: str, account_id: int | None, skew_s: int | None, now: datetime) -> DeviceHere:
    """The device that names itself *uid*, known from now on. Two accounts on one phone are two devices.

    Effects: one device row, its last report.
    """
    told = {"account_id": account_id, "uid": uid, "skew_s": skew_s, "first_seen_at": now, "last_seen_at": now}
    return DeviceHere(*session.execute(_met(session.get_bind().dialect.name), told).one())


@lru_cache
def _met(dialect: str) -> Any:
    """The statement of :func:`meet`, built once for each database."""
    insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    told = insert(_DEVICE)
    return told.on_conflict_do_update(
        index_elements=["account_id", "uid"],
        set_={
            "skew_s": sa.func.coalesce(told.excluded.skew_s, _DEVICE.c.skew_s),
            "last_seen_at": told.excluded.last_seen_at,
        },
    ).returning(_DEVICE.c.id, _DEVICE.c.revoked_at)


def revoke(session: Session, *, device_id: int, campaign_id: int, actor: Actor, now: datetime) -> None:
    """A lost phone reports no more: what it scanned before waits for a coordinator, what it scans from now on is refused.

    Raises NotFound for a device that never reported to this campaign. Ending what is ended changes nothing.
    """
    reported = sa.select(_SCAN.c.id).where(_SCAN.c.device_id == device_id, _SCAN.c.campaign_id == campaign_id).limit(1)
    if session.execute(reported).first() is None:
        raise NotFound("这台设备", "device")
    session.execute(
        sa.update(_DEVICE)
        .where(_DEVICE.c.id == device_id, _DEVICE.c.revoked_at.is_(None))
        .values(revoked_at=now, revoked_by=actor.account_id)
    )


def devices_of(session: Session, campaign_id: int) -> list[DeviceSeen]:
    """The devices that reported to a campaign, last seen first. Lost scans are those between 1 and the highest number."""
    counted = (
        sa.select(
            _SCAN.c.device_id,
            sa.func.count().label("scans"),
            sa.func.sum(sa.case((_SCAN.c.outcome == "refused", 1), else_=0)).label("refused"),
        )
        .where(_SCAN.c.campaign_id == campaign_id)
        .group_by(_SCAN.c.device_id)
        .subquery()
    )
    numbered = (
        sa.select(
            _SCAN.c.device_id,
            (sa.func.max(_SCAN.c.device_seq) - sa.func.count(sa.distinct(_SCAN.c.device_seq))).label("missing"),
        )
        .where(_SCAN.c.device_seq > 0)
        .group_by(_SCAN.c.device_id)
        .subquery()
    )
    rows = session.execute(
        sa.select(
            _DEVICE.c.id,
            _DEVICE.c.uid,
            sa.func.coalesce(_ACCOUNT.c.name, ""),
            counted.c.scans,
            counted.c.refused,
            sa.func.coalesce(numbered.c.missing, 0),
            _DEVICE.c.skew_s,
            _DEVICE.c.first_seen_at,
            _DEVICE.c.last_seen_at,
            _DEVICE.c.revoked_at,
        )
        .join(counted, counted.c.device_id == _DEVICE.c.id)
        .join(numbered, numbered.c.device_id == _DEVICE.c.id, isouter=True)
        .join(_ACCOUNT, _ACCOUNT.c.id == _DEVICE.c.account_id, isouter=True)
        .order_by(_DEVICE.c.last_seen_at.desc(), _DEVICE.c.id)
    )
    return [DeviceSeen(*row) for row in rows]
