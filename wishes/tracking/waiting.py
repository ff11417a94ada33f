"""The coordinator's table: wishes under way, whoever waits longest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlmodel import Session

from wishes.claims.tables import Branch, Volunteer
from wishes.intake.tables import Community, Wish
from wishes.lifecycle import HELD, Kind, Status
from wishes.model import columns
from wishes.tracking.tables import Clock

_Branch = columns(Branch)
_Clock = columns(Clock)
_Community = columns(Community)
_Volunteer = columns(Volunteer)
_Wish = columns(Wish)

UNDER_WAY = (Status.OPEN, Status.PROPOSED, *HELD)
Since = Literal["claimed", "published"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """One wish under way. ``days_waiting`` since the instant asked for, ``overdue_days`` past its clock's due instant."""

    wish_id: int
    code: str
    item: str
    category: str
    kind: Kind
    status: Status
    since: datetime
    days_waiting: float
    due_at: datetime | None
    overdue_days: float | None
    paused: bool
    problem: str
    county_code: str
    community_id: int
    community: str
    branch_id: int | None
    branch: str | None
    volunteer_id: int | None
    volunteer: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and the cursor of the next page (None: this was the last)."""

    rows: list[Waiting]
    after: tuple[datetime, int] | None


def oldest_waiting(
    session: Session,
    campaign_id: int,
    *,
    now: datetime,
    since: Since = "claimed",
    statuses: Sequence[Status] | None = None,
    county_code: str | None = None,
    category: str | None = None,
    branch_id: int | None = None,
    community_id: int | None = None,
    overdue_only: bool = False,
    after: tuple[datetime, int] | None = None,
    limit: int = 50,
) -> Page:
    """Wishes under way, oldest first; *after* is the cursor of the page before.

    *since* ``claimed`` looks at wishes somebody holds, ``published`` at all that children wait for. Effects: none.
    """
    started: Any = _Wish.claimed_at if since == "claimed" else _Wish.published_at
    wanted = tuple(statuses) if statuses else HELD if since == "claimed" else UNDER_WAY
    # which ones first, who they belong to afterwards: a hundred thousand under way are sorted without their names
    first: Any = sa.select(_Wish.id).where(
        _Wish.campaign_id == campaign_id, _Wish.status.in_(wanted), started.is_not(None)
    )
    for column, value in (
        (_Wish.county_code, county_code),
        (_Wish.category, category),
        (_Wish.taker_branch_id, branch_id),
        (_Wish.community_id, community_id),
    ):
        if value is not None:
            first = first.where(column == value)
    if overdue_only:
        first = first.join(Clock, sa.and_(_Clock.wish_id == _Wish.id, _Clock.closed_at.is_(None)))
        first = first.where(_Clock.due_at < now)
    if after is not None:
        first = first.where(sa.or_(started > after[0], sa.and_(started == after[0], _Wish.id > after[1])))
    first = first.order_by(started, _Wish.id).limit(limit + 1)
    query = (
        sa.select(
            _Wish.id,
            _Wish.code,
            _Wish.item,
            _Wish.category,
            _Wish.kind,
            _Wish.status,
            started,
            _Clock.due_at,
            _Clock.paused_at,
            _Clock.problem,
            _Wish.county_code,
            _Wish.community_id,
            _Community.name,
            _Wish.taker_branch_id,
            _Branch.name,
            _Wish.taker_volunteer_id,
            _Volunteer.name,
        )
        .select_from(Wish)
        .join(Community, _Community.id == _Wish.community_id)
        .outerjoin(Clock, sa.and_(_Clock.wish_id == _Wish.id, _Clock.closed_at.is_(None)))
        .outerjoin(Branch, _Branch.id == _Wish.taker_branch_id)
        .outerjoin(Volunteer, _Volunteer.id == _Wish.taker_volunteer_id)
        .where(_Wish.id.in_(first))
        .order_by(started, _Wish.id)
    )
    rows = [_waiting(row, now) for row in session.execute(query)]
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(rows, (rows[-1].since, rows[-1].wish_id) if more else None)


def _waiting(row: Any, now: datetime) -> Waiting:
    (
        wish_id,
        code,
        item,
        category,
        kind,
        status,
        since,
        due_at,
        paused_at,
        problem,
        county,
        community_id,
        community,
        branch_id,
        branch,
        volunteer_id,
        volunteer,
    ) = row
    overdue = None if due_at is None or paused_at is not None else (now - due_at).total_seconds() / 86_400
    return Waiting(
        wish_id,
        code,
        item,
        category,
        kind,
        status,
        since,
        (now - since).total_seconds() / 86_400,
        due_at,
        overdue if overdue is not None and overdue > 0 else None,
        paused_at is not None,
        problem or "",
        county,
        community_id,
        community,
        branch_id,
        branch,
        volunteer_id,
        volunteer,
    )
