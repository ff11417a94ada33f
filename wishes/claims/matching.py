"""Verbs of matching: run the engine on a campaign, propose what it found, take a run's proposals back, accept for the takers.

The engine proposes, a person decides. A run may take seconds, so it reads in one transaction and writes in another: what was
claimed meanwhile is left alone, because every proposal is a compare-and-swap of its own.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session

from matching import UNLIMITED, criteria
from wishes.access import SYSTEM, Actor, require
from wishes.campaigns.queries import rules_of
from wishes.campaigns.rules import Deadline, Rules
from wishes.campaigns.tables import Campaign
from wishes.claims.candidates import Candidates, Ints
from wishes.claims.match_archive import plan_bytes, shut
from wishes.claims.match_finding import Matched, match, who, why_chosen
from wishes.claims.match_looking import look
from wishes.claims.match_reasons import unmatched_groups
from wishes.claims.tables import MatchRun, Proposal, ProposalState
from wishes.db import Database
from wishes.errors import Conflict, NotFound
from wishes.events.actions import record
from wishes.events.bulk import move_many
from wishes.i18n import Text
from wishes.intake.tables import Wish
from wishes.lifecycle import Status
from wishes.model import columns
from wishes.tracking.clocks import clock_values
from wishes.tracking.deadlines import step_at
from wishes.tracking.tables import Clock


class AlreadyMatching(Conflict):
    """Another run of this campaign has not ended."""

    code = "already_matching"
    title = Text("正在匹配", "Matching is under way")
    sentence = Text(
        "这个项目正在匹配，请稍等几秒再看结果。",
        "This campaign is being matched right now. Look again in a few seconds.",
    )


_Campaign, _Clock, _MatchRun = (columns(m) for m in (Campaign, Clock, MatchRun))
_Proposal, _Wish = columns(Proposal), columns(Wish)

POLICIES: Final = ("batch", "incremental")
GIVEN_UP: Final = timedelta(minutes=10)
"""A run that is still "running" after this was killed, and no longer stands in the way."""
TAKEN_BACK: Final = "撤销这次匹配"
MOVED_ON: Final = "改派给更合适的人"


# --- proposing --------------------------------------------------------------------------------------------------------


def begin_run(session: Session, *, campaign_id: int, actor: Actor, now: datetime, policy: str = "batch") -> int:
    """Announce a run, so that no second one starts beside it; answers its id. Raises Forbidden, AlreadyMatching."""
    require(actor, "match.run", campaign_id)
    session.execute(sa.select(_Campaign.id).where(_Campaign.id == campaign_id).with_for_update())
    running = session.execute(
        sa.select(_MatchRun.id).where(
            _MatchRun.campaign_id == campaign_id, _MatchRun.state == "running", _MatchRun.started_at > now - GIVEN_UP
        )
    ).first()
    if running is not None:
        raise AlreadyMatching()
    made = session.execute(
        sa.insert(_MatchRun)
        .values(campaign_id=campaign_id, policy=policy, state="running", inputs_hash="", weights={}, figures={}, unmatched=[],
                advice=[], started_by=actor.account_id, started_at=now)
        .returning(_MatchRun.id)
    )  # fmt: skip
    return int(made.scalar_one())


def fail_run(session: Session, *, run_id: int, now: datetime) -> None:
    """A run that ended without a plan stands in nobody's way."""
    session.execute(
        sa.update(_MatchRun)
        .where(_MatchRun.id == run_id, _MatchRun.state == "running")
        .values(state="failed", finished_at=now)
    )


