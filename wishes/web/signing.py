"""Other ways in: a code that is sent, the second step, and the way back for whoever lost both."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from wishes.access import Actor, Role
from wishes.clock import utc_now
from wishes.errors import Forbidden, Invalid, MicrowishError, NotFound, NotSignedIn
from wishes.handover.label_codes import qr_svg
from wishes.people import actions, codes, passkeys, queries, recovering
from wishes.people import second_step as step
from wishes.tracking.channels import Channel, PermanentFailure, TransientFailure, UnclearOutcome, outlets_of
from wishes.web.account import admit, again
from wishes.web.context import language, moment, t
from wishes.web.identity import cookie_digest, cookie_name, database, settings, signed_in
from wishes.web.passkey_asking import ask_for_step, ask_to_add, relying_party, take_challenge
from wishes.web.passkeys import keep

pages = Blueprint("signing", __name__)
log = logging.getLogger("microwish.web")
_SENDING = ThreadPoolExecutor(2, thread_name_prefix="codes")
_FRESH = "second-step-secret"


# --- codes that are sent ------------------------------------------------------------------------------------------------


def _send_code(purpose: str) -> str:
    """Send a code to the account named in the form, if there is one; the answer's words and time do not say whether. Answers the login."""
    login, address, now = request.form.get("login", "").strip(), request.remote_addr or "", utc_now()
    with database().transaction() as writing:
        actions.take_turn(writing, login=login, address=address, now=now, purpose="send")
        prepared = codes.prepare_code(
            writing, login=login, purpose=purpose, key=step.code_key(settings().secret_key), now=now
        )
    if prepared is not None:
        route = outlets_of(settings()).route(prepared.login)
        if route is not None and not (settings().production and route[0].name == "console"):
            _SENDING.submit(_leave, route[0], codes.message(prepared, route[1]))
    return login


def _leave(channel: Channel, message: Any) -> None:
    """Outside the request, so that nobody can tell from its time whether there is such an account."""
    try:
        channel.send(message)
    except (TransientFailure, PermanentFailure, UnclearOutcome) as failure:
        log.warning("a code could not be sent by %s: %s", channel.name, type(failure).__name__)


def _take_code(purpose: str) -> int | None:
    """The account whose code is in the form; counted against the same throttle as passwords. Raises TooManyRequests."""
    login, address, now = request.form.get("login", ""), request.remote_addr or "", utc_now()
    with database().transaction() as writing:
        actions.take_turn(writing, login=login, address=address, now=now)
    with database().transaction() as writing:
        found = codes.take_code(
            writing,
            login=login,
            purpose=purpose,
            code=request.form.get("code", ""),
            key=step.code_key(settings().secret_key),
            now=now,
        )
        if found is not None:
            actions.forgive(writing, login=login, address=address, now=now)
    return found


def _wrong() -> str:
    return t("验证码不正确或已过期，请重新获取。", "The code is wrong or too old. Have a new one sent.")


def _code_page(*, sent: bool = False, error: str = "") -> str:
    form = request.form if request.method == "POST" else request.args
    return render_template(
        "account/code.html", login=form.get("login", ""), next=form.get("next", ""), sent=sent, error=error
    )


@pages.get("/sign-in/code")
def code() -> str:
    return _code_page()


@pages.post("/sign-in/code/send")
def send_code() -> str:
    _send_code("sign_in")
    return _code_page(sent=True)


@pages.post("/sign-in/code")
def sign_in_by_code() -> Response | tuple[str, int]:
    account_id = _take_code("sign_in")
    if account_id is None:
        return _code_page(sent=True, error=_wrong()), 401
    return admit(account_id, request.form.get("next", ""), utc_now())


# --- the second step ----------------------------------------------------------------------------------------------------


def _halfway_if_any() -> tuple[int, str, str] | None:
    digest = cookie_digest()
    with database().reading() as reading:
        return None if digest is None else step.halfway(reading, digest, utc_now())


def _halfway() -> tuple[int, str, str]:
    found = _halfway_if_any()
    if found is None:
        raise NotSignedIn()
    return found


@pages.get("/sign-in/second-step")
def second_step() -> str | Response:
    found = _halfway_if_any()
    if (
        found is None
    ):  # signed in since, or not begun: the sign-in page knows where to go on, and does not lead back here
        return redirect(url_for("account.sign_in"))
    account_id, login, awaits = found
    return _first_page(account_id, login) if awaits == "setup" else _step_page(account_id)


