"""The scanning desk in a real browser: a scanner gun is a keyboard that ends with Enter; a camera sees the printed label."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from tests.custody.camera import film
from tests.custody.test_desk import Shed
from tests.factories import make_account
from tests.web.bare_app import serving
from tests.web.people import app_of
from wishes.access import Role
from wishes.clock import utc_now
from wishes.custody.stock import box
from wishes.db import Database
from wishes.people.actions import open_session
from wishes.settings import Settings

pytestmark = pytest.mark.browser
PHONE, DESK = {"width": 375, "height": 812}, {"width": 1440, "height": 900}


class Hall:
    """The warehouse, served, and browsers whose owner is an inspector."""

    def __init__(self, app: Flask, shed: Shed, address: str) -> None:
        self.shed, self.address = shed, f"{address}/c/{shed.crew.place.slug}"
        database: Database = app.extensions["microwish.database"]
        with database.transaction() as session:
            account = make_account(session, (shed.crew.place.grant(Role.INSPECTOR),), now=utc_now())
            self.secret = open_session(session, account_id=account, now=utc_now(), hours=1)

    def open(self, browser: Browser, path: str, size: dict[str, int]) -> Page:
        context = browser.new_context(viewport=size, permissions=["camera"])  # type: ignore[arg-type]
        context.add_cookies([{"name": "microwish", "value": self.secret, "url": self.address}])
        page = context.new_page()
        page.goto(f"{self.address}{path}?lang=zh")
        return page

    def inside(self, box_id: int) -> set[str]:
        with self.shed.database.reading() as session:
            return {thing.code for thing in box(session, self.shed.crew.place.id, box_id)[1]}


@pytest.fixture
def hall(sqlite_settings: Settings) -> Iterator[Hall]:
    app = app_of(sqlite_settings)
    database = Database(sqlite_settings)
    with serving(app) as address:
        yield Hall(app, Shed(database, sqlite_settings), address)
    database.dispose()
    app.extensions["microwish.database"].dispose()


def test_a_scanner_gun_fills_a_box_without_a_hand_on_the_mouse(browser: Browser, hall: Hall) -> None:
    made, box_id = hall.shed.things(4), hall.shed.box()
    page = hall.open(browser, f"/rounds/boxes/{box_id}", DESK)
    said = page.locator("[data-desk-last]")
    expect(page.locator("#desk-codes")).to_be_focused()
    for _, _code, url in made[:3]:  # as fast as a gun types, without waiting for answers
        page.keyboard.type(url)
        page.keyboard.press("Enter")
    expect(page.locator("[data-desk-total]")).to_have_text("箱里 3 件")
    expect(said).to_have_attribute("data-outcome", "done")
    page.keyboard.type(made[0][1].lower())
    page.keyboard.press("Enter")
    expect(said).to_have_attribute("data-outcome", "already")
    page.keyboard.type("W999999")
    page.keyboard.press("Enter")
    expect(said).to_have_attribute("data-outcome", "refused")
    expect(said).to_contain_text("没有找到")
    expect(page.locator("#desk-codes")).to_be_focused()
    page.keyboard.type(f"{made[3][2]} {made[1][1]}")
    page.keyboard.press("Enter")
    expect(page.locator("[data-desk-total]")).to_have_text("箱里 4 件")
    page.get_by_role("button", name="撤销上一件").click()
    expect(page.locator("[data-desk-total]")).to_have_text("箱里 3 件")
    assert hall.inside(box_id) == {code for _, code, _ in made[:3]}
    page.context.close()


def test_what_is_scanned_while_the_network_is_away_is_not_lost(browser: Browser, hall: Hall) -> None:
    (thing,), box_id = hall.shed.things(1), hall.shed.box()
    page = hall.open(browser, f"/rounds/boxes/{box_id}", PHONE)
    page.context.set_offline(True)
    page.keyboard.type(thing[1])
    page.keyboard.press("Enter")
    expect(page.locator("[data-desk-last]")).to_have_attribute("data-outcome", "refused")
    expect(page.locator("#desk-codes")).to_have_value(thing[1])
    page.context.set_offline(False)
    page.locator("#desk-codes").press("Enter")
    expect(page.locator("[data-desk-last]")).to_have_attribute("data-outcome", "done")
    assert hall.inside(box_id) == {thing[1]}
    page.context.close()


def test_a_camera_puts_what_it_sees_onto_the_shelf(
    launch_browser: Callable[..., Browser], hall: Hall, tmp_path: Path
) -> None:
    made = hall.shed.things(2)
    seen = film(tmp_path / "labels.y4m", [url for _, _, url in made])
    browser = launch_browser(
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={seen}",
    )
    page = hall.open(browser, "/rounds/desk", PHONE)
    expect(page.get_by_label(re.compile("货架号"))).to_be_focused()
    page.keyboard.type("A-1")
    page.get_by_role("button", name="用摄像头").click()
    for _, code, _ in made:
        expect(page.locator("[data-desk-list] li", has_text=code).first).to_be_visible(timeout=20_000)
    expect(page.locator("[data-desk-list] li[data-outcome=done]")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.context.close()
