"""The coordinator's matching: run it, see what it found and why, take it back, accept for the takers, and ask what if."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from flask import Response as FlaskResponse
from flask import current_app, flash, g, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from matching.ready import begin_loading
from wishes.access import require
from wishes.campaigns.queries import place_names, rules_of
from wishes.claims import actions as claims
from wishes.claims import matching as engine
from wishes.claims.bulk import each
from wishes.claims.match_advice import advise
from wishes.claims.match_answers import accept_for
from wishes.claims.match_figures import KM_STEPS, LOAD_STEPS
from wishes.claims.match_finding import repeated
from wishes.claims.match_report import names_of
from wishes.claims.match_runs import (
    Run,
    is_running,
    keep_advice,
    proposals_of,
    run_by_id,
    runs_of,
    standing_by_branch,
    stored_bytes,
)
from wishes.claims.match_whatif import WEIGHTS, Changes, Remembered, compare, save_weights
from wishes.claims.match_words import CRITERION, MEANING, Names, advised, left_together, why
from wishes.claims.queries import branches_of
from wishes.clock import utc_now
from wishes.errors import Invalid, NotFound
from wishes.i18n import Text
from wishes.intake.wishes import status_counts
from wishes.lifecycle import Status
from wishes.web.branch import say_tally
from wishes.web.campaign import campaign_blueprint
from wishes.web.context import language, moment, t, yuan
from wishes.web.identity import database, signed_in
from wishes.web.numbers import whole
from wishes.web.wording import CATEGORY, NEED

pages = campaign_blueprint("matching", __name__)
PAGE = 25
TIME_LIMIT_S = 20.0
"""For campaigns whose budgets need the thorough solver: what a person at a desk will wait."""

POLICY = {
    "batch": Text("整批：派出所有待认领的心愿", "Batch: place all open wishes"),
    "incremental": Text("增量：连同少量未答复的派单一起调整", "Incremental: also move a few unanswered proposals"),
}
STATE = {
    "running": Text("进行中", "Running"), "proposed": Text("已派单", "Proposed"), "undone": Text("已撤销", "Undone"),
    "failed": Text("未完成", "Failed"),
}  # fmt: skip
ANSWER = {
    "open": Text("等待答复", "Waiting"), "accepted": Text("已接受", "Accepted"), "declined": Text("已婉拒", "Declined"),
    "expired": Text("已到期", "Expired"), "withdrawn": Text("已收回", "Taken back"),
}  # fmt: skip


def _enter() -> Any:
    person = signed_in()
    require(person, "match.run", g.campaign.id)
    return person


@pages.get("/match")
def home() -> str:
    _enter()
    begin_loading()  # whoever opens this page is about to run the engine
    with database().reading() as session:
        counts = status_counts(session, g.campaign.id)
        runs = runs_of(session, g.campaign.id)
        names = names_of(session, g.campaign.id)
        bounds = rules_of(session, g.campaign.id).matching
    last = next((run for run in runs if run.state in ("proposed", "undone")), None)
    return render_template(
        "matching/home.html", waiting=counts[Status.OPEN], standing=counts[Status.PROPOSED], running=is_running(runs[0] if runs else None, utc_now()),
        last=last, shown=_shown(last, names) if last else None, runs=[_line(run) for run in runs], bounds=bounds,
        policies=[{"value": key, "label": t(text)} for key, text in POLICY.items()],
    )  # fmt: skip


@pages.post("/match")
def start() -> Response:
    """Run the engine and propose what it found."""
    person, policy = _enter(), request.form.get("policy", "batch")
    if policy not in engine.POLICIES:
        raise NotFound()
    _, found = engine.run(
        database(), campaign_id=g.campaign.id, actor=person, now=utc_now(), policy=policy, time_limit_s=TIME_LIMIT_S
    )
    flash(
        t("已派出 {n} 个心愿，等待答复。", "{n} wishes proposed; the answers are awaited.", n=f"{found['proposed']:,}"),
        "success",
    )
    if found["overtaken"]:
        flash(
            t("{n} 个在此期间已有变化，未再派出。", "{n} changed meanwhile and were left alone.", n=found["overtaken"]),
            "info",
        )
    return redirect(url_for("matching.run", run_id=found["run"]))


@pages.get("/match/progress")
def progress() -> str:
    """The part of the page that waits for a run somebody started."""
    _enter()
    with database().reading() as session:
        runs = runs_of(session, g.campaign.id, limit=1)
    return render_template("matching/progress.html", running=is_running(runs[0] if runs else None, utc_now()))


@pages.get("/match/<int:run_id>")
def run(run_id: int) -> str:
    _enter()
    branch_id, state = request.args.get("branch", type=whole), request.args.get("state", "")
    with database().reading() as session:
        found = run_by_id(session, g.campaign.id, run_id)
        names = names_of(session, g.campaign.id)
        rows, after, total = proposals_of(session, g.campaign.id, run_id=run_id, branch_id=branch_id, state=state,
                                          after=request.args.get("after", 0, type=whole), limit=PAGE)  # fmt: skip
        waiting = standing_by_branch(session, g.campaign.id, run_id)
    kept = {name: value for name, value in request.args.items() if name not in ("after", "lang")}
    lines = [
        {
            "id": row.wish_id, "code": row.code, "title": row.item, "url": url_for("wish.page", code=row.code),
            "category": t(CATEGORY[row.category]), "county": names.county(row.county_code), "price": yuan(row.price_fen) if row.price_fen else "",
            "taker": row.volunteer or row.branch or "", "km": row.criteria.get("km"), "answer": t(ANSWER[row.state]),
            "why": [t(text) for text in why(row.criteria, names)], "state": row.state,
        }
        for row in rows
    ]  # fmt: skip
    return render_template(
        "matching/run.html", run=found, line=_line(found), shown=_shown(found, names), rows=lines, total=total, waiting=waiting, branch_id=branch_id,
        state=state, branch_options=[(key, f"{name}（{count}）" if language() == "zh" else f"{name} ({count})") for key, name, count in waiting],
        answers=[(key, t(text)) for key, text in ANSWER.items()],
        next_url=url_for("matching.run", run_id=run_id, **{**kept, "after": after}) if after else "",
        prev_url=url_for("matching.run", run_id=run_id, **kept) if request.args.get("after") else "",
    )  # fmt: skip


@pages.post("/match/<int:run_id>/undo")
def undo(run_id: int) -> Response:
    """Take a run's unanswered proposals back."""
    person = _enter()
    with database().transaction() as session:
        run_by_id(session, g.campaign.id, run_id)
        done = engine.withdraw_run(session, run_id=run_id, actor=person, now=utc_now())
    flash(t("已收回 {n} 个派单；{kept} 个已有答复，保持不变。", "{n} proposals taken back; {kept} had been answered and stay.",
            n=f"{done['withdrawn']:,}", kept=f"{done['kept']:,}"), "success")  # fmt: skip
    return redirect(url_for("matching.run", run_id=run_id))


