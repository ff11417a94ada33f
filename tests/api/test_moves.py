"""Moves through the API: the right person, the right moment, the right object."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.api.conftest import Callers
from tests.factories import NOW, Place, code_of, insert, make_branch, make_campaign, make_volunteer, make_wish
from wishes.access import Actor, Grant, Role
from wishes.claims.tables import Claim, Proposal
from wishes.clock import local_day, utc_now
from wishes.custody.tables import Inspection
from wishes.db import Database
from wishes.events.tables import Event
from wishes.intake.tables import Wish
from wishes.lifecycle import MOVES, Kind, Status
from wishes.web.api.wishes import BY_MOVE


def new_wish(database: Database, place: Place, **more: Any) -> str:
    with database.transaction() as session:
        return code_of(session, make_wish(session, place, **more))


def of(place: Place, code: str, move: str) -> str:
    return f"/campaigns/{place.slug}/wishes/{code}/{move}"


def status_of(database: Database, code: str) -> Status:
    with database.reading() as session:
        return Status(session.execute(sa.select(col(Wish.status)).where(col(Wish.code) == code)).scalar_one())


def test_a_claim_says_what_became_of_the_wish(callers: Callers, database: Database, place: Place) -> None:
    code = new_wish(database, place)
    done = callers(place.member).post(of(place, code.lower(), "claim"))
    assert done.pop("at")
    assert done == {"campaign": place.slug, "wish": code, "action": "claim", "old_status": "open", "status": "claimed"}
    with database.reading() as session:
        claim = session.execute(sa.select(col(Claim.branch_id), col(Claim.volunteer_id), col(Claim.via))).one()
        assert tuple(claim) == (place.branch_id, place.member_id, "browse")
        assert session.execute(sa.select(sa.func.count()).select_from(Event)).scalar_one() == 1


def test_second_volunteer_is_told_someone_was_quicker(callers: Callers, database: Database, place: Place) -> None:
    code = new_wish(database, place)
    callers(place.member).post(of(place, code, "claim"))
    problem = callers(place.volunteer).post(of(place, code, "claim"), status=409)
    assert (problem["code"], problem["title"]) == ("conflict", "有人更快一步")
    mine = callers(place.member).post(of(place, code, "claim"), status=409)
    assert mine["code"] == "not_possible_now"


def test_a_secretary_claims_for_the_branch_or_for_a_member(callers: Callers, database: Database, place: Place) -> None:
    secretary = callers(place.secretary)
    plain, named, both = (new_wish(database, place) for _ in range(3))
    secretary.post(of(place, plain, "claim"))
    secretary.post(of(place, named, "claim"), {"volunteer": place.codes[place.member_id].lower()})
    secretary.post(of(place, both, "claim"), {"volunteer": place.codes[place.member_id], "branch": place.branch_id})
    with database.reading() as session:
        takers = {
            row.code: (row.taker_branch_id, row.taker_volunteer_id)
            for row in session.execute(
                sa.select(col(Wish.code), col(Wish.taker_branch_id), col(Wish.taker_volunteer_id))
            )
        }
    assert takers == {
        plain: (place.branch_id, None),
        named: (place.branch_id, place.member_id),
        both: (place.branch_id, place.member_id),
    }


def test_other_branches_and_their_people_are_not_there_to_claim_for(
    callers: Callers, database: Database, place: Place
) -> None:
    code = new_wish(database, place)
    with database.transaction() as session:
        stranger = make_volunteer(session, place.id, branch_id=place.other_branch_id)
        stranger_code = session.execute(
            sa.text("SELECT code FROM volunteer WHERE id = :id"), {"id": stranger}
        ).scalar_one()
    for actor, body in (
        (place.secretary, {"branch": place.other_branch_id}),
        (place.secretary, {"volunteer": stranger_code}),
        (place.secretary, {"volunteer": place.codes[place.volunteer_id]}),
        (place.secretary, {"volunteer": "V99999"}),
        (place.volunteer, {"volunteer": place.codes[place.member_id]}),
        (place.volunteer, {"branch": place.branch_id}),
    ):
        callers(actor).post(of(place, code, "claim"), body, 404)
    assert status_of(database, code) is Status.OPEN


def test_who_may_not_claim_is_told_so_and_who_may_not_know_is_not(
    callers: Callers, database: Database, place: Place
) -> None:
    code = new_wish(database, place)
    for actor in (place.coordinator, place.social_worker):
        callers(actor).post(of(place, code, "claim"), status=403)
    callers(Actor(None, "", (place.grant(Role.AUDITOR),))).post(of(place, code, "claim"), status=403)
    callers(Actor(None, "", (place.grant(Role.COURIER),))).post(of(place, code, "claim"), status=404)
    with database.transaction() as session:
        outsider = make_campaign(session).volunteer
    callers(outsider).post(of(place, code, "claim"), status=404)


@pytest.mark.parametrize("status", [Status.DRAFT, Status.SUBMITTED, Status.VERIFIED, Status.REJECTED, Status.CANCELLED])
def test_a_wish_that_was_never_shown_is_not_there_to_claim(
    callers: Callers, database: Database, place: Place, status: Status
) -> None:
    code = new_wish(database, place, status=status)
    callers(place.volunteer).post(of(place, code, "claim"), status=404)


def test_limits_and_pledges_hold_through_the_api(callers: Callers, database: Database, place: Place) -> None:
    with database.transaction() as session:
        volunteer_id = make_volunteer(session, place.id, limit=1)
        branch_id = make_branch(session, place.id, pledge_count=1)
    volunteer = callers(Actor(None, "", (place.grant(Role.VOLUNTEER, volunteer_id=volunteer_id),)))
    secretary = callers(Actor(None, "", (place.grant(Role.BRANCH_SECRETARY, branch_id=branch_id),)))
    for caller, code_ in ((volunteer, "capacity_reached"), (secretary, "pledge_reached")):
        caller.post(of(place, new_wish(database, place), "claim"))
        refused = new_wish(database, place)
        problem = caller.post(of(place, refused, "claim"), status=409, key=f"refused-{code_}")
        assert problem["code"] == code_
        assert status_of(database, refused) is Status.OPEN
    with database.reading() as session:
        assert session.execute(sa.text("SELECT count(*) FROM idempotency_key")).scalar_one() == 0


def test_meeting_a_child_takes_a_check(callers: Callers, database: Database, place: Place) -> None:
    code = new_wish(database, place, kind=Kind.SERVICE, need="vetted")
    assert callers(place.volunteer).post(of(place, code, "claim"), status=403)["code"] == "not_qualified"
    assert callers(place.secretary).post(of(place, code, "claim"), status=422)["field"] == "volunteer_id"
    with database.transaction() as session:
        session.execute(sa.text("UPDATE volunteer SET vetted_on = :day"), {"day": local_day(utc_now()).isoformat()})
    callers(place.volunteer).post(of(place, code, "claim"))


def test_goods_go_all_the_way_through_the_api(callers: Callers, database: Database, place: Place) -> None:
    code = new_wish(database, place, status=Status.DRAFT)
    worker, coordinator, member = callers(place.social_worker), callers(place.coordinator), callers(place.member)
    inspector = callers(Actor(None, "", (place.grant(Role.INSPECTOR),)))
    for caller, move, body in (
        (worker, "submit", None),
        (coordinator, "return", {"reason": "缺尺码"}),
        (worker, "submit", None),
        (coordinator, "verify", None),
        (coordinator, "publish", None),
        (member, "claim", None),
        (member, "prepare", {"spent_fen": 8_050}),
        (coordinator, "fail_inspection", {"reason": "破损"}),
        (member, "prepare", None),
        (inspector, "inspect", None),
        (coordinator, "dispatch", None),
        (coordinator, "undeliverable", {"reason": "没人在"}),
        (coordinator, "dispatch", None),
    ):
        if move == "inspect":  # one person's word is not enough
            assert coordinator.post(of(place, code, move), body)["status"] == "ready"
        done = caller.post(of(place, code, move), body)
        assert done["action"] == move and done["status"] == MOVES[move].end
    with database.transaction() as session:
        session.execute(sa.update(Wish).where(col(Wish.code) == code).values(status=Status.DELIVERED))
    for caller, move, body in (
        (worker, "dispute", {"reason": "少一件"}),
        (coordinator, "settle", {"reason": "已补"}),
        (worker, "close", {"rating": 5}),
    ):
        caller.post(of(place, code, move), body)
    assert status_of(database, code) is Status.CLOSED


def test_a_program_says_of_each_line_of_the_checklist_whether_it_holds(
    callers: Callers, database: Database, place: Place
) -> None:
    code = new_wish(database, place)
    coordinator, member = callers(place.coordinator), callers(place.member)
    inspector = callers(Actor(None, "", (place.grant(Role.INSPECTOR),)))
    member.post(of(place, code, "claim"))
    assert "checks" not in member.get(of(place, code, "").rstrip("/"))
    member.post(of(place, code, "prepare"))
    lines = [one["key"] for one in inspector.get(of(place, code, "").rstrip("/"))["checks"]]
    assert {"as_wished", "whole", "new"} < set(lines)
    good = dict.fromkeys(lines, True)
    for wrong in ({**good, "whole": False}, {key: True for key in lines[1:]}, {**good, "nothing": True}):
        assert inspector.post(of(place, code, "inspect"), {"checks": wrong}, 422)["field"] == "checks"
    assert inspector.post(of(place, code, "inspect"), {"checks": good})["status"] == "ready"
    failed = {"reason": "有裂缝", "checks": {**good, "whole": False}}
    assert (
        coordinator.post(of(place, code, "fail_inspection"), {**failed, "checks": {"nothing": False}}, 422)["field"]
        == "checks"
    )
    assert coordinator.post(of(place, code, "fail_inspection"), failed)["status"] == "claimed"
    member.post(of(place, code, "prepare"))
    for person in (inspector, coordinator):
        done = person.post(of(place, code, "inspect"), {"checks": good})
    assert done["status"] == "inspected"
    with database.reading() as session:
        kept = list(
            session.execute(sa.select(col(Inspection.state), col(Inspection.answers)).order_by(col(Inspection.id)))
        )
    assert [str(state) for state, _ in kept] == ["failed", "passed"]
    assert kept[0].answers == failed["checks"] and kept[1].answers == good


def test_company_is_agreed_for_a_day(callers: Callers, database: Database, place: Place) -> None:
    code = new_wish(database, place, kind=Kind.SERVICE)
    member, today = callers(place.member), local_day(utc_now())
    member.post(of(place, code, "claim"))
    assert (
        member.post(of(place, code, "schedule"), {"scheduled_on": (today - timedelta(days=1)).isoformat()}, 422)[
            "field"
        ]
        == "scheduled_on"
    )
    member.post(of(place, code, "schedule"), {}, 422)
    member.post(of(place, code, "schedule"), {"scheduled_on": today.isoformat()})
    member.post(of(place, code, "release"), {"reason": "临时有事"})
    assert status_of(database, code) is Status.OPEN


def test_a_proposal_is_accepted_or_declined_by_whom_it_was_made_to(
    callers: Callers, database: Database, place: Place
) -> None:
    codes = []
    with database.transaction() as session:
        for _ in range(3):
            wish_id = make_wish(session, place, status=Status.PROPOSED, taker_branch_id=place.branch_id)
            insert(
                session,
                Proposal,
                campaign_id=place.id,
                wish_id=wish_id,
                branch_id=place.branch_id,
                proposed_at=NOW,
                expires_at=NOW + timedelta(days=900),
            )
            codes.append(code_of(session, wish_id))
    secretary = callers(place.secretary)
    callers(place.volunteer).post(of(place, codes[0], "accept"), status=404)
    callers(place.coordinator).post(of(place, codes[0], "accept"), status=403)
    secretary.post(of(place, codes[0], "accept"), {"volunteer": "V99999"}, 404)
    secretary.post(of(place, codes[0], "accept"), {"volunteer": place.codes[place.volunteer_id]}, 403)
    secretary.post(of(place, codes[0], "accept"), {"volunteer": place.codes[place.member_id]})
    secretary.post(of(place, codes[1], "decline"), {"reason": "太远"})
    callers(place.coordinator).post(of(place, codes[2], "cancel"), {"reason": "重复"})
    assert [status_of(database, code) for code in codes] == [Status.CLAIMED, Status.OPEN, Status.CANCELLED]


def test_what_needs_a_reason_is_refused_without_one(callers: Callers, database: Database, place: Place) -> None:
    code = new_wish(database, place)
    coordinator = callers(place.coordinator)
    for body in (
        None,
        {},
        {"reason": ""},
        {"reason": "   "},
        {"reason": "x" * 201},
        {"reason": "a\x00b"},
        {"reason": 5},
        {"why": "x"},
    ):
        assert coordinator.post(of(place, code, "cancel"), body, 422)["field"] in ("reason", "why")
    coordinator.post(of(place, code, "cancel"), {"reason": "孩子搬走了"})


@pytest.mark.parametrize("move", sorted(BY_MOVE))
def test_nobody_moves_what_they_may_not_see(callers: Callers, database: Database, place: Place, move: str) -> None:
    with database.transaction() as session:
        start, kind = MOVES[move].start[0], MOVES[move].only or Kind.GOODS
        taker = None if move == "claim" else place.branch_id
        wish_id = make_wish(session, place, status=start, kind=kind, taker_branch_id=taker)
        if start is Status.PROPOSED:
            insert(
                session,
                Proposal,
                campaign_id=place.id,
                wish_id=wish_id,
                branch_id=taker,
                proposed_at=NOW,
                expires_at=NOW,
            )
        code = code_of(session, wish_id)
    bodies: dict[str, Any] = {"schedule": {"scheduled_on": "2099-01-01"}}
    body = {"reason": "试试"} if MOVES[move].reason else bodies.get(move)
    before = status_of(database, code)
    with database.transaction() as session:
        elsewhere = make_campaign(session)
    strangers = (
        elsewhere.coordinator,
        Actor(None, "", (place.grant(Role.SOCIAL_WORKER, community_id=place.other_community_id),)),
        Actor(None, "", (Grant(Role.BRANCH_SECRETARY, elsewhere.id, branch_id=elsewhere.branch_id),)),
    )
    for stranger in strangers:
        callers(stranger).post(of(place, code, move), body, 404)
    callers(Actor(None, "", (place.grant(Role.AUDITOR),))).post(of(place, code, move), body, 403)
    assert status_of(database, code) is before


def test_a_move_the_table_does_not_have_from_there_is_a_conflict(
    callers: Callers, database: Database, place: Place
) -> None:
    code = new_wish(database, place)
    problem = callers(place.coordinator).post(of(place, code, "verify"), status=409)
    assert problem["code"] == "not_possible_now"
    assert "待认领" in problem["detail"]
