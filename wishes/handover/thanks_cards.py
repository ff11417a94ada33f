"""Thank-you cards for givers, four to an A4 page: what arrived and what families said, and nothing by which a child is known.

A card says how many wishes arrived and of what kind; never an item, an age, a village or an alias. Words are those that
somebody has read and passed on (see :mod:`wishes.feedback`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from wishes.handover.label_pictograms import pictogram
from wishes.handover.label_text import PaperFonts, draw_fitted, paper_fonts
from wishes.handover.paper_tables import A4, draw_pictogram

_WIDTH: Final = A4[0] / 2
_HEIGHT: Final = A4[1] / 2
_MARGIN: Final = 11 * mm
MOST_QUOTES: Final = 3
_MOST_KINDS: Final = 5


@dataclass(frozen=True, slots=True)
class Card:
    """One giver. *kinds* are categories with how many of each arrived, most first; *quotes* were passed on already."""

    giver: str
    arrived: int
    kinds: tuple[tuple[str, int], ...]
    quotes: tuple[str, ...] = ()


def write_thanks_cards(
    cards: Iterable[Card],
    out: BinaryIO,
    *,
    campaign: str,
    fonts_dir: Path,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write an A4 PDF with four cards a page to *out*; answers how many wishes they thank for.

    *cards* may be a stream; *progress* is told the number of wishes. Raises ``ValueError`` for no cards.
    """
    fonts = paper_fonts(fonts_dir)
    canvas = Canvas(out, pagesize=A4, invariant=1, pageCompression=1)
    canvas.setTitle("感谢卡 Thank-you cards")
    wishes = 0
    for number, card in enumerate(cards):
        if number and not number % 4:
            canvas.showPage()
            if progress:
                progress(wishes)
        row, column = divmod(number % 4, 2)
        _draw_card(canvas, card, campaign, fonts, column * _WIDTH, A4[1] - row * _HEIGHT)
        wishes += card.arrived
    if not wishes:
        raise ValueError("no cards to print")
    canvas.showPage()
    canvas.save()
    if progress:
        progress(wishes)
    return wishes


def _draw_card(canvas: Canvas, card: Card, campaign: str, fonts: PaperFonts, left: float, top: float) -> None:
    canvas.setLineWidth(0.3)
    canvas.setDash(2, 3)
    canvas.rect(left, top - _HEIGHT, _WIDTH, _HEIGHT, stroke=1, fill=0)
    canvas.setDash()
    canvas.setLineWidth(1.2)
    canvas.roundRect(left + 6 * mm, top - _HEIGHT + 6 * mm, _WIDTH - 12 * mm, _HEIGHT - 12 * mm, 4 * mm)
    x, width, y = left + _MARGIN, _WIDTH - 2 * _MARGIN, top - 14 * mm
    y = draw_fitted(canvas, "谢谢您", fonts.bold, 24, x, y, width)
    y = draw_fitted(canvas, "Thank you", fonts.regular, 10, x, y, width) - 4 * mm
    y = draw_fitted(canvas, card.giver, fonts.bold, 14, x, y, width, 2) - 2 * mm
    told = f"您送出的 {card.arrived} 份心愿，已经送到孩子手里。"
    y = draw_fitted(canvas, told, fonts.regular, 11, x, y, width, 2)
    y = draw_fitted(
        canvas,
        "The wish you took has reached a child."
        if card.arrived == 1
        else f"The {card.arrived} wishes you took have reached the children.",
        fonts.regular, 8, x, y, width,
    ) - 4 * mm  # fmt: skip
    _draw_kinds(canvas, card, fonts, x, y)
    y -= 17 * mm
    for quote in card.quotes[:MOST_QUOTES]:
        y = draw_fitted(canvas, f"“{quote}”", fonts.regular, 10, x, y, width, 6) - 2 * mm
    draw_fitted(canvas, campaign, fonts.bold, 9, x, top - _HEIGHT + 17 * mm, width, 2)


def _draw_kinds(canvas: Canvas, card: Card, fonts: PaperFonts, left: float, top: float) -> None:
    for number, (category, count) in enumerate(card.kinds[:_MOST_KINDS]):
        x = left + number * 16.5 * mm
        draw_pictogram(canvas, category, x, top, 9 * mm)
        draw_fitted(canvas, f"× {count}", fonts.bold, 8, x + 9.5 * mm, top - 3 * mm, 7 * mm)
        draw_fitted(canvas, pictogram(category).word.zh, fonts.regular, 6.5, x, top - 10 * mm, 16 * mm)
