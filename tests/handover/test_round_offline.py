"""A courier's day in a village without signal, before a real camera picture, with a phone whose battery runs out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, Playwright, expect

from tests.handover.browser_round import Phone, Village, film, ready, sign_in, wait_until
from tests.web.people import app_of
from wishes.clock import utc_now
from wishes.protection.keyring import read_keyring
from wishes.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("round-offline")]

NEAR = timedelta(seconds=3)


@pytest.fixture
def app(sqlite_settings: Settings) -> Iterator[Flask]:
    made = app_of(sqlite_settings)
    yield made
    made.extensions["microwish.database"].dispose()


@pytest.fixture
def village(app: Flask, sqlite_settings: Settings) -> Iterator[Village]:
    made = Village(app, read_keyring(sqlite_settings.keys_dir))
    made.server.start()
    yield made
    made.server.stop()


def confirm_next(page: Page) -> str:
    """Wait until both codes were seen, press the one button, and answer what was kept."""
    page.locator("#round-confirm").click(timeout=120_000)
    said = page.locator("#round-said [data-words]")
    expect(said).to_contain_text("记下了")
    return said.inner_text()


def test_ten_parcels_scanned_without_signal_by_a_phone_that_dies_arrive_once_and_at_their_time(
    village: Village, _playwright: Playwright, tmp_path: Path, fonts_dir: Path
) -> None:
    parcels = [village.parcel() for _ in range(11)]
    film(parcels, tmp_path / "camera.y4m", base_url=village.server.address, fonts_dir=fonts_dir)
    phone = Phone(
        _playwright, tmp_path / "profile",
        ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={tmp_path / 'camera.y4m'}"),
    )  # fmt: skip
    kept_at = []
    with phone.on() as context:
        sign_in(context, village, village.cookie(village.account()))
        page = context.new_page()
        page.goto(village.url)
        expect(page.locator("#round-parcels .round-row")).to_have_count(11)
        ready(page)
        kept_from_installing = context.new_cdp_session(page).send("Page.getInstallabilityErrors")[
            "installabilityErrors"
        ]
        assert kept_from_installing == [], "it can be put on the home screen"
        page.get_by_role("button", name="打开摄像头").click()
        confirm_next(page)
        wait_until(lambda: len(village.delivered()) == 1, seconds=30, what="with signal, a scan goes by itself")
        expect(page.locator("#round-answers")).to_contain_text("已确认")

        village.server.stop()
        context.set_offline(True)
        for _ in range(10):
            confirm_next(page)
            kept_at.append(utc_now())
        expect(page.locator("#round-queue .round-row")).to_have_count(10)
        expect(page.locator("#round-network")).to_contain_text("没有信号")
        assert len(village.delivered()) == 1
        wait_until(lambda: phone.remembers_cookie("microwish"), seconds=60, what="the sign-in reaches the disk")
        phone.kill()

    with phone.on() as context:
        page = context.new_page()
        page.goto(village.url)  # the server is still away: the page opens from what the phone keeps
        expect(page.locator("#round-queue .round-row")).to_have_count(10)
        expect(page.locator("#round-parcels .round-row")).to_have_count(11)
        assert (
            page.evaluate("[...document.styleSheets].map(sheet => sheet.cssRules.length).filter(rules => !rules)") == []
        )
        page.get_by_role("button", name="打开摄像头").click()  # the reader, too, is on the phone
        expect(page.locator("#round-said")).to_contain_text("已经扫过了", timeout=60_000)
        assert len(village.delivered()) == 1
        village.server.start()
        back_at = utc_now()
        wait_until(lambda: len(village.delivered()) == 11, seconds=90, what="what waited goes by itself")
        expect(page.locator("#round-queue .round-row")).to_have_count(0)
        expect(page.locator("#round-answers .round-row")).to_have_count(11)

    assert sorted(village.confirmed()) == sorted(codes.wish_id for codes in parcels), "each once"
    scans = village.scans()
    assert [(scan.outcome, scan.evidence) for scan in scans] == [("accepted", "both_codes")] * 11
    assert [scan.device_seq for scan in scans] == list(range(1, 12)) and len({scan.device_id for scan in scans}) == 1
    delivered = village.delivered()
    for scan, kept in zip(scans[1:], kept_at, strict=True):
        assert kept - timedelta(seconds=60) < scan.occurred_at <= kept + NEAR, "the time of the scan, not of the upload"
        assert delivered[scan.wish_id] == scan.occurred_at < back_at <= scan.recorded_at
