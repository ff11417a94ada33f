"""The API as a program sees it: every answer in these tests is checked against the API's own description."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.api.caller import Caller, Contract
from tests.factories import Place, make_token
from wishes.access import Actor
from wishes.app import create_app
from wishes.db import Database
from wishes.settings import Settings


@pytest.fixture
def app(settings: Settings, database: Database) -> Iterator[Flask]:
    made = create_app(settings)
    yield made
    made.extensions["microwish.database"].dispose()


@pytest.fixture
def contract(app: Flask) -> Contract:
    return Contract(app.test_client().get("/api/v1/openapi.json").get_json())


class Callers:
    """``callers(actor)`` signs somebody with these roles in; ``callers()`` is nobody."""

    def __init__(self, app: Flask, database: Database, contract: Contract) -> None:
        self.app, self.database, self.contract = app, database, contract

    def __call__(self, actor: Actor | None = None) -> Caller:
        token = ""
        if actor is not None:
            with self.database.transaction() as session:
                token = make_token(session, actor.grants)
        return Caller(self.app.test_client(), self.contract, token)


@pytest.fixture
def callers(app: Flask, database: Database, contract: Contract, place: Place) -> Callers:
    return Callers(app, database, contract)
