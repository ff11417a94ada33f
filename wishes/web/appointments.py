"""The page of an hour of company: agree on a time, say that it took place, or that somebody did not come."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import flash, g, redirect, render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from wishes.access import Actor
from wishes.clock import SHANGHAI, local, utc_now
from wishes.custody import appointments
from wishes.custody.appointments import Absent, Side, former, running, sides_of
from wishes.errors import Forbidden, Invalid, MicrowishError
from wishes.events.actions import wish_state
from wishes.i18n import Text
from wishes.intake.wishes import WishRow, seen_by, wish_by_code
from wishes.lifecycle import Kind, Status, destination
from wishes.web.campaign import campaign_blueprint
from wishes.web.cards import title
from wishes.web.context import language, moment, t
from wishes.web.identity import database, signed_in

pages = campaign_blueprint("appointment", __name__)

SIDE: dict[Side, Text] = {
    Side.TAKER: Text("来陪伴的一方", "who comes"),
    Side.COMMUNITY: Text("社区（孩子一方）", "the community (the child's side)"),
}
ABSENT: dict[Absent, Text] = {
    Absent.TAKER: Text("来陪伴的人没来", "Who should have come"),
    Absent.CHILD: Text("孩子没来", "The child"),
    Absent.BOTH: Text("都没来", "Neither came"),
}
_ENDED: dict[str, Text] = {
    "replaced": Text("改了时间", "another time was named"),
    "attended": Text("已完成", "took place"),
    "no_show": Text("没有来", "somebody did not come"),
}


@pages.get("/wishes/<code>/appointment")
def page(code: str) -> str:
    return _page(*_entered(code))


def _entered(code: str) -> tuple[WishRow, tuple[Side, ...]]:
    """The wish and the sides one may speak for. Raises NotFound, Forbidden, NotPossibleNow."""
    person = signed_in()
    with database().reading() as session:
        row, _ = seen_by(person, wish_by_code(session, g.campaign.id, code))
        sides = sides_of(person, wish_state(session, row.id))
    if not sides:
        raise Forbidden(action="schedule")
    if row.status is not Status.SCHEDULED or row.kind is not Kind.SERVICE:
        destination("schedule", row.status, row.kind)
    return row, sides


def _page(row: WishRow, sides: tuple[Side, ...], error: MicrowishError | None = None) -> str:
    now = utc_now()
    with database().reading() as session:
        standing, before = running(session, row.id), former(session, row.id)
    return render_template(
        "custody/appointment.html",
        wish=row,
        wish_title=title(row),
        standing=standing,
        over=standing is not None and standing.starts_at <= now,
        sides=[(str(side), t(SIDE[side])) for side in sides],
        states=[] if standing is None else [
            (t(SIDE[side]), standing.agreed(side), standing.attended(side)) for side in Side
        ],
        to_agree=[] if standing is None else [(str(one), t(SIDE[one])) for one in sides if not standing.agreed(one)],
        to_attend=[] if standing is None else [(str(one), t(SIDE[one])) for one in sides if not standing.attended(one)],
        absences=[(str(one), t(words)) for one, words in ABSENT.items()],
        before=[(moment(one.starts_at), one.place, t(_ENDED[one.end]), t(ABSENT[Absent(one.absent)]) if one.absent else "") for one in before],
        earliest=local(now).strftime("%Y-%m-%dT%H:%M"),
        form={name: request.form.get(name, "")[:80] for name in ("starts_at", "place", "who")},
        error=error.say(language()) if error else "",
    )  # fmt: skip


def _do(code: str, verb: Callable[[Session, WishRow, Actor, Side], str]) -> Response | tuple[str, int]:
    """Call *verb*; what it refuses is shown on the page."""
    row, sides = _entered(code)
    try:
        side = (
            Side(request.form.get("side", str(sides[0])))
            if request.form.get("side") in (None, *map(str, Side))
            else None
        )
        if side is None:
            raise Invalid("side", Text("请选择代表哪一方。", "Say which side you speak for."))
        with database().transaction() as session:
            said = verb(session, row, signed_in(), side)
    except MicrowishError as error:
        if error.status not in (409, 422):
            raise
        return _page(row, sides, error), error.status
    flash(said, "success")
    return redirect(url_for("wish.page", code=row.code))


@pages.post("/wishes/<code>/appointment")
def propose(code: str) -> Response | tuple[str, int]:
    def verb(session: Session, row: WishRow, person: Actor, side: Side) -> str:
        form = request.form
        appointments.propose(
            session, wish_id=row.id, actor=person, now=utc_now(), side=side, starts_at=_instant(form.get("starts_at", "")),
            place=form.get("place", ""), who=form.get("who", ""),
        )  # fmt: skip
        return t("已提出时间，等另一方确认。", "Proposed; the other side has to confirm.")

    return _do(code, verb)


@pages.post("/wishes/<code>/appointment/agree")
def agree(code: str) -> Response | tuple[str, int]:
    def verb(session: Session, row: WishRow, person: Actor, side: Side) -> str:
        appointments.agree(session, wish_id=row.id, actor=person, now=utc_now(), side=side)
        return t("已确认约定。", "The appointment is confirmed.")

    return _do(code, verb)


@pages.post("/wishes/<code>/appointment/attended")
def attended(code: str) -> Response | tuple[str, int]:
    def verb(session: Session, row: WishRow, person: Actor, side: Side) -> str:
        done = appointments.attended(session, wish_id=row.id, actor=person, now=utc_now(), side=side)
        if done is None:
            return t("已记下，等另一方也确认。", "Noted; the other side has to confirm, too.")
        return t("双方都确认了，心愿完成。", "Both sides confirmed: the wish is fulfilled.")

    return _do(code, verb)


@pages.post("/wishes/<code>/appointment/no-show")
def no_show(code: str) -> Response | tuple[str, int]:
    def verb(session: Session, row: WishRow, person: Actor, side: Side) -> str:
        absent = request.form.get("absent", "")
        if absent not in {str(one) for one in Absent}:
            raise Invalid("absent", Text("请选择谁没有来。", "Say who did not come."))
        appointments.no_show(
            session,
            wish_id=row.id,
            actor=person,
            now=utc_now(),
            reason=request.form.get("reason", ""),
            absent=Absent(absent),
        )
        return t("已记下，请约新的时间。", "Noted: please agree on another time.")

    return _do(code, verb)


def _instant(text: str) -> datetime:
    """A local time as browsers send it. Raises Invalid (``starts_at``)."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
    except ValueError:
        raise Invalid("starts_at", Text("请选择日期和时间。", "Choose a day and a time.")) from None