@pages.post("/match/<int:run_id>/answer")
def answer(run_id: int) -> Response:
    """Accept for the takers (all, a branch's, the ticked ones), or take the ticked ones back with a reason."""
    person, now, action = _enter(), utc_now(), request.form.get("action", "")
    chosen = request.form.getlist("ids", type=whole)[: PAGE * 4]
    branch_id = request.form.get("branch", type=whole)
    with database().transaction() as session:
        run_by_id(session, g.campaign.id, run_id)
        if action in ("accept_all", "accept_branch", "accept"):
            if action == "accept_branch" and branch_id is None:
                raise NotFound()
            done = accept_for(session, campaign_id=g.campaign.id, actor=person, now=now, run_id=run_id,
                              branch_id=branch_id if action == "accept_branch" else None,
                              wish_ids=chosen if action == "accept" else None)  # fmt: skip
            _say_accepted(done)
        elif action == "decline":
            mine = {
                row.wish_id
                for row in proposals_of(session, g.campaign.id, run_id=run_id, state="open", limit=100_000)[0]
            }
            reason = t("协调员收回派单", "Taken back by the coordinator")
            say_tally(each(session, [i for i in chosen if i in mine],
                           lambda wish_id: claims.decline(session, wish_id=wish_id, actor=person, now=now, reason=reason)))  # fmt: skip
        else:
            raise NotFound()
    return redirect(
        url_for(
            "matching.run", run_id=run_id, **({"branch": branch_id} if branch_id and action != "accept_branch" else {})
        )
    )


