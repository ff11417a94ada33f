"""Questions about wishes: one by its code, and lists that filter and page over ten thousand rows.

Rows are plain values without a child's identity; what a reader may see of them is decided by :mod:`wishes.access`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, Field, WishFacts, facts_of, relations, visible_fields
from wishes.campaigns.tables import Place
from wishes.claims.tables import Branch, Volunteer
from wishes.errors import NotFound
from wishes.intake.tables import Child, Community, Wish
from wishes.lifecycle import Kind, Status
from wishes.model import columns

_Branch = columns(Branch)
_Child = columns(Child)
_Community = columns(Community)
_Place = columns(Place)
_Volunteer = columns(Volunteer)
_Wish = columns(Wish)


@dataclass(frozen=True, slots=True)
class WishRow:
    """A wish as lists and pages show it."""

    id: int
    campaign_id: int
    code: str
    status: Status
    kind: Kind
    need: str
    category: str
    item: str
    detail: str
    size_kind: str
    size: str
    quantity: int
    price_low_fen: int | None
    price_high_fen: int | None
    price_fen: int
    county_code: str
    township_code: str
    community_id: int
    child_id: int
    taker_branch_id: int | None
    taker_volunteer_id: int | None
    published_at: datetime | None
    proposed_at: datetime | None
    claimed_at: datetime | None
    ready_at: datetime | None
    dispatched_at: datetime | None
    delivered_at: datetime | None
    closed_at: datetime | None
    scheduled_on: date | None
    sex: str
    birth_year: int | None
    types: list[str] | None
    alias: str
    community: str
    county: str
    branch: str | None
    volunteer: str | None

    @property
    def facts(self) -> WishFacts:
        """What :mod:`wishes.access` decides from."""
        return facts_of(
            self.campaign_id, self.status, self.kind, self.community_id, self.taker_branch_id, self.taker_volunteer_id
        )

    def age_band(self, on: date) -> str:
        """``6-8``, ``9-11`` … in the year of *on*; empty when the birth year is unknown."""
        if self.birth_year is None:
            return ""
        age = max(0, on.year - self.birth_year)
        low = age // 3 * 3
        return f"{low}-{low + 2}"


_COUNTY = (
    sa.select(_Place.name)
    .where(_Place.campaign_id == _Wish.campaign_id, _Place.code == _Wish.county_code)
    .scalar_subquery()
)
_FROM_WISH = [name for name in WishRow.__dataclass_fields__ if hasattr(_Wish, name)]
_SELECT: Any = (
    sa.select(
        *[getattr(_Wish, name) for name in _FROM_WISH],
        _Child.sex,
        _Child.birth_year,
        _Child.types,
        _Child.alias,
        _Community.name.label("community"),
        _COUNTY.label("county"),
        _Branch.name.label("branch"),
        _Volunteer.name.label("volunteer"),
    )
    .join(_Child, _Child.id == _Wish.child_id)
    .join(_Community, _Community.id == _Wish.community_id)
    .outerjoin(_Branch, _Branch.id == _Wish.taker_branch_id)
    .outerjoin(_Volunteer, _Volunteer.id == _Wish.taker_volunteer_id)
)


def _row(values: Any) -> WishRow:
    row = dict(values._mapping)
    row["status"], row["kind"], row["county"] = Status(row["status"]), Kind(row["kind"]), row["county"] or ""
    return WishRow(**row)


def wish_by_code(session: Session, campaign_id: int, code: str) -> WishRow:
    """Raises :class:`~wishes.errors.NotFound`. Codes are read kindly: lower case and surrounding spaces do not matter."""
    found = session.execute(
        _SELECT.where(_Wish.campaign_id == campaign_id, _Wish.code == code.strip().upper())
    ).one_or_none()
    if found is None:
        raise NotFound("这个心愿", "wish")
    return _row(found)


def seen_by(actor: Actor, row: WishRow) -> tuple[WishRow, frozenset[Field]]:
    """*row* with what *actor* may not see left blank, and the fields that may be seen.

    Raises NotFound when nothing may be seen: that a wish exists is not everybody's to know.
    """
    fields = visible_fields(relations(actor, row.facts), row.status)
    if Field.WISH not in fields:
        raise NotFound("这个心愿", "wish")
    blank: dict[str, Any] = {"alias": "", "types": None}
    if Field.CHILD in fields:
        blank = {}
    if Field.AGE_BAND not in fields:
        blank["birth_year"] = None
    if Field.SEX not in fields:
        blank["sex"] = ""
    if Field.TAKER not in fields:
        blank |= {"branch": None, "volunteer": None}
    if Field.PLACE not in fields:
        blank["community"] = ""
    return replace(row, **blank), fields


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed to; empty values do not narrow."""

    statuses: tuple[Status, ...] = ()
    county_code: str = ""
    category: str = ""
    need: str = ""
    community_ids: tuple[int, ...] | None = None  # None: all; (): none
    branch_id: int | None = None
    volunteer_id: int | None = None
    words: str = ""  # in the item, or the code
    ids: tuple[int, ...] | None = None

    def conditions(self, campaign_id: int) -> list[Any]:
        found: list[Any] = [_Wish.campaign_id == campaign_id]
        if self.statuses:
            found.append(_Wish.status.in_(self.statuses))
        for column, value in (
            (_Wish.county_code, self.county_code),
            (_Wish.category, self.category),
            (_Wish.need, self.need),
        ):
            if value:
                found.append(column == value)
        if self.community_ids is not None:
            found.append(_Wish.community_id.in_(self.community_ids))
        if self.branch_id is not None:
            found.append(_Wish.taker_branch_id == self.branch_id)
        if self.volunteer_id is not None:
            found.append(_Wish.taker_volunteer_id == self.volunteer_id)
        if self.ids is not None:
            found.append(_Wish.id.in_(self.ids))
        if words := self.words.strip():
            found.append(sa.or_(_Wish.item.contains(words, autoescape=True), _Wish.code == words.upper()))
        return found


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: *after* is the cursor of the next one, None at the end."""

    rows: list[WishRow]
    after: int | None
    total: int


def list_wishes(session: Session, campaign_id: int, narrowed: Filter, *, after: int = 0, limit: int = 50) -> Page:
    """Wishes by id, *limit* of them after the cursor *after*; ``total`` counts all that the filter lets through."""
    conditions = narrowed.conditions(campaign_id)
    found = [
        _row(r)
        for r in session.execute(_SELECT.where(*conditions, _Wish.id > after).order_by(_Wish.id).limit(limit + 1))
    ]
    total = session.execute(sa.select(sa.func.count()).select_from(_Wish).where(*conditions)).scalar_one()
    return Page(found[:limit], found[limit - 1].id if len(found) > limit else None, int(total))


def status_counts(session: Session, campaign_id: int, narrowed: Filter | None = None) -> dict[Status, int]:
    """How many wishes stand in each status; statuses without a wish count 0."""
    counted = session.execute(
        sa.select(_Wish.status, sa.func.count())
        .where(*(narrowed or Filter()).conditions(campaign_id))
        .group_by(_Wish.status)
    )
    return dict.fromkeys(Status, 0) | {Status(status): int(n) for status, n in counted}


def community_names(session: Session, campaign_id: int) -> dict[int, str]:
    """Community id → name."""
    rows = session.execute(sa.select(_Community.id, _Community.name).where(_Community.campaign_id == campaign_id))
    return {int(key): str(name) for key, name in rows}