def _step_page(account_id: int, error: str = "") -> str:
    with database().reading() as reading:
        codes = step.has_codes(reading, account_id)
    return render_template(
        "account/second_step.html",
        next=request.values.get("next", ""),
        error=error,
        codes=codes,
        ask=ask_for_step(account_id),
    )


def _first_page(account_id: int, login: str, error: str = "") -> str:
    """For who must have a second step and has none: either sort."""
    return _set_up_page(login, error=error, ask=ask_to_add(account_id, login), needed=True)


@pages.post("/sign-in/second-step")
def make_second_step() -> Response | str | tuple[str, int]:
    """The code of an account that has a second step, or the first code of one that has to set it up now."""
    account_id, login, awaits = _halfway()
    address, now = request.remote_addr or "", utc_now()
    with database().transaction() as writing:
        actions.take_turn(writing, login=login, address=address, now=now)
    if awaits == "setup":
        try:
            spare = (
                keep(account_id, request.form.get("name", ""))
                if "passkey" in request.form
                else _set_up(account_id, Actor(account_id))
            )
        except Invalid as error:
            return _first_page(account_id, login, error=error.say(language())), 422
        if spare is None:
            return _first_page(account_id, login, error=_wrong_step()), 401
        _leave_halfway(account_id)
        response = admit(account_id, "", now, stepped=True)
        response.headers.pop("Location", None)
        response.status_code, response.data = (
            200,
            render_template(
                "account/spare_codes.html", codes=spare, next=request.form.get("next", "") or url_for("public.home")
            ).encode(),
        )
        response.content_type = "text/html; charset=utf-8"
        return response
    with database().transaction() as writing:
        right = _by_passkey(writing, account_id, now) or step.take_step(
            writing,
            account_id=account_id,
            code=request.form.get("code", ""),
            secret_key=settings().secret_key,
            now=now,
        )
        if right:
            actions.forgive(writing, login=login, address=address, now=now)
    if not right:
        return _step_page(account_id, _wrong_step()), 401
    _leave_halfway(account_id)
    return admit(account_id, request.form.get("next", ""), now, stepped=True)


def _by_passkey(writing: Session, account_id: int, now: datetime) -> bool:
    """Whether the form has the answer of one of the account's passkeys."""
    if "passkey" not in request.form:
        return False
    challenge, party = take_challenge(f"step:{account_id}"), relying_party()
    if challenge is None or party is None:
        return False
    answer = request.form["passkey"]
    return (
        passkeys.prove(writing, answer=answer, party=party, challenge=challenge, now=now, account_id=account_id)
        is not None
    )


def _leave_halfway(account_id: int) -> None:
    with database().transaction() as writing:
        actions.close_session(writing, account_id=account_id, now=utc_now(), secret_hash=cookie_digest())


def _wrong_step() -> str:
    if "passkey" in request.form:
        return t("通行密钥没有通过，请再试一次。", "The passkey was not accepted. Please try again.")
    return t("动态码不正确或已用过，请等下一个。", "The code is wrong or was used. Wait for the next one.")


def _set_up_page(
    login: str, error: str = "", *, replaces: bool = False, ask: dict[str, Any] | None = None, needed: bool = False
) -> str:
    """*needed*: the reader's role may be shown who a child is."""
    secret = session.get(_FRESH) or step.new_secret()
    session[_FRESH] = secret
    return render_template(
        "account/set_up_step.html",
        svg=qr_svg(step.address_of(secret, login)),
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        error=error,
        next=request.values.get("next", ""),
        action=request.path,
        replaces=replaces,
        needed=needed,
        ask=ask,
    )


def _set_up(account_id: int, person: Actor) -> list[str] | None:
    secret = session.get(_FRESH, "")
    if not secret:
        return None
    with database().transaction() as writing:
        spare = step.set_up(
            writing,
            account_id=account_id,
            secret=secret,
            code=request.form.get("code", ""),
            secret_key=settings().secret_key,
            now=utc_now(),
            actor=person,
        )
    if spare is not None:
        session.pop(_FRESH, None)
    return spare


