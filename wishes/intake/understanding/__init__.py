"""From grids to wish entries: columns, rows, cells, rules. Pure: no database, no pages, no clock."""

from __future__ import annotations

from collections.abc import Iterable

from wishes.intake.reading.grid import Workbook
from wishes.intake.understanding.annotation import PROBLEMS, AnnotatedSheet, Mark, annotated
from wishes.intake.understanding.catalogued import CatalogueItem, catalogue_from_rows
from wishes.intake.understanding.duplicates import Duplicates, Repeat, find_duplicates, mark_duplicates
from wishes.intake.understanding.files import understand_file
from wishes.intake.understanding.lexicon import Lexicon
from wishes.intake.understanding.many import read_many
from wishes.intake.understanding.model import (
    COLUMNS,
    DOUBTS,
    REASONS,
    WARNINGS,
    CampaignRules,
    ColumnReading,
    Entry,
    FileReading,
    RowFate,
    SenderMemory,
    SheetReading,
    TableReading,
    Trace,
)
from wishes.intake.understanding.places import Places
from wishes.intake.understanding.samechild import KnownChild
from wishes.intake.words import Words

__all__ = [
    "COLUMNS",
    "DOUBTS",
    "PROBLEMS",
    "REASONS",
    "WARNINGS",
    "AnnotatedSheet",
    "CampaignRules",
    "CatalogueItem",
    "ColumnReading",
    "Duplicates",
    "Entry",
    "FileReading",
    "KnownChild",
    "Lexicon",
    "Mark",
    "Places",
    "Repeat",
    "RowFate",
    "SenderMemory",
    "SheetReading",
    "TableReading",
    "Trace",
    "annotated",
    "catalogue_from_rows",
    "find_duplicates",
    "mark_duplicates",
    "read_many",
    "understand",
    "understand_file",
]


def understand(
    workbook: Workbook,
    *,
    rules: CampaignRules,
    places: Places,
    catalogue: Iterable[CatalogueItem],
    words: Words,
    sender_memory: SenderMemory | None = None,
) -> FileReading:
    """Read one workbook. For many files build one :class:`Lexicon` and call :func:`understand_file`: it remembers what it read."""
    return understand_file(workbook, rules=rules, lexicon=Lexicon(words, catalogue, places), memory=sender_memory)
