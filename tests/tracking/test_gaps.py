"""The gap, measured with those who still wait, as it was known at any moment."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import settings_for
from tests.tracking.world import NOON, World, build
from wishes.campaigns.rules import Rules
from wishes.claims import actions as claims
from wishes.claims.actions import finish_claim
from wishes.clock import SHANGHAI
from wishes.db import Database
from wishes.errors import Invalid
from wishes.events.actions import move
from wishes.lifecycle import MOVES
from wishes.settings import PACKAGE_DIR
from wishes.tracking.gaps import gap_curve, gaps
from wishes.tracking.history import IMPORTABLE, KIND_OF_MOVE
from wishes.tracking.past import HistoryReport, import_history
from wishes.tracking.recall import last_known
from wishes.tracking.survival import summary
from wishes.tracking.tracks import MEASURES

DEMO = PACKAGE_DIR / "demo" / "hangzhou-2021"
BOTH_DATES = ("2021-12-31 18:00", "2021-09-30 18:00")


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def load(
    world: World, tmp_path: Path, events: str, wishes: str = "W1,330102,book\nW2,330102,toy\nW3,330106,book\n"
) -> HistoryReport:
    (tmp_path / "events.csv").write_text("wish_ref,event,occurred_at,recorded_at,actor,value\n" + events)
    (tmp_path / "wishes.csv").write_text("wish_ref,county_code,category\n" + wishes)
    with world.database.transaction() as session:
        return import_history(
            session,
            campaign_id=world.campaign,
            events=tmp_path / "events.csv",
            wishes=tmp_path / "wishes.csv",
            now=NOON,
        )


def figures(world: World, as_of: str, **asked: Any) -> dict[str, Any]:
    with world.database.reading() as session:
        return gaps(session, world.campaign, as_of=shanghai(as_of), **asked)


HISTORY = """W1,published,2021-03-01 08:00,,,
W1,claimed,2021-03-02 08:00,,B1,
W1,released,2021-03-03 08:00,,B1,
W1,claimed,2021-03-05 08:00,,B2,
W1,delivered,2021-03-15 08:00,2021-03-20 08:00,,
W2,published,2021-03-01 08:00,,,
W2,claimed,2021-03-02 08:00,,B1,
W2,cancelled,2021-03-08 08:00,,,
W3,published,2021-03-01 08:00,,,
W3,claimed,2021-03-04 08:00,,B1,
W3,released,2021-03-06 08:00,,B1,
"""


def test_the_gap_runs_from_the_claim_in_force(world: World, tmp_path: Path) -> None:
    load(world, tmp_path, HISTORY)
    found = figures(world, "2021-03-31 08:00", by=("county", "branch"))
    overall = found["overall"]
    assert (overall["n"], overall["delivered"], overall["censored"]) == (2, 1, 1)  # W3 was released: nobody claims it
    assert overall["median"] == 10 and overall["naive_median_of_delivered_only"] == 10
    assert set(found["by_branch"]) == {"B1", "B2"} and found["by_branch"]["B2"]["median"] == 10
    assert set(found["by_county"]) == {"330102"}


def test_the_childs_wait_counts_from_the_first_publication_and_includes_the_released(
    world: World, tmp_path: Path
) -> None:
    load(world, tmp_path, HISTORY)
    found = figures(world, "2021-03-31 08:00", measure="published_to_delivery", by=("category", "branch"))
    assert (found["overall"]["n"], found["overall"]["delivered"]) == (3, 1)
    assert found["by_category"]["book"]["median"] == 14
    assert set(found["by_branch"]) == {"B1", "B2", "none"}


def test_what_was_recorded_later_was_not_known_then(world: World, tmp_path: Path) -> None:
    load(world, tmp_path, HISTORY)
    before, after = figures(world, "2021-03-19 08:00"), figures(world, "2021-03-20 08:00")
    assert (before["overall"]["delivered"], after["overall"]["delivered"]) == (0, 1)
    assert after["as_of"] == "2021-03-20T08:00:00+08:00"


def test_before_anything_was_known_there_is_nothing(world: World, tmp_path: Path) -> None:
    load(world, tmp_path, HISTORY)
    assert figures(world, "2021-01-01 08:00")["overall"]["n"] == 0


def test_nobody_is_followed_beyond_the_day_the_file_was_taken(world: World, tmp_path: Path) -> None:
    load(world, tmp_path, "W1,published,2021-03-01 00:00,,,\nW1,claimed,2021-03-02 00:00,,B1,\n")
    with world.database.reading() as session:
        assert gap_curve(session, world.campaign, as_of=NOON).times.tolist() == [1.0]  # to the end of its last day
        assert last_known(session, world.campaign, NOON) == datetime(2021, 3, 2, 16, tzinfo=UTC)


def test_an_event_sent_twice_counts_once_and_is_known_since_it_was_first_recorded(world: World, tmp_path: Path) -> None:
    twice = "W1,claimed,2021-03-05 08:00,2021-03-09 08:00,B2,\nW1,claimed,2021-03-05 08:00,,B2,\n"
    report = load(world, tmp_path, "W1,published,2021-03-01 08:00,,,\n" + twice)
    assert (report.lines, report.repeated, report.added) == (3, 1, 2)
    assert figures(world, "2021-03-05 08:00")["overall"]["n"] == 1


def test_a_file_loaded_again_adds_nothing(world: World, tmp_path: Path) -> None:
    first = load(world, tmp_path, HISTORY)
    again = load(world, tmp_path, HISTORY)
    assert (first.added, again.added) == (11, 0)
    assert figures(world, "2021-03-31 08:00")["overall"]["n"] == 2


def test_a_longer_file_of_the_same_campaign_adds_what_is_new(world: World, tmp_path: Path) -> None:
    load(world, tmp_path, HISTORY)
    assert load(world, tmp_path, HISTORY + "W3,claimed,2021-04-01 08:00,,B2,\n").added == 1
    assert figures(world, "2021-04-02 08:00")["overall"]["n"] == 3


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("W9,claimed,2021-03-05 08:00,,,", "line 2: the wish is not in the list"),
        ("W1,borrowed,2021-03-05 08:00,,,", "line 2: there is no event “borrowed”"),
        ("W1,claimed,5 March,,,", "line 2: a time or value"),
        ("W1,feedback,2021-03-05 08:00,,,good", "line 2: a time or value"),
        ("W1,claimed,2021-03-05 08:00", "line 2: the number of columns"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_and_nothing_is_loaded(
    world: World, tmp_path: Path, line: str, says: str
) -> None:
    with pytest.raises(Invalid) as refused:
        load(world, tmp_path, line + "\n")
    assert says in refused.value.say("en")
    assert figures(world, "2021-12-31 08:00", measure="published_to_delivery")["overall"]["n"] == 0


def test_a_stage_ends_when_the_wish_goes_on_and_is_cut_short_when_it_is_sent_back(world: World, tmp_path: Path) -> None:
    load(world, tmp_path, HISTORY)
    claimed = figures(world, "2021-03-31 08:00", measure="claimed")["overall"]
    assert (claimed["n"], claimed["delivered"]) == (3, 1)  # delivered; cancelled and released are censored
    still_open = figures(world, "2021-03-31 08:00", measure="open")["overall"]
    assert (still_open["n"], still_open["delivered"], still_open["censored"]) == (3, 2, 1)  # W3 is open again


def test_a_measure_or_grouping_there_is_not_is_refused_by_name(world: World) -> None:
    for asked in ({"measure": "joy"}, {"by": ("zodiac",)}):
        with pytest.raises(Invalid):
            figures(world, "2021-03-31 08:00", **asked)


def test_every_measure_answers_on_an_empty_campaign(world: World) -> None:
    for measure in MEASURES:
        assert (
            figures(world, "2021-03-31 08:00", measure=measure, by=("county", "category", "branch", "community"))[
                "overall"
            ]["n"]
            == 0
        )


def test_every_move_of_the_lifecycle_has_its_place_in_the_history() -> None:
    assert set(KIND_OF_MOVE) == set(MOVES)


def test_live_events_are_measured_by_the_same_rules(world: World) -> None:
    first, second, third = world.claimed(3)
    with world.database.transaction() as session:
        for name, hours in (("prepare", 24), ("deliver_directly", 48)):
            move(session, name, wish_id=first, actor=world.coordinator(), now=NOON + timedelta(hours=hours))
        finish_claim(session, wish_id=first, now=NOON + timedelta(hours=48))
        claims.release(
            session, wish_id=second, actor=world.coordinator(), now=NOON + timedelta(hours=30), reason="换人"
        )
        claims.cancel(
            session, wish_id=third, actor=world.coordinator(), now=NOON + timedelta(hours=40), reason="不需要了"
        )
    with world.database.reading() as session:
        found = gaps(session, world.campaign, as_of=NOON + timedelta(days=9), by=("branch", "community", "county"))
        earlier = gaps(session, world.campaign, as_of=NOON + timedelta(hours=25), by=())
    overall = found["overall"]
    assert (overall["n"], overall["delivered"], overall["median"]) == (2, 1, 2.0)
    assert set(found["by_branch"]) == {str(world.branch)} and set(found["by_community"]) == {str(world.community)}
    assert (earlier["overall"]["n"], earlier["overall"]["delivered"]) == (3, 0)


def test_a_delivery_reported_late_counts_from_when_it_happened(world: World) -> None:
    [wish] = world.claimed(1)
    with world.database.transaction() as session:
        move(session, "prepare", wish_id=wish, actor=world.coordinator(), now=NOON + timedelta(days=1))
        move(
            session,
            "deliver_directly",
            wish_id=wish,
            actor=world.coordinator(),
            now=NOON + timedelta(days=9),
            occurred_at=NOON + timedelta(days=4),
        )
    with world.database.reading() as session:
        assert gaps(session, world.campaign, as_of=NOON + timedelta(days=8))["overall"]["delivered"] == 0
        assert gaps(session, world.campaign, as_of=NOON + timedelta(days=9))["overall"]["median"] == 4


def test_a_wish_that_is_done_again_waits_again(world: World) -> None:
    [wish] = world.claimed(1)
    with world.database.transaction() as session:
        for name, day, reason in (
            ("prepare", 1, ""),
            ("deliver_directly", 2, ""),
            ("dispute", 3, "坏了"),
            ("redo", 4, "重做"),
        ):
            move(session, name, wish_id=wish, actor=world.coordinator(), now=NOON + timedelta(days=day), reason=reason)
    with world.database.reading() as session:
        assert gaps(session, world.campaign, as_of=NOON + timedelta(days=3))["overall"]["delivered"] == 1
        assert gaps(session, world.campaign, as_of=NOON + timedelta(days=5))["overall"]["delivered"] == 0


def test_history_and_live_wishes_are_measured_together(world: World, tmp_path: Path) -> None:
    load(world, tmp_path, HISTORY)
    world.claimed(2)
    with world.database.transaction() as session:
        assert last_known(session, world.campaign, NOON) == NOON
        found = gaps(session, world.campaign, as_of=NOON + timedelta(days=1), by=("branch",))
    assert found["overall"]["n"] == 4
    assert found["by_branch"][str(world.branch)]["n"] == 2


# --- the campaign of 2021 ---------------------------------------------------------------------------------------------


def story_by_hand(as_of: datetime, measure: str) -> Iterator[tuple[float, bool, str, str]]:
    """Duration, finished, county and category of each wish, by walking through its events one by one."""
    with (DEMO / "events-wishes.csv").open(encoding="utf-8") as file:
        groups = {row["wish_ref"]: (row["county_code"], row["category"]) for row in csv.DictReader(file)}
    known: dict[tuple[str, str, datetime], datetime] = {}
    with (DEMO / "events.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            at = shanghai(row["occurred_at"])
            heard = shanghai(row["recorded_at"]) if row["recorded_at"] else at
            key = (row["wish_ref"], row["event"], at)
            known[key] = min(heard, known.get(key, heard))
    events = sorted((ref, at, IMPORTABLE.index(event)) for (ref, event, at), heard in known.items() if heard <= as_of)
    for ref, story in groupby(events, key=lambda event: event[0]):
        published = claimed = delivered = cancelled = None
        for _, at, number in story:
            match IMPORTABLE[number]:
                case "published":
                    published = published or at
                case "claimed":
                    claimed = at
                case "released":
                    claimed = None
                case "delivered":
                    delivered = at
                case "cancelled":
                    cancelled = at
        start = claimed if measure == "claim_to_delivery" else published
        if start is not None:
            yield (
                ((delivered or cancelled or as_of) - start).total_seconds() / 86400,
                delivered is not None,
                *groups[ref],
            )


@pytest.fixture(scope="module")
def demo(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("demo")
    shutil.copy(sqlite_template, folder / "m.sqlite3")
    database = Database(settings_for(f"sqlite:///{folder / 'm.sqlite3'}", folder))
    world = build(database, rules=Rules(events_as_of=BOTH_DATES[0]))
    with database.transaction() as session:
        import_history(
            session, campaign_id=world.campaign, events=DEMO / "events.csv", wishes=DEMO / "events-wishes.csv", now=NOON
        )
    yield world
    database.dispose()


@pytest.mark.parametrize("as_of", BOTH_DATES)
@pytest.mark.parametrize("measure", ["claim_to_delivery", "published_to_delivery"])
def test_the_campaign_of_2021_measures_as_walked_by_hand(demo: World, as_of: str, measure: str) -> None:
    found = figures(demo, as_of, measure=measure)
    rows = list(story_by_hand(shanghai(as_of), measure))
    days, done = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    assert found["overall"] == summary(days, done)
    for name, place in (("by_county", 2), ("by_category", 3)):
        keys = sorted({row[place] for row in rows})
        assert sorted(found[name]) == keys
        for key in keys:
            mine = np.array([row[place] == key for row in rows])
            assert found[name][key] == summary(days[mine], done[mine])


# Computed with lifelines 0.30.3 (KaplanMeierFitter and its default intervals), which is too heavy to depend on:
# n, delivered, p25, median, p75, p90, the median's interval, still waiting after 7/14/30/60/90 days, naive median.
LIFELINES = [
    ("claim_to_delivery", BOTH_DATES[0], (9640, 9167, 12.870139, 17.711806, 24.972917, 35.168056), (17.268056, 17.884722),
     (0.983923, 0.687412, 0.156225, 0.019094, 0.004417), 17.233333),
    ("claim_to_delivery", BOTH_DATES[1], (7530, 6619, 12.909722, 17.838889, 25.141667, 35.467361), (17.458333, 17.990972),
     (0.984150, 0.692935, 0.157022, 0.020179, 0.004667), 17.119444),
    ("published_to_delivery", BOTH_DATES[0], (9969, 9167, 19.309028, 27.015278, 40.370139, 59.827778), (26.773611, 27.319444),
     (0.998886, 0.917971, 0.427618, 0.098990, 0.041221), 26.102083),
    ("published_to_delivery", BOTH_DATES[1], (8094, 6619, 19.467361, 27.175694, 40.879167, 60.665278), (26.896528, 27.808333),
     (0.998852, 0.919411, 0.432618, 0.102437, 0.041401), 25.798611),
]  # fmt: skip


@pytest.mark.parametrize(("measure", "as_of", "plain", "interval", "waiting", "naive"), LIFELINES)
def test_the_campaign_of_2021_agrees_with_lifelines_to_four_decimals(
    demo: World,
    measure: str,
    as_of: str,
    plain: tuple[float, ...],
    interval: tuple[float, ...],
    waiting: tuple[float, ...],
    naive: float,
) -> None:
    overall = figures(demo, as_of, measure=measure)["overall"]
    found = [overall[name] for name in ("n", "delivered", "p25", "median", "p75", "p90")]
    assert found == pytest.approx(plain, abs=5e-5)
    assert overall["median_ci95"] == pytest.approx(interval, abs=5e-5)
    assert list(overall["still_waiting_after_days"].values()) == pytest.approx(waiting, abs=5e-5)
    assert overall["naive_median_of_delivered_only"] == pytest.approx(naive, abs=5e-5)
