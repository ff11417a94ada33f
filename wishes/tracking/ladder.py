"""Which rungs of a ladder are due, and which of them still mean something. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from wishes.campaigns.rules import Deadline, Rules, StepKind
from wishes.tracking.deadlines import step_at

Verdict = Literal["do", "superseded", "acknowledged"]
QUIET_ONCE_ACKNOWLEDGED: frozenset[StepKind] = frozenset({"remind", "warn"})
"""What the person who said “I know” is spared. Those above are still told, and time still runs out."""
TAKES_AWAY: frozenset[StepKind] = frozenset({"release", "reserve"})
"""After these the wish is in other hands, or nobody's."""


@dataclass(frozen=True, slots=True)
class Rung:
    """Step *number* of a ladder, due at *at*, and what to do about it."""

    number: int
    kind: StepKind
    at: datetime
    verdict: Verdict
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Walk:
    """The due rungs in order, and where the clock stands after them (``next_at`` None: past the last)."""

    rungs: tuple[Rung, ...]
    step: int
    next_at: datetime | None


def walk(
    deadline: Deadline,
    *,
    opened: datetime,
    due: datetime,
    step: int,
    acknowledged: bool,
    now: datetime,
    rules: Rules | None = None,
) -> Walk:
    """Every rung from *step* on that is due at *now*.

    A notice is superseded when a later rung is due too: each rung tells everyone the one before it told, so that after
    a stop of days nobody gets yesterday's reminder beside today's warning. Nor does a notice outlive the rung that takes
    the wish away.
    """
    due_now: list[tuple[int, datetime]] = []
    number = step
    at = step_at(due, opened, deadline, number, rules)
    while at is not None and at <= now:
        due_now.append((number, at))
        number += 1
        at = step_at(due, opened, deadline, number, rules)
    taking = [n for n, _ in due_now if deadline.ladder[n].kind in TAKES_AWAY]
    last = taking[-1] if taking else number - 1
    rungs = tuple(
        Rung(n, rung.kind, when, _verdict(rung.kind, n == last, acknowledged), rung.channel)
        for n, when in due_now
        for rung in (deadline.ladder[n],)
    )
    return Walk(rungs, number, at)


def _verdict(kind: StepKind, last: bool, acknowledged: bool) -> Verdict:
    if not last:
        return "superseded"
    return "acknowledged" if acknowledged and kind in QUIET_ONCE_ACKNOWLEDGED else "do"
