"""Verbs of those a clock runs for: "I know", "later, because", and stopping it while a wish has to wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, relations
from wishes.campaigns.queries import rules_of
from wishes.campaigns.rules import Deadline, Rules
from wishes.clock import SHANGHAI, local_day
from wishes.errors import Forbidden, Invalid, NotFound
from wishes.events.actions import WishState, record, wish_state
from wishes.i18n import Text
from wishes.intake.tables import Wish
from wishes.lifecycle import AWAITED, By, Status
from wishes.model import columns
from wishes.tracking.clocks import clock_values
from wishes.tracking.deadlines import step_at
from wishes.tracking.tables import Clock

_Clock = columns(Clock)
_Wish = columns(Wish)

MOST_POSTPONED_DAYS = 14
"""How far beyond the campaign's own deadline people may move it themselves; coordinators any day."""

_MAY_PAUSE = frozenset({By.COMMUNITY, By.COORDINATOR})


def acknowledge(session: Session, *, wish_id: int, actor: Actor, now: datetime) -> bool:
    """“I know”: no more reminders of this stage to whom it concerns. False when that was already so.

    Raises NotFound (no clock runs), Forbidden. Effects: the clock, an event.
    """
    state, clock = _running(session, wish_id, actor)
    if clock.acknowledged_at is not None:
        return False
    _change(session, clock.id, acknowledged_at=now)
    _note(session, "acknowledge", state, actor, now)
    return True


def postpone(session: Session, *, wish_id: int, actor: Actor, now: datetime, until: date, reason: str) -> datetime:
    """“Not before *until*, because …”: moves the due instant to the end of that day and starts its ladder over; answers it.

    Raises NotFound, Forbidden, Invalid (no reason, a day that has passed, or later than people may set it themselves).
    """
    state, clock = _running(session, wish_id, actor)
    rules = rules_of(session, state.campaign_id)
    deadline = _deadline(rules, state)
    reason = _given(reason)
    furthest = local_day(clock.opened_at + timedelta(days=(deadline.days if deadline else 0) + MOST_POSTPONED_DAYS))
    if until < local_day(now):
        raise Invalid("until", Text("请选择今天或以后的日期。", "Choose today or a later day."))
    if until > furthest and By.COORDINATOR not in relations(actor, state.facts):
        raise Invalid(
            "until",
            Text(
                "最晚可以延到 {day}；更晚请联系协调员。",
                "The latest day is {day}; for a later one ask your coordinator.",
            ),
            day=furthest.isoformat(),
        )
    due = datetime.combine(until, time(20), SHANGHAI)
    _change(
        session,
        clock.id,
        due_at=due,
        postponed_at=now,
        acknowledged_at=None,
        step=0,
        next_at=deadline and step_at(due, now, deadline, 0, rules),
    )
    _note(session, "postpone", state, actor, now, reason=reason, data={"until": until.isoformat()})
    return due


def pause(session: Session, *, wish_id: int, actor: Actor, now: datetime, reason: str) -> bool:
    """Stop the clock while the wish waits for something nobody can hurry. False when it stood already."""
    state, clock = _running(session, wish_id, actor, _MAY_PAUSE)
    reason = _given(reason)
    if clock.paused_at is not None:
        return False
    _change(session, clock.id, paused_at=now, pause_reason=reason, next_at=None)
    _note(session, "pause", state, actor, now, reason=reason)
    return True


def resume(session: Session, *, wish_id: int, actor: Actor, now: datetime) -> bool:
    """Let a paused clock run on; what is due moves by as long as it stood. False when it was running."""
    state, clock = _running(session, wish_id, actor, _MAY_PAUSE)
    if clock.paused_at is None:
        return False
    stood = now - clock.paused_at
    opened, due = clock.opened_at + stood, clock.due_at + stood
    rules = rules_of(session, state.campaign_id)
    deadline = _deadline(rules, state)
    next_at = deadline and step_at(due, opened, deadline, clock.step, rules)
    _change(session, clock.id, opened_at=opened, due_at=due, next_at=next_at, paused_at=None, pause_reason="")
    _note(session, "resume", state, actor, now)
    return True


@dataclass(frozen=True, slots=True)
class Recomputed:
    """What a new policy did to the running clocks."""

    moved: int
    opened: int


