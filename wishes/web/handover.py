"""Labels, receipts and the scan that confirms a hand-over."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from wishes.access import may, relations, require
from wishes.clock import local_day, utc_now
from wishes.errors import Forbidden, MicrowishError, NotFound
from wishes.handover import actions, scanning
from wishes.handover.keys import signing_keys
from wishes.handover.label_codes import qr_svg
from wishes.handover.queries import Found, found_parcel
from wishes.handover.reports import page_report
from wishes.handover.tokens import TokenRefused, WrongTokenType, human_code, scan_url
from wishes.i18n import Text
from wishes.intake.wishes import wish_by_code
from wishes.lifecycle import By
from wishes.web.campaign import campaign_blueprint
from wishes.web.cards import title
from wishes.web.context import language, t
from wishes.web.identity import actor, database, keyring, settings, signed_in
from wishes.web.scans import desk_of

pages = campaign_blueprint("handover", __name__)
landing = Blueprint("landing", __name__)


@landing.get("/H/<token>")
@landing.get("/h/<token>")
def opened_by_camera(token: str) -> WerkzeugResponse | tuple[str, int]:
    """What a label opens. Who may scan in its campaign gets the scan page; anybody else learns how to bring the parcel back,
    and nothing of what is in it or for whom."""
    _, keys = signing_keys(keyring())
    try:
        with database().reading() as session:
            found = found_parcel(session, token, keys=keys, today=local_day(utc_now()))
    except WrongTokenType:
        return _found(None, "receipt"), 200
    except (TokenRefused, NotFound):
        return _found(None, "unknown"), 404
    person = actor()
    if person.account_id is not None and may(person, "handover.scan", found.campaign_id) and found.state == "good":
        return redirect(url_for("handover.scan", slug=found.slug, label=token))
    return _found(found, found.state, token), 200


def _found(parcel: Found | None, state: str, token: str = "") -> str:
    return render_template("handover/found.html", parcel=parcel, state=state, token=token)


@pages.get("/scan")
def scan() -> str:
    person = signed_in()
    require(person, "handover.scan", g.campaign.id)
    code, wish = request.args.get("code", ""), None
    if code:
        with database().reading() as session:
            wish = wish_by_code(session, g.campaign.id, code)
        if not relations(person, wish.facts) & {By.TAKER, By.COURIER, By.COMMUNITY, By.COORDINATOR}:
            raise NotFound("这个心愿", "wish")
    return _scan_page(wish=wish, label=request.args.get("label", ""))


def _scan_page(*, wish: Any = None, label: str = "", error: str = "") -> str:
    return render_template(
        "handover/scan.html",
        wish=wish,
        wish_title=title(wish) if wish else "",
        label=label,
        error=error,
        uid=uuid.uuid4().hex,
        reader_wasm=url_for("static", filename="vendor/zxing_reader.wasm"),
    )


@pages.post("/scan")
def confirm() -> WerkzeugResponse | tuple[str, int]:
    person, form = signed_in(), request.form
    require(person, "handover.scan", g.campaign.id)
    wish = None
    try:
        if form.get("code"):
            with database().reading() as session:
                wish = wish_by_code(session, g.campaign.id, form["code"])
        report = page_report(
            form.get("uid", ""),
            label=form.get("label", ""),
            receipt=form.get("receipt", ""),
            receipt_code=form.get("receipt_code", ""),
            scanned_at=_by_the_phone(form.get("scanned_at", "")),
            sent_at=_by_the_phone(form.get("sent_at", "")),
            actor=person,
            now=utc_now(),
        )
        answer = scanning.take_one(
            database(),
            report,
            desk=desk_of(person, channel="page", campaign_id=g.campaign.id),
            now=utc_now(),
            wish_id=wish.id if wish else None,
        )
        if answer.error is not None:
            raise answer.error
    except MicrowishError as error:
        if error.status in (401, 500, 503):
            raise
        return _scan_page(wish=wish, label=form.get("label", ""), error=error.say(language())), error.status
    words, tone = _TOLD["repeated" if answer.repeated else answer.outcome]
    flash(t(words) if words else answer.sentence(language()), tone)
    return redirect(url_for("wish.page", code=answer.wish))


_TOLD: dict[str, tuple[Text | None, str]] = {
    "accepted": (Text("交接已确认，谢谢您！", "The hand-over is confirmed. Thank you!"), "success"),
    "repeated": (Text("这次交接之前已经确认过了。", "This hand-over was confirmed before."), "info"),
    "already": (None, "info"),
    "conflict": (None, "warning"),
}


def _by_the_phone(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None  # a phone's odd clock must not cost the hand-over
    return moment if moment and moment.tzinfo else None


@pages.get("/wishes/<code>/receipt")
def receipt(code: str) -> str:
    """The receiving side's code, to show or to say; never for the taker."""
    person = signed_in()
    signer, _ = signing_keys(keyring())
    with database().transaction() as session:
        wish = wish_by_code(session, g.campaign.id, code)
        if not relations(person, wish.facts) & {By.COMMUNITY, By.COORDINATOR}:
            raise Forbidden()
        codes = actions.issue_codes(session, wish_id=wish.id, signer=signer, now=utc_now())
    return render_template(
        "handover/receipt.html",
        wish=wish,
        wish_title=title(wish),
        svg=qr_svg(scan_url(settings().base_url, codes.receipt), title=t("签收码", "Receipt code")),
        spoken=human_code(codes.receipt),
    )
