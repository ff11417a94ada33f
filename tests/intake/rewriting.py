"""Tables of the demonstration campaign, taken out of their workbooks to be written again in another way."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from wishes.intake.reader import Reader, files_in
from wishes.intake.reading import read_workbook
from wishes.intake.reading.grid import column_number
from wishes.intake.understanding import CampaignRules, FileReading, Lexicon, Places, catalogue_from_rows
from wishes.intake.words import default_words

DEMO = Path(__file__).parents[2] / "wishes" / "demo" / "hangzhou-2021"
FEWEST, MOST = 12, 40

Place = tuple[str, int, int]
"""Sheet, row and column, counted from zero."""
Line = tuple[int, int]
"""A row of the sender's table and one of its columns."""
Readings = dict[tuple[int, int, int], dict[str, Any]]
"""Entries by row and column of the sender's table, and part."""


@dataclass
class Table:
    """Titles, what they were taken for, and rows; ``ids`` and ``columns`` say where each stood in the sender's table.

    A row without id is none of the sender's.
    """

    name: str
    above: list[list[Any]]
    titles: list[str]
    roles: list[str]
    rows: list[list[Any]]
    ids: list[int | None]
    columns: list[int | None]
    below: list[list[Any]] = field(default_factory=list)

    def copy(self) -> Table:
        return Table(
            self.name,
            [list(row) for row in self.above],
            list(self.titles),
            list(self.roles),
            [list(row) for row in self.rows],
            list(self.ids),
            list(self.columns),
        )

    def one(self, role: str) -> int | None:
        """The only column of a role."""
        found = [at for at, each in enumerate(self.roles) if each == role]
        return found[0] if len(found) == 1 else None

    def order(self, columns: list[int]) -> None:
        self.titles, self.roles = [self.titles[c] for c in columns], [self.roles[c] for c in columns]
        self.columns = [self.columns[c] for c in columns]
        self.rows = [[row[c] for c in columns] for row in self.rows]

    def put(self, at: int, title: str, values: list[Any], role: str = "none of ours") -> None:
        self.titles.insert(at, title)
        self.roles.insert(at, role)
        self.columns.insert(at, None)
        for row, value in zip(self.rows, values, strict=True):
            row.insert(at, value)

    def take(self, at: int) -> None:
        del self.titles[at], self.roles[at], self.columns[at]
        for row in self.rows:
            del row[at]

    def each(self, role: str, change: Callable[[Any], Any]) -> None:
        for at, each in enumerate(self.roles):
            if each == role:
                for row in self.rows:
                    row[at] = change(row[at])

    def put_row(self, at: int, values: list[Any]) -> None:
        self.rows.insert(at, [*values, *[""] * (len(self.titles) - len(values))])
        self.ids.insert(at, None)


@cache
def reader() -> Reader:
    """The demonstration campaign's."""
    words = default_words()
    with (DEMO / "places.csv").open(encoding="utf-8") as file:
        places = Places.from_rows(csv.DictReader(file), words.provinces)
    with (DEMO / "catalogue.csv").open(encoding="utf-8") as file:
        catalogue = catalogue_from_rows(csv.DictReader(file))
    rules = CampaignRules.from_campaign(json.loads((DEMO / "campaign.json").read_text("utf-8")))
    return Reader(rules, Lexicon(words, catalogue, places))


@cache
def sent_tables() -> tuple[Table, ...]:
    """Of every third workbook the table with its plain lines: no merged, struck or hidden ones, at most ``MOST``."""
    tables = [_table(path) for path in files_in([DEMO / "wishes"])[::3]]
    return tuple(table for table in tables if table is not None and len(table.rows) >= FEWEST)


