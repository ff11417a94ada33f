"""Which column is what: by its title, its group heading, what its cells hold, and its neighbours."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from wishes.intake.understanding.aside import (
    is_an_official,
    prefer_where_they_live,
    set_others_phones_aside,
    set_publicity_aside,
    tell_regions_apart,
)
from wishes.intake.understanding.content import ColumnLook
from wishes.intake.understanding.headers import HeaderWords, Meaning, asks_whether, ordinal_of
from wishes.intake.understanding.model import ColumnReading
from wishes.intake.understanding.whose import (
    Title,
    in_group,
    of_a_child,
    of_the_family,
    others_groups,
)

FLAGS = ("flag_orphan", "flag_unattended", "flag_poor", "flag_disabled", "flag_left_behind", "flag_other")
ASIDE = ("health", "claimer", "link", "color", "ethnicity", "teacher", "teacher_phone", "reason", "remark", "ignored")
"""Roles that tell nothing of the child; what has one is not looked at again for what else it may be."""
MANY = frozenset(("wish", "price", "size", "qty", "phone", "types", "consent", *ASIDE, *FLAGS))
"""Roles several columns of one table may have."""

_TESTS: Mapping[str, tuple[str, ...]] = {
    "name": ("name",),
    "sex": ("sex", "code"),
    "birth": ("date", "year"),
    "age": ("age",),
    "id": ("id",),
    "address": ("place",),
    "village": ("place",),
    "town": ("place",),
    "county": ("place",),
    "school": ("school",),
    "class": ("class",),
    "guardian": ("name", "guardian"),
    "parent": ("name", "guardian"),
    "parent_phone": ("phone",),
    "relation": ("relation",),
    "phone": ("phone",),
    "types": ("types", "code", "some_types"),
    "wish": ("item",),
    "wish_category": ("category",),
    "size": ("size", "number", "qty"),
    "qty": ("qty",),
    "price": ("price",),
    "consent": ("consent", "tick"),
    "visit": ("date", "visit"),
    "recno": ("record",),
    "ethnicity": ("ethnicity",),
    "reason": ("long", "chinese"),
    "teacher": ("name",),
    "unit_name": ("place", "school"),
}
_STRICT = frozenset(
    ("name", "sex", "birth", "id", "phone", "types", "wish", "wish_category", "price", "guardian", "age", "relation")
)
"""Roles whose cells must look like it, or the title is not believed."""

_ALONE: tuple[tuple[str, str, float], ...] = (
    # role, look, least share: strong enough to recognise a column without any title
    ("id", "id", 0.6),
    ("phone", "phone", 0.6),
    ("sex", "sex", 0.8),
    ("recno", "record", 0.6),
    ("relation", "relation", 0.7),
    ("guardian", "guardian", 0.7),
    ("types", "types", 0.7),
    ("class", "class", 0.7),
    ("school", "school", 0.7),
    ("ethnicity", "ethnicity", 0.8),
    ("address", "place", 0.7),
    ("birth", "date", 0.7),
    ("wish_category", "category", 0.8),
    ("name", "name", 0.75),
    ("wish", "item", 0.6),
    ("consent", "agreed", 0.8),
    ("price", "price", 0.8),
)
_TOLD_OTHERWISE: Mapping[str, re.Pattern[str]] = {
    "birth": re.compile("^(?!.*(?:生|birth|born)).*(?:时间|日期|年月|期限|date|time|日$)", re.I),
    "price": re.compile("收入|补助|补贴|救助|低保|资助|津贴|标准|面积|距离|编码|邮编|分数?$|得分|成绩"),
    "address": re.compile("支部|单位|机构|部门|签发|医院|银行"),
}
"""Titles of which nobody would think a birth, a price, or a home, whatever the cells look like."""
_END_OF_A_RANGE = re.compile("[低高]|[上下]限")
_BESIDE_WISHES = ("ignored", "wish_category", "types", "flag_other")
_SAYS_IT_ALL = ("birth", "phone", "guardian")
"""Roles whose listed titles mean nothing else: cells that cannot be read there are to be told, not passed over."""
_BESIDES = re.compile(r"其[他它]|另外|补充|备选|更多")
_OWNED = re.compile(r"有无|[现已拥]有|是否有|家[里中庭]")
_ABOUT_CONSENT = re.compile(r"同意|自愿|知情|授权|签[字名署]|承诺")
_BODY = re.compile(r"健康|身体|身心|体况")
_OF_BEFORE = re.compile(
    r"[去前往历]年|上[一]?[次年届期回]|以[前往]|过去|曾经|[已己]实现|[已己]圆梦|[已己]满足|[已己]完成"
)
"""A wish of last year beside this year's is none."""
_GIVEN = re.compile(r"实[发际]|发放|领[取到]|[已代][购买发送]|采购|落实|赠送|送出|捐|认领")
_YEAR = re.compile(r"(?<!\d)(20\d{2})(?!\d)")
_WHOLE = re.compile(r"总|合计|小计|共计")
"""Beside a price for one piece stands the price of all."""


