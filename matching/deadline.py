"""How much time a run has left."""

from __future__ import annotations

import time


class Deadline:
    """A point on the monotonic clock, or none."""

    def __init__(self, limit_s: float | None) -> None:
        self._end = None if limit_s is None else time.monotonic() + limit_s

    def left_s(self, share: float = 1.0) -> float | None:
        """This share of the seconds left, never negative; None = no limit."""
        return None if self._end is None else max(0.0, (self._end - time.monotonic()) * share)

    def over(self) -> bool:
        """Whether the time is up."""
        return self._end is not None and time.monotonic() >= self._end
