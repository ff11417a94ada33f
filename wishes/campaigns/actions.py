"""Verbs on campaigns: set one up by hand, or start the next one from an earlier one."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, select

from wishes.access import Actor, require
from wishes.campaigns.loading import (
    Update,
    check_slug,
    item_rows,
    organisation_for,
    place_rows,
    store_items,
    store_places,
    table_of,
)
from wishes.campaigns.queries import campaign_by_id
from wishes.campaigns.rules import Rules
from wishes.campaigns.tables import Campaign, CatalogueItem, Place
from wishes.errors import Invalid
from wishes.events.actions import record
from wishes.i18n import Text
from wishes.model import columns

_Campaign = columns(Campaign)
_OF_ITS_TIME = ("events_as_of", "events_second_date", "vetting_reference_on", "replayed_from", "districts_in_force")


def create_campaign(
    session: Session,
    *,
    slug: str,
    name: str,
    place: str,
    city_code: str,
    starts_on: date,
    ends_on: date,
    price_ceiling_fen: int,
    actor: Actor,
    now: datetime,
    rules: Rules | None = None,
    organisation_slug: str | None = None,
) -> int:
    """Set up an empty campaign and answer its id. Places and catalogue follow by import.

    Raises Forbidden, and Invalid for a short name that is taken or unusable, dates in the wrong order or a ceiling
    of nothing.
    """
    require(actor, "campaign.create")
    _check(session, slug, starts_on, ends_on)
    if price_ceiling_fen <= 0:
        raise Invalid("price_ceiling", Text("价格上限要大于 0。", "The price ceiling must be above 0."))
    campaign = Campaign(
        organisation_id=organisation_for(session, slug=organisation_slug, now=now),
        slug=slug,
        name=name.strip() or slug,
        place=place,
        city_code=city_code,
        starts_on=starts_on,
        ends_on=ends_on,
        price_ceiling_fen=price_ceiling_fen,
        rules={**(rules or Rules()).model_dump(mode="json", exclude_unset=True), "ends_on": ends_on.isoformat()},
        created_at=now,
    )
    return _opened(session, campaign, action="create_campaign", actor=actor, now=now)


def copy_campaign(
    session: Session,
    *,
    campaign_id: int,
    slug: str,
    starts_on: date,
    ends_on: date,
    actor: Actor,
    now: datetime,
    name: str = "",
    place: str = "",
    city_code: str = "",
    with_places: bool = True,
) -> int:
    """Start another campaign with the rules, the catalogue and (unless it is elsewhere) the places of an earlier one.

    Children, branches, volunteers and the dates of the earlier one's history are not copied. Raises as
    :func:`create_campaign`.
    """
    require(actor, "campaign.create")
    source = campaign_by_id(session, campaign_id)
    _check(session, slug, starts_on, ends_on)
    campaign = Campaign(
        organisation_id=source.organisation_id,
        slug=slug,
        name=name.strip() or f"{place or source.place}{starts_on.year}年微心愿行动",
        place=place or source.place,
        city_code=city_code or source.city_code,
        starts_on=starts_on,
        ends_on=ends_on,
        price_ceiling_fen=source.price_ceiling_fen,
        rules={
            **{key: value for key, value in source.rules.items() if key not in _OF_ITS_TIME},
            "ends_on": ends_on.isoformat(),
        },
        created_at=now,
    )
    new_id = _opened(session, campaign, action="copy_campaign", actor=actor, now=now, source_id=campaign_id)
    for table in (Place, CatalogueItem) if with_places else (CatalogueItem,):
        columns = table_of(table)
        copied = [column.name for column in columns.c if column.name not in ("id", "campaign_id")]
        session.execute(
            sa.insert(columns).from_select(
                ["campaign_id", *copied],
                sa.select(sa.literal(new_id), *(columns.c[column] for column in copied)).where(
                    columns.c.campaign_id == campaign_id
                ),
            )
        )
    return new_id


def import_places(session: Session, *, campaign_id: int, data: bytes, name: str, actor: Actor, now: datetime) -> Update:
    """Add and update the campaign's divisions from a list. Raises Forbidden, Invalid (with the line), UnreadableFile."""
    require(actor, "campaign.manage", campaign_id)
    done = store_places(session, campaign_id=campaign_id, rows=place_rows(data, name))
    record(session, action="import_places", campaign_id=campaign_id, now=now, actor=actor, data=asdict(done))
    return done


def import_catalogue(
    session: Session, *, campaign_id: int, data: bytes, name: str, actor: Actor, now: datetime
) -> Update:
    """Add and update the campaign's wish items from a list. Raises as :func:`import_places`."""
    require(actor, "campaign.manage", campaign_id)
    done = store_items(session, campaign_id=campaign_id, rows=item_rows(data, name))
    record(session, action="import_catalogue", campaign_id=campaign_id, now=now, actor=actor, data=asdict(done))
    return done


def set_finder_contact(session: Session, *, campaign_id: int, contact: str, actor: Actor, now: datetime) -> None:
    """Change what a label tells whoever finds a parcel: a phone of the campaign and its hours. Raises Forbidden, Invalid.

    Effects: the rules, an event.
    """
    require(actor, "campaign.coordinate", campaign_id)
    contact = " ".join(contact.split())
    if len(contact) > 80:
        raise Invalid("contact", Text("最多 80 个字。", "At most 80 characters."))
    rules = session.execute(
        sa.select(_Campaign.rules).where(_Campaign.id == campaign_id).with_for_update()
    ).scalar_one()
    session.execute(
        sa.update(_Campaign)
        .where(_Campaign.id == campaign_id)
        .values(rules={**rules, "finder_contact": contact})
        .execution_options(synchronize_session=False)
    )
    record(session, action="set_finder_contact", campaign_id=campaign_id, now=now, actor=actor)


def _check(session: Session, slug: str, starts_on: date, ends_on: date) -> None:
    check_slug(slug)
    if session.exec(select(Campaign.id).where(Campaign.slug == slug)).first() is not None:
        raise Invalid(
            "slug", Text("已有代号为 {slug} 的项目。", "There already is a campaign called {slug}."), slug=slug
        )
    if ends_on < starts_on:
        raise Invalid("ends_on", Text("结束日期不能早于开始日期。", "The end cannot lie before the start."))


def _opened(
    session: Session, campaign: Campaign, *, action: str, actor: Actor, now: datetime, source_id: int | None = None
) -> int:
    session.add(campaign)
    session.flush()
    assert campaign.id is not None
    record(
        session,
        action=action,
        campaign_id=campaign.id,
        now=now,
        actor=actor,
        data={"source_id": source_id} if source_id else {},
    )
    return campaign.id
