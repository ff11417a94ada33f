"""From the registers of branches, members and volunteers to plain entries. Pure; knows no database.

Columns are found by their words, so a register may have them in any order, on any number of sheets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Generic, TypeVar

from wishes.claims.register_cells import (
    Areas,
    day_of,
    duties_of,
    hours_of,
    lowest,
    name_of,
    phone_of,
    preferences,
    qualification_of,
)
from wishes.errors import Invalid
from wishes.i18n import Text
from wishes.intake.listing import Line, Listing, Words, read_listings

BRANCH_WORDS: Words = {
    "name": ("党支部名称", "组织名称", "支部名称", "单位名称", "党组织名称", "支部", "组织", "名称", "单位", "branch"),
    "type": ("类型", "组织类型", "性质"),
    "count": ("认领心愿上限", "最多认领", "认领上限", "认领数量", "认领个数", "承诺数量", "上限", "数量", "pledge"),
    "budget": ("认领预算", "预算", "资金上限", "金额", "经费", "资金", "budget"),
    "areas": (
        "可对接区县",
        "服务范围",
        "对接区县",
        "可对接区域",
        "意向区县",
        "意向地区",
        "服务区域",
        "对接区域",
        "范围",
        "区域",
        "areas",
    ),
    "preferences": ("意向类别", "希望认领的心愿类别", "心愿类别", "认领类别", "偏好", "意向", "类别", "preferences"),
    "contact": ("支部书记", "联系人", "书记", "负责人", "contact"),
    "phone": ("联系电话", "手机", "手机号", "电话", "联系方式", "phone"),
    "county": ("所在区县", "所属区县", "区县", "所在地", "county"),
    "address": ("地址", "办公地址", "address"),
    "note": ("备注", "说明", "note"),
}
MEMBER_WORDS: Words = {
    "code": ("编号", "序号", "党员编号", "id", "code"),
    "name": ("姓名", "名字", "name"),
    "branch": ("所属支部/组织", "所属支部", "所属组织", "所在支部", "党支部", "支部", "组织", "单位", "branch"),
    "phone": ("手机", "联系电话", "手机号", "电话", "联系方式", "phone"),
    "county": ("所在区县", "区县", "所属区县", "居住地", "county"),
    "address": ("地址", "住址", "address"),
    "limit": ("个人认领上限", "认领上限", "上限", "最多认领", "可认领数", "limit"),
    "skills": ("特长", "技能", "专长", "skills"),
}
VOLUNTEER_WORDS: Words = {
    "code": ("编号", "志愿者编号", "序号", "id", "code"),
    "name": ("姓名", "名字", "name"),
    "phone": ("手机", "联系电话", "手机号", "电话", "联系方式", "phone"),
    "county": ("服务区县", "所在区县", "区县", "服务区域", "county"),
    "address": ("地址", "住址", "address"),
    "duties": ("岗位", "服务岗位", "角色", "志愿岗位", "服务内容", "roles"),
    "skills": ("技能特长", "技能", "特长", "资质", "证书", "专业资质", "技能证书", "skills"),
    "qualification": ("资格证书", "证书名称"),
    "trained": ("培训日期", "培训时间", "岗前培训", "trained"),
    "vetted": ("无犯罪记录核查日期", "无犯罪记录查询日期", "无犯罪记录", "核查日期", "背景审查日期", "vetted"),
    "limit": ("认领上限", "个人认领上限", "limit"),
    "branch": ("所属支部", "所属组织", "所在支部", "branch"),
}
HOURS_WORDS: Words = {
    "day": ("日期", "服务日期", "date"),
    "code": ("志愿者编号", "编号", "code"),
    "name": ("姓名",),
    "hours": ("时长", "服务时长", "小时数", "工时", "hours"),
}

_PARTY = re.compile(r"党支部|总支|党委|党组|支部$")


@dataclass(frozen=True, slots=True)
class BranchEntry:
    """One party branch or organisation. ``pledge_*`` None is no limit. ``warnings`` are codes."""

    name: str
    kind: str
    sheet: str
    row: int
    county_code: str = ""
    areas: tuple[str, ...] = ()
    liked: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    pledge_count: int | None = None
    pledge_fen: int | None = None
    contact: str = ""
    phone: str = ""
    address: str = ""
    note: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PersonEntry:
    """One person of a register. None in ``claim_limit``, ``vetted_on`` or ``trained_on`` means that it does not say."""

    code: str
    name: str
    sheet: str
    row: int
    phone: str = ""
    branch: str = ""
    county_code: str = ""
    duties: tuple[str, ...] = ()
    skills: str = ""
    qualification: str = ""
    vetted_on: date | None = None
    trained_on: date | None = None
    claim_limit: int | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hours:
    """Service hours: ``lines`` that count, ``repeated`` ones of the same person and day, ``unread`` ones."""

    lines: int = 0
    repeated: int = 0
    unread: int = 0
    total: float = 0.0
    people: int = 0


Entry = TypeVar("Entry", BranchEntry, PersonEntry)


@dataclass(frozen=True, slots=True)
class Register(Generic[Entry]):
    """A register as read: one entry per branch or person; ``merged`` lines were folded into others."""

    entries: tuple[Entry, ...]
    lines: int
    merged: int
    skipped: int
    hours: Hours = field(default_factory=Hours)


def read_branches(data: bytes, name: str, *, areas: Areas, categories: Mapping[str, str]) -> Register[BranchEntry]:
    """Pledges of branches and organisations, from every sheet that lists some; one that is on two sheets is one entry.

    *categories* maps the catalogue's wordings to categories. Raises UnreadableFile, and
    :class:`~wishes.errors.Invalid` when no sheet has names and pledges.
    """
    listings = _listings(data, name, BRANCH_WORDS, ("name", "count"))
    found: dict[str, BranchEntry] = {}
    lines = 0
    for listing in listings:
        for line in listing.lines:
            lines += 1
            entry = _branch(line, areas, categories)
            key = branch_key(entry.name)
            found[key] = _same_branch(found[key], entry) if key in found else entry
    return Register(tuple(found.values()), lines, lines - len(found), sum(listing.skipped for listing in listings))


def read_members(data: bytes, name: str, *, areas: Areas) -> Register[PersonEntry]:
    """Party members and caring people; the same phone twice is one person. Raises as :func:`read_branches`."""
    return _people(_listings(data, name, MEMBER_WORDS, ("name", "phone")), areas)


def read_volunteers(data: bytes, name: str, *, areas: Areas, judged_on: date) -> Register[PersonEntry]:
    """Volunteers with duties, certificates and checks, and the sum of their service hours.

    A no-criminal-record check dated after *judged_on* is none (warning ``vetting_in_future``); an expired one keeps its
    date. Raises as :func:`read_branches`.
    """
    hours = read_listings(data, name, HOURS_WORDS, frozenset({"day", "code", "hours"}), "code")
    timesheets = {listing.sheet for listing in hours}
    rosters = [
        found for found in _listings(data, name, VOLUNTEER_WORDS, ("name", "duties")) if found.sheet not in timesheets
    ]
    return replace(_people(rosters, areas, judged_on), hours=_hours(hours))


def branch_key(name: str) -> str:
    """What two spellings of one branch have in common: without spaces, 中共, and the 党 of 党支部."""
    bare = re.sub(r"\s+", "", name)
    bare = re.sub(r"^中共|^中国共产党", "", bare)
    return bare.replace("党支部", "支部").replace("党总支", "总支")


class BranchNames:
    """Finds the branch that a member's free text means, or says that it is not clear."""

    def __init__(self, ids: Mapping[str, int]) -> None:
        """*ids* maps each branch's full name to its id."""
        self._exact = {branch_key(name): branch_id for name, branch_id in ids.items()}
        self._cores: dict[str, set[int]] = {}
        for name, branch_id in ids.items():
            self._cores.setdefault(_core(name), set()).add(branch_id)

    def find(self, text: str) -> tuple[int | None, str]:
        """The branch's id and a warning. None is an individual, ``branch_unknown`` or ``branch_ambiguous``.

        A name that is shortened or lengthened counts when it can mean one branch only (warning ``branch_guessed``).
        """
        bare = branch_key(text)
        if not bare or re.fullmatch(r"[/\-—无]+|.*个人.*|爱心人士|群众|散户", bare):
            return None, ""
        if bare in self._exact:
            return self._exact[bare], ""
        core = _core(text)
        candidates = set(self._cores.get(core, ()))
        if not candidates and len(core) >= 3:
            candidates = {
                branch_id
                for name, ids in self._cores.items()
                if len(name) >= 3 and (core in name or name in core)
                for branch_id in ids
            }
        if len(candidates) == 1:
            return candidates.pop(), "branch_guessed"
        return None, "branch_ambiguous" if candidates else "branch_unknown"


