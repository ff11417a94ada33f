"""The campaign as the engine sees it: rows become the arrays of :mod:`wishes.claims.candidates`.

Goods go to branches and to people on their own who pledged; what means meeting a child goes to a person whose check is
valid, and counselling to one with a named qualification.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session

from matching import UNLIMITED
from wishes.campaigns.rules import Rules
from wishes.campaigns.tables import Place
from wishes.claims.candidates import NEEDS, NEVER, Candidates, Ints, Mask, Takers, Wishes
from wishes.claims.tables import Branch, Claim, ClaimState, Proposal, ProposalState, Volunteer
from wishes.claims.taking import is_qualified
from wishes.clock import local_day
from wishes.intake.tables import Child, Wish
from wishes.intake.wishes import Filter
from wishes.lifecycle import HELD, Kind, Status
from wishes.model import columns

_Branch, _Child, _Claim, _Place = (columns(m) for m in (Branch, Child, Claim, Place))
_Proposal, _Volunteer, _Wish = (columns(m) for m in (Proposal, Volunteer, Wish))

_Who = tuple[str, int]
"""``("branch", id)`` or ``("volunteer", id)``."""
_PRIORITY = {"orphan": 4, "unattended": 4, "disabled": 3, "poor": 2, "left_behind": 1, "other": 1}


def look(
    session: Session, campaign_id: int, *, rules: Rules, now: datetime, standing: bool = False, wishes: bool = True,
    narrowed: Filter | None = None, taker: _Who | None = None,
) -> Candidates:  # fmt: skip
    """The campaign as it stands. What is held already is not in it, nor is the room it uses.

    *standing* takes in the proposals that wait for an answer, with their takers as ``current``; otherwise they too are left
    out together with their room. Without *wishes* only the takers and their room are looked at.
    *narrowed* looks at some of the wishes, *taker* at one branch or volunteer (with their branch) alone.
    """
    places = _Places(session, campaign_id)
    wish_rows = _wish_rows(session, campaign_id, standing, narrowed) if wishes else []
    people = _people_rows(session, campaign_id, taker)
    branches = _branch_rows(session, campaign_id, taker, people)
    categories = tuple(
        sorted({r.category for r in wish_rows} | {c for b in branches for c in (*(b.liked or ()), *(b.refused or ()))})
    )
    counties = tuple(sorted({r.county_code for r in wish_rows} | {b.county_code for b in branches}
                            | {c for b in branches for c in b.areas or ()} | {p.county_code for p in people}))  # fmt: skip
    communities = sorted({r.community_id for r in wish_rows})
    words = _Words(_index(counties), _index(categories), _index(communities))
    takers = _takers(session, campaign_id, branches, people, words, places, rules, now, standing, taker)
    taker_of = _taker_index(takers)
    placing = _wishes(wish_rows, taker_of, words, places, now)
    not_wish, not_taker = _refusals(session, campaign_id, _index(placing.ids.tolist()), taker_of, standing, taker)
    paired_taker, paired_community = _pairings(session, campaign_id, words, taker_of, taker)
    return Candidates(
        placing, takers, counties, categories, places.lat, places.lon, not_wish, not_taker, paired_taker, paired_community,
        np.array(communities, dtype=np.int64),
    )  # fmt: skip


@dataclass(frozen=True)
class _Words:
    counties: dict[Any, int]
    categories: dict[Any, int]
    communities: dict[Any, int]


class _Places:
    """Points by place code. An unknown place is the campaign's middle, so that nobody is nearer for being unknown."""

    def __init__(self, session: Session, campaign_id: int) -> None:
        rows = list(
            session.execute(
                sa.select(_Place.code, _Place.lat, _Place.lon)
                .where(_Place.campaign_id == campaign_id, _Place.level != "city")
                .order_by(_Place.code)
            )
        )
        self._index = _index([row.code for row in rows])
        points = np.array([(row.lat, row.lon) for row in rows], dtype=np.float64).reshape(-1, 2)
        points = np.vstack([points, points.mean(axis=0) if len(points) else np.zeros(2)])
        self.lat, self.lon = np.ascontiguousarray(points[:, 0]), np.ascontiguousarray(points[:, 1])

    def of(self, *codes: str) -> int:
        """The first known place."""
        return next((self._index[code] for code in codes if code in self._index), len(self.lat) - 1)


def _index(values: Iterable[Any]) -> dict[Any, int]:
    return {value: i for i, value in enumerate(values)}


def _ints(values: Iterable[Any]) -> Ints:
    return np.fromiter(values, dtype=np.int64)


# --- wishes -----------------------------------------------------------------------------------------------------------


