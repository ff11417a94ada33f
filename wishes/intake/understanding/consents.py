"""What a cell says of a guardian's consent: only a guardian's own, on paper, is one; what is hardly one is unclear."""

from __future__ import annotations

import re
from functools import lru_cache

from wishes.intake.understanding.lexicon import Lexicon
from wishes.intake.understanding.text import ticked, tight

_SIGNED_ON = re.compile(
    r"(?:20)?\d{2}[-./年]\d{1,2}[-./月]\d{1,2}日?|\d{1,2}月\d{1,2}[日号]|20\d{6}|(?:0?[1-9]|1[0-2])[./][0-3]?\d"
)
_REFUSED = re.compile(
    "口头|电话|未(?!成年)|不|没|待|等.*[签回]|再签|正在|准备|需|拒|缺|(?<!已)补|微信|视频|语音|短信|联系不|下[周个月次]|改天|过几天|明[天日]|过期|失效"
)
"""No consent, or none on paper."""
_AGREED = re.compile(
    "同意|知情|授权|√|✓|已[签交收附存按盖]|已(?:提交|上传)|签[了过好完]|签[字名]|签的?$|[手指]印|[捺按摁]印|指[纹模]|书面|附后|^[A-Za-z]{1,6}[\\d-]{3,}$|^有(?:[,(、]|书面|附)"
)
_DOUBTED = re.compile(
    "书(?:已|都)?下?发|[×✗✘]|否[√✓]|(?:签署?|[征取]得|同意|收集|沟通|协调|办理|安排|确认|审核|进行)中$|拟同|可能|应该|大概|估计|好像|似乎|据说"
    "|过期|失效|[丢遗]失"
)
"""A consent form that was only handed out, or has got lost, or perhaps."""
_BY_SOMEBODY_ELSE = re.compile(
    "(?:孩子|学生|儿童|本人|自己|老师|班主任|社工|干部|主任|校长|同学|邻居)(?:自己|自行|本人)?代?(?:[为帮]签|签|代)"
)
"""Not by a guardian."""
_SOMEBODY = re.compile(
    "代签|代为签|(?:学校|老师|班主任|社区|村委会?|村里|村干部|干部|社工|单位|邻居|别人|他人)(?:签字?|同意)|(?:基本|原则)上?同意"
)
"""Not told to be the guardian's own."""
_GUARDIAN_SAID = re.compile("家长|监护|[父母爸妈爷奶姥叔姑姨舅]|外[公婆]")
_NO_SIGNATURE = re.compile(
    "家长|监护|父[母亲]|母亲|[爸妈爷奶姥]|[说问找等没未不]|知道|外出|打工|联系|通知|同学|全家|别人|家里"
)
_CHOICE = re.compile(r"^[A-Fa-f①-⑥][.、:：)]?(?=[\u4e00-\u9fff])")
"""A.同意: the letter that a questionnaire puts before its answers."""


@lru_cache(maxsize=4096)
def consent_in(texts: tuple[str, ...], lexicon: Lexicon) -> str:
    """``yes``, ``no`` or ``unclear``: what the consent cells of one line say together."""
    answers = []
    for text in texts:
        bare = _CHOICE.sub("", tight(ticked(text)).strip("。.!！"))
        if not bare:
            answers.append("no" if len(texts) == 1 else "")
        elif bare in lexicon.no:
            answers.append("no")
        elif bare in lexicon.yes:
            answers.append("yes")
        elif _REFUSED.search(bare):
            answers.append("no")
        elif (
            "?" in bare
            or _BY_SOMEBODY_ELSE.search(bare)
            or _DOUBTED.search(bare)
            or (_SOMEBODY.search(bare) and not _GUARDIAN_SAID.search(bare))
        ):
            answers.append("unclear")
        elif _AGREED.search(bare) or _is_signature(bare, lexicon) or _SIGNED_ON.fullmatch(bare) is not None:
            # A guardian's name in the column for signatures is a signature typed in, and so is the day of signing.
            answers.append("yes")
        else:
            answers.append("unclear")
    if "no" in answers or not any(answers):
        return "no"
    return "unclear" if "unclear" in answers else "yes"


def _is_signature(bare: str, lexicon: Lexicon) -> bool:
    """王强, but not 家长知道, which begins like a name."""
    return (
        lexicon.is_name(bare)
        and _NO_SIGNATURE.search(bare) is None
        and (len(bare) <= 3 or "·" in bare or bare[:2] in lexicon.surnames)
    )
