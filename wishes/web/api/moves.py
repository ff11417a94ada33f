"""Moves: one address for each arrow of the lifecycle that a person may make."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Response, request
from pydantic import BaseModel
from sqlmodel import Session

from wishes.access import Actor, Role, relations, visible_fields
from wishes.claims import actions
from wishes.claims.asking import Asked, look
from wishes.claims.taking import Spent, Taker, find_taker, require_takeable, take
from wishes.clock import utc_now
from wishes.custody import actions as custody
from wishes.custody import appointments
from wishes.db import Statements
from wishes.errors import Conflict, Forbidden, NotFound
from wishes.events.actions import Moved as MoveDone
from wishes.intake.wishes import WishRow
from wishes.lifecycle import MOVES, By, Status
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
from wishes.web.api.shapes import (
    AcceptBody,
    ClaimBody,
    CloseBody,
    FailBody,
    InspectBody,
    Moved,
    NoBody,
    PrepareBody,
    ReasonBody,
    ScheduleBody,
)
from wishes.web.api.wishes import BY_MOVE, visible_wish, volunteer_by_code
from wishes.web.identity import database

_RULE = "/campaigns/<slug:slug>/wishes/<code:code>/"
_BODIES: dict[str, type[BaseModel]] = {
    "accept": AcceptBody,
    "prepare": PrepareBody,
    "schedule": ScheduleBody,
    "close": CloseBody,
    "inspect": InspectBody,
    "fail_inspection": FailBody,
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
    with database().statement() as where:
        return attempt.make(where)


class _Attempt:
    """One request to claim, tried against what the database shows."""

    def __init__(
        self,
        slug: str,
        code: str,
        secret_hash: bytes,
        key: str | None,
        data: bytes,
        asked: ClaimBody,
        now: datetime,
    ) -> None:
        self.slug, self.code, self.secret_hash, self.key = slug, code, secret_hash, key
        self.digest = b"" if key is None else request_digest(data)
        self.asked, self.now = asked, now

    def look_first(self, where: Session) -> Response | None:
        """The stored answer if there is one; None when the claim may be tried. Raises what refuses it already."""
        found = self._look(where)
        before = self._before(found)
        if before is None:
            self._taker(found)
        return before

    def make(self, where: Session | Statements) -> Response:
        found = self._look(where)
        before = self._before(found)
        if before is not None:
            return before
        taker = self._taker(found)
        assert found.wish is not None and found.rules is not None
        told = Moved(
            campaign=self.slug,
            wish=self.code,
            action="claim",
            old_status=Status.OPEN,
            status=Status.CLAIMED,
            at=self.now,
        )
        body = told.model_dump_json()
        request_ = self._request(found)
        spent = None if request_ is None else Spent(request_, idempotency.Answer(200, body))
        try:
            take(where, state=found.wish, taker=taker, rules=found.rules, actor=found.actor, now=self.now, spent=spent)
        except Conflict:
            if self.key is None or isinstance(where, Session):
                raise  # within one transaction nobody else comes in between
            # the quicker one may have been this very request, sent again before its first answer came
            before = self._before(self._look(where))
            if before is None:
                raise
            return before
        return respond(200, body)

    def _look(self, where: Session | Statements) -> Asked:
        found = look(where, secret_hash=self.secret_hash, slug=self.slug, code=self.code, key=self.key, now=self.now)
        remember(found.actor)
        return found

    def _request(self, found: Asked) -> idempotency.Request | None:
        if self.key is None:
            return None
        return idempotency.Request(found.actor.account_id or 0, self.key, self.digest)

    def _before(self, found: Asked) -> Response | None:
        """What the idempotency key answers already."""
        request_ = self._request(found)
        if request_ is None or found.stored is None:
            return None
        answer = idempotency.repeat(request_, *found.stored)
        return respond(answer.status, answer.body, replayed=True)

    def _taker(self, found: Asked) -> Taker:
        """For whom. Raises NotFound for a wish that is not the actor's to know of, and whatever refuses the claim already."""
        if found.campaign_id is None or not found.actor.roles_in(found.campaign_id):
            raise NotFound("这个项目", "campaign")
        wish = found.wish
        if wish is None:
            raise NotFound("这个心愿", "wish")
        standing = relations(found.actor, wish.facts)
        was_open = wish.published_at is not None and wish.status is not Status.CANCELLED
        if not (By.BROWSER in standing and was_open) and not visible_fields(standing, wish.status):
            raise NotFound("这个心愿", "wish")
        if By.BROWSER not in standing:
            raise Forbidden(action="claim")
        taker = _chosen(found.actor, found.campaign_id, found.own, self.asked)
        require_takeable(wish, taker)
        return taker


