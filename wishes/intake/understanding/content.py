"""What a column's cells look like, whatever its title says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from wishes.intake.reading.grid import Value
from wishes.intake.understanding.lexicon import Lexicon
from wishes.intake.understanding.prices import read_price
from wishes.intake.understanding.text import flat, is_cjk, plain, tight

_PHONE = re.compile(r"\D*(?:\+?86|0086)?[\s\-]*1[3-9](?:[\s\-]*[\dOo*]){8,10}\D*")
_ID = re.compile(r"'?\d{6}(?:19|20)\d{2}[01]\d[0-3]\d[\dXx*]{3,4}")
_DATE = re.compile(r"(?:19|20)\d{2}[./\-年](?:\d{1,2})(?:[./\-月]\d{0,2}[日号]?)?|(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-3]\d)?|\d{2}\.\d{1,2}\.\d{1,2}|[〇零一二三四五六七八九○]{4}年.*")
_VISIT = re.compile(r"\d{1,2}[月.]\d{1,2}[日号]?")
_AGE = re.compile(r"\d{1,2}(?:周?岁)?|[一二三四五六七八九十]{1,3}(?:周?岁)")
_RECORD = re.compile(r"[A-Za-z]{2,}[\s\-]*\d{4}[\-\s]?\d{2,}|[A-Za-z]{1,6}\d{5,}")
_CLASS = re.compile(r"(?:[一二三四五六七八九初高]|\d|幼儿园|学前).{0,6}(?:年级|班|\(\d+\))|\d{3}班?|(?:大|中|小)班|[初高][一二三]|[一二三四五六七八九]\(\d\)")
_SCHOOL = re.compile(r".*(?:小学|中学|学校|幼儿园|初中|高中|职高|教学点|校区|学院)$")
_PLACE = re.compile(r".*(?:村|社区|镇|乡|街道|\d+[号组室幢]|路\d*号?|弄|小区|居委会|村委会)$")
_SIZE = re.compile(r"(?:身高|鞋码|尺码)?\d{2,3}(?:cm|CM|码|号|厘米|寸|吋)|(?:身高|鞋码)\d{2,3}|[SMLX]{1,4}码?|(?:大|中|小|均)号?码?|标准|\d{1,2}(?:寸|吋|英寸)")
_QTY = re.compile(r"[\d一二三四五六七八九十两]{1,2}[\u4e00-\u9fff]?")
_TICKS = frozenset("√✓✔☑×✗✘xXvV1是有○●")


class ColumnLook:
    """Shares of the filled cells of one column that look like something, as numbers from 0 to 1."""

    __slots__ = ("distinct", "filled", "shares")

    def __init__(self, shares: dict[str, float], filled: int, distinct: float) -> None:
        self.shares, self.filled, self.distinct = shares, filled, distinct

    def share(self, kind: str) -> float:
        return self.shares.get(kind, 0.0)


def look_at(values: Sequence[Value], lexicon: Lexicon, limit: int = 48) -> ColumnLook:
    """Look at up to ``limit`` filled cells, spread over the column."""
    filled = [v for v in values if v is not None and v != ""]
    step = max(1, len(filled) // limit)
    sample = filled[::step][:limit]
    if not sample:
        return ColumnLook({}, 0, 0.0)
    counts: dict[str, int] = {}
    for value in sample:
        for kind in _looks(value, lexicon):
            counts[kind] = counts.get(kind, 0) + 1
    shares = {kind: n / len(sample) for kind, n in counts.items()}
    return ColumnLook(shares, len(filled), len(set(map(str, sample))) / len(sample))


def _looks(value: Value, lexicon: Lexicon) -> tuple[str, ...]:
    if isinstance(value, str):
        return _text_looks(value, lexicon)
    if isinstance(value, float):
        kinds = []
        text = plain(value)
        if _PHONE.fullmatch(text):
            kinds.append("phone")
        elif abs(value) >= 1e14:
            kinds.append("id")
        else:
            kinds.append("number")
            if _DATE.fullmatch(text) or (value != int(value) and 1950 < value < 2100) or 25_000 < value < 47_000:
                kinds.append("date")
            if value == int(value) and 1 <= value <= 25:
                kinds.append("age")
            if value in (1.0, 2.0, 0.0):
                kinds.append("code")
            if value == int(value) and 1 <= value <= 20:
                kinds.append("qty")
            if 5 <= value <= 10_000:
                kinds.append("price")
        return tuple(kinds)
    return ("date", "day") if value is not None and not isinstance(value, bool) else ()


@lru_cache(maxsize=65536)
def _text_looks(value: str, lexicon: Lexicon) -> tuple[str, ...]:
    text = tight(value)
    if not text:
        return ()
    kinds: list[str] = []
    if _PHONE.fullmatch(text):
        return ("phone",)
    if _ID.fullmatch(text):
        return ("id",)
    if _RECORD.fullmatch(text):
        return ("record",)
    if text in lexicon.boys or text in lexicon.girls:
        kinds.append("sex")
    if _DATE.fullmatch(text):
        kinds.append("date")
    if _VISIT.fullmatch(text):
        kinds.append("visit")
    if _AGE.fullmatch(text):
        kinds.append("age")
    if text in lexicon.yes or text in lexicon.no:
        kinds.append("consent")
        if "同意" in text or "签" in text:
            kinds.append("agreed")
    if text in _TICKS:
        kinds.append("tick")
    if text in lexicon.relations:
        kinds.append("relation")
    if re.sub(r"\(.*?\)", "", text) in lexicon.relations or (re.fullmatch(r".{2,4}\((.+)\)", text) and text[text.find("(") + 1 : -1] in lexicon.relations):
        kinds.append("guardian")
    if _CLASS.fullmatch(text):
        kinds.append("class")
    if _SCHOOL.fullmatch(text):
        kinds.append("school")
    if _SIZE.fullmatch(text):
        kinds.append("size")
    if _QTY.fullmatch(text):
        kinds.append("qty")
    if text in lexicon.category_words:
        kinds.append("category")
    if (text.endswith(("族",)) and len(text) <= 5) or text in ("汉", "回", "苗", "畲", "满", "壮"):
        kinds.append("ethnicity")
    if re.fullmatch(r"[A-Za-z\d][、,，/A-Za-z\d]*", text) and len(text) <= 12 and not text.isdigit():
        kinds.append("code")
    if lexicon.is_name(text):
        kinds.append("name")
    kinds_found = lexicon.kinds.read(text)
    if kinds_found.found and not kinds_found.unknown:
        kinds.append("types")
    if _PLACE.fullmatch(text) or (lexicon.place_pattern is not None and lexicon.place_pattern.search(text)):
        kinds.append("place")
    if len(text) <= 16 and re.search(r"\d|[元块百十拾佰]", text) and "date" not in kinds:
        cell = read_price(flat(value))
        if cell.prices:
            kinds.append("price")
    if len(text) <= 60 and "name" not in kinds and "types" not in kinds and "price" not in kinds and lexicon.is_item(value):
        kinds.append("item")
    if len(text) > 12 and "place" not in kinds:
        kinds.append("long")
    if sum(map(is_cjk, text)) == len(text):
        kinds.append("chinese")
    return tuple(kinds)
