"""A photograph of a signed consent: drawn anew so that nothing but the picture is left of it, sealed, and shown to who may see the child.

The file lies below the uploads folder, outside whatever the web serves. Its key stands, wrapped, in the row: emptied there, what is left
on disk and in backups is noise. Source: OWASP ASVS 5.0 5.2, 5.4, 14.2.8.
"""

from __future__ import annotations

import io
import os
import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from PIL import Image, ImageOps, UnidentifiedImageError
from sqlmodel import Session

from wishes.access import Actor, may_see_identity
from wishes.errors import Invalid
from wishes.i18n import Text
from wishes.model import table_of
from wishes.protection.approvals import ApprovalNeeded, live_access
from wishes.protection.consents import child_kept
from wishes.protection.entries import note
from wishes.protection.keyring import Keyring
from wishes.protection.tables import ConsentScan
from wishes.protection.vault import SealBroken, Vault, place

_SCAN = table_of(ConsentScan)
LARGEST_BYTES = 12 * 1024 * 1024
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 2000
_NONCE_BYTES = 12


def redrawn(data: bytes) -> bytes:
    """The picture alone, upright, as JPEG of at most :data:`LONGEST_SIDE`; no metadata, no appended bytes. Raises Invalid (``scan``).

    JPEG, PNG and WebP only; looked at before it is unpacked.
    """
    if len(data) > LARGEST_BYTES:
        raise Invalid("scan", Text("照片不能超过 12 MB。", "The photograph may have 12 MB at most."))
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG", "PNG", "WEBP"]) as given:
            if given.width * given.height > MOST_PIXELS:
                raise Invalid("scan", Text("照片的像素太多。", "The photograph has too many pixels."))
            given.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            upright = ImageOps.exif_transpose(given).convert("RGB")
            upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        raise Invalid(
            "scan", Text("请上传 JPEG、PNG 或 WebP 照片。", "Please send a JPEG, PNG or WebP picture.")
        ) from error
    fresh = Image.new("RGB", upright.size)
    fresh.paste(upright)
    made = io.BytesIO()
    fresh.save(made, "JPEG", quality=80)
    return made.getvalue()


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
    picture, uid = redrawn(data), secrets.token_hex(12)
    key, wrapped = Vault(keyring).new_data_key(aad=place("consent_scan", uid, "scan_key"))
    nonce = os.urandom(_NONCE_BYTES)
    path = _path(folder, uid)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(nonce + AESGCM(key.secret).encrypt(nonce, picture, place("consent_scan", uid, "bytes").encode()))
        file.flush()
        os.fsync(file.fileno())
    session.execute(
        sa.insert(_SCAN).values(
            consent_id=consent_id, child_id=child_id, uid=uid, scan_key=wrapped, size_bytes=len(picture),
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
    if row is None or not _path(folder, row.uid).exists():
        return None
    if len(reason.strip()) < 2:
        raise Invalid("scan_reason", Text("请写明为什么查看。", "Please say why you look."))
    key = Vault(keyring).unwrap(row.scan_key, aad=place("consent_scan", row.uid, "scan_key"))
    sealed = _path(folder, row.uid).read_bytes()
    try:
        picture = AESGCM(key.secret).decrypt(
            sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place("consent_scan", row.uid, "bytes").encode()
        )
    except (InvalidTag, ValueError):
        raise SealBroken() from None
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
        _path(folder, uid).unlink(missing_ok=True)


def rewrap_scan(vault: Vault, uid: str, scan_key: bytes) -> bytes | None:
    """A photograph's key under the active master key, or None when it is already. Raises SealBroken, KeyMissing."""
    return vault.rewrap(scan_key, aad=place("consent_scan", uid, "scan_key"))


def _path(folder: Path, uid: str) -> Path:
    return folder / "consents" / f"{uid}.sealed"