def assign(titles: Sequence[Title], looks: Mapping[int, ColumnLook], headers: HeaderWords) -> list[ColumnReading]:
    """Give every column a role; ``ignored`` where nothing fits."""
    scored: list[tuple[float, Title, str, str]] = []
    flags = _flag_columns(titles, looks, headers)
    others = others_groups(titles, headers)
    for title in titles:
        if title.column in flags:
            scored.append((1.5, title, flags[title.column], "header"))
            continue
        look = looks[title.column]
        # 残疾儿童 over a column that holds no marks is no box to tick; there it is the children's names.
        meanings = [
            m for m in in_group(title, headers, others) if m.role != "group" and (m.role not in FLAGS or _ticked(look))
        ]
        for meaning in meanings:
            scored.append((_score(meaning, look), title, meaning.role, "taught" if meaning.fit > 1 else "header"))
        unsure = not meanings or max(_score(m, look) for m in meanings) < 0.45
        if unsure and look.filled >= 2:
            if look.rising:
                scored.append((0.5, title, "serial", "content"))
                continue
            if any(m.role in _SAYS_IT_ALL and m.fit == 1 for m in meanings):
                continue
            for role, kind, least in _ALONE:
                share = look.share(kind)
                if role == "price" and look.share("age") >= 0.7:
                    continue  # numbers this small are ages or pieces
                if role in ("birth", "price", "address") and _TOLD_OTHERWISE[role].search(title.text):
                    continue
                if role == "address" and title.text and look.share("item") >= 0.5:
                    continue  # 棉鞋36号 ends like a house number
                if share >= least:
                    scored.append((0.25 + 0.2 * share, title, role, "content"))
    for title in _asked_for(
        titles, looks, headers, {(t.column, role) for s, t, role, how in scored if s >= 0.45 and how != "content"}
    ):
        scored.append((0.9, title, "wish", "asked"))
    scored.sort(key=lambda s: (-s[0], s[1].column))
    given: dict[int, ColumnReading] = {}
    taken: set[str] = set()
    for score, title, role, how in scored:
        if title.column in given or score < 0.3:
            continue
        if role in taken and role not in MANY:
            continue
        if how == "content" and role in ("price", "consent", "wish", "phone", "types") and role in taken:
            begun = title.text[:2] if role == "wish" else ""
            if not begun or all(r.role != "wish" or r.title[:2] != begun for r in given.values()):
                continue  # but 需要的学习用品 and 需要的衣物 are two columns of wishes
        taken.add(role)
        given[title.column] = ColumnReading(title.column, title.text, role, how, round(min(score, 1.0), 2))
    readings = [given.get(t.column) or ColumnReading(t.column, t.text, "ignored", "unknown", 0.0) for t in titles]
    family = {t.column for t in titles if of_the_family(t)}
    _believe_plain_titles(readings, looks, headers)
    set_others_phones_aside(readings, looks)
    set_publicity_aside(readings)
    tell_regions_apart(readings, headers)
    prefer_where_they_live(readings, headers)
    _stand_in(readings)
    _date_in_parts(readings)
    _repair(readings, looks, family)
    _leave_out(readings, "wish", _no_wishes_of_today(readings))
    _number(readings)
    return readings


