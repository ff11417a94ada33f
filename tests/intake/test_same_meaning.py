"""However a table is written, what it means stays: other orders, other forms, strangers' columns, forms instead of lines.

Metamorphic tests after Chen, Cheung and Yiu (1998): the tables of the demonstration campaign are written again in ways that
keep their meaning, and must be read as before.
"""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Callable, Mapping
from typing import Any

import openpyxl
import pytest

from tests.intake.rewriting import (
    Line,
    Place,
    Table,
    differences,
    lines_above,
    plainly,
    readings,
    sent_tables,
    shown,
)

Change = Callable[[Table, random.Random], bool]
"""Rewrites a table in place; False where it has nothing to change."""
NAME = re.compile(r"[\u4e00-\u9fff]{2,4}")
MOBILE = re.compile(r"1\d{10}")


def _each_day(table: Table, role: str, forms: tuple[str, ...], chance: random.Random) -> bool:
    form = chance.choice(forms)
    table.each(role, lambda v: form.format(v.year, v.month, v.day) if isinstance(v, dt.date) else v)
    return role in table.roles


def columns_in_another_order(table: Table, chance: random.Random) -> bool:
    together = [c for c, role in enumerate(table.roles) if role in ("wish", "price", "size", "qty", "wish_category")]
    rest = [c for c in range(len(table.roles)) if c not in together]
    chance.shuffle(rest)
    cut = chance.randrange(len(rest) + 1)
    table.order([*rest[:cut], *together, *rest[cut:]])
    return True


def columns_of_no_interest(table: Table, chance: random.Random) -> bool:
    lines = range(len(table.rows))
    strangers: dict[str, list[Any]] = {
        "父亲姓名": ["王大建" for _ in lines],
        "母亲电话": [f"1390000{n:04d}" for n in lines],
        "班主任联系电话": [f"1380000{n:04d}" for n in lines],
        "紧急联系电话": [f"1370000{n:04d}" for n in lines],
        "户籍地址": ["外省某市某县某镇" for _ in lines],
        "填表日期": ["2021年3月5日" for _ in lines],
        "入学时间": ["2018年9月" for _ in lines],
        "审核意见": ["同意" for _ in lines],
        "是否同意拍照": ["不同意" for _ in lines],
        "领取签字": ["" for _ in lines],
        "受助金额": [500.0 for _ in lines],
        "认领金额": ["" for _ in lines],
        "邮编": ["311000" for _ in lines],
        "家庭人口": [4.0 for _ in lines],
        "学籍号": [f"G3301{n:012d}" for n in lines],
    }
    for title in chance.sample(sorted(strangers), 4):
        if title not in table.titles:
            table.put(chance.randrange(1, len(table.titles) + 1), title, strangers[title])
    return True


def empty_lines_and_columns(table: Table, chance: random.Random) -> bool:
    for _ in range(2):
        table.put(chance.randrange(len(table.titles) + 1), "", [""] * len(table.rows))
    for _ in range(3):
        table.put_row(chance.randrange(1, len(table.rows)), [])
    return True


def pages_with_totals_and_headers(table: Table, chance: random.Random) -> bool:
    table.put_row(8, list(table.titles))
    table.put_row(8, [chance.choice(("本页合计", "小计", "共计")), *[""] * (len(table.titles) - 2), 1234.0])
    table.put_row(3, [chance.choice(("（续表）", "第2页", "以下空白"))])
    table.below = [[], ["审核人：某某"], ["填表人：某某", "", "联系电话：19900001234"], ["（盖章）"]]
    return True


def an_example_first(table: Table, chance: random.Random) -> bool:
    name = chance.choice(("示例", "张三", "例：张某某", "XXX"))
    filled = {"name": name, "sex": "男", "birth": "2010.01.01", "guardian": "李四", "phone": "138XXXXXXXX"}
    filled |= {"wish": "书包", "address": "XX村", "consent": "是", "relation": "父子"}
    table.put_row(0, [100.0 if role == "price" else filled.get(role, "") for role in table.roles])
    return True


def full_width(table: Table, chance: random.Random) -> bool:
    wide = {ord(c): ord(c) + 0xFEE0 for c in "0123456789()"}
    table.rows = [[v.translate(wide) if isinstance(v, str) else v for v in row] for row in table.rows]
    return True


