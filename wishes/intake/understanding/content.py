"""What a column's cells look like, whatever its title says. Each look is taken only when somebody asks for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from wishes.intake.reading.grid import Value
from wishes.intake.understanding.lexicon import Lexicon
from wishes.intake.understanding.listed import told_in_one
from wishes.intake.understanding.people import read_guardian, read_name
from wishes.intake.understanding.prices import read_price
from wishes.intake.understanding.text import flat, is_cjk, tight, tight_all

_PHONE = re.compile(r"\D*(?:\+?86|0086)?[\s\-]*1[3-9](?:[\s\-]*[\dOo*]){8,10}\D*(?:\D1[3-9](?:[\s\-]*\d){9}\D*)?")
_ID = re.compile(r"'?\d{6}(?:19|20)\d{2}[01]\d[0-3]\d[\dXx*]{3,6}")
_DATE = re.compile(
    r"(?:19|20)\d{2}[./\-年、](?:\d{1,2})(?:[./\-月、]\d{0,2}[日号]?)?|(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-3]\d)?|\d{2}\.\d{1,2}\.\d{1,2}"
    r"|[〇零一二三四五六七八九○]{4}年.*|(?:农历|阴历).*|\d{1,2}[/.\-]\d{1,2}[/.\-](?:19|20)\d{2}"
    r"|(?:\d{1,2}(?:st|nd|rd|th)?[\-/.]?)?[A-Za-z]{3,9}[\-/.,]*(?:\d{1,2},)?(?:19|20)\d{2}"
)
_BORN = re.compile(r"(?:19|20)?\d{2}年(?:生|出生)?|(?:19|20)\d{2}(?:\.0|生|出生)?")
"""A year of birth; only where the title speaks of one, for prices and numbers look like it."""
_DAY = re.compile(r"(?:19|20)\d{2}[./\-年]\d{1,2}[./\-月]\d")
_NAME_AND_PHONE = re.compile(
    r"[\u4e00-\u9fff]{2,4}?(?<!老师)(?<!主任)(?<!书记)(?:[(（][^)）\d]*[)）])?[\s:：/,，、;；\-(（]*(?:(?:联系)?电话|手机号?码?|[Tt][Ee][Ll])?[\s:：]*"
    r"(?:\+?86)?1[3-9]\d[\s\-]?\d{4}[\s\-]?\d{3,4}[)）]?"
)
_TIME_OF_DAY = re.compile(r"(?<=\d)T?\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?$")
_VISIT = re.compile(r"\d{1,2}[月.]\d{1,2}[日号]?")
_AGE = re.compile(r"\d{1,2}(?:周?岁)?|[一二三四五六七八九十]{1,3}(?:周?岁)")
_RECORD = re.compile(r"[A-Za-z]{2,}[\s\-]*\d{4}[\-\s]?\d{2,}|[A-Za-z]{1,6}\d{5,}")
_CLASS = re.compile(
    r"(?:[一二三四五六七八九初高]|\d|幼儿园|学前).{0,6}(?:年级|班|\(\d+\))|\d{3}班?|(?:大|中|小)班|[初高][一二三]|[一二三四五六七八九]\(\d\)"
)
_SCHOOL = re.compile(r".*(?:小学|中学|学校|幼儿园|初中|高中|职高|教学点|校区|学院)$")
_PLACE = re.compile(r".*(?:村|社区|镇|乡|街道|\d+[号组室幢]|路\d*号?|弄|小区|居委会|村委会)$")
_SIZE = re.compile(
    r"(?:身高|鞋码|尺码)?\d{2,3}(?:cm|CM|码|号|厘米|寸|吋)|(?:身高|鞋码)\d{2,3}|[SMLX]{1,4}码?|(?:大|中|小|均)号?码?|标准|\d{1,2}(?:寸|吋|英寸)"
)
_SIZED = re.compile(r"\d{2,3}(?:\.\d)?(?:cm|CM|码|号|厘米)?|[SMLX]{1,4}码?|[×xX/无否不\-—]|√|\d")
"""What stands below a thing: the size, a tick or the number of pieces; or that it is not asked for."""
_SOME_NUMBER = re.compile(r"\d")
_QTY = re.compile(r"(?:[1-4]?\d|[一二三四五六七八九十两]{1,2})[\u4e00-\u9fff]?")
_CODE = re.compile(r"[A-Za-z\d甲乙丙丁戊己庚辛][、,，/A-Za-z\d甲乙丙丁戊己庚辛]*")
_CIRCLED = re.compile(r"(?:[(（]\d[)）][、,，/]?){1,4}")
"""②③, as they are read."""
_CODED = re.compile(r"[A-Za-z]{1,4}\d{3}(?![\d.元])|\d[A-Za-z]")
"""Y003 is a running number."""
_MONEY = re.compile(r"[\d元块百十拾佰]")
_DEAREST_FEN = 1_000_000
"""A longer number is a postcode or the like."""
_BETWEEN = re.compile(r"[:：/、,，;；\-—()（）【】\[\]]+")
_ANSWER = re.compile(".{0,8}(?:同意书?|同意并签[字名]|签[字名好了]?)")
_LETTERED = re.compile(r"^[A-Fa-f][.、:)](?=[\u4e00-\u9fff])")
"""A.男: the letter that a questionnaire puts before its answers."""
_TICKS = frozenset("√✓✔☑×✗✘xXvV1是有○●")
_CHINESE = re.compile(r"[\u4e00-\u9fff]*")
_CALLED = re.compile(r"[\u3400-\u9fff·]{2,8}(?:\(.*\))?")
_ONLY_MONEY = re.compile(r"(?:约|大约|大概)?[¥￥]?\d+(?:\.\d+)?(?:元|块|块钱|元钱)?(?:左右)?")
_NATIONS = frozenset("汉回苗畲满壮")

Look = Callable[[Value, str, Lexicon], bool]


def _is_date(value: Value, text: str, lexicon: Lexicon) -> bool:
    if isinstance(value, str):
        return _DATE.fullmatch(_TIME_OF_DAY.sub("", text.partition("(")[0] or text)) is not None  # 2013年5月（10岁）
    if isinstance(value, float):
        return (
            _DATE.fullmatch(text) is not None
            or (1950 < value < 2100 and value != int(value))
            or 25_000 < value < 47_000
        )
    return value is not None and not isinstance(value, bool)


def _is_number(value: Value, text: str, lexicon: Lexicon) -> bool:
    return isinstance(value, float) and abs(value) < 1e10


def _is_price(value: Value, text: str, lexicon: Lexicon) -> bool:
    if isinstance(value, float):
        return 5 <= value <= _DEAREST_FEN // 100
    if (
        not isinstance(value, str)
        or len(text) > 16
        or _MONEY.search(text) is None
        or _DAY.match(text)
        or _DATE.fullmatch(text)
        or _PHONE.fullmatch(text)
        or _CODED.search(text)
    ):
        return False
    prices = read_price(flat(value), lexicon.no_price, lexicon.zero_price).prices
    return bool(prices) and (prices[0].high or prices[0].low or 0) <= _DEAREST_FEN


def _is_code(value: Value, text: str, lexicon: Lexicon) -> bool:
    if isinstance(value, float):
        return value in (0.0, 1.0, 2.0)
    if text in ("0", "1", "2") or _CIRCLED.fullmatch(text) is not None:
        return True
    return len(text) <= 12 and not text.isdigit() and _CODE.fullmatch(text) is not None


def _is_types(value: Value, text: str, lexicon: Lexicon) -> bool:
    read = lexicon.kinds.read(text)
    return bool(read.found) and not read.unknown


def _is_item(value: Value, text: str, lexicon: Lexicon) -> bool:
    if not isinstance(value, str) or len(text) > 60 or text.isdigit() or _ONLY_MONEY.fullmatch(text) is not None:
        return False
    return not lexicon.is_name(text) and not _is_types(value, text, lexicon) and lexicon.is_item(value)


def _is_thing(value: Value, text: str, lexicon: Lexicon) -> bool:
    """An item that is known by its own name, and not by its last character alone."""
    if not isinstance(value, str) or not _is_item(value, text, lexicon):
        return False
    return any(lexicon.things.read(part.text).how != "last character" for part in lexicon.splitter.split(flat(value)))


def _is_place(value: Value, text: str, lexicon: Lexicon) -> bool:
    if _SCHOOL.fullmatch(text):
        return False
    return _PLACE.fullmatch(text) is not None or (
        lexicon.place_pattern is not None and lexicon.place_pattern.search(text) is not None
    )


def _is_name(value: Value, text: str, lexicon: Lexicon) -> bool:
    if lexicon.is_name(text):
        return True
    # 1.王强（三年级）
    return (
        isinstance(value, str)
        and len(text) <= 20
        and _CHINESE.fullmatch(text) is None
        and lexicon.is_name(read_name(value).text)
    )


def _is_guardian(value: Value, text: str, lexicon: Lexicon) -> bool:
    if not lexicon.relations.isdisjoint(_BETWEEN.split(text)):
        return True
    name, relation = read_guardian(text, lexicon.relations)  # 其祖父王强, 奶奶李秀英
    return relation is not None and name is not None and lexicon.is_name(name)


_LOOKS: Mapping[str, Look] = {
    "phone": lambda v, t, x: _PHONE.fullmatch(t) is not None,
    "id": lambda v, t, x: _ID.fullmatch(t) is not None or (isinstance(v, float) and abs(v) >= 1e14),
    "record": lambda v, t, x: _RECORD.fullmatch(t) is not None,
    "sex": lambda v, t, x: (bare := _LETTERED.sub("", t)) in x.boys or bare in x.girls,
    "date": _is_date,
    "year": lambda v, t, x: _BORN.fullmatch(t) is not None,
    "visit": lambda v, t, x: _VISIT.fullmatch(t) is not None,
    "age": lambda v, t, x: _AGE.fullmatch(t) is not None,
    "number": _is_number,
    "some_number": lambda v, t, x: (
        _SOME_NUMBER.search(t) is not None and not (_PHONE.fullmatch(t) or _ID.fullmatch(t) or _is_date(v, t, x))
    ),
    "price": _is_price,
    "code": _is_code,
    "tick": lambda v, t, x: t in _TICKS,
    "consent": lambda v, t, x: t in x.yes or t in x.no,
    "agreed": lambda v, t, x: (
        (("同意" in t or "签" in t) and (t in x.yes or t in x.no))
        or (_ANSWER.fullmatch(t) is not None and ("家长" in t or "监护" in t))
    ),
    "relation": lambda v, t, x: t in x.relations,
    "guardian": _is_guardian,
    "name_and_phone": lambda v, t, x: _NAME_AND_PHONE.fullmatch(t) is not None,
    "class": lambda v, t, x: _CLASS.fullmatch(t) is not None,
    "school": lambda v, t, x: _SCHOOL.fullmatch(t) is not None,
    "size": lambda v, t, x: _SIZE.fullmatch(t) is not None,
    "marked": lambda v, t, x: t in _TICKS or (t.isdigit() and len(t) == 1) or t in "/无否不-—",
    "sized": lambda v, t, x: _SIZED.fullmatch(t) is not None,
    "qty": lambda v, t, x: _QTY.fullmatch(t) is not None,
    "category": lambda v, t, x: t in x.category_words,
    "ethnicity": lambda v, t, x: t in _NATIONS or (t.endswith("族") and len(t) <= 5),
    "name": _is_name,
    "called": lambda v, t, x: _CALLED.fullmatch(t) is not None,
    "facts": lambda v, t, x: isinstance(v, str) and bool(told_in_one(v, x)),
    "types": _is_types,
    "some_types": lambda v, t, x: bool(x.kinds.read(t).found),
    "place": _is_place,
    "item": _is_item,
    "thing": _is_thing,
    "long": lambda v, t, x: len(t) > 12,
    "chinese": lambda v, t, x: all(map(is_cjk, t)),
}

_NUMBERED = frozenset(("phone", "name_and_phone", "id", "record", "visit"))
"""Looks that no text without a digit has."""
_DIGIT = re.compile(r"\d")


class ColumnLook:
    """Shares of a column's filled cells that look like something, as numbers from 0 to 1."""

    __slots__ = ("_digits", "_known", "_lexicon", "_parts", "_sample", "filled")

    def __init__(self, sample: list[tuple[Value, str]], filled: int, lexicon: Lexicon) -> None:
        self._sample, self.filled, self._lexicon = sample, filled, lexicon
        self._known: dict[str, float] = {}
        self._parts = (sample[::3], sample[1::3] + sample[2::3]) if len(sample) >= _ENOUGH else (sample,)
        self._digits = _DIGIT.search(" ".join([text for _, text in sample])) is not None

    @property
    def constant(self) -> bool:
        """Whether all of several cells say the same."""
        return len(self._sample) >= _SEVERAL and len({text for _, text in self._sample}) == 1

    @property
    def rising(self) -> bool:
        """Whether it counts the lines: whole numbers that never fall."""
        return _rises([text for _, text in self._sample])

    def names_a_category(self, title: str) -> bool:
        """Whether the column's title is a kind of things: 学习用品, 生活用品, 其他."""
        return tight(title) in self._lexicon.category_words

    def names_a_thing(self, title: str) -> bool:
        """Whether the column's title is a thing that a child may wish for."""
        return self._lexicon.is_item(title)

    def share(self, kind: str) -> float:
        """The share of cells that look like ``kind`` (a key of the table above)."""
        if (known := self._known.get(kind)) is None:
            if kind in _NUMBERED and not self._digits:
                return 0.0
            known = self._known[kind] = self._share(_LOOKS[kind])
        return known

    def _share(self, look: Look) -> float:
        lexicon, hits, seen = self._lexicon, 0, 0
        for cells in self._parts:
            hits += sum([look(value, text, lexicon) for value, text in cells])
            seen += len(cells)
            if hits in (0, seen):
                break  # all or none of so many from all over the column: the rest would hardly say otherwise
        return hits / seen if seen else 0.0


