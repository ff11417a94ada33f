"""From an entry as read to the columns that are remembered: wish, child, consent. Pure.

Only what every taker may see goes into the wish: item, size, number, price, and a detail from which names, phones and
addresses were taken out. Who the child is goes into :func:`identity_of`, which is sealed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from wishes.clock import start_of_day
from wishes.intake.understanding.model import Entry
from wishes.lifecycle import Kind
from wishes.protection.screening import MASKS, screen

SERVICE = frozenset({"companionship", "experience", "psych"})
"""Categories of wishes that are somebody's time."""

_MASKS = re.compile("|".join(map(re.escape, MASKS.values())))


@dataclass(frozen=True, slots=True)
class Guide:
    """Rough prices for wishes whose sender named none: by item, else the median of the category."""

    by_item: Mapping[str, int]
    by_category: Mapping[str, int]
    ceiling_fen: int

    @classmethod
    def from_rows(cls, rows: list[tuple[str, str, int | None, int | None]], ceiling_fen: int) -> Guide:
        """*rows* are ``(item, category, lowest fen, highest fen)`` of the catalogue."""
        by_item: dict[str, int] = {}
        grouped: dict[str, list[int]] = {}
        for item, category, low, high in rows:
            known = [price for price in (low, high) if price is not None]
            if known:
                by_item[item] = sum(known) // len(known)
                grouped.setdefault(category, []).append(by_item[item])
        return cls(
            by_item, {category: sorted(prices)[len(prices) // 2] for category, prices in grouped.items()}, ceiling_fen
        )

    def price_fen(self, entry: Entry) -> int:
        """What a taker should expect to spend: the sender's upper end, else the lower, else the catalogue's middle."""
        if entry.price_high is not None:
            return entry.price_high
        if entry.price_low is not None:
            return entry.price_low
        guessed = self.by_item.get(entry.item or "", self.by_category.get(entry.category or "", 0))
        return min(guessed, self.ceiling_fen)


def kind_of(entry: Entry) -> Kind:
    """Whether it is a thing or somebody's time."""
    service = entry.category in SERVICE or entry.need in ("vetted", "psych")
    return Kind.SERVICE if service else Kind.GOODS


def wish_values(entry: Entry, *, guide: Guide, county_code: str, township_code: str) -> dict[str, Any]:
    """The columns of a wish that the entry decides. The codes stand in where the entry has no place of its own."""
    return {
        "kind": kind_of(entry),
        "need": entry.need or "none",
        "category": entry.category or "",
        "item": safe_item(entry),
        "detail": safe_detail(entry),
        "size_kind": entry.size_kind or "",
        "size": "" if entry.size is None else f"{entry.size:g}",
        "quantity": max(1, entry.qty),
        "price_low_fen": entry.price_low,
        "price_high_fen": entry.price_high,
        "price_fen": guide.price_fen(entry),
        "county_code": entry.county or county_code,
        "township_code": entry.town or township_code,
    }


def safe_item(entry: Entry) -> str:
    """What is wished for, in a name that may be shown; the sender's own words, screened, where the catalogue has none."""
    return _safe(entry.item or entry.raw, entry)[:80] or "心愿"


def safe_detail(entry: Entry) -> str:
    """The sender's own words for the wish, screened of what tells whose it is. Empty when they say no more than the item."""
    words = _safe(re.sub(r"[(（][^()（）]*(?:元|块钱)[^()（）]*[)）]?|[“”\"]", "", entry.raw), entry)
    return "" if words == entry.item else words[:200]


def screened(words: str, entry: Entry) -> str:
    """*words* with a mask wherever they tell who the entry's child is."""
    return _screened(words, *_telling(words, entry))


def _safe(words: str, entry: Entry) -> str:
    masked = screened(words, entry)
    if masked == words:
        return re.sub(r"\s+", " ", words).strip(" ，,、;；")
    bare = re.sub(r"[(（]\s*[)）]", "", _MASKS.sub("", masked))
    return re.sub(r"\s+", " ", bare).strip(" ，,、;；")


@lru_cache(maxsize=16384)
def _screened(words: str, names: tuple[str, ...], places: tuple[str, ...]) -> str:
    return screen(words, names=names, schools=places, addresses=places).text


def _telling(words: str, entry: Entry) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names and places of the entry that share a character with *words*: looking for the others would be slow."""
    letters = set(words)
    names = tuple(name for name in (entry.child, entry.guardian) if name and letters & set(name))
    places = tuple(name for name in (entry.school, entry.village) if name and letters & set(name))
    return names, places


def birth_year(entry: Entry, campaign_start: date) -> int | None:
    """The year of birth, from the birth as written or else from the age at the campaign's start."""
    if entry.birth:
        return int(entry.birth[:4])
    return campaign_start.year - entry.age if entry.age is not None else None


def identity_of(entry: Entry) -> dict[str, Any]:
    """Who the child is; to be sealed at once. Empty values are left out."""
    told = {
        "name": entry.child,
        "birth": entry.birth,
        "age": entry.age,
        "guardian": entry.guardian,
        "relation": entry.relation,
        "phones": list(entry.phone),
        "village": entry.village,
        "school": entry.school,
        "recno": entry.recno,
        "county": entry.county,
        "town": entry.town,
    }
    return {key: value for key, value in told.items() if value not in (None, "", [])}


def consent_values(entry: Entry, *, file_id: int, statement: str, now: datetime) -> dict[str, Any]:
    """The columns of :class:`wishes.intake.tables.Consent` for a consent in the row, by the sender's statement, or noted since."""
    if (confirmed := _confirmed(entry)) is not None:
        return confirmed
    batch = entry.consent == "batch"
    evidence = f"import_file {file_id}" + (f"：{statement}" if batch and statement else "")
    return {
        "basis": "batch" if batch else "row",
        "evidence": evidence[:200],
        "given_at": min(_visited(entry.visit) or now, now),
    }


CONFIRMED_BY = "confirmed by "
"""How a consent that a person noted is traced, before ``phone``, ``paper`` or ``visit``."""


def _confirmed(entry: Entry) -> dict[str, Any] | None:
    """The columns of a consent that a person noted (see :mod:`wishes.intake.consenting`), None where nobody did."""
    trace = entry.traces.get("consent")
    if trace is None or not trace.how.startswith(CONFIRMED_BY):
        return None
    on, _, giver = trace.text.partition(" ")
    return {
        "basis": trace.how.removeprefix(CONFIRMED_BY),
        "evidence": f"{trace.how} on {on}" + (f", {giver}" if giver else ""),
        "given_at": start_of_day(date.fromisoformat(on)),
    }


def _visited(visit: str | None) -> datetime | None:
    return start_of_day(date.fromisoformat(visit)).astimezone(UTC) if visit and len(visit) == 10 else None
