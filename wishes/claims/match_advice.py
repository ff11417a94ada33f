"""Where one more helps most: shadow prices say where to look, and solving again says what it really brings.

What meets a child and what is bought have different takers in most campaigns; advice on one is then checked on that part
alone, which takes a moment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from matching import UNLIMITED, Left, criteria
from wishes.claims.candidates import NEEDS, NEVER, Candidates, Mask, Takers, only
from wishes.claims.match_figures import loads
from wishes.claims.match_finding import Matched, decide
from wishes.claims.match_reasons import unmatched_groups

MOST_PIECES = 6
_CLAIMS_EACH = 5  # of a new volunteer, where nobody's limit tells
_MOST_PEOPLE = 20
_STEP_FEN = 50_000
_STEP_PLACES = 5


@dataclass(frozen=True)
class Change:
    """One more of something. ``kind`` is people (of ``need`` in ``county``), places or budget (fen, of ``taker``)."""

    kind: str
    more: int
    need: str = ""
    county: str = ""
    taker: int = -1

    def applied(self, seen: Candidates) -> Candidates:
        takers = seen.takers
        if self.kind == "people":
            return replace(seen, takers=with_people(seen, self.need, self.county, self.more))
        name = "count_cap" if self.kind == "places" else "spend_cap"
        cap = getattr(takers, name).copy()
        cap[self.taker] += self.more
        pledged = takers.pledged.copy()
        if self.kind == "places" and pledged[self.taker] > 0:
            pledged[self.taker] += self.more
        return replace(seen, takers=replace(takers, **{name: cap, "pledged": pledged}))


def advise(matched: Matched, *, most: int = MOST_PIECES, time_limit_s: float | None = None) -> list[dict[str, Any]]:
    """Pieces of advice that solving again confirmed, those that serve most wishes first.

    Each with its :class:`Change`, ``serves`` (wishes with a taker more than before), ``saves`` (points of the whole plan) and
    ``predicted`` (points, by shadow prices; None where prices do not tell). What brings nothing is left out.
    """
    before: dict[bool, tuple[int, int]] = {}
    told = []
    for change, predicted in _promising(matched)[: 2 * most]:
        meets = change.need != "none" if change.kind == "people" else bool(matched.seen.takers.vetted[change.taker])
        part = _part(matched.seen, meets)
        if meets not in before:
            before[meets] = _solved(matched, part, time_limit_s)
        served, cost = _solved(matched, change.applied(part), time_limit_s)
        serves, saves = served - before[meets][0], before[meets][1] - cost
        if serves > 0 or (serves == 0 and saves >= criteria.POINT):
            told.append({
                "kind": change.kind, "more": change.more, "need": change.need, "county": change.county,
                **_ids(matched.seen.takers, change.taker), "serves": serves, "saves": round(saves / criteria.POINT, 1),
                "predicted": None if predicted is None else round(predicted / criteria.POINT, 1),
            })  # fmt: skip
    return sorted(told, key=lambda piece: (-piece["serves"], -piece["saves"]))[:most]


def _promising(matched: Matched) -> list[tuple[Change, float | None]]:
    """Changes worth trying: people where wishes are left, then places and money by their prices."""
    seen, plan = matched.seen, matched.plan
    wanted: dict[tuple[str, str], int] = {}
    for group in unmatched_groups(seen, matched.table, plan):
        if group["need"] != "none":
            wanted[(group["need"], group["county"])] = wanted.get((group["need"], group["county"]), 0) + group["count"]
    found: list[tuple[Change, float | None]] = []
    goods: list[tuple[Change, float | None]]
    for (need, county), count in sorted(wanted.items(), key=lambda item: -item[1]):
        limit = _limit_of(seen, need)
        found.append((Change("people", min(_MOST_PEOPLE, -(-count // limit)), need, county), None))
    goods = [(Change("budget", _STEP_FEN, taker=t), None) for t in _short_of_money(matched)]
    for kind, price, step in (("budget", plan.spend_price, _STEP_FEN), ("places", plan.count_price, _STEP_PLACES)):
        cap = seen.takers.spend_cap if kind == "budget" else seen.takers.count_cap
        worth = np.where((cap != UNLIMITED) & (seen.takers.branch_ids >= 0), price * step, 0.0)
        best = np.argsort(-worth, kind="stable")[:2]
        goods += [(Change(kind, step, taker=int(t)), float(worth[t])) for t in best if worth[t] >= criteria.POINT]
    return goods + found if ((plan.taker < 0) & (seen.wishes.need == 0)).any() else found + goods


def _short_of_money(matched: Matched, most: int = 2) -> list[int]:
    """Takers with places left but too little money for wishes that were left: those that most of these could go to."""
    seen, plan = matched.seen, matched.plan
    rows = np.flatnonzero((plan.taker < 0) & (plan.reason == Left.BUDGET))
    if not len(rows):
        return []
    takers = seen.takers
    places = (takers.count_cap - loads(seen, plan.taker) > 0) & (takers.spend_cap != UNLIMITED)
    wanted = (matched.table.allowed[matched.table.class_of[rows]] & places).sum(axis=0)
    return [int(t) for t in np.argsort(-wanted, kind="stable")[:most] if wanted[t]]


def _limit_of(seen: Candidates, need: str) -> int:
    able = seen.takers.qualified if need == "psych" else seen.takers.vetted
    limits = seen.takers.pledged[able & (seen.takers.pledged > 0)]
    return max(1, int(np.median(limits))) if len(limits) else _CLAIMS_EACH


def with_people(seen: Candidates, need: str, county: str, more: int) -> Takers:
    """The takers and *more* people able for *need* who live in *county* and have nothing in hand.

    Raises ValueError for a need or a county that is not there.
    """
    takers, limit = seen.takers, _limit_of(seen, need)
    at = seen.counties.index(county)
    here = seen.wishes.county == at
    homes = takers.place[takers.county == at]
    place = (
        int(homes[0])
        if len(homes)
        else int(np.bincount(seen.wishes.place[here]).argmax())
        if here.any()
        else len(seen.lat) - 1
    )
    level = NEEDS.index(need)
    one: dict[str, Any] = {
        "branch_ids": -1, "volunteer_ids": -1, "parent": -1, "count_cap": limit, "spend_cap": UNLIMITED, "used": 0,
        "pledged": limit, "lapses": 0, "asked_days": NEVER, "place": place, "county": at, "anywhere": True, "buys": level == 0,
        "vetted": level >= 1, "qualified": level == 2, "trained": True,
    }  # fmt: skip
    arrays = {}
    for name in Takers.__dataclass_fields__:
        old = getattr(takers, name)
        row = np.zeros(old.shape[1:], dtype=old.dtype) if old.ndim > 1 else np.asarray(one[name], dtype=old.dtype)
        arrays[name] = np.concatenate([old, np.repeat(row[None], more, axis=0)])
    return Takers(**arrays)


def _part(seen: Candidates, meets: bool) -> Candidates:
    """The wishes that compete with these: all, or only those that meet a child, or only goods, where nobody does both."""
    takers = seen.takers
    if (takers.vetted & (takers.buys | (takers.parent >= 0))).any():
        return seen
    kept: Mask = (seen.wishes.need > 0) if meets else (seen.wishes.need == 0)
    return only(seen, kept) if kept.any() else seen


def _solved(matched: Matched, seen: Candidates, time_limit_s: float | None) -> tuple[int, int]:
    """Wishes served, and the cost."""
    plan = decide(seen, matched.settings, campaign_id=matched.campaign_id, time_limit_s=time_limit_s).plan
    return int((plan.taker >= 0).sum()), plan.cost


def _ids(takers: Takers, taker: int) -> dict[str, int | None]:
    if taker < 0:
        return {"branch_id": None, "volunteer_id": None}
    branch, volunteer = int(takers.branch_ids[taker]), int(takers.volunteer_ids[taker])
    return {"branch_id": branch if branch >= 0 else None, "volunteer_id": volunteer if volunteer >= 0 else None}
