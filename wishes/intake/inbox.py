"""Files that were sent and wait: received, counted while they are read, confirmed or dropped where they revise another."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import SYSTEM, Actor, Role, may, require
from wishes.campaigns.queries import rules_of
from wishes.errors import Conflict, NotFound
from wishes.events.actions import record
from wishes.i18n import Text
from wishes.intake.deciding import MAYBE
from wishes.intake.files import FileState, file_for
from wishes.intake.reading.limits import LIMITS
from wishes.intake.store import receive_file
from wishes.intake.tables import Community, ImportFile, ImportRow
from wishes.intake.uploads import Originals
from wishes.model import table_of
from wishes.people.tables import Account

_FILE, _ROW, _ACCOUNT, _COMMUNITY = table_of(ImportFile), table_of(ImportRow), table_of(Account), table_of(Community)

LONGEST_READING = timedelta(minutes=10)
"""A file that has been read for longer is not being read any more: its reader was killed."""
WAITING = ("queued", "reading")
UNTOLD = Text("（未命名）", "(no name)")
TOO_BIG = Text(
    "文件超过 {mb} MB，没有接收。请拆分后再发送。",
    "The file is larger than {mb} MB and was not taken. Please split it.",
)


def receive(
    session: Session,
    originals: Originals,
    *,
    campaign_id: int,
    name: str,
    data: bytes,
    batch: str,
    actor: Actor,
    now: datetime,
    community_id: int | None = None,
) -> int:
    """Take a file in: sealed on disk, queued in the database. Answers its id.

    The same file of the same batch again (a repeated request) answers the id it has. One that is too big is remembered as
    failed, with the sentence, and not kept. Raises Forbidden.
    """
    digest = hashlib.sha256(data).hexdigest()
    name = name.replace("\\", "/").rsplit("/", 1)[-1].strip()[:255] or UNTOLD.zh
    known = session.execute(
        sa.select(_FILE.c.id).where(
            _FILE.c.campaign_id == campaign_id, _FILE.c.digest == digest, _FILE.c.batch == batch, _FILE.c.name == name
        )
    ).scalar()
    if known is not None:
        return int(known)
    file_id = receive_file(
        session, campaign_id=campaign_id, name=name, digest=digest, actor=actor, now=now, community_id=community_id
    )
    values: dict[str, Any] = {"batch": batch, "size_bytes": len(data)}
    if len(data) > LIMITS.file_size:
        told = {"mb": LIMITS.file_size // 1_000_000}
        values |= {
            "state": "failed",
            "finished_at": now,
            "problem_zh": TOO_BIG.say("zh", **told),
            "problem_en": TOO_BIG.say("en", **told),
        }
    else:
        originals.keep(session, file_id=file_id, data=data)
    session.execute(sa.update(_FILE).where(_FILE.c.id == file_id).values(**values))
    record(
        session,
        action="receive_file",
        campaign_id=campaign_id,
        now=now,
        actor=actor,
        data={"file_id": file_id, "bytes": len(data)},
    )
    return file_id


# --- a file that revises another ----------------------------------------------------------------------------------------


def decide_revision(session: Session, *, file_id: int, decision: str, actor: Actor, now: datetime) -> None:
    """What is to become of a file that says again what another one said.

    ``apply``: its additions, changes and withdrawals are made. ``add``: only what is new; it corrects nothing. ``drop``: nothing.
    Raises NotFound, and Conflict when it was decided already. Effects: the file is queued again, or dropped.
    """
    state = file_for(session, file_id, actor)
    values: dict[str, Any] = (
        {"state": "dropped", "finished_at": now}
        if decision == "drop"
        else {"state": "queued", "attempts": 0, "counts": {**state.counts, "decided": decision}}
    )
    written = session.execute(
        sa.update(_FILE).where(_FILE.c.id == file_id, _FILE.c.state == "revises").values(**values)
    )
    if written.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(file_id=file_id)
    record(
        session,
        action="decide_revision",
        campaign_id=state.campaign_id,
        now=now,
        actor=actor,
        data={"file_id": file_id, "decision": decision},
    )


def read_again(session: Session, *, file_id: int, actor: Actor, now: datetime) -> int:
    """Queue a file once more because its columns were corrected; answers the id of the new reading.

    It is compared with the old one like a revised file, so what it would change is shown before it does. Raises NotFound,
    Conflict when the file was not read.
    """
    state = file_for(session, file_id, actor)
    old = session.execute(
        sa.select(_FILE.c.digest, _FILE.c.size_bytes, _FILE.c.original_key).where(
            _FILE.c.id == file_id, _FILE.c.state == "done"
        )
    ).one_or_none()
    if old is None:
        raise Conflict(file_id=file_id)
    again = receive_file(
        session,
        campaign_id=state.campaign_id,
        name=state.name,
        digest=old.digest,
        actor=actor,
        now=now,
        community_id=state.community_id,
    )
    values = {"size_bytes": old.size_bytes, "original_key": old.original_key, "counts": {"again": file_id}}
    session.execute(sa.update(_FILE).where(_FILE.c.id == again).values(batch=f"again-{again}", **values))
    record(
        session,
        action="read_again",
        campaign_id=state.campaign_id,
        now=now,
        actor=actor,
        data={"file_id": again, "earlier_file_id": file_id},
    )
    return again


# --- questions ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FileLine:
    """A file as the list shows it; ``now`` counts its rows by status as they are."""

    id: int
    name: str
    state: str
    problem: Text
    counts: Mapping[str, Any]
    sender: str
    community: str
    created_at: datetime
    now: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the reading of files that were sent together is. ``seconds_left`` None: not to be told yet."""

    files: int
    done: int
    entries: int
    entries_per_s: float
    seconds_left: int | None
    at_work: bool

    @property
    def waiting(self) -> int:
        return self.files - self.done