def _say_accepted(done: dict[str, int]) -> None:
    if done["accepted"]:
        flash(
            t("已代为接受 {n} 个心愿。", "{n} wishes accepted on the takers' behalf.", n=f"{done['accepted']:,}"),
            "success",
        )
    if done["refused"]:
        flash(
            t(
                "{n} 个没有接受：承诺已满，或核查已过期。",
                "{n} not accepted: the pledge is full, or a check has expired.",
                n=done["refused"],
            ),
            "warning",
        )
    if not any(done.values()):
        flash(t("没有待答复的派单。", "No proposal is waiting."), "info")


@pages.post("/match/<int:run_id>/advice")
def advice(run_id: int) -> Response:
    """Ask where one more would help most; every piece is checked by solving again."""
    _enter()
    with database().reading() as session:
        inputs, _ = stored_bytes(session, g.campaign.id, run_id)
    pieces = advise(repeated(inputs, campaign_id=g.campaign.id))
    with database().transaction() as session:
        keep_advice(session, run_id=run_id, advice=pieces)
    if not pieces:
        flash(t("现在多加人手或预算都没有明显帮助。", "More people or money would not help noticeably now."), "info")
    return redirect(url_for("matching.run", run_id=run_id) + "#advice")


# --- what if ----------------------------------------------------------------------------------------------------------


@pages.get("/match/what-if")
def what_if() -> str | FlaskResponse:
    """Other weights, pledges or people beside the state as it is; `format=json` answers the same as JSON."""
    person, asked = _enter(), _asked()
    compared = None
    with database().reading() as session:
        rules = rules_of(session, g.campaign.id)
        names = names_of(session, g.campaign.id)
        branches = branches_of(session, g.campaign.id)
        places = place_names(session, g.campaign.id)
        if request.args.get("try"):
            plans = current_app.extensions.setdefault("microwish.match_plans", Remembered())
            compared = compare(
                session, campaign_id=g.campaign.id, actor=person, now=utc_now(), changes=asked, plans=plans
            ).figures()
    if request.args.get("format") == "json":
        return jsonify(compared or {})
    saved = {name: float(value) for name, value in rules.weights.model_dump().items() if name in WEIGHTS}
    tried = {**saved, **(asked.weights or {})}
    return render_template(
        "matching/what_if.html", compared=_compared(compared, names) if compared else None, saved=saved, tried=tried, changed=tried != saved,
        sliders=[(name, t(CRITERION[name]), t(MEANING[name]), round(tried[name])) for name in WEIGHTS],
        branches=[(b.id, b.name) for b in branches], counties=sorted((c, n) for c, n in places.items() if len(c) == 6),
        needs=[(need, t(NEED[need])) for need in ("vetted", "psych")], asked=request.args,
    )  # fmt: skip


@pages.post("/match/weights")
def weights() -> Response:
    """Keep the weights that were tried."""
    person = _enter()
    with database().transaction() as session:
        save_weights(session, campaign_id=g.campaign.id, actor=person, now=utc_now(), weights=_weights(request.form))
    flash(t("权重已保存，下次匹配时生效。", "The weights are saved; the next run uses them."), "success")
    return redirect(url_for("matching.what_if"))


def _weights(sent: Any) -> dict[str, float]:
    found = {}
    for name in WEIGHTS:
        if text := sent.get(name, ""):
            try:
                found[name] = float(text)
            except ValueError:
                raise Invalid(name, Text("权重要写成数字。", "A weight is a number.")) from None
    return found


def _asked() -> Changes:
    args = request.args
    places, money = args.get("places", 0, type=whole), args.get("yuan", 0, type=whole)
    branch_id, more = args.get("branch", type=whole), args.get("people", 0, type=whole)
    if abs(places) > 100_000 or abs(money) > 100_000_000:
        raise Invalid("branch", Text("数字太大。", "The number is too large."))
    pledges = {branch_id: (places, money * 100)} if branch_id and (places or money) else None
    people = {(args.get("able", ""), args.get("county", "")): more} if more else None
    return Changes(weights=_weights(args), pledges=pledges, people=people)


