"""What a file holds before anyone understands it: sheets of plain values, and what the eye sees beside them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

Value = str | float | bool | dt.date | dt.datetime | dt.time | dt.timedelta | None
"""A cell's value. Empty is ``None`` or ``""``; whole numbers stay floats, as the format stores them."""

Span = tuple[int, int, int, int]
"""Merged range: first row, first column, last row, last column; zero-based, inclusive."""


@dataclass(slots=True)
class Sheet:
    """One sheet. Rows and columns count from zero; ``rows`` may be ragged."""

    name: str
    rows: list[list[Value]]
    hidden: bool = False
    merged: list[Span] = field(default_factory=list)
    hidden_rows: frozenset[int] = frozenset()
    struck: frozenset[tuple[int, int]] = frozenset()
    month_only: frozenset[tuple[int, int]] = frozenset()
    """Date cells whose format shows no day."""


@dataclass(slots=True)
class Workbook:
    """A file as read. ``kind`` is ``xlsx`` or ``csv``; ``date1904`` tells how bare day numbers count."""

    name: str
    kind: str
    sheets: list[Sheet]
    date1904: bool = False
    notes: tuple[str, ...] = ()
    """What was neutralised: ``macros``, ``external_links``."""


@lru_cache(maxsize=1024)
def column_name(column: int) -> str:
    """0 -> A, 26 -> AA."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_number(letters: str) -> int:
    """A -> 0, AA -> 26."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def cell_name(row: int, column: int) -> str:
    """(0, 0) -> A1."""
    return f"{column_name(column)}{row + 1}"


def widest(rows: Iterable[list[Value]]) -> int:
    """The number of columns of the longest row."""
    return max((len(row) for row in rows), default=0)
