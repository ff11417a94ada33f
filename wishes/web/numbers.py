"""Whole numbers as browsers send them: in forms and queries. What no column holds is not a number."""

from __future__ import annotations

MOST = 10**18 - 1
"""Eighteen digits: both databases count to 63 bits."""


def whole(text: str) -> int:
    """For ``form.get(…, type=whole)`` and ``getlist``, which leave out what raises. Raises ValueError beyond MOST."""
    number = int(text) if len(text) <= 20 else MOST + 1
    if abs(number) > MOST:
        raise ValueError("more than eighteen digits")
    return number


def is_id(text: str) -> bool:
    """Whether *text* can be the id of a row."""
    return text.isascii() and text.isdecimal() and len(text) <= 18
