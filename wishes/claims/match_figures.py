"""What a plan amounts to, as plain values for JSON and pages: sums, distances, spread, districts."""

from __future__ import annotations

from typing import Any

import numpy as np

from matching import UNLIMITED, criteria
from wishes.claims.candidates import NEEDS, Candidates, Floats, Ints
from wishes.claims.match_assign import Assignment
from wishes.claims.match_table import Table

KM_STEPS = (5, 10, 20, 30, 50, 75, 100, 150)
LOAD_STEPS = (0, 20, 40, 60, 80, 99.999)
POINT = criteria.POINT


def figures(seen: Candidates, table: Table, plan: Assignment, overdue: Any) -> dict[str, Any]:
    """The plan in numbers. overdue: bool (W,), wishes that waited beyond the campaign's bound."""
    rows = np.flatnonzero(plan.taker >= 0)
    taker = plan.taker[rows]
    points, km = table.of(rows, taker)
    current = seen.wishes.current
    standing = current >= 0
    return {
        "wishes": len(seen.wishes),
        "matched": len(rows),
        "unmatched": len(seen.wishes) - len(rows),
        "to_branches": int((seen.takers.branch_ids[taker] >= 0).sum()),
        "to_people": int((seen.takers.volunteer_ids[taker] >= 0).sum()),
        "takers_used": len(np.unique(taker)),
        "points": round(plan.cost / POINT, 3),
        "lower_bound": round(plan.lower_bound / POINT, 3),
        "gap": plan.gap,
        "optimal": plan.cost == plan.lower_bound,
        "limited": plan.limited,
        "median_km": _percentile(km, 50),
        "p90_km": _percentile(km, 90),
        "mean_points": {name: round(float(values.mean()), 3) if len(rows) else 0.0 for name, values in points.items()},
        "overdue": int(overdue.sum()),
        "overdue_matched": int((overdue & (plan.taker >= 0)).sum()),
        "standing": int(standing.sum()),
        "moved": int((standing & (plan.taker != current)).sum()),
        **spread(seen, plan.taker),
        "by_county": _by_county(seen, plan.taker, rows, km),
        "by_need": _by_need(seen, plan.taker),
        "km_histogram": _histogram(km, KM_STEPS),
        "load_histogram": _histogram(100 * filled(seen, plan.taker), LOAD_STEPS),
        "arcs": plan.arcs,
        "rounds": plan.rounds,
    }


def loads(seen: Candidates, taker: Ints) -> Ints:
    """Wishes (T,) that each taker gets itself; a branch's members count as themselves."""
    return np.bincount(taker[taker >= 0], minlength=len(seen.takers)).astype(np.int64)


def filled(seen: Candidates, taker: Ints) -> Floats:
    """The share of the pledge used after the plan, 0 to 1, of each taker that pledged a number and has room."""
    takers = seen.takers
    counted = loads(seen, taker)
    np.add.at(counted, takers.parent[takers.parent >= 0], counted[takers.parent >= 0])
    able = (takers.pledged > 0) & (takers.count_cap > 0) & (takers.buys | takers.vetted)
    return np.asarray(np.minimum(1.0, (takers.used + counted)[able] / takers.pledged[able]))


def spread(seen: Candidates, taker: Ints) -> dict[str, Any]:
    """How evenly the pledges are used, among those who buy and those who meet children alike."""
    shares = filled(seen, taker)
    if not len(shares):
        return {"jain": None, "gini": None}
    return {"jain": round(criteria.jain(shares), 4), "gini": round(criteria.gini(shares), 4)}


def _percentile(values: Floats, share: int) -> float | None:
    return round(float(np.percentile(values, share)), 2) if len(values) else None


def _by_county(seen: Candidates, taker: Ints, rows: Ints, km: Floats) -> list[dict[str, Any]]:
    found = []
    of = seen.wishes.county
    for i, code in enumerate(seen.counties):
        here = of == i
        if here.any():
            matched = int((here & (taker >= 0)).sum())
            found.append({"county": code, "wishes": int(here.sum()), "matched": matched, "unmatched": int(here.sum()) - matched,
                          "median_km": _percentile(km[of[rows] == i], 50)})  # fmt: skip
    return found


def _by_need(seen: Candidates, taker: Ints) -> list[dict[str, Any]]:
    found = []
    for i, need in enumerate(NEEDS):
        here = seen.wishes.need == i
        if here.any():
            matched = int((here & (taker >= 0)).sum())
            found.append(
                {"need": need, "wishes": int(here.sum()), "matched": matched, "unmatched": int(here.sum()) - matched}
            )
    return found


def _histogram(values: Floats, steps: tuple[float, ...]) -> list[int]:
    """How many values lie below each step, and above the last."""
    return np.bincount(np.searchsorted(np.array(steps), values, side="left"), minlength=len(steps) + 1).tolist()  # type: ignore[no-any-return]


def room_left(seen: Candidates, taker: Ints) -> tuple[int | None, int | None]:
    """Places and fen that stay unused at those who buy; None where somebody has no limit."""
    takers = seen.takers
    rows = np.flatnonzero(taker >= 0)
    fen = np.zeros(len(takers), dtype=np.int64)
    np.add.at(fen, taker[rows], seen.wishes.spend_fen[rows])
    buys = takers.buys & (takers.branch_ids >= 0)
    count, spend = takers.count_cap[buys], takers.spend_cap[buys]
    places = None if (count == UNLIMITED).any() else int((count - loads(seen, taker)[buys]).sum())
    money = None if (spend == UNLIMITED).any() else int((spend - fen[buys]).sum())
    return places, money
