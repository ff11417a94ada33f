"""How much a stranger's file may ask of us. All sizes in bytes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for one file; the defaults admit 100,000 rows of twenty columns."""

    file_size: int = 40_000_000
    unpacked_size: int = 160_000_000
    """All parts we read, together."""
    ratio: int = 200
    """A part of more than ``ratio_floor`` may be at most so many times its packed size."""
    ratio_floor: int = 8_000_000
    entries: int = 4_000
    sheets: int = 200
    rows: int = 200_000
    columns: int = 702
    area: int = 6_000_000
    """Rows times columns of one sheet; a stray cell far away makes the area large."""


LIMITS = Limits()
