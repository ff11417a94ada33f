"""The board says the same as the measure it is a quicker way to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from benchmarks.forecast import DEMO, _instant, history_from
from wishes.lifecycle import Status
from wishes.tracking.board import COUNTED_FROM, curve, figures, thinned
from wishes.tracking.flow import BANDS
from wishes.tracking.gaps import measured
from wishes.tracking.history import Grouping, History, micros
from wishes.tracking.ledger import Ledger, Narrow, ledger_of
from wishes.tracking.survival import kaplan_meier, summary
from wishes.tracking.tracks import MEASURES

END = _instant("2021-12-31 18:00")


@pytest.fixture(scope="module")
def history() -> History:
    return history_from(DEMO / "events.csv", DEMO / "events-wishes.csv", END)


@pytest.fixture(scope="module")
def ledger(history: History) -> Ledger:
    return ledger_of(history)


@pytest.mark.parametrize("measure", MEASURES)
def test_every_measure_is_that_of_the_gap(history: History, ledger: Ledger, measure: str) -> None:
    told = ledger.lasting(measure, ledger.rows(Narrow()), micros(END))
    found = figures(curve(told.days, told.done), told.days, told.done)
    spans = measured(history, as_of=END, measure=measure)
    wanted = summary(spans.days, spans.finished)
    assert (found["n"], found["done"], found["waiting"]) == (wanted["n"], wanted["delivered"], wanted["censored"])
    for name in ("p25", "median", "p75", "p90"):
        assert found[name] == (None if wanted[name] is None else pytest.approx(wanted[name], abs=1e-4))


def test_narrowed_to_a_district_it_is_that_district_s_row(history: History, ledger: Ledger) -> None:
    told = ledger.lasting("claim_to_delivery", ledger.rows(Narrow(county="330127")), micros(END))
    spans = measured(history, as_of=END, measure="claim_to_delivery")
    there = spans.groups["county"].codes == spans.groups["county"].names.index("330127")
    assert told.days.size == there.sum() > 1000
    assert np.median(told.days) == pytest.approx(np.median(spans.days[there]))
    assert ledger.rows(Narrow(county="nowhere")).sum() == 0


def test_counting_minutes_draws_the_curve_that_sorting_draws() -> None:
    chance = np.random.default_rng(3)
    days = np.rint(chance.lognormal(2, 1, COUNTED_FROM + 5) * 1440) / 1440
    done = chance.random(days.size) < 0.8
    quick, exact = curve(days, done), kaplan_meier(days, done)
    for share in (0.1, 0.5, 0.75, 0.9):
        assert quick.quantile(share) == pytest.approx(exact.quantile(share), abs=1e-3)
        assert quick.quantile_interval(share) == pytest.approx(exact.quantile_interval(share), abs=1e-3)


def test_nobody_appears_or_vanishes_in_the_flow(ledger: Ledger) -> None:
    standing = ledger.flow.standing()
    assert (standing >= 0).all()
    gone = int(np.isin(ledger.stage, [list(Status).index(s) for s in (Status.CANCELLED, Status.REJECTED)]).sum())
    assert int(standing[-1].sum()) == ledger.stage.size - gone
    for band, (_, stages) in enumerate(BANDS):
        here = int(np.isin(ledger.stage, [list(Status).index(stage) for stage in stages]).sum())
        assert standing[-1, band] == here
    by_county = sum(ledger.flow.standing(county)[-1].sum() for county in range(len(ledger.grouping("county").names)))
    assert by_county == standing[-1].sum()


def test_every_wish_under_way_has_one_age(ledger: Ledger) -> None:
    everyone = ledger.rows(Narrow())
    ages = ledger.ages(everyone, micros(END))
    assert sum(map(sum, ages.values())) == int(ledger.under_way(everyone).sum()) > 500


def test_a_thinned_curve_starts_with_everybody_and_never_rises(ledger: Ledger) -> None:
    told = ledger.lasting("claim_to_delivery", ledger.rows(Narrow()), micros(END))
    points = thinned(curve(told.days, told.done))
    assert points[0][:2] == (0.0, pytest.approx(1.0, abs=0.01)) and len(points) <= 61
    assert all(low <= share <= high for _, share, low, high in points)
    assert all(a[1] >= b[1] for a, b in pairwise(points))


def test_a_campaign_without_history_has_an_empty_board() -> None:
    nothing = history_without_events()
    ledger = ledger_of(nothing)
    assert ledger.lasting("claim_to_delivery", ledger.rows(Narrow()), micros(END)).days.size == 0
    assert not ledger.flow.standing().size


def history_without_events() -> History:
    none = np.empty(0, dtype=np.int64)
    groups = [Grouping(np.empty(0, dtype=np.int32), ()) for _ in range(4)]
    return History(none.astype(np.int32), none.astype(np.int8), none, none, *groups, none)


def test_instants_before_the_first_event_measure_nothing(ledger: Ledger) -> None:
    early = micros(datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=1))
    assert ledger.lasting("claim_to_delivery", ledger.rows(Narrow()), early).days.size == 0
