"""What if: the campaign's state with other weights, pledges or people, solved beside the state as it is. Writes nothing but
the weights, when told to."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session

from matching import UNLIMITED
from wishes.access import Actor, require
from wishes.campaigns.queries import rules_of
from wishes.campaigns.rules import Rules, Weights
from wishes.campaigns.tables import Campaign
from wishes.claims.candidates import Candidates
from wishes.claims.match_advice import with_people
from wishes.claims.match_archive import digest, pack
from wishes.claims.match_figures import loads
from wishes.claims.match_finding import Matched, decide
from wishes.claims.match_looking import look
from wishes.errors import Invalid
from wishes.events.actions import record
from wishes.i18n import Text
from wishes.model import columns

_Campaign = columns(Campaign)
_ALIKE = 0.5
"""Points within which two takers count as equally good when plans are compared."""
WEIGHTS = tuple(Weights.model_fields)


@dataclass(frozen=True)
class Changes:
    """What is tried. weights: by name; the others keep theirs. pledges: branch id → (wishes more, fen more), negative for
    less. people: (need, county code) → how many more who are able."""

    weights: Mapping[str, float] | None = None
    pledges: Mapping[int, tuple[int, int]] | None = None
    people: Mapping[tuple[str, str], int] | None = None

    def applied(self, seen: Candidates) -> Candidates:
        """Raises Invalid for a branch, need or district that is not there."""
        if self.pledges:
            seen = self._pledged(seen, self.pledges)
        for (need, county), more in (self.people or {}).items():
            if not 0 < more <= 500 or county not in seen.counties or need not in ("none", "vetted", "psych"):
                raise Invalid(
                    "people",
                    Text("请选择区县，人数在 1 到 500 之间。", "Choose a district and a number from 1 to 500."),
                )
            seen = replace(seen, takers=with_people(seen, need, county, more))
        return seen

    @staticmethod
    def _pledged(seen: Candidates, pledges: Mapping[int, tuple[int, int]]) -> Candidates:
        takers = seen.takers
        count, spend, pledged = takers.count_cap.copy(), takers.spend_cap.copy(), takers.pledged.copy()
        for branch_id, (places, fen) in pledges.items():
            at = np.flatnonzero(takers.branch_ids == branch_id)
            if not len(at):
                raise Invalid("branch", Text("没有这个支部。", "There is no such branch."))
            t = int(at[0])
            if count[t] != UNLIMITED:
                count[t] = max(0, count[t] + places)
                pledged[t] = max(1, pledged[t] + places)
            if spend[t] != UNLIMITED:
                spend[t] = max(0, spend[t] + fen)
        return replace(seen, takers=replace(takers, count_cap=count, spend_cap=spend, pledged=pledged))


class Remembered:
    """The last few plans by what they follow from, so that a slider moved twice waits once. One per process, like a cache."""

    def __init__(self, size: int = 4) -> None:
        self._size, self._plans = size, OrderedDict[str, Matched]()

    def decide(self, seen: Candidates, settings: dict[str, Any], campaign_id: int) -> Matched:
        key = digest(pack(seen, settings))
        if key not in self._plans:
            self._plans[key] = decide(seen, settings, campaign_id=campaign_id)
            while len(self._plans) > self._size:
                self._plans.popitem(last=False)
        return self._plans[key]


@dataclass(frozen=True)
class Compared:
    """Two plans for the same wishes: as things are, and with the changes."""

    now: Matched
    then: Matched

    def figures(self) -> dict[str, Any]:
        """Both in numbers side by side, and what changes: who keeps, gains and loses. Ready for JSON."""
        before, after = self.now.plan.taker, self.then.plan.taker
        known = len(self.now.seen.takers)
        had, has = loads(self.now.seen, before), loads(self.then.seen, after)[:known]
        change = has - had
        served = (before >= 0) & (after >= 0)
        return {
            "now": _short(self.now), "then": _short(self.then),
            "weights": {"now": self.now.settings["weights"], "then": self.then.settings["weights"]},
            "kept": int((served & (before == after)).sum()), "moved": int((served & (before != after)).sum()),
            "newly_matched": int(((before < 0) & (after >= 0)).sum()),
            "no_longer_matched": int(((before >= 0) & (after < 0)).sum()),
            "losers": self._takers(np.argsort(change, kind="stable"), change, -1),
            "winners": self._takers(np.argsort(-change, kind="stable"), change, 1),
            "by_county": self._by_county(),
        }  # fmt: skip

    def _takers(self, order: Any, change: Any, sign: int, most: int = 5) -> list[dict[str, Any]]:
        takers = self.now.seen.takers
        return [
            {"branch_id": _id(takers.branch_ids[t]), "volunteer_id": _id(takers.volunteer_ids[t]), "change": int(change[t])}
            for t in order[:most].tolist() if change[t] * sign > 0
        ]  # fmt: skip

    def _by_county(self) -> list[dict[str, Any]]:
        now = {row["county"]: row for row in self.now.figures()["by_county"]}
        return [
            {"county": row["county"], "wishes": row["wishes"], "now": now[row["county"]]["matched"], "then": row["matched"],
             "now_km": now[row["county"]]["median_km"], "then_km": row["median_km"]}
            for row in self.then.figures()["by_county"]
        ]  # fmt: skip


def compare(
    session: Session, *, campaign_id: int, actor: Actor, now: datetime, changes: Changes, plans: Remembered
) -> Compared:
    """Solve the campaign's open wishes and unanswered proposals as things are and with *changes*. Writes nothing.

    Raises Forbidden, NothingToMatch, Invalid.
    """
    require(actor, "match.run", campaign_id)
    rules = rules_of(session, campaign_id)
    # Waiting is counted in whole hours here, so that trying once more asks for nothing new.
    hour = now.replace(minute=0, second=0, microsecond=0)
    seen = look(session, campaign_id, rules=rules, now=hour, standing=True)
    # As if nothing were proposed yet: two plans for the same wishes, neither of them held back by what stands.
    seen = replace(seen, wishes=replace(seen.wishes, current=np.full(len(seen.wishes), -1, dtype=np.int64)))
    weights = {name: float(value) for name, value in rules.weights.model_dump().items()}
    base: dict[str, Any] = {"weights": weights, "matching": rules.matching.model_dump(), "seed": 0, "policy": "batch"}
    known = plans.decide(seen, base, campaign_id)
    # Among plans about as good the one that changes least: what is told to change then changes for a reason.
    tried = {
        **base,
        "weights": {**weights, **checked_weights(changes.weights or {})},
        "matching": {**base["matching"], "moves_percent": 100.0},
        "switch_points": _ALIKE,
    }
    settled = replace(seen, wishes=replace(seen.wishes, current=known.plan.taker))
    return Compared(known, plans.decide(changes.applied(settled), tried, campaign_id))


def checked_weights(weights: Mapping[str, float]) -> dict[str, float]:
    """Raises Invalid for an unknown weight and for one that is not from 0 to 100."""
    for name, value in weights.items():
        if name not in WEIGHTS or not 0 <= value <= 100:
            raise Invalid(f"weights.{name}", Text("权重要在 0 到 100 之间。", "A weight is from 0 to 100."))
    return {name: float(value) for name, value in weights.items()}


def save_weights(
    session: Session, *, campaign_id: int, actor: Actor, now: datetime, weights: Mapping[str, float]
) -> None:
    """Keep the campaign's weights; the next run uses them. Raises Forbidden, Invalid. Effects: the rules, one event."""
    require(actor, "match.run", campaign_id)
    new = checked_weights(weights)
    stored = dict(session.execute(sa.select(_Campaign.rules).where(_Campaign.id == campaign_id)).scalar_one())
    stored["weights"] = {**stored.get("weights", {}), **new}
    Rules.model_validate(stored)
    session.execute(sa.update(_Campaign).where(_Campaign.id == campaign_id).values(rules=stored))
    record(
        session,
        action="match_weights",
        campaign_id=campaign_id,
        now=now,
        actor=actor,
        data={"weights": stored["weights"]},
    )


_SHOWN = ("wishes", "matched", "unmatched", "median_km", "p90_km", "jain", "gini", "points", "gap", "takers_used")


def _short(matched: Matched) -> dict[str, Any]:
    found = matched.figures()
    return {name: found[name] for name in _SHOWN}


def _id(value: Any) -> int | None:
    return int(value) if value >= 0 else None
