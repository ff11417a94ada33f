"""Wishes: lists that filter and page, and one with its timeline and the moves you may make."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from wishes.access import NOBODY, Actor, Field, Role, may, possible_moves, relations
from wishes.claims.tables import Volunteer
from wishes.clock import local_day
from wishes.custody.checklists import checks_of
from wishes.events.story import story
from wishes.intake.tables import Wish
from wishes.intake.wishes import Filter, WishRow, list_wishes, seen_by, wish_by_code
from wishes.lifecycle import HELD, By, Status
from wishes.tracking.queries import open_clock
from wishes.web.api.campaigns import entered
from wishes.web.api.contract import Call, Operation
from wishes.web.api.paging import cursor, row_of
from wishes.web.api.shapes import (
    CheckShape,
    CommunityShape,
    EventShape,
    MoveShape,
    TakerShape,
    WishList,
    WishPage,
    WishQuery,
    WishShape,
)
from wishes.web.context import language

BY_MOVE = frozenset(
    {
        "submit",
        "return",
        "reject",
        "verify",
        "publish",
        "unpublish",
        "accept",
        "decline",
        "claim",
        "release",
        "prepare",
        "schedule",
        "inspect",
        "fail_inspection",
        "dispatch",
        "undeliverable",
        "moved_away",
        "lose",
        "damage",
        "no_show",
        "close",
        "dispute",
        "settle",
        "redo",
        "cancel",
    }
)
"""Moves with an address of their own. The rest are the engine's, the sweeps', or made by a hand-over."""

_TAKEN = (*HELD, Status.DELIVERED, Status.DISPUTED, Status.CLOSED)
_CARRIED = (*HELD, Status.DELIVERED, Status.DISPUTED)
_WISH = (
    "code",
    "kind",
    "need",
    "category",
    "item",
    "detail",
    "size_kind",
    "size",
    "quantity",
    "price_low_fen",
    "price_high_fen",
    "price_fen",
)
_TIMES = (
    "published_at",
    "proposed_at",
    "claimed_at",
    "ready_at",
    "dispatched_at",
    "delivered_at",
    "closed_at",
    "scheduled_on",
)


def visible_to(actor: Actor, campaign_id: int) -> Any:
    """The wishes of which *actor* may see anything, as a condition: :data:`wishes.access.FIELDS` for whole lists."""
    roles, wish = actor.roles_in(campaign_id), Wish
    seen: list[Any] = [sa.false()]
    if may(actor, "events.view", campaign_id):
        return sa.true()
    if communities := actor.ids(Role.SOCIAL_WORKER, campaign_id, "community_id"):
        seen.append(col(wish.community_id).in_(communities))
    if roles & {Role.VOLUNTEER, Role.BRANCH_SECRETARY}:
        seen.append(col(wish.status) == Status.OPEN)
    volunteers = actor.ids(Role.VOLUNTEER, campaign_id, "volunteer_id")
    branches = actor.ids(Role.BRANCH_SECRETARY, campaign_id, "branch_id")
    if volunteers:
        seen.append(
            sa.and_(col(wish.taker_volunteer_id).in_(volunteers), col(wish.status).in_((*_TAKEN, Status.PROPOSED)))
        )
    if branches:
        seen.append(sa.and_(col(wish.taker_branch_id).in_(branches), col(wish.status).in_((*_TAKEN, Status.PROPOSED))))
    if roles & {Role.COURIER, Role.INSPECTOR}:
        seen.append(col(wish.status).in_(_CARRIED))
    return sa.or_(*seen)


@dataclass(frozen=True)
class VisibleFilter(Filter):
    """A filter that also lets through only what the actor may see."""

    actor: Actor = NOBODY

    def conditions(self, campaign_id: int) -> list[Any]:
        return [*Filter.conditions(self, campaign_id), visible_to(self.actor, campaign_id)]


def shape(actor: Actor, row: WishRow, today: date) -> WishShape:
    """The wish with the fields that may be seen. Raises NotFound when there are none."""
    shown, fields = seen_by(actor, row)
    told: dict[str, Any] = {name: getattr(shown, name) for name in _WISH}
    if Field.STATUS in fields:
        told |= {"status": shown.status, **{name: getattr(shown, name) for name in _TIMES}}
    if Field.DISTRICT in fields:
        told["county_code"] = shown.county_code
    if Field.PLACE in fields:
        told |= {
            "township_code": shown.township_code,
            "community": CommunityShape(id=shown.community_id, name=shown.community),
        }
    if Field.AGE_BAND in fields:
        told["age_band"] = shown.age_band(today)
    if Field.SEX in fields:
        told["sex"] = shown.sex
    if Field.TAKER in fields:
        told["taker"] = TakerShape(branch=shown.branch, volunteer=shown.volunteer)
    return WishShape(**told)


def list_(call: Call, slug: str) -> WishList:
    """The wishes you may see, filtered, by age of the entry."""
    asked: WishQuery = call.query
    campaign_id = entered(call.session, call.actor, slug)
    narrowed = VisibleFilter(
        statuses=asked.status,
        county_code=asked.county,
        category=asked.category,
        need=asked.need,
        actor=call.actor,
        community_ids=None if asked.community is None else (asked.community,),
        **_taker(call, campaign_id, asked.taker),
    )
    page = list_wishes(call.session, campaign_id, narrowed, after=row_of(asked.cursor), limit=asked.limit)
    today = local_day(call.now)
    return WishList(
        items=[shape(call.actor, row, today) for row in page.rows], total=page.total, next=cursor(page.after)
    )


def _taker(call: Call, campaign_id: int, taker: str) -> dict[str, Any]:
    """The filter's keywords for ``me``, ``branch:ID`` and ``volunteer:CODE``. One that is not there matches nothing."""
    kind, _, value = taker.partition(":")
    if kind == "branch":
        return {"branch_id": int(value)}
    if kind == "volunteer":
        return {"volunteer_id": volunteer_by_code(call.session, campaign_id, value) or 0}
    if kind == "me":
        volunteers = call.actor.ids(Role.VOLUNTEER, campaign_id, "volunteer_id")
        branches = call.actor.ids(Role.BRANCH_SECRETARY, campaign_id, "branch_id")
        return {"volunteer_id": min(volunteers)} if volunteers else {"branch_id": min(branches, default=0)}
    return {}