def _chosen(actor: Actor, campaign_id: int, own: dict[int, Taker], asked: ClaimBody) -> Taker:
    """Whom the body names, else oneself, else one's branch. Others' branches and members are not there: NotFound."""
    branches = actor.ids(Role.BRANCH_SECRETARY, campaign_id, "branch_id")
    if asked.branch is not None and asked.branch not in branches:
        raise NotFound("这个支部", "branch")
    if asked.volunteer is not None:
        return _named(asked.volunteer, campaign_id, own, branches)
    if asked.branch is not None:
        return Taker(None, asked.branch)
    if own:
        return own[min(own)]
    if branches:
        return Taker(None, min(branches))
    raise Forbidden(action="claim")


def _named(code: str, campaign_id: int, own: dict[int, Taker], branches: frozenset[int]) -> Taker:
    with database().reading() as session:
        volunteer_id = volunteer_by_code(session, campaign_id, code)
        if volunteer_id in own:
            return own[volunteer_id]
        member = None if volunteer_id is None else find_taker(session, campaign_id, volunteer_id=volunteer_id)
    if member is None or member.branch_id not in branches:
        raise NotFound("这位志愿者", "volunteer")
    return member


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
    if name == "no_show":
        return appointments.no_show(
            call.session, wish_id=row.id, actor=call.actor, now=call.now, reason=call.body.reason
        )
    if name == "fail_inspection":
        return custody.fail(
            call.session,
            wish_id=row.id,
            actor=call.actor,
            now=call.now,
            reason=call.body.reason,
            answers=call.body.checks,
        )
    if name in ("decline", "release", "cancel"):
        verb: Callable[..., MoveDone] = getattr(actions, name)
        return verb(call.session, wish_id=row.id, actor=call.actor, now=call.now, reason=call.body.reason)
    return actions.step(
        call.session, name, wish_id=row.id, actor=call.actor, now=call.now, **call.body.model_dump(exclude_unset=True)
    )


def _look_over(call: Call, row: WishRow) -> MoveDone | None:
    return custody.look_over(
        call.session, wish_id=row.id, actor=call.actor, now=call.now, answers=call.body.checks
    ).moved


_TWO_PEOPLE = "Two people: the first call records the first look and leaves the wish where it stands, the second one, by somebody else, moves it."


def _operation(name: str) -> Operation:
    arrow = MOVES[name]

    def move(call: Call, slug: str, code: str) -> Any:
        row = visible_wish(call, slug, code)
        if name == "inspect":
            done = _look_over(call, row)
            status = row.status if done is None else done.new
            return Moved(campaign=slug, wish=row.code, action=name, old_status=row.status, status=status, at=call.now)
        return _told(slug, row.code, _make(name, call, row), name, call.now)

    start = ", ".join(arrow.start)
    move.__doc__ = f"Move the wish: {arrow.label.en} ({arrow.label.zh}).\n\nFrom {start} to {arrow.end}; by {', '.join(sorted(arrow.by))}."
    if name == "inspect":
        move.__doc__ += f"\n\n{_TWO_PEOPLE}"
    body = _BODIES.get(name, ReasonBody if arrow.reason else NoBody)
    return Operation("POST", _RULE + name, move, "moves", Moved, body=body, name=f"{name}_wish")


OPERATIONS = (
    Operation("POST", _RULE + "claim", claim, "moves", Moved, body=ClaimBody, by_hand=True, name="claim_wish"),
    *(_operation(name) for name in MOVES if name in BY_MOVE and name != "claim"),
)
