"""How long a coordinator waits: all workbooks of the demonstration campaign, dry run.

Run as ``python -m benchmarks.intake``. Prints seconds for the bare spreadsheet library and for the whole intake on two
processes, peak memory of all processes together, and how the time grows when one workbook has 1, 4 and 16 times the rows.
"""

from __future__ import annotations

import csv
import io
import json
import re
import threading
import time
from pathlib import Path

import openpyxl
import python_calamine

from wishes.intake.understanding import (
    CampaignRules,
    Lexicon,
    Places,
    Source,
    catalogue_from_rows,
    find_duplicates,
    mark_duplicates,
    read_many,
    read_one,
)
from wishes.intake.words import default_words

DEMO = Path(__file__).parents[1] / "wishes" / "demo" / "hangzhou-2021"


def bare_reading(paths: list[Path]) -> float:
    """Seconds python-calamine needs for the same files, one process, values only."""
    started = time.perf_counter()
    for path in paths:
        if path.suffix == ".xlsx":
            book = python_calamine.CalamineWorkbook.from_path(str(path))
            for name in book.sheet_names:
                book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        else:
            path.read_bytes()
    return time.perf_counter() - started


class PeakMemory:
    """Samples the proportional memory of this process and its children, in MB."""

    def __init__(self) -> None:
        self.peak = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            total = sum(_memory(pid) for pid in _family())
            self.peak = max(self.peak, total / 1000)


def _family() -> list[str]:
    children = []
    for task in Path("/proc/self/task").iterdir():
        try:
            children += (task / "children").read_text().split()
        except OSError:
            continue
    return ["self", *children]


def _memory(pid: str) -> int:
    """Kilobytes; memory shared by forked processes counts once over all of them."""
    try:
        found = re.search(r"Pss:\s*(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text())
    except OSError:
        return 0
    return int(found[1]) if found else 0


def grown(path: Path, times: int) -> bytes:
    """The workbook's first sheet with its data rows repeated."""
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    rows = [[c.value for c in row] for row in sheet.iter_rows()]
    out = openpyxl.Workbook(write_only=True)
    page = out.create_sheet("表")
    for row in rows[:4]:
        page.append(row)
    for _ in range(times):
        for row in rows[4:]:
            page.append(row)
    stream = io.BytesIO()
    out.save(stream)
    return stream.getvalue()


def main() -> None:
    words = default_words()
    with (DEMO / "places.csv").open(encoding="utf-8") as file:
        places = Places.from_rows(csv.DictReader(file), words.provinces)
    with (DEMO / "catalogue.csv").open(encoding="utf-8") as file:
        catalogue = catalogue_from_rows(csv.DictReader(file))
    rules = CampaignRules.from_campaign(json.loads((DEMO / "campaign.json").read_text("utf-8")))
    paths = sorted((DEMO / "wishes").iterdir())
    bare = min(bare_reading(paths) for _ in range(3))
    print(f"python-calamine alone: {bare:.2f} s")
    best = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        readings = read_many(paths, rules=rules, places=places, catalogue=catalogue, words=words, processes=2)
        mark_duplicates(readings, find_duplicates(readings, year=rules.start_on.year))
        best = min(best, time.perf_counter() - started)
    entries = sum(len(r.entries) for r in readings)
    print(
        f"intake, 2 processes: {best:.2f} s for {len(paths)} files and {entries} wishes: {best / bare:.1f} times, {entries / best:,.0f} wishes/s"
    )
    with PeakMemory() as memory:
        read_many(paths, rules=rules, places=places, catalogue=catalogue, words=words, processes=2)
    print(f"peak memory, all processes: {memory.peak:.0f} MB")
    base = DEMO / "wishes" / "工作簿33.xlsx"
    for times in (1, 4, 16):
        source = Source("grown.xlsx", data=grown(base, times))
        lexicon = Lexicon(words, catalogue, places)
        started = time.perf_counter()
        count = len(read_one(source, rules, lexicon).entries)
        spent = time.perf_counter() - started
        print(f"{times:2d} x rows: {count:5d} wishes in {spent:.3f} s, {spent / count * 1e6:.0f} us a wish")


if __name__ == "__main__":
    main()
