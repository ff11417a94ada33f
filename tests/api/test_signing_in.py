"""Tokens are the only way in, and their end takes effect with the next request."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlmodel import col

from tests.api.conftest import Callers
from tests.factories import Place, code_of, make_account, make_token, make_wish
from wishes.access import Role
from wishes.clock import utc_now
from wishes.db import Database
from wishes.intake.tables import Wish
from wishes.lifecycle import Status
from wishes.people.actions import open_session
from wishes.people.tables import Account, ApiToken, RoleGrant


def test_nobody_is_told_to_sign_in_and_how(callers: Callers) -> None:
    response = callers().call("GET", "/campaigns")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert response.get_json()["code"] == "not_signed_in"


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Basic YTpi", "Bearer wrong", "bearer\t", "Token abc", "Bearer ünknown"]
)
def test_what_is_no_token_of_ours_opens_nothing(callers: Callers, header: str) -> None:
    assert (
        callers().call("GET", "/campaigns", headers={"Authorization": header.encode().decode("latin-1")}).status_code
        == 401
    )


def test_a_session_cookie_neither_reads_nor_changes(
    app: Flask, callers: Callers, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        account_id = make_account(session, place.volunteer.grants)
        secret = open_session(session, account_id=account_id, now=utc_now(), hours=1)
        wish_id = make_wish(session, place)
        code = code_of(session, wish_id)
    nobody = callers()
    nobody.client.set_cookie("microwish", secret)
    assert nobody.call("GET", "/campaigns").status_code == 401
    for path in (f"/campaigns/{place.slug}/wishes/{code}/claim", f"/campaigns/{place.slug}/notices/read", "/tokens"):
        assert nobody.send(path, {"name": "x"} if path == "/tokens" else None).status_code == 401
    with database.reading() as session:
        assert session.execute(sa.select(col(Wish.status)).where(col(Wish.id) == wish_id)).scalar_one() == Status.OPEN


@pytest.mark.parametrize("ending", ["revoked", "expired", "closed"])
def test_a_token_ends_with_its_revocation_its_time_or_its_account(
    callers: Callers, database: Database, place: Place, ending: str
) -> None:
    caller = callers(place.volunteer)
    with database.transaction() as session:
        wish = code_of(session, make_wish(session, place))
    assert caller.get("/campaigns")["items"]
    with database.transaction() as session:
        newest = session.execute(sa.select(sa.func.max(col(ApiToken.id)))).scalar_one()
        if ending == "revoked":
            session.execute(sa.update(ApiToken).where(col(ApiToken.id) == newest).values(revoked_at=utc_now()))
        elif ending == "expired":
            session.execute(
                sa.update(ApiToken)
                .where(col(ApiToken.id) == newest)
                .values(expires_at=utc_now() - timedelta(seconds=1))
            )
        else:
            session.execute(sa.update(Account).values(active=False))
    caller.get("/campaigns", 401)
    caller.post(f"/campaigns/{place.slug}/wishes/{wish}/claim", status=401)


def test_a_role_taken_away_is_gone_with_the_next_claim(callers: Callers, database: Database, place: Place) -> None:
    caller = callers(place.volunteer)
    with database.transaction() as session:
        first, second = (code_of(session, make_wish(session, place)) for _ in range(2))
    caller.post(f"/campaigns/{place.slug}/wishes/{first}/claim")
    with database.transaction() as session:
        session.execute(sa.delete(RoleGrant).where(col(RoleGrant.role) == Role.VOLUNTEER))
    caller.post(f"/campaigns/{place.slug}/wishes/{second}/claim", status=404)


def test_own_tokens_are_made_listed_and_revoked(callers: Callers, place: Place) -> None:
    caller, other = callers(place.volunteer), callers(place.member)
    made = caller.post("/tokens", {"name": "表格同步", "days": 30}, 201)
    assert made["token"].startswith("mw_")
    listed = caller.get("/tokens")["items"]
    assert [item["name"] for item in listed] == ["test", "表格同步"]
    assert all("token" not in item for item in listed)
    made_caller = callers()
    made_caller.token = made["token"]
    assert made_caller.get("/campaigns")["items"]
    assert other.call("DELETE", f"/tokens/{made['id']}").status_code == 404
    for _ in range(2):
        assert caller.call("DELETE", f"/tokens/{made['id']}").status_code == 200
    made_caller.get("/campaigns", 401)


def test_a_tokens_secret_is_not_kept_with_its_idempotency_key(
    callers: Callers, database: Database, place: Place
) -> None:
    caller = callers(place.volunteer)
    made = caller.post("/tokens", {"name": "once"}, 201, key="make-one")
    again = caller.send("/tokens", {"name": "once"}, "make-one")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert "token" not in again.get_json() and again.get_json()["id"] == made["id"]
    with database.reading() as session:
        assert made["token"] not in str(list(session.execute(sa.text("SELECT * FROM idempotency_key"))))


def test_an_account_sees_only_campaigns_it_has_a_role_in(callers: Callers, database: Database, place: Place) -> None:
    from tests.factories import make_campaign
    from wishes.access import Actor, Grant

    with database.transaction() as session:
        other = make_campaign(session)
        token = make_token(session, (Grant(Role.SITE_ADMIN),))
    caller = callers(place.volunteer)
    assert [item["slug"] for item in caller.get("/campaigns")["items"]] == [place.slug]
    assert caller.get(f"/campaigns/{place.slug}")["roles"] == ["volunteer"]
    for path in ("", "/counts", "/wishes", "/claims", "/proposals", "/notices", "/gaps"):
        caller.get(f"/campaigns/{other.slug}{path}", 404)
        caller.get(f"/campaigns/no-such-campaign{path}", 404)
    everywhere = callers(Actor(None))
    everywhere.token = token
    assert {item["slug"] for item in everywhere.get("/campaigns")["items"]} == {place.slug, other.slug}
