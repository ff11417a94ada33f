"""Names, sexes, phones, kinds of need: the cells that describe a person."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from wishes.intake.understanding.text import flat, is_cjk, simple, ticked, tight
from wishes.intake.words import Words

_BRACKETS = re.compile(r"[(（\[【<《]([^)）\]】>》]*)[)）\]】>》]")
_DOT_BETWEEN = re.compile(r"(?<=[\u4e00-\u9fff]{2})\s*[.．]\s*(?=[\u4e00-\u9fff]{2})")
"""阿孜古丽.吐尔地 is written with a full stop for the dot between two names."""
_ALIAS = re.compile(r"化名|假名|昵称|别名|小名|乳名|代称")
_PLAIN_NAME = re.compile(r"[\u4e00-\u9fff]{1,3}[\u4e00-\u9fff](?<![学友士生师童名称])")
_SEX_BEHIND = re.compile(r"(.{2,}?)\s*[/、,;:\s\-]\s*(男|女)(?:孩|生)?(?:\s*[/、,;\s\-]\s*\d{1,2}\s*周?岁?)?")
_CLASS_BEHIND = re.compile(
    r"(?<=[\u4e00-\u9fff]{2})\s*[/、,;(\s]\s*(?:[一二三四五六七八九初高]|\d).{0,7}(?:年级|班)\)?$"
)
"""姓名/班级 in one column."""
_AGE_BEHIND = re.compile(r"(?<=[\u4e00-\u9fff]{2})[\s/、,(]*\d{1,2}\s*周?岁\)?$")
"""林小雨 9岁"""
_SEVERAL = re.compile(r"[、,/;和及\s]+")
_MASKED = re.compile(r"[\u4e00-\u9fff]\s*\*{1,2}\s*[\u4e00-\u9fff]?")
"""王*山: not the whole name, and to be told from a star behind a whole one."""
_IN_TWO_SCRIPTS = re.compile(
    r"[A-Za-z][A-Za-z .'\-]+[\s/]*([\u4e00-\u9fff·]{2,6})|([\u4e00-\u9fff·]{2,6})[\s/]*[A-Za-z][A-Za-z .'\-]+"
)
"""Zhang San 张三."""
_TITLES = re.compile(r"(?:小朋友|同学|女士|先生|老师|儿童)$")


class Name(NamedTuple):
    """A name without spaces and additions. ``note`` is what stood in brackets."""

    text: str
    note: str = ""
    alias: bool = False
    confidence: float = 1.0


_NUMBERED = re.compile(r"^\s*\d+\s*[.、)）:]\s*")
_LATIN = re.compile(r"[A-Za-z][A-Za-z .'\-]+")
_AROUND_NAMES = re.compile(r"[\s*★☆'’\"“”:：,，。.、]+")


def read_name(text: str) -> Name:
    """A child's name: 王 辰 and 王　辰 are 王辰; 方启远（化名） is 方启远 with ``alias``."""
    if _PLAIN_NAME.fullmatch(text) is not None:
        return Name(text)
    shown = flat(text)
    if _PLAIN_NAME.fullmatch(shown) is not None:
        return Name(shown)
    if _MASKED.fullmatch(shown) is not None:
        return Name("".join(shown.split()), "", True)
    if shown[:1].isascii() != shown[-1:].isascii() and (both := _IN_TWO_SCRIPTS.fullmatch(shown)) is not None:
        return Name(both[1] or both[2])
    shown = _CLASS_BEHIND.sub("", shown)
    shown = _AGE_BEHIND.sub("", shown)
    shown, sex = (m[1], m[2]) if (m := _SEX_BEHIND.fullmatch(shown)) else (shown, "")
    note = "".join(_BRACKETS.findall(shown)) + sex
    bare = _BRACKETS.sub("", shown)
    bare = _NUMBERED.sub("", bare)
    bare = _DOT_BETWEEN.sub("·", bare)
    alias = _ALIAS.search(shown) is not None
    bare = _ALIAS.sub("", bare)
    latin = _LATIN.fullmatch(bare.strip())
    bare = (
        bare.strip()
        if latin
        else _AROUND_NAMES.sub("", bare).replace("・", "·").replace("•", "·").replace("‧", "·").strip("·")
    )
    if len(bare) > 2:
        bare = _TITLES.sub("", bare)
    good = bool(latin) or (2 <= len(bare) <= 15 and all(is_cjk(c) for c in bare))
    return Name(bare, note, alias, 1.0 if good else 0.7)


def names_in(text: str) -> list[str]:
    """The names in a cell that may hold those of several children; 王 辰 is one name."""
    return [
        piece for piece in _SEVERAL.split(_CLASS_BEHIND.sub("", flat(text))) if _PLAIN_NAME.fullmatch(piece) is not None
    ]


