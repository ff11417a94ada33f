"""Who may receive a child's parcel instead of the guardian: kept by the community, and told to who brings it when it is nearly there."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from wishes.access import Actor, keeps_child, may_see_identity
from wishes.clock import utc_now
from wishes.errors import Forbidden, Invalid
from wishes.handover.authorised import (
    Receiver,
    list_receiver,
    receivers_of,
    require_meeting,
    withdraw_receiver,
)
from wishes.i18n import Text
from wishes.intake.wishes import WishRow, wish_by_code
from wishes.protection.approvals import live_access
from wishes.protection.entries import note
from wishes.protection.vault import Vault
from wishes.web.campaign import campaign_blueprint
from wishes.web.context import day, language, t
from wishes.web.identity import database, keyring, signed_in

pages = campaign_blueprint("receivers", __name__)

RELATION: dict[str, Text] = {
    "grandparent": Text("祖父母/外祖父母", "Grandparent"),
    "relative": Text("其他亲属", "Another relative"),
    "neighbour": Text("邻居", "Neighbour"),
    "teacher": Text("老师", "Teacher"),
    "other": Text("其他", "Somebody else"),
}


@pages.get("/wishes/<code>/receivers")
def home(code: str) -> str:
    return _page(code)


def _page(code: str, errors: dict[str, str] | None = None) -> str:
    """The list with names for who may know them, each look on record; without names for who keeps the papers only."""
    person, now = signed_in(), utc_now()
    with database().transaction() as session:
        row = wish_by_code(session, g.campaign.id, code)
        keeps = keeps_child(person, g.campaign.id, row.community_id)
        if not keeps:
            require_meeting(person, row.facts, scheduled_on=row.scheduled_on, now=now)
        named = not keeps or _may_see(session, person, row)
        people = receivers_of(session, row.child_id, vault=Vault(keyring()) if named else None)
        if named and people:
            note(
                session, "look", actor=person, now=now, campaign_id=g.campaign.id, child_id=row.child_id, wish_id=row.id,
                fields=["receiver"], reason="receiver",
            )  # fmt: skip
    return render_template(
        "handover/receivers.html",
        wish=row,
        lead=_lead(keeps),
        people=[shown(one, keeps=keeps, named=named) for one in people],
        end=(lambda receiver_id: url_for("receivers.end", code=code, receiver_id=receiver_id)) if keeps else None,
        keeps=keeps,
        sealed=not named,
        relations=[(name, t(label)) for name, label in RELATION.items()],
        values=request.form if errors else {},
        errors=errors or {},
    )


def _lead(keeps: bool) -> str:
    if keeps:
        return t(
            "监护人不在家时由谁代收。姓名和电话加密保存，只在快送到时让配送的人看到姓名。每次查看都有记录。",
            "Who receives when the guardian is out. Kept under seal; who brings the parcel sees the names when it is nearly there. "
            "Each look is on record.",
        )
    return t(
        "监护人不在时，可以交给这些人；签收码还是要扫。请不要外传。这次查看已记录。",
        "When the guardian is out you may hand it to these people; the receipt is needed all the same. Keep it to yourself. "
        "This look is on record.",
    )


def shown(one: Receiver, *, keeps: bool, named: bool = True) -> dict[str, Any]:
    """An entry as pages list it: who brings the parcel is told neither the phone nor who listed it."""
    by = one.by or t("监护人本人", "the guardian")
    return {
        "id": one.id,
        "name": one.name if named else t("（已加密）", "(sealed)"),
        "relation": t(RELATION[one.relation]),
        "phone": one.phone if keeps else "",
        "by": f"{by} · {day(one.listed_at)}" if keeps else "",
    }


def _may_see(session: Session, person: Actor, row: WishRow) -> bool:
    approved = live_access(session, account_id=person.account_id, child_id=row.child_id, now=utc_now()) is not None
    return may_see_identity(person, g.campaign.id, row.community_id, approved=approved)


@pages.post("/wishes/<code>/receivers")
def add(code: str) -> Response | tuple[str, int]:
    person, form = signed_in(), request.form
    try:
        with database().transaction() as session:
            list_receiver(
                session, child_id=_kept(session, code, person).child_id, name=form.get("receiver_name", ""),
                relation=form.get("receiver_relation", ""), phone=form.get("receiver_phone", ""), vault=Vault(keyring()),
                actor=person, now=utc_now(),
            )  # fmt: skip
    except Invalid as error:
        return _page(code, {error.field: error.say(language())}), 422
    flash(t("代收人已登记。", "Listed."), "success")
    return redirect(url_for("receivers.home", code=code))


@pages.post("/wishes/<code>/receivers/<int:receiver_id>/end")
def end(code: str, receiver_id: int) -> Response:
    person = signed_in()
    with database().transaction() as session:
        withdraw_receiver(
            session,
            child_id=_kept(session, code, person).child_id,
            receiver_id=receiver_id,
            actor=person,
            now=utc_now(),
        )
    flash(t("已取消。", "Taken off the list."), "success")
    return redirect(url_for("receivers.home", code=code))


def _kept(session: Session, code: str, person: Actor) -> WishRow:
    row = wish_by_code(session, g.campaign.id, code)
    if not keeps_child(person, g.campaign.id, row.community_id):
        raise Forbidden()
    return row
