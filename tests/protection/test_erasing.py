"""Erased is erased: here, on disk, in backups, and after a restore."""

from __future__ import annotations

import json
import pickle
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.factories import NOW, make_wish
from tests.protection.world import CHILD, CONSENT, FILE, LATER, ROW, WISH, Kid, World
from wishes.access import SYSTEM
from wishes.campaigns.tables import Campaign
from wishes.db import Database
from wishes.events.actions import record
from wishes.events.tables import Event
from wishes.intake.sealing import open_identity
from wishes.intake.wishes import Filter, status_counts
from wishes.lifecycle import Status
from wishes.model import table_of
from wishes.protection.anonymising import anonymise, anonymise_due, plan
from wishes.protection.audit import anchor_files, anchors_in, seal_all, verify
from wishes.protection.concerns import handle_concern, report
from wishes.protection.erasing import HeldByLaw, erase_child, lift_hold, place_hold
from wishes.protection.register import FILE_NAME, erase_again, write_register
from wishes.protection.rotation import rotate
from wishes.protection.tables import Erasure
from wishes.protection.vault import Erased, Vault
from wishes.reports.public import county_counts
from wishes.settings import Settings
from wishes.tracking.gaps import gaps
from wishes.tracking.ledger import ledger_of
from wishes.tracking.recall import history_of

EVENT, ERASURE, CAMPAIGN = table_of(Event), table_of(Erasure), table_of(Campaign)


def erase(world: World, kid: Kid, cause: str = "guardian") -> str | None:
    with world.database.transaction() as session:
        return erase_child(
            session,
            child_id=kid.id,
            cause=cause,
            keyring=world.keyring,
            originals=world.originals,
            actor=world.worker,
            now=LATER,
        )


def forget(world: World, **more: Any) -> None:
    anonymise(
        world.database,
        campaign_id=world.place.id,
        keyring=world.keyring,
        originals=world.originals,
        actor=SYSTEM,
        now=LATER,
        **more,
    )


def test_an_erased_child_leaves_nothing_that_opens_and_keeps_its_figures(world: World) -> None:
    kid, other = world.kid(status=Status.DELIVERED), world.kid()
    assert erase(world, kid)
    child, wish = world.child(kid), world.wish(kid)
    assert child.data_key is child.identity is child.name_index is None and child.erased_at == LATER
    assert child.sex == "F" and child.birth_year == 2012
    assert wish.status == Status.DELIVERED and wish.detail == ""
    assert world.rows(sa.select(ROW.c.reading).where(ROW.c.wish_id == kid.wish_id)) == [(None,)]
    assert world.rows(sa.select(CONSENT.c.evidence).where(CONSENT.c.child_id == kid.id)) == [("",)]
    with pytest.raises(Erased):
        open_identity(world.vault, kid.id, child.data_key, child.identity)
    assert len(list(world.settings.uploads_dir.rglob("*.sealed"))) == 1  # the other child's
    assert open_identity(world.vault, other.id, *world.child(other)[9:11])["name"] == other.name
    assert erase(world, kid) is None


def test_a_row_that_was_refused_but_tells_of_the_same_child_is_emptied_too(world: World) -> None:
    kid, other = world.kid(), world.kid()
    with world.database.transaction() as session:  # as rejected and waiting entries are: without a wish
        session.execute(sa.update(ROW).where(ROW.c.wish_id.in_([kid.wish_id, other.wish_id])).values(wish_id=None))
    erase(world, kid)
    left = world.rows(sa.select(ROW.c.reading.is_(None)).order_by(ROW.c.id))
    assert [bool(gone) for (gone,) in left] == [True, False]


def test_a_legal_hold_forbids_erasing_until_it_is_lifted(world: World) -> None:
    kid = world.kid()
    with world.database.transaction() as session:
        hold = place_hold(
            session, campaign_id=world.place.id, child_id=kid.id, reason="法院来函", actor=world.admin, now=NOW
        )
    with pytest.raises(HeldByLaw):
        erase(world, kid)
    assert world.child(kid).data_key is not None
    with world.database.transaction() as session:
        assert lift_hold(session, hold_id=hold, actor=world.admin, now=NOW)
        assert not lift_hold(session, hold_id=hold, actor=world.admin, now=NOW)
    assert erase(world, kid)


