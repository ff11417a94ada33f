from __future__ import annotations

import pytest
from hypothesis import settings as hypothesis_settings

from tests.protection.world import World
from wishes.db import Database
from wishes.settings import Settings

# a busy machine is no bug: what has to be fast is measured in a test of its own
hypothesis_settings.register_profile("patient", deadline=None)
hypothesis_settings.load_profile("patient")


@pytest.fixture
def world(settings: Settings, database: Database) -> World:
    """A campaign with keys, on each database."""
    return World(settings, database)
