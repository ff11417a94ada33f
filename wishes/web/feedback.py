"""After the hand-over: saying how it went, by a code or signed in; and thanks, read by somebody before the giver sees them.

A page that a code opens shows what kind of thing it was and when it arrived: nothing of the child, nothing of the giver.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wishes.access import Actor, By, Role, may, relations, require
from wishes.campaigns.queries import campaign_by_id
from wishes.clock import utc_now
from wishes.errors import Forbidden, Invalid, NotFound
from wishes.events.actions import wish_state
from wishes.feedback.actions import (
    LONGEST_THANKS,
    LONGEST_WORDS,
    Said,
    decide_thanks,
    give_feedback,
    report_missing,
    side_of,
)
from wishes.feedback.links import GOOD_FOR, SIDES, Opened, make_link, open_code
from wishes.feedback.queries import Thanks, feedback_of, thanks_for, waiting_thanks
from wishes.handover.label_codes import qr_svg
from wishes.handover.label_pictograms import is_discreet
from wishes.handover.tokens import MalformedCode, read_code
from wishes.i18n import Text
from wishes.intake.tables import Wish
from wishes.intake.wishes import WishRow, wish_by_code
from wishes.lifecycle import FINISHED, HELD, Status
from wishes.model import table_of
from wishes.web.campaign import campaign_blueprint
from wishes.web.cards import title
from wishes.web.context import day, language, moment, t
from wishes.web.identity import actor, database, keyring, settings, signed_in
from wishes.web.wording import CATEGORY

pages = campaign_blueprint("feedback", __name__)
anybody = Blueprint("answer", __name__, url_prefix="/f")
_WISH = table_of(Wish)

SIDE: dict[str, Text] = {
    "guardian": Text("监护人", "Guardian"),
    "community": Text("社区", "Community"),
    "taker": Text("认领方", "Giver"),
}
STATE: dict[str, Text] = {
    "waiting": Text("待过目", "to be read"),
    "approved": Text("已转达", "passed on"),
    "withheld": Text("未转达", "not passed on"),
}


@dataclass(frozen=True, slots=True)
class About:
    """What a page behind a code shows of the wish."""

    campaign: str
    thing: str
    arrived_on: str
    arrived: bool
    disputed: bool


# --- by code, without an account ----------------------------------------------------------------------------------------


@anybody.after_request
def _private(response: Response) -> Response:
    """The address holds the code: it goes nowhere else, and no search engine keeps it."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@anybody.get("")
def door() -> str:
    return render_template("feedback/door.html", error="", typed="")


@anybody.post("")
def typed() -> AnyResponse | tuple[str, int]:
    """A code somebody typed; a slip of the finger is told at once."""
    said = request.form.get("code", "")[:40]
    try:
        return redirect(url_for("answer.home", code=read_code(said)))
    except MalformedCode as error:
        return render_template("feedback/door.html", error=error.say(language()), typed=said), 422


@anybody.get("/<code>")
def home(code: str) -> str:
    return _answer_page(code, _opened(code))


@anybody.post("/<code>")
def send(code: str) -> AnyResponse | tuple[str, int]:
    opened = _opened(code)
    try:
        with database().transaction() as session:
            give_feedback(
                session, wish_id=opened.wish_id, said=said_in_form(opened.side, opened.link_id), actor=actor(),
                keyring=keyring(), now=utc_now(),
            )  # fmt: skip
    except Invalid as error:
        return _answer_page(code, opened, {error.field: error.say(language())}), 422
    flash(t("谢谢您，已收到。", "Thank you, we have it."), "success")
    return redirect(url_for("answer.home", code=code))


@anybody.post("/<code>/missing")
def missing(code: str) -> AnyResponse | tuple[str, int]:
    opened = _opened(code)
    try:
        with database().transaction() as session:
            report_missing(
                session, wish_id=opened.wish_id, said=Said(opened.side, words=_reason(), link_id=opened.link_id),
                actor=actor(), keyring=keyring(), now=utc_now(),
            )  # fmt: skip
    except Invalid as error:
        return _answer_page(code, opened, {error.field: error.say(language())}), 422
    flash(t("已登记“没有收到”，协调员会去查。", "Noted: it never came. A coordinator will look into it."), "success")
    return redirect(url_for("answer.home", code=code))


def _opened(code: str) -> Opened:
    """Raises NotFound for a code that is not good; the try is counted in any case."""
    with database().transaction() as session:
        opened = open_code(session, code, address=request.remote_addr or "", keyring=keyring(), now=utc_now())
    if opened is None:
        raise NotFound("这个反馈码，或它已失效", "feedback code, or it has run out")
    return opened


