"""The campaign of 2021, every measure, place and kind, at both of its dates, beside what lifelines says of the same events.

The figures in ``lifelines_2021.json`` come from ``benchmarks/lifelines_oracle.py``, which shares nothing with the product.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import settings_for
from tests.tracking.world import NOON, World, build
from wishes.campaigns.rules import Rules
from wishes.clock import SHANGHAI
from wishes.db import Database
from wishes.settings import PACKAGE_DIR
from wishes.tracking.gaps import gaps, spans_of
from wishes.tracking.past import import_history
from wishes.tracking.survival import Curve, kaplan_meier
from wishes.tracking.tracks import MEASURES

DEMO = PACKAGE_DIR / "demo" / "hangzhou-2021"
ORACLE: dict[str, Any] = json.loads((Path(__file__).parent / "lifelines_2021.json").read_text())
CASES = [(date, measure) for date, measures in ORACLE.items() for measure in measures]


@pytest.fixture(scope="module")
def demo(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("lifelines")
    shutil.copy(sqlite_template, folder / "m.sqlite3")
    database = Database(settings_for(f"sqlite:///{folder / 'm.sqlite3'}", folder))
    world = build(database, rules=Rules(events_as_of="2021-12-31 18:00"))
    with database.transaction() as session:
        import_history(
            session, campaign_id=world.campaign, events=DEMO / "events.csv", wishes=DEMO / "events-wishes.csv", now=NOON
        )
    yield world
    database.dispose()


QUANTILES = {"p25": 0.25, "median": 0.5, "p75": 0.75, "p90": 0.9}


def differences(told: dict[str, Any], wanted: list[float | None], curve: Curve) -> int:
    """Check one group against lifelines, and answer how many of its quantiles are ties.

    Where the share still waiting falls *exactly* to the level of a quantile, the quantile is that day. lifelines sums logarithms,
    whose last bits may leave the share a hair above: it then tells the next day, and another processor might tell this one.
    """
    n, done, *quantiles = wanted[:6]
    assert (told["n"], told["delivered"], told["censored"]) == (n, done, n - done)  # type: ignore[operator]
    assert [*told["median_ci95"], *told["still_waiting_after_days"].values()] == pytest.approx(wanted[6:], abs=5e-5)
    ties = 0
    for (name, share), theirs in zip(QUANTILES.items(), quantiles, strict=True):
        if told[name] != pytest.approx(theirs, abs=5e-5):
            here = int(np.searchsorted(curve.times, told[name] - 1e-5))
            assert curve.waiting[here] == pytest.approx(1 - share, abs=1e-9), (name, told[name], theirs)
            assert curve.times[here + 1] == pytest.approx(theirs, abs=5e-5)
            ties += 1
    return ties


@pytest.mark.parametrize(("date", "measure"), CASES)
def test_every_group_agrees_to_four_decimals(demo: World, date: str, measure: str) -> None:
    as_of = datetime.fromisoformat(date).replace(tzinfo=SHANGHAI)
    with demo.database.reading() as session:
        found = gaps(session, demo.campaign, as_of=as_of, measure=measure, by=("county", "category"))
        spans = spans_of(session, demo.campaign, as_of=as_of, measure=measure, by=("county", "category"))
    wanted = ORACLE[date][measure]
    assert not differences(found["overall"], wanted["overall"][""], kaplan_meier(spans.days, spans.finished))
    ties = 0
    for by in ("county", "category"):
        assert set(found[f"by_{by}"]) == set(wanted[by])
        groups = spans.groups[by]
        for key, figures in wanted[by].items():
            rows = groups.codes == groups.names.index(key)
            ties += differences(found[f"by_{by}"][key], figures, kaplan_meier(spans.days[rows], spans.finished[rows]))
    assert ties <= 4  # of about a hundred quantiles


def test_the_oracle_speaks_of_every_measure_the_campaign_has() -> None:
    never = {"proposed", "scheduled"}  # nobody was asked or made an appointment
    assert {measure for _, measure in CASES} == set(MEASURES) - never
