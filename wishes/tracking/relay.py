"""The relay: each event becomes notices for those who must know, once.

The event rows whose ``announced_at`` is empty are the queue. A batch is announced and its notices posted in one
transaction; a relay that dies in between has done nothing, and one that runs twice finds the keys taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.db import Database
from wishes.events.tables import Event
from wishes.intake.tables import Wish
from wishes.model import columns
from wishes.tracking.directory import Audience, Concerned, Directory
from wishes.tracking.heartbeat import beat
from wishes.tracking.notices import Posting, post

_Event = columns(Event)
_Wish = columns(Wish)

BATCH = 1000

_A = Audience
TOLD: dict[str, tuple[tuple[str, Audience], ...]] = {
    # action            what they are told, and who
    "return": (("return", _A.COMMUNITY),),
    "reject": (("reject", _A.COMMUNITY),),
    "unpublish": (("unpublish", _A.COMMUNITY),),
    "propose": (("propose", _A.TAKER),),
    "accept": (("claimed", _A.TAKER), ("claimed_here", _A.COMMUNITY), ("claimed_here", _A.SECRETARY)),
    "claim": (("claimed", _A.TAKER), ("claimed_here", _A.COMMUNITY), ("claimed_here", _A.SECRETARY)),
    "release": (("release", _A.TAKER), ("release", _A.COORDINATORS)),
    "lapse": (("lapse", _A.TAKER), ("lapse", _A.SECRETARY), ("lapse", _A.COORDINATORS)),
    "schedule": (("schedule", _A.COMMUNITY), ("schedule", _A.TAKER)),
    "fail_inspection": (("fail_inspection", _A.TAKER), ("fail_inspection", _A.SECRETARY)),
    "dispatch": (("dispatch", _A.COMMUNITY),),
    "undeliverable": (("undeliverable", _A.TAKER), ("undeliverable", _A.COORDINATORS)),
    "moved_away": (("moved_away", _A.TAKER), ("moved_away", _A.COMMUNITY), ("moved_away", _A.COORDINATORS)),
    "readdress": (("readdress", _A.TAKER), ("readdress", _A.COMMUNITY)),
    "lose": (("lose", _A.TAKER), ("lose", _A.SECRETARY), ("lose", _A.COORDINATORS)),
    "damage": (("damage", _A.TAKER), ("damage", _A.SECRETARY), ("damage", _A.COORDINATORS)),
    "no_show": (("no_show", _A.TAKER), ("no_show", _A.COMMUNITY), ("no_show", _A.COORDINATORS)),
    "propose_appointment": (("propose_appointment", _A.TAKER), ("propose_appointment", _A.COMMUNITY)),
    "agree_appointment": (("agree_appointment", _A.TAKER), ("agree_appointment", _A.COMMUNITY)),
    "deliver": (("delivered", _A.TAKER), ("delivered", _A.SECRETARY), ("delivered", _A.COMMUNITY)),
    "deliver_directly": (("delivered", _A.TAKER), ("delivered", _A.SECRETARY), ("delivered", _A.COMMUNITY)),
    "attend": (("delivered", _A.TAKER), ("delivered", _A.SECRETARY), ("delivered", _A.COMMUNITY)),
    "hand_over": (("in_question", _A.COORDINATORS),),
    "close": (("close", _A.TAKER),),
    "dispute": (("dispute", _A.TAKER), ("dispute", _A.COORDINATORS), ("dispute", _A.COMMUNITY)),
    "settle": (("settle", _A.TAKER), ("settle", _A.COMMUNITY)),
    "redo": (("redo", _A.TAKER), ("redo", _A.SECRETARY)),
    "cancel": (("cancel", _A.TAKER), ("cancel", _A.COMMUNITY)),
}
"""Who is told of a move. Those not listed (submitted, verified, published, declined, expired …) show on the boards."""

BESIDES = frozenset({"propose_appointment", "agree_appointment", "hand_over", "readdress"})
"""What people are told of though the wish does not move; of hand-overs only those that contradict another."""

UNTOLD = frozenset({"submit", "verify", "publish", "decline", "expire", "prepare", "inspect"})
"""Moves nobody is told of, on purpose: whoever waits for them has a list and a clock."""


@dataclass
class RelayReport:
    """Events announced, and notices posted for them."""

    events: int = 0
    notices: int = 0


@dataclass(frozen=True, slots=True)
class _News:
    event_id: int
    campaign_id: int
    action: str
    actor_id: int | None
    data: Mapping[str, Any]
    recorded_at: datetime
    wish_id: int | None
    code: str | None
    item: str | None
    community_id: int | None
    taker_volunteer_id: int | None
    taker_branch_id: int | None

    def is_told(self) -> bool:
        """Whether anybody is told at all."""
        if self.wish_id is None or self.action not in TOLD:
            return False
        return self.action != "hand_over" or self.data.get("state") == "conflict"

    def concerned(self) -> Concerned:
        """The taker as the event names them, else who holds the wish now."""
        if "volunteer_id" in self.data or "branch_id" in self.data:
            taker = self.data.get("volunteer_id"), self.data.get("branch_id")
        else:
            taker = self.taker_volunteer_id, self.taker_branch_id
        return Concerned(self.campaign_id, self.community_id, taker[0], taker[1])


_COLUMNS: list[Any] = [
    _Event.id,
    _Event.campaign_id,
    _Event.action,
    _Event.actor_id,
    _Event.data,
    _Event.recorded_at,
    _Event.wish_id,
    _Wish.code,
    _Wish.item,
    _Wish.community_id,
    _Wish.taker_volunteer_id,
    _Wish.taker_branch_id,
]


def relay(database: Database, *, now: datetime, limit: int = 20_000) -> RelayReport:
    """Turn at most *limit* unannounced events into notices, in order; repeat it as often as you like.

    Effects: notice rows, ``announced_at`` of the events, a heartbeat; commits per batch. Raises
    :class:`~wishes.errors.Unavailable` when the database went away.
    """
    report = RelayReport()
    while report.events < limit:
        size = min(BATCH, limit - report.events)
        with database.transaction() as session:
            events, notices = _announce(session, now=now, size=size)
        report.events += events
        report.notices += notices
        if events < size:
            break
    with database.transaction() as session:
        beat(session, "relay", now=now, detail=vars(report))
    return report


def _announce(session: Session, *, now: datetime, size: int) -> tuple[int, int]:
    rows = session.execute(
        sa.select(*_COLUMNS)
        .outerjoin(Wish, _Wish.id == _Event.wish_id)
        .where(_Event.announced_at.is_(None))
        .order_by(_Event.id)
        .limit(size)
        .with_for_update(skip_locked=True, of=Event)
    )
    news = [_News(*row) for row in rows]
    if not news:
        return 0, 0
    told = [each for each in news if each.is_told()]
    concerned = {each.event_id: each.concerned() for each in told}
    directory = Directory(session, concerned.values())
    postings = [posting for each in told for posting in _postings(each, concerned[each.event_id], directory)]
    post(session, postings, now=now)
    session.execute(
        sa.update(Event)
        .where(_Event.id.in_([each.event_id for each in news]))
        .values(announced_at=now)
        .execution_options(synchronize_session=False)
    )
    return len(news), len(postings)


def _postings(each: _News, concerned: Concerned, directory: Directory) -> list[Posting]:
    facts = {"code": each.code, "item": each.item}
    kinds: dict[int, str] = {}
    for kind, audience in TOLD[each.action]:
        for account in directory.accounts(audience, concerned):
            if (
                account != each.actor_id or audience is Audience.TAKER
            ):  # who did it knows; who took it wants it in writing
                kinds.setdefault(account, kind)
    return [
        Posting(
            f"event:{each.event_id}:{account}",
            each.campaign_id,
            kind,
            account,
            each.wish_id,
            each.event_id,
            facts=facts,
        )
        for account, kind in sorted(kinds.items())
    ]
