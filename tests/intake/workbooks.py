"""Workbooks as senders might have made them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import openpyxl
from openpyxl.styles import Font

from wishes.intake.understanding import FileReading

Understand = Callable[..., FileReading]


def workbook(
    rows: Sequence[Sequence[Any]],
    *,
    title: str = "Sheet1",
    merge: Iterable[str] = (),
    struck: Iterable[str] = (),
    hidden_rows: Iterable[int] = (),
    more: Iterable[tuple[str, Sequence[Sequence[Any]], str]] = (),
    date1904: bool = False,
    formats: dict[str, str] | None = None,
) -> bytes:
    """The bytes of an .xlsx with one sheet, and ``more`` as (title, rows, state)."""
    book = openpyxl.Workbook()
    if date1904:
        book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    for span in merge:
        sheet.merge_cells(span)
    for cell in struck:
        sheet[cell].font = Font(strike=True)
    for number in hidden_rows:
        sheet.row_dimensions[number].hidden = True
    for cell, code in (formats or {}).items():
        sheet[cell].number_format = code
    for name, others, state in more:
        extra = book.create_sheet(name)
        for row in others:
            extra.append(list(row))
        extra.sheet_state = state
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
