"""A check that ran out closes every way to a child, for everybody: nobody can let it pass."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from tests.factories import NOW, Place, code_of, make_token, make_volunteer, make_wish, signed_in
from tests.protection.world import CONSENT, World
from tests.web.people import Person, app_of
from wishes.access import SYSTEM, Actor, Grant, Role
from wishes.campaigns.queries import rules_of
from wishes.claims import actions as claims
from wishes.claims.bulk import each
from wishes.claims.match_answers import accept_for
from wishes.claims.matching import run
from wishes.claims.tables import Branch, Proposal, ProposalState, Volunteer
from wishes.claims.taking import find_taker, take
from wishes.clock import local_day, utc_now
from wishes.db import Database
from wishes.errors import ConsentMissing, Invalid, NotQualified
from wishes.events.actions import move, wish_state
from wishes.intake.tables import Wish
from wishes.lifecycle import Kind, Status
from wishes.model import table_of
from wishes.settings import Settings
from wishes.tracking.reserve import fall_back
from wishes.tracking.tables import Notice
from wishes.tracking.vetting import remind_of_checks

VOLUNTEER, WISH, PROPOSAL, NOTICE = (table_of(m) for m in (Volunteer, Wish, Proposal, Notice))
TODAY = local_day(NOW)
EXPIRED, TOMORROW_OVER = TODAY - timedelta(days=365), TODAY - timedelta(days=364)


@pytest.fixture
def expired(database: Database, place: Place) -> int:
    """A volunteer of the branch whose check ran out today."""
    with database.transaction() as session:
        return make_volunteer(
            session, place.id, branch_id=place.branch_id, vetted_on=EXPIRED, qualification="二级心理咨询师"
        )


def wish(database: Database, place: Place, *, need: str = "vetted", status: Status = Status.OPEN, **more: Any) -> int:
    with database.transaction() as session:
        return make_wish(session, place, kind=Kind.SERVICE, need=need, status=status, **more)


def proposed(database: Database, place: Place, volunteer_id: int) -> int:
    wish_id = wish(database, place)
    with database.transaction() as session:
        who = {"taker_volunteer_id": volunteer_id, "taker_branch_id": place.branch_id}
        move(session, "propose", wish_id=wish_id, actor=SYSTEM, now=NOW, changes=who)
        session.execute(
            sa.insert(PROPOSAL).values(
                campaign_id=place.id,
                wish_id=wish_id,
                volunteer_id=volunteer_id,
                branch_id=place.branch_id,
                state=ProposalState.OPEN,
                cost=0,
                criteria={},
                proposed_at=NOW,
                expires_at=NOW + timedelta(days=3),
                end_reason="",
            )
        )
    return wish_id


def own(place: Place, volunteer_id: int) -> Actor:
    return Actor(None, "v", (place.grant(Role.VOLUNTEER, volunteer_id=volunteer_id),))


EVERYTHING = tuple(Role)


def omnipotent(place: Place, volunteer_id: int) -> Actor:
    """Every role at once, on the site and in the campaign."""
    narrowed = (
        place.grant(Role.VOLUNTEER, volunteer_id=volunteer_id),
        place.grant(Role.BRANCH_SECRETARY, branch_id=place.branch_id),
    )
    return Actor(
        None, "all", (*(Grant(role) for role in EVERYTHING), *(place.grant(role) for role in EVERYTHING), *narrowed)
    )


Path = Callable[[Session, Place, int, int], Any]
PATHS: dict[str, Path] = {
    "claim for oneself": lambda s, p, w, v: claims.claim(s, wish_id=w, actor=own(p, v), now=NOW, volunteer_id=v),
    "claim by the secretary": lambda s, p, w, v: claims.claim(
        s, wish_id=w, actor=p.secretary, now=NOW, volunteer_id=v, branch_id=p.branch_id
    ),
    "assigned by an administrator": lambda s, p, w, v: claims.claim(
        s, wish_id=w, actor=omnipotent(p, v), now=NOW, volunteer_id=v, via="assigned"
    ),
    "taken by the system": lambda s, p, w, v: take(
        s, state=wish_state(s, w), taker=find_taker(s, p.id, volunteer_id=v), rules=rules_of(s, p.id), actor=omnipotent(p, v), now=NOW
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", PATHS)
@pytest.mark.parametrize("need", ["vetted", "psych"])
def test_no_way_of_claiming_lets_an_expired_check_pass(
    database: Database, place: Place, expired: int, way: str, need: str
) -> None:
    wish_id = wish(database, place, need=need)
    with pytest.raises(NotQualified), database.transaction() as session:
        PATHS[way](session, place, wish_id, expired)
    with database.transaction() as session:  # and a day earlier it was good
        session.execute(sa.update(VOLUNTEER).where(VOLUNTEER.c.id == expired).values(vetted_on=TOMORROW_OVER))
        PATHS[way](session, place, wish_id, expired)


def test_counselling_needs_a_named_qualification(database: Database, place: Place, expired: int) -> None:
    wish_id = wish(database, place, need="psych")
    with database.transaction() as session:
        values = {"vetted_on": TODAY, "qualification": ""}
        session.execute(sa.update(VOLUNTEER).where(VOLUNTEER.c.id == expired).values(**values))
    with pytest.raises(NotQualified), database.transaction() as session:
        claims.claim(session, wish_id=wish_id, actor=own(place, expired), now=NOW, volunteer_id=expired)


def test_a_branch_or_the_reserve_cannot_take_what_means_meeting_a_child(database: Database, place: Place) -> None:
    wish_id = wish(database, place)
    with pytest.raises(Invalid), database.transaction() as session:
        claims.claim(session, wish_id=wish_id, actor=place.secretary, now=NOW, branch_id=place.branch_id)
    with database.transaction() as session:
        session.execute(
            sa.update(table_of(Branch)).where(table_of(Branch).c.id == place.branch_id).values(kind="reserve")
        )
        assert not fall_back(session, campaign_id=place.id, wish_id=wish_id, now=NOW)


@pytest.mark.parametrize("who", ["volunteer", "secretary", "on behalf", "in bulk"])
def test_no_proposal_is_accepted_with_an_expired_check(
    database: Database, place: Place, expired: int, who: str
) -> None:
    wish_id = proposed(database, place, expired)
    with database.transaction() as session:
        if who == "on behalf":
            done = accept_for(session, campaign_id=place.id, actor=place.coordinator, now=NOW)
            assert done == {"accepted": 0, "refused": 1}
        elif who == "in bulk":
            tally = each(
                session, [wish_id], lambda w: claims.accept(session, wish_id=w, actor=own(place, expired), now=NOW)
            )
            assert isinstance(tally.refused[wish_id], NotQualified)
        else:
            actor = own(place, expired) if who == "volunteer" else place.secretary
            with pytest.raises(NotQualified):
                claims.accept(session, wish_id=wish_id, actor=actor, now=NOW, volunteer_id=expired)
    with database.reading() as session:
        assert session.execute(sa.select(WISH.c.status).where(WISH.c.id == wish_id)).scalar_one() == Status.PROPOSED


def test_the_engine_proposes_nothing_to_who_may_not_meet_a_child(
    database: Database, place: Place, expired: int
) -> None:
    wish_id = wish(database, place)
    with database.transaction() as session:
        session.execute(sa.update(VOLUNTEER).values(county_code="330102"))
    run(database, campaign_id=place.id, actor=place.coordinator, now=NOW)
    with database.reading() as session:
        assert session.execute(sa.select(WISH.c.status).where(WISH.c.id == wish_id)).scalar_one() == Status.OPEN


def test_a_visit_is_not_agreed_for_a_day_when_the_check_has_run_out(
    database: Database, place: Place, expired: int
) -> None:
    wish_id = wish(database, place)
    with database.transaction() as session:
        session.execute(
            sa.update(VOLUNTEER).where(VOLUNTEER.c.id == expired).values(vetted_on=TODAY - timedelta(days=360))
        )
        claims.claim(session, wish_id=wish_id, actor=own(place, expired), now=NOW, volunteer_id=expired)
    for actor in (own(place, expired), omnipotent(place, expired)):
        with pytest.raises(NotQualified), database.transaction() as session:
            claims.step(
                session, "schedule", wish_id=wish_id, actor=actor, now=NOW, scheduled_on=TODAY + timedelta(days=5)
            )
    with database.transaction() as session:
        claims.step(
            session,
            "schedule",
            wish_id=wish_id,
            actor=own(place, expired),
            now=NOW,
            scheduled_on=TODAY + timedelta(days=4),
        )


def test_the_api_refuses_too(settings: Settings, database: Database, place: Place, expired: int) -> None:
    wish_id, now = wish(database, place), utc_now()
    with database.transaction() as session:
        code = code_of(session, wish_id)
        session.execute(
            sa.update(VOLUNTEER).where(VOLUNTEER.c.id == expired).values(vetted_on=local_day(now) - timedelta(days=365))
        )
        token = make_token(session, (place.grant(Role.VOLUNTEER, volunteer_id=expired),), now=now)
    answer = (
        app_of(settings)
        .test_client()
        .post(
            f"/api/v1/campaigns/{place.slug}/wishes/{code}/claim",
            json={},
            headers={"Authorization": f"Bearer {token}", "Idempotency-Key": "k-1"},
        )
    )
    assert (answer.status_code, answer.json["code"]) == (403, "not_qualified")  # type: ignore[index]


def test_the_page_refuses_too(settings: Settings, database: Database, place: Place, expired: int) -> None:
    wish_id = wish(database, place)
    with database.transaction() as session:
        code = code_of(session, wish_id)
    person = Person(app_of(settings), (place.grant(Role.VOLUNTEER, volunteer_id=expired),))
    page = f"/c/{place.slug}/wishes/{code}"
    assert person.post(f"{page}/claim", page).status_code == 403


def test_a_check_dated_tomorrow_is_none(database: Database, place: Place, expired: int) -> None:
    wish_id = wish(database, place)
    with database.transaction() as session:
        session.execute(
            sa.update(VOLUNTEER).where(VOLUNTEER.c.id == expired).values(vetted_on=TODAY + timedelta(days=1))
        )
    with pytest.raises(NotQualified), database.transaction() as session:
        claims.claim(session, wish_id=wish_id, actor=own(place, expired), now=NOW, volunteer_id=expired)


def test_what_runs_out_soon_is_asked_to_be_renewed_once(database: Database, place: Place) -> None:
    dates: dict[str, date] = {
        "in 30 days": TODAY - timedelta(days=335), "tomorrow": TODAY - timedelta(days=364),
        "in 31 days": TODAY - timedelta(days=334), "over": TODAY - timedelta(days=365),
    }  # fmt: skip
    with database.transaction() as session:
        people = {
            name: make_volunteer(session, place.id, branch_id=place.branch_id, vetted_on=day)
            for name, day in dates.items()
        }
        accounts = {name: signed_in(session, own(place, v)).account_id for name, v in people.items()}
        secretary = signed_in(session, place.secretary).account_id
    assert remind_of_checks(database, now=NOW) == 2
    assert remind_of_checks(database, now=NOW) == 2  # told already: nothing more is posted
    with database.reading() as session:
        told = session.execute(sa.select(NOTICE.c.account_id, NOTICE.c.facts).where(NOTICE.c.kind == "vetting")).all()
    assert {(row.account_id, row.facts["due_on"]) for row in told} == {
        (accounts["in 30 days"], str(TODAY + timedelta(days=30))),
        (accounts["tomorrow"], str(TODAY + timedelta(days=1))),
        (secretary, str(TODAY + timedelta(days=30))),
        (secretary, str(TODAY + timedelta(days=1))),
    }


def test_doing_it_again_after_a_dispute_needs_the_consent_still(world: World) -> None:
    kid = world.kid(status=Status.DISPUTED)
    with world.database.transaction() as session:
        session.execute(sa.update(CONSENT).where(CONSENT.c.child_id == kid.id).values(withdrawn_at=NOW))
    with pytest.raises(ConsentMissing), world.database.transaction() as session:
        claims.step(session, "redo", wish_id=kid.wish_id, actor=world.place.coordinator, now=NOW, reason="重送")
