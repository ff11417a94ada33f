"""Who asks too often is told to wait; who does not is not disturbed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from tests.services.redis import RedisServer
from tests.web.people import Person, app_of
from wishes.settings import Settings
from wishes.web.limits import WINDOW_S, Counting


class Clock:
    def __init__(self) -> None:
        self.at = 1_000_000 * WINDOW_S * 1.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def settings(sqlite_settings: Settings) -> Settings:
    return replace(sqlite_settings, requests_per_minute=10)


def test_one_too_many_is_refused_by_page_and_by_program_with_the_time_to_wait(app: Flask) -> None:
    client = app.test_client()
    assert [client.get("/sign-in").status_code for _ in range(11)] == [200] * 10 + [429]
    refused = client.get("/api/v1/campaigns")
    assert refused.status_code == 429 and refused.content_type == "application/problem+json"
    assert int(refused.headers["Retry-After"]) > 0
    assert client.get("/static/css/microwish.css").status_code == 200


def test_one_sign_in_does_not_use_up_anothers_share_but_inventing_tokens_helps_nobody(app: Flask) -> None:
    def ask(token: str) -> int:
        return app.test_client().get("/api/v1/campaigns", headers={"Authorization": f"Bearer {token}"}).status_code

    assert [ask("one") for _ in range(11)] == [401] * 10 + [429]
    assert ask("two") == 401
    assert 429 in {ask(f"invented-{n}") for n in range(60)}


def test_the_claim_is_not_counted(app: Flask) -> None:
    client = app.test_client()
    path = "/api/v1/campaigns/x/wishes/W1/claim"
    assert {client.post(path, headers={"Authorization": "Bearer x"}).status_code for _ in range(80)} == {401}


def test_a_minute_later_there_is_room_again() -> None:
    clock = Clock()
    counting = Counting(None, clock)
    assert [counting.count("a") for _ in range(3)] == [1, 2, 3]
    clock.at += WINDOW_S * 1.5
    assert counting.count("a") == pytest.approx(1 + 3 * 0.5)
    clock.at += 2 * WINDOW_S
    assert counting.count("a") == 1 and counting.count("b") == 1


@pytest.mark.broker
def test_processes_count_together_where_there_is_redis_and_each_alone_while_it_is_away(
    redis_server: RedisServer,
) -> None:
    clock = Clock()
    first, second = Counting(redis_server.url, clock), Counting(redis_server.url, clock)
    assert [first.count("k"), second.count("k"), first.count("k")] == [1, 2, 3]
    alone = Counting("redis://127.0.0.1:1/0", clock)
    assert [alone.count("k"), alone.count("k")] == [1, 2]


def test_nothing_is_counted_where_no_limit_is_set(sqlite_settings: Settings) -> None:
    app = app_of(sqlite_settings)
    assert {Person(app).get("/sign-in").status_code for _ in range(40)} == {200}
