"""Numbers as people write them: 一百二, 捌拾元, 1.2万, 两百三十, ３０."""

from __future__ import annotations

import re
from functools import lru_cache

from wishes.intake.understanding.text import tight

_DIGITS = dict(zip("〇零一二三四五六七八九", (0, *range(10)), strict=True))
_DIGITS |= dict(zip("壹贰叁肆伍陆柒捌玖", range(1, 10), strict=True))
_DIGITS |= {
    "两": 2,
    "俩": 2,
    "貳": 2,
    "参": 3,
    "叄": 3,
    "陸": 6,
    "幺": 1,
    "弌": 1,
    "弍": 2,
    "弎": 3,
    "○": 0,
    "O": 0,
    "贰": 2,
}
_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000, "廿": 20, "卅": 30}
CHINESE_NUMBER = "[〇零一二三四五六七八九壹贰叁肆伍陆柒捌玖两俩貳参叄陸十拾百佰千仟万萬廿卅]"
_MIXED = re.compile(r"(\d+(?:\.\d+)?)(十|拾|百|佰|千|仟|万|萬|k|K|w|W)(.*)")
_IN_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_PLAIN = re.compile(r"\d+(?:\.\d+)?|\.\d+")
_SCALE = {
    "十": 10,
    "拾": 10,
    "百": 100,
    "佰": 100,
    "千": 1000,
    "仟": 1000,
    "万": 10000,
    "萬": 10000,
    "k": 1000,
    "w": 10000,
}


@lru_cache(maxsize=16384)
def number(text: str) -> float | None:
    """The number ``text`` states, or None when it is not wholly a number.

    A last digit after a unit counts a tenth of that unit, as in speech: 一百二 is 120, 两千五 is 2500, 1百2 is 120; but 一百零二 is 102.
    """
    text = tight(text)
    if _IN_THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    if not text:
        return None
    if _PLAIN.fullmatch(text):
        return float(text)
    if (mixed := _MIXED.fullmatch(text)) is not None:
        scale = _SCALE[mixed[2].lower() if mixed[2].isascii() else mixed[2]]
        rest = mixed[3]
        value = float(mixed[1]) * scale
        if not rest:
            return value
        tail = number(rest.lstrip("零"))
        if tail is None:
            return None
        return value + (tail * scale / 10 if tail < 10 and rest[0] not in "零0" else tail)
    return _chinese(text)


def _chinese(text: str) -> float | None:
    head, separator, tail = text.partition("点")
    if separator:
        whole = _chinese(head)
        digits = [_DIGITS.get(c) for c in tail]
        if whole is None or not digits or None in digits:
            return None
        return float(f"{int(whole)}.{''.join(map(str, digits))}")
    if all(c in _DIGITS for c in text):
        # 二〇一二 is read digit by digit, and so is 一二〇.
        return float("".join(str(_DIGITS[c]) for c in text))
    big, section, digit, last_unit, after_zero = 0.0, 0.0, 0, 1, False
    for character in text:
        if character in _DIGITS:
            if digit:
                return None
            digit = _DIGITS[character]
            after_zero = after_zero or digit == 0
        elif character in _UNITS:
            unit = _UNITS[character]
            if unit in (20, 30):
                section, last_unit = section + unit, 10
                continue
            section += (digit or 1) * unit
            digit, last_unit, after_zero = 0, unit, False
        elif character in "万萬":
            big += (section + digit) * 10000
            section, digit, last_unit, after_zero = 0.0, 0, 10000, False
        else:
            return None
    if digit and last_unit >= 100 and not after_zero:
        digit *= last_unit // 10
    return big + section + digit
