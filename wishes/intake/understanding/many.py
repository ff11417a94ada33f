"""Many files at once, on several processes: each reads its share, the parent compares."""

from __future__ import annotations

import gc
import hashlib
import multiprocessing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wishes.intake.reading import UnreadableFile, read_workbook
from wishes.intake.understanding.files import understand_file
from wishes.intake.understanding.lexicon import Lexicon
from wishes.intake.understanding.model import CampaignRules, FileReading, SenderMemory
from wishes.intake.understanding.places import Places
from wishes.intake.understanding.things import CatalogueItem
from wishes.intake.words import Words


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read: from ``path``, or from ``data`` where it is already here. ``name`` is what entries call it."""

    name: str
    path: Path | None = None
    data: bytes | None = None
    memory: SenderMemory | None = None


def read_one(source: Source, rules: CampaignRules, lexicon: Lexicon) -> FileReading:
    """Read and understand one file. An unreadable one yields a reading with its ``problem``; nothing is raised for its content."""
    data = source.data if source.data is not None else _bytes(source.path)
    digest = hashlib.sha256(data).hexdigest()
    try:
        workbook = read_workbook(data, source.name)
    except UnreadableFile as error:
        return FileReading(
            source.name, digest=digest, problem=error.problem, problem_zh=error.say("zh"), problem_en=error.say("en")
        )
    reading = understand_file(workbook, rules=rules, lexicon=lexicon, memory=source.memory)
    reading.digest = digest
    return reading


def _bytes(path: Path | None) -> bytes:
    return path.read_bytes() if path is not None else b""


def read_many(
    paths: Iterable[Path | Source],
    *,
    rules: CampaignRules,
    places: Places,
    catalogue: Iterable[CatalogueItem],
    words: Words,
    memories: Mapping[str, SenderMemory] | None = None,
    processes: int = 2,
    progress: Callable[[FileReading], None] | None = None,
) -> list[FileReading]:
    """Read all files, in the order given. ``progress`` is called in this process as each file is done.

    Large files are handed out first, so that no process is left with the largest alone. With ``processes`` 1, or where
    processes cannot be forked (inside a worker of a pool), all is read here.
    """
    sources = [p if isinstance(p, Source) else Source(p.name, p) for p in paths]
    if memories:
        sources = [Source(s.name, s.path, s.data, memories.get(s.name, s.memory)) for s in sources]
    lexicon = Lexicon(words, catalogue, places)
    alone = multiprocessing.current_process().daemon or "fork" not in multiprocessing.get_all_start_methods()
    if processes <= 1 or len(sources) < 8 or alone:
        done = []
        for source in sources:
            reading = read_one(source, rules, lexicon)
            if progress is not None:
                progress(reading)
            done.append(reading)
        return done
    order = sorted(range(len(sources)), key=lambda i: -_size(sources[i]))
    readings: list[FileReading | None] = [None] * len(sources)
    context = multiprocessing.get_context("fork")
    # The children live for these files only; looking for cycles would cost them a tenth of their time. They inherit the lexicon by forking instead of building or receiving it.
    gc.collect()
    gc.freeze()
    with _shared(rules, lexicon, sources), context.Pool(processes, initializer=gc.disable) as pool:
        for index, reading in pool.imap_unordered(_work, order, chunksize=4):
            readings[index] = reading
            if progress is not None:
                progress(reading)
    gc.unfreeze()
    return [r for r in readings if r is not None]


def _size(source: Source) -> int:
    if source.data is not None:
        return len(source.data)
    return source.path.stat().st_size if source.path is not None else 0


class _shared:
    """What forked children read; set only while the pool lives."""

    current: tuple[CampaignRules, Lexicon, Sequence[Source]] | None = None

    def __init__(self, rules: CampaignRules, lexicon: Lexicon, sources: Sequence[Source]) -> None:
        self._mine = (rules, lexicon, sources)

    def __enter__(self) -> None:
        _shared.current = self._mine

    def __exit__(self, *_: object) -> None:
        _shared.current = None


def _work(index: int) -> tuple[int, FileReading]:
    assert _shared.current is not None
    rules, lexicon, sources = _shared.current
    return index, read_one(sources[index], rules, lexicon)
