"""Prices: 约80元, 80-100, 捌拾元整, 不超过100元, ￥80.00, 45、168, 共180元. All results in integer fen."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from wishes.intake.understanding.numerals import CHINESE_NUMBER, number
from wishes.intake.understanding.text import flat, simple


class Price(NamedTuple):
    """One price in fen. ``low`` or ``high`` is None where the words give only the other end."""

    low: int | None
    high: int | None
    how: str = "written"
    confidence: float = 1.0


class PriceCell(NamedTuple):
    """What a price cell says. ``prices`` in order; ``total`` when it is stated to be a sum; ``empty`` when nothing is said."""

    prices: tuple[Price, ...]
    total: bool = False
    empty: bool = False
    understood: bool = True


_NUMBER = rf"(?:\d+(?:\.\d+)?(?:[百千万佰仟拾十][\d一二两三四五六七八九]*)?|{CHINESE_NUMBER}+)"
_PLAIN = re.compile(r"[¥￥]?([1-9]\d{0,4}(?:\.\d{1,2})?)元?")
_MONEY = re.compile(_NUMBER)
_NOISE = re.compile(r"(?:人民币|RMB|CNY|rmb|Rmb|cny|[¥￥$]|圆整|元整|块钱|元钱|圆|元|块|钱|整|yuan|Yuan|毛\b|正$)")
_EACH = re.compile(
    r"(?:/\s*|(?<=[元块])(?:一|每|1))(?:个|只|双|本|支|盒|把|件|条|辆|台|张|块|盏|副|套|顶|箱|瓶|份|床|根|次|人|包|袋|组|幅|盆|对|部|册|枚|颗|架|桶|提|罐|斤|位|名|卷|片|月|学期|天|年)"
)
_ABOUT = re.compile(
    r"(?:大约|大概|约为|约|左右|上下浮动|上下|浮动|不等|不定|之间|大致|差不多|估计|预计|参考价?|市场价|大概在|价格|预算|估价|单价|价|款|需|在|出头|多一?点|近|将近|:|,$|的$)"
)
_UP_TO = re.compile(
    r"(?:不超过|不超|不到|不满|不足|不高于|不多于|最多|至多|最高|小于等于|小于|低于|≤|<=|<|控制在|别超过)+\s*("
    + _NUMBER
    + r")(?:元|块)?(?:以内|以下|之内|内)?"
)
_WITHIN = re.compile(r"(" + _NUMBER + r")\s*(?:元|块)?(?:钱)?\s*(?:以内|以下|之内|内|之下|封顶|及以下|以里|不到)")
_FROM = re.compile(r"(?:不低于|不少于|至少|最低|大于|≥|>=|>)?\s*(" + _NUMBER + r")\s*(?:元|块)?\s*(?:以上|起|起步|多)")
_FROM_PREFIX = re.compile(r"(?:不低于|不少于|至少|最低|大于|≥|>=|>)\s*(" + _NUMBER + r")")
_RANGE = re.compile(rf"({_NUMBER})\s*(?:-{{1,3}}|~{{1,2}}|—{{1,2}}|–|―|─|一(?=\d)|至|到|∼|〜|～)\s*({_NUMBER})")
_TOTAL = re.compile(r"(?:合计|共计|总计|总价|一共|总共|小计|合共|共约|共|合)")
_CN_DIGIT = dict(zip("一两二三四五六七八九", (1, 2, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))
_LOOSE = re.compile(r"([一两二三四五六七八])([两二三四五六七八九])(十|百)")
_SAY_A_HUNDRED = re.compile(r"[百千]儿?[一二三四五六七八九]?[十百]")
"""百八十块, 百十来块: a hundred more or less, and not 180."""
_LOOSE_TENS = re.compile(r"([一两二三四五六七八九])百([一二三四五六七八])([二三四五六七八九])十?")
"""一百五六: 150 to 160."""
_IN_BRACKETS = re.compile(r"\(([^()]*)\)")
_A_PIECE = "[个只双本支盒把件条辆台张块盏副套顶箱瓶份床根次包袋]"
_NO_OTHER_PRICE = re.compile(rf"/\s*{_A_PIECE}|^每|单价|运费|邮费|^\d{{1,2}}{_A_PIECE}$")
"""Behind the price of a wish: (35/个), (含运费10), (2双)."""
_TIMES = re.compile(
    rf"(\d{{1,4}}(?:\.\d{{1,2}})?)(?:元|块)?(?:/{_A_PIECE})?\s*[*×xX]\s*(\d{{1,2}}){_A_PIECE}?(?:\s*[=＝]\s*(\d{{1,5}}(?:\.\d{{1,2}})?)元?)?"
)
"""35元×2=70元."""
_WITH_DIME = re.compile(r"(\d{1,5})\s*[块元]\s*([1-9])(?:毛|角)?(?:钱)?")
"""三块五: the digit behind counts tenths."""
_SHARED_UNIT = re.compile(
    r"([1-9]|[一二两三四五六七八])\s*(?:-|~|—|–|至|到|、|,)\s*([2-9]|[二两三四五六七八九])\s*(十|百|千)\s*(?:元|块)?(?:钱)?(?:左右|上下)?"
)
"""2-3百: both are hundreds."""
_CIRCLED = re.compile(r"[(（][1-9][)）](?=\d)")
_CIRCLED_PRICES = re.compile(r"[(（]1[)）]\d.*[(（]2[)）]\d")
_LIST = re.compile(r"[、,，;；\n/|+＋和及 ]+")
_LEAST = 500
_NO_PRICE = re.compile(r"[A-Za-z]|以[上下内]|超|低于|高于|[码号寸岁天年月日个件%％折角毛分]|美元")
_GLUED = re.compile(r"(?<=[元块])(?=\d{2})")
"""80元120元 are two."""
_LETTER_L = re.compile(r"(?<![A-Za-z])[lI](?=\d|[Oo]\d)")
_LETTER_O = re.compile(r"(?<=\d)[Oo](?=[\dOo元块]|$)")
_THOUSANDS = re.compile(r"(?<!\d)(\d),(\d{3})(?![\d,])")
_POINT = re.compile(r"(?<=\d)[.．](?=\D|$)")
_DANGLING = re.compile(r"(?<=[\d元])\s*[-~—–]+$")
_SEVERAL = re.compile(r"[\d元块]\s+\d|\d[,，、]\d")
_SPACE = re.compile(r"\s+")
_BEFORE_MONEY = re.compile(r"^[^\d¥￥" + CHINESE_NUMBER[1:-1] + r"]*?(?=\d|[¥￥])")
_NO = re.compile(r"[/\\—\-–?？.。…·、 *]*")


_DEAREST = 100_000
"""In yuan; what is more is a telephone or another number that slipped into the column."""


def _fen(text: str) -> int | None:
    value = number(text)
    return None if value is None or value > _DEAREST else round(value * 100)


@lru_cache(maxsize=16384)
def read_price(
    text: str, no_words: frozenset[str] = frozenset(), zero_words: frozenset[str] = frozenset()
) -> PriceCell:
    """Read a price cell. ``no_words`` mean that there is none, ``zero_words`` that it costs nothing."""
    # A Chinese comma lists; only a plain one may part thousands.
    text = simple(flat(text.replace("，", "、")))
    if (plain := _PLAIN.fullmatch(text)) is not None:
        exact = round(float(plain[1]) * 100)
        return PriceCell((Price(exact, exact),))
    if not text or text in no_words or _NO.fullmatch(text):
        return PriceCell((), empty=True)
    if text in zero_words:
        return PriceCell((Price(0, 0, "free"),))
    # A letter O among digits is a zero that somebody typed.
    text = _GLUED.sub("、", _LETTER_O.sub("0", _LETTER_L.sub("1", text)))
    text = _THOUSANDS.sub(r"\1\2", text)
    text = _POINT.sub("", text)
    text = _without_remark(text)
    if (m := _TIMES.fullmatch(text)) is not None:
        product = round(float(m[1]) * 100 * int(m[2]))
        if m[3] is None or round(float(m[3]) * 100) == product:
            return PriceCell((Price(product, product, "price of one times pieces", 0.9),))
    if (m := _WITH_DIME.fullmatch(text)) is not None:
        exact = int(m[1]) * 100 + int(m[2]) * 10
        return PriceCell((Price(exact, exact),))
    if (
        (m := _SHARED_UNIT.fullmatch(text)) is not None
        and (low := number(m[1]))
        and (high := number(m[2]))
        and low < high
    ):
        scale = {"十": 1000, "百": 10_000, "千": 100_000}[m[3]]
        return PriceCell((Price(int(low) * scale, int(high) * scale, "range in words", 0.9),))
    total = _TOTAL.search(text) is not None
    if total:
        text = _TOTAL.sub("", text)
    text = _EACH.sub(" ", text).strip()
    one = _one(text)
    if one is not None:
        return PriceCell((one,), total)
    if _CIRCLED_PRICES.match(text) is not None:
        text = _CIRCLED.sub(" ", text)  # ①30②18
    if re.match(r"[(（]?1[)）.、:：]", text) and re.search(r"(?<!\d)2[)）.、:：]", text):
        text = re.sub(r"(?:^|(?<=[;；,，、\s元块]))[(（]?[1-9][)）.、:：](?=\D*\d)", " ", text)
    pieces = [p for p in _LIST.split(text) if p.strip("()（）:： ")]
    prices = []
    for piece in pieces:
        cleaned = _BEFORE_MONEY.sub("", piece.strip("()（）"))
        price = Price(0, 0, "free") if piece in zero_words else _one(cleaned or piece)
        if price is None:
            if not re.search(r"\d", piece):
                continue  # a word between two prices
            return _among_words(text, total)
        prices.append(price)
    return PriceCell(tuple(prices), total) if prices else _among_words(text, total)


def _among_words(text: str, total: bool) -> PriceCell:
    """The one number of 99.9包邮, unless words tell that it is no price."""
    found = [f for f in _MONEY.findall(text) if f[0].isdigit()]
    if len(found) == 1 and (fen := _fen(found[0])) is not None and fen >= _LEAST and _NO_PRICE.search(text) is None:
        return PriceCell((Price(fen, fen, "number among words", 0.7),), total)
    return PriceCell((), total, understood=False)


def _without_remark(text: str) -> str:
    """Without a remark in brackets (含运费), a sum repeated in words (贰佰元整), and a dash that leads nowhere."""
    for inside in _IN_BRACKETS.findall(text):
        outside = text.replace(f"({inside})", "", 1)
        repeated = number(_NOISE.sub("", inside))
        remark = (_MONEY.search(inside) is None or _NO_OTHER_PRICE.search(inside)) and _MONEY.search(
            outside
        ) is not None
        if remark or (repeated is not None and repeated == number(_NOISE.sub("", outside))):
            text = outside
    return _DANGLING.sub("", text.strip())


def _one(text: str) -> Price | None:
    """A single price or range, or None."""
    if _SEVERAL.search(text) is not None:
        return None
    if m := _LOOSE.fullmatch(_SPACE.sub("", _ABOUT.sub("", _NOISE.sub("", text)))):
        scale = {"十": 1000, "百": 10000}[m[3]]
        return Price(_CN_DIGIT[m[1]] * scale, _CN_DIGIT[m[2]] * scale, "range in words", 0.9)
    bare = _NOISE.sub("", text)
    bare = _SPACE.sub("", bare)
    if m := _LOOSE_TENS.fullmatch(_ABOUT.sub("", bare)):
        hundreds, least, most = (_CN_DIGIT[digit] for digit in m.groups())
        return Price(hundreds * 10_000 + least * 1000, hundreds * 10_000 + most * 1000, "range in words", 0.9)
    if (m := _UP_TO.fullmatch(bare)) or (m := _WITHIN.fullmatch(_ABOUT.sub("", bare))):
        high = _fen(m[1])
        return None if high is None else Price(None, high, "ceiling in words")
    if m := _RANGE.fullmatch(_ABOUT.sub("", bare)):
        low, high = _fen(m[1]), _fen(m[2])
        if low is None or high is None:
            return None
        if low > high:
            # 1百到2 is said for 100 to 200; a falling range is otherwise a slip and read both ways round.
            low, high = high, low
        return Price(low, high, "range")
    if (m := _FROM_PREFIX.fullmatch(bare)) or (bare.endswith(("以上", "起", "起步")) and (m := _FROM.fullmatch(bare))):
        low = _fen(m[1])
        return None if low is None else Price(low, None, "floor in words", 0.8)
    core = _ABOUT.sub("", bare).strip("()（）:：")
    about = core != bare
    if core.endswith(("多", "来", "余", "把")):
        core, about = core[:-1], True
    if _SAY_A_HUNDRED.fullmatch(core) is not None:
        return None
    if core in ("百", "千"):
        core = "一" + core  # 百把块
    value = _fen(core)
    if value is None:
        return None
    return Price(value, value, "about" if about else "written", 0.95 if about else 1.0)


_INLINE = re.compile(
    r"[(（\[【]?\s*(?:价格|预算|估价|单价|参考价|价值|价)?[:：]?\s*"
    r"(?P<money>(?:约|大约|大概|不超过|不高于|最多|≤|<=|共|合计)?\s*[¥￥]\s*\d+(?:\.\d+)?|"
    r"(?:约|大约|大概|不超过|不高于|最多|≤|<=|共|合计)?\s*"
    + _NUMBER
    + r"(?:\s*(?:元|块)?\s*[-~—–～至到]\s*"
    + _NUMBER
    + r")?\s*(?:多)?(?:元整|块钱|元|圆|块)(?:钱)?\s*(?:左右|以内|以下|上下|之内)?)"
    r"(?:\s*/\s*\w)?\s*[)）\]】]?"
)
_UNIT = re.compile(r"[元块圆¥￥]")
_BEFORE_PIECES = re.compile(r"[一两二三四五六七八九十\d]块(?!钱)")
_TOLD = re.compile(
    r"[,，、;；(（\[]?\s*(?:参考|预估|市场|大概)?(?:价格|价钱|价位|预算|估价|售价|价值|单价|价)[:：]?\s*"
    r"(?P<money>(?:大概|大约|约|在|≤|不超过)?\s*\d{2,4}(?:\s*-\s*\d{2,4})?(?:左右|以内)?)(?![\d.]*\s*[码号cC寸])\s*[)）\]]?"
)
_SPELLED = re.compile(r"[(（]\s*(?P<money>(?:约|大约|大概)?[一两二三四五六七八九]?百[一二三四五六七八九]?十?)\s*[)）]")
"""书包，价格大概80 and 蚊帐（一百二): a price by its word or its numeral, without 元."""


_HEIGHT_AND_PRICE = re.compile(r"(身高\s*1\d\d)(?=\d{2,3}(?:\.\d+)?\s*[元块])")
"""身高17080元: a height and a price run into each other."""


@lru_cache(maxsize=16384)
def inline_price(text: str) -> tuple[str, Price | None]:
    """A wish's text without the price written into it, and that price."""
    if _UNIT.search(text) is None:
        if (told := _TOLD.search(text) or _SPELLED.search(text)) is not None and told.start() > 0:
            cell = read_price(told["money"])
            if len(cell.prices) == 1:
                return (text[: told.start()] + " " + text[told.end() :]).strip(" ,，:：-"), cell.prices[0]
        return text, None
    text = _HEIGHT_AND_PRICE.sub(r"\1 ", text)
    for match in _INLINE.finditer(text):
        money = match["money"]
        if _BEFORE_PIECES.fullmatch(money.strip()) and "(" not in match[0]:
            continue  # 一块手表: pieces, not money
        cell = read_price(money)
        if len(cell.prices) == 1:
            rest = (text[: match.start()] + " " + text[match.end() :]).strip(" ,，:：-")
            return rest, cell.prices[0]
    return text, None
