"""A campaign comes from its folder, is brought up to date by loading again, and can be the start of another."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from wishes.access import SYSTEM, Actor, Grant, Role
from wishes.campaigns.actions import copy_campaign, create_campaign, import_places
from wishes.campaigns.loading import item_rows, load_campaign, place_rows
from wishes.campaigns.overview import campaign_counts, campaign_list
from wishes.campaigns.queries import campaign_by_slug, rules_of
from wishes.campaigns.tables import CatalogueItem, Organisation, Place
from wishes.db import Database
from wishes.errors import Forbidden, Invalid
from wishes.settings import PACKAGE_DIR

DEMO = PACKAGE_DIR / "demo" / "hangzhou-2021"
NOW = datetime(2021, 3, 1, 1, 0, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the demonstration's three files, to be changed."""
    for name in ("campaign.json", "places.csv", "catalogue.csv"):
        shutil.copy(DEMO / name, tmp_path)
    return tmp_path


def test_the_folder_becomes_a_campaign_under_the_name_in_the_file(database: Database) -> None:
    with database.transaction() as session:
        done = load_campaign(session, folder=DEMO, now=NOW)
    assert done.created and done.slug == "hangzhou-2021"
    assert (done.places.added, done.catalogue.added) == (205, 172)
    with database.reading() as session:
        campaign = campaign_by_slug(session, "hangzhou-2021")
        rules = rules_of(session, done.campaign_id)
        assert (campaign.place, campaign.city_code, campaign.price_ceiling_fen) == ("杭州市", "3301", 30000)
        assert (campaign.starts_on, campaign.ends_on) == (date(2021, 3, 1), date(2021, 12, 31))
        assert rules.vetting_reference_on == date(2021, 6, 1) and rules.age_limit_years == 18
        assert rules.events_as_of == "2021-12-31 18:00"


def test_loading_again_adds_nothing(database: Database) -> None:
    for _ in range(2):
        with database.transaction() as session:
            done = load_campaign(session, folder=DEMO, now=NOW)
    assert not done.created and not done.changes
    assert (done.places.added, done.places.changed, done.places.same) == (0, 0, 205)
    with database.reading() as session:
        counts = campaign_counts(session, done.campaign_id)
        assert (counts["places"], counts["catalogue"]) == (205, 172)
        assert len(campaign_list(session)) == 1


def test_loading_a_changed_folder_says_what_changed(database: Database, folder: Path) -> None:
    with database.transaction() as session:
        load_campaign(session, folder=folder, now=NOW)
    told = json.loads((folder / "campaign.json").read_text())
    (folder / "campaign.json").write_text(json.dumps({**told, "price_ceiling_yuan": 250}))
    items = (
        (folder / "catalogue.csv")
        .read_text()
        .replace("书包,study,学习用品,none,60,150", "书包,study,学习用品,none,50,120", 1)
    )
    (folder / "catalogue.csv").write_text(items + "测试物品,toy,玩具,none,40,90,个,\n")
    lines = (folder / "places.csv").read_text().splitlines()
    (folder / "places.csv").write_text("\n".join(lines[:-1]) + "\n")
    with database.transaction() as session:
        done = load_campaign(session, folder=folder, now=NOW)
        assert done.changes == {"price_ceiling_fen": ("30000", "25000")}
        assert (done.catalogue.added, done.catalogue.changed, done.catalogue.same) == (1, 1, 171)
        assert (done.places.same, done.places.kept) == (204, 1)
        bag = session.execute(sa.select(CatalogueItem.price_low_fen).where(CatalogueItem.item == "书包")).scalar_one()
        assert bag == 5000


def test_an_organisation_is_made_only_where_there_is_none(database: Database, folder: Path) -> None:
    with database.transaction() as session:
        load_campaign(session, folder=folder, now=NOW)
    told = json.loads((folder / "campaign.json").read_text())
    (folder / "campaign.json").write_text(json.dumps({**told, "campaign": "second"}))
    with database.transaction() as session:
        load_campaign(session, folder=folder, now=NOW)
        assert session.execute(sa.select(sa.func.count()).select_from(Organisation)).scalar_one() == 1
        session.add(Organisation(slug="other", name="Other", created_at=NOW))
    (folder / "campaign.json").write_text(json.dumps({**told, "campaign": "third"}))
    with database.transaction() as session, pytest.raises(Invalid, match="organisation"):
        load_campaign(session, folder=folder, now=NOW)
    with database.transaction() as session:
        assert load_campaign(session, folder=folder, now=NOW, organisation_slug="other").created


