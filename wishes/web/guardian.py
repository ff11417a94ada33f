"""The guardian's own page behind a link: what is kept of their child, to put right, to withdraw, to erase. No account needed.

The address holds a random secret only. Four digits of a phone that the family gave open it, for half an hour in one browser.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from wishes.access import NOBODY
from wishes.clock import utc_now
from wishes.errors import Invalid, MicrowishError, NotFound
from wishes.feedback.actions import Said, give_feedback, report_missing
from wishes.handover.authorised import list_receiver, receivers_of, withdraw_receiver
from wishes.lifecycle import FINISHED, STATUS_LABEL, Status
from wishes.protection.consents import consents_of, withdraw_consent
from wishes.protection.erasing import erase_child
from wishes.protection.guardians import (
    LONGEST,
    Opened,
    correct_identity,
    open_link,
    phones_in,
    prove,
    seen_by_guardian,
    wishes_of,
)
from wishes.protection.register import write_register
from wishes.protection.vault import Vault
from wishes.web.context import day, language, t
from wishes.web.feedback import form_values, said_in_form
from wishes.web.identity import database, keyring, settings
from wishes.web.intake_pages import originals
from wishes.web.papers import BASIS, FIELD, SCOPE
from wishes.web.receivers import RELATION, shown

pages = Blueprint("guardian", __name__, url_prefix="/g/<secret>")
OPEN_S = 1800


@pages.after_request
def _private(response: Response) -> Response:
    """The address is a key: it goes nowhere else, and no search engine keeps it."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _opened(secret: str, *, proved: bool = True) -> Opened:
    """The link, and with *proved* only when this browser has given the digits in the last half hour."""
    now = utc_now()
    with database().reading() as reading:
        link = open_link(reading, secret, now=now)
    given = session.get(f"guardian-{link.id}")
    if proved and not (given and now.timestamp() - float(given) < OPEN_S):
        raise NotFound("这个页面，或已超时", "page, or its time is over")
    return link


@pages.get("")
def home(secret: str) -> str:
    link = _opened(secret, proved=False)
    given = session.get(f"guardian-{link.id}")
    if not given or utc_now().timestamp() - float(given) >= OPEN_S:
        return render_template("protection/guardian_door.html", secret=secret, error="")
    return _page(secret, link)


def _page(secret: str, link: Opened, errors: dict[str, str] | None = None) -> str:
    now = utc_now()
    with database().transaction() as writing:
        identity = seen_by_guardian(writing, link, keyring=keyring(), now=now)
        wishes, consents = wishes_of(writing, link.child_id), consents_of(writing, link.child_id)
        receivers = receivers_of(writing, link.child_id, vault=Vault(keyring()))
    phones = identity.get("phones")
    values: dict[str, Any] = {name: str(identity.get(name, "")) for name in LONGEST}
    values["phones"] = " ".join(map(str, phones)) if isinstance(phones, list) else ""
    if errors:
        values |= {
            name: request.form[name]
            for name in (*values, *_RECEIVER, "wish", "stars", "words", "thanks")
            if name in request.form
        }
    return render_template(
        "protection/guardian.html",
        secret=secret,
        until=day(link.expires_at),
        values=values,
        labels={name: t(label) for name, label in FIELD.items()},
        arrived=[(row.code, row.item) for row in wishes if Status(row.status) in FINISHED],
        **{name: value for name, value in form_values(False).items() if name != "values"},
        wishes=[(row.code, row.item, t(STATUS_LABEL[Status(row.status)])) for row in wishes],
        consents=[
            (
                t(BASIS[each.basis]) if each.basis in BASIS else each.basis,
                "、".join(t(SCOPE[one]) for one in each.scope if one in SCOPE),
                day(each.given_at),
                day(each.withdrawn_at) if each.withdrawn_at else "",
            )
            for each in consents
        ],
        in_force=any(each.withdrawn_at is None for each in consents),
        receivers=[shown(one, keeps=True) for one in receivers],
        receiver_relations=[(name, t(label)) for name, label in RELATION.items()],
        end_receiver=lambda receiver_id: url_for("guardian.end_receiver", secret=secret, receiver_id=receiver_id),
        errors=errors or {},
    )


@pages.post("/open")
def open_(secret: str) -> AnyResponse | tuple[str, int]:
    link = _opened(secret, proved=False)
    with database().transaction() as writing:
        good = prove(writing, link, request.form.get("digits", ""), keyring=keyring())
    if not good:
        error = t("号码不对。输错 5 次后链接失效。", "These are not the digits. After five wrong tries the link ends.")
        return render_template("protection/guardian_door.html", secret=secret, error=error), 422
    session[f"guardian-{link.id}"] = utc_now().timestamp()
    return redirect(url_for("guardian.home", secret=secret))


