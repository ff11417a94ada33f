"""A session with a small campaign in it; what a test leaves is thrown away with its database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlmodel import Session

from tests.factories import Place, make_campaign
from wishes.db import Database


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as opened:
        yield opened


@pytest.fixture
def place(session: Session) -> Place:
    return make_campaign(session)
