"""The same door for many wishes at once: every wish still gets its compare-and-swap, its event and its clock.

Ten thousand wishes that are submitted, verified or published together are moved by a few hundred statements, not by
forty thousand; what each of them is promised by :func:`wishes.events.actions.move` holds here too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, WishFacts, require_move
from wishes.campaigns.queries import rules_of
from wishes.errors import Invalid, MicrowishError
from wishes.events.actions import _COLUMNS, _FIRST_TIME_ONLY, _STAMP, WishState, reason_kept
from wishes.events.asked import request_in_hand
from wishes.events.tables import Event
from wishes.i18n import Text
from wishes.intake.tables import Wish
from wishes.lifecycle import MOVES, Status, destination
from wishes.tracking.clocks import clock_values
from wishes.tracking.tables import Clock

_AT_ONCE = 500  # ids in one statement; SQLite allows 32,766 parameters, PostgreSQL 65,535

_WISH: sa.Table = vars(Wish)["__table__"]
_EVENT: sa.Table = vars(Event)["__table__"]
_CLOCK: sa.Table = vars(Clock)["__table__"]


@dataclass(slots=True)
class MovedMany:
    """Ids of the wishes that moved, in order, and the code of the refusal of each that did not."""

    moved: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)


def move_many(
    session: Session,
    name: str,
    *,
    wish_ids: Iterable[int],
    actor: Actor,
    now: datetime,
    reason: str = "",
    data: Mapping[int, dict[str, Any]] | None = None,
    changes: Mapping[int, dict[str, Any]] | None = None,
    claim_ids: Mapping[int, int] | None = None,
) -> MovedMany:
    """Make move *name* for each wish; one that cannot be moved is refused by itself and does not stop the others.

    Refusals are the codes of the errors that :func:`wishes.events.actions.move` would raise (``not_found``,
    ``not_possible_now``, ``forbidden``, ``conflict``). Raises Invalid when the move needs a reason and none is given.
    *data* goes into the wish's event, by wish id: ids and codes, never a name; *changes* are further columns of the
    wish, by wish id and the same columns for all; *claim_ids* is the claim each event is about. Never commits.
    """
    arrow = MOVES[name]
    if arrow.reason and not reason.strip():
        raise Invalid(
            "reason",
            Text("请写明原因（{action_zh}）。", "Please give a reason to {action_en}."),
            action_zh=arrow.label.zh,
            action_en=arrow.label.en,
        )
    done = MovedMany()
    permitted: dict[WishFacts, bool] = {}
    for ids in _chunks(wish_ids):
        states = {row.id: WishState(*row) for row in session.execute(sa.select(*_COLUMNS).where(_WISH.c.id.in_(ids)))}
        groups: dict[tuple[Status, Status, bool], list[WishState]] = {}
        for wish_id in ids:
            state = states.get(wish_id)
            if state is None:
                done.refused[wish_id] = "not_found"
                continue
            try:
                end = destination(name, state.status, state.kind)
                facts = state.facts
                if facts not in permitted:
                    require_move(actor, arrow, facts)
                    permitted[facts] = True
            except MicrowishError as error:
                done.refused[wish_id] = error.code
                continue
            groups.setdefault((state.status, end, state.published_at is None), []).append(state)
        for (old, end, unpublished), members in groups.items():
            swapped = _swap(session, members, old, end, unpublished, now)
            done.refused.update({state.id: "conflict" for state in members if state.id not in swapped})
            kept = [state for state in members if state.id in swapped]
            _change(session, kept, changes or {})
            _tell(session, name, kept, old, end, actor, reason, data or {}, claim_ids or {}, now)
            _restart_clocks(session, kept, end, now)
            done.moved += [state.id for state in kept]
    return done


def _chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    source = iter(dict.fromkeys(ids))
    while chunk := list(islice(source, _AT_ONCE)):
        yield chunk


def _swap(
    session: Session, members: Sequence[WishState], old: Status, end: Status, unpublished: bool, now: datetime
) -> set[int]:
    """The ids whose status was still *old* and is now *end*."""
    values: dict[str, Any] = {"status": end}
    stamp = _STAMP.get(end)
    if stamp and (unpublished or stamp not in _FIRST_TIME_ONLY):
        values[stamp] = now
    return set(
        session.execute(
            sa.update(_WISH)
            .where(_WISH.c.id.in_([state.id for state in members]), _WISH.c.status == old)
            .values(**values)
            .returning(_WISH.c.id)
        ).scalars()
    )


def _change(session: Session, moved: Sequence[WishState], changes: Mapping[int, dict[str, Any]]) -> None:
    rows = [
        {"wish_id": state.id, **{f"new_{name}": value for name, value in changes[state.id].items()}}
        for state in moved
        if state.id in changes
    ]
    if rows:
        names = [name.removeprefix("new_") for name in rows[0] if name != "wish_id"]
        session.execute(
            sa.update(_WISH)
            .where(_WISH.c.id == sa.bindparam("wish_id"))
            .values({name: sa.bindparam(f"new_{name}") for name in names}),
            rows,
        )


def _tell(
    session: Session,
    name: str,
    moved: Sequence[WishState],
    old: Status,
    end: Status,
    actor: Actor,
    reason: str,
    data: Mapping[int, dict[str, Any]],
    claim_ids: Mapping[int, int],
    now: datetime,
) -> None:
    if moved:
        kept, request_id = reason_kept(reason.strip()), request_in_hand.get()
        session.execute(
            sa.insert(_EVENT),
            [
                {
                    "campaign_id": state.campaign_id,
                    "wish_id": state.id,
                    "claim_id": claim_ids.get(state.id),
                    "action": name,
                    "old_status": str(old),
                    "new_status": str(end),
                    "actor_id": actor.account_id,
                    "reason": kept,
                    "request_id": request_id,
                    "data": data.get(state.id, {}),
                    "occurred_at": now,
                    "recorded_at": now,
                }
                for state in moved
            ],
        )


def _restart_clocks(session: Session, moved: Sequence[WishState], stage: Status, now: datetime) -> None:
    session.execute(
        sa.update(_CLOCK)
        .where(_CLOCK.c.wish_id.in_([state.id for state in moved]), _CLOCK.c.closed_at.is_(None))
        .values(closed_at=now)
    )
    rules = {campaign_id: rules_of(session, campaign_id) for campaign_id in {state.campaign_id for state in moved}}
    clocks = {
        key: clock_values(rules[key[0]], stage, now, category=key[1], community_id=key[2])
        for key in {_clock_key(state) for state in moved}
    }
    rows = [
        {
            "campaign_id": state.campaign_id,
            "wish_id": state.id,
            "stage": str(stage),
            "opened_at": now,
            "due_at": values[0],
            "step": 0,
            "next_at": values[1],
            "pause_reason": "",
        }
        for state in moved
        if (values := clocks[_clock_key(state)]) is not None
    ]
    if rows:
        session.execute(sa.insert(_CLOCK), rows)


def _clock_key(state: WishState) -> tuple[int, str, int]:
    """What a wish's deadline depends on besides its stage."""
    return state.campaign_id, state.category, state.community_id
