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
_WORDLESS = re.compile(r"[\d\s.,，、:：/\-—~()（）+*#%]*")
"""Numbers, dates and the like are no titles."""
_NUMBER_TAIL = re.compile(r"[一二三四五六\d]$")
_CONSENT = re.compile(
    r"(?:监护|家长|父母|爸妈|家属|亲属|大人|长辈|当家|家里|户主|照料|照顾|照护|抚养|看护|带养|代理人|知情|阅读|了解|书面|自愿).*"
    r"(?:同意|授权|签字|签名|签章|签了?没|知晓|意见|意愿|愿意|回执|点头|[手指]印|答应|允许|许可|准许|认可|肯不肯|肯吗)"
    r"|同意.*(?:监护|家长|公示|公开|书|信息|提交|参加|使用)"
    r"|(?:同意|承诺|授权|知情)书.*(?:签|日期|时间|照片|图片|扫描)"
)
_PAST = re.compile(
    "去年|上年|往年|前年|上一?次|上期|往期|历[年次]|曾经?[有获得]|[已现原]有|已[获得领发收]|已经?[实完]|以前|获得过"
)
"""What was wished for before, or is there already."""
_RECEIVED = re.compile("领[取到]|签收|收货|收到")
"""家长领取签名 is signed when the gift has come."""
_AND = re.compile(r"\s*(?:[/&+、]|及|和|与|或)\s*")
_RELATED = re.compile("[^姓名及/、]{2,5}[与和跟].{0,6}关系")
"""监护人与儿童关系 is one thing, 监护人姓名及与孩子的关系 two."""
_QUESTION = re.compile(r"^[*★]?(?:Q\d{1,3}|第\d{1,3}题|\d{1,3}(?=[._、:：]))[._、:：\s\-]*", re.I)
"""How questionnaires number their columns."""
_QUESTION_BEFORE_SPACE = re.compile(
    r"^(?:0\d|\d\d(?=.*[(（【](?:必填|选填|单选|多选|填空)))\s+(?=[\u4e00-\u9fff])", re.S
)
"""01 班级, as others number them; 10 岁 is no title."""
_LATIN_AROUND = re.compile(r"[a-z]$"), re.compile(r"^[a-z]")
_SOMEBODY_ELSE = re.compile(
    "服刑|戒毒|涉案|涉罪|罪犯|犯罪|矫正|父|母|爷|奶|户主|户代表|户长|干部|社工|教师|老师|志愿|党员|认领|捐|资助|帮扶|结对"
    "|填|审|联系|经办|负责|督导|主任|网格|医|护士|保育|采集|登记|走访|推荐|录入|陪护"
)
_OF_A_CHILD = re.compile("儿童|孩子|学生|子女|少年|未成年|娃|幼儿|患儿|小朋友|本人")
_LONGEST_ASKED = 40
"""Questionnaires ask in whole sentences."""
_WISHED = re.compile("许.{0,3}愿|[盼想]要?.{0,2}(?:啥|什么|点什么)|最想要|心里想要|圆梦(?:清单|内容|心愿)|梦想$")
"""许个愿吧, 娃盼个啥."""
_COSTS = re.compile("(?<![评代无定])价$|(?:几|多少|好多|几多)个?块?钱$")
"""淘宝价, 大概几个钱."""
_LAST_WORD = re.compile(
    "(?:(?P<phone>(?:联系)?(?:电话|手机|电话号码?|手机号码?|联系方式|联系号码))|(?P<id>身份证号?码?)|(?P<sex>性别)|(?P<age>年龄)"
    "|(?P<birth>出生(?:日期|年月日?))|(?P<guardian>(?:联系人|家长|监护人)(?:姓名)?))$"
)
"""What a title that is not listed ends with is what its column holds, whoever stands before it: 带养人电话."""
_WHETHER = re.compile("^(?:是否为?|是不是|属于|有无)")
_PARTS_OF_A_DAY = frozenset("年月日")
_UNIT = re.compile(r"元$|rmb$")
_ASKING = re.compile(
    r"^(?:请(?:问|您|你)?)?(?:填写|填入|填|输入|选择|写下|写出|写|留下|提供|上传)?(?:一下)?(?:您|你)?(?:家)?(?:的)?(?:孩子|儿童|学生|小朋友|宝贝|被监护人)?(?:的)?"
    r"(?=.{2})"
)
_ASKED = re.compile(r"(?:分别)?(?:是什么|是谁|是哪[天年里]|是几号|叫什么|是多少|有哪些|为|是|呢|吗|如下)$")
"""What a question puts around a title: 请填写您孩子的姓名, 孩子的微心愿是什么."""
_OF_THE_FILLER = re.compile(r"^(?:请填写|请输入)?(?:您|你|填写人|填表人|家长)(?:本人)?的?(?:真实)?(?:姓名|名字|大名)$")
"""A questionnaire asks whoever fills it in."""
_LEGEND = re.compile("[:：](?=.)")
_IN_YUAN = re.compile(r"[(（/](?:单位:?)?(?:人民币)?元[)）]?$")
_INCOME = re.compile("收入|补助|补贴|低保|工资|存款|欠|债|学费|救助")
"""折价（元） is a price, 家庭年收入（元） none."""
_OF = re.compile(r"\s+of\s+|[(（]", re.I)
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
        self._kinds = {title_key(word): kind for kind, listed in words.kinds.items() for word in listed if kind != "no"}
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
            # 心愿（预算） is listed as a price, yet may be the wish with its price behind it, as the words before the bracket say.
            if "wish" in exact and _PAST.search(key):
                return []
            bare = self._exact.get(key, []) if "(" in tight(title) else []
            other = [Meaning(role, 0.9) for role in exact if role not in bare]
            return [*(Meaning(role, 1.0) for role in bare), *other] if bare else [Meaning(role, 1.0) for role in exact]
        if (both := self._both(title)) is not None:
            return both
        if _OF_THE_FILLER.search(key) is not None:
            return [Meaning("guardian", 1.0)]
        if headed := self._exact.get(title_key(_LEGEND.split(flat(title), maxsplit=1)[0]), ()):
            return [Meaning(role, 0.95) for role in headed]  # 类别：①孤儿②留守
        if (asked := _asked(key)) != key and (exact := self._exact.get(asked, [])):
            return [Meaning(role, 0.95) for role in exact if role != "group"]
        agreed = [Meaning("consent", 0.9)] if _CONSENT.search(key) and not _RECEIVED.search(key) else []
        if not 2 <= len(key) <= _LONGEST_ASKED:
            return agreed
        another = _SOMEBODY_ELSE.search(key) is not None and _OF_A_CHILD.search(key) is None
        cut = max(key.find(word) + len(word) if word in key else 0 for word in ("姓名", "名字"))
        if 0 < cut < len(key) and "name" in self._exact.get(key[:cut], ()) and (second := self._exact.get(key[cut:])):
            # 姓名年龄: two titles in one, and the first tells what the cells begin with
            return [Meaning("name", 0.9), *(Meaning(role, 0.8) for role in second if role != "name")]
        if key.isascii() and (told := self._last_words(title)):
            return [*agreed, *told]
        for words, role in ((_WISHED, "wish"), (_COSTS, "price")):
            if words.search(key) is not None and _PAST.search(key) is None:
                return [*agreed, Meaning(role, 0.75)]
        if (
            not another
            and (last := _LAST_WORD.search(key)) is not None
            and last.start() > 0
            and last.lastgroup is not None
        ):
            return [*agreed, Meaning(last.lastgroup, 0.5 + 0.4 * len(last[0]) / len(key))]
        # The longest listed title inside; of equals the last, for the head of a Chinese title comes last.
        for length in range(min(len(key), self._longest), 1, -1):
            for start in range(len(key) - length, -1, -1):
                roles = [r for r in self._exact.get(key[start : start + length], ()) if not r.startswith("flag_")]
                if "wish" in roles and _PAST.search(key):
                    return agreed  # 去年心愿, 已有物品
                if another and "name" in roles:
                    return agreed  # 服刑人员姓名 is not the child's
                if roles and not _inside_a_word(key, start, start + length):
                    # 心愿属性 is hardly the wish itself: what stands last is what the column holds.
                    fit = 0.5 + 0.4 * length / len(key) - (0.0 if start + length == len(key) else 0.15)
                    found = [Meaning(role, fit) for role in roles]
                    if start + length < len(key):
                        found += [m for m in self._last(key) if m.role not in roles]
                    return [*agreed, *sorted(found, key=lambda m: -m.fit)]
        return [Meaning("price", 0.8)] if _IN_YUAN.search(tight(title)) and not _INCOME.search(key) else agreed

    def _last(self, key: str) -> list[Meaning]:
        """What the end of a title says: 服务对象愿望 is rather a wish than a name."""
        for start in range(1, len(key) - 1):
            if roles := [r for r in self._exact.get(key[start:], ()) if not r.startswith("flag_")]:
                if _inside_a_word(key, start, len(key)) or ("wish" in roles and _PAST.search(key)):
                    return []
                return [Meaning(role, 0.5 + 0.4 * (len(key) - start) / len(key)) for role in roles]
        return []

    def _last_words(self, title: str) -> list[Meaning]:
        """Guardian phone is a phone, and Phone of guardian, too: English puts the head last, or before of."""
        words = [title_key(word) for word in re.split(r"[\s_]+", _OF.split(flat(title))[0]) if word]
        if len(words) > 1 and words[-1] == "name" and words[0] in self._exact:
            words = words[:-1]  # TOWN_NAME
        for start in range(len(words)):
            if roles := self._exact.get("".join(words[start:])):
                if "name" in roles and start and not {"child", "childs", "student", "students", "kid"} & set(words):
                    return []  # a name of whom nobody knows
                return [Meaning(role, 0.85) for role in roles]
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
            if form in self._exact and (form not in _PARTS_OF_A_DAY or form == key):
                return self._exact[form]  # 4.3日 is no day that lost its number
        # 是否低保户 is a box to tick; 是否同意 is listed itself.
        if not asks_whether(title):
            return []
        asked = _WHETHER.sub("", key)
        flags = [role for role in self._exact.get(asked, ()) if role.startswith("flag_")]
        return flags or (["flag_" + self._kinds[asked]] if asked in self._kinds else [])

    def _both(self, title: str) -> list[Meaning] | None:
        """姓名/班级, 家长及电话: a title of two, of which the first tells what the cells begin with."""
        if _RELATED.fullmatch(title_key(title)) is not None:
            return None
        parts = [part for part in _AND.split(_QUESTION.sub("", flat(title))) if part.strip()]
        if len(parts) not in (2, 3):
            return None
        first = self._listed(parts[0])
        second = self._listed(parts[1]) or self._listed("与" + parts[1])  # 监护人姓名及与孩子的关系
        if not first or not second or first == second:
            return None
        return [*(Meaning(role, 0.9) for role in first), *(Meaning(role, 0.8) for role in second if role not in first)]

    def need_of(self, title: str) -> str | None:
        """The flag of a kind of need that is the whole title: 新居民 beside 孤儿 and 残疾."""
        kind = self._kinds.get(title_key(title))
        return None if kind is None else "flag_" + kind

    def is_title(self, text: str) -> bool:
        """Whether a cell is wholly a listed title."""
        if (known := self._titles.get(text)) is None:
            known = self._titles[text] = (
                len(text) <= 40
                and _WORDLESS.fullmatch(text) is None
                and self._may_begin(text)
                and (title_key(text) in self._taught or bool(self._listed(text)))
            )
        return known

    def _may_begin(self, text: str) -> bool:
        """False only for a text that no listed title begins like: most cells are told from titles by their first characters."""
        if text[:2] in self._begins or text[:1] in self._begins or not _LEFT_OUT.isdisjoint(text[:2]):
            return True
        return not "\u4e00" <= text[:1] <= "\u9fff" or not text.isalnum()


