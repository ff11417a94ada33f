"""The scan page before a camera: the parcel's label, then the receipt, and the hand-over is confirmed without a touch."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect

from tests.handover.browser_round import Phone, Village, film, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_label_and_receipt_before_the_camera_confirm_the_hand_over(
    village: Village, _playwright: Playwright, tmp_path: Path, fonts_dir: Path
) -> None:
    parcel = village.parcel()
    film([parcel], tmp_path / "camera.y4m", base_url=village.server.address, fonts_dir=fonts_dir)
    phone = Phone(
        _playwright, tmp_path / "profile",
        ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={tmp_path / 'camera.y4m'}"),
    )  # fmt: skip
    with phone.on() as context:
        sign_in(context, village, village.cookie(village.account()))
        page = context.new_page()
        page.goto(f"{village.server.address}/c/{village.place.slug}/scan")
        page.get_by_role("button", name="打开摄像头").click()
        expect(page.get_by_text("交接已确认")).to_be_visible(timeout=90_000)
    assert parcel.wish_id in village.confirmed()
    assert [(scan.channel, scan.evidence) for scan in village.scans() if scan.wish_id == parcel.wish_id] == [
        ("page", "both_codes")
    ]


def test_where_the_camera_is_refused_the_page_says_what_else_to_do(
    village: Village, _playwright: Playwright, tmp_path: Path
) -> None:
    phone = Phone(_playwright, tmp_path / "profile", ("--deny-permission-prompts",))
    with phone.on() as context:
        sign_in(context, village, village.cookie(village.account()))
        page = context.new_page()
        page.goto(f"{village.server.address}/c/{village.place.slug}/scan")
        page.get_by_role("button", name="打开摄像头").click()
        expect(page.get_by_role("alert").filter(has_text="摄像头打不开")).to_be_visible(timeout=30_000)
        expect(page.locator("[data-scanner]")).to_be_hidden()
        expect(page.get_by_role("button", name="打开摄像头")).to_be_visible()
