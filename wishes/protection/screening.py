"""Free text before a volunteer sees it: what would tell who or where the child is, is masked.

Finds phone and identity numbers, e-mail and chat accounts, addresses, schools, and the names it is told. It errs on the
side of masking. It cannot find what it is neither told nor able to recognise (a name in passing, a name in pinyin), so a
person still looks at the text before it is published.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

HAN: Final = r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af]"


class Kind(StrEnum):
    PHONE = "phone"
    ID_NUMBER = "id_number"
    NUMBER = "number"  # long enough to be a phone, a card, a birth date; which one does not matter
    ACCOUNT = "account"
    ADDRESS = "address"
    SCHOOL = "school"
    NAME = "name"


MASKS: Final[dict[Kind, str]] = {
    Kind.PHONE: "【电话】",
    Kind.ID_NUMBER: "【证件号】",
    Kind.NUMBER: "【号码】",
    Kind.ACCOUNT: "【账号】",
    Kind.ADDRESS: "【地址】",
    Kind.SCHOOL: "【学校】",
    Kind.NAME: "【姓名】",
}


@dataclass(frozen=True, slots=True)
class Found:
    """One place in the text as it was given: characters *start* to *end*."""

    kind: Kind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Screened:
    """``text`` may be shown. ``found`` says what was masked and where it stood, for the person who checks."""

    text: str
    found: tuple[Found, ...]


def screen(
    text: str, *, names: Iterable[str] = (), schools: Iterable[str] = (), addresses: Iterable[str] = ()
) -> Screened:
    """Mask in *text* what identifies a child.

    *names* are those of the child and the guardians: masked whole, also spaced out, without the surname, and as 小明,
    王同学, 王妈妈. *schools* and *addresses* are masked whole and by their telling parts; county and city stay,
    volunteers see them anyway. Screening a screened text again changes nothing.
    """
    plain, origin = _plain(text)
    digits = plain.translate(_CHINESE_DIGITS)
    found: list[Found] = []
    for kind, start, end in (
        *_numbers(plain, digits),
        *_accounts(plain),
        *_named(plain, names),
        *_schools(plain, schools),
        *_addresses(plain, addresses),
    ):
        found.append(Found(kind, origin[start], origin[end - 1] + 1))
    kept = tuple(_merged(found))
    pieces, place = [], 0
    for item in kept:
        pieces += [text[place : item.start], MASKS[item.kind]]
        place = item.end
    return Screened("".join(pieces) + text[place:], kept)


Span = tuple[Kind, int, int]  # in the plain text

_INVISIBLE: Final = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_CHINESE_DIGITS: Final = str.maketrans("零〇一幺壹二两贰三叁四肆五伍六陆七柒八捌九玖", "0011122233445566778899")
_GAP: Final = r"[\s\-—–_.·,，、/()*+]{0,3}"
# the letters o, l and i stand for digits when fingers or scanners slip
_MOBILE: Final = re.compile(rf"(?<![\da-z])(?:\+?(?:00)?86{_GAP})?[1li]{_GAP}[3-9](?:{_GAP}[\doli]){{9}}(?![\da-z])")
_LANDLINE: Final = re.compile(rf"(?<!\d)\(?0\d{{2,3}}\)?{_GAP}\d{{3,4}}{_GAP}\d{{4}}(?!\d)")
_ID_NUMBER: Final = re.compile(
    rf"(?<!\d)[1-9](?:{_GAP}\d){{16}}{_GAP}[\dx](?!\d)|(?<!\d)\d{{3,}}[*x×]{{2,}}\d{{0,4}}x?"
)
_LONG_NUMBER: Final = re.compile(r"\d(?:-?\d){6,}")
_EMAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_CHAT: Final = re.compile(
    r"(?:微信|薇信|威信|v信|weixin|wechat|wx|vx|qq|扣扣|抖音|快手|支付宝)(?:号码?|群|id)?[\s:：是为,，]{0,4}"
    r"([a-z0-9][a-z0-9_\-]{4,})"
)

_SURNAMES: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚"
    "沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向汤"
    "俞章鲁葛毕倪施翁楼柴骆"
)
_COMPOUND_SURNAMES: Final = (
    "欧阳",
    "上官",
    "司马",
    "诸葛",
    "司徒",
    "东方",
    "皇甫",
    "尉迟",
    "公孙",
    "慕容",
    "令狐",
    "夏侯",
    "长孙",
    "宇文",
    "端木",
)
_INTRODUCED: Final = re.compile(
    rf"(?:我叫|名叫|叫做|名字叫|名字是|名字为|姓名)[\s:：是为]{{0,3}}"
    rf"((?:{'|'.join(_COMPOUND_SURNAMES)}|[{_SURNAMES}]){HAN}{{1,2}})"
)
_CALLED: Final = "小朋友|小妹妹|小弟弟|小姑娘|同学|家长|妈妈|爸爸|奶奶|爷爷|外婆|外公|先生|女士|老师|宝宝|姑娘|某"

_SCHOOL_KIND: Final = "(?:小学|中学|初中|高中|学校|幼儿园)(?!生)"
_SCHOOL: Final = re.compile(
    rf"{HAN}{{0,6}}(?:中心|实验|希望|民族|完全|附属|第[一二三四五六七八九十\d]{{1,3}}){_SCHOOL_KIND}"
    rf"|{HAN}{{0,6}}(?![农乡]村|城市|城镇){HAN}[镇乡村区县市]{_SCHOOL_KIND}"
)
_LED_IN: Final = re.compile(
    "住在|家住|住址|地址|户籍|位于|寄到|寄往|送到|送往|来自|就读于|就读|上学|我们|我|在|寄|送|到|是|于|读|去"
)

_AREA: Final = "自治区|自治州|省|市|区|县|旗|街道|镇|乡"
_SPOT: Final = "社区|小区|新村|花园|公寓|大道|胡同|村|路|街|巷|弄|屯|寨"
_COMPONENT: Final = re.compile(
    rf"{HAN}{{1,7}}?(?P<unit>{_AREA}|{_SPOT})|(?P<number>[\da-z一二三四五六七八九十百零〇]{{1,5}}(?:[-#]\d{{1,4}})*"
    r"\s{0,2}(?:号楼|单元|号|幢|栋|座|弄|室|组|队))"
)
_NO_PLACE: Final = re.compile(  # words that only end like one
    "超市|城市|农村|乡村|都市|夜市|集市|门市|马路|公路|道路|铁路|思路|这条路|那条路"
)


def _plain(text: str) -> tuple[str, list[int]]:
    """Half-width lower case without invisible characters, and for each character its place in *text*."""
    characters: list[str] = []
    origin: list[int] = []
    for place, character in enumerate(text):
        if character in _INVISIBLE:
            continue
        for folded in unicodedata.normalize("NFKC", character).lower():
            characters.append(str(unicodedata.decimal(folded, folded)))
            origin.append(place)
    return "".join(characters), origin


def _numbers(plain: str, digits: str) -> Iterator[Span]:
    for match in _ID_NUMBER.finditer(plain):
        yield Kind.ID_NUMBER, match.start(), match.end()
    for match in _MOBILE.finditer(digits):
        if sum(character.isdecimal() for character in match[0]) >= 7:
            yield Kind.PHONE, match.start(), match.end()
    for match in _LANDLINE.finditer(digits):
        yield Kind.PHONE, match.start(), match.end()
    for match in _LONG_NUMBER.finditer(digits):
        yield Kind.NUMBER, match.start(), match.end()


def _accounts(plain: str) -> Iterator[Span]:
    for match in _EMAIL.finditer(plain):
        yield Kind.ACCOUNT, match.start(), match.end()
    for match in _CHAT.finditer(plain):
        yield Kind.ACCOUNT, match.start(1), match.end(1)


def _named(plain: str, names: Iterable[str]) -> Iterator[Span]:
    for name in names:
        for pattern in _name_patterns(_plain(name)[0].strip()):
            for match in re.finditer(pattern, plain):
                yield Kind.NAME, match.start(), match.end()
    for match in _INTRODUCED.finditer(plain):
        yield Kind.NAME, match.start(1), match.end(1)


def _name_patterns(name: str) -> Iterator[str]:
    parts = [part for part in re.split(r"[\s·•・.,]+", name) if part]
    letters = "".join(parts)
    if not letters:
        return
    if re.fullmatch(f"{HAN}{{2,4}}", letters):
        cut = 2 if letters[:2] in _COMPOUND_SURNAMES and len(letters) > 2 else 1
        surname, given = letters[:cut], letters[cut:]
        yield _spaced(letters)
        if len(given) > 1:
            yield _spaced(given)
        last = given[-1]
        yield f"{last}{last}|[小阿]{last}|{last}[儿仔娃宝妹弟姐哥]"
        yield f"{surname}(?:{_CALLED})|[小老阿]{surname}(?!{HAN}?[{_SURNAMES}])"
        return
    for part in {letters, *parts}:
        if re.search(HAN, part):
            if len(part) > 1:
                yield _spaced(part)
        elif len(part) > 2:
            yield rf"(?<![a-z]){_spaced(part)}(?![a-z])"


def _spaced(word: str) -> str:
    return r"[\s·•・.*_\-]{0,3}".join(re.escape(character) for character in word)


def _schools(plain: str, schools: Iterable[str]) -> Iterator[Span]:
    for school in schools:
        letters = re.sub(r"\s", "", _plain(school)[0])
        own = re.sub(rf"(?:{HAN}{{2,8}}?(?:省|市|区|县))*", "", letters, count=1)
        for form in {letters, own}:
            if len(form) > 1:
                yield from _everywhere(Kind.SCHOOL, _spaced(form), plain)
        stem = re.sub(
            r"(?:中心|实验|希望|完全|第[一二三四五六七八九十\d]+)?(?:小学|中学|初中|高中|学校|幼儿园).*", "", own
        )
        stem = re.sub(r"(?:街道|镇|乡|村)$", "", stem)
        if len(stem) > 1:
            kind = "(?:小学|中学|初中|高中|学校|幼儿园|小|中|校)"
            yield from _everywhere(Kind.SCHOOL, rf"{re.escape(stem)}{HAN}{{0,4}}?{kind}", plain)
    for match in _SCHOOL.finditer(plain):
        yield Kind.SCHOOL, _after_lead(match[0], match.start()), match.end()


def _addresses(plain: str, addresses: Iterable[str]) -> Iterator[Span]:
    for address in addresses:
        letters = re.sub(r"\s", "", _plain(address)[0])
        if len(letters) > 1:
            yield from _everywhere(Kind.ADDRESS, _spaced(letters), plain)
        for match in _COMPONENT.finditer(letters):
            telling = match["unit"] and match["unit"] not in ("省", "市", "区", "县", "旗", "自治区", "自治州")
            if telling and len(match[0]) > 2:
                yield from _everywhere(Kind.ADDRESS, _spaced(match[0]), plain)
    yield from _address_chains(plain)


def _address_chains(plain: str) -> Iterator[Span]:
    """Two or more parts of an address in a row, at least one of which is a place: 径山镇前溪村, 文一路 100 号, 3 幢 201 室."""
    chain: list[re.Match[str]] = []
    for match in [*_COMPONENT.finditer(plain), None]:
        if match is not None and match["unit"] and _NO_PLACE.search(match[0][-3:]):
            match = None
        if match is not None and (not chain or _goes_on(plain, chain[-1], match)):
            chain.append(match)
            continue
        if len(chain) > 1:
            yield Kind.ADDRESS, _after_lead(chain[0][0], chain[0].start()), chain[-1].end()
        chain = [match] if match is not None else []


def _goes_on(plain: str, before: re.Match[str], match: re.Match[str]) -> bool:
    """Whether *match* follows as the next part of one address, with no other words in between."""
    between = plain[before.end() : match.start()].strip(" ,，、-")
    return not between and not re.search("[的在是想要了]", match[0])


def _after_lead(words: str, start: int) -> int:
    """Where the name of a place begins: after the last 住在, 来自 … that leaves two characters of it."""
    cut = max((match.end() for match in _LED_IN.finditer(words) if match.end() <= len(words) - 2), default=0)
    return start + cut


def _everywhere(kind: Kind, pattern: str, plain: str) -> Iterator[Span]:
    for match in re.finditer(pattern, plain):
        yield kind, match.start(), match.end()


def _merged(found: list[Found]) -> Iterator[Found]:
    """Overlapping places as one, named by the longest of them."""
    open_: list[Found] = []
    for item in sorted(found, key=lambda item: (item.start, -item.end)):
        if open_ and item.start < max(other.end for other in open_):
            open_.append(item)
            continue
        if open_:
            yield _union(open_)
        open_ = [item]
    if open_:
        yield _union(open_)


def _union(items: list[Found]) -> Found:
    longest = max(items, key=lambda item: item.end - item.start)
    return Found(longest.kind, items[0].start, max(item.end for item in items))
