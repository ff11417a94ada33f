"""What a coordinator sees over the sender's grid, decides, and teaches."""

from __future__ import annotations

import pytest

from tests.intake.workbooks import Understand, workbook
from wishes.intake.reading import read_workbook
from wishes.intake.understanding import (
    DOUBTS,
    PROBLEMS,
    REASONS,
    WARNINGS,
    CampaignRules,
    CatalogueItem,
    Correction,
    Lexicon,
    Places,
    annotated,
    confirmed_by_phone,
    corrected,
    taught_column,
    taught_item,
    understand,
    understand_file,
)
from wishes.intake.words import Addition, default_words

ROWS = [
    ["白沙镇心愿"], ["姓名", "身份证号", "联系电话", "心愿", "价格", "家长同意"],
    ["王大山", "999999201305060010", "1990000111", "一个哐啷", 80, "口头同意"], ["李小河", "999999201405060010", "19900001112", "水枪", 900, "是"],
]


def test_every_code_has_words_for_people() -> None:
    assert set(PROBLEMS) == {*REASONS, *DOUBTS, *WARNINGS}
    assert all(t.zh and t.en for t in PROBLEMS.values())


def test_the_grid_shows_roles_fates_and_marks_without_identity_numbers(understand_bytes: Understand) -> None:
    data = workbook(ROWS)
    [page] = annotated(read_workbook(data, "来件.xlsx"), understand_bytes(data))
    assert page.fates == ["title", "header", "wish", "wish"]
    [(_, _, roles)] = page.roles
    assert [roles[c] for c in range(6)] == ["name", "id", "phone", "wish", "price", "consent"]
    assert "999999" not in repr(page.rows)
    marks = {(m.cell, m.code, m.weight) for ms in page.marks.values() for m in ms}
    assert {("C3", "phone_invalid", "warning"), ("F3", "no_consent", "rejected"), ("D3", "item_unknown", "parked"), ("E4", "over_ceiling", "rejected")} <= marks


def test_a_correction_is_judged_again_and_leaves_the_reading_alone(understand_bytes: Understand, rules: CampaignRules) -> None:
    first, second = understand_bytes(workbook(ROWS)).entries
    assert (first.status, second.status) == ("rejected", "rejected")
    fixed = corrected(first, Correction(first.key, {"item": "风铃", "category": "toy", "need": "none", "consent": "yes"}), rules)
    assert (fixed.status, fixed.doubts, fixed.item) == ("accepted", [], "风铃")
    assert fixed.traces["item"].how == "set by a person"
    assert first.status == "rejected" and first.doubts == ["item_unknown"]
    cheaper = corrected(second, Correction(second.key, {"price_low": 2000, "price_high": 2000}), rules)
    assert (cheaper.status, cheaper.doubts) == ("parked", ["item_unsure"])
    allowed = corrected(cheaper, Correction(second.key, cleared=("item_unsure",)), rules)
    assert allowed.status == "accepted"
    with pytest.raises(KeyError):
        corrected(first, Correction(first.key, {"status": "accepted"}), rules)


def test_a_correction_cannot_lift_the_ceiling_by_itself(understand_bytes: Understand, rules: CampaignRules) -> None:
    entry = understand_bytes(workbook(ROWS)).entries[1]
    assert corrected(entry, Correction(entry.key, {"item": "水壶"}), rules).reasons == ["over_ceiling"]


def test_oral_consents_can_be_confirmed_together(understand_bytes: Understand, rules: CampaignRules) -> None:
    rows = [["姓名", "心愿", "家长同意"], ["王大山", "书包", "口头同意"], ["李小河", "足球", "口头同意"], ["赵青青", "台灯", "不同意"], ["钱多宝", "跳绳", "是"]]
    reading = understand_bytes(workbook(rows))
    changed = confirmed_by_phone(reading, ["口头同意"], rules, evidence="confirmed by phone on 2024-09-12")
    assert [(e.child, e.status, e.consent) for e in changed] == [("王大山", "accepted", "yes"), ("李小河", "accepted", "yes")]
    assert changed[0].traces["consent"].how == "confirmed by phone on 2024-09-12"
    assert [e.status for e in reading.entries] == ["rejected", "rejected", "rejected", "accepted"]


def test_a_taught_column_and_a_taught_word_help_the_next_file(
    lexicon: Lexicon, rules: CampaignRules, city: Places, catalogue: tuple[CatalogueItem, ...]
) -> None:
    rows = [["姓名", "心愿", "签没签呀"], ["王大山", "一个哐啷", "是"]]
    book = read_workbook(workbook(rows), "x.xlsx")
    memory = taught_column(None, "签没签呀", "consent")
    entry = understand_file(book, rules=rules, lexicon=lexicon, memory=memory).entries[0]
    assert (entry.reasons, entry.doubts) == ([], ["item_unknown"])
    addition = taught_item(entry, "魔方")
    assert addition == Addition("items", "魔方", "哐啷")
    again = understand(
        book, rules=rules, places=city, catalogue=catalogue, words=default_words().plus([addition]), sender_memory=memory
    ).entries[0]
    assert (again.status, again.item, again.category) == ("accepted", "魔方", "toy")


def test_a_word_can_be_taught_to_every_book_and_to_no_other() -> None:
    words = default_words()
    for book, key in (("headers", "wish"), ("heads", "toy"), ("unsafe", "unsafe"), ("cash", "cash"), ("kinds", "poor"), ("phrases", "total")):
        grown = words.plus([Addition(book, key, "某某词")])
        assert "某某词" in getattr(grown, book)[key]
        assert "某某词" not in getattr(words, book)[key]
    with pytest.raises(ValueError):
        words.plus([Addition("nonsense", "a", "b")])