# --- words ------------------------------------------------------------------------------------------------------------


def _line(run: Run) -> dict[str, Any]:
    figures = run.figures
    return {
        "id": run.id, "title": t("第 {n} 次匹配", "Run {n}", n=run.id), "url": url_for("matching.run", run_id=run.id),
        "at": moment(run.started_at), "by": run.started_by or t("系统", "System"), "policy": t(POLICY[run.policy]).split("：")[0].split(":")[0],
        "state": t(STATE.get(run.state, Text("未知", "Unknown"))), "matched": figures.get("matched"), "unmatched": figures.get("unmatched"),
        "gap": _share(figures.get("gap")), "waiting": run.standing, "accepted": run.answers.get("accepted", 0),
        "declined": run.answers.get("declined", 0), "hash": run.inputs_hash[:12],
    }  # fmt: skip


def _share(value: float | None) -> str:
    """0.0004 → 0.04%."""
    return "" if value is None else f"{100 * value:.2f}%"


def _shown(run: Run, names: Names) -> dict[str, Any]:
    """A run's figures with the words and charts of its page."""
    figures = run.figures
    groups = [
        {"words": t(one.words), "districts": t("、", ", ").join(t(place) for place in one.districts)}
        for one in left_together(run.unmatched, names)
    ]
    seconds = figures.get("seconds", {})
    return {
        **figures, "gap_text": _share(figures.get("gap")), "all_seconds": round(sum(seconds.values()), 1),
        "counties": [{**row, "name": names.county(row["county"])} for row in figures.get("by_county", [])],
        "needs": [{**row, "name": t(NEED[row["need"]])} for row in figures.get("by_need", [])],
        "km_bars": _bars(figures.get("km_histogram", []), KM_STEPS, " km"), "load_bars": _load_bars(figures.get("load_histogram", [])),
        "point_bars": [{"label": t(CRITERION[name]), "value": round(value, 1)} for name, value in figures.get("mean_points", {}).items()],
        "groups": groups, "advice_words": [t(advised(piece, names)) for piece in run.advice],
    }  # fmt: skip


def _bars(counts: list[int], steps: Iterable[float], unit: str) -> list[dict[str, Any]]:
    edges = [0, *steps]
    labels = [f"{low:g}–{high:g}{unit}" for low, high in pairwise(edges)] + [f"> {edges[-1]:g}{unit}"]
    return [{"label": label, "value": value} for label, value in zip(labels, counts, strict=False)]


def _load_bars(counts: list[int]) -> list[dict[str, Any]]:
    labels = [t("没有派到", "none"), *(f"{low:g}–{high:.0f}%" for low, high in pairwise(LOAD_STEPS)), t("派满", "full")]
    return [{"label": label, "value": value} for label, value in zip(labels, counts, strict=False)]


def _compared(figures: dict[str, Any], names: Names) -> dict[str, Any]:
    now, then = figures["now"], figures["then"]
    rows = [
        (t("有人承担", "Matched"), now["matched"], then["matched"]), (t("没有着落", "Unmatched"), now["unmatched"], then["unmatched"]),
        (t("距离中位数（公里）", "Median distance (km)"), now["median_km"], then["median_km"]),
        (t("九成在此之内（公里）", "90% within (km)"), now["p90_km"], then["p90_km"]),
        (t("分工均匀度（1 为最均匀）", "Evenness of shares (1 is even)"), now["jain"], then["jain"]),
        (t("参与的支部和个人", "Branches and people used"), now["takers_used"], then["takers_used"]),
    ]  # fmt: skip
    lines = [{"label": label, "now": a, "then": b, "change": _signed(a, b)} for label, a, b in rows]
    named = {
        side: [(names.taker(row["branch_id"], row["volunteer_id"]), f"{row['change']:+,}") for row in figures[side]]
        for side in ("losers", "winners")
    }
    counties = [
        {**row, "name": names.county(row["county"]), "change": _signed(row["now"], row["then"])}
        for row in figures["by_county"]
    ]
    return {**figures, "lines": lines, **named, "counties": counties}


def _signed(before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return ""
    change = round(after - before, 4)
    return "0" if change == 0 else f"{change:+,}"
