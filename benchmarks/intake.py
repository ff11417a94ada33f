"""How long a coordinator waits: all workbooks of the demonstration campaign, dry run.

Run as ``python -m benchmarks.intake``. Prints seconds for the bare spreadsheet library and for the whole intake on two
processes, peak memory of all processes together, and how the time grows when one workbook has 1, 4 and 16 times the rows.

The bare reader is the plain loop anybody would write: python-calamine opens every file and lays out every sheet, one process,
wall time. The intake is what ``import wishes --dry-run`` does between its start and its answer, without the database: build the
campaign's reader from words, places and catalogue, read and understand the files, compare all children with each other. Both
are timed in a fresh process forked for this one run, so that neither finds anything remembered from a run before; what both
have beforehand are their imports. The best of several runs counts, taken in turns so that a busy machine is busy for both.
"""

from __future__ import annotations

import csv
import io
import json
import multiprocessing
import os
import re
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import openpyxl
import python_calamine

from wishes.intake.annotated import annotated_workbook
from wishes.intake.grids import view_of
from wishes.intake.kinship import compare
from wishes.intake.reader import Reader, files_in, read_files
from wishes.intake.reading import read_workbook
from wishes.intake.understanding import CampaignRules, FileReading, Lexicon, Places, catalogue_from_rows
from wishes.intake.understanding.many import without_looking_for_cycles
from wishes.intake.words import default_words

DEMO = Path(__file__).parents[1] / "wishes" / "demo" / "hangzhou-2021"
RUNS = 7
GIVEN = "一乙丙丁明文华安宁清远航博雅涵辰"


def bare_reading() -> float:
    """Seconds python-calamine needs for the files, values only."""
    started = time.perf_counter()
    for path in files_in([DEMO / "wishes"]):
        if path.suffix == ".xlsx":
            book = python_calamine.CalamineWorkbook.from_path(str(path))
            for name in book.sheet_names:
                book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        else:
            path.read_bytes()
    return time.perf_counter() - started


def demo_reader() -> Reader:
    """The demonstration campaign's reader."""
    words = default_words()
    with (DEMO / "places.csv").open(encoding="utf-8") as file:
        places = Places.from_rows(csv.DictReader(file), words.provinces)
    with (DEMO / "catalogue.csv").open(encoding="utf-8") as file:
        catalogue = catalogue_from_rows(csv.DictReader(file))
    rules = CampaignRules.from_campaign(json.loads((DEMO / "campaign.json").read_text("utf-8")))
    return Reader(rules, Lexicon(words, catalogue, places))


def whole_intake() -> list[FileReading]:
    """The files, read on two processes and compared."""
    readings = list(read_files(demo_reader(), files_in([DEMO / "wishes"]), processes=2))
    compare(readings)
    return readings


def timed_intake() -> tuple[float, float, int]:
    """Seconds by the clock, processor seconds of all processes, and how many wishes were read."""
    started, busy = time.perf_counter(), _processor_seconds()
    readings = whole_intake()
    spent = time.perf_counter() - started, _processor_seconds() - busy
    return *spent, sum(len(reading.entries) for reading in readings)


