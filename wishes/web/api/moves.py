"""Moves: one address for each arrow of the lifecycle that a person may make."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Response, request
from pydantic import BaseModel
from sqlmodel import Session

from wishes.access import Actor, By, Role, relations, visible_fields
from wishes.claims import actions
from wishes.claims.asking import Asked, look
from wishes.claims.taking import Spent, Taker, find_taker, require_takeable, take
from wishes.clock import utc_now
from wishes.errors import Forbidden, NotFound
from wishes.events.actions import Moved as MoveDone
from wishes.intake.wishes import WishRow
from wishes.lifecycle import MOVES, Status
from wishes.people import idempotency
from wishes.web.api.contract import (
    Call,
    Operation,
    idempotency_key,
    read_body,
    read_query,
    remember,
    request_digest,
    respond,
    token_digest,
)
from wishes.web.api.shapes import AcceptBody, ClaimBody, CloseBody, Moved, NoBody, PrepareBody, ReasonBody, ScheduleBody
from wishes.web.api.wishes import BY_MOVE, visible_wish, volunteer_by_code
from wishes.web.identity import database

_RULE = "/campaigns/<slug:slug>/wishes/<code:code>/"
_BODIES: dict[str, type[BaseModel]] = {
    "accept": AcceptBody,
    "prepare": PrepareBody,
    "schedule": ScheduleBody,
    "close": CloseBody,
}


def _told(slug: str, code: str, done: MoveDone, action: str, now: datetime) -> Moved:
    return Moved(campaign=slug, wish=code, action=action, old_status=done.old, status=done.new, at=now)


# --- claim: the one many try at once ----------------------------------------------------------------------------------


def claim(slug: str, code: str) -> Response:
    """Claim an open wish, for yourself or for your branch.

    409 when someone was quicker, or when your hands or your branch's pledge are full.
    """
    now, code = utc_now(), code.upper()
    data = request.get_data()
    read_query(None)
    asked: ClaimBody = read_body(ClaimBody, data)
    attempt = _Attempt(slug, code, token_digest(), idempotency_key(), data, asked, now)
    if database().on_sqlite:  # who comes too late learns it without waiting for the one who may write
        with database().reading() as session:
            answered = attempt.look_first(session)
        if answered is not None:
            return answered
    with database().transaction() as session:
        return attempt.make(session)


class _Attempt:
    """One request to claim, tried against what the database shows."""

    def __init__(
        self, slug: str, code: str, secret_hash: bytes, key: str | None, data: bytes, asked: ClaimBody, now: datetime
    ) -> None:
        self.slug, self.code, self.secret_hash, self.key, self.data = slug, code, secret_hash, key, data
        self.asked, self.now = asked, now

    def look_first(self, session: Session) -> Response | None:
        """The stored answer if there is one; None when the claim may be tried. Raises what refuses it already."""
        asked_, request_ = self._asked_(session)
        before = self._before(asked_, request_)
        if before is not None:
            return before
        self._taker(session, asked_)
        return None

    def make(self, session: Session) -> Response:
        asked_, request_ = self._asked_(session)
        before = self._before(asked_, request_)
        if before is not None:
            return before
        taker = self._taker(session, asked_)
        assert asked_.wish is not None and asked_.rules is not None
        told = Moved(
            campaign=self.slug,
            wish=self.code,
            action="claim",
            old_status=Status.OPEN,
            status=Status.CLAIMED,
            at=self.now,
        )
        body = told.model_dump_json()
        spent = None if request_ is None else Spent(request_, idempotency.Answer(200, body))
        take(session, state=asked_.wish, taker=taker, rules=asked_.rules, actor=asked_.actor, now=self.now, spent=spent)
        return respond(200, body)

    def _asked_(self, session: Session) -> tuple[Asked, idempotency.Request | None]:
        asked_ = look(session, secret_hash=self.secret_hash, slug=self.slug, code=self.code, key=self.key, now=self.now)
        actor = remember(asked_.actor)
        if self.key is None:
            return asked_, None
        return asked_, idempotency.Request(actor.account_id or 0, self.key, request_digest(self.data))

    def _before(self, asked_: Asked, asked: idempotency.Request | None) -> Response | None:
        if asked is None:
            return None
        if asked_.stored is not None:
            answer = idempotency.repeat(asked, *asked_.stored)
            return respond(answer.status, answer.body, replayed=True)
        if not asked_.free:
            raise idempotency.RequestInFlight()
        return None

    def _taker(self, session: Session, asked_: Asked) -> Taker:
        """For whom. Raises NotFound for a wish that is not the actor's to know of, and whatever refuses the claim already."""
        if asked_.campaign_id is None or not asked_.actor.roles_in(asked_.campaign_id):
            raise NotFound("这个项目", "campaign")
        wish = asked_.wish
        if wish is None:
            raise NotFound("这个心愿", "wish")
        standing = relations(asked_.actor, wish.facts)
        was_open = wish.published_at is not None and wish.status is not Status.CANCELLED
        if not visible_fields(standing, wish.status) and not (By.BROWSER in standing and was_open):
            raise NotFound("这个心愿", "wish")
        if By.BROWSER not in standing:
            raise Forbidden(action="claim")
        taker = _chosen(session, asked_.actor, asked_.campaign_id, asked_.own, self.asked)
        require_takeable(wish, taker)
        return taker


