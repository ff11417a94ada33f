"""The workbook for those who want one: drop-downs, text for phones and dates, examples, instructions. Read like any other."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import xlsxwriter

ROWS = 300
"""Lines that are prepared; more may be added below."""
EXAMPLE = "示例"
TYPES = ("孤儿", "事实无人抚养", "困难家庭", "残疾", "留守", "其他困境")
RELATIONS = ("父亲", "母亲", "爷爷", "奶奶", "外公", "外婆", "其他亲属", "机构")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the template. ``field`` is the name it has in the form for one wish."""

    field: str
    title: str
    width: int
    help: str
    examples: tuple[str, str]
    needed: bool = False


COLUMNS: tuple[Column, ...] = (
    Column("number", "序号", 6, "", (EXAMPLE, EXAMPLE)),
    Column("child", "孩子姓名", 12, "请写真实姓名，系统加密保存，不会公开。", ("王小例", "李小例"), True),
    Column("sex", "性别", 6, "男或女。", ("女", "男"), True),
    Column("birth", "出生日期", 14, "公历，如 2013-05-01。", ("2013-05-01", "2010-11-20"), True),
    Column("county", "区县", 12, "从下拉框选。", ("", "")),
    Column("town", "乡镇街道", 14, "从下拉框选。", ("", "")),
    Column("village", "村（社区）", 14, "村或社区的名字。", ("前进村", "幸福社区")),
    Column("school", "学校", 18, "可不填。", ("", "")),
    Column("types", "困境类型", 14, "从下拉框选；有几种就用顿号隔开。", ("留守", "困难家庭")),
    Column("guardian", "监护人姓名", 12, "", ("王大例", "李大例"), True),
    Column("relation", "与孩子关系", 12, "", ("父亲", "奶奶")),
    Column("phone", "监护人电话", 16, "11 位手机号。", ("19900000000", "19900000001"), True),
    Column("wish", "微心愿", 26, "一件具体的东西或一次陪伴；一格一个心愿。", ("书包", "运动鞋"), True),
    Column("size", "尺码规格", 12, "鞋写鞋码，衣服写身高（厘米）。", ("", "38码")),
    Column("qty", "数量", 6, "不填就是 1。", ("1", "1")),
    Column("price", "预估价格（元）", 14, "大概多少钱，只写数字。", ("120", "150")),
    Column("consent", "监护人同意", 12, "有：监护人已书面同意。没有同意的心愿不能公开。", ("有", "有"), True),
    Column("remark", "备注", 20, "可不填。", ("", "")),
)


def template_workbook(
    *, campaign_name: str, ceiling_fen: int, items: Sequence[str], places: Mapping[str, str]
) -> bytes:
    """An empty .xlsx. *places* maps codes to names; six digits are counties, nine townships."""
    kept = io.BytesIO()
    counties = [name for code, name in sorted(places.items()) if len(code) == 6]
    towns = [name for code, name in sorted(places.items()) if len(code) == 9]
    with xlsxwriter.Workbook(kept, {"in_memory": True, "strings_to_formulas": False}) as book:
        head = book.add_format(
            {
                "bold": True,
                "bg_color": "#F6E3C5",
                "border": 1,
                "text_wrap": True,
                "align": "center",
                "valign": "vcenter",
            }
        )
        needed = book.add_format(
            {
                "bold": True,
                "bg_color": "#F2C89B",
                "border": 1,
                "text_wrap": True,
                "align": "center",
                "valign": "vcenter",
            }
        )
        text = book.add_format({"num_format": "@", "border": 1, "border_color": "#DDDDDD"})
        example = book.add_format({"num_format": "@", "italic": True, "font_color": "#888888", "border": 1})
        sheet = book.add_worksheet("心愿")
        lists = {
            "sex": ["男", "女"],
            "types": list(TYPES),
            "relation": list(RELATIONS),
            "consent": ["有", "无"],
            "wish": list(items),
            "county": counties,
            "town": towns,
        }
        ranges = _lists_sheet(book, lists)
        sheet.set_row(0, 32)
        for at, column in enumerate(COLUMNS):
            sheet.set_column(at, at, column.width, text)
            sheet.write_string(0, at, column.title, needed if column.needed else head)
            for line, said in enumerate(column.examples, 1):
                sheet.write_string(line, at, said, example)
            if column.field in ranges:
                free = column.field in ("wish", "types", "relation", "county", "town")
                sheet.data_validation(
                    3,
                    at,
                    ROWS + 2,
                    at,
                    {
                        "validate": "list",
                        "source": ranges[column.field],
                        "error_type": "information" if free else "stop",
                        "show_error": not free,
                        "input_title": column.title,
                        "input_message": column.help,
                    },
                )
            elif column.help:
                sheet.data_validation(
                    3,
                    at,
                    ROWS + 2,
                    at,
                    {"validate": "any", "input_title": column.title[:30], "input_message": column.help},
                )
        sheet.freeze_panes(1, 2)
        _notes_sheet(book, campaign_name, ceiling_fen)
    return kept.getvalue()


def _lists_sheet(book: xlsxwriter.Workbook, lists: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The choices on a hidden sheet, as Excel wants long lists; field → range."""
    sheet = book.add_worksheet("选项")
    sheet.hide()
    ranges = {}
    for at, (field, choices) in enumerate(lists.items()):
        for line, choice in enumerate(choices):
            sheet.write_string(line, at, choice)
        if choices:
            letter = chr(65 + at)
            ranges[field] = f"=选项!${letter}$1:${letter}${len(choices)}"
    return ranges


def _notes_sheet(book: xlsxwriter.Workbook, campaign_name: str, ceiling_fen: int) -> None:
    sheet = book.add_worksheet("填表说明")
    sheet.set_column(0, 0, 90)
    bold = book.add_format({"bold": True, "font_size": 14})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.write_string(0, 0, f"{campaign_name} · 怎样填写", bold)
    lines = [
        "1. 深色的列必须填，其他的列能填就填。灰色的两行是示例，不用删除，系统会跳过。",
        "2. 一行一个孩子的一个心愿。同一个孩子有几个心愿，就写几行，姓名和电话照样填。",
        f"3. 每个心愿的价格不超过 {ceiling_fen / 100:g} 元。不能是现金、充值、购物卡，也不能是刀具、电动车等不安全的东西。",
        "4. 监护人书面同意以后，才在“监护人同意”一栏选“有”。只有口头同意的先选“无”，并在备注里写明。",
        "5. 不需要填身份证号；请不要填写家庭住址的门牌号。",
        "6. 电话和日期的列已设为文本，直接输入即可，不会变形。",
        "7. 不会用这张表也没关系：把手头的表格原样发来，系统一样能读。",
    ]
    for at, line in enumerate(lines, 2):
        sheet.write_string(at, 0, line, wrap)


def one_wish(values: Mapping[str, str]) -> bytes:
    """A CSV of the template with one line, from values by :attr:`Column.field`: what the form for one wish hands in."""
    kept = io.StringIO()
    writer = csv.writer(kept)
    writer.writerow([column.title for column in COLUMNS])
    writer.writerow(["1", *(values.get(column.field, "").replace("\n", " ").strip() for column in COLUMNS[1:])])
    return kept.getvalue().encode("utf-8-sig")