def test_a_backup_with_the_wrapped_key_is_noise_once_the_keys_were_rotated(world: World) -> None:
    kid = world.kid()
    backup = world.child(kid)
    erase(world, kid)
    rotate(world.database, world.settings.keys_dir, actor=SYSTEM, now=LATER, patience=5)
    with pytest.raises(Exception, match="key_missing"):
        open_identity(Vault(world.keyring), kid.id, backup.data_key, backup.identity)


def test_the_plan_says_what_would_be_done_and_changes_nothing(world: World) -> None:
    kids = [world.kid() for _ in range(3)]
    with world.database.reading() as session:
        found = plan(session, world.place.id, world.keyring)
    assert (found.children, found.readings, found.originals) == (3, 3, 3)
    assert found.due_on is None and not found.held
    assert all(world.child(kid).data_key is not None for kid in kids)


def test_anonymising_forgets_everybody_and_keeps_every_figure_to_the_byte(world: World) -> None:
    kids = [world.kid(status=Status.OPEN) for _ in range(4)]
    with world.database.transaction() as session:
        done = make_wish(session, world.place, status=Status.DELIVERED)
        for action, old, new, days in (("claim", "open", "claimed", 0), ("deliver", "in_transit", "delivered", 5)):
            record(
                session,
                action=action,
                campaign_id=world.place.id,
                wish_id=done,
                now=NOW + timedelta(days=days),
                actor=SYSTEM,
                old=Status(old),
                new=Status(new),
            )
        record(
            session,
            action="share",
            campaign_id=world.place.id,
            now=NOW,
            actor=SYSTEM,
            reason=f"{kids[0].guardian}来过电话",
        )
        concern = report(
            session,
            world.vault,
            campaign_id=world.place.id,
            words=f"担心{kids[1].name}",
            contact="",
            sender="a",
            actor=world.worker,
            now=NOW,
        )
        handle_concern(session, concern, answer="已转介", actor=world.admin, now=NOW)
    seal_all(world.database, keyring=world.keyring, now=NOW, folder=world.settings.var_dir / "audit", patience=5)

    def figures() -> bytes:
        with world.database.reading() as session:
            told = [
                gaps(
                    session, world.place.id, as_of=NOW + timedelta(days=30), measure=measure, by=("county", "category")
                )
                for measure in ("claim_to_delivery", "published_to_delivery")
            ]
            ledger = replace(ledger_of(history_of(session, world.place.id)), recorded=0)
            public = status_counts(session, world.place.id, Filter()), county_counts(session, world.place.id)
        return json.dumps(told, default=str, sort_keys=True).encode() + pickle.dumps((ledger, public))

    before = figures()
    forget(world)
    assert figures() == before
    for kid in kids:
        assert world.child(kid).data_key is world.child(kid).identity is world.child(kid).name_index is None
    assert world.one(sa.select(sa.func.count()).where(ROW.c.reading.is_not(None))) == 0
    assert world.one(sa.select(sa.func.count()).where(FILE.c.original_key.is_not(None))) == 0
    assert not list(world.settings.uploads_dir.rglob("*.sealed"))
    assert world.rows(sa.select(EVENT.c.reason).where(EVENT.c.action == "share")) == [("〔已删除〕",)]
    everything = (
        world.rows(sa.select(FILE.c.name))
        + world.rows(sa.select(EVENT.c.reason))
        + world.rows(sa.select(WISH.c.detail))
    )
    assert not any(secret in str(everything) for kid in kids for secret in kid.secrets)
    with world.database.reading() as session:  # and the record still proves itself, words taken out or not
        anchors = anchors_in(*anchor_files(world.settings.var_dir / "audit"))
        assert verify(session, keyring=world.keyring, anchors=anchors).whole


def test_what_is_taken_out_of_the_record_is_not_replaced_by_anything_else(world: World) -> None:
    kid = world.kid()
    with world.database.transaction() as session:
        event = record(
            session, action="share", campaign_id=world.place.id, now=NOW, actor=SYSTEM, reason=f"{kid.guardian}来过"
        )
    seal_all(world.database, keyring=world.keyring, now=NOW, folder=world.settings.var_dir / "audit", patience=5)
    forget(world)
    seal_all(world.database, keyring=world.keyring, now=NOW, folder=world.settings.var_dir / "audit", patience=5)
    with world.database.transaction() as session:
        trigger = "event_no_rewording" if world.database.on_sqlite else "event_no_rewording ON event"
        session.execute(sa.text(f"DROP TRIGGER {trigger}"))
        session.execute(sa.update(EVENT).where(EVENT.c.id == event).values(reason="别的"))
    with world.database.reading() as session:
        finding = verify(session, keyring=world.keyring).finding
    assert finding is not None and finding.row_id == f"event:{event}"


