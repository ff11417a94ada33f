"""Signing in by WeChat or WeCom, and connecting one's own to one's account.

The browser is sent out by a link (the page's policy lets no form go elsewhere) and comes back to one exact address with a code and the
``state`` it was given, which is good once, for ten minutes, for this browser, this provider and this purpose.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta

from flask import Blueprint, current_app, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from wishes.clock import utc_now
from wishes.errors import MicrowishError, NotFound
from wishes.i18n import Text
from wishes.people import connections
from wishes.people.outside import LABEL, Recogniser, app_for, way_out
from wishes.settings import OutsideApp
from wishes.web.account import admit, again
from wishes.web.context import language, t
from wishes.web.identity import database, settings, signed_in
from wishes.web.outside_found import digests_found, forget_found, keep_found

pages = Blueprint("outside", __name__)
GOOD_FOR = timedelta(minutes=10)
_KEPT = "outside"


class Stale(MicrowishError):
    status, code = 400, "sign_in_over"
    title = Text("请重新开始", "Please start again")
    sentence = Text(
        "这次登录已失效或不是从这里开始的。请回到登录页重新开始。",
        "This sign-in is over or was not begun here. Go back to the sign-in page and start again.",
    )


def _app(provider: str) -> OutsideApp:
    app = app_for(settings(), provider, request.user_agent.string)
    if app is None:
        raise NotFound("这种登录方式", "way to sign in")
    return app


def _recogniser() -> Recogniser:
    found: Recogniser = current_app.extensions.setdefault("microwish.recogniser", Recogniser())
    return found


def _back_here(provider: str) -> str:
    return f"{settings().base_url}{url_for('outside.back', provider=provider)}"


def send_out(provider: str, *, purpose: str, subject: str = "", target: str = "") -> Response:
    """To the provider. *purpose* is sign_in, connect (*subject*: the account) or join (*subject*: the invitation's secret)."""
    app = _app(provider)
    state = secrets.token_hex(16)  # WeCom takes letters and digits only
    session[_KEPT] = {
        "state": state,
        "provider": provider,
        "purpose": purpose,
        "subject": subject,
        "next": target,
        "until": (utc_now() + GOOD_FOR).timestamp(),
    }
    return redirect(way_out(provider, app, redirect_uri=_back_here(provider), state=state))


@pages.get("/sign-in/with/<provider>")
def begin(provider: str) -> Response:
    return send_out(provider, purpose="sign_in", target=request.args.get("next", ""))


@pages.get("/account/with/<provider>")
def begin_connecting(provider: str) -> Response:
    """To connect one's own: only shortly after signing in."""
    person = signed_in()
    _app(provider)
    waits = again(url_for("account.home") + "#outside")
    return waits or send_out(provider, purpose="connect", subject=str(person.account_id))


@pages.get("/sign-in/with/<provider>/back")
def back(provider: str) -> Response | tuple[str, int]:
    """The provider sends the browser back."""
    kept = session.pop(_KEPT, None)
    if (
        not isinstance(kept, dict)
        or kept.get("provider") != provider
        or float(kept["until"]) < utc_now().timestamp()
        or not hmac.compare_digest(str(kept["state"]).encode(), request.args.get("state", "").encode())
    ):
        raise Stale()
    code, now = request.args.get("code", ""), utc_now()
    if not code:
        flash(t("您没有确认。", "You did not confirm."), "info")
        return redirect(url_for("account.sign_in", next=kept["next"]))
    known = _recogniser().recognise(provider, _app(provider), code[:600], redirect_uri=_back_here(provider))
    digests = connections.digests_of(known, settings().secret_key)
    if kept["purpose"] == "connect":
        if str(signed_in().account_id) != kept["subject"]:
            raise Stale()
        keep_found(provider, digests, account_id=signed_in().account_id, invitation="")
        return redirect(url_for("account.home") + "#outside")
    with database().transaction() as writing:
        account_id = connections.account_of(writing, digests, now=now)
    if kept["purpose"] == "join":
        target = url_for("joining.invited", secret=kept["subject"])
        if account_id is not None:
            return admit(account_id, target, now)
        keep_found(provider, digests, account_id=None, invitation=kept["subject"])
        return redirect(target)
    if account_id is None:
        return _unknown(provider), 403
    return admit(account_id, kept["next"], now)


def _unknown(provider: str) -> str:
    return render_template("account/unknown_outside.html", label=t(LABEL[provider]))


@pages.post("/account/with")
def connect() -> Response:
    """Connect whom the provider recognised a moment ago to the account that is signed in."""
    person = signed_in()
    provider, digests = digests_found(person.account_id, "")
    if not provider:
        raise Stale()
    forget_found()
    try:
        with database().transaction() as writing:
            connections.connect(
                writing, account_id=person.account_id or 0, provider=provider, digests=digests, now=utc_now(), actor=person
            )  # fmt: skip
    except connections.AlreadyConnected as error:
        flash(error.say(language()), "warn")
    else:
        flash(t("已绑定{label}，以后可以用它登录。", "{label} is connected: you can sign in by it.", label=t(LABEL[provider])), "success")  # fmt: skip
    return redirect(url_for("account.home") + "#outside")


@pages.post("/account/with/<provider>/end")
def disconnect(provider: str) -> Response:
    person = signed_in()
    if provider not in LABEL:
        raise NotFound("这种登录方式", "way to sign in")
    with database().transaction() as writing:
        connections.disconnect(
            writing, account_id=person.account_id or 0, provider=provider, now=utc_now(), actor=person
        )
    forget_found()
    flash(t("已解除绑定。", "The connection is ended."), "success")
    return redirect(url_for("account.home") + "#outside")
