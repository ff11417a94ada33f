"""Short messages through a gateway: the plain interface in front of whichever provider is contracted.

``POST {"to", "text", "key"}`` with a bearer token and the key as ``Idempotency-Key``; 2xx is accepted.
"""

from __future__ import annotations

import re

from wishes.tracking.channels.http import checked, post_json
from wishes.tracking.channels.message import Message

MESSAGES_A_DAY = 3
_MOBILE = re.compile(r"1\d{10}")


class Sms:
    """Reaches people who sign in by their mobile number. The gateway keeps the key, so a repetition is no second message."""

    name, repeatable, per_minute = "sms", True, None

    def __init__(self, url: str, token: str, *, a_day: int = MESSAGES_A_DAY, inside: bool = True) -> None:
        self._url, self._token, self.a_day = checked(url, inside=inside), token, a_day
        self._inside = inside

    def address(self, login: str | None) -> str | None:
        return login if login is not None and _MOBILE.fullmatch(login) else None

    def send(self, message: Message) -> None:
        post_json(
            self._url,
            {"to": message.address, "text": f"【心愿】{message.body.splitlines()[0]}", "key": message.key},
            headers={"Authorization": f"Bearer {self._token}", "Idempotency-Key": message.key},
            inside=self._inside,
        )
