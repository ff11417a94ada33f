"""Verbs of matching: run the engine on a campaign, propose what it found, take a run's proposals back.

The engine proposes, a person decides. A run may take seconds, so it reads in one transaction and writes in another: what was
claimed meanwhile is left alone, because every proposal is a compare-and-swap of its own.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session

from matching import Plan, Problem, criteria, solve
from wishes.access import SYSTEM, Actor, require
from wishes.campaigns.queries import rules_of
from wishes.campaigns.rules import Rules
from wishes.claims.candidates import Floats, Ints, Scene, gates, look, scored
from wishes.claims.tables import MatchRun, Proposal, ProposalState
from wishes.errors import Conflict
from wishes.events.actions import record
from wishes.events.bulk import move_many
from wishes.i18n import Text
from wishes.model import columns


class NothingToMatch(Conflict):
    """There is no open wish, or nobody with room."""

    code = "nothing_to_match"
    title = Text("没有可匹配的", "Nothing to match")
    sentence = Text(
        "现在没有待认领的心愿，或没有支部和志愿者还有余量。先公开心愿，或导入名册。",
        "There is no open wish, or nobody with room. Publish wishes, or import the registers first.",
    )


_MatchRun, _Proposal = columns(MatchRun), columns(Proposal)

ARCS_PER_WISH: Final = 30
LEFT_POINTS: Final = 200
"""What leaving a wish costs, in points: more than any weights can add up to for one pair in practice."""


@dataclass(frozen=True)
class Matched:
    """A finished run, not yet written: the scene it saw, the plan, and each criterion of the pairs chosen."""

    campaign_id: int
    scene: Scene
    plan: Plan
    weights: dict[str, float]
    inputs_hash: str
    parts: dict[str, Floats]  # criterion → (W,), of the taker chosen; 0 where none
    km: Floats  # (W,)
    seconds: float = 0.0

    def figures(self) -> dict[str, Any]:
        """Counts and sums of the run, ready for JSON."""
        taken = self.plan.taker_of_wish >= 0
        loads = np.bincount(self.plan.taker_of_wish[taken], minlength=len(self.scene.takers)).astype(np.float64)
        able = loads[self.scene.takers.count_cap > 0]
        return {
            "wishes": len(self.plan.taker_of_wish),
            "matched": int(taken.sum()),
            "unmatched": int((~taken).sum()),
            "to_branches": int((self.scene.takers.branch_ids[self.plan.taker_of_wish[taken]] >= 0).sum()),
            "to_people": int((self.scene.takers.volunteer_ids[self.plan.taker_of_wish[taken]] >= 0).sum()),
            "cost": int(self.plan.cost),
            "lower_bound": int(self.plan.lower_bound),
            "gap": float(self.plan.gap),
            "optimal": bool(self.plan.optimal),
            "median_km": round(float(np.median(self.km[taken])), 2) if taken.any() else None,
            "p90_km": round(float(np.percentile(self.km[taken], 90)), 2) if taken.any() else None,
            "fairness_jain": round(criteria.jain(able), 4) if len(able) else None,
            "seconds": round(self.seconds, 3),
            "inputs_hash": self.inputs_hash,
        }


def match(
    session: Session,
    *,
    campaign_id: int,
    actor: Actor,
    now: datetime,
    time_limit_s: float | None = 60.0,
    seed: int = 0,
    rules: Rules | None = None,
) -> Matched:
    """Find the best assignment of all open wishes. Writes nothing. Raises Forbidden.

    *rules* tries other weights than the campaign's own.
    """
    require(actor, "match.run", campaign_id)
    rules = rules or rules_of(session, campaign_id)
    scene = look(session, campaign_id, rules=rules, now=now)
    weights = {name: float(value) for name, value in rules.weights.model_dump().items()}
    allowed, parts = gates(scene), scored(scene)
    costs = criteria.cost(weights, parts)
    plan = assign(scene, allowed, costs, weights=weights, time_limit_s=time_limit_s, seed=seed)
    chosen = plan.taker_of_wish
    rows, picked = np.arange(len(chosen)), np.maximum(chosen, 0)
    taken = chosen >= 0
    takers, wishes = scene.takers, scene.wishes
    km = (
        criteria.distance_km(wishes.lat, wishes.lon, takers.lat[picked], takers.lon[picked])
        if len(takers)
        else np.zeros(len(chosen))
    )
    return Matched(
        campaign_id=campaign_id, scene=scene, plan=plan, weights=weights, inputs_hash=_inputs_hash(scene, weights, seed),
        parts={name: np.where(taken, values[rows, picked] * weights.get(name, 0.0), 0.0) for name, values in parts.items()},
        km=np.where(taken, km, 0.0),
    )  # fmt: skip


def assign(
    scene: Scene, allowed: Any, costs: Ints, *, weights: dict[str, float], time_limit_s: float | None, seed: int
) -> Plan:
    """Solve over the cheapest :data:`ARCS_PER_WISH` takers of each wish, and add the pairs that prices show were wrongly left
    out until none is: the plan and its bound then hold for all pairs."""
    wishes, takers = scene.wishes, scene.takers
    if len(wishes.ids) == 0 or len(takers) == 0:
        raise NothingToMatch()
    penalty = np.rint((LEFT_POINTS + weights.get("need", 0.0) * criteria.urgency(wishes.priority, wishes.waited_days))
                      * criteria.POINT).astype(np.int64)  # fmt: skip
    shown = np.where(allowed, costs, np.iinfo(np.int64).max)
    per_wish = min(ARCS_PER_WISH, len(takers))
    built = np.zeros(allowed.shape, dtype=bool)
    np.put_along_axis(built, np.argpartition(shown, per_wish - 1, axis=1)[:, :per_wish], True, axis=1)
    built &= allowed
    spends = np.array([need == "none" for need in wishes.need]) * wishes.price_fen
    while True:
        wish, taker = np.nonzero(built)
        plan = solve(Problem(wish, taker, costs[wish, taker], spends[wish], wish_count=len(wishes.ids), taker_count_cap=takers.count_cap,
                             taker_spend_cap=takers.spend_cap, taker_parent=takers.parent, wish_penalty=penalty), time_limit_s=time_limit_s, seed=seed)  # fmt: skip
        missing = _wrongly_left_out(plan, allowed & ~built, costs, spends, takers.parent)
        if not missing.any():
            return plan
        built |= missing


def _wrongly_left_out(plan: Plan, left_out: Any, costs: Ints, spends: Ints, parent: Ints) -> Any:
    """Pairs whose cost at the plan's prices is below what the wish costs now: they could improve the plan."""
    above = np.where(parent >= 0, plan.prices[np.maximum(parent, 0)], 0.0)
    spend_above = np.where(parent >= 0, plan.spend_prices[np.maximum(parent, 0)], 0.0)
    reduced = costs + (plan.prices + above) + spends[:, None] * (plan.spend_prices + spend_above)
    return left_out & (reduced < plan.wish_prices[:, None] - 1e-6)


