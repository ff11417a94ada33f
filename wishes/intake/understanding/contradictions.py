"""A line that contradicts itself: cells below the wrong titles, two people in one, a birth and an age that do not go together.

Each value may read well on its own; only beside the others is it plain that a person has to look.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from functools import lru_cache

from wishes.intake.understanding.lexicon import Lexicon
from wishes.intake.understanding.model import Entry
from wishes.intake.understanding.text import tight

SLIPPED = "line"
"""The trace of a line whose cells stand below the wrong titles."""
_DIGITS = re.compile(r"\d.*\d.*\d.*\d", re.S)
_DIGIT = re.compile(r"\d")
_MOST_YEARS_APART = 2
"""Ages are told a year or two too high (虚岁), and of another year than the campaign's."""


def out_of_place(entry: Entry, said: Mapping[str, str], lexicon: Lexicon) -> bool:
    """Whether name, sex or guardian hold what belongs to another column: the line has slipped, or two cells were exchanged."""
    child, guardian = entry.child, entry.guardian
    if (
        child is not None
        and not lexicon.is_name(child)
        and (
            child in lexicon.boys
            or child in lexicon.girls
            or child in lexicon.relations
            or _DIGIT.search(child) is not None
        )
    ):
        return True
    if entry.gender is None and (sex := said.get("sex")):
        bare = tight(sex)
        if lexicon.is_name(bare) or _DIGITS.search(bare) is not None:
            return True
    if guardian is None or lexicon.is_name(guardian):
        return False
    return (
        _DIGIT.search(guardian) is not None
        or guardian in lexicon.boys
        or guardian in lexicon.girls
        or lexicon.kinds.kind_of(guardian) is not None
    )


def ages_disagree(birth: str, age: int, start_on: dt.date) -> bool:
    """Whether a birth and an age of one line cannot be one person's."""
    return abs(start_on.year - int(birth[:4]) - age) > _MOST_YEARS_APART


def born_later(birth: str, start_on: dt.date) -> bool:
    """Whether a birth lies after the campaign's first day: the day of something else was read."""
    return birth > _iso(start_on)[: len(birth)]


@lru_cache(maxsize=64)
def _iso(day: dt.date) -> str:
    return day.isoformat()
