"""Anything behind the question mark of every page: an answer, never a crash."""

from __future__ import annotations

import pytest

from tests.admission.site import Site, names_read

NAMES = names_read(r"(?:args|values)")
WORDS = [
    "",
    "0",
    "-1",
    "9" * 20,
    "-" + "9" * 20,
    "9" * 5000,
    "1e400",
    "NaN",
    "\x00",
    "‮",
    "2099-02-31",
    "'; --",
    "[]",
    "٣",
    "²",
]
NOT_TRIED = {"account.sign_out"}
pytestmark = pytest.mark.timeout(600)


def test_there_are_many_names_to_try() -> None:
    assert len(NAMES) > 20 and {"after", "before", "branch", "q"} <= set(NAMES)


def test_no_query_crashes_any_page(site: Site) -> None:
    wrong: list[str] = []
    for rule in list(site.app.url_map.iter_rules()):
        if "GET" not in (rule.methods or ()) or rule.rule.startswith("/api/") or rule.endpoint in NOT_TRIED:
            continue
        if rule.endpoint == "static":
            continue
        path = site.address(rule)
        for word in WORDS:
            answer = site.person.browser.get(path, query_string=dict.fromkeys(NAMES, word))
            if answer.status_code >= 500:
                wrong.append(f"{rule.endpoint}: {answer.status_code} for {word[:30]!r}")
            answer.close()
    assert not wrong, wrong


def test_no_number_in_an_address_is_too_large_for_the_answer(site: Site) -> None:
    asked = 0
    for rule in list(site.app.url_map.iter_rules()):
        if "<int:" not in rule.rule or "GET" not in (rule.methods or ()):
            continue
        for number in ("9" * 18, "9" * 19, "9" * 400):
            path = rule.rule.replace("<slug:slug>", site.world.here.slug).replace("<slug>", site.world.here.slug)
            while "<" in path:
                path = path[: path.index("<")] + number + path[path.index(">") + 1 :]
            status = site.person.browser.get(path).status_code
            assert status == 404 or (len(number) == 18 and status < 500), path[:60]
            asked += 1
    assert asked > 10
