"""Sentences that hold for a whole sheet or file: consent statements and code legends."""

from __future__ import annotations

import re
from collections.abc import Iterable

from wishes.intake.understanding.headers import legend_in
from wishes.intake.understanding.lexicon import Lexicon
from wishes.intake.understanding.text import tight

_NOT_YET = re.compile(
    r"(?:下发|发放)(?!.{0,8}(?:[收交]回|回收|收齐|签))|陆续|前[,，]?(?:交|报|收|上交|提交|签)|后(?:再|方|才)|签[字名]处|签[字名章][:：]|(?:示例|样本|样表|模板|范本)"
    r"|(?:电话|微信|视频|语音|短信)(?:中|里|上)?(?:已|均|都)?(?:回复|联系|沟通|[征取]得|征求|确认|告知|通知|询问)|(?:通过|用|以|经)(?:电话|微信|视频|语音)"
)
"""Forms that are on their way, labels to sign behind, and consent that is on no paper."""
_LATER = re.compile("后(?:统一|及时)?(?:上报|存档|归档|留存|报送|提交|备查|交)")
_DONE = re.compile("[已均都]|全部")
_OTHERS_CONSENT = re.compile("(?:学校|村委会?|村两委|社区|单位|领导|[乡镇]政府|街道|民政)(?:领导)?(?:研究|审核)?同意")
_OF_GUARDIANS = re.compile("监护|家长|父母|爸妈|家属|亲属|照料人|抚养人|代理人|(?:同意|知情|授权|承诺)书")
_COUNTED = re.compile(r"(\d+)份.*?(\d+)[人名]|(\d+)[人名].*?(\d+)份")
_SENTENCE = re.compile(r"[。;；\n!！]")


def consent_statement(text: str, lexicon: Lexicon) -> bool:
    """Whether a text states that the guardians of all children listed have consented.

    An instruction (须经监护人同意), a promise (将补签) or a partial statement (部分已签) is none.
    """
    for sentence in _SENTENCE.split(text):
        bare = tight(sentence)
        if len(bare) < 8 or ("同意" not in bare and "知情" not in bare and "授权" not in bare and "签" not in bare):
            continue
        if not any(word in bare for word in lexicon.batch_subject) or not any(
            word in bare for word in lexicon.batch_done
        ):
            continue
        # 未成年人 is no denial, and 备查 needs no 待.
        checked = re.sub(r"未成年人?|请见|如下|要求留存|待遇|缺失家庭|除夕|应届|应急|需求|不需要的不填|不填", "", bare)
        if any(word in checked for word in lexicon.batch_not) or _NOT_YET.search(checked) is not None:
            continue
        if _LATER.search(checked) is not None and _DONE.search(checked) is None:
            continue
        if _OTHERS_CONSENT.search(checked) is not None and _OF_GUARDIANS.search(checked) is None:
            continue
        counted = _COUNTED.search(checked)
        if counted is not None and len({int(number) for number in counted.groups() if number}) > 1:
            continue  # 已签20份，共24人
        if re.search(r"同意|知情|授权|承诺", bare) or re.search(r"(?:监护人|家长|父母).*签", bare):
            return True
    return False


def legends(texts: Iterable[str], lexicon: Lexicon) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """(codes of kinds of need, codes of sexes) defined anywhere in ``texts``."""
    kinds: dict[str, str] = {}
    sexes: dict[str, str] = {}
    for text in texts:
        if len(text) > 2000 or not re.search(r"[A-Za-z\d]", text):
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
