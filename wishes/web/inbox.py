"""The inbox: what this person was told."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wishes.clock import local, local_day, utc_now
from wishes.tracking import inbox as room
from wishes.tracking.wording import notice_words
from wishes.web.campaign import campaign_blueprint
from wishes.web.context import day, language, moment, t
from wishes.web.identity import database, signed_in
from wishes.web.numbers import whole

pages = campaign_blueprint("inbox", __name__)
PAGE = 120
FOLDED_FROM = 4
"""So many of one kind on one day, one after the other, are shown as one line that opens."""


def folded(items: list[room.InboxItem]) -> list[dict[str, Any]]:
    """Rows for the macros ``notice_item`` and ``notice_group``, in the order of *items*."""
    rows: list[dict[str, Any]] = []
    for (_, on), run in groupby(items, key=lambda item: (item.kind, local_day(item.created_at))):
        alike = inbox_rows(list(run))
        if len(alike) < FOLDED_FROM:
            rows += alike
            continue
        first = alike[0]
        unread = sum(row["unread"] for row in alike)
        rows.append({"title": first["title"], "day": day(on), "unread": unread, "icon": first["icon"],
                     "tone": first["tone"], "folded": alike})  # fmt: skip
    return rows


def inbox_rows(items: list[room.InboxItem]) -> list[dict[str, Any]]:
    """Notices as the macro ``notice_item`` draws them."""
    rows = []
    for item in items:
        words = notice_words(
            item.kind, item.facts, item=item.wish_item or "", code=item.wish_code or "", language=language()
        )
        rows.append(
            {
                "title": words.title,
                "body": words.body,
                "at": moment(item.created_at),
                "iso": local(item.created_at).isoformat(),
                "unread": not item.read,
                "icon": words.icon,
                "tone": words.tone,
                "url": url_for("inbox.follow", notice_id=item.id, code=item.wish_code) if item.wish_code else "",
            }
        )
    return rows


@pages.get("/inbox")
def home() -> str:
    person = signed_in()
    before = request.args.get("before", type=whole)
    with database().reading() as session:
        items = room.inbox(session, person.account_id or 0, campaign_id=g.campaign.id, before_id=before, limit=PAGE + 1)
        unread = room.unread_count(session, person.account_id or 0)
    next_url = url_for("inbox.home", before=items[PAGE - 1].id) if len(items) > PAGE else ""
    return render_template(
        "inbox/home.html",
        items=folded(items[:PAGE]),
        shown=min(len(items), PAGE),
        unread=unread,
        next_url=next_url,
        prev_url=url_for("inbox.home") if before else "",
    )


@pages.get("/inbox/<int:notice_id>/<code>")
def follow(notice_id: int, code: str) -> Response:
    """Open the wish a notice speaks of; having looked counts as read."""
    person = signed_in()
    with database().transaction() as session:
        room.mark_read(session, person.account_id or 0, campaign_id=g.campaign.id, now=utc_now(), notice_id=notice_id)
    return redirect(url_for("wish.page", code=code))


@pages.post("/inbox/read")
def read_all() -> Response:
    person = signed_in()
    with database().transaction() as session:
        count = room.mark_read(session, person.account_id or 0, campaign_id=g.campaign.id, now=utc_now())
    flash(t("已把 {n} 条标为已读。", "{n} marked as read.", n=count), "success")
    return redirect(url_for("inbox.home"))
