"""Deadlines and ladders of a campaign, on one page; saving says how many running clocks moved."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wishes.access import may, require
from wishes.campaigns.closing import close_campaign, reopen_campaign, unfinished
from wishes.campaigns.queries import campaign_by_id, rules_of
from wishes.campaigns.rules import Deadline, Step
from wishes.clock import local_day, utc_now
from wishes.errors import Invalid
from wishes.i18n import Text
from wishes.intake.placing import communities_for
from wishes.lifecycle import STATUS_LABEL, Status
from wishes.tracking.policy import MOST_RUNGS, OWN_STAGES, RELEASED_FROM, RESERVED_FROM, TIMED, set_deadlines
from wishes.tracking.reserve import reserve_of, set_reserve
from wishes.web import policy_forms as rows
from wishes.web.campaign import campaign_blueprint
from wishes.web.context import language, t
from wishes.web.identity import database, signed_in
from wishes.web.wording import CATEGORY

pages = campaign_blueprint("policies", __name__)

KIND: dict[str, Text] = {
    "remind": Text("提醒", "Remind"),
    "warn": Text("催办（抄送支部书记）", "Warn (and tell the secretary)"),
    "escalate": Text("上报协调员", "Escalate to the coordinator"),
    "release": Text("收回到待认领", "Release into the pool"),
    "reserve": Text("改用应急物资", "Fall back on the reserve"),
}
CHANNEL: dict[str, Text] = {
    "inbox": Text("只在站内", "In the inbox only"),
    "email": Text("电子邮件", "E-mail"),
    "wecom_app": Text("企业微信", "WeCom"),
    "sms": Text("短信", "Short message"),
}
SPARE = 2
"""Empty rungs offered below those that are set."""
_NO_RUNG = ("", "", "")


@pages.get("/deadlines")
def home() -> str:
    require(signed_in(), "campaign.coordinate", g.campaign.id)
    with database().reading() as session:
        rules = rules_of(session, g.campaign.id)
    return _page(
        stages=[_shown(stage, rules.deadlines.get(stage)) for stage in TIMED],
        own=rows.own_shown(rules.own_deadlines),
        keys=rows.key_dates_shown(rules.key_dates),
        holidays=rows.days_shown(rules.calendar.holidays),
        workdays=rows.days_shown(rules.calendar.workdays),
    )


@pages.post("/deadlines")
def save() -> Response | tuple[str, int]:
    person, now = signed_in(), utc_now()
    require(person, "campaign.coordinate", g.campaign.id)
    try:
        deadlines = {stage: one for stage in TIMED if (one := _sent(stage)) is not None}
        with database().transaction() as session:
            done = set_deadlines(
                session,
                campaign_id=g.campaign.id,
                deadlines=deadlines,
                own=rows.own_sent(),
                key_dates=rows.key_dates_sent(),
                calendar=rows.calendar_sent(),
                actor=person,
                now=now,
            )
    except Invalid as error:
        sent = request.form
        page = _page(
            error=error,
            stages=[{**_typed(stage), "wrong": f"-{stage}" in error.field} for stage in TIMED],
            own=rows.own_typed(),
            keys=rows.key_dates_typed(),
            holidays=sent.get("holidays", ""),
            workdays=sent.get("workdays", ""),
        )
        return page, 422
    flash(
        t("已保存。{n} 个正在计时的心愿改了期限", "Saved. {n} running deadlines moved", n=done.moved)
        + (t("，另有 {n} 个开始计时。", ", {n} more began.", n=done.opened) if done.opened else t("。", ".")),
        "success",
    )
    return redirect(url_for("policies.home"))


@pages.post("/deadlines/reserve")
def save_reserve() -> Response:
    """How many wishes the reserve can serve, and for how much."""
    person, now = signed_in(), utc_now()
    require(person, "campaign.coordinate", g.campaign.id)
    try:
        count, yuan = rows.number("reserve_count"), rows.number("reserve_yuan")
    except Invalid:
        count = yuan = None
    if count is None or count < 0 or count != round(count) or (yuan is not None and yuan < 0):
        flash(
            t(
                "没有保存：请填件数，如 50；金额可以不填。",
                "Not saved: give the number of pieces, such as 50; the sum may be left out.",
            ),
            "warning",
        )
        return redirect(url_for("policies.home"))
    with database().transaction() as session:
        set_reserve(
            session,
            campaign_id=g.campaign.id,
            pledge_count=round(count),
            pledge_fen=None if yuan is None else round(yuan * 100),
            actor=person,
            now=now,
        )
    flash(t("应急物资库已更新。", "The reserve is up to date."), "success")
    return redirect(url_for("policies.home", _anchor="reserve"))


@pages.post("/deadlines/close")
def close() -> Response:
    """The end of the campaign, or with ``reopen`` its taking up again."""
    person, now = signed_in(), utc_now()
    reopen = "reopen" in request.form
    with database().transaction() as session:
        (reopen_campaign if reopen else close_campaign)(session, campaign_id=g.campaign.id, actor=person, now=now)
    flash(
        t("项目重新打开了。", "The campaign is open again.")
        if reopen
        else t("项目已结束。", "The campaign is closed."),
        "success",
    )
    return redirect(url_for("policies.home", _anchor="closing"))


def _page(*, error: Invalid | None = None, **form: Any) -> str:
    person, today = signed_in(), local_day(utc_now())
    with database().reading() as session:
        rules = rules_of(session, g.campaign.id)
        communities = communities_for(session, g.campaign.id, person)
        reserve = reserve_of(session, g.campaign.id)
        left = unfinished(session, g.campaign.id)
        closed_at = campaign_by_id(session, g.campaign.id).closed_at
    return render_template(
        "policies/home.html",
        **form,
        near=rows.near(rules, today),
        known=rows.calendar_known(),
        reserve=reserve,
        may_close=may(person, "campaign.manage", g.campaign.id),
        left=sum(left.values()),
        closed_on=closed_at and local_day(closed_at),
        keeps=rules.retention_days,
        own_stages=[(str(stage), STATUS_LABEL[stage].say(language())) for stage in OWN_STAGES],
        categories=[(key, t(label)) for key, label in CATEGORY.items()],
        communities=communities,
        days=[*((key, t(label)) for key, label in rows.NAMED_DAYS.items()), ("other", t("其他日子", "Another day"))],
        channels=[(key, t(label)) for key, label in CHANNEL.items()],
        errors=[(error.field, error.say(language()))] if error else [],
    )


def _frame(stage: Status) -> dict[str, Any]:
    ends = {"release": RELEASED_FROM, "reserve": RESERVED_FROM}
    kinds = [(key, t(label)) for key, label in KIND.items() if key not in ends or stage in ends[key]]
    return {"key": str(stage), "name": STATUS_LABEL[stage].say(language()), "kinds": kinds, "said": "", "wrong": False}


def _shown(stage: Status, deadline: Deadline | None) -> dict[str, Any]:
    rungs = [(step.kind, f"{step.hours / 24:g}", step.channel) for step in deadline.ladder] if deadline else []
    spare = min(SPARE, MOST_RUNGS - len(rungs)) if rungs else SPARE
    return {
        **_frame(stage),
        "days": f"{deadline.days:g}" if deadline else "",
        "working": bool(deadline and deadline.working_days),
        "said": " → ".join(_said(step) for step in deadline.ladder) if deadline else "",
        "rungs": rungs + [_NO_RUNG] * max(spare, 0),
    }


_BRIEFLY: dict[str, Text] = {
    "remind": Text("提醒", "remind"),
    "warn": Text("催办", "warn"),
    "escalate": Text("上报", "escalate"),
    "release": Text("收回", "release"),
    "reserve": Text("应急物资", "reserve"),
}


def _said(step: Step) -> str:
    days = f"{abs(step.hours) / 24:g}"
    if step.hours < 0:
        return t("提前 {days} 天{what}", "{what} {days} d before", days=days, what=t(_BRIEFLY[step.kind]))
    if step.hours == 0:
        return t("到期{what}", "{what} when due", what=t(_BRIEFLY[step.kind]))
    return t("过 {days} 天{what}", "{what} {days} d after", days=days, what=t(_BRIEFLY[step.kind]))


def _typed(stage: Status) -> dict[str, Any]:
    """What was sent, as it was typed: nobody types it twice."""
    rungs = [
        tuple(request.form.get(f"{name}-{stage}-{n}", "") for name in ("kind", "at", "by")) for n in range(MOST_RUNGS)
    ]
    while len(rungs) > SPARE and rungs[-1] == _NO_RUNG:
        rungs.pop()
    return {
        **_frame(stage),
        "days": request.form.get(f"days-{stage}", ""),
        "working": f"working-{stage}" in request.form,
        "rungs": rungs,
    }


def _sent(stage: Status) -> Deadline | None:
    """The deadline as sent; None when its days are left empty. Raises Invalid naming the field."""
    days = rows.number(f"days-{stage}")
    if days is None:
        return None
    if not 0 < days <= 365:
        raise Invalid(f"days-{stage}", Text("天数请填 0 到 365 之间。", "Days must lie between 0 and 365."))
    steps = []
    for n in range(MOST_RUNGS):
        kind = request.form.get(f"kind-{stage}-{n}", "")
        if kind not in KIND:
            continue
        at = rows.number(f"at-{stage}-{n}") or 0.0
        by = request.form.get(f"by-{stage}-{n}", "")
        if not -365 <= at <= 365:
            raise Invalid(f"at-{stage}-{n}", Text("天数请填 -365 到 365 之间。", "Days must lie between -365 and 365."))
        steps.append(Step.model_validate({"kind": kind, "hours": at * 24, "channel": by if by in CHANNEL else ""}))
    return Deadline(days=days, working_days=f"working-{stage}" in request.form, ladder=tuple(steps))
