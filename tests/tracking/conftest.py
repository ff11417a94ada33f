from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tracking.world import World, build
from wishes.db import Database
from wishes.migrations import upgrade
from wishes.settings import from_environment


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(from_environment({"MICROWISH_VAR_DIR": str(tmp_path)}))
    upgrade(database)
    yield database
    database.dispose()


@pytest.fixture
def world(database: Database) -> World:
    return build(database)
