"""Sentences that hold for a whole sheet or file: consent statements and code legends."""

from __future__ import annotations

import re
from collections.abc import Iterable

from wishes.intake.understanding.headers import legend_in, title_key
from wishes.intake.understanding.lexicon import Lexicon
from wishes.intake.understanding.text import tight

_NOT_YET = re.compile(
    r"(?:下发|发放)(?!.{0,8}(?:[收交]回|回收|收齐|签))|陆续|前[,，]?(?:交|报|收|上交|提交|签)|后(?:再|方|才)|签[字名]处|签[字名章][:：]|(?:示例|样本|样表|模板|范本)"
    r"|(?:电话|微信|视频|语音|短信)(?:中|里|上)?(?:已|均|都)?(?:回复|联系|沟通|[征取]得|征求|确认|告知|通知|询问)|(?:通过|用|以|经)(?:电话|微信|视频|语音)"
)
"""Forms that are on their way, labels to sign behind, and consent that is on no paper."""
_LATER = re.compile("后(?:统一|及时)?(?:上报|存档|归档|留存|报送|提交|备查|交)")
_DONE = re.compile("[已均都]|全部")
_COUNTED = re.compile(r"(\d+)份.*?(\d+)[人名]|(\d+)[人名].*?(\d+)份")
_SENTENCE = re.compile(r"[。;；\n!！]")


_ABOUT = re.compile("同意|知情|授权")
_SIGNED = re.compile("(?:监护人|家长|父母|家属).*签")
_ANOTHER_PAPER = re.compile("责任[书状]|协议|合同|保证书|倡议书|公约|安全书")
_GUARDIANS = re.compile("监护|家长|父母|家属|亲属|爸|妈|同意书|知情书|授权书|承诺书")
_OF_OTHERS = re.compile(
    "(?:村|党工?委|支部|学校|班主任|老师|镇|乡|街道|领导|上级|部门|民政|妇联|教育局|委员会).{0,8}同意"
)
"""经村委会同意上报 is not the guardians' consent."""
_KEPT = re.compile("存(?:于|放|在)?[\u4e00-\u9fff]{1,8}?(?:处|室|科|校|部|办|会|站|所|院|队|中心|单位)")
"""家长同意书存德育处."""
_NO_DENIAL = re.compile("未成年人?|请见|如下|要求留存|待遇|缺失家庭|除夕|应届|应急|需求|不需要的不填|不填")
"""未成年人 is no denial, and 备查 needs no 待."""
_BUT_FOR = re.compile("除.{1,20}[外都均]")
_BUT = frozenset(("除", "个别"))
"""除林小雨外，家长均已签: all but those named."""
_CONSENT = re.compile("同意|知情|授权|签")
_ONLY_IF = re.compile(
    r"(?<![\d.])(?!100)\d{1,2}(?:\.\d+)?[%％]|注明|标[注明记]|空白|视[为作]|[者的][为是即]|[栏列][为填是]|打[√✓勾钩]"
)
"""What makes consent depend on something in the line."""
_QUOTED = re.compile(  # what a note says of one column holds for no line by itself
    '[“"「『【]([^“”"「」『』【】]{1,10})[”"」』】](?:这?一?[栏列项])?(?:为|是|即|指|填|表示|:)(.+)'
)


def consent_statement(text: str, lexicon: Lexicon) -> bool:
    """Whether a text states that the guardians of all children listed have consented.

    An instruction (须经监护人同意), a promise (将补签), a partial statement (部分已签) or a condition (注明已签者) is none.
    """
    return any(_says(tight(sentence), lexicon) == "done" for sentence in _SENTENCE.split(text))


def consent_hint(text: str, lexicon: Lexicon) -> bool:
    """Whether a text speaks of the guardians' consent as given, yet not so that a rule could tell for whom."""
    return any(_says(tight(sentence), lexicon) == "perhaps" for sentence in _SENTENCE.split(text))


def _says(sentence: str, lexicon: Lexicon) -> str:
    """``done``, ``perhaps`` or nothing."""
    if len(sentence) < 8 or not ("签" in sentence or _ABOUT.search(sentence)):
        return ""
    if not any(word in sentence for word in lexicon.batch_subject):
        return ""
    denied = [word for word in lexicon.batch_not if word in _NO_DENIAL.sub("", sentence)]
    checked = _NO_DENIAL.sub("", sentence)
    if _NOT_YET.search(checked) or (_LATER.search(checked) and not _DONE.search(checked)):
        return ""
    if denied and not (_BUT_FOR.search(sentence) and set(denied) <= _BUT):
        return ""
    if _ABOUT.search(sentence) is None and (_SIGNED.search(sentence) is None or _ANOTHER_PAPER.search(sentence)):
        return ""
    if _GUARDIANS.search(sentence) is None and _OF_OTHERS.search(sentence) is not None:
        return ""
    done = any(word in sentence for word in lexicon.batch_done) or _KEPT.search(sentence) is not None
    counted = _COUNTED.search(checked)
    plain = counted is None or len({int(number) for number in counted.groups() if number}) == 1  # 已签20份，共24人
    plain = plain and not denied and _ONLY_IF.search(sentence) is None and _QUOTED.search(sentence) is None
    return "done" if done and plain else "perhaps"


def consent_missing(text: str, lexicon: Lexicon) -> str:
    """The sentences of a text that tell of consent not given: 林小雨家长尚未签字."""
    return "\n".join(
        bare
        for sentence in _SENTENCE.split(text)
        if _CONSENT.search(bare := tight(sentence)) and any(word in bare for word in lexicon.batch_not)
    )


def columns_of_consent(texts: Iterable[str]) -> frozenset[str]:
    """The titles, as :func:`title_key` gives them, that a note declares to stand over the guardians' consent:
    “谈话日”为取得书面同意的日期."""
    told = (m for text in texts for sentence in _SENTENCE.split(text) for m in _QUOTED.finditer(tight(sentence)))
    return frozenset(title_key(m[1]) for m in told if _ABOUT.search(m[2]) or _SIGNED.search(m[2]))


_CODES = re.compile(r"[A-Za-z\d甲乙丙丁戊己庚辛]")


def legends(texts: Iterable[str], lexicon: Lexicon) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """(codes of kinds of need, codes of sexes) defined anywhere in ``texts``."""
    kinds: dict[str, str] = {}
    sexes: dict[str, str] = {}
    for text in texts:
        if len(text) > 2000 or _CODES.search(text) is None:
            continue
        pairs = legend_in(text)
        found = [
            (code, kind)
            for code, meaning in pairs
            if (kind := lexicon.kinds.kind_of(meaning.partition("(")[0])) is not None
        ]
        if len(found) >= 2:
            for code, kind in found:
                kinds.setdefault(code, kind)
        for code, meaning in pairs:
            if meaning in lexicon.boys:
                sexes.setdefault(code, "M")
            elif meaning in lexicon.girls:
                sexes.setdefault(code, "F")
    if len(sexes) < 2:
        sexes = {}
    return tuple(sorted(kinds.items())), tuple(sorted(sexes.items()))
