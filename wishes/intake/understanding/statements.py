"""Sentences that hold for a whole sheet or file: consent statements and code legends."""

from __future__ import annotations

import re
from collections.abc import Iterable

from wishes.intake.understanding.headers import legend_in
from wishes.intake.understanding.lexicon import Lexicon
from wishes.intake.understanding.text import tight

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
        if any(word in checked for word in lexicon.batch_not):
            continue
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
