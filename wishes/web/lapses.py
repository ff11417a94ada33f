"""Claims that lapsed, and excusing those that were nobody's fault."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wishes.access import require
from wishes.claims.actions import excuse_lapse
from wishes.claims.queries import Lapse, lapses
from wishes.clock import utc_now
from wishes.web.campaign import campaign_blueprint
from wishes.web.context import day, t
from wishes.web.identity import database, signed_in
from wishes.web.numbers import whole

pages = campaign_blueprint("lapses", __name__)
PAGE = 50


@pages.get("/lapses")
def home() -> str:
    require(signed_in(), "campaign.coordinate", g.campaign.id)
    before = request.args.get("before", type=whole)
    with database().reading() as session:
        found = lapses(session, g.campaign.id, before_id=before, limit=PAGE + 1)
    return render_template(
        "lapses/home.html",
        rows=[_row(one) for one in found[:PAGE]],
        next_url=url_for("lapses.home", before=found[PAGE - 1].claim_id) if len(found) > PAGE else "",
        prev_url=url_for("lapses.home") if before else "",
    )


@pages.post("/lapses/<int:claim_id>/excuse")
def excuse(claim_id: int) -> Response:
    """This one no longer counts against whoever held the wish."""
    person = signed_in()
    require(person, "campaign.coordinate", g.campaign.id)
    with database().transaction() as session:
        excuse_lapse(session, claim_id=claim_id, actor=person, now=utc_now(), reason=request.form.get("reason", ""))
    flash(t("已免责，不再计入逾期次数。", "Excused; it no longer counts."), "success")
    return redirect(url_for("lapses.home"))


def _row(one: Lapse) -> dict[str, Any]:
    return {
        "id": one.claim_id,
        "title": f"{one.item} · {one.wish_code}",
        "url": url_for("wish.page", code=one.wish_code),
        "who": " · ".join(name for name in (one.who, one.branch) if name),
        "claimed": day(one.claimed_at),
        "ended": day(one.ended_at),
        "excused": day(one.excused_at) if one.excused_at else "",
    }
