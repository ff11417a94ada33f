"""What a command is handed by the command group: the open database, the keys, and two ways to speak.

Progress goes to standard error and the answer to standard output, so that ``--json`` can be piped.
"""

from __future__ import annotations

from typing import Any, Protocol

from wishes.access import Actor, Grant, Role
from wishes.db import Database
from wishes.settings import Settings

OPERATOR = Actor(None, "command line", (Grant(Role.SITE_ADMIN),))
"""Whoever may run commands on the server may administer the site."""


class Edge(Protocol):
    """The object in ``click``'s context."""

    @property
    def settings(self) -> Settings: ...

    @property
    def database(self) -> Database: ...

    @property
    def keyring(self) -> Any: ...

    def progress(self, text: str) -> None: ...

    def emit(self, obj: Any, as_json: bool) -> None: ...
