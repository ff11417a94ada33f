"""The books of a simulated campaign, compared with each other: every figure that is kept twice must be the same twice."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from wishes.claims.tables import Branch, Claim, ClaimState, Volunteer
from wishes.db import Database
from wishes.events.tables import Event
from wishes.intake.tables import Wish
from wishes.intake.wishes import status_counts
from wishes.lifecycle import HELD, Status
from wishes.model import columns
from wishes.tracking.gaps import gaps
from wishes.tracking.history import STAGE_CODE
from wishes.tracking.recall import ledger_now
from wishes.tracking.sweep import SweepReport
from wishes.tracking.tables import Clock, Notice

_Branch, _Claim, _Clock, _Event = columns(Branch), columns(Claim), columns(Clock), columns(Event)
_Notice, _Volunteer, _Wish = columns(Notice), columns(Volunteer), columns(Wish)


def reconcile(
    database: Database, campaign_id: int, *, wishes: int, done: Counter[str], swept: SweepReport, now: datetime
) -> dict[str, Any]:
    """Raises AssertionError, naming the figures that differ; answers those that were compared."""
    found: dict[str, Any] = {}

    def same(name: str, one: Any, other: Any) -> None:
        assert one == other, f"{name}: {one} and {other}"
        found[name] = one

    with database.reading() as session:
        counts = status_counts(session, campaign_id)
        events = Counter(dict(session.execute(sa.select(_Event.action, sa.func.count()).group_by(_Event.action)).all()))
        claims = Counter(dict(session.execute(sa.select(_Claim.state, sa.func.count()).group_by(_Claim.state)).all()))
        lapsed = session.execute(sa.select(sa.func.count()).where(_Claim.lapsed)).scalar_one()
        hands, lapses = session.execute(
            sa.select(sa.func.sum(_Volunteer.live_claims), sa.func.sum(_Volunteer.lapses))
        ).one()
        alone = session.execute(sa.select(sa.func.sum(_Branch.lapses))).scalar_one()
        in_volunteers_hands = session.execute(
            sa.select(sa.func.count()).where(_Claim.state == ClaimState.LIVE, _Claim.volunteer_id.is_not(None))
        ).scalar_one()
        broken = session.execute(sa.text(_BROKEN_CHAINS)).scalar_one()
        ends = session.execute(sa.text(_ENDS_ELSEWHERE)).scalar_one()
        still_due = session.execute(
            sa.select(sa.func.count()).where(_Clock.closed_at.is_(None), _Clock.next_at <= now, _Clock.problem == "")
        ).scalar_one()
        untold = session.execute(sa.select(sa.func.count()).where(_Event.announced_at.is_(None))).scalar_one()
        twice = session.execute(
            sa.select(sa.func.count()).select_from(
                sa.select(_Notice.effect_key).group_by(_Notice.effect_key).having(sa.func.count() > 1).subquery()
            )
        ).scalar_one()
        measured = gaps(session, campaign_id, as_of=now, measure="published_to_delivery", by=("county",))
        ledger = ledger_now(session, campaign_id)
    held = sum(counts[status] for status in HELD)
    arrived = sum(counts[status] for status in (Status.DELIVERED, Status.CLOSED, Status.DISPUTED))
    same("wishes in all stages", sum(counts.values()), wishes)
    same("wishes held and live claims", held, claims[ClaimState.LIVE])
    same("wishes delivered and claims delivered", arrived, claims[ClaimState.DELIVERED])
    same("claims in volunteers' hands and their counters", in_volunteers_hands, hands or 0)
    same("claims that lapsed and the counters of who let them", lapsed, (lapses or 0) + (alone or 0))
    same("claims that lapsed and events", lapsed, events["lapse"])
    same("steps of release swept and events", swept.release, events["lapse"] + events["expire"])
    same("claims made, and those live, delivered and ended", events["claim"] + events["accept"], sum(claims.values()))
    same("hand-overs made and events", done["hand over"], events["deliver"])
    same("wishes measured as delivered and standing so", measured["overall"]["delivered"], arrived)
    same("wishes measured and published", measured["overall"]["n"], _published(counts, events))
    same("wishes measured, and those of all districts", measured["overall"]["n"], sum(one["n"] for one in measured["by_county"].values()))  # fmt: skip
    standing = {
        status: int((ledger.stage == STAGE_CODE[status]).sum()) for status in Status if status is not Status.DRAFT
    }
    same("wishes by stage, in the board and in the table", standing, {status: counts[status] for status in standing})
    same("events whose old stage is not the one before", broken, 0)
    same("wishes that do not stand where their last event says", ends, 0)
    same("steps still due", still_due, 0)
    same("events untold", untold, 0)
    same("notices twice", twice, 0)
    return {name: value for name, value in found.items() if not isinstance(value, dict)}


def _published(counts: Any, events: Counter[str]) -> int:
    before = sum(counts[status] for status in (Status.DRAFT, Status.SUBMITTED, Status.VERIFIED))
    return int(sum(counts.values()) - before) if not events["unpublish"] else int(events["publish"])


_MOVES = """
SELECT wish_id, id, old_status, new_status,
       lag(new_status) OVER (PARTITION BY wish_id ORDER BY id) AS before
FROM event WHERE wish_id IS NOT NULL AND new_status IS NOT NULL
"""
_BROKEN_CHAINS = f"SELECT count(*) FROM ({_MOVES}) AS moves WHERE before IS NOT NULL AND before <> old_status"
_ENDS_ELSEWHERE = """
SELECT count(*) FROM wish JOIN (SELECT wish_id, max(id) AS last FROM event WHERE new_status IS NOT NULL GROUP BY wish_id) AS ends
ON ends.wish_id = wish.id JOIN event ON event.id = ends.last WHERE event.new_status <> wish.status
"""
