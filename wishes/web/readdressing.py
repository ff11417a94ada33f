"""Sending what is for a child to the village it moved to."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wishes.access import relations
from wishes.clock import utc_now
from wishes.custody.readdressing import MAY_READDRESS, readdress
from wishes.errors import Forbidden, MicrowishError
from wishes.intake.wishes import WishRow, community_names, wish_by_code
from wishes.web.campaign import campaign_blueprint
from wishes.web.cards import title
from wishes.web.context import language, t
from wishes.web.identity import database, signed_in
from wishes.web.numbers import whole

pages = campaign_blueprint("readdressing", __name__)


@pages.get("/wishes/<code>/address")
def home(code: str) -> str:
    return _page(_mine(code))


def _page(row: WishRow, error: MicrowishError | None = None) -> str:
    with database().reading() as session:
        names = community_names(session, g.campaign.id)
    return render_template(
        "custody/readdress.html",
        wish=row,
        wish_title=title(row),
        communities=sorted(
            ((str(key), name) for key, name in names.items() if key != row.community_id), key=lambda one: one[1]
        ),
        values=request.form,
        error=error.say(language()) if error else "",
    )


@pages.post("/wishes/<code>/address")
def send(code: str) -> Response | tuple[str, int]:
    row, form = _mine(code), request.form
    try:
        with database().transaction() as session:
            done = readdress(
                session, wish_id=row.id, community_id=form.get("community", 0, type=whole), reason=form.get("reason", ""),
                actor=signed_in(), now=utc_now(),
            )  # fmt: skip
            still_mine = bool(relations(signed_in(), wish_by_code(session, g.campaign.id, code).facts) & MAY_READDRESS)
    except MicrowishError as error:
        if error.status not in (409, 422):
            raise
        return _page(row, error), error.status
    flash(
        t(
            "已改送：{n} 个心愿。标签和签收码照样有效；重印标签，村名才是新的。",
            "To be sent there: {n} wishes. Labels and receipts stay good; print the label again for it to name the new village.",
            n=len(done.wish_ids),
        ),
        "success",
    )
    for number in done.boxes:
        flash(
            t(
                "请从 {n} 号箱里取出，装进新社区的箱。",
                "Take it out of box {n} and pack it for the new community.",
                n=number,
            ),
            "warning",
        )
    return redirect(url_for("wish.page", code=code) if still_mine else url_for("community.home"))


def _mine(code: str) -> WishRow:
    with database().reading() as session:
        row = wish_by_code(session, g.campaign.id, code)
    if not relations(signed_in(), row.facts) & MAY_READDRESS:
        raise Forbidden()
    return row
