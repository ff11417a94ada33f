"""What the cells of a branch, member or volunteer register mean. Pure.

Every function answers what it read and, where that is worth a look, a warning's code; nothing is guessed silently.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from wishes.intake.listing import plain
from wishes.intake.reading import Value
from wishes.intake.understanding.numerals import CHINESE_NUMBER, number
from wishes.intake.understanding.people import read_phones

UNLIMITED = re.compile(r"不限|无上限|没有上限|按实际|据实|实报|无限|不设上限|均可|都可以")
_NUMBER = re.compile(rf"\d+(?:,\d{{3}})*(?:\.\d+)?[十百千万]?|{CHINESE_NUMBER}+")

SERVICE_CATEGORIES = ("companionship", "psych", "experience")
CATEGORY_STEMS: Mapping[str, Sequence[str]] = {
    "study": ("学习", "文具", "学具"),
    "book": ("图书", "书籍", "阅读", "绘本"),
    "clothing": ("衣", "服装", "服饰", "鞋"),
    "sport": ("体育", "运动", "球类"),
    "art": ("文艺", "艺术", "美术", "音乐", "乐器"),
    "toy": ("玩具", "玩偶", "益智"),
    "daily": ("生活", "日用", "床品", "食品"),
    "aid": ("辅具", "康复", "护理", "轮椅"),
    "companionship": ("陪伴", "结对", "陪护"),
    "psych": ("心理", "疏导"),
    "experience": ("体验", "参观", "研学", "活动", "观影", "出游"),
}
_ALL_KINDS = re.compile(r"不限|都可|均可|随意|不挑|任意|全部|^(无|/|-|—)$")
_GOODS_ONLY = re.compile(r"(仅|只|限).{0,4}(实物|物质|物品|物资)|^(实物|物质|物品|物资)类?$")
_REFUSES = re.compile(r"不认领|不接|不要|不考虑|不参与|不含|不包括|不做|谢绝|拒绝|除外|以外|之外|^除")

DUTY_STEMS: Mapping[str, Sequence[str]] = {
    "collector": ("征集", "收集", "走访"),
    "packer": ("打包", "分拣", "包装"),
    "courier": ("配送", "送达", "运送", "派送", "司机"),
    "inspector": ("质检", "验收", "检验", "检查"),
    "counsellor": ("心理", "疏导"),
}
_CERTIFICATE = re.compile(
    r"(?:国家)?(?:[一二三123]级)?心理咨询师|(?:注册)?(?:临床)?心理(?:治疗师|督导师?|医生|医师)|心理健康教育.{0,2}(?:[ABC]证|资格证|教师证|证书)"
    r"|心理健康(?:指导师|辅导员证)|精神科(?:医师|医生|护士|护师)|学校心理教师证"
)
_NOT_YET = re.compile(r"爱好|在学|在读|备考|学习中|自学|拟考|未取得|没有|无证|培训中")


def lowest(value: Value) -> tuple[float | None, str]:
    """A pledge or limit: a range counts by its lower end, ``1.2万`` is 12,000, 不限 is None without a warning.

    Answers the number and a warning: ``empty`` where nothing stands, ``unreadable`` where no number can be seen.
    """
    if isinstance(value, float) and not isinstance(value, bool):
        return value, ""
    text = plain(value).replace(" ", "")
    if not text:
        return None, "empty"
    numbers = [(match[0], read) for match in _NUMBER.finditer(text) if (read := number(match[0])) is not None]
    if not numbers:
        return None, "" if UNLIMITED.search(text) else "unreadable"
    unit = numbers[-1][0][-1]
    if unit in "千万":  # the lower end of 1-2万 shares the unit of the upper
        numbers = [(said, value if said[-1] in "十百千万" else number(said + unit) or value) for said, value in numbers]
    return min(value for _, value in numbers), ""


def phone_of(value: Value) -> tuple[str, str]:
    """The first mobile number of 11 digits in a cell; else ``""`` and ``phone_missing`` or ``phone_invalid``."""
    read = read_phones(plain(value))
    return read.numbers[0] if read.numbers else "", read.warning


def name_of(text: str) -> str:
    """A person's name: Chinese names written apart (``戴 斌``) are joined, others keep their spaces."""
    joined = text.replace(" ", "")
    return joined if re.fullmatch(r"[一-鿿㐀-䶿·\U00020000-\U0003ffff]+", joined) else text


