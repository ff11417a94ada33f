"""What people see of scans: the finder of a parcel, the coordinator with two stories, the auditor with the whole record."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image
from sqlmodel import col

from tests.factories import Place, code_of
from tests.handover.scans import ScanWorld, report, scan_world, with_identity
from tests.web.people import Person
from wishes.access import SYSTEM, Role
from wishes.campaigns.rules import Rules
from wishes.campaigns.tables import Campaign
from wishes.clock import utc_now
from wishes.db import Database
from wishes.errors import NotFound
from wishes.handover.actions import Codes, issue_codes
from wishes.handover.keys import signing_keys
from wishes.handover.photos import empty_photos, keep_photo, photos_of, see_photo, sweep_photos
from wishes.handover.tables import ScanPhoto
from wishes.handover.tokens import human_code
from wishes.people.queries import actor_of_account
from wishes.protection.keyring import read_keyring
from wishes.protection.rotation import rotate
from wishes.protection.vault import Vault
from wishes.settings import Settings

HOUR = timedelta(hours=1)


@pytest.fixture
def settings(sqlite_settings: Settings) -> Settings:
    """Pages ask nothing of the database that its own tests do not."""
    return sqlite_settings


@pytest.fixture
def world(app: Flask, database: Database, settings: Settings, place: Place) -> ScanWorld:
    made = scan_world(database, settings.keys_dir, place)
    made.now, made.signer = utc_now() - timedelta(hours=5), signing_keys(made.keyring)[0]
    return made


def code(world: ScanWorld, codes: Codes) -> str:
    with world.database.reading() as session:
        return code_of(session, codes.wish_id)


def picture(side: int = 64) -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "SECRET-MAKER"
    made = io.BytesIO()
    Image.new("RGB", (side, side), (200, 30, 30)).save(made, "JPEG", exif=exif)
    return made.getvalue()


def test_a_stranger_learns_how_to_bring_it_back_and_nothing_of_the_child(app: Flask, world: ScanWorld) -> None:
    codes = world.parcel()
    with world.database.transaction() as session:
        rules = Rules(finder_contact="0571-0000 0000（工作日 9–17 时）").model_dump(mode="json")
        session.execute(sa.update(Campaign).where(col(Campaign.id) == world.place.id).values(rules=rules))
    for address in (f"/h/{codes.label.text}", f"/H/{codes.label.text}", f"/h/{human_code(codes.label)}"):
        shown = Person(app).get(address)
        assert shown.status_code == 200 and "0571-0000 0000" in shown.text
        main = shown.text.split("<main", 1)[1].split("</main", 1)[0].replace("社区居委会", "")
        assert not [told for told in (code(world, codes), "书包", "儿童 ", "社区", "330102") if told in main]
    assert "bring it back" in Person(app).get(f"/h/{codes.label.text}?lang=en").text.lower()


def test_who_may_scan_goes_on_to_do_so_and_others_see_what_a_stranger_sees(app: Flask, world: ScanWorld) -> None:
    codes = world.parcel()
    courier, auditor = (Person(app, (world.place.grant(role),)) for role in (Role.COURIER, Role.AUDITOR))
    assert courier.get(f"/h/{codes.label.text}").location.startswith(f"/c/{world.place.slug}/scan?label=")
    assert auditor.get(f"/h/{codes.label.text}").status_code == 200


def test_a_void_an_expired_and_a_forged_label_say_so(app: Flask, world: ScanWorld) -> None:
    codes, old = world.parcel(), world.parcel()
    with world.database.transaction() as session:
        issue_codes(session, wish_id=codes.wish_id, signer=world.signer, now=utc_now(), anew=True)
        session.execute(sa.text(f"UPDATE label SET expires_on = '2021-01-01' WHERE wish_id = {old.wish_id}"))
    nobody = Person(app)
    assert "已作废" in nobody.get(f"/h/{codes.label.text}").text
    assert "已过期" in nobody.get(f"/h/{old.label.text}").text
    assert nobody.get(f"/h/{codes.label.text[:-1]}7").status_code == 404
    assert nobody.get("/h/ABCD-EFGH-JKM").status_code == 404
    assert "签收码" in nobody.get(f"/h/{codes.receipt.text}").text


def test_a_coordinator_hears_both_sides_and_says_which_counts(app: Flask, world: ScanWorld) -> None:
    codes = world.parcel()
    first, second = report(codes, at=world.now + HOUR), report(codes, at=world.now + 2 * HOUR)
    for sent in (first, second):
        world.take(world.courier(), sent, later=3 * HOUR)
    coordinator, desk = Person(app, world.place.coordinator.grants), f"/c/{world.place.slug}/hand-overs"
    assert "两台设备都登记了交接" in coordinator.get(desk).text
    refused = coordinator.post(f"{desk}/{codes.claim_id}", desk, standing=second.nonce, reason="")
    assert refused.status_code == 422
    settled = coordinator.post(f"{desk}/{codes.claim_id}", desk, standing=second.nonce, reason="问过收件人")
    assert settled.status_code == 302 and world.standing(codes)[2] == [second.nonce]
    assert "没有要核对的交接" in coordinator.get(desk).text
    assert "问过收件人" in coordinator.get(f"{desk}?all=1").text
    assert "问过收件人" in coordinator.get(f"/c/{world.place.slug}/wishes/{code(world, codes)}/hand-over?lang=en").text


def test_the_record_says_who_when_by_which_clock_on_what_and_who_looked(app: Flask, world: ScanWorld) -> None:
    with_identity(world)
    codes, wrong = world.parcel(), timedelta(hours=30)
    told = {"receiver": "authorised", "receiver_name": "甲乙丙", "note": "交给了邻居"}
    sent = report(codes, at=world.now + HOUR + wrong, sent_at=world.now + 2 * HOUR + wrong, evidence=told)
    world.take(world.courier(), sent, later=2 * HOUR)
    page = f"/c/{world.place.slug}/wishes/{code(world, codes)}/hand-over"
    shown = Person(app, (world.place.grant(Role.AUDITOR),)).get(page)
    for part in ("快 30:00", "受托人", "交给了邻居", sent.nonce, sent.digest.hex(), "扫码"):
        assert part in shown.text, part
    assert "甲乙丙" not in shown.text, "an auditor reads everything but identities"
    coordinator = Person(app, world.place.coordinator.grants).get(page)
    assert "甲乙丙" not in coordinator.text and "谁看过这份记录" in coordinator.text
    worker = Person(app, world.place.social_worker.grants)
    assert worker.get(page).status_code == 403


def test_a_photograph_follows_its_scan_once_and_carries_nothing_else(
    app: Flask, world: ScanWorld, settings: Settings
) -> None:
    codes, grants = world.parcel(), (world.place.grant(Role.COURIER),)
    courier = Person(app, grants)
    with world.database.reading() as session:
        account_id = session.execute(sa.text("SELECT max(id) FROM account")).scalar_one()
        actor = actor_of_account(session, account_id)
    sent = report(codes, at=world.now + HOUR)
    world.take(actor, sent, later=2 * HOUR)
    page, address = f"/c/{world.place.slug}/scan", f"/c/{world.place.slug}/scans/{sent.nonce}/photo"
    for kept in (True, False):
        answer = courier.post(address, page, photo=(io.BytesIO(picture()), "a.jpg"))
        assert answer.get_json() == {"nonce": sent.nonce, "kept": kept}
    assert courier.post(address, page, photo=(io.BytesIO(b"<html>"), "a.jpg")).status_code == 422
    assert courier.post(f"{address[:-6]}x/photo", page, photo=(io.BytesIO(picture()), "a.jpg")).status_code == 404
    other = Person(app, grants)
    assert other.post(address, page, photo=(io.BytesIO(picture(32)), "b.jpg")).status_code == 404
    coordinator = Person(app, world.place.coordinator.grants)
    record = f"/c/{world.place.slug}/wishes/{code(world, codes)}/hand-over"
    with world.database.reading() as session:
        photo_id = session.execute(sa.select(col(ScanPhoto.id))).scalar_one()
    shown = coordinator.client.get(f"{record}/photo/{photo_id}")
    assert shown.content_type == "image/jpeg" and b"SECRET-MAKER" not in shown.data
    assert f"photo/{photo_id}" in coordinator.get(record).text
    on_disk = next((settings.uploads_dir / "scans").glob("*.sealed")).read_bytes()
    assert b"JFIF" not in on_disk


def test_a_lost_phone_is_switched_off(app: Flask, world: ScanWorld) -> None:
    codes, courier = world.parcel(), world.courier()
    world.take(courier, report(codes, at=world.now + HOUR, device_seq=4), later=2 * HOUR)
    coordinator, page = Person(app, world.place.coordinator.grants), f"/c/{world.place.slug}/devices"
    assert "缺号" in coordinator.get(page).text
    with world.database.reading() as session:
        device_id = session.execute(sa.text("SELECT id FROM device")).scalar_one()
    assert coordinator.post(f"{page}/{device_id}/revoke", page).status_code == 302
    later = report(world.parcel(), at=utc_now() + HOUR, device_seq=5)
    assert world.one(courier, later, later=8 * HOUR) == ("refused", "device_revoked")


def test_a_replaced_label_is_void_at_once(app: Flask, world: ScanWorld) -> None:
    codes = world.parcel()
    coordinator = Person(app, world.place.coordinator.grants)
    page = f"/c/{world.place.slug}/wishes/{code(world, codes)}"
    assert coordinator.post(f"{page}/new-label", f"{page}/hand-over").status_code == 302
    assert "换新标签，旧的作废" in coordinator.get(page).text
    assert world.one(world.courier(), report(codes, at=utc_now() + HOUR), later=8 * HOUR) == (
        "refused",
        "token_revoked",
    )


def test_a_coordinator_says_what_a_finder_is_told(app: Flask, world: ScanWorld) -> None:
    codes, page = world.parcel(), f"/c/{world.place.slug}/devices"
    coordinator = Person(app, world.place.coordinator.grants)
    assert coordinator.post(f"/c/{world.place.slug}/finder-contact", page, contact="x" * 81).status_code == 422
    saved = coordinator.post(f"/c/{world.place.slug}/finder-contact", page, contact="  0571-0000  0001 ")
    assert saved.status_code == 302 and 'value="0571-0000 0001"' in coordinator.get(page).text
    assert "0571-0000 0001" in Person(app).get(f"/h/{codes.label.text}").text


def test_an_erased_childs_photographs_are_noise_and_then_gone(world: ScanWorld, settings: Settings) -> None:
    codes, courier, uploads = world.parcel(), world.courier(), settings.uploads_dir
    sent = report(codes, at=world.now + HOUR)
    world.take(courier, sent, later=2 * HOUR)
    vault = Vault(world.keyring)
    with world.database.transaction() as session:
        assert keep_photo(
            session, campaign_id=world.place.id, nonce=sent.nonce, data=picture(), uploads=uploads, vault=vault,
            actor=courier, now=utc_now(),
        )  # fmt: skip
        [photo] = photos_of(session, codes.wish_id)
    rotate(world.database, settings.keys_dir, actor=SYSTEM, now=utc_now())
    turned = Vault(read_keyring(settings.keys_dir))
    with world.database.transaction() as session:
        shown = see_photo(session, wish_id=codes.wish_id, photo_id=photo.id, uploads=uploads, vault=turned)
        assert shown.startswith(b"\xff\xd8"), "also under the next key"
        empty_photos(session, [world.place.child_id])
        with pytest.raises(NotFound):
            see_photo(session, wish_id=codes.wish_id, photo_id=photo.id, uploads=uploads, vault=turned)
        sweep_photos(session, uploads)
    assert list((uploads / "scans").iterdir()) == []
