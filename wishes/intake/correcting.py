"""Corrections by a person: which fields may be set, to what, and what the campaign's rules say afterwards. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from wishes.errors import Invalid
from wishes.i18n import Text
from wishes.intake.reader import Reader
from wishes.intake.understanding.catalogued import NEEDS
from wishes.intake.understanding.model import Entry
from wishes.intake.understanding.things import CATEGORIES
from wishes.intake.understanding.wishcells import judge

_OF_THE_WISH = {"missing_wish", "unsafe_item", "cash_wish"}
_OF_THE_PLACE = {"out_of_area"}
_RECOUNTED = {"missing_name", "over_ceiling", "age_out_of_range", "no_consent"}


def _text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError
    return (value or "").strip()[:200] or None


def _choice(*allowed: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if value not in allowed:
            raise ValueError
        return str(value)

    return check


def _matching(pattern: str) -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:
        text = _text(value)
        if text is not None and not re.fullmatch(pattern, text):
            raise ValueError
        return text

    return check


def _number(lowest: int, highest: int) -> Callable[[Any], int | None]:
    def check(value: Any) -> int | None:
        if value is None:
            return None
        number = int(value)
        if not lowest <= number <= highest:
            raise ValueError
        return number

    return check


def _phones(value: Any) -> tuple[str, ...]:
    phones = tuple(map(str, value))
    if not all(re.fullmatch(r"1[3-9]\d{9}", phone) for phone in phones):
        raise ValueError
    return phones


def _types(value: Any) -> tuple[str, ...]:
    return tuple(
        sorted(_choice("orphan", "unattended", "poor", "disabled", "left_behind", "other")(each) for each in value)
    )


def _size(value: Any) -> float | None:
    return None if value in (None, "") else float(value)


_BIRTH = r"(19|20)\d{2}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?"
FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "child": _text,
    "gender": _choice("M", "F"),
    "birth": _matching(_BIRTH),
    "age": _number(0, 120),
    "county": _matching(r"\d{6}"),
    "town": _matching(r"\d{9}"),
    "village": _text,
    "guardian": _text,
    "relation": _text,
    "phone": _phones,
    "types": _types,
    "item": _text,
    "category": _choice(*CATEGORIES),
    "size_kind": _text,
    "size": _size,
    "qty": _number(1, 1000),
    "price_low": _number(0, 10_000_000),
    "price_high": _number(0, 10_000_000),
    "school": _text,
    "recno": _text,
    "visit": _matching(r"\d{4}-\d{2}-\d{2}"),
}
"""Field → what makes a usable value of what was typed; prices in fen. Consent is not here: it is recorded, not corrected."""


def corrected(entry: Entry, changes: Mapping[str, Any]) -> Entry:
    """A copy of *entry* with *changes*. Raises :class:`~wishes.errors.Invalid` for an unknown field or an unusable value."""
    better = deepcopy(entry)
    for name, value in changes.items():
        try:
            setattr(better, name, FIELDS[name](value))
        except (KeyError, TypeError, ValueError) as error:
            raise Invalid(name, Text("“{name}”的值不能用。", "The value for “{name}” cannot be used.")) from error
        better.traces.pop({"price_low": "price", "price_high": "price", "item": "raw"}.get(name, name), None)
    return better


def rejudge(entry: Entry, changed: set[str], reader: Reader) -> None:
    """Judge a corrected entry by the campaign's rules; sets status, reasons, doubts and confidence.

    A corrected item is looked up like a sender's: it may prove unsafe, and it brings its category. Doubts about other values
    go with the correction, since a person has looked at the entry.
    """
    settled = set(_RECOUNTED)
    entry.doubts, entry.confidence = [], 1.0
    entry.traces = {name: trace for name, trace in entry.traces.items() if trace.confidence >= reader.rules.park_below}
    if "item" in changed:
        settled |= _OF_THE_WISH
    if "town" in changed and "county" not in changed and entry.town is not None:
        entry.county = reader.lexicon.places.county_of(entry.town) or entry.county
    if changed & {"county", "town", "village"}:
        settled |= _OF_THE_PLACE
    entry.reasons = [code for code in entry.reasons if code not in settled]
    if "item" in changed:
        _class(entry, changed, reader)
    if "category" in changed:
        entry.need = NEEDS.get(entry.category or "", "none")
    if not entry.reasons and not entry.category:
        entry.doubts.append("item_unknown")
    judge(entry, reader.rules)


def _class(entry: Entry, changed: set[str], reader: Reader) -> None:
    """What the corrected item is: refused, or of a category."""
    thing = reader.lexicon.things.read(entry.item or "")
    refused = {"none": "missing_wish", "unsafe": "unsafe_item", "cash": "cash_wish"}.get(thing.verdict)
    if refused is not None:
        entry.reasons.append(refused)
        return
    entry.item = thing.item or entry.item
    if "category" not in changed:
        entry.category = thing.category
    entry.need = NEEDS.get(entry.category or "", "none")
    entry.size_kind = entry.size_kind or thing.size_kind
