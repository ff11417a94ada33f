"""QR codes: the fast way and the library's way give the same modules, and readers read them."""

from __future__ import annotations

import random
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wishes.handover.label_codes import Matrix, dark_runs, pdf_rectangles, qr_matrices, qr_matrix, qr_svg

from .paper import decoded

ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def picture(matrix: Matrix) -> np.ndarray:
    return np.kron(np.pad(~matrix, 4, constant_values=True), np.full((4, 4), 255)).astype(np.uint8)


@pytest.mark.parametrize("length", [37, 60, 152])
def test_a_print_run_has_the_very_codes_of_the_library(length: int) -> None:
    rng = random.Random(length)
    texts = ["".join(rng.choices(ALPHANUMERIC, k=length)) for _ in range(1_100)]
    texts[3] = "A" + ":" * (length - 1)
    for number, matrix in enumerate(qr_matrices(texts)):
        if number < 10 or number % 50 == 0 or number > 1_095:
            assert np.array_equal(matrix, qr_matrix(texts[number])), texts[number]


@pytest.mark.parametrize("odd_one", ["lower case, other bytes", "0123456789012345678901234567890123456789", "短"])
def test_a_run_of_unlike_texts_is_made_one_by_one(odd_one: str) -> None:
    texts = ["HTTPS://WISH.EXAMPLE.ORG/H/ABCDEFGHIJKLM"] * 1_001 + [odd_one]
    *_, last = qr_matrices(texts[-5:] + texts[:1]), list(qr_matrices(texts[-1_001:]))[-1]
    assert np.array_equal(last, qr_matrix(odd_one))
    assert decoded(picture(last)) == [odd_one]


def test_no_texts_make_no_codes() -> None:
    assert list(qr_matrices([])) == []


@settings(deadline=None, max_examples=60)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=120))
def test_any_text_reads_back(text: str) -> None:
    assert decoded(picture(qr_matrix(text))) == [text]


def test_a_text_too_long_for_any_code_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        qr_matrix("a" * 3_000)


def test_runs_and_rectangles_cover_exactly_the_dark_modules() -> None:
    matrix = qr_matrix("HTTPS://WISH.EXAMPLE.ORG/H/ABC")
    redrawn = np.zeros_like(matrix)
    for row, start, end in dark_runs(matrix):
        redrawn[row, start:end] = True
    assert np.array_equal(redrawn, matrix)
    operators = [f"{start} {row} {end - start} 1 re" for row, start, end in dark_runs(matrix)]
    assert pdf_rectangles(matrix).split("\n") == operators


def test_the_inline_picture_holds_the_code_with_its_quiet_zone() -> None:
    text = "https://wish.example.org/join/abc?x=1&y=2"
    root = ElementTree.fromstring(qr_svg(text, title='邀请 "A" & <B>'))
    size = int(root.attrib["viewBox"].split()[2])
    canvas = np.full((size, size), 255, dtype=np.uint8)
    path = root.findall("{http://www.w3.org/2000/svg}path")[1].attrib["d"]
    for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1H\d+z", path):
        canvas[int(y), int(x) : int(x) + int(length)] = 0
    assert decoded(np.kron(canvas, np.ones((4, 4), dtype=np.uint8))) == [text]
    assert canvas[:4].min() == canvas[-4:].min() == canvas[:, :4].min() == canvas[:, -4:].min() == 255
    assert root.attrib["aria-label"] == '邀请 "A" & <B>' and root.attrib["role"] == "img"


def test_the_inline_picture_needs_neither_style_nor_script() -> None:
    plain = qr_svg("HTTPS://WISH.EXAMPLE.ORG")
    assert "style" not in plain and "script" not in plain and "<image" not in plain and 'aria-hidden="true"' in plain
