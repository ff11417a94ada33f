"""The public figures add up, and none of them tells a small one."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.factories import Place, make_wish
from tests.web.people import Person
from wishes.db import Database
from wishes.lifecycle import Status


def figures(page: str) -> list[str]:
    return re.findall(r'class="stat__value">([^<]+)<', page)


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ((7, 8, 10, 12), ["37", "15", "10", "12"]),
        ((10, 0, 3, 12), ["25", "13", "12"]),
        ((20, 0, 12, 4), ["36", "不足 10"]),
    ],
    ids=["parts-add-up", "a-small-part-is-told-with-the-other", "few-delivered"],
)
def test_what_is_told_adds_up_and_tells_no_small_part(
    app: Flask, database: Database, place: Place, counts: tuple[int, ...], told: list[str]
) -> None:
    stages = (Status.OPEN, Status.PROPOSED, Status.READY, Status.DELIVERED)
    with database.transaction() as session:
        for stage, count in zip(stages, counts, strict=True):
            for _ in range(count):
                make_wish(session, place, status=stage)
    assert figures(Person(app).get(f"/c/{place.slug}").text) == told
