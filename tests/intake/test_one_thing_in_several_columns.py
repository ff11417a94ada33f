"""Paper forms carried over into a sheet: boxes to tick, and a column for each kind of wish."""

from __future__ import annotations

from typing import Any

from tests.intake.workbooks import Understand, workbook

TITLE = ["青禾市西岭县石桥镇微心愿统计表"]


def test_a_tick_below_no_is_a_refusal_and_below_girl_a_girl(understand_bytes: Understand) -> None:
    rows: list[list[Any]] = [
        TITLE,
        ["序号", "姓名", "性别", "", "年龄", "监护人", "电话", "心愿", "价格", "家长是否同意", ""],
        ["", "", "男", "女", "", "", "", "", "", "是", "否"],
        [1, "王大山", "√", "", 11, "王强", "19900001111", "书包", 80, "√", ""],
        [2, "刘小河", "", "√", 10, "刘刚", "19900001112", "足球", 60, "", "√"],
        [3, "赵青青", "", "√", 12, "赵平", "19900001113", "台灯", 90, "", ""],
        [4, "周小石", "√", "", 9, "周林", "19900001114", "跳绳", 20, "√", "√"],
    ]
    merge = ["C2:D2", "J2:K2", *(f"{c}2:{c}3" for c in "ABEFGHI")]
    entries = understand_bytes(workbook(rows, merge=merge)).entries
    assert [(e.gender, e.status) for e in entries] == [
        ("M", "accepted"),
        ("F", "rejected"),
        ("F", "rejected"),
        ("M", "parked"),
    ]
    assert entries[1].reasons == entries[2].reasons == ["no_consent"]


def test_a_wish_in_a_column_for_its_kind_is_found_where_it_stands(understand_bytes: Understand) -> None:
    rows: list[list[Any]] = [
        TITLE,
        ["序号", "姓名", "性别", "监护人", "电话", "学习用品", "衣服鞋帽", "玩具体育", "特长", "预算", "家长签字"],
        [1, "王大山", "男", "王强", "19900001111", "书包", "", "", "篮球", 80, "已签"],
        [2, "刘小河", "女", "刘刚", "19900001112", "", "棉鞋36号", "", "跳绳", 60, "已签"],
        [3, "赵青青", "女", "赵平", "19900001113", "台灯", "", "", "", 90, "已签"],
        [4, "周小石", "男", "周林", "19900001114", "", "", "足球", "画画", 70, "已签"],
    ]
    entries = understand_bytes(workbook(rows)).entries
    assert [(e.cell, e.item, e.price_high, e.status) for e in entries] == [
        ("F3", "书包", 8000, "accepted"),
        ("G4", "棉鞋", 6000, "accepted"),
        ("F5", "台灯", 9000, "accepted"),
        ("H6", "足球", 7000, "accepted"),
    ]


def test_the_count_of_a_village_is_no_child(understand_bytes: Understand) -> None:
    rows: list[list[Any]] = [
        TITLE,
        ["序号", "姓名", "性别", "监护人", "电话", "心愿", "价格", "家长签字"],
        [1, "王大山", "男", "王强", "19900001111", "书包", 80, "已签"],
        [2, "刘小河", "女", "刘刚", "19900001112", "足球", 60, "已签"],
        ["", "柳树村计", "", "", "", "2件", 140, ""],
        [3, "赵青青", "女", "赵平", "19900001113", "台灯", 90, "已签"],
        ["填表：孙强", "", "", "审核：马主任"],
    ]
    assert [e.child for e in understand_bytes(workbook(rows)).entries] == ["王大山", "刘小河", "赵青青"]


def test_a_guardians_own_name_is_a_signature_whatever_the_name(understand_bytes: Understand) -> None:
    rows: list[list[Any]] = [
        TITLE,
        ["序号", "姓名", "性别", "监护人", "电话", "心愿", "价格", "监护人签字"],
        [1, "德小山", "男", "彧强", "19900001111", "书包", 80, "彧强"],
        [2, "刘小河", "女", "刘刚", "19900001112", "足球", 60, "刘刚"],
        [3, "赵青青", "女", "赵平", "19900001113", "台灯", 90, "在外地"],
    ]
    entries = understand_bytes(workbook(rows)).entries
    assert [e.status for e in entries] == ["accepted", "accepted", "parked"]