@pytest.mark.parametrize(("change", "word"), [({"start": None}, "campaign.json"), ({"campaign": "Not A Slug"}, "slug")])
def test_a_campaign_file_that_cannot_be_used_says_why(
    database: Database, folder: Path, change: dict[str, object], word: str
) -> None:
    told = json.loads((folder / "campaign.json").read_text())
    (folder / "campaign.json").write_text(json.dumps({**told, **change}))
    with pytest.raises(Invalid) as refused, database.transaction() as session:
        load_campaign(session, folder=folder, now=NOW)
    assert refused.value.field == word


def test_a_folder_without_places_is_refused_and_nothing_remains(database: Database, folder: Path) -> None:
    (folder / "places.csv").unlink()
    with pytest.raises(Invalid), database.transaction() as session:
        load_campaign(session, folder=folder, now=NOW)
    with database.reading() as session:
        assert campaign_list(session) == []


def test_a_list_of_places_may_come_from_another_city_in_another_encoding() -> None:
    text = "名称;代码;级别;所属区县;经度;纬度\n甲市;9901;市;;;\n乙区;990101;区;;120.1;30.1\n丙镇;990101001;镇;乙区;;\n"
    rows = {row["code"]: row for row in place_rows(text.encode("gb18030"), "places.csv")}
    assert rows["990101001"]["county_code"] == "990101"
    assert (rows["990101001"]["lat"], rows["990101001"]["lon"]) == (30.1, 120.1)
    assert rows["9901"]["level"] == "city" and rows["9901"]["point_source"] == "derived"


def test_a_price_that_is_no_number_names_its_line() -> None:
    text = "item,category,needs,price_low\n书包,study,none,60\n篮球,sport,none,many\n"
    with pytest.raises(Invalid) as refused:
        item_rows(text.encode(), "catalogue.csv")
    assert "3" in refused.value.say("en") and "many" in refused.value.say("zh")


def test_a_copied_campaign_has_rules_and_catalogue_but_nobodys_data(database: Database) -> None:
    with database.transaction() as session:
        source = load_campaign(session, folder=DEMO, now=NOW).campaign_id
        same = copy_campaign(
            session,
            campaign_id=source,
            slug="hangzhou-2022",
            starts_on=date(2022, 3, 1),
            ends_on=date(2022, 12, 31),
            actor=SYSTEM,
            now=NOW,
        )
        other = copy_campaign(
            session,
            campaign_id=source,
            slug="ningbo-2022",
            starts_on=date(2022, 3, 1),
            ends_on=date(2022, 12, 31),
            place="宁波市",
            city_code="3302",
            with_places=False,
            actor=SYSTEM,
            now=NOW,
        )
        counts, elsewhere = campaign_counts(session, same), campaign_counts(session, other)
        assert (counts["places"], counts["catalogue"], counts["children"]) == (205, 172, 0)
        assert (elsewhere["places"], elsewhere["catalogue"]) == (0, 172)
        assert rules_of(session, same).events_as_of == "" and rules_of(session, same).vetting_reference_on is None
        assert campaign_by_slug(session, "ningbo-2022").name == "宁波市2022年微心愿行动"


def test_a_short_name_is_given_once(database: Database) -> None:
    facts = {
        "name": "",
        "place": "甲市",
        "city_code": "9901",
        "starts_on": date(2022, 1, 1),
        "ends_on": date(2022, 2, 1),
    }
    with database.transaction() as session:
        create_campaign(session, slug="one", price_ceiling_fen=100, actor=SYSTEM, now=NOW, **facts)  # type: ignore[arg-type]
        with pytest.raises(Invalid):
            create_campaign(session, slug="one", price_ceiling_fen=100, actor=SYSTEM, now=NOW, **facts)  # type: ignore[arg-type]


def test_a_coordinator_cannot_replace_the_places(database: Database) -> None:
    with database.transaction() as session:
        campaign_id = load_campaign(session, folder=DEMO, now=NOW).campaign_id
        coordinator = Actor(1, "c", (Grant(Role.COORDINATOR, campaign_id),))
        with pytest.raises(Forbidden):
            import_places(session, campaign_id=campaign_id, data=b"", name="x.csv", actor=coordinator, now=NOW)
        assert session.execute(sa.select(sa.func.count()).select_from(Place)).scalar_one() == 205
