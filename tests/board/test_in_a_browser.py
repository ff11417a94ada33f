"""The board in a real browser: drawn under the content policy, readable on a phone, saved as a picture."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page

from benchmarks.board_world import SLUG, generate
from tests.factories import make_account
from tests.web.bare_app import serving
from wishes.access import Grant, Role
from wishes.clock import utc_now
from wishes.db import Database
from wishes.people.actions import open_session
from wishes.settings import Settings

pytestmark = pytest.mark.browser

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PAINTED = """() => [...document.querySelectorAll('[data-chart] canvas')].filter(one => {
  const pixels = one.getContext('2d').getImageData(0, 0, one.width, one.height).data;
  return pixels.some(value => value !== 0);
}).length"""


@pytest.fixture
def settings(sqlite_settings: Settings) -> Settings:
    return sqlite_settings


@pytest.fixture
def cookie(app: Flask, database: Database) -> dict[str, str]:
    made = generate(database, 2000, now=utc_now())
    with database.transaction() as session:
        account_id = make_account(session, (Grant(Role.COORDINATOR, made.campaign_id),), now=utc_now())
        secret = open_session(session, account_id=account_id, now=utc_now(), hours=1)
    return {"name": "microwish", "value": secret}


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    with serving(app) as found:
        yield found


def opened(
    browser: Browser, address: str, cookie: dict[str, str], width: int
) -> tuple[BrowserContext, Page, list[str]]:
    context = browser.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce")
    context.add_cookies([{**cookie, "url": address}])  # type: ignore[list-item]
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return context, page, complaints


@pytest.mark.parametrize("width", [375, 1440], ids=["phone", "desk"])
def test_every_chart_is_drawn_and_nothing_is_refused_or_sticks_out(
    browser: Browser, address: str, cookie: dict[str, str], width: int
) -> None:
    context, page, complaints = opened(browser, address, cookie, width)
    page.goto(f"{address}/c/{SLUG}/gaps")
    page.wait_for_function("document.querySelectorAll('[data-chart] canvas').length === 4")
    page.wait_for_function(f"({PAINTED})() === 4")
    for path in ("gaps", "desk", "deadlines"):
        page.goto(f"{address}/c/{SLUG}/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        found = Axe().run(page, options={"runOnly": WCAG}).response["violations"]
        assert not found, json.dumps(
            [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found], ensure_ascii=False, indent=1
        )
    assert complaints == []
    context.close()


def test_a_chart_is_saved_as_a_picture(browser: Browser, address: str, cookie: dict[str, str]) -> None:
    context, page, _ = opened(browser, address, cookie, 1440)
    page.goto(f"{address}/c/{SLUG}/gaps")
    page.wait_for_selector("[data-chart=areas] canvas")
    with page.expect_download() as download:
        page.click("[data-chart=areas] [data-chart-save]")
    assert download.value.suggested_filename == "flow.png"
    assert download.value.path().read_bytes().startswith(b"\x89PNG")
    context.close()


def test_without_scripts_the_tables_stand_alone(browser: Browser, address: str, cookie: dict[str, str]) -> None:
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies([{**cookie, "url": address}])  # type: ignore[list-item]
    page = context.new_page()
    page.goto(f"{address}/c/{SLUG}/gaps")
    assert page.locator("[data-chart] table").count() == 4
    assert page.locator("[data-chart=bars] table").is_visible()
    context.close()
