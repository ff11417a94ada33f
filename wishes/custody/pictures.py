"""Photographs of things on their way: the receipt of the shop, what did not pass, what was damaged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor
from wishes.custody.tables import CustodyPicture
from wishes.errors import NotFound
from wishes.intake.tables import Wish
from wishes.model import columns, table_of
from wishes.protection.keyring import Keyring
from wishes.protection.pictures import Drawer, keep_picture, open_picture
from wishes.protection.vault import Vault

_PICTURE, _Wish = table_of(CustodyPicture), columns(Wish)
DRAWER = Drawer("custody", "custody_picture", "picture_key")


@dataclass(frozen=True, slots=True)
class Photo:
    """A photograph as it was sent, and what is needed to keep it."""

    data: bytes
    uploads: Path
    keyring: Keyring


def keep(
    session: Session,
    photo: Photo,
    *,
    campaign_id: int,
    wish_id: int,
    claim_id: int | None,
    about: str,
    actor: Actor,
    now: datetime,
) -> str:
    """Keep *photo* with the wish; answers its uid. Raises Invalid (``photo``). Effects: a sealed file, a row."""
    kept = keep_picture(photo.data, drawer=DRAWER, uploads=photo.uploads, vault=Vault(photo.keyring))
    session.execute(
        sa.insert(_PICTURE).values(
            campaign_id=campaign_id, wish_id=wish_id, claim_id=claim_id, about=about, uid=kept.uid,
            picture_key=kept.wrapped_key, size_bytes=kept.size_bytes, kept_by=actor.account_id, kept_at=now,
        )
    )  # fmt: skip
    return kept.uid


def wish_of_picture(session: Session, campaign_id: int, uid: str) -> str:
    """The code of the wish that a photograph belongs to. Raises NotFound."""
    code = session.execute(
        sa.select(_Wish.code)
        .join(_PICTURE, _PICTURE.c.wish_id == _Wish.id)
        .where(_PICTURE.c.uid == uid, _PICTURE.c.campaign_id == campaign_id, _PICTURE.c.picture_key.is_not(None))
    ).scalar()
    if code is None:
        raise NotFound("这张照片", "photograph")
    return str(code)


def opened(session: Session, uid: str, *, uploads: Path, keyring: Keyring) -> bytes:
    """The JPEG. Raises NotFound, SealBroken, KeyMissing."""
    row = session.execute(sa.select(_PICTURE.c.picture_key).where(_PICTURE.c.uid == uid)).one_or_none()
    picture = (
        None
        if row is None
        else open_picture(uid, row.picture_key, drawer=DRAWER, uploads=uploads, vault=Vault(keyring))
    )
    if picture is None:
        raise NotFound("这张照片", "photograph")
    return picture


def empty_pictures(session: Session, child_ids: Sequence[int]) -> None:
    """Take away the keys of the photographs of these children's things."""
    theirs = sa.select(_Wish.id).where(_Wish.child_id.in_(child_ids))
    session.execute(sa.update(_PICTURE).where(_PICTURE.c.wish_id.in_(theirs)).values(picture_key=None))


def sweep_pictures(session: Session, folder: Path) -> None:
    """Delete the files that no key opens any more."""
    for (uid,) in session.execute(sa.select(_PICTURE.c.uid).where(_PICTURE.c.picture_key.is_(None))):
        DRAWER.path(folder, uid).unlink(missing_ok=True)
