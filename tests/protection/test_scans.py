"""Photographs of signed consents: nothing but the picture is kept, sealed, opened by who may see the child, gone with the child."""

from __future__ import annotations

import io
import random
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from tests.protection.world import CONSENT, Kid, World
from tests.web.people import Person, app_of
from wishes.access import SYSTEM, Role
from wishes.clock import local_day, utc_now
from wishes.errors import Invalid
from wishes.model import table_of
from wishes.protection.anonymising import anonymise
from wishes.protection.erasing import erase_child
from wishes.protection.keyring import Purpose
from wishes.protection.pictures import LONGEST_SIDE
from wishes.protection.rotation import rotate
from wishes.protection.scans import keep_scan, redrawn, see_scan
from wishes.protection.tables import AuditEntry, ConsentScan

ENTRY, SCAN = table_of(AuditEntry), table_of(ConsentScan)
MARK = b"GPS of the child's home"


def photograph(kind: str = "JPEG", size: tuple[int, int] = (640, 480)) -> bytes:
    """A picture with a red left half, told to be turned, with a place in its metadata and words behind its end."""
    picture = Image.new("RGB", size, "white")
    picture.paste((255, 0, 0), (0, 0, size[0] // 2, size[1]))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it a quarter to the right
    exif[0x010E] = MARK.decode()
    more: dict[str, Any] = {"exif": exif}
    if kind == "PNG":
        words = PngImagePlugin.PngInfo()
        words.add_text("Comment", MARK.decode())
        more["pnginfo"] = words
    made = io.BytesIO()
    picture.save(made, kind, **more)
    return made.getvalue() + MARK


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_nothing_but_the_picture_is_left_and_it_stands_upright(kind: str) -> None:
    given_ = photograph(kind)
    assert given_.count(MARK) >= 2
    kept = redrawn(given_)
    assert MARK not in kept and b"Exif" not in kept
    with Image.open(io.BytesIO(kept)) as picture:
        assert (picture.format, picture.size, dict(picture.getexif())) == ("JPEG", (480, 640), {})
        top, bottom = picture.getpixel((240, 60)), picture.getpixel((240, 580))
        assert isinstance(top, tuple) and isinstance(bottom, tuple)
        assert top[1] < 80 and bottom[1] > 200, "turned as the camera was held"


def test_a_large_picture_is_made_smaller_and_a_flood_of_pixels_is_refused_unread() -> None:
    with Image.open(io.BytesIO(redrawn(photograph(size=(4000, 1000))))) as picture:
        assert max(picture.size) == LONGEST_SIDE
    flood = io.BytesIO()
    Image.new("1", (8000, 6000)).save(flood, "PNG")
    for wrong in (
        flood.getvalue(),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a",
        b"",
        b"x" * (12 * 1024 * 1024 + 1),
    ):
        with pytest.raises(Invalid):
            redrawn(wrong)


@effort(max_examples=120, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(["JPEG", "PNG", "WEBP"]), st.integers(1, 40))
def test_spoilt_pictures_are_refused_or_redrawn_and_crash_nothing(seed: int, kind: str, spoilt: int) -> None:
    luck, data = random.Random(seed), bytearray(photograph(kind, (64, 48)))
    for _ in range(spoilt):
        data[luck.randrange(len(data))] = luck.randrange(256)
    try:
        kept = redrawn(bytes(data[: luck.randrange(1, len(data))]))
    except Invalid:
        return
    assert kept.startswith(b"\xff\xd8") and MARK not in kept


def keep(world: World, kid: Kid) -> None:
    with world.database.transaction() as session:
        consent_id = session.execute(sa.select(CONSENT.c.id).where(CONSENT.c.child_id == kid.id)).scalar_one()
        keep_scan(
            session, consent_id=consent_id, child_id=kid.id, data=photograph(), folder=world.settings.uploads_dir,
            keyring=world.keyring, actor=world.worker, now=utc_now(),
        )  # fmt: skip


def files(world: World) -> list[bytes]:
    return [path.read_bytes() for path in (world.settings.uploads_dir / "consents").glob("*")]


def test_it_is_sent_with_the_consent_and_opened_with_a_reason_by_who_may_see_the_child(world: World) -> None:
    app = app_of(world.settings)
    worker = Person(app, (world.place.grant(Role.SOCIAL_WORKER, community_id=world.place.community_id),))
    coordinator, auditor = (Person(app, (world.place.grant(role),)) for role in (Role.COORDINATOR, Role.AUDITOR))
    kid = world.kid(consent=False)
    page = f"/c/{world.place.slug}/wishes/{world.wish(kid).code}/child"
    form = {
        "how": "paper", "giver": "mother", "scope": "wish", "given_on": local_day(utc_now()).isoformat(), "evidence": "档案柜 3",
    }  # fmt: skip
    refused = worker.post(f"{page}/consent", page, **form, scan=(io.BytesIO(b"<svg/>"), "a.svg"))
    assert refused.status_code == 422 and not world.rows(sa.select(CONSENT))
    assert worker.post(f"{page}/consent", page, **form, scan=(io.BytesIO(photograph()), "a.jpg")).status_code == 302
    [sealed] = files(world)
    assert b"\xff\xd8\xff" not in sealed[:64] and MARK not in sealed
    assert worker.post(f"{page}/scan", page, scan_reason=" ").status_code == 422
    shown = worker.post(f"{page}/scan", page, scan_reason="核对签字")
    assert shown.content_type == "image/jpeg" and shown.headers["Cache-Control"] == "no-store"
    assert MARK not in shown.data and shown.headers["X-Content-Type-Options"] == "nosniff"
    with Image.open(io.BytesIO(shown.data)) as picture:
        assert picture.size == (480, 640)
    [look] = world.rows(sa.select(ENTRY).where(ENTRY.c.kind == "look"))
    assert (look.child_id, look.fields, look.reason) == (kid.id, ["scan"], "核对签字")
    assert "查看同意书照片" in worker.get(page).text and "查看同意书照片" not in coordinator.get(page).text
    for person in (coordinator, auditor):
        assert person.post(f"{page}/scan", "/account", scan_reason="看看").status_code == 403
    assert Person(app).get(f"/static/../uploads/consents/{world.one(sa.select(SCAN.c.uid))}.sealed").status_code == 404
    app.extensions["microwish.database"].dispose()


def test_it_goes_with_the_child_and_with_the_campaigns_identities(world: World) -> None:
    first, second = world.kid(), world.kid()
    keep(world, first)
    keep(world, second)
    assert len(files(world)) == 2
    with world.database.transaction() as session:
        erase_child(
            session, child_id=first.id, cause="guardian", keyring=world.keyring, originals=world.originals, actor=SYSTEM,
            now=utc_now(),
        )  # fmt: skip
    assert len(files(world)) == 1
    assert [row.scan_key is None for row in world.rows(sa.select(SCAN).order_by(SCAN.c.id))] == [True, False]
    anonymise(
        world.database, campaign_id=world.place.id, keyring=world.keyring, originals=world.originals, actor=SYSTEM,
        now=utc_now() + timedelta(days=1),
    )  # fmt: skip
    assert files(world) == [] and not world.rows(sa.select(SCAN).where(SCAN.c.scan_key.is_not(None)))


def test_it_opens_with_the_new_key_after_a_rotation(world: World) -> None:
    from wishes.protection.keyring import read_keyring

    kid = world.kid()
    keep(world, kid)
    done = rotate(
        world.database, world.settings.keys_dir, purpose=Purpose.MASTER, actor=SYSTEM, now=utc_now(), patience=30
    )
    assert done.rewrapped["consent_scan.scan_key"] == 1 and done.retired
    with world.database.transaction() as session:
        picture = see_scan(
            session, child_id=kid.id, reason="核对", folder=world.settings.uploads_dir,
            keyring=read_keyring(world.settings.keys_dir), actor=world.worker, now=utc_now(),
        )  # fmt: skip
    assert picture is not None and picture.startswith(b"\xff\xd8")
