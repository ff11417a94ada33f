"""Questions about feedback: of one wish, thanks that wait for somebody to read them, thanks that came for a giver."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, Role, may
from wishes.feedback.tables import Feedback
from wishes.intake.tables import Community, Wish
from wishes.model import table_of

_COMMUNITY, _FEEDBACK, _WISH = table_of(Community), table_of(Feedback), table_of(Wish)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to a wish, as who looks after it sees it."""

    id: int
    side: str
    arrived: bool
    stars: int | None
    words: str
    thanks: str
    thanks_state: str
    masked: int
    given_at: datetime


@dataclass(frozen=True, slots=True)
class Thanks:
    """Words for a giver. The giver sees what they gave, when, and the words: neither child nor community."""

    id: int
    category: str
    item: str
    code: str
    thanks: str
    masked: int
    side: str
    given_at: datetime
    own: bool  # written by who asks, who may not decide about it


def feedback_of(session: Session, wish_id: int) -> list[Answer]:
    """Newest first."""
    rows = session.execute(
        sa.select(*[_FEEDBACK.c[name] for name in Answer.__dataclass_fields__])
        .where(_FEEDBACK.c.wish_id == wish_id)
        .order_by(_FEEDBACK.c.id.desc())
    )
    return [Answer(*row) for row in rows]


def waiting_thanks(session: Session, campaign_id: int, actor: Actor, *, limit: int = 50) -> list[Thanks]:
    """Thanks that wait for *actor*: of their own communities, or of all for who coordinates; oldest first."""
    condition: Any = sa.true()
    if not may(actor, "campaign.coordinate", campaign_id):
        condition = _WISH.c.community_id.in_(actor.ids(Role.SOCIAL_WORKER, campaign_id, "community_id"))
    return _thanks(session, campaign_id, "waiting", condition, actor, _FEEDBACK.c.id, limit)


def thanks_for(session: Session, campaign_id: int, actor: Actor, *, limit: int = 100) -> list[Thanks]:
    """Thanks that were passed on to *actor*, as volunteer or for their branch; newest first."""
    mine = sa.or_(
        _WISH.c.taker_volunteer_id.in_(actor.ids(Role.VOLUNTEER, campaign_id, "volunteer_id")),
        _WISH.c.taker_branch_id.in_(actor.ids(Role.BRANCH_SECRETARY, campaign_id, "branch_id")),
    )
    return _thanks(session, campaign_id, "approved", mine, actor, _FEEDBACK.c.id.desc(), limit)


def _thanks(
    session: Session, campaign_id: int, state: str, condition: Any, actor: Actor, order: Any, limit: int
) -> list[Thanks]:
    rows = session.execute(
        sa.select(
            _FEEDBACK.c.id, _WISH.c.category, _WISH.c.item, _WISH.c.code, _FEEDBACK.c.thanks, _FEEDBACK.c.masked,
            _FEEDBACK.c.side, _FEEDBACK.c.given_at, _FEEDBACK.c.account_id,
        )
        .join(_WISH, _WISH.c.id == _FEEDBACK.c.wish_id)
        .where(_FEEDBACK.c.campaign_id == campaign_id, _FEEDBACK.c.thanks_state == state, condition)
        .order_by(order)
        .limit(limit)
    )  # fmt: skip
    return [Thanks(*row[:8], own=row.account_id is not None and row.account_id == actor.account_id) for row in rows]
