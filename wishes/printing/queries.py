"""Questions about print runs: one's own, and the file of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session

from wishes.errors import NotFound
from wishes.i18n import Text
from wishes.model import table_of
from wishes.printing.tables import DRAWER, PrintJob
from wishes.protection.keyring import Keyring
from wishes.protection.pictures import open_picture
from wishes.protection.vault import Vault

_JOB = table_of(PrintJob)


@dataclass(frozen=True, slots=True)
class Job:
    """A run as its page shows it."""

    id: int
    kind: str
    state: str
    total: int
    done: int
    size_bytes: int
    problem: Text
    created_at: datetime
    finished_at: datetime | None

    @property
    def under_way(self) -> bool:
        return self.state in ("queued", "drawing")


def jobs_of(session: Session, campaign_id: int, account_id: int | None, *, limit: int = 20) -> list[Job]:
    """One person's runs, newest first: a run holds secrets of the receiving side and is nobody else's."""
    rows = session.execute(
        sa.select(_JOB)
        .where(_JOB.c.campaign_id == campaign_id, _JOB.c.ordered_by == account_id)
        .order_by(_JOB.c.id.desc())
        .limit(limit)
    )
    return [
        Job(
            row.id, row.kind, row.state, row.total, row.done, row.size_bytes, Text(row.problem_zh, row.problem_en),
            row.created_at, row.finished_at,
        )
        for row in rows
    ]  # fmt: skip


def paper_of(
    session: Session, *, campaign_id: int, job_id: int, account_id: int | None, folder: Path, keyring: Keyring
) -> tuple[str, bytes]:
    """Kind and PDF of one's own run. Raises NotFound for another's, and for one that is not done or was forgotten."""
    row = session.execute(
        sa.select(_JOB.c.kind, _JOB.c.uid, _JOB.c.file_key).where(
            _JOB.c.id == job_id,
            _JOB.c.campaign_id == campaign_id,
            _JOB.c.ordered_by == account_id,
            _JOB.c.state == "done",
        )
    ).one_or_none()
    pdf = row and open_picture(row.uid, row.file_key, drawer=DRAWER, uploads=folder, vault=Vault(keyring))
    if row is None or pdf is None:
        raise NotFound("这份单据，或它已过期", "paper, or it has been deleted")
    return str(row.kind), pdf
