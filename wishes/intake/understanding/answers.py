"""What guardians and remarks answer: consent given, refused or not to be told, a wish taken back or overtaken."""

from __future__ import annotations

import re
from functools import lru_cache

from wishes.intake.understanding.lexicon import Lexicon
from wishes.intake.understanding.text import ticked, tight

_SIGNED_ON = re.compile(
    r"(?:20)?\d{2}[-./年]\d{1,2}[-./月]\d{1,2}日?|\d{1,2}月\d{1,2}[日号]|20\d{6}|(?:0?[1-9]|1[0-2])[./][0-3]?\d"
)
_NOT_WANTED = re.compile("(?:现在?|家长|孩子|本人|监护人|家里)?(?:说|表示)?不(?:需要|想要|要|用)[。.!]?")
_REFUSED = re.compile(
    "口头|电话|未(?!成年)|不|没|待|等.*[签回]|再签|正在|准备|需|拒|缺|(?<!已)补|微信|视频|语音|短信|联系不|下[周个月次]|改天|过几天|明[天日]|过期|失效"
)
"""No consent, or none on paper."""
_AGREED = re.compile(
    "同意|知情|授权|√|✓|已[签交收附存按盖]|已提交|签[了过好完]|签[字名]|签的?$|[手指]印|[捺按摁]印|指[纹模]|书面|附后|^[A-Za-z]{1,6}[\\d-]{3,}$|^有(?:[,(、]|书面|附)"
)
_BY_SOMEBODY_ELSE = re.compile(
    "(?:孩子|学生|儿童|本人|自己|老师|班主任|社工|干部|主任|校长|同学|邻居)(?:自己|自行|本人)?代?(?:[为帮]签|签|代)"
)
"""Not by a guardian."""
_CHOICE = re.compile(r"^[A-Fa-f①-⑥][.、:：)]?(?=[\u4e00-\u9fff])")
"""A.同意: the letter that a questionnaire puts before its answers."""
_CHANGED = re.compile(
    "(?:已经?|现已|全家|举家|本月)(?:搬|迁|转学|转走|转出|退学|离校|毕业|满足|实现|圆梦|解决|买(?!.{0,4}[医社]?保)了?|购买(?!.{0,4}[医社]?保)|购置|获赠|去世|死亡|夭折|领取|发放|收到|离开|不在)"
    "|(?:审核|核实|初审|复审).{0,2}(?:未|不)通过|^(?:未|不)通过|驳回|退回"
    "|(?<!不)(?:改成|改为|换成|换为|变更为|更换为|更正为)|改打|改拨|应为|重复(?!使用)"
)
"""Remarks that tell of another wish, another number, or that nobody waits any more: a person has to read them."""


@lru_cache(maxsize=4096)
def consent_said(texts: tuple[str, ...], lexicon: Lexicon) -> str:
    """``yes``, ``no`` or ``unclear``: what the cells of the columns for consent say together."""
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
        elif "?" in bare or "？" in bare or _BY_SOMEBODY_ELSE.search(bare):
            answers.append("unclear")
        elif _AGREED.search(bare) or lexicon.is_name(bare) or _SIGNED_ON.fullmatch(bare) is not None:
            # A guardian's name in the column for signatures is a signature typed in, and so is the day of signing.
            answers.append("yes")
        else:
            answers.append("unclear")
    if "no" in answers or not any(answers):
        return "no"
    return "unclear" if "unclear" in answers else "yes"


@lru_cache(maxsize=4096)
def says_withdrawn(text: str, lexicon: Lexicon) -> bool:
    """Whether a remark takes the wish back."""
    bare = tight(text)
    if not bare or re.search(r"(?:不要?|未|没有?|请勿|勿|别|不必|无需|不能|不可)(?:作废|撤回|撤销|取消|删除)", bare):
        return False
    return any(word in bare for word in lexicon.withdrawn) or _NOT_WANTED.fullmatch(bare) is not None


def tells_of_change(remark: str) -> bool:
    """Whether a remark tells of another wish, another number, or that nobody waits any more: a person has to read it."""
    return _CHANGED.search(tight(remark)) is not None
