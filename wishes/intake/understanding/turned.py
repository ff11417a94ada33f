"""Tables that lie on their side: titles down the first column, one child in each column to the right."""

from __future__ import annotations

import re

from wishes.intake.reading.grid import Sheet, cell_name, column_number, widest
from wishes.intake.understanding.headers import HeaderWords
from wishes.intake.understanding.model import Entry, RowFate
from wishes.intake.understanding.tables import ANSWERS
from wishes.intake.understanding.text import plain, plain_column

_MOST_TITLES = 80
_CELL = re.compile(r"([A-Z]+)(\d+)")


def lies_on_its_side(sheet: Sheet, headers: HeaderWords) -> list[int] | None:
    """The rows of such a table that have a known title, or None."""
    if len(sheet.rows) > _MOST_TITLES:
        return None
    for column in range(min(3, widest(sheet.rows))):
        texts = plain_column([row[column] if column < len(row) else "" for row in sheet.rows])
        titled = [r for r, text in enumerate(texts) if text and headers.is_title(text)]
        roles = {m.role for r in titled for m in headers.meanings(texts[r])[:1]}
        if len(titled) < 4 or not {"name", "wish"} <= roles:
            continue
        beside = [[plain(v) for v in sheet.rows[r][column + 1 :] if v not in (None, "")] for r in titled]
        again = sum(headers.is_title(text) and text not in ANSWERS for texts in beside for text in texts)
        keys = {texts[r] for r in titled}
        # On a form titles stand further right too, or come again below.
        if (
            again <= 0.1 * sum(map(len, beside))
            and len(keys) == len(titled)
            and sum(len(t) >= 2 for t in beside) >= 0.6 * len(titled)
        ):
            return titled
    return None


def around(sheet: Sheet, titled: list[int]) -> list[int]:
    """The rows above and below the table that hold a text and nothing beside it: headings and notes."""
    outside = (r for r in range(len(sheet.rows)) if not titled[0] <= r <= titled[-1])
    return [r for r in outside if len({plain(v) for v in sheet.rows[r] if v not in (None, "")}) == 1]


def turned(sheet: Sheet, titled: list[int]) -> Sheet:
    """The sheet with rows and columns exchanged, without what stands around the table."""
    width = widest(sheet.rows)
    aside = set(around(sheet, titled))
    padded = [[""] * width if r in aside else [*row, *([""] * (width - len(row)))] for r, row in enumerate(sheet.rows)]
    return Sheet(
        sheet.name,
        [list(column) for column in zip(*padded, strict=True)],
        sheet.hidden,
        [(b, a, d, c) for a, b, c, d in sheet.merged if a not in aside],
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
