"""Box lists: what lies in each box, one line per parcel, to be ticked when it is closed and when it is opened.

The list lies inside the box, for who packs it and for the community that opens it; it names things and aliases, no child.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from wishes.handover.label_pictograms import is_discreet, pictogram
from wishes.handover.label_text import PaperFonts, draw_fitted, paper_fonts
from wishes.handover.paper_tables import Column, Row, Sheet, draw_pictogram, draw_tick, write_sheets

_COLUMNS: Final = [
    Column("装箱", 12 * mm),
    Column("化名", 28 * mm),
    Column("包裹码 · 心愿编号", 46 * mm),
    Column("物品", 72 * mm),
    Column("数量", 16 * mm),
    Column("开箱", 16 * mm),
]
_LINE: Final = 11 * mm
_FOOT: Final = (
    "放在箱内，不贴在箱外。装箱人核对打勾，社区开箱时再核对一遍；少了、坏了，当天告诉协调员。"
    "Inside the box, never outside. Tick when packing and again when opening; report what is missing or broken the same day."
)


@dataclass(frozen=True, slots=True)
class Thing:
    """One parcel in a box."""

    wish_code: str
    label_code: str
    alias: str
    category: str
    item: str  # with its size; not printed where the kind itself tells about the child
    quantity: int


@dataclass(frozen=True, slots=True)
class BoxList:
    """One box."""

    number: str
    village: str
    village_code: str
    things: tuple[Thing, ...]


def write_box_lists(
    boxes: Iterable[BoxList],
    out: BinaryIO,
    *,
    campaign: str,
    fonts_dir: Path,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write an A4 PDF, each box on pages of its own, to *out*; answers how many parcels stand on it.

    *boxes* may be a stream; *progress* is told the number of parcels after each. Raises ``ValueError`` for none.
    """
    fonts = paper_fonts(fonts_dir)
    sheets = (
        Sheet(
            f"装箱单 · 箱 {box.number}",
            f"{campaign} · {box.village} · {len(box.things)} 件 · 装箱人 ____________　开箱人 ____________　日期 ____________",
            box.village_code,
            _FOOT,
            [_row(thing, fonts) for thing in box.things],
            len(box.things),
        )
        for box in boxes
    )
    return write_sheets(sheets, out, title="装箱单 Box lists", columns=_COLUMNS, fonts=fonts, progress=progress)


def _row(thing: Thing, fonts: PaperFonts) -> Row:
    def draw(canvas: Canvas, lefts: Sequence[float], top: float) -> None:
        draw_tick(canvas, lefts[0] + 3.5 * mm, top - 3 * mm)
        draw_tick(canvas, lefts[5] + 5 * mm, top - 3 * mm)
        widths = [column.width - 2 * mm for column in _COLUMNS]
        draw_fitted(canvas, thing.alias, fonts.bold, 10, lefts[1] + 1 * mm, top - 3 * mm, widths[1])
        below = draw_fitted(canvas, thing.label_code, fonts.bold, 9, lefts[2] + 1 * mm, top - 1.6 * mm, widths[2])
        draw_fitted(canvas, thing.wish_code, fonts.regular, 8, lefts[2] + 1 * mm, below, widths[2])
        draw_pictogram(canvas, thing.category, lefts[3] + 1 * mm, top - 2 * mm, 7 * mm)
        words = pictogram(thing.category).word.zh if is_discreet(thing.category) else thing.item
        draw_fitted(canvas, words, fonts.regular, 10, lefts[3] + 9.5 * mm, top - 2 * mm, widths[3] - 9 * mm, 2)
        draw_fitted(canvas, f"× {thing.quantity}", fonts.regular, 10, lefts[4] + 1 * mm, top - 3 * mm, widths[4])

    return Row(_LINE, draw)
