"""One wish cell, several wishes: cut where people separate, not inside brackets, not at reasons, not at sizes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from wishes.intake.understanding.text import flat, simple
from wishes.intake.understanding.things import ThingReader

_OPEN, _CLOSE = "([{（【《“「『<", ")]}）】》”」』>"
_STRONG = ";；\n/|+&、┋\\"
_WEAK = ",，。！!"
_CUT_OR_BRACKET = re.compile("[" + re.escape(_OPEN + _CLOSE + _STRONG + _WEAK) + "]")
_OPENS, _CLOSES = re.compile(f"[{re.escape(_OPEN)}]"), re.compile(f"[{re.escape(_CLOSE)}]")
_NUMBERED = re.compile(
    r"[(（]?(?<![\d.])(\d)(?:[)）、]|[.:：,，]\s*(?!\d)|\s+(?=\D))\s*|[(（](\d)[)）]\s*|(?:^|(?<=[;；,，。\n ]))第?([一二三四五])[、.:：]\s*"
)
_FILLED_IN = re.compile("(?:其[他它])?〖([^〖〗]*)〗")
"""其他〖足球〗: what somebody wrote behind the answer of a questionnaire that was none of the listed ones."""
_FIRST = frozenset("(（1第一 ")
_ORDER = "一二三四五"
_CERTAIN = ("exact", "last word", "listed")
_AND = re.compile(r"(?:以及|还有|另外|外加|再加|和|与|及|跟|加)")
_PIECES = "[个只双本支盒把件条辆台盏副套顶箱瓶张]"
_SEAM = re.compile(
    f"(?<=[)）])(?=[\\u4e00-\\u9fff])|(?<=[一两二三四五\\d]{_PIECES})(?=[\\u4e00-\\u9fff])|(?<=[\\u4e00-\\u9fff])(?=[一两二三四五\\d]{_PIECES})"
)
"""Where two wishes may touch: 书包（红）台灯, 书包一个台灯一盏, 一个书包一盏台灯."""
_COUNTED = re.compile(
    r"(?:[一二两三四五六七八九十]|\d{1,2})(?:双|个|本|件|条|套|支|盒|把|辆|台|张|盏|副|顶|箱|瓶|只|床|块|袋|桶)(?=[\u4e00-\u9fff\d])"
)
_SIZE_BEHIND = re.compile(r"\s*\d{2,3}(?:号|码|cm|厘米)?")
_JOINT = re.compile(_AND.pattern + r"|\s|" + _COUNTED.pattern + "|" + _SEAM.pattern)


_EXAMPLES_OF = re.compile("^[^,，;；。\n]*(?:这些|之类的?)[\u4e00-\u9fff]{2}[^,，、;；。\n]*$")
_WISHING = re.compile("我?们?(?:好想|真想|很想|一直想|就想|只想|想|希望|盼|渴望|最想)")
_SPOKEN_TO = re.compile(
    "[\u4e00-\u9fff]{0,4}(?:代述|转述|代说|口述|代填|讲|说)|(?:亲爱的|敬爱的)?(?:各位)?(?:爱心)?(?:老师|叔叔|阿姨|叔叔阿姨|哥哥|姐姐|人士|[好您你]好?|大家好).{0,2}"
)
_LONG_ENOUGH_TO_TELL = 5


class Part(NamedTuple):
    """One wish's own words; ``confidence`` falls where the cut was a guess."""

    text: str
    confidence: float = 1.0


