"""Chinese and Latin text on paper: embedded fonts, fitted into its room, nothing left invisible."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from reportlab import rl_config
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas

from wishes.errors import Misconfigured

MISSING_GLYPH: Final = "〓"  # what Chinese printers set for a character they do not have
SMALLEST_PT: Final = 5.0
_CLOSING: Final = "、，。；：！？）》”’〉】」』,.;:!?)"


@dataclass(frozen=True, slots=True)
class PaperFonts:
    """The names under which reportlab knows the two faces. Make with :func:`paper_fonts`."""

    regular: str
    bold: str


@lru_cache(maxsize=4)
def paper_fonts(directory: Path) -> PaperFonts:
    """Load ``NotoSansSC-Regular.ttf`` and ``NotoSansSC-Bold.ttf`` from *directory*, once per process.

    Raises :class:`~wishes.errors.Misconfigured` when a file is absent or not a TrueType font.
    """
    rl_config.useA85 = 0  # binary streams: the library's ASCII armour costs a fifth of the time and of the file
    return PaperFonts(_registered(directory / "NotoSansSC-Regular.ttf"), _registered(directory / "NotoSansSC-Bold.ttf"))


def _registered(path: Path) -> str:
    name = f"{path.stem}-{zlib.crc32(str(path).encode()):08x}"
    try:
        pdfmetrics.registerFont(TTFont(name, str(path)))
    except (TTFError, OSError) as error:
        raise Misconfigured(setting="fonts", why=f"{path.name}: {error}") from error
    return name


@lru_cache(maxsize=20_000)
def printable(text: str, font: str) -> str:
    """*text* with every character that *font* cannot draw, or that is not visible, made visible as 〓 or a space."""
    glyphs = pdfmetrics.getFont(font).face.charToGlyph
    # variation selectors and joiners draw nothing by themselves: without them the base character is still right
    plain = "".join(
        " " if character.isspace() else character
        for character in text
        if not 0xFE00 <= ord(character) <= 0xFE0F and character not in "\u200b\u200c\u200d\ufeff"
    )
    return "".join(character if ord(character) in glyphs else MISSING_GLYPH for character in plain).strip()


@lru_cache(maxsize=20_000)
def fitted(text: str, font: str, size_pt: float, width_pt: float, most_lines: int = 1) -> tuple[float, tuple[str, ...]]:
    """Font size in points and lines that fit *width_pt*: shrunk to :data:`SMALLEST_PT` first, then cut with “…”."""
    shown = printable(text, font)
    size = size_pt
    while True:
        lines = _broken(shown, font, size, width_pt)
        if len(lines) <= most_lines:
            return size, tuple(lines)
        if size <= SMALLEST_PT:
            break
        size = max(SMALLEST_PT, size - 0.5)
    last = lines[most_lines - 1]
    while last and pdfmetrics.stringWidth(last + "…", font, size) > width_pt:
        last = last[:-1]
    return size, (*lines[: most_lines - 1], last + "…")


def _broken(text: str, font: str, size: float, width_pt: float) -> list[str]:
    """Broken between any two characters, as Chinese is, but not inside a Latin word nor before closing punctuation."""
    if pdfmetrics.stringWidth(text, font, size) <= width_pt:
        return [text] if text else []
    lines, line = [], ""
    for character in text:
        if pdfmetrics.stringWidth(line + character, font, size) <= width_pt or not line:
            line += character
            continue
        head, gap, tail = line.rpartition(" ")
        if gap and character.isascii() and character.isalnum() and tail.isascii():
            lines.append(head)
            line = tail + character
        elif character in _CLOSING and len(line) > 1:
            lines.append(line[:-1])
            line = line[-1] + character
        else:
            lines.append(line.rstrip())
            line = character.lstrip()
    return [*lines, line] if line else lines


def draw_fitted(
    canvas: Canvas, text: str, font: str, size_pt: float, x: float, top: float, width_pt: float, most_lines: int = 1
) -> float:
    """Draw *text* below *top* (points, y up) and give the new top. Draws nothing for no text."""
    size, lines = fitted(text, font, size_pt, width_pt, most_lines)
    for line in lines:
        canvas.setFont(font, size)
        canvas.drawString(x, top - size * 0.88, line)
        top -= size * 1.2
    return top
