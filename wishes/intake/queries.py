"""Questions about what came in: which wishes may go on, what became of a file, which rows wait for a person."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.campaigns.queries import campaign_by_id, rules_of
from wishes.intake.tables import Child, Consent, ImportFile, ImportRow, Wish
from wishes.lifecycle import FINISHED, HELD, Status
from wishes.model import table_of

SHOWN = (Status.OPEN, Status.PROPOSED, *HELD, *FINISHED, Status.DISPUTED)
"""Statuses in which a wish counts against what its child and household may have."""

_CHILD, _CONSENT, _WISH = table_of(Child), table_of(Consent), table_of(Wish)
_FILE, _ROW = table_of(ImportFile), table_of(ImportRow)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Wishes of one stage: ``ready`` to go on, in the order of priority and age, and ``held`` with the reason's code.

    Reasons: ``no_consent``, ``over_ceiling``, ``child_limit``, ``household_limit``.
    """

    ready: list[int]
    held: dict[int, str]
    child_limit: int
    household_limit: int


def readiness(
    session: Session,
    *,
    campaign_id: int,
    stage: Status,
    file_id: int | None = None,
    child_household_of: int | None = None,
    hold: bool = False,
) -> Readiness:
    """Which wishes of *stage* (submitted or verified) may go on, of a campaign, one file or one child's household.

    The limits per child and household hold for publishing; a wish that is only to be verified need not fit them yet. With
    *hold* the consents stay as they are until the transaction ends: a withdrawal waits, and then finds the wish shown.
    """
    rules = rules_of(session, campaign_id)
    ceiling_fen = campaign_by_id(session, campaign_id).price_ceiling_fen
    household = sa.select(_CHILD.c.household_id).where(_CHILD.c.id == child_household_of).scalar_subquery()

    def narrowed(query: Any) -> Any:
        return query if child_household_of is None else query.where(_CHILD.c.household_id == household)

    candidates = narrowed(
        sa.select(_WISH.c.id, _WISH.c.child_id, _CHILD.c.household_id, _WISH.c.price_low_fen, _WISH.c.price_high_fen)
        .join(_CHILD, _CHILD.c.id == _WISH.c.child_id)
        .where(_WISH.c.campaign_id == campaign_id, _WISH.c.status == stage)
        .order_by(_WISH.c.priority.desc(), _WISH.c.id)
    )
    if file_id is not None:
        candidates = candidates.where(
            _WISH.c.id.in_(sa.select(_ROW.c.wish_id).where(_ROW.c.file_id == file_id, _ROW.c.wish_id.is_not(None)))
        )
    consents = narrowed(
        sa.select(_CONSENT.c.child_id)
        .join(_CHILD, _CHILD.c.id == _CONSENT.c.child_id)
        .where(_CHILD.c.campaign_id == campaign_id, _CONSENT.c.withdrawn_at.is_(None))
    )
    consented = set(session.execute(consents.with_for_update(read=True, of=_CONSENT) if hold else consents).scalars())
    per_child: Counter[int] = Counter()
    per_household: Counter[int] = Counter()
    if stage is Status.VERIFIED:
        for child_id, household_id, number in session.execute(
            narrowed(
                sa.select(_WISH.c.child_id, _CHILD.c.household_id, sa.func.count())
                .join(_CHILD, _CHILD.c.id == _WISH.c.child_id)
                .where(_WISH.c.campaign_id == campaign_id, _WISH.c.status.in_(SHOWN))
                .group_by(_WISH.c.child_id, _CHILD.c.household_id)
            )
        ):
            per_child[child_id] += number
            per_household[household_id] += number
    ready: list[int] = []
    held: dict[int, str] = {}
    for row in session.execute(candidates):
        highest = row.price_high_fen if row.price_high_fen is not None else row.price_low_fen
        if row.child_id not in consented:
            held[row.id] = "no_consent"
        elif highest is not None and highest > ceiling_fen:
            held[row.id] = "over_ceiling"
        elif stage is Status.VERIFIED and per_child[row.child_id] >= rules.max_wishes_per_child:
            held[row.id] = "child_limit"
        elif stage is Status.VERIFIED and per_household[row.household_id] >= rules.max_wishes_per_household:
            held[row.id] = "household_limit"
        else:
            ready.append(row.id)
            per_child[row.child_id] += 1
            per_household[row.household_id] += 1
    return Readiness(ready, held, rules.max_wishes_per_child, rules.max_wishes_per_household)


def has_consent(session: Session, child_id: int) -> bool:
    """Whether a consent that covers the wish is in force."""
    found = session.execute(
        sa.select(_CONSENT.c.scope).where(_CONSENT.c.child_id == child_id, _CONSENT.c.withdrawn_at.is_(None))
    ).scalars()
    return any("wish" in scope.split(",") for scope in found)


def consent_gone(session: Session, child_id: int) -> bool:
    """Whether there was consent and there is none any more."""
    ever = sa.select(_CONSENT.c.id).where(_CONSENT.c.child_id == child_id).limit(1)
    return session.execute(ever).first() is not None and not has_consent(session, child_id)


def rows_of_child(session: Session, child_id: int) -> list[int]:
    """Import rows whose sealed reading tells of this child: those its wishes came from, and what repeated them.

    Entries that were rejected or still wait belong to no child that is remembered; they are not among them.
    """
    own = sa.select(_ROW.c.id).join(_WISH, _WISH.c.id == _ROW.c.wish_id).where(_WISH.c.child_id == child_id)
    return sorted(
        session.execute(
            sa.select(_ROW.c.id).where(sa.or_(_ROW.c.id.in_(own), _ROW.c.duplicate_of_id.in_(own)))
        ).scalars()
    )
