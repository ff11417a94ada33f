"""What is wished for: from the words of one wish to item, category, need, size and number of pieces."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import NamedTuple

from wishes.intake.understanding.catalogued import NEEDS, CatalogueItem, is_akin, nearest_of
from wishes.intake.understanding.dangers import Guard
from wishes.intake.understanding.numerals import CHINESE_NUMBER, number
from wishes.intake.understanding.prices import Price, inline_price
from wishes.intake.understanding.sizes import SIZE, size_in
from wishes.intake.understanding.text import flat, simple, tight
from wishes.intake.words import Item, Words

CATEGORIES = (
    "study",
    "book",
    "clothing",
    "sport",
    "art",
    "toy",
    "daily",
    "aid",
    "experience",
    "companionship",
    "psych",
)


class Thing(NamedTuple):
    """One wished-for thing. ``verdict`` is ``good``, ``none`` (no wish), ``unsafe``, ``cash``, ``unsure``, ``either`` or ``unknown``."""

    verdict: str
    item: str | None = None
    category: str | None = None
    need: str | None = None
    size_kind: str | None = None
    size: float | None = None
    qty: int | None = None
    price: Price | None = None
    catalogued: bool = False
    how: str = "exact"
    confidence: float = 1.0
    doubt: str = ""
    """The word that makes it unsure, or the things of which any would do."""


class _Known(NamedTuple):
    item: str
    category: str
    need: str
    size_kind: str | None
    catalogued: bool


_Reading = tuple[_Known | None, str, float]
"""What was found, how, and how surely."""
_TAUGHT = re.compile("(?:教|陪|辅导)着?我(?!.*的)")
_SAID = (
    (
        re.compile("(?:爸|妈|父|母).{0,6}(?:回[家来]|陪|团[聚圆]|一起|身边)|^(?:见|看看|看望|想).{0,3}(?:爸|妈|父母)"),
        "亲子团聚",
        "companionship",
    ),
    (re.compile("(?:教|辅导)着?我"), "陪写作业", "companionship"),
    (re.compile("^爬.{0,6}[山岩峰岭]$"), "爬山", "experience"),
    (_TAUGHT, "周末陪伴", "companionship"),
    (re.compile("有.{0,8}陪(?:着|伴)?$"), "周末陪伴", "companionship"),
    (re.compile("^(?:去|到)(?!.*(?:医院|看病|治|上学|读书|上班|打工|买)).{2,}"), "", "experience"),
)
"""Wishes without a thing, by the way they are said."""
_WENT = re.compile("(?:想|希望|盼望?|要|能)(?:能|可以)?[去到](?!.*[的用穿戴][^的]{1,5}$)")
"""The opening words 想去 are cut off; 哈尔滨看冰灯 is no lamp."""
_SUCH = re.compile(r"^.*[、和](?:[\u4e00-\u9fff]{1,6})(?:这些|之类的?)(?=[\u4e00-\u9fff]{2})")
"""脸盆、牙刷这些洗漱用品 are 洗漱用品."""
_CINEMA = re.compile("^(?!.*(?:票|卡|碟|海报|机)).*(?:看.{0,3}电影|电影院|影院|影城)")
"""去电影院看《熊出没》 is no toy of that name."""
_NO_THING = re.compile("吵架|打架|考[上进取到]|成绩[好提进上]|身体健康|平平?安安?$")
_TITLE = re.compile(
    r"《([^《》]{2,20})》(?:这?一?[本套册部])?(?:书|全集|图书)?(?:\s*[\d一二两三四五六七八九十]{1,2}\s*[本套册部])?"
)
_LETTER = re.compile(r"\w")
_QUOTES = re.compile(r"[“”\"'‘’「」『』]")
_PARENTHESES = re.compile(r"[(\[【][^()\[\]【】]*[)\]】]")
_OR = re.compile(r"或者?(?!许)")
_MODEL = re.compile(r"\d{1,2}号|[一二三四五六七]号")
_ENDINGS = tuple("可行好了吧哦呀啦呢")
_ENDING = re.compile("(?:即可|(?:就|都)(?:行|好|可以)了?|吧|哦|呀|啦|呢)$")
_LIST_MARK = re.compile(r"^[(（]?\d{1,2}[)）.、](?!\d)\s*")
_LETTER_SIZE = re.compile(r"(?<![A-Za-z])(?:X{0,4}[LS]|M|\dXL)(?:码|号)?(?![A-Za-z])", re.I)
_DIGIT = re.compile(r"\d")
_DIGIT_OR_LETTER = re.compile(r"[\dA-Za-z]")
_TIMES = re.compile(r"\s*[*×xX✕＊]\s*(\d{1,3})(?!\d)|(?<=[^\d])\s*(\d{1,3})\s*[*×xX](?=\s|$)")


class ThingReader:
    """Reads wishes by the catalogue and the words of ``words``; one instance for a whole run, results are remembered."""

    def __init__(self, catalogue: Iterable[CatalogueItem], words: Words) -> None:
        self.catalogue = {c.name: c for c in catalogue}
        self._known: dict[str, _Known] = {}
        for entry in self.catalogue.values():
            self._known[_key(entry.name)] = _Known(entry.name, entry.category, entry.need, entry.size_kind, True)
        for item in words.items:
            listed = self.catalogue.get(item.name) or self._under_another_word(item)
            if listed is not None:
                known = _Known(listed.name, listed.category, listed.need, listed.size_kind, True)
            elif item.category:
                known = _Known(item.name, item.category, NEEDS.get(item.category, "none"), item.size_kind, False)
            else:
                known = _default(item.name)
            rivals = [self.catalogue[word] for word in (item.name, *item.synonyms) if word in self.catalogue]
            for word in (item.name, *item.synonyms):
                own = self.catalogue.get(word)
                if own is None and len(rivals) > 1 and (nearest := nearest_of(word, rivals)) not in (None, listed):
                    # Where the catalogue has 棉鞋 and 雪地靴, 雪地棉靴 are the latter.
                    self._known.setdefault(
                        _key(word), _Known(nearest.name, nearest.category, nearest.need, nearest.size_kind, True)
                    )
                    continue
                if own is None:
                    if listed is None and item.synonyms:
                        # Beyond the catalogue the sender's own word is the better name.
                        self._known.setdefault(
                            _key(word),
                            _Known(
                                word if word in item.synonyms else item.name,
                                known.category,
                                known.need,
                                known.size_kind,
                                False,
                            ),
                        )
                    elif listed is not None and listed.name != item.name and not is_akin(word, listed):
                        self._known.setdefault(_key(word), known._replace(item=word, catalogued=False))
                    else:
                        self._known.setdefault(_key(word), known)
        self.words: Collection[str] = self._known.keys()
        """The listed things, tight, without marks."""
        self._lengths = lengths_by_beginning(self._known)
        self._heads = sorted(
            ((head, kind) for kind, heads in words.heads.items() for head in heads), key=lambda pair: -len(pair[0])
        )
        phrases = words.phrases
        self._no_wish = frozenset(_key(w) for w in phrases["no_wish"])
        starts = sorted(set(phrases["wish_start"]), key=len, reverse=True)
        self._starts = tuple(s for s in starts if len(s) > 1 or s == "想")
        self._start = re.compile("(?:" + "|".join(map(re.escape, starts)) + r")[ :：,，]*(?=\S)")
        self._containers = frozenset(phrases["container"])
        self._kin = frozenset(phrases["relation"])
        self._reasons = tuple(phrases["reason_start"])
        self._attributes = frozenset(phrases["color"])
        units = "|".join(sorted(map(re.escape, phrases["unit_words"]), key=len, reverse=True))
        amount = rf"(?:\d{{1,3}}|{CHINESE_NUMBER}{{1,3}})"
        self._front = re.compile(rf"^(?P<n>{amount}|几|整|全)(?:{units})(?!(?:装|餐|套))")
        self._back = re.compile(rf"(?P<n>{amount}|整)(?:{units})$")
        self._guard = Guard(words)
        self._cache: dict[str, Thing] = {}

    def _under_another_word(self, item: Item) -> CatalogueItem | None:
        """The catalogue's one line for a thing it calls by another of its words."""
        named = [self.catalogue[word] for word in item.synonyms if word in self.catalogue]
        return named[0] if len(named) == 1 and not item.loose else None

    def read(self, text: str) -> Thing:
        """Read one wish (already split from its neighbours)."""
        if (known := self._cache.get(text)) is None:
            known = self._cache[text] = self._read(text)
        return known

    def size_kind_of(self, item: str, thing: Thing) -> str | None:
        """The kind of size that fits an item already read."""
        if item in self.catalogue:
            return self.catalogue[item].size_kind
        known = self._known.get(_key(item))
        if known is not None:
            return known.size_kind
        head = next((kind for h, kind in self._heads if _key(item).endswith(h)), "")
        return head.partition("/")[2] or None if thing.how == "last character" else None

    def says_nothing(self, text: str) -> bool:
        """Whether a wish cell is empty or says 无, 待定, / and the like."""
        key = _key(text)
        return not key or key in self._no_wish or _LETTER.search(key) is None

    def is_attribute(self, text: str) -> bool:
        """Whether a fragment holds only size, colour or number of the wish before it."""
        rest = _LETTER_SIZE.sub("", _TIMES.sub("", SIZE.sub("", inline_price(simple(flat(text)))[0])))
        rest = self._back.sub("", self._front.sub("", tight(rest)))
        rest = rest.strip("()的是:：,，。各约")
        return (
            not rest
            or rest in self._attributes
            or _MODEL.fullmatch(rest) is not None
            or rest in ("颜色", "身高", "尺码", "鞋码")
        )

    def is_reason(self, text: str) -> bool:
        """Whether a fragment tells why instead of what."""
        return tight(text).startswith(self._reasons)

    def is_wish(self, text: str) -> bool:
        """Whether a fragment clearly names a thing we know."""
        thing = self.read(text)
        return thing.verdict in ("unsafe", "cash", "unsure") or (thing.verdict == "good" and thing.confidence >= 0.85)

    def starts_like_wish(self, text: str) -> bool:
        """Whether it opens with 想要, 希望 and the like."""
        bare = tight(text)
        return bare.startswith(self._starts)

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────────

    def _read(self, text: str) -> Thing:
        if self.says_nothing(text):
            return Thing("none")
        shown = simple(flat(text))
        without_price, price = inline_price(shown)
        size_text = without_price
        core, qty = self._core(self._without_reason(without_price))
        verdict, doubt = self._guard.judge(shown, core)
        if not core and price is not None:
            return Thing("cash", tight(shown), price=price, how="only money")
        found, how, confidence = self._find(core)
        if how != "exact":
            found, how, confidence = self._by_turn_of_phrase(core, without_price, (found, how, confidence))
        qty = qty or self._bracketed(without_price, found)
        if price is None and found is not None and found.size_kind is None:
            price = _bare_price(without_price, found.item)
        if verdict == "cash":
            return Thing(
                "cash", re.sub(r"\s+", "", self._bare(shown)), qty=1, price=price, how="listed", confidence=0.95
            )
        if verdict == "unsafe":
            return Thing("unsafe", core or shown, qty=qty or 1, price=price, how="listed", confidence=0.95)
        size_kind, size = self._size(size_text, found)
        if found is None:
            unsure = verdict in ("unsure", "sign")
            return Thing(
                "unsure" if unsure else "unknown",
                core or shown,
                None,
                None,
                None,
                None,
                qty,
                price,
                how="unknown",
                confidence=0.3,
                doubt=doubt if unsure else core,
            )
        good = Thing(
            "good",
            found.item,
            found.category,
            found.need,
            size_kind,
            size,
            qty,
            price,
            found.catalogued,
            how,
            confidence,
        )
        if verdict == "unsure" or (verdict == "sign" and confidence < 0.95):
            return good._replace(verdict="unsure", confidence=0.5, doubt=doubt)
        named = self._named_by_turns(core)
        return good._replace(verdict="either", confidence=0.5, doubt="、".join(named)) if len(named) > 1 else good

    def _named_by_turns(self, core: str) -> list[str]:
        """The different things of 轮椅或者助行器, any of which would do; nothing where 或 does not part things."""
        if "或" not in core or core in self._known:
            return []
        found = [self._find(part) for part in _OR.split(core) if part]
        return list(dict.fromkeys(known.item for known, _, sure in found if known is not None and sure >= 0.9))

    def _without_reason(self, text: str) -> str:
        """Without the clause that tells why: 练习本,上学用 is 练习本."""
        text = _SUCH.sub("", text)
        head, comma, tail = text.replace("，", ",").partition(",")
        return head if comma and head.strip() and self.is_reason(tail) else text

    def _bare(self, text: str) -> str:
        """Without quotes, list number and opening words."""
        text = _QUOTES.sub("", text).strip(" ,，。;；:：!！")
        if text[:1] in "(（0123456789":
            text = _LIST_MARK.sub("", text)
        while (start := self._start.match(text)) is not None and _key(text) not in self._known:
            text = text[start.end() :]
        if text.endswith(_ENDINGS) and _key(text) not in self._known:
            text = _ENDING.sub("", text)
        return text

    def _core(self, text: str) -> tuple[str, int | None]:
        """The words that name the thing, and the number of pieces written among them."""
        qty: int | None = None
        if _DIGIT.search(text) is not None and (times := _TIMES.search(text)) is not None:
            qty = int(times[1] or times[2])
            text = text[: times.start()] + " " + text[times.end() :]
        bare = _PARENTHESES.sub(" ", text)
        bare = re.sub(r"[(（\[【].*$", "", bare) if bare.count("(") != bare.count(")") else bare
        bare = self._bare(bare)
        if _key(bare) in self._known:
            return _key(bare), qty
        if _DIGIT_OR_LETTER.search(bare) is not None:
            bare = _LETTER_SIZE.sub(" ", SIZE.sub(" ", bare))
            if (glued := _GLUED.fullmatch(tight(bare))) is not None and _key(glued[0][: -len(glued[1])]) in self._known:
                bare = glued[0][: -len(glued[1])]  # 棉服120
        bare = tight(bare).strip(",，。;；:：、!！~-—·/|")
        for _ in range(2):
            if (back := self._back.search(bare)) is not None and _key(bare) not in self._known and back.start() > 0:
                value = number(back["n"])
                qty = qty or (int(value) if value else None)
                bare = bare[: back.start()].rstrip("共/|")
            if (
                (front := self._front.match(bare)) is not None
                and _key(bare) not in self._known
                and len(bare) > front.end()
            ):
                value = number(front["n"])
                qty = qty or (int(value) if value else None)
                bare = self._bare(bare[front.end() :].removeprefix("的"))
        return _key(bare), qty

    def _bracketed(self, text: str, found: _Known | None) -> int | None:
        """Pieces told in brackets, counted as the catalogue counts them: 一副球拍(2支) is one pair."""
        own = self.catalogue[found.item].measure_word if found is not None and found.item in self.catalogue else ""
        for inside in _PARENTHESES.findall(text):
            counted = self._front.fullmatch(tight(inside[1:-1]))
            if counted is not None and counted[0].endswith(
                (own, "个", "件", "套", "份") if own else ("个", "件", "套", "份")
            ):
                value = number(counted["n"])
                return int(value) if value else None
        return None

    def _find(self, core: str) -> tuple[_Known | None, str, float]:
        if not core:
            return None, "unknown", 0.0
        if (known := self._known.get(core)) is not None:
            return known, "exact", 1.0
        if core in self._kin:
            return None, "unknown", 0.0  # 奶奶 is no milk
        if core[-1] in "子儿" and (known := self._known.get(core[:-1])) is not None:
            return known, "last word", 0.95  # 炕桌子, 跳绳儿
        start = next((i for i in range(1, len(core) - 1) if core[i:] in self._known), None)
        if start is not None:
            suffix, before = self._known[core[start:]], self._known.get(core[:start])
            if before is not None and _are_two(core[:start], before, core[start:], suffix):
                return suffix, "two things", 0.5
            return suffix, "last word", 0.95
        inner, end = self._inner(core)
        head = next(((h, kind) for h, kind in self._heads if core.endswith(h)), None)
        if inner is not None and (
            head is None or head[0] in self._containers or end >= len(core) - 1 or inner.category in NEEDS
        ):
            return inner, "word inside", 0.9
        if head is not None and len(core) > len(head[0]):
            category, _, size_kind = head[1].partition("/")
            return (
                _Known(core, category, NEEDS.get(category, "none"), size_kind or None, False),
                "last character",
                0.85 if len(core) <= 8 else 0.7,
            )
        if inner is not None:
            return inner, "word inside", 0.8
        single = self._known.get(core[-1])
        if single is not None:
            return _Known(core, single.category, single.need, single.size_kind, False), "last character", 0.8
        return None, "unknown", 0.0

    def _by_turn_of_phrase(self, core: str, shown: str, read: _Reading) -> _Reading:
        """What is told by how it is said, where no word names the whole: 教我弹琴, 去海南玩, 妈妈多陪我, 《狼图腾》."""
        found = read[0]
        if _NO_THING.search(core) is not None:
            return None, "unknown", 0.0
        if _CINEMA.search(core) is not None and (found is None or found.category != "experience"):
            return (
                self._known.get("看电影") or _Known("看电影", "experience", "vetted", None, False),
                "turn of phrase",
                0.9,
            )
        if "心理" in core and (found is None or found.category != "psych"):
            words = [w for w in self._known if "心理" in w and w in core and self._known[w].category == "psych"]
            named = self._known[max(words, key=len)] if words else _Known(core, "psych", "psych", None, False)
            return named, "word inside", 0.9
        went = read[1] in ("last character", "unknown") and _WENT.search(shown) is not None
        if (
            found is not None
            and not went
            and (read[1] != "last character" if found.category in NEEDS else _TAUGHT.search(core) is None)
        ):
            return read
        for said, item, category in _SAID:
            if said.search("去" + core if went else core) is not None:
                named = self._known.get(item) or _Known(core, category, NEEDS[category], None, False)
                return named, "turn of phrase", 0.8
        if (title := _TITLE.fullmatch(self._bare(shown))) is not None:
            return _Known(title[1], "book", "none", None, False), "title", 0.9
        return read

    def _inner(self, core: str) -> tuple[_Known | None, int]:
        """The longest known word inside, the last of equals; at least two characters."""
        word, end = "", 0
        for start in range(len(core) - 1):
            for length in self._lengths.get(core[start : start + 2], ()):
                if length < len(word):
                    break
                if length < len(core) and core[start : start + length] in self._known:
                    word, end = core[start : start + length], start + length
                    break
        return self._known.get(word), end

    def _size(self, text: str, found: _Known | None) -> tuple[str | None, float | None]:
        if found is None or found.size_kind is None:
            return None, None
        size = size_in(text, found.size_kind) or size_in(_TIMES.sub(" ", text), found.size_kind, bare=True)
        return (found.size_kind, size) if size is not None else (None, None)