def _answer_page(code: str, opened: Opened, errors: dict[str, str] | None = None) -> str:
    with database().reading() as session:
        about = about_wish(session, opened.wish_id)
    return render_template(
        "feedback/answer.html",
        code=code,
        side=opened.side,
        about=about,
        errors=errors or {},
        **form_values(bool(errors)),
    )


def about_wish(session: Any, wish_id: int) -> About:
    """What may be said of a wish to whoever has its code: kind and day. The item may shame, and is left out."""
    row = session.execute(
        sa.select(_WISH.c.campaign_id, _WISH.c.category, _WISH.c.status, _WISH.c.delivered_at).where(
            _WISH.c.id == wish_id
        )
    ).one()
    thing = t("包裹", "parcel") if is_discreet(row.category) else t(CATEGORY[row.category])
    status = Status(row.status)
    return About(
        campaign_by_id(session, row.campaign_id).name, thing, day(row.delivered_at), status in (*FINISHED, Status.DISPUTED),
        status is Status.DISPUTED,
    )  # fmt: skip


def said_in_form(side: str, link_id: int | None = None) -> Said:
    """What the form says. Raises nothing: whoever chose no stars said none."""
    stars = request.form.get("stars", "")
    return Said(
        side, int(stars) if stars in ("1", "2", "3", "4", "5") else None, request.form.get("words", ""),
        request.form.get("thanks", "") if side != "taker" else "", link_id,
    )  # fmt: skip


def form_values(sent_back: bool) -> dict[str, Any]:
    """What the macro of the form needs: the choices, the bounds, and what was typed when it was sent back."""
    kept = {name: request.form.get(name, "") for name in ("stars", "words", "thanks")} if sent_back else {}
    return {
        "values": kept,
        "stars": [
            {"value": str(n), "label": "★" * n + "☆" * (5 - n), "help": t(words)}
            for n, words in (
                (5, Text("很满意", "Very content")),
                (4, Text("满意", "Content")),
                (3, Text("一般", "So-so")),
                (2, Text("不太满意", "Not quite")),
                (1, Text("不满意", "Not content")),
            )
        ],
        "longest_words": LONGEST_WORDS,
        "longest_thanks": LONGEST_THANKS,
    }


def _reason() -> str:
    return request.form.get("reason", "")[:LONGEST_WORDS]


# --- signed in: one wish --------------------------------------------------------------------------------------------------


@pages.get("/wishes/<code>/feedback")
def wish(code: str) -> str:
    return _wish_page(code)


def _wish_page(code: str, *, errors: dict[str, str] | None = None, made: tuple[str, str] | None = None) -> str:
    """*made*: side and code of a link that was just made, shown this once."""
    person = signed_in()
    with database().reading() as session:
        row = wish_by_code(session, g.campaign.id, code)
        standing = _standing(person, row)
        answers = feedback_of(session, row.id) if standing & {By.COMMUNITY, By.COORDINATOR, By.AUDITOR} else []
    side = "community" if By.COMMUNITY in standing else "taker" if By.TAKER in standing else ""
    arrived = row.status in (*FINISHED, Status.DISPUTED)
    links = [each for each in SIDES if each != "taker" or By.COORDINATOR in standing]
    return render_template(
        "feedback/wish.html",
        wish=row,
        wish_title=title(row),
        answers=[
            {
                "who": t(SIDE[each.side]),
                "at": moment(each.given_at),
                "stars": "★" * each.stars + "☆" * (5 - each.stars) if each.stars else "",
                "words": each.words,
                "thanks": each.thanks,
                "thanks_state": t(STATE[each.thanks_state]) if each.thanks_state in STATE else "",
                "missing": not each.arrived,
                "masked": each.masked,
            }
            for each in answers
        ],
        reads=bool(standing & {By.COMMUNITY, By.COORDINATOR, By.AUDITOR}),
        side=side if arrived else "",
        arrived=arrived,
        disputed=row.status is Status.DISPUTED,
        links=[(each, t(SIDE[each])) for each in links] if standing & {By.COMMUNITY, By.COORDINATOR} else [],
        linkable=row.status in (*HELD, *FINISHED, Status.DISPUTED),
        made=_shown_link(*made) if made else None,
        days=GOOD_FOR.days,
        errors=errors or {},
        **form_values(bool(errors)),
    )


def _standing(person: Actor, row: WishRow) -> frozenset[By]:
    """Raises NotFound for whom the feedback of this wish does not concern."""
    standing = relations(person, row.facts)
    if not standing & {By.COMMUNITY, By.COORDINATOR, By.AUDITOR, By.TAKER}:
        raise NotFound("这个心愿", "wish")
    return standing


