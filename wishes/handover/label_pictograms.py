"""What kind of thing is in a parcel, as a picture and a word; and as neither where the kind itself would shame.

A pictogram is an SVG path on a 24 × 24 grid, stroked, with absolute M, L, H, V, C and Z only: pages use it as it is,
labels draw the same path with PDF operators.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from wishes.i18n import Text

GRID: Final = 24
STROKE: Final = 1.5


@dataclass(frozen=True, slots=True)
class Pictogram:
    word: Text
    path: str


def _circle(x: float, y: float, radius: float) -> str:
    bend = radius * 0.5523  # four Bézier arcs, off by less than 0.03 %
    left, right, top, bottom = x - radius, x + radius, y - radius, y + radius
    return (
        f"M{left:g} {y:g}C{left:g} {y - bend:g} {x - bend:g} {top:g} {x:g} {top:g}"
        f"C{x + bend:g} {top:g} {right:g} {y - bend:g} {right:g} {y:g}"
        f"C{right:g} {y + bend:g} {x + bend:g} {bottom:g} {x:g} {bottom:g}"
        f"C{x - bend:g} {bottom:g} {left:g} {y + bend:g} {left:g} {y:g}Z"
    )


PARCEL: Final = Pictogram(
    Text("包裹", "Parcel"), "M3 7L12 2L21 7V17L12 22L3 17ZM3 7L12 12L21 7M12 12V22M7.5 4.5L16.5 9.5V13"
)

_BY_CATEGORY: Final = {
    "study": Pictogram(
        Text("学习用品", "Study"),
        "M6 21V9C6 6 8 4.5 12 4.5C16 4.5 18 6 18 9V21ZM9 4.8V3C9 1.5 15 1.5 15 3V4.8M9 21V14H15V21"
        "M6 13H3.5V20H6M18 13H20.5V20H18",
    ),
    "book": Pictogram(
        Text("图书", "Books"), "M12 6C9 4 6 4 3 5V19C6 18 9 18 12 20C15 18 18 18 21 19V5C18 4 15 4 12 6ZM12 6V20"
    ),
    "clothing": Pictogram(Text("衣物", "Clothing"), "M8 3L3 6L5 11L7 10V21H17V10L19 11L21 6L16 3C15 6 9 6 8 3Z"),
    "sport": Pictogram(
        Text("体育用品", "Sport"),
        _circle(12, 12, 9) + "M3 12H21M12 3V21M5.6 5.6C9 9 9 15 5.6 18.4M18.4 5.6C15 9 15 15 18.4 18.4",
    ),
    "art": Pictogram(
        Text("艺术用品", "Art"),
        "M12 3C6 3 3 7 3 12C3 17 7 21 12 21C14 21 14 19 13 17.5C12 16 13 14.5 15 14.5H18"
        "C20 14.5 21 13 21 11C21 6 17 3 12 3Z"
        + _circle(7.5, 10.5, 1)
        + _circle(11.5, 7.5, 1)
        + _circle(16, 9, 1)
        + _circle(7.5, 15, 1),
    ),
    "toy": Pictogram(Text("玩具", "Toys"), "M3 13H11V21H3ZM13 13H21V21H13ZM8 4H16V12H8Z"),
    "daily": Pictogram(
        Text("生活用品", "Daily goods"),
        "M5 8H16V17C16 19 15 20 13 20H8C6 20 5 19 5 17ZM16 10H18C21 10 21 16 18 16H16M8 3V5.5M12.5 3V5.5",
    ),
    "experience": Pictogram(
        Text("体验活动", "Outing"),
        "M3 7H21V10C19.5 10 19.5 14 21 14V17H3V14C4.5 14 4.5 10 3 10ZM14 7V9M14 11V13M14 15V17",
    ),
    "companionship": Pictogram(
        Text("陪伴", "Company"),
        _circle(8, 7, 3) + _circle(16, 7, 3) + "M3 20C3 13.5 13 13.5 13 20M12 15.5C14 12.5 21 14 21 20",
    ),
}


def pictogram(category: str) -> Pictogram:
    """The picture for a category code of the catalogue.

    Aids for disabled children, psychological support and unknown codes are shown as a plain parcel: what is printed
    outside must not tell a neighbour about the child.
    """
    return _BY_CATEGORY.get(category, PARCEL)


def is_discreet(category: str) -> bool:
    """Whether a label of this category keeps silent about its contents."""
    return category not in _BY_CATEGORY


def pictogram_svg(category: str) -> str:
    """Inline SVG for pages, decorative: hidden from screen readers, since the word stands beside it."""
    return (
        f'<svg class="pictogram" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {GRID} {GRID}" aria-hidden="true" '
        f'fill="none" stroke="currentColor" stroke-width="{STROKE}" stroke-linecap="round" stroke-linejoin="round">'
        f'<path d="{pictogram(category).path}"/></svg>'
    )


@lru_cache(maxsize=64)
def pdf_path(path: str) -> str:
    """The PDF operators that trace *path* in grid units, y pointing down as in SVG."""
    return "\n".join(_operators(path))


def _operators(path: str) -> Iterator[str]:
    x = y = 0.0
    for command, rest in re.findall(r"([MLHVCZ])([^MLHVCZ]*)", path):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", rest)]
        if command == "Z":
            yield "h"
            continue
        if command == "H":
            x = numbers[0]
        elif command == "V":
            y = numbers[0]
        else:
            x, y = numbers[-2:]
        if command == "C":
            yield " ".join(f"{number:g}" for number in numbers) + " c"
        else:
            yield f"{x:g} {y:g} {'m' if command == 'M' else 'l'}"
