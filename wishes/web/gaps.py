"""The board of the wait: how long from claim to delivery, where it stops, who waits longest; every figure leads to its wishes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import g, render_template, request, url_for

from wishes.access import may, require
from wishes.claims.queries import branches_of
from wishes.clock import SHANGHAI, local, local_day, utc_now
from wishes.errors import Invalid
from wishes.i18n import Text
from wishes.lifecycle import STATUS_LABEL, Status
from wishes.tracking.forecast_queries import WishForecast, forecasts, learnt_already
from wishes.tracking.gaps import GROUPINGS, GroupedBy, Period, compared, gaps, period_curves
from wishes.tracking.recall import last_known
from wishes.tracking.sharing import shared_views
from wishes.tracking.tracks import MEASURES
from wishes.tracking.waiting import Since, oldest_waiting
from wishes.web.board import asked, likely_between, likely_day, narrowed
from wishes.web.board_figures import Asked, between, board_figures, days, drawn_lines, group_names
from wishes.web.campaign import campaign_blueprint
from wishes.web.context import day, language, moment, t
from wishes.web.identity import database, signed_in
from wishes.web.numbers import is_id
from wishes.web.wording import CATEGORY

pages = campaign_blueprint("gaps", __name__)
PAGE = 25
BY: dict[GroupedBy, Text] = {
    "county": Text("按区县", "By district"),
    "branch": Text("按支部", "By branch"),
    "category": Text("按类别", "By category"),
    "community": Text("按社区", "By community"),
    "courier": Text("按配送人", "By courier"),
}
_MEASURE: dict[str, Text] = {
    "claim_to_delivery": Text("认领→送达", "Claim → delivery"),
    "published_to_delivery": Text("公开→送达（孩子等了多久）", "Published → delivery (the child's wait)"),
}
KEPT = ("by", "measure", "county", "category", "branch", "community")


@pages.get("/gaps")
def home() -> str:
    """Now, with everything that can be drawn; or the table as it was known at a past moment (``?as_of=``)."""
    person, now = signed_in(), utc_now()
    require(person, "gaps.view", g.campaign.id)
    as_of, wanted = _instant(request.args.get("as_of", "")), asked(now)
    return _then(as_of, wanted) if as_of else _now(wanted, may(person, "campaign.coordinate", g.campaign.id))


@pages.get("/gaps/figures")
def figures() -> str:
    """The part of the page that keeps itself fresh."""
    require(signed_in(), "gaps.view", g.campaign.id)
    wanted = asked(utc_now())
    with database().reading() as session:
        found = board_figures(session, wanted)
    return render_template("gaps/figures_alone.html", **found, **_frame(wanted))


def _now(wanted: Asked, coordinating: bool) -> str:
    narrow, now = wanted.narrow, wanted.now
    since: Since = "published" if wanted.measure == "published_to_delivery" else "claimed"
    with database().reading() as session:
        found = board_figures(session, wanted)
        page = oldest_waiting(
            session,
            g.campaign.id,
            now=now,
            since=since,
            county_code=narrow.county or None,
            category=narrow.category or None,
            branch_id=int(narrow.branch) if is_id(narrow.branch) else None,
            community_id=int(narrow.community) if narrow.community else None,
            after=_cursor(request.args.get("after", "")),
            limit=PAGE,
        )
        counties, communities = (group_names(session, g.campaign.id, by) for by in ("county", "community"))
        learnt = learnt_already(database(), g.campaign.id, now=now)
        ids = [row.wish_id for row in page.rows]
        ahead = forecasts(session, g.campaign.id, ids, now=now, learnt=learnt) if learnt else {}
        branches = [(branch.id, branch.name) for branch in branches_of(session, g.campaign.id)]
        links = shared_views(session, g.campaign.id, now=now) if coordinating else []
    rows = [
        {
            "title": row.item,
            "url": url_for("wish.page", code=row.code),
            "code": row.code,
            "status": row.status,
            "days": int(row.days_waiting),
            "district": counties(row.county_code),
            "taker": row.branch or row.volunteer or "",
            "due": t("超期 {n} 天", "{n} days late", n=int(row.overdue_days))
            if row.overdue_days and row.overdue_days >= 1
            else day(row.due_at),
            **_forecast_cells(ahead.get(row.wish_id), late=bool(row.overdue_days)),
        }
        for row in page.rows
    ]
    kept = _kept()
    return render_template(
        "gaps/home.html",
        **found,
        **_frame(wanted),
        rows=rows,
        learning=learnt is None,
        counties=[(row["code"], row["name"]) for row in found["districts"]] or [],
        categories=[(key, t(label)) for key, label in CATEGORY.items()],
        branches=branches,
        community=communities(narrow.community) if narrow.community else "",
        links=[
            {"id": link.id, "label": link.label or t("（未命名）", "(no name)"), "until": moment(link.expires_at)}
            for link in links
        ],
        coordinating=coordinating,
        next_url=url_for("gaps.home", **kept, after=f"{page.after[0].isoformat()}~{page.after[1]}") + "#oldest"
        if page.after
        else "",
        prev_url=url_for("gaps.home", **kept) + "#oldest" if request.args.get("after") else "",
    )


def _then(as_of: datetime, wanted: Asked) -> str:
    by: GroupedBy = next(name for name in GROUPINGS if name == wanted.by)
    with database().reading() as session:
        found = gaps(session, g.campaign.id, as_of=as_of, measure=wanted.measure, by=(by,))
        names = group_names(session, g.campaign.id, by)
    groups = sorted(
        (
            {
                "name": names(key),
                "n": one["n"],
                "done": one["delivered"],
                "waiting": one["censored"],
                "median": one["median"],
                "low": one["median_ci95"][0],
                "high": one["median_ci95"][1],
                "p90": one["p90"],
            }
            for key, one in found[f"by_{by}"].items()
        ),
        key=lambda group: -group["n"],
    )
    overall = found["overall"]
    return render_template(
        "gaps/then.html",
        overall={
            **overall,
            "done_url": "",
            "waiting_url": "",
            "done": overall["delivered"],
            "waiting": overall["censored"],
            "median_low": overall["median_ci95"][0],
            "median_high": overall["median_ci95"][1],
            "naive": overall["naive_median_of_delivered_only"],
        },
        groups=groups,
        as_of=local(as_of).strftime("%Y-%m-%dT%H:%M"),
        **_frame(wanted),
    )


@pages.get("/gaps/compare")
def compare() -> str:
    """The wishes that began in each of two periods, side by side."""
    person, now = signed_in(), utc_now()
    require(person, "gaps.view", g.campaign.id)
    wanted = asked(now)
    with database().reading() as session:
        until = last_known(session, g.campaign.id, now)
        periods = _periods(until)
        told = compared(
            session, g.campaign.id, as_of=until, first=periods[0], second=periods[1], measure=wanted.measure
        )
        curves = period_curves(session, g.campaign.id, as_of=until, periods=periods, measure=wanted.measure)
    names = [f"{t(label)} {said(period)}" for label, period in zip(_WHICH, periods, strict=True)]
    drawn = sorted(zip(names, curves, strict=True), key=lambda line: -line[1].at_risk[:1].sum())
    return render_template(
        "gaps/compare.html",
        rows=_compared_rows(told, [curve.times[-1] if curve.times.size else 0.0 for curve in curves]),
        curves=drawn_lines(dict(drawn)),
        difference=told["difference"],
        periods=periods,
        **_frame(wanted),
    )


_WHICH = (Text("前一段", "Before"), Text("后一段", "After"))


def said(period: Period) -> str:
    return t("{a} 至 {b}", "{a} to {b}", a=day(period.first), b=day(period.last))


def _periods(until: datetime) -> tuple[Period, Period]:
    """What the form says; without it, the last four weeks beside the four before."""
    typed = [request.args.get(f"{which}_{end}", "") for which in ("first", "second") for end in ("from", "to")]
    if all(typed):
        return Period.of("..".join(typed[:2])), Period.of("..".join(typed[2:]))
    last = local_day(until)
    weeks = timedelta(days=28)
    return Period(last - 2 * weeks + timedelta(days=1), last - weeks), Period(last - weeks + timedelta(days=1), last)


def _compared_rows(told: dict[str, Any], followed_days: list[float]) -> list[dict[str, Any]]:
    """A row per figure: of both periods, and how much the second is more. What lies beyond the days followed is not known."""

    def row(label: str, values: list[Any], show: Callable[[Any], str], *, change: bool = True) -> dict[str, Any]:
        before, after = values
        known = change and before is not None and after is not None
        return {
            "name": label,
            "before": show(before),
            "after": show(after),
            "change": ("+" if after > before else "") + show(after - before) if known else "",
        }

    one, two = told["periods"]
    shares = [
        row(
            t("{n} 天后仍在等", "Still waiting after {n} days", n=after),
            [
                period["still_waiting_after_days"][after] if int(after) <= longest else None
                for period, longest in zip((one, two), followed_days, strict=True)
            ],
            lambda share: "—" if share is None else f"{share * 100:.1f}%",
        )
        for after in one["still_waiting_after_days"]
        if int(after) <= max(followed_days)
    ]
    intervals = [between(*period["median_ci95"]) for period in (one, two)]
    return [
        row(t("心愿", "Wishes"), [one["n"], two["n"]], str),
        row(t("已完成", "Done"), [one["delivered"], two["delivered"]], str),
        row(t("中位天数", "Median days"), [one["median"], two["median"]], days),
        row(t("95% 区间", "95% interval"), intervals, str, change=False),
        row(t("四分之一在此之内", "A quarter within"), [one["p25"], two["p25"]], days),
        row(t("四分之三在此之内", "Three quarters within"), [one["p75"], two["p75"]], days),
        row(t("九成以内", "90% within"), [one["p90"], two["p90"]], days),
        *shares,
        row(
            t("只看已完成的中位数（偏乐观，仅供对照）", "Median of those done alone (flatters, for comparison)"),
            [period["naive_median_of_delivered_only"] for period in (one, two)],
            days,
        ),
    ]


def _frame(wanted: Asked) -> dict[str, Any]:
    """What every part of the page says of itself: the measure, the grouping, the filters."""
    kept = _kept()
    return {
        "narrow": wanted.narrow,
        "by": wanted.by,
        "measure": wanted.measure,
        "measures": [(key, measure_name(key)) for key in MEASURES],
        "measure_name": measure_name(wanted.measure),
        "tabs": [
            {
                "label": t(label),
                "url": url_for("gaps.home", **{**kept, "by": key}) + "#groups",
                "current": key == wanted.by,
            }
            for key, label in BY.items()
        ],
        "kept": kept,
        "at": moment(wanted.now),
    }


def measure_name(measure: str) -> str:
    if measure in _MEASURE:
        return t(_MEASURE[measure])
    return t("停留：{stage}", "In stage: {stage}", stage=STATUS_LABEL[Status(measure)].say(language()))


def _forecast_cells(ahead: WishForecast | None, *, late: bool) -> dict[str, str]:
    if ahead is None:
        return {"forecast": "", "risk": ""}
    if ahead.too_little_data:
        return {"forecast": t("数据太少", "too little data"), "risk": ""}
    return {
        "forecast": likely_day(ahead),
        "interval": likely_between(ahead),
        "risk": "" if ahead.miss_chance is None or late else f"{ahead.miss_chance:.0%}",
    }


def _kept() -> dict[str, str]:
    filters = dict(narrowed().items())
    return {
        name: filters.get(name) or request.args[name]
        for name in KEPT
        if filters.get(name) or (name in ("by", "measure") and request.args.get(name))
    }


def _instant(text: str) -> datetime | None:
    """``2021-12-31T18:00`` in Asia/Shanghai; empty is now."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(
            "as_of", Text("时间请写成 2021-12-31T18:00。", "Write the instant like 2021-12-31T18:00.")
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)


def _cursor(text: str) -> tuple[datetime, int] | None:
    moment, _, number = text.partition("~")
    try:
        return (datetime.fromisoformat(moment.replace(" ", "+")), int(number)) if text else None
    except ValueError:
        return None  # an old or broken link starts at the top
