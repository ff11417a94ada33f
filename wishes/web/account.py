"""Pages of everybody: sign in, sign out, one's own account."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wishes.access import Actor
from wishes.clock import utc_now
from wishes.errors import Invalid, SignInRefused
from wishes.i18n import Text
from wishes.people import actions, connections, outside, passkeys, queries
from wishes.people.second_step import has_codes, has_second_step, sees_identities
from wishes.web.context import language, t
from wishes.web.identity import actor, cookie_digest, cookie_name, database, set_cookie, settings, signed_in
from wishes.web.outside_found import found_for
from wishes.web.passkey_asking import ask_anybody, relying_party

pages = Blueprint("account", __name__)
BETWEEN_STEPS_H = 0.25
FRESH_FOR = timedelta(minutes=15)
"""How long after signing in somebody may change by what they sign in: a browser left open is not enough."""


def _inside(target: str) -> str:
    """*target* if it is an address of this site, else the start page: no open redirects."""
    parts = urlsplit(target)
    inside = target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.netloc
    return target if inside else url_for("public.home")


@pages.get("/sign-in")
def sign_in() -> str | Response:
    if actor().account_id is not None:
        return redirect(_inside(request.args.get("next", "/")))
    return sign_in_page()


def sign_in_page(*, error: str = "", login: str = "") -> str:
    """All the ways in that this installation and this browser have."""
    return render_template(
        "account/sign_in.html",
        next=request.values.get("next", ""),
        error=error,
        login=login,
        ask=ask_anybody(),
        providers=providers(),
    )


def providers() -> list[tuple[str, str]]:
    """Name and label of what this browser can be recognised by."""
    return [(name, t(outside.LABEL[name])) for name in outside.open_providers(settings(), request.user_agent.string)]


def again(target: str) -> Response | None:
    """The way to a new sign-in, unless this browser was signed in a moment ago. Effects: it is signed out."""
    person, digest, now = signed_in(), cookie_digest(), utc_now()
    with database().reading() as session:
        at = None if digest is None else queries.signed_in_at(session, digest)
    if at is not None and at > now - FRESH_FOR:
        return None
    if digest is not None:
        with database().transaction() as session:
            actions.close_session(session, account_id=person.account_id or 0, now=now, secret_hash=digest)
    flash(t("为确认是您本人，请重新登录一次。", "To make sure it is you, please sign in once more."), "info")
    response = redirect(url_for("account.sign_in", next=target))
    response.delete_cookie(cookie_name(), path="/")
    return response


def must_have_second_step(person: Actor) -> bool:
    return settings().second_step_required and sees_identities(person)


def admit(account_id: int, target: str, now: datetime, *, stepped: bool = False) -> Response:
    """The first step is made: sign the browser in, or send it on to the second step (*stepped*: that is made, too)."""
    with database().transaction() as session:
        person = queries.actor_of_account(session, account_id)
        awaits = ""
        if not stepped:
            awaits = (
                "code" if has_second_step(session, account_id) else "setup" if must_have_second_step(person) else ""
            )
        secret = actions.open_session(
            session,
            account_id=account_id,
            now=now,
            hours=BETWEEN_STEPS_H if awaits else settings().session_hours,
            user_agent=request.user_agent.string,
            awaits=awaits,
        )
    forward = _inside(target or url_for("public.home"))
    response = redirect(url_for("signing.second_step", next=forward) if awaits else forward)
    set_cookie(response, secret)  # type: ignore[arg-type]
    return response


@pages.post("/sign-in")
def sign_in_now() -> Response | tuple[str, int]:
    login, password = request.form.get("login", ""), request.form.get("password", "")
    address, now = request.remote_addr or "", utc_now()
    try:
        with database().transaction() as session:
            actions.take_turn(session, login=login, address=address, now=now)
        with database().reading() as session:
            account_id = actions.check_password(session, login=login, password=password)
    except SignInRefused as refused:
        return sign_in_page(error=refused.say(language()), login=login), refused.status
    with database().transaction() as session:
        actions.forgive(session, login=login, address=address, now=now)
    return admit(account_id, request.form.get("next", ""), now)


@pages.post("/sign-out")
def sign_out() -> Response:
    person, digest = actor(), cookie_digest()
    if person.account_id is not None and digest is not None:
        with database().transaction() as session:
            actions.close_session(session, account_id=person.account_id, now=utc_now(), secret_hash=digest)
    response = redirect(url_for("public.home"))
    response.delete_cookie(cookie_name(), path="/")
    return response


@pages.get("/account")
def home() -> str:
    return _account_page()


def _account_page(error: str = "", token: str = "") -> str:
    person = signed_in()
    account_id = person.account_id or 0
    with database().reading() as session:
        browsers = queries.open_sessions(session, account_id, now=utc_now(), current=cookie_digest() or b"")
        codes = has_codes(session, account_id)
        keys = passkeys.passkeys_of(session, account_id)
        connected = connections.connected(session, account_id)
    offered = dict(providers())
    return render_template(
        "account/home.html",
        browsers=browsers,
        error=error,
        token=token,
        device=device,
        codes=codes,
        keys=keys,
        passkeys_work=relying_party() is not None,
        step_required=must_have_second_step(person),
        outside=[
            {
                "name": name,
                "label": t(label),
                "since": connected.get(name),
                "offered": name in offered,
                "found": found_for(person.account_id, "") == name,
            }
            for name, label in outside.LABEL.items()
            if name in connected or name in offered
        ],
    )


_BROWSERS = (
    ("MicroMessenger", Text("微信", "WeChat")),
    ("Edg", Text("Edge", "Edge")),
    ("Firefox", Text("Firefox", "Firefox")),
    ("Chrome", Text("Chrome", "Chrome")),
    ("Safari", Text("Safari", "Safari")),
)
_SYSTEMS = (
    ("HarmonyOS", Text("鸿蒙", "HarmonyOS")),
    ("Android", Text("安卓", "Android")),
    ("iPhone", Text("iPhone", "iPhone")),
    ("iPad", Text("iPad", "iPad")),
    ("Windows", Text("Windows", "Windows")),
    ("Mac OS", Text("Mac", "Mac")),
    ("Linux", Text("Linux", "Linux")),
)


def device(user_agent: str) -> str:
    """A browser as its owner would call it. Many browsers name others, too: the first mark that is found counts."""
    told = [next((t(name) for mark, name in marks if mark in user_agent), "") for marks in (_SYSTEMS, _BROWSERS)]
    return " · ".join(filter(None, told)) or t("不认识的浏览器", "An unknown browser")


@pages.post("/account/password")
def change_password() -> Response | tuple[str, int]:
    person, now = signed_in(), utc_now()
    old, new = request.form.get("old", ""), request.form.get("new", "")
    address = request.remote_addr or ""
    try:
        with database().transaction() as session:
            login = queries.login_of(session, person.account_id or 0)
            actions.take_turn(session, login=login, address=address, now=now)
        with database().transaction() as session:
            actions.forgive(session, login=login, address=address, now=now)
            actions.check_password(session, login=login, password=old)
            actions.set_password(session, account_id=person.account_id or 0, password=new, now=now, actor=person)
            secret = actions.open_session(
                session,
                account_id=person.account_id or 0,
                now=now,
                hours=settings().session_hours,
                user_agent=request.user_agent.string,
            )
    except SignInRefused:
        wrong = Invalid("old", Text("现在的密码不正确。", "The present password is not right."))
        return _account_page(error=wrong.say(language())), 422
    except Invalid as invalid:
        return _account_page(error=invalid.say(language())), 422
    flash(t("密码已更改，其他设备都已退出。", "The password is changed; all other devices are signed out."), "success")
    response = redirect(url_for("account.home"))
    set_cookie(response, secret)  # type: ignore[arg-type]
    g.pop("actor", None)
    return response


@pages.post("/account/sessions/<int:session_id>/close")
def close_browser(session_id: int) -> Response:
    person = signed_in()
    with database().transaction() as session:
        actions.close_session(session, account_id=person.account_id or 0, now=utc_now(), session_id=session_id)
    flash(t("已让那台设备退出登录。", "That device is signed out."), "success")
    return redirect(url_for("account.home"))


@pages.post("/account/tokens")
def new_token() -> str:
    person = signed_in()
    with database().transaction() as session:
        token = actions.create_token(
            session,
            account_id=person.account_id or 0,
            name=request.form.get("name", "API")[:80],
            now=utc_now(),
            actor=person,
        )
    return _account_page(token=token)