def recompute_clocks(session: Session, *, campaign_id: int, now: datetime) -> Recomputed:
    """Bring the open clocks in line with the campaign's rules as they now are; call it whenever deadlines change.

    Due instants are counted anew from when the stage began; a step that falls due by that is done by the next sweep, one that
    was done is not repeated. Clocks postponed by hand stay. Wishes in a stage that had no deadline get a clock from *now*.
    """
    rules = rules_of(session, campaign_id)
    open_clocks = session.execute(
        sa.select(
            _Clock.id,
            _Clock.stage,
            _Clock.opened_at,
            _Clock.due_at,
            _Clock.step,
            _Clock.next_at,
            _Clock.paused_at,
            _Wish.category,
            _Wish.community_id,
        )
        .join(Wish, _Wish.id == _Clock.wish_id)
        .where(_Clock.campaign_id == campaign_id, _Clock.closed_at.is_(None), _Clock.postponed_at.is_(None))
        .with_for_update(of=Clock)
    )
    changes: list[dict[str, Any]] = []
    for row in open_clocks:
        whose = {"category": row.category, "community_id": row.community_id}
        deadline = rules.deadline_of(Status(row.stage), **whose)
        values = clock_values(rules, Status(row.stage), row.opened_at, **whose)
        due = values[0] if values else row.due_at
        next_at = None
        if deadline is not None and row.paused_at is None:
            next_at = step_at(due, row.opened_at, deadline, row.step, rules)
        if (due, next_at) != (row.due_at, row.next_at):
            changes.append({"id": row.id, "due_at": due, "next_at": next_at})
    if changes:
        session.execute(sa.update(Clock), changes)
    return Recomputed(len(changes), _open_missing(session, campaign_id, rules, now))


def _open_missing(session: Session, campaign_id: int, rules: Rules, now: datetime) -> int:
    running = sa.select(_Clock.id).where(_Clock.wish_id == _Wish.id, _Clock.closed_at.is_(None)).exists()
    rows: list[dict[str, Any]] = []
    stages = {*rules.deadlines, *(own.stage for own in rules.own_deadlines)}
    wishes = session.execute(
        sa.select(_Wish.id, _Wish.status, _Wish.category, _Wish.community_id)
        .where(_Wish.campaign_id == campaign_id, _Wish.status.in_(stages), ~running)
        .order_by(_Wish.id)
    )
    for wish_id, stage, category, community_id in wishes:
        values = clock_values(rules, stage, now, category=category, community_id=community_id)
        if values is not None:
            rows.append(
                {
                    "campaign_id": campaign_id,
                    "wish_id": wish_id,
                    "stage": str(stage),
                    "opened_at": now,
                    "due_at": values[0],
                    "step": 0,
                    "next_at": values[1],
                    "pause_reason": "",
                    "attempts": 0,
                    "problem": "",
                }
            )
    if rows:
        session.execute(sa.insert(Clock), rows)
    return len(rows)


def _running(session: Session, wish_id: int, actor: Actor, who: frozenset[By] | None = None) -> tuple[WishState, Any]:
    """The wish and its clock, for *who* asks; None: for whom the stage waits, and coordinators."""
    state = wish_state(session, wish_id)
    who = who or AWAITED.get(state.status, frozenset()) | {By.COORDINATOR}
    if not who & relations(actor, state.facts):
        raise Forbidden(wish_id=wish_id)
    clock = session.execute(
        sa.select(_Clock.id, _Clock.opened_at, _Clock.due_at, _Clock.step, _Clock.acknowledged_at, _Clock.paused_at)
        .where(_Clock.wish_id == wish_id, _Clock.closed_at.is_(None))
        .with_for_update()
    ).one_or_none()
    if clock is None:
        raise NotFound("运行中的时限", "running deadline")
    return state, clock


def _deadline(rules: Rules, state: WishState) -> Deadline | None:
    """What the policy now says of the stage; None when it sets no deadline any more, though a clock of before still runs."""
    return rules.deadline_of(state.status, category=state.category, community_id=state.community_id)


def _given(reason: str) -> str:
    if not reason.strip():
        raise Invalid("reason", Text("请写明原因。", "Please give a reason."))
    return reason.strip()[:200]


def _change(session: Session, clock_id: int, **values: Any) -> None:
    session.execute(
        sa.update(_Clock).where(_Clock.id == clock_id).values(**values).execution_options(synchronize_session=False)
    )


def _note(
    session: Session,
    action: str,
    state: WishState,
    actor: Actor,
    now: datetime,
    *,
    reason: str = "",
    data: dict[str, Any] | None = None,
) -> None:
    record(
        session,
        action=action,
        campaign_id=state.campaign_id,
        wish_id=state.id,
        old=state.status,
        new=state.status,
        actor=actor,
        now=now,
        reason=reason,
        data=data,
    )
