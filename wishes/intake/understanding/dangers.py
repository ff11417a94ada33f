"""What must never be accepted as a wish: money and its like, and dangerous things. The thing counts, not a character in its name."""

from __future__ import annotations

import re
from collections.abc import Iterable

from wishes.intake.understanding.text import tight
from wishes.intake.words import Words

_MONEY_TAILS = ("钱", "费", "款", "补助", "补贴", "救助")
_BOOK = re.compile(r"《[^》]*》")
_STORY = re.compile("书|绘本|漫画|拼图|画册|贴纸|图册")


def _any(words: Iterable[str]) -> re.Pattern[str]:
    """One pattern for any of ``words``, the longest first."""
    return re.compile("|".join(map(re.escape, sorted(set(words), key=len, reverse=True))) or "(?!)")


class Guard:
    """Tells money and dangerous things. Errs on the side of asking a person."""

    def __init__(self, words: Words) -> None:
        unsafe = [w.lower() for w in words.unsafe.get("unsafe", ())]
        unsure = [w.lower() for w in words.unsafe.get("unsure", ())]
        self._pairs = [(w.partition("+")[0], w.partition("+")[2]) for w in unsafe if "+" in w]
        self._first_of_pair = _any(first for first, _ in self._pairs)
        self._unsafe = _any(w for w in unsafe if len(w) > 1 and "+" not in w)
        self._unsafe_tail = tuple(w for w in unsafe if len(w) == 1)
        self._unsafe_safe = _any(w.lower() for w in words.unsafe.get("safe", ()))
        self._unsure = _any(w for w in unsure if len(w) > 1)
        self._unsure_tail = tuple(w for w in unsure if len(w) == 1)
        self._unsafe_sign = _any(words.unsafe.get("sign", ()))
        cash = [w.lower() for w in words.cash.get("cash", ())]
        self._cash = _any(w for w in cash if len(w) > 1)
        self._cash_safe = _any(w.lower() for w in words.cash.get("safe", ()))
        self._cash_sign = _any(words.cash.get("sign", ()))
        signs = {c for book in (words.unsafe, words.cash) for word in book.get("sign", ()) for c in word}
        listed = [part for w in (*unsafe, *unsure, *cash) for part in w.split("+")[:1]] + [
            *_MONEY_TAILS,
            *words.cash.get("sign", ()),
            *words.unsafe.get("sign", ()),
        ]
        # Every word has one of these characters; what has none of them needs no closer look.
        alarms = sorted({next((c for c in word if c in signs), word[0]) for word in listed if word})
        self._alarms = re.compile("[" + re.escape("".join(alarms)) + "]" if alarms else "(?!)")

    def judge(self, text: str, core: str) -> tuple[str, str]:
        """(``cash``, ``unsafe``, ``unsure``, ``sign`` or ``good``; the word that decides)."""
        # A title names a story, not a thing.
        whole = tight(text).lower()
        if "《" in whole:
            told = _BOOK.findall(whole)
            whole = _BOOK.sub("", whole)
            core = "" if any(core in title for title in told) else core
        if self._alarms.search(whole) is None and self._alarms.search(core) is None:
            return "good", ""
        money, money_head = self._cash_safe.sub("\x00", whole), self._cash_safe.sub("\x00", core)
        if found := self._cash.search(money):
            return "cash", found[0]
        if money_head.endswith(_MONEY_TAILS):
            return "cash", money_head[-1]
        danger, danger_head = self._unsafe_safe.sub("\x00", whole), self._unsafe_safe.sub("\x00", core)
        if found := self._unsure.search(danger):
            return "unsure", found[0]
        if self._first_of_pair.search(danger) is not None:
            for first, second in self._pairs:
                at = danger.find(first)
                if at >= 0 and second in danger[at + len(first) :]:
                    return "unsafe", first + second
        if found := self._unsafe.search(danger):
            return ("unsure" if _STORY.search(danger, found.end()) else "unsafe"), found[0]
        if danger_head.endswith(self._unsafe_tail):
            return "unsafe", danger_head[-1]
        if danger_head.endswith(self._unsure_tail):
            return "unsure", danger_head[-1]
        if found := self._cash_sign.search(money_head) or self._unsafe_sign.search(danger_head):
            return "sign", found[0]
        return "good", ""
