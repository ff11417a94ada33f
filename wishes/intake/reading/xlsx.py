"""From an unpacked .xlsx to sheets: values by python-calamine, and what it does not give from the raw XML.

The raw XML is only searched for patterns, never parsed as a document: entities and external references in it stay inert.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import zip_longest
from typing import cast

import python_calamine

from wishes.intake.reading.errors import UnreadableFile
from wishes.intake.reading.formulas import evaluated
from wishes.intake.reading.grid import Sheet, Span, Value, Workbook, column_number
from wishes.intake.reading.limits import Limits
from wishes.intake.reading.packed import Package, attributes, unpack

_OTHER_ROW = re.compile(rb'<row\b(?! r="[1-8]?\d{1,3}")')
_OTHER_CELL = re.compile(rb'<c(?:[\t\r\n>/]| (?!r="[A-Z]{1,2}[1-8]?\d{1,3}"))')
"""What spreadsheet programs do not write, or beyond column ZZ or row 8999. Patterns that begin with plain letters are searched
fast."""
_ROW_TAG = re.compile(rb"<(?:\w+:)?row\b([^>]*)>")
_CELL_TAG = re.compile(rb"<(?:\w+:)?c\b([^>]*)>(\s*<(?:\w+:)?(?:v|f|is)\b)?")
_NUMBER = re.compile(rb"""\br\s*=\s*["']\s*(\d+)""")
_PLACE = re.compile(rb"""\br\s*=\s*["']\s*\$?([A-Za-z]+)\$?(\d+)""")
_ENOUGH_DIGITS = 10
_HIDDEN = re.compile(rb"""\shidden=["'](?:1|true)["']""")
_FORMULA_TAG, _ANY_FORMULA_TAG = re.compile(rb"<f\b"), re.compile(rb"<(?:\w+:)?f\b")
_FORMULA = re.compile(
    rb"""<(?:\w+:)?c\b([^>]*)>\s*<(?:\w+:)?f\b[^>]*?>([^<]*)</(?:\w+:)?f>\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>([^<]*)</(?:\w+:)?v>)?"""
)
_MERGE = re.compile(rb"""<(?:\w+:)?mergeCell\b[^>]*?ref=["']([A-Z]+)(\d+):([A-Z]+)(\d+)["']""")
_REFERENCE = re.compile(rb"""\br=["']([A-Z]+)(\d+)["']""")
_STYLE = re.compile(rb"""\ss=["'](\d+)["']""")


def read_xlsx(data: bytes, name: str, limits: Limits) -> Workbook:
    """Read an Open XML workbook. Raises UnreadableFile."""
    package = unpack(data, limits)
    for _, path, _, _ in package.sheets:
        _check_extent(package.parts.get(path, b""), limits)
    struck_styles, month_styles = _styles(package)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(package.repacked())
        sheets = []
        for title, path, hidden, index in package.sheets:
            raw = package.parts.get(path, b"")
            rows = cast(list[list[Value]], book.get_sheet_by_index(index).to_python(skip_empty_area=False))
            sheets.append(_sheet(title, hidden, raw, rows, struck_styles, month_styles))
    except (python_calamine.CalamineError, ValueError, OSError, IndexError) as error:
        raise UnreadableFile("damaged") from error
    return Workbook(name=name, kind="xlsx", sheets=sheets, date1904=package.date1904, notes=tuple(package.notes))


def _check_extent(raw: bytes, limits: Limits) -> None:
    """Refuse a sheet whose filled cells span more than we are willing to lay out."""
    if _OTHER_ROW.search(raw) is None and _OTHER_CELL.search(raw) is None and b":c" not in raw and b":row" not in raw:
        return  # every row and cell says where it stands, and none stands far out
    last_row = last_column = 0
    far_row, far_column, bare, bare_in_row = 0, 0, 0, 0
    rows = list(_ROW_TAG.finditer(raw))
    if len(rows) > limits.rows:
        raise UnreadableFile("sheet_too_large")
    for tag, following in zip_longest(rows, rows[1:]):
        number = _NUMBER.search(tag[1])
        far_row = max(far_row + 1, _whole(number[1]) if number is not None else 0)
        bare = 0
        for attributes_, filled in _CELL_TAG.findall(
            raw, tag.end(), following.start() if following is not None else len(raw)
        ):
            place = _PLACE.search(attributes_)
            if place is None:
                bare += 1
                continue
            row, column = _whole(place[2]), column_number(place[1][:8].upper().decode())
            far_row, far_column = max(far_row, row), max(far_column, column + 1)
            if filled:
                last_row, last_column = max(last_row, row), max(last_column, column + 1)
        bare_in_row = max(bare_in_row, bare)
    if bare_in_row:
        # A cell that does not say where it stands follows the one before, be that one filled or not.
        last_row, last_column = far_row, far_column + bare_in_row
    if last_row > limits.rows or last_column > limits.columns or last_row * last_column > limits.area:
        raise UnreadableFile("sheet_too_large")


