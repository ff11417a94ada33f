"""The social worker's pages: the community's wishes, what is on its way, what to confirm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask import g, render_template, request, url_for

from wishes.access import Actor, Role
from wishes.clock import local_day, utc_now
from wishes.errors import Forbidden
from wishes.i18n import Text
from wishes.intake.wishes import Filter, WishRow, list_wishes, status_counts
from wishes.lifecycle import STATUS_LABEL, Status
from wishes.tracking.queries import OpenClock, open_clocks
from wishes.web.campaign import campaign_blueprint
from wishes.web.cards import add_answers, title, wish_cards
from wishes.web.context import day, language, t
from wishes.web.identity import database, signed_in
from wishes.web.numbers import whole
from wishes.web.wording import CATEGORY

pages = campaign_blueprint("community", __name__)
PAGE = 50
_ARRIVING = (Status.READY, Status.INSPECTED, Status.IN_TRANSIT, Status.SCHEDULED)
_COMING: dict[Status, Text] = {
    Status.READY: Text("已备好，等质检或直接送来", "Bought; inspection or direct hand-over"),
    Status.INSPECTED: Text("已质检，等配送", "Inspected; waiting for transport"),
    Status.IN_TRANSIT: Text("在路上，送到就扫码确认", "On its way; scan when it arrives"),
}
MOST_LISTED = 60


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
        arriving, feedback, drafts = (
            list_wishes(session, g.campaign.id, Filter(community_ids=communities, statuses=which), limit=MOST_LISTED)
            for which in (_ARRIVING, (Status.DELIVERED,), (Status.DRAFT,))
        )
        clocks = open_clocks(session, [row.id for row in (*arriving.rows, *feedback.rows, *drafts.rows)])
    coming = _tasks(arriving.rows, person, today, clocks)
    return render_template(
        "community/home.html",
        counts=counts,
        total=sum(counts.values()),
        arriving=coming,
        arriving_total=arriving.total,
        late=sum(1 for card in coming if card["due_days"] is not None and card["due_days"] < 0),
        feedback=_tasks(feedback.rows, person, today, clocks),
        feedback_total=feedback.total,
        drafts=_tasks(drafts.rows, person, today, clocks),
        drafts_total=drafts.total,
        most=MOST_LISTED,
        stages=[
            {"label": STATUS_LABEL[s].say(language()), "value": n, "url": url_for("community.wishes", status=s)}
            for s, n in counts.items()
            if n
        ],
    )


def _tasks(
    rows: Sequence[WishRow], person: Actor, today: date, clocks: Mapping[int, OpenClock]
) -> list[dict[str, Any]]:
    """Rows of "what is mine to do", the most urgent first."""
    cards = wish_cards(rows, person, today=today, clocks=clocks, with_status=True)
    for card, row in zip(cards, rows, strict=True):
        who = row.branch or row.volunteer or ""
        if row.status is Status.SCHEDULED and row.scheduled_on:
            card["detail"] = t("{day} 来：{who}", "{day}: {who}", day=day(row.scheduled_on), who=who)
        elif row.status in _COMING:
            card["detail"] = t(_COMING[row.status])
        elif row.status is Status.DELIVERED and row.delivered_at:
            card["detail"] = t("{day} 送达，请回访", "Arrived on {day}", day=day(row.delivered_at))
        else:
            card["detail"] = t("核对后提交", "Check it and submit")
        add_answers(card, row, person, today=today, clock=clocks.get(row.id))
    return sorted(cards, key=lambda card: 9999 if card["due_days"] is None else card["due_days"])


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
        page = list_wishes(session, g.campaign.id, narrowed, after=request.args.get("after", 0, type=whole), limit=PAGE)
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
