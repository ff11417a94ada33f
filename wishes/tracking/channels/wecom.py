"""The group robot of WeCom (企业微信): one post to the coordinators' group.

Source: developer.work.weixin.qq.com, 群机器人配置说明: text or markdown by webhook, 20 posts a minute, the outcome in ``errcode``.
"""

from __future__ import annotations

from wishes.tracking.channels.http import checked, post_json
from wishes.tracking.channels.message import Message, PermanentFailure, TransientFailure

LONGEST_BYTES = 2000
PASSING = frozenset({-1, 45009, 45033})
"""Busy, too often, too many at once; any other code will not go away by itself."""


class WeComRobot:
    """Reaches the group, no single person; a repetition would be seen by all."""

    name, repeatable, a_day, per_minute = "wecom", False, None, 20

    def __init__(self, url: str, *, inside: bool = True) -> None:
        self._url, self._inside = checked(url, inside=inside), inside

    def address(self, login: str | None) -> str | None:
        return "group" if login is None else None

    def send(self, message: Message) -> None:
        text = f"{message.title}\n{message.body}".encode()[:LONGEST_BYTES].decode(errors="ignore")
        answer = post_json(self._url, {"msgtype": "text", "text": {"content": text}}, inside=self._inside)
        code = answer.get("errcode", -1)
        if code in PASSING:
            raise TransientFailure(f"WeCom {code}")
        if code != 0:
            raise PermanentFailure(f"WeCom {code}")
