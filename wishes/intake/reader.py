"""Reads files by a campaign's own rules, places, catalogue and words. Stores nothing.

Many files are read by as many processes as are asked for; what was learnt from one is remembered for the next.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session

from wishes.campaigns.queries import campaign_by_id, rules_of
from wishes.campaigns.tables import CatalogueItem as CatalogueRow
from wishes.campaigns.tables import Place
from wishes.intake.reading import UnreadableFile, Workbook, read_workbook
from wishes.intake.teaching import Teaching, additions, sender_key, teachings
from wishes.intake.understanding import (
    CampaignRules,
    CatalogueItem,
    FileReading,
    Lexicon,
    Places,
    read_many,
    understand_file,
)
from wishes.intake.words import Addition, default_words
from wishes.model import table_of

SUFFIXES = frozenset({".xlsx", ".xlsm", ".csv"})


@dataclass(frozen=True, slots=True)
class Reader:
    """A campaign's reader. Build with :func:`reader_for`; it needs no database afterwards."""

    rules: CampaignRules
    lexicon: Lexicon
    taught: Mapping[str, Teaching] = field(default_factory=dict)
    """Sender → what people taught of them."""

    def read(self, data: bytes, name: str) -> FileReading:
        """One file, understood. What cannot be read at all has a ``problem`` and no entries; nothing is raised."""
        digest = hashlib.sha256(data).hexdigest()
        try:
            workbook = read_workbook(data, name)
        except UnreadableFile as error:
            return FileReading(
                name, digest=digest, problem=error.problem, problem_zh=error.say("zh"), problem_en=error.say("en")
            )
        reading, _ = self.understand(workbook)
        reading.digest = digest
        return reading

    def understand(self, workbook: Workbook, *, sent_by: int | None = None) -> tuple[FileReading, str]:
        """The file as its sender's earlier corrections teach to read it, and the key of the sender."""
        reading = understand_file(workbook, rules=self.rules, lexicon=self.lexicon)
        sender = sender_key(reading, sent_by)
        if (taught := self.taught.get(sender)) is not None:
            lexicon = self.with_words(taught.words).lexicon
            reading = understand_file(workbook, rules=self.rules, lexicon=lexicon, memory=taught.memory)
        return reading, sender

    def with_words(self, words: Sequence[Addition]) -> Reader:
        """A reader that knows these words, too."""
        if not words:
            return self
        lexicon = Lexicon(self.lexicon.words.plus(words), self.lexicon.catalogue, self.lexicon.places)
        return replace(self, lexicon=lexicon)


def reader_for(session: Session, campaign_id: int) -> Reader:
    """The reader of a campaign, by what is stored of it now."""
    campaign, rules = campaign_by_id(session, campaign_id), rules_of(session, campaign_id)
    items = table_of(CatalogueRow)
    catalogue = [
        CatalogueItem(
            row["item"],
            row["category"],
            row["needs"],
            row["size_kind"] or None,
            row["price_low_fen"],
            row["price_high_fen"],
        )
        for row in session.execute(
            sa.select(items).where(items.c.campaign_id == campaign_id).order_by(items.c.id)
        ).mappings()
    ]
    words = default_words().plus(additions(session, campaign_id))
    return Reader(
        CampaignRules(
            start_on=campaign.starts_on,
            ceiling_fen=campaign.price_ceiling_fen,
            city_code=campaign.city_code,
            age_limit=rules.age_limit_years,
        ),
        Lexicon(words, catalogue, places_of(session, campaign_id)),
        teachings(session, campaign_id),
    )


def places_of(session: Session, campaign_id: int) -> Places:
    """The counties and townships of a campaign's city."""
    places = table_of(Place)
    rows = [
        {name: str(value) for name, value in row.items()}
        for row in session.execute(
            sa.select(places.c.code, places.c.name, places.c.level, places.c.county_code, places.c.former_county)
            .where(places.c.campaign_id == campaign_id)
            .order_by(places.c.id)
        ).mappings()
    ]
    return Places.from_rows(rows, default_words().provinces)


def files_in(paths: Iterable[Path]) -> list[Path]:
    """The workbooks among *paths*, folders searched through; Excel's lock files (``~$…``) and hidden files are none."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(each for each in path.rglob("*") if each.suffix.lower() in SUFFIXES and each.is_file())
        else:
            found.append(path)
    return [path for path in dict.fromkeys(found) if not path.name.startswith(("~$", "."))]


def names_of(paths: Sequence[Path]) -> dict[Path, str]:
    """What each file is called: its name, with its folder before it where two have the same."""
    times: dict[str, int] = {}
    for path in paths:
        times[path.name] = times.get(path.name, 0) + 1
    return {path: path.name if times[path.name] == 1 else f"{path.parent.name}/{path.name}" for path in paths}


def read_files(reader: Reader, paths: Sequence[Path], *, processes: int = 1) -> Iterator[FileReading]:
    """Read files in order. With more than one process the reader is inherited by each (it is not sent)."""
    names = names_of(paths)
    return read_many(lambda path: reader.read(path.read_bytes(), names[path]), paths, processes=processes)
