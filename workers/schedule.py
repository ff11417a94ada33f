"""When beat strikes. A strike that nobody heard in time expires: the next one does the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)  # due as soon as beat starts, however often it is started


def _every(task: str, seconds: float) -> dict[str, Any]:
    return {"task": task, "schedule": seconds, "last_run_at": _LONG_AGO, "options": {"expires": max(seconds, 5.0)}}


SCHEDULE: dict[str, dict[str, Any]] = {
    "relay": _every("tick.relay", 5),
    "deliver": _every("tick.deliver", 5),
    "intake": _every("tick.intake", 2),
    "print": _every("tick.print", 2),
    "originals": _every("tick.originals", 3600),
    "sweep": _every("tick.sweep", 20),
    "housekeeping": _every("tick.housekeeping", 3600),
    "seal": _every("tick.seal", 20),
    "retention": _every("tick.retention", 3600),
    "checks": _every("tick.checks", 3600),
}
