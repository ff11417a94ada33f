"""Registers of branches, members and volunteers: what the files of the demonstration hold, counted by hand."""

from __future__ import annotations

import io
from datetime import date, timedelta

import pytest
import xlsxwriter

from wishes.campaigns.loading import place_rows
from wishes.claims.register_cells import (
    Areas,
    County,
    day_of,
    duties_of,
    hours_of,
    lowest,
    phone_of,
    preferences,
    qualification_of,
)
from wishes.claims.register_reading import BranchNames, read_branches, read_members, read_volunteers
from wishes.errors import Invalid
from wishes.settings import PACKAGE_DIR

DEMO = PACKAGE_DIR / "demo" / "hangzhou-2021"
JUDGED_ON = date(2021, 6, 1)


@pytest.fixture(scope="module")
def areas() -> Areas:
    rows = place_rows((DEMO / "places.csv").read_bytes(), "places.csv")
    former: dict[str, set[str]] = {}
    for row in rows:
        if row["former_county"]:
            former.setdefault(row["former_county"], set()).add(row["county_code"])
    counties = [
        County(row["code"], row["name"], tuple(town["name"] for town in rows if town["county_code"] == row["code"]))
        for row in rows
        if row["level"] == "county"
    ]
    return Areas(counties, city="杭州市", former={name: frozenset(codes) for name, codes in former.items()})


def workbook(**sheets: list[list[object]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return buffer.getvalue()


# --- the demonstration's files ----------------------------------------------------------------------------------------


def test_one_hundred_branches_pledge_what_the_sheets_add_up_to(areas: Areas) -> None:
    register = read_branches((DEMO / "branches.xlsx").read_bytes(), "branches.xlsx", areas=areas, categories={})
    assert (register.lines, register.merged, len(register.entries)) == (101, 1, 100)
    assert sum(entry.kind == "party" for entry in register.entries) == 62
    assert sum(entry.pledge_count or 0 for entry in register.entries) == 10260
    assert [entry.name for entry in register.entries if entry.pledge_fen is None] == [
        "正达五金机关党支部",
        "瑞舟包装第一党支部",
        "海润汽配党支部",
        "瑞禾公益服务中心",
    ]
    assert all(entry.county_code and len(entry.phone) == 11 for entry in register.entries)
    twice = [entry for entry in register.entries if "listed_twice" in entry.warnings]
    assert [(entry.name, entry.pledge_count, entry.pledge_fen) for entry in twice] == [
        ("云达家居机关党支部", 108, 1_000_000)
    ]


def test_a_branch_says_where_it_goes_and_what_it_takes(areas: Areas) -> None:
    register = read_branches((DEMO / "branches.xlsx").read_bytes(), "branches.xlsx", areas=areas, categories={})
    by_name = {entry.name: entry for entry in register.entries}
    assert by_name["启达传媒机关党支部"].areas == ("330111",)  # 本区（县）
    assert by_name["海润汽配党支部"].areas == ("330109",)  # 仅限萧山
    assert by_name["恒木包装联合党支部"].refused == ("companionship", "psych")
    assert by_name["恒木包装联合党支部"].pledge_fen == 800_000  # 0.8万
    assert by_name["恒心科技第一党支部"].pledge_count == 158  # 158至188
    assert by_name["泽岳家居党总支第二支部"].refused == ("companionship", "experience", "psych")
    assert by_name["瑞禾公益服务中心"].pledge_count == 242  # 二百四十二个
    assert by_name["博禾包装党总支第二支部"].liked == ("aid", "study")


def test_one_thousand_members_are_known_by_phone_and_their_branches_found(areas: Areas) -> None:
    branches = read_branches((DEMO / "branches.xlsx").read_bytes(), "branches.xlsx", areas=areas, categories={})
    names = BranchNames({entry.name: number for number, entry in enumerate(branches.entries)})
    register = read_members((DEMO / "members.xlsx").read_bytes(), "members.xlsx", areas=areas)
    assert (register.lines, register.merged, len(register.entries)) == (1007, 7, 1000)
    found = [names.find(entry.branch) for entry in register.entries]
    assert sum(branch is None for branch, _ in found) == 140
    assert {warning for _, warning in found} == {""}
    assert len({entry.phone for entry in register.entries}) == 1000
    assert not any(entry.qualification for entry in register.entries)  # 特长 心理 is an interest
    assert {entry.claim_limit for entry in register.entries} == {1, 2, 3, 5, 10, 15}


def test_three_hundred_volunteers_and_their_checks_on_the_reference_day(areas: Areas) -> None:
    register = read_volunteers(
        (DEMO / "volunteers.xlsx").read_bytes(), "volunteers.xlsx", areas=areas, judged_on=JUDGED_ON
    )
    assert (register.lines, register.merged, len(register.entries)) == (300, 0, 300)
    assert sum("vetting_in_future" in entry.warnings for entry in register.entries) == 13
    assert sum(entry.vetted_on is None for entry in register.entries) == 57 + 13
    valid = [
        entry
        for entry in register.entries
        if entry.vetted_on and entry.vetted_on <= JUDGED_ON < entry.vetted_on + timedelta(365)
    ]
    assert len(valid) == 189
    assert sum(bool(entry.qualification) for entry in valid) == 12
    assert sum(bool(entry.qualification) for entry in register.entries) == 19
    assert sum("counsellor" in entry.duties for entry in register.entries) == 28


def test_service_hours_count_a_person_and_day_once(areas: Areas) -> None:
    hours = read_volunteers(
        (DEMO / "volunteers.xlsx").read_bytes(), "volunteers.xlsx", areas=areas, judged_on=JUDGED_ON
    ).hours
    assert (hours.lines, hours.repeated, hours.unread, hours.people) == (1564, 14, 0, 299)
    assert hours.total == 4836.5


# --- cells ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        (44.0, 44),
        ("44个", 44),
        ("约74", 74),
        ("158至188", 158),
        ("134~154", 134),
        ("七十六", 76),
        ("一百四十八个", 148),
        ("二百个", 200),
        ("1.8万", 18000),
        ("0.4万元", 4000),
        ("1万元", 10000),
        ("￥8,500.00", 8500),
        ("4,500", 4500),
        ("约11000元", 11000),
        ("1-2万", 10000),
        ("１５个", 15),
        ("不少于二十个", 20),
    ],
)
def test_a_pledge_counts_by_its_lower_end(cell: str | float, number: float) -> None:
    assert lowest(cell) == (number, "")


