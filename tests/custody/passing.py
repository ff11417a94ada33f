"""A thing that two people have passed, for tests about what comes after."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from tests.factories import insert, make_account
from wishes.claims.actions import live_claim_id
from wishes.custody.tables import Inspection, Look
from wishes.events.actions import wish_state


def looked_over(session: Session, wish_id: int, *, now: datetime) -> None:
    insert(
        session, Inspection, campaign_id=wish_state(session, wish_id).campaign_id, wish_id=wish_id,
        claim_id=live_claim_id(session, wish_id), on_the_spot=True, state=Look.PASSED, first_by=make_account(session), first_at=now,
        second_name="支委甲", second_at=now,
    )  # fmt: skip
