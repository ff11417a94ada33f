"""Verbs that bring the registers of branches, members and volunteers into a campaign.

Importing a register again brings what it says up to date and adds nothing twice: a branch is known by its name, a
person by the phone and else by the number.
Members and volunteers are one kind of person: whoever is in both is one row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from wishes.access import SYSTEM, Actor, require
from wishes.campaigns.queries import campaign_by_id, rules_of
from wishes.campaigns.tables import CatalogueItem, Place
from wishes.claims.register_cells import Areas, County
from wishes.claims.register_reading import (
    BranchEntry,
    BranchNames,
    PersonEntry,
    Register,
    branch_key,
    read_branches,
    read_members,
    read_volunteers,
)
from wishes.claims.tables import Branch, Volunteer
from wishes.clock import local_day
from wishes.events.actions import record
from wishes.model import table_of

Wanted = tuple[dict[str, Any] | None, dict[str, Any]]
"""A row as it is stored (None: not yet) and the columns to write."""


@dataclass(frozen=True, slots=True)
class StoredRegister:
    """What importing a register did. ``warnings`` counts codes; ``rows`` is one plain dict per entry, for reports."""

    lines: int
    entries: int
    merged: int
    skipped: int
    added: int
    changed: int
    same: int
    warnings: dict[str, int] = field(default_factory=dict)
    totals: dict[str, Any] = field(default_factory=dict)
    rows: tuple[dict[str, Any], ...] = ()

    def figures(self) -> dict[str, Any]:
        """Counts only, for JSON and the event."""
        return {key: value for key, value in asdict(self).items() if key != "rows"}


def import_branches(
    session: Session, *, campaign_id: int, data: bytes, name: str, now: datetime, actor: Actor = SYSTEM
) -> StoredRegister:
    """Store the pledges in a workbook. A pledge is never lowered below what is used already (``pledge_in_use``).

    Raises Forbidden, UnreadableFile, Invalid (no such columns). Effects: branches, one event.
    """
    require(actor, "campaign.manage", campaign_id)
    items = table_of(CatalogueItem)
    categories: dict[str, str] = dict(
        session.execute(
            sa.select(items.c.category_zh, items.c.category).where(items.c.campaign_id == campaign_id).distinct()
        ).all()
    )
    register = read_branches(data, name, areas=areas_of(session, campaign_id), categories=categories)
    table = table_of(Branch)
    known = {branch_key(row["name"]): row for row in _rows(session, table, campaign_id)}
    warnings = Counter(code for entry in register.entries for code in entry.warnings)
    wanted: list[Wanted] = []
    for entry in register.entries:
        row = {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in asdict(entry).items()
            if key not in ("sheet", "row", "warnings")
        }
        old = known.get(branch_key(entry.name))
        if old is not None:
            row["name"] = old["name"]
            for pledge, used in (("pledge_count", "used_count"), ("pledge_fen", "used_fen")):
                if row[pledge] is not None and row[pledge] < old[used]:
                    row[pledge] = old[used]
                    warnings["pledge_in_use"] += 1
        wanted.append((old, row))
    fresh = {"campaign_id": campaign_id, "used_count": 0, "used_fen": 0, "created_at": now}
    added, changed = _write(session, Branch, wanted, fresh)
    pledged = [entry.pledge_count for entry in register.entries if entry.pledge_count is not None]
    budget = [entry.pledge_fen for entry in register.entries if entry.pledge_fen is not None]
    return _told(
        session,
        "import_branches",
        campaign_id,
        register,
        added,
        changed,
        warnings,
        now=now,
        actor=actor,
        totals={
            "party": sum(entry.kind == "party" for entry in register.entries),
            "organisations": sum(entry.kind != "party" for entry in register.entries),
            "pledged_wishes": sum(pledged),
            "pledged_fen": sum(budget),
            "unlimited_wishes": len(register.entries) - len(pledged),
            "unlimited_fen": len(register.entries) - len(budget),
        },
    )


def import_members(
    session: Session, *, campaign_id: int, data: bytes, name: str, now: datetime, actor: Actor = SYSTEM
) -> StoredRegister:
    """Store party members and caring people; branches first, or everybody is an individual.

    Raises as :func:`import_branches`.
    """
    require(actor, "people.manage", campaign_id)
    register = read_members(data, name, areas=areas_of(session, campaign_id))
    return _store_people(session, "import_members", campaign_id, register, now=now, actor=actor)


def import_volunteers(
    session: Session, *, campaign_id: int, data: bytes, name: str, now: datetime, actor: Actor = SYSTEM
) -> StoredRegister:
    """Store volunteers with their duties, certificates and checks. Raises as :func:`import_branches`.

    Checks are judged at the campaign's reference day, else today. Service hours are counted, not stored.
    """
    require(actor, "people.manage", campaign_id)
    judged_on = rules_of(session, campaign_id).vetting_reference_on or local_day(now)
    register = read_volunteers(data, name, areas=areas_of(session, campaign_id), judged_on=judged_on)
    return _store_people(
        session,
        "import_volunteers",
        campaign_id,
        register,
        now=now,
        actor=actor,
        totals={
            "hours": asdict(register.hours),
            "judged_on": judged_on.isoformat(),
            "qualified": sum(bool(entry.qualification) for entry in register.entries),
            "with_check": sum(entry.vetted_on is not None for entry in register.entries),
        },
    )


def areas_of(session: Session, campaign_id: int) -> Areas:
    """The campaign's reader of area words."""
    places = _rows(session, table_of(Place), campaign_id)
    towns: dict[str, list[str]] = {}
    former: dict[str, set[str]] = {}
    for place in places:
        if place["level"] == "township":
            towns.setdefault(place["county_code"], []).append(place["name"])
            if place["former_county"]:
                former.setdefault(place["former_county"], set()).add(place["county_code"])
    counties = [
        County(place["code"], place["name"], tuple(towns.get(place["code"], ())))
        for place in places
        if place["level"] == "county"
    ]
    return Areas(
        counties,
        city=campaign_by_id(session, campaign_id).place,
        former={name: frozenset(codes) for name, codes in former.items()},
    )