def _score(meaning: Meaning, look: ColumnLook) -> float:
    if meaning.fit > 1:
        return 2.0
    tests = _TESTS.get(meaning.role)
    if look.filled == 0:
        return 0.55 * meaning.fit
    if tests is None:
        return 0.75 * meaning.fit
    share = max(look.share(kind) for kind in tests)
    if meaning.role == "name" and meaning.fit == 1:
        share = max(share, 0.5 * look.share("called"))  # not every people has surnames that are listed
    score = 0.6 * meaning.fit + 0.4 * share
    # In hundreds of yuan, or told as 35*2: what nobody can read is asked about, not left out.
    numbered = meaning.role == "price" and meaning.fit == 1 and look.share("some_number") >= 0.5
    if meaning.role in _STRICT and look.filled >= 4 and share < 0.15 and not numbered:
        score -= 0.35 if meaning.role != "wish" else 0.15
    return score


def _flag_columns(titles: Sequence[Title], looks: Mapping[int, ColumnLook], headers: HeaderWords) -> dict[int, str]:
    """Columns ticked for a kind of need, holding only marks: at least two side by side, or one that asks whether."""
    found: dict[int, str] = {}
    for title in titles:
        role = next((m.role for m in headers.meanings(title.text) if m.role in FLAGS and m.fit >= 0.8), None)
        look = looks[title.column]
        if role is None:
            continue
        if _ticked(look):
            found[title.column] = role
    order = [t.column for t in titles]
    kept = {}
    for column, role in found.items():
        at = order.index(column)
        beside = [order[i] for i in (at - 1, at + 1) if 0 <= i < len(order)]
        if any(b in found for b in beside) or asks_whether(titles[at].text):
            kept[column] = role
    return kept


def _asked_for(
    titles: Sequence[Title], looks: Mapping[int, ColumnLook], headers: HeaderWords, known: Collection[tuple[int, str]]
) -> list[Title]:
    """书包 | 玩具 | 羽绒服: at least two things as titles, each over ticks or, where no column has other wishes, over sizes."""
    told = {column for column, _ in known}
    things = [
        t
        for t in titles
        if t.column not in told
        and t.text
        and looks[t.column].filled
        and not headers.is_title(t.text)
        and looks[t.column].names_a_thing(t.text)
    ]
    asked = {column for column, role in known if role == "wish"}
    if any(t.column in asked and _BESIDES.search(t.text) is None for t in titles):
        return []  # the wishes stand there: what is ticked elsewhere is what the family owns
    kind = "marked" if asked else "sized"
    found = [t for t in things if _OWNED.search(t.group) is None and looks[t.column].share(kind) >= 0.8]
    return found if len(found) >= 2 else []


def _ticked(look: ColumnLook) -> bool:
    """Whether a column holds marks only, or nothing."""
    return look.filled == 0 or look.share("tick") + look.share("code") >= 0.6 or look.share("consent") >= 0.6


def _believe_plain_titles(
    readings: Sequence[ColumnReading], looks: Mapping[int, ColumnLook], headers: HeaderWords
) -> None:
    for role in _SAYS_IT_ALL:
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


def _stand_in(readings: Sequence[ColumnReading]) -> None:
    """父亲姓名 is the guardian where no column names one, 户籍地 the home where no column tells where the child lives."""
    roles = {r.role for r in readings}
    for other, told in _STANDS_IN.items():
        if roles.isdisjoint(told):
            for reading in [r for r in readings if r.role == other][: None if told[0] in MANY else 1]:
                reading.role = told[0]


