"""The forecast: right where the answer is known, silent where nobody can know, and better than the median so far."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from benchmarks.forecast import DEMO, _instant, history_from, score
from wishes.tracking.forecast import EDGES, Floats, Outlook, Standing, fit
from wishes.tracking.forecast_history import STAGES, landmarks, learn, standing_at
from wishes.tracking.history import CODE, Grouping, History, micros

START = datetime(2021, 3, 1, tzinfo=UTC)


def standing(n: int, *, stage: int = 0, place: int = 0) -> Standing:
    return Standing(np.full(n, stage), np.zeros(n), np.full(n, place), np.zeros(n, dtype=np.int64))


def exponential(n: int, mean: float, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).exponential(mean, n)


def test_the_chance_to_be_still_waiting_is_the_one_the_waits_were_drawn_from() -> None:
    waits = exponential(4000, 10.0)
    learnt = fit(standing(4000), waits, np.ones(4000, dtype=bool), np.arange(4000), stages=1, places=1, sorts=1)
    assert learnt is not None
    ahead = learnt.outlook(standing(1))
    for days in (3.0, 7.0, 14.0, 30.0):
        assert ahead.still_waiting(np.array([days]))[0] == pytest.approx(np.exp(-days / 10), abs=0.03)
    assert ahead.quantile(0.5)[0] == pytest.approx(10 * np.log(2), abs=0.7)


def test_who_is_still_waiting_counts_as_at_least_so_long() -> None:
    waits = exponential(6000, 20.0)
    seen = np.minimum(waits, 15.0)
    learnt = fit(standing(6000), seen, waits <= 15.0, np.arange(6000), stages=1, places=1, sorts=1)
    assert learnt is not None
    naive = float(np.median(seen[waits <= 15.0]))
    told = float(learnt.outlook(standing(1)).quantile(0.4)[0])
    assert naive < 7 < told == pytest.approx(20 * -np.log(0.6), abs=1.5)


def test_a_slow_place_is_told_apart_and_a_place_never_seen_is_the_average() -> None:
    place = np.repeat([0, 1], 2000)
    waits = np.where(place == 0, exponential(4000, 5.0), exponential(4000, 15.0, seed=2))
    known = Standing(np.zeros(4000, dtype=np.int64), np.zeros(4000), place, np.zeros(4000, dtype=np.int64))
    learnt = fit(known, waits, np.ones(4000, dtype=bool), np.arange(4000), stages=1, places=2, sorts=1)
    assert learnt is not None
    quick, slow, unknown = (float(learnt.outlook(standing(1, place=at)).quantile(0.5)[0]) for at in (0, 1, -1))
    assert quick < unknown < slow and slow > 1.5 * quick


def test_with_too_little_data_nothing_is_said() -> None:
    few = fit(standing(49), exponential(49, 5.0), np.ones(49, dtype=bool), np.arange(49), stages=1, places=1, sorts=1)
    assert few is None
    enough = fit(
        standing(500), exponential(500, 5.0), np.ones(500, dtype=bool), np.arange(500), stages=2, places=1, sorts=1
    )
    assert enough is not None
    assert np.isnan(enough.outlook(standing(1, stage=1)).quantile(0.5)[0])
    assert np.isnan(enough.outlook(standing(1, stage=1)).still_waiting(np.array([3.0]))[0])


def test_landmarks_of_one_wish_are_not_taken_for_many_wishes() -> None:
    assert (
        fit(
            standing(900),
            exponential(900, 5.0),
            np.ones(900, dtype=bool),
            np.zeros(900, dtype=np.int64),
            stages=1,
            places=1,
            sorts=1,
        )
        is None
    )


def test_beyond_the_last_bin_the_day_is_later_than_can_be_said() -> None:
    forever = Outlook(np.full((1, EDGES.size - 1), 0.9))
    assert np.isinf(forever.quantile(0.5)[0]) and forever.quantile(0.05)[0] < 1


def one_wish(*events: tuple[str, float, float]) -> History:
    """Events as (kind, day it happened, day it was heard of)."""
    at = [micros(START + timedelta(days=day)) for _, day, _ in events]
    heard = [micros(START + timedelta(days=day)) for _, _, day in events]
    return History(
        np.zeros(len(events), dtype=np.int32), np.array([CODE[kind] for kind, _, _ in events], dtype=np.int8),
        np.array(at, dtype=np.int64), np.array(heard, dtype=np.int64), Grouping(np.zeros(len(events), dtype=np.int32), ("",)),
        *(Grouping(np.zeros(1, dtype=np.int32), ("x",)) for _ in range(3)), np.array([micros(START + timedelta(days=99))]),
    )  # fmt: skip


def test_a_landmark_knows_what_was_known_then_and_what_followed() -> None:
    story = one_wish(("published", 0, 0), ("claimed", 4, 4), ("dispatched", 8, 8), ("delivered", 10, 18))
    on_the_12th = standing_at(story, micros(START + timedelta(days=12)))
    assert STAGES[int(on_the_12th.stage[0])] == "in_transit"  # the delivery was not reported yet
    seen = landmarks(story, as_of=START + timedelta(days=40), every_days=1)
    assert [STAGES[stage] for stage in seen.standing.stage[:5]] == ["open", "open", "open", "claimed", "claimed"]
    assert seen.delivered.all() and seen.delivery_days[0] == 9 and seen.stay_days[0] == 3
    reported_late = seen.delivery_days[seen.standing.stage == STAGES.index("in_transit")]
    assert reported_late.min() == 0  # it had arrived already


def test_a_delivery_that_is_not_known_yet_is_no_delivery() -> None:
    story = one_wish(("published", 0, 0), ("claimed", 4, 4), ("delivered", 10, 18))
    assert not landmarks(story, as_of=START + timedelta(days=17), every_days=1).delivered.any()


def test_on_the_history_of_2021_it_beats_the_median_so_far_and_its_chances_come_true() -> None:
    history = history_from(DEMO / "events.csv", DEMO / "events-wishes.csv", _instant("2021-12-31 18:00"))
    scored = score(history, _instant("2021-09-30 18:00"))
    ours, naive = scored["forecast"], scored["median_so_far"]
    assert scored["forecast_for"] == scored["under_way"] > 1000
    for days in ("3", "7", "14", "30"):
        assert ours["brier"][days] < 0.7 * naive["brier"][days]
    assert ours["date_error_days"] < naive["date_error_days"]
    assert 0.75 <= ours["interval_80_held"] <= 0.9 and naive["interval_80_held"] < 0.7
    for row in ours["calibration"]:
        if row["n"] >= 200:
            assert row["came_true"] == pytest.approx(row["mean_said"], abs=0.1)
    assert scored["stay"]["brier_7_days"] < scored["stay"]["brier_of_the_mean"]


def test_on_the_first_days_of_2021_it_says_that_there_is_too_little_data() -> None:
    history = history_from(DEMO / "events.csv", DEMO / "events-wishes.csv", _instant("2021-12-31 18:00"))
    assert learn(history, as_of=_instant("2021-03-20 18:00")).delivery is None
