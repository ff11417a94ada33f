"""The coordinator's table: whoever waits longest first."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.tracking.world import NOON, World
from wishes.lifecycle import Status
from wishes.tracking.actions import pause
from wishes.tracking.waiting import Page, oldest_waiting


def asked(world: World, **words: object) -> Page:
    with world.database.reading() as session:
        return oldest_waiting(session, world.campaign, now=NOON + timedelta(days=20), **words)  # type: ignore[arg-type]


def test_the_oldest_claim_comes_first_with_its_days_and_lateness(world: World) -> None:
    late = world.claimed(1, now=NOON + timedelta(days=5))
    early = world.claimed(1, now=NOON)
    page = asked(world)
    assert [row.wish_id for row in page.rows] == [*early, *late] and page.after is None
    first = page.rows[0]
    assert (first.days_waiting, first.overdue_days, first.status) == (20, 10, Status.CLAIMED)
    assert (first.branch, first.community, first.county_code) == ("第一支部", "第一社区", "330102")


def test_pages_follow_each_other_without_gap_or_repetition(world: World) -> None:
    ids = world.claimed(7)  # all of one instant
    found: list[int] = []
    page = asked(world, limit=3)
    while True:
        found += [row.wish_id for row in page.rows]
        if page.after is None:
            break
        page = asked(world, limit=3, after=page.after)
    assert found == ids


def test_since_publication_the_unclaimed_wait_too(world: World) -> None:
    ids = world.wishes(2)
    assert asked(world).rows == []
    assert [row.wish_id for row in asked(world, since="published").rows] == ids


@pytest.mark.parametrize(("words", "count"), [
    ({"county_code": "330102"}, 2), ({"county_code": "330106"}, 0), ({"category": "book"}, 2), ({"category": "toy"}, 0),
    ({"statuses": [Status.READY]}, 0), ({"overdue_only": True}, 1)])  # fmt: skip
def test_the_table_can_be_narrowed(world: World, words: dict[str, object], count: int) -> None:
    world.claimed(1, now=NOON)
    world.claimed(1, now=NOON + timedelta(days=15))
    assert len(asked(world, **words).rows) == count


def test_a_paused_wish_is_marked_and_not_called_late(world: World) -> None:
    [wish] = world.claimed(1)
    with world.database.transaction() as session:
        pause(session, wish_id=wish, actor=world.coordinator(), now=NOON + timedelta(days=1), reason="进城")
    [row] = asked(world).rows
    assert row.paused and row.overdue_days is None


def test_a_clock_that_gave_up_shows_its_problem(world: World) -> None:
    world.claimed(1)
    with world.database.transaction() as session:
        session.execute(sa.text("UPDATE clock SET problem = 'conflict' WHERE closed_at IS NULL"))
    assert asked(world).rows[0].problem == "conflict"
