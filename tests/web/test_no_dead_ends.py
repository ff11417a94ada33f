"""No page leads its reader to a refusal: whoever follows the links that a role is shown comes to pages that admit it."""

from __future__ import annotations

import html
import re
from collections import Counter, deque

import pytest
from flask import Flask

from tests.factories import Place, make_wish
from tests.web.people import Person, grants_of
from wishes.access import Role
from wishes.claims.actions import claim
from wishes.clock import utc_now
from wishes.db import Database
from wishes.lifecycle import Status

MOST = 3
"""Pages of one sort that are opened."""


@pytest.mark.parametrize("role", Role)
def test_every_link_that_a_role_is_shown_admits_it(app: Flask, database: Database, place: Place, role: Role) -> None:
    with database.transaction() as session:
        for status in (Status.SUBMITTED, Status.OPEN):
            make_wish(session, place, status=status)
        taken = make_wish(session, place)
        claim(session, wish_id=taken, actor=place.member, now=utc_now(), volunteer_id=place.member_id)
    person, addresses = Person(app, (grants_of(place)[role],)), app.url_map.bind("localhost")
    ahead, seen, opened, refused = deque([("/", "")]), set(), Counter[str](), []
    while ahead:
        address, shown_on = ahead.popleft()
        path = address.partition("?")[0]
        if address in seen or path.startswith("/static/"):
            continue
        seen.add(address)
        endpoint = addresses.match(path, method="GET")[0]
        opened[endpoint] += 1
        if opened[endpoint] > MOST:
            continue
        answer = person.client.get(address)
        if answer.status_code >= 400:
            refused.append((endpoint, answer.status_code, shown_on))
        elif answer.location:
            ahead.append((answer.location, shown_on))
        elif "html" in answer.content_type:
            links = re.findall(r'<a[^>]*\shref="(/[^"#]*)', answer.text)
            ahead.extend((html.unescape(link), endpoint) for link in links)
    assert not refused and len(opened) > 5
