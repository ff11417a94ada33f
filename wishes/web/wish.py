"""One wish: what it is, its story, and the one obvious next action for whoever looks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from wishes.access import Actor, By, Field, possible_moves, relations
from wishes.claims import actions as claims
from wishes.clock import local, local_day, utc_now
from wishes.custody import actions as custody
from wishes.custody import appointments
from wishes.custody.queries import passed
from wishes.custody.readdressing import FROM as READDRESSED_FROM
from wishes.custody.readdressing import MAY_READDRESS
from wishes.errors import Invalid, NotFound
from wishes.events.story import Chapter, reason_of, story
from wishes.handover.authorised import may_meet
from wishes.i18n import Text
from wishes.intake.actions import publish, verify
from wishes.intake.wishes import WishRow, seen_by, wish_by_code
from wishes.lifecycle import AWAITED, DONE_LABEL, HELD, MOVES, NEXT_STEP, Kind, Move, Status
from wishes.tracking.actions import acknowledge, pause, postpone, resume
from wishes.tracking.forecast_history import STAGES
from wishes.tracking.forecast_queries import WishForecast, forecasts, learnt_already
from wishes.tracking.queries import OpenClock, open_clock
from wishes.web.board import likely_between, likely_day
from wishes.web.campaign import campaign_blueprint
from wishes.web.cards import DELIVERIES
from wishes.web.context import language, moment, t, yuan
from wishes.web.identity import database, signed_in
from wishes.web.numbers import whole
from wishes.web.wording import CATEGORY, NEED, SEX, size_text

pages = campaign_blueprint("wish", __name__)

_FIRST = ("accept", "claim", "prepare", "schedule", "inspect", "dispatch", "verify", "publish", "submit", "close")


@pages.get("/wishes/<code>")
def page(code: str) -> str:
    person = signed_in()
    with database().reading() as session:
        row = wish_by_code(session, g.campaign.id, code)
        shown, fields = seen_by(person, row)
        chapters = story(session, row.id)
        clock = open_clock(session, row.id)
        looked_over = row.status is Status.READY and passed(session, row.id)
        working = bool(relations(person, row.facts) - {By.BROWSER}) and row.status in STAGES
        learnt = learnt_already(database(), g.campaign.id, now=utc_now()) if working else None
        ahead = forecasts(session, g.campaign.id, [row.id], now=utc_now(), learnt=learnt) if learnt else {}
    moves = possible_moves(person, row.facts)
    main, others = arrange(moves)
    today = local_day(utc_now())
    hand_over = any(move.name in DELIVERIES for move in moves) or (
        row.status is Status.CLAIMED and By.TAKER in relations(person, row.facts)
    )
    events = [
        {
            "title": chapter.label.say(language()),
            "at": moment(chapter.occurred_at),
            "iso": local(chapter.occurred_at).isoformat(),
            "who": chapter.actor if Field.TAKER in fields else "",
            "note": t(reason_of(chapter.reason)) if Field.TAKER in fields else "",
            "icon": _icon(chapter.new_status),
            "tone": "now" if i == len(chapters) - 1 else "",
            "heard": t("{at} 才登记", "recorded {at}", at=moment(chapter.recorded_at)) if chapter.late else "",
        }
        for i, chapter in enumerate(chapters)
    ]
    return render_template(
        "wish/page.html",
        wish=shown,
        facts=facts_of(shown, fields, today)
        + (forecast_facts(ahead.get(row.id), late=clock is not None and clock.due_at < utc_now()) if working else []),
        events=events[::-1],
        main=main,
        others=others,
        due_days=None if clock is None else (local_day(clock.due_at) - today).days,
        hand_over=hand_over,
        set_back=_set_back(chapters),
        to_agree=row.kind is Kind.SERVICE
        and row.status in (Status.CLAIMED, Status.SCHEDULED)
        and bool(relations(person, row.facts) & {By.TAKER, By.COMMUNITY, By.COORDINATOR}),
        to_check=hand_over
        and row.kind is Kind.GOODS
        and row.status in (Status.CLAIMED, Status.READY)
        and not looked_over,
        today=today.isoformat(),
        next_title=next_title(row, main, hand_over),
        clock=clock,
        answers=clock_answers(clock, relations(person, row.facts)),
        standing=relations(person, row.facts),
        to_readdress=row.kind is Kind.GOODS
        and row.status in READDRESSED_FROM
        and bool(relations(person, row.facts) & MAY_READDRESS),
        may_meet=hand_over and may_meet(person, row.facts, scheduled_on=row.scheduled_on, now=utc_now()),
        By=By,
    )


@pages.post("/wishes/<code>/clock/<name>")
def answer_clock(code: str, name: str) -> Response:
    """“I know”, “not before … because …”, and stopping the deadline while the wish has to wait."""
    person, now, reason = signed_in(), utc_now(), request.form.get("reason", "")
    with database().transaction() as session:
        wish_id = wish_by_code(session, g.campaign.id, code).id
        if name == "acknowledge":
            acknowledge(session, wish_id=wish_id, actor=person, now=now)
        elif name == "postpone":
            until = _day(request.form.get("until", ""))
            if until is None:
                raise Invalid("until", Text("请选择日期。", "Please choose a day."))
            postpone(session, wish_id=wish_id, actor=person, now=now, until=until, reason=reason)
        elif name == "pause":
            pause(session, wish_id=wish_id, actor=person, now=now, reason=reason)
        elif name == "resume":
            resume(session, wish_id=wish_id, actor=person, now=now)
        else:
            raise NotFound()
    flash(t("已记下，大家都看得到。", "Noted; everybody concerned sees it."), "success")
    return redirect(_back(code))


def clock_answers(clock: OpenClock | None, standing: frozenset[By]) -> list[str]:
    """What this person may say to the running deadline."""
    if clock is None:
        return []
    mine = standing & (AWAITED.get(Status(clock.stage), frozenset()) | {By.COORDINATOR})
    keeper = standing & {By.COMMUNITY, By.COORDINATOR}
    if clock.paused_at is not None:
        return ["resume"] if keeper else []
    found = ["acknowledge"] if mine and clock.acknowledged_at is None and By.COORDINATOR not in standing else []
    return found + (["postpone"] if mine else []) + (["pause"] if keeper else [])


def arrange(moves: list[Move]) -> tuple[Move | None, list[Move]]:
    """The one obvious move, and the rest; hand-overs have their own place on the page."""
    plain = [move for move in moves if move.name not in DELIVERIES]
    main = next((move for name in _FIRST for move in plain if move.name == name), None)
    return main, [move for move in plain if move is not main]


def next_title(row: WishRow, main: Move | None, hand_over: bool) -> str:
    if main is not None:
        return t(
            {
                "accept": Text("要接下这个心愿吗？", "Will you take this wish?"),
                "claim": Text("认领这个心愿", "Claim this wish"),
                "prepare": Text("买好后告诉我们", "Tell us when it is bought"),
                "schedule": Text("和孩子那边约好时间", "Agree a date"),
                "inspect": Text("请检查物品", "Please inspect the goods"),
                "dispatch": Text("可以出发了", "Ready to leave"),
                "verify": Text("请核实这个心愿", "Please verify this wish"),
                "publish": Text("可以公开征集了", "Ready to publish"),
                "submit": Text("填好就提交", "Submit when complete"),
                "close": Text("请登记反馈", "Please record the feedback"),
            }.get(main.name, main.label)
        )
    if hand_over:
        if row.kind is Kind.SERVICE:
            return t("到时见面，之后双方确认", "Meet at the time agreed; then both sides confirm")
        return t("送到后扫码交接", "Scan at the hand-over")
    waiting = {
        Status.CLAIMED: Text("等认领人备好", "Waiting for the taker"),
        Status.PROPOSED: Text("等对方答复", "Waiting for an answer"),
        Status.OPEN: Text("等人认领", "Waiting to be claimed"),
        Status.CLOSED: Text("已经完成", "All done"),
    }
    return t(waiting.get(row.status, Text("现在不用您操作", "Nothing for you to do now")))


def facts_of(row: WishRow, fields: frozenset[Field], today: date) -> list[tuple[str, str]]:
    """Label and value of what may be seen, for the list of facts."""
    facts = [(t("类别", "Category"), t(CATEGORY[row.category])), (t("数量", "Quantity"), str(row.quantity))]
    if row.size:
        facts.append((t("尺寸", "Size"), size_text(row.size_kind, row.size)))
    if row.price_high_fen is not None or row.price_fen:
        facts.append((t("参考价", "Expected price"), yuan(row.price_high_fen or row.price_fen)))
    if row.need != "none":
        facts.append((t("要求", "Requirement"), t(NEED[row.need])))
    if Field.AGE_BAND in fields and (band := row.age_band(g.campaign.day(today))):
        facts.append((t("年龄段", "Age band"), t("{band} 岁", "{band} years", band=band)))
    if Field.SEX in fields and row.sex:
        facts.append((t("性别", "Sex"), t(SEX[row.sex])))
    facts.append((t("区县", "District"), row.county))
    if Field.PLACE in fields:
        facts.append((t("交接地点", "Hand-over at"), row.community))
    if Field.TAKER in fields and (row.branch or row.volunteer):
        facts.append((t("认领方", "Taker"), " · ".join(name for name in (row.branch, row.volunteer) if name)))
    if row.scheduled_on:
        facts.append((t("约定日期", "Agreed date"), row.scheduled_on.isoformat()))
    return facts


def forecast_facts(ahead: WishForecast | None, *, late: bool) -> list[tuple[str, str]]:
    """When it will likely arrive, and how likely its deadline, if not passed, is missed; or that nobody can say yet."""
    label = t("预计送达", "Likely delivered")
    if ahead is None:
        return [(label, t("正在计算，稍后刷新可见", "being worked out; reload in a moment"))]
    if ahead.too_little_data:
        return [(label, t("数据太少，说不准", "too little data to say"))]
    told = [(label, t("{day}（{between}）", "{day} ({between})", day=likely_day(ahead), between=likely_between(ahead)))]
    if ahead.miss_chance is not None and not late:
        told.append((t("可能误期", "Risk of missing the deadline"), f"{ahead.miss_chance:.0%}"))
    return told


def _set_back(chapters: Sequence[Chapter]) -> str:
    """What is to be done now, where the last move set the wish back."""
    last = next((chapter.action for chapter in reversed(chapters) if chapter.new_status), "")
    return t(NEXT_STEP[last]) if last in NEXT_STEP else ""


def _icon(status: str | None) -> str:
    return {
        "open": "wish",
        "proposed": "match",
        "claimed": "heart",
        "ready": "gift",
        "inspected": "target",
        "in_transit": "truck",
        "delivered": "check-circle",
        "closed": "archive",
        "verified": "shield",
        "scheduled": "calendar",
    }.get(status or "", "check")


@pages.post("/wishes/<code>/<name>")
def act(code: str, name: str) -> Response:
    """Make one move. Where it cannot be made the page is shown again with the reason."""
    person = signed_in()
    if name not in MOVES or name in DELIVERIES:
        raise NotFound()
    with database().transaction() as session:
        row = wish_by_code(session, g.campaign.id, code)
        if name != "claim" or row.status not in (Status.OPEN, Status.PROPOSED, *HELD):
            seen_by(person, row)  # who loses a race is told that someone was quicker, not that there is no such wish
        done = make_move(session, name, row=row, actor=person, form=request.form)
    flash(t(f"{done.zh}。", f"{done.en}."), "success")
    if name in NEXT_STEP:
        flash(t(NEXT_STEP[name]), "info")
    return redirect(_back(code))


def _back(code: str) -> str:
    """Where the form was sent from, if that is a page of this campaign; else the wish's own page."""
    target = request.form.get("next", "")
    return target if target.startswith(f"/c/{g.slug}/") else url_for("wish.page", code=code)