def spaces_around(table: Table, chance: random.Random) -> bool:
    forms = ("{} ", "　{}", " {}\n", "\u00a0{}", "\t{}", "{}\u200b")
    for role in ("name", "sex", "guardian", "phone", "consent", "address", "wish"):
        table.each(role, lambda v: chance.choice(forms).format(v) if isinstance(v, str) and v else v)
    return True


def numbers_as_text(table: Table, chance: random.Random) -> bool:
    table.rows = [
        [shown(v) if isinstance(v, float) and role != "birth" else v for v, role in zip(row, table.roles, strict=True)]
        for row in table.rows
    ]
    return True


def births_as_text(table: Table, chance: random.Random) -> bool:
    forms = (
        *("{0}-{1:02d}-{2:02d}", "{0}.{1}.{2}", "{0}年{1}月{2}日", "{0}{1:02d}{2:02d}", "{0}、{1}、{2}"),
        *("{0}-{1}-{2} 00:00:00", "{0} 年 {1} 月 {2} 日", "{0}/{1}/{2} 9:30"),
    )
    return _each_day(table, "birth", forms, chance)


def births_in_three_columns(table: Table, chance: random.Random) -> bool:
    at = table.one("birth")
    if at is None or not all(isinstance(row[at], dt.date) for row in table.rows):
        return False
    days = [row[at] for row in table.rows]
    year, month, day = chance.choice((("出生年", "出生月", "出生日"), ("年", "月", "日"), ("出生年份", "月份", "日期")))
    table.titles[at] = year
    table.each("birth", lambda v: float(v.year))
    table.put(at + 1, month, [float(v.month) for v in days])
    table.put(at + 2, day, [float(v.day) for v in days])
    return True


def visits_as_text(table: Table, chance: random.Random) -> bool:
    forms = ("{0}-{1:02d}-{2:02d}", "{0}年{1}月{2}号", "{0}-{1}-{2} 09:30", "{0}年{1}月{2}日上午", "{0}、{1}、{2}")
    return _each_day(table, "visit", forms, chance)


def phones_dressed(table: Table, chance: random.Random) -> bool:
    forms = (
        "{0}-{1}-{2}",
        "{0} {1} {2}",
        "+86 {0}{1}{2}",
        "电话:{0}{1}{2}",
        "{0}{1}{2}(妈妈)",
        "{0}—{1}—{2}",
        "'{0}{1}{2}",
    )

    def dressed(value: Any) -> Any:
        digits = shown(value)
        return chance.choice(forms).format(digits[:3], digits[3:7], digits[7:]) if MOBILE.fullmatch(digits) else value

    table.each("phone", dressed)
    return True


def prices_dressed(table: Table, chance: random.Random) -> bool:
    forms = ("{}元", "¥{}", "约{}元", "{}块钱", "{}.00", "{}元一个", "人民币{}元", "{}元/套", "大概{}", "{}元整")
    table.each(
        "price",
        lambda v: chance.choice(forms).format(int(v)) if isinstance(v, float) and v > 0 and v == int(v) else v,
    )
    return "price" in table.roles


def several_wishes_parted_otherwise(table: Table, chance: random.Random) -> bool:
    forms = ("{}，{}", "{};{}", "{}/{}", "{}\n{}", "{}\\{}", "1.{} 2.{}", "①{}②{}", "1 {} 2 {}", "心愿1：{}；心愿2：{}")
    two = re.compile(r"([\u4e00-\u9fff]{2,6})、([\u4e00-\u9fff]{2,6})")
    table.each(
        "wish",
        lambda v: chance.choice(forms).format(*m.groups()) if isinstance(v, str) and (m := two.fullmatch(v)) else v,
    )
    return True


def kin_and_number_beside_the_guardian(table: Table, chance: random.Random) -> bool:
    guardian, phone = table.one("guardian"), table.one("phone")
    if guardian is None or phone is None:
        return False
    form = chance.choice(("{} {}", "{}/{}", "{}（{}）", "{}（电话{}）", "{}:{}"))
    for row in table.rows:
        row[guardian] = form.format(shown(row[guardian]), shown(row[phone])) if shown(row[phone]) else row[guardian]
    table.titles[guardian] = chance.choice(("监护人及电话", "监护人姓名/联系电话", "家长及联系方式"))
    table.take(phone)
    return all(NAME.match(shown(row[guardian])) for row in table.rows)


