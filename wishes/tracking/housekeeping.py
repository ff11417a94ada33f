"""Forgetting what has served its purpose: ended sessions, old guesses at passwords, answered requests, read notices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from wishes.db import Database
from wishes.model import columns
from wishes.people.tables import IdempotencyKey, OneTimeCode, SignInAttempt, WebSession
from wishes.tracking.heartbeat import beat
from wishes.tracking.tables import Notice

_IdempotencyKey = columns(IdempotencyKey)
_Notice = columns(Notice)
_OneTimeCode = columns(OneTimeCode)
_SignInAttempt = columns(SignInAttempt)
_WebSession = columns(WebSession)

KEEP_SESSIONS = timedelta(days=30)
KEEP_ATTEMPTS = timedelta(days=2)
KEEP_ANSWERS = timedelta(days=7)
KEEP_NOTICES = timedelta(days=365)


@dataclass
class TidyReport:
    """Rows deleted."""

    sessions: int = 0
    attempts: int = 0
    codes: int = 0
    answers: int = 0
    notices: int = 0


def tidy(database: Database, *, now: datetime) -> TidyReport:
    """Delete what is past its keeping; repeat it as often as you like."""
    report = TidyReport()
    old: dict[str, sa.Delete] = {
        "sessions": sa.delete(WebSession).where(_WebSession.expires_at < now - KEEP_SESSIONS),
        "attempts": sa.delete(SignInAttempt).where(_SignInAttempt.at < now - KEEP_ATTEMPTS),
        "codes": sa.delete(OneTimeCode).where(_OneTimeCode.expires_at < now - KEEP_ATTEMPTS),
        "answers": sa.delete(IdempotencyKey).where(_IdempotencyKey.created_at < now - KEEP_ANSWERS),
        "notices": sa.delete(Notice).where(
            _Notice.created_at < now - KEEP_NOTICES, _Notice.state.not_in(["queued", "taken", "sending"])
        ),
    }
    for name, statement in old.items():
        with database.transaction() as session:
            done = session.execute(statement.execution_options(synchronize_session=False))
            setattr(report, name, done.rowcount)
    with database.transaction() as session:
        beat(session, "housekeeping", now=now, detail=vars(report))
    return report
