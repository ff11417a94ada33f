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
