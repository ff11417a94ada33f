"""What every code of an entry means, for people: those of the reading, and those that arise when it is stored."""

from __future__ import annotations

from collections.abc import Mapping

from wishes.i18n import Text
from wishes.intake.understanding import PROBLEMS

MEANING: Mapping[str, Text] = {
    **PROBLEMS,
    "maybe_duplicate": Text("可能与另一条重复，请比对", "Perhaps a duplicate of another: compare"),
    "original_rejected": Text("所重复的那条心愿未通过", "The wish it repeats was refused"),
    "read_again": Text("已按更正的列重新读取", "Read again with corrected columns"),
}


def meaning(code: str) -> Text:
    """The words for *code*; the code itself where there are none."""
    return MEANING.get(code) or Text(code, code)
