"""``microwish gaps``, ``sweep`` and ``import events``, as somebody types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.tracking.world import NOON, World, build
from wishes.cli import Workbench
from wishes.commands.tracking import COMMANDS
from wishes.db import Database
from wishes.errors import NotFound
from wishes.settings import PACKAGE_DIR, Settings

DEMO = PACKAGE_DIR / "demo" / "hangzhou-2021"


@pytest.fixture
def world(sqlite_settings: Settings) -> World:
    return build(Database(sqlite_settings))


def microwish(settings: Settings, *words: str) -> Result:
    environment = {"MICROWISH_VAR_DIR": str(settings.var_dir), "MICROWISH_DATABASE_URL": settings.database_url}
    command = next((command for command in COMMANDS if command.name == words[0]), None)
    assert command is not None
    return CliRunner().invoke(command, words[1:], env=environment, obj=Workbench())


def answer(settings: Settings, *words: str) -> Any:
    done = microwish(settings, *words, "--json")
    assert done.exit_code == 0, (done.stderr, done.exception)
    return json.loads(done.stdout)


def test_a_history_is_imported_and_measured(world: World, sqlite_settings: Settings) -> None:
    loaded = answer(sqlite_settings, "import", "events", str(DEMO / "events.csv"), "--campaign", "test")
    assert (loaded["lines"], loaded["wishes"], loaded["repeated"], loaded["added"]) == (85509, 10000, 340, 85169)
    found = answer(sqlite_settings, "gaps", "--campaign", "test", "--as-of", "2021-12-31 18:00")
    assert set(found) == {"as_of", "measure", "overall", "by_county", "by_category"}
    assert set(found["overall"]) == {
        "n", "delivered", "censored", "p25", "median", "p75", "p90", "median_ci95", "still_waiting_after_days",
        "naive_median_of_delivered_only"}  # fmt: skip
    assert found["overall"]["n"] == found["overall"]["delivered"] + found["overall"]["censored"] == 9640
    assert list(found["overall"]["still_waiting_after_days"]) == ["7", "14", "30", "60", "90"]
    assert sum(group["n"] for group in found["by_county"].values()) == 9640
    branches = answer(
        sqlite_settings, "gaps", "--campaign", "test", "--by", "branch", "--measure", "published_to_delivery"
    )
    assert branches["as_of"] == "2022-01-01T00:00:00+08:00"  # the end of the file's last day, without being told
    assert "B018" in branches["by_branch"] and set(branches) == {"as_of", "measure", "overall", "by_branch"}


def test_two_periods_are_compared_and_couriers_are_measured(world: World, sqlite_settings: Settings) -> None:
    answer(sqlite_settings, "import", "events", str(DEMO / "events.csv"), "--campaign", "test")
    spring, summer = "2021-03-01..2021-06-30", "2021-07-01..2021-09-30"
    found = answer(sqlite_settings, "gaps", "--campaign", "test", "--compare", spring, summer)
    assert set(found) == {"as_of", "measure", "periods", "difference"}
    first, second = found["periods"]
    assert (first["from"], second["to"]) == ("2021-03-01", "2021-09-30") and first["n"] > 1000 < second["n"]
    assert found["difference"]["median_days"] == pytest.approx(second["median"] - first["median"])
    assert 0 <= found["difference"]["log_rank_p"] <= 1
    alike = answer(sqlite_settings, "gaps", "--campaign", "test", "--compare", spring, spring)
    assert alike["difference"] == {"median_days": 0, "log_rank_p": 1}
    carried = answer(sqlite_settings, "gaps", "--campaign", "test", "--by", "courier", "--measure", "in_transit")[
        "by_courier"
    ]
    assert all(key.startswith("V") or key == "none" for key in carried) and len(carried) > 20
    assert sum(one["n"] for one in carried.values()) > 9000
    wrong = microwish(sqlite_settings, "gaps", "--campaign", "test", "--compare", summer, "July")
    assert "Write a period like" in wrong.stderr


@pytest.mark.parametrize("moment", ["2026-12-10 12:00", "2026-12-10T04:00:00Z"])
def test_a_sweep_by_hand_does_what_the_ticks_do(world: World, sqlite_settings: Settings, moment: str) -> None:
    world.claimed(2, now=NOON)
    found = answer(sqlite_settings, "sweep", "--now", moment)
    assert found["now"] == "2026-12-10T12:00:00+08:00"
    assert found["swept"]["release"] == 2 and found["swept"]["skipped"] == 6 and found["relayed"]["events"] == 4
    again = answer(sqlite_settings, "sweep", "--now", moment)
    assert again["swept"]["taken"] == 0 and again["relayed"]["events"] == 0


def test_a_sweep_by_hand_sends_when_asked_to(world: World, sqlite_settings: Settings) -> None:
    world.claimed(1, now=NOON)
    done = microwish(sqlite_settings, "sweep", "--now", "2026-11-30 12:00", "--deliver", "--json")
    assert json.loads(done.stdout)["delivered"]["sent"] == 4
    assert "✉ volunteer0@example.org" in done.stderr


def test_what_cannot_be_used_is_refused_in_words(world: World, sqlite_settings: Settings, tmp_path: Path) -> None:
    assert "is not a moment" in microwish(sqlite_settings, "gaps", "--campaign", "test", "--as-of", "soon").stderr
    assert isinstance(microwish(sqlite_settings, "gaps", "--campaign", "nowhere").exception, NotFound)
    alone = tmp_path / "alone.csv"
    alone.write_text("wish_ref,event,occurred_at,recorded_at,actor,value\n")
    assert "--wishes" in microwish(sqlite_settings, "import", "events", str(alone), "--campaign", "test").stderr
