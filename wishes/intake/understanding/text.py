"""Cells as text: one spelling for full-width letters, odd spaces and numbers stored as floats."""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import cast

from wishes.intake.reading.grid import Value
from wishes.intake.words import traditional

_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff\u00ad\ufe0f\u202a-\u202e\x00-\x08\x0b\x0c\x0e-\x1f]")
_ODD_SPACE = re.compile(r"[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\t]")
_PLAIN = re.compile(r"[\x20-\x7e\n\u4e00-\u9fff、。《》“”‘’—·]*")
"""Characters that NFKC leaves alone, also beside each other."""
_BOUNDS = [0x4DFF, *sorted(map(ord, traditional())), 0xA000]
_SIMPLIFIED = "".join(f"{chr(a + 1)}-{chr(b - 1)}" for a, b in pairwise(_BOUNDS) if a + 1 < b)
_TIGHT = re.compile(_PLAIN.pattern.replace(r"\x20", r"\x21").replace(r"\n", "").replace(r"\u4e00-\u9fff", _SIMPLIFIED))
"""The same without white space and traditional characters."""
_CIRCLED = {chr(0x2460 + i): f"({i + 1})" for i in range(20)} | {chr(0x2776 + i): f"({i + 1})" for i in range(10)}
_CIRCLED |= {chr(0x2474 + i): f"({i + 1})" for i in range(20)} | {chr(0x2488 + i): f"{i + 1}." for i in range(20)}
_CIRCLED_TABLE = str.maketrans(_CIRCLED)


def flat(text: str) -> str:
    """NFKC (full-width letters become plain), invisible characters dropped, odd spaces made plain, ends trimmed. Line breaks stay."""
    if text.isascii():
        return text.replace("\t", " ").strip() if text else ""
    if _PLAIN.fullmatch(text) is not None:
        return text.strip()
    # NFKC would turn the circled numbers of a list into bare digits that stick to what follows.
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text.translate(_CIRCLED_TABLE)))
    return _ODD_SPACE.sub(" ", text).strip()


@lru_cache(maxsize=65536)
def tight(text: str) -> str:
    """``flat`` without any white space, in simplified characters: for looking up, and for comparing."""
    return text if _TIGHT.fullmatch(text) is not None else simple("".join(flat(text).split()))


def tight_all(texts: Sequence[str]) -> list[str]:
    """``tight`` of each; where all are so already, as in most columns, one look tells."""
    return list(texts) if _TIGHT.fullmatch("".join(texts)) is not None else list(map(tight, texts))


_EMPTY_BOX = re.compile("[□☐]")
_BOX = re.compile("[□☐■☑☒√✓✔]")


def ticked(text: str) -> str:
    """Of a cell that offers boxes (☑男 □女, or 男☑ 女□) what is ticked, parted by 、; any other text as it is."""
    if _EMPTY_BOX.search(text) is None:
        return text
    boxes = list(_BOX.finditer(text))
    words = [word.strip(" 、,;；，") for word in _BOX.split(text)]
    # Words follow their boxes where the cell begins with one.
    beside = words[1:] if not words[0] else words[:-1]
    return "、".join(
        word for box, word in zip(boxes, beside, strict=False) if _EMPTY_BOX.match(box[0]) is None and word
    )


_TRADITIONAL = str.maketrans(dict(traditional()))
_WRITTEN_SO = re.compile(f"[{''.join(traditional())}]")


def simple(text: str) -> str:
    """With simplified characters for traditional ones, character by character. For comparing, not for showing."""
    return text if _WRITTEN_SO.search(text) is None else text.translate(_TRADITIONAL)


def shown(value: Value) -> str:
    """A cell's value as a person would read it: whole numbers without point, dates as ISO."""
    if isinstance(value, float):
        if not math.isfinite(value):
            return ""
        return str(int(value)) if value == int(value) and abs(value) < 1e18 else repr(value)
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ")
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    return str(value)


def plain(value: Value) -> str:
    """``flat`` of what the cell shows."""
    return flat(value) if isinstance(value, str) else shown(value)


class _Texts(dict[Value, str]):
    """``plain`` of every value met, remembered; cells repeat themselves from line to line and file to file."""

    def __missing__(self, value: Value) -> str:
        text = self[value] = flat(value) if isinstance(value, str) else shown(value)
        return text


_MOST_TEXTS = 200_000
_texts = _Texts()
_SEAM = "\ue000"
"""Between cells looked at together; of private use, so that hardly any cell holds it."""
_ODD = re.compile(_PLAIN.pattern.replace("[", f"[^{_SEAM}", 1).removesuffix("*"))


_WIDE = (*((chr(0xFEE0 + ord(mark)), mark) for mark in "(),:;?!~/+-."), ("\u3000", " "), ("\u00a0", " "))
"""What is common in Chinese text and has one plain form."""


def plain_column(values: Sequence[Value]) -> list[str]:
    """``plain`` of each cell of a column. Its cells are of one or two kinds, so that one look does for most of them."""
    kinds = set(map(type, values))
    if bool in kinds:
        return list(map(plain, values))  # True and 1.0 are one key
    if len(_texts) > _MOST_TEXTS:
        _texts.clear()
    if kinds == {str}:
        return _flat_column(cast(Sequence[str], values))
    if str not in kinds:
        return list(map(_texts.__getitem__, values))
    words = iter(_flat_column([value for value in values if isinstance(value, str)]))
    return [next(words) if isinstance(value, str) else _texts[value] for value in values]


def _flat_column(words: Sequence[str]) -> list[str]:
    joined = _SEAM.join(words)
    if _ODD.search(joined) is not None:
        for wide, narrow in _WIDE:
            joined = joined.replace(wide, narrow)
        if _ODD.search(joined) is not None:
            return list(map(_texts.__getitem__, words))
    texts = joined.split(_SEAM)
    if len(texts) != len(words):
        return list(map(flat, words))
    return texts if " " not in joined and "\n" not in joined else [text.strip() for text in texts]


def is_cjk(character: str) -> bool:
    """Whether this is a Chinese character, rare ones included."""
    return "\u3400" <= character <= "\u9fff" or character in "〇·" or "\U00020000" <= character <= "\U0003ffff"
