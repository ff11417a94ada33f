from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, BrowserContext, Page

import wishes
from tests.conftest import settings_for
from tests.handover.browser_round import Village
from tests.handover.round_page import opened
from tests.web.people import app_of
from wishes.protection.keyring import read_keyring

# a busy machine is no bug: what has to be fast is measured in a test of its own
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def fonts_dir() -> Path:
    """The two Noto Sans SC files that the build puts into the package."""
    folder = Path(wishes.__file__).parent / "static" / "vendor" / "fonts"
    assert folder.is_dir(), "the fonts are not there: build the package once (./run does)"
    return folder


@pytest.fixture(scope="module")
def village(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    """A campaign with a courier, served; for all tests of a module."""
    folder = tmp_path_factory.mktemp("village")
    shutil.copy(sqlite_template, folder / "microwish.sqlite3")
    own = settings_for(f"sqlite:///{folder / 'microwish.sqlite3'}", folder)
    made = Village(app_of(own), read_keyring(own.keys_dir))
    made.server.start()
    yield made
    made.server.stop()
    made.database.dispose()


@pytest.fixture
def phones(browser: Browser) -> Iterator[list[BrowserContext]]:
    """What a test opens goes in here, and is closed at its end."""
    opened: list[BrowserContext] = []
    yield opened
    for context in opened:
        context.close()


@pytest.fixture
def phone(village: Village, browser: Browser, phones: list[BrowserContext]) -> Page:
    """A courier's phone with the round loaded."""
    return opened(village, browser, phones)
