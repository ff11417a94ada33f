"""What understanding a file yields. Plain dataclasses; nothing here knows of pages or tables of a database."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, NamedTuple

REASONS = (
    "missing_wish",
    "missing_name",
    "over_ceiling",
    "age_out_of_range",
    "no_consent",
    "unsafe_item",
    "cash_wish",
    "withdrawn",
    "out_of_area",
)
"""Why an entry is rejected."""

WARNINGS = (
    "price_missing",
    "price_total_only",
    "birth_missing",
    "birth_ambiguous",
    "birth_lunar",
    "date_serial",
    "phone_missing",
    "phone_invalid",
    "old_district",
    "hidden_row",
    "name_alias",
)
"""Worth marking, without consequence."""

DOUBTS = (
    "item_unknown",
    "item_unsure",
    "item_either",
    "price_unreadable",
    "consent_unreadable",
    "age_unsure",
    "place_unsure",
    "wish_cut_unsure",
    "row_unsure",
)
"""Why an entry is parked until a person decides."""

COLUMNS = (
    "sheet",
    "cell",
    "part",
    "status",
    "reasons",
    "raw",
    "child",
    "gender",
    "birth",
    "age",
    "county",
    "town",
    "village",
    "guardian",
    "phone",
    "types",
    "item",
    "category",
    "need",
    "size_kind",
    "size",
    "qty",
    "price_low",
    "price_high",
    "consent",
    "visit",
    "recno",
    "warnings",
)
"""The keys of one entry as an object, in order; ``file``, ``confidence`` and ``duplicate_of`` are added."""


@dataclass(frozen=True, slots=True)
class CampaignRules:
    """What the campaign accepts. ``ceiling_fen`` None means no ceiling; ``age_limit`` is the age no longer accepted."""

    start_on: dt.date
    ceiling_fen: int | None
    city_code: str = ""
    age_limit: int = 18
    consent_required: bool = True
    park_below: float = 0.6
    """An entry whose least sure value is below this is parked."""

    @classmethod
    def from_campaign(cls, campaign: Mapping[str, Any]) -> CampaignRules:
        """From the object of ``campaign.json``."""
        ceiling = campaign.get("price_ceiling_yuan")
        age = re.search(r"\d+", str(campaign.get("age_limit", "")))
        return cls(
            start_on=dt.date.fromisoformat(campaign["start"]),
            ceiling_fen=None if ceiling is None else round(float(ceiling) * 100),
            city_code=campaign.get("city_code", ""),
            age_limit=int(age[0]) if age else 18,
        )


class Trace(NamedTuple):
    """How one value was read: from which cell, out of which words, by which rule, how surely (0 to 1)."""

    cell: str
    text: str
    how: str
    confidence: float


@dataclass(slots=True)
class Entry:
    """One wish as read. Prices in fen. ``traces`` holds only values that were not read off plainly."""

    file: str
    sheet: str
    cell: str
    part: int
    row: int
    status: str = "accepted"
    reasons: list[str] = field(default_factory=list)
    raw: str = ""
    child: str | None = None
    gender: str | None = None
    birth: str | None = None
    age: int | None = None
    county: str | None = None
    town: str | None = None
    village: str | None = None
    guardian: str | None = None
    phone: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    item: str | None = None
    category: str | None = None
    need: str | None = None
    size_kind: str | None = None
    size: float | None = None
    qty: int = 1
    price_low: int | None = None
    price_high: int | None = None
    consent: str = "no"
    visit: str | None = None
    recno: str | None = None
    warnings: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    confidence: float = 1.0
    duplicate_of: str | None = None
    relation: str | None = None
    school: str | None = None
    remark: str | None = None
    consent_text: str = ""
    """What the consent column says in this line."""
    child_row: int = 0
    """The row that names the child: entries of one table with the same ``child_row`` are one child's."""
    traces: dict[str, Trace] = field(default_factory=dict)

    def again(self) -> Entry:
        """A copy with lists of its own, for the next wish of the same child."""
        new = Entry(*_ALL(self))
        new.reasons, new.warnings, new.doubts, new.traces = (
            list(self.reasons),
            list(self.warnings),
            list(self.doubts),
            dict(self.traces),
        )
        return new

    @property
    def key(self) -> str:
        """``file|sheet|cell|part``: stable for the same file."""
        return f"{self.file}|{self.sheet}|{self.cell}|{self.part}"

    def to_object(self) -> dict[str, Any]:
        """The entry as one JSON object; prices in yuan."""
        values: dict[str, Any] = {name: getattr(self, name) for name in COLUMNS}
        values.update(
            phone=list(self.phone),
            types=list(self.types),
            reasons=list(self.reasons),
            warnings=list(self.warnings),
            price_low=_yuan(self.price_low),
            price_high=_yuan(self.price_high),
        )
        if {"over_ceiling", "unsafe_item", "cash_wish"} & set(self.reasons):
            # Refused for the thing itself: no class is claimed for it.
            values.update(category=None, need=None, size_kind=None, size=None)
        return {"file": self.file, **values, "confidence": round(self.confidence, 3), "duplicate_of": self.duplicate_of}