@pages.post("/correct")
def correct(secret: str) -> AnyResponse | tuple[str, int]:
    link = _opened(secret)
    changes: dict[str, Any] = {name: request.form[name] for name in LONGEST if name in request.form}
    if "phones" in request.form:
        changes["phones"] = phones_in(request.form["phones"])
    try:
        with database().transaction() as writing:
            done = correct_identity(
                writing, child_id=link.child_id, changes=changes, keyring=keyring(), now=utc_now(), link=link
            )
    except Invalid as error:
        return _page(secret, link, {error.field: error.say(language())}), 422
    flash(t("已更正。", "Put right.") if done else t("没有改动。", "Nothing was changed."), "success")
    return redirect(url_for("guardian.home", secret=secret))


_RECEIVER = ("receiver_name", "receiver_relation", "receiver_phone")


@pages.post("/receivers")
def receiver(secret: str) -> AnyResponse | tuple[str, int]:
    """Somebody who may take the parcel when the guardian is out."""
    link = _opened(secret)
    name, relation, phone = (request.form.get(each, "") for each in _RECEIVER)
    try:
        with database().transaction() as writing:
            list_receiver(
                writing, child_id=link.child_id, name=name, relation=relation, phone=phone, vault=Vault(keyring()), actor=NOBODY,
                now=utc_now(), by_guardian=True,
            )  # fmt: skip
    except Invalid as error:
        return _page(secret, link, {error.field: error.say(language())}), 422
    flash(t("代收人已登记。", "Listed."), "success")
    return redirect(url_for("guardian.home", secret=secret))


@pages.post("/receivers/<int:receiver_id>/end")
def end_receiver(secret: str, receiver_id: int) -> AnyResponse:
    link = _opened(secret)
    with database().transaction() as writing:
        withdraw_receiver(
            writing, child_id=link.child_id, receiver_id=receiver_id, actor=NOBODY, now=utc_now(), by_guardian=True
        )
    flash(t("已取消。", "Taken off the list."), "success")
    return redirect(url_for("guardian.home", secret=secret))


@pages.post("/feedback")
def feedback(secret: str) -> AnyResponse | tuple[str, int]:
    """How it went with one wish of the child."""
    return _say(secret, give_feedback, t("谢谢您，已收到。", "Thank you, we have it."))


@pages.post("/missing")
def missing(secret: str) -> AnyResponse | tuple[str, int]:
    """It is said to have been delivered, and never came."""
    told = t("已登记“没有收到”，协调员会去查。", "Noted: it never came. A coordinator will look into it.")
    return _say(secret, report_missing, told)


def _say(secret: str, verb: Callable[..., int], told: str) -> AnyResponse | tuple[str, int]:
    link = _opened(secret)
    said = said_in_form("guardian")
    if verb is report_missing:
        said = Said("guardian", words=request.form.get("reason", ""))
    try:
        with database().transaction() as writing:
            wish_id = next(
                (row.id for row in wishes_of(writing, link.child_id) if row.code == request.form.get("wish")), None
            )
            if wish_id is None:
                raise NotFound("这个心愿", "wish")
            verb(writing, wish_id=wish_id, said=said, actor=NOBODY, keyring=keyring(), now=utc_now())
    except Invalid as error:
        return _page(secret, link, {error.field: error.say(language())}), 422
    flash(told, "success")
    return redirect(url_for("guardian.home", secret=secret))


@pages.post("/withdraw")
def withdraw(secret: str) -> AnyResponse:
    link = _opened(secret)
    with database().transaction() as writing:
        withdraw_consent(writing, child_id=link.child_id, actor=NOBODY, now=utc_now(), by_guardian=True)
    flash(
        t("同意已撤回，心愿不再展示。", "Your consent is withdrawn; the wishes are no longer shown."),
        "success",
    )
    return redirect(url_for("guardian.home", secret=secret))


@pages.post("/erase")
def erase(secret: str) -> AnyResponse | str:
    link, now = _opened(secret), utc_now()
    try:
        with database().transaction() as writing:
            erase_child(
                writing,
                child_id=link.child_id,
                cause="guardian",
                keyring=keyring(),
                originals=originals(),
                actor=NOBODY,
                now=now,
            )
    except MicrowishError as error:
        flash(error.say(language()), "warn")
        return redirect(url_for("guardian.home", secret=secret))
    write_register(database(), settings().var_dir)
    session.pop(f"guardian-{link.id}", None)
    return render_template("protection/guardian_gone.html")
