"""Whom to thank, for what, with which words: one card for each giver whose wishes arrived."""

from __future__ import annotations

from collections import Counter, defaultdict

import sqlalchemy as sa
from sqlmodel import Session

from wishes.claims.tables import Branch, Volunteer
from wishes.feedback.tables import Feedback
from wishes.handover.label_pictograms import is_discreet
from wishes.handover.thanks_cards import MOST_QUOTES, Card
from wishes.intake.tables import Wish
from wishes.intake.wishes import Filter
from wishes.model import table_of

_BRANCH, _FEEDBACK, _VOLUNTEER, _WISH = (table_of(each) for each in (Branch, Feedback, Volunteer, Wish))
_Giver = tuple[str, int]  # branch or volunteer, and its id


def cards_of(session: Session, campaign_id: int, narrowed: Filter) -> list[Card]:
    """One card for each volunteer, else branch, who took a wish that the filter lets through; most wishes first."""
    kinds: defaultdict[_Giver, Counter[str]] = defaultdict(Counter)
    quotes: defaultdict[_Giver, list[str]] = defaultdict(list)
    taken = [_WISH.c.taker_branch_id, _WISH.c.taker_volunteer_id]
    for branch_id, volunteer_id, category, count in session.execute(
        sa.select(*taken, _WISH.c.category, sa.func.count())
        .where(*narrowed.conditions(campaign_id))
        .group_by(*taken, _WISH.c.category)
    ):
        if giver := _giver(branch_id, volunteer_id):
            kinds[giver]["" if is_discreet(category) else category] += count
    for branch_id, volunteer_id, thanks in session.execute(
        sa.select(*taken, _FEEDBACK.c.thanks)
        .join(_WISH, _WISH.c.id == _FEEDBACK.c.wish_id)
        .where(*narrowed.conditions(campaign_id), _FEEDBACK.c.thanks_state == "approved")
        .order_by(_FEEDBACK.c.id.desc())
    ):
        if giver := _giver(branch_id, volunteer_id):
            quotes[giver].append(thanks)
    names = _names(session, campaign_id)
    cards = [
        Card(names[giver], counted.total(), tuple(counted.most_common()), tuple(quotes[giver][:MOST_QUOTES]))
        for giver, counted in kinds.items()
    ]
    return sorted(cards, key=lambda card: (-card.arrived, card.giver))


def _giver(branch_id: int | None, volunteer_id: int | None) -> _Giver | None:
    if volunteer_id is not None:
        return ("volunteer", volunteer_id)
    return None if branch_id is None else ("branch", branch_id)


def _names(session: Session, campaign_id: int) -> dict[_Giver, str]:
    found: dict[_Giver, str] = {}
    for kind, table in (("branch", _BRANCH), ("volunteer", _VOLUNTEER)):
        rows = session.execute(sa.select(table.c.id, table.c.name).where(table.c.campaign_id == campaign_id))
        found |= {(kind, key): name for key, name in rows}
    return found
