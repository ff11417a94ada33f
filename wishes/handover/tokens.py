"""The two signed tokens of a hand-over, and the short codes people can say aloud.

A *label* token is printed on the parcel, a *receipt* token is held by the receiving side. Neither follows from the
other: both are Ed25519 signatures, so a device that verifies them offline with the public keys cannot make one. A
hand-over needs both, which makes a photographed label worthless.

One token is 78 bytes, written as 125 characters of upper-case base32 (RFC 4648, no padding), so that a QR code stays in
alphanumeric mode::

    version(1) kid(1) type(1) tag(8) epoch(1) expires_on(2, days since 1970-01-01, big-endian)   14 bytes
    Ed25519 signature over these 14 bytes                                                               64 bytes

``tag`` names the claim without telling anything about it. ``epoch`` counts the issues of one claim: after a
reprint only the newest counts, which the caller compares with the claim's row. Two tokens of one claim and epoch differ
in type and therefore in the whole signature; that signature is what nobody can guess, so no separate nonce is spent.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
import struct
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from wishes.errors import MicrowishError
from wishes.i18n import Text

VERSION: Final = 1
TAG_BYTES: Final = 8
TOKEN_BYTES: Final = 78
TOKEN_CHARS: Final = 125
CODE_CHARS: Final = 11  # ten of code, one of check

_PAYLOAD: Final = struct.Struct(">BBB8sBH")
_FIRST_DAY: Final = date(1970, 1, 1)
_BASE32: Final = re.compile(r"[A-Z2-7]{125}\Z")
_QR_ALPHANUMERIC: Final = re.compile(r"HTTPS?://[0-9A-Z.\-]+(:[0-9]+)?\Z")
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOK_ALIKES: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})


class TokenType(IntEnum):
    """What a token stands for; the value is its byte."""

    LABEL = ord("L")
    RECEIPT = ord("R")


class TokenRefused(MicrowishError):
    """A token that proves nothing. Facts never repeat the token."""

    status, code = 422, "token_refused"
    title = Text("二维码无效", "The code is not valid")


class MalformedToken(TokenRefused):
    code = "token_malformed"
    sentence = Text(
        "这不是本平台的二维码，或没有扫完整。请对准后再扫一次。",
        "This is not one of our codes, or it was not read whole. Hold steady and scan again.",
    )


class UnknownKey(TokenRefused):
    code = "token_unknown_key"
    sentence = Text(
        "签发这个二维码的密钥不认识或已停用。请联网更新后再扫，仍不行请换新标签。",
        "The key that signed this code is unknown or retired. Go online to refresh and scan again; "
        "if that fails, print a new label.",
    )


class BadSignature(TokenRefused):
    code = "token_bad_signature"
    sentence = Text(
        "二维码的签名不对：它被改动过，或不是本平台签发的。请联系协调员。",
        "The signature does not fit: the code was altered or is not ours. Tell the coordinator.",
    )


class WrongTokenType(TokenRefused):
    code = "token_wrong_type"
    sentence = Text(
        "扫错了码：包裹上的是包裹码，收件人手里的是签收码，两个都要扫。",
        "That is the other code: one is on the parcel, one is held by the receiving side. Scan both.",
    )


class ExpiredToken(TokenRefused):
    code = "token_expired"
    sentence = Text("二维码已于 {expires_on} 过期。请重新打印。", "The code expired on {expires_on}. Print a new one.")


class MismatchedTokens(TokenRefused):
    code = "tokens_mismatched"
    sentence = Text(
        "包裹码和签收码不是同一份心愿的。请核对包裹。",
        "The parcel's code and the receipt code belong to different wishes. Check the parcel.",
    )


class MalformedCode(TokenRefused):
    code = "code_malformed"
    sentence = Text(
        "输入的码不对：应为 11 位，可能有一位读错。请再核对一次。",
        "The code cannot be right: it has 11 characters, and one was probably misread. Check it again.",
    )


@dataclass(frozen=True, slots=True)
class Token:
    """A token whose signature was checked, or that we have just signed."""

    kid: int
    type: TokenType
    tag: bytes
    epoch: int
    expires_on: date
    text: str

    def __repr__(self) -> str:  # a receipt's text is a secret and must not reach a log by way of a traceback
        return f"Token({self.type.name}, kid={self.kid}, epoch={self.epoch}, expires_on={self.expires_on})"


class TokenSigner:
    """Signs with one private key. *seed* is the 32 secret bytes from the key ring, *kid* its number (1–255).

    *former* are the seeds of keys that sign nothing new, by kid: what they signed is still printed again and recognised.
    """

    def __init__(self, kid: int, seed: bytes, former: Mapping[int, bytes] | None = None) -> None:
        if not 1 <= kid <= 255:
            raise ValueError("kid must be 1–255")
        self.kid = kid
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self._former = dict(former or {})

    def of(self, kid: int) -> TokenSigner:
        """The signer with the key *kid*; this one when that is its own, or when the key is gone."""
        if kid == self.kid or kid not in self._former:
            return self
        return TokenSigner(kid, self._former[kid], self._former)

    @property
    def public_key(self) -> Ed25519PublicKey:
        return self._private.public_key()

    def sign(self, type_: TokenType, *, tag: bytes, epoch: int, expires_on: date) -> Token:
        """The token of one claim. Good to the end of *expires_on*; *epoch* is 0–255. Same input, same token.

        Raises ``ValueError`` for a value that does not fit its bytes.
        """
        days = (expires_on - _FIRST_DAY).days
        if len(tag) != TAG_BYTES or not 0 <= epoch <= 255 or not 0 <= days <= 0xFFFF:
            raise ValueError("tag needs 8 bytes, epoch 0–255, expires_on a day in 1970–2149")
        payload = _PAYLOAD.pack(VERSION, self.kid, type_, tag, epoch, days)
        text = base64.b32encode(payload + self._private.sign(payload)).decode("ascii").rstrip("=")
        return Token(self.kid, type_, tag, epoch, expires_on, text)


class PublicKeys:
    """The keys whose signatures count, by kid. A retired kid is simply absent."""

    def __init__(self, keys: Mapping[int, Ed25519PublicKey]) -> None:
        self._keys = dict(keys)

    @classmethod
    def from_seeds(cls, seeds: Mapping[int, bytes]) -> PublicKeys:
        """The public halves of *seeds* (kid → 32 secret bytes): the active key and those not yet retired."""
        return cls({kid: TokenSigner(kid, seed).public_key for kid, seed in seeds.items()})

    @classmethod
    def from_json(cls, text: str) -> PublicKeys:
        """Read what :meth:`as_json` wrote. Raises ``ValueError`` for anything else."""
        try:
            rows = json.loads(text)["keys"]
            keys = {int(row["kid"]): Ed25519PublicKey.from_public_bytes(_unbase64url(row["x"])) for row in rows}
        except (KeyError, TypeError, binascii.Error) as error:
            raise ValueError("not a list of Ed25519 keys") from error
        return cls(keys)

    def as_json(self) -> str:
        """A JSON Web Key Set (RFC 7517/8037): a browser imports each entry as it is, and checks tokens offline."""
        rows = [
            {
                "kid": str(kid),
                "kty": "OKP",
                "crv": "Ed25519",
                "alg": "EdDSA",
                "use": "sig",
                "x": _base64url(key.public_bytes(Encoding.Raw, PublicFormat.Raw)),
            }
            for kid, key in sorted(self._keys.items())
        ]
        return json.dumps({"keys": rows}, separators=(",", ":"))

    def verify(self, text: str, *, on: date | None, expect: TokenType | None = None) -> Token:
        """The token written in *text* (bare, or as the URL of a label).

        *on* is the local day to judge expiry by. ``None`` leaves expiry to the caller: a scan made offline and sent
        late is judged by when it was made, and is never dropped. *expect* names the type wanted, ``None`` takes either.
        Raises, in this order, :class:`MalformedToken`, :class:`UnknownKey`, :class:`BadSignature`,
        :class:`WrongTokenType`, :class:`ExpiredToken`.
        """
        written = token_in(text)
        raw = _decoded(written)
        payload, signature = raw[: _PAYLOAD.size], raw[_PAYLOAD.size :]
        version, kid, type_byte, tag, epoch, days = _PAYLOAD.unpack(payload)
        if version != VERSION:
            raise MalformedToken()
        key = self._keys.get(kid)
        if key is None:
            raise UnknownKey(kid=kid)
        try:
            key.verify(signature, payload)
        except InvalidSignature:
            raise BadSignature(kid=kid) from None
        try:
            type_ = TokenType(type_byte)
        except ValueError:
            raise WrongTokenType() from None  # ours, yet of a kind that this release does not know
        expires_on = _FIRST_DAY + timedelta(days=days)
        if expect is not None and type_ is not expect:
            raise WrongTokenType(type=type_.name.lower())
        if on is not None and on > expires_on:
            raise ExpiredToken(expires_on=expires_on.isoformat())
        return Token(kid, type_, tag, epoch, expires_on, written)

    def verify_pair(self, label: str, receipt: str, *, on: date | None) -> tuple[Token, Token]:
        """Both sides of one hand-over. Raises as :meth:`verify`, and :class:`MismatchedTokens` for two claims."""
        parcel = self.verify(label, on=on, expect=TokenType.LABEL)
        proof = self.verify(receipt, on=on, expect=TokenType.RECEIPT)
        if parcel.tag != proof.tag:
            raise MismatchedTokens()
        return parcel, proof


def new_tag() -> bytes:
    """Eight random bytes that name a claim on its tokens. The column is UNIQUE: draw again on the rare clash."""
    return secrets.token_bytes(TAG_BYTES)


def scan_url(base_url: str, token: Token) -> str:
    """What the QR code holds, e.g. ``HTTPS://WISH.EXAMPLE.ORG/H/…``: upper case, so that the QR stays small.

    *base_url* is scheme, host and port. Raises ``ValueError`` for one that has a path or leaves alphanumeric mode.
    """
    base = base_url.rstrip("/").upper()
    if not _QR_ALPHANUMERIC.match(base):
        raise ValueError("the base URL needs the form https://host or https://host:port")
    return f"{base}/H/{token.text}"


def token_in(scanned: str) -> str:
    """The token's text in what a reader returned: the last part of a label's URL, else all of it. Checks nothing."""
    text = scanned.strip()
    return re.sub(r"\Ahttps?://[^/?#]+/h/", "", text, flags=re.IGNORECASE)


def human_code(token: Token) -> str:
    """What people type or say in place of scanning: 10 characters (50 bits) and one of check, ``ABCD-EFGH-JKM``.

    A label's code finds the parcel. A receipt's code is a secret like the receipt itself and cannot be derived from the
    label, nor be checked without the server. The server allows 5 tries a claim: a guesser succeeds with 5 in 2^50.
    """
    digest = hashlib.sha256(b"microwish code 1\0" + _decoded(token.text)).digest()
    return _written_out(int.from_bytes(digest[:7], "big") >> 6)


def new_code() -> str:
    """Fifty random bits in the form of :func:`human_code`, of no token: for what else people type or say."""
    return _written_out(secrets.randbits(50))


def _written_out(number: int) -> str:
    digits = [number >> 5 * place & 31 for place in range(9, -1, -1)]
    code = "".join(_CROCKFORD[digit] for digit in [*digits, _check_digit(digits)])
    return f"{code[:4]}-{code[4:8]}-{code[8:]}"


def read_code(typed: str) -> str:
    """The code meant by *typed*, in the form of :func:`human_code`.

    Forgives lower case, full-width characters, spaces and dashes, O for 0, I and L for 1. Raises
    :class:`MalformedCode` when the length or the check character is wrong: every single wrong character and every swap
    of two is told at once, and need not count as a guess.
    """
    plain = unicodedata.normalize("NFKC", typed).upper()
    plain = re.sub(r"[\s\-‐-―−_.]", "", plain).translate(_LOOK_ALIKES)
    digits = [_CROCKFORD.find(character) for character in plain]
    if len(digits) != CODE_CHARS or -1 in digits or _check_digit(digits[:-1]) != digits[-1]:
        raise MalformedCode()
    return f"{plain[:4]}-{plain[4:8]}-{plain[8:]}"


def code_is_of(token: Token, typed: str) -> bool:
    """Whether *typed* is the code of *token*, compared in constant time. Raises :class:`MalformedCode`."""
    return hmac.compare_digest(read_code(typed), human_code(token))


def code_digest(code: str, *, key: bytes) -> bytes:
    """32 bytes to store and look a code up by: HMAC-SHA256, since 50 bits alone do not survive a stolen database.

    Raises :class:`MalformedCode`.
    """
    return hmac.digest(key, b"microwish code digest\0" + read_code(code).encode("ascii"), "sha256")


def _decoded(written: str) -> bytes:
    """78 bytes. Only the one canonical spelling counts, so that no token has a second text."""
    if not _BASE32.match(written):
        raise MalformedToken()
    raw = base64.b32decode(written + "===")
    if ord(written[-1]) not in _LAST_CHARACTERS:
        raise MalformedToken()
    return raw


# 125 characters carry 625 bits for 624: the last character's lowest bit must be zero.
_LAST_CHARACTERS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[::2])


def _check_digit(digits: list[int]) -> int:
    """Weighted sum over GF(32) with distinct weights α^1…α^10: any one wrong digit or swapped pair changes it."""
    total = 0
    for digit in reversed(digits):
        total = _times_alpha(total ^ digit)
    return total


def _times_alpha(value: int) -> int:
    value <<= 1
    return value ^ 0b100101 if value & 32 else value


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def _unbase64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