def _chosen(session: Session, actor: Actor, campaign_id: int, own: dict[int, Taker], asked: ClaimBody) -> Taker:
    branches = actor.ids(Role.BRANCH_SECRETARY, campaign_id, "branch_id")
    if asked.volunteer is not None:
        volunteer_id = volunteer_by_code(session, campaign_id, asked.volunteer)
        if volunteer_id is None:
            raise NotFound("这位志愿者", "volunteer")
        return own.get(volunteer_id) or find_taker(
            session, campaign_id, volunteer_id=volunteer_id, branch_id=asked.branch
        )
    if asked.branch is not None:
        return Taker(None, asked.branch)
    if own:
        return own[min(own)]
    if branches:
        return Taker(None, min(branches))
    raise Forbidden(action="claim")


# --- the other moves --------------------------------------------------------------------------------------------------


def _accept(call: Call, row: WishRow) -> MoveDone:
    volunteer_id = None
    if call.body.volunteer is not None:
        volunteer_id = volunteer_by_code(call.session, row.campaign_id, call.body.volunteer)
        if volunteer_id is None:
            raise NotFound("这位志愿者", "volunteer")
    return actions.accept(call.session, wish_id=row.id, actor=call.actor, now=call.now, volunteer_id=volunteer_id)


def _make(name: str, call: Call, row: WishRow) -> MoveDone:
    if name == "accept":
        return _accept(call, row)
    if name in ("decline", "release", "cancel"):
        verb: Callable[..., MoveDone] = getattr(actions, name)
        return verb(call.session, wish_id=row.id, actor=call.actor, now=call.now, reason=call.body.reason)
    return actions.step(
        call.session, name, wish_id=row.id, actor=call.actor, now=call.now, **call.body.model_dump(exclude_unset=True)
    )


def _operation(name: str) -> Operation:
    arrow = MOVES[name]

    def move(call: Call, slug: str, code: str) -> Any:
        row = visible_wish(call, slug, code)
        return _told(slug, row.code, _make(name, call, row), name, call.now)

    start = ", ".join(arrow.start)
    move.__doc__ = f"Move the wish: {arrow.label.en} ({arrow.label.zh}).\n\nFrom {start} to {arrow.end}; by {', '.join(sorted(arrow.by))}."
    body = ReasonBody if arrow.reason else _BODIES.get(name, NoBody)
    return Operation("POST", _RULE + name, move, "moves", Moved, body=body, name=f"{name}_wish")


OPERATIONS = (
    Operation("POST", _RULE + "claim", claim, "moves", Moved, body=ClaimBody, by_hand=True, name="claim_wish"),
    *(_operation(name) for name in MOVES if name in BY_MOVE and name != "claim"),
)
