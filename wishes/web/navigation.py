"""The menu: what this person's roles open, in the campaign at hand."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g, request, url_for

from wishes.access import Actor, Role
from wishes.i18n import Text
from wishes.tracking.inbox import unread_count
from wishes.web.context import language
from wishes.web.identity import database


@dataclass(frozen=True, slots=True)
class NavItem:
    url: str
    label: str
    icon: str
    current: str
    """As in ``aria-current``: ``page``, ``true`` on a page below the entry, or empty."""
    badge: str = ""


_COORDINATING = (Role.COORDINATOR, Role.CAMPAIGN_ADMIN, Role.SITE_ADMIN)
_ITEMS: tuple[tuple[str, Text, str, tuple[Role, ...]], ...] = (
    ("volunteer.mine", Text("我的心愿", "My wishes"), "heart", (Role.VOLUNTEER,)),
    ("branch.home", Text("支部", "Branch"), "branch", (Role.BRANCH_SECRETARY,)),
    ("volunteer.browse", Text("认领大厅", "Browse"), "search", (Role.VOLUNTEER, Role.BRANCH_SECRETARY)),
    ("community.home", Text("社区", "Community"), "place", (Role.SOCIAL_WORKER,)),
    ("desk.home", Text("工作台", "Desk"), "board", _COORDINATING),
    ("desk.wishes", Text("心愿", "Wishes"), "wish", (*_COORDINATING, Role.AUDITOR)),
    ("matching.home", Text("匹配", "Matching"), "match", _COORDINATING),
    ("gaps.home", Text("时间差", "Gaps"), "clock", (*_COORDINATING, Role.AUDITOR)),
    ("inspection.home", Text("质检配送", "Rounds"), "box", (Role.INSPECTOR, Role.COURIER, *_COORDINATING)),
    ("intake.files", Text("导入", "Import"), "upload", (*_COORDINATING, Role.SOCIAL_WORKER)),
    ("scans.home", Text("交接核对", "Hand-overs"), "check-circle", (*_COORDINATING, Role.AUDITOR)),
    ("desk.people", Text("人员", "People"), "users", _COORDINATING),
    ("identities.home", Text("身份信息", "Identities"), "lock", _COORDINATING),
    ("concerns.home", Text("担忧报告", "Concerns"), "alert", (Role.CAMPAIGN_ADMIN, Role.SITE_ADMIN)),
    ("auditing.home", Text("审计", "Audit"), "shield", (Role.AUDITOR, Role.CAMPAIGN_ADMIN, Role.SITE_ADMIN)),
    (
        "round.page",
        Text("今日配送", "My round"),
        "route",
        (Role.VOLUNTEER, Role.SOCIAL_WORKER, Role.COURIER, Role.BRANCH_SECRETARY),
    ),
    (
        "handover.scan",
        Text("扫码", "Scan"),
        "scan",
        (Role.VOLUNTEER, Role.SOCIAL_WORKER, Role.COURIER, Role.BRANCH_SECRETARY),
    ),
    ("printing.home", Text("打印", "Print"), "print", (*_COORDINATING, Role.INSPECTOR, Role.SOCIAL_WORKER)),
    (
        "feedback.thanks",
        Text("感谢", "Thanks"),
        "smile",
        (*_COORDINATING, Role.SOCIAL_WORKER, Role.VOLUNTEER, Role.BRANCH_SECRETARY),
    ),
)


def navigation(person: Actor) -> list[NavItem]:
    """Menu entries in the table's order; empty when nobody is signed in or no campaign is open."""
    campaign = g.get("campaign")
    if person.account_id is None or campaign is None:
        return []
    roles = person.roles_in(campaign.id)
    with database().reading() as session:
        unread = unread_count(session, person.account_id)
    open_to = [item for item in _ITEMS if roles & set(item[3])] + [("inbox.home", Text("消息", "Inbox"), "bell", ())]
    here = _entry([endpoint for endpoint, *_ in open_to])
    return [
        NavItem(
            url_for(endpoint, slug=campaign.slug),
            label.say(language()),
            icon,
            ("page" if endpoint == request.endpoint else "true") if endpoint == here else "",
            ("99+" if unread > 99 else str(unread or "")) if endpoint == "inbox.home" else "",
        )
        for endpoint, label, icon, _ in open_to
    ]


_WITHIN = {"warehouse": "inspection", "custody": "inspection", "policies": "desk", "outbox": "desk", "lapses": "desk"}
"""Rooms of pages whose entry stands for another room."""


def _entry(endpoints: list[str]) -> str:
    """The entry of this page, else the first of the room that it belongs to; empty when it belongs to none."""
    asked = request.endpoint or ""
    if asked in endpoints:
        return asked
    room = asked.split(".")[0]
    return next((one for one in endpoints if one.split(".")[0] == _WITHIN.get(room, room)), "")
