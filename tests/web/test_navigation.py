"""The menu shows where one is, also on a page below an entry."""

from __future__ import annotations

import re

from flask import Flask

from tests.factories import Place
from tests.web.people import Person


def marked(page: str) -> list[tuple[str, str]]:
    """Of the side menu: the last part of the marked entries' addresses, and the mark."""
    side = page.split('class="sidenav"', 1)[1].split("</nav>", 1)[0]
    return re.findall(r'href="[^"]*/(\w+)" aria-current="(\w+)"', side)


def test_a_page_below_an_entry_marks_it(app: Flask, place: Place) -> None:
    coordinator = Person(app, place.coordinator.grants)
    at = f"/c/{place.slug}"
    assert marked(coordinator.get(f"{at}/import").text) == [("import", "page")]
    assert marked(coordinator.get(f"{at}/import/words").text) == [("import", "true")]
    assert marked(coordinator.get(f"{at}/match/what-if").text) == [("match", "true")]
    assert marked(coordinator.get(f"{at}/rounds/boxes").text) == [("rounds", "true")]
    assert marked(coordinator.get(f"{at}/people").text) == [("people", "page")]


def test_everybody_finds_the_way_to_their_account(app: Flask, place: Place) -> None:
    for person in (place.coordinator, place.volunteer, place.social_worker):
        assert 'href="/account"' in Person(app, person.grants).get(f"/c/{place.slug}/inbox").text


def test_an_old_address_of_the_second_step_leads_on(app: Flask, place: Place) -> None:
    """Opened again once signed in, or without having begun: never back to itself."""
    for person in (Person(app, place.coordinator.grants), Person(app)):
        answer = person.client.get("/sign-in/second-step", follow_redirects=True)
        assert answer.status_code == 200 and answer.request.path != "/sign-in/second-step"
