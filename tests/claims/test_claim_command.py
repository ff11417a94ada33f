"""``microwish claim`` does what a page does, and says what became of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from sqlmodel import col

from tests.factories import Place, code_of, make_wish
from wishes.claims.tables import Branch, Claim
from wishes.commands.claiming import claim
from wishes.db import Database
from wishes.errors import CapacityReached, Conflict, NotFound


class Desk:
    """What the command group hands to its commands."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def emit(self, result: Any, as_json: bool) -> None:
        print(json.dumps(result, ensure_ascii=False) if as_json else result)


def run(database: Database, *arguments: str) -> Any:
    return CliRunner().invoke(claim, arguments, obj=Desk(database), catch_exceptions=True)


@pytest.fixture
def wish(database: Database, place: Place) -> str:
    with database.transaction() as session:
        return code_of(session, make_wish(session, place))


def test_a_volunteer_and_a_branch_claim_by_command(database: Database, place: Place, wish: str) -> None:
    done = run(
        database,
        "--campaign",
        place.slug,
        "--wish",
        wish.lower(),
        "--volunteer",
        place.codes[place.member_id].lower(),
        "--json",
    )
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert (told["wish"], told["status"]) == (wish, "claimed")
    with database.transaction() as session:
        second = code_of(session, make_wish(session, place))
        name = session.execute(sa.select(col(Branch.name)).where(col(Branch.id) == place.branch_id)).scalar_one()
    assert run(database, "--campaign", place.slug, "--wish", second, "--branch", name).exit_code == 0
    with database.reading() as session:
        claims = list(session.execute(sa.select(col(Claim.branch_id), col(Claim.volunteer_id)).order_by(col(Claim.id))))
    assert [tuple(one) for one in claims] == [(place.branch_id, place.member_id), (place.branch_id, None)]


def test_what_a_page_refuses_the_command_refuses(database: Database, place: Place, wish: str) -> None:
    member, volunteer = (place.codes[one] for one in (place.member_id, place.volunteer_id))
    assert run(database, "--campaign", place.slug, "--wish", wish, "--volunteer", member).exit_code == 0
    for arguments, refusal in (
        ((wish, "--volunteer", volunteer), Conflict),
        ((wish, "--volunteer", "V99999"), NotFound),
        ((wish, "--branch", "没有"), NotFound),
        (("W999999", "--volunteer", member), NotFound),
    ):
        assert isinstance(run(database, "--campaign", place.slug, "--wish", *arguments).exception, refusal)
    assert isinstance(run(database, "--campaign", "none", "--wish", wish, "--volunteer", member).exception, NotFound)
    with database.transaction() as session:
        session.execute(sa.text("UPDATE volunteer SET claim_limit = live_claims"))
        another = code_of(session, make_wish(session, place))
    assert isinstance(
        run(database, "--campaign", place.slug, "--wish", another, "--volunteer", member).exception, CapacityReached
    )


def test_somebody_must_be_named_and_only_one(database: Database, place: Place, wish: str) -> None:
    for takers in ((), ("--volunteer", "V1", "--branch", "x")):
        assert run(database, "--campaign", place.slug, "--wish", wish, *takers).exit_code == 2
