"""Consent as boarding schools, hospitals and village directors tell it: in columns, in notes, on condition, or not at all."""

from __future__ import annotations

import pytest

from tests.intake.usual import HEAD, LINES, with_column
from tests.intake.workbooks import Understand, workbook


def test_a_slip_handed_in_is_consent_and_one_missing_is_none(understand_bytes: Understand) -> None:
    entries = understand_bytes(with_column("回执\n（已交/未交）", ["已交", "未交", "", "已交"])).entries
    assert [e.consent for e in entries] == ["yes", "no", "no", "yes"]


def test_a_note_tells_which_column_is_that_of_consent(understand_bytes: Understand) -> None:
    note = "“谈话日”为社工与家属谈话并取得书面同意的日期，空白为家属未同意"
    entries = understand_bytes(with_column("谈话日", ["9.3", "9月5日", "", "2021-09-08"], note)).entries
    assert [e.consent for e in entries] == ["yes", "yes", "no", "yes"]


@pytest.mark.parametrize(
    "note",
    [
        "“交表日”为家长签字同意的日期",
        "备注栏注明“已签”者为家长已签知情同意书",
        "交表即视为监护人已签署同意",
        "90%的家长已签同意书",
    ],
)
def test_what_a_note_says_on_condition_is_no_consent_for_all(understand_bytes: Understand, note: str) -> None:
    reading = understand_bytes(workbook([[note], HEAD, *LINES]))
    assert {e.status for e in reading.entries} == {"parked"}
    assert {tuple(e.doubts) for e in reading.entries} == {("consent_unreadable",)}


@pytest.mark.parametrize("said", ["家长知情同意书存德育处", "以上学生家长同意书齐全", "监护人均已签字同意"])
def test_forms_kept_in_an_office_are_consent_for_all(understand_bytes: Understand, said: str) -> None:
    assert {e.consent for e in understand_bytes(workbook([[said], HEAD, *LINES])).entries} == {"batch"}


def test_without_a_word_on_consent_there_is_none(understand_bytes: Understand) -> None:
    reading = understand_bytes(workbook([["请务必征得监护人同意后填报"], HEAD, *LINES]))
    assert {(e.status, *e.reasons) for e in reading.entries} == {("rejected", "no_consent")}


def test_who_takes_part_need_not_be_shown(understand_bytes: Understand) -> None:
    rows = [[*HEAD, "知情同意已签", "同意公开照片"]]
    rows += [[*line, "是" if at else "否", "否"] for at, line in enumerate(LINES)]
    assert [e.consent for e in understand_bytes(workbook(rows)).entries] == ["no", "yes", "yes", "yes"]


def test_a_childs_own_signature_is_asked_about(understand_bytes: Understand) -> None:
    entries = understand_bytes(with_column("家长签字", ["孩子自己签", "爷爷代签", "班主任代签", "已签"])).entries
    assert [e.status for e in entries] == ["parked", "accepted", "parked", "accepted"]


def test_a_promise_or_a_form_out_of_date_is_no_consent(understand_bytes: Understand) -> None:
    entries = understand_bytes(
        with_column("家长签字", ["同意，下周签", "有，已过期", "同意？", "有（复印件）"])
    ).entries
    assert [e.status for e in entries] == ["rejected", "rejected", "parked", "accepted"]


def test_who_signs_is_the_guardian_where_nobody_else_is_named(understand_bytes: Understand) -> None:
    head = ["姓名", "与户主关系", "联系电话", "微心愿", "监护人签字"]
    rows = [
        [line[0], of, line[5], line[6], line[4]]
        for line, of in zip(LINES, ["长女", "孙子", "次女", "外孙"], strict=True)
    ]
    entries = understand_bytes(workbook([head, *rows])).entries
    assert [e.guardian for e in entries] == [line[4] for line in LINES]
    assert [e.gender for e in entries] == ["F", "M", "F", "M"]


@pytest.mark.parametrize(
    "said",
    [
        "家长签订同意书后方能发放",
        "去年的监护人同意书已存档",
        "家长同意书正在陆续签订中",
        "经村委会同意上报，材料已存档",
        "学校已与家长签订安全责任书，存档备查",
        "家长均口头同意",
    ],
)
def test_forms_under_way_other_papers_and_others_consent_are_none(understand_bytes: Understand, said: str) -> None:
    reading = understand_bytes(workbook([HEAD, *LINES, [said]]))
    assert {(e.status, *e.reasons) for e in reading.entries} == {("rejected", "no_consent")}


def test_who_is_named_as_not_having_signed_is_asked_about(understand_bytes: Understand) -> None:
    note = "说明：1.以上儿童家长均签订了知情同意书；2.何志峰家长尚未签字"
    assert [e.status for e in understand_bytes(workbook([HEAD, *LINES, [note]])).entries] == [
        "accepted",
        "parked",
        "accepted",
        "accepted",
    ]
    but = "除何志峰外，其余家长均已签订知情同意书"
    assert {e.status for e in understand_bytes(workbook([HEAD, *LINES, [but]])).entries} == {"parked"}


def test_consent_told_on_a_sheet_without_wishes_is_asked_about(understand_bytes: Understand) -> None:
    facts = [["姓名", "监护人", "家长同意书"], *([line[0], line[4], "有"] for line in LINES)]
    wishes = [["姓名", "微心愿", "价格"], *([line[0], line[6], 80] for line in LINES)]
    reading = understand_bytes(workbook(wishes, more=[("基本信息", facts, "visible")]))
    assert {tuple(e.doubts) for e in reading.entries} == {("consent_unreadable",)}
