"""The branch secretary's page: answer proposals, see who carries what, keep within the pledge."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wishes.access import Role
from wishes.claims import actions as claims
from wishes.claims.bulk import Tally, each
from wishes.claims.match_report import names_of
from wishes.claims.match_words import why
from wishes.claims.queries import (
    branch_card,
    delivered_count,
    in_hand,
    members_of,
    proposed_to,
    standing_proposals,
)
from wishes.clock import local_day, utc_now
from wishes.errors import Forbidden, NotFound
from wishes.tracking.queries import open_clocks
from wishes.web.campaign import campaign_blueprint
from wishes.web.cards import add_answers, title, wish_cards
from wishes.web.context import day, language, t
from wishes.web.identity import database, signed_in
from wishes.web.numbers import whole

pages = campaign_blueprint("branch", __name__)
PAGE = 20
_ANSWERS = ("accept", "accept_all", "hand", "decline")


def _reasons() -> list[str]:
    """Why a branch may decline; the engine never offers that wish to it again."""
    return [
        t("支部本次不便承担", "Not possible for the branch this time"),
        t("预算不够", "The budget does not suffice"),
        t("太远", "Too far away"),
        t("买不到", "Cannot be bought here"),
        t("没有合适的人", "Nobody suitable"),
    ]


def _branch_id() -> int:
    mine = signed_in().ids(Role.BRANCH_SECRETARY, g.campaign.id, "branch_id")
    if not mine:
        raise Forbidden()
    return min(mine)


@pages.get("/branch")
def home() -> str:
    person, branch_id, today = signed_in(), _branch_id(), local_day(utc_now())
    after = request.args.get("after", 0, type=whole)
    with database().reading() as session:
        branch = branch_card(session, branch_id)
        offered = proposed_to(session, g.campaign.id, branch_id=branch_id, after=after, limit=PAGE)
        held = in_hand(session, g.campaign.id, branch_id=branch_id, limit=200)
        clocks = open_clocks(session, [row.id for row in (*offered.rows, *held.rows)])
        members = members_of(session, branch_id)
        proposals, names = standing_proposals(session, offered.rows), names_of(session, g.campaign.id)
        delivered = delivered_count(session, g.campaign.id, branch_id=branch_id)
    offers = wish_cards(offered.rows, person, today=today, clocks=clocks)
    for card, row in zip(offers, offered.rows, strict=True):
        card["for"] = row.volunteer or t("支部", "The branch")
        if (proposal := proposals.get(row.id)) is not None:
            card["until"] = day(proposal.expires_at)
            card["reasons"] = [t(text) for text in why(proposal.criteria, names)]
    tasks = wish_cards(held.rows, person, today=today, clocks=clocks, with_status=True)
    for card, row in zip(tasks, held.rows, strict=True):
        card["title"], card["detail"] = (
            f"{title(row)} · {row.code}",
            row.volunteer or t("支部承担", "Carried by the branch"),
        )
        add_answers(card, row, person, today=today, clock=clocks.get(row.id))
    tasks.sort(key=lambda card: 9999 if card["due_days"] is None else card["due_days"])
    return render_template(
        "branch/home.html",
        branch=branch,
        offers=offers,
        offered_total=offered.total,
        tasks=tasks,
        today=today.isoformat(),
        held_total=held.total,
        members=members,
        free_members=[
            (m.id, f"{m.name} {m.live_claims}/{m.claim_limit}") for m in members if m.live_claims < m.claim_limit
        ],
        reasons=[(text, text) for text in _reasons()],
        delivered=delivered,
        next_url=url_for("branch.home", after=offered.after) if offered.after else "",
        prev_url=url_for("branch.home") if after else "",
    )


@pages.post("/branch/answer")
def answer() -> Response:
    """Accept the ticked proposals, hand them to a member, or decline them; what cannot be done is said, the rest is done."""
    person, branch_id, now = signed_in(), _branch_id(), utc_now()
    action, reason = request.form.get("action", ""), request.form.get("reason", "") or _reasons()[0]
    chosen = request.form.getlist("ids", type=whole)[: PAGE * 4]
    member = request.form.get("member", type=whole) if action == "hand" else None
    if action not in _ANSWERS:
        raise NotFound()
    if action == "hand" and member is None:
        flash(t("请先选择由哪位成员承担。", "Choose the member who will carry it."), "warning")
        return redirect(url_for("branch.home"))
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
                session,
                chosen,
                lambda wish_id: claims.accept(session, wish_id=wish_id, actor=person, now=now, volunteer_id=member),
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
