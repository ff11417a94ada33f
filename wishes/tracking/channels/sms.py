"""Short messages through a gateway: the plain interface in front of whichever provider is contracted.

``POST {"to", "text", "key"}`` with a bearer token and the key as ``Idempotency-Key``; 2xx is accepted.
"""

from __future__ import annotations

import re

from wishes.tracking.channels.http import checked, post_json
from wishes.tracking.channels.message import Message

_MOBILE = re.compile(r"1\d{10}")


class Sms:
    """Reaches people who sign in by their mobile number. The gateway keeps the key, so a repetition is no second message."""

    name, repeatable, sparing, per_minute = "sms", True, True, None

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = checked(url), token

    def address(self, login: str | None) -> str | None:
        return login if login is not None and _MOBILE.fullmatch(login) else None

    def send(self, message: Message) -> None:
        post_json(
            self._url,
            {"to": message.address, "text": f"【心愿】{message.body.splitlines()[0]}", "key": message.key},
            headers={"Authorization": f"Bearer {self._token}", "Idempotency-Key": message.key},
        )
