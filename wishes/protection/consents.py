"""A guardian's consent: given, and withdrawn with effect at once. Without one in force no wish of the child is shown.

Source: PIPL art. 15 (withdrawal), 29, 31. What consents came with the workbooks is recorded by :mod:`wishes.intake`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, Grant, Role, keeps_child
from wishes.claims.actions import cancel
from wishes.clock import local_day, start_of_day
from wishes.errors import Invalid, NotFound
from wishes.events.actions import move, record
from wishes.i18n import Text
from wishes.intake.tables import Child, Consent, Wish
from wishes.lifecycle import HELD, Status
from wishes.model import table_of

_CHILD, _CONSENT, _WISH = table_of(Child), table_of(Consent), table_of(Wish)

HOW = ("paper", "visit", "phone", "row", "batch")
GIVERS = ("father", "mother", "grandparent", "relative", "institution")
SCOPES = ("wish", "story", "photo")
TAKERS_REASON = "项目方撤回 taken back by the campaign"
"""What a taker reads when a wish goes because consent went: that it is over, not what happened in a family."""


@dataclass(frozen=True, slots=True)
class ChildKept:
    """The columns of a child that say where its papers belong; nothing of who it is."""

    id: int
    campaign_id: int
    community_id: int
    alias: str
    erased: bool


@dataclass(slots=True)
class Withdrawn:
    """What a withdrawal did, wish ids: ``hidden`` are taken down, ``cancelled`` were offered or claimed."""

    consents: int = 0
    hidden: list[int] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Given:
    """One consent as pages list it."""

    basis: str
    giver: str
    scope: tuple[str, ...]
    evidence: str
    given_at: datetime
    withdrawn_at: datetime | None


def child_kept(session: Session, child_id: int, actor: Actor | None = None) -> ChildKept:
    """Raises NotFound, also for a child whose papers are not *actor*'s to keep (None: the caller has asked already)."""
    row = session.execute(
        sa.select(_CHILD.c.id, _CHILD.c.campaign_id, _CHILD.c.community_id, _CHILD.c.alias, _CHILD.c.erased_at).where(
            _CHILD.c.id == child_id
        )
    ).one_or_none()
    if row is None or (actor is not None and not keeps_child(actor, row.campaign_id, row.community_id)):
        raise NotFound("这名儿童", "child")
    return ChildKept(row.id, row.campaign_id, row.community_id, row.alias, row.erased_at is not None)


def consents_of(session: Session, child_id: int) -> list[Given]:
    """Newest first."""
    rows = session.execute(sa.select(_CONSENT).where(_CONSENT.c.child_id == child_id).order_by(_CONSENT.c.id.desc()))
    return [
        Given(r.basis, r.giver, tuple(r.scope.split(",")), r.evidence, r.given_at, r.withdrawn_at) for r in rows
    ]  # fmt: skip


def give_consent(
    session: Session,
    *,
    child_id: int,
    how: str,
    giver: str,
    scope: tuple[str, ...],
    evidence: str,
    given_on: date,
    actor: Actor,
    now: datetime,
) -> int:
    """Record a consent that was given on paper, at a visit or by phone; answers its id. Raises NotFound, Invalid."""
    child = child_kept(session, child_id, actor)
    if how not in HOW[:3]:
        raise Invalid("how", Text("请选择怎样取得同意的。", "Choose how consent was given."))
    if giver not in GIVERS:
        raise Invalid("giver", Text("请选择是谁同意的。", "Choose who consented."))
    if "wish" not in scope or not set(scope) <= set(SCOPES):
        raise Invalid("scope", Text("同意范围至少包括心愿本身。", "The consent must cover the wish itself."))
    if given_on > local_day(now):
        raise Invalid("given_on", Text("日期不能晚于今天。", "The day cannot lie in the future."))
    evidence = evidence.strip()
    if how == "paper" and not evidence:
        raise Invalid("evidence", Text("请写明纸质同意书存放在哪里。", "Say where the signed paper is kept."))
    made = session.execute(
        sa.insert(_CONSENT)
        .values(
            child_id=child.id, basis=how, giver=giver, scope=",".join(s for s in SCOPES if s in scope),
            evidence=evidence[:200], recorded_by=actor.account_id,
            given_at=min(start_of_day(given_on).astimezone(UTC), now),
        )
        .returning(_CONSENT.c.id)
    ).scalar_one()  # fmt: skip
    record(
        session, action="give_consent", campaign_id=child.campaign_id, now=now, actor=actor,
        data={"child_id": child.id, "consent_id": int(made), "how": how, "giver": giver, "scope": list(scope)},
    )  # fmt: skip
    return int(made)


def withdraw_consent(
    session: Session, *, child_id: int, actor: Actor, now: datetime, by_guardian: bool = False
) -> Withdrawn:
    """Withdraw every consent of a child: wishes that are shown are taken down, those offered or claimed end.

    Their clocks close with them, takers are told that the wish is over. What was delivered stays delivered. Withdrawing again
    changes nothing. *by_guardian*: through the guardian's own link, which stands for itself. Raises NotFound.
    """
    child = child_kept(session, child_id, None if by_guardian else actor)
    done = Withdrawn()
    done.consents = session.execute(
        sa.update(_CONSENT)
        .where(_CONSENT.c.child_id == child_id, _CONSENT.c.withdrawn_at.is_(None))
        .values(withdrawn_at=now, withdrawn_by=actor.account_id)
    ).rowcount  # type: ignore[attr-defined]
    # after the update, so that a publication under way has either seen no consent or is seen here
    acting = Actor(actor.account_id, "consent", (Grant(Role.COORDINATOR, child.campaign_id),))
    for wish_id, status in session.execute(
        sa.select(_WISH.c.id, _WISH.c.status).where(
            _WISH.c.child_id == child_id, _WISH.c.status.in_([Status.OPEN, Status.PROPOSED, *HELD])
        )
    ).all():
        told: dict[str, Any] = {"wish_id": wish_id, "actor": acting, "now": now, "reason": TAKERS_REASON}
        if status == Status.OPEN:
            move(session, "unpublish", **told)
            done.hidden.append(wish_id)
        else:
            cancel(session, **told)
            done.cancelled.append(wish_id)
    if done.consents:
        record(
            session, action="withdraw_consent", campaign_id=child.campaign_id, now=now, actor=actor,
            data={
                "child_id": child_id, "consents": done.consents, "hidden": done.hidden, "cancelled": done.cancelled,
                "by": "guardian" if by_guardian else "staff",
            },
        )  # fmt: skip
    return done
