"""Photographs on disk: drawn anew so that nothing but the picture is left of them, and sealed.

The files lie below the uploads folder, outside whatever the web serves. A picture's key stands, wrapped, in the row that names it:
emptied there, what is left on disk and in backups is noise. Source: OWASP ASVS 5.0 5.2, 5.4, 14.2.8.
"""

from __future__ import annotations

import io
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from PIL import Image, ImageOps, UnidentifiedImageError

from wishes.errors import Invalid
from wishes.i18n import Text
from wishes.protection.vault import SealBroken, Vault, place

LARGEST_BYTES = 12 * 1024 * 1024
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 2000
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Drawer:
    """Where the pictures of one table lie: *folder* below the uploads folder, and the names its seals are bound to."""

    folder: str
    table: str
    key_column: str

    def path(self, uploads: Path, uid: str) -> Path:
        return uploads / self.folder / f"{uid}.sealed"

    def key_place(self, uid: str) -> str:
        return place(self.table, uid, self.key_column)

    def bytes_place(self, uid: str) -> bytes:
        return place(self.table, uid, "bytes").encode()


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture that lies sealed on disk, for the row that will name it."""

    uid: str
    wrapped_key: bytes
    size_bytes: int


def redrawn(data: bytes, *, field: str) -> bytes:
    """The picture alone, upright, as JPEG of at most :data:`LONGEST_SIDE`; no metadata, no appended bytes. Raises Invalid (*field*).

    JPEG, PNG and WebP only; looked at before it is unpacked.
    """
    if len(data) > LARGEST_BYTES:
        raise Invalid(field, Text("照片不能超过 12 MB。", "The photograph may have 12 MB at most."))
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG", "PNG", "WEBP"]) as given:
            if given.width * given.height > MOST_PIXELS:
                raise Invalid(field, Text("照片的像素太多。", "The photograph has too many pixels."))
            given.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            upright = ImageOps.exif_transpose(given).convert("RGB")
            upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        raise Invalid(
            field, Text("请上传 JPEG、PNG 或 WebP 照片。", "Please send a JPEG, PNG or WebP picture.")
        ) from error
    fresh = Image.new("RGB", upright.size)
    fresh.paste(upright)
    made = io.BytesIO()
    fresh.save(made, "JPEG", quality=80)
    return made.getvalue()


def keep_picture(data: bytes, *, drawer: Drawer, uploads: Path, vault: Vault, field: str = "photo") -> Kept:
    """Draw *data* anew and seal it. Raises Invalid (*field*). Effects: one file below *uploads*, whole before any row names it."""
    return keep_sealed(redrawn(data, field=field), drawer=drawer, uploads=uploads, vault=vault)


def keep_sealed(data: bytes, *, drawer: Drawer, uploads: Path, vault: Vault) -> Kept:
    """Seal *data*, which is ours (a picture drawn anew, a paper). Effects: one file below *uploads*, whole before any row names it."""
    uid = secrets.token_hex(12)
    key, wrapped = vault.new_data_key(aad=drawer.key_place(uid))
    nonce = os.urandom(_NONCE_BYTES)
    path = drawer.path(uploads, uid)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(nonce + AESGCM(key.secret).encrypt(nonce, data, drawer.bytes_place(uid)))
        file.flush()
        os.fsync(file.fileno())
    return Kept(uid, wrapped, len(data))


def open_picture(uid: str, wrapped_key: bytes | None, *, drawer: Drawer, uploads: Path, vault: Vault) -> bytes | None:
    """What was sealed; None when its file is gone. Raises Erased (its key was taken away), SealBroken, KeyMissing."""
    path = drawer.path(uploads, uid)
    if not path.exists():
        return None
    key, sealed = vault.unwrap(wrapped_key, aad=drawer.key_place(uid)), path.read_bytes()
    try:
        return AESGCM(key.secret).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], drawer.bytes_place(uid))
    except (InvalidTag, ValueError):
        raise SealBroken() from None


def rewrap_picture(vault: Vault, drawer: Drawer, uid: str, wrapped_key: bytes) -> bytes | None:
    """A picture's key under the active master key, or None when it is already. Raises SealBroken, KeyMissing."""
    return vault.rewrap(wrapped_key, aad=drawer.key_place(uid))
