"""Round sheets by village, for those who carry without a phone: one line per child with a tick, a code and a signature.

A sheet holds what the parcels show anyway: alias, kind of thing, codes. The receiving side's code is written down by hand
at the door and typed in later; without it a tick proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from wishes.handover.label_pictograms import pictogram
from wishes.handover.label_text import PaperFonts, draw_fitted, paper_fonts
from wishes.handover.paper_tables import Column, Row, Sheet, draw_pictogram, draw_tick, write_sheets

_COLUMNS: Final = [
    Column("送到 ✓", 11 * mm),
    Column("化名", 24 * mm),
    Column("包裹（心愿编号 · 包裹码）", 47 * mm),
    Column("签收码（当面抄下 11 位）", 54 * mm),
    Column("收件人签名", 34 * mm),
    Column("时间", 20 * mm),
]
_LINE: Final = 11 * mm
_FOOT: Final = (
    "东西当面看过，由收件方出示签收码，抄在格里再签名。拒收、没人、地址不对，写在签名栏。回来后打开“今日配送”逐行录入签收码；"
    "只打勾、没有签收码的，系统不算送达。Without the receipt code a tick does not count: type the codes in afterwards."
)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One parcel of a child."""

    wish_code: str
    label_code: str
    category: str
    box: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """One child: an alias, never a name, and its parcels."""

    alias: str
    parcels: tuple[Parcel, ...]


@dataclass(frozen=True, slots=True)
class Village:
    """One sheet."""

    name: str
    code: str
    stops: tuple[Stop, ...]


def write_round_sheets(
    villages: Iterable[Village],
    out: BinaryIO,
    *,
    campaign: str,
    fonts_dir: Path,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write an A4 PDF, each village on pages of its own, to *out*; answers how many parcels stand on it.

    *villages* may be a stream; *progress* is told the number of parcels after each. Raises ``ValueError`` for none.
    """
    fonts = paper_fonts(fonts_dir)
    sheets = (_sheet(village, campaign, fonts) for village in villages)
    return write_sheets(sheets, out, title="送货单 Round sheets", columns=_COLUMNS, fonts=fonts, progress=progress)


def _sheet(village: Village, campaign: str, fonts: PaperFonts) -> Sheet:
    parcels = sum(len(stop.parcels) for stop in village.stops)
    return Sheet(
        f"送货单 · {village.name}",
        f"{campaign} · {len(village.stops)} 个孩子，{parcels} 件 · 送货人 ____________　电话 ____________　日期 ____________",
        village.code,
        _FOOT,
        [_row(stop, fonts) for stop in village.stops],
        parcels,
    )


def _row(stop: Stop, fonts: PaperFonts) -> Row:
    def draw(canvas: Canvas, lefts: Sequence[float], top: float) -> None:
        draw_tick(canvas, lefts[0] + 3 * mm, top - 3 * mm)
        draw_fitted(canvas, stop.alias, fonts.bold, 11, lefts[1] + 1 * mm, top - 3 * mm, _COLUMNS[1].width - 2 * mm, 2)
        for number, parcel in enumerate(stop.parcels):
            _draw_parcel(canvas, parcel, fonts, lefts, top - number * _LINE)

    return Row(_LINE * len(stop.parcels) + 1 * mm, draw)


def _draw_parcel(canvas: Canvas, parcel: Parcel, fonts: PaperFonts, lefts: Sequence[float], top: float) -> None:
    draw_pictogram(canvas, parcel.category, lefts[2] + 1 * mm, top - 2 * mm, 7 * mm)
    left, width = lefts[2] + 9.5 * mm, _COLUMNS[2].width - 10.5 * mm
    box = f" · 箱 {parcel.box}" if parcel.box else ""
    line = f"{pictogram(parcel.category).word.zh} {parcel.wish_code}{box}"
    below = draw_fitted(canvas, line, fonts.regular, 8, left, top - 1.6 * mm, width)
    draw_fitted(canvas, parcel.label_code, fonts.bold, 9, left, below, width)
    side, x = 4.1 * mm, lefts[3] + 1.5 * mm
    for place in range(11):
        canvas.rect(x, top - 8 * mm, side, 5.4 * mm, stroke=1, fill=0)
        x += side + (2 * mm if place in (3, 7) else 0)
