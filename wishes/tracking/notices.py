"""Putting notices into the queue: each once, whoever asks and however often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from wishes.tracking.deadlines import next_daylight
from wishes.tracking.tables import Notice


@dataclass(frozen=True, slots=True)
class Posting:
    """One notice to be. ``skipped`` says why it is only recorded and not sent; ``account_id`` None is the campaign's group.

    ``via`` names the channel it should leave by, where that reaches the person.
    """

    effect_key: str
    campaign_id: int
    kind: str
    account_id: int | None = None
    wish_id: int | None = None
    event_id: int | None = None
    clock_id: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    skipped: str = ""
    via: str = ""


def post(session: Session, postings: Sequence[Posting], *, now: datetime) -> None:
    """Insert the notices that are not there yet; they leave in daylight hours. Facts hold codes and goods, no child's name."""
    if not postings:
        return
    run_at = next_daylight(now)
    insert = sqlite.insert(Notice) if session.get_bind().dialect.name == "sqlite" else postgresql.insert(Notice)
    session.execute(
        insert.on_conflict_do_nothing(index_elements=["effect_key"]),
        [
            {
                "effect_key": p.effect_key,
                "campaign_id": p.campaign_id,
                "kind": p.kind,
                "account_id": p.account_id,
                "wish_id": p.wish_id,
                "event_id": p.event_id,
                "clock_id": p.clock_id,
                "facts": p.facts,
                "via": p.via,
                "channel": "",
                "message_key": "",
                "state": "skipped" if p.skipped else "queued",
                "attempts": 0,
                "problem": p.skipped,
                "run_at": run_at,
                "created_at": now,
            }
            for p in postings
        ],
    )
