"""The board's tests share one way of making a campaign with history, and people who look at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.factories import Place
from tests.web.people import Person, app_of
from wishes.db import Database
from wishes.settings import Settings


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    made = app_of(settings)
    yield made
    made.extensions["microwish.database"].dispose()


@pytest.fixture
def database(app: Flask) -> Database:
    found: Database = app.extensions["microwish.database"]
    return found


@pytest.fixture
def coordinator(app: Flask, place: Place) -> Person:
    return Person(app, place.coordinator.grants)
