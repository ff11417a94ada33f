"""A stuck wish is reminded, taken back, or given to the reserve; on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.factories import NOW, Place, insert, make_account, make_wish
from wishes.access import Role
from wishes.claims import actions as claims
from wishes.claims.tables import Branch, Claim, ClaimState
from wishes.db import Database
from wishes.errors import Forbidden, Invalid, MicrowishError, NotFound, PledgeReached
from wishes.intake.tables import Wish
from wishes.lifecycle import Status
from wishes.people.queries import actor_of_account
from wishes.tracking.board_queries import aged_wishes, branches_with_room, late_counts, late_wishes, most_late, reserves
from wishes.tracking.ledger import Narrow
from wishes.tracking.steering import reassign, remind, take_back, use_reserve
from wishes.tracking.tables import Notice

LATER = NOW + timedelta(days=12)  # claims are due after ten


def claimed(database: Database, place: Place) -> int:
    with database.transaction() as session:
        wish_id = make_wish(session, place)
        claims.claim(session, wish_id=wish_id, actor=place.volunteer, now=NOW, volunteer_id=place.volunteer_id)
    return wish_id


def reserve(database: Database, place: Place, *, stock: int = 5) -> int:
    with database.transaction() as session:
        return insert(
            session, Branch, campaign_id=place.id, name="应急物资库", kind="reserve", pledge_count=stock, created_at=NOW
        )


def status_of(database: Database, wish_id: int) -> tuple[Status, int | None]:
    with database.reading() as session:
        row = session.execute(sa.select(Wish.status, Wish.taker_branch_id).where(Wish.id == wish_id)).one()  # type: ignore[call-overload]
    return Status(row.status), row.taker_branch_id


def test_a_reminder_reaches_the_taker_once_a_day(database: Database, place: Place) -> None:
    wish_id = claimed(database, place)
    with database.transaction() as session:
        account = make_account(session, place.volunteer.grants)
        coordinator = actor_of_account(session, make_account(session, place.coordinator.grants))
    for at in (LATER, LATER + timedelta(hours=1), LATER + timedelta(days=1)):
        with database.transaction() as session:
            remind(session, wish_id=wish_id, actor=coordinator, now=at)
    with database.reading() as session:
        told = session.execute(sa.select(Notice.account_id, Notice.kind).where(Notice.wish_id == wish_id)).all()  # type: ignore[call-overload]
    assert [tuple(row) for row in told] == [(account, "remind"), (account, "remind")]


def test_whoever_has_no_account_must_be_telephoned(database: Database, place: Place) -> None:
    wish_id = claimed(database, place)
    with pytest.raises(Invalid, match="telephone"), database.transaction() as session:
        remind(session, wish_id=wish_id, actor=place.coordinator, now=LATER)


def test_only_coordinators_steer(database: Database, place: Place) -> None:
    wish_id = claimed(database, place)
    with pytest.raises(Forbidden), database.transaction() as session:
        take_back(session, wish_id=wish_id, actor=place.volunteer, now=LATER, reason="慢")
    with pytest.raises(Forbidden), database.transaction() as session:
        remind(session, wish_id=wish_id, actor=place.secretary, now=LATER)
    assert status_of(database, wish_id)[0] is Status.CLAIMED


def test_a_wish_taken_back_is_open_and_its_reason_kept(database: Database, place: Place) -> None:
    wish_id = claimed(database, place)
    with database.transaction() as session:
        take_back(session, wish_id=wish_id, actor=place.coordinator, now=LATER, reason="多次提醒没有回应")
    assert status_of(database, wish_id) == (Status.OPEN, None)
    with database.reading() as session:
        ended = session.execute(sa.select(Claim.state, Claim.end_reason).where(Claim.wish_id == wish_id)).one()  # type: ignore[call-overload]
    assert tuple(ended) == (ClaimState.ENDED, "多次提醒没有回应")


def test_the_reserve_takes_a_late_wish_and_its_stock_shrinks(database: Database, place: Place) -> None:
    wish_id, stock = claimed(database, place), reserve(database, place, stock=2)
    with database.transaction() as session:
        use_reserve(session, wish_id=wish_id, branch_id=stock, actor=place.coordinator, now=LATER, reason="超期")
    assert status_of(database, wish_id) == (Status.READY, stock)
    with database.reading() as session:
        assert [(one.id, one.left) for one in reserves(session, place.id)] == [(stock, 1)]


def test_an_empty_reserve_leaves_the_wish_with_whoever_has_it(database: Database, place: Place) -> None:
    wish_id, stock = claimed(database, place), reserve(database, place, stock=0)
    with pytest.raises(PledgeReached), database.transaction() as session:
        use_reserve(session, wish_id=wish_id, branch_id=stock, actor=place.coordinator, now=LATER, reason="超期")
    assert status_of(database, wish_id)[0] is Status.CLAIMED
    with database.reading() as session:
        assert reserves(session, place.id) == []


def test_a_stuck_wish_is_given_to_another_branch(database: Database, place: Place) -> None:
    wish_id = claimed(database, place)
    asked = {"wish_id": wish_id, "actor": place.coordinator, "now": LATER, "reason": "说好了"}
    with database.transaction() as session:
        assert place.other_branch_id in [branch.id for branch in branches_with_room(session, place.id)]
        moved = reassign(session, branch_id=place.other_branch_id, **asked)
        assert moved.new is Status.CLAIMED
        taker = session.execute(sa.select(Wish.taker_branch_id).where(Wish.id == wish_id)).scalar_one()  # type: ignore[call-overload]
        assert taker == place.other_branch_id
    for wrong, error in ((place.other_branch_id, Invalid), (999_999, NotFound)):
        with pytest.raises(error), database.transaction() as session:
            reassign(session, branch_id=wrong, **asked)
    with pytest.raises(Forbidden), database.transaction() as session:
        reassign(session, branch_id=place.branch_id, **{**asked, "actor": place.secretary})


def test_an_ordinary_branch_is_no_reserve(database: Database, place: Place) -> None:
    wish_id = claimed(database, place)
    with pytest.raises(NotFound), database.transaction() as session:
        use_reserve(
            session, wish_id=wish_id, branch_id=place.branch_id, actor=place.coordinator, now=LATER, reason="超期"
        )


def test_what_is_late_is_counted_by_place_stage_and_branch_and_listed_latest_first(
    database: Database, place: Place
) -> None:
    first = claimed(database, place)
    with database.transaction() as session:
        second = make_wish(session, place)
        claims.claim(
            session, wish_id=second, actor=place.secretary, now=NOW + timedelta(days=1), branch_id=place.branch_id
        )
    with database.reading() as session:
        none = late_counts(session, place.id, Narrow(), now=NOW)
        late = late_counts(session, place.id, Narrow(), now=LATER)
        listed = [clock.wish_id for clock in most_late(session, place.id, Narrow(), now=LATER, limit=5)]
        of_branch = late_counts(session, place.id, Narrow(branch=str(place.branch_id)), now=LATER)
        assert late_wishes(session, place.id, now=LATER) == (first, second)
    assert none.total == 0 and late.total == 2 and of_branch.total == 1
    assert late.by_county == {"330102": 2} and late.by_stage == {"claimed": 2}
    assert late.by_branch == {None: 1, place.branch_id: 1} and listed == [first, second]


def test_wishes_are_found_by_how_long_they_have_stood_in_their_stage(database: Database, place: Place) -> None:
    wish_id = claimed(database, place)
    with database.reading() as session:
        asked = {"least_days": 7.0, "most_days": 14.0, "now": LATER}
        assert aged_wishes(session, place.id, Status.CLAIMED, **asked) == (wish_id,)
        assert aged_wishes(session, place.id, Status.READY, **asked) == ()
        assert aged_wishes(session, place.id, Status.CLAIMED, least_days=14.0, most_days=None, now=LATER) == ()


def test_an_auditor_cannot_steer_either(database: Database, place: Place) -> None:
    wish_id = claimed(database, place)
    with database.transaction() as session:
        auditor = actor_of_account(session, make_account(session, (place.grant(Role.AUDITOR),)))
    with pytest.raises(MicrowishError), database.transaction() as session:
        take_back(session, wish_id=wish_id, actor=auditor, now=LATER, reason="慢")
