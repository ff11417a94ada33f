"""The gap between claim and delivery, measured with those who still wait, and two periods side by side."""

from __future__ import annotations

from wishes.access import require
from wishes.tracking.gaps import Period, compared, gaps
from wishes.web.api.campaigns import entered
from wishes.web.api.contract import Call, Operation
from wishes.web.api.time_shapes import Compared, CompareQuery, GapQuery, Gaps


def get_gaps(call: Call, slug: str) -> Gaps:
    """How long it takes, overall and by group, as it was known at an instant."""
    asked: GapQuery = call.query
    campaign_id = _watched(call, slug)
    return Gaps(**gaps(call.session, campaign_id, as_of=asked.as_of or call.now, measure=asked.measure, by=asked.by))


def compare_gaps(call: Call, slug: str) -> Compared:
    """The wishes that began in each of two periods."""
    asked: CompareQuery = call.query
    campaign_id = _watched(call, slug)
    return Compared(
        **compared(
            call.session,
            campaign_id,
            as_of=asked.as_of or call.now,
            first=Period.of(asked.first),
            second=Period.of(asked.second),
            measure=asked.measure,
        )
    )


def _watched(call: Call, slug: str) -> int:
    campaign_id = entered(call.session, call.actor, slug)
    require(call.actor, "gaps.view", campaign_id)
    return campaign_id


OPERATIONS = (
    Operation("GET", "/campaigns/<slug:slug>/gaps", get_gaps, "gaps", Gaps, query=GapQuery),
    Operation("GET", "/campaigns/<slug:slug>/gaps/compare", compare_gaps, "gaps", Compared, query=CompareQuery),
)
