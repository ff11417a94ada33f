"""What is said to a wish's running deadline: under way, not before, stopped while it has to wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wishes.errors import NotFound
from wishes.tracking import actions
from wishes.tracking.queries import open_clock
from wishes.web.api.contract import Call, Operation
from wishes.web.api.shapes import NoBody, ReasonBody
from wishes.web.api.time_shapes import ClockTold, PostponeBody
from wishes.web.api.wishes import visible_wish

_RULE = "/campaigns/<slug:slug>/wishes/<code:code>/clock/"


def _operation(name: str, label: str, verb: Callable[..., Any], body: Any) -> Operation:
    def answer(call: Call, slug: str, code: str) -> ClockTold:
        row = visible_wish(call, slug, code)
        verb(call.session, wish_id=row.id, actor=call.actor, now=call.now, **call.body.model_dump())
        clock = open_clock(call.session, row.id)
        if clock is None:
            raise NotFound("运行中的时限", "running deadline")
        return ClockTold(
            campaign=slug,
            wish=row.code,
            action=name,
            stage=clock.stage,
            due_at=clock.due_at,
            acknowledged=clock.acknowledged_at is not None,
            paused=clock.paused_at is not None,
        )

    answer.__doc__ = label
    return Operation("POST", _RULE + name, answer, "clocks", ClockTold, body=body, name=f"{name}_clock")


OPERATIONS = (
    _operation(
        "acknowledge",
        "Say that it is under way: no more reminders of this stage. By whom the stage waits for.",
        actions.acknowledge,
        NoBody,
    ),
    _operation(
        "postpone",
        "Say that it will be late: the deadline moves to the evening of the day you name. By whom the stage waits for, within limits.",
        actions.postpone,
        PostponeBody,
    ),
    _operation(
        "pause",
        "Stop the deadline while the wish has to wait. By the community and coordinators.",
        actions.pause,
        ReasonBody,
    ),
    _operation(
        "resume",
        "Let a stopped deadline run on; it moves by as long as it stood.",
        actions.resume,
        NoBody,
    ),
)
