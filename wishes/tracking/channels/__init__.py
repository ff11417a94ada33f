"""The ways a notice leaves the house: one function each, behind one interface. The only door of this room to the network.

``channels.json`` in the var directory (mode 0600, for it holds secrets) says which are open::

    {"email": {"url": "smtp://user:password@mail.example.org:587", "sender": "心愿 <wish@example.org>"},
     "wecom": {"url": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…"},
     "wecom_app": {"corpid": "…", "secret": "…", "agentid": 1000002},
     "sms":   {"url": "https://gateway.example.org/send", "token": "…"}}

``email``, ``sms`` and ``wecom_app`` take ``"a_day"`` too: how many messages a person gets a day before the rest waits for the next
morning. A person is reached by the first of wecom_app, email, sms that knows their sign-in, the group by ``wecom``.

``wecom``, ``wecom_app`` and ``sms`` are reached by https at public addresses only; ``"inside": true`` allows a gateway in the own network.

Without the file everything goes to the console, so that a fresh checkout shows what would have been sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from wishes.errors import Misconfigured
from wishes.settings import Settings
from wishes.tracking.channels.console import Console
from wishes.tracking.channels.email import Email
from wishes.tracking.channels.message import Channel, Message, PermanentFailure, TransientFailure, UnclearOutcome
from wishes.tracking.channels.sms import Sms
from wishes.tracking.channels.wecom import WeComRobot
from wishes.tracking.channels.wecom_app import WeComApp

__all__ = [
    "Channel",
    "Console",
    "Email",
    "Message",
    "Outlets",
    "PermanentFailure",
    "Sms",
    "TransientFailure",
    "UnclearOutcome",
    "WeComApp",
    "WeComRobot",
    "outlets_of",
]


@dataclass(frozen=True)
class Outlets:
    """The channels that are open, in the order in which they are tried for a person."""

    channels: tuple[Channel, ...]

    @classmethod
    def of(cls, channels: Iterable[Channel]) -> Outlets:
        return cls(tuple(channels))

    def route(self, login: str | None, via: str = "") -> tuple[Channel, str] | None:
        """The channel and address for someone who signs in as *login* (None: the campaign's group). None: inbox only.

        *via* names the channel that is wanted, where it is open and reaches them; ``inbox`` wants none.
        """
        if via == "inbox" and login is not None:
            return None
        wanted = self.named(via)
        for channel in (*([wanted] if wanted else []), *self.channels):
            address = channel.address(login)
            if address is not None:
                return channel, address
        return None

    def after(self, name: str, login: str | None) -> str:
        """The next channel that reaches this person when *name* has refused them for good; empty: none."""
        names = [channel.name for channel in self.channels]
        further = self.channels[names.index(name) + 1 :] if name in names else ()
        return next((channel.name for channel in further if channel.address(login) is not None), "")

    def named(self, name: str) -> Channel | None:
        return next((channel for channel in self.channels if channel.name == name), None)


def outlets_of(settings: Settings) -> Outlets:
    """The channels of this installation. Raises Misconfigured for a file that cannot be used."""
    path = settings.var_dir / "channels.json"
    if not path.is_file():
        return Outlets.of([Console()])
    return Outlets.of(_read(path))


def _read(path: Path) -> list[Channel]:
    try:
        told = json.loads(path.read_text("utf-8"))
        found: list[Channel] = []
        if "wecom_app" in told:
            found.append(WeComApp(**{"inside": False, **told["wecom_app"]}))
        if "email" in told:
            found.append(Email(**told["email"]))
        if "sms" in told:
            found.append(Sms(**{"inside": False, **told["sms"]}))
        if "wecom" in told:
            found.append(WeComRobot(**{"inside": False, **told["wecom"]}))
        if told.get("console", False):
            found.append(Console())
    except (ValueError, TypeError, KeyError) as error:
        raise Misconfigured(setting=str(path), why=f"{type(error).__name__}: {error}") from error
    return found
