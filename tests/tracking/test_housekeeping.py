"""What has served its purpose is forgotten; what has not is kept."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from tests.tracking.world import NOON, World
from wishes.people.tables import SignInAttempt, WebSession
from wishes.tracking.housekeeping import TidyReport, tidy
from wishes.tracking.notices import Posting, post
from wishes.tracking.tables import Notice


def test_only_what_is_past_its_keeping_goes(world: World) -> None:
    account = world.account["worker"]
    with world.database.transaction() as session:
        for n, age in enumerate((1, 40)):
            session.add(
                WebSession(
                    secret_hash=bytes([n]) * 32,
                    account_id=account,
                    created_at=NOON,
                    expires_at=NOON - timedelta(days=age),
                    user_agent="",
                )
            )
            session.add(SignInAttempt(key="k", at=NOON - timedelta(days=age)))
        for n, (age, state) in enumerate(((10, "sent"), (400, "sent"), (400, "queued"))):
            post(session, [Posting(f"t:{n}", world.campaign, "propose", account)], now=NOON - timedelta(days=age))
            session.execute(sa.update(Notice).where(Notice.effect_key == f"t:{n}").values(state=state))
    assert tidy(world.database, now=NOON) == TidyReport(sessions=1, attempts=1, answers=0, notices=1)
    assert tidy(world.database, now=NOON) == TidyReport()
    assert {n.state for n in world.notices()} == {"sent", "queued"}