def _whole(digits: bytes) -> int:
    """The number, or one that is too large for any sheet."""
    return int(digits[:_ENOUGH_DIGITS]) if len(digits) <= _ENOUGH_DIGITS else 10**_ENOUGH_DIGITS


def _sheet(
    title: str, hidden: bool, raw: bytes, rows: list[list[Value]], struck_styles: set[bytes], month_styles: set[bytes]
) -> Sheet:
    hidden_rows: set[int] = set()
    if b"hidden=" in raw:
        for tag in _tags(raw, _HIDDEN):
            if (
                tag.partition(b" ")[0].rpartition(b":")[2].lstrip(b"<") == b"row"
                and (number := attributes(tag).get("r", "")).isdigit()
            ):
                hidden_rows.add(int(number) - 1)
    merged: list[Span] = []
    at = raw.find(b"mergeCell")
    if at >= 0:
        merged = [
            (int(r1) - 1, column_number(c1.decode()), int(r2) - 1, column_number(c2.decode()))
            for c1, r1, c2, r2 in _MERGE.findall(raw, raw.rfind(b"<", 0, at))
        ]
    struck: set[tuple[int, int]] = set()
    months: set[tuple[int, int]] = set()
    marking = struck_styles | month_styles
    if marking:
        form = rb' s="(?:%s)"' if b" s='" not in raw else rb"""\ss=["'](?:%s)["']"""
        for tag in _tags(raw, re.compile(form % b"|".join(sorted(marking)))):
            style, place = _STYLE.search(tag), _REFERENCE.search(tag)
            if style is not None and place is not None:  # a row's own style has another name and no letters
                cell = (int(place[2]) - 1, column_number(place[1].decode()))
                (struck if style[1] in struck_styles else months).add(cell)
    if b"<f" in raw or b":f>" in raw:
        _fill_formulas(raw, rows)
    return Sheet(title, rows, hidden, merged, frozenset(hidden_rows), frozenset(struck), frozenset(months))


def _tags(raw: bytes, attribute: re.Pattern[bytes]) -> Iterator[bytes]:
    """The start tags that hold a match of ``attribute``."""
    for match in attribute.finditer(raw):
        yield raw[raw.rfind(b"<", 0, match.start()) : raw.find(b">", match.end())]


def _fill_formulas(raw: bytes, rows: list[list[Value]]) -> None:
    """Work out plain formulas that were saved without their result (as many programs do)."""
    for found in (_ANY_FORMULA_TAG if b":f" in raw else _FORMULA_TAG).finditer(raw):
        match = _FORMULA.match(raw, raw.rfind(b"<", 0, found.start()))
        if match is None or match[3]:
            continue
        place = _REFERENCE.search(match[1])
        if place is None:
            continue
        row, column = int(place[2]) - 1, column_number(place[1].decode())
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = evaluated(match[2].decode("utf-8", "replace"), rows)


_XF = re.compile(rb"<(?:\w+:)?xf\b[^>]*?>")
_FONT = re.compile(rb"<(?:\w+:)?font\b[^>]*?/>|<(?:\w+:)?font\b[^>]*?>.*?</(?:\w+:)?font>", re.S)
_STRIKE = re.compile(rb"""<(?:\w+:)?strike\b(?![^>]*val=["'](?:0|false)["'])""")
_FORMAT = re.compile(rb"<(?:\w+:)?numFmt\b[^>]*>")


def _section(styles: bytes, name: bytes) -> bytes:
    found = re.search(rb"<(?:\w+:)?" + name + rb"\b[^>]*>(.*?)</(?:\w+:)?" + name + rb">", styles, re.S)
    return found[1] if found else b""


def _styles(package: Package) -> tuple[set[bytes], set[bytes]]:
    """The style numbers that strike text through, and those that show a date without its day."""
    styles = next((part for path, part in package.parts.items() if path.lower().endswith("styles.xml")), b"")
    if b"strike" not in styles and b"numFmt " not in styles and b'"17"' not in styles and b"'17'" not in styles:
        return set(), set()
    struck_fonts = [i for i, font in enumerate(_FONT.findall(_section(styles, b"fonts"))) if _STRIKE.search(font)]
    dayless = {"17"}
    for tag in _FORMAT.findall(_section(styles, b"numFmts")):
        values = attributes(tag)
        code = re.sub(r'"[^"]*"|\[[^\]]*\]|\\.', "", values.get("formatCode", "")).lower()
        if "y" in code and "m" in code and "d" not in code and "h" not in code:
            dayless.add(values.get("numFmtId", ""))
    struck, months = set(), set()
    for number, tag in enumerate(_XF.findall(_section(styles, b"cellXfs"))):
        values = attributes(tag)
        font = values.get("fontId", "")
        if (
            font.isdigit()
            and (at := bisect_left(struck_fonts, int(font))) < len(struck_fonts)
            and struck_fonts[at] == int(font)
        ):
            struck.add(b"%d" % number)
        elif values.get("numFmtId", "") in dayless:
            months.add(b"%d" % number)
    return struck, months
