"""The gap between claim and delivery, measured with those who still wait."""

from __future__ import annotations

from wishes.access import require
from wishes.tracking.gaps import gaps
from wishes.web.api.campaigns import entered
from wishes.web.api.contract import Call, Operation
from wishes.web.api.shapes import GapQuery, Gaps


def get_gaps(call: Call, slug: str) -> Gaps:
    """How long it takes, overall and by group, as it was known at an instant."""
    asked: GapQuery = call.query
    campaign_id = entered(call.session, call.actor, slug)
    require(call.actor, "gaps.view", campaign_id)
    return Gaps(**gaps(call.session, campaign_id, as_of=asked.as_of or call.now, measure=asked.measure, by=asked.by))


OPERATIONS = (Operation("GET", "/campaigns/<slug:slug>/gaps", get_gaps, "gaps", Gaps, query=GapQuery),)
