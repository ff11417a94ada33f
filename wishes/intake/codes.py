"""Names by which people speak of a wish and of a child without saying who the child is."""

from __future__ import annotations

import secrets
from collections.abc import Callable

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Base 32 without I, L, O and U: read aloud and typed without mistakes. Source: Douglas Crockford, *Base 32*."""
CODE_LENGTH = 8

_FIRST = "晴晨暖清朝彩翠紫远新飞静甜亮圆轻跳闪柔橙"
"""None is a surname: an alias is nobody's name."""
_SECOND = "星云帆鹿雀溪山叶舟月枫竹荷燕鲸松鹤泉桥灯风雨石草露虹湖海谷桐"


def new_codes(number: int, taken: Callable[[list[str]], set[str]]) -> list[str]:
    """*number* different random codes of 40 bits. *taken* answers which of the codes it is given exist already."""
    codes: set[str] = set()
    while len(codes) < number:
        fresh = {_code() for _ in range(number - len(codes))} - codes
        codes |= fresh - taken(sorted(fresh))
    return list(codes)


def new_aliases(number: int) -> list[str]:
    """*number* different friendly names such as 晨星·482, drawn by lot: nothing of a child's own name is in them."""
    names: dict[str, None] = {}
    while len(names) < number:
        names[f"{secrets.choice(_FIRST)}{secrets.choice(_SECOND)}·{secrets.randbelow(900) + 100}"] = None
    return list(names)


def _code() -> str:
    number = secrets.randbits(5 * CODE_LENGTH)
    return "".join(CROCKFORD[number >> (5 * place) & 31] for place in range(CODE_LENGTH))
