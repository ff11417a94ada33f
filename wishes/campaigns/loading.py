"""A campaign from a folder of three files: ``campaign.json``, ``places.csv`` and ``catalogue.csv``.

Reading is pure and done before the first write; a place or an item that is already there is updated, never doubled, and
what is no longer in the file is kept, since children may live there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, select

from wishes.access import SYSTEM, Actor
from wishes.campaigns.rules import Rules
from wishes.campaigns.tables import Campaign, CatalogueItem, Organisation, Place
from wishes.errors import Invalid
from wishes.events.actions import record
from wishes.i18n import Text
from wishes.intake.listing import Line, Words, read_listings
from wishes.model import table_of

PLACE_WORDS: Words = {
    "code": ("code", "代码", "编码", "区划代码"),
    "name": ("name", "名称", "地名", "地区"),
    "level": ("level", "级别", "层级"),
    "county_code": ("county_code", "区县代码", "县区代码"),
    "county": ("county", "区县", "所属区县"),
    "former_county": ("former_county", "原区县", "原属区县"),
    "lat": ("lat", "latitude", "纬度"),
    "lon": ("lon", "lng", "longitude", "经度"),
    "point_source": ("point_source", "坐标来源"),
}
ITEM_WORDS: Words = {
    "item": ("item", "物品", "名称", "心愿"),
    "category": ("category", "类别代码"),
    "category_zh": ("category_zh", "类别", "分类"),
    "needs": ("needs", "need", "要求"),
    "price_low": ("price_low", "最低价", "价格下限"),
    "price_high": ("price_high", "最高价", "价格上限"),
    "measure_word": ("measure_word", "单位", "量词"),
    "size_kind": ("size_kind", "尺码类型", "尺寸"),
}
_LEVEL_BY_LENGTH = {4: "city", 6: "county", 9: "township"}
_LEVELS = {
    "city": "city",
    "county": "county",
    "township": "township",
    "市": "city",
    "区县": "county",
    "县": "county",
    "区": "county",
    "街道": "township",
    "乡镇": "township",
    "镇": "township",
    "乡": "township",
}
_NEEDS = ("none", "vetted", "psych")


@dataclass(frozen=True, slots=True)
class Update:
    """What a list did to the table: rows ``added``, ``changed``, ``same`` as before, and ``kept`` though not listed."""

    added: int = 0
    changed: int = 0
    same: int = 0
    kept: int = 0


@dataclass(frozen=True, slots=True)
class LoadedCampaign:
    """What loading a folder did. ``changes`` maps a campaign's field to its old and new value."""

    campaign_id: int
    slug: str
    created: bool
    places: Update
    catalogue: Update
    changes: dict[str, tuple[str, str]] = field(default_factory=dict)

    def figures(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def load_campaign(
    session: Session, *, folder: Path, now: datetime, actor: Actor = SYSTEM, organisation_slug: str | None = None
) -> LoadedCampaign:
    """Create the campaign that *folder* describes, or bring it up to date.

    Raises :class:`~wishes.errors.Invalid` (with the file and the line) for what cannot be used, and
    :class:`~wishes.intake.reading.UnreadableFile`. Effects: organisation (when there is none),
    campaign, places, catalogue, one event.
    """
    told = _campaign_facts(_file(folder, "campaign.json"))
    places = place_rows(_file(folder, "places.csv").read_bytes(), "places.csv")
    items = item_rows(_file(folder, "catalogue.csv").read_bytes(), "catalogue.csv")
    campaign = session.exec(select(Campaign).where(Campaign.slug == told["slug"])).one_or_none()
    created = campaign is None
    changes: dict[str, tuple[str, str]] = {}
    if campaign is None:
        organisation = organisation_for(session, slug=organisation_slug, now=now)
        campaign = Campaign(organisation_id=organisation, created_at=now, **told)
        session.add(campaign)
    else:
        told["rules"] = {**campaign.rules, **told["rules"]}
        for name, value in told.items():
            old = getattr(campaign, name)
            if old != value:
                changes[name] = ("", "") if name == "rules" else (str(old), str(value))
                setattr(campaign, name, value)
    session.flush()
    assert campaign.id is not None
    done = LoadedCampaign(
        campaign.id,
        campaign.slug,
        created,
        store_places(session, campaign_id=campaign.id, rows=places),
        store_items(session, campaign_id=campaign.id, rows=items),
        changes,
    )
    record(
        session,
        action="load_campaign",
        campaign_id=campaign.id,
        now=now,
        actor=actor,
        data={
            "created": created,
            "places": asdict(done.places),
            "catalogue": asdict(done.catalogue),
            "changed": sorted(changes),
        },
    )
    return done


def organisation_for(session: Session, *, slug: str | None, now: datetime) -> int:
    """The organisation named, else the only one, else a new one.

    Raises :class:`~wishes.errors.Invalid` when several exist and none is named.
    """
    found = session.execute(sa.select(Organisation.id, Organisation.slug)).all()  # type: ignore[call-overload]
    for row in found:
        if slug == row.slug or (slug is None and len(found) == 1):
            return int(row.id)
    if slug is None and found:
        raise Invalid(
            "organisation",
            Text("已有多家机构，请指明是哪一家：{slugs}。", "There are several organisations; name one: {slugs}."),
            slugs=", ".join(row.slug for row in found),
        )
    created = Organisation(slug=slug or "main", name=slug or "微心愿项目组", created_at=now)
    session.add(created)
    session.flush()
    assert created.id is not None
    return created.id


# --- reading, pure ----------------------------------------------------------------------------------------------------


def place_rows(data: bytes, name: str) -> list[dict[str, Any]]:
    """The divisions in a list, each as the columns of :class:`Place`.

    Where the list gives no point, the mean of what lies inside stands for it, else its county's, else the mean of all.
    """
    rows: dict[str, dict[str, Any]] = {}
    for line in _lines(data, name, PLACE_WORDS, ("code", "name")):
        code = line.text("code")
        level = _LEVELS.get(line.text("level")) or _LEVEL_BY_LENGTH.get(len(code))
        if not code.isdigit() or level is None:
            raise _unusable(name, line, "code")
        rows[code] = {
            "code": code,
            "name": line.text("name"),
            "level": level,
            "county_code": line.text("county_code") or (code[:6] if level == "township" else ""),
            "county": line.text("county"),
            "former_county": line.text("former_county"),
            "lat": _decimal(name, line, "lat"),
            "lon": _decimal(name, line, "lon"),
            "point_source": line.text("point_source"),
        }
    if not any(row["level"] == "county" for row in rows.values()):
        raise Invalid("places", Text("{name} 里没有区县。", "{name} lists no counties or districts."), name=name)
    _fill_points(rows)
    return list(rows.values())


def item_rows(data: bytes, name: str) -> list[dict[str, Any]]:
    """The wish items in a list, each as the columns of :class:`CatalogueItem`; prices in yuan become fen."""
    rows: dict[str, dict[str, Any]] = {}
    for line in _lines(data, name, ITEM_WORDS, ("item", "category")):
        needs = line.text("needs") or "none"
        if needs not in _NEEDS:
            raise _unusable(name, line, "needs")
        low, high = _decimal(name, line, "price_low"), _decimal(name, line, "price_high")
        rows[line.text("item")] = {
            "item": line.text("item"),
            "category": line.text("category"),
            "category_zh": line.text("category_zh"),
            "needs": needs,
            "price_low_fen": None if low is None else round(low * 100),
            "price_high_fen": None if high is None else round(high * 100),
            "measure_word": line.text("measure_word"),
            "size_kind": line.text("size_kind"),
        }
    return list(rows.values())


def _campaign_facts(path: Path) -> dict[str, Any]:
    """The campaign's columns from ``campaign.json``."""
    try:
        told = json.loads(path.read_text(encoding="utf-8-sig"))
        starts_on, ends_on = date.fromisoformat(told["start"]), date.fromisoformat(told["end"])
        ceiling_fen = round(float(told["price_ceiling_yuan"]) * 100)
        slug, place, city_code = str(told["campaign"]), str(told["place"]), str(told["city_code"])
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid(
            "campaign.json",
            Text("campaign.json 缺少或写错了：{what}", "campaign.json lacks or misstates {what}"),
            what=str(error),
        ) from error
    check_slug(slug)
    rules: dict[str, Any] = {
        name: str(told[name]) for name in ("events_as_of", "events_second_date", "districts_in_force") if name in told
    }
    if told.get("vetting_reference_date"):
        rules["vetting_reference_on"] = told["vetting_reference_date"]
        rules["replayed_from"] = (ends_on + timedelta(days=1)).isoformat()
    rules["ends_on"] = ends_on.isoformat()
    if age := re.search(r"\d+", str(told.get("age_limit", ""))):
        rules["age_limit_years"] = int(age[0])
    name = str(told.get("name") or f"{place}{starts_on.year}年微心愿行动")
    return {
        "slug": slug,
        "name": name,
        "place": place,
        "city_code": city_code,
        "starts_on": starts_on,
        "ends_on": ends_on,
        "price_ceiling_fen": ceiling_fen,
        "rules": Rules.model_validate(rules).model_dump(mode="json", exclude_unset=True),
    }


def check_slug(slug: str) -> None:
    """Raises :class:`~wishes.errors.Invalid` unless *slug* can stand in an address."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", slug):
        raise Invalid(
            "slug",
            Text(
                "项目代号只能用小写字母、数字和连字符：{slug}",
                "A campaign's short name has only a-z, 0-9 and hyphens: {slug}",
            ),
            slug=slug,
        )


def _file(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise Invalid("folder", Text("文件夹里没有 {name}。", "The folder has no {name}."), name=name)
    return path


def _lines(data: bytes, name: str, words: Words, needed: tuple[str, ...]) -> Iterable[Line]:
    listings = read_listings(data, name, words, frozenset(needed), needed[0])
    if not listings:
        raise Invalid(
            "file",
            Text("{name} 里找不到表头（需要 {needed}）。", "No header was found in {name} (needed: {needed})."),
            name=name,
            needed=", ".join(sorted(needed)),
        )
    return (line for listing in listings for line in listing.lines)


def _decimal(name: str, line: Line, column: str) -> float | None:
    text = line.text(column)
    try:
        return float(text) if text else None
    except ValueError as error:
        raise _unusable(name, line, column) from error


def _unusable(name: str, line: Line, column: str) -> Invalid:
    return Invalid(
        column,
        Text("{name} 第 {row} 行的 {column} 不能用：{value}", "{name}, line {row}: {column} cannot be used: {value}"),
        name=name,
        row=line.row,
        column=column,
        value=line.text(column),
    )


def _fill_points(rows: Mapping[str, dict[str, Any]]) -> None:
    def mean(of: Sequence[dict[str, Any]]) -> tuple[float, float] | None:
        known = [row for row in of if row["lat"] is not None and row["lon"] is not None]
        return (sum(r["lat"] for r in known) / len(known), sum(r["lon"] for r in known) / len(known)) if known else None

    def fill(level: str, point_of: Callable[[dict[str, Any]], tuple[float, float] | None]) -> None:
        for row in rows.values():
            if row["level"] == level and (row["lat"] is None or row["lon"] is None):
                row["lat"], row["lon"] = point_of(row) or everywhere
                row["point_source"] = row["point_source"] or "derived"

    everywhere = mean(list(rows.values())) or (0.0, 0.0)
    fill("county", lambda county: mean([r for r in rows.values() if r["county_code"] == county["code"]]))
    fill("township", lambda township: mean([rows[township["county_code"]]] if township["county_code"] in rows else []))
    fill("city", lambda city: mean([r for r in rows.values() if r["level"] == "county"]))


# --- storing ----------------------------------------------------------------------------------------------------------


def store_places(session: Session, *, campaign_id: int, rows: Sequence[dict[str, Any]]) -> Update:
    """Add and update divisions by code. Two executemany statements at most."""
    return _store(session, Place, "code", campaign_id, rows)


def store_items(session: Session, *, campaign_id: int, rows: Sequence[dict[str, Any]]) -> Update:
    """Add and update catalogue items by name. Two executemany statements at most."""
    return _store(session, CatalogueItem, "item", campaign_id, rows)


def _store(
    session: Session, table: type[SQLModel], key: str, campaign_id: int, rows: Sequence[dict[str, Any]]
) -> Update:
    columns = table_of(table)
    known = {
        row[key]: row
        for row in session.execute(sa.select(columns).where(columns.c.campaign_id == campaign_id)).mappings()
    }
    fresh = [{"campaign_id": campaign_id, **row} for row in rows if row[key] not in known]
    changed = [
        row for row in rows if row[key] in known and any(known[row[key]][name] != value for name, value in row.items())
    ]
    if fresh:
        session.execute(sa.insert(columns), fresh)
    if changed:
        session.execute(
            sa.update(columns)
            .where(columns.c.id == sa.bindparam("row_id"))
            .values({name: sa.bindparam(f"new_{name}") for name in changed[0]}),
            [
                {"row_id": known[row[key]]["id"], **{f"new_{name}": value for name, value in row.items()}}
                for row in changed
            ],
        )
    kept = len(known.keys() - {row[key] for row in rows})
    return Update(len(fresh), len(changed), len(rows) - len(fresh) - len(changed), kept)
