"""One particular told in two columns, as on paper forms: 是 and 否, 男 and 女 to tick. They are put together below the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from wishes.intake.understanding.headers import title_key
from wishes.intake.understanding.whose import Title

if TYPE_CHECKING:
    from wishes.intake.understanding.tables import Grid

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


def _put(grid: Grid, column: int, told: Mapping[int, str]) -> None:
    """Write the texts of *told*, by row, into a column of the grid; the sheet stays as it was sent."""
    values = list(grid.columns[column])
    for row, text in told.items():
        if grid.values[row] is grid.sheet.rows[row]:
            grid.values[row] = list(grid.values[row])
        grid.values[row][column] = grid.text[row][column] = grid.column_texts[column][row] = values[row] = text
    grid.columns[column] = tuple(values)
