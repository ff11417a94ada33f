"""Everybody walks through everything: no child's or guardian's name, phone, address, school, birth date or ID where it must not be."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import settings_for
from tests.crawler.installation import Loaded, copied, load
from tests.crawler.walking import Answer, Walk
from wishes.access import Role

WORKBOOKS = 6
MOST = 8
COORDINATING = frozenset({Role.COORDINATOR, Role.CAMPAIGN_ADMIN, Role.SITE_ADMIN})
OPENS_READINGS = frozenset({"intake.file", "intake.row", "intake.annotated", "intake.report", "intake.correct"})
"""Where senders and coordinators put entries right: readings are opened there, for their own files or for who coordinates."""
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    folder = tmp_path_factory.mktemp("crawled")
    made = load(settings_for(f"sqlite:///{folder / 'microwish.sqlite3'}", folder), workbooks=WORKBOOKS)
    yield made
    made.app.extensions["microwish.database"].dispose()
    made.database.dispose()


def leaks(loaded: Loaded, role: Role | None, answer: Answer) -> list[str]:
    """Kinds of what the answer says and this role may not see there. Never the value itself: this goes into a test's output."""
    personal = loaded.personal
    said = set(personal.found(answer.text))
    if not said:
        return []
    if answer.endpoint in OPENS_READINGS and role in COORDINATING:
        return []
    if answer.endpoint in OPENS_READINGS and role is Role.SOCIAL_WORKER:
        own = loaded.own_communities(role)
        said = {value for value in said if not personal.values[value] & own}
        said -= set(personal.found(loaded.sent_by(role), alone=False)) if said else set()
    return sorted(personal.kinds[value] for value in said)


def test_there_is_something_to_be_found(loaded: Loaded) -> None:
    personal = loaded.personal
    kinds = {kind: sum(1 for one in personal.kinds.values() if one == kind) for kind in set(personal.kinds.values())}
    print(f"searched for: {kinds}; left out as public vocabulary: {personal.left_out}")
    assert kinds["name"] > 200 and kinds["guardian"] > 100 and kinds["phone"] + kinds.get("phones", 0) > 100
    assert personal.left_out < 0.12 * len(personal.values)


def test_the_crawler_finds_what_is_shown_to_whom_it_may_be_shown(loaded: Loaded) -> None:
    """Without this the silence of the others would prove nothing."""
    walk = Walk(loaded, Role.COORDINATOR, most=3)
    said = {
        kind
        for a in walk.answers()
        if a.endpoint in OPENS_READINGS
        for v in loaded.personal.found(a.text)
        for kind in [loaded.personal.kinds[v]]
    }
    assert {"name", "guardian", "phone"} <= said | ({"phone"} if "phones" in said else set())


@pytest.mark.parametrize("role", [None, *Role])
def test_no_answer_tells_what_the_role_may_not_see(loaded: Loaded, role: Role | None) -> None:
    walk, asked, found = Walk(loaded, role, MOST), 0, []
    for answer in walk.answers():
        asked += 1
        assert answer.status < 500, answer.path
        found += [f"{answer.path}: {kind}" for kind in leaks(loaded, role, answer)]
    print(f"{role}: {asked} answers, {dict(walk.kinds)}")
    assert not found, "\n".join(found[:40])
    assert asked > (60 if role else 20)


@pytest.mark.parametrize("role", [None, Role.VOLUNTEER, Role.COORDINATOR])
def test_no_refusal_and_no_log_line_tells_it(loaded: Loaded, role: Role | None) -> None:
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        found = []
        for answer in Walk(loaded, role, MOST).refusals():
            assert answer.status < 500, (answer.endpoint, answer.status)
            if answer.endpoint not in OPENS_READINGS:
                found += [f"{answer.path}: {kind}" for kind in leaks(loaded, None, answer)]
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    assert not found, "\n".join(found[:40])
    assert not set(loaded.personal.found(log.getvalue()))


def test_no_message_that_left_tells_it(loaded: Loaded) -> None:
    sent = loaded.sent.getvalue()
    assert sent.count("✉") > 5
    assert not {loaded.personal.kinds[value] for value in loaded.personal.found(sent)}


def test_a_stolen_copy_without_the_keys_tells_nothing(loaded: Loaded, tmp_path: Path) -> None:
    stolen = copied(loaded.settings, tmp_path)
    for file in sorted(path for path in stolen.rglob("*") if path.is_file()):
        for encoding in ("utf-8", "gb18030"):
            text = file.read_bytes().decode(encoding, "replace")
            kinds = [
                loaded.personal.kinds[value]
                for value in loaded.personal.found(text)
                if loaded.personal.kinds[value] in ("phone", "phones", "recno") or len(value) > 2
            ]
            assert not kinds, (file.name, sorted(set(kinds)))