def propose(session: Session, *, matched: Matched, run_id: int, actor: Actor, now: datetime) -> dict[str, Any]:
    """Write a run's plan; each wish is exclusive to its taker until the campaign's proposal hours are over.

    What was claimed or moved since the run looked is left alone and counted as ``overtaken``, and so is what no longer fits
    into its taker's pledge. Answers the figures with ``run``, ``proposed`` and ``overtaken``. Raises Forbidden. Effects: the
    run's row; a move, an event, a clock and a proposal per wish; what an incremental run moves is taken back first.
    """
    require(actor, "match.run", matched.campaign_id)
    started = time.perf_counter()
    seen, plan = matched.seen, matched.plan
    new = np.flatnonzero((plan.taker >= 0) & (plan.taker != seen.wishes.current))
    moving = new[seen.wishes.current[new] >= 0]
    if len(moving):
        taken_back = _take_back(
            session, seen.wishes.ids[moving].tolist(), actor=actor, now=now, reason=MOVED_ON, run_id=run_id
        )
        new = new[(seen.wishes.current[new] < 0) | np.isin(seen.wishes.ids[new], taken_back)]
    fitting = _that_fit(session, matched, new, now)
    takes: dict[int, dict[str, Any]] = {}
    proposals: dict[int, dict[str, Any]] = {}
    rules = rules_of(session, matched.campaign_id)
    told = why_chosen(matched, fitting)
    for i, reason, expires_at in zip(fitting.tolist(), told, _windows(rules, seen, fitting, now), strict=True):
        branch_id, volunteer_id = who(seen, int(plan.taker[i]))
        wish_id = int(seen.wishes.ids[i])
        takes[wish_id] = {"taker_branch_id": branch_id, "taker_volunteer_id": volunteer_id}
        proposals[wish_id] = {
            "campaign_id": matched.campaign_id, "run_id": run_id, "wish_id": wish_id, "branch_id": branch_id,
            "volunteer_id": volunteer_id, "state": ProposalState.OPEN, "cost": round(sum(reason["points"].values()) * criteria.POINT),
            "criteria": reason, "proposed_at": now, "expires_at": expires_at, "end_reason": "",
        }  # fmt: skip
    data = {
        wish_id: {"run_id": run_id, "branch_id": take["taker_branch_id"], "volunteer_id": take["taker_volunteer_id"]}
        for wish_id, take in takes.items()
    }
    done = move_many(session, "propose", wish_ids=takes, actor=SYSTEM, now=now, changes=takes, data=data)
    if done.moved:
        session.execute(sa.insert(_Proposal), [proposals[wish_id] for wish_id in done.moved])
        _end_windows(session, done.moved, rules, now)
    found = matched.figures()
    found |= {"run": run_id, "proposed": len(done.moved), "overtaken": len(new) - len(done.moved)}
    found["seconds"]["store"] = round(time.perf_counter() - started, 3)
    session.execute(
        sa.update(_MatchRun).where(_MatchRun.id == run_id)
        .values(policy=matched.policy, state="proposed", inputs_hash=found["inputs_hash"], weights=matched.settings["weights"],
                figures=found, unmatched=unmatched_groups(seen, matched.table, plan), inputs=shut(matched.inputs),
                plan=shut(plan_bytes(seen, plan.taker)), finished_at=now)
    )  # fmt: skip
    record(session, action="match", campaign_id=matched.campaign_id, now=now, actor=actor,
           data={"run_id": run_id, "proposed": len(done.moved)})  # fmt: skip
    return found


def _hours_over(rules: Rules, now: datetime) -> datetime:
    return now + timedelta(hours=rules.proposal_hours)


def _windows(rules: Rules, seen: Candidates, rows: Ints, now: datetime) -> list[datetime]:
    """Until when each of these proposals (indices of wishes) is its taker's alone: the campaign's hours, or the wish's clock
    for proposals where that is shorter."""

    @cache
    def of(category: int, community: int) -> datetime:
        clock = clock_values(
            rules,
            Status.PROPOSED,
            now,
            category=seen.categories[category],
            community_id=int(seen.communities[community]),
        )
        return hours if clock is None else min(hours, clock[0])

    hours = _hours_over(rules, now)
    return [
        of(*pair)
        for pair in zip(seen.wishes.category[rows].tolist(), seen.wishes.community[rows].tolist(), strict=True)
    ]


def _end_windows(session: Session, wish_ids: Sequence[int], rules: Rules, now: datetime) -> None:
    """Let the clocks of these proposals strike when the campaign's hours are over, where these are the shorter."""
    expires_at = _hours_over(rules, now)
    # Only the ladder matters here, and deadlines of single categories and communities share the stage's.
    deadline = rules.deadlines.get(Status.PROPOSED, Deadline(days=1))
    values = {"due_at": expires_at, "next_at": step_at(expires_at, now, deadline, 0, rules)}
    for at in range(0, len(wish_ids), 500):
        session.execute(
            sa.update(_Clock)
            .where(_Clock.wish_id.in_(wish_ids[at : at + 500]), _Clock.closed_at.is_(None), _Clock.due_at > expires_at)
            .values(**values)
            .execution_options(synchronize_session=False)
        )


def run(
    database: Database, *, campaign_id: int, actor: Actor, now: datetime, policy: str = "batch",
    time_limit_s: float | None = None, seed: int = 0,
) -> tuple[Matched, dict[str, Any]]:  # fmt: skip
    """A whole run with its three transactions: announce, find (reading only), write. Answers the plan and its figures."""
    with database.transaction() as session:
        run_id = begin_run(session, campaign_id=campaign_id, actor=actor, now=now, policy=policy)
    written = False
    try:
        with database.reading() as session:
            matched = match(
                session,
                campaign_id=campaign_id,
                actor=actor,
                now=now,
                policy=policy,
                time_limit_s=time_limit_s,
                seed=seed,
            )
        with database.transaction() as session:
            figures = propose(session, matched=matched, run_id=run_id, actor=actor, now=now)
        written = True
    finally:
        if not written:  # whatever ended it, an interrupt included, it must not stand in the next run's way
            with database.transaction() as session:
                fail_run(session, run_id=run_id, now=now)
    return matched, figures


