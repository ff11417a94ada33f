"""What a process remembers of a campaign's history is always what the database says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.tracking.world import NOON, World, build
from wishes.claims import actions as claims
from wishes.db import Database
from wishes.settings import Settings
from wishes.tracking.gaps import gaps


def overall(database: Database, world: World, **asked: Any) -> dict[str, Any]:
    with database.reading() as session:
        return gaps(session, world.campaign, as_of=NOON + timedelta(days=30), **asked)


def release(world: World, wish: int) -> None:
    with world.database.transaction() as session:
        claims.release(session, wish_id=wish, actor=world.coordinator(), now=NOON + timedelta(days=2), reason="换人")


def test_what_happens_after_the_first_look_is_seen_at_the_next(world: World) -> None:
    [first] = world.claimed(1)
    assert overall(world.database, world)["overall"]["n"] == 1
    world.claimed(2)
    assert overall(world.database, world)["overall"]["n"] == 3
    release(world, first)
    for _ in range(3):
        assert overall(world.database, world)["overall"]["n"] == 2


def test_another_campaign_is_remembered_apart(world: World) -> None:
    world.claimed(2)
    assert overall(world.database, world)["overall"]["n"] == 2
    with world.database.reading() as session:
        assert gaps(session, world.campaign + 1, as_of=NOON)["overall"]["n"] == 0


def test_a_corrected_category_is_seen_once_an_event_tells_of_it(world: World) -> None:
    [wish] = world.claimed(1)
    assert set(overall(world.database, world)["by_category"]) == {"book"}
    with world.database.transaction() as session:
        session.execute(sa.text("UPDATE wish SET category = 'toy'"))
        claims.release(session, wish_id=wish, actor=world.coordinator(), now=NOON + timedelta(days=2), reason="换人")
    assert set(overall(world.database, world, measure="open")["by_category"]) == {"toy"}


def test_what_was_rolled_back_was_never_remembered(world: World) -> None:
    world.claimed(1)
    overall(world.database, world)
    ids = world.wishes(1)
    with pytest.raises(RuntimeError, match="undone"), world.database.transaction() as session:
        claims.claim(session, wish_id=ids[0], actor=world.volunteer_actor(), volunteer_id=world.volunteers[0], now=NOON)
        assert gaps(session, world.campaign, as_of=NOON)["overall"]["n"] == 2
        raise RuntimeError("undone")
    assert overall(world.database, world)["overall"]["n"] == 1


@pytest.mark.postgres
def test_a_slow_transaction_that_drew_a_lower_id_is_not_missed(postgres_settings: Settings) -> None:
    database, other = Database(postgres_settings), Database(postgres_settings)
    world = build(database, volunteers=2)
    slow_one, quick_one = world.wishes(2)
    with other.transaction() as slow:
        slow.execute(
            sa.text(
                "INSERT INTO event (campaign_id, wish_id, action, reason, data, occurred_at, recorded_at) "
                "VALUES (:c, :w, 'claim', '', '{}', :t, :t)"
            ),
            {"c": world.campaign, "w": slow_one, "t": NOON},
        )
        slow.flush()
        with database.transaction() as quick:
            quick.execute(
                sa.text(
                    "INSERT INTO event (campaign_id, wish_id, action, reason, data, occurred_at, recorded_at) "
                    "VALUES (:c, :w, 'claim', '', '{}', :t, :t)"
                ),
                {"c": world.campaign, "w": quick_one, "t": NOON},
            )
        for _ in range(3):
            assert overall(database, world)["overall"]["n"] == 1
    for _ in range(3):
        assert overall(database, world)["overall"]["n"] == 2
    database.dispose()
    other.dispose()
