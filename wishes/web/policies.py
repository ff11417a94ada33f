"""Deadlines and ladders of a campaign, on one page; saving says how many running clocks moved."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wishes.access import require
from wishes.campaigns.queries import rules_of
from wishes.campaigns.rules import Deadline, Step
from wishes.clock import utc_now
from wishes.errors import Invalid
from wishes.i18n import Text
from wishes.lifecycle import STATUS_LABEL, Status
from wishes.tracking.policy import MOST_RUNGS, RELEASED_FROM, TIMED, set_deadlines
from wishes.web.campaign import campaign_blueprint
from wishes.web.context import language, t
from wishes.web.identity import database, signed_in

pages = campaign_blueprint("policies", __name__)

KIND: dict[str, Text] = {
    "remind": Text("提醒", "Remind"),
    "warn": Text("催办（抄送支部书记）", "Warn (and tell the secretary)"),
    "escalate": Text("上报协调员", "Escalate to the coordinator"),
    "release": Text("收回到待认领", "Release into the pool"),
}
SPARE = 2
"""Empty rungs offered below those that are set."""


@pages.get("/deadlines")
def home() -> str:
    require(signed_in(), "campaign.coordinate", g.campaign.id)
    with database().reading() as session:
        deadlines = rules_of(session, g.campaign.id).deadlines
    return _page([_shown(stage, deadlines.get(stage)) for stage in TIMED])


@pages.post("/deadlines")
def save() -> Response | tuple[str, int]:
    person, now = signed_in(), utc_now()
    require(person, "campaign.coordinate", g.campaign.id)
    try:
        deadlines = {stage: one for stage in TIMED if (one := _sent(stage)) is not None}
        with database().transaction() as session:
            done = set_deadlines(session, campaign_id=g.campaign.id, deadlines=deadlines, actor=person, now=now)
    except Invalid as error:
        return _page([_typed(stage) for stage in TIMED], error), 422
    flash(
        t("已保存。{n} 个正在计时的心愿改了期限", "Saved. {n} running deadlines moved", n=done.moved)
        + (t("，另有 {n} 个开始计时。", ", {n} more began.", n=done.opened) if done.opened else t("。", ".")),
        "success",
    )
    return redirect(url_for("policies.home"))


def _page(stages: list[dict[str, Any]], error: Invalid | None = None) -> str:
    return render_template(
        "policies/home.html",
        stages=stages,
        kinds=[(key, t(label)) for key, label in KIND.items()],
        errors=[(error.field, error.say(language()))] if error else [],
    )


def _frame(stage: Status) -> dict[str, Any]:
    kinds = [(key, t(label)) for key, label in KIND.items() if key != "release" or stage in RELEASED_FROM]
    return {"key": str(stage), "name": STATUS_LABEL[stage].say(language()), "kinds": kinds}


def _shown(stage: Status, deadline: Deadline | None) -> dict[str, Any]:
    rungs = [(step.kind, f"{step.hours / 24:g}") for step in deadline.ladder] if deadline else []
    spare = min(SPARE, MOST_RUNGS - len(rungs)) if rungs else SPARE
    return {
        **_frame(stage),
        "days": f"{deadline.days:g}" if deadline else "",
        "working": bool(deadline and deadline.working_days),
        "rungs": rungs + [("", "")] * max(spare, 0),
    }


def _typed(stage: Status) -> dict[str, Any]:
    """What was sent, as it was typed: nobody types it twice."""
    rungs = [
        (request.form.get(f"kind-{stage}-{n}", ""), request.form.get(f"at-{stage}-{n}", "")) for n in range(MOST_RUNGS)
    ]
    while len(rungs) > SPARE and rungs[-1] == ("", ""):
        rungs.pop()
    return {
        **_frame(stage),
        "days": request.form.get(f"days-{stage}", ""),
        "working": f"working-{stage}" in request.form,
        "rungs": rungs,
    }


def _sent(stage: Status) -> Deadline | None:
    """The deadline as sent; None when its days are left empty. Raises Invalid naming the field."""
    days = _number(f"days-{stage}")
    if days is None:
        return None
    if not 0 < days <= 365:
        raise Invalid(f"days-{stage}", Text("天数请填 0 到 365 之间。", "Days must lie between 0 and 365."))
    steps = []
    for n in range(MOST_RUNGS):
        kind = request.form.get(f"kind-{stage}-{n}", "")
        if kind not in KIND:
            continue
        at = _number(f"at-{stage}-{n}") or 0.0
        if not -365 <= at <= 365:
            raise Invalid(f"at-{stage}-{n}", Text("天数请填 -365 到 365 之间。", "Days must lie between -365 and 365."))
        steps.append(Step(kind=kind, hours=at * 24))  # type: ignore[arg-type]
    return Deadline(days=days, working_days=f"working-{stage}" in request.form, ladder=tuple(steps))


def _number(name: str) -> float | None:
    text = request.form.get(name, "").strip().replace("，", ".").replace("−", "-")
    try:
        found = float(text) if text else None
    except ValueError:
        raise Invalid(name, Text("“{value}”不是数字。", "“{value}” is not a number."), value=text[:20]) from None
    if found is not None and not abs(found) < 10_000:
        raise Invalid(name, Text("这个数字不合理。", "That number cannot be right."))
    return found
