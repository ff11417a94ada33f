"""Labels, receipts and the scan that confirms a hand-over."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from wishes.access import By, relations, require
from wishes.clock import utc_now
from wishes.errors import Forbidden, MicrowishError, NotFound
from wishes.handover import actions
from wishes.handover.keys import signing_keys
from wishes.handover.label_codes import qr_svg
from wishes.handover.queries import campaign_of_label
from wishes.handover.tokens import human_code, scan_url
from wishes.i18n import Text
from wishes.intake.wishes import wish_by_code
from wishes.web.campaign import campaign_blueprint
from wishes.web.cards import title
from wishes.web.context import language, t
from wishes.web.identity import database, keyring, settings, signed_in

pages = campaign_blueprint("handover", __name__)
landing = Blueprint("landing", __name__)

_OUTCOME: dict[str, tuple[Text, str]] = {
    "confirmed": (Text("交接已确认，谢谢您！", "The hand-over is confirmed. Thank you!"), "success"),
    "replay": (Text("这次交接之前已经确认过了。", "This hand-over was confirmed before."), "info"),
    "duplicate": (
        Text("这个心愿已经送达过，不用再确认。", "This wish was delivered before; nothing more to confirm."),
        "info",
    ),
    "conflict": (
        Text(
            "这个标签已失效（心愿已退回或换人）。记录已保存，协调员会处理。",
            "This label is no longer valid (the wish was given back or taken by another). The scan is kept; a coordinator will look at it.",
        ),
        "warning",
    ),
}


@landing.get("/H/<token>")
@landing.get("/h/<token>")
def opened_by_camera(token: str) -> WerkzeugResponse:
    """What a phone's own camera opens: sign in, then the scan page of the label's campaign."""
    signed_in()
    _, keys = signing_keys(keyring())
    with database().reading() as session:
        slug = campaign_of_label(session, keys.verify(token, on=None).tag)
    return redirect(url_for("handover.scan", slug=slug, label=token))


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
    signer, keys = signing_keys(keyring())
    wish = None
    try:
        with database().transaction() as session:
            if form.get("code"):
                wish = wish_by_code(session, g.campaign.id, form["code"])
            outcome = actions.hand_over(
                session,
                uid=form.get("uid", ""),
                actor=person,
                now=utc_now(),
                signer=signer,
                keys=keys,
                label=form.get("label", "").strip(),
                receipt=form.get("receipt", "").strip(),
                receipt_code=form.get("receipt_code", "").strip(),
                wish_id=wish.id if wish else None,
                scanned_at=_scanned_at(form.get("scanned_at", "")),
                campaign_id=g.campaign.id,
            )
    except actions.WrongCode as wrong:
        with database().transaction() as session:
            actions.note_wrong_code(session, wish_id=wrong.wish_id)
        return _scan_page(wish=wish, label=form.get("label", ""), error=wrong.say(language())), wrong.status
    except MicrowishError as error:
        if error.status in (401, 500, 503):
            raise
        return _scan_page(wish=wish, label=form.get("label", ""), error=error.say(language())), error.status
    words, tone = _OUTCOME[outcome.state]
    flash(t(words), tone)
    with database().reading() as session:
        code = actions.code_of(session, outcome.wish_id)
    return redirect(url_for("wish.page", code=code))


def _scanned_at(text: str) -> datetime | None:
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