FIRST_LOOK = Text("已记下第一次查验，请另一人复核", "The first look is noted; somebody else has to confirm it")


def make_move(session: Session, name: str, *, row: WishRow, actor: Actor, form: Any) -> Text:
    """Call the verb of a move with what the form holds; answers what was done. Raises Invalid and whatever the verb raises."""
    now, reason = utc_now(), form.get("reason", "")
    if name == "claim":
        as_branch = form.get("as") == "branch"
        claims.claim(
            session,
            wish_id=row.id,
            actor=actor,
            now=now,
            **claims.taker_of(actor, row.campaign_id, as_branch=as_branch),
        )
    elif name == "accept":
        claims.accept(session, wish_id=row.id, actor=actor, now=now, volunteer_id=form.get("volunteer_id", type=whole))
    elif name == "decline":
        claims.decline(session, wish_id=row.id, actor=actor, now=now, reason=reason)
    elif name == "release":
        claims.release(session, wish_id=row.id, actor=actor, now=now, reason=reason)
    elif name == "cancel":
        claims.cancel(session, wish_id=row.id, actor=actor, now=now, reason=reason)
    elif name == "verify":
        verify(session, wish_id=row.id, actor=actor, now=now)
    elif name == "publish":
        publish(session, wish_id=row.id, actor=actor, now=now)
    elif name == "inspect":
        if custody.look_over(session, wish_id=row.id, actor=actor, now=now).moved is None:
            return FIRST_LOOK
    elif name == "fail_inspection":
        custody.fail(session, wish_id=row.id, actor=actor, now=now, reason=reason)
    elif name == "no_show":
        appointments.no_show(session, wish_id=row.id, actor=actor, now=now, reason=reason)
    elif name in ("propose", "lapse", "expire"):
        raise NotFound()
    else:
        spent = form.get("spent", "").strip()
        claims.step(
            session,
            name,
            wish_id=row.id,
            actor=actor,
            now=now,
            reason=reason,
            scheduled_on=_day(form.get("scheduled_on", "")),
            spent_fen=fen_of(spent) if spent else None,
            rating=form.get("rating", type=whole),
        )
    return DONE_LABEL[name]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid(
            "scheduled_on", Text("日期请写成 2021-06-01 的样子。", "Write the date like 2021-06-01.")
        ) from None


def fen_of(text: str) -> int:
    """An amount as people write it, in fen. Raises Invalid (``spent``)."""
    try:
        fen = round(float(text.replace("，", ".").replace("¥", "").replace("元", "")) * 100)
    except (ValueError, OverflowError):
        raise Invalid(
            "spent", Text("花费请填数字，如 85.5。", "Give what was spent as a number, such as 85.5.")
        ) from None
    if not 0 <= fen <= 100_000_000:
        raise Invalid("spent", Text("花费的数字不合理，请核对。", "That amount cannot be right; please check."))
    return fen
