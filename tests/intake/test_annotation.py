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
    annotated,
)
from wishes.intake.words import Addition, default_words

ROWS = [
    ["白沙镇心愿"],
    ["姓名", "身份证号", "联系电话", "心愿", "价格", "家长同意"],
    ["王大山", "999999201305060010", "1990000111", "一个哐啷", 80, "口头同意"],
    ["李小河", "999999201405060010", "19900001112", "水枪", 900, "是"],
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
    assert {
        ("C3", "phone_invalid", "warning"),
        ("F3", "no_consent", "rejected"),
        ("D3", "item_unknown", "parked"),
        ("E4", "over_ceiling", "rejected"),
    } <= marks


def test_a_word_can_be_taught_to_every_book_and_to_no_other() -> None:
    words = default_words()
    for book, key in (
        ("headers", "wish"),
        ("heads", "toy"),
        ("unsafe", "unsafe"),
        ("cash", "cash"),
        ("kinds", "poor"),
        ("phrases", "total"),
    ):
        grown = words.plus([Addition(book, key, "某某词")])
        assert "某某词" in getattr(grown, book)[key]
        assert "某某词" not in getattr(words, book)[key]
    with pytest.raises(ValueError):
        words.plus([Addition("nonsense", "a", "b")])
