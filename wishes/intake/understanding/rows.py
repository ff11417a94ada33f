"""From the rows of one table to wish entries."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from wishes.intake.reading.grid import Value, cell_name
from wishes.intake.understanding.dates import NOTHING, When, birth_from_id, read_birth, read_visit
from wishes.intake.understanding.lexicon import Lexicon
from wishes.intake.understanding.model import ColumnReading, Entry, Trace
from wishes.intake.understanding.numerals import number
from wishes.intake.understanding.people import Name, Phones, read_guardian, read_name, read_phones, read_sex
from wishes.intake.understanding.places import Address
from wishes.intake.understanding.text import tight

_AGE = re.compile(r"(\d{1,3})(?:\.\d+)?(?:周?岁)?(?:半)?")


PERSONAL = frozenset((
    "name", "sex", "birth", "age", "id", "address", "village", "town", "county", "school", "guardian", "relation", "phone", "types",
    "flag_orphan", "flag_unattended", "flag_poor", "flag_disabled", "flag_left_behind", "flag_other", "visit", "recno", "consent", "remark",
))
"""The roles that tell of the child."""


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


@dataclass(slots=True)
class Cells:
    """The cells of one line by role, already free of 同上: text and value, with the place each came from."""

    row: int
    text: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    value: dict[int, Value] = field(default_factory=dict)
    month_only: frozenset[int] = frozenset()
    struck: frozenset[int] = frozenset()
    where: dict[int, str] = field(default_factory=dict)
    """Places that differ from row and column (a card's cells)."""

    def one(self, role: str) -> str:
        """The first filled cell of a role."""
        for _, text in self.text.get(role, ()):
            if text:
                return text
        return ""

    def column(self, role: str) -> int | None:
        return next((c for c, text in self.text.get(role, ()) if text), None)


def read_person(cells: Cells, context: Context, section_village: str | None, hidden: bool) -> Entry:
    """The child of a line, as an entry without a wish."""
    lexicon = context.lexicon
    entry = Entry(context.file, context.sheet, "", 1, cells.row, child_row=cells.row)
    name = read_name(cells.one("name")) if cells.one("name") else Name("")
    if not name.text or tight(name.text) in ("无", "/", "—", "-", "未知", "不详"):
        entry.child = None
    else:
        entry.child = name.text
        if name.alias:
            entry.warnings.append("name_alias")
        if name.confidence < 1:
            _trace(entry, cells, "child", "name", "unusual name", name.confidence)
    entry.gender = read_sex(cells.one("sex"), lexicon.boys, lexicon.girls, context.sex_codes) if cells.one("sex") else None
    _read_birth(entry, cells, context)
    age_text = cells.one("age")
    if age_text:
        entry.age = read_age(age_text)
    _read_place(entry, cells, context, section_village)
    guardian_text = cells.one("guardian")
    if guardian_text:
        entry.guardian, entry.relation = read_guardian(guardian_text, lexicon.relations)
        inside = read_phones(guardian_text).numbers if any(c.isdigit() for c in guardian_text) else ()
        entry.phone = inside
    if cells.one("relation"):
        entry.relation = tight(cells.one("relation"))
    _read_phone(entry, cells)
    _read_types(entry, cells, context)
    visit_text = cells.one("visit")
    if visit_text:
        column = cells.column("visit")
        when = read_visit(cells.value.get(column) if column is not None else visit_text, year=context.year, date1904=context.date1904)
        entry.visit = when.iso
    record = tight(cells.one("recno")).upper().replace("—", "-").replace("–", "-")
    entry.recno = record if record and record not in lexicon.no_record and any(map(str.isdigit, record)) else None
    entry.consent, entry.consent_text = read_consent(cells, context), cells.one("consent")
    if entry.consent == "unclear":
        entry.consent = "no"
        entry.doubts.append("consent_unreadable")
    entry.school = tight(cells.one("school")) or None
    entry.remark = " ".join([text for _, text in cells.text.get("remark", ()) if text]) or None
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
            cells.value.get(column), newest=context.newest_birth, date1904=context.date1904,
            month_only=column in cells.month_only, lossy_text=context.lossy_text,
        )
        if when.age is not None:
            entry.age = when.age
        if when.how != "written" and when.how != "date cell":
            _trace(entry, cells, "birth", "birth", when.how, when.confidence)
    entry.birth = when.iso
    if entry.birth is None and (digits := cells.one("id")):
        entry.birth = birth_from_id(digits, context.newest_birth)
        if entry.birth is not None:
            _trace(entry, cells, "birth", "id", "identity number", 0.95)
    if entry.birth is None:
        entry.warnings.append("birth_missing")
    else:
        entry.warnings += [w for w in when.warnings if w != "birth_missing"]


def read_age(text: str) -> int | None:
    """Whole years: 9, 9岁, 九岁, 9周岁, 9.0; None when it is no age."""
    bare = tight(text)
    if (match := _AGE.fullmatch(bare)) is not None:
        value = int(match[1])
        return value if value <= 120 else None
    named = number(re.sub(r"(?:周?岁半?|周)$", "", bare))
    return int(named) if named is not None and named <= 120 else None


