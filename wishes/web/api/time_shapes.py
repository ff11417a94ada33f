"""What is asked and told about time: gaps, comparisons, forecasts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from wishes.lifecycle import Status
from wishes.web.api.shapes import Asked, Cursor, Limit, ReasonBody, Told

Measure = Annotated[str, StringConstraints(max_length=32, pattern=r"^[a-z_]+$")]
Days = Annotated[
    str,
    StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}\.\.\d{4}-\d{2}-\d{2}$"),
    Field(description="A period such as 2021-03-01..2021-06-30, both days included."),
]


class GapQuery(Asked):
    measure: Measure = "claim_to_delivery"
    by: tuple[Literal["county", "category", "branch", "community", "courier"], ...] = Field(
        default=("county", "category"), description="May be given several times."
    )
    as_of: AwareDatetime | None = Field(default=None, description="Only what was known then counts. Default: now.")


class Gaps(BaseModel):
    """Days from claim to delivery with those still waiting; ``by_…`` holds one summary per group."""

    model_config = ConfigDict(extra="allow")
    as_of: str
    measure: str
    overall: dict[str, Any]


class CompareQuery(Asked):
    first: Days
    second: Days
    measure: Measure = "claim_to_delivery"
    as_of: AwareDatetime | None = Field(default=None, description="Only what was known then counts. Default: now.")


class Difference(Told):
    """The second median less the first, and the p of the log-rank test; null while either is not known."""

    median_days: float | None
    log_rank_p: float | None


class Compared(Told):
    """The wishes that began in each of two periods, with those still waiting."""

    as_of: str
    measure: str
    periods: list[dict[str, Any]]
    difference: Difference


class ForecastShape(Told):
    """When a wish under way will be delivered: the likely day, and the days between which eight of ten such wishes are.

    Dates are null where they lie more than half a year ahead; all is absent with ``too_little_data``.
    """

    wish: str
    status: Status
    too_little_data: bool
    delivered_on: date | None = None
    earliest_on: date | None = None
    latest_on: date | None = None
    interval: float | None = Field(default=None, description="The share that the interval is to hold.")
    due_at: datetime | None = None
    miss_chance: float | None = Field(
        default=None, description="The chance (0–1) not to leave the stage by its deadline; null without one."
    )


class ForecastList(Told):
    items: list[ForecastShape]
    learnt_from: int = Field(description="How many wishes the forecast was learnt from.")
    next: str | None


class ForecastQuery(Asked):
    county: Annotated[str, StringConstraints(max_length=12, pattern=r"^[0-9]*$")] = ""
    category: Annotated[str, StringConstraints(max_length=24, pattern=r"^[a-z_]*$")] = ""
    limit: Limit = 50
    cursor: Cursor = ""


class PostponeBody(ReasonBody):
    until: date = Field(description="The last day, in Asia/Shanghai.")


class ClockTold(Told):
    """The running deadline after what was said to it."""

    campaign: str
    wish: str
    action: str
    stage: Status
    due_at: datetime
    acknowledged: bool
    paused: bool
