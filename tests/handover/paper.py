"""Looking at printed pages as a scanner would: pixels and decoded codes, never the text layer alone."""

from __future__ import annotations

import io
import math
import random
from datetime import date

import numpy as np
import pypdfium2
import zxingcpp
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from wishes.handover.labels import FORMATS, Label
from wishes.handover.tokens import Token, TokenSigner, TokenType

SIGNER = TokenSigner(1, bytes(range(32)))
BASE_URL = "https://wish.example.org"
THERMAL_DPI = 203.2  # 8 dots a millimetre
Grey = NDArray[np.uint8]


def label_token(number: int) -> Token:
    return SIGNER.sign(TokenType.LABEL, tag=number.to_bytes(8, "big"), epoch=1, expires_on=date(2021, 12, 31))


def receipt_token(number: int) -> Token:
    return SIGNER.sign(TokenType.RECEIPT, tag=number.to_bytes(8, "big"), epoch=1, expires_on=date(2021, 12, 31))


def label(number: int, category: str = "study", alias: str = "小鹿", **more: str) -> Label:
    return Label(label_token(number), category, alias, **more)


def rendered(pdf: bytes, page: int = 0, dpi: float = THERMAL_DPI) -> Grey:
    """Page as grey values (height, width), 255 is white."""
    with pypdfium2.PdfDocument(io.BytesIO(pdf)) as document:
        return np.array(document[page].render(scale=dpi / 72).to_pil().convert("L"))


def text_layer(pdf: bytes, page: int = 0) -> str:
    with pypdfium2.PdfDocument(io.BytesIO(pdf)) as document:
        return str(document[page].get_textpage().get_text_range())


def page_count(pdf: bytes) -> int:
    with pypdfium2.PdfDocument(io.BytesIO(pdf)) as document:
        return len(document)


def cell(page: Grey, layout: str, place: int, dpi: float = THERMAL_DPI) -> Grey:
    """The pixels of label *place* on a page."""
    paper = FORMATS[layout]
    left, top = (side * dpi / 25.4 for side in paper.corner_mm(place))
    width, height = (side * dpi / 25.4 for side in paper.label_mm)
    return page[max(0, math.floor(top)) : math.ceil(top + height), math.floor(left) : math.ceil(left + width)]


def decoded(image: Grey | Image.Image) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCode)]


def code_box(layout: str, modules: int = 57) -> tuple[float, float, float]:
    """Left, top and side in millimetres of the code without its quiet zone, from the label's corner."""
    paper = FORMATS[layout]
    module = paper.fitting_module_mm(modules)
    side = (modules + 8) * module
    left = (paper.label_mm[0] - side) / 2 if paper.stacked else 0.0
    top = 0.0 if paper.stacked else (paper.label_mm[1] - side) / 2
    return left + 4 * module, top + 4 * module, modules * module


def worn(
    image: Grey, layout: str, rng: random.Random, *, blot: float = 0.15, blur: float = 1.0, tilt_degrees: float = 20.0
) -> Image.Image:
    """A label after a wet week: an opaque blot as large as *blot* of the code, a grey smear as large, blurred, tilted.

    The smear lies anywhere, the blot anywhere but on the three corner marks: a code without a corner mark is not found
    by any reader, whatever its level, and that is what the typed code is for.
    """
    picture = Image.fromarray(image).convert("L")
    left, top, side = (length * THERMAL_DPI / 25.4 for length in code_box(layout))
    mark = side * 8 / 57
    while True:
        spot = _spot(rng, side, blot)
        if not any(_touches(spot, x, y, mark) for x, y in ((0, 0), (side - mark, 0), (0, side - mark))):
            break
    opaque = Image.new("L", picture.size, rng.choice([0, 255]))
    picture = Image.composite(opaque, picture, _mask(picture.size, spot, left, top))
    smear = Image.blend(picture, Image.new("L", picture.size, 90), 0.5)
    picture = Image.composite(smear, picture, _mask(picture.size, _spot(rng, side, blot), left, top))
    picture = picture.filter(ImageFilter.GaussianBlur(blur))
    return picture.rotate(rng.choice([-1, 1]) * tilt_degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=255)


Spot = tuple[float, float, float, float]  # centre x, y and half axes of an ellipse, from the code's corner


def _spot(rng: random.Random, side: float, share: float) -> Spot:
    half = side * math.sqrt(share / math.pi) * rng.uniform(0.8, 1.25)
    return rng.uniform(0, side), rng.uniform(0, side), half, share * side * side / math.pi / half


def _touches(spot: Spot, x: float, y: float, size: float) -> bool:
    near_x, near_y = min(max(spot[0], x), x + size), min(max(spot[1], y), y + size)
    return ((near_x - spot[0]) / spot[2]) ** 2 + ((near_y - spot[1]) / spot[3]) ** 2 < 1


def _mask(size: tuple[int, int], spot: Spot, left: float, top: float) -> Image.Image:
    mask = Image.new("L", size, 0)
    x, y, half_x, half_y = left + spot[0], top + spot[1], spot[2], spot[3]
    ImageDraw.Draw(mask).ellipse((x - half_x, y - half_y, x + half_x, y + half_y), fill=255)
    return mask
