"""The sender's own workbook with a remark on each cell to be mended, and a report of every row. Nothing in them is live.

Formulas are replaced by the values they had; links, macros, names and whatever else could run or call home is left out.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast
from xml.etree.ElementTree import ParseError

import openpyxl
import xlsxwriter
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill
from openpyxl.workbook import Workbook as OpenBook

from wishes.intake.files import RowState
from wishes.intake.grids import View
from wishes.intake.patching import NotUsual, patched
from wishes.intake.reading import CSV_SHEET
from wishes.intake.report import write_report
from wishes.intake.understanding import Entry, FileReading

Remarks = Mapping[str, Mapping[tuple[int, int], tuple[str, str]]]
"""Sheet → (row, column) from zero → weight (``rejected``, ``parked`` or ``warning``) and text."""
FILL = {"rejected": "F8C9C4", "parked": "FCE3AE", "warning": "FFF4CF"}
MOST_CELLS = 40_000
"""Above this an unusual workbook's layout is not kept: reading it with all its looks takes too long."""
AUTHOR = "微心愿"
_XML_TROUBLE = (KeyError, ValueError, TypeError, AttributeError, IndexError, ParseError, zipfile.BadZipFile, OSError)


def annotated_workbook(data: bytes, name: str, view: View, remarks: Remarks) -> bytes:
    """The workbook *data* with *remarks* as comments and colours, as .xlsx.

    A CSV, a workbook too large to be kept as it looks, or one that is out of order comes as plain cells with the same remarks.
    """
    if data.startswith(b"PK"):
        try:
            return patched(data, remarks, FILL, AUTHOR)
        except (NotUsual, *_XML_TROUBLE):
            cells = sum(len(row) for rows in view.texts.values() for row in rows)
        if cells <= MOST_CELLS:
            try:
                return _in_place(data, remarks)
            except _XML_TROUBLE:  # Excel forgives more than openpyxl does
                return _plain(view, remarks)
    return _plain(view, remarks)


def _in_place(data: bytes, remarks: Remarks) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(data), data_only=True, keep_vba=False, keep_links=False)
    _disarm(book)
    for sheet_name, marks in remarks.items():
        if sheet_name not in book.sheetnames:
            continue
        sheet = book[sheet_name]
        for (row, column), (weight, text) in marks.items():
            cell = sheet.cell(row + 1, column + 1)
            spans = [span for span in sheet.merged_cells.ranges if cell.coordinate in span]
            if spans:
                cell = sheet.cell(spans[0].min_row, spans[0].min_col)
            before = cell.comment.text + "\n" if cell.comment else ""
            cell.comment = Comment(before + text, AUTHOR, width=260, height=60 + 18 * (before + text).count("\n"))
            cell.fill = PatternFill("solid", start_color=FILL[weight])
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def _disarm(book: OpenBook) -> None:
    """Take out what is live: formulas (their values stay), links, defined names, rules with formulas."""
    book.defined_names.clear()
    for sheet in book.worksheets:
        sheet.defined_names.clear()
        sheet.conditional_formatting = type(sheet.conditional_formatting)()
        sheet.data_validations.dataValidation = [
            rule
            for rule in sheet.data_validations.dataValidation
            if rule.type == "list" and not _names_elsewhere(rule.formula1)
        ]
        for cells in sheet.iter_rows():
            for cell in cells:
                if getattr(cell, "hyperlink", None) is not None:
                    cell.hyperlink = None
                if cell.data_type == "f":
                    cell.value = None
                elif isinstance(cell.value, str) and cell.value[:1] in "=+-@":
                    cell.data_type = "s"
                    cell.quotePrefix = True


def _names_elsewhere(formula: str | None) -> bool:
    return not formula or "[" in formula or "(" in formula


def _plain(view: View, remarks: Remarks) -> bytes:
    kept = io.BytesIO()
    with xlsxwriter.Workbook(kept, _SAFE) as book:
        fills = {weight: book.add_format({"bg_color": f"#{colour}"}) for weight, colour in FILL.items()}
        for number, (name, rows) in enumerate(view.texts.items(), 1):
            sheet = book.add_worksheet(_sheet_name(name, number))
            sheet.set_column(0, max((len(row) for row in rows), default=1), 14)
            marks = remarks.get(name, {})
            for at, row in enumerate(rows):
                for column, text in enumerate(row):
                    weight = marks.get((at, column), ("", ""))[0]
                    if text:
                        sheet.write_string(at, column, text, fills.get(weight))
            for (at, column), (weight, text) in marks.items():
                if at >= len(rows) or column >= len(rows[at]) or not rows[at][column]:
                    sheet.write_blank(at, column, None, fills[weight])
                sheet.write_comment(at, column, text, {"author": AUTHOR, "x_scale": 2})
    return kept.getvalue()


_SAFE = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def _sheet_name(name: str, number: int) -> str:
    if name == CSV_SHEET:
        return "csv"
    clean = "".join("_" if c in "[]:*?/\\'" else c for c in name).strip()[:28]
    return clean or f"Sheet{number}"


def report_workbook(view: View | None, name: str, rows: Sequence[tuple[RowState, Entry]]) -> bytes:
    """Every entry of a file with what became of it, and what its other rows were taken for."""
    keys = {row.id: entry.key for row, entry in rows}
    entries, objects = [], []
    for row, entry in rows:
        status = "accepted" if row.status == "duplicate" else row.status
        now = replace(entry, status=status, reasons=list(row.reasons), warnings=list(row.warnings))
        now.duplicate_of = (
            keys.get(row.duplicate_of_id or 0, str(row.duplicate_of_id)) if row.status == "duplicate" else None
        )
        entries.append(now)
        objects.append({**now.to_object(), "reasons": list(row.reasons)})
    kept = io.BytesIO()
    write_report(cast(Any, kept), [FileReading(name, entries, list(view.fates) if view else [])], objects)
    return kept.getvalue()