def _read_place(entry: Entry, cells: Cells, context: Context, section_village: str | None) -> None:
    places = context.lexicon.places
    read = Address()
    for role in ("address", "village", "town", "county"):
        for _, text in cells.text.get(role, ()):
            if not text:
                continue
            found = places.read(text, county=read.county or context.county, town=context.town)
            if role in ("town", "county") and found.village and not found.town:
                # 万市 in a column of towns lacks its 镇
                county, town, _ = places.mentioned((places.counties.get(read.county or context.county or "", "")) + text)
                found = replace(found, village=None, town=found.town or town, county=found.county or county)
            if role == "village" and found.village is None and not found.town and not found.county:
                found = replace(found, village=places.read_village(text))
            read = Address(
                found.county if found.town or read.county is None else read.county,
                found.town or read.town,
                read.village if read.village and role in ("town", "county") else (found.village or read.village),
                read.outside or found.outside,
                read.old_district or found.old_district,
                found.how,
                min(read.confidence, found.confidence),
            )
    if read.outside:
        entry.village = None
        entry.reasons.append("out_of_area")
        _trace(entry, cells, "county", "address", read.how, 0.9)
        return
    entry.village = read.village or section_village
    entry.county, entry.town = read.county, read.town
    if (entry.town is None and (entry.county is None or entry.county == context.county)) or (entry.town is None and read.old_district and context.town is not None):
        entry.county, entry.town = context.county, context.town
    if read.old_district or (context.sender_old and read.town is None):
        entry.warnings.append("old_district")
    if read.confidence <= 0.5:
        _trace(entry, cells, "town", "address", "several places of this name", read.confidence)


def _read_phone(entry: Entry, cells: Cells) -> None:
    numbers: list[str] = list(entry.phone)
    warning = ""
    for _, text in cells.text.get("phone", ()):
        if not text:
            continue
        found: Phones = read_phones(text)
        numbers += found.numbers
        warning = found.warning or warning
    entry.phone = tuple(dict.fromkeys(numbers))
    if not entry.phone:
        entry.warnings.append(warning or "phone_missing")
    elif warning == "phone_invalid":
        entry.warnings.append(warning)


_UNTICKED = frozenset(("×", "x", "X", "✗", "✘", "否", "0", "无", "/", "-", "—", "N", "n", "没有", "不是", "☐", "□"))
_ORDER = ("orphan", "unattended", "poor", "disabled", "left_behind", "other")


def _read_types(entry: Entry, cells: Cells, context: Context) -> None:
    kinds = context.lexicon.kinds
    found: set[str] = set()
    for _, text in cells.text.get("types", ()):
        if text:
            found |= kinds.read(text, context.kind_codes).found
    for role in _ORDER:
        for _, text in cells.text.get("flag_" + role, ()):
            if text and tight(text) not in _UNTICKED:
                found.add(role)
    entry.types = tuple([k for k in _ORDER if k in found])


def read_consent(cells: Cells, context: Context) -> str:
    """``yes``, ``batch``, ``no`` or ``unclear`` for one line."""
    columns = cells.text.get("consent")
    if columns is None:
        return "batch" if context.batch_consent else "no"
    lexicon = context.lexicon
    answers = []
    for _, text in columns:
        bare = tight(text).strip("。.!！")
        if not bare:
            answers.append("no" if len(columns) == 1 else "")
        elif bare in lexicon.no:
            answers.append("no")
        elif bare in lexicon.yes:
            answers.append("yes")
        elif re.search(r"口头|电话|未|不|没|待|拒|缺|补|微信|联系不", bare):
            answers.append("no")
        elif re.search(r"同意|已签|签字|授权|√|✓", bare) or lexicon.is_name(bare):
            # A guardian's name in the column for signatures is a signature typed in.
            answers.append("yes")
        else:
            answers.append("unclear")
    if "no" in answers or not any(answers):
        return "no"
    return "unclear" if "unclear" in answers else "yes"


def says_withdrawn(text: str, lexicon: Lexicon) -> bool:
    """Whether a remark takes the wish back."""
    bare = tight(text)
    if not bare or re.search(r"(?:不|未|没有?|请勿|勿)(?:作废|撤回|撤销|取消|删除)", bare):
        return False
    return any(word in bare for word in lexicon.withdrawn)


def column_for(columns: list[ColumnReading], role: str, wish: int) -> int | None:
    """The column of ``role`` that belongs to wish column number ``wish``; number 0 belongs to all."""
    mine = [c for c in columns if c.role == role]
    exact = next((c.column for c in mine if c.number == wish), None)
    return exact if exact is not None else next((c.column for c in mine if c.number == 0), None)


def text_at(row: list[str], column: int | None) -> str:
    return row[column] if column is not None and column < len(row) else ""

