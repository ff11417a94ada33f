"""The pages of matching: the coordinator's, and the branch secretary's answer."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.matching_product.town import Town, branch, make_town, person, takers_of, wish
from tests.web.people import Person
from wishes.access import Role
from wishes.claims.tables import Claim, MatchRun
from wishes.clock import utc_now
from wishes.db import Database
from wishes.settings import Settings


@pytest.fixture
def settings(sqlite_settings: Settings) -> Settings:
    return sqlite_settings


@pytest.fixture
def town(database: Database) -> Town:
    with database.transaction() as session:
        found = make_town(session)
        branch(session, found, count=3, liked=["study"])
        branch(session, found, count=3, county="330127")
        person(session, found, limit=1, vetted_on=utc_now().date())
        for i in range(8):
            wish(session, found, far=i % 2 == 0, price_fen=6_000 + i)
        for _ in range(2):
            wish(session, found, need="vetted", category="companionship")
        return found


@pytest.fixture
def coordinator(app: Flask, town: Town) -> Person:
    return Person(app, (town.place.grant(Role.COORDINATOR),))


def at(town: Town, path: str = "") -> str:
    return f"/c/{town.place.slug}/match{path}"


def run_it(coordinator: Person, town: Town) -> int:
    answer = coordinator.post(at(town), at(town))
    found = re.search(r"/match/(\d+)$", answer.headers["Location"])
    assert found is not None
    return int(found[1])


def test_a_coordinator_runs_the_engine_and_sees_what_it_found(
    coordinator: Person, town: Town, database: Database
) -> None:
    assert "匹配 10 个心愿" in coordinator.get(at(town)).text
    run_id = run_it(coordinator, town)
    for path in (at(town), at(town, f"/{run_id}"), at(town, f"/{run_id}?lang=en"), at(town, f"/{run_id}?state=open")):
        page = coordinator.get(path).text
        assert "没有着落" in page or "Unmatched" in page
    with database.reading() as session:
        assert len(takers_of(session, town)) == 7
    page = coordinator.get(at(town, f"/{run_id}?lang=zh")).text
    assert "全部 1 位经过核查的志愿者都已派满" in page and "其次是" in page


def test_a_run_is_undone_on_its_page(coordinator: Person, town: Town, database: Database) -> None:
    run_id = run_it(coordinator, town)
    coordinator.post(at(town, f"/{run_id}/undo"), at(town, f"/{run_id}"))
    with database.reading() as session:
        assert takers_of(session, town) == {}
    assert "已撤销" in coordinator.get(at(town, f"/{run_id}")).text


def test_proposals_are_accepted_all_by_branch_or_one_by_one(
    coordinator: Person, town: Town, database: Database
) -> None:
    run_id = run_it(coordinator, town)
    page, send = at(town, f"/{run_id}"), at(town, f"/{run_id}/answer")

    def claims() -> int:
        with database.reading() as session:
            return int(session.execute(sa.select(sa.func.count()).select_from(Claim)).scalar_one())

    with database.reading() as session:
        takers = takers_of(session, town)
    one = min(takers)
    coordinator.post(send, page, action="accept", ids=str(one))
    assert claims() == 1
    branch_id = next(b for w, (b, _) in takers.items() if b is not None and w != one)
    coordinator.post(send, page, action="accept_branch", branch=str(branch_id))
    assert claims() == 1 + sum(b == branch_id for w, (b, _) in takers.items() if w != one)
    coordinator.post(send, page, action="accept_all")
    assert claims() == 7


def test_a_ticked_proposal_is_taken_back(coordinator: Person, town: Town, database: Database) -> None:
    run_id = run_it(coordinator, town)
    with database.reading() as session:
        one = min(takers_of(session, town))
    coordinator.post(at(town, f"/{run_id}/answer"), at(town, f"/{run_id}"), action="decline", ids=str(one))
    with database.reading() as session:
        assert one not in takers_of(session, town)


def test_advice_is_worked_out_when_asked_and_kept(coordinator: Person, town: Town, database: Database) -> None:
    run_id = run_it(coordinator, town)
    coordinator.post(at(town, f"/{run_id}/advice"), at(town, f"/{run_id}"))
    with database.reading() as session:
        advice = session.execute(sa.select(MatchRun.advice).where(MatchRun.id == run_id)).scalar_one()  # type: ignore[call-overload]
    assert any(piece["kind"] == "people" and piece["serves"] == 1 for piece in advice)
    assert "再有 1 位经过核查的志愿者，可多满足 1 个心愿" in coordinator.get(at(town, f"/{run_id}")).text


def test_sliders_show_what_changes_before_anything_is_saved(coordinator: Person, town: Town) -> None:
    page = coordinator.get(at(town, "/what-if?try=1&distance=90&category=0&able=vetted&county=330102&people=1"))
    assert "现在与试算" in page.text and "保存权重" in page.text
    asking = page.text.split('method="get"')[1].split("</form>")[0]
    names = re.findall(r' name="(\w+)"', asking)
    assert len(names) == len(set(names)) and {"able", "county", "people"} < set(names), "no entry hides another"
    assert '<option value="vetted" selected' in asking
    told = coordinator.client.get(at(town, "/what-if?try=1&distance=90&category=0&format=json")).get_json()
    assert told["weights"]["now"]["distance"] == 10.0 and told["weights"]["then"]["distance"] == 90.0
    assert told["kept"] + told["moved"] + told["newly_matched"] == told["then"]["matched"]
    assert coordinator.client.get(at(town, "/what-if?try=1&distance=high")).status_code == 422
    coordinator.post(at(town, "/weights"), at(town, "/what-if?try=1&distance=90"), distance="90")
    assert 'value="90"' in coordinator.get(at(town, "/what-if")).text


def test_others_neither_see_nor_start_a_run(app: Flask, town: Town) -> None:
    for role in (Role.VOLUNTEER, Role.SOCIAL_WORKER, Role.AUDITOR):
        stranger = Person(app, (town.place.grant(role),))
        assert {stranger.get(at(town, path)).status_code for path in ("", "/1", "/what-if", "/progress")} == {403}


def test_a_secretary_hands_a_proposal_to_a_member(
    app: Flask, coordinator: Person, town: Town, database: Database
) -> None:
    run_it(coordinator, town)
    with database.transaction() as session:
        offered = {w: b for w, (b, _) in takers_of(session, town).items() if b is not None}
        first = min(offered)
        member = person(session, town, branch_id=offered[first], duties=())
    secretary = Person(app, (town.place.grant(Role.BRANCH_SECRETARY, branch_id=offered[first]),))
    home = f"/c/{town.place.slug}/branch"
    page = secretary.get(home).text
    assert "为什么是我们" in page and "公里" in page
    secretary.post(f"{home}/answer", home, action="hand", ids=str(first), member=str(member))
    others = [w for w, b in offered.items() if b == offered[first] and w != first]
    secretary.post(f"{home}/answer", home, action="decline", ids=str(others[0]), reason="太远")
    with database.reading() as session:
        claim = session.execute(sa.select(Claim.wish_id, Claim.volunteer_id, Claim.branch_id)).one()  # type: ignore[call-overload]
        assert others[0] not in takers_of(session, town)
    assert tuple(claim) == (first, member, offered[first])
