"""Questions about files that were sent and the rows in them, for those who may resolve them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, Role, may, require
from wishes.errors import NotFound
from wishes.intake.sealing import open_entry
from wishes.intake.tables import Community, ImportFile, ImportRow, Wish
from wishes.intake.understanding.model import Entry
from wishes.model import table_of
from wishes.people.tables import Account
from wishes.protection.keyring import Keyring
from wishes.protection.vault import Vault

_ACCOUNT, _COMMUNITY, _WISH = table_of(Account), table_of(Community), table_of(Wish)
_FILE, _ROW = table_of(ImportFile), table_of(ImportRow)


@dataclass(frozen=True, slots=True)
class FileState:
    """A file that was sent: where it stands and what became of its entries (``counts`` by status, of now)."""

    id: int
    campaign_id: int
    name: str
    state: str
    problem_zh: str
    problem_en: str
    community_id: int | None
    sent_by: int | None
    created_at: datetime
    finished_at: datetime | None
    counts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RowState:
    """A row as a decision needs it; the reading stays sealed until :meth:`opened`."""

    id: int
    file_id: int
    file_name: str
    campaign_id: int
    community_id: int | None
    county_code: str
    township_code: str
    sheet: str
    cell: str
    part: int
    status: str
    reasons: list[str]
    warnings: list[str]
    confidence: float
    wish_id: int | None
    duplicate_of_id: int | None
    reading: bytes | None
    resolved_at: datetime | None
    resolver: str

    def opened(self, vault: Vault) -> Entry:
        """The entry as it was read. Raises Erased, SealBroken."""
        return open_entry(vault, self.file_id, self.sheet, self.cell, self.part, self.reading)

    def children_of_file(self, session: Session) -> list[int]:
        """Ids of the children that have wishes from this row's file."""
        return list(
            session.execute(
                sa.select(_WISH.c.child_id)
                .distinct()
                .join(_ROW, _ROW.c.wish_id == _WISH.c.id)
                .where(_ROW.c.file_id == self.file_id)
            ).scalars()
        )


def files_of(session: Session, *, campaign_id: int, actor: Actor) -> list[FileState]:
    """The files this person may see, newest first: a coordinator all, a social worker their community's and their own."""
    require(actor, "intake.resolve", campaign_id)
    query = sa.select(_FILE).where(_FILE.c.campaign_id == campaign_id).order_by(_FILE.c.id.desc())
    if not may(actor, "campaign.coordinate", campaign_id):
        query = query.where(
            sa.or_(
                _FILE.c.community_id.in_(actor.ids(Role.SOCIAL_WORKER, campaign_id, "community_id")),
                _FILE.c.sent_by == actor.account_id,
            )
        )
    return [_file_state(row) for row in session.execute(query)]


def file_for(session: Session, file_id: int, actor: Actor) -> FileState:
    """One file with the counts of its rows as they are now. Raises NotFound, also when it is not this person's to see."""
    row = session.execute(sa.select(_FILE).where(_FILE.c.id == file_id)).one_or_none()
    if row is None or not _may_resolve(actor, row.campaign_id, row.community_id, row.sent_by):
        raise NotFound("这份文件", "file")
    now = dict(
        session.execute(
            sa.select(_ROW.c.status, sa.func.count()).where(_ROW.c.file_id == file_id).group_by(_ROW.c.status)
        ).all()
    )
    return _file_state(
        row,
        {**row.counts, **{"duplicates" if status == "duplicate" else status: number for status, number in now.items()}},
    )


def problem_rows(
    session: Session,
    *,
    file_id: int,
    actor: Actor,
    statuses: Sequence[str] = ("parked", "rejected", "duplicate"),
    after_id: int = 0,
    limit: int = 200,
) -> list[RowState]:
    """A file's rows that a person may want to look at, in the file's order, a page at a time. Raises NotFound."""
    file_for(session, file_id, actor)
    return [
        _row_state(row)
        for row in session.execute(
            _ROWS.where(_ROW.c.file_id == file_id, _ROW.c.status.in_(statuses), _ROW.c.id > after_id)
            .order_by(_ROW.c.id)
            .limit(limit)
        )
    ]


