"""The servers of the suite are real, private, and come back from what a test does to them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis
from playwright.sync_api import Browser
from sqlalchemy import create_engine, text

from tests.services import chromium, postgres
from tests.services.postgres import PostgresServer
from tests.services.redis import RedisServer


def test_an_address_leads_to_an_empty_postgresql_database(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM pg_stat_user_tables")).scalar_one() == 0
        connection.execute(text("CREATE TABLE left_behind (id int)"))
        assert "PostgreSQL" in connection.execute(text("SELECT version()")).scalar_one()
    engine.dispose()


def test_the_next_test_sees_nothing_of_the_one_before(postgres_url: str) -> None:
    test_an_address_leads_to_an_empty_postgresql_database(postgres_url)


def test_a_database_is_made_once_and_copied_from_then_on(postgres_server: PostgresServer) -> None:
    made = []

    def make(url: str) -> None:
        made.append(url)
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE branch (name text)"))
            connection.execute(text("INSERT INTO branch VALUES ('第一党支部')"))
        engine.dispose()

    names = [postgres_server.database_made_by("branches", make) for _ in range(3)]
    assert len(made) == 1
    assert len(set(names)) == 3
    for name in names:
        with psycopg.connect(postgres_server.dsn(name)) as connection:
            assert connection.execute("SELECT name FROM branch").fetchall() == [("第一党支部",)]
        postgres_server.drop_database(name)


def test_what_was_committed_outlives_a_crash_and_what_was_not_does_not(postgres_server: PostgresServer) -> None:
    name = postgres_server.create_database()
    connection = psycopg.connect(postgres_server.dsn(name))
    connection.execute("CREATE TABLE claim (id int)")
    connection.execute("INSERT INTO claim VALUES (1)")
    connection.commit()
    connection.execute("INSERT INTO claim VALUES (2)")
    postgres_server.crash()
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    postgres_server.restart()
    with psycopg.connect(postgres_server.dsn(name)) as again:
        assert again.execute("SELECT id FROM claim").fetchall() == [(1,)]
    postgres_server.drop_database(name)


def test_postgresql_out_of_the_reach_of_its_unprivileged_user_is_copied_within(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = postgres.find_programs()
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o700)
    install, package, packages = programs.parents[:3]
    (locked / package.name).symlink_to(package)
    (locked / f"{package.name}.libs").symlink_to(packages / f"{package.name}.libs")
    monkeypatch.setattr(postgres, "find_programs", lambda: locked / package.name / install.name / "bin")
    server = PostgresServer()
    try:
        with psycopg.connect(server.dsn("postgres")) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        server.remove()


def test_redis_comes_empty_however_the_test_before_left_it(redis_server: RedisServer) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        client.set("a", "b")
    redis_server.kill()
    redis_server.make_usable()
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.dbsize() == 0


def test_a_killed_redis_comes_back_with_what_it_had(redis_server: RedisServer) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        client.set("a", "b")
    before = redis_server.pid
    redis_server.kill()
    redis_server.restart()
    assert redis_server.pid != before
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.get("a") == b"b"


def test_a_frozen_redis_accepts_and_never_answers(redis_server: RedisServer) -> None:
    redis_server.freeze()
    with redis.Redis.from_url(redis_server.url, socket_timeout=0.3, retry=None) as client:
        started_s = time.monotonic()
        with pytest.raises(redis.TimeoutError):
            client.ping()
        assert time.monotonic() - started_s > 0.25
    redis_server.thaw()
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.ping()


RARE_NAMES = "微心愿䶮骉"


def ink(browser: Browser, letters: str) -> bytes:
    context = browser.new_context(viewport={"width": 400, "height": 80})
    page = context.new_page()
    page.set_content(f"<p style='font-size:32px'>{letters}</p>")
    picture = page.screenshot()
    context.close()
    return picture


def test_the_browser_draws_chinese_down_to_rare_names(browser: Browser) -> None:
    """A letter the font lacks is drawn as the same box, whichever it is."""
    drawn = {ink(browser, letter) for letter in RARE_NAMES}
    assert len(drawn) == len(RARE_NAMES)
    assert ink(browser, "\U0010fffd") not in drawn


def test_a_browser_can_have_a_camera(launch_browser: Callable[..., Browser]) -> None:
    browser = launch_browser("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
    context = browser.new_context()
    page = context.new_page()
    page.route("**/*", lambda route: route.fulfill(body="<p>camera</p>", content_type="text/html"))
    page.goto("http://localhost/")
    seen = page.evaluate("navigator.mediaDevices.getUserMedia({video: true}).then(s => s.getVideoTracks().length)")
    context.close()
    assert seen == 1


def test_a_machine_without_chromium_gets_one_from_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chromium, "INSTALLED_NAMES", ())
    found = chromium.find()
    assert found.executable.is_relative_to(chromium.CACHE)
    assert os.access(found.executable, os.X_OK)


def test_without_the_font_the_browser_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(chromium, "FONTS", tmp_path)
    with pytest.raises(chromium.BrowserMissing, match=r"\./run test"):
        chromium.find()
