"""Fixtures of the real servers; list this module in ``pytest_plugins``. Each starts when a test first asks for it.

None of them skips: what cannot be had fails the test with the way to get it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.services import chromium
from tests.services.postgres import PostgresServer
from tests.services.redis import RedisServer


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """This test process's own PostgreSQL."""
    server = PostgresServer()
    yield server
    server.remove()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """SQLAlchemy's address of an empty database, the test's own."""
    postgres_server.restart()
    name = postgres_server.create_database()
    yield postgres_server.url(name)
    postgres_server.restart()
    postgres_server.drop_database(name)


@pytest.fixture(scope="session")
def _redis_of_this_process() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.remove()


@pytest.fixture
def redis_server(_redis_of_this_process: RedisServer) -> Iterator[RedisServer]:
    """A Redis that runs and is empty, whatever the test before did to it."""
    _redis_of_this_process.make_usable()
    yield _redis_of_this_process
    _redis_of_this_process.make_usable()


@pytest.fixture(scope="session")
def _playwright() -> Iterator[Playwright]:
    with pytest.MonkeyPatch.context() as environment:
        # the Node.js that Playwright brings wants a library (libatomic) that a bare Debian has not
        environment.setenv("PLAYWRIGHT_NODEJS_PATH", str(chromium.node_program()))
        with sync_playwright() as playwright:
            yield playwright


@pytest.fixture(scope="session")
def launch_browser(_playwright: Playwright) -> Iterator[Callable[..., Browser]]:
    """``launch_browser(*flags)`` starts a Chromium with more flags, say a camera's; closed at the end."""
    found = chromium.find()
    launched: list[Browser] = []

    def launch(*flags: str) -> Browser:
        browser = _playwright.chromium.launch(
            executable_path=found.executable, args=[*found.flags, *flags], env=dict(found.env)
        )
        launched.append(browser)
        return browser

    yield launch
    for browser in launched:
        browser.close()


@pytest.fixture(scope="session")
def browser(launch_browser: Callable[..., Browser]) -> Browser:
    """One Chromium for the session; a test opens a context of its own in it and closes it."""
    return launch_browser()
