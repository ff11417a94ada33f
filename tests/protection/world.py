"""A small campaign whose children have identities, as intake stores them. Names are made of no real person's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from tests.factories import NOW, Place, make_campaign, make_wish, number, signed_in
from wishes.access import Actor, Role
from wishes.db import Database
from wishes.intake.sealing import seal_entry, seal_identity
from wishes.intake.tables import Child, Consent, Household, ImportFile, ImportRow, Wish
from wishes.intake.understanding.model import Entry
from wishes.intake.uploads import Originals
from wishes.lifecycle import Status
from wishes.model import table_of
from wishes.protection.keyring import Keyring, create_keyring
from wishes.protection.vault import Vault
from wishes.settings import Settings

CHILD, CONSENT, HOUSEHOLD, WISH = (table_of(m) for m in (Child, Consent, Household, Wish))
FILE, ROW = table_of(ImportFile), table_of(ImportRow)


@dataclass(frozen=True)
class Kid:
    """A stored child, with what is kept of it under seal."""

    id: int
    wish_id: int
    name: str
    guardian: str
    phone: str

    @property
    def secrets(self) -> tuple[str, str, str]:
        return self.name, self.guardian, self.phone


class World:
    """An installation with one campaign, its keys and its sealed workbooks."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings, self.database = settings, database
        self.keyring: Keyring = create_keyring(settings.keys_dir)
        self.originals = Originals(settings.uploads_dir, self.keyring)
        with database.transaction() as session:
            self.place: Place = make_campaign(session)
            self.worker = signed_in(session, self.place.social_worker)
            self.coordinator = signed_in(session, self.place.coordinator)
            self.admin = signed_in(session, Actor(None, "admin", (self.place.grant(Role.CAMPAIGN_ADMIN),)))
            self.other_admin = signed_in(session, Actor(None, "admin", (self.place.grant(Role.CAMPAIGN_ADMIN),)))

    @property
    def vault(self) -> Vault:
        return Vault(self.keyring)

    def kid(self, *, status: Status = Status.OPEN, consent: bool = True, elsewhere: bool = False, **wish: Any) -> Kid:
        """A child with a wish, its consent, the row and the workbook it came in."""
        n = number()
        name, guardian, phone = f"测名{n}", f"测护{n}", f"139{n:08}"
        with self.database.transaction() as session:
            home = session.execute(
                sa.insert(HOUSEHOLD).values(campaign_id=self.place.id).returning(HOUSEHOLD.c.id)
            ).scalar_one()
            community = self.place.other_community_id if elsewhere else self.place.community_id
            child_id = session.execute(
                sa.insert(CHILD)
                .values(
                    campaign_id=self.place.id, community_id=community, household_id=home, alias=f"别名{n}", sex="F",
                    birth_year=2012, types=["left_behind"], created_at=NOW,
                )
                .returning(CHILD.c.id)
            ).scalar_one()  # fmt: skip
            identity = {
                "name": name, "guardian": guardian, "phones": [phone], "village": f"第{n}村", "school": f"第{n}小学",
                "birth": "2012-03-15",
            }  # fmt: skip
            session.execute(
                sa.update(CHILD).where(CHILD.c.id == child_id).values(**seal_identity(self.vault, child_id, identity))
            )
            if consent:
                session.execute(
                    sa.insert(CONSENT).values(child_id=child_id, basis="row", evidence=f"{guardian} 口头", given_at=NOW)
                )
            wish_id = make_wish(session, self.place, status=status, elsewhere=elsewhere, detail=f"给 {n}", **wish)
            session.execute(sa.update(WISH).where(WISH.c.id == wish_id).values(child_id=child_id))
            file_id = session.execute(
                sa.insert(FILE)
                .values(
                    campaign_id=self.place.id, name=f"{name}.xlsx", digest=f"{n:064}", state="done", problem_zh="", problem_en="",
                    counts={}, created_at=NOW, finished_at=NOW,
                )
                .returning(FILE.c.id)
            ).scalar_one()  # fmt: skip
            self.originals.keep(session, file_id=file_id, data=f"workbook of {name}".encode())
            entry = Entry(
                file=f"{name}.xlsx", sheet="S", cell="A1", part=1, row=1, child_row=1, child=name,
                guardian=guardian, phone=(phone,),
            )  # fmt: skip
            session.execute(
                sa.insert(ROW).values(
                    file_id=file_id,
                    sheet="S",
                    cell="A1",
                    part=1,
                    status="accepted",
                    reasons=[],
                    warnings=[],
                    confidence=1.0,
                    wish_id=wish_id,
                    reading=seal_entry(self.vault, file_id, entry),
                )
            )
        return Kid(int(child_id), wish_id, name, guardian, phone)

    def child(self, kid: Kid) -> Any:
        with self.database.reading() as session:
            return session.execute(sa.select(CHILD).where(CHILD.c.id == kid.id)).one()

    def wish(self, kid: Kid) -> Any:
        with self.database.reading() as session:
            return session.execute(sa.select(WISH).where(WISH.c.id == kid.wish_id)).one()

    def one(self, query: Any) -> Any:
        with self.database.reading() as session:
            return session.execute(query).scalar_one()

    def rows(self, query: Any) -> list[Any]:
        with self.database.reading() as session:
            return list(session.execute(query))


LATER = NOW + timedelta(hours=1)
