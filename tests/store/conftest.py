"""A loaded campaign, keys, and workbooks made for one test."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
import xlsxwriter
from sqlmodel import col

from wishes.access import Actor, Grant, Role
from wishes.campaigns.loading import load_campaign
from wishes.campaigns.queries import campaign_by_slug
from wishes.campaigns.tables import Campaign
from wishes.db import Database
from wishes.intake.batch import Batch, take_batch
from wishes.intake.deciding import Resolved
from wishes.intake.reader import Reader, reader_for
from wishes.intake.resolving import correct_row
from wishes.intake.store import StoredFile, store_reading
from wishes.intake.tables import ImportRow
from wishes.protection.keyring import Keyring, create_keyring
from wishes.protection.vault import Vault
from wishes.settings import PACKAGE_DIR, Settings

DEMO = PACKAGE_DIR / "demo" / "hangzhou-2021"
NOW = datetime(2021, 4, 10, 2, 0, tzinfo=UTC)
HEADER = [
    "姓名",
    "性别",
    "出生日期",
    "家庭住址",
    "监护人",
    "联系电话",
    "困境类型",
    "微心愿",
    "预估价格",
    "监护人是否同意",
]


def line(
    name: str,
    wish: str,
    price: str = "80",
    *,
    guardian: str = "章甲",
    phone: str = "19900000001",
    birth: str = "2012-03-15",
    sex: str = "男",
    consent: str = "同意",
    place: str = "淳安县威坪镇甲村",
) -> list[str]:
    """One row under :data:`HEADER`."""
    return [name, sex, birth, place, guardian, phone, "留守", wish, price, consent]


def workbook(*rows: list[str], title: str = "淳安县威坪镇微心愿汇总表") -> bytes:
    """A workbook as a township sends it."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Sheet1")
        for number, row in enumerate([[title], HEADER, *rows]):
            sheet.write_row(number, 0, row)
    return buffer.getvalue()


@dataclass(frozen=True)
class Desk:
    """What a coordinator works with in these tests."""

    database: Database
    keyring: Keyring
    campaign: Campaign
    reader: Reader
    coordinator: Actor

    @property
    def campaign_id(self) -> int:
        assert self.campaign.id is not None
        return self.campaign.id

    @property
    def vault(self) -> Vault:
        return Vault(self.keyring)

    def take(self, **files: bytes) -> Batch:
        """Read and compare files; keywords are their names without ending."""
        readings = [self.reader.read(data, f"{name}.xlsx") for name, data in files.items()]
        with self.database.reading() as session:
            return take_batch(session, self.vault, self.campaign_id, readings)

    def store(self, batch: Batch, actor: Actor | None = None) -> list[StoredFile]:
        done = []
        for reading in batch.readings:
            with self.database.transaction() as session:
                done.append(
                    store_reading(
                        session,
                        campaign=self.campaign,
                        reading=reading,
                        keyring=self.keyring,
                        now=NOW,
                        actor=actor or self.coordinator,
                        kinship=batch.kinship,
                        maybe=batch.maybe,
                    )
                )
        return done

    def row_ids(self, status: str) -> list[int]:
        """Stored entries of a status, in the order they came."""
        with self.database.reading() as session:
            return list(
                session.execute(
                    sa.select(col(ImportRow.id)).where(col(ImportRow.status) == status).order_by(col(ImportRow.id))
                ).scalars()
            )

    def one(self, query: Any) -> Any:
        with self.database.reading() as session:
            return session.execute(query).one()

    def park(self, row_id: int, doubts: Sequence[str] = ("item_unsure",)) -> None:
        """Make a stored rejected row one that waits for a person."""
        with self.database.transaction() as session:
            session.execute(
                sa.update(ImportRow).where(col(ImportRow.id) == row_id).values(status="parked", reasons=list(doubts))
            )

    def correct(self, row_id: int, actor: Actor | None = None, **changes: Any) -> Resolved:
        with self.database.transaction() as session:
            return correct_row(
                session,
                row_id=row_id,
                changes=changes,
                reader=self.reader,
                keyring=self.keyring,
                actor=actor or self.coordinator,
                now=NOW,
            )

    def send(self, name: str, *rows: list[str], title: str = "淳安县威坪镇微心愿汇总表") -> StoredFile:
        """Read, compare and store one file."""
        return self.store(self.take(**{name: workbook(*rows, title=title)}))[0]


@pytest.fixture
def desk(database: Database, settings: Settings) -> Desk:
    keyring = create_keyring(settings.keys_dir)
    with database.transaction() as session:
        campaign_id = load_campaign(session, folder=DEMO, now=NOW).campaign_id
    with database.reading() as session:
        campaign = campaign_by_slug(session, "hangzhou-2021")
        reader = reader_for(session, campaign_id)
    return Desk(database, keyring, campaign, reader, Actor(None, "c", (Grant(Role.COORDINATOR, campaign_id),)))


Sender = Callable[..., StoredFile]
