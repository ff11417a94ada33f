"""A request sent twice changes once, however the two meet; a refused one may be tried again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlmodel import col

from tests.api.caller import PREFIX
from tests.api.conftest import Callers
from tests.factories import NOW, Place, code_of, make_wish
from wishes.claims.tables import Claim, Volunteer
from wishes.clock import utc_now
from wishes.db import Database
from wishes.people import idempotency
from wishes.people.queries import actor_of_token
from wishes.people.tables import IdempotencyKey
from wishes.protection.passwords import secret_digest
from wishes.tracking.housekeeping import KEEP_ANSWERS, tidy


def new_wish(database: Database, place: Place) -> str:
    with database.transaction() as session:
        return code_of(session, make_wish(session, place))


def count(database: Database, table: type) -> int:
    with database.reading() as session:
        return int(session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


@pytest.mark.parametrize("move", ["claim", "cancel"])
def test_the_same_request_gets_the_same_answer_and_changes_once(
    callers: Callers, database: Database, place: Place, move: str
) -> None:
    code = new_wish(database, place)
    caller = callers(place.volunteer if move == "claim" else place.coordinator)
    path, body = f"/campaigns/{place.slug}/wishes/{code}/{move}", None if move == "claim" else {"reason": "搬走了"}
    first = caller.send(path, body, "key-1")
    again = caller.send(path, body, "key-1")
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.get_json() == first.get_json()
    assert "Idempotency-Replayed" not in first.headers and again.headers["Idempotency-Replayed"] == "true"
    caller.post(path, body, 409, "key-2")
    assert count(database, IdempotencyKey) == 1


@pytest.mark.parametrize("move", ["claim", "cancel"])
def test_a_key_used_for_another_request_is_refused(
    callers: Callers, database: Database, place: Place, move: str
) -> None:
    first, second = new_wish(database, place), new_wish(database, place)
    caller = callers(place.volunteer if move == "claim" else place.coordinator)
    body = None if move == "claim" else {"reason": "搬走了"}
    caller.post(f"/campaigns/{place.slug}/wishes/{first}/{move}", body, key="key")
    problem = caller.post(f"/campaigns/{place.slug}/wishes/{second}/{move}", body, 422, "key")
    assert problem["code"] == "idempotency_mismatch"
    other_body = {"volunteer": place.codes[place.volunteer_id]} if move == "claim" else {"reason": "重复"}
    caller.post(f"/campaigns/{place.slug}/wishes/{first}/{move}", other_body, 422, "key")


def test_a_key_is_its_accounts_own(callers: Callers, database: Database, place: Place) -> None:
    for actor in (place.volunteer, place.member):
        callers(actor).post(f"/campaigns/{place.slug}/wishes/{new_wish(database, place)}/claim", key="the same")
    assert count(database, Claim) == 2


def test_a_refused_request_spends_no_key(callers: Callers, database: Database, place: Place) -> None:
    code = new_wish(database, place)
    path = f"/campaigns/{place.slug}/wishes/{code}/claim"
    callers(place.member).post(path)
    volunteer = callers(place.volunteer)
    volunteer.post(path, status=409, key="late")
    callers(place.coordinator).post(path.replace("/claim", "/release"), {"reason": "换人"})
    assert "Idempotency-Replayed" not in volunteer.send(path, None, "late").headers
    assert volunteer.send(path, None, "late").headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("key", ["", " ", "x" * 81, "schlüssel", "tab\tinside"])
def test_what_is_no_key_is_refused(callers: Callers, database: Database, place: Place, key: str) -> None:
    caller = callers(place.volunteer)
    path = f"/campaigns/{place.slug}/wishes/{new_wish(database, place)}/claim"
    response = caller.call("POST", path, headers={"Idempotency-Key": key.encode().decode("latin-1")})
    assert (response.status_code, response.get_json()["field"]) == (422, "Idempotency-Key")


def test_one_request_sent_by_many_at_once_is_one_claim_with_one_answer(
    app: Flask, callers: Callers, database: Database, place: Place
) -> None:
    token, wishes = callers(place.volunteer).token, [new_wish(database, place) for _ in range(3)]

    def send(number: int) -> tuple[int, bytes]:
        code = wishes[number % 3]
        response = app.test_client().post(
            f"{PREFIX}/campaigns/{place.slug}/wishes/{code}/claim",
            headers={"Authorization": f"Bearer {token}", "Idempotency-Key": f"key-{code}"},
        )
        return response.status_code, response.data

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(24)))
    assert {status for status, _ in answers} == {200}
    assert len({body for _, body in answers}) == 3
    assert count(database, Claim) == count(database, IdempotencyKey) == 3
    with database.reading() as session:
        assert (
            session.execute(
                sa.select(col(Volunteer.live_claims)).where(col(Volunteer.id) == place.volunteer_id)
            ).scalar_one()
            == 3
        )


def test_many_sending_one_move_at_once_get_its_answer_or_are_told_to_wait(
    app: Flask, callers: Callers, database: Database, place: Place
) -> None:
    token, code = callers(place.coordinator).token, new_wish(database, place)

    def send(_: int) -> tuple[int, str]:
        response = app.test_client().post(
            f"{PREFIX}/campaigns/{place.slug}/wishes/{code}/cancel",
            json={"reason": "搬走了"},
            headers={"Authorization": f"Bearer {token}", "Idempotency-Key": "one"},
        )
        return response.status_code, response.get_json().get("code", "")

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(send, range(16)))
    assert (200, "") in answers
    assert answers <= {(200, ""), (409, "idempotency_in_flight")}


def test_a_request_still_under_way_is_not_begun_twice(postgres_settings: object) -> None:
    database = Database(postgres_settings)  # type: ignore[arg-type]
    asked = idempotency.Request(1, "key", b"x" * 32)
    with database.transaction() as first:
        assert idempotency.begin(first, asked, now=NOW) is None
        with pytest.raises(idempotency.RequestInFlight), database.transaction() as second:
            idempotency.begin(second, asked, now=NOW)
        idempotency.finish(first, asked, idempotency.Answer(200, "{}"))
    with database.transaction() as third:
        assert idempotency.begin(third, asked, now=NOW) == idempotency.Answer(200, "{}")
    database.dispose()


def test_answers_are_forgotten_after_their_time(callers: Callers, database: Database, place: Place) -> None:
    caller = callers(place.volunteer)
    caller.post(f"/campaigns/{place.slug}/wishes/{new_wish(database, place)}/claim", key="key")
    with database.transaction() as session:
        assert actor_of_token(session, secret_digest(caller.token), utc_now()).account_id
    assert tidy(database, now=utc_now()).answers == 0
    assert tidy(database, now=utc_now() + KEEP_ANSWERS + timedelta(minutes=1)).answers == 1
