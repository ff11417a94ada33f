"""A site with one person who may do everything, so that nothing is refused before it is read."""

from __future__ import annotations

import re
from pathlib import Path

from flask import Flask
from werkzeug.routing import Rule

from tests.admission.someone import Named
from tests.admission.world import World, path_of
from tests.conftest import settings_for
from tests.factories import make_campaign
from tests.web.people import app_of, grants_of
from wishes.access import Grant, Role
from wishes.admission import ROUTES
from wishes.clock import utc_now
from wishes.people.actions import grant_role

_WEB = Path(__file__).resolve().parents[2] / "wishes" / "web"


def names_read(where: str) -> list[str]:
    """The names that the pages read from ``request.<where>`` (a regular expression)."""
    reads = re.compile(where + r'(?:\.get|\.getlist)?[(\[]\s*"(\w+)"')
    return sorted({name for file in _WEB.rglob("*.py") for name in reads.findall(file.read_text("utf-8"))})


class Site:
    def __init__(self, folder: Path) -> None:
        settings = settings_for(f"sqlite:///{folder / 'microwish.sqlite3'}", folder)
        self.app: Flask = app_of(settings)
        with self.app.extensions["microwish.database"].transaction() as session:
            here, elsewhere = make_campaign(session), make_campaign(session)
        self.world = World(self.app, settings, here, elsewhere)
        self.person = self.world.person(Role.COORDINATOR)
        with self.world.database.transaction() as session:
            for grant in (*grants_of(here).values(), Grant(Role.SITE_ADMIN)):
                grant_role(
                    session, account_id=self.person.account_id, role=grant.role, now=utc_now(), campaign_id=grant.campaign_id,
                    community_id=grant.community_id, branch_id=grant.branch_id, volunteer_id=grant.volunteer_id,
                )  # fmt: skip

    def address(self, rule: Rule) -> str:
        """Where *rule* is found for an object of the person's own; a number where it needs none."""
        what = ROUTES[rule.endpoint].what
        makes = hasattr(self.world, "_" + what.split(" ")[0]) or what.endswith("wish")
        named = self.world.named(what, "own", self.person) if what and makes else Named({}, {})
        values = {
            **dict.fromkeys(rule.arguments - {"slug"}, "1"),
            "name": "release",
            "verdict": "approve",
            **named.path,
        }
        return path_of(self.app, rule, self.world.here.slug, Named(values, {}))