@pages.get("/account/second-step")
def own_second_step() -> str:
    """Switch it on, or set it up anew on another phone."""
    person = signed_in()
    return _set_up_page(_login_of(person), replaces=_has_codes(person), needed=step.sees_identities(person))


def _has_codes(person: Actor) -> bool:
    with database().reading() as reading:
        return step.has_codes(reading, person.account_id or 0)


@pages.post("/account/second-step")
def save_second_step() -> Response | str | tuple[str, int]:
    """An account that has codes needs one of them to exchange them, any other a fresh sign-in: a browser left open is not enough."""
    person = signed_in()
    account_id, login, replaces = person.account_id or 0, _login_of(person), _has_codes(person)
    waits = None if replaces else again(url_for("signing.own_second_step"))
    if waits is not None:
        return waits
    address, now = request.remote_addr or "", utc_now()
    with database().transaction() as writing:
        actions.take_turn(writing, login=login, address=address, now=now)
    with database().transaction() as writing:
        may = not replaces or step.take_step(
            writing,
            account_id=account_id,
            code=request.form.get("present", ""),
            secret_key=settings().secret_key,
            now=now,
        )
    spare = _set_up(account_id, person) if may else None
    if spare is None:
        needed = step.sees_identities(person)
        return _set_up_page(login, error=_wrong_step(), replaces=replaces, needed=needed), 422
    with database().transaction() as writing:
        actions.forgive(writing, login=login, address=address, now=now)
    return render_template("account/spare_codes.html", codes=spare, next=url_for("account.home"))


def _login_of(person: Actor) -> str:
    with database().reading() as reading:
        return queries.login_of(reading, person.account_id or 0)


# --- the way back -------------------------------------------------------------------------------------------------------


def _recover_page(*, sent: bool = False, error: str = "", waits: bool = False) -> str:
    login = request.form.get("login", "") if request.method == "POST" else ""
    return render_template("account/recover.html", login=login, sent=sent, error=error, waits=waits)


@pages.get("/recover")
def recover() -> str:
    return _recover_page()


@pages.post("/recover/send")
def send_recovery() -> str:
    _send_code("recover")
    return _recover_page(sent=True)


@pages.post("/recover")
def recover_now() -> Response | str | tuple[str, int]:
    """A new password for whoever has the registered phone or address; for privileged roles once a second administrator agreed, too."""
    password = request.form.get("password", "")
    try:
        recovering.refuse_unusable(password)
    except MicrowishError as weak:
        return _recover_page(sent=True, error=weak.say(language())), 422
    account_id = _take_code("recover")
    if account_id is None:
        return _recover_page(sent=True, error=_wrong()), 401
    with database().transaction() as writing:
        done = recovering.recover(writing, account_id=account_id, password=password, now=utc_now())
    if not done:
        return _recover_page(waits=True)
    flash(
        t("新密码已生效，其他设备都已退出。", "The new password holds; all devices are signed out."),
        "success",
    )
    response = redirect(url_for("account.sign_in"))
    response.delete_cookie(cookie_name(), path="/")
    return response


def _administrator() -> Actor:
    person = signed_in()
    if not any(grant.role in (Role.SITE_ADMIN, Role.CAMPAIGN_ADMIN) for grant in person.grants):
        raise Forbidden()
    return person


@pages.get("/recoveries")
def recoveries() -> str:
    """Who proved their address and waits for a second person's word."""
    person = _administrator()
    with database().reading() as reading:
        waiting = recovering.waiting_for(reading, person, now=utc_now())
    return render_template(
        "account/recoveries.html",
        rows=[
            {"id": each.id, "name": each.name, "login": each.login, "asked": moment(each.asked_at)} for each in waiting
        ],
    )


@pages.post("/recoveries/<int(max=999999999999999999):recovery_id>/<verdict>")
def decide_recovery(recovery_id: int, verdict: str) -> Response:
    person = _administrator()
    if verdict not in ("approve", "refuse"):
        raise NotFound()
    with database().transaction() as writing:
        recovering.decide(writing, recovery_id=recovery_id, approved=verdict == "approve", actor=person, now=utc_now())
    flash(
        t("已同意，对方可以设置新密码了。", "Agreed: they can set a new password now.")
        if verdict == "approve"
        else t("已拒绝。", "Refused."),
        "success",
    )
    return redirect(url_for("signing.recoveries"))
