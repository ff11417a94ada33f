"""The volunteer's pages: what is mine to do by when, and wishes to claim."""

from __future__ import annotations

from flask import g, render_template, request, url_for

from wishes.access import Role
from wishes.campaigns.queries import place_names
from wishes.claims.queries import branch_card, delivered_count, in_hand, proposed_to, standing_proposals, volunteer_card
from wishes.clock import local_day, utc_now
from wishes.errors import Forbidden
from wishes.i18n import Text
from wishes.intake.wishes import Filter, WishRow, list_wishes, status_counts
from wishes.lifecycle import Kind, Status
from wishes.tracking.queries import open_clocks
from wishes.web.campaign import campaign_blueprint
from wishes.web.cards import add_answers, wish_cards
from wishes.web.context import day, t
from wishes.web.identity import database, signed_in
from wishes.web.numbers import whole
from wishes.web.wording import CATEGORY

pages = campaign_blueprint("volunteer", __name__)
PAGE = 24
_NEXT_STEP: dict[Status, Text] = {
    Status.CLAIMED: Text("买好后点“已买好”", "Tell us when it is bought"),
    Status.READY: Text("等质检，或直接送达", "Inspection or direct hand-over"),
    Status.INSPECTED: Text("等配送", "Waiting for transport"),
    Status.IN_TRANSIT: Text("送到后扫码", "Scan at the hand-over"),
}


def _volunteer_id() -> int:
    mine = signed_in().ids(Role.VOLUNTEER, g.campaign.id, "volunteer_id")
    if not mine:
        raise Forbidden()
    return min(mine)


@pages.get("/mine")
def mine() -> str:
    person, volunteer_id, today = signed_in(), _volunteer_id(), local_day(utc_now())
    with database().reading() as session:
        me = volunteer_card(session, volunteer_id)
        offered = proposed_to(session, g.campaign.id, volunteer_id=volunteer_id).rows
        held = in_hand(session, g.campaign.id, volunteer_id=volunteer_id).rows
        clocks = open_clocks(session, [row.id for row in (*offered, *held)])
        why = standing_proposals(session, offered)
        delivered = delivered_count(session, g.campaign.id, volunteer_id=volunteer_id)
    offers = wish_cards(offered, person, today=today, clocks=clocks)
    for card, row in zip(offers, offered, strict=True):
        if row.id in why:
            card["why"] = t("{day} 前只留给您", "Kept for you until {day}", day=day(why[row.id].expires_at))
    tasks = wish_cards(held, person, today=today, clocks=clocks, with_status=True)
    for card, row in zip(tasks, held, strict=True):
        card["detail"] = next_step(row)
        add_answers(card, row, person, today=today, clock=clocks.get(row.id))
    tasks.sort(key=lambda card: 9999 if card["due_days"] is None else card["due_days"])
    return render_template(
        "volunteer/mine.html",
        me_volunteer=me,
        offers=offers,
        tasks=tasks,
        delivered=delivered,
        today=today.isoformat(),
        late=sum(1 for card in tasks if card["due_days"] is not None and card["due_days"] < 0),
    )


def next_step(row: WishRow) -> str:
    """What whoever holds the wish does next, in a line."""
    if row.status is Status.SCHEDULED:
        return t("{day} 前往", "Be there on {day}", day=day(row.scheduled_on)) if row.scheduled_on else ""
    if row.status is Status.CLAIMED and row.kind is Kind.SERVICE:
        return t("和社工约好日期", "Agree a date with the social worker")
    return t(_NEXT_STEP[row.status])


@pages.get("/browse")
def browse() -> str:
    """Open wishes to claim (抢单); one's own district first unless asked otherwise."""
    person, today = signed_in(), local_day(utc_now())
    volunteers = person.ids(Role.VOLUNTEER, g.campaign.id, "volunteer_id")
    branches = person.ids(Role.BRANCH_SECRETARY, g.campaign.id, "branch_id")
    if not volunteers and not branches:
        raise Forbidden()
    with database().reading() as session:
        home = volunteer_card(session, min(volunteers)) if volunteers else branch_card(session, min(branches))
        names = place_names(session, g.campaign.id)
        county = request.args.get("county", home.county_code)
        if (
            "county" not in request.args
            and not status_counts(session, g.campaign.id, Filter(statuses=(Status.OPEN,), county_code=county))[
                Status.OPEN
            ]
        ):
            county = ""  # nothing at home: show what there is elsewhere
        narrowed = Filter(
            statuses=(Status.OPEN,),
            county_code=county if county in names else "",
            category=request.args.get("category", ""),
            need=request.args.get("need", ""),
            words=request.args.get("q", "")[:40],
        )
        page = list_wishes(session, g.campaign.id, narrowed, after=request.args.get("after", 0, type=whole), limit=PAGE)
    kept = {name: value for name, value in request.args.items() if name not in ("after", "lang")}
    counties = sorted((code, name) for code, name in names.items() if len(code) == 6)
    return render_template(
        "volunteer/browse.html",
        cards=wish_cards(page.rows, person, today=today),
        total=page.total,
        counties=counties,
        county=county,
        categories=[(key, t(label)) for key, label in CATEGORY.items()],
        category=narrowed.category,
        need=narrowed.need,
        words=narrowed.words,
        next_url=url_for("volunteer.browse", **{**kept, "after": page.after}) if page.after else "",
        prev_url=url_for("volunteer.browse", **kept) if request.args.get("after") else "",
        as_branch=bool(branches and not volunteers),
    )
