"""A campaign loaded from real workbooks, carried through every stage, with somebody in every role."""

from __future__ import annotations

import io
import shutil
import zipfile
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from flask import Flask
from sqlmodel import col

from tests.crawler.personal import Personal, personal_values
from wishes.access import Actor, Grant, Role
from wishes.app import create_app
from wishes.claims.tables import Branch, Volunteer
from wishes.clock import utc_now
from wishes.db import Database
from wishes.demo import job
from wishes.demo.people import demo_sign_ins
from wishes.intake.inbox import receive
from wishes.intake.processing import process_queue
from wishes.intake.tables import Community, ImportFile
from wishes.intake.uploads import Originals
from wishes.migrations import upgrade
from wishes.people.actions import create_token, open_session
from wishes.people.queries import account_by_login, actor_of_account
from wishes.protection.keyring import create_keyring, read_keyring
from wishes.protection.vault import Vault
from wishes.settings import PACKAGE_DIR, Settings
from wishes.tracking.channels import Outlets
from wishes.tracking.channels.console import Console
from wishes.tracking.delivery import deliver
from wishes.tracking.ledger import Narrow
from wishes.tracking.relay import relay
from wishes.tracking.sharing import share
from wishes.tracking.sweep import sweep

DEMO = PACKAGE_DIR / "demo" / "hangzhou-2021"
TEMPLATES = PACKAGE_DIR.parent / "templates"


@dataclass
class Loaded:
    """The installation, what is personal in it, and everybody's way in."""

    settings: Settings
    database: Database
    app: Flask
    slug: str
    campaign_id: int
    personal: Personal
    people: dict[Role, tuple[Actor, str, str]] = field(default_factory=dict)  # role → actor, cookie, token
    shared_link: str = ""
    sent: io.StringIO = field(default_factory=io.StringIO)

    def sent_by(self, role: Role) -> str:
        """All that stands in the workbooks that a role's own communities sent: they know it, whomever else it may fit."""
        with self.database.reading() as session:
            names = session.execute(
                sa.select(col(ImportFile.name)).where(col(ImportFile.community_id).in_(self.own_communities(role)))
            ).scalars()
            files = [DEMO / "wishes" / name for name in names]
        return "\n".join(
            workbook_text(file.read_bytes())
            if file.suffix == ".xlsx"
            else file.read_bytes().decode("gb18030", "replace")
            for file in files
        )

    def own_communities(self, role: Role) -> frozenset[int]:
        return self.people[role][0].ids(Role.SOCIAL_WORKER, self.campaign_id, "community_id")


def load(settings: Settings, *, workbooks: int | None) -> Loaded:
    """Load the first *workbooks* files (None: all) as they would be sent, and let seven weeks pass."""
    database = Database(settings)
    upgrade(database)
    with suppress(FileExistsError):
        create_keyring(settings.keys_dir)
    keyring = read_keyring(settings.keys_dir)
    now = utc_now()
    story = job.Story(database, keyring, DEMO, now, lambda _text: None)
    job.load(story)
    campaign_id = story.campaign_id
    operator = Actor(None, "test", (Grant(Role.SITE_ADMIN),))
    originals = Originals(settings.uploads_dir, keyring)
    for file in sorted((DEMO / "wishes").iterdir())[:workbooks]:
        with database.transaction() as session:
            receive(
                session,
                originals,
                campaign_id=campaign_id,
                name=file.name,
                data=file.read_bytes(),
                batch="test",
                actor=operator,
                now=story.at(1),
            )
    process_queue(database, originals, keyring, clock=utc_now, seconds=600)
    total = sum(story.statuses().values())
    job.publish(story, first=total // 2)
    job.match_all(story)
    job.answer(story)
    job.carry(story, share=0.9)
    job.deliver(story, share=0.6)
    job.publish(story, day=49)
    job.match_all(story, day=50)
    job.browse(story, most=20)
    with database.reading() as session:
        colleagues = [
            str(name)
            for table in (Volunteer, Branch, Community, ImportFile)
            for name in session.execute(sa.select(col(table.name))).scalars()
        ]
        personal = personal_values(session, Vault(keyring), [*vocabulary(), *colleagues])
    made = Loaded(settings, database, create_app(settings), "hangzhou-2021", campaign_id, personal)
    _people(made)
    sweep(database, now=now)
    relay(database, now=now)
    for hours in (0, 6, 12, 18):  # whatever time it is now, one of these is day
        at = now + timedelta(hours=hours)
        deliver(database, Outlets.of([Console(made.sent)]), clock=lambda at=at: at)  # type: ignore[misc]
    return made


def _people(made: Loaded) -> None:
    now = utc_now()
    with made.database.transaction() as session:
        demo_sign_ins(session, campaign_id=made.campaign_id, now=now)
        for role in Role:
            account_id = account_by_login(session, f"demo-{role.value.replace('_', '-')}") or 0
            cookie = open_session(session, account_id=account_id, now=now, hours=1)
            token = create_token(session, account_id=account_id, name="crawler", now=now)
            made.people[role] = actor_of_account(session, account_id), cookie, token
        made.shared_link = share(
            session,
            campaign_id=made.campaign_id,
            label="",
            narrow=Narrow(),
            days=2,
            actor=made.people[Role.COORDINATOR][0],
            now=now,
        )


def vocabulary() -> list[str]:
    """What is public anyway: places, catalogue, registers of branches and volunteers, word lists, templates, scripts."""
    texts = [path.read_text("utf-8") for path in (DEMO / "places.csv", DEMO / "catalogue.csv", DEMO / "campaign.json")]
    for folder, kinds in (
        (TEMPLATES, "*.html"),
        (PACKAGE_DIR, "*.py"),
        (PACKAGE_DIR / "intake" / "words", "*.tsv"),
        (PACKAGE_DIR / "static", "*.js"),
    ):
        texts += [path.read_text("utf-8") for path in sorted(folder.rglob(kinds)) if "vendor" not in path.parts]
    for name in ("branches", "members", "volunteers"):
        texts.append(workbook_text((DEMO / f"{name}.xlsx").read_bytes()))
    return texts


def workbook_text(data: bytes) -> str:
    """Every cell, header, footer, comment and property of a workbook."""
    found = []
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        for name in packed.namelist():
            found.append(packed.read(name).decode("utf-8", "replace"))
    return "\n".join(found)


def copied(settings: Settings, folder: Path) -> Path:
    """The var directory as a thief would have it, without the keys."""
    target = folder / "stolen"
    shutil.copytree(settings.var_dir, target, ignore=shutil.ignore_patterns("keys"))
    return target
