"""Files that senders send: upload, progress, list. The other intake pages hang on the same blueprint."""

from __future__ import annotations

import importlib
import secrets
from datetime import timedelta
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wishes.access import Actor, Role, may, require
from wishes.clock import utc_now
from wishes.intake.inbox import FileLine, file_lines, progress, receive, totals
from wishes.intake.placing import communities_for
from wishes.tracking.heartbeat import heartbeats
from wishes.web.context import t
from wishes.web.identity import database, signed_in
from wishes.web.intake_pages import STATE, originals, pages
from wishes.web.numbers import whole

PAGE = 50
_SHOWS = ("", "attention", "failed", "repeated")
_WORKER_SILENT = timedelta(minutes=3)


@pages.get("/import")
def files() -> str:
    person = signed_in()
    require(person, "intake.send", g.campaign.id)
    with database().reading() as session:
        mine = communities_for(session, g.campaign.id, person)
    choose = len(mine) > 1 and not may(person, "campaign.coordinate", g.campaign.id)
    return render_template(
        "intake/files.html",
        batch=secrets.token_hex(8),
        communities=mine if choose else [],
        me_id=person.account_id,
        **_list(),
    )


@pages.get("/import/progress")
def files_progress() -> str:
    """The part of the page that keeps itself fresh while files are read."""
    require(signed_in(), "intake.send", g.campaign.id)
    return render_template("intake/progress.html", **_list())


@pages.post("/import")
def upload() -> Response:
    """Take files in. Each is kept before the answer is given; one that cannot be kept does not harm the others."""
    person, now = signed_in(), utc_now()
    require(person, "intake.send", g.campaign.id)
    batch = request.form.get("batch", "")[:32] or secrets.token_hex(8)
    community_id = sending_for(person)
    taken = 0
    for sent in request.files.getlist("files"):
        if not sent.filename:
            continue
        data = sent.read()
        with database().transaction() as session:
            receive(
                session,
                originals(),
                campaign_id=g.campaign.id,
                name=sent.filename,
                data=data,
                batch=batch,
                actor=person,
                now=now,
                community_id=community_id,
            )
        taken += 1
    taken = request.form.get("sent_in_all", taken, type=whole)  # a script sends many in parts and tells of them once
    if taken:
        flash(
            t(
                "收到 {n} 份文件，正在读取。可以关闭页面，不影响处理。",
                "Files received: {n}. They are being read; you may close this page.",
                n=taken,
            ),
            "good",
        )
    elif "sent_in_all" not in request.form:
        flash(t("请先选择文件。", "Choose files first."), "warn")
    return redirect(url_for("intake.files"))


def sending_for(person: Actor) -> int | None:
    """The community a social worker sends for: the one that was chosen, or their only one; None leaves it to the file."""
    if may(person, "campaign.coordinate", g.campaign.id):
        return None
    mine = person.ids(Role.SOCIAL_WORKER, g.campaign.id, "community_id")
    chosen = request.form.get("community", 0, type=whole)
    if chosen in mine:
        return chosen
    return next(iter(mine)) if len(mine) == 1 else None


def _list() -> dict[str, Any]:
    """What the list and its live part show."""
    person, now = signed_in(), utc_now()
    show = request.args.get("show", "")
    show = show if show in _SHOWS else ""
    words, before = request.args.get("q", "")[:60], request.args.get("before", 0, type=whole)
    with database().reading() as session:
        found = file_lines(
            session, campaign_id=g.campaign.id, actor=person, show=show, words=words, before=before, limit=PAGE + 1
        )
        sums = totals(session, campaign_id=g.campaign.id, actor=person)
        going = progress(session, campaign_id=g.campaign.id, actor=person, now=now)
        beaten = max(heartbeats(session).values(), default=None) if going else None
    kept = {name: value for name, value in (("show", show), ("q", words)) if value}
    return {
        "rows": [_row(line) for line in found[:PAGE]],
        "sums": sums,
        "sent": sum(sums.get(state, 0) for state in STATE),
        "going": going,
        "silent": going is not None and not going.at_work and (beaten is None or now - beaten > _WORKER_SILENT),
        "show": show,
        "words": words,
        "may_teach": may(person, "campaign.coordinate", g.campaign.id),
        "tabs": [
            {"label": label, "url": url_for("intake.files", show=key or None), "current": show == key, "count": number}
            for key, label, number in (
                ("", t("全部", "All"), sum(sums.get(state, 0) for state in STATE)),
                ("attention", t("等您处理", "Wait for you"), sums["attention"]),
                ("failed", t("读不了", "Unreadable"), sums.get("failed", 0)),
                ("repeated", t("重复发送", "Sent before"), sums.get("repeated", 0)),
            )
        ],
        "live_url": url_for("intake.files_progress", **kept, before=before or None),
        "next_url": url_for("intake.files", **kept, before=found[PAGE - 1].id) if len(found) > PAGE else "",
        "prev_url": url_for("intake.files", **kept) if before else "",
    }


def _row(line: FileLine) -> dict[str, Any]:
    state, tone, icon = STATE[line.state]
    now, counts = line.now, line.counts
    stored = line.state == "done"
    return {
        "id": line.id,
        "name": line.name,
        "url": url_for("intake.file", file_id=line.id),
        "state": t(state),
        "tone": tone,
        "icon": icon,
        "problem": t(line.problem),
        "read": counts.get("read"),
        "accepted": now.get("accepted", 0) if stored else None,
        "parked": now.get("parked", 0) if stored else None,
        "rejected": now.get("rejected", 0) if stored else None,
        "duplicates": now.get("duplicate", 0) if stored else counts.get("duplicates"),
        "community": line.community,
        "sender": line.sender,
        "at": line.created_at,
    }


for _more in ("file", "grid", "bulk", "rows", "correct", "downloads", "words", "entry"):
    importlib.import_module(f"wishes.web.intake_{_more}")
