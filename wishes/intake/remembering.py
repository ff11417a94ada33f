"""What a correction of one entry teaches of its sender: their word for a thing, for a type of need, or for a place. Pure.

Only words that name a thing, a village or a school are remembered, never what may say who a child is; and only where they will
indeed be read so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from wishes.intake.reader import Reader
from wishes.intake.shaping import screened
from wishes.intake.teaching import PLACES
from wishes.intake.understanding import Entry
from wishes.intake.understanding.places import SEVERAL, Places
from wishes.intake.understanding.text import tight
from wishes.intake.words import Addition

_LONGEST = 30
_MANY_DIGITS = re.compile(r"\d{5}")


def word_of(entry: Entry) -> str:
    """The sender's word for what an entry asks for, ``""`` where it cannot be remembered."""
    word = tight(entry.item or entry.raw)
    if not 0 < len(word) <= _LONGEST or "/" in word or _MANY_DIGITS.search(word):
        return ""
    return word if screened(word, entry) == word else ""


def lesson_of_thing(before: Entry, changes: Mapping[str, Any], reader: Reader) -> Addition | None:
    """What a corrected thing or category teaches; None where the next file would not be read differently by it."""
    word = word_of(before)
    item, category = changes.get("item") or before.item or "", changes.get("category") or ""
    if not word or not item or not ({"item", "category"} & set(changes)):
        return None
    lesson = Addition("items", f"{tight(item)}/{category}" if category else tight(item), word)
    now, then = reader.lexicon.things.read(word), reader.with_words([lesson]).lexicon.things.read(word)
    wanted = category or reader.lexicon.things.read(item).category
    learnt = (
        then.verdict == "good"
        and then.category == wanted
        and (now.verdict, now.item, now.category) != (then.verdict, then.item, then.category)
    )
    return lesson if learnt else None


def lesson_of_kind(cell: str, changes: Mapping[str, Any], reader: Reader) -> Addition | None:
    """What a corrected type of need teaches of the word in the type column, where it is one word that nobody knew."""
    word, types = tight(cell), changes.get("types") or ()
    if len(types) != 1 or not 1 < len(word) <= 12 or re.search(r"[\d、,，;；/]", word):
        return None
    if reader.lexicon.kinds.kind_of(word) is not None:
        return None
    return Addition("kinds", str(next(iter(types))), word)


def place_word_of(entry: Entry, places: Places) -> str:
    """What the line calls its place: a township of whose name there are several, else a village or school; ``""`` for none."""
    doubt = entry.traces.get("town")
    namesake = places.townships.get(entry.town or "") if doubt is not None and doubt.how == SEVERAL else None
    word = tight(namesake.name if namesake is not None else entry.village or entry.school or "")
    return word if 1 < len(word) <= _LONGEST and not _MANY_DIGITS.search(word) else ""


def lesson_of_place(before: Entry, changes: Mapping[str, Any], places: Places) -> Addition | None:
    """What a corrected township teaches; None where the sender named no place that could be known again."""
    word, town = place_word_of(before, places), changes.get("town")
    if not word or town not in places.townships:
        return None
    return Addition(PLACES, str(town), word)