@dataclass(frozen=True, slots=True)
class County:
    """A county of the campaign: its code and what it and its townships were called."""

    code: str
    name: str
    townships: tuple[str, ...] = ()


class Areas:
    """Reads area words as county codes of one campaign, by present names first and former ones after."""

    def __init__(self, counties: Sequence[County], *, city: str, former: Mapping[str, frozenset[str]]) -> None:
        """*former* maps a dissolved county's name to the codes of the counties that its townships belong to now."""
        self._whole = re.compile(
            "|".join(("不限", "全市", "全域", "都可", "均可", "任意", "各区县", "所有", re.escape(_stem(city) or city)))
        )
        self._names: list[tuple[str, frozenset[str]]] = []
        self._towns = {town: county.code for county in counties for town in county.townships}
        named: dict[str, frozenset[str]] = {}
        for county in counties:
            for word in (county.name, _stem(county.name)):
                named.setdefault(word, frozenset({county.code}))
        for name, codes in former.items():
            for word in (name, _stem(name)):
                named.setdefault(word, codes)
        self._names = sorted(
            ((word, codes) for word, codes in named.items() if len(word) > 1), key=lambda pair: -len(pair[0])
        )
        self._all = frozenset(county.code for county in counties)

    def wanted(self, text: str, *, own: str) -> tuple[list[str], str]:
        """Where someone will go, as sorted county codes; empty means anywhere. *own* is their own county's code.

        Warns ``area_unknown`` when a word names no county, ``own_area_unknown`` when 本区 cannot be resolved.
        """
        bare = re.sub(r"\s*[(（].*?[)）]\s*", "", text).strip()
        if not bare or bare in ("/", "-", "—", "无"):
            return [], ""
        if re.search(r"本(区|县|市|地)", bare):
            return ([own], "") if own else ([], "own_area_unknown")
        negative = re.search(r"除|不去|不到|不含|不包括", bare)
        codes: set[str] = set()
        unknown = False
        for word in re.split(r"[、,，;；/ +和及与]+", bare):
            found = self._in(word)
            codes |= found
            unknown |= bool(word) and not found and not self._whole.search(word) and not negative
        if negative:
            return sorted(self._all - codes), "" if codes else "area_unknown"
        if self._whole.search(bare) and not codes:
            return [], ""
        return sorted(codes), "area_unknown" if unknown else ""

    def own(self, text: str, address: str = "") -> str:
        """The one county someone is in, from the county's name or else the address; ``""`` when neither tells.

        A dissolved county's name is settled by a township in either text, and left open without one.
        """
        for told in (text, address):
            codes = self._in(told)
            if len(codes) == 1:
                return next(iter(codes))
            if codes and (
                town := next((code for name, code in self._towns.items() if name in address and code in codes), "")
            ):
                return town
        return ""

    def _in(self, text: str) -> frozenset[str]:
        codes: frozenset[str] = frozenset()
        for word, meant in self._names:
            if word in text:
                codes |= meant
                text = text.replace(word, " ")
        if not codes:
            codes = frozenset(code for town, code in self._towns.items() if town in text)
        return codes


def _stem(name: str) -> str:
    bare = re.sub(r"(自治县|新区|[区县市旗])$", "", name)
    return bare if len(bare) > 1 else name