def _that_fit(session: Session, matched: Matched, rows: Any, now: datetime) -> Any:
    """Those of the wishes (indices) that are still open, and for which their taker still has room; of a taker's the dearest
    give way first."""
    before, plan, spends = matched.seen, matched.plan, matched.seen.wishes.spend_fen
    still_open = session.execute(
        sa.select(_Wish.id).where(_Wish.campaign_id == matched.campaign_id, _Wish.status == Status.OPEN)
    )
    rows = rows[np.isin(before.wishes.ids[rows], np.fromiter(still_open.scalars(), dtype=np.int64))]
    seen = look(session, matched.campaign_id, rules=rules_of(session, matched.campaign_id), now=now, wishes=False)
    room = {
        key: i
        for i, key in enumerate(zip(seen.takers.branch_ids.tolist(), seen.takers.volunteer_ids.tolist(), strict=True))
    }
    count, spend, parent = seen.takers.count_cap.copy(), seen.takers.spend_cap.copy(), seen.takers.parent
    costs = matched.table.cost[matched.table.class_of[rows], plan.taker[rows]]
    kept = []
    for row in rows[np.lexsort((rows, costs))].tolist():
        taker = int(plan.taker[row])
        at = room.get((int(before.takers.branch_ids[taker]), int(before.takers.volunteer_ids[taker])))
        chain = [] if at is None else [at] if parent[at] < 0 else [at, int(parent[at])]
        if chain and all(count[t] >= 1 and spend[t] >= spends[row] for t in chain):
            for t in chain:
                count[t] -= count[t] != UNLIMITED
                spend[t] -= spends[row] if spend[t] != UNLIMITED else 0
            kept.append(row)
    return np.array(sorted(kept), dtype=np.int64)


# --- taking back ------------------------------------------------------------------------------------------------------


def withdraw_run(session: Session, *, run_id: int, actor: Actor, now: datetime) -> dict[str, int]:
    """Undo a run: its proposals that nobody answered yet are open again; what was accepted, declined or expired stays so.

    Raises Forbidden, NotFound. Answers ``withdrawn`` and ``kept``. Repeating it does nothing more.
    """
    found = session.execute(sa.select(_MatchRun.campaign_id).where(_MatchRun.id == run_id)).one_or_none()
    if found is None:
        raise NotFound("这次匹配", "run")
    require(actor, "match.run", found.campaign_id)
    states = session.execute(sa.select(_Proposal.wish_id, _Proposal.state).where(_Proposal.run_id == run_id)).all()
    standing = [wish_id for wish_id, state in states if state == ProposalState.OPEN]
    taken = _take_back(session, standing, actor=actor, now=now, reason=TAKEN_BACK, run_id=run_id)
    session.execute(
        sa.update(_MatchRun).where(_MatchRun.id == run_id, _MatchRun.state == "proposed").values(state="undone")
    )
    record(session, action="match_undone", campaign_id=found.campaign_id, now=now, actor=actor,
           data={"run_id": run_id, "withdrawn": len(taken)})  # fmt: skip
    return {"run": run_id, "withdrawn": len(taken), "kept": len(states) - len(taken)}


def _take_back(
    session: Session, wish_ids: Sequence[int], *, actor: Actor, now: datetime, reason: str, run_id: int
) -> list[int]:
    """Open again the proposed wishes among *wish_ids*; answers those that were."""
    nobody = {"taker_branch_id": None, "taker_volunteer_id": None}
    # the engine by itself lets proposals run out; declining on somebody's behalf is a coordinator's
    data: dict[int, dict[str, Any]] = {}
    for at in range(0, len(wish_ids), 500):
        rows = session.execute(
            sa.select(_Proposal.wish_id, _Proposal.volunteer_id, _Proposal.branch_id).where(
                _Proposal.wish_id.in_(wish_ids[at : at + 500]), _Proposal.state == ProposalState.OPEN
            )
        )
        data |= {wish: {"run_id": run_id, "volunteer_id": who, "branch_id": branch} for wish, who, branch in rows}
    done = move_many(session, "expire" if actor.system else "decline", wish_ids=wish_ids, actor=actor, now=now, reason=reason,
                     changes=dict.fromkeys(wish_ids, nobody), data=data)  # fmt: skip
    for at in range(0, len(done.moved), 500):
        session.execute(
            sa.update(_Proposal)
            .where(_Proposal.wish_id.in_(done.moved[at : at + 500]), _Proposal.state == ProposalState.OPEN)
            .values(state=ProposalState.WITHDRAWN, ended_at=now, end_reason=reason)
        )
    return done.moved
