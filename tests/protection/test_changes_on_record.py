"""Roles, accounts, ways in and the installation's settings: each change is an entry of the chain, and the auditor's page shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from sqlmodel import Session, col

from tests.factories import make_account
from tests.protection.world import World
from tests.web.people import Person, app_of
from wishes.access import Actor, Role
from wishes.cli import Workbench
from wishes.clock import utc_now
from wishes.commands.people import users
from wishes.model import table_of
from wishes.people import actions, connections
from wishes.people.recovering import decide, recover
from wishes.people.second_step import set_up, switch_off
from wishes.people.tables import Account, Recovery, RoleGrant
from wishes.protection.audit import seal_all, verify
from wishes.protection.chain import Damage
from wishes.protection.entries import KINDS
from wishes.protection.installation import note_settings, told
from wishes.protection.tables import AuditEntry

ENTRY, GRANT = table_of(AuditEntry), table_of(RoleGrant)


def close(session: Session, account_id: int, by: Actor) -> None:
    actions.set_active(session, account_id=account_id, active=False, now=utc_now(), actor=by)


def reopen(session: Session, account_id: int, by: Actor) -> None:
    actions.set_active(session, account_id=account_id, active=True, now=utc_now(), actor=by)


def password(session: Session, account_id: int, by: Actor) -> None:
    actions.set_password(session, account_id=account_id, password="seven quiet herons", now=utc_now(), actor=by)


def login(session: Session, account_id: int, by: Actor) -> None:
    actions.set_login(session, account_id=account_id, login="13900000777", now=utc_now(), actor=by)


def step(session: Session, account_id: int, by: Actor) -> None:
    secret = pyotp.random_base32()
    code = pyotp.TOTP(secret).at(utc_now())
    assert set_up(session, account_id=account_id, secret=secret, code=code, secret_key="k", now=utc_now(), actor=by)


def no_step(session: Session, account_id: int, by: Actor) -> None:
    switch_off(session, account_id=account_id, now=utc_now(), actor=by)


def connect(session: Session, account_id: int, by: Actor) -> None:
    told = {"account_id": account_id, "provider": "wechat", "now": utc_now(), "actor": by}
    connections.connect(session, digests=[b"d" * 32], **told)
    assert connections.disconnect(session, **told)


def token(session: Session, account_id: int, by: Actor) -> None:
    actions.create_token(session, account_id=account_id, name="x", now=utc_now(), actor=by)
    actions.revoke_tokens(session, account_id=account_id, now=utc_now(), actor=by)


def role(session: Session, account_id: int, by: Actor) -> None:
    actions.grant_role(session, account_id=account_id, role=Role.COURIER, now=utc_now(), actor=by)
    actions.grant_role(session, account_id=account_id, role=Role.COURIER, now=utc_now(), actor=by)  # given already
    [number] = session.execute(
        sa.select(GRANT.c.id).where(GRANT.c.account_id == account_id, GRANT.c.role == Role.COURIER)
    ).scalars()
    actions.revoke_role(session, grant_id=number, now=utc_now(), actor=by)


CHANGES: list[tuple[Callable[[Session, int, Actor], None], list[str]]] = [
    (role, ["grant_role", "revoke_role"]),
    (password, ["password"]),
    (login, ["login"]),
    (step, ["second_step"]),
    (no_step, ["no_second_step"]),
    (connect, ["connect", "disconnect"]),
    (token, ["token", "no_token"]),
    (close, ["close_account"]),
    (reopen, ["reopen_account"]),
]


@pytest.mark.parametrize(("change", "kinds"), CHANGES, ids=[change.__name__ for change, _ in CHANGES])
def test_each_change_is_in_the_chain_with_who_did_it_to_whom(
    world: World, change: Callable[[Session, int, Actor], None], kinds: list[str]
) -> None:
    with world.database.transaction() as session:
        account_id = make_account(session, (world.place.grant(Role.VOLUNTEER),), now=utc_now())
    before = world.one(sa.select(sa.func.max(ENTRY.c.id)))
    with world.database.transaction() as session:
        change(session, account_id, world.admin)
    found = world.rows(sa.select(ENTRY).where(ENTRY.c.id > before).order_by(ENTRY.c.id))
    assert [row.kind for row in found] == kinds
    assert {(row.actor_id, row.account_id) for row in found} == {(world.admin.account_id, account_id)}
    told = str([tuple(row) for row in found])
    assert "13900000777" not in told and "herons" not in told
    seal_all(world.database, keyring=world.keyring, now=utc_now(), folder=world.settings.var_dir / "audit", patience=30)
    with world.database.reading() as session:
        report = verify(session, keyring=world.keyring)
    assert report.whole and not report.unsealed
    with world.database.transaction() as session:
        tamper(session, found[-1].id)
    with world.database.reading() as session:
        report = verify(session, keyring=world.keyring)
    assert report.finding is not None and report.finding.damage is Damage.ALTERED
    assert report.finding.row_id == f"entry:{found[-1].id}"


def tamper(session: Session, entry_id: int) -> None:
    """Say that it was done to somebody else, as who owns the database can."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(sa.text("DROP TRIGGER audit_entry_no_update"))
    else:
        session.execute(sa.text("ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_no_update"))
    session.execute(sa.update(ENTRY).where(ENTRY.c.id == entry_id).values(account_id=1))


