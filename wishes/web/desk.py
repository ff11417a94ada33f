"""The coordinator's desk: what needs me now, every wish, and the people."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from wishes.access import Role, may, require
from wishes.campaigns.queries import place_names
from wishes.claims import actions as claims
from wishes.claims.bulk import each
from wishes.claims.queries import branches_of, volunteers_of
from wishes.clock import local_day, utc_now
from wishes.errors import Forbidden, NotFound
from wishes.i18n import Text
from wishes.intake.actions import publish, verify
from wishes.intake.wishes import Filter, list_wishes, status_counts
from wishes.lifecycle import HELD, STATUS_LABEL, Status
from wishes.tracking.board_queries import age_bounds, aged_wishes, late_wishes
from wishes.tracking.ledger import AGE_CLASSES, UNDER_WAY
from wishes.tracking.queries import late_by_stage, open_clocks
from wishes.web.board import narrowed, needs_now
from wishes.web.branch import say_tally
from wishes.web.campaign import campaign_blueprint
from wishes.web.cards import title, wish_cards
from wishes.web.context import language, t
from wishes.web.identity import database, signed_in
from wishes.web.numbers import whole
from wishes.web.wording import CATEGORY

pages = campaign_blueprint("desk", __name__)
PAGE = 50
RIVER = (
    Status.SUBMITTED,
    Status.VERIFIED,
    Status.OPEN,
    Status.PROPOSED,
    Status.CLAIMED,
    Status.READY,
    Status.INSPECTED,
    Status.IN_TRANSIT,
    Status.DELIVERED,
    Status.CLOSED,
)
_BULK = ("verify", "publish", "cancel", "release")


@pages.get("/desk")
def home() -> str:
    person, now = signed_in(), utc_now()
    require(person, "campaign.coordinate", g.campaign.id)
    with database().reading() as session:
        counts = status_counts(session, g.campaign.id)
        late = late_by_stage(session, g.campaign.id, now=now)
        needs = needs_now(session, person, narrowed(), now=now)
    stages = [
        {"label": STATUS_LABEL[s].say(language()), "count": counts[s], "url": url_for("desk.wishes", status=s)}
        for s in RIVER
    ]
    return render_template(
        "desk/home.html",
        counts=counts,
        total=sum(counts.values()),
        under_way=sum(counts[s] for s in HELD),
        late=sum(n for stage, n in late.items() if stage != Status.DELIVERED),
        unanswered=late.get(str(Status.DELIVERED), 0),
        needs=needs,
        filters=dict(narrowed().items()),
        stages=stages,
        next_step=_next_step(counts),
    )


def _next_step(counts: dict[Status, int]) -> dict[str, str] | None:
    """The one thing that moves most wishes on."""
    for status, label, endpoint, icon in (
        (
            Status.SUBMITTED,
            t("核实 {n} 个心愿", "Verify {n} wishes", n=counts[Status.SUBMITTED]),
            "desk.wishes",
            "shield",
        ),
        (Status.VERIFIED, t("公开 {n} 个心愿", "Publish {n} wishes", n=counts[Status.VERIFIED]), "desk.wishes", "wish"),
        (Status.OPEN, t("匹配 {n} 个心愿", "Match {n} wishes", n=counts[Status.OPEN]), "matching.home", "match"),
    ):
        if counts[status]:
            return {
                "label": label,
                "url": url_for(endpoint, **({"status": status} if endpoint == "desk.wishes" else {})),
                "icon": icon,
            }
    return None


@pages.get("/wishes")
def wishes() -> str:
    person, today = signed_in(), local_day(utc_now())
    if not (may(person, "campaign.coordinate", g.campaign.id) or Role.AUDITOR in person.roles_in(g.campaign.id)):
        raise Forbidden()
    status = request.args.get("status", "")
    with database().reading() as session:
        names = place_names(session, g.campaign.id)
        found = _behind(session, status)
        wanted = Filter(
            statuses=_statuses(status),
            ids=found,
            community_ids=(community,)
            if (community := request.args.get("community", type=whole)) is not None
            else None,
            county_code=request.args.get("county", "") if request.args.get("county", "") in names else "",
            category=narrowed().category,
            need=request.args.get("need", ""),
            words=request.args.get("q", "")[:40],
            branch_id=request.args.get("branch", type=whole),
        )
        page = list_wishes(session, g.campaign.id, wanted, after=request.args.get("after", 0, type=whole), limit=PAGE)
        clocks = open_clocks(session, [row.id for row in page.rows])
    rows = wish_cards(page.rows, person, today=today, clocks=clocks, with_status=True)
    for card, row in zip(rows, page.rows, strict=True):
        card["title"], card["taker"], card["community"] = title(row), row.branch or row.volunteer or "", row.community
    kept = _kept()
    return render_template(
        "desk/wishes.html",
        rows=rows,
        total=page.total,
        status=status,
        narrowed=wanted,
        behind=_behind_words(),
        counties=sorted((c, n) for c, n in names.items() if len(c) == 6),
        statuses=[(s, label.say(language())) for s, label in STATUS_LABEL.items()],
        categories=[(key, t(label)) for key, label in CATEGORY.items()],
        actions=_actions_for(status),
        next_url=url_for("desk.wishes", **{**kept, "after": page.after}) if page.after else "",
        prev_url=url_for("desk.wishes", **kept) if request.args.get("after") else "",
        may_act=may(person, "campaign.coordinate", g.campaign.id),
        act_url=url_for("desk.act", **kept),
    )


BEHIND: dict[str, tuple[tuple[Status, ...], Text]] = {
    "under_way": (UNDER_WAY, Text("在等的", "Still waiting")),
    "held": (HELD, Text("已认领、未送达", "Claimed, not delivered")),
    "arrived": ((Status.DELIVERED, Status.DISPUTED, Status.CLOSED), Text("已送达", "Delivered")),
}
"""Figures of the board that stand for several stages: by parameter, the stages and the words."""


def _kept() -> dict[str, Any]:
    """The filters of the list, for its next page and for coming back to it."""
    left_out = ("after", "lang", "slug")
    return {name: value for name, value in request.args.items() if name not in left_out and name[0:1] != "_"}


def _statuses(status: str) -> tuple[Status, ...]:
    if status in set(Status):
        return (Status(status),)
    return next((behind for name, (behind, _) in BEHIND.items() if name in request.args), ())


def _behind(session: Session, status: str) -> tuple[int, ...] | None:
    """The wishes behind a figure of the board that no column tells: late ones, or those so long in a stage."""
    if "late" in request.args:
        return late_wishes(session, g.campaign.id, now=utc_now())
    aged = request.args.get("aged", -1, type=whole)
    if status in set(Status) and 0 <= aged <= len(AGE_CLASSES):
        least, most = age_bounds(aged)
        return aged_wishes(session, g.campaign.id, Status(status), least_days=least, most_days=most, now=utc_now())
    return None


def _behind_words() -> list[tuple[str, str, str]]:
    """The same in words: label, parameter, value; each can be taken away, and is kept by the filter form."""
    words = []
    if "late" in request.args:
        words.append((t("已超期", "Late"), "late", "1"))
    if not request.args.get("status"):
        words += [(t(label), name, "1") for name, (_, label) in BEHIND.items() if name in request.args][:1]
    aged = request.args.get("aged", -1, type=whole)
    if 0 <= aged <= len(AGE_CLASSES):
        least, most = age_bounds(aged)
        label = (
            t("停留 {a}–{b} 天", "{a}–{b} days in stage", a=f"{least:g}", b=f"{most:g}")
            if most
            else t("停留 {n} 天以上", "{n} days and more in stage", n=f"{least:g}")
        )
        words.append((label, "aged", str(aged)))
    return words


def _actions_for(status: str) -> list[dict[str, str]]:
    """The bulk moves that make sense in a list of one stage; what takes something from somebody asks first, and why."""
    actions = {
        "submitted": [{"value": "verify", "label": t("核实通过", "Verify"), "icon": "shield", "kind": "primary"}],
        "verified": [{"value": "publish", "label": t("公开征集", "Publish"), "icon": "wish", "kind": "primary"}],
        "claimed": [
            {
                "value": "release",
                "label": t("收回", "Take back"),
                "icon": "undo",
                "question": t(
                    "收回勾选的心愿？认领方会看到原因。", "Take the ticked wishes back? Who took them sees the reason."
                ),
            }
        ],
    }.get(status, [])
    if status in ("submitted", "verified", "open"):
        actions.append(
            {
                "value": "cancel",
                "label": t("取消心愿", "Cancel wishes"),
                "icon": "x",
                "question": t(
                    "取消勾选的心愿？取消后不能恢复，社工会看到原因。",
                    "Cancel the ticked wishes? It cannot be undone; the social worker sees the reason.",
                ),
            }
        )
    return actions


@pages.post("/wishes")
def act() -> Response:
    """One move for all ticked wishes; what cannot be done is said, the rest is done."""
    person, now = signed_in(), utc_now()
    require(person, "campaign.coordinate", g.campaign.id)
    name, ids = (
        request.form.get("action", ""),
        request.form.getlist("ids", type=whole)[:1000],
    )
    if name not in _BULK:
        raise NotFound()
    reason, back = request.form.get("reason", "").strip(), url_for("desk.wishes", **_kept())
    if name in ("release", "cancel") and not reason:
        flash(t("请写明原因；什么都没有改动。", "Please say why; nothing was changed."), "warning")
        return redirect(back)
    verbs = {
        "verify": lambda i: verify(session, wish_id=i, actor=person, now=now),
        "publish": lambda i: publish(session, wish_id=i, actor=person, now=now),
        "release": lambda i: claims.release(session, wish_id=i, actor=person, now=now, reason=reason),
        "cancel": lambda i: claims.cancel(session, wish_id=i, actor=person, now=now, reason=reason),
    }
    with database().transaction() as session:
        mine = {row.id for row in list_wishes(session, g.campaign.id, Filter(ids=tuple(ids)), limit=1000).rows}
        say_tally(each(session, [i for i in ids if i in mine], verbs[name]))
    return redirect(back)


@pages.get("/people")
def people() -> str:
    require(signed_in(), "campaign.coordinate", g.campaign.id)
    words, after = request.args.get("q", "")[:40], request.args.get("after", 0, type=whole)
    with database().reading() as session:
        branches = branches_of(session, g.campaign.id)
        found = volunteers_of(session, g.campaign.id, words=words, after=after, limit=PAGE + 1)
        names = place_names(session, g.campaign.id)
    by_id = {branch.id: branch.name for branch in branches}
    rows = [
        {
            "name": v.name,
            "code": v.code,
            "branch": by_id.get(v.branch_id or 0, ""),
            "county": names.get(v.county_code, ""),
            "load": f"{v.live_claims} / {v.claim_limit}",
            "vetted": v.vetted_on.isoformat() if v.vetted_on else "",
            "qualification": v.qualification,
            "lapses": v.lapses or None,
        }
        for v in found[:PAGE]
    ]
    pledges = [
        {
            "label": b.name,
            "value": b.used_count,
            "note": t("/ {n} 个", "of {n}", n=b.pledge_count)
            if b.pledge_count is not None
            else t("（不限）", "(no limit)"),
            "url": url_for("desk.wishes", branch=b.id),
        }
        for b in branches
    ]
    return render_template(
        "desk/people.html",
        rows=rows,
        pledges=pledges,
        words=words,
        next_url=url_for("desk.people", q=words, after=found[PAGE - 1].id) if len(found) > PAGE else "",
        prev_url=url_for("desk.people", q=words) if after else "",
    )