def titles_as_questions(table: Table, chance: random.Random) -> bool:
    asked = {
        "name": ("您孩子的姓名", "孩子叫什么名字", "学生姓名是？"),
        "sex": ("孩子的性别", "孩子是男孩还是女孩"),
        "birth": ("请选择出生年月日", "孩子的生日是哪天"),
        "address": ("您的家庭住址", "请填写详细居住地址"),
        "guardian": ("您（监护人）的姓名", "填写人（监护人）姓名"),
        "phone": ("您的联系电话", "监护人联系电话"),
        "wish": ("孩子的微心愿是什么？", "请写下孩子的微心愿（1-2个）"),
        "price": ("心愿大概价格（元）", "预计需要多少钱？"),
        "consent": ("您是否同意参加本次活动", "监护人是否同意参加活动"),
    }
    number, style = 0, chance.choice(("{}、{}", "Q{}.{}", "*{}.{}", "{}. {}"))
    for at, role in enumerate(table.roles):
        if role in asked and table.one(role) is not None:
            number += 1
            table.titles[at] = style.format(number, chance.choice(asked[role]))
    table.put(0, "提交时间", [f"2021/3/{1 + n % 20} 10:20:0{n % 9}" for n in range(len(table.rows))])
    table.put(1, "来源", ["微信" for _ in table.rows])
    return True


SAME: Mapping[Change, tuple[str, ...]] = {
    columns_in_another_order: (),
    columns_of_no_interest: (),
    empty_lines_and_columns: (),
    pages_with_totals_and_headers: (),
    an_example_first: (),
    full_width: ("raw",),
    spaces_around: (),
    numbers_as_text: (),
    births_as_text: ("warnings",),
    births_in_three_columns: ("warnings",),
    visits_as_text: (),
    phones_dressed: (),
    prices_dressed: (),
    several_wishes_parted_otherwise: ("raw",),
    kin_and_number_beside_the_guardian: ("warnings",),
    titles_as_questions: (),
}
"""Changes, and what of an entry each may touch."""


@pytest.mark.parametrize("change", SAME, ids=lambda change: change.__name__)
def test_a_table_written_otherwise_is_read_as_before(change: Change) -> None:
    wrong, changed = [], 0
    for number, sent in enumerate(sent_tables()):
        table = sent.copy()
        if not change(table, random.Random(f"{change.__name__}{number}")):
            continue
        changed += 1
        told = differences(readings(sent.name, *plainly(sent)), readings(sent.name, *plainly(table)), SAME[change])
        wrong += [f"{sent.name}, {table.titles}: {each}" for each in told]
    assert not wrong, wrong[:5]
    assert changed >= 3


# ── other layouts ────────────────────────────────────────────────────────────────────────────────────────────

OF_A_FORM = frozenset(
    (
        "name",
        "sex",
        "birth",
        "address",
        "school",
        "class",
        "village",
        "guardian",
        "relation",
        "phone",
        "types",
        "wish",
        "price",
        "size",
        "qty",
        "consent",
        "visit",
        "recno",
    )
)
Layout = Callable[[Table], tuple[openpyxl.Workbook, Mapping[Place, Line]]]


def _few(sent: Table, chance: random.Random, number: int) -> Table | None:
    """Some children of a table, with what a form asks; None where it asks a thing twice or for no consent."""
    table = sent.copy()
    table.order([c for c, role in enumerate(table.roles) if role in OF_A_FORM])
    if len(set(table.roles)) < len(table.roles) or not {"name", "wish", "consent"} <= set(table.roles):
        return None
    name, wish = table.roles.index("name"), table.roles.index("wish")
    filled = [at for at, row in enumerate(table.rows) if shown(row[name]) and shown(row[wish])]
    chosen = chance.sample(filled, min(number, len(filled)))
    table.rows, table.ids = [table.rows[at] for at in chosen], [table.ids[at] for at in chosen]
    return table