def _asked(key: str) -> str:
    """A title without the words that make a question of it."""
    return _ASKED.sub("", _ASKING.sub("", key))


def _inside_a_word(key: str, start: int, end: int) -> bool:
    """Whether ``key[start:end]`` is a short piece of a longer word in Latin letters: jiage tells no age."""
    return end - start < 4 and key[start:end].isascii() and _beside_latin(key, start, end)


def _beside_latin(key: str, start: int, end: int) -> bool:
    before, behind = _LATIN_AROUND
    return before.search(key[:start]) is not None or behind.match(key[end:]) is not None


def asks_whether(title: str) -> bool:
    """是否低保户, and not 低保户 alone."""
    return _WHETHER.search(title_key(title)) is not None


@lru_cache(maxsize=8192)
def title_key(title: str, *, keep_brackets: bool = False) -> str:
    """A title without stars, spaces, punctuation and (unless kept) bracketed remarks."""
    text = tight(_QUESTION_BEFORE_SPACE.sub("", title) if title[:1].isdigit() else title)
    text = _QUESTION.sub("", text) or text
    if not keep_brackets:
        text = _BRACKETS.sub("", text) or text
    return _MARKS.sub("", text).replace("(", "").replace(")", "").lower()


_ORDINAL_OF = re.compile("第([一二三四五六1-6])|([一二三四五六1-6])$|(?:心愿|愿望|需求|礼物)([一二三四五六1-6])")


