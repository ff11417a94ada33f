"""The console: the default, so that a fresh checkout shows what would leave."""

from __future__ import annotations

import sys
from typing import TextIO

from wishes.tracking.channels.message import Message, TransientFailure


class Console:
    """Prints one line per message to standard error, which a worker writes to its log."""

    name, repeatable, a_day, per_minute = "console", True, None, None

    def __init__(self, output: TextIO | None = None) -> None:
        self._output = output

    def address(self, login: str | None) -> str | None:
        return login or "group"

    def send(self, message: Message) -> None:
        try:
            print(
                f"✉ {message.address}: {message.title} · {message.body.splitlines()[0]}",
                file=self._output or sys.stderr,
                flush=True,
            )
        except OSError as error:
            raise TransientFailure(type(error).__name__) from error
