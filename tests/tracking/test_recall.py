"""What a process remembers of a campaign's history is always what the database says."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from tests.tracking.world import NOON, World, build
from wishes.claims import actions as claims
from wishes.db import Database
from wishes.events.actions import move, record
from wishes.events.tables import Event
from wishes.lifecycle import Status
from wishes.settings import Settings
from wishes.tracking.gaps import gaps
from wishes.tracking.history import STAGE_CODE
from wishes.tracking.ledger import Ledger, ledger_of
from wishes.tracking.past import import_history
from wishes.tracking.recall import history_of, ledger_now


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


def same(told: Ledger, wanted: Ledger) -> None:
    """Both say the same of every wish, whatever order the names of their groups came in."""
    for column in ("stage", "since", "horizon"):
        assert np.array_equal(getattr(told, column), getattr(wanted, column)), column
    for name, grouping in wanted.groups.items():
        ours = [told.groups[name].names[code] for code in told.groups[name].codes]
        assert ours == [grouping.names[code] for code in grouping.codes], name
    for measure, track in wanted.tracks.items():
        for part in ("start", "end", "done"):
            assert np.array_equal(getattr(told.tracks[measure], part), getattr(track, part)), (measure, part)
    assert np.array_equal(told.flow.standing()[-1], wanted.flow.standing()[-1])
    assert told.recorded == wanted.recorded


def test_a_ledger_kept_up_with_the_news_is_the_ledger_made_from_everything(world: World, settings: Settings) -> None:
    """Steps of all kinds, looked at after each: the remembered ledger and history are those a new process reads."""
    chance = random.Random(5)
    with world.database.reading() as session:
        ledger_now(session, world.campaign)
    ids = world.claimed(12)
    later = world.wishes(6)
    keeper, now = world.coordinator(), NOON
    steps = [("prepare", ""), ("inspect", ""), ("dispatch", ""), ("deliver", ""), ("dispute", "坏了"), ("redo", "重做")]
    at = dict.fromkeys(ids, 0)
    for number in range(40):
        now += timedelta(hours=chance.randint(1, 30))
        with world.database.transaction() as session:
            if number % 7 == 6 and later:
                wish = later.pop(0)
                claims.claim(
                    session, wish_id=wish, actor=world.volunteer_actor(), volunteer_id=world.volunteers[0], now=now
                )
                ids.append(wish)
                at[wish] = 0
            else:
                wish = chance.choice(ids)
                name, reason = steps[at[wish] % len(steps)]
                heard_late = timedelta(hours=chance.choice([0, 0, 5]))
                move(session, name, wish_id=wish, actor=keeper, now=now, reason=reason, occurred_at=now - heard_late)
                at[wish] += 1
        if number % 11 == 10:
            with world.database.transaction() as session:
                session.execute(
                    sa.text("UPDATE wish SET category = 'toy', county_code = '330106' WHERE id = :i"), {"i": wish}
                )
                record(session, action="correct", campaign_id=world.campaign, wish_id=wish, actor=keeper, now=now)
        with world.database.reading() as session:
            kept = ledger_now(session, world.campaign)
            if number % 4 == 3:
                same(ledger_of(history_of(session, world.campaign)), kept)
        anew = Database(settings)
        with anew.reading() as session:
            wanted = ledger_now(session, world.campaign)
        anew.dispose()
        # a new process numbers the wishes by their ids; here they came in that order too
        same(kept, wanted)


def test_wishes_first_heard_of_in_any_order_are_measured_alike(world: World, settings: Settings) -> None:
    world.claimed(2)
    assert overall(world.database, world)["overall"]["n"] == 2
    for days, wish in enumerate(reversed(world.wishes(3))):
        with world.database.transaction() as session:
            claims.claim(
                session,
                wish_id=wish,
                actor=world.volunteer_actor(),
                volunteer_id=world.volunteers[0],
                now=NOON + timedelta(days=days),
            )
            if days:
                session.execute(sa.text("UPDATE wish SET county_code = '330106' WHERE id = :id"), {"id": wish})
        asked = overall(world.database, world, measure="claimed", by=("county", "branch"))
    release(world, wish)
    asked = overall(world.database, world, measure="open", by=("county", "category"))
    anew = Database(settings)
    assert asked == overall(anew, world, measure="open", by=("county", "category"))
    anew.dispose()


def test_a_ledger_somebody_still_reads_does_not_change_under_them(world: World) -> None:
    [wish] = world.claimed(1)
    with world.database.reading() as session:
        before = ledger_now(session, world.campaign)
    release(world, wish)
    with world.database.reading() as session:
        after = ledger_now(session, world.campaign)
    here = STAGE_CODE[Status.CLAIMED], STAGE_CODE[Status.OPEN]
    assert (before.stage[0], after.stage[0]) == here
    assert before.groups["county"].codes is after.groups["county"].codes  # what stayed the same is shared


def test_an_imported_history_joins_what_is_remembered(world: World, tmp_path: Path) -> None:
    world.claimed(1)
    assert overall(world.database, world)["overall"]["n"] == 1
    (tmp_path / "e.csv").write_text(
        "wish_ref,event,occurred_at,recorded_at,actor,value\nW1,claimed,2021-03-05 08:00,,B2,\n"
    )
    (tmp_path / "w.csv").write_text("wish_ref,county_code,category\nW1,330102,book\n")
    with world.database.transaction() as session:
        import_history(
            session, campaign_id=world.campaign, events=tmp_path / "e.csv", wishes=tmp_path / "w.csv", now=NOON
        )
    assert overall(world.database, world, by=("branch",))["by_branch"]["B2"]["n"] == 1


@pytest.mark.postgres
def test_a_slow_transaction_that_drew_a_lower_id_is_not_missed(postgres_settings: Settings) -> None:
    database, other = Database(postgres_settings), Database(postgres_settings)
    world = build(database, volunteers=2)
    slow_one, quick_one = world.wishes(2)
    claimed = {"campaign_id": world.campaign, "action": "claim", "occurred_at": NOON, "recorded_at": NOON}
    with other.transaction() as slow:
        slow.execute(sa.insert(Event.__table__), {**claimed, "wish_id": slow_one})
        with database.transaction() as quick:
            quick.execute(sa.insert(Event.__table__), {**claimed, "wish_id": quick_one})
        for _ in range(3):
            assert overall(database, world)["overall"]["n"] == 1
    for _ in range(3):
        assert overall(database, world)["overall"]["n"] == 2
    database.dispose()
    other.dispose()
