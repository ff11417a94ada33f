"""A photograph of a signed consent: sealed, and shown to who may see the child. See :mod:`wishes.protection.pictures`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, may_see_identity
from wishes.errors import Invalid
from wishes.i18n import Text
from wishes.model import table_of
from wishes.protection import pictures
from wishes.protection.approvals import ApprovalNeeded, live_access
from wishes.protection.consents import child_kept
from wishes.protection.entries import note
from wishes.protection.keyring import Keyring
from wishes.protection.pictures import LARGEST_BYTES as LARGEST_BYTES
from wishes.protection.pictures import Drawer, keep_picture, open_picture, rewrap_picture
from wishes.protection.tables import ConsentScan
from wishes.protection.vault import Vault

_SCAN = table_of(ConsentScan)
_DRAWER = Drawer("consents", "consent_scan", "scan_key")


def redrawn(data: bytes) -> bytes:
    """The picture alone: see :func:`wishes.protection.pictures.redrawn`. Raises Invalid (``scan``)."""
    return pictures.redrawn(data, field="scan")


def keep_scan(
    session: Session,
    *,
    consent_id: int,
    child_id: int,
    data: bytes,
    folder: Path,
    keyring: Keyring,
    actor: Actor,
    now: datetime,
) -> None:
    """Keep a photograph of the paper behind a consent. Raises Invalid.

    Effects: one sealed file below *folder*, whole before the row names it.
    """
    kept = keep_picture(data, drawer=_DRAWER, uploads=folder, vault=Vault(keyring), field="scan")
    session.execute(
        sa.insert(_SCAN).values(
            consent_id=consent_id, child_id=child_id, uid=kept.uid, scan_key=kept.wrapped_key, size_bytes=kept.size_bytes,
            kept_by=actor.account_id, kept_at=now,
        )
    )  # fmt: skip


def has_scan(session: Session, child_id: int) -> bool:
    kept = sa.select(_SCAN.c.id).where(_SCAN.c.child_id == child_id, _SCAN.c.scan_key.is_not(None))
    return session.execute(kept.limit(1)).first() is not None


def see_scan(
    session: Session, *, child_id: int, reason: str, folder: Path, keyring: Keyring, actor: Actor, now: datetime
) -> bytes | None:
    """The newest photograph of the child's consents, for who may see who it is; None when none is kept. Every look is recorded.

    Raises NotFound, ApprovalNeeded, Invalid (no reason), SealBroken, KeyMissing.
    """
    child = child_kept(session, child_id, actor)
    approval = live_access(session, account_id=actor.account_id, child_id=child_id, now=now)
    if not may_see_identity(actor, child.campaign_id, child.community_id, approved=approval is not None):
        raise ApprovalNeeded()
    row = session.execute(
        sa.select(_SCAN)
        .where(_SCAN.c.child_id == child_id, _SCAN.c.scan_key.is_not(None))
        .order_by(_SCAN.c.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None or not _DRAWER.path(folder, row.uid).exists():
        return None
    if len(reason.strip()) < 2:
        raise Invalid("scan_reason", Text("请写明为什么查看。", "Please say why you look."))
    picture = open_picture(row.uid, row.scan_key, drawer=_DRAWER, uploads=folder, vault=Vault(keyring))
    note(
        session, "look", actor=actor, now=now, campaign_id=child.campaign_id, child_id=child_id, access_id=approval,
        fields=["scan"], reason=reason,
    )  # fmt: skip
    return picture


def empty_scans(session: Session, child_ids: Sequence[int]) -> None:
    """Take the keys of these children's photographs away: from then on the files are noise."""
    session.execute(sa.update(_SCAN).where(_SCAN.c.child_id.in_(child_ids)).values(scan_key=None))


def sweep_scans(session: Session, folder: Path) -> None:
    """Delete the files that no key opens any more."""
    for (uid,) in session.execute(sa.select(_SCAN.c.uid).where(_SCAN.c.scan_key.is_(None))):
        _DRAWER.path(folder, uid).unlink(missing_ok=True)


def rewrap_scan(vault: Vault, uid: str, scan_key: bytes) -> bytes | None:
    """A photograph's key under the active master key, or None when it is already. Raises SealBroken, KeyMissing."""
    return rewrap_picture(vault, _DRAWER, uid, scan_key)
