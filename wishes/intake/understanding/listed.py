"""Lists pasted from a chat (接龙): one child in each line of a single column, the particulars one after the other.

Nobody keeps to the order that was asked for, so that each particular is told by what it looks like, and the line is laid out as
a row under titles that everybody knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import zip_longest

from wishes.intake.reading.grid import Sheet, Value, cell_name, widest
from wishes.intake.understanding.lexicon import Lexicon
from wishes.intake.understanding.model import Entry, RowFate
from wishes.intake.understanding.text import plain, tight

_TITLES = {
    "serial": "序号",
    "name": "姓名",
    "sex": "性别",
    "age": "年龄",
    "birth": "出生日期",
    "school": "学校",
    "address": "家庭住址",
    "guardian": "监护人",
    "phone": "联系电话",
    "types": "困境类型",
    "wish": "微心愿",
    "price": "价格",
    "consent": "监护人同意",
    "remark": "备注",
    "relation": "与儿童关系",
    "village": "所在村",
    "id": "身份证号",
    "size": "规格",
    "qty": "数量",
    "visit": "走访日期",
    "recno": "民政备案号",
}
_LINE = re.compile(r"[(\[【]?(\d{1,4})[)\]】]?(?:[.、:]\s*|\s+|(?<=[)\]】]))(?=\D)(.{4,})", re.S)
_BREAK = re.compile(r"(?:[+,，、;；|\s]|(?<!\d)/|/(?!\d))+(?![^()]*\))")
"""Between particulars; what stands in brackets stays together."""
_GLUED = re.compile(r"(?<=[\u4e00-\u9fff:])(?=1[3-9]\d{9}(?!\d))")
"""A name or a title and a number without anything between them."""
_WISHES = re.compile("(?<=[\u4e00-\u9fff)])(?=(?:想要|希望得到|希望有|想买|心愿是|心愿:))")
_WHOSE = re.compile(r"^[\u4e00-\u9fff]{2,4}(?:的?(?:家长|妈妈|爸爸|奶奶|爷爷|外公|外婆|姐姐|哥哥))[:：]")
"""Who wrote the line, where the child is named behind it."""
_SEXED = re.compile(r"([\u4e00-\u9fff]{2,4})[(（]([男女])(?:孩|生)?[)）]")
_LABELLED_WISH = re.compile("(?:心愿|愿望|礼物)[:：]")
_LABEL = re.compile(r"([\u4e00-\u9fff]{2,6}):\s*(\S.*)", re.S)
_LOOKS = (
    ("phone", re.compile(r"(?:\+?86)?1[3-9]\d(?:-?\d{4}){2}")),
    (
        "birth",
        re.compile(
            r"(?:19|20)\d{2}(?:[-./年]\d{1,2}(?:[-./月]\d{1,2}[日号]?)?月?|\d{4})年?|(?:19|20)\d{2}年(?:出?生(?:于|的|人)?)?"
        ),
    ),
    ("age", re.compile(r"\d周?岁?|1\d周?岁?|[一二三四五六七八九十]{1,2}周?岁半?|\d{1,2}岁半")),
    ("price", re.compile(r"(?:价格|预算|大概|大约|约|¥)?:?\d+(?:\.\d+)?(?:元|块钱?)(?:左右|以内)?")),
    ("consent", re.compile(r".{0,6}(?:已?同意|已签字?)")),
    ("school", re.compile(r".+(?:小学|中学|学校|幼儿园|年级|班)")),
    ("address", re.compile(r".+(?:村|社区|镇|乡|街道|[组号屯寨])(?:人|的)?")),
)
_TITLE_INSIDE = re.compile(r"(?:(?<=[;；,，。\s|])|^)([^:：;；,，。|]{2,60}?)[:：]")
_LEAST_LABELLED = 12
_LIVES_WITH = re.compile(
    "^(?:(?:现在?|一直|从小)?(?:跟着?|随着?|由|和|与))?(.{4,7}?)(?:(?:一起|共同)?(?:生活|过日子|过活|抚养|照[顾料看]|带大?|住|过))?$"
)
"""跟着奶奶王英过."""
_FEWEST = 3
_OPENED = str.maketrans("()（）[]【】", " " * 8)
_LONGEST = 120


def is_listed(sheet: Sheet, lexicon: Lexicon) -> int | None:
    """The column of such a list, or None: most of its filled lines carry a number and name a child."""
    for column in range(min(2, widest(sheet.rows))):
        texts = [plain(row[column]) for row in sheet.rows if column < len(row) and row[column] not in (None, "")]
        lines = [line for text in texts if (line := _line(text, lexicon)) is not None]
        named = [line for _, line in lines if "name" in particulars(line, lexicon)]
        if len(named) >= _FEWEST and len(named) >= 0.6 * len(lines) and len(lines) >= 0.4 * len(texts):
            return column
    return None


def _line(text: str, lexicon: Lexicon) -> tuple[str, str] | None:
    """The number and the words of a line about a child; without a number only where every particular has its title."""
    if (match := _LINE.fullmatch(text)) is not None:
        return match[1], match[2]
    return ("", text) if len(text) >= _LEAST_LABELLED and _labelled(text, lexicon) else None


def _labelled(text: str, lexicon: Lexicon) -> dict[str, str]:
    """The particulars of 姓名：王强；性别：男；心愿：书包、水杯, by role; nothing where titles do not tell of a child and a wish."""
    found = [m for m in _TITLE_INSIDE.finditer(text) if lexicon.headers.is_title(m[1])]
    said: dict[str, str] = {}
    for match, following in zip_longest(found, found[1:]):
        meant = next((m.role for m in lexicon.headers.meanings(match[1]) if m.role in _TITLES), None)
        value = text[match.end() : following.start() if following is not None else len(text)].strip(" ;；,，。|\n")
        if meant is not None and value:
            said.setdefault(meant, value)
    return said if {"name", "wish"} <= said.keys() and len(said) >= 3 else {}


def laid_out(sheet: Sheet, column: int, lexicon: Lexicon) -> tuple[Sheet, Callable[[list[Entry]], list[RowFate]]]:
    """The list as a table, and what gives its entries their places in the list back.

    A row of titles is put above the first line; lines that are no child's stay as they are.
    """
    texts = [plain(row[column]) if column < len(row) else "" for row in sheet.rows]
    lines = {r: line for r, text in enumerate(texts) if (line := _line(text, lexicon)) is not None}
    told = {r: {"serial": number, **particulars(line, lexicon)} for r, (number, line) in lines.items()}
    roles = [role for role in _TITLES if any(role in said for said in told.values())]
    first = min(lines)
    rows: list[list[Value]] = [
        [said.get(role, "") for role in roles] if (said := told.get(r)) else [text] for r, text in enumerate(texts)
    ]
    rows.insert(first, [_TITLES[role] for role in roles])

    def moved(row: int) -> int:
        return row + 1 if row >= first else row

    struck = {(moved(r), c) for r, at in sheet.struck if at == column for c in range(len(roles))}
    table = Sheet(sheet.name, rows, sheet.hidden, [], frozenset(map(moved, sheet.hidden_rows)), frozenset(struck))

    def put_back(entries: list[Entry]) -> list[RowFate]:
        for entry in entries:
            entry.row, entry.child_row = entry.row - 1, entry.child_row - 1
            entry.cell = cell_name(entry.row, column)
            entry.traces = {name: trace._replace(cell=entry.cell) for name, trace in entry.traces.items()}
        found = {entry.row for entry in entries}
        return [
            RowFate(sheet.name, r, "wish" if r in found else "blank" if not text else "title" if r < first else "note")
            for r, text in enumerate(texts)
        ]

    return table, put_back


_OF_A_CHILD = ("name", "sex", "age", "birth", "address", "guardian", "phone", "types")


def told_in_one(text: str, lexicon: Lexicon) -> dict[str, str]:
    """What one cell tells of a child (李小雨，女，10岁，三年级), by role: empty unless it begins with a name and says more."""
    line = plain(text).translate(_OPENED)
    if len(line) > _LONGEST or _BREAK.search(line) is None:
        return {}
    said = particulars(line, lexicon)
    name = said.get("name", "")
    if not name or name not in line[: len(name) + 4] or len(said) < 3 or not said.keys() & {"sex", "age", "birth"}:
        return {}
    return {role: said[role] for role in _OF_A_CHILD if role in said}


def particulars(line: str, lexicon: Lexicon) -> dict[str, str]:
    """What a line says, by role. What looks like nothing else is the wish, or behind it a remark."""
    if (":" in line or "：" in line) and (told := _labelled(line, lexicon)):
        return told
    said: dict[str, str] = {}
    line = _WISHES.sub(" ", _GLUED.sub(" ", _WHOSE.sub("", line)))
    labelled = _LABELLED_WISH.search(line) is not None
    for piece in filter(None, _BREAK.split(line.rstrip("。.!"))):
        if _LABEL.fullmatch(piece) is None and lexicon.headers.is_title(piece) and not lexicon.kinds.read(piece).found:
            continue  # 电话 19900001111: the number tells itself; 低保户 is a title, too, but says something
        if (sexed := _SEXED.fullmatch(piece)) is not None and "name" not in said:
            said["name"], said["sex"] = sexed.groups()
            continue
        role, text = _told(piece, said, lexicon)
        if role == "wish" and labelled and "wish" not in said and _LABEL.fullmatch(piece) is None:
            role = "remark"  # the wish is told further on
        said[role] = f"{said[role]}、{text}" if role in said else text
    return said


def _told(piece: str, said: dict[str, str], lexicon: Lexicon) -> tuple[str, str]:
    if (labelled := _LABEL.fullmatch(piece)) is not None:
        meant = next((m.role for m in lexicon.headers.meanings(labelled[1]) if m.role in _TITLES), None)
        if meant is not None:
            return meant, labelled[2]
    bare = tight(piece)
    if "sex" not in said and (bare in lexicon.boys or bare in lexicon.girls):
        return "sex", piece
    for role, look in _LOOKS:
        if role not in said and look.fullmatch(bare) is not None:
            return role, piece
    if "name" in said and (guardian := _guardian(bare, lexicon)):
        return "guardian", guardian
    if lexicon.is_name(bare) and ("name" not in said or "guardian" not in said):
        return ("guardian" if "name" in said else "name"), piece
    if lexicon.is_item(piece):
        return "wish", piece
    if (read := lexicon.kinds.read(bare)).found and not read.unknown:
        return "types", piece
    return ("remark" if "wish" in said else "wish"), piece


def _guardian(piece: str, lexicon: Lexicon) -> str | None:
    """The name in 家长王强, or 奶奶王英 as it is."""
    piece = _LIVES_WITH.sub(r"\1", piece)
    for cut in (2, 3):
        title, name = piece[:cut], piece[cut:]
        if not lexicon.is_name(name):
            continue
        if title in lexicon.relations:
            return piece
        if any(m.role == "guardian" and m.fit == 1 for m in lexicon.headers.meanings(title)):
            return name
    return None
