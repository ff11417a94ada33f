"""A coordinator before a real installation and a real browser."""

from __future__ import annotations

import re
import sqlite3
import time

from playwright.sync_api import Browser, Page, expect

from tests.e2e.installation import DATA, SLUG, Installation

PASSWORD = "paper lantern over water"
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 375, "height": 812}


def opened(place: Installation) -> Installation:
    """With the demonstration campaign and a coordinator."""
    place.command("init")
    place.command("campaign", "load", str(DATA))
    place.command("users", "add", "coordinator", "--name", "协调员", "--password", PASSWORD)
    place.command("users", "grant", "coordinator", "coordinator", "--campaign", SLUG)
    return place


class Office:
    """A coordinator before an installation that runs."""

    def __init__(self, place: Installation, browser: Browser) -> None:
        self.place, self.browser = place, browser

    def sign_in(self, size: dict[str, int] = DESK) -> Page:
        context = self.browser.new_context(viewport=size, locale="zh-CN", reduced_motion="reduce")  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{self.place.address}/sign-in")
        page.get_by_label(re.compile("账号")).fill("coordinator")
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_role("heading", level=1)).not_to_have_text("登录")
        return page

    def url(self, path: str) -> str:
        return f"{self.place.address}/c/{SLUG}{path}"

    def count(self, query: str) -> int:
        with sqlite3.connect(f"file:{self.place.var_dir / 'microwish.sqlite3'}?mode=ro", uri=True) as database:
            return int(database.execute(query).fetchone()[0])

    def wait_until_read(self, seconds: float = 240) -> None:
        give_up = time.monotonic() + seconds
        while self.count("SELECT count(*) FROM import_file WHERE state IN ('queued', 'reading')"):
            assert time.monotonic() < give_up, "the files are still waiting"
            time.sleep(0.5)
