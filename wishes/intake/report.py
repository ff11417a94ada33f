"""A workbook for people: every entry of an import and what became of it. Never holds a live formula."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from wishes.i18n import Text
from wishes.intake.problems import meaning
from wishes.intake.understanding.model import FileReading

STATUS_LABEL: Mapping[str, Text] = {
    "accepted": Text("接收", "accepted"),
    "rejected": Text("不接收", "rejected"),
    "parked": Text("待确认", "to be decided"),
    "duplicate": Text("重复", "duplicate"),
}

FATE_LABEL: Mapping[str, str] = {
    "title": "标题",
    "header": "表头",
    "section": "分组标题",
    "example": "示例",
    "total": "合计",
    "footer": "落款",
    "note": "说明",
    "number_only": "只有序号",
    "hidden_sheet": "隐藏的工作表",
    "notes_sheet": "说明页",
    "ignored": "未识别",
}
"""What a row that holds no wish was taken for."""

_COLUMNS = (
    "file",
    "sheet",
    "cell",
    "part",
    "status",
    "reasons",
    "duplicate_of",
    "raw",
    "child",
    "gender",
    "birth",
    "county",
    "town",
    "village",
    "guardian",
    "phone",
    "item",
    "category",
    "need",
    "size",
    "qty",
    "price_low",
    "price_high",
    "consent",
    "warnings",
    "confidence",
)
_TITLES = (
    "文件",
    "工作表",
    "单元格",
    "第几个",
    "结果",
    "原因",
    "与哪一行重复",
    "原文",
    "姓名",
    "性别",
    "出生",
    "区县",
    "乡镇",
    "村社区",
    "监护人",
    "电话",
    "物品",
    "类别",
    "要求",
    "尺码",
    "数量",
    "最低价",
    "最高价",
    "同意",
    "提示",
    "把握",
)


def write_report(path: Path, readings: Sequence[FileReading], objects: Sequence[Mapping[str, Any]]) -> None:
    """Write sheets 文件 (one line per file), 心愿 (one per entry) and 其他行 (what else there was). *objects* are the entries as ``to_object`` gives them.

    Holds children's data: for the coordinator and the sender only. Strings are written as strings, whatever they begin with.
    """
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "constant_memory": True,
    }
    with xlsxwriter.Workbook(path, options) as book:
        bold = book.add_format({"bold": True, "bg_color": "#F2F2F2"})
        files = book.add_worksheet("文件")
        files.write_row(0, 0, ("文件", "读到", "接收", "不接收", "待确认", "重复", "问题"), bold)
        for number, reading in enumerate(readings, 1):
            counts = reading.counts()
            files.write_row(
                number,
                0,
                (
                    reading.file,
                    *(counts[name] for name in ("read", "accepted", "rejected", "parked", "duplicates")),
                    reading.problem_zh,
                ),
            )
        files.set_column(0, 0, 60)
        _sheet(book, "心愿", _TITLES, bold, ([_shown(name, told) for name in _COLUMNS] for told in objects))
        _sheet(
            book,
            "其他行",
            ("文件", "工作表", "行", "看作"),
            bold,
            (
                [reading.file, fate.sheet, fate.row + 1, FATE_LABEL.get(fate.fate, fate.fate)]
                for reading in readings
                for fate in reading.fates
                if fate.fate not in ("wish", "blank")
            ),
        )


def _sheet(
    book: xlsxwriter.Workbook, name: str, titles: Sequence[str], bold: Any, rows: Iterable[Sequence[Any]]
) -> None:
    sheet = book.add_worksheet(name)
    sheet.write_row(0, 0, titles, bold)
    sheet.freeze_panes(1, 0)
    for number, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            if isinstance(value, int | float):
                sheet.write_number(number, column, value)
            elif value:
                sheet.write_string(number, column, value)


def _shown(name: str, told: Mapping[str, Any]) -> str | int | float | None:
    value = told[name]
    if name == "status":
        status = "duplicate" if value == "accepted" and told["duplicate_of"] else value
        return STATUS_LABEL[status].zh
    if name == "reasons":
        return "、".join(meaning(code).zh for code in value)
    return "、".join(map(str, value)) if isinstance(value, list) else value