def _wish_rows(session: Session, campaign_id: int, standing: bool, narrowed: Filter | None) -> Sequence[Any]:
    statuses = (Status.OPEN, Status.PROPOSED) if standing else (Status.OPEN,)
    further = narrowed.conditions(campaign_id) if narrowed is not None else []
    return session.execute(
        sa.select(
            _Wish.id, _Wish.county_code, _Wish.township_code, _Wish.category, _Wish.need, _Wish.kind, _Wish.price_fen,
            _Wish.community_id, _Wish.published_at, _Wish.taker_branch_id, _Wish.taker_volunteer_id, _Child.household_id,
            sa.cast(_Child.types, sa.Text).label("types"),
        )
        .join(_Child, _Child.id == _Wish.child_id)
        .where(_Wish.campaign_id == campaign_id, _Wish.status.in_(statuses), *further)
        .order_by(_Wish.id)
    ).all()  # fmt: skip


def _wishes(
    rows: Sequence[Any], taker_of: Mapping[tuple[int, int], int], words: _Words, places: _Places, now: datetime
) -> Wishes:
    needs = _index(NEEDS)
    # As many texts as kinds of need, not as many as wishes: each is read once.
    priority = {
        types: max((p for t, p in _PRIORITY.items() if f'"{t}"' in types), default=0)
        for types in {r.types or "" for r in rows}
    }
    point = {key: places.of(*key) for key in {(r.township_code, r.county_code) for r in rows}}
    return Wishes(
        ids=_ints(r.id for r in rows),
        place=_ints(point[(r.township_code, r.county_code)] for r in rows),
        county=_ints(words.counties[r.county_code] for r in rows),
        category=_ints(words.categories[r.category] for r in rows),
        community=_ints(words.communities[r.community_id] for r in rows),
        need=_ints(needs[r.need] for r in rows),
        goods=np.fromiter((r.kind == Kind.GOODS for r in rows), dtype=np.bool_),
        price_fen=_ints(r.price_fen for r in rows),
        household=_ints(r.household_id for r in rows),
        priority=_ints(priority[r.types or ""] for r in rows),
        waited_days=np.fromiter(
            (max(0.0, (now - r.published_at).total_seconds() / 86_400) if r.published_at else 0.0 for r in rows),
            dtype=np.float64,
        ),
        current=_ints(_taker_at(taker_of, r.taker_branch_id, r.taker_volunteer_id) for r in rows),
    )


def _taker_index(takers: Takers) -> dict[tuple[int, int], int]:
    """(branch id, volunteer id) → taker, one of the two being -1."""
    return {
        (int(branch), int(volunteer)): i
        for i, (branch, volunteer) in enumerate(zip(takers.branch_ids, takers.volunteer_ids, strict=True))
    }


def _taker_at(taker_of: Mapping[tuple[int, int], int], branch_id: int | None, volunteer_id: int | None) -> int:
    """A person counts as themselves, also when their branch's pledge is used."""
    return taker_of.get((-1, volunteer_id) if volunteer_id is not None else (branch_id or -1, -1), -1)


def _refusals(
    session: Session,
    campaign_id: int,
    wish_of: Mapping[int, int],
    taker_of: Mapping[tuple[int, int], int],
    standing: bool,
    only: _Who | None,
) -> tuple[Ints, Ints]:
    """Pairs of a wish and a taker who declined it, gave it back or let it lapse: never proposed again."""
    statuses = (Status.OPEN, Status.PROPOSED) if standing else (Status.OPEN,)
    pairs: set[tuple[int, int]] = set()
    for table, state in ((_Proposal, ProposalState.DECLINED), (_Claim, ClaimState.ENDED)):
        found = session.execute(
            sa.select(table.wish_id, table.branch_id, table.volunteer_id)
            .join(_Wish, _Wish.id == table.wish_id)
            .where(
                table.campaign_id == campaign_id,
                table.state == state,
                _Wish.status.in_(statuses),
                *_of(table.branch_id, table.volunteer_id, only),
            )
        )
        for wish_id, branch_id, volunteer_id in found:
            taker = _taker_at(taker_of, branch_id, volunteer_id)
            if taker >= 0 and wish_id in wish_of:
                pairs.add((wish_of[wish_id], taker))
    ordered = sorted(pairs)
    return _ints(wish for wish, _ in ordered), _ints(taker for _, taker in ordered)


def _pairings(
    session: Session, campaign_id: int, words: _Words, taker_of: Mapping[tuple[int, int], int], only: _Who | None
) -> tuple[Ints, Ints]:
    """Takers and the communities they serve or served."""
    found = session.execute(
        sa.select(_Wish.taker_branch_id, _Wish.taker_volunteer_id, _Wish.community_id)
        .where(
            _Wish.campaign_id == campaign_id,
            _Wish.status.in_((*HELD, Status.DELIVERED, Status.CLOSED)),
            *_held_by(only),
        )
        .distinct()
    )
    pairs: set[tuple[int, int]] = set()
    for branch_id, volunteer_id, community_id in found:
        for key in ((branch_id or -1, -1), (-1, volunteer_id or -1)):
            if key in taker_of and community_id in words.communities:
                pairs.add((taker_of[key], words.communities[community_id]))
    ordered = sorted(pairs)
    return _ints(taker for taker, _ in ordered), _ints(community for _, community in ordered)


