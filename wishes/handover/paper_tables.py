"""Pages of rows with a head and a foot, for lists that people carry: rounds and boxes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import BinaryIO, Final

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from wishes.handover.label_pictograms import GRID, STROKE, pdf_path, pictogram
from wishes.handover.label_text import PaperFonts, draw_fitted

A4: Final = (210 * mm, 297 * mm)
MARGIN: Final = 10 * mm
_HEAD: Final = 16 * mm
_TITLES: Final = 8 * mm
_FOOT: Final = 16 * mm


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading and its width in points."""

    title: str
    width: float


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its height in points, and what draws it: called with canvas, the left edge of each column, and the top."""

    height: float
    draw: Callable[[Canvas, list[float], float], None]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of one list, what stands above and below them, and how many parcels they are."""

    title: str
    subtitle: str
    aside: str  # at the right of the head: code of the village, number of the box
    foot: str
    rows: list[Row]
    parcels: int


def write_sheets(
    sheets: Iterable[Sheet],
    out: BinaryIO,
    *,
    title: str,
    columns: list[Column],
    fonts: PaperFonts,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write an A4 PDF, each sheet on pages of its own, to *out*; answers how many parcels stand on it.

    *sheets* may be a stream; *progress* is told the number of parcels after each. Raises ``ValueError`` for none.
    """
    canvas = Canvas(out, pagesize=A4, invariant=1, pageCompression=1)
    canvas.setTitle(title)
    count = 0
    for sheet in sheets:
        _draw_sheet(canvas, sheet, columns, fonts)
        count += sheet.parcels
        if progress:
            progress(count)
    if not count:
        raise ValueError("nothing to list")
    canvas.save()
    return count


def _draw_sheet(canvas: Canvas, sheet: Sheet, columns: list[Column], fonts: PaperFonts) -> None:
    """Draw a sheet on as many pages as it needs, each with head, headings and page number."""
    pages = _pages(sheet.rows)
    lefts = [MARGIN + sum(column.width for column in columns[:number]) for number in range(len(columns))]
    right = MARGIN + sum(column.width for column in columns)
    for number, page in enumerate(pages, 1):
        top = A4[1] - MARGIN
        _draw_head(canvas, sheet, fonts, top, f"{number}/{len(pages)}")
        top -= _HEAD
        for left, column in zip(lefts, columns, strict=True):
            draw_fitted(canvas, column.title, fonts.bold, 8, left + 1 * mm, top - 1.5 * mm, column.width - 2 * mm)
        canvas.setLineWidth(0.8)
        canvas.line(MARGIN, top - _TITLES, right, top - _TITLES)
        first, top = top, top - _TITLES
        canvas.setLineWidth(0.4)
        for row in page:
            row.draw(canvas, lefts, top)
            top -= row.height
            canvas.line(MARGIN, top, right, top)
        for edge in [*lefts, right]:
            canvas.line(edge, first, edge, top)
        canvas.line(MARGIN, first, right, first)
        draw_fitted(canvas, sheet.foot, fonts.regular, 8, MARGIN, MARGIN + 10 * mm, A4[0] - 2 * MARGIN, 2)
        canvas.showPage()


def draw_pictogram(canvas: Canvas, category: str, left: float, top: float, side: float) -> None:
    """The category's picture in a square of *side* points below and right of (*left*, *top*)."""
    scale = side / GRID
    canvas.addLiteral(
        f"q {scale:.5f} 0 0 {-scale:.5f} {left:.4f} {top:.4f} cm {STROKE} w 1 J 1 j\n"
        f"{pdf_path(pictogram(category).path)}\nS Q"
    )


def draw_tick(canvas: Canvas, left: float, top: float, side: float = 4.5 * mm) -> None:
    """An empty box to be ticked."""
    canvas.rect(left, top - side, side, side, stroke=1, fill=0)


def _pages(rows: list[Row]) -> list[list[Row]]:
    room = A4[1] - 2 * MARGIN - _HEAD - _TITLES - _FOOT
    pages: list[list[Row]] = [[]]
    left = room
    for row in rows:
        if row.height > left and pages[-1]:
            pages.append([])
            left = room
        pages[-1].append(row)
        left -= row.height
    return pages


def _draw_head(canvas: Canvas, sheet: Sheet, fonts: PaperFonts, top: float, page: str) -> None:
    width = A4[0] - 2 * MARGIN
    below = draw_fitted(canvas, sheet.title, fonts.bold, 15, MARGIN, top, width * 0.66)
    draw_fitted(canvas, sheet.subtitle, fonts.regular, 9, MARGIN, below - 1 * mm, width)
    draw_fitted(canvas, sheet.aside, fonts.bold, 13, MARGIN + width * 0.68, top, width * 0.24)
    draw_fitted(canvas, page, fonts.regular, 9, MARGIN + width * 0.94, top - 1 * mm, width * 0.06)
