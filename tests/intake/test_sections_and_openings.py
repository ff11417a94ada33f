"""Headings that tell of a township, words before a wish, and columns of pupils, stalls and staff beside the family's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.intake.usual import LINES, with_column
from tests.intake.workbooks import Understand, workbook

HEAD = ["姓名", "性别", "家庭住址", "监护人", "联系电话", "微心愿", "价格", "监护人同意"]


def line(name: str, phone: str, wish: str = "书包", price: Any = 80, home: str = "凯旋村3组") -> list[Any]:
    return [name, "女", home, "王强", phone, wish, price, "同意"]


def test_the_township_of_a_heading_holds_for_the_lines_below_it(understand_bytes: Understand) -> None:
    rows: list[list[Any]] = [
        ["关工委圆梦行动名单"],
        ["一、白沙镇（2人）"],
        HEAD,
        line("王大山", "19900001111"),
        line("刘小河", "19900001112"),
        ["二、龙潭镇（1人）"],
        HEAD,
        line("赵青青", "19900001113"),
        ["三、桂园街道（1人）"],
        HEAD,
        line("孙一鸣", "19900001114", home="云溪街道"),
    ]
    entries = understand_bytes(workbook(rows)).entries
    assert [e.town and e.town[-4:] for e in entries] == ["1100", "1100", "2101", "1002"]


def test_a_heading_of_which_there_are_two_names_neither_and_is_asked_about(understand_bytes: Understand) -> None:
    rows = [["一、白沙镇"], HEAD, line("王大山", "19900001111"), ["二、石桥镇"], HEAD, line("刘小河", "19900001112")]
    entries = understand_bytes(workbook(rows)).entries
    assert [e.town and e.town[-4:] for e in entries] == ["1100", None]
    assert [(e.status, e.doubts) for e in entries] == [("accepted", []), ("parked", ["place_unsure"])]


@pytest.mark.parametrize(
    ("said", "item"),
    [
        ("老师，我想要地球仪一个，因为我的坏了", "地球仪"),
        ("奶奶代述，希望给孩子买助行器", "助行器"),
        ("女孩子喜欢画画，希望能有一套彩笔", "彩笔"),
        ("脸盆、牙刷这些洗漱用品一套", "洗漱用品"),
    ],
)
def test_what_is_said_before_a_wish_is_none(understand_bytes: Understand, said: str, item: str) -> None:
    rows = [["统计表"], HEAD, *(line(f"王{name}山", f"1990000111{n}", said) for n, name in enumerate("大小青"))]
    entries = understand_bytes(workbook(rows)).entries
    assert [e.status for e in entries] == ["accepted"] * 3
    assert all(item in (e.item or "") or (e.item or "?") in item or e.category for e in entries)


def test_an_unknown_thing_before_a_wish_is_not_lost(understand_bytes: Understand) -> None:
    rows = [
        ["统计表"],
        HEAD,
        *(line(f"王{name}山", f"1990000111{n}", "嘟嘟叭，想要书包") for n, name in enumerate("大小青")),
    ]
    assert len(understand_bytes(workbook(rows)).entries) == 6


def test_prices_behind_circled_numbers_belong_to_their_wishes(understand_bytes: Understand) -> None:
    rows = [
        ["统计表"],
        HEAD,
        *(line(f"王{n}山", f"1990000111{at}", "①书包②足球", "①80②60") for at, n in enumerate("大小青")),
    ]
    assert [e.price_high for e in understand_bytes(workbook(rows)).entries] == [8000, 6000] * 3


@pytest.mark.parametrize("title", ["学籍辅号", "摊位号", "床位编号"])
def test_numbers_of_pupils_stalls_and_beds_are_no_records(understand_bytes: Understand, title: str) -> None:
    data = with_column(title, [f"G30245586{n}" for n in range(len(LINES))], "家长均已签署知情同意书")
    assert {e.recno for e in understand_bytes(data).entries} == {None}


def test_a_need_that_is_the_title_of_ticks_is_read(understand_bytes: Understand) -> None:
    head = [*HEAD, "孤儿", "残疾", "新居民"]
    rows = [["统计表"], head, *([*line(f"王{n}山", f"1990000111{at}"), "", "", "√"] for at, n in enumerate("大小青"))]
    assert {e.types for e in understand_bytes(workbook(rows)).entries} == {("other",)}


def test_a_form_may_ask_for_consent_in_its_own_words(understand_bytes: Understand) -> None:
    rows: list[list[Any]] = []
    for name, answer in (("王大山", "是"), ("刘小河", "否")):
        rows += [["心愿卡"], ["孩子姓名", name, "性别", "男"], ["家长", "王强", "联系方式", "19900001111"]]
        rows += [["心愿内容", "书包", "参考价", "45元"], ["是否同意上报公示", answer, "责任老师", "黎老师"], []]
    assert [e.status for e in understand_bytes(workbook(rows)).entries] == ["accepted", "rejected"]


def test_a_form_is_read_whatever_the_surname(understand_bytes: Understand) -> None:
    rows = [["心愿卡"], ["孩子姓名", "尣明阳", "性别", "男"], ["家长", "王强", "联系方式", "19900001111"]]
    rows += [["心愿内容", "书包", "参考价", "45元"], ["监护人同意", "是", "责任老师", "黎老师"]]
    assert [e.child for e in understand_bytes(workbook(rows)).entries] == ["尣明阳"]


def test_on_a_form_a_parent_is_the_guardian_where_no_other_is_named(understand_bytes: Understand) -> None:
    rows = [["心愿卡"], ["孩子姓名", "王大山", "性别", "男"], ["父亲姓名", "王强", "父亲电话", "19900001111"]]
    rows += [["户籍地址", "白沙镇东风村", "监护人同意", "是"], ["心愿内容", "书包", "参考价", "45元"]]
    (entry,) = understand_bytes(workbook(rows)).entries
    assert (entry.guardian, entry.phone, entry.village) == ("王强", ("19900001111",), "东风村")