def _processor_seconds() -> float:
    """Of this process and of those it has seen end."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def intake_memory() -> float:
    """Peak MB of all processes together."""
    with PeakMemory() as memory:
        whole_intake()
    return memory.peak


def growth() -> list[tuple[int, int, float, float]]:
    """Times the rows, wishes read, and processor seconds to read and to compare one workbook that grows.

    Each is measured alone in a process of its own, which has nothing remembered, and the least of several runs counts.
    """
    found = []
    for times in (1, 4, 16):
        data = grown(DEMO / "wishes" / "工作簿33.xlsx", times)
        runs = [afresh(partial(grown_intake, data)) for _ in range(RUNS)]
        found.append((times, runs[0][0], min(run[1] for run in runs), min(run[2] for run in runs)))
    return found


def grown_intake(data: bytes) -> tuple[int, float, float]:
    """Wishes read, processor seconds to read, processor seconds to compare."""
    reader = demo_reader()
    with without_looking_for_cycles():  # as where many files are read
        started = time.process_time()
        reading = reader.read(data, "grown.xlsx")
        between = time.process_time()
        compare([reading])
        return len(reading.entries), between - started, time.process_time() - between


def remarked(rows: int = 15_000, columns: int = 20) -> tuple[int, float]:
    """Remarks written, and processor seconds to write them into a workbook of so many cells."""
    page = openpyxl.Workbook(write_only=True)
    sheet = page.create_sheet("表")
    head = ["姓名", "心愿", "价格", "家长同意"]
    sheet.append([*head, *(f"附{n}" for n in range(columns - len(head)))])
    for row in range(rows):
        sheet.append(
            ["王大山", "书包" if row % 3 else "弹弓", 80, "是", *(f"说明{row}" for _ in range(columns - len(head)))]
        )
    stream = io.BytesIO()
    page.save(stream)
    data, reader = stream.getvalue(), demo_reader()
    workbook = read_workbook(data, "表.xlsx")
    reading, sender = reader.understand(workbook)
    view = view_of(workbook, reading, sender=sender)
    started = time.process_time()
    remarks = {
        page.name: {at: (marks[0].weight, marks[0].code) for at, marks in page.marks.items()}
        for page in view.annotated(reading.entries)
    }
    annotated_workbook(data, "表.xlsx", view, remarks)
    return sum(map(len, remarks.values())), time.process_time() - started


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
        while not self._done.wait(0.02):
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
    """The workbook's first table with its data rows repeated, each time with other names: further children, not the same ones."""
    book = openpyxl.load_workbook(path)
    page_read = next(page for page in demo_reader().read(path.read_bytes(), path.name).sheets if page.tables)
    table = page_read.tables[0]
    rows = [[cell.value for cell in row] for row in book[page_read.name].iter_rows()]
    name = next(column.column for column in table.columns if column.role == "name")
    out = openpyxl.Workbook(write_only=True)
    page = out.create_sheet("表")
    for row in rows[: table.first_row]:
        page.append(row)
    for copy in range(times):
        for row in rows[table.first_row :]:
            other = f"{row[name]}{GIVEN[copy]}" if row[name] and copy else row[name]
            page.append([*row[:name], other, *row[name + 1 :]])
    stream = io.BytesIO()
    out.save(stream)
    return stream.getvalue()


def afresh(measure: Callable[[], Any]) -> Any:
    """What ``measure`` returns in a process of its own."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=lambda: there.send(measure()))
    process.start()
    result = here.recv()
    process.join()
    return result


def main() -> None:
    bare, best, busy, entries = float("inf"), float("inf"), float("inf"), 0
    for _ in range(RUNS):
        bare = min(bare, afresh(bare_reading))
        seconds, processor, entries = afresh(timed_intake)
        best, busy = min(best, seconds), min(busy, processor)
    files = len(files_in([DEMO / "wishes"]))
    print(f"python-calamine alone: {bare:.2f} s")
    print(
        f"intake, 2 processes: {best:.2f} s for {files} files and {entries} wishes: {best / bare:.1f} times, {entries / best:,.0f} wishes/s"
    )
    print(f"processor time of both processes together: {busy:.2f} s")
    print(f"peak memory, all processes: {afresh(intake_memory):.0f} MB")
    written, spent = afresh(remarked)
    print(f"workbook of 300,000 cells with {written:,} remarks: {spent:.2f} s of processor time")
    print("processor time as one workbook grows, each size in a process of its own:")
    for times, count, read, compared in growth():
        print(
            f"{times:2d} x rows: {count:5d} wishes read in {read:.3f} s ({read / count * 1e6:.0f} us a wish), "
            f"compared in {compared:.3f} s ({compared / count * 1e6:.0f} us a wish)"
        )


if __name__ == "__main__":
    main()
