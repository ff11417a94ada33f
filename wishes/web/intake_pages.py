"""The blueprint of the intake pages, and what they share."""

from __future__ import annotations

from flask import current_app

from wishes.i18n import Text
from wishes.intake.uploads import Originals
from wishes.web.campaign import campaign_blueprint
from wishes.web.identity import keyring, settings

pages = campaign_blueprint("intake", __name__)


def originals() -> Originals:
    """The sealed workbooks of this installation."""
    extensions = current_app.extensions
    if "microwish.originals" not in extensions:
        extensions["microwish.originals"] = Originals(settings().uploads_dir, keyring())
    found: Originals = extensions["microwish.originals"]
    return found


STATE: dict[str, tuple[Text, str, str]] = {
    "queued": (Text("排队中", "Queued"), "wait", "hourglass"),
    "reading": (Text("读取中", "Reading"), "move", "refresh"),
    "revises": (Text("更正版，待您确认", "Revision: your decision"), "wait", "question"),
    "done": (Text("已读取", "Read"), "good", "check"),
    "failed": (Text("读不了", "Unreadable"), "bad", "x-circle"),
    "repeated": (Text("重复发送", "Sent before"), "quiet", "copy"),
    "dropped": (Text("不采用", "Set aside"), "quiet", "archive"),
}
"""A file's state as words, tone and icon."""

STATUS: dict[str, tuple[Text, str, str]] = {
    "accepted": (Text("已接收", "Accepted"), "good", "check"),
    "parked": (Text("待确认", "To decide"), "wait", "question"),
    "rejected": (Text("未接收", "Not accepted"), "bad", "x-circle"),
    "duplicate": (Text("重复", "Duplicate"), "quiet", "copy"),
}
"""What became of an entry, likewise."""
