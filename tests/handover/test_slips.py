"""Receipt slips: the secret is inside and only inside."""

from __future__ import annotations

import io
from pathlib import Path

import pypdfium2
import pytest

from wishes.handover.label_slips import Slip, write_slips
from wishes.handover.tokens import human_code, scan_url

from .paper import BASE_URL, THERMAL_DPI, decoded, label_token, page_count, receipt_token, rendered

DOTS = THERMAL_DPI / 25.4


def printed(slips: list[Slip], fonts_dir: Path) -> bytes:
    out = io.BytesIO()
    write_slips(slips, out, base_url=BASE_URL, fonts_dir=fonts_dir)
    return out.getvalue()


def slip(number: int) -> Slip:
    return Slip(receipt_token(number), label_token(number), alias="小鹿", place="330110-203", item="书包")


def test_each_slip_holds_its_receipt_and_not_the_label(fonts_dir: Path) -> None:
    pdf = printed([slip(number) for number in range(6)], fonts_dir)
    assert page_count(pdf) == 2
    found = decoded(rendered(pdf, 0)) + decoded(rendered(pdf, 1))
    assert sorted(found) == sorted(scan_url(BASE_URL, receipt_token(number)) for number in range(6))


def test_what_stays_outside_after_folding_does_not_tell_the_secret(fonts_dir: Path) -> None:
    pdf = printed([slip(1)], fonts_dir)
    assert decoded(rendered(pdf)[:, : int(70 * DOTS)]) == []
    with pypdfium2.PdfDocument(io.BytesIO(pdf)) as document:
        text = document[0].get_textpage()
        points = 72 / 25.4
        outside = text.get_text_bounded(right=70 * points)
        inside = text.get_text_bounded(left=70 * points, right=140 * points)
    assert human_code(label_token(1)) in outside and human_code(receipt_token(1)) not in outside
    assert human_code(receipt_token(1)) in inside and "书包" in inside and "书包" not in outside


def test_the_flap_hides_the_code_against_the_light(fonts_dir: Path) -> None:
    """Seen through, the hatch and the code lie over each other: no reader may find the code in that."""
    page = rendered(printed([slip(1)], fonts_dir), dpi=203.2)
    panel = int(70 * DOTS)
    height = int(297 / 4 * DOTS)
    inside, flap = page[:height, panel : 2 * panel], page[:height, 2 * panel : 3 * panel][:, ::-1]
    width = min(inside.shape[1], flap.shape[1])
    seen_through = inside[:, :width] // 2 + flap[:, :width] // 2
    assert decoded(inside) != []
    assert decoded(seen_through) == []


def test_tokens_of_two_claims_or_of_one_kind_make_no_slip(fonts_dir: Path) -> None:
    for wrong in (
        Slip(receipt_token(1), label_token(2)),
        Slip(label_token(1), label_token(1)),
        Slip(receipt_token(1), receipt_token(1)),
    ):
        with pytest.raises(ValueError, match="one claim"):
            printed([slip(3), wrong], fonts_dir)
    with pytest.raises(ValueError, match="no slips"):
        printed([], fonts_dir)


def test_progress_is_told_page_by_page(fonts_dir: Path) -> None:
    told: list[int] = []
    write_slips(
        [slip(number) for number in range(9)],
        io.BytesIO(),
        base_url=BASE_URL,
        fonts_dir=fonts_dir,
        progress=told.append,
    )
    assert told == [4, 8, 9]
