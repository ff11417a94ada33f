"""Working days, days of one's own, and delays that get shorter near a key date. Nothing here touches a database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from wishes.campaigns.rules import Calendar, Deadline, KeyDate, OwnDeadline, Rules, Step
from wishes.clock import SHANGHAI
from wishes.lifecycle import Status
from wishes.tracking.clocks import clock_values
from wishes.tracking.deadlines import FIRST_YEAR_UNKNOWN, approaches, due_at, is_working_day, key_day, step_at
from wishes.tracking.ladder import walk

LADDER = Deadline(
    days=10, ladder=(Step(kind="remind", hours=-72), Step(kind="warn", hours=0), Step(kind="escalate", hours=72))
)


def noon(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T12:00:00").replace(tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-09-30", 1, "2026-10-08"),  # the National Day holiday lies between
        ("2026-10-09", 1, "2026-10-10"),  # a Saturday that is worked instead
        ("2026-11-20", 2, "2026-11-24"),  # an ordinary weekend
    ],
)
def test_working_days_skip_holidays_and_count_weekend_days_that_are_worked(start: str, days: int, due: str) -> None:
    assert due_at(noon(start), Deadline(days=days, working_days=True)) == noon(due)


def test_a_year_the_library_does_not_know_is_counted_by_what_was_set_else_by_weekdays() -> None:
    year = FIRST_YEAR_UNKNOWN
    monday = next(day for n in range(1, 8) if (day := date(year, 6, n)).weekday() == 0)
    saturday = monday + timedelta(days=5)
    assert is_working_day(monday) and not is_working_day(saturday)
    told = Calendar(holidays=(monday,), workdays=(saturday,))
    assert not is_working_day(monday, told) and is_working_day(saturday, told)
    friday = noon((monday - timedelta(days=3)).isoformat())
    rules = Rules(deadlines={Status.READY: Deadline(days=1, working_days=True)}, calendar=told)
    values = clock_values(rules, Status.READY, friday)
    assert values is not None and values[0] == noon((monday + timedelta(days=1)).isoformat())


def test_a_communitys_days_go_before_a_categorys_and_those_before_the_campaigns() -> None:
    rules = Rules(
        deadlines={Status.CLAIMED: LADDER},
        own_deadlines=(
            OwnDeadline(stage=Status.CLAIMED, category="aid", days=20),
            OwnDeadline(stage=Status.CLAIMED, community_id=7, days=5),
            OwnDeadline(stage=Status.CLAIMED, community_id=7, category="aid", days=30, working_days=True),
            OwnDeadline(stage=Status.OPEN, category="book", days=9),
        ),
    )

    def days(category: str, community: int) -> float:
        found = rules.deadline_of(Status.CLAIMED, category=category, community_id=community)
        assert found is not None and found.ladder == LADDER.ladder
        return found.days

    assert [days("toy", 1), days("aid", 1), days("toy", 7), days("aid", 7)] == [10, 20, 5, 30]
    assert rules.deadline_of(Status.OPEN, category="toy", community_id=1) is None
    alone = rules.deadline_of(Status.OPEN, category="book", community_id=1)
    assert alone is not None and alone.days == 9


SUMMER = Rules(key_dates=(KeyDate(day="06-01", lead_days=14, factor=0.5),))


@pytest.mark.parametrize(
    ("due", "after"),
    [
        ("2026-04-01", 72),  # far away: the whole delay
        ("2026-05-25", 36),  # within the fortnight: half of it
        ("2026-06-02", 72),  # the day is over
    ],
)
def test_near_a_key_date_what_follows_a_deadline_comes_sooner(due: str, after: float) -> None:
    assert step_at(noon(due), noon("2026-01-01"), LADDER, 2, SUMMER) == noon(due) + timedelta(hours=after)


def test_a_delay_that_runs_into_the_season_is_shortened_from_there_on() -> None:
    begins = datetime(2026, 5, 17, 16, tzinfo=UTC)  # 18 May in Shanghai
    due = begins - timedelta(hours=24)
    assert step_at(due, due, LADDER, 2, SUMMER) == begins + timedelta(hours=24)


def test_a_delay_that_outlasts_the_season_runs_on_at_the_old_pace() -> None:
    ends = datetime(2026, 6, 1, 16, tzinfo=UTC)  # the night after 1 June in Shanghai
    due = ends - timedelta(hours=12)  # which use up 24 of the 72 hours
    assert step_at(due, due, LADDER, 2, SUMMER) == ends + timedelta(hours=48)


def test_reminders_before_a_deadline_stay_where_they_are_and_steps_stay_in_order() -> None:
    due, opened = noon("2026-05-25"), noon("2026-01-01")
    moments = [step_at(due, opened, LADDER, n, SUMMER) for n in range(3)]
    assert moments[0] == due - timedelta(hours=72) and moments == sorted(m for m in moments if m is not None)


def test_where_two_seasons_overlap_the_sharper_one_holds() -> None:
    rules = Rules(
        key_dates=(KeyDate(day="06-01", lead_days=30, factor=0.8), KeyDate(day="2026-05-31", lead_days=7, factor=0.25))
    )
    due = noon("2026-05-28")
    assert step_at(due, due, LADDER, 2, rules) == due + timedelta(hours=18)


def test_the_campaigns_end_is_a_key_date_too() -> None:
    rules = Rules(key_dates=(KeyDate(day="campaign_end", lead_days=10),), ends_on=date(2026, 12, 31))
    due = noon("2026-12-28")
    assert step_at(due, due, LADDER, 2, rules) == due + timedelta(hours=36)
    assert step_at(due, due, LADDER, 2, rules.model_copy(update={"ends_on": None})) == due + timedelta(hours=72)


def test_moving_holidays_come_from_the_maintained_library_and_an_unknown_year_says_so() -> None:
    spring = KeyDate(day="spring_festival")
    assert key_day(spring, None, 2026) == date(2026, 2, 15)
    assert key_day(spring, None, FIRST_YEAR_UNKNOWN) is None
    rules = Rules(key_dates=(spring, KeyDate(day="06-01")))
    last = date(FIRST_YEAR_UNKNOWN - 1, 11, 22)
    unknown, summer = approaches(rules, last)
    assert (unknown.begins_on, unknown.on) == (None, None)
    assert summer.on == date(FIRST_YEAR_UNKNOWN, 6, 1) and summer.begins_on == date(FIRST_YEAR_UNKNOWN, 5, 18)


def test_after_a_standstill_the_step_that_takes_the_wish_away_is_not_lost_behind_a_later_notice() -> None:
    deadline = Deadline(
        days=1, ladder=(Step(kind="warn", hours=0), Step(kind="release", hours=24), Step(kind="escalate", hours=48))
    )
    due = noon("2026-03-02")
    path = walk(deadline, opened=due, due=due, step=0, acknowledged=False, now=due + timedelta(days=9))
    assert [(rung.kind, rung.verdict) for rung in path.rungs] == [
        ("warn", "superseded"),
        ("release", "do"),
        ("escalate", "superseded"),
    ]
