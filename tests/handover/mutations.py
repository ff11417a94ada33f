"""Ways in which a token gets altered, by accident and on purpose; for the tests and the benchmark.

Among them are tokens cut short and tokens under another key: signed by a stranger, or moved to another key of ours.
"""

from __future__ import annotations

import base64
import random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
# the order of the curve's group: adding it to a signature's scalar gives the classical second signature
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493


def mutated(text: str, rng: random.Random) -> str:
    """*text* altered in one of eleven ways; never equal to *text*."""
    while True:
        made = _WAYS[rng.randrange(len(_WAYS))](text, rng)
        if made != text:
            return made


def _one_character(text: str, rng: random.Random) -> str:
    place = rng.randrange(len(text))
    return text[:place] + rng.choice(ALPHABET) + text[place + 1 :]


def _several_characters(text: str, rng: random.Random) -> str:
    letters = list(text)
    for place in rng.sample(range(len(text)), rng.randint(2, 40)):
        letters[place] = rng.choice(ALPHABET)
    return "".join(letters)


def _two_swapped(text: str, rng: random.Random) -> str:
    one, two = rng.sample(range(len(text)), 2)
    letters = list(text)
    letters[one], letters[two] = letters[two], letters[one]
    return "".join(letters)


def _shifted(text: str, rng: random.Random) -> str:
    place = rng.randrange(1, len(text))
    return text[place:] + text[:place]


def _cut_or_grown(text: str, rng: random.Random) -> str:
    return text[: rng.randrange(len(text))] if rng.random() < 0.5 else text + rng.choice(ALPHABET)


def _other_alphabet(text: str, rng: random.Random) -> str:
    place = rng.randrange(len(text))
    return text[:place] + rng.choice("abcz0189-_ =\n\0é书") + text[place + 1 :]


def _payload_bit(text: str, rng: random.Random) -> str:
    raw = bytearray(_raw(text))
    bit = rng.randrange(14 * 8)
    raw[bit // 8] ^= 1 << bit % 8
    return _text(bytes(raw))


def _random_signature(text: str, rng: random.Random) -> str:
    payload = _raw(text)[:14]
    signature = rng.choice([rng.randbytes(64), bytes(64), b"\1" + bytes(63), b"\xff" * 64])
    return _text(payload + signature)


def _second_signature(text: str, rng: random.Random) -> str:
    raw = _raw(text)
    scalar = int.from_bytes(raw[46:], "little") + GROUP_ORDER * rng.randint(1, 7)
    return _text(raw[:46] + scalar.to_bytes(32, "little"))


def _stranger_key(text: str, rng: random.Random) -> str:
    """The same payload, or one byte of it changed, signed well by a key that is not ours, under our key's number."""
    payload = bytearray(_raw(text)[:14])
    if rng.random() < 0.5:
        payload[rng.randrange(2, 14)] = rng.randrange(256)
    return _text(bytes(payload) + rng.choice(_STRANGERS).sign(bytes(payload)))


def _other_key(text: str, rng: random.Random) -> str:
    """Said to be signed by another key, ours among them."""
    raw = bytearray(_raw(text))
    raw[1] = rng.choice([1, 2, 7, 8, rng.randrange(256)])
    return _text(bytes(raw))


def _raw(text: str) -> bytes:
    return base64.b32decode(text + "===")


def _text(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=")


_STRANGERS = [Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in range(200, 216)]
_WAYS = (
    _one_character,
    _several_characters,
    _two_swapped,
    _shifted,
    _cut_or_grown,
    _other_alphabet,
    _payload_bit,
    _random_signature,
    _second_signature,
    _stranger_key,
    _other_key,
)
