"""Pages between the shop and the child for one thing: bought, with its receipt; looked over on the spot; its photographs; checklists."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Response, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from wishes.access import may, relations, require, require_move
from wishes.clock import utc_now
from wishes.custody import actions as custody
from wishes.custody.checklists import EVERY, Check, add_check, added, checks_of, end_check, shipped
from wishes.custody.pictures import Photo, opened, wish_of_picture
from wishes.custody.queries import looks, passed
from wishes.errors import Forbidden, Invalid, MicrowishError
from wishes.i18n import Text
from wishes.intake.wishes import WishRow, seen_by, wish_by_code
from wishes.lifecycle import MOVES, By, Kind, Status, destination
from wishes.protection.pictures import LARGEST_BYTES
from wishes.web.campaign import campaign_blueprint
from wishes.web.cards import title
from wishes.web.context import language, t
from wishes.web.identity import database, keyring, settings, signed_in
from wishes.web.wish import fen_of
from wishes.web.wording import CATEGORY

pages = campaign_blueprint("custody", __name__)

PICTURE: dict[str, Text] = {
    "bought": Text("购买小票", "Receipt of the shop"),
    "failed": Text("不合格之处", "What did not pass"),
}


def sent_photo(name: str) -> Photo | None:
    """The photograph in a form; None when none was chosen."""
    data = request.files[name].read(LARGEST_BYTES + 1) if name in request.files else b""
    return Photo(data, settings().uploads_dir, keyring()) if data else None


def picture_label(about: str) -> str:
    return t(PICTURE.get(about, Text("照片", "Photograph")))


def answers_in(checks: Iterable[Check]) -> dict[str, bool]:
    """What the form says to each line of a checklist."""
    ticked = set(request.form.getlist("checks"))
    return {check.key: check.key in ticked for check in checks}


# --- bought -------------------------------------------------------------------------------------------------------------


@pages.get("/wishes/<code>/bought")
def bought(code: str) -> str:
    """What it cost, and the receipt: asked of who holds the wish."""
    return _bought_page(_held(code, "prepare"))


def _bought_page(row: WishRow, error: MicrowishError | None = None) -> str:
    return render_template(
        "custody/bought.html",
        wish=row,
        wish_title=title(row),
        spent=request.form.get("spent", ""),
        error=error.say(language()) if error else "",
        wrong=error.field if isinstance(error, Invalid) else "",
    )


@pages.post("/wishes/<code>/bought")
def buy(code: str) -> WerkzeugResponse | tuple[str, int]:
    row, person = _held(code, "prepare"), signed_in()
    try:
        receipt, spent = sent_photo("photo"), request.form.get("spent", "").strip()
        if not spent:
            raise Invalid("spent", Text("请填实际花费；没有花钱就填 0。", "Say what it cost; 0 when it cost nothing."))
        with database().transaction() as session:
            custody.buy(session, wish_id=row.id, actor=person, now=utc_now(), spent_fen=fen_of(spent), receipt=receipt)
    except MicrowishError as error:
        if error.status not in (409, 422):
            raise
        return _bought_page(row, error), error.status
    flash(t("已登记买好，谢谢您。", "Noted as bought. Thank you."), "success")
    return redirect(url_for("wish.page", code=row.code))


# --- looked over on the spot --------------------------------------------------------------------------------------------


@pages.get("/wishes/<code>/checks")
def checks(code: str) -> str:
    """The checklist for who brings a thing without the warehouse: two responsible people, named."""
    return _checks_page(_held(code, "deliver_directly"))


def _checks_page(row: WishRow, error: MicrowishError | None = None) -> str:
    with database().reading() as session:
        return render_template(
            "custody/checks.html",
            wish=row,
            wish_title=title(row),
            category=t(CATEGORY[row.category]),
            checks=[(one.key, t(one.label)) for one in checks_of(session, g.campaign.id, row.category)],
            ticked=request.form.getlist("checks"),
            second_name=request.form.get("second_name", "")[:40],
            looks=looks(session, row.id),
            picture_label=picture_label,
            passed=passed(session, row.id),
            error=error.say(language()) if error else "",
        )


@pages.post("/wishes/<code>/checks")
def checked(code: str) -> WerkzeugResponse | tuple[str, int]:
    row, person = _held(code, "deliver_directly"), signed_in()
    try:
        with database().transaction() as session:
            custody.check_on_the_spot(
                session,
                wish_id=row.id,
                actor=person,
                now=utc_now(),
                answers=answers_in(checks_of(session, g.campaign.id, row.category)),
                second_name=request.form.get("second_name", ""),
            )
    except MicrowishError as error:
        if error.status not in (409, 422):
            raise
        return _checks_page(row, error), error.status
    flash(
        t("已记下两位责任人和检查结果，可以交接了。", "Both people and the checks are noted; it can be handed over."),
        "success",
    )
    return redirect(url_for("wish.page", code=row.code))


def _held(code: str, name: str) -> WishRow:
    """The wish, for who may make move *name* of it. Raises NotFound, Forbidden, NotPossibleNow."""
    person = signed_in()
    with database().reading() as session:
        row, _ = seen_by(person, wish_by_code(session, g.campaign.id, code))
    require_move(person, MOVES[name], row.facts)
    if not (name == "deliver_directly" and row.status is Status.CLAIMED and row.kind is Kind.GOODS):
        destination(
            name, row.status, row.kind
        )  # who brings a thing without having said "bought" has bought it all the same
    return row


# --- photographs --------------------------------------------------------------------------------------------------------


@pages.get("/pictures/<uid>")
def picture(uid: str) -> Response:
    """A photograph, for who bought the thing, who looks it over and who answers for it all."""
    person = signed_in()
    with database().reading() as session:
        row = wish_by_code(session, g.campaign.id, wish_of_picture(session, g.campaign.id, uid))
        seen_by(person, row)
        if not relations(person, row.facts) & {By.TAKER, By.INSPECTOR, By.COORDINATOR, By.AUDITOR}:
            raise Forbidden()
        data = opened(session, uid, uploads=settings().uploads_dir, keyring=keyring())
    return Response(data, content_type="image/jpeg", headers={"Cache-Control": "private, no-store"})


# --- checklists ---------------------------------------------------------------------------------------------------------


@pages.get("/rounds/checklists")
def checklists() -> str:
    return _checklists_page()


def _checklists_page(error: str = "") -> str:
    require(signed_in(), "warehouse.work", g.campaign.id)
    with database().reading() as session:
        lines = (*shipped(), *added(session, g.campaign.id))
    return render_template(
        "custody/checklists.html",
        groups=[
            (_category(category), [(t(one.label), one.added_id) for one in lines if one.category == category])
            for category in dict.fromkeys((EVERY, *(one.category for one in lines)))
        ],
        categories=[(EVERY, _category(EVERY)), *((key, t(words)) for key, words in CATEGORY.items())],
        form={name: request.form.get(name, "")[:120] for name in ("category", "zh", "en")},
        may_add=may(signed_in(), "campaign.coordinate", g.campaign.id),
        error=error,
    )


def _category(key: str) -> str:
    return t("每一件", "Every thing") if key == EVERY else t(CATEGORY[key])


@pages.post("/rounds/checklists")
def add() -> WerkzeugResponse | tuple[str, int]:
    form = request.form
    try:
        with database().transaction() as session:
            add_check(
                session,
                campaign_id=g.campaign.id,
                category=form.get("category", ""),
                zh=form.get("zh", ""),
                en=form.get("en", ""),
                known=frozenset(CATEGORY),
                actor=signed_in(),
                now=utc_now(),
            )
    except Invalid as error:
        return _checklists_page(error.say(language())), error.status
    flash(t("已加入检查表。", "Added to the checklist."), "success")
    return redirect(url_for("custody.checklists"))


@pages.post("/rounds/checklists/<int:check_id>/end")
def end(check_id: int) -> WerkzeugResponse:
    with database().transaction() as session:
        end_check(session, campaign_id=g.campaign.id, check_id=check_id, actor=signed_in(), now=utc_now())
    flash(t("这一项不再检查。", "This line is not looked at any more."), "success")
    return redirect(url_for("custody.checklists"))
