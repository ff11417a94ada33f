"""Who sees which field when: the table of fields, asked of the running application for every role, stage and relation."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.admission.world import World
from tests.conftest import settings_for
from tests.factories import make_campaign
from tests.web.people import app_of
from wishes.access import Field, Role, relations, visible_fields
from wishes.intake.wishes import wish_by_code
from wishes.lifecycle import Status
from wishes.people.queries import actor_of_account

TOLD_AS = {
    Field.WISH: "item",
    Field.DISTRICT: "county_code",
    Field.AGE_BAND: "age_band",
    Field.SEX: "sex",
    Field.STATUS: "status",
    Field.TAKER: "taker",
    Field.PLACE: "community",
}
"""The fields that the API tells, by their names there."""
UNTOLD = {Field.CHILD, Field.IDENTITY}
"""No part of a wish there at all."""


@pytest.fixture(scope="module")
def world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("fields")
    shutil.copy(sqlite_template, folder / "microwish.sqlite3")
    settings = settings_for(f"sqlite:///{folder / 'microwish.sqlite3'}", folder)
    app: Flask = app_of(settings)
    with app.extensions["microwish.database"].transaction() as session:
        here, elsewhere = make_campaign(session), make_campaign(session)
    yield World(app, settings, here, elsewhere)
    app.extensions["microwish.database"].dispose()


@pytest.mark.parametrize("role", list(Role))
def test_a_program_is_told_the_fields_of_the_table_and_no_others(world: World, role: Role) -> None:
    person, seen = world.person(role), 0
    with world.database.reading() as session:
        actor = actor_of_account(session, person.account_id)
    for status in Status:
        for whose in ("own", "other"):
            code = world.named(f"{status} wish", whose, person).path["code"]
            with world.database.reading() as session:
                facts = wish_by_code(session, world.here.id, code).facts
            expected = visible_fields(relations(actor, facts), status)
            answer = person.ask("GET", f"/api/v1/campaigns/{world.here.slug}/wishes/{code}", {})
            assert (answer.status_code == 200) is (Field.WISH in expected), (status, whose, answer.status_code)
            if answer.status_code == 200:
                told = answer.get_json()["wish"]
                assert {field for field, name in TOLD_AS.items() if name in told} == expected - UNTOLD, (
                    status,
                    whose,
                )
                assert not {"name", "child", "guardian", "phone", "address", "school", "alias"} & set(told)
                seen += 1
    assert seen >= 5
