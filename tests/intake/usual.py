"""A few usual lines of a workbook, to be sent with one thing changed."""

from __future__ import annotations

from typing import Any

from tests.intake.workbooks import workbook

NAMES = ["林小雨", "何志峰", "钟思怡", "温水生"]
HEAD = ["姓名", "性别", "出生日期", "家庭住址", "监护人", "联系电话", "微心愿", "价格"]
LINES: list[list[Any]] = [
    [name, "女", "2014-05-06", "白沙镇东风村", guardian, phone, wish, 80]
    for name, guardian, phone, wish in zip(
        NAMES,
        ["林建国", "何桂香", "钟福生", "温秀英"],
        ["19900001111", "19900002222", "19900003333", "16600004444"],
        ["书包", "足球", "台灯", "拼图"],
        strict=True,
    )
]


def with_column(title: str, answers: list[Any], *above: str) -> bytes:
    """The usual lines with one more column, and lines of text above them."""
    table = [[*HEAD, title], *([*line, answer] for line, answer in zip(LINES, answers, strict=True))]
    return workbook([*([text] for text in above), *table])


def instead(title: str, values: list[Any], *more: tuple[str, list[Any]]) -> bytes:
    """The usual lines, all with consent, with other cells in the columns named."""
    rows = [[*line, "同意"] for line in LINES]
    head = [*HEAD, "监护人同意"]
    for name, cells in [(title, values), *more]:
        for row, cell in zip(rows, cells, strict=True):
            row[head.index(name)] = cell
    return workbook([head, *rows])
