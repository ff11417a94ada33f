"""Cursors: where the next page begins, as a word that means nothing to anybody else."""

from __future__ import annotations

import base64
import binascii

from wishes.errors import Invalid
from wishes.i18n import Text


def cursor(row_id: int | None) -> str | None:
    """The cursor of the page behind row *row_id*; None where there is none."""
    return None if row_id is None else base64.urlsafe_b64encode(b"v1:%d" % row_id).decode().rstrip("=")


def row_of(word: str) -> int:
    """The row a cursor stands for, 0 for none. Raises Invalid for a word that is no cursor of ours."""
    if not word:
        return 0
    try:
        version, _, number = base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)).partition(b":")
    except (binascii.Error, ValueError) as error:
        raise _unknown() from error
    if version != b"v1" or not number.isdigit() or len(number) > 18:
        raise _unknown()
    return int(number)


def _unknown() -> Invalid:
    return Invalid(
        "cursor", Text("没有这一页。请从第一页重新开始。", "There is no such page. Start again from the first.")
    )
