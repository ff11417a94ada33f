"""Many overdue claims taken back at once: for each wish the same as :func:`wishes.claims.actions.lapse`, by a few statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import SYSTEM
from wishes.claims.tables import Branch, Claim, ClaimState, Volunteer
from wishes.errors import Conflict
from wishes.events.bulk import MovedMany, move_many
from wishes.model import table_of

_BRANCH, _CLAIM, _VOLUNTEER = table_of(Branch), table_of(Claim), table_of(Volunteer)
_LIVE = _CLAIM.c.state == ClaimState.LIVE


def lapse_many(session: Session, *, wish_ids: Sequence[int], now: datetime, reason: str = "overdue") -> MovedMany:
    """Take these wishes back into the pool, at most a batch of some hundred; counted against whoever held them.

    What cannot lapse is refused by itself (see :func:`~wishes.events.bulk.move_many`). Raises Conflict when a wish that moved had
    no live claim: then nothing may be kept. Never commits.
    """
    live = session.execute(
        sa.select(_CLAIM.c.id, _CLAIM.c.wish_id, _CLAIM.c.volunteer_id, _CLAIM.c.branch_id, _CLAIM.c.spend_fen).where(
            _CLAIM.c.wish_id.in_(wish_ids), _LIVE
        )
    ).all()
    done = move_many(
        session,
        "lapse",
        wish_ids=wish_ids,
        actor=SYSTEM,
        now=now,
        reason=reason,
        data={claim.wish_id: {"volunteer_id": claim.volunteer_id, "branch_id": claim.branch_id} for claim in live},
        changes={wish_id: {"taker_volunteer_id": None, "taker_branch_id": None} for wish_id in wish_ids},
        claim_ids={claim.wish_id: claim.id for claim in live},
    )
    moved = set(done.moved)
    ended = [claim for claim in live if claim.wish_id in moved]
    swapped: Any = session.execute(
        sa.update(_CLAIM)
        .where(_CLAIM.c.id.in_([claim.id for claim in ended]), _LIVE)
        .values(state=ClaimState.ENDED, ended_at=now, end_reason=reason[:200], lapsed=True)
    )
    if swapped.rowcount != len(moved):
        raise Conflict()
    _give_hands_back(session, ended)
    return done


def _give_hands_back(session: Session, ended: Sequence[Any]) -> None:
    """The counters of volunteers, then of branches, each in the order of their ids, as everybody locks them."""
    held = Counter(claim.volunteer_id for claim in ended if claim.volunteer_id is not None)
    used, spent, alone = Counter[int](), Counter[int](), Counter[int]()
    for claim in ended:
        if claim.branch_id is not None:
            used[claim.branch_id] += 1
            spent[claim.branch_id] += claim.spend_fen
            alone[claim.branch_id] += claim.volunteer_id is None
    count, money, lapses = (sa.bindparam(name) for name in ("count", "money", "lapsed"))
    volunteer, branch = _VOLUNTEER.c, _BRANCH.c
    if held:
        session.execute(
            sa.update(_VOLUNTEER)
            .where(volunteer.id == sa.bindparam("who"))
            .values(live_claims=volunteer.live_claims - count, lapses=volunteer.lapses + count),
            [{"who": who, "count": held[who]} for who in sorted(held)],
        )
    if used:
        session.execute(
            sa.update(_BRANCH)
            .where(branch.id == sa.bindparam("who"))
            .values(
                used_count=branch.used_count - count,
                used_fen=branch.used_fen - money,
                lapses=branch.lapses + lapses,
            ),
            [{"who": who, "count": used[who], "money": spent[who], "lapsed": alone[who]} for who in sorted(used)],
        )
