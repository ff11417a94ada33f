from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tracking.world import World, build
from wishes.db import Database
from wishes.migrations import upgrade
from wishes.settings import from_environment


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy: migrating takes longer than most tests."""
    folder = tmp_path_factory.mktemp("empty")
    database = Database(from_environment({"MICROWISH_VAR_DIR": str(folder)}))
    upgrade(database)
    database.dispose()
    return folder / "microwish.sqlite3"


@pytest.fixture
def database(tmp_path: Path, empty_database: Path) -> Iterator[Database]:
    shutil.copy(empty_database, tmp_path / "microwish.sqlite3")
    database = Database(from_environment({"MICROWISH_VAR_DIR": str(tmp_path)}))
    yield database
    database.dispose()


@pytest.fixture
def world(database: Database) -> World:
    return build(database)
