"""Taking words of feedback away when a child is erased. Stars and dates stay: they are figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from wishes.feedback.tables import Feedback, FeedbackLink
from wishes.intake.tables import Wish
from wishes.model import table_of

_FEEDBACK, _LINK, _WISH = table_of(Feedback), table_of(FeedbackLink), table_of(Wish)


def forget_words(session: Session, child_ids: Sequence[int], *, now: datetime) -> None:
    """Empty what was said of these children's wishes, also thanks that were passed on, and end the codes to say more."""
    wishes = sa.select(_WISH.c.id).where(_WISH.c.child_id.in_(child_ids))
    session.execute(
        sa.update(_FEEDBACK)
        .where(_FEEDBACK.c.wish_id.in_(wishes))
        .values(
            words="", thanks="", thanks_state=sa.case((_FEEDBACK.c.thanks_state == "none", "none"), else_="withheld")
        )
    )
    session.execute(
        sa.update(_LINK).where(_LINK.c.wish_id.in_(wishes), _LINK.c.revoked_at.is_(None)).values(revoked_at=now)
    )
