"""The branch secretary's page: answer proposals, see who carries what, keep within the pledge."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wishes.access import Role
from wishes.claims import actions as claims
from wishes.claims.bulk import Tally, each
from wishes.claims.queries import branch_card, delivered_count, in_hand, members_of, proposed_to
from wishes.clock import local_day, utc_now
from wishes.errors import Forbidden, NotFound
from wishes.tracking.queries import open_clocks
from wishes.web.campaign import campaign_blueprint
from wishes.web.cards import title, wish_cards
from wishes.web.context import language, t
from wishes.web.identity import database, signed_in

pages = campaign_blueprint("branch", __name__)
PAGE = 50


def _branch_id() -> int:
    mine = signed_in().ids(Role.BRANCH_SECRETARY, g.campaign.id, "branch_id")
    if not mine:
        raise Forbidden()
    return min(mine)


@pages.get("/branch")
def home() -> str:
    person, branch_id, today = signed_in(), _branch_id(), local_day(utc_now())
    after = request.args.get("after", 0, type=int)
    with database().reading() as session:
        branch = branch_card(session, branch_id)
        offered = proposed_to(session, g.campaign.id, branch_id=branch_id, after=after, limit=PAGE)
        held = in_hand(session, g.campaign.id, branch_id=branch_id, limit=200)
        clocks = open_clocks(session, [row.id for row in (*offered.rows, *held.rows)])
        members = members_of(session, branch_id)
        delivered = delivered_count(session, g.campaign.id, branch_id=branch_id)
    offers = wish_cards(offered.rows, person, today=today, clocks=clocks)
    for card, row in zip(offers, offered.rows, strict=True):
        card["for"] = row.volunteer or t("支部", "The branch")
    tasks = wish_cards(held.rows, person, today=today, clocks=clocks, with_status=True)
    for card, row in zip(tasks, held.rows, strict=True):
        card["title"], card["detail"] = (
            f"{title(row)} · {row.code}",
            row.volunteer or t("支部承担", "Carried by the branch"),
        )
    tasks.sort(key=lambda card: 9999 if card["due_days"] is None else card["due_days"])
    return render_template(
        "branch/home.html",
        branch=branch,
        offers=offers,
        offered_total=offered.total,
        tasks=tasks,
        held_total=held.total,
        members=members,
        delivered=delivered,
        next_url=url_for("branch.home", after=offered.after) if offered.after else "",
        prev_url=url_for("branch.home") if after else "",
    )


@pages.post("/branch/answer")
def answer() -> Response:
    """Accept or decline the ticked proposals; what cannot be done is said, the rest is done."""
    person, branch_id, now = signed_in(), _branch_id(), utc_now()
    action, reason = (
        request.form.get("action", ""),
        request.form.get("reason", "") or t("支部本次不便承担", "Not possible for the branch this time"),
    )
    chosen = [int(text) for text in request.form.getlist("ids") if text.isdecimal()][: PAGE * 4]
    if action not in ("accept", "decline", "accept_all"):
        raise NotFound()
    with database().transaction() as session:
        if action == "accept_all":
            chosen = [row.id for row in proposed_to(session, g.campaign.id, branch_id=branch_id, limit=1000).rows]
        if action == "decline":
            tally = each(
                session,
                chosen,
                lambda wish_id: claims.decline(session, wish_id=wish_id, actor=person, now=now, reason=reason),
            )
        else:
            tally = each(
                session, chosen, lambda wish_id: claims.accept(session, wish_id=wish_id, actor=person, now=now)
            )
    say_tally(tally)
    return redirect(url_for("branch.home"))


def say_tally(tally: Tally) -> None:
    """Tell what a bulk action did, and the first reason of what it could not do."""
    if tally.moved:
        flash(t("已处理 {n} 个心愿。", "{n} wishes done.", n=len(tally.moved)), "success")
    if tally.refused:
        first = next(iter(tally.refused.values()))
        flash(
            t("{n} 个没有处理：{why}", "{n} not done: {why}", n=len(tally.refused), why=first.say(language())),
            "warning",
        )
    if not tally.moved and not tally.refused:
        flash(t("没有勾选心愿。", "No wish was ticked."), "info")
