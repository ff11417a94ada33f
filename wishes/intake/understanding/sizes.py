"""Shoe numbers, body heights and wheels: the sizes in a wish or in a column of sizes."""

from __future__ import annotations

import re
from functools import lru_cache

from wishes.intake.understanding.text import flat

SIZE = re.compile(
    r"(?:身高|净身高|鞋码|尺码|码数|胸围|穿|衣长)?[:：]?\s*(?P<n>\d{2,3}(?:\.5)?)\s*(?P<u>cm|厘米|公分|码|号|#|英寸|寸|吋|mm|毫米|\")"
    r"|(?:身高|净身高)[:：]?\s*(?P<h>\d{2,3})|(?:身高|净身高)?(?P<m>1[.米]\d{1,2})(?:m|米)?|(?:鞋码|尺码|码数)[:：]?\s*(?P<s>\d{2,3}(?:\.5)?)",
    re.I,
)
_HEIGHT_TOLD = re.compile(r"(?:净?身高|体重)[:：]?\s*\d{2,3}(?:\.\d+)?(?:cm|厘米|公分)?", re.I)
_SHOE_TOLD = re.compile(r"(?:鞋码|脚长|体重)[:：]?\s*\d{2,3}(?:\.\d+)?(?:cm|厘米|公分|码|号)?", re.I)

_BARE = re.compile(r"(?<![\d.])\d{2,3}(?:\.5)?(?![\d.])")


@lru_cache(maxsize=16384)
def size_in(text: str, kind: str, *, bare: bool = False) -> float | None:
    """The size of ``kind`` (shoe, height in cm, inch) in ``text``; ``bare`` accepts a plain number (a size column)."""
    text = flat(text)
    for match in SIZE.finditer(text):
        if match["m"]:
            value = float(match["m"].replace("米", ".")) * 100
            if kind == "height":
                return _plausible(round(value), kind)
            continue
        digits = match["n"] or match["h"] or match["s"]
        value = float(digits)
        unit = (match["u"] or "").lower()
        if match["h"] and kind != "height":
            continue
        if unit in ("mm", "毫米") and kind == "shoe":
            value = value / 5 - 10
        elif unit in ("cm", "厘米", "公分") and kind == "shoe":
            if value > 30:
                continue
            value = value * 2 - 10
        elif unit in ("英寸", "寸", "吋", '"') and kind != "inch":
            continue
        good = _plausible(value, kind)
        if good is not None:
            return good
    if bare:
        # What is marked as the other measure is not this one.
        text = (_HEIGHT_TOLD if kind != "height" else _SHOE_TOLD).sub(" ", text)
        for digits in _BARE.findall(text):
            value = float(digits)
            if kind == "shoe" and 140 <= value <= 300 and value % 5 == 0:
                value = value / 5 - 10
            good = _plausible(value, kind)
            if good is not None:
                return good
    return None


def _plausible(value: float, kind: str) -> float | None:
    low, high = {"shoe": (15, 50), "height": (50, 195), "inch": (10, 30)}.get(kind, (0, 1000))
    if not low <= value <= high:
        return None
    return int(value) if value == int(value) else value
