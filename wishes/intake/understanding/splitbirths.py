"""Births told in columns of their own for year, month and day, as on paper forms: put together below the year."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wishes.intake.understanding.headers import HeaderWords, title_key
from wishes.intake.understanding.whose import Title

if TYPE_CHECKING:
    from wishes.intake.understanding.tables import Grid

_PARTS = ("年", "月", "日")


def put_births_together(grid: Grid, titles: Sequence[Title], start: int, headers: HeaderWords) -> list[Title]:
    """The titles without those of months and days; the year's cells from row *start* down tell the whole birth."""
    kept = list(titles)
    for at, title in enumerate(titles):
        if title_key(title.text).removeprefix("出生") != "年" or not _of_a_birth(title, headers):
            continue
        columns = [title.column]
        for part, beside in zip(_PARTS[1:], titles[at + 1 : at + 3], strict=False):
            if title_key(beside.text).removeprefix("出生") != part:
                break
            columns.append(beside.column)
        if len(columns) > 1:
            for row in range(start, grid.height):
                _join(grid, row, columns)
            title.text = title.group or "出生日期"
            kept = [t for t in kept if t.column not in columns[1:]]
    return kept


def _of_a_birth(title: Title, headers: HeaderWords) -> bool:
    return "出生" in title.text or any(m.role == "birth" for m in headers.meanings(title.group))


def _join(grid: Grid, row: int, columns: Sequence[int]) -> None:
    parts = [grid.text[row][column].removesuffix(part) for column, part in zip(columns, _PARTS, strict=False)]
    told = [part for part in parts if part.isdigit()]
    if len(told) < 2 or told != parts[: len(told)]:
        return
    text, year = ".".join(told), columns[0]
    if len(told) == 2:
        text = f"{told[0]}年{told[1]}月"  # never a number such as 2010.1
    if grid.values[row] is grid.sheet.rows[row]:
        grid.values[row] = list(grid.values[row])  # the sheet stays as it was sent
    grid.values[row][year] = grid.text[row][year] = text
    grid.column_texts[year][row] = text
    column = list(grid.columns[year])
    column[row] = text
    grid.columns[year] = tuple(column)
