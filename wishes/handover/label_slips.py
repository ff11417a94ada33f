"""Receipt slips as PDF: the receiving side's secret, folded shut.

A slip is three panels wide. Left, what may be read from outside: for whom (an alias), which parcel. Middle, the
receipt's QR and spoken code. Right, a hatched flap: folded over the middle and stapled, it hides the code also against
the light. The slip goes to the guardian or the village children's director by a way that the courier does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from wishes.handover.label_text import PaperFonts, draw_fitted, paper_fonts
from wishes.handover.labels import draw_qr
from wishes.handover.tokens import Token, TokenType, human_code, scan_url

_PER_PAGE: Final = 4
_PAGE: Final = (210 * mm, 297 * mm)
_PANEL: Final = 70 * mm
_HEIGHT: Final = _PAGE[1] / _PER_PAGE
_MARGIN: Final = 6 * mm
_MODULE_MM: Final = 0.6


@dataclass(frozen=True, slots=True)
class Slip:
    """One slip. *receipt* and *label* are the two tokens of one claim; the texts are read from outside."""

    receipt: Token
    label: Token
    alias: str = ""  # never the child's name
    place: str = ""
    item: str = ""  # shown inside only


def write_slips(
    slips: Iterable[Slip],
    out: BinaryIO,
    *,
    base_url: str,
    fonts_dir: Path,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write an A4 PDF with four *slips* a page to *out*; answers how many. Same input, same bytes.

    *slips* may be a stream. *progress* is told the number of slips drawn after each page. Raises ``ValueError`` for no
    slips, and for two tokens that are not receipt and label of one claim.
    """
    fonts = paper_fonts(fonts_dir)
    canvas = Canvas(out, pagesize=_PAGE, invariant=1, pageCompression=1)
    canvas.setTitle("签收凭条 Receipt slips")
    count = 0
    for number, slip in enumerate(slips):
        if (slip.receipt.type, slip.label.type) != (TokenType.RECEIPT, TokenType.LABEL) or (
            slip.receipt.tag != slip.label.tag
        ):
            raise ValueError("a slip needs the receipt and the label of one claim")
        count = number + 1
        place = number % _PER_PAGE
        if number and not place:
            canvas.showPage()
            if progress:
                progress(number)
        top = _PAGE[1] - place * _HEIGHT
        _draw_folds(canvas, top)
        _draw_outside(canvas, slip, fonts, top)
        _draw_inside(canvas, slip, fonts, top, base_url)
        _draw_flap(canvas, fonts, top)
    if not count:
        raise ValueError("no slips to print")
    canvas.showPage()
    canvas.save()
    if progress:
        progress(count)
    return count


def _draw_folds(canvas: Canvas, top: float) -> None:
    canvas.setLineWidth(0.4)
    canvas.setDash(3, 3)
    canvas.line(2 * _PANEL, top - 2 * mm, 2 * _PANEL, top - _HEIGHT + 2 * mm)
    canvas.setDash()
    canvas.line(0, top - _HEIGHT, _PAGE[0], top - _HEIGHT)


def _draw_outside(canvas: Canvas, slip: Slip, fonts: PaperFonts, top: float) -> None:
    width, y = _PANEL - 2 * _MARGIN, top - 8 * mm
    y = draw_fitted(canvas, "签收凭条 Receipt slip", fonts.bold, 12, _MARGIN, y, width) - 2 * mm
    y = draw_fitted(canvas, slip.alias, fonts.bold, 14, _MARGIN, y, width)
    y = draw_fitted(canvas, slip.place, fonts.regular, 9, _MARGIN, y, width)
    y = draw_fitted(canvas, f"包裹 Parcel {human_code(slip.label)}", fonts.regular, 9, _MARGIN, y, width) - 2 * mm
    draw_fitted(
        canvas, "送到并当面看过物品后，才拆开交给送达人扫码。请勿拍照转发。", fonts.regular, 8, _MARGIN, y, width, 3
    )
    draw_fitted(
        canvas,
        "Open only when the parcel is in your hands, and let the courier scan it. Do not photograph.",
        fonts.regular,
        7,
        _MARGIN,
        top - _HEIGHT + 15 * mm,
        width,
        3,
    )


def _draw_inside(canvas: Canvas, slip: Slip, fonts: PaperFonts, top: float, base_url: str) -> None:
    left, width, y = _PANEL + _MARGIN, _PANEL - 2 * _MARGIN, top - 5 * mm
    y = draw_fitted(canvas, "签收码 Receipt code", fonts.bold, 10, left, y, width)
    side = draw_qr(canvas, scan_url(base_url, slip.receipt), left, y, _MODULE_MM)
    y = draw_fitted(canvas, human_code(slip.receipt), fonts.bold, 16, left, y - side, width)
    y = draw_fitted(canvas, slip.item, fonts.regular, 8, left, y, width)
    draw_fitted(
        canvas,
        "扫不了时，把上面 11 位念给送达人。If it cannot be scanned, read the 11 characters aloud.",
        fonts.regular,
        7,
        left,
        y,
        width,
        3,
    )


def _draw_flap(canvas: Canvas, fonts: PaperFonts, top: float) -> None:
    left, bottom = 2 * _PANEL + 3 * mm, top - _HEIGHT + 3 * mm
    width, height = _PANEL - 6 * mm, _HEIGHT - 6 * mm
    canvas.saveState()
    clip = canvas.beginPath()
    clip.rect(left, bottom, width, height)
    canvas.clipPath(clip, stroke=0)
    canvas.setLineWidth(0.7)
    steps = int((width + height) / (1.1 * mm))
    canvas.lines(
        [(left + step * 1.1 * mm, bottom, left + step * 1.1 * mm - height, bottom + height) for step in range(steps)]
    )
    canvas.lines(
        [(left + step * 1.1 * mm - height, bottom, left + step * 1.1 * mm, bottom + height) for step in range(steps)]
    )
    canvas.restoreState()
    canvas.setFillGray(1)
    canvas.rect(left + 6 * mm, top - _HEIGHT / 2 - 6 * mm, width - 12 * mm, 12 * mm, stroke=0, fill=1)
    canvas.setFillGray(0)
    left, width, y = left + 9 * mm, width - 18 * mm, top - _HEIGHT / 2 + 5 * mm
    y = draw_fitted(canvas, "沿虚线向内折，订好", fonts.bold, 10, left, y, width)
    draw_fitted(canvas, "Fold inwards at the dashes, staple", fonts.regular, 8, left, y, width)
