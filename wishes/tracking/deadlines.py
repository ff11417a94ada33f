"""When a stage is due, and when each step of its ladder. Pure.

Working days are China's, with holidays and make-up workdays; beyond the years the maintained library knows, weekdays.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import chinese_calendar

from wishes.campaigns.rules import Deadline
from wishes.clock import SHANGHAI

DAY_BEGINS, DAY_ENDS = time(8), time(20)
"""Between these hours in Asia/Shanghai a person may be disturbed."""


def next_daylight(moment: datetime) -> datetime:
    """*moment* itself when it lies in daylight hours, else the next morning's first."""
    here = moment.astimezone(SHANGHAI)
    if DAY_BEGINS <= here.time() < DAY_ENDS:
        return moment
    day = here.date() + timedelta(days=int(here.time() >= DAY_ENDS))
    return datetime.combine(day, DAY_BEGINS, SHANGHAI).astimezone(moment.tzinfo)


def is_working_day(day: date) -> bool:
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:  # the State Council has not announced that year yet
        return day.weekday() < 5


def due_at(start: datetime, deadline: Deadline) -> datetime:
    """*start* plus the deadline's days; working days are counted in Asia/Shanghai and keep the time of day."""
    if not deadline.working_days:
        return start + timedelta(days=deadline.days)
    moment, left = start.astimezone(SHANGHAI), deadline.days
    while left > 0:
        moment += timedelta(days=1)
        if is_working_day(moment.date()):
            left -= 1
    return moment.astimezone(start.tzinfo)


def step_at(due: datetime, opened: datetime, deadline: Deadline, step: int) -> datetime | None:
    """When ladder step number *step* falls due, not before the clock was opened; None past the last one."""
    if step >= len(deadline.ladder):
        return None
    return max(opened, due + timedelta(hours=deadline.ladder[step].hours))