def _date_in_parts(readings: Sequence[ColumnReading]) -> None:
    """出生年 | 月 | 日: what follows the year of birth belongs to it; a month or day elsewhere is none of ours."""
    parts = {"birth_month": 1, "birth_day": 2}
    at = next((n for n, r in enumerate(readings) if r.role == "birth"), None)
    for n, reading in enumerate(readings):
        if reading.role in parts and (at is None or n - at != parts[reading.role]):
            reading.role = "ignored"


def _repair(readings: list[ColumnReading], looks: Mapping[int, ColumnLook], family: Collection[int]) -> None:
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
        for reading in readings:
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
            share = look.share("item") - 0.8 * look.share("category")
            if share > best_share:
                best, best_share = reading, share
        if best is not None:
            best.role, best.how, best.confidence = "wish", "content", round(best_share, 2)
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
                and _TOLD_OTHERWISE["birth"].search(reading.title) is None
            ):
                reading.role, reading.how, reading.confidence = "birth", "content", 0.5
                break


def _no_wishes_of_today(readings: list[ColumnReading]) -> list[ColumnReading]:
    """Columns of wishes of an earlier year, and of what was given in the end."""
    wishes = [r for r in readings if r.role == "wish"]
    if len(wishes) < 2:
        return []
    years = {r.column: int(m[1]) for r in wishes if (m := _YEAR.search(r.title)) is not None}
    latest = max(years.values(), default=0)
    return [
        r
        for r in wishes
        if _OF_BEFORE.search(r.title) or _GIVEN.search(r.title) or years.get(r.column, latest) < latest
    ]


def _leave_out(readings: list[ColumnReading], role: str, aside: Collection[ColumnReading]) -> None:
    """Take ``role`` from the columns ``aside``, where another column has it."""
    mine = [r for r in readings if r.role == role]
    if len(mine) > sum(1 for r in mine if r in aside):
        for reading in mine:
            if reading in aside and reading.how != "taught":
                reading.role = "ignored"


def _find_facts(readings: list[ColumnReading], looks: Mapping[int, ColumnLook]) -> None:
    """The column that tells name, sex and age in one cell, where no column has the names alone."""
    for reading in readings:
        if reading.role not in ("wish", "price", "serial") and looks[reading.column].share("facts") >= 0.6:
            reading.role, reading.how, reading.confidence = "facts", "content", 0.6
            return


def _number(readings: list[ColumnReading]) -> None:
    """Pair price, size and number columns with their wish column."""
    wishes = [r for r in readings if r.role == "wish"]
    if wishes and all(ordinal_of(w.title) for w in wishes):
        wishes.sort(key=lambda w: ordinal_of(w.title))
    for position, reading in enumerate(wishes, 1):
        reading.number = position
    ordinals = {ordinal_of(w.title) or w.number: w.number for w in wishes}
    for role in ("price", "size", "qty", "wish_category"):
        mine = [r for r in readings if r.role == role]
        if len(wishes) <= 1:
            whole = next((r for r in mine[1:] if role == "price" and _WHOLE.search(r.title)), None)
            surest = max((r.confidence for r in mine), default=0.0)
            for other in mine if role == "price" else ():
                if (whole is not None and other is not whole) or (
                    other.confidence < surest and _END_OF_A_RANGE.search(other.title) is None
                ):
                    other.role = "ignored"
            for reading in mine:
                reading.number = 1
            continue
        if len(mine) == 1 and ordinal_of(mine[0].title) == 0:
            # One price column for several wishes, unless it stands right behind each... it is a sum or a list.
            mine[0].number = 0
            continue
        for reading in mine:
            reading.number = ordinals.get(ordinal_of(reading.title), 0)
        given = {r.number for r in mine}
        for reading in (r for r in mine if r.number == 0):
            left = [w for w in wishes if w.number not in given] or wishes
            before = [w for w in left if w.column < reading.column]
            nearest = max(before, key=lambda w: w.column) if before else min(left, key=lambda w: w.column)
            reading.number = nearest.number
            given.add(nearest.number)
