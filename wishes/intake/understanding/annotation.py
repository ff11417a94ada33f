"""The sender's own grid, with what was recognised written over it: for the resolution centre and the workbook sent back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from wishes.i18n import Text
from wishes.intake.reading.grid import Sheet, Workbook, cell_name, column_name, column_number, widest
from wishes.intake.understanding.model import Entry, FileReading
from wishes.intake.understanding.text import shown

PROBLEMS: Mapping[str, Text] = {
    "missing_wish": Text("没有写心愿", "No wish is stated"),
    "missing_name": Text("没有孩子姓名", "The child's name is missing"),
    "over_ceiling": Text("超过价格上限", "Above the price ceiling"),
    "age_out_of_range": Text("年龄不在范围内（可能填了大人的出生日期）", "Too old; perhaps an adult's birth date"),
    "no_consent": Text("没有监护人同意的记录", "No recorded consent of the guardian"),
    "unsafe_item": Text("不安全的物品", "Not a safe thing"),
    "cash_wish": Text("现金或等同现金", "Money, or its like"),
    "withdrawn": Text("已撤回", "Withdrawn"),
    "out_of_area": Text("地址不在本市", "The address lies outside the city"),
    "item_unknown": Text("认不出是什么物品", "It is not clear what is wished for"),
    "item_unsure": Text("可能不安全，请确认", "May not be safe; please confirm"),
    "item_either": Text("写了几样，任选其一", "Several things are named, any of which would do"),
    "price_unreadable": Text("看不懂价格", "The price cannot be read"),
    "consent_unreadable": Text("看不懂是否同意", "It is not clear whether the guardian consents"),
    "age_unsure": Text("年龄说不准，请填出生日期", "The child's age is uncertain; please give the birth date"),
    "place_unsure": Text("同名的地方不止一个", "There are several places of this name"),
    "wish_cut_unsure": Text("不确定是几个心愿", "It is not clear how many wishes these are"),
    "row_unsure": Text("这一行读得不够确定", "This line was not read surely enough"),
    "price_missing": Text("没有价格", "No price"),
    "price_total_only": Text("只有总价，不知道单价", "Only a sum is given"),
    "birth_missing": Text("没有出生日期", "No birth date"),
    "birth_ambiguous": Text("月份看不清（1月还是10月），只取年份", "January or October: only the year was kept"),
    "birth_lunar": Text("农历生日，只取年份", "A lunar date: only the year was kept"),
    "date_serial": Text("日期变成了数字，已换算", "The date had turned into a number and was converted"),
    "phone_missing": Text("没有电话", "No phone number"),
    "phone_invalid": Text("电话不是11位", "The phone number has not eleven digits"),
    "old_district": Text("写的是调整前的区名，已改", "A former district, replaced by today's"),
    "hidden_row": Text("隐藏的行（可能开着筛选）", "A hidden row; perhaps a filter was left on"),
    "name_alias": Text("化名", "Not the real name"),
}
"""What every code means, for people."""

_COLUMN_OF: Mapping[str, str] = {
    "missing_name": "name",
    "name_alias": "name",
    "over_ceiling": "price",
    "price_unreadable": "price",
    "price_missing": "price",
    "price_total_only": "price",
    "age_out_of_range": "birth",
    "age_unsure": "age",
    "birth_missing": "birth",
    "birth_ambiguous": "birth",
    "birth_lunar": "birth",
    "date_serial": "birth",
    "no_consent": "consent",
    "consent_unreadable": "consent",
    "out_of_area": "address",
    "old_district": "address",
    "place_unsure": "address",
    "phone_missing": "phone",
    "phone_invalid": "phone",
}
"""Where a problem is to be mended, when the table has such a column; else at the wish."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One problem at one cell. ``weight`` is ``rejected``, ``parked`` or ``warning``."""

    row: int
    column: int
    code: str
    weight: str
    entry: str
    """The key of the entry it concerns."""

    @property
    def cell(self) -> str:
        return cell_name(self.row, self.column)


@dataclass(slots=True)
class AnnotatedSheet:
    """A sheet as sent: ``rows`` of texts, the fate of each row, the role of each column by table, and marks by cell."""

    name: str
    use: str
    rows: list[list[str]]
    fates: list[str]
    roles: list[tuple[int, int, dict[int, str]]] = field(default_factory=list)
    """(first row, last row, role by column) of each table."""
    marks: dict[tuple[int, int], list[Mark]] = field(default_factory=lambda: defaultdict(list))
    entries: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Keys of the entries of each row."""

    @property
    def columns(self) -> list[str]:
        """A, B, C …"""
        return [column_name(c) for c in range(max((len(r) for r in self.rows), default=0))]


def annotated(workbook: Workbook, reading: FileReading) -> list[AnnotatedSheet]:
    """The workbook's visible sheets with what was read of them. Identity numbers are shown as dots."""
    fates: dict[str, dict[int, str]] = defaultdict(dict)
    for fate in reading.fates:
        fates[fate.sheet][fate.row] = fate.fate
    by_sheet: dict[str, list[Entry]] = defaultdict(list)
    for entry in reading.entries:
        by_sheet[entry.sheet].append(entry)
    uses = {s.name: s for s in reading.sheets}
    pages = []
    for sheet in workbook.sheets:
        use = uses.get(sheet.name)
        if use is None or use.use in ("hidden", "empty"):
            continue
        page = AnnotatedSheet(sheet.name, use.use, _texts(sheet), [])
        page.fates = [fates[sheet.name].get(row, "blank") for row in range(len(page.rows))]
        for table in use.tables:
            page.roles.append((table.first_row, table.last_row, {c.column: c.role for c in table.columns}))
        _hide_identity(page)
        for entry in by_sheet[sheet.name]:
            _mark(page, entry)
        pages.append(page)
    return pages


def _texts(sheet: Sheet) -> list[list[str]]:
    width = widest(sheet.rows)
    return [[shown(v) for v in row] + [""] * (width - len(row)) for row in sheet.rows]


def _hide_identity(page: AnnotatedSheet) -> None:
    for first, last, roles in page.roles:
        for column in (c for c, role in roles.items() if role == "id"):
            for row in range(first, min(last + 1, len(page.rows))):
                if column < len(page.rows[row]) and any(c.isdigit() for c in page.rows[row][column]):
                    page.rows[row][column] = "••••••"


def _mark(page: AnnotatedSheet, entry: Entry) -> None:
    page.entries[entry.row].append(entry.key)
    letters = entry.cell.rstrip("0123456789")
    own = column_number(letters) if letters.isalpha() else 0
    roles = next((r for first, last, r in page.roles if first <= entry.row <= last and own in r), {})
    for weight, codes in (("rejected", entry.reasons), ("parked", entry.doubts), ("warning", entry.warnings)):
        for code in codes:
            wanted = _COLUMN_OF.get(code, "")
            columns = sorted(
                (
                    c
                    for c, role in roles.items()
                    if role == wanted or (wanted == "address" and role in ("village", "town", "county"))
                ),
                key=lambda c: abs(c - own),
            )
            column = columns[0] if columns else own
            page.marks[entry.row, column].append(Mark(entry.row, column, code, weight, entry.key))
