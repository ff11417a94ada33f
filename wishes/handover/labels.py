"""Parcel labels as PDF: sheets of stickers and rolls, Chinese fonts embedded.

A label carries what the packer and the courier need and what a finder may see: QR and short code, a pictogram, alias,
village code, box. There is no field for a name, a school, an address, nor for the thing in words: nobody can say
beforehand which wish shames its child. Where even the kind of thing tells too much (aids, psychological support), the
pictogram is a plain parcel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from wishes.handover.label_codes import QUIET_MODULES, Matrix, pdf_rectangles, qr_matrices, qr_matrix, qr_svg
from wishes.handover.label_pictograms import pictogram
from wishes.handover.label_text import PaperFonts, draw_fitted, fitted, paper_fonts
from wishes.handover.paper_tables import draw_pictogram
from wishes.handover.tokens import Token, TokenType, human_code, scan_url

__all__ = ["FORMATS", "Label", "LabelFormat", "batched", "draw_qr", "qr_svg", "write_labels"]

_Row = TypeVar("_Row")
_TAKEN_AT_ONCE: Final = 1_200
LEAST_MODULE_MM: Final = 0.375  # below this, phones and thermal printers begin to fail


@dataclass(frozen=True, slots=True)
class LabelFormat:
    """One kind of paper; a row of :data:`FORMATS`. Lengths in millimetres, labels counted left to right, top down.

    ``dot_mm`` is the dot of a thermal printer: modules are whole dots there, else edges smear. 0 for office printers.
    """

    page_mm: tuple[float, float]
    label_mm: tuple[float, float]
    columns: int = 1
    rows: int = 1
    margin_mm: tuple[float, float] = (0.0, 0.0)  # left, top
    gap_mm: tuple[float, float] = (0.0, 0.0)
    module_mm: float = 0.6
    dot_mm: float = 0.0
    stacked: bool = False  # text below the code rather than beside it

    @property
    def per_page(self) -> int:
        return self.columns * self.rows

    def corner_mm(self, place: int) -> tuple[float, float]:
        """Left and top edge of label *place* (from 0), from the page's top left corner."""
        row, column = divmod(place, self.columns)
        return (
            self.margin_mm[0] + column * (self.label_mm[0] + self.gap_mm[0]),
            self.margin_mm[1] + row * (self.label_mm[1] + self.gap_mm[1]),
        )

    def fitting_module_mm(self, modules: int) -> float:
        """Side of one module when a code of *modules*² is printed with its quiet zone.

        Raises ``ValueError`` when that would be too small to read, which takes a very long host name.
        """
        side = min(self.module_mm, min(self.label_mm) / (modules + 2 * QUIET_MODULES))
        if self.dot_mm:
            side = int(side / self.dot_mm + 1e-6) * self.dot_mm
        if side < LEAST_MODULE_MM:
            raise ValueError(f"a code of {modules} modules does not fit a label of {self.label_mm} mm")
        return side


FORMATS: Final[dict[str, LabelFormat]] = {
    "a4-24": LabelFormat((210, 297), (70, 37), columns=3, rows=8, margin_mm=(0, 0.5)),
    "a4-40": LabelFormat((210, 297), (52.5, 29.7), columns=4, rows=10, module_mm=0.5),
    "roll-40x60": LabelFormat((40, 60), (40, 60), module_mm=0.5, dot_mm=0.125, stacked=True),
    "roll-60x40": LabelFormat((60, 40), (60, 40), module_mm=0.625, dot_mm=0.125),
}


@dataclass(frozen=True, slots=True)
class Label:
    """What is printed on one parcel. *token* must be a label's; every text may be empty."""

    token: Token
    category: str  # of the catalogue; decides the pictogram
    alias: str = ""  # never the child's name
    place: str = ""  # code of village or township, never an address or a school
    box: str = ""
    due_on: date | None = None