class Splitter:
    """Cuts wish cells with the help of what is known of things; results are remembered."""

    def __init__(self, things: ThingReader) -> None:
        self._things = things
        self._cache: dict[str, tuple[Part, ...]] = {}

    def split(self, text: str) -> tuple[Part, ...]:
        """The wishes in a cell, in order; empty when it says nothing."""
        if (known := self._cache.get(text)) is None:
            known = self._cache[text] = tuple(self._split(flat(text)))
        return known

    def _split(self, text: str) -> list[Part]:
        if "〖" in text:
            text = _FILLED_IN.sub(r"\1", text)
        if self._things.says_nothing(text):
            return []
        numbered = _numbered(text)
        chunks = numbered if numbered is not None else [text]
        parts: list[Part] = []
        for chunk in chunks:
            parts += self._chunk(chunk, alone=numbered is None)
        return parts

    def _chunk(self, text: str, *, alone: bool) -> list[Part]:
        """Cut one numbered point (or the whole cell) at its separators."""
        fragments = _cut(text)
        if len(fragments) > 1 and _EXAMPLES_OF.search(text) is not None:
            return [Part(text, 0.9)]  # 脸盆、牙刷这些洗漱用品
        if len(fragments) > 1 and len(fragments) == len([f for f in fragments if f]) and self._is_one(text):
            return [Part(text)]
        parts: list[Part] = []
        for separator, fragment in fragments:
            fragment = fragment.strip()
            if not fragment or self._things.says_nothing(fragment):
                continue
            if (
                parts
                and self._belongs_to_previous(separator, fragment)
                and not self._only_leads_in(parts[-1].text, fragment)
            ):
                last = parts[-1]
                parts[-1] = Part(f"{last.text}{separator}{fragment}".strip(), last.confidence)
                continue
            for piece in self._joined(fragment):
                parts.append(piece)
        if len(parts) > 1 and self._only_leads_in(parts[0].text, parts[1].text):
            parts = parts[1:]
        if not alone and len(parts) > 1:
            # Within a numbered point a further cut is less likely.
            parts = [Part(p.text, min(p.confidence, 0.9)) for p in parts]
        return parts

    def _is_one(self, text: str) -> bool:
        """A listed name that happens to contain a separator; a new line is always one."""
        if "\n" in text:
            return False
        thing = self._things.read(text)
        return thing.verdict == "good" and thing.how == "exact"

    def _only_leads_in(self, first: str, second: str) -> bool:
        """老师，我想要一个地球仪; 打针害怕睡不着，想找老师聊聊: what is said before the wish is none."""
        things = self._things
        if _WISHING.match(second) is None or not things.is_wish(second) or things.is_wish(first):
            return False
        return _SPOKEN_TO.fullmatch(first) is not None or len(first) >= _LONG_ENOUGH_TO_TELL

    def _belongs_to_previous(self, separator: str, fragment: str) -> bool:
        things = self._things
        if things.is_attribute(fragment):
            return True
        if separator in _WEAK:
            if things.starts_like_wish(fragment) and things.is_wish(fragment) and not things.is_reason(fragment):
                return False
            if things.is_reason(fragment):
                return True
            return not things.is_wish(fragment)
        if separator == " ":
            return True
        return things.is_reason(fragment) and not things.is_wish(fragment)

    def _joined(self, fragment: str) -> list[Part]:
        """Cut 书包和水杯 and 书包 水杯 where both sides are things of their own."""
        if _JOINT.search(simple(fragment)) is None:
            return [Part(fragment)]
        for find in (_ands, _spaces, _seams, _counts):
            pieces = self._both_known(fragment, find)
            if pieces is not None:
                return [p for piece in pieces for p in self._joined(piece.text)]
        return [Part(fragment)]

    def _both_known(self, fragment: str, find: Callable[[str], list[tuple[int, int]]]) -> list[Part] | None:
        whole = self._things.read(fragment)
        if whole.how == "exact" and whole.verdict == "good":
            return None
        for start, end in find(simple(fragment)):
            left, right = fragment[:start].strip(), fragment[end:].strip()
            if not left or not right or self._things.is_attribute(right) or self._things.is_attribute(left):
                continue
            first, second = self._things.read(left), self._things.read(right)
            if first.how in _CERTAIN and second.how in _CERTAIN and "none" not in (first.verdict, second.verdict):
                return None if first.item == second.item else [Part(left, 0.92), Part(right, 0.92)]
        return None


def _numbered(text: str) -> list[str] | None:
    """The points of 1.… 2.… 3.…, or None when the text is no such list."""
    if text[:1] not in _FIRST:
        return None
    marks = []
    expected = 1
    for match in _NUMBERED.finditer(text):
        digit = match[1] or match[2]
        value = int(digit) if digit else _ORDER.index(match[3]) + 1
        if value != expected or (expected == 1 and match.start() > 0):
            continue
        marks.append(match)
        expected += 1
    if not marks:
        return None
    ends = [m.start() for m in marks[1:]] + [len(text)]
    return [text[m.end() : end].strip(" ;；,，、。\n") for m, end in zip(marks, ends, strict=True)]


def _cut(text: str) -> list[tuple[str, str]]:
    """(separator before, fragment) at every separator outside brackets. Unbalanced brackets do not shelter."""
    if _CUT_OR_BRACKET.search(text) is None:
        return [("", text)]
    balanced = len(_OPENS.findall(text)) == len(_CLOSES.findall(text))
    fragments: list[tuple[str, str]] = []
    depth, start, before = 0, 0, ""
    for at, character in enumerate(text):
        if balanced and character in _OPEN:
            if character == "《" and at and text[at - 1] == "》" and depth == 0:
                fragments.append((before, text[start:at]))
                start, before = at, "、"
            depth += 1
        elif balanced and character in _CLOSE:
            depth = max(0, depth - 1)
        elif depth == 0 and (character in _STRONG or character in _WEAK):
            if character == "/" and text[at - 1 : at].isdigit() and text[at + 1 : at + 2].isdigit():
                continue  # 1/2
            if character == "+" and (text[at + 1 : at + 2].isdigit() or at + 1 == len(text)):
                continue
            fragments.append((before, text[start:at]))
            start, before = at + 1, character
    fragments.append((before, text[start:]))
    return fragments


def _ands(text: str) -> list[tuple[int, int]]:
    return [m.span() for m in _AND.finditer(text)]


def _seams(text: str) -> list[tuple[int, int]]:
    return [m.span() for m in _SEAM.finditer(text)]


def _counts(text: str) -> list[tuple[int, int]]:
    """Between 棉鞋一双37号 and 书包一个, and between 两本书 and 一个书包."""
    found = list(_COUNTED.finditer(text))
    if found and found[0].start() == 0:
        return [(m.start(), m.start()) for m in found[1:]]
    ends = [size.end() if (size := _SIZE_BEHIND.match(text, m.end())) else m.end() for m in found]
    return [(end, end) for end in ends]


def _spaces(text: str) -> list[tuple[int, int]]:
    return [m.span() for m in re.finditer(r"\s+", text)]
