"""Each event reaches those who must know, once."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

import sqlalchemy as sa

from tests.tracking.world import NOON, World, build
from wishes.access import SYSTEM
from wishes.campaigns.rules import StepKind
from wishes.claims import actions as claims
from wishes.db import Database
from wishes.events.actions import record
from wishes.events.tables import Event
from wishes.i18n import LANGUAGES
from wishes.lifecycle import MOVES, Status
from wishes.tracking.policy import TIMED
from wishes.tracking.relay import BESIDES, TOLD, UNTOLD, RelayReport, relay
from wishes.tracking.sweep import sweep
from wishes.tracking.wording import NEXT_STEP, WORDS, line


def told(world: World) -> set[tuple[str, int | None]]:
    return {(n.kind, n.account_id) for n in world.notices()}


def test_a_claim_is_told_to_the_taker_the_secretary_and_the_community(world: World) -> None:
    world.claimed(1)
    relay(world.database, now=NOON)
    assert told(world) == {
        ("claimed", world.account["volunteer0"]),
        ("claimed_here", world.account["secretary"]),
        ("claimed_here", world.account["worker"]),
    }


def test_the_relay_run_again_tells_nothing_twice(world: World) -> None:
    world.claimed(3)
    assert relay(world.database, now=NOON).notices == 9
    assert relay(world.database, now=NOON) == RelayReport(0, 0)
    with world.database.transaction() as session:  # as if the mark had been lost
        session.execute(sa.update(Event).values(announced_at=None))
    relay(world.database, now=NOON)
    assert len(world.notices()) == 9


def test_a_released_claim_is_told_to_who_held_it_though_nobody_holds_it_now(world: World) -> None:
    [wish] = world.claimed(1)
    relay(world.database, now=NOON)
    with world.database.transaction() as session:
        claims.release(session, wish_id=wish, actor=world.coordinator(), now=NOON, reason="换人")
    relay(world.database, now=NOON)
    assert ("release", world.account["volunteer0"]) in told(world)
    assert ("release", world.account["coordinator"]) not in told(world)  # who did it knows


def test_a_lapse_reaches_taker_secretary_and_coordinator(world: World) -> None:
    world.claimed(1)
    sweep(world.database, now=NOON + timedelta(days=17))
    relay(world.database, now=NOON + timedelta(days=17))
    assert {account for kind, account in told(world) if kind == "lapse"} == {
        world.account[name] for name in ("volunteer0", "secretary", "coordinator")
    }


def test_a_cancelled_wish_is_told_to_who_held_it(world: World) -> None:
    [wish] = world.claimed(1)
    relay(world.database, now=NOON)
    with world.database.transaction() as session:
        claims.cancel(
            session, wish_id=wish, actor=world.coordinator(), now=NOON + timedelta(hours=1), reason="不需要了"
        )
    relay(world.database, now=NOON + timedelta(hours=1))
    assert ("cancel", world.account["volunteer0"]) in told(world)


def test_the_branch_secretary_is_told_of_what_is_proposed_to_a_member_without_account(world: World) -> None:
    with world.database.transaction() as session:
        session.execute(
            sa.text("UPDATE account SET active = false WHERE id = :id"), {"id": world.account["volunteer0"]}
        )
    world.proposed(1)
    relay(world.database, now=NOON)
    assert told(world) == {("propose", world.account["secretary"])}


def test_events_nobody_is_told_of_leave_the_queue_all_the_same(world: World) -> None:
    with world.database.transaction() as session:
        record(session, action="campaign_changed", campaign_id=world.campaign, now=NOON, actor=SYSTEM)
    assert relay(world.database, now=NOON) == RelayReport(1, 0)
    assert relay(world.database, now=NOON) == RelayReport(0, 0)


def test_ten_thousand_proposals_are_told_by_the_batch(database: Database) -> None:
    world = build(database, volunteers=50)
    for number in range(50):
        ids = world.wishes(200)
        taker = {"volunteer_id": world.volunteers[number], "branch_id": world.branch}
        with database.transaction() as session:
            session.execute(
                sa.insert(Event.__table__),
                [
                    {
                        "campaign_id": world.campaign,
                        "wish_id": wish,
                        "action": "propose",
                        "old_status": "open",
                        "new_status": "proposed",
                        "reason": "",
                        "data": taker,
                        "occurred_at": NOON,
                        "recorded_at": NOON,
                    }
                    for wish in ids
                ],
            )
    asked: list[str] = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    report = relay(database, now=NOON)
    assert report == RelayReport(10_000, 10_000)
    assert len(asked) < 200, "by the batch, not by the event"


def test_every_move_says_who_is_told_or_that_nobody_is() -> None:
    assert set(MOVES) | BESIDES == set(TOLD) | UNTOLD and not set(TOLD) & UNTOLD


def test_every_kind_of_notice_has_words_in_both_languages() -> None:
    kinds = {kind for rows in TOLD.values() for kind, _ in rows} | set(get_args(StepKind))
    assert kinds == set(WORDS)
    for kind in kinds:
        for stage in Status:
            for language in LANGUAGES:
                text = line(
                    kind, {"code": "W000001", "item": "图书", "stage": str(stage), "due_on": "2026-11-30"}, language
                )
                assert "W000001" in text and "{" not in text


def test_every_stage_that_may_have_a_deadline_says_what_it_waits_for() -> None:
    assert set(TIMED) <= set(NEXT_STEP)
