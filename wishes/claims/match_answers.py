"""Answers on the takers' behalf: a coordinator who has spoken to a branch accepts for it, one wish or all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from wishes.access import Actor, Grant, Role, require
from wishes.claims.actions import accept
from wishes.claims.bulk import Tally, each
from wishes.claims.tables import Branch, Claim, ClaimState, Proposal, ProposalState, Volunteer
from wishes.events.bulk import move_many
from wishes.intake.tables import Wish
from wishes.lifecycle import Kind
from wishes.model import columns

_Branch, _Claim, _Proposal, _Volunteer, _Wish = (columns(m) for m in (Branch, Claim, Proposal, Volunteer, Wish))
_AT_ONCE = 400


def accept_for(
    session: Session, *, campaign_id: int, actor: Actor, now: datetime, run_id: int | None = None,
    branch_id: int | None = None, wish_ids: Sequence[int] | None = None,
) -> dict[str, int]:  # fmt: skip
    """Accept standing proposals for their takers: all of a run, of a branch, or these. Raises Forbidden.

    What meets a child is checked again person by person; what a taker has no room for any more stays proposed. Answers
    ``accepted`` and ``refused``. The events name the actor, who answers for having asked.
    """
    require(actor, "match.run", campaign_id)
    conditions = [_Proposal.campaign_id == campaign_id, _Proposal.state == ProposalState.OPEN]
    if run_id is not None:
        conditions.append(_Proposal.run_id == run_id)
    if branch_id is not None:
        conditions.append(_Proposal.branch_id == branch_id)
    if wish_ids is not None:
        conditions.append(_Proposal.wish_id.in_(list(wish_ids)))
    rows = session.execute(
        sa.select(_Proposal.id, _Proposal.wish_id, _Proposal.branch_id, _Proposal.volunteer_id, _Wish.need, _Wish.kind, _Wish.price_fen)
        .join(_Wish, _Wish.id == _Proposal.wish_id).where(*conditions).order_by(_Proposal.wish_id)
    ).all()  # fmt: skip
    groups: dict[tuple[int | None, int | None], list[Any]] = defaultdict(list)
    for row in rows:
        groups[(row.branch_id, row.volunteer_id)].append(row)
    accepted = 0
    for (branch, volunteer), own in sorted(groups.items(), key=lambda group: (group[0][1] or 0, group[0][0] or 0)):
        stand_in = _on_behalf(actor, campaign_id, branch, volunteer)
        plain = [row for row in own if row.need == "none"]
        accepted += _together(session, stand_in, campaign_id, branch, volunteer, plain, now)
        accepted += len(_one_by_one(session, stand_in, [row for row in own if row.need != "none"], now).moved)
    return {"accepted": accepted, "refused": len(rows) - accepted}


def _on_behalf(actor: Actor, campaign_id: int, branch_id: int | None, volunteer_id: int | None) -> Actor:
    """The actor in the taker's place: still the one whom events name."""
    if volunteer_id is not None:
        grant = Grant(Role.VOLUNTEER, campaign_id, volunteer_id=volunteer_id)
    else:
        grant = Grant(Role.BRANCH_SECRETARY, campaign_id, branch_id=branch_id)
    return Actor(actor.account_id, actor.name, (grant,))


def _one_by_one(session: Session, actor: Actor, rows: Sequence[Any], now: datetime) -> Tally:
    return each(
        session, [row.wish_id for row in rows], lambda wish_id: accept(session, wish_id=wish_id, actor=actor, now=now)
    )


def _together(
    session: Session, actor: Actor, campaign_id: int, branch_id: int | None, volunteer_id: int | None, rows: Sequence[Any],
    now: datetime,
) -> int:  # fmt: skip
    """All of one taker in a few statements; if that would pass a limit, as many as fit, one by one."""
    done = 0
    for at in range(0, len(rows), _AT_ONCE):
        chunk = rows[at : at + _AT_ONCE]
        try:
            with session.begin_nested():
                done += _accept_chunk(session, actor, campaign_id, branch_id, volunteer_id, chunk, now)
        except IntegrityError:
            done += len(_one_by_one(session, actor, chunk, now).moved)
    return done


def _accept_chunk(
    session: Session, actor: Actor, campaign_id: int, branch_id: int | None, volunteer_id: int | None, rows: Sequence[Any],
    now: datetime,
) -> int:  # fmt: skip
    ids = {"volunteer_id": volunteer_id, "branch_id": branch_id}
    by_wish = {row.wish_id: row for row in rows}
    moved = move_many(session, "accept", wish_ids=by_wish, actor=actor, now=now, data=dict.fromkeys(by_wish, ids)).moved
    if not moved:
        return 0
    spend = {wish_id: by_wish[wish_id].price_fen if by_wish[wish_id].kind == Kind.GOODS else 0 for wish_id in moved}
    session.execute(
        sa.insert(_Claim),
        [{"campaign_id": campaign_id, "wish_id": wish_id, **ids, "proposal_id": by_wish[wish_id].id, "via": "proposal",
          "state": ClaimState.LIVE, "spend_fen": spend[wish_id], "claimed_at": now, "end_reason": ""} for wish_id in moved],
    )  # fmt: skip
    session.execute(
        sa.update(_Proposal).where(_Proposal.id.in_([by_wish[wish_id].id for wish_id in moved]), _Proposal.state == ProposalState.OPEN)
        .values(state=ProposalState.ACCEPTED, ended_at=now)
    )  # fmt: skip
    if volunteer_id is not None:
        session.execute(sa.update(_Volunteer).where(_Volunteer.id == volunteer_id)
                        .values(live_claims=_Volunteer.live_claims + len(moved)).execution_options(synchronize_session=False))  # fmt: skip
    if branch_id is not None:
        session.execute(sa.update(_Branch).where(_Branch.id == branch_id)
                        .values(used_count=_Branch.used_count + len(moved), used_fen=_Branch.used_fen + sum(spend.values()))
                        .execution_options(synchronize_session=False))  # fmt: skip
    return len(moved)