# --- people -----------------------------------------------------------------------------------------------------------


def _store_people(
    session: Session,
    action: str,
    campaign_id: int,
    register: Register[PersonEntry],
    *,
    now: datetime,
    actor: Actor,
    totals: Mapping[str, Any] | None = None,
) -> StoredRegister:
    table = table_of(Volunteer)
    known = _rows(session, table, campaign_id)
    by_phone = {row["phone"]: row for row in known if row["phone"]}
    by_code = {row["code"]: row for row in known}
    branches = BranchNames({row["name"]: row["id"] for row in _rows(session, table_of(Branch), campaign_id)})
    limit = rules_of(session, campaign_id).volunteer_claim_limit
    warnings = Counter(code for entry in register.entries for code in entry.warnings)
    codes = _Codes(by_code.keys() | {entry.code for entry in register.entries})
    wanted: list[Wanted] = []
    individuals = 0
    for entry in register.entries:
        old = by_phone.get(entry.phone) if entry.phone else None
        if old is None and (same := by_code.get(entry.code)) is not None and same["name"] == entry.name:
            old = same
        branch_id, problem = branches.find(entry.branch)
        warnings.update([problem] if problem else [])
        individuals += branch_id is None
        row = _person_row(entry, old, branch_id)
        if old is None:
            row["code"] = entry.code if entry.code and entry.code not in by_code else codes.next()
            row["claim_limit"] = entry.claim_limit or limit
        elif row.get("claim_limit", 0) and row["claim_limit"] < old["live_claims"]:
            row["claim_limit"] = old["live_claims"]
            warnings["limit_in_use"] += 1
        wanted.append((old, row))
    added, changed = _write(
        session,
        Volunteer,
        wanted,
        {"campaign_id": campaign_id, "live_claims": 0, "lapses": 0, "active": True, "created_at": now},
    )
    duties = Counter(duty for entry in register.entries for duty in entry.duties)
    return _told(
        session,
        action,
        campaign_id,
        register,
        added,
        changed,
        warnings,
        now=now,
        actor=actor,
        totals={
            "individuals": individuals,
            "in_branches": len(register.entries) - individuals,
            "duties": dict(duties),
            **(totals or {}),
        },
    )


