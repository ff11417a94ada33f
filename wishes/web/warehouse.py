"""Pages of the warehouse beside the looking over: the scanning desk, boxes, shipments, counts of the stock."""

from __future__ import annotations

from typing import Any

from flask import flash, g, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from wishes.clock import utc_now
from wishes.custody import packing, stock
from wishes.custody.counting import Difference, close_count, counts, expected_now, named, start_count
from wishes.custody.desk import Answer, Mode, Task, take, undo
from wishes.custody.refusals import ASK, NEXT
from wishes.errors import Invalid, NotFound
from wishes.handover.keys import signing_keys
from wishes.i18n import Text
from wishes.intake.wishes import community_names
from wishes.lifecycle import STATUS_LABEL, Status
from wishes.web.campaign import campaign_blueprint
from wishes.web.context import language, t
from wishes.web.identity import database, keyring
from wishes.web.inspection import enter
from wishes.web.numbers import whole

pages = campaign_blueprint("warehouse", __name__)


# --- the scanning desk --------------------------------------------------------------------------------------------------


@pages.get("/rounds/desk")
def desk() -> str:
    """Onto a shelf, by a scanner gun, the camera or fingers; boxes and counts have the same desk on their own pages."""
    enter()
    return render_template(
        "custody/desk.html", shelf=request.args.get("shelf", "")[:20].strip().upper(), reader_wasm=_reader()
    )


def _reader() -> str:
    return url_for("static", filename="vendor/zxing_reader.wasm")


@pages.post("/rounds/desk/scan")
def scan() -> WerkzeugResponse:
    """Some scans, as a form or as JSON ``{mode, target, apart, codes}``; each is answered by itself."""
    person, asked = enter(), _asked()
    task = _task(asked)
    codes = asked.get("codes", [])
    scanned = (
        codes.split() if isinstance(codes, str) else [str(code) for code in codes] if isinstance(codes, list) else []
    )
    answers = take(database(), task, scanned, actor=person, keys=signing_keys(keyring())[1], now=utc_now())
    if request.is_json:
        return jsonify({"answers": [_told(one) for one in answers], "total": _total(task)})
    for one in answers:
        flash(f"{one.code or one.scanned}: {one.say(language())}", "warning" if one.outcome == "refused" else "success")
    if not answers:
        flash(t("没有扫到编号。", "Nothing was scanned."), "info")
    return redirect(_home(task))


@pages.post("/rounds/desk/undo")
def undo_scan() -> WerkzeugResponse:
    person, asked = enter(), _asked()
    task, code = _task(asked), str(asked.get("code", ""))[:24]
    undone = undo(database(), task, code, actor=person, now=utc_now())
    if request.is_json:
        return jsonify({"undone": undone, "total": _total(task)})
    flash(t("已撤销。", "Undone.") if undone else t("没有可撤销的。", "There was nothing to undo."), "info")
    return redirect(_home(task))


def _asked() -> dict[str, Any]:
    if not request.is_json:
        return dict(request.form.items())
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict):
        raise Invalid("body", Text("内容看不懂，请刷新页面。", "The request cannot be read: reload the page."))
    return asked


def _task(asked: dict[str, Any]) -> Task:
    mode = str(asked.get("mode", ""))
    if mode not in {str(one) for one in Mode}:
        raise Invalid("mode", Text("请先选择上架、装箱或盘点。", "Choose shelf, box or count first."))
    return Task(g.campaign.id, Mode(mode), str(asked.get("target", ""))[:20].strip(), bool(asked.get("apart")))


def _told(one: Answer) -> dict[str, str]:
    return {
        "scanned": one.scanned,
        "outcome": one.outcome,
        "code": one.code,
        "item": one.item,
        "sentence": one.say(language()),
    }


def _total(task: Task) -> int | None:
    """How many things are in the box, or counted, by now."""
    if task.mode is Mode.SHELF:
        return None
    with database().reading() as session:
        if task.mode is Mode.BOX:
            return stock.box(session, g.campaign.id, int(task.target))[0].things if task.target.isdecimal() else None
        found = counts(session, g.campaign.id, count_id=int(task.target)) if task.target.isdecimal() else []
        return found[0].seen if found else None


def _home(task: Task) -> str:
    if task.mode is Mode.SHELF:
        return url_for("warehouse.desk", shelf=task.target)
    if task.mode is Mode.BOX:
        return url_for("warehouse.box", box_id=whole(task.target))
    return url_for("warehouse.count", count_id=whole(task.target))


# --- boxes ----------------------------------------------------------------------------------------------------------------


@pages.get("/rounds/boxes")
def boxes() -> str:
    enter()
    with database().reading() as session:
        return render_template(
            "custody/boxes.html",
            boxes=stock.boxes(session, g.campaign.id, waiting=True),
            shipments=stock.shipments(session, g.campaign.id),
            communities=sorted(community_names(session, g.campaign.id).items(), key=lambda pair: pair[1]),
        )


@pages.post("/rounds/boxes")
def make_box() -> WerkzeugResponse:
    person = enter()
    with database().transaction() as session:
        box_id = packing.new_box(
            session,
            campaign_id=g.campaign.id,
            community_id=request.form.get("community", 0, type=whole),
            actor=person,
            now=utc_now(),
        )
    return redirect(url_for("warehouse.box", box_id=box_id))


@pages.get("/rounds/boxes/<int:box_id>")
def box(box_id: int) -> str:
    """What lies in a box, and the desk to put more into it."""
    enter()
    with database().reading() as session:
        line, inside = stock.box(session, g.campaign.id, box_id)
    return render_template("custody/box.html", box=line, things=inside, reader_wasm=_reader(), Status=Status)


