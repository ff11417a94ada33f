"""From the rows of one table to wish entries."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from wishes.intake.reading.grid import cell_name
from wishes.intake.understanding.cells import KINDS, Cells, Context
from wishes.intake.understanding.consents import consent_in
from wishes.intake.understanding.contradictions import SLIPPED, out_of_place
from wishes.intake.understanding.dates import NOTHING, When, birth_from_id, in_parts, read_birth, read_visit
from wishes.intake.understanding.model import ColumnReading, Entry, Trace
from wishes.intake.understanding.numerals import number
from wishes.intake.understanding.people import names_in, read_guardian, read_name, read_phones, read_sex
from wishes.intake.understanding.places import SEVERAL, STRANGE, Address
from wishes.intake.understanding.remarks import tells_of_change
from wishes.intake.understanding.text import tight

_DIGIT = re.compile(r"\d")
_NOBODY = frozenset(("无", "/", "—", "-", "未知", "不详"))
_BORN = re.compile(r"(?:19|20)\d{2}(?:[年./\-]\d{1,2}(?!\d))?(?:[月./\-]\d{1,2}(?!\d))?")
_YEARS_OLD = re.compile(r"\d{1,2}\s*周?岁")
_AGE = re.compile(r"(\d{1,3})(?:\.\d+)?(?:周?岁)?(?:半)?")


def read_person(cells: Cells, context: Context, section_village: str | None, hidden: bool) -> Entry:
    """The child of a line, as an entry without a wish."""
    lexicon = context.lexicon
    entry = Entry(context.file, context.sheet, "", 1, cells.row, child_row=cells.row)
    said = cells.said
    shown = said.get("name")
    if shown and len(shown) <= 3 and lexicon.is_name(shown):
        entry.child = shown
    elif shown:
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
        if entry.age is None and entry.birth is None and (born := _BORN.search(age)) is not None:
            entry.birth = read_birth(born[0], newest=context.newest_birth).iso  # 2013年生 below 年龄
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
        if entry.gender is None and "sex" not in cells.columns.by_role:
            # 长子, 孙女: what the child is to the householder tells its sex.
            bare = entry.relation
            entry.gender = "M" if bare in lexicon.boys else "F" if bare in lexicon.girls else None
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
    if consent == "batch" and context.consent_but and entry.child and entry.child in context.consent_but:
        consent = "unclear"
    entry.consent, entry.consent_text = consent, said.get("consent", "")
    if consent == "yes" and "guardian" not in cells.columns.by_role:
        signed = tight(entry.consent_text)
        if signed != entry.child and lexicon.is_name(signed):
            entry.guardian = signed  # who signs for the child, where nobody else is named
            _trace(entry, cells, "guardian", "consent", "signature", 0.9)
    if consent == "unclear":
        entry.consent = "no"
        entry.doubts.append("consent_unreadable")
    entry.school = tight(said["school"]) or None if "school" in said else None
    entry.remark = " ".join(cells.all("remark")) if "remark" in said else None
    if entry.remark and tells_of_change(entry.remark):
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
            day_first=cells.columns.day_first,
        )
        if when.age is not None:
            entry.age = when.age
        if when.how != "written" and when.how != "date cell":
            _trace(entry, cells, "birth", "birth", when.how, when.confidence)
        if "birth_month" in cells.columns.by_role and when.iso is not None and len(when.iso) == 4:
            # 出生年 | 月 | 日
            parts = [number(re.sub(r"[月日号]$", "", cells.one(role))) for role in ("birth_month", "birth_day")]
            when = When(in_parts(int(when.iso), *(None if part is None else int(part) for part in parts)))
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
        if when.warnings:
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
    if entry.village is None and read.town in (None, context.town):
        entry.village = context.village
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
    if (entry.town is None or (context.town_of_units and read.town is None)) and (school := told.get("school")):
        county, town, _ = context.lexicon.places.mentioned(school)
        if town is not None and (read.county if context.town_of_units else entry.county) in (None, county):
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
        _trace(entry, cells, "town", "address", STRANGE if read.how == STRANGE else SEVERAL, read.confidence)


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
    for column in cells.columns.by_role.get("types", ()):
        if text := cells.texts[column]:
            found |= context.lexicon.kinds.read(text, context.kind_codes).found
    ticked = [
        kind for kind, role in cells.columns.flags if any(tight(text) not in _UNTICKED for text in cells.all(role))
    ]
    for column in cells.columns.disability:
        text = tight(cells.texts[column])
        if text and text not in _UNTICKED and context.lexicon.kinds.kind_of(text) != "no":
            ticked.append("disabled")
    return tuple(kind for kind in KINDS if kind in found or kind in ticked)


def read_consent(cells: Cells, context: Context) -> str:
    """``yes``, ``batch``, ``no`` or ``unclear`` for one line."""
    columns = cells.columns.by_role.get("consent")
    if columns is None:
        return "batch" if context.batch_consent else "unclear" if context.consent_unclear else "no"
    answer = consent_in(tuple([cells.texts[column] for column in columns]), context.lexicon)
    if answer == "unclear" and (signed := tight(cells.said.get("consent", ""))) == tight(
        cells.said.get("guardian", "")
    ):
        return "yes" if 2 <= len(signed) <= 4 and signed not in context.lexicon.relations else answer
    return answer


def column_for(columns: list[ColumnReading], role: str, wish: int) -> int | None:
    """The column of ``role`` that belongs to wish column number ``wish``; number 0 belongs to all."""
    mine = [c for c in columns if c.role == role]
    exact = next((c.column for c in mine if c.number == wish), None)
    return exact if exact is not None else next((c.column for c in mine if c.number == 0), None)
