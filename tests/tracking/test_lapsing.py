"""Claims that lapse together: each of them as if it had lapsed alone; on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from tests.tracking.world import NOON, World
from wishes.claims import actions as claims
from wishes.claims.lapsing import lapse_many
from wishes.claims.tables import Branch, Claim, Volunteer
from wishes.events.tables import Event
from wishes.intake.tables import Wish
from wishes.lifecycle import Status
from wishes.tracking.sweep import sweep
from wishes.tracking.tables import Clock

LATER = NOON + timedelta(days=20)


def rows_of(world: World, table: Any, *, without: set[str]) -> list[dict[str, Any]]:
    with world.database.reading() as session:
        found = session.execute(sa.select(table.__table__).order_by(table.id)).mappings()
        return [{name: value for name, value in row.items() if name not in without} for row in found]


def test_each_lapses_as_if_alone(world: World) -> None:
    alone, together = world.claimed(3), world.claimed(3)
    with world.database.transaction() as session:
        for wish in alone:
            claims.lapse(session, wish_id=wish, now=LATER)
    counted = rows_of(world, Volunteer, without=set())[0], rows_of(world, Branch, without=set())[0]
    assert counted[0]["lapses"] == 3 and counted[0]["live_claims"] == 3
    with world.database.transaction() as session:
        assert lapse_many(session, wish_ids=together, now=LATER).moved == together
    assert rows_of(world, Volunteer, without=set())[0] == {**counted[0], "lapses": 6, "live_claims": 0}
    branch = rows_of(world, Branch, without=set())[0]
    assert branch["used_count"] == branch["used_fen"] == 0
    for table, without in (
        (Claim, {"id", "wish_id", "code", "key"}),
        (Wish, {"id", "code"}),
        (Event, {"id", "wish_id", "claim_id"}),
        (Clock, {"id", "wish_id"}),
    ):
        rows = rows_of(world, table, without=without)
        whose = [row.get("wish_id", row["id"]) for row in rows_of(world, table, without=set())]
        ours, theirs = (
            [row for row, wish in zip(rows, whose, strict=True) if wish in ids] for ids in (alone, together)
        )
        assert sorted(map(str, ours)) == sorted(map(str, theirs)), table
    told = [event for event in world.events("lapse") if event.wish_id in together]
    with world.database.reading() as session:
        held = dict(session.execute(sa.select(Claim.wish_id, Claim.id)).all())
    assert [event.claim_id for event in told] == [held[event.wish_id] for event in told]


def test_one_that_cannot_lapse_does_not_hold_up_the_others(world: World) -> None:
    good, broken, also_good = world.claimed(3)
    with world.database.transaction() as session:
        session.execute(sa.text("UPDATE claim SET state = 'ended' WHERE wish_id = :wish"), {"wish": broken})
    report = sweep(world.database, now=LATER)
    assert (report.release, report.failed) == (2, 1)
    assert [world.status(wish) for wish in (good, broken, also_good)] == [Status.OPEN, Status.CLAIMED, Status.OPEN]
    clock = world.open_clock(broken)
    assert clock is not None and clock.problem == "conflict" and clock.attempts == 1


def test_who_is_no_longer_claimed_is_refused_by_itself(world: World) -> None:
    [held], [open_wish] = world.claimed(1), world.wishes(1)
    with world.database.transaction() as session:
        done = lapse_many(session, wish_ids=[held, open_wish, 999_999], now=LATER)
    assert done.moved == [held] and done.refused == {open_wish: "not_possible_now", 999_999: "not_found"}
