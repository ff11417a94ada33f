"""The auditor's page: the record of a campaign, searched and paged. It shows aliases and codes, never an identity."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import g, render_template, request, url_for

from wishes.access import ROLE_LABEL, Role, require
from wishes.clock import local
from wishes.errors import Invalid
from wishes.events.story import label_of, reason_of
from wishes.i18n import Text
from wishes.lifecycle import STATUS_LABEL, Status
from wishes.protection.entries import KINDS
from wishes.protection.record import Line, Sought, Source, actions_seen, search
from wishes.web.campaign import campaign_blueprint
from wishes.web.context import t
from wishes.web.identity import database, signed_in
from wishes.web.numbers import whole
from wishes.web.papers import FIELD

pages = campaign_blueprint("auditing", __name__)
PAGE = 50
_KEPT = ("source", "who", "what", "wish", "child", "since", "until")


@pages.get("/audit")
def home() -> str:
    person = signed_in()
    require(person, "audit.view", g.campaign.id)
    source: Source = "entry" if request.args.get("source") == "entry" else "event"
    asked = {name: request.args.get(name, "").strip()[:60] for name in _KEPT[1:]}
    sought = Sought(
        who=asked["who"], what=asked["what"], wish=asked["wish"], child=asked["child"], since=_day(asked["since"]),
        until=_day(asked["until"]),
    )  # fmt: skip
    with database().reading() as session:
        before = request.args.get("before", type=whole)
        found = search(session, g.campaign.id, source, sought, actor=person, before=before, limit=PAGE + 1)
        actions = actions_seen(session, g.campaign.id, source)
    kept: dict[str, Any] = {name: value for name in _KEPT if (value := request.args.get(name, ""))}
    return render_template(
        "protection/audit.html",
        rows=[_row(line, source) for line in found[:PAGE]],
        source=source,
        asked=asked,
        actions=[(each, t(_label(each, source))) for each in actions],
        tabs=[
            {"label": label, "url": url_for("auditing.home", source=name), "current": source == name, "count": None}
            for name, label in (
                ("event", t("心愿与操作", "Wishes and actions")),
                ("entry", t("查看身份与保护", "Looks and protection")),
            )
        ],
        next_url=url_for("auditing.home", **{**kept, "before": found[PAGE - 1].id}) if len(found) > PAGE else "",
        prev_url=url_for("auditing.home", **kept) if before else "",
    )


def _label(what: str, source: Source) -> Text:
    return label_of(what) if source == "event" else KINDS.get(what, Text(what, what))


def _row(line: Line, source: Source) -> dict[str, object]:
    moved = " → ".join(t(STATUS_LABEL[Status(each)]) for each in (line.old, line.new) if each)
    return {
        "id": line.id,
        "url": url_for("wish.page", code=line.wish_code) if line.wish_code else "",
        "at": local(line.recorded_at).strftime("%Y-%m-%d %H:%M:%S"),
        "what": t(_label(line.what, source)),
        "who": line.who or (t("监护人", "Guardian") if line.reason == "guardian" else t("系统", "System")),
        "wish": line.wish_code,
        "child": line.child or line.whom,
        "detail": moved
        or _role(line.role)
        or "、".join(t(FIELD[each]) if each in FIELD else each for each in line.fields),
        "reason": t(reason_of(line.reason)),
        "seal": f"#{line.seq}" if line.seq else t("待封存", "not yet"),
        "request": line.request_id,
    }


def _role(role: str) -> str:
    return t(ROLE_LABEL[Role(role)]) if role in set(Role) else ""


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid("since", Text("日期请写成 2021-06-01 的样子。", "Write the date like 2021-06-01.")) from None