_RELATION_TAIL = re.compile(r"[(（\[【]\s*([^)）\]】]*)\s*[)）\]】]")


_SOME_PHONE = re.compile(r"1[3-9][\d \-]{9,13}")
_BETWEEN_WORDS = re.compile(r"[\s:：/、,，;；\-—]+")
_AROUND_GUARDIANS = re.compile(r"[*★\"“”'。.()（）]")
_LONGEST_RELATION = 4
"""Of those written right before or behind a name: 外祖父母."""


@lru_cache(maxsize=32768)
def read_guardian(text: str, relations: frozenset[str]) -> tuple[str | None, str | None]:
    """A guardian's name and the relation written beside it: 孙新民（外公）, 外公:孙新民, 孙新民 外公 or 孙新民/外公."""
    shown = flat(text)
    if (
        2 <= len(shown) <= 3
        and shown not in relations
        and _PLAIN_NAME.fullmatch(shown)
        and shown not in ("暂无", "不详")
    ):
        return shown, None
    found: str | None = None
    for inside in _RELATION_TAIL.findall(shown):
        if simple(inside).removesuffix("关系") in relations:
            found = inside
        elif 2 <= len(inside) <= 4 and simple(_RELATION_TAIL.sub("", shown)).strip() in relations:
            # 爷爷（王强）: the name stands in the brackets
            return inside, _RELATION_TAIL.sub("", shown).strip()
    bare = _SOME_PHONE.sub("", _RELATION_TAIL.sub("", shown))
    words = [w for w in _BETWEEN_WORDS.split(bare) if w]
    words = [w.removesuffix("关系") or w for w in words]
    names = [w for w in words if simple(w) not in relations]
    found = found or next((w for w in words if simple(w) in relations), None)
    if (len(names) > 1 and all(len(n) == 1 for n in names)) or (len(names) == 2 and len(names[0]) == 1):
        names = ["".join(names)]
    name = _AROUND_GUARDIANS.sub("", names[0]) if names else ""
    if len(name) > 3 and name[0] == "其":
        if name[1:3] in relations or name[1:4] in relations:
            name = name[1:]  # 其祖父王强
        elif name[1] in relations:
            name, found = name[2:], found or name[1]  # 其父王强
    for length in range(min(_LONGEST_RELATION, len(name) - 2), 1, -1) if len(name) > 3 else ():
        # 爷爷王大伟 without any separator
        if name[:length] in relations:
            name, found = name[length:], found or name[:length]
            break
        if name[-length:] in relations:
            name, found = name[:-length], found or name[-length:]
            break
    if name in ("", "无", "/", "-", "—", "暂无", "不详") or name in relations:
        return None, found
    return name, found


@lru_cache(maxsize=4096)
def read_sex(
    text: str, boys: frozenset[str], girls: frozenset[str], legend: tuple[tuple[str, str], ...] = ()
) -> str | None:
    """M, F or None. ``legend`` holds the sender's own codes; without one 1 is a boy and 2 (or 0) a girl, as usual."""
    bare = tight(ticked(text)).strip(".。()（）")
    for code, sex in legend:
        if bare.upper() == code.upper():
            return sex
    if bare in boys:
        return "M"
    if bare in girls:
        return "F"
    if bare == "1":
        return "M"
    if bare in ("2", "0"):
        return "F"
    if "女" in bare and "男" not in bare:
        return "F"
    if "男" in bare and "女" not in bare:
        return "M"
    return None


_DIGIT = re.compile(r"\d")
_LETTER_O = re.compile(r"(?<=[\dOo])[Oo]|[Oo](?=\d)")
_LETTER_L = re.compile(r"(?<![A-Za-z\d])[lI](?=[3-9]\d{9})")
_SPOKEN = str.maketrans("〇○零一二三四五六七八九幺", "0001234567891")
_COUNTRY = re.compile(r"(?<!\d)[(\[]?(?:\+|00)?86[)\]]?[\s\-]*(?=1[3-9])")
_POINT_ZERO = re.compile(r"(?<=\d)\.0+$")
_PHONE_BREAK = re.compile(r"[,，;；/、\n|和或]|(?<=\d)\s*[(（][^)）]*[)）]|[A-Za-z\u4e00-\u9fff]+[:：]?")
_FILLERS = str.maketrans("", "", " \t\r\n-—–_.·()（）'’:：+")
_BETWEEN_DIGITS = str.maketrans("", "", " -—–.")
_MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")


class Phones(NamedTuple):
    """Numbers of eleven digits; ``warning`` is empty, ``phone_missing`` or ``phone_invalid``."""

    numbers: tuple[str, ...]
    warning: str = ""
    how: str = "written"


