"""A signed-in person and their browser, without the browser: a test client that keeps the house rules on every page."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from sqlmodel import Session
from werkzeug.test import TestResponse

from tests.factories import Place, make_account
from tests.web.house import findings
from wishes.access import Grant, Role
from wishes.app import create_app
from wishes.db import Database
from wishes.people.actions import create_account, grant_role, open_session
from wishes.protection.keyring import create_keyring
from wishes.settings import Settings


def app_of(settings: Settings) -> Flask:
    create_keyring(settings.keys_dir)
    return create_app(settings)


def grants_of(place: Place) -> dict[Role, Grant]:
    """One ordinary grant of every role, in the place's own community, branch and volunteer."""
    narrowed: dict[Role, dict[str, int]] = {
        Role.SOCIAL_WORKER: {"community_id": place.community_id},
        Role.BRANCH_SECRETARY: {"branch_id": place.branch_id},
        Role.VOLUNTEER: {"volunteer_id": place.volunteer_id},
    }
    return {role: place.grant(role, **narrowed.get(role, {})) for role in Role}


def signed_up(session: Session, grant: Grant, *, login: str, password: str) -> int:
    """An account with a password and one role; answers its id."""
    now = datetime.now(UTC)
    account_id = create_account(session, login=login, name="某人", password=password, now=now)
    grant_role(
        session, account_id=account_id, role=grant.role, now=now, campaign_id=grant.campaign_id,
        community_id=grant.community_id, branch_id=grant.branch_id, volunteer_id=grant.volunteer_id,
    )  # fmt: skip
    return account_id


class Person:
    """Somebody at a browser; nobody in particular when made without grants."""

    def __init__(self, app: Flask, grants: tuple[Grant, ...] = ()) -> None:
        self.client = app.test_client()
        if grants:
            database: Database = app.extensions["microwish.database"]
            now = datetime.now(UTC)
            with database.transaction() as session:
                account_id = make_account(session, grants, now=now)
                secret = open_session(session, account_id=account_id, now=now, hours=1)
            self.client.set_cookie("microwish", secret)

    def get(self, path: str) -> TestResponse:
        """A page; whatever is HTML must keep the house rules, whatever its status."""
        answer = self.client.get(path)
        whole = (
            "<!doctype" in answer.text[:200] if answer.content_type.startswith("text/html") else False
        )  # no fragment
        if whole and answer.status_code not in (301, 302, 303, 307, 308):
            problems = findings(answer.text)
            assert not problems, f"{path}: {problems}"
        assert answer.status_code < 500, f"{path}: {answer.status_code}"
        return answer

    def post(self, path: str, page: str, **values: Any) -> TestResponse:
        """Send a form as *page* offers it, with that page's token."""
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.get(page).text)
        assert token is not None, f"{page} offers no form"
        answer = self.client.post(path, data={"csrf_token": token[1], **values})
        assert answer.status_code < 500, f"{path}: {answer.status_code}"
        return answer
