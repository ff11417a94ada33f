"""Printed labels: every code reads back, Chinese is really drawn, and nothing tells who the child is."""

from __future__ import annotations

import csv
import io
import random
from dataclasses import fields
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import wishes
from wishes.errors import Misconfigured
from wishes.handover.label_pictograms import GRID, is_discreet, pdf_path, pictogram, pictogram_svg
from wishes.handover.label_text import MISSING_GLYPH, fitted, paper_fonts, printable
from wishes.handover.labels import FORMATS, Label, write_labels
from wishes.handover.tokens import human_code, scan_url

from .paper import (
    BASE_URL,
    Grey,
    cell,
    code_box,
    decoded,
    label,
    label_token,
    page_count,
    receipt_token,
    rendered,
    text_layer,
    worn,
)

ALL_FORMATS = sorted(FORMATS)


def printed(labels: list[Label], fonts_dir: Path, layout: str = "a4-24", base_url: str = BASE_URL) -> bytes:
    out = io.BytesIO()
    write_labels(labels, out, layout=layout, base_url=base_url, fonts_dir=fonts_dir)
    return out.getvalue()


def is_clean(area: Grey) -> bool:
    return bool(area.size and area.min() > 250)


@pytest.mark.parametrize("layout", ALL_FORMATS)
def test_every_label_lies_in_its_place_and_reads_back(layout: str, fonts_dir: Path) -> None:
    count = FORMATS[layout].per_page + 2
    labels = [label(number) for number in range(count)]
    pdf = printed(labels, fonts_dir, layout)
    assert page_count(pdf) == -(-count // FORMATS[layout].per_page)
    for number in range(count):
        page, place = divmod(number, FORMATS[layout].per_page)
        pixels = cell(rendered(pdf, page), layout, place) if number in (0, count - 1) else None
        if pixels is not None:
            assert decoded(pixels) == [scan_url(BASE_URL, labels[number].token)]
    first_page = decoded(rendered(pdf, 0, dpi=300))
    assert sorted(first_page) == sorted(scan_url(BASE_URL, item.token) for item in labels[: FORMATS[layout].per_page])


@pytest.mark.parametrize("layout", ALL_FORMATS)
def test_labels_lie_on_the_page_side_by_side(layout: str) -> None:
    paper = FORMATS[layout]
    corners = [paper.corner_mm(place) for place in range(paper.per_page)]
    assert len(set(corners)) == paper.per_page
    for left, top in corners:
        assert 0 <= left <= paper.page_mm[0] - paper.label_mm[0] + 1e-6
        assert 0 <= top <= paper.page_mm[1] - paper.label_mm[1] + 1e-6
    for one, two in pairwise(corners):
        assert two[0] - one[0] >= paper.label_mm[0] - 1e-6 or two[1] - one[1] >= paper.label_mm[1] - 1e-6


@pytest.mark.parametrize("layout", ALL_FORMATS)
def test_the_longest_texts_stay_inside_their_label_and_off_the_code(layout: str, fonts_dir: Path) -> None:
    paper = FORMATS[layout]
    place = paper.per_page // 2
    labels = [label(number, alias="") for number in range(place)]
    wide = Label(
        label_token(place),
        "study",
        alias="很长很长的化名" * 4,
        place="330110-203-" * 4,
        box="W" * 30,
        due_on=date(2021, 6, 1),
    )
    before = rendered(printed([*labels, label(place, alias="")], fonts_dir, layout), place // paper.per_page)
    after = rendered(printed([*labels, wide], fonts_dir, layout), place // paper.per_page)
    rows, columns = np.nonzero(before != after)
    left, top = (side * 8 for side in paper.corner_mm(place % paper.per_page))
    assert rows.size > 0
    assert left <= columns.min() and columns.max() <= left + paper.label_mm[0] * 8
    assert top <= rows.min() and rows.max() <= top + paper.label_mm[1] * 8
    assert scan_url(BASE_URL, wide.token) in decoded(after)


@pytest.mark.parametrize("layout", ALL_FORMATS)
def test_the_quiet_zone_is_white(layout: str, fonts_dir: Path) -> None:
    pixels = cell(rendered(printed([label(1)], fonts_dir, layout)), layout, 0)
    left, top, side = (round(length * 8) for length in code_box(layout))
    quiet = int(4 * FORMATS[layout].fitting_module_mm(57) * 8) - 2
    rows, columns = slice(top, top + side), slice(left, left + side)
    right, bottom = left + side, top + side
    assert is_clean(pixels[rows, left - quiet : left - 2]) and is_clean(pixels[rows, right + 3 : right + quiet])
    assert is_clean(pixels[top - quiet : top - 2, columns]) and is_clean(pixels[bottom + 3 : bottom + quiet, columns])
    assert not is_clean(pixels[rows, left : left + 6]) and not is_clean(pixels[top : top + 6, columns])


def test_thermal_modules_are_whole_dots() -> None:
    for layout in ("roll-40x60", "roll-60x40"):
        for modules in (49, 57, 61):
            dots = FORMATS[layout].fitting_module_mm(modules) * 8
            assert dots == round(dots) >= 3


def test_chinese_is_drawn_and_every_character_looks_different(fonts_dir: Path) -> None:
    """Tofu boxes, or a font that is named and not embedded, would make them all alike or empty."""
    characters = "书包鹿篮球灯鞋画龘䶮骉𠮷"[:-1]
    labels = [label(1, alias=character) for character in characters]
    blank = cell(rendered(printed([label(1, alias="")], fonts_dir)), "a4-24", 0)
    page = rendered(printed(labels, fonts_dir))
    drawn = []
    for place in range(len(characters)):
        pixels = cell(page, "a4-24", place)[:90, 300:]
        drawn.append(pixels.tobytes())
        ink = int((pixels < 128).sum()) - int((blank[:90, 300:] < 128).sum())
        assert 60 < ink < 600, characters[place]
    assert len(set(drawn)) == len(characters)


def test_a_character_that_no_font_has_is_shown_as_missing(fonts_dir: Path) -> None:
    fonts = paper_fonts(fonts_dir)
    assert printable("小\U0001f98c鹿", fonts.bold) == f"小{MISSING_GLYPH}鹿"
    assert printable("书\u200b包\ufe0f\n两个", fonts.regular) == "书包 两个"
    page = rendered(printed([label(1, alias="\U0001f98c"), label(1, alias="\U0010ffff")], fonts_dir))
    one, two = (cell(page, "a4-24", place)[:90, 300:550] for place in (0, 1))
    assert not is_clean(one) and abs(int((one < 128).sum()) - int((two < 128).sum())) < 30


def test_text_is_shrunk_then_broken_then_cut(fonts_dir: Path) -> None:
    font = paper_fonts(fonts_dir).regular
    assert fitted("书包", font, 9, 100) == (9, ("书包",))
    size, lines = fitted("文具套装（笔、橡皮、尺子）", font, 9, 70, 2)
    assert 5 <= size <= 9 and len(lines) == 2 and "".join(lines) == "文具套装（笔、橡皮、尺子）"
    assert not any(line.startswith(("、", "）")) for line in lines)
    size, lines = fitted("书" * 500, font, 9, 70, 2)
    assert size == 5 and len(lines) == 2 and lines[-1].endswith("…")
    assert fitted("one pencil case", font, 8, 45, 3)[1] == ("one pencil", "case")


@pytest.mark.parametrize("category", ["aid", "psych", "something new"])
def test_a_kind_that_tells_about_the_child_is_printed_as_a_plain_parcel(category: str, fonts_dir: Path) -> None:
    text = text_layer(printed([label(1, category, place="330110-203", box="7")], fonts_dir))
    assert "康复" not in text and "心理" not in text and "包裹" in text
    assert "小鹿" in text and "330110-203" in text and "箱 7" in text and human_code(label_token(1)) in text
    assert "学习用品" in text_layer(printed([label(1, "study")], fonts_dir))


def test_a_label_has_no_room_for_the_wish_in_words() -> None:
    """Sanitary towels are daily goods, and a bra is clothing: no list of words tells which wish shames its child."""
    assert {field.name for field in fields(Label)} == {"token", "category", "alias", "place", "box", "due_on"}


def test_each_category_of_the_catalogue_has_its_own_picture_or_is_discreet() -> None:
    catalogue = Path(wishes.__file__).parent / "demo" / "hangzhou-2021" / "catalogue.csv"
    with catalogue.open(encoding="utf-8-sig") as file:
        categories = {row["category"] for row in csv.DictReader(file)}
    assert {category for category in categories if is_discreet(category)} == {"aid", "psych"}
    open_ones = categories - {"aid", "psych"}
    assert len({pictogram(category).path for category in open_ones}) == len(open_ones)
    for category in categories:
        assert pictogram(category).path in pictogram_svg(category)
        coordinates = [float(word) for word in pdf_path(pictogram(category).path).split() if word not in "mlch"]
        assert coordinates and min(coordinates) > 0 and max(coordinates) < GRID


def test_a_receipt_is_never_printed_on_a_parcel(fonts_dir: Path) -> None:
    with pytest.raises(ValueError, match="only label tokens"):
        printed([label(1), Label(receipt_token(1), "study")], fonts_dir)


def test_nothing_to_print_is_said_so(fonts_dir: Path) -> None:
    with pytest.raises(ValueError, match="no labels"):
        printed([], fonts_dir)


def test_a_missing_font_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="NotoSansSC-Regular"):
        printed([label(1)], tmp_path)


@pytest.mark.parametrize("layout", ALL_FORMATS)
def test_a_longer_host_takes_a_larger_code_and_still_reads(layout: str, fonts_dir: Path) -> None:
    base_url = "https://microwish.children-foundation.example.org:8443"
    pdf = printed([label(1)], fonts_dir, layout, base_url)
    assert decoded(cell(rendered(pdf), layout, 0)) == [scan_url(base_url, label_token(1))]


def test_a_host_too_long_for_the_paper_is_refused(fonts_dir: Path) -> None:
    with pytest.raises(ValueError, match="does not fit a label"):
        printed([label(1)], fonts_dir, "a4-40", f"https://{'a' * 150}.example")


def test_the_same_labels_make_the_same_file(fonts_dir: Path) -> None:
    labels = [label(number) for number in range(30)]
    assert printed(labels, fonts_dir) == printed(labels, fonts_dir)


def test_progress_is_told_page_by_page_to_the_last_label(fonts_dir: Path) -> None:
    told: list[int] = []
    write_labels(
        [label(number) for number in range(50)],
        io.BytesIO(),
        layout="a4-24",
        base_url=BASE_URL,
        fonts_dir=fonts_dir,
        progress=told.append,
    )
    assert told == [24, 48, 50]


@pytest.mark.parametrize("layout", ALL_FORMATS)
def test_worn_labels_still_read(layout: str, fonts_dir: Path) -> None:
    """Printed at 203 dpi, 15 % of the code under a blot and as much under a smear, blurred, tilted by 20°."""
    rng = random.Random(7)
    per_page = FORMATS[layout].per_page
    labels = [label(number) for number in range(24)]
    pdf = printed(labels, fonts_dir, layout)
    unread = []
    for number, item in enumerate(labels):
        clean = cell(rendered(pdf, number // per_page), layout, number % per_page)
        if decoded(worn(clean, layout, rng)) != [scan_url(BASE_URL, item.token)]:
            unread.append(number)
    assert unread == []
