"""One particular told in several columns, as on paper forms: year, month and day of a birth; 是 and 否, 男 and 女 to tick.

They are put together below the first of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from wishes.intake.understanding.headers import HeaderWords, title_key
from wishes.intake.understanding.whose import Title

if TYPE_CHECKING:
    from wishes.intake.understanding.tables import Grid

_PARTS = ("年", "月", "日")


_CHOICES = {
    ("男", "女"): "性别",
    ("是", "否"): "",
    ("有", "无"): "",
    ("同意", "不同意"): "是否同意",
    ("已签", "未签"): "是否签字",
    ("愿意", "不愿意"): "是否愿意",
}
"""Titles of columns of which one is ticked, and what they tell of where no heading says it."""
_TICKS = frozenset("√✓✔☑vV1○●■")


def put_choices_together(grid: Grid, titles: Sequence[Title], start: int) -> list[Title]:
    """The titles without those of second choices; below the first one stands which of the two is ticked, or both."""
    kept = list(titles)
    for first, second in pairwise(titles):
        pair = (title_key(first.text), title_key(second.text))
        told = _CHOICES.get(pair)
        if told is None or first.group != second.group or not (told or first.group):
            continue
        columns = (first.column, second.column)
        cells = [[grid.text[row][column] for column in columns] for row in range(start, grid.height)]
        marks = {text for texts in cells for text in texts if text}
        if not marks & _TICKS:
            continue
        answers = {}
        for row, texts in enumerate(cells, start):
            chosen = [word for word, text in zip(pair, texts, strict=True) if text in _TICKS or text == word]
            if chosen and (row, columns[0]) not in grid.merged_from:
                answers[row] = "".join(chosen)
        _put(grid, columns[0], answers)
        first.text = told or first.group
        first.group = ""
        kept.remove(second)
    return kept


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
            births = {row: birth for row in range(start, grid.height) if (birth := _birth(grid, row, columns))}
            _put(grid, columns[0], births)
            title.text = title.group or "出生日期"
            kept = [t for t in kept if t.column not in columns[1:]]
    return kept


def _of_a_birth(title: Title, headers: HeaderWords) -> bool:
    return "出生" in title.text or any(m.role == "birth" for m in headers.meanings(title.group))


def _birth(grid: Grid, row: int, columns: Sequence[int]) -> str:
    """2013.5.12 or 2013年5月; empty where a row tells less."""
    parts = [grid.text[row][column].removesuffix(part) for column, part in zip(columns, _PARTS, strict=False)]
    told = [part for part in parts if part.isdigit()]
    if len(told) < 2 or told != parts[: len(told)]:
        return ""
    return ".".join(told) if len(told) == 3 else f"{told[0]}年{told[1]}月"  # never a number such as 2010.1


def _put(grid: Grid, column: int, told: Mapping[int, str]) -> None:
    """Write the texts of *told*, by row, into a column of the grid; the sheet stays as it was sent."""
    values = list(grid.columns[column])
    for row, text in told.items():
        if grid.values[row] is grid.sheet.rows[row]:
            grid.values[row] = list(grid.values[row])
        grid.values[row][column] = grid.text[row][column] = grid.column_texts[column][row] = values[row] = text
    grid.columns[column] = tuple(values)