def test_getting_an_account_back_is_on_record_from_asking_to_the_new_password(world: World) -> None:
    with world.database.transaction() as session:
        account_id = make_account(session, (world.place.grant(Role.COORDINATOR),), now=utc_now())
        assert not recover(session, account_id=account_id, password="seven quiet herons", now=utc_now())
        waiting = int(session.execute(sa.select(col(Recovery.id))).scalar_one())
        decide(session, recovery_id=waiting, approved=True, actor=world.admin, now=utc_now())
        assert recover(session, account_id=account_id, password="seven quiet herons", now=utc_now())
    found = world.rows(
        sa.select(ENTRY.c.kind, ENTRY.c.actor_id).where(ENTRY.c.account_id == account_id).order_by(ENTRY.c.id)
    )
    assert [(row.kind, row.actor_id) for row in found if row.kind not in ("make_account", "grant_role")] == [
        ("ask_recovery", account_id),
        ("decide_recovery", world.admin.account_id),
        ("no_second_step", account_id),
        ("password", account_id),
        ("recover", account_id),
    ]


def test_the_auditor_is_shown_changes_of_accounts_of_the_campaign_and_of_no_other(world: World) -> None:
    app = app_of(world.settings)
    auditor = Person(app, (world.place.grant(Role.AUDITOR),))
    with world.database.transaction() as session:
        here = actions.create_account(session, login="here@example.org", name="本项目的人", now=utc_now())
        actions.grant_role(
            session, account_id=here, role=Role.INSPECTOR, campaign_id=world.place.id, now=utc_now(), actor=world.admin
        )
        elsewhere = actions.create_account(session, login="there@example.org", name="别处的人", now=utc_now())
        for account_id in (here, elsewhere):
            password(session, account_id, Actor(account_id))
        note_settings(session, world.settings, now=utc_now())
    page = f"/c/{world.place.slug}/audit?source=entry"
    shown = auditor.get(f"{page}&who=here@example.org").text
    assert "授予角色" in shown and "质检员" in shown and "更改密码" in shown
    everything = auditor.get(page).text
    assert "there@example.org" not in everything and "更改安装设置" in everything
    assert "Granted a role" in auditor.get(f"{page}&lang=en&what=grant_role").text
    app.extensions["microwish.database"].dispose()


def test_settings_are_noted_when_they_change_and_hold_no_secret(world: World) -> None:
    def note_now(**changed: Any) -> list[str]:
        with world.database.transaction() as session:
            return note_settings(session, replace(world.settings, **changed), now=utc_now())

    assert "second_step_required" in note_now() and note_now() == []
    assert note_now(second_step_required=True) == ["second_step_required"]
    assert note_now(second_step_required=True, session_hours=1) == ["session_hours"]
    kept = str(world.rows(sa.select(ENTRY).where(ENTRY.c.kind == "settings")))
    assert world.settings.secret_key not in kept and world.settings.secret_key not in str(told(world.settings))


def test_roles_are_taken_back_and_sign_ins_renamed_on_the_command_line(world: World) -> None:
    with world.database.transaction() as session:
        account_id = actions.create_account(session, login="13900000888", name="某人", now=utc_now())
        actions.grant_role(session, account_id=account_id, role=Role.COURIER, campaign_id=world.place.id, now=utc_now())
    environment = {
        "MICROWISH_VAR_DIR": str(world.settings.var_dir),
        "MICROWISH_DATABASE_URL": world.settings.database_url,
    }

    def microwish(*words: str) -> int:
        return CliRunner().invoke(users, words, env=environment, obj=Workbench()).exit_code

    assert microwish("revoke", "13900000888", "courier", "--campaign", world.place.slug) == 0
    assert microwish("revoke", "13900000888", "courier", "--campaign", world.place.slug) == 1
    assert microwish("rename", "13900000888", "13900000889") == 0
    assert world.rows(sa.select(GRANT).where(GRANT.c.account_id == account_id)) == []
    assert world.one(sa.select(col(Account.login)).where(col(Account.id) == account_id)) == "13900000889"


def test_every_kind_of_entry_has_words_in_both_languages() -> None:
    assert all(text.zh and text.en and len(kind) <= 24 for kind, text in KINDS.items())
