"""The chain that shows whether anybody altered, removed or inserted an audit row.

Two layers, so that writing a row needs no lock on the whole chain. A row gets its *digest* when it is inserted: an HMAC
over its id and content. Later, one sealer at a time gives the rows their numbers and links them (HMAC-SHA256)::

    digest = kid ‖ HMAC(key, "row\\0"  ‖ canonical JSON of [id, content])                     33 bytes
    mac    = kid ‖ HMAC(key, "link\\0" ‖ mac of the row before ‖ seq (8 bytes) ‖ digest ‖ id)  33 bytes

The key is not in the database, so who can write the database cannot mend the chain. This is evidence, not prevention:
rows removed from the end are missed by comparing with an anchor kept elsewhere, rows removed before sealing not at all.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from wishes.errors import MicrowishError
from wishes.i18n import Text

JsonValue = str | int | bool | None | Sequence["JsonValue"] | Mapping[str, "JsonValue"]

DIGEST_BYTES: Final = 33


class NotCanonical(MicrowishError):
    """A value has no single written form. A mistake of the program, not of a user."""

    status, code = 500, "not_canonical"
    title = Text("无法记录", "Cannot be recorded")
    sentence = Text(
        "审计内容含有不能固定书写的值（{kind}）。", "The audit content holds a {kind}, which has no fixed written form."
    )


class Damage(StrEnum):
    ALTERED = "altered"  # the content is not what was recorded
    FORGED = "forged"  # never recorded here: inserted, or altered together with its digest
    REMOVED = "removed"  # one or more rows are missing here
    INSERTED = "inserted"  # a second row with a number that is taken
    MOVED = "moved"  # a genuine row that does not belong in this place: rows before it were removed or swapped
    CUT = "cut"  # the chain ends before the anchor
    OTHER = "other_chain"  # whole by itself, but not the chain that the anchor was taken from


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends: the number and the mac of its last row. Exported, it is an anchor."""

    seq: int
    mac: bytes


GENESIS: Final = Head(0, bytes(DIGEST_BYTES))


@dataclass(frozen=True, slots=True)
class Link:
    """What sealing adds to a row."""

    row_id: str
    seq: int
    mac: bytes


@dataclass(frozen=True, slots=True)
class ChainedRow:
    """A sealed row as read back, content included. *redacted* is the digest of what is left of one whose words were taken out
    by a redaction on record; None for all others."""

    seq: int
    row_id: str
    content: Mapping[str, JsonValue]
    digest: bytes
    mac: bytes
    redacted: bytes | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """The first place where the chain is not what was recorded. *seq* is the first number that is wrong or missing."""

    damage: Damage
    seq: int
    row_id: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """``finding`` is ``None`` for a whole chain. ``head`` is the end of its whole part."""

    rows: int
    head: Head
    finding: Finding | None

    @property
    def whole(self) -> bool:
        return self.finding is None


def canonical_json(value: JsonValue) -> bytes:
    """The one written form of *value*: keys sorted, no spaces, UTF-8.

    Raises :class:`NotCanonical` for floats, dates and everything else that databases give back differently: write an
    instant as an ISO string, a ratio as an integer.
    """
    _refuse_uncanonical(value)
    return _encode(value)


def row_digest(row_id: str, content: Mapping[str, JsonValue], *, kid: int, key: bytes) -> bytes:
    """33 bytes to store with a row in the transaction that inserts it. Raises :class:`NotCanonical`."""
    _refuse_uncanonical(content)
    return _digest(row_id, content, kid, key)


def row_is_genuine(row_id: str, content: Mapping[str, JsonValue], digest: bytes, *, keys: Mapping[int, bytes]) -> bool:
    """Whether a row, sealed or not, is as it was inserted. *keys* are all audit keys, by kid."""
    key = keys.get(digest[0]) if len(digest) == DIGEST_BYTES else None
    if key is None:
        return False
    # what is not canonical was never recorded, so its written form cannot fit and need not be refused first
    return hmac.compare_digest(digest, _digest(row_id, content, digest[0], key))


