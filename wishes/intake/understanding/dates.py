"""Births and visit dates in every form they are written in."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from wishes.intake.reading.grid import Value
from wishes.intake.understanding.numerals import CHINESE_NUMBER, number
from wishes.intake.understanding.text import plain, tight


class When(NamedTuple):
    """A date as exactly as it was written: ``2012``, ``2012-03`` or ``2012-03-15``; ``iso`` is None when there is none."""

    iso: str | None
    how: str = "written"
    confidence: float = 1.0
    warnings: tuple[str, ...] = ()
    age: int | None = None
    """Set when the cell holds an age instead."""


NOTHING = When(None, "empty")
_EPOCH = dt.date(1899, 12, 30)
_EPOCH_1904 = dt.date(1904, 1, 1)
_CN = CHINESE_NUMBER[1:-1]
_YEAR_IN_WORDS = re.compile(rf"[{_CN}○]{{4}}")
_DAY_INSIDE = re.compile(r"((?:19|20)\d{2})[年./\-](\d{1,2})[月./\-](\d{1,2})(?![\dA-Za-z])")
_MONTH_INSIDE = re.compile(r"((?:19|20)\d{2})[年./\-](\d{1,2})(?!\d)")
_YEAR_INSIDE = re.compile(r"(?<!\d)((?:19|20)\d{2})(?!\d)")
_OCTOBER_OR_JANUARY = re.compile(r"\d{4}\.1")
_DAYS_OF_EXCEL = re.compile(r"\d{5}(?:\.\d*)?")
_SIX_DIGITS = re.compile(r"(\d{2})(\d{2})(\d{2})")
_LUNAR = re.compile(r"农历|阴历|旧历|正月|腊月|冬月|初[一二三四五六七八九十\d]|廿|闰")
_ANY_NUMBER = re.compile(rf"[\d{_CN}]")
_LETTER_O = re.compile(r"(?<=\d)[Oo]|[Oo](?=\d)")
_TRIMMINGS = re.compile(r"^['’`]+|^(?:公历|阳历|约|大约|出生于|生于|出生)[:：]?|[(（].*?[)）]$|[。.、,]+$")
_FULL = re.compile(
    r"(\d{4})\D{1,2}(\d{1,2})\D{1,2}(\d{1,2})(?:日|号)?(?:生|出生)?(?:\s*[T ]?\s*\d{1,2}:\d{2}(?::\d{2})?)?"
)
_TIME_OF_DAY = re.compile(r"(?<=[\d日号])(?:\s+|T)(?:[上下]午\s*)?\d{1,2}[:：]\d{2}.*$")
_USUAL = re.compile(r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?")
_SHORT_FULL = re.compile(r"(\d{2})[./\-年、](\d{1,2})[./\-月、](\d{1,2})[日号]?(?:生|出生)?")
_MONTH = re.compile(r"(\d{4})(?:[./\-年、,_ ]|\s*年\s*)(\d{1,2})(?:月)?(?:份)?(?:生|出生)?")
_SHORT_MONTH = re.compile(r"(\d{2})[.年](\d{1,2})月?(?:份)?(?:生|出生)?")
_YEAR = re.compile(r"(\d{4})年?(?:生|出生)?")
_SHORT_YEAR = re.compile(r"(\d{2})年(?:生|出生)?")
_YEARS = re.compile(r"(?<!\d)(?:19|20)\d{2}(?=[年./\-])")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_COMPACT_MONTH = re.compile(r"((?:19|20)\d{2})(0[1-9]|1[0-2])")
_DAY_FIRST = re.compile(r"(\d{1,2})[./\-](\d{1,2})[./\-]((?:19|20)\d{2})")
_AGE = re.compile(rf"(\d{{1,2}}|[{_CN}]{{1,2}})(?:周?岁|周岁半|岁半|岁零?[\d{_CN}]{{1,2}}个?月)")
_CHINESE_DATE = re.compile(
    rf"((?=[0○OoＯ]*[{_CN}])[{_CN}○OoＯ0]{{2,4}})年(?:([{_CN}]{{1,3}})月)?(?:份)?(?:([{_CN}]{{1,3}})[日号])?(?:生|出生)?"
)
_MONTH_NAMED = re.compile(
    r"(?:(?P<day>\d{1,2})(?:st|nd|rd|th)?[\-/.]?)?(?P<month>[A-Za-z]{3})[A-Za-z]*[\-/., ]*(?P<year>\d{4}|\d{2})"
)
_MONTH_FIRST = re.compile(r"(?P<month>[A-Za-z]{3})[A-Za-z]*\.?(?P<day>\d{1,2})(?:st|nd|rd|th)?[,\-/](?P<year>\d{4})")
_ENGLISH = {
    m: i + 1 for i, m in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
}


def in_parts(year: int, month: int | None = None, day: int | None = None) -> str | None:
    """The ISO form, or the shorter form where the rest cannot be."""
    if not 1900 <= year <= 2100:
        return None
    if month is None or not 1 <= month <= 12:
        return f"{year:04d}"
    if day is None:
        return f"{year:04d}-{month:02d}"
    if not 1 <= day <= (28 if month == 2 else 30):
        try:
            dt.date(year, month, day)
        except ValueError:
            return f"{year:04d}-{month:02d}"
    return f"{year:04d}-{month:02d}-{day:02d}"


def _full_year(two: int, newest: int) -> int:
    """The century that makes sense for someone born by ``newest``."""
    return 2000 + two if 2000 + two <= newest else 1900 + two


_DAY_TITLE = re.compile(r"d{1,2}[/.\-]m{1,2}[/.\-]y|日[/.\-]月[/.\-]年", re.I)
_MONTH_TITLE = re.compile(r"m{1,2}[/.\-]d{1,2}[/.\-]y|月[/.\-]日[/.\-]年", re.I)


def day_comes_first(title: str, texts: Iterable[str]) -> bool | None:
    """Whether births such as 05/03/2014 are written day first: by the title above them, else by one among them that can be
    read in only one way. None where nothing tells, or they contradict each other."""
    if _DAY_TITLE.search(title) is not None:
        return True
    if _MONTH_TITLE.search(title) is not None:
        return False
    told = [(int(m[1]), int(m[2])) for text in texts if (m := _DAY_FIRST.fullmatch(text)) is not None]
    day, month = any(first > 12 for first, _ in told), any(second > 12 for _, second in told)
    return day if day != month else None


def from_serial(days: float, *, date1904: bool) -> dt.date:
    """The date a bare day number stands for."""
    return (_EPOCH_1904 if date1904 else _EPOCH) + dt.timedelta(days=int(days))


def read_birth(
    value: Value,
    *,
    newest: int,
    date1904: bool = False,
    month_only: bool = False,
    lossy_text: bool = False,
    day_first: bool | None = None,
) -> When:
    """Read a birth cell. ``newest`` is the latest year a birth may have; ``lossy_text`` says that text lost its zeros (a CSV);
    ``day_first`` tells what the first number of 05/03/2014 is, where the column does."""
    if isinstance(value, dt.date):  # also with a time of day
        return When(value.isoformat()[: 7 if month_only else 10] if 1900 <= value.year <= 2100 else None, "date cell")
    if isinstance(value, float):
        return (
            _from_number(value, newest, date1904)
            if math.isfinite(value)
            else When(None, "not a date", 0.5, ("birth_missing",))
        )
    if (
        isinstance(value, str)
        and (usual := _USUAL.fullmatch(value)) is not None
        and len(iso := _valid(usual, newest) or "") == 10
    ):
        return When(iso)
    shown = _TIME_OF_DAY.sub("", plain(value))
    if day_first is not None and (m := _DAY_FIRST.fullmatch(shown)) is not None:
        day, month = (int(m[1]), int(m[2])) if day_first else (int(m[2]), int(m[1]))
        if len(iso := in_parts(int(m[3]), month, day) or "") == 10:
            return When(iso, "order of its column", 0.95)
    return _from_text(tight(shown), shown, newest, date1904, lossy_text)


def _from_number(value: float, newest: int, date1904: bool) -> When:
    if value == int(value):
        digits = str(int(value))
        if len(digits) == 8 and (m := _COMPACT.fullmatch(digits)) and (iso := _valid(m, newest)):
            return When(iso, "eight digits")
        if len(digits) == 6 and (m := _COMPACT_MONTH.fullmatch(digits)):
            return When(in_parts(int(m[1]), int(m[2])), "six digits")
        if len(digits) == 4 and 1900 <= value <= newest + 1:
            return When(digits, "year")
        if 20_000 <= value <= 60_000:
            return When(from_serial(value, date1904=date1904).isoformat(), "day number", 0.95, ("date_serial",))
        if 1 <= value <= 25:
            return When(None, "age in the birth column", 0.8, ("birth_missing",), age=int(value))
        return When(None, "not a date", 0.5, ("birth_missing",))
    year, _, month = repr(value).partition(".")
    if year.isdigit() and 1900 <= int(year) <= newest + 1:
        if month == "1":
            # As a number, October lost its zero and looks like January.
            return When(year, "number that may mean January or October", 0.9, ("birth_ambiguous",))
        if len(month) <= 2 and 1 <= int(month) <= 12:
            return When(in_parts(int(year), int(month)), "year.month as a number")
        if len(month) == 4:
            return When(in_parts(int(year), int(month[:2]), int(month[2:])), "year.monthday as a number")
        return When(year, "year of a number", 0.8, ("birth_ambiguous",))
    if 20_000 <= value <= 60_000:
        return When(from_serial(value, date1904=date1904).isoformat(), "day number", 0.95, ("date_serial",))
    return When(None, "not a date", 0.5, ("birth_missing",))


def _valid(match: re.Match[str], newest: int) -> str | None:
    iso = in_parts(int(match[1]), int(match[2]), int(match[3]))
    return iso if iso is not None and int(iso[:4]) <= newest + 1 else None


_LONG_AGO = 80
"""190101 is rather a day of 2019 than a month of 1901."""
_MIXED = re.compile(rf"([{_CN}]{{1,3}}|元)(?=[月日号])")


def _as_digits(found: re.Match[str]) -> str:
    """三 before 月 as 3; the first month is also called 元月."""
    value = 1 if found[1] == "元" else number(found[1])
    return found[0] if value is None else str(int(value))


@lru_cache(maxsize=32768)
def _from_text(text: str, spaced: str, newest: int, date1904: bool, lossy: bool) -> When:
    if not text or not _ANY_NUMBER.search(text) or text in ("不详", "无", "/", "-"):
        return When(None, "empty", 1.0, ("birth_missing",))
    if _LUNAR.search(text):
        year = re.search(r"(\d{4})", text)
        if year is None and (m := re.search(rf"([{_CN}○]{{4}})年?", text)):
            named = number(m[1].replace("○", "〇"))
            return (
                When(in_parts(int(named)), "lunar date", 0.9, ("birth_lunar",))
                if named
                else When(None, "lunar date", 0.5, ("birth_missing",))
            )
        if year is None and (m := re.search(rf"(?<![{_CN}])([{_CN}○]{{2}})年", text)) and (named := number(m[1])):
            return When(in_parts(_full_year(int(named), newest)), "lunar date", 0.9, ("birth_lunar",))
        if year is None and (short := re.match(r"\D*(\d{2})年", text)):
            return When(in_parts(_full_year(int(short[1]), newest)), "lunar date", 0.9, ("birth_lunar",))
        return (
            When(in_parts(int(year[1])), "lunar date", 0.9, ("birth_lunar",))
            if year
            else When(None, "lunar date", 0.5, ("birth_missing",))
        )
    text = _TRIMMINGS.sub("", _LETTER_O.sub("0", text))
    if len(text) > 2 and text.endswith(".0") and text[:-2].isdigit() and len(text) != 6:
        text = text[:-2]  # a number that was stored as text: 20130506.0
    if _YEAR_IN_WORDS.fullmatch(text) is not None:
        text += "年"
    elif text[:4].isdigit():
        text = _MIXED.sub(_as_digits, text)
    if m := _CHINESE_DATE.fullmatch(text):
        year_number = number(re.sub("[○OoＯ0]", "〇", m[1]))
        if year_number is not None:
            year_int = int(year_number) if year_number >= 1000 else _full_year(int(year_number) % 100, newest)
            month_number, day_number = number(m[2] or ""), number(m[3] or "")
            return When(
                in_parts(
                    year_int, int(month_number) if month_number else None, int(day_number) if day_number else None
                ),
                "Chinese numerals",
            )
    if m := _COMPACT.fullmatch(text):
        iso = _valid(m, newest)
        return When(iso, "eight digits") if iso else When(None, "not a date", 0.5, ("birth_missing",))
    if m := _FULL.fullmatch(spaced) or _FULL.fullmatch(text):
        iso = _valid(m, newest)
        if iso is not None:
            return When(iso, "written", 1.0 if len(iso) == 10 else 0.8)
    if (m := _COMPACT_MONTH.fullmatch(text)) and int(m[1]) >= newest - _LONG_AGO:
        return When(in_parts(int(m[1]), int(m[2])), "six digits")
    if (m := _MONTH.fullmatch(text)) and 1900 <= int(m[1]) <= newest + 1:
        if lossy and _OCTOBER_OR_JANUARY.fullmatch(text):
            return When(m[1], "number that may mean January or October", 0.9, ("birth_ambiguous",))
        return When(in_parts(int(m[1]), int(m[2])), "written")
    if (m := _YEAR.fullmatch(text)) and 1900 <= int(m[1]) <= newest + 1:
        return When(m[1], "year")
    if _DAYS_OF_EXCEL.fullmatch(text):
        days = float(text)
        if 20_000 <= days <= 60_000:
            return When(from_serial(days, date1904=date1904).isoformat(), "day number", 0.95, ("date_serial",))
    if (m := _SIX_DIGITS.fullmatch(text)) and len(
        iso := in_parts(_full_year(int(m[1]), newest), int(m[2]), int(m[3])) or ""
    ) == 10:
        return When(iso, "six digits, two-digit year", 0.85)
    if (m := _AGE.fullmatch(text)) and (years := number(m[1])) is not None:
        return When(None, "age in the birth column", 0.8, ("birth_missing",), age=int(years))
    if m := _SHORT_FULL.fullmatch(text):
        return When(in_parts(_full_year(int(m[1]), newest), int(m[2]), int(m[3])), "two-digit year", 0.97)
    if m := _DAY_FIRST.fullmatch(text):
        first, second = int(m[1]), int(m[2])
        if first > 12:
            return When(in_parts(int(m[3]), second, first), "day first", 0.9)
        sure = second > 12 or first == second
        return When(
            in_parts(int(m[3]), first, second) if sure else m[3],
            "month first",
            0.9 if sure else 0.7,
            () if sure else ("birth_ambiguous",),
        )
    if m := _SHORT_MONTH.fullmatch(text):
        return When(in_parts(_full_year(int(m[1]), newest), int(m[2])), "two-digit year", 0.9)
    if m := _SHORT_YEAR.fullmatch(text):
        return When(in_parts(_full_year(int(m[1]), newest)), "two-digit year", 0.9)
    if m := _MONTH_NAMED.fullmatch(text) or _MONTH_FIRST.fullmatch(text):
        month = _ENGLISH.get(m["month"].lower())
        if month:
            year_int = int(m["year"]) if len(m["year"]) == 4 else _full_year(int(m["year"]), newest)
            return When(in_parts(year_int, month, int(m["day"]) if m["day"] else None), "English month", 0.9)
    if any(int(year) > newest + 1 for year in _YEARS.findall(text)):
        return When(None, "not a date", 0.5, ("birth_missing",))  # nobody was born next year
    if m := _DAY_INSIDE.search(text):
        return When(in_parts(int(m[1]), int(m[2]), int(m[3])), "date among words", 0.8)
    if m := _MONTH_INSIDE.search(text):
        return When(in_parts(int(m[1]), int(m[2])), "date among words", 0.7)
    if m := _YEAR_INSIDE.search(text):
        return When(m[1], "year among words", 0.6)
    return When(None, "not a date", 0.5, ("birth_missing",))


def read_visit(value: Value, *, year: int, date1904: bool = False) -> When:
    """Read a visit date; one without a year is of the campaign's ``year``."""
    if isinstance(value, dt.datetime):
        value = value.date()
    if isinstance(value, dt.date):
        return When(value.isoformat(), "date cell")
    if isinstance(value, float) and 1 <= value < 13 and value != int(value):
        return _visit_text(repr(value), year, date1904)
    return _visit_text(tight(_TIME_OF_DAY.sub("", plain(value))), year, date1904)


