"""Secret keys in files beside the database, never in it: one file per key, one purpose per key.

A file is named ``<purpose>-<kid>.key``, holds the 32 bytes as 64 hexadecimal digits and is readable by its owner only.
Per purpose the highest kid is active; the older ones still open what they once closed. A copy of the database without
this directory tells nothing; a lost directory cannot be replaced, so it needs a backup of its own, kept apart.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from wishes.errors import MicrowishError
from wishes.i18n import Text

KEY_BYTES: Final = 32
MOST_KEYS: Final = 255  # the kid is one byte wherever it is stored
_FILE_NAME: Final = re.compile(r"([a-z]+)-(\d{3})\.key\Z")
_FILE_TEXT: Final = re.compile(r"[0-9a-f]{64}\n?\Z")


class Purpose(StrEnum):
    """What a key is for. No key serves two purposes, so that a weakness of one use never reaches another."""

    MASTER = "master"  # wraps the data key of each child
    BLIND = "blind"  # look-up of sealed values by equality
    TOKEN = "token"  # Ed25519 seed of labels and receipts
    CODE = "code"  # digests of spoken and one-time codes
    AUDIT = "audit"  # the audit chain


class KeyringError(MicrowishError):
    """Something is wrong with the key files. Facts name files and kids, never a key."""

    status, code = 500, "keyring"
    title = Text("密钥有问题", "A problem with the keys")


class KeyMissing(KeyringError):
    code = "key_missing"
    sentence = Text(
        "没有用途为 {purpose}、编号为 {kid} 的密钥。请从密钥备份恢复，或运行 microwish init。",
        "There is no {purpose} key numbered {kid}. Restore it from the backup of the keys, or run microwish init.",
    )


class NoKeys(KeyMissing):
    code = "no_keys"
    sentence = Text(
        "{path} 里没有密钥。新装的系统请先运行 microwish init；已在使用的，请从密钥备份恢复。",
        "There are no keys in {path}. On a new installation run microwish init first; else restore them from their backup.",
    )


class KeyExposed(KeyringError):
    code = "key_exposed"
    sentence = Text(
        "{path} 可被其他用户读写。请运行：chmod {mode} {path}",
        "Other users can read or change {path}. Run: chmod {mode} {path}",
    )


class KeyUnreadable(KeyringError):
    code = "key_unreadable"
    sentence = Text(
        "{path} 不是完好的密钥文件。请从密钥备份恢复。",
        "{path} is not a whole key file. Restore it from the backup of the keys.",
    )


class KeysUsedUp(KeyringError):
    code = "keys_used_up"
    sentence = Text("用途为 {purpose} 的密钥编号已用完。", "All numbers for {purpose} keys are used up.")


class KeyStillActive(KeyringError):
    status, code = 409, "key_still_active"
    sentence = Text(
        "编号 {kid} 是正在使用的 {purpose} 密钥，不能停用。请先运行 microwish keys rotate。",
        "Number {kid} is the active {purpose} key and cannot be retired. Run microwish keys rotate first.",
    )


_PURPOSES: Final = frozenset(purpose.value for purpose in Purpose)


@dataclass(frozen=True, slots=True)
class Key:
    purpose: Purpose
    kid: int
    secret: bytes = field(repr=False)


class Keyring:
    """All keys of one directory, read again whenever the directory changed: processes that run notice a rotation."""

    def __init__(
        self, keys: Mapping[Purpose, Mapping[int, bytes]], *, directory: Path | None = None, seen: int = 0
    ) -> None:
        self._directory, self._seen = directory, seen
        self._keys = _sorted(keys)

    def __repr__(self) -> str:
        return f"Keyring({', '.join(f'{purpose}: {list(kids)}' for purpose, kids in self._keys.items())})"

    def active(self, purpose: Purpose) -> Key:
        """The key to close with. Raises :class:`KeyMissing` when there is none."""
        self._look_again()
        by_kid = self._keys.get(purpose)
        if not by_kid:
            raise KeyMissing(purpose=purpose.value, kid="–")
        kid = max(by_kid)
        return Key(purpose, kid, by_kid[kid])

    def key(self, purpose: Purpose, kid: int) -> Key:
        """The key to open with. Raises :class:`KeyMissing` when it was retired, or never made here."""
        self._look_again()
        secret = self._keys.get(purpose, {}).get(kid)
        if secret is None:
            self._look_again(sure=True)
            secret = self._keys.get(purpose, {}).get(kid)
        if secret is None:
            raise KeyMissing(purpose=purpose.value, kid=kid)
        return Key(purpose, kid, secret)

    def keys(self, purpose: Purpose) -> tuple[Key, ...]:
        """All keys of *purpose*, the active one first."""
        self._look_again()
        return tuple(Key(purpose, kid, secret) for kid, secret in reversed(self._keys.get(purpose, {}).items()))

    def secrets(self, purpose: Purpose) -> dict[int, bytes]:
        """kid → secret, in the form that token and chain functions take."""
        self._look_again()
        return dict(self._keys.get(purpose, {}))

    def _look_again(self, *, sure: bool = False) -> None:
        """Read the directory again if it changed since (or in any case: its clock is coarse)."""
        if self._directory is None:
            return
        changed = self._directory.stat().st_mtime_ns
        if sure or changed != self._seen:
            self._keys, self._seen = _sorted(_read(self._directory)), changed


def read_keyring(directory: Path) -> Keyring:
    """Read every key of *directory*. A purpose without a key is found out when it is first needed.

    Raises :class:`KeyExposed` when the directory or a key is open to anyone but its owner, :class:`KeyUnreadable` for a
    file that is no key, and :class:`NoKeys` when there is no directory.
    """
    try:
        seen = directory.stat().st_mtime_ns
    except FileNotFoundError:
        raise NoKeys(path=directory) from None
    return Keyring(_read(directory), directory=directory, seen=seen)


def _sorted(keys: Mapping[Purpose, Mapping[int, bytes]]) -> dict[Purpose, dict[int, bytes]]:
    return {purpose: dict(sorted(by_kid.items())) for purpose, by_kid in keys.items() if by_kid}


def _read(directory: Path) -> dict[Purpose, dict[int, bytes]]:
    _refuse_exposed(directory, "700")
    names = sorted(path.name for path in directory.iterdir())
    keys: dict[Purpose, dict[int, bytes]] = {}
    for name in names:
        if not name.endswith(".key"):
            continue
        path, match = directory / name, _FILE_NAME.match(name)
        if match is None or match[1] not in _PURPOSES or not 1 <= int(match[2]) <= MOST_KEYS:
            raise KeyUnreadable(path=str(path))
        try:
            _refuse_exposed(path, "600")
            keys.setdefault(Purpose(match[1]), {})[int(match[2])] = _read_secret(path)
        except FileNotFoundError:  # retired since the names were read
            continue
    return keys


def create_keyring(directory: Path) -> Keyring:
    """Make *directory* and, for every purpose that has none yet, a first key; then read all.

    Safe to repeat and to run in two processes at once: an existing key is never replaced. Raises as
    :func:`read_keyring`.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    present = read_keyring(directory)
    for purpose in Purpose:
        if not present.keys(purpose):
            _write_secret(directory, purpose, 1)
    return read_keyring(directory)


