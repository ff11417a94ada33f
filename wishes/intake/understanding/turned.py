"""Tables that lie on their side: titles down the first column, one child in each column to the right."""

from __future__ import annotations

import re
from collections.abc import Collection

from wishes.intake.reading.grid import Sheet, cell_name, column_number, widest
from wishes.intake.understanding.headers import HeaderWords
from wishes.intake.understanding.model import Entry, RowFate
from wishes.intake.understanding.text import plain

_CELL = re.compile(r"([A-Z]+)(\d+)")


def lies_on_its_side(sheet: Sheet, headers: HeaderWords) -> int | None:
    """The column of titles of such a table, or None."""
    for column in range(min(3, widest(sheet.rows))):
        titled = [r for r, row in enumerate(sheet.rows) if column < len(row) and headers.is_title(plain(row[column]))]
        roles = {m.role for r in titled for m in headers.meanings(plain(sheet.rows[r][column]))[:1]}
        if len(titled) < 4 or not {"name", "wish"} <= roles:
            continue
        beside = [[plain(v) for v in sheet.rows[r][column + 1 :] if v not in (None, "")] for r in titled]
        again = sum(headers.is_title(text) for texts in beside for text in texts)
        keys = {plain(sheet.rows[r][column]) for r in titled}
        # On a form titles stand further right too, or come again below.
        if (
            again <= 0.1 * sum(map(len, beside))
            and len(keys) == len(titled)
            and sum(len(t) >= 2 for t in beside) >= 0.6 * len(titled)
        ):
            return column
    return None


def lone_texts(sheet: Sheet, headers: HeaderWords) -> dict[int, str]:
    """The rows with a single text that is no title of a column, such as the sheet's own title, and what they say."""
    found = {}
    for r, row in enumerate(sheet.rows):
        filled = [v for v in row if v not in (None, "")]
        if len(filled) == 1 and (text := plain(filled[0])) and not headers.is_title(text):
            found[r] = text
    return found


def turned(sheet: Sheet, without: Collection[int] = ()) -> Sheet:
    """The sheet with rows and columns exchanged; of the rows *without* nothing is left."""
    width = widest(sheet.rows)
    padded = [
        [*([] if r in without else row), *([""] * (width - len(row) * (r not in without)))]
        for r, row in enumerate(sheet.rows)
    ]
    return Sheet(
        sheet.name,
        [list(column) for column in zip(*padded, strict=True)],
        sheet.hidden,
        [(b, a, d, c) for a, b, c, d in sheet.merged],
        frozenset(),
        frozenset((c, r) for r, c in sheet.struck),
        frozenset((c, r) for r, c in sheet.month_only),
    )


def turn_back(entries: list[Entry], sheet: Sheet) -> list[RowFate]:
    """Give entries read from a turned sheet the cells they have in the sender's, and return the fates of the sender's rows."""
    rows = set()
    for entry in entries:
        entry.cell = _swapped(entry.cell)
        entry.row = int(re.sub(r"\D", "", entry.cell)) - 1
        rows.add(entry.row)
        entry.traces = {k: t._replace(cell=_swapped(t.cell)) for k, t in entry.traces.items()}
    told = []
    for r, row in enumerate(sheet.rows):
        filled = sum(v not in (None, "") for v in row)
        told.append(
            RowFate(sheet.name, r, "wish" if r in rows else "header" if filled > 1 else "title" if filled else "blank")
        )
    return told


def _swapped(cell: str) -> str:
    match = _CELL.fullmatch(cell)
    return cell_name(column_number(match[1]), int(match[2]) - 1) if match else cell
