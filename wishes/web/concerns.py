"""“I am worried about a child”: for everybody, signed in or not; and the list for those who must act."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wishes.access import require
from wishes.campaigns.queries import campaign_by_slug
from wishes.clock import utc_now
from wishes.errors import Invalid, NotFound
from wishes.protection.concerns import concerns_of, handle_concern, read_concern
from wishes.protection.concerns import report as keep_report
from wishes.protection.vault import Vault
from wishes.web.campaign import campaign_blueprint
from wishes.web.context import language, moment, t
from wishes.web.identity import actor, database, keyring, signed_in

pages = campaign_blueprint("concerns", __name__)
anybody = Blueprint("concern", __name__)


@anybody.get("/concern")
def report() -> str:
    return _form()


def _form(errors: dict[str, str] | None = None, *, done: bool = False) -> str:
    slug = (request.form if errors else request.args).get("campaign", "")[:64]
    return render_template("protection/concern.html", slug=slug, values=request.form, errors=errors or {}, done=done)


@anybody.post("/concern")
def send() -> Response | str | tuple[str, int]:
    """Keep the report. The thanks name no number: nobody can ask what became of another's report."""
    try:
        with database().transaction() as session:
            keep_report(
                session, Vault(keyring()), campaign_id=_campaign(request.form.get("campaign", "")),
                words=request.form.get("words", ""), contact=request.form.get("contact", ""),
                sender=request.remote_addr or "", actor=actor(), now=utc_now(),
            )  # fmt: skip
    except Invalid as error:
        return _form({error.field: error.say(language())}), 422
    return _form(done=True)


def _campaign(slug: str) -> int | None:
    """The campaign from whose pages somebody came; none when it is unknown: a report is never refused for that."""
    try:
        with database().reading() as session:
            return campaign_by_slug(session, slug).id if slug else None
    except NotFound:
        return None


@pages.get("/concerns")
def home() -> str:
    return _page()


def _page(opened: int | None = None, told: dict[str, str] | None = None) -> str:
    person = signed_in()
    require(person, "concerns.handle", g.campaign.id)
    with database().reading() as session:
        found = concerns_of(session, g.campaign.id, actor=person)
    return render_template(
        "protection/concerns.html",
        rows=[
            {
                "id": each.id,
                "at": moment(each.reported_at),
                "handled": moment(each.handled_at) if each.handled_at else "",
                "by": t("登录用户", "somebody signed in") if each.signed_in else t("未登录", "not signed in"),
                "told": told if each.id == opened else None,
            }
            for each in found
        ],
    )


@pages.post("/concerns/<int:concern_id>/read")
def read(concern_id: int) -> str:
    """Open one report: on record, so it takes a press of a button."""
    person = signed_in()
    with database().transaction() as session:
        told = read_concern(session, Vault(keyring()), concern_id, actor=person, now=utc_now())
    return _page(concern_id, told)


@pages.post("/concerns/<int:concern_id>/handle")
def handle(concern_id: int) -> Response:
    person = signed_in()
    try:
        with database().transaction() as session:
            handle_concern(session, concern_id, answer=request.form.get("reason", ""), actor=person, now=utc_now())
    except Invalid as error:
        flash(error.say(language()), "warn")
    else:
        flash(t("已记录处理结果。", "What was done is recorded."), "success")
    return redirect(url_for("concerns.home"))
