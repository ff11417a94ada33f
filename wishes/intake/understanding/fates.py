"""What each row below a header is: a child's line, a further wish of the child above, or no data at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from wishes.intake.understanding.headers import HeaderWords, header_score
from wishes.intake.understanding.lexicon import Lexicon
from wishes.intake.understanding.tables import Block, Grid, is_number_like
from wishes.intake.understanding.text import tight

_PLACE = re.compile(r"(?:村|社区|年级|班|居委会|小组|校区|街道|镇|乡|学校|小学|中学)(?:[(（:：].*)?$")
_EXAMPLE = re.compile(r"^[(（]?(?:示例|例如|样例|举例|填写示例|范例|例)[)）:：\d]?$")
_EXAMPLE_OF = re.compile(r"[(（\[【]?(?:例如?|示例|样例|举例|范例)[:：、.)）\]】\s]")
_LATIN = re.compile(r"[A-Za-z .'\-]")
_TOTAL = re.compile(r"^(?:合计|总计|共计|小计|累计|汇总)|(?:合计|总计|小计)$|^.{2,}(?:村|社区|组|队|班|校|乡|镇|屯)计$")
_LINE_NUMBER = frozenset(("栏次", "行次", "列次", "甲", "乙", "丙", "序号"))
_TO_SIGN = re.compile(r".{2,12}(?:签字|签名|签章|盖章)\)?(?:\([^)]*\))?:")
_COUNT = re.compile(r"共?计?[:：]?(?:约)?\d+(?:个|人|名|条|户|份|件|项|元)?")
_HINT = re.compile(
    r"^(?:如|例|必填|选填|下拉|格式|请|填写?|写|与|按|限|同|单选|多选)|一致|\d+位|^男[/、或]女|^是[/、或]否|^有[/、或]无|^[≤<]|^不超|以内$|yyyy|必填|选填|勾选|注明|写清|填写"
)
"""男/女, 11位, 与户口本一致: a line that tells how the columns are to be filled."""
_FEWEST_HINTS = 3
_SECTION = re.compile(
    r"^[【\[(（]?(?:[一二三四五六七八九十]+[、.．)）]|第[一二三四五六七八九十\d]+|[(（][一二三四五六七八九十\d]+[)）]|\d{1,2}[、.])?\s*(.+?)[】\])）]?(?:[(（:：].*)?$"
)


@dataclass(slots=True)
class RowKind:
    """``fate`` as in RowFate; ``child`` and ``more`` mark data: a line that names (or should name) a child, or continues it."""

    fate: str
    section: str = ""


@dataclass(slots=True)
class Roles:
    """The columns of a block by role."""

    by_role: Mapping[str, list[int]]

    def first(self, role: str) -> int | None:
        columns = self.by_role.get(role)
        return columns[0] if columns else None


def roles_of(block: Block) -> Roles:
    by_role: dict[str, list[int]] = {}
    for column in block.columns:
        by_role.setdefault(column.role, []).append(column.column)
    return Roles(by_role)


_CHILD = RowKind("child")


def _is_plainly_a_child(texts: list[str], block: Block, roles: Roles, lexicon: Lexicon, headers: HeaderWords) -> bool:
    """The common line, told without a closer look: perhaps a running number, then a name, then at least three more cells."""
    column = roles.first("name")
    if column is None or not (name := texts[column]) or not lexicon.is_name(name):
        return False
    before = [text for text in texts[block.left : column] if text]
    if before and (len(before) > 1 or not before[0].isdigit()):
        return False
    rest = texts[column + 1 : block.right]
    if (
        len(rest) - rest.count("") < 3
        or name in lexicon.example_names
        or name in lexicon.maybe_examples
        or "例" in name
        or "样" in name
    ):
        return False
    # 合计 and 填表人 are no names, yet a list of surnames is long.
    if headers.is_title(name) or name in lexicon.totals or name.startswith(lexicon.footers) or _TOTAL.match(name):
        return False
    return bool(before) or tight(next(filter(None, rest))) not in lexicon.examples


def kind_of_row(grid: Grid, block: Block, roles: Roles, row: int, lexicon: Lexicon, headers: HeaderWords) -> RowKind:
    """Judge one row of ``block``."""
    texts = grid.text[row]
    if row not in grid.merged_rows and _is_plainly_a_child(texts, block, roles, lexicon, headers):
        return _CHILD
    own: list[tuple[int, str]] = [
        (c, t)
        for c, t in enumerate(texts[block.left : block.right], block.left)
        if t and (row, c) not in grid.merged_from
    ]
    covered = [c for c in range(block.left, block.right) if texts[c] and (row, c) in grid.merged_from]
    if not own:
        return RowKind("blank" if not covered else "more_blank")
    name_column = roles.first("name")
    if name_column is None:
        name_column = roles.first("facts")
    serial_column = roles.first("serial")
    name = texts[name_column] if name_column is not None else ""
    wishes = [texts[c] for c in roles.by_role.get("wish", ()) if texts[c]]
    first = tight(own[0][1])
    if (
        len(own) == 1
        and _spans(grid, row, own[0][0])
        and (heading := _lone(own, first, serial_column, grid, row, lexicon, block))
    ):
        return heading
    if row <= block.start + 1 and (
        _explains_columns([t for _, t in own])
        or (
            not lexicon.is_name(tight(name))
            and sum(_HINT.search(tight(t)) is not None for _, t in own) >= _FEWEST_HINTS
        )
    ):
        return RowKind("header")
    if _is_total(own, first, name, lexicon):
        return RowKind("total")
    if _is_example(grid, row, own, name, first, roles, lexicon):
        return RowKind("example")
    if name and len(own) >= 3 and headers.is_title(name):
        hits, filled = header_score([t for _, t in own], headers)
        if (hits >= 3 and hits >= 0.6 * filled) or (hits >= 2 and headers.meanings(name)[0].role == "name"):
            return RowKind("header")
    if not name and len(own) <= 2 and not (wishes and own[-1][0] in roles.by_role.get("wish", ())):
        lone = _lone(own, first, serial_column, grid, row, lexicon, block)
        if lone is not None:
            return lone
    if _is_footer(own, name, lexicon):
        return RowKind("footer")
    if all(c == serial_column for c, _ in own):
        return RowKind("number_only")
    if name or wishes:
        if name and len(own) == 1 and not wishes and (_PLACE.search(first) or not lexicon.is_name(first)):
            heading = _lone(own, first, serial_column, grid, row, lexicon, block)
            if heading is not None:
                return heading
        if name and len(own) <= 2 and not wishes and len(name) > 8:
            return RowKind("note")
        return RowKind("child" if name else "more")
    if any(texts[c] for role in ("birth", "id", "phone") for c in roles.by_role.get(role, ())):
        return RowKind("child")
    return RowKind("number_only" if all(is_number_like(t) or len(t) <= 2 for _, t in own) else "ignored")


def _explains_columns(texts: list[str]) -> bool:
    """The line below the titles that counts the columns (栏次 1 2 3 4) or tells how to fill them: （必填） （男/女） （元）."""
    if len(texts) >= 3 and all(text[0] in "(（" and text[-1] in ")）" for text in texts):
        return True
    numbers = [text for text in texts if text not in _LINE_NUMBER]
    if len(numbers) < 4 or numbers[0] not in ("1", "2", "3"):
        return False
    first = int(numbers[0])
    return numbers == [str(n) for n in range(first, first + len(numbers))]


def _spans(grid: Grid, row: int, column: int) -> bool:
    """Whether the cell is merged over at least two more to its right."""
    return grid.merged_from.get((row, column + 1)) == (row, column) == grid.merged_from.get((row, column + 2))


def _is_total(own: list[tuple[int, str]], first: str, name: str, lexicon: Lexicon) -> bool:
    bare = first.strip(":：")
    if bare in lexicon.totals and len(own) <= 8:
        return True
    if _TOTAL.search(bare) and len(bare) <= 20 and len(own) <= 8:
        return True
    if len(own) > 1 and is_number_like(own[0][1]) and tight(own[1][1]).strip(":：") in lexicon.totals and len(own) <= 6:
        return True
    return not name and len(own) <= 2 and _COUNT.fullmatch(first) is not None and first.startswith("共")


def _is_example(
    grid: Grid, row: int, own: list[tuple[int, str]], name: str, first: str, roles: Roles, lexicon: Lexicon
) -> bool:
    texts = grid.text[row]
    if first in lexicon.examples or _EXAMPLE.match(first) or _EXAMPLE_OF.match(name):
        return True
    bare = tight(name).partition("(")[0]
    if bare in lexicon.example_names or (
        bare[:1].isascii() and _LATIN.sub("", bare) in lexicon.example_names  # Zhang San 张三
    ):
        return True
    if bare in lexicon.maybe_examples and any(
        "*" in texts[c] or "XXX" in texts[c].upper() for c in roles.by_role.get("phone", ())
    ):
        return True  # 小明 may be a child; with a masked phone it is the form's example
    return "示例" in name or "样例" in name or (len(own) > 1 and tight(own[1][1]) in lexicon.examples)


def _lone(
    own: list[tuple[int, str]],
    first: str,
    serial_column: int | None,
    grid: Grid,
    row: int,
    lexicon: Lexicon,
    block: Block,
) -> RowKind | None:
    """A row with one or two filled cells and no child: a section heading, a note, a signature."""
    text = own[0][1]
    if _is_footer(own, "", lexicon):
        return RowKind("footer")
    if any(
        first.startswith(note) and (len(first) == len(note) or first[len(note)] in ":：、.1一(（")
        for note in lexicon.notes
    ):
        return RowKind("note")
    if is_number_like(text):
        return RowKind("number_only") if len(own) == 1 else None
    if len(own) == 1:
        if len(first) > 30:
            return RowKind("note")
        # A lone cell far to the right is a stray remark, not a heading.
        if own[0][0] - block.left <= 2 or (row, own[0][0] + 1) in grid.merged_from:
            match = _SECTION.match(text)
            heading = match[1] if match else text
            return RowKind("section", heading.strip("【】[]() "))
        return RowKind("note")
    if (
        len(own) == 2
        and all(len(t) <= 14 for _, t in own)
        and own[0][0] - block.left <= 1
        and _COUNT.fullmatch(tight(own[1][1]))
    ):
        match = _SECTION.match(text)
        return RowKind("section", (match[1] if match else text).strip("【】[]() "))
    return None


def _is_footer(own: list[tuple[int, str]], name: str, lexicon: Lexicon) -> bool:
    if len(own) > 8:
        return False
    if _TO_SIGN.match(tight(own[0][1])) is not None:
        return True
    joined = tight("".join(t for _, t in own))
    signs = sum(1 for word in lexicon.footers if word in joined)
    first = tight(own[0][1])
    opened = any(
        first.startswith(word) and (len(first) == len(word) or first[len(word)] in ":：(（") for word in lexicon.footers
    )
    if opened and (signs >= 2 or len(own) <= 2 or ":" in first or "：" in first):
        return True
    return len(own) <= 4 and signs >= 2 and (":" in joined or "盖章" in joined)