def _table(path: Path) -> Table | None:
    workbook = read_workbook(path.read_bytes(), path.name)
    reading, _ = reader().understand(workbook)
    found = [(sheet.name, table) for sheet in reading.sheets for table in sheet.tables]
    if workbook.date1904 or len(workbook.sheets) > 1 or len(found) != 1 or not found[0][1].header_rows:
        return None
    sheet, table = workbook.sheets[0], found[0][1]
    if sheet.month_only:
        return None
    uneven = {row for row, _ in sheet.struck} | sheet.hidden_rows
    uneven |= {row for top, _, bottom, _ in sheet.merged for row in range(top, bottom + 1)}
    wishes = {fate.row for fate in reading.fates if fate.fate == "wish"} - uneven
    ids = [row for row in range(table.first_row, table.last_row + 1) if row in wishes]
    rows = [
        [row[c.column] if c.column < len(row) else "" for c in table.columns] for row in (sheet.rows[r] for r in ids)
    ]
    plain = [at for at, row in enumerate(rows) if not {"同上", "〃", '"', "″", "”"} & {str(v).strip() for v in row}]
    above = [[v for v in sheet.rows[r] if v not in ("", None)] for r in range(table.header_rows[0])]
    return Table(
        path.name,
        [row for row in above if row],
        [column.title for column in table.columns],
        [column.role for column in table.columns],
        [rows[at] for at in plain[:MOST]],
        [ids[at] for at in plain[:MOST]],
        [column.column for column in table.columns],
    )


def shown(value: Any) -> str:
    """A cell as it is typed."""
    if isinstance(value, float):
        return str(int(value)) if value == int(value) else repr(value)
    if isinstance(value, dt.datetime):
        return f"{value.year}/{value.month}/{value.day}"
    return "" if value is None else str(value)


def lines_above(page: Worksheet, table: Table) -> int:
    """Write what stands above the table; the row below it."""
    for row, values in enumerate(table.above):
        for column, value in enumerate(values):
            page.cell(row + 1, column + 1, value)
    return len(table.above)


def plainly(table: Table) -> tuple[openpyxl.Workbook, Mapping[Place, Line]]:
    """One sheet, one header, one line a child."""
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    row, places = lines_above(page, table), {}
    for values, line in zip([table.titles, *table.rows], [None, *table.ids], strict=True):
        for column, value in enumerate(values):
            if value not in ("", None):
                page.cell(row + 1, column + 1, value)
            if line is not None and (own := table.columns[column]) is not None:
                places[page.title, row, column] = (line, own)
        row += 1
    for values in table.below:
        for column, value in enumerate(values):
            page.cell(row + 1, column + 1, value)
        row += 1
    return book, places


def readings(name: str, book: openpyxl.Workbook, places: Mapping[Place, Line]) -> Readings:
    """The book's entries; those that stand where no wish of the sender's was put count as row -1."""
    data = io.BytesIO()
    book.save(data)
    return entries_at(reader().read(data.getvalue(), name), places)


def entries_at(reading: FileReading, places: Mapping[Place, Line]) -> Readings:
    found: Readings = {}
    for number, entry in enumerate(reading.entries):
        match = re.fullmatch(r"([A-Z]+)(\d+)", entry.cell)
        assert match is not None
        at = places.get((entry.sheet, int(match[2]) - 1, column_number(match[1])), (-1, number))
        told = entry.to_object()
        for own in ("file", "sheet", "cell", "confidence", "duplicate_of"):
            del told[own]
        found[(*at, entry.part)] = told
    return found


def differences(before: Readings, after: Readings, ignoring: tuple[str, ...] = ()) -> list[str]:
    """What is missing, invented or read otherwise, in words."""
    told = [f"missing: {before[at]['raw']}" for at in before.keys() - after.keys()]
    told += [f"invented: {after[at]['raw']} ({after[at]['status']})" for at in after.keys() - before.keys()]
    for at in before.keys() & after.keys():
        told += [
            f"{name} of {before[at]['raw']!r}: {before[at][name]!r}, now {after[at][name]!r}"
            for name in before[at]
            if name not in ignoring and before[at][name] != after[at][name]
        ]
    return told