def _shown_link(side: str, code: str) -> dict[str, str]:
    address = f"{settings().base_url}{url_for('answer.home', code=code)}"
    return {
        "side": t(SIDE[side]),
        "code": code,
        "url": address,
        "svg": qr_svg(address, title=t("反馈码", "Feedback code")),
    }


@pages.post("/wishes/<code>/feedback")
def send_wish(code: str) -> AnyResponse | tuple[str, int]:
    person = signed_in()
    try:
        with database().transaction() as session:
            row = wish_by_code(session, g.campaign.id, code)
            side = side_of(person, wish_state(session, row.id))
            give_feedback(
                session, wish_id=row.id, said=said_in_form(side), actor=person, keyring=keyring(), now=utc_now()
            )
    except Invalid as error:
        return _wish_page(code, errors={error.field: error.say(language())}), 422
    flash(t("谢谢您，已收到。", "Thank you, we have it."), "success")
    return redirect(url_for("feedback.wish", code=code))


@pages.post("/wishes/<code>/feedback/missing")
def missing_wish(code: str) -> AnyResponse | tuple[str, int]:
    person = signed_in()
    try:
        with database().transaction() as session:
            row = wish_by_code(session, g.campaign.id, code)
            if By.COMMUNITY not in relations(person, row.facts):
                raise NotFound("这个心愿", "wish")
            said = Said("community", words=_reason())
            report_missing(session, wish_id=row.id, said=said, actor=person, keyring=keyring(), now=utc_now())
    except Invalid as error:
        return _wish_page(code, errors={error.field: error.say(language())}), 422
    flash(t("已登记“没有收到”，协调员会去查。", "Noted: it never came. A coordinator will look into it."), "success")
    return redirect(url_for("feedback.wish", code=code))


@pages.post("/wishes/<code>/feedback/link")
def link(code: str) -> str:
    """A code for one side, shown once."""
    person, side = signed_in(), request.form.get("side", "")
    with database().transaction() as session:
        row = wish_by_code(session, g.campaign.id, code)
        _standing(person, row)
        made = make_link(session, wish_id=row.id, side=side, actor=person, keyring=keyring(), now=utc_now())
    return _wish_page(code, made=(side, made))


# --- thanks ---------------------------------------------------------------------------------------------------------------


@pages.get("/thanks")
def thanks() -> str:
    """Thanks that came for this person, and thanks they are asked to read before they are passed on."""
    person = signed_in()
    roles = person.roles_in(g.campaign.id)
    if not roles & {Role.VOLUNTEER, Role.BRANCH_SECRETARY} and not may(person, "children.keep", g.campaign.id):
        raise Forbidden(duty="thanks")
    with database().reading() as session:
        waiting = waiting_thanks(session, g.campaign.id, person) if may(person, "children.keep", g.campaign.id) else []
        came = thanks_for(session, g.campaign.id, person)
    return render_template(
        "feedback/thanks.html",
        waiting=[_card(each) | {"masked": each.masked, "own": each.own} for each in waiting],
        reads=may(person, "children.keep", g.campaign.id),
        gives=bool(roles & {Role.VOLUNTEER, Role.BRANCH_SECRETARY}),
        came=[_card(each) for each in came],
        longest=LONGEST_THANKS,
    )


def _card(each: Thanks) -> dict[str, Any]:
    return {
        "id": each.id,
        "item": each.item,
        "code": each.code,
        "category": each.category,
        "words": each.thanks,
        "at": day(each.given_at),
        "who": t(SIDE[each.side]),
        "url": url_for("wish.page", code=each.code),
    }


@pages.post("/thanks/<int:feedback_id>")
def decide(feedback_id: int) -> AnyResponse:
    person, form = signed_in(), request.form
    require(person, "children.keep", g.campaign.id)
    approve = form.get("verdict") == "approve"
    try:
        with database().transaction() as session:
            done = decide_thanks(
                session, feedback_id=feedback_id, approve=approve, words=form.get("words", ""), actor=person,
                keyring=keyring(), now=utc_now(),
            )  # fmt: skip
    except Invalid as error:
        flash(error.say(language()), "warn")
    else:
        if not done:
            flash(t("这条感谢已经有人处理过。", "Somebody has decided about these thanks already."), "info")
        elif approve:
            flash(t("已转达给捐赠人。", "Passed on to the giver."), "success")
        else:
            flash(t("已留下，不转达。", "Kept back."), "success")
    return redirect(url_for("feedback.thanks"))
