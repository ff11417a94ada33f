"""Which column is what: by its title, its group heading, what its cells hold, and its neighbours."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from wishes.intake.understanding.aside import (
    says_an_office,
    set_others_phones_aside,
    set_publicity_aside,
    tell_regions_apart,
)
from wishes.intake.understanding.content import ColumnLook
from wishes.intake.understanding.headers import HeaderWords, Meaning, asks_whether, ordinal_of
from wishes.intake.understanding.model import ColumnReading
from wishes.intake.understanding.roles import FLAGS, MANY
from wishes.intake.understanding.untold import (
    ANOTHER_DAY,
    SAYS_IT_ALL,
    believe_plain_titles,
    find_what_titles_do_not_tell,
    keep_parts_of_births,
    stand_in,
)
from wishes.intake.understanding.whose import (
    Title,
    in_group,
    of_the_family,
    others_groups,
)

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
    ("wish", "thing", 0.6),
    ("consent", "agreed", 0.8),
    ("price", "price", 0.8),
)
_TOLD_OTHERWISE: Mapping[str, re.Pattern[str]] = {
    "birth": ANOTHER_DAY,
    "price": re.compile("收入|补助|补贴|救助|低保|资助|津贴|标准|面积|距离|编码|邮编|分数?$|得分|成绩"),
    "address": re.compile("支部|单位|机构|部门|签发|医院|银行"),
    "recno": re.compile(
        "个案|案[号例]|求助|学籍|学号|辅号|摊|商户|会员|工号|床|病|车牌|订单|快递|房|门牌|发票|合同|宿舍|座|考"
    ),
}
"""Titles of which nobody would think a birth, a price, a home or a record of the civil affairs, whatever the cells look like."""
_SEVERAL = 4
_OF_CIVIL_AFFAIRS = re.compile("民政|备案")
_END_OF_A_RANGE = re.compile("[低高]|[上下]限")
_BESIDES = re.compile(r"其[他它]|另外|补充|备选|更多")
_OWNED = re.compile(r"有无|[现已拥]有|是否有|家[里中庭]")
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
            role = meaning.role
            if role == "guardian" and look.share("relation") >= 0.7:
                role = "relation"  # 跟谁过: 爷爷奶奶
            elif role == "qty" and look.filled >= _SEVERAL and look.rising:
                role = "serial"  # it counts the lines, not the pieces
            surer = 0.1 if role == "recno" and _OF_CIVIL_AFFAIRS.search(title.text) else 0.0
            scored.append((_score(meaning, look) + surer, title, role, "taught" if meaning.fit > 1 else "header"))
        unsure = not meanings or max(_score(m, look) for m in meanings) < 0.45
        if unsure and look.filled >= 2:
            if look.rising:
                scored.append((0.5, title, "serial", "content"))
                continue
            if any(m.role in SAYS_IT_ALL and m.fit == 1 for m in meanings):
                continue
            for role, kind, least in _ALONE:
                share = look.share(kind)
                if role == "price" and look.share("age") >= 0.7:
                    continue  # numbers this small are ages or pieces
                if role == "consent" and says_an_office(title.text):
                    continue
                if role in _TOLD_OTHERWISE and _TOLD_OTHERWISE[role].search(title.text):
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
    believe_plain_titles(readings, looks, headers)
    set_others_phones_aside(readings, looks)
    set_publicity_aside(readings)
    tell_regions_apart(readings, headers)
    stand_in(readings)
    keep_parts_of_births(readings)
    find_what_titles_do_not_tell(readings, looks, family)
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
    share = 0.0
    for kind in tests:
        if (share := max(share, look.share(kind))) == 1:
            break
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
        told = (m.role for m in headers.meanings(title.text) if m.role in FLAGS and m.fit >= 0.8)
        role = next(told, None) or headers.need_of(title.text)
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
