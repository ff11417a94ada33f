"""Which rows are headers, and what their words may mean."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from wishes.intake.understanding.text import flat, tight
from wishes.intake.words import Words

_BRACKETS = re.compile(r"[(\[【][^()\[\]【】]*[)\]】]|[(\[【].*$")
_MARKS = re.compile(r"[*★☆※#·\"“”'‘’:：?？!！。,，、\-_—~]")
_NUMBER_TAIL = re.compile(r"[一二三四五六\d]$")
_CONSENT = re.compile(
    r"(?:监护|家长|父母|照料|照顾|抚养|照护|亲属|家属|知情|阅读|了解|书面|自愿).*(?:同意|授权|签字|签名|知晓)|同意.*(?:监护|家长|公示|公开|书|信息|提交|参加|使用)"
    r"|(?:同意|承诺|授权|知情)书.*(?:签|日期|时间|照片|图片|扫描)"
)
_AND = re.compile(r"\s*(?:[/&+、]|及|和|与|或)\s*")
_QUESTION = re.compile(r"^(?:Q\d{1,3}|第\d{1,3}题|\d{1,3}(?=[._、:：]))[._、:：\s\-]*", re.I)
"""How questionnaires number their columns."""
_LATIN_AROUND = re.compile(r"[a-z]$"), re.compile(r"^[a-z]")
_LAST_WORD = re.compile(
    "(?:(?P<phone>(?:联系)?(?:电话|手机|电话号码?|手机号码?|联系方式|联系号码))|(?P<id>身份证号?码?)|(?P<sex>性别)|(?P<age>年龄)"
    "|(?P<birth>出生(?:日期|年月日?))|(?P<guardian>(?:联系人|家长|监护人)(?:姓名)?))$"
)
"""What a title that is not listed ends with is what its column holds, whoever stands before it: 带养人电话."""
_WHETHER = re.compile("^(?:是否为?|是不是|属于|有无)")
_UNIT = re.compile(r"元$|rmb$")
_ORDINALS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6}
_LEFT_OUT = frozenset("第一二三四五六123456")
"""Characters that an ordinal may take from the front of a title."""
_ORDINAL = re.compile(r"第?([一二三四五六1-6])")


class Meaning(NamedTuple):
    """A role a title may have, and how well the words fit (1 is a listed title)."""

    role: str
    fit: float


class HeaderWords:
    """Looks titles up in ``words.headers`` and in what was taught."""

    def __init__(self, words: Words, taught: Mapping[str, str] | None = None) -> None:
        self._exact: dict[str, list[str]] = {}
        for role, titles in words.headers.items():
            for title in titles:
                if not title_key(title):
                    continue
                roles = self._exact.setdefault(title_key(title), [])
                if role not in roles:
                    roles.append(role)
        self._taught = {title_key(title): role for title, role in (taught or {}).items()}
        self._longest = max(map(len, self._exact), default=0)
        self._begins = {key[:2] for key in (*self._exact, *self._taught)}
        self._cache: dict[str, tuple[Meaning, ...]] = {}
        self._titles: dict[str, bool] = {}

    def meanings(self, title: str) -> tuple[Meaning, ...]:
        """The roles ``title`` may stand for, best first; empty when nothing is known of it."""
        if (known := self._cache.get(title)) is None:
            known = self._cache[title] = tuple(self._meanings(title))
        return known

    def _meanings(self, title: str) -> list[Meaning]:
        key = title_key(title)
        if key in self._taught:
            return [Meaning(self._taught[key], 2.0)]
        exact = self._listed(title)
        if exact:
            return [Meaning(role, 1.0) for role in exact]
        if (both := self._both(title)) is not None:
            return both
        if not 2 <= len(key) <= 24:
            return []
        if (last := _LAST_WORD.search(key)) is not None and last.start() > 0 and last.lastgroup is not None:
            return [Meaning(last.lastgroup, 0.5 + 0.4 * len(last[0]) / len(key))]
        # The longest listed title inside; of equals the last, for the head of a Chinese title comes last.
        for length in range(min(len(key), self._longest), 1, -1):
            for start in range(len(key) - length, -1, -1):
                roles = [r for r in self._exact.get(key[start : start + length], ()) if not r.startswith("flag_")]
                if roles and not _inside_a_word(key, start, start + length):
                    # 心愿属性 is hardly the wish itself: what stands last is what the column holds.
                    fit = 0.5 + 0.4 * length / len(key) - (0.0 if start + length == len(key) else 0.15)
                    meanings = [Meaning(role, fit) for role in roles]
                    agreed = _CONSENT.search(key) is not None
                    return [Meaning("consent", 0.9), *meanings] if agreed else meanings
        return []

    def _listed(self, title: str) -> list[str]:
        key = title_key(title)
        question, _, answer = tight(title).rpartition(":")
        # A questionnaire has one column for each answer: Q4_属于哪种情况:孤儿
        answer = title_key(answer) if _QUESTION.match(question) is not None else key
        for form in (
            title_key(title, keep_brackets=True),
            key,
            answer,
            _NUMBER_TAIL.sub("", key),
            _ORDINAL.sub("", key, count=1),
            _UNIT.sub("", key),
            key.replace("的", ""),
            key.removesuffix("名称"),
        ):
            if form in self._exact:
                return self._exact[form]
        # 是否低保户 is a box to tick; 是否同意 is listed itself.
        asked = self._exact.get(_WHETHER.sub("", key), []) if _WHETHER.search(key) else []
        return [role for role in asked if role.startswith("flag_")]

    def _both(self, title: str) -> list[Meaning] | None:
        """姓名/班级, 家长及电话: a title of two, of which the first tells what the cells begin with."""
        parts = [part for part in _AND.split(flat(title)) if part.strip()]
        if len(parts) not in (2, 3):
            return None
        first, second = self._listed(parts[0]), self._listed(parts[1])
        if not first or not second or first == second:
            return None
        return [*(Meaning(role, 0.9) for role in first), *(Meaning(role, 0.8) for role in second if role not in first)]

    def is_title(self, text: str) -> bool:
        """Whether a cell is wholly a listed title."""
        if (known := self._titles.get(text)) is None:
            known = self._titles[text] = (
                len(text) <= 40
                and self._may_begin(text)
                and (title_key(text) in self._taught or bool(self._listed(text)))
            )
        return known

    def _may_begin(self, text: str) -> bool:
        """False only for a text that no listed title begins like: most cells are told from titles by their first characters."""
        if text[:2] in self._begins or text[:1] in self._begins or not _LEFT_OUT.isdisjoint(text[:2]):
            return True
        return not "\u4e00" <= text[:1] <= "\u9fff" or not text.isalnum()


def _inside_a_word(key: str, start: int, end: int) -> bool:
    """Whether ``key[start:end]`` is a short piece of a longer word in Latin letters: jiage tells no age."""
    return end - start < 4 and key[start:end].isascii() and _beside_latin(key, start, end)


def _beside_latin(key: str, start: int, end: int) -> bool:
    before, behind = _LATIN_AROUND
    return before.search(key[:start]) is not None or behind.match(key[end:]) is not None


@lru_cache(maxsize=8192)
def title_key(title: str, *, keep_brackets: bool = False) -> str:
    """A title without stars, spaces, punctuation and (unless kept) bracketed remarks."""
    text = tight(title)
    text = _QUESTION.sub("", text) or text
    if not keep_brackets:
        text = _BRACKETS.sub("", text) or text
    return _MARKS.sub("", text).replace("(", "").replace(")", "").lower()


def ordinal_of(title: str) -> int:
    """1 for 心愿一, 第一心愿, 微心愿1; 0 when the title has no number."""
    key = title_key(title)
    match = re.search(r"第([一二三四五六1-6])|([一二三四五六1-6])$|(?:心愿|愿望|需求|礼物)([一二三四五六1-6])", key)
    if match is None:
        return 0
    digit = match[1] or match[2] or match[3]
    return _ORDINALS.get(digit) or int(digit)


def legend_in(text: str) -> list[tuple[str, str]]:
    """Code and meaning pairs such as A孤儿 B困难家庭, 1=男 2=女, ①留守；②残疾."""
    pairs = re.findall(
        r"[(（]?([A-Za-z]|\d{1,2})[)）]?\s*[.、=＝:：\-—]?\s*([\u4e00-\u9fff][\u4e00-\u9fff/（）()]{0,11}?)(?=[\s,，;；、。.)）/|]|[(（]?[A-Za-z\d]|$)",
        flat(text),
    )
    return [(code.upper(), meaning.strip("()（）/")) for code, meaning in pairs]


def header_score(cells: Sequence[str], words: HeaderWords) -> tuple[int, int]:
    """(cells that are titles, filled cells) of one row; a repeated text counts once. Near misses count where listed titles are
    already there."""
    filled = [c for c in dict.fromkeys(cells) if c]
    hits = sum(1 for c in filled if words.is_title(c))
    if hits:
        hits += sum(
            1 for c in filled if not words.is_title(c) and len(c) <= 40 and any(m.fit >= 0.8 for m in words.meanings(c))
        )
    return hits, len(filled)
