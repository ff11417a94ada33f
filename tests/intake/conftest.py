"""A second campaign, made up from end to end: another city, year, ceiling and set of senders."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.intake.workbooks import Understand
from wishes.intake.reading import read_workbook
from wishes.intake.understanding import (
    CampaignRules,
    CatalogueItem,
    FileReading,
    Lexicon,
    Places,
    catalogue_from_rows,
    understand_file,
)
from wishes.intake.words import default_words

DEMO = Path(__file__).parents[2] / "wishes" / "demo" / "hangzhou-2021"

PLACES = """code,name,level,county_code,county,former_county
4599,青禾市,city,,,
459901,东禾区,county,,,
459902,西岭县,county,,,
459981,南浦市,county,,,
459901001,桂园街道,town,459901,东禾区,
459901002,云溪街道,town,459901,东禾区,旧城区
459901100,白沙镇,town,459901,东禾区,
459902100,石桥镇,town,459902,西岭县,
459902101,龙潭镇,town,459902,西岭县,
459902200,瑶寨乡,town,459902,西岭县,
459981100,石桥镇,town,459981,南浦市,
459981101,临江镇,town,459981,南浦市,旧城区
"""


@pytest.fixture(scope="session")
def city() -> Places:
    return Places.from_rows(csv.DictReader(io.StringIO(PLACES)), default_words().provinces)


@pytest.fixture(scope="session")
def catalogue() -> tuple[CatalogueItem, ...]:
    with (DEMO / "catalogue.csv").open(encoding="utf-8") as file:
        return catalogue_from_rows(csv.DictReader(file))


@pytest.fixture(scope="session")
def lexicon(city: Places, catalogue: tuple[CatalogueItem, ...]) -> Lexicon:
    return Lexicon(default_words(), catalogue, city)


@pytest.fixture(scope="session")
def rules() -> CampaignRules:
    return CampaignRules(start_on=dt.date(2024, 9, 1), ceiling_fen=500_00, city_code="4599")


@pytest.fixture(scope="session")
def demo() -> tuple[CampaignRules, Places, tuple[CatalogueItem, ...]]:
    """The demonstration campaign."""
    with (DEMO / "places.csv").open(encoding="utf-8") as file:
        places = Places.from_rows(csv.DictReader(file), default_words().provinces)
    with (DEMO / "catalogue.csv").open(encoding="utf-8") as file:
        items = catalogue_from_rows(csv.DictReader(file))
    return CampaignRules.from_campaign(json.loads((DEMO / "campaign.json").read_text("utf-8"))), places, items


@pytest.fixture(scope="session")
def understand_bytes(lexicon: Lexicon, rules: CampaignRules) -> Understand:
    def run(data: bytes, name: str = "来件.xlsx", memory: Any = None) -> FileReading:
        return understand_file(read_workbook(data, name), rules=rules, lexicon=lexicon, memory=memory)

    return run
