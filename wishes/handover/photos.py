"""Photographs of a hand-over: drawn anew so that nothing but the picture is left, sealed, seen by who keeps the wish's record."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor
from wishes.errors import Invalid, NotFound
from wishes.handover.tables import Scan, ScanPhoto
from wishes.i18n import Text
from wishes.intake.tables import Wish
from wishes.model import table_of
from wishes.protection.pictures import Drawer, keep_picture, open_picture, rewrap_picture
from wishes.protection.vault import Vault

_PHOTO, _SCAN, _WISH = table_of(ScanPhoto), table_of(Scan), table_of(Wish)
DRAWER: Final = Drawer("scans", "scan_photo", "photo_key")
MOST: Final = 3


@dataclass(frozen=True, slots=True)
class PhotoSeen:
    """A photograph that can still be opened."""

    id: int
    scan_id: int
    kept_at: datetime


def keep_photo(
    session: Session,
    *,
    campaign_id: int,
    nonce: str,
    data: bytes,
    uploads: Path,
    vault: Vault,
    actor: Actor,
    now: datetime,
) -> bool:
    """Keep a photograph of a scan that *actor* made; False when this very photograph is kept already.

    Raises NotFound (no such scan of theirs in this campaign), Invalid (no picture, or more than :data:`MOST`). Effects: one sealed
    file below *uploads* and its row.
    """
    scan_id = session.execute(
        sa.select(_SCAN.c.id)
        .where(
            _SCAN.c.nonce == nonce,
            _SCAN.c.campaign_id == campaign_id,
            _SCAN.c.account_id == actor.account_id,
            _SCAN.c.wish_id.is_not(None),
        )
        .with_for_update()
    ).scalar()
    if scan_id is None:
        raise NotFound("这次扫码", "scan")
    digest = hashlib.sha256(data).digest()
    kept = [
        bytes(each) for each in session.execute(sa.select(_PHOTO.c.digest).where(_PHOTO.c.scan_id == scan_id)).scalars()
    ]
    if digest in kept:
        return False
    if len(kept) >= MOST:
        raise Invalid(
            "photo", Text("一次扫码最多 {most} 张照片。", "A scan has {most} photographs at most."), most=MOST
        )
    picture = keep_picture(data, drawer=DRAWER, uploads=uploads, vault=vault)
    session.execute(
        sa.insert(_PHOTO).values(
            scan_id=scan_id, uid=picture.uid, photo_key=picture.wrapped_key, digest=digest, size_bytes=picture.size_bytes,
            kept_by=actor.account_id, kept_at=now,
        )
    )  # fmt: skip
    return True


def photos_of(session: Session, wish_id: int) -> list[PhotoSeen]:
    rows = session.execute(
        sa.select(_PHOTO.c.id, _PHOTO.c.scan_id, _PHOTO.c.kept_at)
        .join(_SCAN, _SCAN.c.id == _PHOTO.c.scan_id)
        .where(_SCAN.c.wish_id == wish_id, _PHOTO.c.photo_key.is_not(None))
        .order_by(_PHOTO.c.id)
    )
    return [PhotoSeen(*row) for row in rows]


def see_photo(session: Session, *, wish_id: int, photo_id: int, uploads: Path, vault: Vault) -> bytes:
    """The JPEG. Raises NotFound (not of this wish, or gone), SealBroken, KeyMissing."""
    row = session.execute(
        sa.select(_PHOTO.c.uid, _PHOTO.c.photo_key)
        .join(_SCAN, _SCAN.c.id == _PHOTO.c.scan_id)
        .where(_PHOTO.c.id == photo_id, _SCAN.c.wish_id == wish_id, _PHOTO.c.photo_key.is_not(None))
    ).one_or_none()
    picture = None if row is None else open_picture(row.uid, row.photo_key, drawer=DRAWER, uploads=uploads, vault=vault)
    if picture is None:
        raise NotFound("这张照片", "photograph")
    return picture


def empty_photos(session: Session, child_ids: Sequence[int]) -> None:
    """Take the keys of these children's photographs away: from then on the files are noise."""
    theirs = sa.select(_SCAN.c.id).join(_WISH, _WISH.c.id == _SCAN.c.wish_id).where(_WISH.c.child_id.in_(child_ids))
    session.execute(sa.update(_PHOTO).where(_PHOTO.c.scan_id.in_(theirs)).values(photo_key=None))


def sweep_photos(session: Session, uploads: Path) -> None:
    """Delete the files that no key opens any more."""
    for (uid,) in session.execute(sa.select(_PHOTO.c.uid).where(_PHOTO.c.photo_key.is_(None))):
        DRAWER.path(uploads, uid).unlink(missing_ok=True)


def rewrap_photo(vault: Vault, uid: str, photo_key: bytes) -> bytes | None:
    """A photograph's key under the active master key, or None when it is already. Raises SealBroken, KeyMissing."""
    return rewrap_picture(vault, DRAWER, uid, photo_key)
