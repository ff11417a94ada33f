"""Many notices of one kind on one day are one line; nothing of them is lost."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask

from tests.factories import Place, code_of, insert, make_account, make_wish
from tests.web.people import grants_of
from wishes.access import Role
from wishes.clock import utc_now
from wishes.db import Database
from wishes.people.actions import open_session
from wishes.tracking.tables import Notice


def test_notices_alike_are_folded_and_others_are_not(app: Flask, database: Database, place: Place) -> None:
    now = utc_now()
    with database.transaction() as session:
        account_id = make_account(session, (grants_of(place)[Role.COORDINATOR],))
        codes = []
        for number, kind in enumerate(["release", "claimed", *["release"] * 5]):
            wish_id = make_wish(session, place)
            codes.append(code_of(session, wish_id))
            insert(
                session, Notice, campaign_id=place.id, effect_key=f"test-{number}", account_id=account_id, kind=kind,
                wish_id=wish_id, state="sent", run_at=now, created_at=now - timedelta(seconds=60 - number),
            )  # fmt: skip
        secret = open_session(session, account_id=account_id, now=now, hours=1)
    browser = app.test_client()
    browser.set_cookie("microwish", secret)
    page = browser.get(f"/c/{place.slug}/inbox").text
    assert "· 5 条" in page and "5 条未读" in page
    assert "6 条" not in page, "the claim between them keeps the first one apart"
    assert all(code in page for code in codes)
