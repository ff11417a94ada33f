"""What remarks tell: a wish taken back, or overtaken by what happened since."""

from __future__ import annotations

import re
from functools import lru_cache

from wishes.intake.understanding.lexicon import Lexicon
from wishes.intake.understanding.text import tight

_NOT_WANTED = re.compile("(?:现在?|家长|孩子|本人|监护人|家里)?(?:说|表示)?不(?:需要|想要|要|用)[。.!]?")
_NOT_WITHDRAWN = re.compile("(?:不要?|未|没有?|请勿|勿|别|不必|无需|不能|不可)(?:作废|撤回|撤销|取消|删除)")
_CHANGED = re.compile(
    "(?:已经?|现已|全家|举家|本月)(?:搬|迁|转学|转走|转出|退学|离校|毕业|满足|实现|圆梦|解决|买(?!.{0,4}[医社]?保)了?|购买(?!.{0,4}[医社]?保)|购置|获赠|去世|死亡|夭折|领取|发放|收到|离开|不在)"
    "|(?:审核|核实|初审|复审).{0,2}(?:未|不)通过|^(?:未|不)通过|驳回|退回"
    "|[已早]由.{1,8}(?:送|买|解决|实现|满足)|(?:随|跟)(?:着|同)?(?:父|母|爸|妈|家人|家长).{0,6}(?:[去往到回]|走了|离开)"
    "|(?<!不)(?:改成|改为|换成|换为|变更为|更换为|更正为)|改打|改拨|应为|重复(?!使用)"
)
"""Remarks that tell of another wish, another number, or that nobody waits any more: a person has to read them."""


@lru_cache(maxsize=4096)
def says_withdrawn(text: str, lexicon: Lexicon) -> bool:
    """Whether a remark takes the wish back."""
    bare = tight(text)
    if not bare or _NOT_WITHDRAWN.search(bare):
        return False
    return any(word in bare for word in lexicon.withdrawn) or _NOT_WANTED.fullmatch(bare) is not None


def tells_of_change(remark: str) -> bool:
    """Whether a remark tells of another wish, another number, or that nobody waits any more: a person has to read it."""
    return _CHANGED.search(tight(remark)) is not None