@pytest.mark.parametrize(
    ("cell", "problem"), [("不限", ""), ("按实际", ""), ("", "empty"), (None, "empty"), ("再议", "unreadable")]
)
def test_no_limit_is_not_the_same_as_nothing_said(cell: str | None, problem: str) -> None:
    assert lowest(cell) == (None, problem)


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        ("不限", []),
        ("全市", []),
        ("", []),
        ("杭州全市", []),
        ("临安区 建德", ["330112", "330182"]),
        ("桐庐、淳安县、建德市", ["330122", "330127", "330182"]),
        ("富阳", ["330111"]),
        ("仅限余杭", ["330110"]),
        ("本区", ["330106"]),
        ("江干区", ["330102", "330114"]),
        ("良渚街道", ["330110"]),
        ("下城", ["330105"]),
    ],
)
def test_area_words_become_county_codes(areas: Areas, words: str, codes: list[str]) -> None:
    assert areas.wanted(words, own="330106") == (codes, "")


def test_an_area_nobody_knows_is_said_so(areas: Areas) -> None:
    assert areas.wanted("海宁", own="330106") == ([], "area_unknown")
    assert areas.wanted("富阳、海宁", own="330106") == (["330111"], "area_unknown")
    assert areas.wanted("本县", own="") == ([], "own_area_unknown")


def test_a_former_district_is_settled_by_the_township(areas: Areas) -> None:
    assert areas.own("江干区", "江干区下沙街道幸福路1号") == "330114"
    assert areas.own("江干区", "江干区采荷街道2号") == "330102"
    assert areas.own("江干区") == ""


def test_everything_but_one_county_can_be_said(areas: Areas) -> None:
    codes, problem = areas.wanted("除淳安外都可以", own="")
    assert "330127" not in codes and len(codes) == 12 and problem == ""


@pytest.mark.parametrize(
    ("words", "liked", "refused"),
    [
        ("不限", [], []),
        ("都可以", [], []),
        ("", [], []),
        ("不认领陪伴、心理类", [], ["companionship", "psych"]),
        ("不认领陪伴，心理类", [], ["companionship", "psych"]),
        ("仅实物", [], ["companionship", "experience", "psych"]),
        ("物质类，陪伴类不认领", [], ["companionship", "experience", "psych"]),
        ("文艺用品，图书，玩具", ["art", "book", "toy"], []),
        ("康复辅具/学习类", ["aid", "study"], []),
        ("除陪伴类外都可以", [], ["companionship"]),
        ("服装鞋帽、生活类、体育用品", ["clothing", "daily", "sport"], []),
    ],
)
def test_what_is_liked_and_what_is_refused(words: str, liked: list[str], refused: list[str]) -> None:
    assert preferences(words, {"服装鞋帽": "clothing"}) == (liked, refused, "")


