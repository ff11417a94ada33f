"""Passwords, one-time codes and random secrets. Nothing here is stored as it was typed.

Passwords are hashed with argon2id (19 MiB, 2 passes, 1 lane, as OWASP advises; about 50 ms). Rules of length follow
OWASP ASVS 5.0, 6.2: at least 8 characters (15 advised), no composition rules, any character, no silent change of what
was typed, and no password that everybody tries first.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from wishes.errors import MicrowishError
from wishes.i18n import Text
from wishes.protection.common_passwords import COMMON_WORDS, KEYBOARD_ROWS

LEAST_CHARACTERS: Final = 8
ADVISED_CHARACTERS: Final = 15
MOST_CHARACTERS: Final = 256  # beyond what anybody types; bounds the work of a hostile form
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class WeakPassword(MicrowishError):
    """The password is not accepted. Facts never hold it."""

    status, code = 422, "weak_password"
    title = Text("密码不够安全", "The password is too weak")


class PasswordTooShort(WeakPassword):
    code = "password_too_short"
    sentence = Text(
        "密码至少 {least} 个字符，建议 {advised} 个以上；几个词连起来最好记。",
        "Use at least {least} characters, better {advised} or more; a few words in a row are easiest.",
    )


class PasswordTooLong(WeakPassword):
    code = "password_too_long"
    sentence = Text("密码最多 {most} 个字符。", "Use at most {most} characters.")


class PasswordTooCommon(WeakPassword):
    code = "password_too_common"
    sentence = Text(
        "这个密码太常见，或含有您的手机号、姓名等信息，容易被猜到。请换一个。",
        "This password is among the first to be tried, or is made of your phone or name. Choose another.",
    )


@dataclass(frozen=True, slots=True)
class PasswordCheck:
    """``rehash``: right, but hashed with other parameters than today's; store :func:`hash_password` of it now."""

    right: bool
    rehash: bool = False


def hash_password(password: str) -> str:
    """The argon2id hash to store, with its parameters and salt (97 ASCII characters). Checks no rule."""
    return _HASHER.hash(password)


def check_password(password: str, stored: str | None) -> PasswordCheck:
    """Whether *password* is the one behind *stored*.

    ``None`` (no such account, or one without a password) costs the same work and is always wrong, so that the time
    taken does not tell which accounts exist. A damaged hash and an overlong password are wrong too.
    """
    if len(password) > MOST_CHARACTERS:
        password, stored = "", None
    known = stored if stored is not None else _nobodys_hash()
    try:
        _HASHER.verify(known, password)
    except (VerificationError, InvalidHashError):
        return PasswordCheck(right=False)
    if stored is None:
        return PasswordCheck(right=False)
    return PasswordCheck(right=True, rehash=_HASHER.check_needs_rehash(known))


def refuse_weak(password: str, *, about: Iterable[str] = ()) -> None:
    """Raise a :class:`WeakPassword` unless *password* may be chosen.

    *about* holds what an attacker knows of the account: phone, name, e-mail, organisation.
    """
    if len(password) < LEAST_CHARACTERS:
        raise PasswordTooShort(least=LEAST_CHARACTERS, advised=ADVISED_CHARACTERS)
    if len(password) > MOST_CHARACTERS:
        raise PasswordTooLong(most=MOST_CHARACTERS)
    plain = password.casefold()
    if _is_pattern(plain) or _is_common(plain) or _is_about(plain, about):
        raise PasswordTooCommon()


def new_code(digits: int = 6) -> str:
    """A one-time numeric code for a phone or an e-mail. Good for minutes and a few tries: the caller keeps both."""
    return f"{secrets.randbelow(10**digits):0{digits}d}"


def new_secret() -> str:
    """A random secret of 256 bits for a link, a session or an API token; 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def secret_digest(secret: str) -> bytes:
    """32 bytes to store and look up a :func:`new_secret` by: SHA-256 is enough where nothing can be guessed."""
    return hashlib.sha256(secret.encode()).digest()


def code_digest(code: str, *, key: bytes, context: str) -> bytes:
    """32 bytes to store in place of a short *code*: HMAC-SHA256, as six digits alone are tried in no time.

    *context* (``sign-in:17``) ties the code to one purpose and person. Spaces around the digits do not count.
    """
    return hmac.digest(key, f"{context}\0{code.strip()}".encode(), "sha256")


def code_is_right(typed: str, digest: bytes, *, key: bytes, context: str) -> bool:
    """Whether *typed* is the code behind *digest*, compared in constant time."""
    return hmac.compare_digest(code_digest(typed, key=key, context=context), digest)


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _HASHER.hash(secrets.token_urlsafe(16))


def _is_pattern(plain: str) -> bool:
    """One or few characters over and over, a run up, down or along the keyboard, a date, a mobile number."""
    if len(set(plain)) <= 3:
        return True
    if any(len(plain) % size == 0 and plain == plain[:size] * (len(plain) // size) for size in range(1, 5)):
        return True
    if _covered_by_runs(plain):
        return True
    digits = re.sub(r"[-/. ]", "", plain)
    return bool(re.fullmatch(r"(19|20)\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])|(\+?86)?1[3-9]\d{9}", digits))


def _covered_by_runs(plain: str) -> bool:
    """Whether pieces of at least four neighbours (1234, dcba, qwer) leave fewer than four characters over."""
    left, place = len(plain), 0
    lines = [line for row in KEYBOARD_ROWS for line in (row, row[::-1])]
    while place < len(plain):
        length = max(
            (
                size
                for line in lines
                for size in range(4, len(plain) - place + 1)
                if plain[place : place + size] in line
            ),
            default=0,
        )
        left -= length
        place += length or 1
    return left < 4


def _is_common(plain: str) -> bool:
    """A common word with the usual trimmings: digits and signs around it, letters written as digits, said twice."""
    stems = {plain, _unlike(plain)}
    stems |= {re.sub(r"^[^a-z\u4e00-\u9fff]+|[^a-z\u4e00-\u9fff]+$", "", stem) for stem in (plain, _unlike(plain))}
    stems |= {_unlike(re.sub(r"[^a-z]+$", "", plain)), re.sub(r"[\d\W_]+", "", plain)}
    stems |= {stem[: len(stem) // 2] for stem in stems if stem and stem == stem[: len(stem) // 2] * 2}
    return any(stem in COMMON_WORDS or _is_two_words(stem) for stem in stems)


def _is_two_words(stem: str) -> bool:
    return any(stem[:place] in COMMON_WORDS and stem[place:] in COMMON_WORDS for place in range(2, len(stem) - 1))


def _unlike(plain: str) -> str:
    return plain.translate(str.maketrans("013457@$!", "oieastasi"))


def _is_about(plain: str, about: Iterable[str]) -> bool:
    """Whether little is left of the password when what is known of its owner is taken out."""
    left = plain
    for fact in about:
        for part in {fact.casefold(), *re.split(r"[@\s.·]+", fact.casefold())}:
            if len(part) >= 3 or (len(part) == 2 and not part.isascii()):
                left = left.replace(part, "")
            if part.isdigit() and len(part) >= 8:
                left = left.replace(part[-8:], "").replace(part[-6:], "")
    return left != plain and len(left) < 6
