"""Pages of the warehouse: what to look over, what to send off, what is on its way."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, g, redirect, render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from wishes.access import Actor, may, possible_moves, relations, require
from wishes.claims import actions as claims
from wishes.claims.bulk import Tally
from wishes.clock import local_day, utc_now
from wishes.custody import actions as custody
from wishes.custody.checklists import checks_of
from wishes.custody.queries import first_looks, looks, pictures_of
from wishes.errors import MicrowishError, NotFound
from wishes.events.actions import Moved
from wishes.intake.wishes import Filter, WishRow, list_wishes, seen_by, status_counts, wish_by_code
from wishes.lifecycle import MOVES, STATUS_LABEL, By, Status
from wishes.tracking.queries import open_clocks
from wishes.web.branch import say_tally
from wishes.web.campaign import campaign_blueprint
from wishes.web.cards import title, wish_cards
from wishes.web.context import language, t
from wishes.web.custody import answers_in, picture_label, sent_photo
from wishes.web.identity import database, signed_in
from wishes.web.numbers import whole
from wishes.web.wish import FIRST_LOOK
from wishes.web.wording import CATEGORY

pages = campaign_blueprint("inspection", __name__)
PAGE = 50
_STAGES = (Status.READY, Status.INSPECTED, Status.IN_TRANSIT)
_MOVES = ("inspect", "fail_inspection", "dispatch", "undeliverable")


def enter() -> Actor:
    """Who works in the warehouse. Raises NotSignedIn, Forbidden."""
    person = signed_in()
    require(person, "warehouse.work", g.campaign.id)
    return person


@pages.get("/rounds")
def home() -> str:
    person, today = enter(), local_day(utc_now())
    asked = request.args.get("status", "")
    with database().reading() as session:
        counts = status_counts(session, g.campaign.id, Filter(statuses=_STAGES))
        looks_over = may(person, "labels.print", g.campaign.id)
        stages = _STAGES if looks_over else _STAGES[::-1]
        status = (
            Status(asked) if asked in {str(s) for s in _STAGES} else next((s for s in stages if counts[s]), stages[0])
        )
        page = list_wishes(
            session,
            g.campaign.id,
            Filter(statuses=(status,), words=request.args.get("q", "")[:40]),
            after=request.args.get("after", 0, type=whole),
            limit=PAGE,
        )
        clocks = open_clocks(session, [row.id for row in page.rows])
        begun = first_looks(session, [row.id for row in page.rows]) if status is Status.READY else {}
    open_moves = {move.name for row in page.rows for move in possible_moves(person, row.facts)}
    rows = wish_cards(page.rows, person, today=today, clocks=clocks, with_status=True)
    for card, row in zip(rows, page.rows, strict=True):
        card["title"], card["taker"] = title(row), row.branch or row.volunteer or ""
        if status is Status.READY:
            card["looked"] = (
                _looked(begun.get(row.id), person) if looks_over else t("待两人查验", "Two people have to look")
            )
            if "inspect" in open_moves:
                card["url"] = url_for("inspection.check", code=row.code)
    return render_template(
        "inspection/home.html",
        rows=rows,
        total=page.total,
        status=status,
        words=request.args.get("q", "")[:40],
        tabs=[
            {
                "label": STATUS_LABEL[s].say(language()),
                "url": url_for("inspection.home", status=s),
                "current": s is status,
                "count": counts[s],
            }
            for s in _STAGES
        ],
        actions=[action for action in _actions_for(status) if action["value"] in open_moves],
        may_print=looks_over,
        next_url=url_for("inspection.home", status=status, after=page.after) if page.after else "",
        prev_url=url_for("inspection.home", status=status) if request.args.get("after") else "",
    )


def _actions_for(status: Status) -> list[dict[str, str]]:
    """The bulk moves of a stage; what sends things back asks first, and why."""
    actions: dict[Status, list[dict[str, str]]] = {
        Status.READY: [
            {
                "value": "inspect",
                "label": t("都查过，合格", "Looked over, all good"),
                "icon": "check",
                "kind": "primary",
            },
            {
                "value": "fail_inspection",
                "label": t("不合格", "Fail"),
                "icon": "x",
                "question": t(
                    "哪里不合格？勾选的都退给认领人，他们会看到原因。",
                    "What is wrong? All that is ticked goes back to the takers, who see the reason.",
                ),
            },
        ],
        Status.INSPECTED: [
            {"value": "dispatch", "label": t("出发配送", "Send off"), "icon": "truck", "kind": "primary"}
        ],
        Status.IN_TRANSIT: [
            {
                "value": "undeliverable",
                "label": t("无法送达", "Undeliverable"),
                "icon": "undo",
                "question": t(
                    "为什么送不到？勾选的都回到仓库，对方会看到原因。",
                    "Why could they not be delivered? All that is ticked goes back to the warehouse; the others see the reason.",
                ),
            }
        ],
    }
    return actions[status]


def _looked(first: int | None, person: Actor) -> str:
    if first is None:
        return t("待两人查验", "Two people have to look")
    if first == person.account_id:
        return t("您已查过，等另一人复核", "You looked; somebody else has to confirm")
    return t("请您复核", "Please confirm")


@pages.post("/rounds")
def act() -> Response:
    person, now, name = enter(), utc_now(), request.form.get("action", "")
    if name not in _MOVES:
        raise NotFound()
    ids = request.form.getlist("ids", type=whole)[:1000]
    reason, back = (
        request.form.get("reason", "").strip(),
        url_for("inspection.home", status=request.form.get("status", "")),
    )
    if MOVES[name].reason and not reason:
        flash(t("请写明原因；什么都没有改动。", "Please say why; nothing was changed."), "warning")
        return redirect(back)
    first = 0
    verbs: dict[str, Callable[[Session, int], Moved | None]] = {
        "inspect": lambda s, i: custody.look_over(s, wish_id=i, actor=person, now=now).moved,
        "fail_inspection": lambda s, i: custody.fail(s, wish_id=i, actor=person, now=now, reason=reason),
    }
    tally = Tally()
    with database().transaction() as session:
        mine = {row.id for row in list_wishes(session, g.campaign.id, Filter(ids=tuple(ids)), limit=1000).rows}
        for wish_id in (i for i in ids if i in mine):
            try:
                with session.begin_nested():
                    done = (
                        verbs[name](session, wish_id)
                        if name in verbs
                        else claims.step(session, name, wish_id=wish_id, actor=person, now=now, reason=reason)
                    )
            except MicrowishError as error:
                if error.status >= 500:
                    raise
                tally.refused[wish_id] = error
                continue
            if done is None:
                first += 1
            else:
                tally.moved.append(done)
    if first:
        flash(
            t("{n} 件已记下第一次查验，请另一人复核。", "{n} looked over once; somebody else has to confirm.", n=first),
            "info",
        )
    if tally.moved or tally.refused or not first:
        say_tally(tally)
    return redirect(back)


# --- one thing ----------------------------------------------------------------------------------------------------------


@pages.get("/rounds/check/<code>")
def check(code: str) -> str:
    """The checklist of one thing, who looked at it, and its photographs."""
    person = enter()
    with database().reading() as session:
        row, _ = seen_by(person, wish_by_code(session, g.campaign.id, code))
        return _check_page(session, row, person)


def _check_page(session: Session, row: WishRow, person: Actor, error: str = "") -> str:
    moves = {move.name for move in possible_moves(person, row.facts)}
    first = first_looks(session, [row.id]).get(row.id)
    return render_template(
        "inspection/check.html",
        wish=row,
        wish_title=title(row),
        category=t(CATEGORY[row.category]),
        checks=[(one.key, t(one.label)) for one in checks_of(session, g.campaign.id, row.category)],
        looks=looks(session, row.id),
        pictures=pictures_of(session, row.id) if sees_pictures(person, row) else [],
        may_pass="inspect" in moves and first != person.account_id,
        may_fail="fail_inspection" in moves,
        first=first,
        waits=_looked(first, person) if row.status is Status.READY else "",
        answers=(),
        picture_label=picture_label,
        error=error,
    )


@pages.post("/rounds/check/<code>")
def decide(code: str) -> Response | tuple[str, int]:
    person, now = enter(), utc_now()
    passes = request.form.get("verdict", "") == "pass"
    photo = None if passes else sent_photo("photo")
    try:
        with database().transaction() as session:
            row, _ = seen_by(person, wish_by_code(session, g.campaign.id, code))
            given = answers_in(checks_of(session, g.campaign.id, row.category))
            if passes:
                looked = custody.look_over(session, wish_id=row.id, actor=person, now=now, answers=given)
                said = t("查验合格，可以装箱。", "Passed; it can be packed.") if looked.moved else f"{t(FIRST_LOOK)}。"
            else:
                custody.fail(
                    session, wish_id=row.id, actor=person, now=now, reason=request.form.get("reason", ""), answers=given,
                    photo=photo,
                )  # fmt: skip
                said = t("已退给认领人，并写明了原因。", "Sent back to the taker, with the reason.")
    except MicrowishError as error:
        if error.status not in (409, 422):
            raise
        with database().reading() as session:
            row, _ = seen_by(person, wish_by_code(session, g.campaign.id, code))
            return _check_page(session, row, person, error.say(language())), error.status
    flash(said, "success")
    return redirect(url_for("inspection.home", status=Status.READY))


def sees_pictures(person: Actor, row: WishRow) -> bool:
    """Receipts and photographs of things are for who bought them, who looks them over, and who answers for it all."""
    return bool(relations(person, row.facts) & {By.TAKER, By.INSPECTOR, By.COORDINATOR, By.AUDITOR})
