"""The campaign of a page: every address below ``/c/<slug>`` belongs to one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, g

from wishes.campaigns.queries import campaign_by_slug
from wishes.errors import NotFound
from wishes.web.identity import actor, database


@dataclass(frozen=True, slots=True)
class CampaignHere:
    """What pages show of a campaign; no row of the database."""

    id: int
    slug: str
    name: str
    place: str
    ends_on: date

    def day(self, today: date) -> date:
        """The day ages are told for: today, or the campaign's last day once it is over."""
        return min(today, self.ends_on)


def campaign_blueprint(name: str, import_name: str, prefix: str = "") -> Blueprint:
    """A blueprint below ``/c/<slug>``: the slug is looked up once, into ``g.campaign``; people without a role in it see 404."""
    blueprint = Blueprint(name, import_name, url_prefix=f"/c/<slug>{prefix}")

    @blueprint.url_value_preprocessor
    def _find(_endpoint: str | None, values: dict[str, str] | None) -> None:
        g.slug = (values or {}).pop("slug", "")

    @blueprint.before_request
    def _enter() -> None:
        enter_campaign(g.slug)

    return blueprint


def enter_campaign(slug: str, *, public: bool = False) -> CampaignHere:
    """Set ``g.campaign``. Raises NotFound for an unknown campaign and for one that is not this person's to know."""
    with database().reading() as session:
        found = campaign_by_slug(session, slug)
        here = CampaignHere(found.id or 0, found.slug, found.name, found.place, found.ends_on)
    person = actor()
    if not public and person.account_id is not None and not person.roles_in(here.id):
        raise NotFound("这个项目", "campaign")
    g.campaign = here
    return here
