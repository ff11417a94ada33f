"""Pages of everybody: the start, a campaign's public face. They show counts, never a child; small counts are hidden."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wishes.access import Actor, Role
from wishes.campaigns.queries import all_campaigns
from wishes.intake.wishes import Filter, status_counts
from wishes.lifecycle import FINISHED, HELD, Status
from wishes.reports.public import SMALL, county_counts, hidden_counties
from wishes.web.campaign import enter_campaign
from wishes.web.context import t
from wishes.web.identity import actor, database

pages = Blueprint("public", __name__)
HOME: tuple[tuple[Role, str], ...] = (
    (Role.COORDINATOR, "desk.home"),
    (Role.CAMPAIGN_ADMIN, "desk.home"),
    (Role.SITE_ADMIN, "desk.home"),
    (Role.BRANCH_SECRETARY, "branch.home"),
    (Role.SOCIAL_WORKER, "community.home"),
    (Role.VOLUNTEER, "volunteer.mine"),
    (Role.INSPECTOR, "inspection.home"),
    (Role.COURIER, "inspection.home"),
    (Role.AUDITOR, "gaps.home"),
)


def home_of(person: Actor, campaign_id: int) -> str | None:
    """The endpoint where this person's work begins in a campaign."""
    roles = person.roles_in(campaign_id)
    return next((endpoint for role, endpoint in HOME if role in roles), None)


@pages.get("/")
def home() -> str | Response:
    """Everybody's start. Who works in just one campaign goes straight to their work."""
    person = actor()
    with database().reading() as session:
        campaigns = all_campaigns(session)
    mine = [(c, home_of(person, c.id)) for c in campaigns if person.account_id is not None and home_of(person, c.id)]
    if len(mine) == 1 and "stay" not in request.args:
        here, endpoint = mine[0]
        return redirect(url_for(endpoint, slug=here.slug))  # type: ignore[arg-type]
    return render_template(
        "public/home.html",
        campaigns=campaigns,
        mine=[{"name": c.name, "url": url_for(e, slug=c.slug)} for c, e in mine if e],
    )


@pages.get("/c/<slug>")
def campaign(slug: str) -> str:
    """A campaign in figures, for everyone."""
    here = enter_campaign(slug, public=True)
    with database().reading() as session:
        counts = status_counts(session, here.id, Filter())
        counties = county_counts(session, here.id)
    waiting = counts[Status.OPEN] + counts[Status.PROPOSED]
    under_way = sum(counts[s] for s in HELD) + counts[Status.DISPUTED]
    delivered = sum(counts[s] for s in FINISHED)
    shown = waiting + under_way + delivered
    hidden = hidden_counties(counties)
    rows = [
        {"label": c.name, "value": 0, "text": t("少量", "few")}
        if c.code in hidden
        else {"label": c.name, "value": c.delivered}
        for c in sorted(counties, key=lambda c: (c.code in hidden, 0 if c.code in hidden else -c.delivered, c.code))
        if c.shown >= SMALL
    ]
    return render_template(
        "public/campaign.html",
        shown=_told(shown),
        delivered=_told(delivered),
        still=_still(waiting, under_way, delivered),
        progress=(delivered, shown) if delivered >= SMALL else None,
        counties=rows,
        work=url_for(endpoint) if (endpoint := home_of(actor(), g.campaign.id)) else "",
    )


def _still(waiting: int, under_way: int, delivered: int) -> list[tuple[str, int | str, str]]:
    """Label, count and icon of what is not delivered yet; told so that the total tells no small part."""
    if 0 < delivered < SMALL:
        return []
    if 0 < waiting < SMALL or 0 < under_way < SMALL:
        return [(t("还没送到", "Not delivered yet"), _told(waiting + under_way), "hourglass")]
    return [
        (t("等人认领", "Waiting for somebody"), waiting, "hourglass"),
        (t("正在办理", "Under way"), under_way, "truck"),
    ]


def _told(count: int) -> int | str:
    """A count of the whole campaign as the public is told it."""
    return t("不足 {n}", "fewer than {n}", n=SMALL) if 0 < count < SMALL else count
