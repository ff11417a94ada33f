"""What the courier's page keeps, for how long, at what time it happened, and how it goes to the server."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from PIL import ExifTags, Image
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.handover.browser_round import Village, ready, sign_in, wait_until
from tests.handover.round_page import (
    CLOCK,
    enter,
    keep,
    load_anew,
    opened,
    scans_of,
    send,
    send_all_later,
    waiting,
)
from wishes.clock import utc_now
from wishes.web import rounds

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("round-keeping")]


def test_a_photograph_is_made_small_on_the_phone_and_follows_its_scan(village: Village, phone: Page) -> None:
    parcel = village.parcel()
    load_anew(phone)
    phone.context.set_offline(True)
    enter(phone, parcel.label.text)
    enter(phone, parcel.receipt.text)
    phone.locator("#round-notes > summary").click()
    phone.locator("#f-photo").set_input_files(
        {"name": "IMG_1.jpg", "mimeType": "image/jpeg", "buffer": photograph_with_a_place()}
    )
    phone.locator("#round-confirm").click()
    waiting(phone, 1)
    expect(phone.locator("#round-queue")).to_contain_text("有照片")
    sent: list[bytes] = []
    phone.on(
        "request", lambda request: sent.append(request.post_data_buffer or b"") if "/photo" in request.url else None
    )
    send_all_later(phone)
    wait_until(lambda: village.photos(parcel) == 1, seconds=20, what="the photograph follows")
    wait_until(lambda: phone.evaluate(PHOTOS) == 0, seconds=10, what="and leaves the phone")
    [scan] = scans_of(village, parcel)
    assert scan.photo and scan.outcome == "accepted"
    assert len(sent) == 1 and len(sent[0]) < 600_000 and b"Exif" not in sent[0] and b"GPS" not in sent[0]


PHOTOS = "idb.openDB('mw-round').then(base => base.getAllKeys('photos')).then(keys => keys.length)"


def photograph_with_a_place() -> bytes:
    """A JPEG of 12 million points that says where it was taken."""
    picture = Image.effect_noise((4000, 3000), 40).convert("RGB")
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (30.0, 15.0, 0.0)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=70, exif=exif)
    return out.getvalue()


@pytest.mark.parametrize("hours", [2, -30])
def test_a_phone_with_a_wrong_clock_tells_the_right_time(
    village: Village, browser: Browser, phones: list[BrowserContext], hours: int
) -> None:
    parcel, copied = village.parcel(), village.parcel()
    phone = opened(village, browser, phones, script=CLOCK % (hours * 3_600_000))
    expect(phone.locator("#round-until")).not_to_contain_text("过期")
    phone.context.set_offline(True)
    keep(phone, parcel)
    kept = utc_now()
    noon = (kept + timedelta(hours=8)).replace(hour=0, minute=0) - timedelta(
        hours=12
    )  # yesterday noon, as the paper says it
    enter(phone, copied.label.text)
    enter(phone, copied.receipt.text)
    phone.locator("#round-notes > summary").click()
    phone.get_by_label("交接时间").fill(noon.strftime("%Y-%m-%dT%H:%M"))
    phone.locator("#round-confirm").click()
    waiting(phone, 2)
    phone.wait_for_timeout(3_000)
    send_all_later(phone)
    [scan], [from_paper] = scans_of(village, parcel), scans_of(village, copied)
    assert abs(scan.occurred_at - kept) < timedelta(seconds=2.9), "corrected by the skew that was measured"
    assert abs(scan.skew_s + hours * 3600) <= 2
    assert abs(from_paper.occurred_at - (noon.replace(second=0, microsecond=0) - timedelta(hours=8))) < timedelta(
        seconds=5
    )


def test_past_its_hour_the_list_is_gone_and_what_was_scanned_is_not(
    village: Village, browser: Browser, phones: list[BrowserContext]
) -> None:
    parcel, late = village.parcel(), village.parcel()
    phone = opened(village, browser, phones, script=CLOCK % 0)
    ready(phone)
    phone.context.set_offline(True)
    keep(phone, parcel)
    phone.evaluate("localStorage.setItem('test-ahead-ms', 3 * 86_400_000)")
    phone.reload()
    expect(phone.locator("#round-until")).to_contain_text("清单已过期")
    expect(phone.locator("#round-parcels .round-row")).to_have_count(0)
    waiting(phone, 1)
    kept = phone.evaluate(
        "idb.openDB('mw-round').then(base => base.getAll('packs')).then(rows => rows.map(row => Object.keys(row).sort()))"
    )
    assert kept == [["ahead", "expires", "keys"]]
    assert "不在这份清单里" in enter(phone, late.label.text), "its signature is still checked"
    phone.get_by_role("button", name="重来").click()
    send_all_later(phone)
    assert parcel.wish_id in village.delivered()


def test_signing_out_takes_the_list_away_and_keeps_what_was_not_sent_for_whoever_scanned_it(
    village: Village, browser: Browser, phones: list[BrowserContext]
) -> None:
    parcel, mine = village.parcel(), village.account()
    phone = opened(village, browser, phones, account_id=mine)
    ready(phone)
    phone.route("**/round/scans", lambda route: route.abort())
    keep(phone, parcel)
    phone.locator(".account > summary").click()
    phone.get_by_role("button", name="退出登录").click()
    phone.wait_for_url(lambda url: "/round" not in url)
    wait_until(lambda: not phone.evaluate("caches.keys()"), seconds=10, what="the page is no longer kept")
    sign_in(phone.context, village, village.cookie(village.account()))
    phone.goto(village.url)
    expect(phone.locator("#round-strangers")).to_be_visible()
    waiting(phone, 0)
    wait_until(lambda: phone.evaluate(PACKS) == 1, seconds=10, what="the other one's list is gone, the own is loaded")
    phone.unroute("**/round/scans")
    phone.wait_for_timeout(9_000)
    assert parcel.wish_id not in village.delivered(), "nobody sends another's scans in their own name"
    sign_in(phone.context, village, village.cookie(mine))
    phone.goto(village.url)
    wait_until(lambda: parcel.wish_id in village.delivered(), seconds=20, what="who scanned it sends it")
    [scan] = scans_of(village, parcel)
    assert scan.account_id == mine


PACKS = "idb.openDB('mw-round').then(base => base.getAllKeys('packs')).then(keys => keys.length)"


def test_a_new_version_is_taken_whole_or_not_at_all(
    village: Village, phone: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    parcel = village.parcel()
    load_anew(phone)
    ready(phone)
    [before] = phone.evaluate("caches.keys()")

    def opens_without_server(version: str) -> None:
        village.server.stop()
        phone.reload()
        expect(phone.locator("#round-parcels")).to_contain_text(village.code(parcel))
        assert f"/parts/{version}/" in phone.content()
        village.server.start()

    monkeypatch.setattr(rounds, "PARTS", (*rounds.PARTS, "round_missing.js"))
    monkeypatch.setattr(rounds, "_version", lambda *_: "c" * 12)
    phone.reload()
    phone.wait_for_timeout(3_000)
    assert before in phone.evaluate("caches.keys()")
    opens_without_server(before.removeprefix("mw-round-"))
    monkeypatch.setattr(rounds, "PARTS", rounds.PARTS[:-1])
    monkeypatch.setattr(rounds, "_version", lambda *_: "b" * 12)
    phone.reload()
    wait_until(
        lambda: phone.evaluate("caches.keys()") == ["mw-round-" + "b" * 12], seconds=20, what="the new one replaces it"
    )
    opens_without_server("b" * 12)


def test_one_scan_that_the_server_stumbles_over_does_not_hold_up_the_others(village: Village, phone: Page) -> None:
    parcels = [village.parcel() for _ in range(3)]
    load_anew(phone)
    phone.context.set_offline(True)
    for codes in parcels:
        keep(phone, codes)

    def stumble(route: Route) -> None:
        if parcels[1].label.text in (route.request.post_data or ""):
            route.fulfill(status=500, body="x")
        else:
            route.continue_()

    phone.route("**/round/scans", stumble)
    phone.context.set_offline(False)
    send(phone)
    waiting(phone, 1)
    assert {parcels[0].wish_id, parcels[2].wish_id} <= set(village.delivered())
    phone.unroute("**/round/scans")
    send(phone)
    waiting(phone, 0)
    assert parcels[1].wish_id in village.delivered()


def test_an_answer_that_is_lost_on_the_way_is_asked_for_again_and_delivers_once(village: Village, phone: Page) -> None:
    parcels = [village.parcel() for _ in range(2)]
    load_anew(phone)
    phone.context.set_offline(True)
    for codes in parcels:
        keep(phone, codes)
    lost: list[int] = []

    def swallow(route: Route) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.fetch().status)
            route.abort()

    phone.route("**/round/scans", swallow)
    phone.context.set_offline(False)
    send(phone)
    expect(phone.locator("#round-network")).to_contain_text("稍后再传", timeout=20_000)
    assert lost == [200] and {codes.wish_id for codes in parcels} <= set(village.delivered()), "the server took them"
    waiting(phone, 2)
    expect(phone.get_by_role("button", name="撤销", exact=True)).to_have_count(0)
    send(phone)
    waiting(phone, 0)
    expect(phone.locator("#round-answers")).to_contain_text("已确认")
    for codes in parcels:
        [scan] = scans_of(village, codes)
        assert scan.outcome == "accepted" and village.confirmed().count(codes.wish_id) == 1


def test_a_page_whose_form_and_session_are_old_sends_all_the_same_and_says_when_one_has_to_sign_in(
    village: Village, browser: Browser, phones: list[BrowserContext]
) -> None:
    parcel, mine = village.parcel(), village.account()
    phone = opened(village, browser, phones, account_id=mine)
    phone.context.clear_cookies(name="session")  # as a browser that was closed
    keep(phone, parcel)
    send(phone)
    waiting(phone, 0)
    assert parcel.wish_id in village.delivered()
    late = village.parcel()
    phone.context.clear_cookies()
    keep(phone, late)
    send(phone)
    expect(phone.locator("#round-signed-out")).to_be_visible()
    waiting(phone, 1)
    sign_in(phone.context, village, village.cookie(mine))
    send(phone)
    waiting(phone, 0)
    expect(phone.locator("#round-signed-out")).to_be_hidden()
