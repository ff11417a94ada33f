"""Down one table, line by line: the child, the section and what 同上 repeats."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from wishes.intake.reading.grid import Value, column_number
from wishes.intake.understanding.cells import KINDS, PERSONAL, Cells, Columns, Context
from wishes.intake.understanding.dates import day_comes_first
from wishes.intake.understanding.fates import Roles, kind_of_row, roles_of
from wishes.intake.understanding.headers import HeaderWords
from wishes.intake.understanding.listed import told_in_one
from wishes.intake.understanding.model import CampaignRules, Entry, Trace
from wishes.intake.understanding.places import SEVERAL
from wishes.intake.understanding.remarks import says_withdrawn
from wishes.intake.understanding.rows import column_for, read_person
from wishes.intake.understanding.tables import Block, Grid
from wishes.intake.understanding.text import tight
from wishes.intake.understanding.wishcells import WishCell, entries_of, judge

_BESIDE = frozenset(("同左", "同前", "同左。"))
_NONE: frozenset[int] = frozenset()
_VILLAGE_TITLE = re.compile(r"[\u4e00-\u9fff]{1,20}(?:村|社区|居委会|嘎查|屯|寨|管理区|作业站|连队)")
_TOWN_TITLE = re.compile(
    r"(?:[一二三四五六七八九十]{1,2}[、.]|[(（][一二三四五六七八九十]{1,2}[)）])?[\u4e00-\u9fff]{1,8}(?:镇|乡|街道)(?:[(（].*[)）])?"
)
_VILLAGE_SHEET = re.compile(r"[\u4e00-\u9fff]{1,8}(?:村|社区|嘎查|屯|寨|管理区)")
_DISABILITY = re.compile("(?:残疾|残障|障碍|伤残).{0,2}(?:类|种|型|情况)")
"""Over such a column 精神 or 多重 is a disability."""
_NOT_WISHED = re.compile("爱好|特长|兴趣|擅长|喜欢|有|[去上前往]年|上次|实[发际]|发放|领|购|捐|病|诊断|专业")
_ONE = re.compile(r"单价|每[个件份]")
_UNIT_OF = re.compile(r"([百千万])元")
_UNITS = {"百": 100, "千": 1000, "万": 10_000}
_INSIDE = re.compile(r"[(\[【]([^()\[\]【】]*)[)\]】]")
_A_GUESS = 0.5
_BARE_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def _in_yuan(text: str, unit: int) -> str:
    """1.2 below 金额（百元） is 120; what says its own unit stays."""
    return f"{round(float(text) * unit, 2):g}" if _BARE_NUMBER.fullmatch(text) is not None else text


_LOW, _HIGH = re.compile(r"低|下限|起"), re.compile(r"高|上限|封顶")


_SHOE, _HEIGHT = re.compile(r"鞋|脚"), re.compile(r"身高|衣|裤|服")


def _size_text(texts: Sequence[str], sizes: Sequence[tuple[int, str]]) -> str:
    """The sizes of a line as one text; those of several columns are kept apart from a list for several wishes."""
    return "|".join([measure + texts[column] for column, measure in sizes if texts[column]])


_LONGEST_KIND = 12
_PLACED = frozenset(("address", "town", "county", "school"))
_SLASHED = re.compile(r"\d{1,2}[/.\-]\d{1,2}[/.\-]\d{4}")
_A_FEW = 12
_TICKED = frozenset("√✓✔☑")
_NOT_ASKED = frozenset(("", "0", "无", "否", "不", "×", "x", "X", "/", "-", "—"))


def _column_of(cell: str) -> int:
    """2 for C7."""
    return column_number(cell.rstrip("0123456789"))


def _names_another(title: str, headers: HeaderWords) -> bool:
    """孩子2姓名 beside 孩子1姓名."""
    return bool(re.search(r"[2二]", title)) and any(m.role == "name" for m in headers.meanings(title))


class BlockReader:
    """Walks down one table, remembering the child, the section and the values that 同上 repeats."""

    def __init__(self, grid: Grid, block: Block, context: Context, headers: HeaderWords, rules: CampaignRules) -> None:
        self.grid, self.block, self.context, self.headers, self.rules = grid, block, context, headers, rules
        self.roles: Roles = roles_of(block)
        titles = {c.column: c.title for c in block.columns}
        self.columns = Columns(
            {role: columns for role, columns in self.roles.by_role.items() if role in PERSONAL},
            self._day_first(titles),
            frozenset(c for c in self.roles.by_role.get("types", ()) if _DISABILITY.search(titles[c])),
        )
        self.wishes: list[tuple[int, int | None, list[tuple[int, str]], int | None]] = [
            (
                c.column,
                column_for(block.columns, "price", c.number),
                self._sizes(c.number),
                column_for(block.columns, "qty", c.number),
            )
            for c in sorted(block.columns, key=lambda c: c.number)
            if c.role == "wish"
        ]
        prices = [c for c in block.columns if c.role == "price"]
        self.each = {c.column for c in prices if _ONE.search(c.title)}
        """Columns that tell the price of one piece."""
        self.units = {c.column: _UNITS[m[1]] for c in prices if (m := _UNIT_OF.search(c.title)) is not None}
        """Columns of prices in hundreds or thousands of yuan."""
        alone = prices[0].column if len(prices) == 1 and prices[0].number == 0 else None
        self.lowest = self._end(_LOW)
        self.highest = self._end(_HIGH)
        """Columns of the least and the highest price, where a table has one for each."""
        self.shared_price = alone if len(self.wishes) > 1 else None
        self.entries: list[Entry] = []
        self.person: Entry | None = None
        self.section_village: str | None = self._sheet_village()
        self.section_kinds: tuple[str, ...] = ()
        self.section_town: tuple[str | None, str] | None = None
        self.section_unsure = ""
        """A heading that names a township of which there are several."""
        self.sent_from = (context.county, context.town)
        """What the heading above says of all lines below it."""
        repeatable = {column for _, column in self.columns.last_first} | {w[0] for w in self.wishes}
        repeatable |= (
            {self.shared_price} if self.shared_price is not None else {w[1] for w in self.wishes if w[1] is not None}
        )
        texts = list(zip(*grid.text[block.start : block.end], strict=True))
        self.items = {c.column: c.title for c in block.columns if c.role == "wish" and context.lexicon.is_item(c.title)}
        """Columns of wishes that have the thing for their title, and a tick in their cells."""
        self.asked = {c.column: c.title for c in block.columns if c.role == "wish" and c.how == "asked"}
        """Those of them that hold nothing but ticks, sizes and numbers of pieces."""
        self.second = min(
            (c.column for c in block.columns if c.role == "ignored" and _names_another(c.title, headers)), default=None
        )
        """The column of a second child in the same line."""
        self.strays = [
            c.column
            for c in block.columns
            if c.role == "ignored" and c.how == "unknown" and c.title and _NOT_WISHED.search(c.title) is None
        ]
        """Columns of which nobody knows what they tell."""
        self.ditto = [c for c in sorted(repeatable) if texts and not context.lexicon.ditto.isdisjoint(texts[c])]
        """The columns in which 同上 stands somewhere."""
        off = context.lexicon.called_off
        self.unknown = [
            c.column for c in block.columns if c.how == "unknown" and texts and not off.isdisjoint(texts[c.column])
        ]
        """Columns of which nobody knows more than that they call some lines off: 是否有效 | 作废."""
        self.above: dict[int, tuple[str, Value]] = {}
        self.nameless = "name" not in self.roles.by_role
        self.told: dict[str, str] = {}
        """The child of whom a line above the wishes tells, where no column has names."""
        if block.header_rows and block.header_rows[0] > 0:
            # Tables below each other, each under the name of its village.
            title = [text for text in dict.fromkeys(grid.text[block.header_rows[0] - 1]) if text]
            if len(title) == 1 and (
                _VILLAGE_TITLE.fullmatch(title[0]) is not None or _TOWN_TITLE.fullmatch(title[0]) is not None
            ):
                self._section(title[0])
            elif len(title) == 1 and self.nameless:
                self.told = told_in_one(title[0], context.lexicon)

    def _day_first(self, titles: Mapping[int, str]) -> bool | None:
        column = self.roles.first("birth")
        if column is None:
            return None
        texts = self.grid.column_texts[column][self.block.start : self.block.end]
        if not any(_SLASHED.fullmatch(text) for text in texts[:_A_FEW]):
            return None
        return day_comes_first(titles[column], texts)

    def _sizes(self, wish: int) -> list[tuple[int, str]]:
        """The size columns of a wish column, each with the word that tells what it measures where its title does."""
        mine = [c for c in self.block.columns if c.role == "size" and c.number in (wish, 0)]
        return [
            (
                c.column,
                "鞋码"
                if _SHOE.search(c.title) and not _HEIGHT.search(c.title)
                else "身高"
                if _HEIGHT.search(c.title) and not _SHOE.search(c.title)
                else "",
            )
            for c in mine
        ]

    def _end(self, title: re.Pattern[str]) -> int | None:
        prices = [c for c in self.block.columns if c.role == "price"]
        found = [c.column for c in prices if title.search(c.title)]
        return found[0] if len(self.wishes) == 1 and len(prices) == 2 and len(found) == 1 else None

    def read(self, row: int) -> str:
        """Read one row; returns its fate."""
        kind = kind_of_row(self.grid, self.block, self.roles, row, self.context.lexicon, self.headers)
        if kind.fate == "section":
            self._section(kind.section)
            self.person = None
            if self.nameless:
                self.told = told_in_one(self._only_text(row), self.context.lexicon)
        if kind.fate == "more_blank":
            return "blank"
        if kind.fate not in ("child", "more"):
            return kind.fate
        cells = self._cells(row)
        person = self._person_of(row, cells)
        wishes = self._wish_cells(row, cells.texts)
        if kind.fate == "more" and person.child_row != row and not any(w.text for w in wishes):
            return "blank"
        if not any(w.text for w in wishes) and (stray := self._stray_wish(row, cells.texts, wishes)) is not None:
            wishes = [stray]
        gone = self._struck(row) or (
            "remark" in cells.said and says_withdrawn(" ".join(cells.all("remark")), self.context.lexicon)
        )
        gone = gone or self._called_off(cells.said.get("name", ""))
        if self.unknown and not gone:
            gone = any(cells.texts[column] in self.context.lexicon.called_off for column in self.unknown)
        shared = self.shared_price
        for entry in entries_of(
            person,
            wishes,
            self.context.lexicon,
            shared_price=None if shared is None else cells.texts[shared],
            shared_price_at=None if shared is None else (row, shared),
        ):
            if (gone or self._called_off(entry.raw)) and "withdrawn" not in entry.reasons:
                entry.reasons.append("withdrawn")
            if self.second is not None and _column_of(entry.cell) > self.second and cells.texts[self.second]:
                entry.doubts.append("row_unsure")  # whose wish this is
            if self.nameless and not entry.child:
                entry.doubts.append(
                    "row_unsure"
                )  # no column of this table has the names: somebody has to look where they are
            judge(entry, self.rules)
            self.entries.append(entry)
        return "wish"

    def _called_off(self, text: str) -> bool:
        """跳绳（作废）, or 作废 and nothing else."""
        if "(" not in text and "【" not in text and "[" not in text:
            return text in self.context.lexicon.called_off
        said = _INSIDE.findall(text)
        return any(says_withdrawn(inside, self.context.lexicon) for inside in said)

    def _only_text(self, row: int) -> str:
        return next(filter(None, self.grid.text[row]), "")

    def _sheet_village(self) -> str | None:
        """The village that a sheet is named after, which holds until a section says otherwise."""
        name = tight(self.context.sheet)
        return name if _VILLAGE_SHEET.fullmatch(name) is not None else None

    def _section(self, text: str) -> None:
        places = self.context.lexicon.places
        bare = re.sub(r"[(（].*$", "", text)
        if re.search(r"村|社区|居委会|屯|庄|寨|嘎查|管理区|作业站|连队", bare) and not re.search(
            r"年级|班|小学|中学", bare
        ):
            self.section_village = places.read(bare).village
        else:
            self.section_village = None
        # 二、低保家庭儿童; 沙石镇中心小学
        self.section_kinds = self._kinds_in(bare)
        county, town, _ = places.mentioned(bare, shortened=False)
        self.section_town = (county, town) if town is not None else None
        unsure = self.section_town is None and _TOWN_TITLE.fullmatch(bare) is not None
        self.section_unsure = bare if unsure and places.read(bare).confidence <= _A_GUESS else ""
        elsewhere = (None, None) if _TOWN_TITLE.fullmatch(bare) is not None else self.sent_from
        told = self.section_town or elsewhere
        if told != (self.context.county, self.context.town):
            # 一、复兴镇: the places of its lines lie there, also where they name a village only.
            self.context.county, self.context.town = told
            self.context.places_read.clear()

    def _kinds_in(self, heading: str) -> tuple[str, ...]:
        read = self.context.lexicon.kinds.read(heading)
        if read.unknown or len(heading) > _LONGEST_KIND:
            return ()
        return tuple(kind for kind in KINDS if kind in read.found)

    def _cells(self, row: int) -> Cells:
        texts, values = self.grid.text[row], self.grid.values[row]
        if self.ditto:
            texts, values = list(texts), list(values)
            for at in self.ditto:
                if texts[at] in _BESIDE and at:
                    texts[at], values[at] = texts[at - 1], values[at - 1]
                elif texts[at] in self.context.lexicon.ditto:
                    texts[at], values[at] = self.above.get(at, ("", ""))
                elif texts[at]:
                    self.above[at] = (texts[at], values[at])
        months = self.grid.sheet.month_only
        cells = Cells(
            row,
            texts,
            values,
            self.columns,
            frozenset(c for c in range(len(texts)) if (row, c) in months) if months else _NONE,
        )
        if self.nameless:
            facts = self.roles.first("facts")
            told = told_in_one(texts[facts], self.context.lexicon) if facts is not None else self.told
            for role, text in told.items():
                cells.said.setdefault(role, text)
        return cells

    def _person_of(self, row: int, cells: Cells) -> Entry:
        """The child of this row: its own, or the one above that it continues."""
        if self.person is None or not self._continues(row, cells):
            self.person_cells = cells
        # Read afresh also for a further wish: the person of the row above has become an entry.
        hidden = self.person_cells.row in self.grid.sheet.hidden_rows
        person = self.person = read_person(self.person_cells, self.context, self.section_village, hidden)
        if self.section_kinds and not person.types:
            person.types = self.section_kinds
        if self.section_town is not None and _PLACED.isdisjoint(self.person_cells.said):
            person.county, person.town = self.section_town
        if self.section_unsure and person.town is None and "out_of_area" not in person.reasons:
            person.traces["town"] = Trace("", self.section_unsure, SEVERAL, _A_GUESS)
        return person

    def _continues(self, row: int, cells: Cells) -> bool:
        assert self.person is not None
        name_column = self.roles.first("name")
        if name_column is not None and (row, name_column) in self.grid.merged_from:
            top = self.grid.merged_from[row, name_column][0]
            return top != row and self.person.child_row >= top
        if cells.one("name"):
            return False
        serial = self.roles.first("serial")
        merged = self.grid.merged_from
        if serial is not None and name_column is not None and serial > name_column:
            serial = None  # it counts the wishes of one child
        if serial is not None and self.grid.text[row][serial] and (row, serial) not in merged:
            same = tight(self.grid.text[row][serial]) == tight(self.grid.text[self.person.child_row][serial])
            if not same:
                return False
        for role in ("sex", "birth", "age", "id", "guardian", "phone", "address", "village", "recno"):
            for column in self.columns.by_role.get(role, ()):
                text = cells.texts[column]
                if text and (row, column) not in merged and text != self.grid.text[self.person.child_row][column]:
                    return False
        return True

    def _wish_cells(self, row: int, texts: Sequence[str]) -> list[WishCell]:
        struck, single = self.grid.sheet.struck, self.shared_price is None
        if self.items and any(texts[column] in _TICKED for column in self.items):
            texts = [self.items.get(c, t) if t in _TICKED else t for c, t in enumerate(texts)]
        if self.asked:
            return self._asked_cells(row, texts)
        if self.units:
            texts = [_in_yuan(t, self.units[c]) if c in self.units else t for c, t in enumerate(texts)]
        if self.highest is not None and self.lowest is not None and texts[self.highest]:
            (column, _, sizes, qty), low = self.wishes[0], texts[self.lowest]
            price = f"{low}-{texts[self.highest]}" if low else f"不超过{texts[self.highest]}"
            return [
                WishCell(
                    row,
                    column,
                    texts[column],
                    price,
                    (row, self.highest),
                    _size_text(texts, sizes),
                    texts[qty] if qty is not None else "",
                    (row, column) in struck,
                )
            ]
        return [
            WishCell(
                row,
                column,
                texts[column],
                texts[price] if single and price is not None else "",
                None if price is None else (row, price),
                _size_text(texts, sizes) if sizes else "",
                texts[qty] if qty is not None else "",
                (row, column) in struck,
                price in self.each,
            )
            for column, price, sizes, qty in self.wishes
        ]

    def _stray_wish(self, row: int, texts: Sequence[str], wishes: Sequence[WishCell]) -> WishCell | None:
        """The wish of a line whose own cell for it is empty, where a column without a role has things: 学习用品 | 衣服鞋帽 | 玩具."""
        if self.asked or len(wishes) != 1:
            return None
        lexicon = self.context.lexicon
        found = [c for c in self.strays if texts[c] and lexicon.is_item(texts[c])]
        return replace(wishes[0], column=found[0], text=texts[found[0]]) if len(found) == 1 else None

    def _asked_cells(self, row: int, texts: Sequence[str]) -> list[WishCell]:
        """One wish for every thing that is ticked, or of which the size or the number of pieces is told."""
        struck = self.grid.sheet.struck
        cells = []
        for column, _, sizes, qty in self.wishes:
            text = tight(texts[column])
            thing = self.asked.get(column)
            size, pieces = _size_text(texts, sizes), texts[qty] if qty is not None else ""
            if thing is not None:
                if text in _NOT_ASKED:
                    text = thing = ""
                pieces, size = (
                    (text, size) if text.isdigit() and len(text) == 1 else (pieces, "" if text in _TICKED else text)
                )
            cells.append(
                WishCell(
                    row,
                    column,
                    texts[column] if thing is None else thing,
                    "",
                    None,
                    size,
                    pieces,
                    (row, column) in struck,
                )
            )
        return cells

    def _struck(self, row: int) -> bool:
        """Struck through: the name, or most of the line."""
        struck = self.grid.sheet.struck
        if not struck:
            return False
        filled = [c.column for c in self.block.columns if self.grid.text[row][c.column]]
        crossed = [c for c in filled if (row, c) in struck]
        name = self.roles.first("name")
        return len(crossed) > 0.5 * len(filled) or (
            name is not None and (row, name) in struck and bool(self.grid.text[row][name])
        )
