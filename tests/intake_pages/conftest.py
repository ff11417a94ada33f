"""An installation with the demonstration campaign, people who sign in, and files that they send."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories import number
from wishes.access import Role
from wishes.app import create_app
from wishes.campaigns.loading import load_campaign, table_of
from wishes.clock import utc_now
from wishes.commands.edge import OPERATOR
from wishes.db import Database
from wishes.intake.processing import Done, process_queue
from wishes.intake.tables import Community, ImportFile, ImportRow, Wish
from wishes.intake.uploads import Originals
from wishes.people.actions import create_account, grant_role, open_session
from wishes.protection.keyring import Keyring, create_keyring, read_keyring
from wishes.settings import PACKAGE_DIR, Settings

DEMO = PACKAGE_DIR / "demo" / "hangzhou-2021"
SLUG = "hangzhou-2021"
FILE, ROW, WISH, COMMUNITY = table_of(ImportFile), table_of(ImportRow), table_of(Wish), table_of(Community)
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Person:
    """Somebody who is signed in."""

    browser: FlaskClient
    account_id: int

    def get(self, path: str) -> TestResponse:
        return self.browser.get(f"/c/{SLUG}{path}")

    def page(self, path: str) -> str:
        """A page that answers well."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[-600:])
        return answer.text

    def post(
        self,
        path: str,
        page: str = "/import",
        *,
        follow: bool = True,
        headers: dict[str, str] | None = None,
        **values: Any,
    ) -> TestResponse:
        """Send the form of *page* to *path*."""
        token = _TOKEN.search(self.page(page))
        assert token is not None
        return self.browser.post(
            f"/c/{SLUG}{path}",
            data={"csrf_token": token[1], **values},
            follow_redirects=follow,
            content_type="multipart/form-data",
            headers=headers,
        )

    def upload(self, *files: tuple[str, bytes], batch: str = "") -> TestResponse:
        sent = [(io.BytesIO(data), name) for name, data in files]
        return self.post("/import", files=sent, batch=batch or f"batch-{number()}")


@dataclass
class Site:
    """A running installation, in this process."""

    settings: Settings
    database: Database
    keyring: Keyring
    app: Flask
    campaign_id: int
    people: dict[str, Person] = field(default_factory=dict)

    @property
    def originals(self) -> Originals:
        return Originals(self.settings.uploads_dir, self.keyring)

    def sign_in(self, role: Role = Role.COORDINATOR, *, community_id: int | None = None) -> Person:
        """A new account with one role."""
        now = utc_now()
        with self.database.transaction() as session:
            account_id = create_account(session, login=f"person-{number()}", name=f"账号 {number()}", now=now)
            grant_role(
                session,
                account_id=account_id,
                role=role,
                now=now,
                campaign_id=self.campaign_id,
                community_id=community_id,
            )
            secret = open_session(session, account_id=account_id, now=now, hours=1)
        browser = self.app.test_client()
        browser.set_cookie("microwish", secret)
        return Person(browser, account_id)

    def grant(self, person: Person, role: Role, *, community_id: int | None = None) -> None:
        """One role more."""
        with self.database.transaction() as session:
            grant_role(
                session,
                account_id=person.account_id,
                role=role,
                now=utc_now(),
                campaign_id=self.campaign_id,
                community_id=community_id,
            )

    def community(self, name: str = "子社区") -> int:
        with self.database.transaction() as session:
            made = session.execute(
                sa.insert(COMMUNITY)
                .values(
                    campaign_id=self.campaign_id,
                    township_code="330112006",
                    county_code="330112",
                    name=f"{name}{number()}",
                    created_at=utc_now(),
                )
                .returning(COMMUNITY.c.id)
            )
            return int(made.scalar_one())

    def work(self) -> Done:
        """What the worker does until nothing waits."""
        return process_queue(self.database, self.originals, self.keyring, clock=utc_now, seconds=120)

    def rows(self, query: Any) -> Sequence[Any]:
        with self.database.reading() as session:
            return session.execute(query).all()

    def file(self, name: str) -> Any:
        """The newest file of this name."""
        return self.rows(sa.select(FILE).where(FILE.c.name == name).order_by(FILE.c.id.desc()))[0]

    def entries(self, file_id: int, status: str = "") -> Sequence[Any]:
        query = sa.select(ROW).where(ROW.c.file_id == file_id).order_by(ROW.c.id)
        return self.rows(query.where(ROW.c.status == status) if status else query)

    def statuses(self, file_id: int) -> dict[str, int]:
        return dict(
            tuple(row)
            for row in self.rows(
                sa.select(ROW.c.status, sa.func.count()).where(ROW.c.file_id == file_id).group_by(ROW.c.status)
            )
        )

    def wishes(self) -> int:
        return int(self.rows(sa.select(sa.func.count()).select_from(WISH))[0][0])


def made_site(settings: Settings) -> Site:
    create_keyring(settings.keys_dir)
    app = create_app(settings)
    database: Database = app.extensions["microwish.database"]
    with database.transaction() as session:
        loaded = load_campaign(session, folder=DEMO, now=utc_now(), actor=OPERATOR)
    return Site(settings, database, read_keyring(settings.keys_dir), app, loaded.campaign_id)


@pytest.fixture
def site(settings: Settings) -> Any:
    """On both databases."""
    made = made_site(settings)
    yield made
    made.database.dispose()


@pytest.fixture
def sqlite_site(sqlite_settings: Settings) -> Any:
    """On SQLite only: for what does not depend on the database."""
    made = made_site(sqlite_settings)
    yield made
    made.database.dispose()