# --- shipments ------------------------------------------------------------------------------------------------------------


@pages.post("/rounds/shipments")
def make_shipment() -> WerkzeugResponse:
    person, form = enter(), request.form
    with database().transaction() as session:
        shipment_id = packing.new_shipment(
            session, campaign_id=g.campaign.id, carrier=form.get("carrier", ""), route=form.get("route", ""), actor=person,
            now=utc_now(),
        )  # fmt: skip
    return redirect(url_for("warehouse.shipment", shipment_id=shipment_id))


@pages.get("/rounds/shipments/<int:shipment_id>")
def shipment(shipment_id: int) -> str:
    enter()
    with database().reading() as session:
        found = stock.shipments(session, g.campaign.id, shipment_id=shipment_id)
        if not found:
            raise NotFound("这个批次", "shipment")
        waiting = [line for line in stock.boxes(session, g.campaign.id, waiting=True) if line.shipment_id is None]
        return render_template(
            "custody/shipment.html",
            shipment=found[0],
            boxes=stock.boxes(session, g.campaign.id, shipment_id=shipment_id),
            waiting=waiting,
        )


@pages.post("/rounds/shipments/<int:shipment_id>/load")
def load(shipment_id: int) -> WerkzeugResponse:
    """Boxes onto the shipment (``on``) or off it."""
    person, ids = enter(), request.form.getlist("ids", type=whole)[:500]
    onto = shipment_id if request.form.get("where") == "on" else None
    with database().transaction() as session:
        changed = packing.load(session, shipment_id=onto, box_ids=ids, campaign_id=g.campaign.id, actor=person)
    flash(t("{n} 箱已改。", "{n} boxes changed.", n=changed), "success" if changed else "info")
    return redirect(url_for("warehouse.shipment", shipment_id=shipment_id))


@pages.post("/rounds/shipments/<int:shipment_id>/leave")
def leave(shipment_id: int) -> WerkzeugResponse:
    person = enter()
    with database().transaction() as session:
        sent = packing.send_off(
            session, shipment_id=shipment_id, campaign_id=g.campaign.id, actor=person, now=utc_now()
        )
    flash(t("批次已出发，{n} 件在路上。", "The shipment has left with {n} things.", n=sent), "success")
    return redirect(url_for("warehouse.shipment", shipment_id=shipment_id))


# --- counts of the stock --------------------------------------------------------------------------------------------------

DIFFERENCE: dict[Difference, tuple[Text, Text]] = {
    Difference.MISSING: (
        Text("账上有，没扫到", "Believed here, not seen"),
        Text(
            "再找一遍；确实没有，请在心愿页登记遗失。",
            "Look again; if it is gone, report it as lost on the wish's page.",
        ),
    ),
    Difference.MISPLACED: (
        Text("放错了架", "On the wrong shelf"),
        Text("放回 {shelf} 架，或在这里重新上架。", "Put it back on shelf {shelf}, or register it here."),
    ),
    Difference.UNREGISTERED: (
        Text("没有上过架", "Never registered"),
        Text("请上架登记，再由两人查验。", "Register it on a shelf, then have two people look it over."),
    ),
    Difference.UNEXPECTED: (Text("不该在仓库", "Should not be here"), Text("", "")),
}


@pages.get("/rounds/counts")
def count_list() -> str:
    enter()
    with database().reading() as session:
        return render_template("custody/counts.html", counts=counts(session, g.campaign.id))


@pages.post("/rounds/counts")
def begin_count() -> WerkzeugResponse:
    person = enter()
    with database().transaction() as session:
        count_id = start_count(
            session, campaign_id=g.campaign.id, shelf=request.form.get("shelf", ""), actor=person, now=utc_now()
        )
    return redirect(url_for("warehouse.count", count_id=count_id))


@pages.get("/rounds/counts/<int:count_id>")
def count(count_id: int) -> str:
    enter()
    with database().reading() as session:
        line = _count(session, count_id)
        expected = expected_now(session, g.campaign.id, count_id) if line.closed_at is None else line.expected
        names = named(session, [one["wish"] for one in line.differences])
    return render_template(
        "custody/count.html",
        count=line,
        expected=expected,
        differences=[_difference(one, names) for one in line.differences],
        reader_wasm=_reader(),
    )


def _count(session: Any, count_id: int) -> Any:
    found = counts(session, g.campaign.id, count_id=count_id)
    if not found:
        raise NotFound("这次盘点", "count")
    return found[0]


def _difference(one: dict[str, Any], names: dict[int, tuple[str, str]]) -> dict[str, str]:
    kind, status = Difference(one["kind"]), Status(one["status"])
    what, step = DIFFERENCE[kind]
    if kind is Difference.UNEXPECTED:
        step = NEXT.get(status, ASK)
    code, item = names.get(one["wish"], ("", ""))
    return {
        "code": code,
        "item": item,
        "url": url_for("wish.page", code=code) if code else "",
        "kind": t(what),
        "status": STATUS_LABEL[status].say(language()),
        "shelf": one["shelf"],
        "next": t(step, shelf=one["shelf"]),
    }


@pages.post("/rounds/counts/<int:count_id>/close")
def end_count(count_id: int) -> WerkzeugResponse:
    person = enter()
    with database().transaction() as session:
        _count(session, count_id)
        found = close_count(session, count_id=count_id, actor=person, now=utc_now())
    flash(
        t("盘点结束，有 {n} 处不符。", "The count is over; {n} things differ.", n=len(found))
        if found
        else t("盘点结束，全部相符。", "The count is over; everything is as believed."),
        "warning" if found else "success",
    )
    return redirect(url_for("warehouse.count", count_id=count_id))