def _core(name: str) -> str:
    """A branch's name without the words that say what kind of branch it is."""
    return re.sub(
        r"(第[一二三四五六七八九十\d]+|联合|机关|总支|支部|委员会|党委|党组|有限公司|公司|集团)+", "", branch_key(name)
    )


def _listings(data: bytes, name: str, words: Words, needed: tuple[str, str]) -> list[Listing]:
    listings = read_listings(data, name, words, frozenset(needed), needed[0])
    if not listings:
        raise Invalid(
            "file",
            Text(
                "{name} 里找不到表头（需要这些列：{needed}）。",
                "No header was found in {name} (columns needed: {needed}).",
            ),
            name=name,
            needed="、".join(words[column][0] for column in needed),
        )
    return listings


def _branch(line: Line, areas: Areas, categories: Mapping[str, str]) -> BranchEntry:
    warnings: list[str] = []
    count, count_problem = lowest(line.cells.get("count"))
    budget, budget_problem = lowest(line.cells.get("budget"))
    if count_problem:
        count = 0  # nothing is promised in its name that it did not say
        warnings.append("pledge_unknown")
    if budget_problem:
        warnings.append("budget_unknown")
    own = areas.own(line.text("county"), line.text("address"))
    wanted, area_problem = areas.wanted(line.text("areas"), own=own)
    liked, refused, preference_problem = preferences(line.text("preferences"), categories)
    phone, phone_problem = phone_of(line.cells.get("phone"))
    warnings += [
        problem
        for problem in (area_problem, preference_problem, phone_problem, "" if own else "county_unknown")
        if problem
    ]
    name = re.sub(r"\s+", "", line.text("name"))
    party = _PARTY.search(name) or "党支部" in line.text("type")
    return BranchEntry(
        name=name,
        kind="party" if party else "organisation",
        sheet=line.sheet,
        row=line.row,
        county_code=own,
        areas=tuple(wanted),
        liked=tuple(liked),
        refused=tuple(refused),
        pledge_count=None if count is None else int(count),
        pledge_fen=None if budget is None else round(budget * 100),
        contact=name_of(line.text("contact")),
        phone=phone,
        address=line.text("address"),
        note=line.text("note"),
        warnings=tuple(warnings),
    )


