"""The coordinator's table of the wait: how long from claim to delivery, by district, branch, category; the oldest first."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from flask import g, render_template, request, url_for

from wishes.access import require
from wishes.campaigns.queries import place_names
from wishes.claims.queries import branches_of
from wishes.clock import SHANGHAI, local, local_day, utc_now
from wishes.errors import Invalid
from wishes.i18n import Text
from wishes.intake.wishes import community_names
from wishes.lifecycle import STATUS_LABEL, Status
from wishes.tracking.gaps import MEASURES, NOBODY, GroupedBy, gap_curve, gaps
from wishes.tracking.survival import Curve
from wishes.tracking.waiting import Since, oldest_waiting
from wishes.web.campaign import campaign_blueprint
from wishes.web.context import day, language, t
from wishes.web.identity import database, signed_in
from wishes.web.wording import CATEGORY

pages = campaign_blueprint("gaps", __name__)
PAGE = 50
_BY: dict[str, Text] = {
    "county": Text("按区县", "By district"),
    "branch": Text("按支部", "By branch"),
    "category": Text("按类别", "By category"),
    "community": Text("按社区", "By community"),
}
_MEASURE: dict[str, Text] = {
    "claim_to_delivery": Text("认领→送达", "Claim → delivery"),
    "published_to_delivery": Text("公开→送达（孩子等了多久）", "Published → delivery (the child's wait)"),
}


@pages.get("/gaps")
def home() -> str:
    require(signed_in(), "gaps.view", g.campaign.id)
    by = request.args.get("by", "county")
    measure = request.args.get("measure", "claim_to_delivery")
    now, as_of = utc_now(), _instant(request.args.get("as_of", ""))
    by, measure = (by if by in _BY else "county"), (measure if measure in MEASURES else "claim_to_delivery")
    since: Since = "published" if measure == "published_to_delivery" else "claimed"
    with database().reading() as session:
        figures = gaps(session, g.campaign.id, as_of=as_of or now, measure=measure, by=(cast(GroupedBy, by),))
        curve = gap_curve(session, g.campaign.id, as_of=as_of or now, measure=measure)
        names = _names(session, by)
        page = oldest_waiting(
            session, g.campaign.id, now=now, since=since, after=_cursor(request.args.get("after", "")), limit=PAGE
        )
        places = place_names(session, g.campaign.id)
    groups = sorted(
        ({"name": names.get(key, key), **summary} for key, summary in figures[f"by_{by}"].items()),
        key=lambda group: (group["median"] is None, -(group["median"] or 0), -group["n"]),
    )
    rows = [
        {
            "title": row.item,
            "url": url_for("wish.page", code=row.code),
            "code": row.code,
            "status": row.status,
            "days": int(row.days_waiting),
            "district": places.get(row.county_code, ""),
            "category": t(CATEGORY[row.category]),
            "taker": row.branch or row.volunteer or "",
            "due": t("超期 {n} 天", "{n} days late", n=int(row.overdue_days))
            if row.overdue_days and row.overdue_days >= 1
            else day(row.due_at),
        }
        for row in page.rows
    ]
    kept = {"by": by, "measure": measure, **({"as_of": request.args["as_of"]} if as_of else {})}
    return render_template(
        "gaps/home.html",
        overall=figures["overall"],
        groups=groups,
        rows=rows,
        by=by,
        measure=measure,
        as_of=local(as_of).strftime("%Y-%m-%dT%H:%M") if as_of else "",
        drawn=_drawn(curve),
        bars_after=[
            {"label": t("{n} 天后", "after {n} days", n=n), "value": round(share * 100, 1)}
            for n, share in figures["overall"]["still_waiting_after_days"].items()
        ],
        tabs=[
            {"label": t(label), "url": url_for("gaps.home", **{**kept, "by": key}), "current": key == by}
            for key, label in _BY.items()
        ],
        measures=[
            (
                key,
                t(_MEASURE[key])
                if key in _MEASURE
                else t("停留：{stage}", "In stage: {stage}", stage=STATUS_LABEL[Status(key)].say(language())),
            )
            for key in MEASURES
        ],
        next_url=url_for("gaps.home", **kept, after=f"{page.after[0].isoformat()}~{page.after[1]}")
        if page.after
        else "",
        prev_url=url_for("gaps.home", **kept) if request.args.get("after") else "",
        today=local_day(now).isoformat(),
    )


def _names(session: Any, by: str) -> dict[str, str]:
    if by == "category":
        return {key: t(label) for key, label in CATEGORY.items()}
    none = {NOBODY: t("（没有）", "(none)")}
    if by == "county":
        return none | place_names(session, g.campaign.id)
    if by == "branch":
        return none | {str(branch.id): branch.name for branch in branches_of(session, g.campaign.id)}
    return none | {str(key): name for key, name in community_names(session, g.campaign.id).items()}


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


def _drawn(curve: Curve) -> dict[str, Any] | None:
    """The share still waiting as points of a 600 × 220 drawing: the step line and its confidence band."""
    if len(curve.times) == 0:
        return None
    last = max(1.0, float(curve.times[-1]))
    width, height = 600.0, 220.0

    def steps(values: Any) -> list[tuple[float, float]]:
        points, before = [(0.0, 0.0)], 1.0
        chosen = range(0, len(curve.times), max(1, len(curve.times) // 240))
        for i in chosen:
            x = float(curve.times[i]) / last * width
            points += [(x, (1 - before) * height), (x, (1 - float(values[i])) * height)]
            before = float(values[i])
        return [*points, (width, (1 - before) * height)]

    band = steps(curve.upper) + steps(curve.lower)[::-1]
    return {
        "line": " ".join(f"{x:.1f},{y:.1f}" for x, y in steps(curve.waiting)),
        "band": " ".join(f"{x:.1f},{y:.1f}" for x, y in band),
        "ticks": [{"x": share * width, "label": f"{share * last:.0f}"} for share in (0, 0.25, 0.5, 0.75, 1)],
    }
