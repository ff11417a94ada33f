"""What every channel is handed, and what it may answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class TransientFailure(Exception):
    """Not now: worth another try later. The text says why, without an address or a name."""


class PermanentFailure(Exception):
    """Never: this address or message is refused for good."""


class UnclearOutcome(Exception):
    """It was handed over and no answer came: the receiver may have it, or not."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one address. ``key`` is the same at every try, so that a receiver can tell a repetition."""

    key: str
    address: str
    title: str
    body: str


class Channel(Protocol):
    """A way out.

    ``repeatable``: sending the same key twice does no harm, so an interrupted send may be tried again. ``a_day``: it
    rings at somebody's, who gets so many messages a day and the rest together the next morning; None: no such limit.
    """

    @property
    def name(self) -> str: ...

    @property
    def repeatable(self) -> bool: ...

    @property
    def a_day(self) -> int | None: ...

    @property
    def per_minute(self) -> int | None:
        """Most messages a minute the service takes; None: as many as there are."""

    def address(self, login: str | None) -> str | None:
        """Where this channel reaches the person who signs in as *login* (None: the group), or None."""

    def send(self, message: Message) -> None:
        """Hand *message* over. Raises TransientFailure, PermanentFailure or UnclearOutcome."""
