"""Verbs of the print queue: order a run, draw it, forget it.

A run is claimed by counting an attempt and drawn outside any transaction; its file is whole and sealed before the row
names it. A run whose process died is drawn again; one that fails :data:`MOST_ATTEMPTS` times is given up, and says so.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, may
from wishes.db import Database
from wishes.errors import Forbidden, Invalid, MicrowishError, Unavailable
from wishes.handover.paper import NOTHING, PAPERS, Order, Press, count_of, order_of, print_order
from wishes.i18n import Text
from wishes.lifecycle import Status
from wishes.model import table_of
from wishes.printing.tables import DRAWER, PrintJob
from wishes.protection.entries import note
from wishes.protection.keyring import Keyring
from wishes.protection.pictures import keep_sealed
from wishes.protection.vault import Vault
from wishes.settings import Settings

_JOB = table_of(PrintJob)
KEPT_FOR: Final = timedelta(days=1)
MOST_WAITING: Final = 5  # of one person
MOST_ATTEMPTS: Final = 3
_DEAD_AFTER: Final = timedelta(minutes=10)
_TOLD_EVERY: Final = timedelta(seconds=1)
_GIVEN_UP = Text("多次没有印成。请缩小范围后重试。", "It failed several times. Narrow it down and try again.")


def may_print(actor: Actor, kind: str, campaign_id: int) -> bool:
    """Whether *actor* has a duty for which this paper (a key of :data:`PAPERS`) is needed."""
    return any(may(actor, duty, campaign_id) for duty in PAPERS[kind].duties)


def order_papers(session: Session, *, campaign_id: int, order: Order, actor: Actor, now: datetime) -> int:
    """Put a run into the queue; answers its id. Raises Forbidden, Invalid (nothing to print, too many runs waiting).

    Effects: one job row, one entry in the record: who printed what, and how many.
    """
    if not may_print(actor, order.kind, campaign_id):
        raise Forbidden(duty="print")
    if actor.account_id is None:
        raise Invalid("kind", Text("请先登录。", "Sign in first."))
    waiting = sa.select(sa.func.count()).where(
        _JOB.c.ordered_by == actor.account_id, _JOB.c.state.in_(["queued", "drawing"])
    )
    if session.execute(waiting).scalar_one() >= MOST_WAITING:
        raise Invalid(
            "kind",
            Text("前面的还没印完，请稍等。", "Earlier runs are not finished: please wait a moment."),
        )
    total = count_of(session, campaign_id, order)
    if not total:
        raise Invalid("status", NOTHING)
    made = session.execute(
        sa.insert(_JOB)
        .values(
            campaign_id=campaign_id, kind=order.kind, layout=order.layout, narrowed=_written(order), state="queued", total=total,
            done=0, attempts=0, problem_zh="", problem_en="", uid="", size_bytes=0, ordered_by=actor.account_id, created_at=now,
        )
        .returning(_JOB.c.id)
    )  # fmt: skip
    note(session, "print", actor=actor, now=now, campaign_id=campaign_id, data={"kind": order.kind, "total": total})
    return int(made.scalar_one())


def print_queue(
    database: Database, settings: Settings, keyring: Keyring, *, clock: Callable[[], datetime], seconds: float = 8.0
) -> int:
    """Draw what waits, oldest first, beginning no more after *seconds*; answers how many runs were finished."""
    until, finished = clock() + timedelta(seconds=seconds), 0
    while clock() < until:
        job = _claim(database, clock())
        if job is None:
            break
        _draw(database, settings, keyring, job, clock)
        finished += 1
    return finished


def forget_papers(database: Database, folder: Path, *, now: datetime) -> int:
    """Delete runs older than :data:`KEPT_FOR` and files as old, also those no run names; answers how many runs."""
    for path in (folder / DRAWER.folder).glob("*.sealed"):
        if path.stat().st_mtime < (now - KEPT_FOR).timestamp():
            path.unlink(missing_ok=True)
    with database.transaction() as session:
        gone: Any = session.execute(sa.delete(_JOB).where(_JOB.c.created_at < now - KEPT_FOR))
    return int(gone.rowcount)


def _written(order: Order) -> dict[str, Any]:
    narrowed = order.narrowed
    own = narrowed.community_ids
    return {
        "statuses": [str(status) for status in narrowed.statuses],
        "county_code": narrowed.county_code,
        "community_ids": None if own is None else list(own),
    }


def _read(job: Any) -> Order:
    own = job.narrowed["community_ids"]
    return order_of(
        job.kind,
        statuses=tuple(Status(status) for status in job.narrowed["statuses"]),
        county_code=job.narrowed["county_code"],
        community_ids=None if own is None else tuple(own),
        layout=job.layout,
    )


def _claim(database: Database, now: datetime) -> Any:
    """The oldest run nobody draws, now this process's; None when there is none."""
    dead = sa.and_(_JOB.c.state == "drawing", _JOB.c.started_at < now - _DEAD_AFTER)
    with database.reading() as session:
        free = session.execute(
            sa.select(_JOB).where(sa.or_(_JOB.c.state == "queued", dead)).order_by(_JOB.c.id).limit(1)
        ).one_or_none()
    if free is None:
        return None
    given_up = free.attempts >= MOST_ATTEMPTS
    with database.transaction() as session:
        taken: Any = session.execute(
            sa.update(_JOB)
            .where(_JOB.c.id == free.id, _JOB.c.attempts == free.attempts, _JOB.c.state == free.state)
            .values(state="drawing", attempts=free.attempts + 1, started_at=now, done=0)
        )
        if taken.rowcount != 1:
            return None
    if given_up:
        _give_up(database, free.id, free.attempts + 1, now, _GIVEN_UP)
        return None
    return free