# --- takers -----------------------------------------------------------------------------------------------------------


def _branch_rows(session: Session, campaign_id: int, only: _Who | None, people: Sequence[Any]) -> Sequence[Any]:
    ids = {p.branch_id for p in people} | ({only[1]} if only is not None and only[0] == "branch" else set())
    further = [] if only is None else [_Branch.id.in_(ids - {None})]
    return session.execute(
        sa.select(
            _Branch.id, _Branch.county_code, _Branch.areas, _Branch.liked, _Branch.refused, _Branch.pledge_count,
            _Branch.pledge_fen, _Branch.used_count, _Branch.used_fen, _Branch.lapses,
        ).where(_Branch.campaign_id == campaign_id, _Branch.kind != "reserve", *further).order_by(_Branch.id)
    ).all()  # fmt: skip


def _people_rows(session: Session, campaign_id: int, only: _Who | None) -> Sequence[Any]:
    further = [] if only is None else [_Volunteer.id == (only[1] if only[0] == "volunteer" else None)]
    return session.execute(
        sa.select(
            _Volunteer.id, _Volunteer.county_code, _Volunteer.branch_id, _Volunteer.claim_limit, _Volunteer.live_claims,
            _Volunteer.lapses, _Volunteer.vetted_on, _Volunteer.trained_on, _Volunteer.qualification, _Volunteer.duties,
        ).where(_Volunteer.campaign_id == campaign_id, _Volunteer.active, *further).order_by(_Volunteer.id)
    ).all()  # fmt: skip


def _takers(
    session: Session, campaign_id: int, branches: Sequence[Any], people: Sequence[Any], words: _Words, places: _Places,
    rules: Rules, now: datetime, standing: bool, only: _Who | None,
) -> Takers:  # fmt: skip
    offered = {} if standing else _offered(session, campaign_id, only)
    asked = _last_asked(session, campaign_id, only)
    had = _had(session, campaign_id, words, only)
    place_of = _index(b.id for b in branches)
    on, days = rules.vetting_day(local_day(now)), rules.vetting_days
    many = len(words.categories)
    rows: list[dict[str, Any]] = []
    for b in branches:
        key = ("branch", b.id)
        count, spend = offered.get(key, (0, 0))
        rows.append({
            "branch_ids": b.id, "volunteer_ids": -1, "parent": -1, "count_cap": _left(b.pledge_count, b.used_count + count),
            "spend_cap": _left(b.pledge_fen, b.used_fen + spend), "used": b.used_count + count,
            "pledged": b.pledge_count or 0, "lapses": b.lapses, "asked_days": _days(now, asked.get(key)),
            "place": places.of(b.county_code), "county": words.counties[b.county_code], "anywhere": not b.areas,
            "areas": _ticked(b.areas, words.counties), "liked": _ticked(b.liked, words.categories),
            "refused": _ticked(b.refused, words.categories), "had": had.get(key, np.zeros(many, dtype=np.int64)),
            "buys": True, "vetted": False, "qualified": False, "trained": False,
        })  # fmt: skip
    alone = {"anywhere": True, "areas": _ticked((), words.counties), "liked": _ticked((), words.categories),
             "refused": _ticked((), words.categories)}  # fmt: skip
    for p in people:
        key = ("volunteer", p.id)
        count, _ = offered.get(key, (0, 0))
        check: dict[str, Any] = {
            "vetted_on": p.vetted_on,
            "qualification": p.qualification,
            "on": on,
            "vetting_days": days,
        }
        trained = p.trained_on is not None and p.trained_on <= on
        meets = trained or not rules.matching.training_required
        parent = place_of.get(p.branch_id, -1)
        # what a branch's member takes is taken on the branch's pledge, and within what the branch agreed to
        pledge = rows[parent] if parent >= 0 else alone
        rows.append({
            "branch_ids": -1, "volunteer_ids": p.id, "parent": parent,
            "count_cap": _left(p.claim_limit, p.live_claims + count), "spend_cap": UNLIMITED, "used": p.live_claims + count,
            "pledged": p.claim_limit, "lapses": p.lapses, "asked_days": _days(now, asked.get(key)),
            "place": places.of(p.county_code), "county": words.counties[p.county_code], **{name: pledge[name] for name in ("anywhere", "areas", "liked", "refused")},
            "had": had.get(key, np.zeros(many, dtype=np.int64)),
            # a branch's members buy for the branch's pledge; who only registered to serve has pledged no purchase
            "buys": p.branch_id is None and not p.duties,
            "vetted": meets and is_qualified("vetted", **check), "qualified": meets and is_qualified("psych", **check),
            "trained": trained,
        })  # fmt: skip
    return _as_arrays(rows, len(words.counties), many)


