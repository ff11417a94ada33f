"""Feedback slips, 24 to an A4 page: a code by which a family says how it went, handed out once the wish has arrived.

A slip shows alias and village code, so that it reaches the right family, and nothing of the wish.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from wishes.handover.label_text import PaperFonts, draw_fitted, paper_fonts
from wishes.handover.labels import FORMATS, draw_qr
from wishes.handover.paper_tables import A4

_PAPER: Final = FORMATS["a4-24"]
_MODULE_MM: Final = 0.5


@dataclass(frozen=True, slots=True)
class FeedbackSlip:
    """One family's slip for one wish."""

    code: str
    alias: str
    place: str


def write_feedback_slips(
    slips: Iterable[FeedbackSlip],
    out: BinaryIO,
    *,
    base_url: str,
    fonts_dir: Path,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write an A4 PDF to *out*; answers how many. *slips* may be a stream. Raises ``ValueError`` for none."""
    fonts = paper_fonts(fonts_dir)
    canvas = Canvas(out, pagesize=A4, invariant=1, pageCompression=1)
    canvas.setTitle("反馈单 Feedback slips")
    count = 0
    for number, slip in enumerate(slips):
        place = number % _PAPER.per_page
        if number and not place:
            canvas.showPage()
            if progress:
                progress(number)
        left, top = _PAPER.corner_mm(place)
        _draw_slip(canvas, slip, fonts, base_url.rstrip("/"), left * mm, A4[1] - top * mm)
        count = number + 1
    if not count:
        raise ValueError("no feedback slips to print")
    canvas.showPage()
    canvas.save()
    if progress:
        progress(count)
    return count


def _draw_slip(canvas: Canvas, slip: FeedbackSlip, fonts: PaperFonts, base_url: str, left: float, top: float) -> None:
    side = draw_qr(canvas, f"{base_url}/f/{slip.code}", left, top - 3 * mm, _MODULE_MM)
    x, width, y = left + side, _PAPER.label_mm[0] * mm - side - 2 * mm, top - 6 * mm
    y = draw_fitted(canvas, "收到了吗？说说看", fonts.bold, 10, x, y, width)
    y = draw_fitted(canvas, slip.alias, fonts.bold, 9, x, y - 1 * mm, width)
    y = draw_fitted(canvas, slip.place, fonts.regular, 7, x, y, width)
    draw_fitted(canvas, slip.code, fonts.bold, 11, x, y - 1 * mm, width)
    told = f"扫码，或打开 {base_url.removeprefix('https://')}/f 输入上面 11 位。不用登录。Scan, or type the code."
    draw_fitted(canvas, told, fonts.regular, 6.5, left + 3 * mm, top - 29 * mm, _PAPER.label_mm[0] * mm - 5 * mm, 2)