def preferences(text: str, names: Mapping[str, str]) -> tuple[list[str], list[str], str]:
    """What is liked and what is refused, as sorted categories, and a warning.

    *names* maps a catalogue's wording to a category. ``仅实物`` refuses everything that is not a thing. Warns
    ``preference_unknown`` for a clause that says nothing known.
    """
    liked: set[str] = set()
    refused: set[str] = set()
    warning = ""
    refusing = False  # "不认领陪伴，心理": the refusal goes on until a clause that says something of its own
    for clause in re.split(r"[,，;；。]", text.strip()):
        clause = clause.strip()
        found = _categories(clause, names)
        if _REFUSES.search(clause):
            refused |= found
            refusing = bool(re.match(r"不|除|谢绝|拒绝", clause))
            if re.search(r"实物|物质|物品|物资", clause) and not found:
                warning = "preference_unknown"
        elif _GOODS_ONLY.search(clause):
            refused |= set(SERVICE_CATEGORIES)
        elif found and refusing and not re.search(r"优先|可|愿|喜|倾向", clause):
            refused |= found
        elif found:
            liked |= found
        elif clause and not _ALL_KINDS.search(clause):
            warning = "preference_unknown"
    return sorted(liked - refused), sorted(refused), warning


def _categories(text: str, names: Mapping[str, str]) -> set[str]:
    found = {category for word, category in names.items() if word and word in text}
    return found | {category for category, stems in CATEGORY_STEMS.items() if any(stem in text for stem in stems)}


def duties_of(text: str) -> list[str]:
    """Roles in words as the sorted duties of :data:`DUTY_STEMS`."""
    return sorted(duty for duty, stems in DUTY_STEMS.items() if any(stem in text for stem in stems))


def qualification_of(skills: str) -> str:
    """The certificate named among someone's skills that lets them give psychological support, as written; else ``""``.

    An interest or a course is none, and neither is the role.
    """
    for clause in re.split(r"[、,，;；/]", skills):
        if (named := _CERTIFICATE.search(clause)) and not _NOT_YET.search(clause):
            return named[0]
    return ""


def day_of(value: Value) -> tuple[date | None, str]:
    """A full date in any usual form; None with ``unreadable`` for what is none, without for 未查, 待办, / and such."""
    if isinstance(value, date):
        return date(value.year, value.month, value.day), ""
    text = plain(value)
    if isinstance(value, float) and 20_000 < value < 80_000:  # the number Excel keeps for a date that lost its format
        return date.fromordinal(date(1899, 12, 30).toordinal() + int(value)), ""
    found = re.search(r"(\d{4})\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})", text) or re.fullmatch(
        r"(\d{4})(\d{2})(\d{2})", text
    )
    if found:
        try:
            return date(int(found[1]), int(found[2]), int(found[3])), ""
        except ValueError:
            return None, "unreadable"
    return None, "unreadable" if re.search(r"\d", text) else ""


def hours_of(value: Value) -> float | None:
    """Hours served: ``3``, ``3.5小时``, ``3h``, ``14:00-17:30``, 半天 (4), 全天 (8). None when it cannot be read."""
    if isinstance(value, float):
        return value
    text = plain(value).lower()
    if clock := re.fullmatch(r"(\d{1,2}):(\d{2})\s*[-~—至到]+\s*(\d{1,2}):(\d{2})", text):
        minutes = (int(clock[3]) - int(clock[1])) * 60 + int(clock[4]) - int(clock[2])
        return minutes / 60 if minutes > 0 else None
    if "半天" in text:
        return 4.0
    if "全天" in text or text == "一天":
        return 8.0
    found = re.fullmatch(r"约?(\d+(?:\.\d+)?)\s*(小时|个小时|h|hours?)?", text)
    if found:
        return float(found[1])
    spelt = re.fullmatch(rf"({CHINESE_NUMBER}+)(个半|个)?小时(半)?", text)
    whole = number(spelt[1]) if spelt else None
    return None if spelt is None or whole is None else whole + (0.5 if spelt[2] == "个半" or spelt[3] else 0.0)
