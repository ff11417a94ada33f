"""Whatever is wrong comes back as problem details in the reader's language, and nothing the sender wrote is repeated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from tests.api.caller import PREFIX, Caller, Contract
from tests.api.conftest import Callers
from tests.factories import Place, code_of, make_campaign, make_token, make_wish
from wishes.access import Grant, Role
from wishes.app import create_app
from wishes.db import Database
from wishes.lifecycle import Status
from wishes.protection.keyring import create_keyring
from wishes.settings import Settings


@pytest.fixture
def code(database: Database, place: Place) -> str:
    with database.transaction() as session:
        return code_of(session, make_wish(session, place))


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"reason": NaN}', "application/json", 422),
        (b"[" * 100_000, "application/json", 413),
        (b"[" * 5_000, "application/json", 400),
        (b"[]", "application/json", 422),
        (b"null", "application/json", 422),
        (b'"x"', "application/json", 422),
        (b'{"reason": "\\ud800"}', "application/json", 400),
        (b'{"reason": "x"}', "text/plain", 415),
        (b"reason=x", "application/x-www-form-urlencoded", 415),
        (b'{"reason": "' + b"x" * 70_000 + b'"}', "application/json", 413),
        (b"", "application/json", 422),
    ],
)
def test_a_body_that_cannot_be_used_is_refused(
    callers: Callers, place: Place, code: str, body: bytes, kind: str, status: int
) -> None:
    response = callers(place.coordinator).call(
        "POST", f"/campaigns/{place.slug}/wishes/{code}/cancel", data=body, content_type=kind
    )
    assert response.status_code == status, response.get_data(as_text=True)


def test_every_wrong_field_is_named_in_both_languages_and_no_value_is_repeated(callers: Callers, place: Place) -> None:
    caller = callers(place.volunteer)
    body = {"name": "x" * 200, "days": "秘密", "colour": "secret"}
    for tongue, words in (("zh", "不能超过 80 个字符"), ("en", "at most 80 characters")):
        response = caller.send("/tokens", body, headers={"Accept-Language": tongue})
        problem = response.get_json()
        assert response.status_code == 422
        assert {error["field"] for error in problem["errors"]} == {"name", "days", "colour"}
        assert words in problem["detail"] or any(words in error["detail"] for error in problem["errors"])
        assert "secret" not in response.get_data(as_text=True) and "秘密" not in response.get_data(as_text=True)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/campaigns/a%00b", 404),
        ("GET", "/campaigns/%ff%fe", 404),
        ("GET", "/campaigns/" + "x" * 300, 404),
        ("DELETE", "/campaigns", 405),
        ("PUT", "/tokens", 405),
        ("DELETE", "/tokens/99999999999999999999", 404),
        ("GET", "/tokens/1", 405),
        ("DELETE", "/tokens/" + "9" * 5000, 404),
        ("PATCH", "/openapi.json", 405),
    ],
)
def test_addresses_and_methods_there_are_not(
    callers: Callers, place: Place, method: str, path: str, status: int
) -> None:
    response = callers(place.coordinator).call(method, path)
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    if status == 405:
        assert response.headers["Allow"]


def test_a_fault_of_ours_is_a_problem_with_a_number_and_without_a_trace(
    app: Flask, callers: Callers, place: Place, code: str
) -> None:
    def broken(**_: Any) -> Any:
        raise RuntimeError("inner words")

    app.view_functions["api.get_wish"] = broken
    app.config["PROPAGATE_EXCEPTIONS"] = False
    response = callers(place.coordinator).call("GET", f"/campaigns/{place.slug}/wishes/{code}")
    assert response.status_code == 500
    assert response.get_json()["request_id"] in response.get_json()["detail"]
    assert "inner words" not in response.get_data(as_text=True)


# --- whatever is sent -------------------------------------------------------------------------------------------------


class World:
    """An installation that lasts for many examples, with a token that may do everything."""

    def __init__(self, settings: Settings) -> None:
        create_keyring(settings.keys_dir)
        self.app = create_app(settings)
        self.app.config["PROPAGATE_EXCEPTIONS"] = False
        database = self.app.extensions["microwish.database"]
        with database.transaction() as session:
            self.place = make_campaign(session)
            self.codes = [code_of(session, make_wish(session, self.place, status=status)) for status in Status]
            mine = (
                Grant(Role.SITE_ADMIN),
                *self.place.volunteer.grants,
                *self.place.secretary.grants,
                *self.place.social_worker.grants,
            )
            self.token = make_token(session, mine)
        client = self.app.test_client()
        self.caller = Caller(client, Contract(client.get(f"{PREFIX}/openapi.json").get_json()), self.token)
        self.operations = [
            (method.upper(), path, operation)
            for path, operations in self.caller.contract.document["paths"].items()
            for method, operation in operations.items()
        ]


@pytest.fixture
def world(settings: Settings) -> Iterator[World]:
    made = World(settings)
    yield made
    made.app.extensions["microwish.database"].dispose()


texts = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["", "\x00", "a\x00b", "' OR 1=1 --", "%", "\\", "𠮷", "\u202e", "９９", "-1", "1e309", "x" * 5000]
    ),
)
plain = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), texts, st.just(2**63), st.just(-(2**70))
)
json_values = st.recursive(
    plain, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)), max_leaves=8
)
known = st.sampled_from(
    [
        "reason",
        "volunteer",
        "branch",
        "spent_fen",
        "scheduled_on",
        "rating",
        "name",
        "days",
        "uid",
        "campaign",
        "wish",
        "label",
        "receipt",
        "receipt_code",
        "scanned_at",
        "limit",
        "cursor",
        "status",
        "county",
        "taker",
        "community",
        "need",
        "as_of",
        "by",
        "measure",
    ]
)
likely = st.one_of(
    json_values,
    st.sampled_from(
        [
            "2099-01-01",
            "2021-06-01T08:00:00+08:00",
            "搬走了",
            5,
            0,
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-12:00",
            "9999-12-31",
            "AAAA",
            "djE6MQ",
            "me",
            "branch:1",
            "volunteer:V1",
            "claim_to_delivery",
            "county",
            "a" * 12,
        ]
    ),
)


@effort(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_nothing_that_is_sent_makes_the_api_fail_or_answer_what_it_does_not_announce(
    world: World, data: st.DataObject
) -> None:
    method, path, operation = data.draw(st.sampled_from(world.operations))
    parts = {
        "slug": st.sampled_from([world.place.slug, "none", "x" * 64]),
        "code": st.sampled_from([*world.codes, "W0", "zz"]),
        "notice_id": st.integers(0, 10**18 - 1),
        "token_id": st.integers(2, 10**18 - 1),
    }
    for name, values in parts.items():
        path = path.replace("{" + name + "}", str(data.draw(values)))
    names = [p["name"] for p in operation["parameters"] if p["in"] == "query"]
    query = data.draw(
        st.dictionaries(
            st.one_of(st.sampled_from(names), known) if names else known, st.one_of(texts, likely.map(str)), max_size=3
        )
        if data.draw(st.booleans())
        else st.just({})
    )
    options: dict[str, Any] = {"query_string": query}
    if method == "POST" and data.draw(st.booleans()):
        body = data.draw(st.one_of(st.dictionaries(known, likely, max_size=5), json_values))
        options |= {
            "data": json.dumps(body),
            "content_type": data.draw(
                st.sampled_from(["application/json"] * 4 + ["text/plain", "application/merge+json"])
            ),
        }
    elif method == "POST" and data.draw(st.booleans()):
        options |= {"data": data.draw(st.binary(max_size=60)), "content_type": "application/json"}
    headers = {}
    if data.draw(st.booleans()):
        headers["Idempotency-Key"] = data.draw(st.sampled_from(["a", "b", "", "é", "x" * 90]))
    response = world.caller.call(method, path, headers=headers, **options)
    assert response.status_code < 500, response.get_data(as_text=True)