def ordinal_of(title: str) -> int:
    """1 for 心愿一, 第一心愿, 微心愿1; 0 when the title has no number."""
    key = title_key(title)
    match = _ORDINAL_OF.search(key)
    if match is None:
        return 0
    digit = match[1] or match[2] or match[3]
    return _ORDINALS.get(digit) or int(digit)


_CODE_AND_MEANING = re.compile(
    r"[(（]?([A-Za-z]|\d{1,2})[)）]?\s*[.、=＝:：\-—]?\s*([\u4e00-\u9fff][\u4e00-\u9fff/（）()]{0,11}?)(?=[\s,，;；、。.)）/|]|[(（]?[A-Za-z\d]|$)"
)
_LONG_CODE_AND_MEANING = re.compile(
    r"(?<![A-Za-z\u4e00-\u9fff])([甲乙丙丁戊己庚辛]|[A-Za-z]{2,4})\s*(?:[=＝:：—-]|为|是|指)\s*([\u4e00-\u9fff][\u4e00-\u9fff/（）()]{0,11}?)(?=[\s,，;；、。.)）/|]|$)"
)
"""甲=留守 and LB=留守 are codes only where something stands between them and their meaning."""


def legend_in(text: str) -> list[tuple[str, str]]:
    """Code and meaning pairs such as A孤儿 B困难家庭, 1=男 2=女, ①留守；②残疾."""
    shown = flat(text)
    pairs = _CODE_AND_MEANING.findall(shown) + _LONG_CODE_AND_MEANING.findall(shown)
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