_ALL = attrgetter(*(f.name for f in fields(Entry)))


def _yuan(fen: int | None) -> float | int | None:
    if fen is None:
        return None
    return fen // 100 if fen % 100 == 0 else fen / 100


@dataclass(slots=True)
class ColumnReading:
    """What one column was taken for. ``column`` counts from zero; ``how`` is header, content, taught or group."""

    column: int
    title: str
    role: str
    how: str
    confidence: float
    number: int = 0
    """1, 2 … where a sheet has several wish or price columns."""


@dataclass(slots=True)
class TableReading:
    """One table of a sheet; rows count from zero, ``last_row`` is inclusive. ``kind`` is ``table`` or ``cards``."""

    header_rows: tuple[int, ...]
    first_row: int
    last_row: int
    columns: list[ColumnReading]
    kind: str = "table"


class RowFate(NamedTuple):
    """What became of one row: title, header, section, example, total, footer, note, blank, number_only, hidden_sheet, notes_sheet,
    wish, or ignored."""

    sheet: str
    row: int
    fate: str


@dataclass(slots=True)
class SheetReading:
    name: str
    use: str
    """``data``, ``notes``, ``hidden``, ``empty``, or ``unread``: it seems to list wishes, but no table could be made of it."""
    tables: list[TableReading] = field(default_factory=list)


@dataclass(slots=True)
class FileReading:
    """Everything read from one file. ``problem`` is set, and there are no entries, where the file could not be
    read."""

    file: str
    entries: list[Entry] = field(default_factory=list)
    fates: list[RowFate] = field(default_factory=list)
    sheets: list[SheetReading] = field(default_factory=list)
    sender_kind: str = ""
    """``town``, ``school``, ``county`` or empty."""
    sender_name: str = ""
    county: str | None = None
    town: str | None = None
    old_district: bool = False
    consent_statement: str = ""
    year: int | None = None
    """The campaign's, by which ages were understood."""
    digest: str = ""
    problem: str = ""
    problem_zh: str = ""
    problem_en: str = ""

    def __reduce__(self) -> tuple[Any, ...]:
        # By attribute, all entries' together: thousands of entries pass between processes.
        told = [getattr(self, f.name) for f in fields(self)[3:]]
        return _unpacked, (
            self.file,
            list(zip(*map(_ALL, self.entries), strict=True)),
            list(zip(*self.fates, strict=True)),
            told,
        )

    def counts(self) -> dict[str, int]:
        """Entries by what became of them: read, accepted, rejected, parked, duplicates; and how many sheets are ``unread``."""
        counts = {"read": len(self.entries), "accepted": 0, "rejected": 0, "parked": 0, "duplicates": 0}
        for entry in self.entries:
            counts[entry.status] += 1
            counts["duplicates"] += entry.duplicate_of is not None
        if unread := sum(sheet.use == "unread" for sheet in self.sheets):
            counts["unread"] = unread
        return counts


def _unpacked(
    file: str, entries: Sequence[Sequence[Any]], fates: Sequence[Sequence[Any]], told: Sequence[Any]
) -> FileReading:
    made = list(map(Entry, *entries)) if entries else []
    return FileReading(file, made, list(map(RowFate, *fates)) if fates else [], *told)


@dataclass(frozen=True, slots=True)
class SenderMemory:
    """What coordinators taught for one sender, in any file of that sender: the role of a column by its title, and the code of
    the township by the name of a village or school, or by its own name where there are several of it."""

    roles: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
