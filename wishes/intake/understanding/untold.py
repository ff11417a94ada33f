"""What titles alone do not tell: a column of names or wishes that nobody named, whose signature it is, who stands in for whom."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from wishes.intake.understanding.aside import is_an_official, says_an_office
from wishes.intake.understanding.content import ColumnLook
from wishes.intake.understanding.headers import HeaderWords, Meaning
from wishes.intake.understanding.model import ColumnReading
from wishes.intake.understanding.roles import MANY
from wishes.intake.understanding.whose import of_a_child

SAYS_IT_ALL = ("birth", "phone", "guardian")
"""Roles whose listed titles mean nothing else: cells that cannot be read there are to be told, not passed over."""
ANOTHER_DAY = re.compile("^(?!.*(?:生|birth|born)).*(?:时间|日期|年月|期限|date|time|日$)", re.I)
"""Titles of days that are nobody's birth."""
_ABOUT_CONSENT = re.compile(r"同意|自愿|知情|授权|签[字名署]|承诺")
_BODY = re.compile(r"健康|身体|身心|体况")
_BESIDE_WISHES = ("ignored", "wish_category", "types", "flag_other")


def believe_plain_titles(
    readings: Sequence[ColumnReading], looks: Mapping[int, ColumnLook], headers: HeaderWords
) -> None:
    for role in SAYS_IT_ALL:
        if any(r.role == role for r in readings):
            continue
        for reading in readings:
            if (
                reading.how == "unknown"
                and looks[reading.column].filled
                and Meaning(role, 1.0) in headers.meanings(reading.title)
            ):
                reading.role, reading.how, reading.confidence = role, "header", 0.5
                break


_STANDS_IN = {
    "parent": ("guardian",),
    "parent_phone": ("phone",),
    "other_address": ("address", "village", "town"),
}
"""Roles, and those of which one would make them needless; the first is the one they stand in for."""


class HasRole(Protocol):
    """A column, or a title and its value on a form."""

    role: str


def stand_in(readings: Sequence[HasRole]) -> None:
    """父亲姓名 is the guardian where no column names one, 户籍地 the home where no column tells where the child lives."""
    roles = {r.role for r in readings}
    for other, told in _STANDS_IN.items():
        if roles.isdisjoint(told):
            for reading in [r for r in readings if r.role == other][: None if told[0] in MANY else 1]:
                reading.role = told[0]


def keep_parts_of_births(readings: Sequence[ColumnReading]) -> None:
    """出生年 | 月 | 日: what follows the year of birth belongs to it; a month or day elsewhere is none of ours."""
    parts = {"birth_month": 1, "birth_day": 2}
    at = next((n for n, r in enumerate(readings) if r.role == "birth"), None)
    for n, reading in enumerate(readings):
        if reading.role in parts and (at is None or n - at != parts[reading.role]):
            reading.role = "ignored"


def find_what_titles_do_not_tell(
    readings: list[ColumnReading], looks: Mapping[int, ColumnLook], family: Collection[int]
) -> None:
    """What titles alone cannot tell: a missing wish or name column, a second 姓名 that is the guardian's.

    What stands in a column of ``family`` is never a child's name.
    """
    roles = {r.role for r in readings}
    free = [r for r in readings if r.role == "ignored"]
    named = [
        r
        for r in free
        if r.how == "unknown"
        and looks[r.column].filled >= 2
        and looks[r.column].share("name") >= 0.7
        and not is_an_official(r.title)
        and not of_a_child(r.title)
    ]
    child = next((r for r in readings if r.role == "name"), None)
    if child is not None and child.how == "content" and named and named[0].column < child.column:
        # Nobody named the columns: the child stands first.
        named[0].role, child.role = "name", "ignored"
        named[0].how, named[0].confidence = "content", child.confidence
        named, child = [*named[1:], child], named[0]
    if "guardian" not in roles and child is not None and named:
        family = [r.column for r in readings if r.role in ("relation", "phone")]
        named.sort(key=lambda r: (min((abs(r.column - f) for f in family), default=0), r.column))
        if named[0].column > child.column or "名" in named[0].title:
            named[0].role, named[0].how, named[0].confidence = "guardian", "content", 0.6
    if "guardian" not in {r.role for r in readings}:
        for reading in readings:
            if reading.role == "phone" and looks[reading.column].share("name_and_phone") >= 0.6:
                reading.role = "guardian"  # 王强 19900001111: the number is read from there, too
                break
    if "consent" not in roles:
        for reading in (r for r in readings if not says_an_office(r.title)):
            look = looks[reading.column]
            asked = _ABOUT_CONSENT.search(reading.title) is not None and look.share("consent") >= 0.6
            marked = look.share("consent") >= 0.9 and look.share("agreed") >= 0.2
            if (reading.role == "remark" or reading.how == "unknown") and (
                asked or marked or look.share("agreed") >= 0.6
            ):
                reading.role, reading.how, reading.confidence = "consent", "content", 0.6
                break
    for reading in readings:
        # 身体状况 says 健康 of most children, and 肢体残疾 of some.
        if (
            reading.role == "health"
            and _BODY.search(reading.title) is not None
            and looks[reading.column].share("types")
        ):
            reading.role = "types"
    if "wish" not in roles:
        best, best_share = None, 0.35
        for reading in readings:
            if reading.role not in ("ignored", "wish_category", "reason", "remark", "types"):
                continue
            look = looks[reading.column]
            # Where two columns hold things, the wish is that of which more are things by their own names.
            share = look.share("item") - 0.8 * look.share("category")
            share = 0.0 if share <= 0.35 else share + look.share("thing")
            if share > best_share:
                best, best_share = reading, share
        if best is not None:
            best.role, best.how, best.confidence = "wish", "content", round(best_share / 2, 2)
    if any(r.role == "wish" and r.how == "content" and looks[r.column].names_a_category(r.title) for r in readings):
        # 学习用品 | 生活用品 | 其他: each kind of things has a column
        for reading in readings:
            look = looks[reading.column]
            if reading.role in _BESIDE_WISHES and look.names_a_category(reading.title) and look.share("item") >= 0.5:
                reading.role, reading.how, reading.confidence = "wish", "content", 0.5
    wishes = [r for r in readings if r.role == "wish"]
    for reading in wishes if len(wishes) > 1 else ():
        if looks[reading.column].share("category") >= 0.8 and any(r.role == "wish" for r in wishes if r is not reading):
            reading.role = "wish_category"  # 心愿 | 心愿: the thing, and of what kind it is
    if "name" not in roles:
        for reading in readings:
            if (
                reading.role in ("ignored", "guardian", "teacher")
                and reading.column not in family
                and looks[reading.column].share("name") >= 0.7
            ):
                reading.role, reading.how, reading.confidence = "name", "content", 0.6
                break
        else:
            _find_facts(readings, looks)
    if "birth" not in {r.role for r in readings}:
        for reading in readings:
            if (
                reading.how == "unknown"
                and "visit" in roles
                and looks[reading.column].share("date") >= 0.7
                and ANOTHER_DAY.search(reading.title) is None
            ):
                reading.role, reading.how, reading.confidence = "birth", "content", 0.5
                break


def _find_facts(readings: list[ColumnReading], looks: Mapping[int, ColumnLook]) -> None:
    """The column that tells name, sex and age in one cell, where no column has the names alone."""
    for reading in readings:
        if reading.role not in ("wish", "price", "serial") and looks[reading.column].share("facts") >= 0.6:
            reading.role, reading.how, reading.confidence = "facts", "content", 0.6
            return