_VISIT_MONTH = re.compile(r"(\d{1,2})月(?:份|上旬|中旬|下旬|初|底|中)?")
_VISIT_IN_WORDS = re.compile(rf"[{_CN}]{{1,3}}月[{_CN}]{{1,3}}[日号]")
_VISIT_DAY = re.compile(r"(\d{1,2})[./\-月](\d{1,2})(?:日|号)?")


@lru_cache(maxsize=16384)
def _visit_text(text: str, year: int, date1904: bool) -> When:
    if not text:
        return NOTHING
    if m := _VISIT_DAY.fullmatch(text):
        month, day = int(m[1]), int(m[2])
        if 1 <= month <= 12 and 1 <= day <= 31:
            return When(in_parts(year, month, day), "without year", 0.95)
    if m := _VISIT_MONTH.fullmatch(text):
        return When(in_parts(year, int(m[1])), "without year", 0.9)
    if _VISIT_IN_WORDS.fullmatch(text):
        month_text, _, day_text = text.partition("月")
        month_value, day_value = number(month_text), number(day_text[:-1])
        if month_value and day_value:
            return When(in_parts(year, int(month_value), int(day_value)), "Chinese numerals", 0.95)
    read = _from_text(text, text, year + 5, date1904, False)
    if read.iso is None and (m := re.search(r"(\d{1,2})[月.](\d{1,2})", text)):
        return When(in_parts(year, int(m[1]), int(m[2])), "date among words", 0.7)
    return When(read.iso, read.how, read.confidence)


_LONG_ID = re.compile(r"\d{6}((?:19|20)\d{2})(\d{2})(\d{2})[\dXx*]{1,6}")
_SHORT_ID = re.compile(r"\d{6}(\d{2})(\d{2})(\d{2})\d{3}")


def birth_from_id(text: str, newest: int) -> str | None:
    """The birth date inside an identity number (15, 18, or 18 digits with a masked or zeroed end) or the number of a disability
    certificate, which begins with it (20). The number itself is not kept."""
    digits = tight(text).lstrip("'’`")
    if m := _LONG_ID.fullmatch(digits):
        pass
    elif m := _SHORT_ID.fullmatch(digits):
        iso = in_parts(_full_year(int(m[1]), newest), int(m[2]), int(m[3]))
        return iso if iso and len(iso) == 10 else None
    else:
        return None
    iso = in_parts(int(m[1]), int(m[2]), int(m[3]))
    return iso if iso and len(iso) == 10 and int(iso[:4]) <= newest + 1 else None
