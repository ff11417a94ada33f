"""The same child and the same wish in several lines and files; namesakes and twins kept apart."""

from __future__ import annotations

from typing import Any

from tests.intake.workbooks import Understand, workbook
from wishes.intake.understanding import FileReading, KnownChild, find_duplicates, mark_duplicates

HEAD = ["姓名", "性别", "出生日期", "家庭住址", "监护人", "电话", "心愿", "家长同意"]


def line(
    name: str, sex: str, birth: str, home: str, guardian: str, phone: str, wish: str, consent: str = "是"
) -> list[Any]:
    return [name, sex, birth, home, guardian, phone, wish, consent]


def pairs(*readings: FileReading) -> set[tuple[str, str]]:
    return {(r.entry, r.of) for r in find_duplicates(readings, year=2024).repeats}


def test_school_and_township_send_the_same_wish_once(understand_bytes: Understand) -> None:
    town = understand_bytes(
        workbook([["龙潭镇"], HEAD, line("王大山", "男", "2013-05-06", "上湾村", "王强", "19900001111", "书包")]),
        "甲.xlsx",
    )
    school = understand_bytes(
        workbook(
            [
                ["龙潭镇中心小学"],
                HEAD,
                line("王大山", "男", "2013.5", "", "李梅（母亲）", "16600002222", "学生书包"),
                line("王大山", "男", "2013.5", "", "李梅（母亲）", "16600002222", "足球"),
            ]
        ),
        "乙.xlsx",
    )
    assert pairs(town, school) == {("乙.xlsx|Sheet1|G3|1", "甲.xlsx|Sheet1|G3|1")}


def test_a_mistyped_character_does_not_make_another_child(understand_bytes: Understand) -> None:
    one = understand_bytes(
        workbook([["龙潭镇"], HEAD, line("陈梓涵", "女", "2014-02-03", "上湾村", "陈强", "19900001111", "水彩笔")]),
        "甲.xlsx",
    )
    two = understand_bytes(
        workbook(
            [["龙潭镇中心小学"], HEAD, line("陈子涵", "女", "2014-02-03", "", "陈强", "19900001111", "36色水彩笔")]
        ),
        "乙.xlsx",
    )
    found = find_duplicates([one, two], year=2024)
    assert [(r.kind, r.of) for r in found.repeats] == [("mistyped_name", "甲.xlsx|Sheet1|G3|1")]


def test_twins_with_like_names_stay_two_even_across_files(understand_bytes: Understand) -> None:
    twins = [
        line("陈梓涵", "女", "2014-02-03", "上湾村", "陈强", "19900001111", "书包"),
        line("陈子涵", "女", "2014-02-03", "上湾村", "陈强", "19900001111", "书包"),
    ]
    one = understand_bytes(workbook([["龙潭镇"], HEAD, *twins]), "甲.xlsx")
    two = understand_bytes(workbook([["龙潭镇中心小学"], HEAD, twins[0]]), "乙.xlsx")
    assert pairs(one) == set()
    assert pairs(one, two) == {("乙.xlsx|Sheet1|G3|1", "甲.xlsx|Sheet1|G3|1")}


def test_namesakes_in_one_township_stay_two(understand_bytes: Understand) -> None:
    one = understand_bytes(
        workbook(
            [
                ["龙潭镇"],
                HEAD,
                line("王大山", "男", "2013-05-06", "上湾村", "王强", "19900001111", "书包"),
                line("王大山", "男", "2010-11-01", "下湾村", "王亮", "16600003333", "书包"),
            ]
        )
    )
    assert pairs(one) == set()


def test_a_namesake_in_another_township_is_another_child(understand_bytes: Understand) -> None:
    one = understand_bytes(
        workbook([["龙潭镇"], HEAD, line("王大山", "男", "2013-05-06", "上湾村", "王强", "19900001111", "书包")]),
        "甲.xlsx",
    )
    two = understand_bytes(
        workbook([["白沙镇"], HEAD, line("王大山", "男", "2013-05-06", "东村", "王亮", "16600003333", "书包")]),
        "乙.xlsx",
    )
    assert pairs(one, two) == set()


