"""A run as plain values for JSON: its figures, every wish with its taker and the reasons, who was left and why, advice."""

from __future__ import annotations

from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session

from wishes.campaigns.queries import place_names
from wishes.claims.match_advice import advise
from wishes.claims.match_finding import Matched, who, why_chosen
from wishes.claims.match_reasons import reasons, unmatched_groups
from wishes.claims.match_words import Names, advised, left, why
from wishes.claims.tables import Branch, Volunteer
from wishes.intake.tables import Wish
from wishes.model import columns

_Branch, _Volunteer, _Wish = (columns(m) for m in (Branch, Volunteer, Wish))


def names_of(session: Session, campaign_id: int) -> Names:
    """What places, branches and people of a campaign are called."""
    branches = session.execute(sa.select(_Branch.id, _Branch.name).where(_Branch.campaign_id == campaign_id))
    people = session.execute(sa.select(_Volunteer.id, _Volunteer.name).where(_Volunteer.campaign_id == campaign_id))
    return Names(place_names(session, campaign_id), dict(branches.all()), dict(people.all()))


def report_of(
    session: Session, matched: Matched, figures: dict[str, Any], *, with_advice: bool = True, with_wishes: bool = True
) -> dict[str, Any]:
    """The whole run. Without *with_wishes* the wish-by-wish part is left out."""
    names = names_of(session, matched.campaign_id)
    report: dict[str, Any] = {
        **figures,
        "policy": matched.policy,
        "weights": matched.settings["weights"],
        "unmatched_groups": [
            {**group, **_said(left(group, names))}
            for group in unmatched_groups(matched.seen, matched.table, matched.plan)
        ],
    }
    if with_advice:
        report["advice"] = [{**piece, **_said(advised(piece, names))} for piece in advise(matched)]
    if with_wishes:
        report["wishes_matched"], report["wishes_unmatched"] = _wish_by_wish(session, matched, names)
    return report


def _wish_by_wish(
    session: Session, matched: Matched, names: Names
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    seen, plan = matched.seen, matched.plan
    found = session.execute(sa.select(_Wish.id, _Wish.code).where(_Wish.campaign_id == matched.campaign_id))
    codes = dict(found.all())
    rows = np.flatnonzero(plan.taker >= 0)
    taken = []
    for i, told in zip(rows.tolist(), why_chosen(matched, rows), strict=True):
        branch_id, volunteer_id = who(seen, int(plan.taker[i]))
        taken.append({
            "code": codes[int(seen.wishes.ids[i])], "taker": names.taker(branch_id, volunteer_id), "branch_id": branch_id,
            "volunteer_id": volunteer_id, "cost": round(sum(told["points"].values()), 2), "criteria": told,
            "why": [_said(text) for text in why(told, names)],
        })  # fmt: skip
    why_left = reasons(seen, matched.table, plan)
    return taken, [
        {"code": codes[int(seen.wishes.ids[i])], "reason": why_left[i]} for i in np.flatnonzero(plan.taker < 0).tolist()
    ]


def _said(text: Any) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}
