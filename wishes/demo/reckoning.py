"""The end of the story: Celery takes forgotten claims back, and the counts of all stages are held against each other."""

from __future__ import annotations

import time
from typing import Any

import sqlalchemy as sa

from wishes.claims.tables import Claim, ClaimState
from wishes.demo.job import Story
from wishes.events.tables import Event
from wishes.handover.tables import HandOver
from wishes.intake.tables import ImportRow, Wish
from wishes.lifecycle import FINISHED, HELD, MOVES, Status
from wishes.model import columns
from wishes.tracking.gaps import gaps
from wishes.tracking.tables import Clock, Notice

_Claim, _Clock, _Event, _HandOver, _ImportRow, _Notice, _Wish = (
    columns(m) for m in (Claim, Clock, Event, HandOver, ImportRow, Notice, Wish)
)


def wait_for_worker(story: Story, most_s: float = 180.0) -> None:
    """Until no step of a deadline is due and no event waits to be announced. Raises TimeoutError naming what is left."""
    give_up = time.monotonic() + most_s
    while True:
        with story.database.reading() as session:
            due = session.execute(
                sa.select(sa.func.count()).select_from(_Clock).where(
                    _Clock.closed_at.is_(None), _Clock.paused_at.is_(None), _Clock.next_at <= story.now
                )
            ).scalar_one()  # fmt: skip
            untold = session.execute(
                sa.select(sa.func.count()).select_from(_Event).where(_Event.announced_at.is_(None))
            ).scalar_one()
        if not due and not untold:
            return
        if time.monotonic() > give_up:
            raise TimeoutError(f"the worker left {due} steps due and {untold} events untold after {most_s:.0f} s")
        story.say(f"… {due} steps due, {untold} events to tell")
        time.sleep(3)


def reckon(story: Story) -> dict[str, Any]:
    """All counts, and ``reconciled``: each is a sum that must hold, with both sides."""
    with story.database.reading() as session:

        def count(*where: Any) -> int:
            return int(session.execute(sa.select(sa.func.count()).select_from(where[0]).where(*where[1:])).scalar_one())

        here = _Wish.campaign_id == story.campaign_id
        by_status = story.statuses()
        released = count(_Event, _Event.campaign_id == story.campaign_id, _Event.action == "lapse")
        moves = {name: count(_Event, _Event.campaign_id == story.campaign_id, _Event.action == name) for name in MOVES}
        figures = gaps(session, story.campaign_id, as_of=story.now, by=("county",))["overall"]
        rows = {
            status: n
            for status, n in session.execute(sa.select(_ImportRow.status, sa.func.count()).group_by(_ImportRow.status))
        }
        wishes = count(_Wish, here)
        live = count(_Claim, _Claim.campaign_id == story.campaign_id, _Claim.state == ClaimState.LIVE)
        done = count(_Claim, _Claim.campaign_id == story.campaign_id, _Claim.state == ClaimState.DELIVERED)
        handed = count(_HandOver, _HandOver.campaign_id == story.campaign_id, _HandOver.state == "confirmed")
        told = count(_Notice, _Notice.campaign_id == story.campaign_id)
    sums = {
        "entries read = accepted + rejected + parked + duplicate": (
            sum(rows.values()),
            sum(rows.get(k, 0) for k in ("accepted", "rejected", "parked", "duplicate")),
        ),
        "entries accepted = wishes": (rows.get("accepted", 0), wishes),
        "wishes = sum over statuses": (wishes, sum(by_status.values())),
        "proposed = accepted + declined + expired + standing": (
            moves["propose"],
            moves["accept"] + moves["decline"] + moves["expire"] + by_status.get("proposed", 0),
        ),
        "claimed = delivered + given back + held": (
            moves["accept"] + moves["claim"],
            done + moves["release"] + moves["lapse"] + live,
        ),
        "live claims = held wishes": (live, sum(by_status.get(str(s), 0) for s in HELD)),
        "delivered claims = delivered wishes = hand-overs": (done + handed, 2 * sum(by_status.get(str(s), 0) for s in FINISHED)),
    }  # fmt: skip
    return {
        **story.counts,
        "released_by_worker": released,
        "statuses": by_status,
        "moves": {name: n for name, n in moves.items() if n},
        "notices": told,
        "gap_days": {name: figures[name] for name in ("n", "delivered", "censored", "median", "p90")},
        "reconciled": {name: {"left": a, "right": b, "holds": a == b} for name, (a, b) in sums.items()},
        "still_open": by_status.get(str(Status.OPEN), 0),
    }
