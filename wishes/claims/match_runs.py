"""Questions about runs: which there were, what one found, what became of its proposals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.claims.match_archive import opened
from wishes.claims.tables import Branch, MatchRun, Proposal, ProposalState, Volunteer
from wishes.errors import NotFound
from wishes.intake.tables import Wish
from wishes.model import columns
from wishes.people.tables import Account

_Account, _Branch, _MatchRun = (columns(m) for m in (Account, Branch, MatchRun))
_Proposal, _Volunteer, _Wish = (columns(m) for m in (Proposal, Volunteer, Wish))


@dataclass(frozen=True)
class Run:
    """A run without its inputs and plan. ``answers`` counts its proposals by state."""

    id: int
    policy: str
    state: str
    figures: dict[str, Any]
    weights: dict[str, Any]
    unmatched: list[dict[str, Any]]
    advice: list[dict[str, Any]]
    inputs_hash: str
    started_at: datetime
    finished_at: datetime | None
    started_by: str | None
    answers: dict[str, int]

    @property
    def standing(self) -> int:
        """Proposals nobody answered yet."""
        return self.answers.get(ProposalState.OPEN, 0)


_RUN = [getattr(_MatchRun, name) for name in ("id", "policy", "state", "figures", "weights", "unmatched", "advice", "inputs_hash",
                                              "started_at", "finished_at")]  # fmt: skip


def runs_of(session: Session, campaign_id: int, *, limit: int = 20) -> list[Run]:
    """The campaign's latest runs, newest first."""
    return _runs(session, _MatchRun.campaign_id == campaign_id, limit)


def run_by_id(session: Session, campaign_id: int, run_id: int) -> Run:
    """Raises NotFound."""
    found = _runs(session, sa.and_(_MatchRun.campaign_id == campaign_id, _MatchRun.id == run_id), 1)
    if not found:
        raise NotFound("这次匹配", "run")
    return found[0]


def _runs(session: Session, condition: Any, limit: int) -> list[Run]:
    rows = session.execute(
        sa.select(*_RUN, _Account.name).outerjoin(_Account, _Account.id == _MatchRun.started_by)
        .where(condition).order_by(_MatchRun.id.desc()).limit(limit)
    ).all()  # fmt: skip
    answers: dict[int, dict[str, int]] = {}
    counted = session.execute(
        sa.select(_Proposal.run_id, _Proposal.state, sa.func.count())
        .where(_Proposal.run_id.in_([row.id for row in rows])).group_by(_Proposal.run_id, _Proposal.state)
    )  # fmt: skip
    for run_id, state, count in counted:
        answers.setdefault(run_id, {})[str(ProposalState(state))] = int(count)
    return [Run(*row, answers=answers.get(row.id, {})) for row in rows]


def stored_bytes(session: Session, campaign_id: int, run_id: int) -> tuple[bytes, bytes]:
    """A run's inputs and its plan (see :mod:`wishes.claims.match_archive`). Raises NotFound."""
    row = session.execute(
        sa.select(_MatchRun.inputs, _MatchRun.plan).where(_MatchRun.campaign_id == campaign_id, _MatchRun.id == run_id)
    ).one_or_none()
    if row is None or row.inputs is None or row.plan is None:
        raise NotFound("这次匹配", "run")
    return opened(row.inputs), opened(row.plan)


def keep_advice(session: Session, *, run_id: int, advice: Sequence[dict[str, Any]]) -> None:
    """Remember what was advised after a run."""
    session.execute(sa.update(_MatchRun).where(_MatchRun.id == run_id).values(advice=list(advice)))


def is_running(run: Run | None, now: datetime) -> bool:
    """Whether the run is under way, and not one that was killed long ago."""
    return run is not None and run.state == "running" and run.started_at > now - timedelta(minutes=10)


@dataclass(frozen=True)
class ProposalRow:
    """A proposal as the run's page lists it."""

    id: int
    wish_id: int
    code: str
    item: str
    category: str
    county_code: str
    price_fen: int
    branch_id: int | None
    volunteer_id: int | None
    branch: str | None
    volunteer: str | None
    state: ProposalState
    criteria: dict[str, Any]
    expires_at: datetime
    end_reason: str


def proposals_of(
    session: Session, campaign_id: int, *, run_id: int, branch_id: int | None = None, state: str = "", after: int = 0,
    limit: int = 50,
) -> tuple[list[ProposalRow], int | None, int]:  # fmt: skip
    """A page of a run's proposals by id, the cursor of the next page, and how many there are in all."""
    narrowed = [_Proposal.campaign_id == campaign_id, _Proposal.run_id == run_id]
    if branch_id is not None:
        narrowed.append(_Proposal.branch_id == branch_id)
    if state in set(ProposalState):
        narrowed.append(_Proposal.state == ProposalState(state))
    rows = [
        ProposalRow(*row)
        for row in session.execute(
            sa.select(_Proposal.id, _Proposal.wish_id, _Wish.code, _Wish.item, _Wish.category, _Wish.county_code, _Wish.price_fen,
                      _Proposal.branch_id, _Proposal.volunteer_id, _Branch.name, _Volunteer.name, _Proposal.state,
                      _Proposal.criteria, _Proposal.expires_at, _Proposal.end_reason)
            .join(_Wish, _Wish.id == _Proposal.wish_id)
            .outerjoin(_Branch, _Branch.id == _Proposal.branch_id)
            .outerjoin(_Volunteer, _Volunteer.id == _Proposal.volunteer_id)
            .where(*narrowed, _Proposal.id > after).order_by(_Proposal.id).limit(limit + 1)
        )
    ]  # fmt: skip
    total = session.execute(sa.select(sa.func.count()).select_from(_Proposal).where(*narrowed)).scalar_one()
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None, int(total)


def standing_by_branch(session: Session, campaign_id: int, run_id: int) -> list[tuple[int, str, int]]:
    """Branches with unanswered proposals of a run: id, name, how many; the most first."""
    rows = session.execute(
        sa.select(_Branch.id, _Branch.name, sa.func.count())
        .join(_Proposal, _Proposal.branch_id == _Branch.id)
        .where(_Proposal.campaign_id == campaign_id, _Proposal.run_id == run_id, _Proposal.state == ProposalState.OPEN)
        .group_by(_Branch.id, _Branch.name).order_by(sa.func.count().desc(), _Branch.name)
    )  # fmt: skip
    return [(int(key), str(name), int(count)) for key, name, count in rows]