def seen_by(actor: Actor, campaign_id: int) -> Any:
    """The condition on files that this person may see: a coordinator all, a social worker their own and their community's."""
    if may(actor, "campaign.coordinate", campaign_id):
        return _FILE.c.campaign_id == campaign_id
    theirs = actor.ids(Role.SOCIAL_WORKER, campaign_id, "community_id")
    return sa.and_(
        _FILE.c.campaign_id == campaign_id,
        sa.or_(_FILE.c.community_id.in_(theirs), _FILE.c.sent_by == actor.account_id),
    )


ATTENTION = ("parked", "revises", "failed")


def file_lines(
    session: Session,
    *,
    campaign_id: int,
    actor: Actor,
    show: str = "",
    words: str = "",
    before: int = 0,
    limit: int = 50,
) -> list[FileLine]:
    """Files newest first. *show*: ``attention`` (waits for a person), ``failed``, ``repeated``, or all. Raises Forbidden."""
    require(actor, "intake.resolve", campaign_id)
    query = (
        sa.select(_FILE, _ACCOUNT.c.name.label("sender"), _COMMUNITY.c.name.label("community"))
        .outerjoin(_ACCOUNT, _ACCOUNT.c.id == _FILE.c.sent_by)
        .outerjoin(_COMMUNITY, _COMMUNITY.c.id == _FILE.c.community_id)
        .where(seen_by(actor, campaign_id))
        .order_by(_FILE.c.id.desc())
        .limit(limit)
    )
    if show == "attention":
        query = query.where(_wants_a_person())
    elif show:
        query = query.where(_FILE.c.state == show)
    if words:
        query = query.where(_FILE.c.name.contains(words, autoescape=True))
    if before:
        query = query.where(_FILE.c.id < before)
    rows = session.execute(query).all()
    now = counts_now(session, [row.id for row in rows])
    return [
        FileLine(
            row.id,
            row.name,
            row.state,
            Text(row.problem_zh, row.problem_en),
            row.counts or {},
            row.sender or "",
            row.community or "",
            row.created_at,
            now.get(row.id, {}),
        )
        for row in rows
    ]


