"""Titles as people say them, and columns that look like another: what nobody can know is asked about, not guessed."""

from __future__ import annotations

import pytest

from tests.intake.usual import HEAD, LINES, NAMES, with_column
from tests.intake.workbooks import Understand, workbook


def renamed(old: str, new: str, cells: list[object] | None = None) -> bytes:
    """The usual lines, all with consent, with another title over one column (and other cells below it)."""
    head = [*HEAD, "监护人同意"]
    at = head.index(old)
    rows = [[*line, "同意"] for line in LINES]
    for row, cell in zip(rows, cells or [row[at] for row in rows], strict=True):
        row[at] = cell
    head[at] = new
    return workbook([head, *rows])


@pytest.mark.parametrize("title", ["许个愿吧", "娃盼个啥", "最想要的东西", "想要点什么"])
def test_a_wish_is_asked_for_in_many_words(understand_bytes: Understand, title: str) -> None:
    seats = [["座位"], ["第1组1号"], ["第1组2号"], ["第2组1号"], ["第2组2号"]]
    rows = [[*HEAD, "监护人同意"], *([*line, "同意"] for line in LINES)]
    rows[0][HEAD.index("微心愿")] = title
    entries = understand_bytes(workbook([[*seat, *row] for seat, row in zip(seats, rows, strict=True)])).entries
    assert [e.item for e in entries] == [line[6] for line in LINES]


def test_of_two_columns_nobody_named_the_wish_is_that_of_real_things(understand_bytes: Understand) -> None:
    entries = understand_bytes(
        workbook(
            [
                ["姓名", "座位", "心里话", "家长同意"],
                *(
                    [name, f"第{at}组2号", thing, "是"]
                    for at, (name, thing) in enumerate(zip(NAMES, ["书包", "足球", "台灯", "拼图"], strict=True))
                ),
            ]
        )
    ).entries
    assert [e.item for e in entries] == ["书包", "足球", "台灯", "拼图"]


@pytest.mark.parametrize("title", ["淘宝价", "大概几个钱", "好多钱", "我们估的价", "超市价"])
def test_a_price_is_told_in_many_words(understand_bytes: Understand, title: str) -> None:
    entries = understand_bytes(renamed("价格", title, [85, 40, 120, "60"])).entries
    assert [(e.price_high, e.qty) for e in entries] == [(8500, 1), (4000, 1), (12000, 1), (6000, 1)]


@pytest.mark.parametrize("title", ["第几个", "数量"])
def test_a_column_that_counts_the_lines_tells_no_pieces(understand_bytes: Understand, title: str) -> None:
    assert {e.qty for e in understand_bytes(with_column(title, [1, 2, 3, 4])).entries} == {1}


def test_pieces_are_told_in_many_words(understand_bytes: Understand) -> None:
    assert [e.qty for e in understand_bytes(with_column("买多少", [2, 1, 1, 3])).entries] == [2, 1, 1, 3]


def test_the_householder_stands_in_for_the_guardian(understand_bytes: Understand) -> None:
    rows = [[*HEAD, "监护人同意"], *([*line, "同意"] for line in LINES)]
    rows[0][HEAD.index("监护人")], rows[0][HEAD.index("联系电话")] = "户主", "户主手机"
    entries = understand_bytes(workbook(rows)).entries
    assert [(e.guardian, *e.phone) for e in entries] == [(line[4], line[5]) for line in LINES]


@pytest.mark.parametrize("title", ["个案编号", "案号", "求助编号"])
def test_a_stations_own_number_is_none_of_the_civil_affairs(understand_bytes: Understand, title: str) -> None:
    numbers: list[object] = [f"XP-2024-10{n}" for n in range(4)]
    assert {e.recno for e in understand_bytes(with_column(title, [*numbers])).entries} == {None}


@pytest.mark.parametrize(("title", "cell"), [("残疾情况", "脑瘫"), ("身心状况", "听力残疾")])
def test_the_state_of_body_and_mind_tells_a_disability(understand_bytes: Understand, title: str, cell: str) -> None:
    entries = understand_bytes(with_column(title, [cell, "", "", ""])).entries
    assert [e.types for e in entries] == [("disabled",), (), (), ()]


@pytest.mark.parametrize("title", ["妇联主席意见", "审核结果", "村里意见"])
def test_what_an_office_agrees_to_is_no_guardians_consent(understand_bytes: Understand, title: str) -> None:
    entries = understand_bytes(with_column(title, ["同意"] * 4)).entries
    assert {(e.status, e.consent) for e in entries} == {("rejected", "no")}


def test_an_offices_word_does_not_stand_for_the_householders(understand_bytes: Understand) -> None:
    head = [*HEAD, "户主是否愿意公开（签字）", "妇联主席意见"]
    rows = [[*line, said, "同意"] for line, said in zip(LINES, ["签了", "口头同意", "不愿意", "已签"], strict=True)]
    assert [e.consent for e in understand_bytes(workbook([head, *rows])).entries] == ["yes", "no", "no", "yes"]


@pytest.mark.parametrize("title", ["当家人按手印没", "家长点头没", "爸妈答应没"])
def test_consent_is_asked_for_in_many_words(understand_bytes: Understand, title: str) -> None:
    entries = understand_bytes(with_column(title, ["按了", "同意", "点头了", "没有"])).entries
    assert [(e.consent, e.status) for e in entries] == [
        ("yes", "accepted"),
        ("yes", "accepted"),
        ("no", "parked"),
        ("no", "rejected"),
    ]


def test_answers_of_the_family_to_a_question_nobody_knows_are_asked_about(understand_bytes: Understand) -> None:
    entries = understand_bytes(with_column("家长咋说", ["√", "√", "", "√"])).entries
    assert {tuple(e.doubts) for e in entries} == {("consent_unreadable",)}


def test_english_titles_of_days_and_sizes_are_read(understand_bytes: Understand) -> None:
    rows = [[*HEAD, "监护人同意", "Visit date", "Spec"]]
    rows += [[*line, "同意", "2024-03-28", "36码"] for line in LINES]
    rows[1][HEAD.index("微心愿")] = "运动鞋"
    first = understand_bytes(workbook(rows)).entries[0]
    assert (first.visit, first.size_kind, first.size) == ("2024-03-28", "shoe", 36)


def test_words_that_come_again_in_a_table_make_no_form_of_it(understand_bytes: Understand) -> None:
    head = ["个案号", "服务对象", "性别", "小小心愿", "选择理由", "市场参考价/元", "主要照顾者", "与服务对象关系"]
    head += ["照顾者电话", "知情同意书（有/无）", "跟进社工"]
    rows = [
        [f"X-{at}", line[0], "女", line[6], "生日想要", 68, line[4], "父亲", line[5], "有", "陈社工"]
        for at, line in enumerate(LINES)
    ]
    entries = understand_bytes(workbook([head, *rows])).entries
    assert [(e.child, e.item, e.guardian) for e in entries] == [(line[0], line[6], line[4]) for line in LINES]
