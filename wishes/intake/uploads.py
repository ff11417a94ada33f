"""Workbooks as they were sent, kept sealed: they hold what tells who the children are.

One file on disk for the same bytes in one campaign, named by their SHA-256. The key that opens it stands, wrapped, in
the rows of the files (``ImportFile.original_key``): emptied there, what is left on disk and in backups is noise.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlmodel import Session

from wishes.campaigns.tables import Campaign
from wishes.errors import MicrowishError
from wishes.i18n import Text
from wishes.intake.tables import ImportFile
from wishes.model import table_of
from wishes.protection.keyring import Keyring
from wishes.protection.vault import DataKey, SealBroken, Vault, place

_FILE, _CAMPAIGN = table_of(ImportFile), table_of(Campaign)
_NONCE_BYTES = 12


class OriginalGone(MicrowishError):
    """The workbook is not kept any more, or its file is missing."""

    status, code = 410, "original_gone"
    title = Text("原件已删除", "The original was deleted")
    sentence = Text(
        "原来的表格已按规定删除或不在服务器上。如仍需要，请重新上传。",
        "The workbook is no longer kept. If you still need it here, please upload it again.",
    )


class Originals:
    """The sealed workbooks below one folder (``Settings.uploads_dir``), which all processes share."""

    def __init__(self, folder: Path, keyring: Keyring) -> None:
        self.folder, self._vault = folder, Vault(keyring)

    def keep(self, session: Session, *, file_id: int, data: bytes) -> None:
        """Seal the bytes of a file that was just received. The same bytes of the same campaign are kept once.

        Effects: the file's ``original_key`` and ``size_bytes``, one file on disk, which is whole before the row names it.
        """
        campaign_id, digest = session.execute(
            sa.select(_FILE.c.campaign_id, _FILE.c.digest).where(_FILE.c.id == file_id)
        ).one()
        # Two at once with the same bytes would overwrite each other's file under different keys.
        session.execute(sa.select(_CAMPAIGN.c.id).where(_CAMPAIGN.c.id == campaign_id).with_for_update(key_share=True))
        wrapped = session.execute(
            sa.select(_FILE.c.original_key).where(
                _FILE.c.campaign_id == campaign_id, _FILE.c.digest == digest, _FILE.c.original_key.is_not(None)
            )
        ).scalar()
        path = self._path(campaign_id, digest)
        if wrapped is None or not path.exists():
            key, wrapped = self._vault.new_data_key(aad=_place(campaign_id, digest, "key"))
            _write(path, _seal(key, data, _place(campaign_id, digest, "bytes")))
        session.execute(
            sa.update(_FILE).where(_FILE.c.id == file_id).values(original_key=wrapped, size_bytes=len(data))
        )

    def read(self, session: Session, file_id: int) -> bytes:
        """The workbook as it was sent. Raises OriginalGone, SealBroken, KeyMissing."""
        campaign_id, digest, key = self._opened(session, file_id)
        return _open(key, self._path(campaign_id, digest), _place(campaign_id, digest, "bytes"))

    def keep_view(self, session: Session, file_id: int, view: bytes) -> None:
        """Keep beside the workbook what was made of it, sealed with the same key. Raises OriginalGone."""
        campaign_id, digest, key = self._opened(session, file_id)
        _write(
            self._view_path(campaign_id, digest, file_id),
            _seal(key, view, _place(campaign_id, digest, f"view{file_id}")),
        )

    def read_view(self, session: Session, file_id: int) -> bytes | None:
        """What :meth:`keep_view` kept, or None. Raises OriginalGone, SealBroken."""
        campaign_id, digest, key = self._opened(session, file_id)
        path = self._view_path(campaign_id, digest, file_id)
        return _open(key, path, _place(campaign_id, digest, f"view{file_id}")) if path.exists() else None

    def forget(self, session: Session, *, campaign_id: int, digest: str) -> None:
        """Delete a workbook for good, under whatever names it came. Forgetting again changes nothing."""
        session.execute(
            sa.update(_FILE)
            .where(_FILE.c.campaign_id == campaign_id, _FILE.c.digest == digest)
            .values(original_key=None)
        )
        path = self._path(campaign_id, digest)
        for each in (path, *path.parent.glob(f"{digest}.*.view")):
            each.unlink(missing_ok=True)

    def _opened(self, session: Session, file_id: int) -> tuple[int, str, DataKey]:
        row = session.execute(
            sa.select(_FILE.c.campaign_id, _FILE.c.digest, _FILE.c.original_key).where(_FILE.c.id == file_id)
        ).one()
        if row.original_key is None:
            raise OriginalGone()
        return (
            row.campaign_id,
            row.digest,
            self._vault.unwrap(row.original_key, aad=_place(row.campaign_id, row.digest, "key")),
        )

    def _path(self, campaign_id: int, digest: str) -> Path:
        return self.folder / str(campaign_id) / f"{digest}.sealed"

    def _view_path(self, campaign_id: int, digest: str, file_id: int) -> Path:
        return self.folder / str(campaign_id) / f"{digest}.{file_id}.view"


def rewrap_original(vault: Vault, campaign_id: int, digest: str, original_key: bytes) -> bytes | None:
    """A workbook's key under the active master key, or None when it is already. Raises SealBroken, KeyMissing."""
    return vault.rewrap(original_key, aad=_place(campaign_id, digest, "key"))


def _place(campaign_id: int, digest: str, column: str) -> str:
    return place("original", f"{campaign_id}|{digest}", column)


def _seal(key: DataKey, data: bytes, aad: str) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key.secret).encrypt(nonce, data, aad.encode())


def _open(key: DataKey, path: Path, aad: str) -> bytes:
    try:
        sealed = path.read_bytes()
    except FileNotFoundError:
        raise OriginalGone() from None
    try:
        return AESGCM(key.secret).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], aad.encode())
    except (InvalidTag, ValueError):
        raise SealBroken() from None


def _write(path: Path, data: bytes) -> None:
    """All of it or nothing, also when the machine stops in between."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    with open(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
