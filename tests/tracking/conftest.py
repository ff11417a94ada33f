from __future__ import annotations

import pytest

from tests.tracking.world import World, build
from wishes.db import Database


@pytest.fixture
def world(database: Database) -> World:
    return build(database)
