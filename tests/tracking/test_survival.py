"""The estimator against cases worked by hand and against a slow, literal product-limit reference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wishes.tracking.survival import Z_95, Curve, kaplan_meier, kaplan_meier_by_minute, log_rank, summary


def curve(days: Sequence[float], finished: Sequence[bool]) -> Curve:
    return kaplan_meier(np.array(days, dtype=float), np.array(finished, dtype=bool))


# Freireich et al. (1963), weeks in remission under 6-MP; the estimates are printed in every textbook on the subject.
WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [True, True, True, False, True, False, True, False, False, True, True, False, False, False, True, True] + [
    False
] * 5


def test_the_textbook_example_comes_out_as_printed() -> None:
    found = curve(WEEKS, RELAPSED)
    printed = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
    for week, share in printed.items():
        assert found.still_waiting(week) == pytest.approx(share, abs=5e-4)
    assert found.quantile(0.5) == 23
    assert found.quantile(0.25) == 13
    assert found.quantile(0.75) is None  # 45 % are still in remission when the follow-up ends


def test_the_textbook_median_has_the_interval_of_the_log_minus_log_bounds() -> None:
    assert curve(WEEKS, RELAPSED).quantile_interval(0.5) == (13, None)


def test_everybody_finished_gives_the_plain_shares() -> None:
    found = curve([1, 2, 3, 4], [True] * 4)
    assert list(found.waiting) == pytest.approx([0.75, 0.5, 0.25, 0])
    assert (found.quantile(0.25), found.quantile(0.5), found.quantile(0.75), found.quantile(0.9)) == (1, 2, 3, 4)


def test_a_quantile_reached_exactly_does_not_depend_on_the_last_bits() -> None:
    for n in range(2, 200, 2):
        assert curve(range(1, n + 1), [True] * n).quantile(0.5) == n // 2


def test_one_who_is_censored_when_another_finishes_was_still_at_risk() -> None:
    assert curve([5, 5], [True, False]).still_waiting(5) == pytest.approx(0.5)


def test_nobody_finished_yet_leaves_everything_open() -> None:
    found = summary(np.array([3.0, 4.0]), np.array([False, False]))
    assert (found["n"], found["delivered"], found["censored"], found["median"], found["median_ci95"]) == (
        2,
        0,
        2,
        None,
        [None, None],
    )
    assert found["still_waiting_after_days"]["90"] == 1 and found["naive_median_of_delivered_only"] is None


def test_no_wishes_at_all_is_an_answer_too() -> None:
    found = summary(np.array([]), np.array([], dtype=bool))
    assert (found["n"], found["median"], found["still_waiting_after_days"]["7"]) == (0, None, 1.0)


def test_the_naive_median_flatters_when_the_slow_ones_are_still_open() -> None:
    found = summary(np.array([1.0, 2, 3, 30, 30, 30]), np.array([True, True, True, False, False, False]))
    assert found["naive_median_of_delivered_only"] == 2 and found["median"] == 3


@pytest.mark.parametrize(("days", "finished"), [([1.0, 2.0], [True]), ([-1.0], [True]), ([math.nan], [True])])
def test_what_is_no_duration_is_refused(days: list[float], finished: list[bool]) -> None:
    with pytest.raises(ValueError, match=r"days|duration"):
        curve(days, finished)


def reference(days: Sequence[float], finished: Sequence[bool]) -> dict[float, tuple[Fraction, float, float]]:
    """S, lower and upper after each time, by counting heads, in exact fractions up to the logarithm."""
    share, greenwood, found = Fraction(1), Fraction(0), {}
    for time in sorted(set(days)):
        at_risk = sum(1 for d in days if d >= time)
        done = sum(1 for d, f in zip(days, finished, strict=True) if d == time and f)
        share *= Fraction(at_risk - done, at_risk)
        if at_risk > done:
            greenwood += Fraction(done, at_risk * (at_risk - done))
        if share in (0, 1):
            bounds = (float(share), float(share))
        else:
            width = Z_95 * math.sqrt(greenwood) / abs(math.log(share))
            bounds = (float(share) ** math.exp(width), float(share) ** math.exp(-width))
        found[time] = (share, *bounds)
    return found


@given(st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=60))
def test_the_curve_equals_the_literal_product_limit(cases: list[tuple[int, bool]]) -> None:
    days, finished = [d / 4 for d, _ in cases], [f for _, f in cases]
    found, expected = curve(days, finished), reference(days, finished)
    assert list(found.times) == sorted(expected)
    for n, time in enumerate(found.times):
        share, lower, upper = expected[float(time)]
        assert found.waiting[n] == pytest.approx(float(share), abs=1e-12)
        assert found.lower[n] == pytest.approx(lower, abs=1e-9)
        assert found.upper[n] == pytest.approx(upper, abs=1e-9)
    for percent in (25, 50, 75, 90):
        reached = [time for time, (share, _, _) in sorted(expected.items()) if share <= 1 - Fraction(percent, 100)]
        assert found.quantile(percent / 100) == (reached[0] if reached else None)


# Two groups of 21 leukaemia patients, weeks in remission; Freireich et al., Blood 21 (1963) 699. The log-rank test as told
# in Collett, Modelling Survival Data, and by lifelines 0.30.3: chi-square 16.793, p 4.1688e-05.
def test_the_log_rank_test_of_the_leukaemia_trial() -> None:
    treated, relapsed = np.array(WEEKS, dtype=float), np.array(RELAPSED, dtype=bool)
    placebo = np.array([1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23], dtype=float)
    chance = log_rank(treated, relapsed, placebo, np.ones(21, dtype=bool))
    assert chance == pytest.approx(4.1688e-05, rel=1e-3)
    assert log_rank(placebo, np.ones(21, dtype=bool), treated, relapsed) == pytest.approx(chance)
    assert log_rank(placebo, np.ones(21, dtype=bool), placebo, np.ones(21, dtype=bool)) == pytest.approx(1.0)


def test_where_nothing_has_finished_nothing_can_be_told_apart() -> None:
    waiting = np.zeros(3, dtype=bool)
    assert log_rank(np.ones(3), waiting, np.ones(3) * 2, waiting) is None
    assert log_rank(np.empty(0), np.empty(0, dtype=bool), np.ones(3), waiting) is None


def test_counting_minutes_draws_the_curve_that_sorting_draws() -> None:
    chance = np.random.default_rng(3)
    days = np.rint(chance.lognormal(2, 1, 30_000) * 1440) / 1440
    done = chance.random(days.size) < 0.8
    counted, sorted_ = kaplan_meier_by_minute(days, done), kaplan_meier(days, done)
    for column in ("times", "at_risk", "finished", "waiting", "lower", "upper"):
        assert getattr(counted, column) == pytest.approx(getattr(sorted_, column)), column
