"""Tables with two lines for each child: two rows of titles over the same columns, and below them two rows by turns."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wishes.intake.reading.grid import Sheet, Value, cell_name, column_number
from wishes.intake.understanding.headers import HeaderWords
from wishes.intake.understanding.model import Entry, RowFate
from wishes.intake.understanding.tables import Grid
from wishes.intake.understanding.text import tight

_PHONE = re.compile(r"\D*1[3-9](?:[\s\-]*\d){9}.*")
_CELL = re.compile(r"([A-Z]+)(\d+)")
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class TwoLines:
    """The two rows of titles, and first and second line of every child."""

    titles: tuple[int, int]
    pairs: list[tuple[int, int]]


def two_lines(grid: Grid, titles: tuple[int, ...], end: int, headers: HeaderWords) -> TwoLines | None:
    """Whether the second of the rows of ``titles`` tells of a second line: other titles stand below the first ones, a phone
    above or below another, and numbers are found there in every second row up to ``end``."""
    top = titles[0] if len(titles) in (1, 2) else grid.height
    if top + 1 >= grid.height:
        return None
    upper, lower = grid.text[top], grid.text[top + 1]
    own = [c for c, t in enumerate(lower) if t and (top + 1, c) not in grid.merged_from]
    below = [c for c in own if upper[c] and upper[c] != lower[c] and headers.is_title(upper[c])]
    titled = sum(headers.is_title(lower[c]) for c in own) >= 0.6 * len(own)
    phone = next(
        (
            c
            for c in below
            if _means(headers, lower[c], "phone") != _means(headers, upper[c], "phone")
            and (titled or _means(headers, lower[c], "phone"))
        ),
        None,
    )
    if (
        phone is None
        or len(below) < 0.6 * len(own)
        or not any(_means(headers, upper[c], "name") for c in range(len(upper)))
    ):
        return None
    pairs = _pairs(grid, top + 2, end)
    which = 1 if _means(headers, lower[phone], "phone") else 0
    told = sum(
        _is_phone(grid.text[pair[which]][phone]) and not _is_phone(grid.text[pair[1 - which]][phone]) for pair in pairs
    )
    return TwoLines((top, top + 1), pairs) if len(pairs) >= _FEWEST and told >= 0.6 * len(pairs) else None


def _is_phone(text: str) -> bool:
    return _PHONE.fullmatch(tight(text)) is not None


def _means(headers: HeaderWords, title: str, role: str) -> bool:
    return headers.is_title(title) and any(m.role == role for m in headers.meanings(title))


def _pairs(grid: Grid, start: int, end: int) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    first = None
    for row in range(start, end):
        if sum(map(bool, grid.text[row])) < 2:
            continue
        if first is not None and row == first + 1:
            pairs.append((first, row))
            first = None
        else:
            first = row
    return pairs


def joined(sheet: Sheet, grid: Grid, lines: TwoLines) -> Sheet:
    """The sheet with each second line moved behind its first; the rows keep their numbers."""
    width = grid.width
    rows: list[list[Value]] = [list(row) for row in sheet.rows]
    moved = set()
    for first, second in [lines.titles, *lines.pairs]:
        rows[first] = [*rows[first], *[""] * (width - len(rows[first])), *rows[second]]
        rows[second] = []
        moved.add(second)

    def place(cells: frozenset[tuple[int, int]]) -> frozenset[tuple[int, int]]:
        return frozenset((r - 1, c + width) if r in moved else (r, c) for r, c in cells)

    spans = [span for span in sheet.merged if moved.isdisjoint(range(span[0], span[2] + 1))]
    return Sheet(sheet.name, rows, False, spans, sheet.hidden_rows, place(sheet.struck), place(sheet.month_only))


def put_apart(entries: list[Entry], grid: Grid) -> list[RowFate]:
    """Give entries their cells in the sender's sheet, of which *grid* is, and return the fates of its rows."""

    def back(cell: str) -> str:
        match = _CELL.fullmatch(cell)
        if match is None or (column := column_number(match[1])) < grid.width:
            return cell
        return cell_name(int(match[2]), column - grid.width)

    rows = set()
    for entry in entries:
        rows |= {entry.child_row, entry.child_row + 1}
        entry.cell = back(entry.cell)
        entry.row = int(re.sub(r"\D", "", entry.cell)) - 1
        entry.traces = {name: trace._replace(cell=back(trace.cell)) for name, trace in entry.traces.items()}
    first = min(rows, default=grid.height)
    return [
        RowFate(
            grid.sheet.name,
            row,
            "wish" if row in rows else "blank" if not any(texts) else "title" if row < first else "note",
        )
        for row, texts in enumerate(grid.text)
    ]
