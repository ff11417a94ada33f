"""What people write where a consent is asked for: only a guardian's own, on paper, is one."""

from __future__ import annotations

import pytest

from tests.intake.workbooks import Understand, workbook
from wishes.intake.understanding import Lexicon
from wishes.intake.understanding.statements import consent_statement


def answered(understand: Understand, answer: str) -> tuple[str, str]:
    rows = [
        ["青禾市西岭县石桥镇微心愿统计表"],
        ["姓名", "性别", "微心愿", "价格", "监护人", "监护人同意"],
        ["王大山", "男", "书包", 80, "王强", answer],
        ["刘小河", "女", "足球", 60, "刘刚", "是"],
        ["赵青青", "女", "台灯", 90, "赵平", "同意"],
    ]
    entry = understand(workbook(rows)).entries[0]
    return entry.status, entry.consent


@pytest.mark.parametrize(
    "answer",
    [
        "家长说行",
        "家长知道",
        "家长可能同意",
        "同意书已发家长",
        "同意×",
        "征得同意中",
        "老师代签",
        "学校同意",
        "原则同意",
        "已签，原件遗失",
    ],
)
def test_what_is_hardly_a_guardians_consent_is_parked(understand_bytes: Understand, answer: str) -> None:
    assert answered(understand_bytes, answer)[0] == "parked"


@pytest.mark.parametrize(
    "answer",
    [
        "王建中",
        "姥姥代签",
        "爸爸外出打工，奶奶签",
        "家长已同意，社区盖章",
        "自愿",
        "全家同意",
        "监护人同意（已发放同意书）",
    ],
)
def test_a_guardians_consent_is_known_in_many_words(understand_bytes: Understand, answer: str) -> None:
    assert answered(understand_bytes, answer) == ("accepted", "yes")


@pytest.mark.parametrize(
    "sentence",
    [
        "同意书已下发各家，陆续收回",
        "同意书于9月底前交回村委会",
        "家长同意书全部收齐后再上报",
        "家长签字确认后存档",
        "监护人签字：王强",
        "已签同意书20份，共24人",
        "经学校同意，存档备查",
        "已电话征得监护人同意",
        "监护人均同意（视频确认）",
        "监护人同意书样本由民政办保存",
    ],
)
def test_a_sentence_that_promises_or_speaks_of_others_is_no_consent_for_all(lexicon: Lexicon, sentence: str) -> None:
    assert not consent_statement(sentence, lexicon)


@pytest.mark.parametrize(
    "sentence",
    [
        "收到24人家长签字的同意书24份，存校",
        "监护人同意书已全部签订，联系电话19900001111",
        "全部家长签字后已存档",
        "同意书发放后已全部收回，由学校保管",
        "经学校与家长沟通，家长均已签署同意书",
        "家长都签过同意书了，在村部放着",
    ],
)
def test_a_sentence_that_tells_of_signed_forms_is_consent_for_all(lexicon: Lexicon, sentence: str) -> None:
    assert consent_statement(sentence, lexicon)
