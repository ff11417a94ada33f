"""What the API shows to whom: exactly what the access table says, in lists as in single answers."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.api.caller import Caller
from tests.api.conftest import Callers
from tests.factories import NOW, Place, code_of, insert, make_wish
from wishes.access import Actor, Field, Role, relations, visible_fields
from wishes.claims import actions as claims
from wishes.claims.tables import Claim, Proposal
from wishes.clock import utc_now
from wishes.db import Database
from wishes.events.actions import wish_state
from wishes.intake.tables import Wish
from wishes.lifecycle import HELD, Status
from wishes.people.queries import actor_of_token
from wishes.protection.passwords import secret_digest
from wishes.tracking.tables import Notice
from wishes.web.api.wishes import visible_to

TAKEN = (*HELD, Status.DELIVERED, Status.DISPUTED, Status.CLOSED)


def everybody(place: Place) -> dict[str, Actor]:
    return {
        "volunteer": place.volunteer,
        "member": place.member,
        "secretary": place.secretary,
        "social_worker": place.social_worker,
        "coordinator": place.coordinator,
        "courier": Actor(None, "", (place.grant(Role.COURIER),)),
        "inspector": Actor(None, "", (place.grant(Role.INSPECTOR),)),
        "auditor": Actor(None, "", (place.grant(Role.AUDITOR),)),
        "courier_and_volunteer": Actor(None, "", (place.grant(Role.COURIER), *place.volunteer.grants)),
    }


def every_wish(session: Any, place: Place) -> list[int]:
    """Wishes of both communities in every status, with every kind of taker."""
    takers = [
        (None, None),
        (place.branch_id, None),
        (place.branch_id, place.member_id),
        (None, place.volunteer_id),
        (place.other_branch_id, None),
    ]
    return [
        make_wish(
            session,
            place,
            status=status,
            elsewhere=elsewhere,
            **(
                {"taker_branch_id": branch, "taker_volunteer_id": volunteer}
                if status in (*TAKEN, Status.PROPOSED)
                else {}
            ),
        )
        for status, elsewhere, (branch, volunteer) in product(Status, (False, True), takers)
        if status in (*TAKEN, Status.PROPOSED) or (branch is None and volunteer is None)
    ]


def test_lists_hold_exactly_the_wishes_of_which_the_reader_may_see_anything(database: Database, place: Place) -> None:
    with database.transaction() as session:
        wishes = every_wish(session, place)
        for name, actor in everybody(place).items():
            expected = {
                wish_id
                for wish_id in wishes
                if visible_fields(relations(actor, (state := wish_state(session, wish_id)).facts), state.status)
            }
            listed = set(
                session.execute(
                    sa.select(col(Wish.id)).where(col(Wish.campaign_id) == place.id, visible_to(actor, place.id))
                ).scalars()
            )
            assert listed == expected, name


def test_a_field_that_may_not_be_seen_is_absent(callers: Callers, database: Database, place: Place) -> None:
    parts = {
        Field.STATUS: "status",
        Field.DISTRICT: "county_code",
        Field.PLACE: "community",
        Field.AGE_BAND: "age_band",
        Field.SEX: "sex",
        Field.TAKER: "taker",
    }
    with database.transaction() as session:
        wishes = every_wish(session, place)
        facts = {code_of(session, wish_id): wish_state(session, wish_id) for wish_id in wishes}
    for name, actor in everybody(place).items():
        caller = callers(actor)
        listed = {wish["code"]: wish for wish in walk(caller, f"/campaigns/{place.slug}/wishes")}
        for code, state in facts.items():
            fields = visible_fields(relations(actor, state.facts), state.status)
            assert (code in listed) == bool(fields), (name, code)
            if fields:
                assert {parts[f] for f in fields & set(parts)} == set(listed[code]) & set(parts.values()), (name, state)
        some = [
            code for code, state in facts.items() if not visible_fields(relations(actor, state.facts), state.status)
        ][:4]
        for code in some:
            caller.get(f"/campaigns/{place.slug}/wishes/{code}", 404)


def walk(caller: Caller, path: str, limit: int = 40) -> list[dict[str, Any]]:
    """All items, page by page."""
    found: list[dict[str, Any]] = []
    cursor = ""
    joint = "&" if "?" in path else "?"
    while True:
        page = caller.get(f"{path}{joint}limit={limit}&cursor={cursor}")
        assert len(page["items"]) <= limit
        found += page["items"]
        if page["next"] is None:
            return found
        assert len(page["items"]) == limit
        cursor = page["next"]


@pytest.mark.parametrize("limit", [1, 3, 7, 200])
def test_pages_hold_every_wish_once(callers: Callers, database: Database, place: Place, limit: int) -> None:
    with database.transaction() as session:
        codes = [code_of(session, make_wish(session, place)) for _ in range(7)]
    assert [
        wish["code"] for wish in walk(callers(place.coordinator), f"/campaigns/{place.slug}/wishes", limit)
    ] == codes


def test_filters_narrow_the_list(callers: Callers, database: Database, place: Place) -> None:
    with database.transaction() as session:
        made = {
            name: code_of(session, make_wish(session, place, **more))
            for name, more in {
                "plain": {},
                "elsewhere": {"elsewhere": True},
                "vetted": {"need": "vetted"},
                "claimed": {"status": Status.CLAIMED, "taker_branch_id": place.branch_id},
                "ready": {"status": Status.READY, "taker_volunteer_id": place.volunteer_id},
            }.items()
        }
    caller, here = callers(place.coordinator), f"/campaigns/{place.slug}/wishes"

    def found(query: str) -> set[str]:
        page = caller.get(f"{here}?{query}")
        names = {code: name for name, code in made.items()}
        assert page["total"] == len(page["items"])
        return {names[item["code"]] for item in page["items"]}

    assert found("status=claimed&status=ready") == {"claimed", "ready"}
    assert found("need=vetted") == {"vetted"}
    assert found(f"community={place.other_community_id}") == {"elsewhere"}
    assert found(f"taker=branch:{place.branch_id}") == {"claimed"}
    assert found(f"taker=volunteer:{place.codes[place.volunteer_id]}") == {"ready"}
    assert found("taker=volunteer:NOBODY") == set()
    assert found("county=330102&category=study") == set(made)
    assert found("county=999999") == set()
    assert found("category=book") == set()
    mine = callers(place.volunteer).get(f"{here}?taker=me")
    assert [item["code"] for item in mine["items"]] == [made["ready"]]
    assert [item["code"] for item in callers(place.secretary).get(f"{here}?taker=me")["items"]] == [made["claimed"]]


@pytest.mark.parametrize(
    "query",
    [
        "status=lost",
        "limit=0",
        "limit=201",
        "limit=many",
        "cursor=!",
        "cursor=AAAA",
        "cursor=djE6LTE",
        "community=x",
        "community=0",
        "need=any",
        "taker=somebody",
        "taker=branch:99999999999999999999",
        "unknown=1",
        "limit=5&limit=6",
        "county=%00",
    ],
)
def test_a_query_that_cannot_be_used_is_refused_by_field(callers: Callers, place: Place, query: str) -> None:
    problem = callers(place.coordinator).get(f"/campaigns/{place.slug}/wishes?{query}", 422)
    assert problem["field"].split(".")[0] in query


def test_a_wish_comes_with_its_timeline_and_the_moves_one_may_make(
    callers: Callers, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        code = code_of(session, make_wish(session, place))
    path = f"/campaigns/{place.slug}/wishes/{code}"
    member = callers(place.member)
    before = member.get(path)
    assert [move["name"] for move in before["moves"]] == ["claim"]
    assert "timeline" not in before
    member.post(before["moves"][0]["href"].removeprefix("/api/v1"))
    after = member.get(path.replace(code, code.lower()))
    assert {move["name"]: move["needs_reason"] for move in after["moves"]} == {"release": True, "prepare": False}
    assert [event["action"] for event in after["timeline"]] == ["claim"]
    assert after["due_at"] is not None
    assert after["wish"]["taker"]["volunteer"]
    courier = callers(Actor(None, "", (place.grant(Role.COURIER),))).get(path)
    assert all("actor" not in event and "reason" not in event for event in courier["timeline"])


def test_answers_are_in_the_readers_language(callers: Callers, database: Database, place: Place) -> None:
    with database.transaction() as session:
        code = code_of(session, make_wish(session, place))
    caller, path = callers(place.member), f"/campaigns/{place.slug}/wishes/{code}"
    labels = {
        tongue: caller.get(path, headers={"Accept-Language": tongue})["moves"][0]["label"]
        for tongue in ("zh-CN", "en-GB", "de")
    }
    assert labels == {"zh-CN": "认领", "en-GB": "claim", "de": "认领"}
    problems = {
        tongue: caller.get(path + "X", 404, headers={"Accept-Language": tongue})["title"] for tongue in ("zh", "en")
    }
    assert problems == {"zh": "没有找到", "en": "Not found"}


def test_counts_add_up(callers: Callers, database: Database, place: Place) -> None:
    with database.transaction() as session:
        made = every_wish(session, place)
    for actor in (place.coordinator, place.volunteer):
        counted = callers(actor).get(f"/campaigns/{place.slug}/counts")
        assert counted["total"] == sum(counted["by_status"].values()) == len(made)
        assert set(counted["by_status"]) == set(Status)


def test_proposals_are_listed_to_those_who_may_answer_them(callers: Callers, database: Database, place: Place) -> None:
    with database.transaction() as session:
        made = {}
        for name, branch, volunteer in (
            ("branch", place.branch_id, None),
            ("member", place.branch_id, place.member_id),
            ("other", place.other_branch_id, None),
        ):
            wish_id = make_wish(
                session, place, status=Status.PROPOSED, taker_branch_id=branch, taker_volunteer_id=volunteer
            )
            insert(
                session,
                Proposal,
                campaign_id=place.id,
                wish_id=wish_id,
                branch_id=branch,
                volunteer_id=volunteer,
                proposed_at=NOW,
                expires_at=NOW,
            )
            made[code_of(session, wish_id)] = name

    def seen(actor: Actor) -> set[str]:
        return {made[item["wish"]["code"]] for item in walk(callers(actor), f"/campaigns/{place.slug}/proposals", 1)}

    assert seen(place.secretary) == {"branch", "member"}
    assert seen(place.member) == {"member"}
    assert seen(place.volunteer) == set()
    assert seen(place.coordinator) == {"branch", "member", "other"}


def test_claims_are_listed_to_their_taker_and_the_branch_newest_first(
    callers: Callers, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        for branch, volunteer in (
            (place.branch_id, None),
            (place.branch_id, place.member_id),
            (None, place.volunteer_id),
            (place.other_branch_id, None),
        ):
            wish_id = make_wish(
                session, place, status=Status.CLAIMED, taker_branch_id=branch, taker_volunteer_id=volunteer
            )
            insert(
                session,
                Claim,
                campaign_id=place.id,
                wish_id=wish_id,
                branch_id=branch,
                volunteer_id=volunteer,
                claimed_at=NOW,
            )

    def seen(actor: Actor, query: str = "") -> list[tuple[int | None, int | None]]:
        return [
            (item["branch_id"], item["volunteer_id"])
            for item in walk(callers(actor), f"/campaigns/{place.slug}/claims{query}", 1)
        ]

    assert seen(place.secretary) == [(place.branch_id, place.member_id), (place.branch_id, None)]
    assert seen(place.member) == [(place.branch_id, place.member_id)]
    assert seen(place.volunteer, "?state=live") == [(None, place.volunteer_id)]
    assert seen(place.volunteer, "?state=ended") == []
    assert len(seen(place.coordinator)) == 4


def test_notices_are_ones_own_and_can_be_marked_read(callers: Callers, database: Database, place: Place) -> None:
    caller, other = callers(place.member), callers(place.volunteer)
    with database.transaction() as session:
        account_id = actor_of_token(session, secret_digest(caller.token), utc_now()).account_id
        for i in range(3):
            insert(
                session,
                Notice,
                campaign_id=place.id,
                effect_key=f"test-{i}",
                account_id=account_id,
                kind="claimed",
                facts={},
                run_at=NOW,
                created_at=NOW,
            )
    path = f"/campaigns/{place.slug}/notices"
    ids = [item["id"] for item in walk(caller, path, 2)]
    assert ids == sorted(ids, reverse=True) and len(ids) == 3
    assert other.get(path)["items"] == []
    assert other.post(f"{path}/{ids[0]}/read")["marked"] == 0
    assert [caller.post(f"{path}/{ids[0]}/read")["marked"] for _ in range(2)] == [1, 0]
    assert caller.post(f"{path}/read")["marked"] == 2
    assert all(item["read"] for item in caller.get(path)["items"])


def test_gaps_are_for_those_who_coordinate_and_audit(callers: Callers, database: Database, place: Place) -> None:
    path = f"/campaigns/{place.slug}/gaps"
    for actor in (place.coordinator, Actor(None, "", (place.grant(Role.AUDITOR),))):
        found = callers(actor).get(
            f"{path}?by=county&by=branch&measure=published_to_delivery&as_of=2021-12-31T18:00:00%2B08:00"
        )
        assert found["measure"] == "published_to_delivery"
        assert {"overall", "by_county", "by_branch"} <= set(found)
    for actor in (place.volunteer, place.secretary, place.social_worker):
        callers(actor).get(path, 403)
    for query in ("measure=nonsense", "by=phase", "as_of=yesterday", "as_of=2021-12-31T18:00:00"):
        callers(place.coordinator).get(f"{path}?{query}", 422)


def test_two_periods_are_compared_for_those_who_coordinate(callers: Callers, place: Place) -> None:
    path = f"/campaigns/{place.slug}/gaps/compare"
    days = "first=2021-03-01..2021-06-30&second=2021-07-01..2021-12-31"
    found = callers(place.coordinator).get(f"{path}?{days}&measure=published_to_delivery")
    assert [one["from"] for one in found["periods"]] == ["2021-03-01", "2021-07-01"]
    assert found["difference"] == {"median_days": None, "log_rank_p": None}
    callers(place.volunteer).get(f"{path}?{days}", 403)
    for query in (days.replace("first", "third"), days.replace("..", "-"), days.replace("2021-06-30", "2020-06-30")):
        callers(place.coordinator).get(f"{path}?{query}", 422)


def test_the_forecast_of_a_wish_is_for_those_who_work_on_it(callers: Callers, database: Database, place: Place) -> None:
    with database.transaction() as session:
        wish_id = make_wish(session, place)
        claims.claim(session, wish_id=wish_id, actor=place.volunteer, now=utc_now(), volunteer_id=place.volunteer_id)
        other = make_wish(session, place)
        code, open_code = code_of(session, wish_id), code_of(session, other)
    path = f"/campaigns/{place.slug}"
    for actor in (place.volunteer, place.coordinator):
        told = callers(actor).get(f"{path}/forecast/{code}")
        assert told["wish"] == code and told["status"] == "claimed"
        assert told["too_little_data"] is True and "delivered_on" not in told
    callers(place.volunteer).get(f"{path}/forecast/{open_code}", 404)
    listed = callers(place.coordinator).get(f"{path}/forecast?limit=1")
    assert listed["learnt_from"] == 0 and len(listed["items"]) == 1 and listed["next"]
    callers(place.volunteer).get(f"{path}/forecast", 403)