def add_key(directory: Path, purpose: Purpose) -> Keyring:
    """Rotate: make the next key of *purpose*, active from the next reading on. Raises :class:`KeysUsedUp`."""
    present = read_keyring(directory)
    kid = max((key.kid for key in present.keys(purpose)), default=0) + 1
    if kid > MOST_KEYS:
        raise KeysUsedUp(purpose=purpose.value)
    _write_secret(directory, purpose, kid)
    return read_keyring(directory)


def retire_key(directory: Path, purpose: Purpose, kid: int) -> Keyring:
    """Delete a key for good. What it still closes can never be opened again: the caller makes sure nothing does.

    Raises :class:`KeyStillActive` for the active key, :class:`KeyMissing` for an unknown one.
    """
    present = read_keyring(directory)
    present.key(purpose, kid)
    if present.active(purpose).kid == kid:
        raise KeyStillActive(purpose=purpose.value, kid=kid)
    _path(directory, purpose, kid).unlink()
    _sync(directory)
    return read_keyring(directory)


def _path(directory: Path, purpose: Purpose, kid: int) -> Path:
    return directory / f"{purpose.value}-{kid:03d}.key"


def _refuse_exposed(path: Path, mode: str) -> None:
    status = path.stat()
    if stat.S_IMODE(status.st_mode) & 0o077 or status.st_uid not in (os.geteuid(), 0):
        raise KeyExposed(path=str(path), mode=mode)


def _read_secret(path: Path) -> bytes:
    try:
        text = path.read_text("ascii")
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        raise KeyUnreadable(path=str(path)) from error
    if not _FILE_TEXT.match(text):
        raise KeyUnreadable(path=str(path))
    return bytes.fromhex(text)


def _write_secret(directory: Path, purpose: Purpose, kid: int) -> None:
    """Put a whole new file in place, or leave the one that another process was quicker to put there."""
    draft = directory / f".{purpose.value}-{os.getpid()}-{secrets.token_hex(4)}"
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, _path(directory, purpose, kid))
        except FileExistsError:
            return
        _sync(directory)
    finally:
        draft.unlink()


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
