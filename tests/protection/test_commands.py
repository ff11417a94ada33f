"""``microwish keys``, ``anonymise``, ``hold`` and ``audit``, as somebody types them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from tests.factories import NOW
from tests.protection.world import CHILD, World
from wishes.access import SYSTEM
from wishes.cli import Workbench
from wishes.commands.protection import COMMANDS
from wishes.db import Database
from wishes.events.actions import record
from wishes.model import table_of
from wishes.protection.approvals import see_identity
from wishes.protection.tables import AuditEntry
from wishes.settings import Settings


@pytest.fixture
def world(sqlite_settings: Settings) -> World:
    return World(sqlite_settings, Database(sqlite_settings))


def microwish(world: World, *words: str) -> Result:
    environment = {
        "MICROWISH_VAR_DIR": str(world.settings.var_dir),
        "MICROWISH_DATABASE_URL": world.settings.database_url,
    }
    command = next(command for command in COMMANDS if command.name == words[0])
    return CliRunner().invoke(command, words[1:], env=environment, obj=Workbench())


def answer(world: World, *words: str) -> Any:
    done = microwish(world, *words, "--json")
    assert done.exit_code == 0, (done.stdout, done.stderr, done.exception)
    return json.loads(done.stdout)


def test_a_dry_run_changes_nothing_and_a_campaign_that_is_not_closed_is_refused(world: World) -> None:
    kid = world.kid()
    told = answer(world, "anonymise", "--campaign", world.place.slug, "--dry-run")
    assert told["dry_run"] and told["children"] == 1 and told["due_on"] is None
    refused = microwish(world, "anonymise", "--campaign", world.place.slug)
    assert refused.exit_code == 1 and "closed" in refused.output
    assert world.child(kid).data_key is not None
    done = answer(world, "anonymise", "--campaign", world.place.slug, "--now")
    assert done["children"] == 1 and world.child(kid).data_key is None
    assert (world.settings.var_dir / "erasures.jsonl").exists()
    assert answer(world, "anonymise", "--campaign", world.place.slug, "--dry-run")["children"] == 0


def test_a_hold_is_placed_and_lifted(world: World) -> None:
    world.kid()
    number = microwish(world, "hold", "place", "--campaign", world.place.slug, "--reason", "法院来函").stdout.strip()
    held = microwish(world, "anonymise", "--campaign", world.place.slug, "--now")
    assert held.exit_code == 1 and world.one(sa.select(sa.func.count()).where(CHILD.c.data_key.is_not(None))) == 1
    assert microwish(world, "hold", "lift", number).exit_code == 0
    assert microwish(world, "anonymise", "--campaign", world.place.slug, "--now").exit_code == 0


def test_keys_are_rotated(world: World) -> None:
    kid = world.kid()
    told = answer(world, "keys", "rotate", "--patience", "5")
    assert told["kid"] == 2 and told["retired"] == [1]
    with world.database.transaction() as session:
        seen = see_identity(session, child_id=kid.id, reason="核对", keyring=world.keyring, actor=world.worker, now=NOW)
    assert seen["name"] == kid.name


def test_verify_says_what_is_whole_and_names_the_first_row_that_is_not(world: World) -> None:
    with world.database.transaction() as session:
        for i in range(4):
            record(session, action="share", campaign_id=world.place.id, now=NOW, actor=SYSTEM, data={"view_id": i})
    roles = world.one(
        sa.select(sa.func.count()).select_from(table_of(AuditEntry))
    )  # who was given one is on record, too
    assert answer(world, "audit", "verify")["not_sealed_yet"] == {"event": 4, "entry": roles}
    assert answer(world, "audit", "verify")["rows"] == 4 + roles
    with world.database.transaction() as session:
        session.execute(sa.text("DROP TRIGGER event_no_update"))
        session.execute(sa.text("UPDATE event SET actor_id = 99 WHERE id = 3"))
    spoilt = microwish(world, "audit", "verify", "--json")
    assert spoilt.exit_code == 1
    told = json.loads(spoilt.stdout)
    assert (told["whole"], told["damage"], told["row"]) == (False, "altered", "event:3")


def test_an_export_is_an_anchor_that_a_shortened_chain_does_not_pass(world: World, tmp_path: Path) -> None:
    with world.database.transaction() as session:
        for _ in range(4):
            record(session, action="share", campaign_id=world.place.id, now=NOW, actor=SYSTEM)
    assert microwish(world, "audit", "export", str(tmp_path / "kept.jsonl")).exit_code == 0
    for file in (world.settings.var_dir / "audit").iterdir():
        file.unlink()
    with world.database.transaction() as session:
        for table in ("event", "audit_link", "audit_anchor"):
            session.execute(sa.text(f"DROP TRIGGER {table}_no_delete"))
        session.execute(sa.text("DELETE FROM event WHERE id > 2"))
        session.execute(sa.text("DELETE FROM audit_link WHERE seq > 2"))
        session.execute(sa.text("DELETE FROM audit_anchor"))
    cut = microwish(world, "audit", "verify", "--anchors", str(tmp_path / "kept.jsonl"), "--json")
    assert cut.exit_code == 1 and json.loads(cut.stdout)["damage"] == "cut"


def test_a_years_papers_are_in_one_folder_and_name_no_child(world: World, tmp_path: Path) -> None:
    kid = world.kid()
    with world.database.transaction() as session:
        see_identity(session, child_id=kid.id, reason="家访", keyring=world.keyring, actor=world.worker, now=NOW)
    told = answer(world, "audit", "pack", "--year", "2021", "--into", str(tmp_path / "pack"))
    assert (told["looks"], told["consents"]) == (1, 1)
    with open(tmp_path / "pack" / "looks.csv", encoding="utf-8-sig") as file:
        [look] = csv.DictReader(file)
    assert look["reason"] == "家访" and look["alias"] == world.child(kid).alias and "name" in look["fields"]
    whole = b"".join(path.read_bytes() for path in (tmp_path / "pack").iterdir()).decode()
    assert not any(secret in whole for secret in kid.secrets)
    assert answer(world, "audit", "pack", "--year", "2020", "--into", str(tmp_path / "other"))["looks"] == 0
