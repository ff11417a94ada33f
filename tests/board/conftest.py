"""The board's tests share one way of making a campaign with history, and people who look at it."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.factories import Place
from tests.web.people import Person


@pytest.fixture
def coordinator(app: Flask, place: Place) -> Person:
    return Person(app, place.coordinator.grants)