def reasons_of(session: Session, *, file_id: int, actor: Actor) -> dict[str, dict[str, int]]:
    """Status → reason → rows of a file; what the summary and the bulk rules offer. Raises NotFound."""
    file_for(session, file_id, actor)
    found: dict[str, Counter[str]] = {}
    for status, reasons in session.execute(sa.select(_ROW.c.status, _ROW.c.reasons).where(_ROW.c.file_id == file_id)):
        found.setdefault(status, Counter()).update(reasons)
    return {status: dict(counter) for status, counter in found.items()}


def row_for(session: Session, row_id: int, actor: Actor) -> RowState:
    """One row. Raises NotFound, also when it is not this person's to resolve."""
    row = session.execute(_ROWS.where(_ROW.c.id == row_id)).one_or_none()
    if row is None or not _may_resolve(actor, row.campaign_id, row.community_id, row.sent_by):
        raise NotFound("这一行", "row")
    return _row_state(row)


def rows_by_id(session: Session, ids: Sequence[int], actor: Actor) -> list[RowState]:
    """Rows in the order of *ids*; those that are not this person's to see are left out."""
    found = {
        row.id: _row_state(row)
        for row in session.execute(_ROWS.where(_ROW.c.id.in_(ids)))
        if _may_resolve(actor, row.campaign_id, row.community_id, row.sent_by)
    }
    return [found[row_id] for row_id in ids if row_id in found]


def rows_for(
    session: Session, file_id: int, actor: Actor, keyring: Keyring, *, statuses: Sequence[str]
) -> list[tuple[RowState, Entry]]:
    """A file's rows of some statuses with their readings opened. Raises NotFound."""
    file_for(session, file_id, actor)
    vault = Vault(keyring)
    rows = [
        _row_state(row)
        for row in session.execute(
            _ROWS.where(_ROW.c.file_id == file_id, _ROW.c.status.in_(statuses), _ROW.c.reading.is_not(None)).order_by(
                _ROW.c.id
            )
        )
    ]
    return [(row, row.opened(vault)) for row in rows]


_ROWS = (
    sa.select(
        _ROW,
        _FILE.c.name.label("file_name"),
        _FILE.c.campaign_id,
        _FILE.c.community_id,
        _FILE.c.sent_by,
        sa.func.coalesce(_COMMUNITY.c.county_code, "").label("county_code"),
        sa.func.coalesce(_COMMUNITY.c.township_code, "").label("township_code"),
        sa.func.coalesce(_ACCOUNT.c.name, "").label("resolver"),
    )
    .join(_FILE, _FILE.c.id == _ROW.c.file_id)
    .outerjoin(_ACCOUNT, _ACCOUNT.c.id == _ROW.c.resolved_by)
    .outerjoin(_COMMUNITY, _COMMUNITY.c.id == _FILE.c.community_id)
)


def _may_resolve(actor: Actor, campaign_id: int, community_id: int | None, sent_by: int | None) -> bool:
    if may(actor, "campaign.coordinate", campaign_id):
        return True
    own = actor.account_id is not None and sent_by == actor.account_id
    theirs = community_id in actor.ids(Role.SOCIAL_WORKER, campaign_id, "community_id")
    return may(actor, "intake.resolve", campaign_id) and (own or theirs)


def _file_state(row: Any, counts: dict[str, Any] | None = None) -> FileState:
    return FileState(
        row.id,
        row.campaign_id,
        row.name,
        row.state,
        row.problem_zh,
        row.problem_en,
        row.community_id,
        row.sent_by,
        row.created_at,
        row.finished_at,
        counts or dict(row.counts),
    )


def _row_state(row: Any) -> RowState:
    return RowState(**{name: getattr(row, name) for name in RowState.__dataclass_fields__})
