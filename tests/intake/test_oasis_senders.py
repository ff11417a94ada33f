"""Workbooks as farms, companies of the corps, hospitals, schools and questionnaires of a far province make them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.intake.workbooks import Understand, workbook

HEAD = ["姓名", "性别", "出生日期", "家庭住址", "监护人", "联系电话", "微心愿", "价格", "监护人同意", "备注"]
LINE = ["艾力·吐尔逊", "男", "2014-05-06", "白沙镇东风村", "王建国", "19900001111", "书包", 90, "同意", ""]
OTHER = ["张小雨", "女", "2015-06-07", "白沙镇东风村", "李文英", "19900002222", "足球", 60, "同意", ""]


def changed(**cells: Any) -> list[Any]:
    titles = {
        "wish": "微心愿",
        "price": "价格",
        "phone": "联系电话",
        "remark": "备注",
        "consent": "监护人同意",
        "name": "姓名",
    }
    line = list(LINE)
    for name, value in cells.items():
        line[HEAD.index(titles[name])] = value
    return line


def test_titles_in_pinyin_are_no_english_words(understand_bytes: Understand) -> None:
    titles = ["xingming", "xingbie", "chushengriqi", "jianhuren", "dianhua", "xinyuan", "jiage", "tongyi"]
    rows = [[line[at] for at in (0, 1, 2, 4, 5, 6, 7, 8)] for line in (LINE, OTHER)]
    first, _ = understand_bytes(workbook([titles, *rows])).entries
    assert (first.child, first.age, first.price_high, first.status) == ("艾力·吐尔逊", None, 9000, "accepted")


@pytest.mark.parametrize(
    "told",
    [
        "张小雨，女，10岁，三年级",
        "姓名：张小雨；性别：女；年龄：10；电话：19900002222",
        "张小雨（女，10岁，19900002222）",
        "张小雨/女/10岁",
    ],
)
def test_a_child_told_in_one_cell_is_found(understand_bytes: Understand, told: str) -> None:
    other = told.replace("张小雨", "艾力·吐尔逊")
    rows = [
        ["序号", "基本情况", "微心愿", "参考价", "家长签字"],
        [1, told, "书包", 80, "已签"],
        [2, other, "足球", 60, "已签"],
    ]
    first, second = understand_bytes(workbook(rows)).entries
    assert (first.child, first.gender, first.age, first.status) == ("张小雨", "F", 10, "accepted")
    assert second.child == "艾力·吐尔逊"


def test_a_line_above_its_wishes_tells_the_child(understand_bytes: Understand) -> None:
    rows: list[list[Any]] = [["白沙镇心愿，监护人书面同意均已留存"]]
    merge = []
    for child in (
        "张小雨（女，10岁，监护人李文英，电话19900002222）",
        "王思远（男，9岁，监护人王建国，电话19900001111）",
    ):
        rows += [[child], ["序号", "心愿", "价格", "备注"], [1, "书包", 80, ""], [2, "足球", 60, ""]]
        merge.append(f"A{len(rows) - 3}:D{len(rows) - 3}")
    entries = understand_bytes(workbook(rows, merge=merge)).entries
    assert [(e.child, e.phone, e.status) for e in entries] == [
        *[("张小雨", ("19900002222",), "accepted")] * 2,
        *[("王思远", ("19900001111",), "accepted")] * 2,
    ]


def test_a_number_behind_the_child_counts_its_wishes(understand_bytes: Understand) -> None:
    titles = ["儿童", "性别", "监护人", "电话", "心愿序号", "心愿内容", "价格", "家长签字"]
    rows = [
        titles,
        ["张小雨", "女", "李文英", "19900002222", 1, "书包", 80, "已签"],
        ["", "", "", "", 2, "足球", 60, ""],
        ["王思远", "男", "王建国", "19900001111", 1, "台灯", 50, "已签"],
    ]
    entries = understand_bytes(workbook(rows)).entries
    assert [(e.child, e.item) for e in entries] == [("张小雨", "书包"), ("张小雨", "足球"), ("王思远", "台灯")]


@pytest.mark.parametrize(("text", "fen"), [(0.8, 8000), ("2.5", 25000), (6, 60000), ("80元", 8000)])
def test_prices_may_stand_in_hundreds(understand_bytes: Understand, text: Any, fen: int) -> None:
    head = ["金额（百元）" if title == "价格" else title for title in HEAD]
    rows = [head, changed(price=text), *[[*OTHER[:7], 1.2, *OTHER[8:]]] * 4]
    first = understand_bytes(workbook(rows)).entries[0]
    assert (first.price_high, "over_ceiling" in first.reasons) == (fen, fen > 50000)


def test_two_numbers_in_every_cell_are_a_column_of_numbers(understand_bytes: Understand) -> None:
    rows = [HEAD, *[changed(phone=f"1990000111{n} / 1660000222{n}") for n in range(5)]]
    assert understand_bytes(workbook(rows)).entries[0].phone == ("19900001110", "16600002220")


@pytest.mark.parametrize(
    "remark", ["已搬走", "改成篮球", "已满足", "电话打不通，改打19900003333", "已转学到石河子", "与第3行重复"]
)
def test_a_remark_that_changes_the_wish_waits_for_a_person(understand_bytes: Understand, remark: str) -> None:
    first, second = understand_bytes(workbook([HEAD, changed(remark=remark), OTHER])).entries
    assert (first.status, second.status) == ("parked", "accepted")


@pytest.mark.parametrize("remark", ["班里第一名", "喜欢蓝色", "希望早日实现愿望", "不改成别的"])
def test_a_remark_that_changes_nothing_does_not_hinder(understand_bytes: Understand, remark: str) -> None:
    first, _ = understand_bytes(workbook([HEAD, changed(remark=remark), OTHER])).entries
    assert first.status == "accepted"


@pytest.mark.parametrize(
    ("answer", "status"),
    [("A.同意", "accepted"), ("B.不同意", "rejected"), ("（手印）", "accepted"), ("已摁指纹", "accepted")],
)
def test_lettered_answers_and_fingerprints_are_read(understand_bytes: Understand, answer: str, status: str) -> None:
    first, _ = understand_bytes(workbook([HEAD, changed(consent=answer), OTHER])).entries
    assert first.status == status


def test_the_day_a_consent_was_signed_is_no_birthday(understand_bytes: Understand) -> None:
    rows = [
        ["团场", "连队", "少年儿童", "性别", "抚养人", "抚养人电话", "心愿", "价格", "同意书签署时间"],
        *[["白沙镇", f"{n}连", "张小雨", "女", "李文英", "19900002222", wish, 60, f"2024.3.{n}"] for n, wish in enumerate(("书包", "足球", "台灯"), 2)],
        ["白沙镇", "5连", "王思远", "男", "王建国", "19900001111", "书包", 60, ""],
    ]  # fmt: skip
    entries = understand_bytes(workbook(rows)).entries
    assert [(e.birth, e.village, e.status) for e in entries] == [
        (None, "2连", "accepted"),
        (None, "3连", "accepted"),
        (None, "4连", "accepted"),
        (None, "5连", "rejected"),
    ]


def test_sizes_below_things_ask_for_them(understand_bytes: Understand) -> None:
    rows = [
        ["监护人同意书已收齐，由村委会留存"],
        ["姓名", "性别", "年龄", "监护人", "电话", "羽绒服", "裤子", "棉鞋"],
        ["张小雨", "女", 10, "李文英", "19900002222", 140, "", 36],
        ["王思远", "男", 9, "王建国", "19900001111", "×", 130, 34],
    ]
    entries = understand_bytes(workbook(rows)).entries
    assert [(e.child, e.item, e.size, e.status) for e in entries] == [
        ("张小雨", "羽绒服", 140, "accepted"),
        ("张小雨", "棉鞋", 36, "accepted"),
        ("王思远", "裤子", 130, "accepted"),
        ("王思远", "棉鞋", 34, "accepted"),
    ]


def test_ticks_and_numbers_below_things_stand_beside_another_wish(understand_bytes: Understand) -> None:
    rows = [
        ["康复科住院儿童心愿，监护人知情同意书已存入病历"],
        ["床号", "患儿姓名", "性别", "陪护人", "陪护电话", "书包", "绘本", "其他心愿"],
        ["1床", "张小雨", "女", "李文英", "19900002222", "√", "", "轮椅"],
        ["2床", "王思远", "男", "王建国", "19900001111", "", 2, ""],
    ]
    entries = understand_bytes(workbook(rows)).entries
    assert [(e.cell, e.item, e.qty) for e in entries] == [("F3", "书包", 1), ("H3", "轮椅", 1), ("G4", "绘本", 2)]


def test_what_a_family_owns_is_not_wished_for(understand_bytes: Understand) -> None:
    rows = [[*HEAD, "电视", "电脑", "台灯"], [*LINE, "√", "", "√"], [*OTHER, "√", "√", ""]]
    assert [e.item for e in understand_bytes(workbook(rows)).entries] == ["书包", "足球"]
    group = [["儿童", "", "", "", "", "家中现有", ""], ["姓名", "性别", "年龄", "监护人", "电话", "书桌", "台灯"]]
    lines = [
        ["张小雨", "女", 10, "李文英", "19900002222", "√", "√"],
        ["王思远", "男", 9, "王建国", "19900001111", "√", ""],
    ]
    assert understand_bytes(workbook([*group, *lines], merge=["A1:E1", "F1:G1"])).entries == []


def test_two_lines_for_each_child_are_read_together(understand_bytes: Understand) -> None:
    rows: list[list[Any]] = [
        ["微心愿登记表（监护人均已签署同意书，原件存镇民政办）"],
        ["序号", "姓名", "性别", "出生年月", "家庭情况", "心愿", "金额"],
        ["", "住址", "", "", "联系电话", "监护人", "备注"],
        [1, "张小雨", "女", "2015-06-07", "低保户", "足球", 60],
        ["", "白沙镇东风村", "", "", "19900002222", "李文英", ""],
        [2, "王思远", "男", "2014-05-06", "单亲", "书包", 90],
        ["", "白沙镇东风村", "", "", "19900001111", "王建国", "不要了"],
        ["填表人：", "", "", "", "", "", ""],
    ]
    reading = understand_bytes(workbook(rows))
    assert [(e.cell, e.child, e.guardian, e.phone, e.village, e.status) for e in reading.entries] == [
        ("F4", "张小雨", "李文英", ("19900002222",), "东风村", "accepted"),
        ("F6", "王思远", "王建国", ("19900001111",), "东风村", "rejected"),
    ]
    assert [f.fate for f in reading.fates] == ["title"] * 3 + ["wish"] * 4 + ["note"]


def test_a_table_of_codes_on_its_own_sheet_is_a_legend(understand_bytes: Understand) -> None:
    codes = [["类别代码", "含义"], [1, "留守儿童"], [2, "低保户"], [3, "孤儿"]]
    head = ["姓名", "性别", "出生日期", "类别", "监护人", "手机", "心愿", "金额", "同意"]
    rows = [[*line[:3], code, *line[4:9]] for line, code in ((LINE, 2), (OTHER, 3))]
    entries = understand_bytes(workbook([head, *rows], more=[("代码表", codes, "visible")])).entries
    assert [e.types for e in entries] == [("poor",), ("orphan",)]


@pytest.mark.parametrize("written", ["阿依古丽.艾力", "阿依古丽•艾力", "阿依古丽‧艾力", "阿依古丽· 艾力"])
def test_every_dot_between_names_is_the_same(understand_bytes: Understand, written: str) -> None:
    assert understand_bytes(workbook([HEAD, changed(name=written), OTHER])).entries[0].child == "阿依古丽·艾力"


STORY = "{0}，女，10岁，父母外出务工，跟随爷爷生活，联系电话1990000111{1}，孩子的心愿是得到一个书包。"


def test_a_sheet_of_wishes_that_no_table_was_made_of_is_told(understand_bytes: Understand) -> None:
    story = [
        ["关于微心愿的情况说明"],
        *[[STORY.format(name, at)] for at, name in enumerate(("张小雨", "王思远", "李欣怡"))],
    ]
    alone = understand_bytes(workbook(story))
    assert (alone.problem, alone.entries, alone.counts()["unread"]) == ("not_understood", [], 1)
    assert {f.fate for f in alone.fates} == {"ignored"}
    beside = understand_bytes(workbook([HEAD, LINE, OTHER], more=[("情况", story, "visible")]))
    assert (beside.problem, len(beside.entries), beside.counts()["unread"]) == ("", 2, 1)


def test_notes_and_people_of_the_office_are_no_unread_wishes(understand_bytes: Understand) -> None:
    people = [
        ["工作联系人"],
        ["王建国", "民政办", "19900001111"],
        ["李文英", "团委", "19900002222"],
        ["张志强", "妇联", "19900003333"],
    ]
    reading = understand_bytes(workbook([HEAD, LINE, OTHER], more=[("联系人", people, "visible")]))
    assert "unread" not in reading.counts()
