"""The order in which a volunteer or a branch is shown open wishes: by the engine's own score for this one taker."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from sqlmodel import Session

from matching import criteria, policies
from wishes.campaigns.rules import Rules
from wishes.claims.candidates import Candidates, Takers
from wishes.claims.match_looking import look
from wishes.claims.match_table import spend_left, table_of
from wishes.intake.wishes import Filter


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An open wish that this taker may claim, how far it is, and its score in points (less is better)."""

    wish_id: int
    km: float
    points: float
    suits: bool  # a category the taker asked for


def browse_order(
    session: Session, campaign_id: int, *, rules: Rules, now: datetime, volunteer_id: int | None = None,
    branch_id: int | None = None, narrowed: Filter | None = None, offset: int = 0, limit: int = 24,
) -> tuple[list[Suggestion], int]:  # fmt: skip
    """A page of the open wishes that this taker may claim, best and most urgent first, and how many there are in all.

    The score is that of the matching with the campaign's weights. What the taker declined or gave back comes last, not
    never: browsing is a free choice. Empty for a taker who is not in the campaign.
    """
    only = ("volunteer", volunteer_id) if volunteer_id is not None else ("branch", branch_id or -1)
    seen = look(session, campaign_id, rules=rules, now=now, narrowed=narrowed, taker=only)
    key = (-1, only[1]) if only[0] == "volunteer" else (only[1], -1)
    at = np.flatnonzero((seen.takers.branch_ids == key[0]) & (seen.takers.volunteer_ids == key[1]))
    if not len(at) or not len(seen.wishes):
        return [], 0
    taker = int(at[0])
    weights = {name: float(value) for name, value in rules.weights.model_dump().items()}
    table = table_of(_with_one(seen, taker), weights)
    # A member's own goods claims use the branch's pledge; whether they pledged to buy does not matter when browsing.
    open_to = np.where(
        seen.wishes.need == 0, True,
        np.where(seen.wishes.need == 1, seen.takers.vetted[taker], seen.takers.qualified[taker]),
    ) & (seen.wishes.spend_fen <= spend_left(seen)[taker])  # fmt: skip
    rows = np.flatnonzero(open_to)
    costs = table.cost[table.class_of[rows], 0].copy()
    refused = np.isin(rows, seen.not_wish[seen.not_taker == taker])
    costs[refused] += 1000 * criteria.POINT
    urgency = criteria.urgency(seen.wishes.priority[rows], seen.wishes.waited_days[rows])
    order = policies.browsing_order(costs, urgency, need_points=weights.get("need", 0.0), point=criteria.POINT)
    page = rows[order][offset : offset + limit]
    classes = table.class_of[page]
    liked = seen.takers.liked[taker]
    return [
        Suggestion(int(seen.wishes.ids[i]), round(float(table.km[k, 0]), 1), round(float(table.cost[k, 0]) / criteria.POINT, 2),
                   bool(liked[seen.wishes.category[i]]))
        for i, k in zip(page.tolist(), classes.tolist(), strict=True)
    ], len(rows)  # fmt: skip


def _with_one(seen: Candidates, taker: int) -> Candidates:
    """The same with this taker alone."""
    arrays = {name: getattr(seen.takers, name)[taker : taker + 1] for name in Takers.__dataclass_fields__}
    mine = seen.paired_taker == taker
    return replace(
        seen, takers=Takers(**{**arrays, "parent": np.array([-1])}), not_wish=seen.not_wish[:0], not_taker=seen.not_taker[:0],
        paired_taker=np.zeros(int(mine.sum()), dtype=np.int64), paired_community=seen.paired_community[mine],
    )  # fmt: skip
