"""The campaign's catalogue: its lines, and which of them a sender's word means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

NEEDS = {"experience": "vetted", "companionship": "vetted", "psych": "psych"}


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    """One line of the campaign's catalogue. Prices in fen."""

    name: str
    category: str
    need: str
    size_kind: str | None
    price_low: int | None = None
    price_high: int | None = None
    measure_word: str = ""


def catalogue_from_rows(rows: Iterable[Mapping[str, str]]) -> tuple[CatalogueItem, ...]:
    """The catalogue from the rows of ``catalogue.csv``."""

    def fen(text: str | None) -> int | None:
        return round(float(text) * 100) if text else None

    return tuple(
        CatalogueItem(
            r["item"],
            r["category"],
            r["needs"],
            r.get("size_kind") or None,
            fen(r.get("price_low")),
            fen(r.get("price_high")),
            r.get("measure_word") or "",
        )
        for r in rows
    )


def is_akin(word: str, listed: CatalogueItem) -> bool:
    """Whether the catalogue's name does for a sender's word: 水杯 may be called 保温杯, a 棉袄 is no 冲锋外套."""
    return listed.category in NEEDS or bool(set(word) & set(listed.name))


def nearest_of(word: str, listed: Sequence[CatalogueItem]) -> CatalogueItem | None:
    """The one line whose name has the most of the word's characters; the last tells the kind of thing."""
    shared = [len(set(word) & set(line.name)) + 2 * (word[-1] == line.name[-1]) for line in listed]
    most = max(shared)
    return listed[shared.index(most)] if shared.count(most) == 1 else None