def test_children_under_a_hold_stay_and_a_held_campaign_is_left_alone(world: World) -> None:
    kept, gone = world.kid(), world.kid()
    with world.database.transaction() as session:
        place_hold(session, campaign_id=world.place.id, child_id=kept.id, reason="法院", actor=world.admin, now=NOW)
    forget(world)
    assert world.child(kept).data_key is not None and world.child(gone).data_key is None
    assert world.one(sa.select(sa.func.count()).where(FILE.c.original_key.is_not(None))) == 1
    with world.database.transaction() as session:
        place_hold(session, campaign_id=world.place.id, child_id=None, reason="法院", actor=world.admin, now=NOW)
    with pytest.raises(HeldByLaw):
        forget(world)


def test_a_closed_campaign_forgets_by_itself_when_its_time_has_come_and_not_before(world: World) -> None:
    kid = world.kid()
    days = {"keyring": world.keyring, "originals": world.originals}
    assert not anonymise_due(world.database, now=NOW + timedelta(days=4000), **days)  # it was never closed
    with world.database.transaction() as session:
        session.execute(sa.update(CAMPAIGN).where(CAMPAIGN.c.id == world.place.id).values(closed_at=NOW))
    assert not anonymise_due(world.database, now=NOW + timedelta(days=179), **days)
    assert world.child(kid).data_key is not None
    assert len(anonymise_due(world.database, now=NOW + timedelta(days=180), **days)) == 1
    assert world.child(kid).data_key is None
    assert not anonymise_due(world.database, now=NOW + timedelta(days=181), **days)


def test_a_restored_backup_is_erased_again_before_it_is_used(sqlite_settings: Settings, tmp_path: Path) -> None:
    database = Database(sqlite_settings)
    world = World(sqlite_settings, database)
    kid, stays = world.kid(), world.kid()
    file = Path(str(database.engine.url.database))
    database.dispose()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(file, tmp_path / "backup")
    erase(world, kid)
    assert write_register(database, sqlite_settings.var_dir) == 1
    assert write_register(database, sqlite_settings.var_dir) == 0
    database.dispose()
    for each in file.parent.glob(f"{file.name}-*"):
        each.unlink()
    shutil.copy(tmp_path / "backup", file)  # the administrator restores it
    database = world.database = Database(sqlite_settings)
    assert world.child(kid).data_key is not None
    again = erase_again(
        database, keyring=world.keyring, originals=world.originals, folder=sqlite_settings.var_dir, now=LATER
    )
    assert again == {"children": 1, "campaigns": 0}
    assert world.child(kid).data_key is None and world.child(stays).data_key is not None
    assert not any(secret in (sqlite_settings.var_dir / FILE_NAME).read_text() for secret in kid.secrets)
    database.dispose()


def test_a_restored_campaign_is_anonymised_again_and_another_database_is_not_touched(
    world: World, tmp_path: Path
) -> None:
    kid = world.kid()
    forget(world)
    folder = world.settings.var_dir
    write_register(world.database, folder)
    with world.database.transaction() as session:  # as a restore would: the child is back, the erasure unknown
        session.execute(sa.delete(ERASURE))
    other = world.kid()
    told = {"keyring": world.keyring, "originals": world.originals, "now": LATER}
    assert erase_again(world.database, folder=folder, **told) == {"children": 0, "campaigns": 1}
    assert world.child(other).data_key is None and world.child(kid).data_key is None
    lines = [json.loads(line) for line in (folder / FILE_NAME).read_text().splitlines()]
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / FILE_NAME).write_text(
        "\n".join(json.dumps({**line, "uid": "new", "begun_at": "2020-01-01T00:00:00+00:00"}) for line in lines)
    )
    third = world.kid()
    assert erase_again(world.database, folder=tmp_path / "elsewhere", **told) == {"children": 0, "campaigns": 0}
    assert world.child(third).data_key is not None
    assert world.one(sa.select(sa.func.count()).select_from(CHILD)) >= 3
