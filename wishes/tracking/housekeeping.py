"""Forgetting what has served its purpose: ended sessions, old guesses at passwords, answered requests, read notices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from wishes.db import Database
from wishes.people.tables import IdempotencyKey, SignInAttempt, WebSession
from wishes.tracking.heartbeat import beat
from wishes.tracking.tables import Notice

KEEP_SESSIONS = timedelta(days=30)
KEEP_ATTEMPTS = timedelta(days=2)
KEEP_ANSWERS = timedelta(days=7)
KEEP_NOTICES = timedelta(days=365)


@dataclass
class TidyReport:
    """Rows deleted."""

    sessions: int = 0
    attempts: int = 0
    answers: int = 0
    notices: int = 0


def tidy(database: Database, *, now: datetime) -> TidyReport:
    """Delete what is past its keeping; repeat it as often as you like."""
    report = TidyReport()
    old: dict[str, sa.Delete] = {
        "sessions": sa.delete(WebSession).where(WebSession.expires_at < now - KEEP_SESSIONS),  # type: ignore[arg-type]
        "attempts": sa.delete(SignInAttempt).where(SignInAttempt.at < now - KEEP_ATTEMPTS),  # type: ignore[arg-type]
        "answers": sa.delete(IdempotencyKey).where(IdempotencyKey.created_at < now - KEEP_ANSWERS),  # type: ignore[arg-type]
        "notices": sa.delete(Notice).where(Notice.created_at < now - KEEP_NOTICES, Notice.state.not_in(["queued", "taken", "sending"]))}  # type: ignore[attr-defined,arg-type]
    for name, statement in old.items():
        with database.transaction() as session:
            done = session.execute(statement.execution_options(synchronize_session=False))
            setattr(report, name, done.rowcount)  # type: ignore[attr-defined]
    with database.transaction() as session:
        beat(session, "housekeeping", now=now, detail=vars(report))
    return report