def _person_row(entry: PersonEntry, old: Mapping[str, Any] | None, branch_id: int | None) -> dict[str, Any]:
    """The columns to write. What this register does not speak of is left as another register said it."""
    said: dict[str, Any] = {
        "name": entry.name,
        "phone": entry.phone,
        "branch_id": branch_id,
        "county_code": entry.county_code,
        "skills": entry.skills,
        "qualification": entry.qualification,
        "vetted_on": entry.vetted_on,
        "trained_on": entry.trained_on,
        "duties": list(entry.duties),
    }
    if old is None:
        return said
    row = {name: value if value else old[name] for name, value in said.items()}
    row["duties"] = sorted({*old["duties"], *entry.duties})
    if entry.skills and entry.skills not in old["skills"]:
        row["skills"] = "、".join(part for part in (old["skills"], entry.skills) if part)[:200]
    elif entry.skills:
        row["skills"] = old["skills"]
    if entry.claim_limit:
        row["claim_limit"] = entry.claim_limit
    return row


class _Codes:
    """Numbers for people whose register gives none, or one that somebody else has."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken, self._last = set(taken), 0

    def next(self) -> str:
        while (code := f"P{self._last + 1:04d}") in self._taken:
            self._last += 1
        self._last += 1
        return code


# --- writing ----------------------------------------------------------------------------------------------------------


def _rows(session: Session, table: sa.Table, campaign_id: int) -> list[dict[str, Any]]:
    return [dict(row) for row in session.execute(sa.select(table).where(table.c.campaign_id == campaign_id)).mappings()]


def _write(
    session: Session, model: type[SQLModel], wanted: Sequence[Wanted], fresh: Mapping[str, Any]
) -> tuple[int, int]:
    """Insert rows without an old one, update those that differ: at most two executemany statements."""
    table = table_of(model)
    new = [{**fresh, **row} for old, row in wanted if old is None]
    changed = [{**old, **row} for old, row in wanted if old and any(old[name] != value for name, value in row.items())]
    if new:
        session.execute(sa.insert(table), new)
    if changed:
        names = sorted({name for old, row in wanted if old for name in row})
        session.execute(
            sa.update(table)
            .where(table.c.id == sa.bindparam("row_id"))
            .values({n: sa.bindparam(f"new_{n}") for n in names}),
            [{"row_id": row["id"], **{f"new_{name}": row[name] for name in names}} for row in changed],
        )
    return len(new), len(changed)


def _told(
    session: Session,
    action: str,
    campaign_id: int,
    register: Register[Any],
    added: int,
    changed: int,
    warnings: Counter[str],
    *,
    now: datetime,
    actor: Actor,
    totals: dict[str, Any],
) -> StoredRegister:
    entries: Sequence[BranchEntry | PersonEntry] = register.entries
    done = StoredRegister(
        register.lines,
        len(entries),
        register.merged,
        register.skipped,
        added,
        changed,
        len(entries) - added - changed,
        dict(sorted(warnings.items())),
        totals,
        tuple(
            {key: value.isoformat() if isinstance(value, date) else value for key, value in asdict(entry).items()}
            for entry in entries
        ),
    )
    record(session, action=action, campaign_id=campaign_id, now=now, actor=actor, data=done.figures())
    return done
