"""When a stage is due, and when each step of its ladder. Pure.

Working days are China's, with holidays and make-up workdays from the maintained library; what it does not know yet may be set per
campaign, else the days from Monday to Friday are worked. Near a key date the delays after a deadline get shorter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise

import chinese_calendar
from chinese_calendar import constants

from wishes.campaigns.rules import Calendar, Deadline, KeyDate, Rules
from wishes.clock import SHANGHAI, local_day, start_of_day

DAY_BEGINS, DAY_ENDS = time(8), time(20)
"""Between these hours in Asia/Shanghai a person may be disturbed."""
FIRST_YEAR_UNKNOWN: int = max(constants.holidays).year + 1
"""The holiday library's tables end before this year."""
_NO_CALENDAR = Calendar()
_MOVING = {
    "spring_festival": "Spring Festival",
    "dragon_boat": "Dragon Boat Festival",
    "mid_autumn": "Mid-autumn Festival",
}


def next_daylight(moment: datetime) -> datetime:
    """*moment* itself when it lies in daylight hours, else the next morning's first."""
    here = moment.astimezone(SHANGHAI)
    if DAY_BEGINS <= here.time() < DAY_ENDS:
        return moment
    day = here.date() + timedelta(days=int(here.time() >= DAY_ENDS))
    return datetime.combine(day, DAY_BEGINS, SHANGHAI).astimezone(moment.tzinfo)


def is_working_day(day: date, calendar: Calendar = _NO_CALENDAR) -> bool:
    """What the campaign set for *day*, else what the library knows, else whether it lies between Monday and Friday."""
    if day in calendar.workdays:
        return True
    if day in calendar.holidays:
        return False
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:  # the State Council has not announced that year yet
        return day.weekday() < 5


def due_at(start: datetime, deadline: Deadline, calendar: Calendar = _NO_CALENDAR) -> datetime:
    """*start* plus the deadline's days; working days are counted in Asia/Shanghai and keep the time of day."""
    if not deadline.working_days:
        return start + timedelta(days=deadline.days)
    moment, left = start.astimezone(SHANGHAI), deadline.days
    while left > 0:
        moment += timedelta(days=1)
        if is_working_day(moment.date(), calendar):
            left -= 1
    return moment.astimezone(start.tzinfo)


def step_at(
    due: datetime, opened: datetime, deadline: Deadline, step: int, rules: Rules | None = None
) -> datetime | None:
    """When ladder step number *step* falls due, not before the clock was opened; None past the last one.

    *rules* tell the key dates near which what comes after the deadline comes sooner.
    """
    if step >= len(deadline.ladder):
        return None
    delay = timedelta(hours=deadline.ladder[step].hours)
    if rules is None or not rules.key_dates or delay <= timedelta(0):
        return max(opened, due + delay)
    return max(opened, _after(due, delay, _seasons(rules.key_dates, rules.ends_on, local_day(due).year)))


@dataclass(frozen=True, slots=True)
class Season:
    """From *begins* until *ends* every hour after a deadline counts 1 / *factor*."""

    begins: datetime
    ends: datetime
    factor: float


@dataclass(frozen=True, slots=True)
class Approach:
    """The days before a key date, and that day itself. ``on`` None: the year's date is not known yet."""

    key: KeyDate
    begins_on: date | None
    on: date | None


def approaches(rules: Rules, today: date) -> list[Approach]:
    """The next time each key date comes round from *today* on, in the order of the rules; dates that are over are left out."""
    found = []
    for key in rules.key_dates:
        days = [day for year in (today.year, today.year + 1) if (day := key_day(key, rules.ends_on, year)) is not None]
        coming = min((day for day in days if day >= today), default=None)
        if coming is not None:
            found.append(Approach(key, coming - timedelta(days=key.lead_days), coming))
        elif key.day in _MOVING:
            found.append(Approach(key, None, None))
    return found


def key_day(key: KeyDate, ends_on: date | None, year: int) -> date | None:
    """The day that *key* names in *year*: a moving holiday begins on its first day off. None where there is none or it is not known."""
    if key.day == "campaign_end":
        return ends_on if ends_on is not None and ends_on.year == year else None
    if key.day in _MOVING:
        return _holiday_begins(_MOVING[key.day], year)
    text = key.day if len(key.day) == 10 else f"{year}-{key.day}"
    try:
        day = date.fromisoformat(text)
    except ValueError:  # 29 February
        return None
    return day if day.year == year else None


@lru_cache(maxsize=128)
def _holiday_begins(name: str, year: int) -> date | None:
    return min((day for day, called in constants.holidays.items() if day.year == year and called == name), default=None)


@lru_cache(maxsize=256)
def _seasons(keys: tuple[KeyDate, ...], ends_on: date | None, year: int) -> tuple[Season, ...]:
    """The seasons that a delay which begins in *year* may meet, in order and apart; where two overlap the sharper one holds."""
    spans = []
    for key in keys:
        for each in (year, year + 1, year + 2):
            day = key_day(key, ends_on, each)
            if day is not None:
                ends = start_of_day(day + timedelta(days=1))
                spans.append(Season(start_of_day(day - timedelta(days=key.lead_days)), ends, key.factor))
    edges = sorted({edge for span in spans for edge in (span.begins, span.ends)})
    found = []
    for begins, ends in pairwise(edges):
        factors = [span.factor for span in spans if span.begins <= begins and ends <= span.ends]
        if factors:
            found.append(Season(begins, ends, min(factors)))
    return tuple(found)


def _after(due: datetime, delay: timedelta, seasons: Sequence[Season]) -> datetime:
    """*due* plus *delay*, of which a season uses up more in the same time."""
    moment, left = due, delay
    for season in seasons:
        if season.ends <= moment:
            continue
        before = max(season.begins - moment, timedelta(0))
        if left <= before:
            break
        moment, left = moment + before, left - before
        uses = (season.ends - moment) / season.factor
        if left <= uses:
            return moment + left * season.factor
        moment, left = season.ends, left - uses
    return moment + left