def propose(
    session: Session, *, matched: Matched, actor: Actor, now: datetime, policy: str = "batch"
) -> dict[str, Any]:
    """Write a run and its proposals; each wish is exclusive to its taker until the campaign's proposal hours are over.

    What was claimed or moved since the run looked is left alone and counted as ``overtaken``. Answers the figures with
    ``run`` and ``proposed``. Effects: one run, a move, an event, a clock and a proposal per wish.
    """
    require(actor, "match.run", matched.campaign_id)
    rules = rules_of(session, matched.campaign_id)
    scene, chosen = matched.scene, matched.plan.taker_of_wish
    run_id = int(
        session.execute(
            sa.insert(MatchRun)
            .values(
                campaign_id=matched.campaign_id, policy=policy, state="proposed", inputs_hash=matched.inputs_hash, weights=matched.weights,
                figures=matched.figures(), plan=zlib.compress(chosen.astype("<i4").tobytes()), started_by=actor.account_id,
                started_at=now, finished_at=now,
            )
            .returning(_MatchRun.id)
        ).scalar_one()
    )  # fmt: skip
    takes: dict[int, dict[str, Any]] = {}
    proposals: dict[int, dict[str, Any]] = {}
    expires_at = now + timedelta(hours=rules.proposal_hours)
    for i in np.flatnonzero(chosen >= 0).tolist():
        taker, wish_id = int(chosen[i]), int(scene.wishes.ids[i])
        branch_id, volunteer_id = _who(scene, taker)
        takes[wish_id] = {"taker_branch_id": branch_id, "taker_volunteer_id": volunteer_id}
        proposals[wish_id] = {
            "campaign_id": matched.campaign_id, "run_id": run_id, "wish_id": wish_id, "branch_id": branch_id, "volunteer_id": volunteer_id,
            "state": ProposalState.OPEN, "cost": int(sum(part[i] for part in matched.parts.values()) * criteria.POINT), "end_reason": "",
            "criteria": {"km": round(float(matched.km[i]), 1), **{name: round(float(part[i]), 3) for name, part in matched.parts.items()}},
            "proposed_at": now, "expires_at": expires_at,
        }  # fmt: skip
    told = {wish_id: {"run_id": run_id, "branch_id": take["taker_branch_id"], "volunteer_id": take["taker_volunteer_id"]}
            for wish_id, take in takes.items()}  # fmt: skip
    done = move_many(session, "propose", wish_ids=takes, actor=SYSTEM, now=now, changes=takes, data=told)
    if done.moved:
        session.execute(sa.insert(Proposal), [proposals[wish_id] for wish_id in done.moved])
    record(
        session,
        action="match",
        campaign_id=matched.campaign_id,
        now=now,
        actor=actor,
        data={"run_id": run_id, "proposed": len(done.moved)},
    )
    return {**matched.figures(), "run": run_id, "proposed": len(done.moved), "overtaken": len(done.refused)}


def _who(scene: Scene, taker: int) -> tuple[int | None, int | None]:
    """Branch id and volunteer id of a taker; a person's branch is named too, because its pledge is used."""
    branch, volunteer, parent = (
        int(values[taker]) for values in (scene.takers.branch_ids, scene.takers.volunteer_ids, scene.takers.parent)
    )
    if volunteer < 0:
        return branch, None
    return (int(scene.takers.branch_ids[parent]) if parent >= 0 else None), volunteer


def _inputs_hash(scene: Scene, weights: dict[str, float], seed: int) -> str:
    """SHA-256 over everything the plan follows from; equal inputs give an equal plan."""
    told = hashlib.sha256(json.dumps([weights, seed, scene.wishes.need, scene.wishes.category, scene.wishes.county,
                                      [sorted(a) for a in scene.takers.areas], [sorted(a) for a in scene.takers.liked],
                                      [sorted(a) for a in scene.takers.refused]], sort_keys=True).encode())  # fmt: skip
    for array in (scene.wishes.ids, scene.wishes.price_fen, scene.wishes.priority, scene.wishes.waited_days, scene.wishes.lat, scene.wishes.lon,
                  scene.takers.branch_ids, scene.takers.volunteer_ids, scene.takers.parent, scene.takers.count_cap, scene.takers.spend_cap,
                  scene.takers.used, scene.takers.lapses, scene.takers.lat, scene.takers.lon, scene.takers.buys, scene.takers.vetted,
                  scene.takers.qualified):  # fmt: skip
        told.update(np.ascontiguousarray(array).tobytes())
    return told.hexdigest()
