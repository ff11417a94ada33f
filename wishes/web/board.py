"""The coordinator's board: what needs me now, one tap to do something about it, exports, and links for readers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import flash, g, make_response, redirect, render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from wishes.access import Actor, require
from wishes.claims.bulk import each
from wishes.clock import local_day, utc_now
from wishes.errors import NotFound
from wishes.i18n import Text
from wishes.intake.wishes import Filter, list_wishes
from wishes.lifecycle import Status
from wishes.tracking.board_queries import Reserve, branches_with_room, most_late, reserves
from wishes.tracking.forecast_queries import WishForecast, forecasts, learnt_already
from wishes.tracking.gaps import GROUPINGS
from wishes.tracking.ledger import Narrow
from wishes.tracking.sharing import revoke, share, shared_view
from wishes.tracking.steering import reassign, remind, take_back, use_reserve
from wishes.tracking.tracks import MEASURES
from wishes.tracking.waiting import oldest_waiting
from wishes.web.board_export import export
from wishes.web.board_figures import Asked, board_figures
from wishes.web.branch import say_tally
from wishes.web.campaign import campaign_blueprint
from wishes.web.cards import title, wish_cards
from wishes.web.context import day, language, t
from wishes.web.identity import database, settings, signed_in
from wishes.web.numbers import is_id, whole

pages = campaign_blueprint("board", __name__)

MOST_SHOWN = 12
KEPT_FOR_UNCLAIMED = 3
TAKEN_BACK_FROM = (Status.PROPOSED, Status.CLAIMED, Status.SCHEDULED, Status.READY, Status.INSPECTED)
REMINDED_IN = (
    Status.PROPOSED,
    Status.CLAIMED,
    Status.SCHEDULED,
    Status.READY,
    Status.INSPECTED,
    Status.IN_TRANSIT,
    Status.DELIVERED,
)
_REASONS = (
    Text("多次提醒没有回应", "No answer to several reminders"),
    Text("承担人来不及办理", "The taker cannot make it in time"),
    Text("承担人请求退回", "The taker asked to give it back"),
    Text("改由别人更合适", "Somebody else fits better"),
)


@dataclass(frozen=True, slots=True)
class Need:
    """A wish that needs the coordinator, as its row shows it."""

    id: int
    card: dict[str, Any]
    remind: bool
    take_back: bool
    reserve: bool
    reassign: bool


@dataclass(frozen=True, slots=True)
class NeedsNow:
    """The rows, what may be done about them, and whether the forecast is still being learnt."""

    rows: list[Need]
    reserves: list[Reserve]
    branches: list[Reserve]
    reasons: list[tuple[str, str]]
    learning: bool


def needs_now(session: Session, person: Actor, narrow: Narrow, *, now: datetime) -> NeedsNow:
    """The latest first; then, while there is room, who has waited longest to be claimed."""
    late = most_late(session, g.campaign.id, narrow, now=now, limit=MOST_SHOWN - KEPT_FOR_UNCLAIMED)
    ids = [clock.wish_id for clock in late]
    if len(ids) < MOST_SHOWN:
        oldest = oldest_waiting(
            session,
            g.campaign.id,
            now=now,
            since="published",
            statuses=[Status.OPEN],
            county_code=narrow.county or None,
            category=narrow.category or None,
            limit=MOST_SHOWN - len(ids),
        )
        ids += [row.wish_id for row in oldest.rows if row.wish_id not in ids]
    found = {row.id: row for row in list_wishes(session, g.campaign.id, Filter(ids=tuple(ids)), limit=MOST_SHOWN).rows}
    rows = [found[wish_id] for wish_id in ids if wish_id in found]
    learnt = learnt_already(database(), g.campaign.id, now=now)
    ahead = forecasts(session, g.campaign.id, ids, now=now, learnt=learnt) if learnt else {}
    clocks = {clock.wish_id: clock for clock in late}
    stock, branches = reserves(session, g.campaign.id), branches_with_room(session, g.campaign.id)
    cards = wish_cards(rows, person, today=local_day(now), clocks=clocks, with_status=True)
    needs = []
    for card, row in zip(cards, rows, strict=True):
        card["title"] = f"{title(row)} · {row.code}"
        card["detail"] = " · ".join(part for part in (row.county, row.branch, row.volunteer) if part)
        card["forecast"] = say_forecast(ahead.get(row.id))
        seen = clocks.get(row.id)
        card["answered"] = seen is not None and seen.acknowledged_at is not None
        needs.append(
            Need(
                row.id,
                card,
                row.id in clocks and row.status in REMINDED_IN,
                row.status in TAKEN_BACK_FROM,
                bool(stock) and row.need == "none" and row.status in (Status.OPEN, *TAKEN_BACK_FROM),
                bool(branches) and row.need == "none" and row.status in (Status.OPEN, *TAKEN_BACK_FROM),
            )
        )
    reasons = [(text.say(language()), text.say(language())) for text in _REASONS]
    return NeedsNow(needs, stock, branches, reasons, learnt is None)


def say_forecast(ahead: WishForecast | None) -> str:
    """The forecast in one sentence; empty without one."""
    if ahead is None:
        return ""
    if ahead.too_little_data:
        return t("预计送达：数据太少，说不准", "Forecast: too little data to say")
    return t(
        "预计送达：{day}，{between}",
        "Likely delivered: {day}, {between}",
        day=likely_day(ahead),
        between=likely_between(ahead),
    )


def likely_day(ahead: WishForecast) -> str:
    """The day of which a forecast with enough data speaks."""
    return day(ahead.delivered_on) if ahead.delivered_on else t("半年内说不准", "not within half a year, as it stands")


def likely_between(ahead: WishForecast) -> str:
    """The interval that holds eight of ten; open where half a year does not show its end."""
    if ahead.earliest_on is None:
        return t("八成把握在半年以后", "eight in ten after half a year")
    if ahead.latest_on is None:
        return t("最早 {a}", "{a} at the earliest", a=day(ahead.earliest_on))
    return t(
        "八成把握在 {a} 至 {b}", "eight in ten between {a} and {b}", a=day(ahead.earliest_on), b=day(ahead.latest_on)
    )


def _code(text: str) -> str:
    return text if text.isprintable() and len(text) <= 24 else ""  # PostgreSQL keeps no NUL


def narrowed() -> Narrow:
    """The filters of this request; what cannot be one is left out."""
    branch = request.values.get("branch", "")
    community = request.values.get("community", "")
    return Narrow(
        county=_code(request.values.get("county", "")),
        category=_code(request.values.get("category", "")),
        community=community if is_id(community) else "",
        branch=branch if is_id(branch) or branch == "none" else "",
    )


def asked(now: datetime, *, narrow: Narrow | None = None, shared: bool = False) -> Asked:
    by, measure = request.values.get("by", "county"), request.values.get("measure", "claim_to_delivery")
    return Asked(
        g.campaign.id,
        narrowed() if narrow is None else narrow,
        measure if measure in MEASURES else "claim_to_delivery",
        by if by in GROUPINGS and not (shared and by in ("branch", "community", "courier")) else "county",
        now,
        shared,
    )


@pages.get("/board/now")
def now_list() -> str:
    """The part of the desk that keeps itself fresh."""
    person, now = signed_in(), utc_now()
    require(person, "campaign.coordinate", g.campaign.id)
    with database().reading() as session:
        needs = needs_now(session, person, narrowed(), now=now)
    return render_template("board/now_alone.html", needs=needs, filters=dict(narrowed().items()))


@pages.post("/board/act")
def act() -> Response:
    """Remind, take back, reassign, or use the reserve, for one wish or all that were listed; what cannot be done is said."""
    person, now = signed_in(), utc_now()
    require(person, "campaign.coordinate", g.campaign.id)
    name, reason = request.form.get("action", ""), request.form.get("reason", "")
    ids = request.form.getlist("ids", type=whole)[:200]
    reserve_id, branch_id = (request.form.get(name, 0, type=whole) for name in ("reserve", "to_branch"))
    verbs = {
        "remind": lambda i: remind(session, wish_id=i, actor=person, now=now),
        "take_back": lambda i: take_back(session, wish_id=i, actor=person, now=now, reason=reason),
        "reassign": lambda i: reassign(
            session,
            wish_id=i,
            branch_id=branch_id,
            actor=person,
            now=now,
            reason=reason or t("改派", "Given to another"),
        ),
        "reserve": lambda i: use_reserve(
            session,
            wish_id=i,
            branch_id=reserve_id,
            actor=person,
            now=now,
            reason=reason or t("动用应急物资", "The reserve takes it"),
        ),
    }
    if name not in verbs:
        raise NotFound()
    with database().transaction() as session:
        mine = {row.id for row in list_wishes(session, g.campaign.id, Filter(ids=tuple(ids)), limit=200).rows}
        tally = each(session, [i for i in ids if i in mine], verbs[name])
    if name == "remind" and tally.moved:
        flash(
            t(
                "已提醒 {n} 个心愿的承担人（同一天只提醒一次）。",
                "Reminders on their way for {n} of the wishes (once a day at most).",
                n=len(tally.moved),
            ),
            "success",
        )
        tally.moved.clear()
    if tally.moved or tally.refused or name != "remind":
        say_tally(tally)
    target = request.form.get("next", "")
    return redirect(target if target.startswith(f"/c/{g.campaign.slug}/") else url_for("desk.home"))


@pages.get("/board/export.<kind>")
def download(kind: str) -> Response:
    """The board's tables as CSV (one table: ``?panel=``) or as a workbook of all of them."""
    person, now = signed_in(), utc_now()
    require(person, "gaps.view", g.campaign.id)
    with database().reading() as session:
        figures = board_figures(session, asked(now))
    return export(figures, kind, panel=request.args.get("panel", "groups"), name=f"{g.campaign.slug}-{local_day(now)}")


