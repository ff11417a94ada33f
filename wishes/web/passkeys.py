"""One's own passkeys: signing in by one, making one, removing one. The second step by one is in :mod:`wishes.web.signing`."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wishes.access import Actor
from wishes.clock import utc_now
from wishes.errors import Invalid, NotFound
from wishes.i18n import Text
from wishes.people import actions, passkeys, queries
from wishes.people import second_step as step
from wishes.web.account import admit, again, must_have_second_step, sign_in_page
from wishes.web.context import language, t
from wishes.web.identity import database, signed_in
from wishes.web.passkey_asking import ask_to_add, relying_party, take_challenge

pages = Blueprint("passkeys", __name__)


@pages.post("/sign-in/passkey")
def sign_in() -> Response | tuple[str, int]:
    """Both steps in one: the device has asked for its owner."""
    now, address = utc_now(), request.remote_addr or ""
    with database().transaction() as writing:
        actions.take_turn(writing, login=f"passkey {address}", address=address, now=now)
    challenge, party = take_challenge("sign_in"), relying_party()
    account_id = None
    if challenge is not None and party is not None:
        with database().transaction() as writing:
            account_id = passkeys.prove(
                writing, answer=request.form.get("passkey", ""), party=party, challenge=challenge, now=now
            )
    if account_id is None:
        return sign_in_page(
            error=t("通行密钥没有通过，请再试一次。", "The passkey was not accepted. Please try again.")
        ), 401
    with database().transaction() as writing:
        actions.forgive(writing, login=f"passkey {address}", address=address, now=now)
    return admit(account_id, request.form.get("next", ""), now, stepped=True)


@pages.get("/account/passkeys/new")
def new() -> str | Response:
    return again(url_for("passkeys.new")) or _page()


def _page(error: Invalid | None = None) -> str:
    person = signed_in()
    with database().reading() as reading:
        login = queries.login_of(reading, person.account_id or 0)
    ask = ask_to_add(person.account_id or 0, login)
    if ask is None:
        raise NotFound("这个页面（此网址不能用通行密钥）", "page: passkeys do not work at this address")
    return render_template(
        "account/passkey.html",
        ask=ask,
        name=request.form.get("name", ""),
        error=error.say(language()) if error else "",
    )


@pages.post("/account/passkeys/new")
def add() -> Response | str | tuple[str, int]:
    person = signed_in()
    waits = again(url_for("passkeys.new"))
    if waits is not None:
        return waits
    try:
        spare = keep(person.account_id or 0, request.form.get("name", ""))
    except Invalid as error:
        return _page(error), 422
    flash(t("通行密钥已添加。", "The passkey is added."), "success")
    if spare:
        return render_template("account/spare_codes.html", codes=spare, next=url_for("account.home"))
    return redirect(url_for("account.home") + "#second-step")


def keep(account_id: int, name: str) -> list[str]:
    """Keep the passkey in the form; answers the spare codes when it is the account's first second step. Raises Invalid, NotFound."""
    challenge, party = take_challenge(f"add:{account_id}"), relying_party()
    if party is None:
        raise NotFound("这个页面（此网址不能用通行密钥）", "page: passkeys do not work at this address")
    if challenge is None:
        raise Invalid("passkey", Text("等得太久了，请再试一次。", "That took too long. Please try again."))
    with database().transaction() as writing:
        first = not step.has_second_step(writing, account_id)
        passkeys.add(
            writing, account_id=account_id, name=name, answer=request.form.get("passkey", ""), party=party, challenge=challenge,
            now=utc_now(), actor=Actor(account_id),
        )  # fmt: skip
        return step.new_spare_codes(writing, account_id) if first else []


@pages.post("/account/passkeys/<int:passkey_id>/remove")
def remove(passkey_id: int) -> Response:
    """Whoever must have a second step keeps one."""
    person, now = signed_in(), utc_now()
    account_id = person.account_id or 0
    waits = again(url_for("account.home") + "#second-step")
    if waits is not None:
        return waits
    try:
        with database().transaction() as writing:
            passkeys.remove(writing, account_id=account_id, passkey_id=passkey_id, now=now, actor=person)
            if must_have_second_step(person) and not step.has_second_step(writing, account_id):
                raise Invalid(
                    "passkey",
                    Text(
                        "您的角色必须有第二步验证：请先添加另一种。",
                        "Your role needs a second step: add another one first.",
                    ),
                )
    except Invalid as error:
        flash(error.say(language()), "warn")
    else:
        flash(t("通行密钥已删除。", "The passkey is removed."), "success")
    return redirect(url_for("account.home") + "#second-step")
