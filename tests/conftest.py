"""Fixtures for everybody: a fresh database of each kind, and a small campaign in it. Rows come from ``tests.factories``."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.factories import Place, make_campaign
from tests.services.postgres import PostgresServer
from tests.web.people import app_of
from wishes.db import Database
from wishes.migrations import upgrade
from wishes.settings import Settings

pytest_plugins = ["tests.services.fixtures"]


def settings_for(url: str, var_dir: Path) -> Settings:
    return Settings(var_dir=var_dir, database_url=url, redis_url=None, secret_key="of no worth, for tests only " * 2)


def _migrated(url: str, var_dir: Path) -> None:
    database = Database(settings_for(url, var_dir))
    upgrade(database)
    database.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database at the newest shape, to be copied."""
    folder = tmp_path_factory.mktemp("template")
    _migrated(f"sqlite:///{folder / 'template.sqlite3'}", folder)
    return folder / "template.sqlite3"


@pytest.fixture
def sqlite_settings(sqlite_template: Path, tmp_path: Path) -> Settings:
    """Settings of an installation of its own on SQLite."""
    file = tmp_path / "microwish.sqlite3"
    shutil.copy(sqlite_template, file)
    return settings_for(f"sqlite:///{file}", tmp_path)


@pytest.fixture
def postgres_settings(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Settings]:
    """Settings of an installation of its own on PostgreSQL."""
    postgres_server.restart()
    name = postgres_server.database_made_by("microwish", lambda url: _migrated(url, tmp_path))
    yield settings_for(postgres_server.url(name), tmp_path)
    postgres_server.restart()
    postgres_server.drop_database(name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def settings(request: pytest.FixtureRequest) -> Settings:
    """Each test runs on both databases."""
    found: Settings = request.getfixturevalue("sqlite_settings" if request.param == "sqlite" else "postgres_settings")
    return found


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """An empty database at the newest shape."""
    opened = Database(settings)
    yield opened
    opened.dispose()


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The web application on the same database, with keys."""
    made = app_of(settings)
    yield made
    made.extensions["microwish.database"].dispose()


@pytest.fixture
def place(database: Database) -> Place:
    """A small campaign with everybody in it; see :class:`tests.factories.Place`."""
    with database.transaction() as session:
        return make_campaign(session)
