"""Asking to see identities beyond one's duty, and deciding on it. Who asks and who decides are never the same person."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from wishes.access import may, require
from wishes.clock import utc_now
from wishes.errors import Invalid, MicrowishError, NotFound
from wishes.i18n import Text
from wishes.intake.wishes import community_names, wish_by_code
from wishes.protection.approvals import Request, ask_access, decide_access, end_access, requests_of
from wishes.web.campaign import campaign_blueprint
from wishes.web.context import language, moment, t
from wishes.web.identity import database, signed_in
from wishes.web.numbers import whole

pages = campaign_blueprint("identities", __name__)
_STATE: dict[str, tuple[Text, str]] = {
    "asked": (Text("等待审批", "Waiting"), "wait"),
    "live": (Text("有效", "In force"), "good"),
    "refused": (Text("未批准", "Refused"), "bad"),
    "over": (Text("已结束", "Over"), "quiet"),
}
HOURS = (
    ("2", Text("2 小时", "2 hours")),
    ("24", Text("1 天", "1 day")),
    ("72", Text("3 天", "3 days")),
    ("168", Text("1 周", "1 week")),
)


@pages.get("/identities")
def home() -> str:
    return _page()


def _page(errors: dict[str, str] | None = None) -> str:
    person, now = signed_in(), utc_now()
    require(person, "identities.ask", g.campaign.id)
    deciding = may(person, "identities.approve", g.campaign.id)
    with database().reading() as session:
        found = requests_of(session, g.campaign.id, now=now, account_id=None if deciding else person.account_id)
        communities = sorted(community_names(session, g.campaign.id).items(), key=lambda each: each[1])
    return render_template(
        "protection/identities.html",
        rows=[_shown(each, person.account_id, deciding) for each in found],
        communities=communities,
        hours=[(value, t(label)) for value, label in HOURS],
        values=request.form if errors else request.args,
        errors=errors or {},
    )


@pages.post("/identities")
def ask() -> Response | tuple[str, int]:
    person, form = signed_in(), request.form
    try:
        with database().transaction() as session:
            ask_access(
                session, campaign_id=g.campaign.id, purpose=form.get("purpose", ""), hours=form.get("hours", 0, type=whole),
                community_id=form.get("community", type=whole), child_id=_child(session, form.get("wish", "")),
                actor=person, now=utc_now(),
            )  # fmt: skip
    except Invalid as error:
        return _page({error.field: error.say(language())}), 422
    flash(t("已提交，等管理员审批。", "Sent; an administrator will decide."), "success")
    return redirect(url_for("identities.home"))


def _child(session: Session, code: str) -> int | None:
    if not code.strip():
        return None
    try:
        return wish_by_code(session, g.campaign.id, code).child_id
    except NotFound:
        raise Invalid("wish", Text("没有这个编号的心愿。", "There is no wish with this code.")) from None


@pages.post("/identities/<int:access_id>/<verdict>")
def decide(access_id: int, verdict: str) -> Response:
    """Approve, refuse or end one request of this campaign."""
    person, now = signed_in(), utc_now()
    if verdict not in ("approve", "refuse", "end"):
        raise NotFound()
    try:
        with database().transaction() as session:
            mine = {each.id for each in requests_of(session, g.campaign.id, now=now)}
            if access_id not in mine:
                raise NotFound("这个申请", "request")
            if verdict == "end":
                end_access(session, access_id=access_id, actor=person, now=now)
            else:
                decide_access(
                    session, access_id=access_id, approve=verdict == "approve", answer=request.form.get("reason", ""),
                    actor=person, now=now,
                )  # fmt: skip
    except NotFound:
        raise
    except MicrowishError as error:
        flash(error.say(language()), "warn")
    else:
        flash(t("已记录。", "Recorded."), "success")
    return redirect(url_for("identities.home"))


def _shown(each: Request, account_id: int | None, deciding: bool) -> dict[str, Any]:
    label, tone = _STATE[each.state]
    return {
        "id": each.id,
        "who": each.who,
        "scope": each.alias or each.community or t("整个项目", "The whole campaign"),
        "purpose": each.purpose,
        "hours": each.hours,
        "asked": moment(each.asked_at),
        "state": t(label),
        "tone": tone,
        "answer": each.answer,
        "by": each.decided_by,
        "until": moment(each.expires_at) if each.expires_at else "",
        "may_decide": deciding and each.state == "asked" and each.account_id != account_id,
        "may_end": each.state in ("asked", "live") and (deciding or each.account_id == account_id),
    }
