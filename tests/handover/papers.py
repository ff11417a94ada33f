"""A campaign with many wishes in somebody's hands, for tests that print."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col

from tests.factories import NOW, Place, insert, make_wish
from wishes.claims.tables import Claim, ClaimState
from wishes.db import Database
from wishes.intake.tables import Child, Household, Wish
from wishes.lifecycle import Status


def held_wishes(
    database: Database, place: Place, count: int, *, status: Status = Status.READY, now: datetime = NOW
) -> list[int]:
    """*count* wishes, each of a child of its own, that the place's branch has claimed."""
    made = []
    with database.transaction() as session:
        household_id = insert(session, Household, campaign_id=place.id)
        for number in range(count):
            elsewhere = number % 3 == 0
            child_id = insert(
                session, Child, campaign_id=place.id, household_id=household_id, alias=f"小鹿{number}", sex="F", birth_year=2011,
                community_id=place.other_community_id if elsewhere else place.community_id, created_at=now,
            )  # fmt: skip
            wish_id = make_wish(session, place, status=status, elsewhere=elsewhere, taker_branch_id=place.branch_id)
            session.execute(sa.update(Wish).where(col(Wish.id) == wish_id).values(child_id=child_id))
            insert(
                session, Claim, campaign_id=place.id, wish_id=wish_id, branch_id=place.branch_id, state=ClaimState.LIVE,
                claimed_at=now,
            )  # fmt: skip
            made.append(wish_id)
    return made
