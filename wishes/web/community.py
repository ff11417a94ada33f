"""The social worker's pages: the community's wishes, what is on its way, what to confirm."""

from __future__ import annotations

from flask import g, render_template, request, url_for

from wishes.access import Role
from wishes.clock import local_day, utc_now
from wishes.errors import Forbidden
from wishes.intake.wishes import Filter, list_wishes, status_counts
from wishes.lifecycle import STATUS_LABEL, Status
from wishes.tracking.queries import open_clocks
from wishes.web.campaign import campaign_blueprint
from wishes.web.cards import title, wish_cards
from wishes.web.context import language, t
from wishes.web.identity import database, signed_in
from wishes.web.wording import CATEGORY

pages = campaign_blueprint("community", __name__)
PAGE = 50
_ARRIVING = (Status.READY, Status.INSPECTED, Status.IN_TRANSIT, Status.SCHEDULED)


def _communities() -> tuple[int, ...]:
    mine = signed_in().ids(Role.SOCIAL_WORKER, g.campaign.id, "community_id")
    if not mine:
        raise Forbidden()
    return tuple(sorted(mine))


@pages.get("/community")
def home() -> str:
    person, communities, today = signed_in(), _communities(), local_day(utc_now())
    ours = Filter(community_ids=communities)
    with database().reading() as session:
        counts = status_counts(session, g.campaign.id, ours)
        arriving = list_wishes(session, g.campaign.id, Filter(community_ids=communities, statuses=_ARRIVING), limit=30)
        feedback = list_wishes(
            session, g.campaign.id, Filter(community_ids=communities, statuses=(Status.DELIVERED,)), limit=30
        )
        clocks = open_clocks(session, [row.id for row in (*arriving.rows, *feedback.rows)])
    return render_template(
        "community/home.html",
        counts=counts,
        total=sum(counts.values()),
        arriving=wish_cards(arriving.rows, person, today=today, clocks=clocks, with_status=True),
        arriving_total=arriving.total,
        feedback=wish_cards(feedback.rows, person, today=today, clocks=clocks, with_status=True),
        feedback_total=feedback.total,
        stages=[
            {"label": STATUS_LABEL[s].say(language()), "value": n, "url": url_for("community.wishes", status=s)}
            for s, n in counts.items()
            if n
        ],
    )


@pages.get("/community/wishes")
def wishes() -> str:
    person, communities, today = signed_in(), _communities(), local_day(utc_now())
    status = request.args.get("status", "")
    narrowed = Filter(
        statuses=(Status(status),) if status in set(Status) else (),
        category=request.args.get("category", ""),
        words=request.args.get("q", "")[:40],
        community_ids=communities,
    )
    with database().reading() as session:
        page = list_wishes(session, g.campaign.id, narrowed, after=request.args.get("after", 0, type=int), limit=PAGE)
        clocks = open_clocks(session, [row.id for row in page.rows])
    rows = wish_cards(page.rows, person, today=today, clocks=clocks, with_status=True)
    for card, row in zip(rows, page.rows, strict=True):
        card["title"], card["alias"], card["taker"] = title(row), row.alias, row.branch or row.volunteer or ""
    kept = {name: value for name, value in request.args.items() if name not in ("after", "lang")}
    return render_template(
        "community/wishes.html",
        rows=rows,
        total=page.total,
        status=status,
        words=narrowed.words,
        category=narrowed.category,
        statuses=[(s, label.say(language())) for s, label in STATUS_LABEL.items()],
        categories=[(key, t(label)) for key, label in CATEGORY.items()],
        next_url=url_for("community.wishes", **{**kept, "after": page.after}) if page.after else "",
        prev_url=url_for("community.wishes", **kept) if request.args.get("after") else "",
    )
