"""A run's inputs as bytes: the same inputs always make the same bytes, and from the bytes the run can be repeated."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from wishes.claims.candidates import Candidates, Ints, Takers, Wishes


def pack(seen: Candidates, settings: Mapping[str, Any]) -> bytes:
    """Everything a plan follows from: *seen*, and *settings* (weights, bounds, seed) as plain JSON values."""
    heads: list[list[Any]] = []
    bodies: list[bytes] = []
    for name, array in _arrays(seen):
        fixed = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        heads.append([name, fixed.dtype.str, list(fixed.shape)])
        bodies.append(fixed.tobytes())
    head = json.dumps(
        {"settings": settings, "counties": seen.counties, "categories": seen.categories, "arrays": heads},
        sort_keys=True, ensure_ascii=False,
    ).encode()  # fmt: skip
    return len(head).to_bytes(8, "little") + head + b"".join(bodies)


def unpack(packed: bytes) -> tuple[Candidates, dict[str, Any]]:
    """The inverse of :func:`pack`."""
    size = int.from_bytes(packed[:8], "little")
    head = json.loads(packed[8 : 8 + size])
    at, found = 8 + size, {}
    for name, kind, shape in head["arrays"]:
        dtype = np.dtype(kind)
        length = dtype.itemsize * int(np.prod(shape, dtype=np.int64))
        found[name] = np.frombuffer(packed[at : at + length], dtype=dtype).reshape(shape).copy()
        at += length
    parts = {
        kind: {name.removeprefix(kind): array for name, array in found.items() if name.startswith(kind)}
        for kind in ("wishes.", "takers.", "seen.")
    }
    seen = Candidates(
        wishes=Wishes(**parts["wishes."]), takers=Takers(**parts["takers."]), counties=tuple(head["counties"]),
        categories=tuple(head["categories"]), **parts["seen."],
    )  # fmt: skip
    return seen, head["settings"]


def digest(packed: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(packed).hexdigest()


def shut(data: bytes) -> bytes:
    """Compressed for the database."""
    return zlib.compress(data, 6)


def opened(data: bytes) -> bytes:
    return zlib.decompress(data)


def plan_bytes(seen: Candidates, taker: Ints) -> bytes:
    """A plan by ids: wish, branch or -1, person or -1, as rows of three 64-bit numbers in the order of the wishes."""
    held = np.maximum(taker, 0)
    rows = np.stack(
        [
            seen.wishes.ids,
            np.where(taker >= 0, seen.takers.branch_ids[held], -1),
            np.where(taker >= 0, seen.takers.volunteer_ids[held], -1),
        ],
        axis=1,
    )
    return rows.astype("<i8").tobytes()


def plan_rows(data: bytes) -> Ints:
    """(W, 3) of :func:`plan_bytes`."""
    return np.frombuffer(data, dtype="<i8").reshape(-1, 3)


def _arrays(seen: Candidates) -> list[tuple[str, Any]]:
    found = [(f"wishes.{field.name}", getattr(seen.wishes, field.name)) for field in fields(Wishes)]
    found += [(f"takers.{field.name}", getattr(seen.takers, field.name)) for field in fields(Takers)]
    return found + [
        (f"seen.{field.name}", value)
        for field in fields(Candidates)
        if isinstance(value := getattr(seen, field.name), np.ndarray)
    ]
