"""The reserve (应急物资库): donated stock that rescues wishes nobody can fulfil in time. It is a branch of kind ``reserve``.

Its pledge says how many wishes it can serve and for how much; what it takes is bought already and goes to the inspection.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, Grant, Role, require
from wishes.claims import actions as claims
from wishes.claims.tables import Branch
from wishes.errors import Invalid, NotQualified, PledgeReached
from wishes.events.actions import Moved, record, wish_state
from wishes.i18n import Text
from wishes.lifecycle import Kind
from wishes.model import columns

_Branch = columns(Branch)
NAME = "应急物资库"


@dataclass(frozen=True, slots=True)
class Stock:
    """What a reserve can serve in all, and what of it is given out; ``pledge_fen`` None is no limit of money."""

    branch_id: int
    name: str
    pledge_count: int | None
    pledge_fen: int | None
    used_count: int
    used_fen: int


def reserve_of(session: Session, campaign_id: int) -> Stock | None:
    """The campaign's (first) reserve; None where there is none."""
    found = session.execute(
        sa.select(*(getattr(_Branch, name) for name in ("id", *list(Stock.__dataclass_fields__)[1:])))
        .where(_Branch.campaign_id == campaign_id, _Branch.kind == "reserve")
        .order_by(_Branch.id)
        .limit(1)
    ).one_or_none()
    return None if found is None else Stock(*found)


def set_reserve(
    session: Session, *, campaign_id: int, pledge_count: int, pledge_fen: int | None, actor: Actor, now: datetime
) -> int:
    """Say how many wishes the campaign's reserve can serve in all, and for how much (None: as it comes); answers its branch id.

    Raises Forbidden, Invalid (less than it has given out already). Effects: the branch, an event.
    """
    require(actor, "campaign.coordinate", campaign_id)
    found = session.execute(
        sa.select(_Branch.id, _Branch.used_count, _Branch.used_fen)
        .where(_Branch.campaign_id == campaign_id, _Branch.kind == "reserve")
        .order_by(_Branch.id)
        .limit(1)
        .with_for_update()
    ).one_or_none()
    used_count, used_fen = (found.used_count, found.used_fen) if found else (0, 0)
    if pledge_count < used_count or (pledge_fen is not None and pledge_fen < used_fen):
        raise Invalid(
            "reserve_count",
            Text(
                "应急物资库已用 {n} 件，不能少于这个数。", "The reserve has given out {n} already; it cannot be less."
            ),
            n=used_count,
        )
    pledge = {"pledge_count": pledge_count, "pledge_fen": pledge_fen}
    if found is None:
        row = Branch(campaign_id=campaign_id, name=NAME, kind="reserve", created_at=now, **pledge)
        session.add(row)
        session.flush()
        branch_id = int(row.id or 0)
    else:
        branch_id = int(found.id)
        session.execute(
            sa.update(_Branch)
            .where(_Branch.id == branch_id)
            .values(**pledge)
            .execution_options(synchronize_session=False)
        )
    record(
        session,
        action="set_reserve",
        campaign_id=campaign_id,
        now=now,
        actor=actor,
        data={"branch_id": branch_id, **pledge},
    )
    return branch_id


def draw(session: Session, *, wish_id: int, branch_id: int, actor: Actor, now: datetime) -> Moved:
    """The reserve *branch_id* takes an open wish, acted for by *actor*; goods from stock are ready at once.

    Raises what a claim raises: PledgeReached (the reserve is empty), Invalid (a wish that means meeting the child), Conflict.
    """
    state = wish_state(session, wish_id)
    grant = Grant(Role.BRANCH_SECRETARY, state.campaign_id, branch_id=branch_id)
    keeper = replace(actor, grants=(*actor.grants, grant), system=False)
    done = claims.claim(session, wish_id=wish_id, actor=keeper, now=now, branch_id=branch_id, via="assigned")
    if state.kind is Kind.GOODS:
        done = claims.step(session, "prepare", wish_id=wish_id, actor=keeper, now=now)
    return done


def fall_back(session: Session, *, campaign_id: int, wish_id: int, now: datetime) -> bool:
    """Let a reserve of the campaign take an open wish; False when there is none, all are empty, or none may take it."""
    reserves = session.execute(
        sa.select(_Branch.id).where(_Branch.campaign_id == campaign_id, _Branch.kind == "reserve").order_by(_Branch.id)
    ).scalars()
    for branch_id in list(reserves):
        try:
            with session.begin_nested():
                draw(session, wish_id=wish_id, branch_id=branch_id, actor=Actor(None), now=now)
        except (PledgeReached, NotQualified, Invalid):
            continue
        return True
    return False
