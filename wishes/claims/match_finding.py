"""Finding the best assignment of a campaign. Questions only: what is found is written by :mod:`wishes.claims.matching`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import numpy as np
from sqlmodel import Session

from matching import criteria
from wishes.access import Actor, require
from wishes.campaigns.queries import rules_of
from wishes.campaigns.rules import Rules
from wishes.claims.candidates import Candidates, Mask
from wishes.claims.match_archive import digest, pack, plan_bytes, unpack
from wishes.claims.match_assign import Assignment, Policy, assign
from wishes.claims.match_figures import figures
from wishes.claims.match_looking import look
from wishes.claims.match_table import Table, table_of
from wishes.errors import Conflict
from wishes.i18n import Text

SWITCH_POINTS: Final = 10.0
"""What a standing proposal's move must be worth: somebody may already have told the family."""


class NothingToMatch(Conflict):
    """There is no open wish, or nobody with room."""

    code = "nothing_to_match"
    title = Text("没有可匹配的", "Nothing to match")
    sentence = Text(
        "现在没有待认领的心愿，或没有支部和志愿者还有余量。先公开心愿，或导入名册。",
        "There is no open wish, or nobody with room. Publish wishes, or import the registers first.",
    )


@dataclass(frozen=True)
class Matched:
    """A finished run, not yet written: what it saw, what it valued, and the plan."""

    campaign_id: int
    policy: str
    seen: Candidates
    table: Table
    plan: Assignment
    overdue: Mask
    settings: dict[str, Any]
    inputs: bytes = field(repr=False)
    seconds: dict[str, float] = field(default_factory=dict)

    def figures(self) -> dict[str, Any]:
        """Counts and sums of the run, ready for JSON."""
        return {
            **figures(self.seen, self.table, self.plan, self.overdue),
            "inputs_hash": digest(self.inputs),
            "plan_hash": digest(plan_bytes(self.seen, self.plan.taker)),
            "seconds": {name: round(spent, 3) for name, spent in self.seconds.items()},
        }


def match(
    session: Session,
    *,
    campaign_id: int,
    actor: Actor,
    now: datetime,
    policy: str = "batch",
    time_limit_s: float | None = None,
    seed: int = 0,
    rules: Rules | None = None,
) -> Matched:
    """Find the best assignment. Writes nothing. Raises Forbidden, NothingToMatch.

    ``batch`` places all open wishes and leaves standing proposals alone; ``incremental`` also moves some of those, at most
    the campaign's share. *rules* tries other values than the campaign's own.
    """
    require(actor, "match.run", campaign_id)
    started = time.perf_counter()
    rules = rules or rules_of(session, campaign_id)
    seen = look(session, campaign_id, rules=rules, now=now, standing=policy == "incremental")
    looked = time.perf_counter()
    settings = {
        "weights": {name: float(value) for name, value in rules.weights.model_dump().items()},
        "matching": rules.matching.model_dump(),
        "seed": seed,
        "policy": policy,
    }
    return decide(
        seen, settings, campaign_id=campaign_id, time_limit_s=time_limit_s, seconds={"load": looked - started}
    )


def decide(
    seen: Candidates,
    settings: Mapping[str, Any],
    *,
    campaign_id: int,
    time_limit_s: float | None = None,
    seconds: Mapping[str, float] | None = None,
) -> Matched:
    """The plan for *seen* under *settings*: a function of these two, unless the time limit ends the search.

    Raises NothingToMatch.
    """
    if len(seen.wishes) == 0 or len(seen.takers) == 0:
        raise NothingToMatch()
    started = time.perf_counter()
    weights, bounds = settings["weights"], settings["matching"]
    table = table_of(seen, weights)
    scored = time.perf_counter()
    overdue = seen.wishes.waited_days > bounds["longest_wait_days"]
    how = Policy(
        urgent=overdue, moves_percent=bounds["moves_percent"], reserve=bounds["reserve_percent"] / 100,
        fairness=weights.get("fairness", 0.0), together=weights.get("together", 0.0),
        switch=settings.get("switch_points", SWITCH_POINTS),
    )  # fmt: skip
    plan = assign(seen, table, how, time_limit_s=time_limit_s, seed=settings["seed"])
    solved = time.perf_counter()
    return Matched(
        campaign_id=campaign_id, policy=settings["policy"], seen=seen, table=table, plan=plan, overdue=overdue,
        settings=dict(settings), inputs=pack(seen, settings),
        seconds={**(seconds or {}), "score": scored - started, "solve": solved - scored},
    )  # fmt: skip


def repeated(run_inputs: bytes, *, campaign_id: int) -> Matched:
    """A stored run once more, from its own inputs: the plan is equal to the byte."""
    seen, settings = unpack(run_inputs)
    return decide(seen, settings, campaign_id=campaign_id)


def who(seen: Candidates, taker: int) -> tuple[int | None, int | None]:
    """Branch id and volunteer id of a taker; a person's branch is named too, because its pledge is used."""
    takers = seen.takers
    branch, volunteer, parent = (int(of[taker]) for of in (takers.branch_ids, takers.volunteer_ids, takers.parent))
    if volunteer < 0:
        return branch, None
    return (int(takers.branch_ids[parent]) if parent >= 0 else None), volunteer


def why_chosen(matched: Matched, rows: Any) -> list[dict[str, Any]]:
    """Of each of these wishes (indices): km, points by criterion, and the next best taker with what it adds at least."""
    seen, plan = matched.seen, matched.plan
    points, km = matched.table.of(rows, plan.taker[rows])
    next_taker = plan.next_taker[rows]
    next_points, next_km = matched.table.of(rows, np.maximum(next_taker, 0))
    names = list(points)
    lines = np.round(np.stack([points[name] for name in names], axis=1), 2).tolist()
    next_lines = np.round(np.stack([next_points[name] for name in names], axis=1), 2).tolist()
    found = []
    for i, row in enumerate(rows.tolist()):
        told: dict[str, Any] = {"km": round(float(km[i]), 1), "points": dict(zip(names, lines[i], strict=True))}
        if next_taker[i] >= 0:
            branch_id, volunteer_id = who(seen, int(next_taker[i]))
            told["next"] = {
                "branch_id": branch_id, "volunteer_id": volunteer_id, "km": round(float(next_km[i]), 1),
                "points": round(sum(next_lines[i]), 2), "more": round(float(plan.next_more[row]) / criteria.POINT, 2),
            }  # fmt: skip
        found.append(told)
    return found