def write_labels(
    labels: Iterable[Label],
    out: BinaryIO,
    *,
    layout: str,
    base_url: str,
    fonts_dir: Path,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write one PDF with *labels* in order to *out*; answers how many. Same input, same bytes.

    *labels* may be a stream: no more than :data:`_TAKEN_AT_ONCE` of them are held. *layout* is a key of :data:`FORMATS`
    (``KeyError`` otherwise), *base_url* what the codes open, *fonts_dir* holds the two Noto Sans SC files. *progress* is
    told the number of labels drawn after each page. Raises ``ValueError`` for no labels, for a receipt among them, and
    for a host too long for the paper.
    """
    paper = FORMATS[layout]
    fonts = paper_fonts(fonts_dir)
    width, height = paper.page_mm
    canvas = Canvas(out, pagesize=(width * mm, height * mm), invariant=1, pageCompression=1)
    canvas.setTitle("包裹标签 Parcel labels")
    number = 0
    for some in batched(labels, _TAKEN_AT_ONCE):
        if any(label.token.type is not TokenType.LABEL for label in some):
            raise ValueError("only label tokens may be printed on a parcel")
        matrices = qr_matrices([scan_url(base_url, label.token) for label in some])
        for label, matrix in zip(some, matrices, strict=True):
            place = number % paper.per_page
            if number and not place:
                canvas.showPage()
                if progress:
                    progress(number)
            left, top = paper.corner_mm(place)
            _draw_label(canvas, label, matrix, paper, fonts, left * mm, (height - top) * mm)
            number += 1
    if not number:
        raise ValueError("no labels to print")
    canvas.showPage()
    canvas.save()
    if progress:
        progress(number)
    return number


def batched(rows: Iterable[_Row], size: int) -> Iterator[list[_Row]]:
    """*rows* in lists of at most *size*, in order; a stream is taken no further than the list at hand."""
    stream = iter(rows)
    while some := list(islice(stream, size)):
        yield some


def draw_qr(canvas: Canvas, code: str | Matrix, left: float, top: float, module_mm: float) -> float:
    """Draw a QR with its quiet zone below and right of (*left*, *top*) (points, y up); give the side in points.

    One filled path in whole module units: neighbouring modules leave no hairline, and the file stays small.
    """
    matrix = qr_matrix(code) if isinstance(code, str) else code
    module = module_mm * float(mm)
    x, y = left + QUIET_MODULES * module, top - QUIET_MODULES * module
    canvas.addLiteral(f"q {module:.5f} 0 0 {-module:.5f} {x:.4f} {y:.4f} cm\n{pdf_rectangles(matrix)}\nf Q")
    return float((matrix.shape[0] + 2 * QUIET_MODULES) * module)


def _draw_label(
    canvas: Canvas, label: Label, matrix: Matrix, paper: LabelFormat, fonts: PaperFonts, left: float, top: float
) -> None:
    module_mm = paper.fitting_module_mm(matrix.shape[0])
    label_width, label_height = (side * mm for side in paper.label_mm)
    side = (matrix.shape[0] + 2 * QUIET_MODULES) * module_mm * mm
    if paper.stacked:
        draw_qr(canvas, matrix, left + (label_width - side) / 2, top, module_mm)
        margin = 2.5 * mm
        text_left, text_top = left + margin, top - side
        text_width, bottom = label_width - 2 * margin, top - label_height + 1.5 * mm
    else:
        draw_qr(canvas, matrix, left, top - (label_height - side) / 2, module_mm)
        text_left, text_top = left + side, top - 2.5 * mm
        text_width, bottom = label_width - side - 2 * mm, top - label_height + 2.5 * mm
    _draw_text(canvas, label, fonts, text_left, text_top, text_width, bottom)


def _draw_text(
    canvas: Canvas, label: Label, fonts: PaperFonts, left: float, top: float, width: float, bottom: float
) -> None:
    """Pictogram, kind and alias first; then where to, box, by when; the short code at the bottom."""
    code_size = min(12.0, width / 7.6)  # thirteen bold characters are at most 7.6 times their size wide
    code_top = bottom + 6 + code_size * 1.2
    draw_fitted(canvas, human_code(label.token), fonts.bold, code_size, left, code_top, width)
    draw_fitted(canvas, "拾到请扫码 Found? Scan", fonts.regular, 5, left, bottom + 6, width)

    picture = min(7.5 * mm, width / 3)
    draw_pictogram(canvas, label.category, left, top, picture)
    beside, room = left + picture + 1 * mm, width - picture - 1 * mm
    below_alias = draw_fitted(canvas, label.alias, fonts.bold, 9, beside, top, room)
    word_top = min(below_alias, top - picture / 2)
    draw_fitted(canvas, pictogram(label.category).word.zh, fonts.regular, 7, beside, word_top, room)

    y = top - picture - 0.6 * mm
    lines = _contents(label)
    scale = next((scale for scale in (1.0, 0.9, 0.8) if _height(lines, fonts.bold, width, scale) <= y - code_top), 0.7)
    for text, size in lines:
        y = draw_fitted(canvas, text, fonts.bold, size * scale, left, y, width)


def _contents(label: Label) -> list[tuple[str, float]]:
    due = f"请于 {label.due_on:%m-%d} 前送达" if label.due_on else ""
    return [(label.place, 8.0), (label.box and f"箱 {label.box}", 11.0), (due, 7.0)]


def _height(lines: list[tuple[str, float]], font: str, width: float, scale: float) -> float:
    return sum(fitted(text, font, size * scale, width)[0] * 1.2 for text, size in lines if text)