def test_an_age_in_one_file_is_held_against_a_birth_in_the_other(understand_bytes: Understand) -> None:
    one = understand_bytes(
        workbook([["龙潭镇"], HEAD, line("王大山", "男", "2013-05-06", "上湾村", "王强", "19900001111", "书包")]),
        "甲.xlsx",
    )
    aged = [["龙潭镇中心小学"], ["姓名", "性别", "年龄", "监护人", "电话", "心愿", "家长同意"]]
    same = understand_bytes(workbook([*aged, ["王大山", "男", 11, "王强", "19900001111", "书包", "是"]]), "乙.xlsx")
    other = understand_bytes(workbook([*aged, ["王大山", "男", 7, "王远", "16600009999", "书包", "是"]]), "丙.xlsx")
    assert len(pairs(one, same)) == 1
    assert pairs(one, other) == set()


def test_a_rejected_line_never_swallows_an_accepted_one(understand_bytes: Understand) -> None:
    refused = understand_bytes(
        workbook([["龙潭镇"], HEAD, line("王大山", "男", "2013-05-06", "上湾村", "王强", "19900001111", "书包", "否")]),
        "甲.xlsx",
    )
    agreed = understand_bytes(
        workbook([["龙潭镇"], HEAD, line("王大山", "男", "2013-05-06", "上湾村", "王强", "19900001111", "书包")]),
        "乙.xlsx",
    )
    mark_duplicates([refused, agreed], find_duplicates([refused, agreed]))
    assert agreed.entries[0].duplicate_of is None and agreed.entries[0].status == "accepted"


ROWS = [
    line(name, "男", f"201{i}-05-06", "上湾村", f"家长{name[0]}", f"1990000111{i}", wish)
    for i, (name, wish) in enumerate(
        (("王大山", "书包"), ("李小河", "足球"), ("赵青青", "台灯"), ("钱多宝", "跳绳"), ("孙一鸣", "魔方"))
    )
]


def test_a_file_sent_twice_adds_nothing(understand_bytes: Understand) -> None:
    one = understand_bytes(workbook([["龙潭镇"], HEAD, *ROWS]), "心愿.xlsx")
    two = understand_bytes(workbook([["龙潭镇"], HEAD, *ROWS]), "心愿(1).xlsx")
    found = find_duplicates([one, two])
    mark_duplicates([one, two], found)
    assert {r.kind for r in found.repeats} == {"file_sent_twice"}
    assert all(e.duplicate_of is None for e in one.entries) and all(e.duplicate_of for e in two.entries)


def test_what_is_already_stored_is_not_added_again(understand_bytes: Understand) -> None:
    reading = understand_bytes(workbook([["龙潭镇"], HEAD, ROWS[0], [*ROWS[0][:6], "足球", "是"]]))
    known = KnownChild(
        "c1",
        "王大山",
        "M",
        "2010-05-06",
        "459902",
        "459902101",
        "家长王",
        ("19900001110",),
        "上湾村",
        (("w1", "书包"),),
    )
    found = find_duplicates([reading], [known])
    assert [(r.entry, r.of, r.kind) for r in found.repeats] == [("来件.xlsx|Sheet1|G3|1", "w1", "stored")]
    assert set(found.known_children.values()) == {"c1"}


def test_brothers_and_sisters_share_a_household(understand_bytes: Understand) -> None:
    reading = understand_bytes(
        workbook(
            [
                ["龙潭镇"],
                HEAD,
                line("王大山", "男", "2013-05-06", "上湾村", "王强", "19900001111", "书包"),
                line("王小山", "女", "2015-05-06", "上湾村", "王强", "19900001111", "书包"),
                line("李小河", "女", "2015-05-06", "上湾村", "李刚", "19900002222", "书包"),
            ]
        )
    )
    assert [len(h) for h in find_duplicates([reading]).households] == [2]
