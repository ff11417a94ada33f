"""What was made of a file, as the pages show it: the sender's grid, the roles of its columns, the fate of its rows.

Made once when the file is read and kept sealed beside it, so that a page need not read the workbook again. The readings
of single entries are not in it: they change by decisions and come from their rows.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from wishes.intake.reading import Sheet, Workbook
from wishes.intake.revisions import Revision
from wishes.intake.understanding import (
    AnnotatedSheet,
    ColumnReading,
    Entry,
    FileReading,
    RowFate,
    SheetReading,
    TableReading,
    annotated,
)

CELL_LENGTH = 200
"""Longer texts are cut on pages; the workbook itself keeps them."""


@dataclass(frozen=True, slots=True)
class RevisedWish:
    """One line of what a revised file would do: ``what`` is adds, changes or withdraws; ``changes`` maps fields to old and new."""

    what: str
    sheet: str
    cell: str
    child: str
    item: str
    changes: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class View:
    """A file's grid. ``texts`` maps a visible sheet to its rows."""

    name: str
    texts: Mapping[str, list[list[str]]]
    sheets: Sequence[SheetReading]
    fates: Sequence[RowFate]
    sender: str
    revised: Sequence[RevisedWish] = ()

    def annotated(self, entries: Sequence[Entry], rows: Container[int] | None = None) -> list[AnnotatedSheet]:
        """The sheets with the problems of *entries* marked at their cells. *rows* (from zero) are all that is looked at:
        the others come empty, so that a page of a large sheet costs no more than a page."""
        book = Workbook(
            self.name,
            "view",
            [
                Sheet(name, [list(row) if rows is None or at in rows else [] for at, row in enumerate(texts)])
                for name, texts in self.texts.items()
            ],
        )
        return annotated(book, FileReading(self.name, list(entries), list(self.fates), list(self.sheets)))

    def table_at(self, sheet: str, row: int) -> TableReading | None:
        """The table that a row (from zero) of a sheet belongs to."""
        for page in self.sheets:
            if page.name == sheet:
                for table in page.tables:
                    if table.first_row <= row <= table.last_row:
                        return table
        return None


def view_of(workbook: Workbook, reading: FileReading, *, sender: str, revised: Sequence[RevisedWish] = ()) -> View:
    """What to keep of a file that was just read. Identity numbers are left out."""
    pages = annotated(workbook, FileReading(reading.file, [], reading.fates, reading.sheets))
    texts = {page.name: [[cell[:CELL_LENGTH] for cell in _trimmed(row)] for row in page.rows] for page in pages}
    return View(reading.file, texts, reading.sheets, reading.fates, sender, revised)


def _trimmed(row: list[str]) -> list[str]:
    end = len(row)
    while end and not row[end - 1]:
        end -= 1
    return row[:end]


def pack(view: View) -> bytes:
    """The view as bytes, for :meth:`wishes.intake.uploads.Originals.keep_view`."""
    fates: dict[str, dict[str, list[int]]] = {}
    for fate in view.fates:
        fates.setdefault(fate.sheet, {}).setdefault(fate.fate, []).append(fate.row)
    told = {
        "name": view.name,
        "texts": view.texts,
        "sheets": [asdict(sheet) for sheet in view.sheets],
        "fates": fates,
        "sender": view.sender,
        "revised": [asdict(line) for line in view.revised],
    }
    return zlib.compress(json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode(), 3)


def unpack(data: bytes) -> View:
    """What :func:`pack` made."""
    told: dict[str, Any] = json.loads(zlib.decompress(data))
    return View(
        told["name"],
        told["texts"],
        [_sheet(sheet) for sheet in told["sheets"]],
        [
            RowFate(sheet, row, fate)
            for sheet, by_fate in told["fates"].items()
            for fate, rows in by_fate.items()
            for row in rows
        ],
        told["sender"],
        [
            RevisedWish(**{**line, "changes": {name: (old, new) for name, (old, new) in line["changes"].items()}})
            for line in told["revised"]
        ],
    )


def _sheet(told: dict[str, Any]) -> SheetReading:
    tables = [
        TableReading(
            tuple(table["header_rows"]),
            table["first_row"],
            table["last_row"],
            [ColumnReading(**column) for column in table["columns"]],
            table["kind"],
        )
        for table in told["tables"]
    ]
    return SheetReading(told["name"], told["use"], tables)


def revised_wishes(revision: Revision, new: Mapping[str, Entry], old: Mapping[str, Entry]) -> list[RevisedWish]:
    """A revision spelled out, from the entries of both files by key."""

    def line(what: str, entry: Entry, changes: Mapping[str, tuple[str, str]] | None = None) -> RevisedWish:
        return RevisedWish(what, entry.sheet, entry.cell, entry.child or "", entry.item or entry.raw, changes or {})

    lines = [
        line(
            "changes",
            new[change.entry],
            {
                name: (said(name, getattr(old[change.of], name)), said(name, getattr(new[change.entry], name)))
                for name in change.fields
            },
        )
        for change in revision.changes
        if change.of in old
    ]
    lines += [line("adds", new[key]) for key in revision.adds]
    lines += [line("withdraws", old[key]) for key in revision.withdraws if key in old]
    return lines


def said(name: str, value: object) -> str:
    """A field's value as people read it; prices in yuan."""
    if value is None or value == "" or value == ():
        return ""
    if name.startswith("price") and isinstance(value, int):
        return f"{value / 100:g}"
    if isinstance(value, tuple | list):
        return "、".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
