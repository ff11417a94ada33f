"""Why wishes were left without a taker: the limit that binds, counted by district and kind. Numbers only; the words are
:mod:`wishes.claims.match_words`'."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from matching import Left
from wishes.claims.candidates import NEEDS, Candidates, Floats, Ints
from wishes.claims.match_assign import Assignment
from wishes.claims.match_table import Table, gates, spend_left

REASONS: Final = ("need", "area", "refused", "room", "said_no", "price", "count", "budget", "dear", "other")
"""In the order in which they explain: nobody is able, none of them goes there, all of them refuse such wishes, all were full
before, they said no to this one, it is dearer than what any has left; or there were takers, but their places or their money
went to others, or all would cost more than waiting."""
_OF_PLAN = {Left.COUNT: "count", Left.BUDGET: "budget", Left.TOO_DEAR: "dear"}


def reasons(seen: Candidates, table: Table, plan: Assignment) -> list[str]:
    """The binding reason of each wish (W,); empty where it has a taker."""
    found = [""] * len(plan.taker)
    by_gate = gates(seen, table.first)
    left_gate = np.full(len(table.first), -1)
    through = np.ones_like(table.allowed)
    for g, (_, gate) in enumerate(by_gate):
        through = through & gate
        left_gate[(left_gate < 0) & ~through.any(axis=1)] = g
    for i in np.flatnonzero(plan.taker < 0).tolist():
        gate = int(left_gate[table.class_of[i]])
        found[i] = by_gate[gate][0] if gate >= 0 else _of_wish(seen, table, plan, i)
    return found


def _of_wish(seen: Candidates, table: Table, plan: Assignment, i: int) -> str:
    able = table.allowed[table.class_of[i]].copy()
    able[seen.not_taker[seen.not_wish == i]] = False
    if not able.any():
        return "said_no"
    if not (able & (seen.wishes.spend_fen[i] <= spend_left(seen))).any():
        return "price"
    return _OF_PLAN.get(Left(int(plan.reason[i])), "other")


def unmatched_groups(seen: Candidates, table: Table, plan: Assignment) -> list[dict[str, Any]]:
    """Wishes left, grouped by need, district and reason, the largest group first; districts without any are not named.

    Each with ``count``, ``categories``, ``able`` (people or branches able at all), ``places`` (what they have left together,
    None without limit), ``nearest_km`` (the nearest of them, None if there is none) and ``within_60_km``.
    """
    found = reasons(seen, table, plan)
    groups: dict[tuple[int, int, str], list[int]] = {}
    for i, reason in enumerate(found):
        if reason:
            groups.setdefault((int(seen.wishes.need[i]), int(seen.wishes.county[i]), reason), []).append(i)
    able_of = np.stack([seen.takers.buys, seen.takers.vetted, seen.takers.qualified])
    told = []
    for (need, county, reason), members in groups.items():
        able = able_of[need]
        km = _nearest(table, np.array(members), able)
        category, counts = np.unique(seen.wishes.category[members], return_counts=True)
        told.append({
            "need": NEEDS[need], "county": seen.counties[county], "reason": reason, "count": len(members),
            "categories": {seen.categories[c]: int(n) for c, n in zip(category, counts, strict=True)},
            "able": int(able.sum()), "within_60_km": int((able & (_least_km(table, np.array(members)) <= 60)).sum()),
            "nearest_km": None if km is None else round(km, 1), "codes": seen.wishes.ids[members[:20]].tolist(),
        })  # fmt: skip
    return sorted(told, key=lambda group: (-group["count"], group["need"], group["county"], group["reason"]))


def _least_km(table: Table, wishes: Ints) -> Floats:
    """How far each taker (T,) is from the nearest of these wishes."""
    return np.asarray(table.km[np.unique(table.class_of[wishes])].min(axis=0))


def _nearest(table: Table, wishes: Ints, able: Any) -> float | None:
    return float(_least_km(table, wishes)[able].min()) if able.any() else None