@pytest.mark.parametrize(
    ("skills", "named"),
    [
        ("国家二级心理咨询师", "国家二级心理咨询师"),
        ("心理健康教育B证", "心理健康教育B证"),
        ("精神科护士", "精神科护士"),
        ("音乐、三级心理咨询师", "三级心理咨询师"),
        ("心理", ""),
        ("爱好心理学", ""),
        ("心理咨询师备考中", ""),
        ("驾驶证C1", ""),
        ("", ""),
    ],
)
def test_only_a_named_certificate_qualifies(skills: str, named: str) -> None:
    assert qualification_of(skills) == named


def test_roles_in_words_become_duties() -> None:
    assert duties_of("分拣打包、心愿送达") == ["courier", "packer"]
    assert duties_of("征集员+验收") == ["collector", "inspector"]
    assert duties_of("心理支持") == ["counsellor"]


@pytest.mark.parametrize("cell", [date(2021, 2, 13), "2021年2月13日", "2021.2.13", "2021-02-13", "20210213", 44240.0])
def test_a_check_is_dated_in_many_forms(cell: str | float | date) -> None:
    assert day_of(cell) == (date(2021, 2, 13), "")


def test_no_date_is_not_a_wrong_date() -> None:
    assert day_of("未查") == (None, "") and day_of("/") == (None, "") and day_of("2021.13.40") == (None, "unreadable")


@pytest.mark.parametrize(
    ("cell", "hours"),
    [
        (3.0, 3.0),
        ("3.5小时", 3.5),
        ("3h", 3.0),
        ("2.5", 2.5),
        ("14:00-17:30", 3.5),
        ("半天", 4.0),
        ("全天", 8.0),
        ("两小时", 2.0),
        ("一个半小时", 1.5),
    ],
)
def test_hours_are_written_in_many_ways(cell: str | float, hours: float) -> None:
    assert hours_of(cell) == hours


def test_a_phone_is_eleven_digits_however_it_is_spaced() -> None:
    assert phone_of("0086 16600006433") == ("16600006433", "")
    assert phone_of(16600005626.0) == ("16600005626", "")
    assert phone_of("166-0000-4078") == ("16600004078", "")
    assert phone_of("1660000407") == ("", "phone_invalid")
    assert phone_of("") == ("", "phone_missing")


# --- other layouts ----------------------------------------------------------------------------------------------------


def test_a_branch_name_that_could_be_two_is_left_to_a_person() -> None:
    names = BranchNames({"恒达食品第一党支部": 1, "恒达食品第二党支部": 2, "安远科技机关党支部": 3})
    assert names.find("恒达食品") == (None, "branch_ambiguous")
    assert names.find("恒达食品第二支部") == (2, "")
    assert names.find("中共安远科技机关党支部 ") == (3, "")
    assert names.find("安远科技有限公司党支部") == (3, "branch_guessed")
    assert names.find("从未听过的支部") == (None, "branch_unknown")
    assert names.find("爱心人士（个人）") == (None, "")


def test_columns_are_found_by_their_words_in_any_order(areas: Areas) -> None:
    data = workbook(
        表=[
            ["说明：请如实填写"],
            [],
            ["手机号", "最多认领", "单位名称", "区县", "预算（万元以内写元）", "服务区域"],
            ["199 0000 0001", "十个", "测试读书会", "西湖", "2千", "全市"],
            ["合计", "十个"],
        ]
    )
    register = read_branches(data, "x.xlsx", areas=areas, categories={})
    [entry] = register.entries
    assert (entry.name, entry.kind, entry.pledge_count, entry.pledge_fen) == ("测试读书会", "organisation", 10, 200_000)
    assert (entry.phone, entry.county_code, entry.areas) == ("19900000001", "330106", ())
    assert register.skipped == 1


def test_a_branch_that_names_no_number_promises_nothing(areas: Areas) -> None:
    data = workbook(表=[["组织名称", "最多认领", "预算"], ["测试读书会", "", "不限"]])
    [entry] = read_branches(data, "x.xlsx", areas=areas, categories={}).entries
    assert entry.pledge_count == 0 and "pledge_unknown" in entry.warnings


def test_a_workbook_without_such_columns_is_refused_with_what_is_needed(areas: Areas) -> None:
    with pytest.raises(Invalid) as refused:
        read_members(workbook(表=[["日期", "天气"], ["1", "晴"]]), "x.xlsx", areas=areas)
    assert "姓名" in refused.value.say("zh")
