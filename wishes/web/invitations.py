"""Inviting members into a branch, and the page on which they join."""

from __future__ import annotations

import re

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wishes.access import Actor
from wishes.campaigns.queries import campaign_by_id
from wishes.clock import utc_now
from wishes.errors import Invalid, MicrowishError, NotFound
from wishes.handover.label_codes import qr_svg
from wishes.i18n import Text
from wishes.people import actions, connections, invitations
from wishes.people.outside import LABEL
from wishes.web.account import admit, providers
from wishes.web.campaign import campaign_blueprint
from wishes.web.context import day, language, t
from wishes.web.identity import actor, database, settings, signed_in
from wishes.web.numbers import whole
from wishes.web.outside import send_out
from wishes.web.outside_found import digests_found, forget_found, found_for

pages = campaign_blueprint("invitations", __name__)
anybody = Blueprint("joining", __name__)
_LOGIN = re.compile(r"1\d{10}|[^@\s]+@[^@\s]+\.[^@\s]+")


@pages.get("/invitations")
def home() -> str:
    return _page()


def _page(link: str = "") -> str:
    person, now = signed_in(), utc_now()
    with database().reading() as session:
        branches = invitations.branches_to_invite_for(session, person, g.campaign.id)
        standing = invitations.standing(session, person, g.campaign.id, now=now)
    return render_template(
        "account/invitations.html",
        branches=branches,
        link=link,
        svg=qr_svg(link) if link else "",
        rows=[
            {
                "id": each.id,
                "branch": each.branch,
                "used": each.used,
                "left": each.uses_left,
                "until": day(each.expires_at),
            }
            for each in standing
        ],
    )


@pages.post("/invitations")
def make() -> str:
    """Make a link; it is shown once."""
    with database().transaction() as session:
        secret = invitations.invite(
            session,
            campaign_id=g.campaign.id,
            branch_id=request.form.get("branch", 0, type=whole),
            uses=request.form.get("uses", 0, type=whole),
            days=request.form.get("days", 0, type=whole),
            actor=signed_in(),
            now=utc_now(),
        )
    return _page(f"{settings().base_url}{url_for('joining.invited', secret=secret)}")


@pages.post("/invitations/<int(max=999999999999999999):invitation_id>/end")
def end(invitation_id: int) -> Response:
    with database().transaction() as session:
        invitations.take_back(
            session, invitation_id=invitation_id, campaign_id=g.campaign.id, actor=signed_in(), now=utc_now()
        )
    flash(t("邀请已收回。", "The invitation is taken back."), "success")
    return redirect(url_for("invitations.home"))


@anybody.get("/join/<secret>")
def invited(secret: str) -> str:
    return _join_page(secret)


def _join_page(secret: str, error: str = "") -> str:
    with database().reading() as session:
        found = invitations.invitation_of(session, secret, now=utc_now())
        campaign = campaign_by_id(session, found.campaign_id).name
    found_by = found_for(None, secret) if actor().account_id is None else ""
    return render_template(
        "account/join.html",
        secret=secret,
        branch=found.branch,
        campaign_name=campaign,
        error=error,
        values=request.form,
        providers=providers(),
        found=t(LABEL[found_by]) if found_by else "",
    )


@anybody.get("/join/<secret>/with/<provider>")
def join_with(secret: str, provider: str) -> Response:
    """Be recognised by WeChat or WeCom first: joining then connects it, and needs no password."""
    with database().reading() as session:
        invitations.invitation_of(session, secret, now=utc_now())
    return send_out(provider, purpose="join", subject=secret)


@anybody.post("/join/<secret>")
def join(secret: str) -> Response | tuple[str, int]:
    """Join with the account that is signed in, or with a new one."""
    person, now, form = actor(), utc_now(), request.form
    address = request.remote_addr or ""
    provider, digests = digests_found(None, secret) if person.account_id is None else ("", [])
    try:
        with database().transaction() as session:
            actions.take_turn(session, login=f"join {address}", address=address, now=now, purpose="send")
        with database().transaction() as session:
            account_id = person.account_id
            name, login = person.name, ""
            if account_id is None:
                invitations.invitation_of(session, secret, now=now)
                name, login = form.get("name", "").strip(), form.get("login", "").strip()
                _refuse_unusable(name, login, password_needed=not provider)
                account_id = actions.create_account(
                    session, login=login, name=name, password="" if provider else form.get("password", ""), now=now
                )
            if provider:
                connections.connect(
                    session, account_id=account_id, provider=provider, digests=digests, now=now, actor=Actor(account_id)
                )
            invitations.join(
                session,
                secret=secret,
                account_id=account_id,
                name=name,
                phone=login if login.isdecimal() else "",
                now=now,
            )
    except NotFound:
        raise
    except MicrowishError as error:
        return _join_page(secret, error.say(language())), error.status
    if provider:
        forget_found()
    flash(t("欢迎加入！", "Welcome!"), "success")
    if person.account_id is not None:
        return redirect(url_for("public.home"))
    return admit(account_id, "", now)


def _refuse_unusable(name: str, login: str, *, password_needed: bool) -> None:
    if not 2 <= len(name) <= 60:
        raise Invalid("name", Text("请填写姓名。", "Please give your name."))
    if not _LOGIN.fullmatch(login):
        raise Invalid("login", Text("请填手机号或邮箱。", "Give a mobile number or an e-mail address."))
    if password_needed and not request.form.get("password"):
        raise Invalid("password", Text("请设置密码。", "Choose a password."))
