"""Requests made up from the API's own description: no crash, no answer that is not described, none that takes long."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.conftest import settings_for
from tests.factories import Place, code_of, make_campaign, make_token, make_wish
from tests.web.people import app_of, grants_of
from wishes.access import Grant, Role
from wishes.admission import API
from wishes.lifecycle import Status

CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
SLOWEST_S = 10
"""On a machine that others use, too; the slowest on its own takes a tenth of a second."""
EXAMPLES = 20
pytestmark = pytest.mark.timeout(600)


class Fuzzed:
    """A small campaign behind the API, somebody with every role, and its description."""

    def __init__(self, folder: Path) -> None:
        self.app = app_of(settings_for(f"sqlite:///{folder / 'microwish.sqlite3'}", folder))
        with self.app.extensions["microwish.database"].transaction() as session:
            self.place: Place = make_campaign(session)
            wishes = [make_wish(session, self.place, status=status) for status in Status for _ in range(2)]
            self.codes = [code_of(session, wish) for wish in wishes]
            grants = (*grants_of(self.place).values(), Grant(Role.SITE_ADMIN))
            self.headers = {"Authorization": f"Bearer {make_token(session, grants)}"}


@pytest.fixture(scope="module")
def fuzzed(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    folder = tmp_path_factory.mktemp("fuzzed")
    shutil.copy(sqlite_template, folder / "microwish.sqlite3")
    made = Fuzzed(folder)
    yield made
    made.app.extensions["microwish.database"].dispose()


@pytest.fixture(scope="module")
def described(fuzzed: Fuzzed) -> Any:
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", fuzzed.app)


def for_each_operation(described: Any, examples: int, ask: Callable[[Any], None]) -> int:
    """Let *ask* try *examples* cases of each operation; answers how many operations there are."""
    operations = [found.ok() for found in described.get_all_operations()]
    for operation in operations:

        @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(operation.as_strategy())
        def some(case: Any) -> None:
            ask(case)

        some()
    return len(operations)


def answered(case: Any, headers: dict[str, str]) -> None:
    response = case.call(headers=headers)
    case.validate_response(response, checks=CHECKS)
    assert response.elapsed < SLOWEST_S


def test_whatever_is_asked_is_answered_as_described(described: Any, fuzzed: Fuzzed) -> None:
    assert for_each_operation(described, EXAMPLES, lambda case: answered(case, fuzzed.headers)) == len(API) - 1


def test_whatever_is_asked_of_a_wish_that_exists_is_answered_as_described(described: Any, fuzzed: Fuzzed) -> None:
    codes = cycle(fuzzed.codes)

    def ask(case: Any) -> None:
        given = dict(case.path_parameters or {})
        if "slug" in given:
            given["slug"] = fuzzed.place.slug
        if "code" in given:
            given["code"] = next(codes)
        case.path_parameters = given
        answered(case, fuzzed.headers)

    for_each_operation(described, EXAMPLES, ask)


def test_nobody_is_told_nothing_but_to_sign_in(described: Any) -> None:
    def ask(case: Any) -> None:
        response = case.call()
        case.validate_response(response, checks=CHECKS)
        assert response.status_code in (400, 401, 404, 405, 415, 422), response.status_code

    for_each_operation(described, 2, ask)
