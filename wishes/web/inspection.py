"""Pages of the warehouse: what to inspect, what to send off, what is on its way."""

from __future__ import annotations

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wishes.access import Role
from wishes.claims import actions as claims
from wishes.claims.bulk import each
from wishes.clock import local_day, utc_now
from wishes.errors import Forbidden, NotFound
from wishes.intake.wishes import Filter, list_wishes, status_counts
from wishes.lifecycle import STATUS_LABEL, Status
from wishes.tracking.queries import open_clocks
from wishes.web.branch import say_tally
from wishes.web.campaign import campaign_blueprint
from wishes.web.cards import title, wish_cards
from wishes.web.context import language, t
from wishes.web.identity import database, signed_in
from wishes.web.numbers import whole

pages = campaign_blueprint("inspection", __name__)
PAGE = 50
_STAGES = (Status.READY, Status.INSPECTED, Status.IN_TRANSIT)
_MOVES = {
    Status.READY: ("inspect", "fail_inspection"),
    Status.INSPECTED: ("dispatch",),
    Status.IN_TRANSIT: ("undeliverable",),
}


def _enter() -> None:
    if not signed_in().roles_in(g.campaign.id) & {
        Role.INSPECTOR,
        Role.COURIER,
        Role.COORDINATOR,
        Role.CAMPAIGN_ADMIN,
        Role.SITE_ADMIN,
    }:
        raise Forbidden()


@pages.get("/rounds")
def home() -> str:
    _enter()
    person, today = signed_in(), local_day(utc_now())
    asked = request.args.get("status", "")
    with database().reading() as session:
        counts = status_counts(session, g.campaign.id, Filter(statuses=_STAGES))
        status = (
            Status(asked)
            if asked in {str(s) for s in _STAGES}
            else next((s for s in _STAGES if counts[s]), Status.READY)
        )
        page = list_wishes(
            session,
            g.campaign.id,
            Filter(statuses=(status,), words=request.args.get("q", "")[:40]),
            after=request.args.get("after", 0, type=whole),
            limit=PAGE,
        )
        clocks = open_clocks(session, [row.id for row in page.rows])
    rows = wish_cards(page.rows, person, today=today, clocks=clocks, with_status=True)
    for card, row in zip(rows, page.rows, strict=True):
        card["title"], card["taker"] = title(row), row.branch or row.volunteer or ""
    words = {
        "inspect": (t("质检合格", "Pass"), "check", "primary"),
        "fail_inspection": (t("不合格", "Fail"), "x", "secondary"),
        "dispatch": (t("出发配送", "Send off"), "truck", "primary"),
        "undeliverable": (t("无法送达", "Undeliverable"), "undo", "secondary"),
    }
    return render_template(
        "inspection/home.html",
        rows=rows,
        total=page.total,
        status=status,
        words=request.args.get("q", "")[:40],
        tabs=[
            {
                "label": STATUS_LABEL[s].say(language()),
                "url": url_for("inspection.home", status=s),
                "current": s is status,
                "count": counts[s],
            }
            for s in _STAGES
        ],
        actions=[
            {"value": name, "label": words[name][0], "icon": words[name][1], "kind": words[name][2]}
            for name in _MOVES[status]
        ],
        next_url=url_for("inspection.home", status=status, after=page.after) if page.after else "",
        prev_url=url_for("inspection.home", status=status) if request.args.get("after") else "",
    )


@pages.post("/rounds")
def act() -> Response:
    _enter()
    person, now, name = signed_in(), utc_now(), request.form.get("action", "")
    if not any(name in names for names in _MOVES.values()):
        raise NotFound()
    ids = request.form.getlist("ids", type=whole)[:1000]
    reason = request.form.get("reason", "") or t("质检或配送时登记", "Noted on the round")
    with database().transaction() as session:
        mine = {row.id for row in list_wishes(session, g.campaign.id, Filter(ids=tuple(ids)), limit=1000).rows}
        say_tally(
            each(
                session,
                [i for i in ids if i in mine],
                lambda wish_id: claims.step(session, name, wish_id=wish_id, actor=person, now=now, reason=reason),
            )
        )
    return redirect(url_for("inspection.home", status=request.form.get("status", "")))