def _written(table: Table, place: Callable[[int, int], tuple[int, int, int, int]], heading: bool) -> Any:
    """Title and value of each particular where ``place`` (of child and particular) puts them."""
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    top, places = lines_above(page, table), {}
    for child, (values, line) in enumerate(zip(table.rows, table.ids, strict=True)):
        if heading:
            row, column, _, _ = place(child, 0)
            page.cell(top + row, column + 1, "微心愿登记卡")
        for at, value in enumerate(values):
            row, column, value_row, value_column = place(child, at)
            page.cell(top + row + 1, column + 1, table.titles[at])
            if value not in ("", None):
                page.cell(top + value_row + 1, value_column + 1, value)
            own = table.columns[at]
            assert line is not None and own is not None
            places[page.title, top + value_row, value_column] = (line, own)
    return book, places


def cards_below_each_other(table: Table) -> Any:
    return _written(table, lambda c, at: ((r := c * (len(table.titles) + 2) + 1 + at), 0, r, 1), True)


def cards_beside_each_other(table: Table) -> Any:
    high = len(table.titles) + 2
    return _written(table, lambda c, at: ((r := c // 2 * high + 1 + at), (left := c % 2 * 3), r, left + 1), True)


def forms_of_three_pairs_a_line(table: Table) -> Any:
    high = (len(table.titles) + 2) // 3 + 2
    return _written(table, lambda c, at: ((r := c * high + 1 + at // 3), (left := at % 3 * 2), r, left + 1), True)


def one_child_in_each_column(table: Table) -> Any:
    return _written(table, lambda c, at: (at, 0, at, c + 1), False)


def two_lines_a_child(table: Table) -> Any:
    half = len(table.titles) // 2
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    top, places = lines_above(page, table), {}
    for child, (values, line) in enumerate(zip([table.titles, *table.rows], [None, *table.ids], strict=True)):
        for at, value in enumerate(values):
            row, column = (top + 2 * child, at) if at < half else (top + 2 * child + 1, at - half)
            if value not in ("", None):
                page.cell(row + 1, column + 1, value)
            own = table.columns[at]
            if line is not None and own is not None:
                places[page.title, row, column] = (line, own)
    return book, places


def _in_lines(table: Table, *, apart: bool) -> Any:
    """姓名：某某 in each cell, or all of a child in one."""
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    row, places = lines_above(page, table), {}
    for values, line in zip(table.rows, table.ids, strict=True):
        told = [f"{title}：{shown(v)}" for title, v in zip(table.titles, values, strict=True)]
        wish = table.roles.index("wish")
        own = table.columns[wish]
        assert line is not None and own is not None
        for column, text in enumerate(told if apart else ["；".join(t for t in told if not t.endswith("："))]):
            page.cell(row + 1, column + 1, text)
        places[page.title, row, wish if apart else 0] = (line, own)
        row += 1
    return book, places


def titles_in_the_cells(table: Table) -> Any:
    return _in_lines(table, apart=True)


def each_child_in_one_cell(table: Table) -> Any:
    return _in_lines(table, apart=False)


LAYOUTS: Mapping[Layout, tuple[str, ...]] = {
    cards_below_each_other: (),
    cards_beside_each_other: (),
    forms_of_three_pairs_a_line: (),
    one_child_in_each_column: (),
    two_lines_a_child: (),
    # A year with one decimal may mean January or October as a number, and does not as text.
    titles_in_the_cells: ("raw", "warnings", "birth"),
    each_child_in_one_cell: ("raw", "warnings", "birth"),
}


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_children_on_forms_are_read_as_in_a_table(layout: Layout) -> None:
    wrong, changed = [], 0
    for number, sent in enumerate(sent_tables()):
        table = _few(sent, random.Random(f"{layout.__name__}{number}"), 6)
        if table is None or any("\n" in title or "A孤儿" in title for title in table.titles):
            continue
        changed += 1
        told = differences(readings(sent.name, *plainly(table)), readings(sent.name, *layout(table)), LAYOUTS[layout])
        wrong += [f"{sent.name}, {table.titles}: {each}" for each in told]
    assert not wrong, wrong[:5]
    assert changed >= 3