def volunteer_by_code(session: Session, campaign_id: int, code: str) -> int | None:
    return session.execute(
        sa.select(col(Volunteer.id)).where(
            col(Volunteer.campaign_id) == campaign_id, col(Volunteer.code) == code.upper()
        )
    ).scalar_one_or_none()


def get_wish(call: Call, slug: str, code: str) -> WishPage:
    """One wish, its timeline, and the moves you may make now."""
    row = visible_wish(call, slug, code)
    clock = open_clock(call.session, row.id)
    told: dict[str, Any] = {
        "wish": shape(call.actor, row, local_day(call.now)),
        "moves": [
            MoveShape(
                name=move.name,
                label=move.label.say(language()),
                needs_reason=move.reason,
                href=f"/api/v1/campaigns/{slug}/wishes/{row.code}/{move.name}",
            )
            for move in possible_moves(call.actor, row.facts)
            if move.name in BY_MOVE
        ],
    }
    standing = relations(call.actor, row.facts)
    if any(move.name == "inspect" for move in told["moves"]):
        told["checks"] = [
            CheckShape(key=one.key, label=one.label.say(language()))
            for one in checks_of(call.session, row.campaign_id, row.category)
        ]
    if standing - {By.BROWSER}:
        names = bool(standing & {By.COMMUNITY, By.COORDINATOR, By.AUDITOR, By.TAKER})
        told |= {"timeline": _timeline(call, row, names), "due_at": clock and clock.due_at}
    return WishPage(**told)


def visible_wish(call: Call, slug: str, code: str) -> WishRow:
    """Raises NotFound for a wish that is not there, and for one of which the caller may see nothing."""
    campaign_id = entered(call.session, call.actor, slug)
    row = wish_by_code(call.session, campaign_id, code)
    seen_by(call.actor, row)
    return row


def _timeline(call: Call, row: WishRow, names: bool) -> list[EventShape]:
    """Oldest first. Reasons and names are for those who work on this wish, not for everybody on its way."""
    private = ("reason", "actor") if names else ()
    return [
        EventShape(
            action=chapter.action,
            label=chapter.label.say(language()),
            old_status=chapter.old_status and Status(chapter.old_status),
            new_status=chapter.new_status and Status(chapter.new_status),
            occurred_at=chapter.occurred_at,
            recorded_at=chapter.recorded_at,
            **{name: getattr(chapter, name) for name in private},
        )
        for chapter in story(call.session, row.id)
    ]


OPERATIONS = (
    Operation("GET", "/campaigns/<slug:slug>/wishes", list_, "wishes", WishList, query=WishQuery, name="list_wishes"),
    Operation("GET", "/campaigns/<slug:slug>/wishes/<code:code>", get_wish, "wishes", WishPage),
)
