"""``microwish campaign``: create, load, list, show, copy."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from wishes.campaigns import actions, queries
from wishes.campaigns.closing import close_campaign, reopen_campaign
from wishes.campaigns.loading import load_campaign
from wishes.campaigns.overview import campaign_counts, campaign_facts, campaign_list
from wishes.clock import utc_now
from wishes.commands.edge import OPERATOR, Edge

_DAY = click.DateTime(["%Y-%m-%d"])
_as_json = click.option("--json", "as_json", is_flag=True, help="Pure JSON on standard output.")


@click.group()
def campaign() -> None:
    """项目：新建、载入、查看、复制。Campaigns: create, load, look at, copy."""


@campaign.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--organisation", help="Short name of the organisation that runs it, where there are several.")
@_as_json
@click.pass_obj
def load(edge: Edge, folder: Path, organisation: str | None, as_json: bool) -> None:
    """Load FOLDER (campaign.json, places.csv, catalogue.csv). Loading again updates and says what changed."""
    edge.progress(f"Loading {folder} …")
    with edge.database.transaction() as session:
        done = load_campaign(session, folder=folder, now=utc_now(), actor=OPERATOR, organisation_slug=organisation)
    edge.progress(
        f"{'Created' if done.created else 'Updated'} {done.slug}: places +{done.places.added} ~{done.places.changed}, "
        f"catalogue +{done.catalogue.added} ~{done.catalogue.changed}"
    )
    edge.emit(done.figures(), as_json)


@campaign.command()
@click.argument("slug")
@click.option("--name", default="", help="Name shown to people.")
@click.option("--place", required=True, help="Name of the city, e.g. 杭州市.")
@click.option("--city-code", required=True, help="Its official code, e.g. 3301.")
@click.option("--start", type=_DAY, required=True)
@click.option("--end", type=_DAY, required=True)
@click.option(
    "--ceiling", type=click.FloatRange(min=0, min_open=True), required=True, help="Highest price of a wish, in yuan."
)
@click.option("--organisation", help="Short name of the organisation that runs it, where there are several.")
@_as_json
@click.pass_obj
def create(
    edge: Edge,
    slug: str,
    name: str,
    place: str,
    city_code: str,
    start: datetime,
    end: datetime,
    ceiling: float,
    organisation: str | None,
    as_json: bool,
) -> None:
    """Set up an empty campaign called SLUG; places and catalogue follow by import."""
    with edge.database.transaction() as session:
        campaign_id = actions.create_campaign(
            session,
            slug=slug,
            name=name,
            place=place,
            city_code=city_code,
            starts_on=start.date(),
            ends_on=end.date(),
            price_ceiling_fen=round(ceiling * 100),
            actor=OPERATOR,
            now=utc_now(),
            organisation_slug=organisation,
        )
    edge.emit({"campaign_id": campaign_id, "slug": slug}, as_json)


@campaign.command(name="list")
@_as_json
@click.pass_obj
def list_(edge: Edge, as_json: bool) -> None:
    """All campaigns, newest first."""
    with edge.database.reading() as session:
        edge.emit(campaign_list(session), as_json)


@campaign.command()
@click.argument("slug")
@_as_json
@click.pass_obj
def show(edge: Edge, slug: str, as_json: bool) -> None:
    """One campaign: its dates, rules, and how many places, goods, branches, people, children and wishes it has."""
    with edge.database.reading() as session:
        found = queries.campaign_by_slug(session, slug)
        assert found.id is not None
        edge.emit(
            {
                **campaign_facts(found),
                "rules": queries.rules_of(session, found.id).model_dump(mode="json"),
                "counts": campaign_counts(session, found.id),
            },
            as_json,
        )


@campaign.command()
@click.argument("source")
@click.argument("slug")
@click.option("--start", type=_DAY, required=True)
@click.option("--end", type=_DAY, required=True)
@click.option("--name", default="")
@click.option("--place", default="", help="Name of another city; then its places are imported, not copied.")
@click.option("--city-code", default="")
@_as_json
@click.pass_obj
def copy(
    edge: Edge,
    source: str,
    slug: str,
    start: datetime,
    end: datetime,
    name: str,
    place: str,
    city_code: str,
    as_json: bool,
) -> None:
    """Start campaign SLUG with the rules, catalogue and places of SOURCE. People and wishes are not copied."""
    with edge.database.transaction() as session:
        found = queries.campaign_by_slug(session, source)
        assert found.id is not None
        elsewhere = city_code not in ("", found.city_code)
        campaign_id = actions.copy_campaign(
            session,
            campaign_id=found.id,
            slug=slug,
            starts_on=start.date(),
            ends_on=end.date(),
            name=name,
            place=place,
            city_code=city_code,
            with_places=not elsewhere,
            actor=OPERATOR,
            now=utc_now(),
        )
    edge.emit(
        {"campaign_id": campaign_id, "slug": slug, "copied_from": source, "places_copied": not elsewhere}, as_json
    )


@campaign.command()
@click.argument("slug")
@click.option("--reopen", is_flag=True, help="Take it up again.")
@_as_json
@click.pass_obj
def close(edge: Edge, slug: str, reopen: bool, as_json: bool) -> None:
    """Close SLUG when every wish has come to its end; from then on the days count until identities are forgotten."""
    now = utc_now()
    with edge.database.transaction() as session:
        found = queries.campaign_by_slug(session, slug)
        assert found.id is not None
        if reopen:
            reopen_campaign(session, campaign_id=found.id, actor=OPERATOR, now=now)
            closed_at = None
        else:
            closed_at = close_campaign(session, campaign_id=found.id, actor=OPERATOR, now=now)
    edge.emit({"slug": slug, "closed_at": closed_at and closed_at.isoformat()}, as_json)


COMMANDS: list[click.Command] = [campaign]