@pages.post("/board/share")
def make_link() -> str:
    """Make a read-only link to the figures as they are narrowed now; its address is shown once."""
    person, now = signed_in(), utc_now()
    days = request.form.get("days", 30, type=whole)
    with database().transaction() as session:
        secret = share(
            session,
            campaign_id=g.campaign.id,
            label=request.form.get("label", ""),
            narrow=narrowed(),
            days=days,
            actor=person,
            now=now,
        )
    address = settings().base_url + url_for("board.shared", secret=secret)
    return render_template("board/link.html", address=address, days=days)


@pages.post("/board/share/<int(max=999999999999999999):view_id>/revoke")
def end_link(view_id: int) -> Response:
    person, now = signed_in(), utc_now()
    with database().transaction() as session:
        done = revoke(session, campaign_id=g.campaign.id, view_id=view_id, actor=person, now=now)
    flash(
        t("链接已收回，打开它的人会看到已失效。", "The link is taken back; it opens nothing now.")
        if done
        else t("这个链接已经失效。", "That link was no longer good."),
        "success",
    )
    return redirect(url_for("gaps.home") + "#share")


@pages.get("/shared/<secret>")
def shared(secret: str) -> Response:
    """The figures for whoever has the link: no wish, no name of a branch, no small numbers. Nobody needs to sign in."""
    now = utc_now()
    with database().reading() as session:
        view = shared_view(session, secret, campaign_id=g.campaign.id, now=now)
        figures = board_figures(session, asked(now, narrow=view.narrow, shared=True))
    response = make_response(render_template("board/shared.html", view=view, **figures))
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