def _rises(texts: list[str]) -> bool:
    if _runs(texts):
        return True
    numbers = [int(t) for t in texts if t.isdigit() and len(t) <= 5]
    return (
        len(numbers) >= 4
        and len(numbers) >= 0.9 * len(texts)
        and numbers == sorted(numbers)
        and len(set(numbers)) > 0.5 * len(numbers)
    )


_ENOUGH = 24
_SEVERAL = 4


def _runs(texts: list[str]) -> bool:
    """Long numbers one after the other, as pupils are numbered: 20240401, 20240402 … are no dates."""
    numbers = [int(t) for t in texts if t.isdigit() and 6 <= len(t) <= 14]
    steps = [after - before for before, after in pairwise(numbers)]
    return len(numbers) >= 4 and len(numbers) >= 0.9 * len(texts) and all(0 < step <= 3 for step in steps)


def spread_over(filled: Sequence[int]) -> Sequence[int]:
    """Of a column's filled rows as many as are looked at, from all over it."""
    return filled[:: max(1, len(filled) // _ENOUGH)][:_ENOUGH]


def look_at(cells: Sequence[tuple[Value, str]], lexicon: Lexicon, filled: int) -> ColumnLook:
    """Look at some of a column's ``filled`` cells (value and text)."""
    sample = zip([value for value, _ in cells], tight_all([text for _, text in cells]), strict=True)
    return ColumnLook([cell for cell in sample if cell[1]], filled, lexicon)
