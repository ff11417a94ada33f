"""What is remembered of a print run that was ordered on a page."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from wishes.model import Field, SQLModel, document, instant, refers, row_id
from wishes.protection.pictures import Drawer

DRAWER: Final = Drawer("papers", "print_job", "file_key")


class PrintJob(SQLModel, table=True):
    """One PDF to be, and how far it is. Its file lies sealed below the uploads folder, for a day; ``file_key`` opens it.

    ``state``: queued, drawing, done, failed.
    """

    __tablename__ = "print_job"
    __table_args__ = (
        sa.Index("ix_print_job_state", "state", "id"),
        sa.Index("ix_print_job_ordered", "ordered_by", "campaign_id", "id"),
    )
    id: int | None = row_id()
    campaign_id: int = refers("campaign.id")
    kind: str = Field(max_length=12)
    layout: str = Field(default="", max_length=12)
    narrowed: dict[str, Any] = document()  # statuses, county_code, community_ids
    state: str = Field(default="queued", max_length=12)
    total: int = 0
    done: int = 0
    attempts: int = 0
    problem_zh: str = Field(default="", max_length=200)
    problem_en: str = Field(default="", max_length=200)
    uid: str = Field(default="", max_length=24)
    file_key: bytes | None = Field(default=None, sa_type=sa.LargeBinary)
    size_bytes: int = 0
    ordered_by: int = refers("account.id")
    created_at: datetime = instant()
    started_at: datetime | None = instant(null=True)
    finished_at: datetime | None = instant(null=True)
