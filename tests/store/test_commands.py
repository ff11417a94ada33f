"""The commands: pure JSON on standard output, progress on standard error, nothing stored by a dry run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner, Result

from tests.store.conftest import DEMO, Desk, line, workbook
from wishes.campaigns.overview import campaign_counts
from wishes.cli import Workbench, cli
from wishes.db import Database
from wishes.settings import Settings


@pytest.fixture
def run(sqlite_settings: Settings) -> Run:
    return Run(sqlite_settings)


class Run:
    """``run("campaign", "list")`` on a database of its own."""

    def __init__(self, settings: Settings) -> None:
        self.bench = Workbench()
        self.bench.__dict__.update(settings=settings, database=Database(settings))
        self("init")

    def __call__(self, *words: str) -> Result:
        done = CliRunner().invoke(cli, list(words), obj=self.bench)
        assert done.exit_code == 0, done.output + done.stderr
        return done

    def json(self, *words: str) -> object:
        return json.loads(self(*words).stdout)

    def counts(self) -> dict[str, object]:
        with self.bench.database.reading() as session:
            return campaign_counts(session, 1)


def sample(folder: Path) -> Path:
    """The demonstration's workbooks of one township and its school."""
    folder.mkdir()
    for path in sorted((DEMO / "wishes").iterdir()):
        if "下涯镇" in path.name:
            shutil.copy(path, folder)
    return folder


def test_a_campaign_is_loaded_listed_and_shown_as_json(run: Run) -> None:
    loaded = run.json("campaign", "load", str(DEMO), "--json")
    assert isinstance(loaded, dict) and loaded["created"] is True
    listed = run.json("campaign", "list", "--json")
    assert isinstance(listed, list) and [each["slug"] for each in listed] == ["hangzhou-2021"]
    shown = run.json("campaign", "show", "hangzhou-2021", "--json")
    assert isinstance(shown, dict) and shown["counts"]["places"] == 205 and shown["rules"]["max_wishes_per_child"] == 3
    copied = run.json(
        "campaign", "copy", "hangzhou-2021", "next", "--start", "2022-01-01", "--end", "2022-12-31", "--json"
    )
    assert isinstance(copied, dict) and copied["places_copied"] is True


def test_registers_are_imported_and_a_dry_run_stores_nothing(run: Run, tmp_path: Path) -> None:
    run("campaign", "load", str(DEMO))
    for name, entries in (("branches", 100), ("members", 1000), ("volunteers", 300)):
        rows = tmp_path / f"{name}.json"
        dry = run.json(
            "import", name, str(DEMO / f"{name}.xlsx"), "--campaign", "hangzhou-2021", "--dry-run", "--json", str(rows)
        )
        assert isinstance(dry, dict) and (dry["added"], dry["dry_run"]) == (entries, True)
        assert len(json.loads(rows.read_text())) == entries
    assert (run.counts()["branches"], run.counts()["volunteers"]) == (0, 0)
    for name in ("branches", "members", "volunteers"):
        run("import", name, str(DEMO / f"{name}.xlsx"), "--campaign", "hangzhou-2021")
    again = run.json(
        "import",
        "members",
        str(DEMO / "members.xlsx"),
        "--campaign",
        "hangzhou-2021",
        "--json",
        str(tmp_path / "m.json"),
    )
    assert isinstance(again, dict) and (again["added"], again["changed"], again["same"]) == (0, 0, 1000)
    assert (run.counts()["branches"], run.counts()["volunteers"]) == (100, 1300)


def test_wishes_are_imported_verified_and_published_and_every_number_is_accounted_for(run: Run, tmp_path: Path) -> None:
    run("campaign", "load", str(DEMO))
    folder, entries, report = sample(tmp_path / "in"), tmp_path / "wishes.json", tmp_path / "report.xlsx"
    dry = run.json(
        "import",
        "wishes",
        str(folder),
        "--campaign",
        "hangzhou-2021",
        "--dry-run",
        "--json",
        str(entries),
        "--report",
        str(report),
    )
    assert isinstance(dry, dict) and run.counts()["files"] == 0
    told = json.loads(entries.read_text())
    truth = json.loads((DEMO / "sample-truth.json").read_text())
    assert set(told[0]) == {"file", "confidence", "duplicate_of", *truth["columns"]}
    assert dry["read"] == len(told) == dry["accepted"] + dry["rejected"] + dry["parked"] + dry["duplicates"]
    wet = run.json("import", "wishes", str(folder), "--campaign", "hangzhou-2021", "--json", str(entries))
    assert isinstance(wet, dict) and wet["stored"]["wishes"] == dry["accepted"]
    verified = run.json("verify", "--campaign", "hangzhou-2021", "--json")
    published = run.json("publish", "--campaign", "hangzhou-2021", "--json")
    assert isinstance(verified, dict) and isinstance(published, dict)
    assert verified["moved"] == dry["accepted"] == published["moved"] + published["held"]
    again = run.json("import", "wishes", str(folder), "--campaign", "hangzhou-2021", "--json", str(entries))
    assert isinstance(again, dict) and again["stored"]["wishes"] == 0 and len(again["repeated_files"]) == wet["files"]


def test_the_report_names_every_entry_and_never_holds_a_live_formula(run: Run, tmp_path: Path) -> None:
    run("campaign", "load", str(DEMO))
    source, report = tmp_path / "a.xlsx", tmp_path / "report.xlsx"
    source.write_bytes(
        workbook(line("章小一", "=HYPERLINK(1)书包"), line("章小二", "+书包@1", guardian="章乙", phone="19900000002"))
    )
    run("import", "wishes", str(source), "--campaign", "hangzhou-2021", "--dry-run", "--report", str(report))
    book = openpyxl.load_workbook(report)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"]
    assert book["心愿"].max_row == 3


def test_desk_and_command_read_a_file_alike(desk: Desk, run: Run, tmp_path: Path) -> None:
    run("campaign", "load", str(DEMO))
    source, entries = tmp_path / "a.xlsx", tmp_path / "a.json"
    data = workbook(line("章小一", "书包"), line("章小二", "弹弓"))
    source.write_bytes(data)
    run("import", "wishes", str(source), "--campaign", "hangzhou-2021", "--dry-run", "--json", str(entries))
    assert json.loads(entries.read_text()) == json.loads(json.dumps(desk.take(a=data).objects()))