def seal(batch: Iterable[tuple[str, bytes]], previous: Head, *, kid: int, key: bytes) -> tuple[list[Link], Head]:
    """Number and link the rows of *batch*, given as (id, digest) in the order to keep; also the new head.

    Store links and head in one transaction that holds the lock on the head: two sealers on one head would fork the
    chain.
    """
    links, head = [], previous
    for row_id, digest in batch:
        head = Head(head.seq + 1, _mac(head.mac, head.seq + 1, row_id, digest, kid, key))
        links.append(Link(row_id, head.seq, head.mac))
    return links, head


def verify(
    rows: Iterable[ChainedRow], *, keys: Mapping[int, bytes], start: Head = GENESIS, anchors: Iterable[Head] = ()
) -> Verdict:
    """Check *rows*, sorted by seq and then id, from *start* on; stop at the first that is wrong.

    *keys* are all audit keys by kid. *anchors* are heads exported earlier: the chain has to pass through each that is
    after *start*, else its end was cut off or it was written anew. Reads the rows once and keeps none.
    """
    expected_at = {anchor.seq: anchor.mac for anchor in anchors if anchor.seq > start.seq}
    head, count = start, 0
    for row in rows:
        count += 1
        damage = _damage(row, head, keys)
        if damage is not None:
            seq = head.seq + 1 if damage is not Damage.INSERTED else row.seq
            return Verdict(count, head, Finding(damage, seq, None if damage is Damage.REMOVED else row.row_id))
        head = Head(row.seq, row.mac)
        anchor = expected_at.pop(row.seq, None)
        if anchor is not None and not hmac.compare_digest(anchor, row.mac):
            return Verdict(count, head, Finding(Damage.OTHER, row.seq, row.row_id))
    if expected_at:
        return Verdict(count, head, Finding(Damage.CUT, head.seq + 1, None))
    return Verdict(count, head, None)


def _damage(row: ChainedRow, head: Head, keys: Mapping[int, bytes]) -> Damage | None:
    expected = head.seq + 1
    if row.seq > expected:
        return Damage.REMOVED
    if row.seq < expected:
        return Damage.INSERTED
    genuine = row_is_genuine(row.row_id, row.content, row.redacted or row.digest, keys=keys)
    key = keys.get(row.mac[0]) if len(row.mac) == DIGEST_BYTES else None
    linked = key is not None and hmac.compare_digest(
        row.mac, _mac(head.mac, row.seq, row.row_id, row.digest, row.mac[0], key)
    )
    if genuine and linked:
        return None
    if linked:
        return Damage.ALTERED
    return Damage.MOVED if genuine else Damage.FORGED


def _digest(row_id: str, content: Mapping[str, JsonValue], kid: int, key: bytes) -> bytes:
    return bytes([kid]) + hmac.digest(key, b"row\0" + _encode([row_id, content]), "sha256")


def _mac(previous: bytes, seq: int, row_id: str, digest: bytes, kid: int, key: bytes) -> bytes:
    place = previous + seq.to_bytes(8, "big")
    return bytes([kid]) + hmac.digest(key, b"link\0" + place + digest + row_id.encode(), "sha256")


_WRITER: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _encode(value: JsonValue) -> bytes:
    return _WRITER.encode(value).encode("utf-8", "surrogatepass")


def _refuse_uncanonical(value: object) -> None:
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return
    if kind is dict:
        for name, inner in value.items():  # type: ignore[attr-defined]
            if type(name) is not str:
                raise NotCanonical(kind="key that is no text")
            _refuse_uncanonical(inner)
    elif kind is list or kind is tuple:
        for inner in value:  # type: ignore[attr-defined]
            _refuse_uncanonical(inner)
    else:
        raise NotCanonical(kind=kind.__name__)