def _as_arrays(rows: Sequence[Mapping[str, Any]], counties: int, categories: int) -> Takers:
    kinds: dict[str, Any] = dict.fromkeys(
        ("anywhere", "areas", "liked", "refused", "buys", "vetted", "qualified", "trained"), np.bool_
    )
    width = {"areas": counties, "liked": categories, "refused": categories, "had": categories}
    arrays = {}
    for name in Takers.__dataclass_fields__:
        kind = kinds.get(name, np.float64 if name == "asked_days" else np.int64)
        array = np.array([row[name] for row in rows], dtype=kind)
        arrays[name] = array.reshape(len(rows), width[name]) if name in width else array
    return Takers(**arrays)


def _ticked(names: Sequence[str] | None, index: Mapping[str, int]) -> Mask:
    mask = np.zeros(len(index), dtype=bool)
    mask[[index[name] for name in names or ()]] = True
    return mask


def _left(pledged: int | None, used: int) -> int:
    return UNLIMITED if pledged is None else max(0, pledged - used)


def _days(now: datetime, then: datetime | None) -> float:
    return NEVER if then is None else max(0.0, (now - then).total_seconds() / 86_400)


def _offered(session: Session, campaign_id: int, only: _Who | None) -> dict[_Who, tuple[int, int]]:
    """Count and price of what already waits for each taker's answer: room that is spoken for."""
    spend = sa.case((_Wish.kind == Kind.GOODS, _Wish.price_fen), else_=0)
    rows = session.execute(
        sa.select(_Wish.taker_branch_id, _Wish.taker_volunteer_id, sa.func.count(), sa.func.sum(spend))
        .where(_Wish.campaign_id == campaign_id, _Wish.status == Status.PROPOSED, *_held_by(only))
        .group_by(_Wish.taker_branch_id, _Wish.taker_volunteer_id)
    )
    found: dict[_Who, tuple[int, int]] = {}
    for branch_id, volunteer_id, count, fen in rows:
        for key in (("branch", branch_id), ("volunteer", volunteer_id)):
            if key[1] is not None:
                before = found.get(key, (0, 0))
                found[key] = (before[0] + int(count), before[1] + int(fen or 0))
    return found


def _last_asked(session: Session, campaign_id: int, only: _Who | None) -> dict[_Who, datetime]:
    """When each taker was last proposed something that was not taken back."""
    rows = session.execute(
        sa.select(_Proposal.branch_id, _Proposal.volunteer_id, sa.func.max(_Proposal.proposed_at))
        .where(
            _Proposal.campaign_id == campaign_id,
            _Proposal.state != ProposalState.WITHDRAWN,
            *_of(_Proposal.branch_id, _Proposal.volunteer_id, only),
        )
        .group_by(_Proposal.branch_id, _Proposal.volunteer_id)
    )
    return {
        ("volunteer", volunteer_id) if volunteer_id is not None else ("branch", branch_id): asked
        for branch_id, volunteer_id, asked in rows
    }


def _had(session: Session, campaign_id: int, words: _Words, only: _Who | None) -> dict[_Who, Ints]:
    """Wishes of each category that each taker holds or delivered."""
    rows = session.execute(
        sa.select(_Wish.taker_branch_id, _Wish.taker_volunteer_id, _Wish.category, sa.func.count())
        .where(
            _Wish.campaign_id == campaign_id,
            _Wish.status.in_((*HELD, Status.DELIVERED, Status.CLOSED)),
            *_held_by(only),
        )
        .group_by(_Wish.taker_branch_id, _Wish.taker_volunteer_id, _Wish.category)
    )
    found: dict[_Who, Ints] = {}
    for branch_id, volunteer_id, category, count in rows:
        if category not in words.categories:
            continue
        for key in (("branch", branch_id), ("volunteer", volunteer_id)):
            if key[1] is not None:
                found.setdefault(key, np.zeros(len(words.categories), dtype=np.int64))[words.categories[category]] += (
                    count
                )
    return found


def _of(branch: Any, volunteer: Any, only: _Who | None) -> list[Any]:
    """Conditions on two columns that leave the rows of one taker; none where everybody is looked at."""
    if only is None:
        return []
    return [volunteer == only[1]] if only[0] == "volunteer" else [branch == only[1]]


def _held_by(only: _Who | None) -> list[Any]:
    return _of(_Wish.taker_branch_id, _Wish.taker_volunteer_id, only)
