"""Sealing what tells who a child is, so that the database alone tells nobody.

Each child has a data key of its own (AES-256-GCM). It is stored beside the child, wrapped by a master key that is not
in the database. Every sealed value names its place (``table:row:column``) as associated data: moved elsewhere, it does
not open.

Erasing a child means deleting the wrapped data key. Rows and backups that hold only sealed values are then noise. A
backup that also holds the wrapped key is noise once the master key of that time is retired: rotate after erasing.
"""

from __future__ import annotations

import hmac
import json
import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wishes.errors import MicrowishError
from wishes.i18n import Text
from wishes.protection.keyring import KEY_BYTES, Keyring, Purpose

JsonValue = str | int | float | bool | None | list["JsonValue"] | dict[str, "JsonValue"]

_VERSION: Final = 1
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_WRAPPED_BYTES: Final = 2 + _NONCE_BYTES + KEY_BYTES + _TAG_BYTES
_PADDED_TO: Final = 64  # so that the length of a name or an address does not show


class VaultError(MicrowishError):
    """A sealed value cannot be used. Facts never hold a part of it."""

    status, code = 500, "vault"
    title = Text("加密信息有问题", "A problem with sealed information")


class SealBroken(VaultError):
    code = "seal_broken"
    sentence = Text(
        "加密信息无法打开：已损坏、被改动或不在原处。请通知系统管理员。",
        "A sealed value does not open: damaged, altered or moved. Tell the site administrator.",
    )


class Erased(VaultError):
    status, code = 410, "erased"
    title = Text("信息已删除", "The information was erased")
    sentence = Text(
        "这名儿童的身份信息已按规定删除，无法恢复。",
        "The identity of this child was erased as the rules require; it cannot be recovered.",
    )


@dataclass(frozen=True, slots=True)
class DataKey:
    """An unwrapped key of one child. Keep it for a request, not longer."""

    secret: bytes = field(repr=False)


def place(table: str, row: int | str, column: str) -> str:
    """The associated data of a sealed value, e.g. ``child:42:identity``."""
    return f"{table}:{row}:{column}"


def seal(fields: Mapping[str, JsonValue], *, data_key: DataKey, aad: str) -> bytes:
    """Close *fields* (JSON values) with *data_key*, bound to the place *aad*.

    Layout: version (1), nonce (12), ciphertext padded to 64 bytes, tag (16). Never twice the same. Raises ``TypeError``
    or ``ValueError`` for a value that JSON cannot hold.
    """
    text = json.dumps(dict(fields), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    padded = text.ljust(-(-len(text) // _PADDED_TO) * _PADDED_TO)  # JSON ignores spaces at its end
    nonce = os.urandom(_NONCE_BYTES)
    return bytes([_VERSION]) + nonce + AESGCM(data_key.secret).encrypt(nonce, padded, _bound(b"sealed", aad))


def open_sealed(sealed: bytes, *, data_key: DataKey, aad: str) -> dict[str, JsonValue]:
    """What :func:`seal` closed. Raises :class:`SealBroken` for the wrong key or place, and for any altered byte."""
    if len(sealed) < 1 + _NONCE_BYTES + _TAG_BYTES or sealed[0] != _VERSION:
        raise SealBroken()
    nonce, closed = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        text = AESGCM(data_key.secret).decrypt(nonce, closed, _bound(b"sealed", aad))
    except InvalidTag:
        raise SealBroken() from None
    fields: dict[str, JsonValue] = json.loads(text)
    return fields


class Vault:
    """Data keys and blind indexes, by the keys of one ring."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def new_data_key(self, *, aad: str) -> tuple[DataKey, bytes]:
        """A fresh data key and its wrapped form (62 bytes) to store at the place *aad*."""
        data_key = DataKey(os.urandom(KEY_BYTES))
        return data_key, self._wrap(data_key, aad)

    def unwrap(self, wrapped: bytes | None, *, aad: str) -> DataKey:
        """The data key stored at *aad*.

        Raises :class:`Erased` for ``None``, :class:`SealBroken` when it was altered or moved, and
        :class:`~wishes.protection.keyring.KeyMissing` when its master key is not in the ring.
        """
        if wrapped is None:
            raise Erased()
        if len(wrapped) != _WRAPPED_BYTES or wrapped[0] != _VERSION:
            raise SealBroken()
        master = self._keyring.key(Purpose.MASTER, wrapped[1])
        nonce, closed = wrapped[2 : 2 + _NONCE_BYTES], wrapped[2 + _NONCE_BYTES :]
        try:
            return DataKey(AESGCM(master.secret).decrypt(nonce, closed, _bound(wrapped[:2], aad)))
        except InvalidTag:
            raise SealBroken() from None

    def rewrap(self, wrapped: bytes, *, aad: str) -> bytes | None:
        """*wrapped* under the active master key, or ``None`` when it already is. The sealed values stay as they are.

        Raises as :meth:`unwrap`. Safe to repeat, so a rotation may stop and go on at any row.
        """
        if len(wrapped) == _WRAPPED_BYTES and wrapped[1] == self._keyring.active(Purpose.MASTER).kid:
            return None
        return self._wrap(self.unwrap(wrapped, aad=aad), aad)

    def blind_index(self, value: str, *, field: str) -> bytes:
        """33 bytes to look a sealed *value* up by equality: kid and HMAC-SHA256. Store this one.

        *field* (``child.name``) keeps equal values of different columns apart. Equal are values that differ only in
        width, case and white space.
        """
        key = self._keyring.active(Purpose.BLIND)
        return _blind(key.kid, key.secret, value, field)

    def blind_indexes(self, value: str, *, field: str) -> tuple[bytes, ...]:
        """The index of *value* under every key of the ring: search with ``IN`` while a rotation is under way."""
        return tuple(_blind(key.kid, key.secret, value, field) for key in self._keyring.keys(Purpose.BLIND))

    def _wrap(self, data_key: DataKey, aad: str) -> bytes:
        master = self._keyring.active(Purpose.MASTER)
        head, nonce = bytes([_VERSION, master.kid]), os.urandom(_NONCE_BYTES)
        return head + nonce + AESGCM(master.secret).encrypt(nonce, data_key.secret, _bound(head, aad))


def master_kid(wrapped: bytes) -> int:
    """The number of the master key that closed *wrapped*: retire a key only when no row names it."""
    return wrapped[1]


def normalised(value: str) -> str:
    """*value* as blind indexes compare it: NFKC, case-folded, all white space and invisible characters removed."""
    while True:  # taking a space out can bring an accent beside its letter: again, until nothing changes
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold())
        plain = re.sub(r"[\s\u200b-\u200d\u2060\ufeff]", "", folded)
        if plain == value:
            return plain
        value = plain


def _bound(head: bytes, aad: str) -> bytes:
    return b"microwish\0" + head + b"\0" + aad.encode()


def _blind(kid: int, secret: bytes, value: str, field: str) -> bytes:
    message = field.encode() + b"\0" + normalised(value).encode()
    return bytes([kid]) + hmac.digest(secret, message, "sha256")