def counts_now(session: Session, file_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """File → status → rows, as they are now."""
    found: dict[int, dict[str, int]] = {}
    for file_id, status, number in session.execute(
        sa.select(_ROW.c.file_id, _ROW.c.status, sa.func.count())
        .where(_ROW.c.file_id.in_(file_ids))
        .group_by(_ROW.c.file_id, _ROW.c.status)
    ):
        found.setdefault(file_id, {})[status] = number
    return found


def totals(session: Session, *, campaign_id: int, actor: Actor) -> dict[str, int]:
    """Files by state, ``attention`` (files that wait for a person), and rows by status as ``rows_<status>``."""
    seen = seen_by(actor, campaign_id)
    found = {
        state: number
        for state, number in session.execute(
            sa.select(_FILE.c.state, sa.func.count()).where(seen).group_by(_FILE.c.state)
        )
    }
    found["attention"] = session.execute(sa.select(sa.func.count()).where(seen, _wants_a_person())).scalar_one()
    for status, number in session.execute(
        sa.select(_ROW.c.status, sa.func.count())
        .join(_FILE, _FILE.c.id == _ROW.c.file_id)
        .where(seen)
        .group_by(_ROW.c.status)
    ):
        found[f"rows_{status}"] = number
    return found


def _wants_a_person() -> Any:
    waiting = sa.select(_ROW.c.file_id).where(sa.or_(_ROW.c.status == "parked", maybe_duplicates()))
    partly = sa.and_(_FILE.c.state == "done", _FILE.c.problem_zh != "")
    return sa.or_(_FILE.c.state.in_(("revises", "failed")), partly, _FILE.c.id.in_(waiting))


def maybe_duplicates() -> Any:
    """The condition on rows that a person should compare with another one."""
    return sa.and_(
        _ROW.c.status.in_(("accepted", "parked")),
        _ROW.c.duplicate_of_id.is_not(None),
        sa.cast(_ROW.c.warnings, sa.String).contains(MAYBE),
    )


def progress(session: Session, *, campaign_id: int, actor: Actor, now: datetime) -> Progress | None:
    """The batches of this person that are not read to their end, together; None when nothing waits."""
    open_batches = sa.select(_FILE.c.batch).where(seen_by(actor, campaign_id), _FILE.c.state.in_(WAITING)).distinct()
    rows = session.execute(
        sa.select(_FILE.c.state, _FILE.c.counts, _FILE.c.size_bytes, _FILE.c.started_at, _FILE.c.finished_at).where(
            seen_by(actor, campaign_id), _FILE.c.batch.in_(open_batches)
        )
    ).all()
    if not rows:
        return None
    done = [row for row in rows if row.state not in WAITING]
    entries = sum(int((row.counts or {}).get("read", 0)) for row in done)
    timed = [row for row in done if row.started_at and row.finished_at]
    elapsed = (
        max(0.001, (max(r.finished_at for r in timed) - min(r.started_at for r in timed)).total_seconds())
        if timed
        else 0.0
    )
    bytes_done = sum(row.size_bytes for row in timed)
    bytes_left = sum(row.size_bytes for row in rows if row.state in WAITING)
    return Progress(
        files=len(rows),
        done=len(done),
        entries=entries,
        entries_per_s=entries / elapsed if elapsed else 0.0,
        seconds_left=round(bytes_left * elapsed / bytes_done) if bytes_done and elapsed else None,
        at_work=any(row.state == "reading" and now - row.started_at < LONGEST_READING for row in rows),
    )


def file_seen(session: Session, file_id: int, actor: Actor, campaign_id: int) -> FileState:
    """One file of this campaign. Raises NotFound, also when it is another campaign's or not this person's to see."""
    found = file_for(session, file_id, actor)
    if found.campaign_id != campaign_id:
        raise NotFound("这份文件", "file")
    return found


# --- how long originals are kept ----------------------------------------------------------------------------------------

KEPT_DAYS = 180
"""Unless the campaign's rules name another number of days as ``originals_kept_days``."""


def forget_old_originals(session: Session, originals: Originals, *, now: datetime) -> int:
    """Delete the workbooks that were settled longer ago than their campaign keeps them; answers how many.

    A file of which an entry still waits for a decision is kept. The entries stay: they have seals of their own.
    """
    waiting = sa.select(_ROW.c.file_id).where(_ROW.c.status == "parked")
    due = session.execute(
        sa.select(_FILE.c.campaign_id, _FILE.c.digest, sa.func.max(_FILE.c.finished_at).label("settled_at"))
        .where(
            _FILE.c.original_key.is_not(None),
            _FILE.c.finished_at.is_not(None),
            _FILE.c.state != "revises",
            _FILE.c.id.not_in(waiting),
        )
        .group_by(_FILE.c.campaign_id, _FILE.c.digest)
    ).all()
    forgotten = 0
    for campaign_id, digest, settled_at in due:
        days = getattr(rules_of(session, campaign_id), "originals_kept_days", KEPT_DAYS)
        if settled_at <= now - timedelta(days=days):
            originals.forget(session, campaign_id=campaign_id, digest=digest)
            record(
                session,
                action="forget_original",
                campaign_id=campaign_id,
                now=now,
                actor=SYSTEM,
                data={"digest": digest, "kept_days": days},
            )
            forgotten += 1
    return forgotten
