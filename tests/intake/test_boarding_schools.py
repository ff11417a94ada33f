"""Workbooks as boarding schools, village children's directors, hospitals, web forms and foundations of a mountain prefecture
make them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.intake.usual import HEAD, LINES, NAMES, instead, with_column
from tests.intake.workbooks import Understand, workbook

# ── whose name, whose number ─────────────────────────────────────────────────────────────────────────────────────


def test_a_prisoners_name_is_not_the_childs(understand_bytes: Understand) -> None:
    head = ["服刑人员姓名", "未成年人姓名", "性别", "实际照料人", "照料人电话", "微心愿", "照料人意见"]
    rows = [["王大山", line[0], line[1], line[4], line[5], line[6], "同意"] for line in LINES]
    entries = understand_bytes(workbook([head, *rows])).entries
    assert [(e.child, e.guardian, e.status) for e in entries] == [(line[0], line[4], "accepted") for line in LINES]


@pytest.mark.parametrize("title", ["跟进人电话", "爱心妈妈电话", "村委会电话", "Officer phone"])
def test_the_number_of_somebody_outside_the_family_is_not_kept(understand_bytes: Understand, title: str) -> None:
    entries = understand_bytes(
        with_column(title, [f"1660000555{n}" for n in range(4)], "家长均已签署知情同意书")
    ).entries
    assert [list(e.phone) for e in entries] == [[line[5]] for line in LINES]


def test_one_number_in_all_lines_is_hardly_a_familys(understand_bytes: Understand) -> None:
    entries = understand_bytes(with_column("手机", ["16600009999"] * 4, "家长均已签署知情同意书")).entries
    assert [list(e.phone) for e in entries] == [[line[5]] for line in LINES]


def test_a_nurse_is_no_guardian(understand_bytes: Understand) -> None:
    rows = [["姓名", "性别", "联系电话", "微心愿", "保育员", "监护人同意"]]
    rows += [[line[0], line[1], line[5], line[6], line[4], "同意"] for line in LINES]
    assert {e.guardian for e in understand_bytes(workbook(rows)).entries} == {None}


@pytest.mark.parametrize("told", ["爷爷{}", "其祖父{}", "{}（奶奶）", "奶奶 {}"])
def test_a_guardian_told_with_the_relation_is_found_under_a_spoken_title(
    understand_bytes: Understand, told: str
) -> None:
    rows = [["叫什么", "男娃女娃", "几岁了", "谁在带", "带的人电话", "想要什么", "家长签字"]]
    rows += [[line[0], "女", 8, told.format(line[4]), line[5], line[6], "已签"] for line in LINES]
    entries = understand_bytes(workbook(rows)).entries
    assert [(e.child, e.age, e.guardian) for e in entries] == [(line[0], 8, line[4]) for line in LINES]


# ── web forms and foundations ────────────────────────────────────────────────────────────────────────────────────


def test_numbered_questions_with_a_space_are_titles(understand_bytes: Understand) -> None:
    rows = [
        ["01 学生姓名（必填）", "02 性别（必填）", "03 孩子今年几岁（必填）", "04 平时和谁一起生活，请写名字（必填）"]
    ]
    rows[0] += ["05 联系方式（必填）", "06 许下你的小心愿（必填）", "07 家长同意上报本心愿（必填）"]
    rows += [[line[0], "B.女", "9岁", "奶奶" + line[4], line[5], line[6], "A.同意"] for line in LINES]
    entries = understand_bytes(workbook(rows)).entries
    assert [(e.child, e.gender, e.age, e.guardian, e.status) for e in entries] == [
        (line[0], "F", 9, line[4], "accepted") for line in LINES
    ]


def test_cells_left_empty_by_a_questionnaire_are_empty(understand_bytes: Understand) -> None:
    entries = understand_bytes(instead("价格", ["(空)", "(跳过)", 80, 80])).entries
    assert [e.price_high for e in entries] == [None, None, 8000, 8000]
    assert {e.status for e in entries} == {"accepted"}


def test_a_withdrawn_record_is_told_by_its_state(understand_bytes: Understand) -> None:
    data = with_column("状态", ["待认领", "已撤回", "已审核", "审核不通过"], "家长均已签署知情同意书")
    assert [e.status for e in understand_bytes(data).entries] == ["accepted", "rejected", "accepted", "parked"]


def test_codes_of_several_letters_are_read_by_their_table(understand_bytes: Understand) -> None:
    codes = [
        ["Code 代码", "Meaning 含义"],
        ["LB", "Left-behind 留守儿童"],
        ["DI", "Disability 残疾"],
        ["OR", "Orphan 孤儿"],
    ]
    rows = [[*HEAD, "Category code 类别代码", "监护人同意"]]
    said = ["LB", "LB/DI", "OR", "DI"]
    rows += [[*line, code, "Y"] for line, code in zip(LINES, said, strict=True)]
    entries = understand_bytes(workbook(rows, more=[("Codes", codes, "visible")])).entries
    assert [set(e.types) for e in entries] == [{"left_behind"}, {"left_behind", "disabled"}, {"orphan"}, {"disabled"}]


def test_whatever_stands_below_a_kind_of_disability_is_one(understand_bytes: Understand) -> None:
    data = with_column("残疾类别", ["精神二级", "脊柱侧弯", "无", ""], "家长均已签署知情同意书")
    assert [e.types for e in understand_bytes(data).entries] == [("disabled",), ("disabled",), (), ()]


def test_a_column_that_asks_whether_stands_alone(understand_bytes: Understand) -> None:
    data = with_column("是否脱贫户", ["是", "否", "是", "否"], "家长均已签署知情同意书")
    assert [e.types for e in understand_bytes(data).entries] == [("poor",), (), ("poor",), ()]


@pytest.mark.parametrize("title", ["出生日期", "DOB (DD/MM/YYYY)"])
def test_a_column_tells_the_order_of_its_dates(understand_bytes: Understand, title: str) -> None:
    rows = [[title if t == "出生日期" else t for t in (*HEAD, "监护人同意")]]
    births = ["05/03/2014", "25/12/2013" if title == "出生日期" else "02/12/2013", "01/02/2015", "09/10/2013"]
    rows += [[*line[:2], birth, *line[3:], "同意"] for line, birth in zip(LINES, births, strict=True)]
    entries = understand_bytes(workbook(rows)).entries
    assert [e.birth for e in entries] == ["2014-03-05", entries[1].birth, "2015-02-01", "2013-10-09"]
    assert entries[1].birth in ("2013-12-25", "2013-12-02")


def test_dates_whose_order_nothing_tells_keep_their_year(understand_bytes: Understand) -> None:
    entries = understand_bytes(instead("出生日期", ["05/03/2014", "02/12/2013", "01/02/2015", "09/10/2013"])).entries
    assert [e.birth for e in entries] == ["2014", "2013", "2015", "2013"]


def test_a_foundations_titles_end_with_what_the_column_holds(understand_bytes: Understand) -> None:
    rows = [
        [
            "Child name",
            "Sex",
            "Date of birth",
            "Guardian",
            "Guardian phone",
            "Type",
            "Wish",
            "Est. cost (CNY)",
            "Guardian consent",
        ]
    ]
    births = ["03-Apr-2012", "April 5, 2013", "6 May 2014", "Jun 2015"]
    rows += [
        [line[0], "Girl", birth, line[4], line[5], "Low-income, left-behind", line[6], "CNY 80", "Y"]
        for line, birth in zip(LINES, births, strict=True)
    ]
    entries = understand_bytes(workbook(rows)).entries
    assert [e.birth for e in entries] == ["2012-04-03", "2013-04-05", "2014-05-06", "2015-06"]
    assert [(e.guardian, list(e.phone), set(e.types)) for e in entries] == [
        (line[4], [line[5]], {"poor", "left_behind"}) for line in LINES
    ]


# ── places ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_region_and_the_rest_of_an_address_are_read_together(understand_bytes: Understand) -> None:
    head = ["姓名", "现居住地（省市区）", "详细地址（乡镇+村）", "联系电话", "微心愿", "监护人同意"]
    places = [
        ("广西-青禾-西岭县", "石桥镇河背村"),
        ("广东-深圳-龙岗区", "横岗街道"),
        ("广西/青禾市/东禾区", "白沙镇河背村"),
    ]
    rows = [[line[0], *told, line[5], line[6], "同意"] for line, told in zip(LINES, places, strict=False)]
    entries = understand_bytes(workbook([head, *rows])).entries
    assert entries[1].reasons == ["out_of_area"]
    assert [(e.town, e.village) for e in entries[::2]] == [("459902100", "河背村"), ("459901100", "河背村")]


def test_a_township_nobody_lists_is_asked_about(understand_bytes: Understand) -> None:
    told = ["潭东镇河背村", "蓉江新区潭东镇河背村", "现随父母在广东东莞", "白沙镇河背村"]
    entries = understand_bytes(instead("家庭住址", told)).entries
    assert [e.doubts for e in entries] == [["place_unsure"]] * 3 + [[]]


def test_a_title_of_one_village_tells_where_its_lines_are(understand_bytes: Understand) -> None:
    rows = [[line[0], line[1], 8, line[4], line[5], line[6], "同意"] for line in LINES]
    head = ["姓名", "性别", "年龄", "监护人", "联系电话", "微心愿", "监护人同意"]
    entries = understand_bytes(workbook([["白沙镇洁源村儿童之家微心愿"], head, *rows])).entries
    assert {e.village for e in entries} == {"洁源村"}
    school = understand_bytes(workbook([["白沙镇洁源村小学微心愿"], head, *rows])).entries
    assert {e.village for e in school} == {None}


def test_a_table_on_its_side_has_headings_around_it(understand_bytes: Understand) -> None:
    table = [["姓名", *(line[0] for line in LINES)], ["性别", *(["女"] * 4)], ["年龄", 7, 8, 9, 10]]
    table += [["监护人", *(line[4] for line in LINES)], ["电话", *(line[5] for line in LINES)]]
    table += [["心愿", *(line[6] for line in LINES)]]
    entries = understand_bytes(workbook([["白沙镇儿童之家微心愿（监护人均已签字同意）"], *table])).entries
    assert [(e.cell, e.child, e.consent) for e in entries] == [
        (f"{column}7", line[0], "batch") for column, line in zip("BCDE", LINES, strict=True)
    ]


def test_many_schools_lend_their_township_to_their_own_pupils_only(understand_bytes: Understand) -> None:
    rows = [[*HEAD[:3], "学校", *HEAD[4:], "监护人同意"]]
    schools = ["白沙镇中心小学", "第二中学", "龙潭镇中心小学", "特殊教育学校"]
    rows += [[*line[:3], school, *line[4:], "同意"] for line, school in zip(LINES, schools, strict=True)]
    assert [e.town for e in understand_bytes(workbook(rows)).entries] == ["459901100", None, "459902101", None]


def test_the_address_that_counts_is_where_the_child_lives(understand_bytes: Understand) -> None:
    rows = [["姓名", "户籍地", "现住址", "联系电话", "微心愿", "监护人同意"]]
    lives = ["广东省深圳市龙岗区", "龙潭镇河背村", "白沙镇河背村", "同户籍地"]
    rows += [[line[0], "白沙镇东风村", at, line[5], line[6], "同意"] for line, at in zip(LINES, lives, strict=True)]
    entries = understand_bytes(workbook(rows)).entries
    assert [(e.status, e.town) for e in entries] == [
        ("rejected", None),
        ("accepted", "459902101"),
        ("accepted", "459901100"),
        ("parked", None),
    ]


# ── wishes ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("told", ["书包（红色）台灯（充电）", "书包一个台灯一盏", "一个书包一盏台灯"])
def test_two_things_that_touch_are_two_wishes(understand_bytes: Understand, told: str) -> None:
    entries = understand_bytes(instead("微心愿", [told, "足球", "足球", "足球"])).entries
    assert [e.item for e in entries[:2]] == ["书包", "台灯"]


@pytest.mark.parametrize("told", ["拼图1000片一盒", "24色水彩笔一盒", "故事书一套10本", "运动鞋（35码）女款"])
def test_pieces_and_makes_of_one_thing_are_no_second_wish(understand_bytes: Understand, told: str) -> None:
    entries = understand_bytes(instead("微心愿", [told, "足球", "足球", "足球"])).entries
    assert len(entries) == 4 and entries[0].status == "accepted"


def test_a_wish_titled_with_its_budget_is_the_wish(understand_bytes: Understand) -> None:
    rows = [["姓名", "性别", "联系电话", "心愿（预算）", "监护人同意"]]
    rows += [[line[0], line[1], line[5], f"{line[6]}（80元）", "同意"] for line in LINES]
    entries = understand_bytes(workbook(rows)).entries
    assert [(e.item, e.price_high) for e in entries] == [(line[6], 8000) for line in LINES]


def test_a_story_about_money_is_a_book(understand_bytes: Understand) -> None:
    entries = understand_bytes(instead("微心愿", ["《小狗钱钱》", "《神笔马良》，27块", "零花钱", "足球"])).entries
    assert [(e.category, e.reasons) for e in entries[:2]] == [("book", []), ("book", [])]
    assert entries[2].reasons == ["cash_wish"]


def test_what_was_ticked_in_a_questionnaire_is_wished_for(understand_bytes: Understand) -> None:
    entries = understand_bytes(instead("微心愿", ["书包┋其他〖想要一个足球〗", "拼图", "拼图", "拼图"])).entries
    assert [e.item for e in entries[:2]] == ["书包", "足球"]


def test_last_years_wish_is_none(understand_bytes: Understand) -> None:
    rows = [["姓名", "性别", "联系电话", "去年心愿", "今年心愿", "已有物品", "监护人同意"]]
    rows += [[line[0], line[1], line[5], "篮球", line[6], "跳绳", "同意"] for line in LINES]
    assert [e.item for e in understand_bytes(workbook(rows)).entries] == [line[6] for line in LINES]


def test_each_kind_of_things_may_have_a_column(understand_bytes: Understand) -> None:
    rows = [["姓名", "性别", "联系电话", "学习用品", "生活用品", "其他", "监护人同意"]]
    wished = [["书包", "", ""], ["", "毛毯", ""], ["台灯", "", ""], ["", "", "足球"]]
    rows += [[line[0], line[1], line[5], *cells, "同意"] for line, cells in zip(LINES, wished, strict=True)]
    entries = understand_bytes(workbook(rows)).entries
    asked = [(e.item, e.reasons) for e in entries]
    assert asked == [("书包", []), ("毛毯", []), ("台灯", []), ("足球", [])]


@pytest.mark.parametrize(
    ("told", "yuan"),
    [("35*2", 70), ("35元×2=70元", 70), ("70（35/个）", 70), ("80（含运费10）", 80), ("40元/双×2", 80)],
)
def test_a_price_told_as_a_sum_is_that_of_the_wish(understand_bytes: Understand, told: str, yuan: int) -> None:
    entries = understand_bytes(instead("价格", [told] * 4)).entries
    assert {e.price_high for e in entries} == {yuan * 100}


def test_prices_nobody_can_read_are_asked_about_also_when_all_are_such(understand_bytes: Understand) -> None:
    entries = understand_bytes(instead("价格", ["2个共四张5", "35*2=80", "7折80", "35*2=80"])).entries
    assert {tuple(e.doubts) for e in entries} == {("price_unreadable",)}


def test_a_line_called_off_in_a_column_nobody_knows_is_called_off(understand_bytes: Understand) -> None:
    data = with_column("是否有效", ["有效", "无效", "有效", "作废"], "家长均已签署知情同意书")
    assert [e.reasons for e in understand_bytes(data).entries] == [[], ["withdrawn"], [], ["withdrawn"]]


def test_a_line_of_hints_below_the_titles_is_no_child(understand_bytes: Understand) -> None:
    hints = ["与户口本一致", "男/女", "如2014-05-06", "", "", "11位", "写清尺码", "≤150元", "是/否"]
    rows = [[*HEAD, "监护人同意"], hints, *([*line, "同意"] for line in LINES)]
    assert [e.child for e in understand_bytes(workbook(rows)).entries] == NAMES


# ── what contradicts itself ──────────────────────────────────────────────────────────────────────────────────────


def test_the_day_of_a_claim_is_no_birth(understand_bytes: Understand) -> None:
    rows = [["姓名", "性别", "联系电话", "微心愿", "认领日期", "监护人同意"]]
    rows += [[line[0], line[1], line[5], line[6], "2021-06-01", "同意"] for line in LINES]
    assert {e.birth for e in understand_bytes(workbook(rows)).entries} == {None}


def test_a_birth_that_cannot_be_is_asked_about(understand_bytes: Understand) -> None:
    rows = [["姓名", "性别", "出生日期", "年龄", "联系电话", "微心愿", "监护人同意"]]
    births = ["2014-05-06", "2025-01-05", "2022-05-06", "2015-05-06"]
    rows += [[line[0], line[1], birth, 9, line[5], line[6], "同意"] for line, birth in zip(LINES, births, strict=True)]
    entries = understand_bytes(workbook(rows)).entries
    assert [e.doubts for e in entries] == [[], ["age_unsure"], ["age_unsure"], []]


# ── companies, systems and forms below each other ────────────────────────────────────────────────────────────────


def test_the_titles_of_a_system_are_read(understand_bytes: Understand) -> None:
    rows = [
        ["CHILD_NAME", "GENDER", "BIRTHDAY", "TOWN_NAME", "GUARDIAN_NAME", "GUARDIAN_PHONE", "WISH", "CONSENT_FLAG"]
    ]
    rows += [[line[0], "女性", "20140506", "白沙镇", line[4], line[5], line[6], "Y"] for line in LINES]
    entries = understand_bytes(workbook(rows)).entries
    assert [(e.child, e.gender, e.town, e.guardian, e.status) for e in entries] == [
        (line[0], "F", "459901100", line[4], "accepted") for line in LINES
    ]


def test_the_schools_contact_is_not_the_familys(understand_bytes: Understand) -> None:
    groups = ["报名儿童", "", "监护人", "", "心愿", "学校联系人", "", "确认"]
    titles = ["姓名", "性别", "姓名", "电话", "内容", "姓名", "电话", "监护人确认"]
    rows = [
        [line[0], line[1], line[4], line[5], line[6], "王老师", f"1660000777{n}", "已确认"]
        for n, line in enumerate(LINES)
    ]
    entries = understand_bytes(workbook([groups, titles, *rows], merge=["A1:B1", "C1:D1", "F1:G1"])).entries
    assert [(e.guardian, list(e.phone)) for e in entries] == [(line[4], [line[5]]) for line in LINES]


def test_each_pupils_school_goes_before_that_of_most(understand_bytes: Understand) -> None:
    rows = [["姓名", "就读学校", "联系电话", "微心愿", "监护人同意"]]
    schools = ["白沙镇中心小学", "白沙镇中心小学", "龙潭镇中心小学", "白沙镇中心小学"]
    rows += [[line[0], school, line[5], line[6], "同意"] for line, school in zip(LINES, schools, strict=True)]
    towns = [e.town for e in understand_bytes(workbook(rows)).entries]
    assert towns == ["459901100", "459901100", "459902101", "459901100"]


def test_what_costs_21_yuan_is_no_wish(understand_bytes: Understand) -> None:
    rows = [["娃的名字", "男/女", "岁数", "大人是谁", "大人电话", "盼头", "要几张票", "大人答应没"]]
    rows += [
        [line[0], "女", 9, "奶奶" + line[4], line[5], line[6], f"{20 + n}块", "签字了"] for n, line in enumerate(LINES)
    ]
    assert [e.item for e in understand_bytes(workbook(rows)).entries] == [line[6] for line in LINES]


def test_forms_below_each_other_have_titles_of_their_own(understand_bytes: Understand) -> None:
    rows: list[list[Any]] = []
    for line in LINES:
        rows += [["服务对象姓名", line[0]], ["性别", line[1]], ["监护人姓名", line[4]], ["监护人电话", line[5]]]
        rows += [["服务对象愿望", line[6]], ["监护人是否同意", "同意"], []]
    entries = understand_bytes(workbook(rows)).entries
    assert [(e.cell, e.child, e.item, e.status) for e in entries] == [
        (f"B{5 + 7 * n}", line[0], line[6], "accepted") for n, line in enumerate(LINES)
    ]


def test_cards_with_several_particulars_in_one_cell_are_read(understand_bytes: Understand) -> None:
    rows: list[list[Any]] = []
    for line in LINES:
        rows += [[f"姓名：{line[0]}    性别：{line[1]}    年龄：9岁"], [f"监护人：{line[4]}    联系电话：{line[5]}"]]
        rows += [[f"我的微心愿：{line[6]}（80元）    家长签字：{line[4]}"], []]
    entries = understand_bytes(workbook([["白沙镇圆梦卡"], *rows])).entries
    assert [(e.child, e.age, list(e.phone), e.item, e.price_high, e.status) for e in entries] == [
        (line[0], 9, [line[5]], line[6], 8000, "accepted") for line in LINES
    ]


def test_a_title_with_its_legend_behind_a_colon_is_that_title(understand_bytes: Understand) -> None:
    data = with_column("类别：\n①孤儿②留守③低保④残疾", ["①", "②③", "④", "②"], "家长均已签署知情同意书")
    assert [set(e.types) for e in understand_bytes(data).entries] == [
        {"orphan"},
        {"left_behind", "poor"},
        {"disabled"},
        {"left_behind"},
    ]


def test_yuan_in_a_title_makes_a_price_unless_it_is_an_income(understand_bytes: Understand) -> None:
    rows = [["姓名", "性别", "联系电话", "人均年收入（元）", "微心愿", "折价（元）", "监护人同意"]]
    rows += [[line[0], line[1], line[5], 6200, line[6], 50 + n, "同意"] for n, line in enumerate(LINES)]
    assert [e.price_high for e in understand_bytes(workbook(rows)).entries] == [5000, 5100, 5200, 5300]


# ── what headings say, and names that share a column ─────────────────────────────────────────────────────────────


def test_a_heading_tells_what_need_or_school_is_that_of_the_lines_below(understand_bytes: Understand) -> None:
    head = ["序号", "姓名", "性别", "监护人", "联系电话", "微心愿", "监护人同意"]
    lines = [[n + 1, line[0], line[1], *line[4:7], "同意"] for n, line in enumerate(LINES)]
    needs = [head, ["一、孤儿"], *lines[:2], ["二、低保家庭儿童"], *lines[2:]]
    assert [e.types for e in understand_bytes(workbook(needs)).entries] == [
        ("orphan",),
        ("orphan",),
        ("poor",),
        ("poor",),
    ]
    schools = [head, ["白沙镇中心小学"], *lines[:2], ["龙潭镇中心小学"], *lines[2:]]
    towns = [e.town for e in understand_bytes(workbook(schools)).entries]
    assert towns == ["459901100", "459901100", "459902101", "459902101"]


def test_name_and_age_may_share_a_column(understand_bytes: Understand) -> None:
    rows = [["姓名年龄", "跟谁过", "电话", "心愿和价钱", "监护人同意"]]
    rows += [
        [f"{line[0]} {9 + n}岁", "奶奶" + line[4], line[5], f"{line[6]} 80元", "同意"] for n, line in enumerate(LINES)
    ]
    entries = understand_bytes(workbook(rows)).entries
    assert [(e.child, e.age, e.item, e.price_high) for e in entries] == [
        (line[0], 9 + n, line[6], 8000) for n, line in enumerate(LINES)
    ]


def test_a_table_in_which_nobody_finds_the_names_is_asked_about(understand_bytes: Understand) -> None:
    rows = [["代号", "性别", "出生日期", "监护人", "联系电话", "微心愿", "监护人同意"]]
    rows += [[f"L{n}", line[1], line[2], line[4], line[5], line[6], "同意"] for n, line in enumerate(LINES)]
    assert {e.status for e in understand_bytes(workbook(rows)).entries} == {"parked"}