def _draw(database: Database, settings: Settings, keyring: Keyring, job: Any, clock: Callable[[], datetime]) -> None:
    attempt, told_at = job.attempts + 1, clock()

    def told(done: int) -> None:
        nonlocal told_at
        if clock() - told_at < _TOLD_EVERY:
            return
        told_at = clock()
        with database.transaction() as session:
            session.execute(sa.update(_JOB).where(_JOB.c.id == job.id, _JOB.c.attempts == attempt).values(done=done))

    out = io.BytesIO()
    press = Press(database, keyring, settings, clock())
    try:
        printed = print_order(press, job.campaign_id, _read(job), out, progress=told)
    except Unavailable:
        raise
    except MicrowishError as error:  # what there was to print was delivered meanwhile, a font is missing …
        _give_up(database, job.id, attempt, clock(), Text(error.say("zh"), error.say("en")))
        return
    except ValueError as error:  # the host's name is too long for this paper
        _give_up(database, job.id, attempt, clock(), Text(f"印不成：{error}", f"It cannot be printed: {error}"))
        return
    kept = keep_sealed(out.getvalue(), drawer=DRAWER, uploads=settings.uploads_dir, vault=Vault(keyring))
    with database.transaction() as session:
        _finish(
            session, job.id, attempt, clock(), state="done", done=printed, total=printed, uid=kept.uid,
            file_key=kept.wrapped_key, size_bytes=kept.size_bytes,
        )  # fmt: skip


def _give_up(database: Database, job_id: int, attempt: int, now: datetime, problem: Text) -> None:
    with database.transaction() as session:
        _finish(session, job_id, attempt, now, state="failed", problem_zh=problem.zh[:200], problem_en=problem.en[:200])


def _finish(session: Session, job_id: int, attempt: int, now: datetime, *, state: str, **values: Any) -> None:
    """Nothing, when another process took the run over meanwhile: its file is the one that counts."""
    session.execute(
        sa.update(_JOB)
        .where(_JOB.c.id == job_id, _JOB.c.attempts == attempt)
        .values(state=state, finished_at=now, **values)
    )