def _same_branch(first: BranchEntry, again: BranchEntry) -> BranchEntry:
    """One branch listed twice: what the first line leaves open is taken from the second, the lower pledge counts."""
    filled = {
        name: getattr(again, name)
        for name in ("county_code", "areas", "liked", "refused", "contact", "phone", "address", "note")
        if not getattr(first, name) and getattr(again, name)
    }
    warnings = dict.fromkeys((*first.warnings, *again.warnings, "listed_twice"))
    for name in ("pledge_count", "pledge_fen"):
        pledges = [value for value in (getattr(first, name), getattr(again, name)) if value is not None]
        if getattr(first, name) != getattr(again, name):
            filled[name] = min(pledges)
            warnings["pledge_differs"] = None
    return replace(first, **filled, warnings=tuple(warnings))


def _people(listings: Sequence[Listing], areas: Areas, judged_on: date | None = None) -> Register[PersonEntry]:
    found: dict[str, PersonEntry] = {}
    lines = 0
    for listing in listings:
        for line in listing.lines:
            lines += 1
            entry = _person(line, areas, judged_on)
            key = entry.phone or f"{entry.code}|{entry.name}|{entry.branch}"
            found[key] = _same_person(found[key], entry) if key in found else entry
    return Register(tuple(found.values()), lines, lines - len(found), sum(listing.skipped for listing in listings))


def _person(line: Line, areas: Areas, judged_on: date | None) -> PersonEntry:
    phone, phone_problem = phone_of(line.cells.get("phone"))
    limit, limit_problem = lowest(line.cells.get("limit"))
    vetted_on, vetting_problem = day_of(line.cells.get("vetted"))
    trained_on, _ = day_of(line.cells.get("trained"))
    county = areas.own(line.text("county"), line.text("address"))
    warnings = [
        problem
        for problem in (
            phone_problem,
            "limit_unreadable" if limit_problem == "unreadable" or (limit is not None and limit < 1) else "",
            "vetting_unreadable" if vetting_problem else "",
            "" if county else "county_unknown",
        )
        if problem
    ]
    if vetted_on is not None and judged_on is not None and vetted_on > judged_on:
        vetted_on = None
        warnings.append("vetting_in_future")
    skills = line.text("skills")
    return PersonEntry(
        code=line.text("code"),
        name=name_of(line.text("name")),
        sheet=line.sheet,
        row=line.row,
        phone=phone,
        branch=line.text("branch"),
        county_code=county,
        duties=tuple(duties_of(line.text("duties"))),
        skills="" if skills in ("/", "无", "-") else skills,
        qualification=qualification_of(f"{skills}、{line.text('qualification')}"),
        vetted_on=vetted_on,
        trained_on=trained_on,
        claim_limit=int(limit) if limit is not None and limit >= 1 else None,
        warnings=tuple(warnings),
    )


def _same_person(first: PersonEntry, again: PersonEntry) -> PersonEntry:
    filled = {
        name: getattr(again, name)
        for name in (
            "code",
            "branch",
            "county_code",
            "skills",
            "qualification",
            "vetted_on",
            "trained_on",
            "claim_limit",
        )
        if not getattr(first, name) and getattr(again, name)
    }
    warnings = [*first.warnings, *again.warnings, *(["name_differs"] if first.name != again.name else [])]
    return replace(
        first, **filled, duties=tuple(sorted({*first.duties, *again.duties})), warnings=tuple(dict.fromkeys(warnings))
    )


def _hours(listings: Sequence[Listing]) -> Hours:
    counted: dict[tuple[str, str], float] = {}
    repeated = unread = 0
    for line in (line for listing in listings for line in listing.lines):
        day, _ = day_of(line.cells.get("day"))
        hours = hours_of(line.cells.get("hours"))
        key = (day.isoformat() if day else f"{line.sheet} {line.row}", line.text("code"))
        if key in counted:
            repeated += 1
        elif hours is None:
            unread += 1
        else:
            counted[key] = hours
    return Hours(len(counted), repeated, unread, round(sum(counted.values()), 2), len({code for _, code in counted}))
