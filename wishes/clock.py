"""Time as people here mean it: instants are aware UTC, shown in Asia/Shanghai. Verbs get ``now`` passed in."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def utc_now() -> datetime:
    """For composition roots and edges only."""
    return datetime.now(UTC)


def local(instant: datetime) -> datetime:
    return instant.astimezone(SHANGHAI)


def local_day(instant: datetime) -> date:
    return instant.astimezone(SHANGHAI).date()


def start_of_day(day: date) -> datetime:
    return datetime.combine(day, time.min, SHANGHAI).astimezone(UTC)