def read_phones(text: str) -> Phones:
    """Mobile numbers in a cell, whatever stands around and between their digits."""
    if text.isascii() and _MOBILE.fullmatch(text) is not None:
        return Phones((text,))
    shown = flat(text)
    if _MOBILE.fullmatch(shown):
        return Phones((shown,))
    if not _DIGIT.search(shown):
        spoken = "".join(shown.split()).translate(_SPOKEN)
        return Phones((spoken,), "", "in words") if _MOBILE.fullmatch(spoken) else Phones((), "phone_missing", "empty")
    if len(shown) > 11 and _MOBILE.fullmatch(joined := shown.translate(_BETWEEN_DIGITS)) is not None:
        return Phones((joined,), "", "cleaned")
    found: list[str] = []
    invalid = False
    cleaned = _POINT_ZERO.sub("", _COUNTRY.sub(" ", _LETTER_L.sub("1", _LETTER_O.sub("0", shown))))
    for chunk in _PHONE_BREAK.split(cleaned):
        digits = chunk.translate(_FILLERS)
        if not digits:
            continue
        if _MOBILE.fullmatch(digits):
            found.append(digits)
        elif len(digits) == 22 and _MOBILE.fullmatch(digits[:11]) and _MOBILE.fullmatch(digits[11:]):
            found += [digits[:11], digits[11:]]
        else:
            # Two numbers with only a space between them, or one number cut by spaces.
            apart = [re.sub(r"\D", "", part) for part in chunk.split()]
            good = [part for part in apart if _MOBILE.fullmatch(part)]
            found += good
            invalid = invalid or not good
    unique = tuple(dict.fromkeys(found))
    if unique:
        return Phones(unique, "", "cleaned")
    return Phones((), "phone_invalid" if invalid else "phone_missing", "unreadable")


class Kinds(NamedTuple):
    """Types of need found in a cell; ``unknown`` is what nobody understood."""

    found: frozenset[str]
    unknown: tuple[str, ...] = ()


_DENIED = ("非", "无", "没有", "不是", "不属于")
_AWAY = re.compile(r"(?:父亲?|母亲?|父母|爸爸?|妈妈?|爸妈|双亲)(?![^未不没]{0,8}[未不没])[^、,]{0,8}(?:打工|务工|外出)")
"""爸妈在广东打工: wherever that is."""
_KIND_BREAK = re.compile(r"[、,，;；/\\+&|\n]|(?<!低保)和|且|及|兼|以及")


class KindReader:
    """Reads types of need by the words of ``words.kinds`` and a sender's own codes (A孤儿 B困难家庭 …)."""

    def __init__(self, words: Words) -> None:
        self.words = self._kinds = {tight(word): kind for kind, listed in words.kinds.items() for word in listed}
        self._any = re.compile("|".join(map(re.escape, sorted(self._kinds, key=len, reverse=True))) or "(?!)")
        self._cache: dict[tuple[str, tuple[tuple[str, str], ...]], Kinds] = {}

    def kind_of(self, word: str) -> str | None:
        """The type a single word names, or None."""
        return self._kinds.get(tight(word))

    def read(self, text: str, legend: tuple[tuple[str, str], ...] = ()) -> Kinds:
        """Read a cell such as 残疾/单亲, B、D or 低保家庭,父母在外打工."""
        key = (text, legend)
        if (known := self._cache.get(key)) is None:
            known = self._cache[key] = self._read(tight(ticked(text)), dict(legend))
        return known

    def _read(self, text: str, legend: dict[str, str]) -> Kinds:
        found: set[str] = set()
        unknown = []
        if legend:
            codes = [
                code
                for word in re.findall(r"[A-Za-z]+|\d+|[甲乙丙丁戊己庚辛]", text)
                # AB is A and B, unless the sender's own codes have several letters.
                for code in ([word] if word.upper() in legend or word.isdigit() else word)
            ]
            if codes and not re.sub(r"[A-Za-z\d甲乙丙丁戊己庚辛、,，.。;；/\\+和 &|\-()（）]", "", text):
                kinds = [legend.get(code.upper()) for code in codes]
                if None in kinds and all(len(c) > 1 for c, k in zip(codes, kinds, strict=True) if k is None):
                    # 13 written for 1 and 3
                    kinds = [legend.get(c) for code in codes for c in code]
                return Kinds(
                    frozenset(k for k in kinds if k and k != "no"),
                    tuple(c for c, k in zip(codes, kinds, strict=False) if k is None),
                )
        for part in _KIND_BREAK.split(text):
            matched = list(self._any.finditer(part))
            for match in matched:
                kind = self._kinds[match[0]]
                if kind != "no" and not part.endswith(_DENIED, 0, match.start()):
                    found.add(kind)
            if ("工" in part or "外出" in part) and _AWAY.search(part) is not None:
                found.add("left_behind")
            elif not matched and part:
                unknown.append(part)
        return Kinds(frozenset(found), tuple(unknown))
