"""The sixteen labelled workbooks of the demonstration campaign, read with all the others."""

from __future__ import annotations

import json

import pytest

from tests.intake.conftest import DEMO
from tests.intake.score import Score, score
from wishes.intake.reader import Reader, read_files
from wishes.intake.understanding import (
    CampaignRules,
    CatalogueItem,
    Duplicates,
    FileReading,
    Lexicon,
    Places,
    find_duplicates,
    mark_duplicates,
)
from wishes.intake.words import default_words

Campaign = tuple[CampaignRules, Places, tuple[CatalogueItem, ...]]


@pytest.fixture(scope="module")
def everything(demo: Campaign) -> tuple[list[FileReading], Duplicates]:
    rules, places, catalogue = demo
    reader = Reader(rules, Lexicon(default_words(), catalogue, places))
    readings = list(read_files(reader, sorted((DEMO / "wishes").iterdir()), processes=2))
    found = find_duplicates(readings, year=rules.start_on.year)
    mark_duplicates(readings, found)
    return readings, found


@pytest.fixture(scope="module")
def result(everything: tuple[list[FileReading], Duplicates]) -> Score:
    return score((e.to_object() for r in everything[0] for e in r.entries), DEMO / "sample-truth.json")


def test_every_wish_is_found_and_none_invented(result: Score) -> None:
    assert result.entries == 978
    assert result.f1 >= 0.998, result.wrong


def test_statuses_are_right(result: Score) -> None:
    assert result.status >= 0.995, result.wrong


def test_each_field_is_right(result: Score) -> None:
    assert {k: v for k, v in result.fields.items() if v < 0.99} == {}, result.wrong


def test_nothing_unsafe_nor_money_nor_unconsented_is_accepted(result: Score) -> None:
    assert result.false_acceptances == []


def test_few_entries_are_parked(result: Score, everything: tuple[list[FileReading], Duplicates]) -> None:
    assert result.parked <= 0.02
    entries = [e for r in everything[0] for e in r.entries]
    assert sum(e.status == "parked" for e in entries) <= 0.02 * len(entries)


def test_duplicates_are_found_and_look_alikes_are_not(
    result: Score, everything: tuple[list[FileReading], Duplicates]
) -> None:
    assert result.duplicate_precision >= 0.98, result.wrong
    assert result.duplicate_recall >= 0.98, result.wrong
    repeats = {frozenset((r.entry, r.of)) for r in everything[1].repeats}
    truth = json.loads((DEMO / "sample-truth.json").read_text("utf-8"))
    assert not repeats & {frozenset(p[:2]) for p in truth["look_alikes_not_duplicates"]}


def test_rows_that_are_no_data_are_told_as_what_they_are(everything: tuple[list[FileReading], Duplicates]) -> None:
    truth = json.loads((DEMO / "sample-truth.json").read_text("utf-8"))
    readings = {r.file: r for r in everything[0]}
    for entry in truth["files"]:
        fates = {(f.sheet, f.row + 1): f.fate for f in readings[entry["file"]].fates}
        for sheet, row, expected in entry["skipped"]:
            got = fates[sheet, row]
            assert got == expected or {got, expected} <= {"footer", "note", "total"}, (
                entry["file"],
                row,
                expected,
                got,
            )


def test_every_row_of_every_file_has_a_fate(everything: tuple[list[FileReading], Duplicates]) -> None:
    for reading in everything[0]:
        wish_rows = {(e.sheet, e.row) for e in reading.entries}
        fates = {(f.sheet, f.row): f.fate for f in reading.fates}
        assert wish_rows <= fates.keys()
        assert all(fates[row] == "wish" for row in wish_rows)


def test_the_senders_own_totals_agree(everything: tuple[list[FileReading], Duplicates]) -> None:
    """Where a sender counted its wishes (共65个), as many were read."""
    import re

    from wishes.intake.reading import read_workbook

    counted = 0
    for reading in everything[0]:
        workbook = read_workbook((DEMO / "wishes" / reading.file).read_bytes(), reading.file)
        for sheet in workbook.sheets:
            if sheet.hidden:
                continue
            totals = [
                int(m[1])
                for row in sheet.rows
                for v in row
                if isinstance(v, str) and (m := re.fullmatch(r"共(\d+)个", v.strip()))
            ]
            if len(totals) == 1 and len([s for s in reading.sheets if s.use == "data"]) == 1:
                counted += 1
                assert totals[0] == len(reading.entries), reading.file
    assert counted >= 15
