"""Who asks, what is named in the question, and whether the answer admits."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories import make_account
from wishes.access import Grant
from wishes.clock import utc_now
from wishes.db import Database
from wishes.people.actions import create_token, open_session

_TOKEN = 'name="csrf_token" value="'


@dataclass(frozen=True)
class Named:
    """An object: what stands in the address, what stands in the form, and whether something befell it since."""

    path: dict[str, Any]
    form: dict[str, Any]
    touched: Callable[[], bool] | None = None


class Someone:
    """A person with one role, a browser and a token."""

    def __init__(self, app: Flask, grants: tuple[Grant, ...]) -> None:
        self.role = grants[0].role if grants else None
        database: Database = app.extensions["microwish.database"]
        now = utc_now()
        self.browser: FlaskClient = app.test_client()
        self.account_id = 0
        self.token = ""
        if grants:
            with database.transaction() as session:
                self.account_id = make_account(session, grants, now=now)
                secret = open_session(session, account_id=self.account_id, now=now, hours=1)
                self.token = create_token(session, account_id=self.account_id, name="test", now=now, days=None)
            self.browser.set_cookie("microwish", secret)
        self._csrf = ""

    def ask(self, method: str, path: str, form: dict[str, Any]) -> TestResponse:
        if path.startswith("/api/"):
            headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
            options: dict[str, Any] = {"json": form} if method == "POST" else {}
            return self.browser.open(path, method=method, headers=headers, **options)
        if method == "GET":
            return self.browser.get(path)
        return self.browser.post(path, data={"csrf_token": self.csrf(), **form})

    def csrf(self) -> str:
        if not self._csrf:
            page = self.browser.get("/account" if self.account_id else "/sign-in").text
            self._csrf = page.split(_TOKEN, 1)[1].split('"', 1)[0]
        return self._csrf


def admitted(answer: TestResponse) -> bool:
    """Whether the answer shows or does anything: no refusal, no way to the sign-in."""
    if answer.status_code in (401, 403, 404):
        return False
    return not (answer.status_code in (302, 303) and "/sign-in" in str(answer.location))


def said(answer: TestResponse) -> str:
    return json.dumps([answer.status_code, str(answer.location or "")[:60]])
