"""From the rows of one table to wish entries."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter

from wishes.intake.reading.grid import Value, cell_name
from wishes.intake.understanding.consents import consent_in
from wishes.intake.understanding.contradictions import SLIPPED, out_of_place
from wishes.intake.understanding.dates import NOTHING, When, birth_from_id, read_birth, read_visit
from wishes.intake.understanding.lexicon import Lexicon
from wishes.intake.understanding.model import ColumnReading, Entry, Trace
from wishes.intake.understanding.numerals import number
from wishes.intake.understanding.people import names_in, read_guardian, read_name, read_phones, read_sex
from wishes.intake.understanding.places import SEVERAL, Address
from wishes.intake.understanding.text import tight

_DIGIT = re.compile(r"\d")
_NOT_WANTED = re.compile("(?:现在?|家长|孩子|本人|监护人|家里)?(?:说|表示)?不(?:需要|想要|要|用)[。.!]?")
_NOBODY = frozenset(("无", "/", "—", "-", "未知", "不详"))
_CHANGED = re.compile(
    "(?:已经?|现已|全家|举家|本月)(?:搬|迁|转学|转走|转出|退学|离校|毕业|满足|实现|圆梦|解决|买(?!.{0,4}[医社]?保)了?|购买(?!.{0,4}[医社]?保)|购置|获赠|去世|死亡|夭折)"
    "|[已早]由.{1,8}(?:送|买|解决|实现|满足)|(?:随|跟)(?:着|同)?(?:父|母|爸|妈|家人|家长).{0,6}(?:[去往到回]|走了|离开)"
    "|(?<!不)(?:改成|改为|换成|换为|变更为|更换为|更正为)|改打|改拨|应为|重复(?!使用)"
)
"""Remarks that tell of another wish, another number, or that nobody waits any more: a person has to read them."""
_YEARS_OLD = re.compile(r"\d{1,2}\s*周?岁")
_AGE = re.compile(r"(\d{1,3})(?:\.\d+)?(?:周?岁)?(?:半)?")


PERSONAL = frozenset(
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
        "relation",
        "phone",
        "types",
        "flag_orphan",
        "flag_unattended",
        "flag_poor",
        "flag_disabled",
        "flag_left_behind",
        "flag_other",
        "visit",
        "recno",
        "consent",
        "remark",
        "unit_name",
    )
)
"""The roles that tell of the child."""
KINDS = ("orphan", "unattended", "poor", "disabled", "left_behind", "other")
"""The types of need, in the order they are told."""


@dataclass(slots=True)
class Context:
    """What holds for all rows of a sheet."""

    file: str
    sheet: str
    lexicon: Lexicon
    year: int
    newest_birth: int
    date1904: bool = False
    lossy_text: bool = False
    kind_codes: tuple[tuple[str, str], ...] = ()
    sex_codes: tuple[tuple[str, str], ...] = ()
    batch_consent: bool = False
    county: str | None = None
    town: str | None = None
    sender_old: bool = False
    places_taught: Mapping[str, str] = field(default_factory=dict)
    """Townships by what this sender calls a place in them."""
    places_read: dict[tuple[str | None, ...], Address] = field(default_factory=dict)
    """What was made of the cells that tell of places, by their words."""


class Columns:
    """The columns of a table (or the pairs of a card) that tell of the child, by role; the same for all its lines.
    ``disabilities`` are those that tell the kind of a disability."""

    __slots__ = ("by_role", "disabilities", "flags", "last_first", "needs_cells", "needs_read", "several")

    def __init__(self, by_role: Mapping[str, Sequence[int]], disabilities: frozenset[int] = frozenset()) -> None:
        self.by_role, self.disabilities = by_role, disabilities
        self.last_first = [(role, column) for role, columns in by_role.items() for column in reversed(columns)]
        self.several = frozenset(role for role, columns in by_role.items() if len(columns) > 1)
        self.flags = [(kind, "flag_" + kind) for kind in KINDS if "flag_" + kind in by_role]
        needs = [column for role in ("types", *(flag for _, flag in self.flags)) for column in by_role.get(role, ())]
        self.needs_cells = itemgetter(*needs) if needs else None
        self.needs_read: dict[str | tuple[str, ...], tuple[str, ...]] = {}
        """What was made of the cells that tell of needs, by their words."""


_NOWHERE: Mapping[int, str] = {}


class Cells:
    """The cells of one line, already free of 同上: ``texts`` and ``values`` by column.

    ``where`` names places that differ from row and column (a card's cells); ``said`` is the first filled cell of each role.
    """

    __slots__ = ("columns", "month_only", "row", "said", "texts", "values", "where")

    def __init__(
        self,
        row: int,
        texts: Sequence[str],
        values: Sequence[Value],
        columns: Columns,
        month_only: frozenset[int] = frozenset(),
        where: Mapping[int, str] = _NOWHERE,
    ) -> None:
        self.row, self.texts, self.values, self.columns, self.month_only, self.where = (
            row,
            texts,
            values,
            columns,
            month_only,
            where,
        )
        self.said = {role: text for role, column in columns.last_first if (text := texts[column])}

    def one(self, role: str) -> str:
        """The first filled cell of a role."""
        return self.said.get(role, "")

    def all(self, role: str) -> list[str]:
        """The filled cells of a role."""
        if role in self.columns.several:
            return [text for column in self.columns.by_role[role] if (text := self.texts[column])]
        return [self.said[role]] if role in self.said else []

    def column(self, role: str) -> int | None:
        """The column of a role's first filled cell."""
        if role in self.said:
            for column in self.columns.by_role[role]:
                if self.texts[column]:
                    return column
        return None


def read_person(cells: Cells, context: Context, section_village: str | None, hidden: bool) -> Entry:
    """The child of a line, as an entry without a wish."""
    lexicon = context.lexicon
    entry = Entry(context.file, context.sheet, "", 1, cells.row, child_row=cells.row)
    said = cells.said
    if shown := said.get("name"):
        name = read_name(shown)
        if name.text and name.text not in _NOBODY:
            entry.child = name.text
            if name.alias:
                entry.warnings.append("name_alias")
            if len(name.text) >= 4 and len(names := names_in(shown)) > 1 and all(map(lexicon.is_name, names)):
                # Whose wish this is only the sender knows.
                entry.doubts.append("row_unsure")
                _trace(entry, cells, "child", "name", "several names", 0.4)
            if name.confidence < 1:
                _trace(entry, cells, "child", "name", "unusual name", name.confidence)
            if name.note and "sex" not in cells.columns.by_role:
                entry.gender = read_sex(name.note, lexicon.boys, lexicon.girls)
    if sex := said.get("sex"):
        entry.gender = read_sex(sex, lexicon.boys, lexicon.girls, context.sex_codes)
    _read_birth(entry, cells, context)
    if age := said.get("age"):
        years = _YEARS_OLD.search(age)
        entry.age = read_age(age if years is None else years[0])
    elif sex and entry.age is None and (years := _YEARS_OLD.search(sex)) is not None:
        entry.age = read_age(years[0])  # 性别/年龄 in one column
    elif shown and "age" not in cells.columns.by_role and (years := _YEARS_OLD.search(shown)) is not None:
        entry.age = read_age(years[0])  # 姓名/性别/年龄
    if age and not sex and "sex" not in cells.columns.by_role:
        entry.gender = entry.gender or _sex_beside(age)
    _read_place(entry, cells, context, section_village)
    at_guardian = ""
    if guardian := said.get("guardian"):
        entry.guardian, entry.relation = read_guardian(guardian, lexicon.relations)
        if _DIGIT.search(guardian) is not None:
            beside = read_phones(guardian)
            entry.phone, at_guardian = beside.numbers, beside.warning
        if entry.guardian is None and entry.phone and lexicon.is_name(exchanged := tight(said.get("phone", ""))):
            entry.guardian = (
                exchanged  # the number stands in the column of guardians, and the guardian in that of numbers
            )
        elif entry.guardian == entry.child and entry.child is not None:
            # Nobody is the guardian of oneself.
            entry.guardian = None
            _trace(entry, cells, "guardian", "guardian", "the child's own name", 0.8)
    if relation := said.get("relation"):
        entry.relation = tight(relation)
    _read_phone(entry, cells, at_guardian)
    _read_types(entry, cells, context)
    if (column := cells.column("visit")) is not None:
        entry.visit = read_visit(cells.values[column], year=context.year, date1904=context.date1904).iso
        if entry.visit is None and tight(said["visit"]) not in lexicon.no_record:
            _trace(entry, cells, "visit", "visit", "not a date", 0.7)
    if record := said.get("recno"):
        record = tight(record).upper().replace("—", "-").replace("–", "-")
        if record not in lexicon.no_record and _DIGIT.search(record) is not None:
            entry.recno = record
    if out_of_place(entry, said, lexicon):
        entry.doubts.append("row_unsure")
        entry.traces[SLIPPED] = Trace("", "", "cells below the wrong titles", 0.4)
    consent = read_consent(cells, context)
    entry.consent, entry.consent_text = consent, said.get("consent", "")
    if consent == "unclear":
        entry.consent = "no"
        entry.doubts.append("consent_unreadable")
    entry.school = tight(said["school"]) or None if "school" in said else None
    entry.remark = " ".join(cells.all("remark")) if "remark" in said else None
    if entry.remark and _CHANGED.search(tight(entry.remark)) is not None:
        entry.doubts.append("row_unsure")
    if hidden:
        entry.warnings.append("hidden_row")
    return entry


def _trace(entry: Entry, cells: Cells, name: str, role: str, how: str, confidence: float) -> None:
    column = cells.column(role)
    place = "" if column is None else cells.where.get(column) or cell_name(cells.row, column)
    # Identity numbers are never kept, also not as the source of a birth date.
    entry.traces[name] = Trace(place, "" if role == "id" else cells.one(role), how, confidence)


def _read_birth(entry: Entry, cells: Cells, context: Context) -> None:
    when: When = NOTHING
    column = cells.column("birth")
    if column is not None:
        when = read_birth(
            cells.values[column],
            newest=context.newest_birth,
            date1904=context.date1904,
            month_only=column in cells.month_only,
            lossy_text=context.lossy_text,
        )
        if when.age is not None:
            entry.age = when.age
        if when.how != "written" and when.how != "date cell":
            _trace(entry, cells, "birth", "birth", when.how, when.confidence)
    elif told := cells.one("birth"):
        when = read_birth(told, newest=context.newest_birth)
    entry.birth = when.iso
    if entry.birth is None and (digits := cells.one("id")):
        entry.birth = birth_from_id(digits, context.newest_birth)
        if entry.birth is not None:
            _trace(entry, cells, "birth", "id", "identity number", 0.95)
    if entry.birth is None:
        entry.warnings.append("birth_missing")
    else:
        entry.warnings += [w for w in when.warnings if w != "birth_missing"]


@lru_cache(maxsize=1024)
def read_age(text: str) -> int | None:
    """Whole years: 9, 9岁, 九岁, 9周岁, 9.0; None when it is no age."""
    bare = tight(text)
    if (match := _AGE.fullmatch(bare)) is not None:
        value = int(match[1])
        return value if value <= 120 else None
    named = number(re.sub(r"(?:周?岁半?|周)$", "", bare))
    return int(named) if named is not None and named <= 120 else None


def _sex_beside(text: str) -> str | None:
    """M or F where exactly one of 男 and 女 stands in the cell."""
    boy, girl = "男" in text, "女" in text
    return None if boy == girl else "M" if boy else "F"


_PLACES = ("address", "village", "town", "county")


def _read_place(entry: Entry, cells: Cells, context: Context, section_village: str | None) -> None:
    told = cells.said
    key = (told.get("address"), told.get("village"), told.get("town"), told.get("county"))
    read = context.places_read.get(key)
    if read is None or cells.where:
        # A card may have two titles for an address, a table has one column.
        read = context.places_read[key] = _place(
            [(role, text) for role in _PLACES for text in cells.all(role)], context
        )
    if read.outside:
        entry.village = None
        entry.reasons.append("out_of_area")
        _trace(entry, cells, "county", "address", read.how, 0.9)
        return
    entry.village = read.village or section_village
    entry.county, entry.town = read.county, read.town
    if (entry.town is None and (entry.county is None or entry.county == context.county)) or (
        entry.town is None and read.old_district and context.town is not None
    ):
        entry.county, entry.town = context.county, context.town
    several = False
    if read.town is None and (unit := told.get("unit_name")):
        # Where the line names no township, the unit that put the child forward may.
        named = context.lexicon.places.read(unit, county=read.county or context.county)
        several = named.town is not None and named.confidence <= 0.5
        if several and not (
            entry.town is not None and context.lexicon.places.townships[entry.town].name in tight(unit)
        ):
            # Which of them is not the sender's to tell.
            entry.county, entry.town = read.county, None
        if named.town is not None and not several and read.county in (None, named.county):
            entry.county, entry.town = named.county, named.town
    if entry.town is None and (school := told.get("school")):
        county, town, _ = context.lexicon.places.mentioned(school)
        if town is not None and entry.county in (None, county):
            entry.county, entry.town = county, town
    if (
        context.places_taught
        and (read.town is None or read.confidence <= 0.5)
        and (taught := _taught(entry, read, told, context))
    ):
        entry.county, entry.town = context.lexicon.places.county_of(taught), taught
        read, several = read._replace(confidence=1.0), False
    if several and entry.town is None:
        _trace(entry, cells, "town", "unit_name", SEVERAL, 0.5)
    if read.old_district or (context.sender_old and read.town is None):
        entry.warnings.append("old_district")
    if read.confidence <= 0.5:
        _trace(entry, cells, "town", "address", SEVERAL, read.confidence)


def _taught(entry: Entry, read: Address, told: Mapping[str, str], context: Context) -> str | None:
    """The township that a coordinator said this sender means."""
    townships = context.lexicon.places.townships
    names = (townships[read.town].name if read.town else None, entry.village, tight(told.get("school", "")))
    code = next((context.places_taught[name] for name in names if name and name in context.places_taught), None)
    return code if code in townships else None


def _place(said: Sequence[tuple[str, str]], context: Context) -> Address:
    """What the cells that tell of places say together; the address comes first."""
    places = context.lexicon.places
    if len(said) == 1 and said[0][0] == "address":
        return places.read(said[0][1], county=context.county, town=context.town)
    # A column of counties tells which of several townships of one name the others mean.
    beside = next(
        (county for role, text in reversed(said) if role == "county" and (county := places.county_named(text))),
        context.county,
    )
    read = Address()
    for role, text in said:
        found = places.read(text, county=read.county or beside, town=context.town)
        if role in ("town", "county") and found.village and not found.town:
            # 万市 in a column of towns lacks its 镇
            county, town, _ = places.mentioned((places.counties.get(read.county or beside or "", "")) + text)
            found = found._replace(village=None, town=found.town or town, county=found.county or county)
        if role == "village" and found.village is None and not found.town and not found.county:
            found = found._replace(village=places.read_village(text))
        read = Address(
            found.county if found.town or read.county is None else read.county,
            found.town or read.town,
            read.village if read.village and role in ("town", "county") else (found.village or read.village),
            read.outside or found.outside,
            read.old_district or found.old_district,
            found.how,
            min(read.confidence, found.confidence),
        )
    return read


def _read_phone(entry: Entry, cells: Cells, warning: str) -> None:
    numbers = entry.phone
    if text := cells.said.get("phone"):
        found = read_phones(text)
        numbers, warning = numbers + found.numbers, found.warning
        for text in cells.all("phone")[1:] if "phone" in cells.columns.several else ():
            found = read_phones(text)
            numbers += found.numbers
            warning = found.warning or warning
    entry.phone = numbers if len(numbers) < 2 else tuple(dict.fromkeys(numbers))
    if not numbers:
        entry.warnings.append(warning or "phone_missing")
    elif warning == "phone_invalid":
        entry.warnings.append(warning)


_UNTICKED = frozenset(("×", "x", "X", "✗", "✘", "否", "0", "无", "/", "-", "—", "N", "n", "没有", "不是", "☐", "□"))


def _read_types(entry: Entry, cells: Cells, context: Context) -> None:
    columns = cells.columns
    if columns.needs_cells is None:
        return
    said = columns.needs_cells(cells.texts)
    if (known := columns.needs_read.get(said)) is None:
        known = columns.needs_read[said] = _types(cells, context)
    entry.types = known


def _types(cells: Cells, context: Context) -> tuple[str, ...]:
    found: frozenset[str] = frozenset()
    for text in cells.all("types"):
        found |= context.lexicon.kinds.read(text, context.kind_codes).found
    ticked = [
        kind for kind, role in cells.columns.flags if any(tight(text) not in _UNTICKED for text in cells.all(role))
    ]
    for column in cells.columns.disabilities:
        text = tight(cells.texts[column])
        if text and text not in _UNTICKED and context.lexicon.kinds.kind_of(text) != "no":
            ticked.append("disabled")
    return tuple(kind for kind in KINDS if kind in found or kind in ticked)


def read_consent(cells: Cells, context: Context) -> str:
    """``yes``, ``batch``, ``no`` or ``unclear`` for one line."""
    columns = cells.columns.by_role.get("consent")
    if columns is None:
        return "batch" if context.batch_consent else "no"
    answer = consent_in(tuple([cells.texts[column] for column in columns]), context.lexicon)
    if answer == "unclear" and (signed := tight(cells.said.get("consent", ""))) == tight(
        cells.said.get("guardian", "")
    ):
        return "yes" if 2 <= len(signed) <= 4 and signed not in context.lexicon.relations else answer
    return answer


@lru_cache(maxsize=4096)
def says_withdrawn(text: str, lexicon: Lexicon) -> bool:
    """Whether a remark takes the wish back."""
    bare = tight(text)
    if not bare or re.search(r"(?:不要?|未|没有?|请勿|勿|别|不必|无需|不能|不可)(?:作废|撤回|撤销|取消|删除)", bare):
        return False
    return any(word in bare for word in lexicon.withdrawn) or _NOT_WANTED.fullmatch(bare) is not None


def column_for(columns: list[ColumnReading], role: str, wish: int) -> int | None:
    """The column of ``role`` that belongs to wish column number ``wish``; number 0 belongs to all."""
    mine = [c for c in columns if c.role == role]
    exact = next((c.column for c in mine if c.number == wish), None)
    return exact if exact is not None else next((c.column for c in mine if c.number == 0), None)
