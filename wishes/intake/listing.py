"""A register as its keeper sent it, as lines of named cells: the header is found by its words, not by its position.

For lists of places, goods, branches and people, whose columns have one meaning each. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from wishes.intake.reading import Sheet, Value, read_workbook

Words = Mapping[str, Sequence[str]]
"""Field → the words that name it in a header. A word equal to the cell counts most, then the longest contained."""

_IN_BRACKETS = re.compile(r"[(\[【].*?[)\]】]")
_DECORATION = re.compile(r"[\s*★☆※:：、，,。.]+")
_NOT_DATA = re.compile(
    r"^(合计|总计|小计|共计|注[:：]|备注[:：]|说明|填表|制表|审核|负责人[:：]|单位盖章|示例|例[:：]|以上)"
)
_HEADER_WITHIN = 30  # rows; nobody writes a longer preamble


@dataclass(frozen=True, slots=True)
class Line:
    """One line of data: where it stands (``row`` counts from 1) and its cells by field; an empty cell is left out."""

    sheet: str
    row: int
    cells: Mapping[str, Value]

    def text(self, field: str) -> str:
        """The cell as cleaned text, ``""`` where there is none."""
        return plain(self.cells.get(field))


@dataclass(frozen=True, slots=True)
class Listing:
    """One sheet in which a header was found. ``skipped`` counts notes, totals and repeated headers below it."""

    sheet: str
    fields: frozenset[str]
    lines: tuple[Line, ...]
    skipped: int


def plain(value: Value) -> str:
    """A cell as text: full-width and compatibility forms made plain, spaces at the ends and doubled ones gone."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", str(value))).strip()


def read_listings(data: bytes, name: str, words: Words, needed: frozenset[str], key: str) -> list[Listing]:
    """The sheets of a file that have a header with all *needed* fields, in order; a line without its *key* is skipped.

    Hidden sheets and struck-through lines are not data.

    Raises :class:`~wishes.intake.reading.UnreadableFile` when the file cannot be read; answers an empty list when no
    sheet has such a header.
    """
    book = read_workbook(data, name)
    return [
        found
        for sheet in book.sheets
        if not sheet.hidden and (found := listing_of(sheet, words, needed, key)) is not None
    ]


def listing_of(sheet: Sheet, words: Words, needed: frozenset[str], key: str) -> Listing | None:
    """The listing in one sheet, or None when none of its first rows is a header."""
    header = next(
        (found for found in _header_candidates(sheet.rows) if needed <= recognise(found[2], words).keys()), None
    )
    if header is None:
        return None
    number, last, titles = header
    columns = recognise(titles, words)
    lines: list[Line] = []
    skipped = 0
    for index in range(last + 1, len(sheet.rows)):
        row = sheet.rows[index]
        filled = [plain(cell) for cell in row if plain(cell)]
        if not filled:
            continue
        repeated = [plain(cell) for cell in row] == [plain(cell) for cell in sheet.rows[number]]
        struck = (index, columns[key]) in sheet.struck
        if repeated or struck or _NOT_DATA.match(filled[0]):
            skipped += 1
            continue
        cells = {field: row[at] for field, at in columns.items() if at < len(row) and plain(row[at])}
        if key in cells:
            lines.append(Line(sheet.name, index + 1, cells))
        else:
            skipped += 1
    return Listing(sheet.name, frozenset(columns), tuple(lines), skipped)


def recognise(header: Sequence[str], words: Words) -> dict[str, int]:
    """Field → column, each column given to the field whose word fits it best and each field to its best column."""
    fits: list[tuple[float, int, str]] = []
    for column, title in enumerate(header):
        bare, whole = _bare(_IN_BRACKETS.sub("", title)), _bare(title)
        for field, names in words.items():
            score = max((_fit(_bare(name), bare, whole) for name in names), default=0.0)
            if score:
                fits.append((-score, column, field))
    columns: dict[str, int] = {}
    taken: set[int] = set()
    for _, column, field in sorted(fits):
        if field not in columns and column not in taken:
            columns[field] = column
            taken.add(column)
    return columns


def _fit(word: str, bare: str, whole: str) -> float:
    if word in (bare, whole):
        return 100.0
    return len(word) + len(word) / len(whole) if len(word) > 1 and word in whole else 0.0


def _bare(title: str) -> str:
    return _DECORATION.sub("", unicodedata.normalize("NFKC", title)).lower()


def _header_candidates(rows: Sequence[Sequence[Value]]) -> Iterator[tuple[int, int, list[str]]]:
    """``(first row, last row, titles)`` of each row, alone and then joined with the one below it."""
    for number, row in enumerate(rows[:_HEADER_WITHIN]):
        titles = [plain(cell) for cell in row]
        if sum(map(bool, titles)) >= 2:
            yield number, number, titles
    for number in range(min(len(rows) - 1, _HEADER_WITHIN)):
        upper, lower = [plain(cell) for cell in rows[number]], [plain(cell) for cell in rows[number + 1]]
        width = max(len(upper), len(lower))
        upper += [""] * (width - len(upper))
        lower += [""] * (width - len(lower))
        if any(upper) and any(lower):
            yield number, number + 1, [below or above for above, below in zip(upper, lower, strict=True)]
