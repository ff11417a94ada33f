"""Which request is being answered: its id goes onto every record made for it. Set by the edge, empty elsewhere."""

from __future__ import annotations

from contextvars import ContextVar

request_in_hand: ContextVar[str] = ContextVar("request_in_hand", default="")