_TRAILING = re.compile(r"(?:[\s:：,，\-—(（\[]+|(?<=[个只双本支盒把件条辆台张块盏副套顶箱瓶份床根]))(\d{2,4})[)）\]]?$")
_GLUED = re.compile(r"[\u4e00-\u9fff]{2,8}(\d{2,3})")
_IN_PIECES = re.compile("拼图|积木|乐高|磁力片|雪花片|卡片|词典|字典|棋")
_COLOURS = frozenset(("12", "18", "24", "36", "48", "60", "72"))


_WORN_OR_USED = frozenset(("clothing", "study", "daily", "aid"))
"""Things of other kinds lend others their name: 奥特曼书包, 篮球服, 象棋书."""
_GENERAL = re.compile("(?:用品|用具|工具|器材|类|文具|服装|衣物|套装|校服|运动服|睡衣)$")
_ANY_OF_ITS_KIND = re.compile("(?:外套|衣服|上衣|大衣|衣裳|套装|服装|裤子|马甲|包|盒|套|架|袋|罩)$")


def _are_two(first: str, one: _Known, second: str, other: _Known) -> bool:
    """Whether two words one behind the other are two things: 衣服鞋子, 棉袄棉裤, but not 羽绒服外套."""
    return (
        min(len(first), len(second)) >= 2
        and one.item != other.item
        and one.category in _WORN_OR_USED
        and other.category in _WORN_OR_USED
        and _GENERAL.search(first) is None
        and _ANY_OF_ITS_KIND.search(second) is None
    )


def _bare_price(text: str, item: str) -> Price | None:
    """A number after the wish, without 元: a price, unless it may count colours or pieces."""
    match = _TRAILING.search(text) or _GLUED.fullmatch(text)
    if match is None or (match[1] in _COLOURS and ("笔" in item or "彩" in item)) or _IN_PIECES.search(item):
        return None
    return Price(int(match[1]) * 100, int(match[1]) * 100, "number without unit", 0.75)


def lengths_by_beginning(words: Iterable[str]) -> dict[str, list[int]]:
    """The lengths of the words that begin with the same two characters, the longest first; shorter words are left out."""
    lengths: dict[str, set[int]] = defaultdict(set)
    for word in words:
        if len(word) > 1:
            lengths[word[:2]].add(len(word))
    return {beginning: sorted(found, reverse=True) for beginning, found in lengths.items()}


_MARKS = str.maketrans("", "", "《》〈〉“”\"'‘’「」『』<>*★☆")


@lru_cache(maxsize=65536)
def _key(text: str) -> str:
    return tight(text).translate(_MARKS).lower()


def _default(name: str) -> _Known:
    return _Known(name, "", "none", None, False)
