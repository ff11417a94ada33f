"""Forms: one child per card, titles beside their values, several cards below and beside each other."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

from wishes.intake.reading.grid import Value, cell_name
from wishes.intake.understanding.cells import Cells, Columns, Context
from wishes.intake.understanding.headers import HeaderWords, ordinal_of, title_key
from wishes.intake.understanding.lexicon import Lexicon
from wishes.intake.understanding.model import Entry
from wishes.intake.understanding.remarks import says_withdrawn
from wishes.intake.understanding.rows import read_person
from wishes.intake.understanding.tables import Grid, find_headers
from wishes.intake.understanding.text import flat, tight
from wishes.intake.understanding.untold import stand_in
from wishes.intake.understanding.whose import is_any_phone
from wishes.intake.understanding.wishcells import WishCell, entries_of

_ROLES = frozenset(
    (
        "name",
        "sex",
        "birth",
        "age",
        "id",
        "address",
        "village",
        "town",
        "county",
        "school",
        "guardian",
        "parent",
        "parent_phone",
        "other_address",
        "relation",
        "phone",
        "types",
        "wish",
        "size",
        "qty",
        "price",
        "consent",
        "visit",
        "recno",
        "remark",
        "wish_category",
        "class",
        "unit_name",
        "reason",
        "ethnicity",
        "teacher",
        "claimer",
        "serial",
        "health",
    )
)
_OF_ANYBODY = frozenset(("name", "sex", "birth", "age", "id", "ethnicity", "school"))
_GUARDIANS = frozenset(
    ("监护人", "监护人信息", "监护人情况", "家长", "家长信息", "家长情况", "家庭成员", "父母情况", "父亲", "母亲")
)
_ANY_NAME = re.compile("[\u4e00-\u9fff]{2,4}")
_SURELY_A_FORM = 5
_LONGEST_ASKED = 20
_LONGEST_LABEL = 12
_NEARLY = 0.6
_OF_CONSENT = re.compile("[同签授知诺意愿认印回答肯谈]|[A-Za-z]{4}")
"""One of these stands in whatever asks for consent; most cells are told from such questions by it."""
_LABEL = re.compile(r"(?:^|(?<=[\s,，;；|、]))([^\s:：,，;；|、]{2,14})[:：]")
_FEWEST_LABELS = 2
_WITHIN = re.compile(r"^([^:：]{2,60})[:：]\s*(.*)$", re.S)


@dataclass(slots=True)
class Pair:
    """A title and its value on a card."""

    role: str
    title: str
    row: int
    label_column: int
    column: int
    text: str
    value: Value


@dataclass(slots=True)
class Card:
    pairs: list[Pair] = field(default_factory=list)

    def of(self, role: str) -> list[Pair]:
        return [p for p in self.pairs if p.role == role]


def find_cards(
    grid: Grid, lexicon: Lexicon, headers: HeaderWords, *, guessed: bool = False, filled_in: bool = False
) -> list[Card]:
    """The cards of a sheet, or none when it is no sheet of forms.

    ``guessed`` says that its headers tell of no names and wishes, ``filled_in`` that what looks like a header may be a line of
    a form: then there must be a child and its wish beside their titles.
    """
    pairs, side_by_side_titles = _pairs(grid, lexicon, headers)
    filled = [p for p in pairs if p.text]
    roles = {p.role for p in filled}
    if (
        "name" not in roles
        or "wish" not in {p.role for p in pairs}
        or len(roles) < 3
        or len(filled) <= side_by_side_titles
    ):
        return []
    named = [
        p
        for p in filled
        if p.role == "name"
        and (
            lexicon.is_name(tight(p.text))
            or tight(p.text) in lexicon.example_names
            or (not filled_in and len(filled) >= _SURELY_A_FORM and _ANY_NAME.fullmatch(tight(p.text)) is not None)
        )
    ]
    wished = [p for p in filled if p.role == "wish"]
    if not named or not (wished or guessed):
        return []
    if len(named) < 2 and not guessed and not filled_in and find_headers(grid, headers):
        return []
    title, _ = Counter(p.title for p in pairs if p.role == "name").most_common(1)[0]
    first = next(p.title for p in pairs if p.role == "name")
    opener = first if sum(p.title == first for p in pairs) >= sum(p.title == title for p in pairs) else title
    bands = sorted({p.label_column for p in pairs if p.role == "name" and p.title == opener})
    # Name titles a column or two apart stand in one card, not in two.
    edges = [c for i, c in enumerate(bands) if i == 0 or c - bands[i - 1] >= 3]
    cards: list[Card] = []
    for index, left in enumerate(edges):
        low = 0 if index == 0 else left
        high = edges[index + 1] if index + 1 < len(edges) else grid.width
        cards += _cut([p for p in pairs if low <= p.label_column < high], opener, left, grid)
    return [
        c for c in cards if any(p.text for p in c.pairs if p.role in ("name", "wish", "phone", "birth", "guardian"))
    ]


def _pairs(grid: Grid, lexicon: Lexicon, headers: HeaderWords) -> tuple[list[Pair], int]:
    """All title and value pairs, and how many titles have another title to their right (as in a table)."""
    pairs: list[Pair] = []
    beside = 0
    again = _labels(grid, headers)
    for row, texts in enumerate(grid.text):
        column = 0
        while column < len(texts):
            text = texts[column]
            if not text or (row, column) in grid.merged_from:
                column += 1
                continue
            parted = ":" in text or "：" in text
            if parted and (several := _several(text, headers)):
                told = [(label, said, _role(label, said, lexicon, headers)) for label, said in several]
                pairs += [
                    Pair(role, tight(label), row, column, column, said, said) for label, said, role in told if role
                ]
                column += 1
                continue
            inside = _WITHIN.match(text) if parted else None
            if inside is not None and headers.is_title(inside[1]) and (inside[2] or not headers.is_title(text)):
                role = _role(inside[1], inside[2], lexicon, headers)
                if role:
                    pairs.append(Pair(role, tight(inside[1]), row, column, column, flat(inside[2]), inside[2]))
                column += 1
                continue
            if not headers.is_title(text) and (column, text) not in again and not _asks_for_consent(text, headers):
                column += 1
                continue
            at = column + 1
            while at < len(texts) and (row, at) in grid.merged_from and grid.merged_from[row, at] == (row, column):
                at += 1
            value = texts[at] if at < len(texts) else ""
            if value and headers.is_title(value) and not _is_value(text, value, lexicon, headers):
                beside += 1
                value = ""
            elif (inside := _WITHIN.match(value)) is not None and headers.is_title(inside[1]):
                value = ""  # 规格: | 价格:50元
            role = _role(text, value, lexicon, headers)
            if role in _OF_ANYBODY and _of_guardian(grid, row, column):
                role = "guardian" if role == "name" else ""
            if role and at < len(texts):
                pairs.append(Pair(role, tight(text), row, column, at, value, grid.values[row][at] if value else ""))
            column = at + (1 if value else 0)
    return pairs, beside


def _labels(grid: Grid, headers: HeaderWords) -> frozenset[tuple[int, str]]:
    """Texts that come again down one column and are nearly titles, as on forms below each other: 服务对象愿望."""
    said = Counter((c, t) for texts in grid.text for c, t in enumerate(texts) if t and len(t) <= _LONGEST_LABEL)
    return frozenset(
        (c, t)
        for (c, t), times in said.items()
        if times > 1 and any(m.fit >= _NEARLY and m.role in _ROLES for m in headers.meanings(t)[:1])
    )


def _several(text: str, headers: HeaderWords) -> list[tuple[str, str]]:
    """姓名：林小雨  性别：女  年龄：9岁: several titles in one cell, each with its value; nothing where there is only one."""
    labels = [m for m in _LABEL.finditer(text) if headers.is_title(m[1])]
    if len(labels) < _FEWEST_LABELS or labels[0].start() > 0:
        return []
    ends = [m.start() for m in labels[1:]] + [len(text)]
    return [(m[1], flat(text[m.end() : end])) for m, end in zip(labels, ends, strict=True)]


def _asks_for_consent(text: str, headers: HeaderWords) -> bool:
    """是否同意上报公示: offices word this one as they like."""
    return (
        len(text) <= _LONGEST_ASKED
        and _OF_CONSENT.search(text) is not None
        and any(m.role == "consent" and m.fit >= 0.9 for m in headers.meanings(text))
    )


def _of_guardian(grid: Grid, row: int, column: int) -> bool:
    """监护人 | 姓名 | 王强: whether a heading to the left, also one merged over several rows, says whose particulars these are."""
    for left in range(column - 1, -1, -1):
        top, at = grid.merged_from.get((row, left), (row, left))
        heading = title_key(grid.text[top][at])
        if heading and (heading in _GUARDIANS or (top, at) != (row, left)):
            return heading in _GUARDIANS
    return False


def _is_value(title: str, text: str, lexicon: Lexicon, headers: HeaderWords) -> bool:
    """残疾 and 留守 are titles of tick columns, but values beside 困境类型; so is 同意 beside 监护人是否同意."""
    meant = {m.role for m in headers.meanings(title)}
    if "consent" in meant and (tight(text) in lexicon.yes or tight(text) in lexicon.no):
        return True
    return bool(meant & {"types", "wish_category"}) and (
        bool(lexicon.kinds.read(text).found) or text in lexicon.category_words
    )


def _role(title: str, value: str, lexicon: Lexicon, headers: HeaderWords) -> str:
    roles = [m.role for m in headers.meanings(title) if m.role in _ROLES]
    if {"types", "wish_category"} <= set(roles):
        return "types" if lexicon.kinds.read(value).found else "wish_category"
    return roles[0] if roles else ""


def _cut(pairs: list[Pair], opener: str, left: int, grid: Grid) -> list[Card]:
    """Cut one band of pairs into cards: at blank rows where each stretch names one child, else at the opening title."""
    starts = [p.row for p in pairs if p.role == "name" and p.title == opener and p.label_column == left]
    if not starts:
        return []
    blank = [r for r in range(grid.height) if not any(grid.text[r])]
    bounds: list[int] = []
    for index, start in enumerate(starts):
        before = bisect_left(blank, start) - 1
        parted = before >= 0 and blank[before] > (starts[index - 1] if index else -1)
        bounds.append(blank[before] + 1 if parted else (start if index else 0))
    cards = [Card() for _ in starts]
    for pair in pairs:
        at = bisect_right(bounds, pair.row) - 1
        if at < 0:
            continue
        if pair.role == "name" and (pair.title != opener or pair.row != starts[at]):
            pair.role = "guardian"
        cards[at].pairs.append(pair)
    return cards


_OF_THE_CHILD = frozenset(("name", "sex", "birth", "guardian", "wish"))


def _without_the_office(pairs: list[Pair]) -> list[Pair]:
    """填报人：某某 联系电话：…: the number on a line of the office's is not the family's, where another one is told."""
    own = {p.row for p in pairs if p.role in _OF_THE_CHILD}
    office = {p.row for p in pairs if p.role == "unit_name"} - own
    others = [p for p in pairs if p.role == "phone" and p.text and p.row in office]
    told = any(p.role == "phone" and p.text and p.row not in office for p in pairs)
    return [p for p in pairs if p not in others] if told else pairs


def read_card(card: Card, grid: Grid, context: Context, lexicon: Lexicon) -> list[Entry]:
    """The entries of one card, not yet judged."""
    opener = card.of("name")[0]
    card.pairs = _without_the_office(card.pairs)
    stand_in([pair for pair in card.pairs if pair.text])
    _set_others_phones_aside(card)
    columns: dict[str, list[int]] = {}
    for index, pair in enumerate(card.pairs):
        columns.setdefault(pair.role, []).append(index)
    months = grid.sheet.month_only
    cells = Cells(
        opener.row,
        [p.text for p in card.pairs],
        [p.value for p in card.pairs],
        Columns(columns),
        frozenset(i for i, p in enumerate(card.pairs) if (p.row, p.column) in months),
        {i: cell_name(p.row, p.column) for i, p in enumerate(card.pairs)},
    )
    hidden = opener.row in grid.sheet.hidden_rows
    person = read_person(cells, context, None, hidden)
    asked = card.of("wish")
    wishes = [p for p in asked if p.text or ordinal_of(p.title)] or asked[-1:]  # 微心愿卡 is only the card's own title
    prices = card.of("price")
    wish_cells = []
    shared = None
    if len(wishes) > 1 and len(prices) == 1 and not ordinal_of(prices[0].title):
        shared = prices[0].text
    for position, wish in enumerate(wishes, 1):
        price = _companion(prices, position, ordinal_of(wish.title), len(wishes))
        size = _companion(card.of("size"), position, ordinal_of(wish.title), len(wishes))
        amount = _companion(card.of("qty"), position, ordinal_of(wish.title), len(wishes))
        wish_cells.append(
            WishCell(
                wish.row,
                wish.column,
                wish.text,
                price=price.text if price and shared is None else "",
                price_at=(price.row, price.column) if price else None,
                size=size.text if size else "",
                qty=amount.text if amount else "",
                struck=(wish.row, wish.column) in grid.sheet.struck,
            )
        )
    if not wish_cells:
        wish_cells.append(WishCell(opener.row, opener.column, ""))  # a card without that title: the child is not lost
    entries = entries_of(person, wish_cells, lexicon, shared_price=shared)
    struck = (opener.row, opener.column) in grid.sheet.struck
    remark = " ".join(p.text for p in card.of("remark") if p.text)
    if struck or says_withdrawn(remark, lexicon):
        for entry in entries:
            entry.reasons.append("withdrawn")
    return entries


def _set_others_phones_aside(card: Card) -> None:
    """经办人 | 王强 | 电话: the number behind somebody who is not of the family, where the family has one, too."""
    phones = card.of("phone")
    for before, pair in pairwise(card.pairs):
        if (
            len(phones) > 1
            and pair.role == "phone"
            and before.row == pair.row
            and before.role in ("unit_name", "claimer", "teacher")
            and is_any_phone(pair.title)
        ):
            pair.role = "teacher_phone"


def _companion(pairs: list[Pair], position: int, ordinal: int, wishes: int) -> Pair | None:
    if wishes == 1:
        return next((p for p in pairs if p.text), pairs[0] if pairs else None)
    for pair in pairs:
        if ordinal and ordinal_of(pair.title) == ordinal:
            return pair
    return pairs[position - 1] if position <= len(pairs) and len(pairs) == wishes else None
