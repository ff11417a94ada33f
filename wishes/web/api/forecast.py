"""When will it arrive? The forecast of one wish for those who work on it, of all wishes under way for those who coordinate."""

from __future__ import annotations

from collections.abc import Sequence

from wishes.access import By, relations, require
from wishes.errors import NotFound
from wishes.intake.wishes import Filter, WishRow, list_wishes
from wishes.tracking.forecast_history import STAGES, Forecasters
from wishes.tracking.forecast_queries import forecasts, learnt_today
from wishes.tracking.queries import open_clocks
from wishes.web.api.campaigns import entered
from wishes.web.api.contract import Call, Operation
from wishes.web.api.paging import cursor, row_of
from wishes.web.api.time_shapes import ForecastList, ForecastQuery, ForecastShape
from wishes.web.api.wishes import visible_wish


def get_forecast(call: Call, slug: str, code: str) -> ForecastShape:
    """When one wish under way will be delivered."""
    row = visible_wish(call, slug, code)
    if not relations(call.actor, row.facts) - {By.BROWSER}:
        raise NotFound("这个心愿的预测", "forecast of this wish")
    found = _shapes(call, row.campaign_id, [row], learnt_today(call.session, row.campaign_id, now=call.now))
    if not found:
        raise NotFound("这个心愿的预测（它不在进行中）", "forecast of this wish; it is not under way")
    return found[0]


def list_forecasts(call: Call, slug: str) -> ForecastList:
    """The wishes under way with their forecasts, by age of the entry."""
    asked: ForecastQuery = call.query
    campaign_id = entered(call.session, call.actor, slug)
    require(call.actor, "gaps.view", campaign_id)
    learnt = learnt_today(call.session, campaign_id, now=call.now)
    page = list_wishes(
        call.session,
        campaign_id,
        Filter(statuses=STAGES, county_code=asked.county, category=asked.category),
        after=row_of(asked.cursor),
        limit=asked.limit,
    )
    return ForecastList(
        items=_shapes(call, campaign_id, page.rows, learnt), learnt_from=learnt.wishes, next=cursor(page.after)
    )


def _shapes(call: Call, campaign_id: int, rows: Sequence[WishRow], learnt: Forecasters) -> list[ForecastShape]:
    ids = [row.id for row in rows]
    ahead = forecasts(call.session, campaign_id, ids, now=call.now, learnt=learnt)
    clocks = open_clocks(call.session, ids)
    return [
        ForecastShape(
            wish=row.code,
            status=row.status,
            due_at=clocks[row.id].due_at if row.id in clocks else None,
            **{"too_little_data": False, **ahead[row.id].facts()},
        )
        for row in rows
        if row.id in ahead
    ]


OPERATIONS = (
    Operation(
        "GET",
        "/campaigns/<slug:slug>/forecast",
        list_forecasts,
        "gaps",
        ForecastList,
        query=ForecastQuery,
    ),
    Operation("GET", "/campaigns/<slug:slug>/forecast/<code:code>", get_forecast, "gaps", ForecastShape),
)
