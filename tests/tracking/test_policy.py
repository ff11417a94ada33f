"""A new deadline reaches the clocks that run."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from tests.factories import NOW, Place, make_wish
from wishes.campaigns.queries import rules_of
from wishes.campaigns.rules import Calendar, Deadline, KeyDate, OwnDeadline, Step
from wishes.claims import actions as claims
from wishes.clock import local_day
from wishes.db import Database
from wishes.errors import Forbidden, Invalid
from wishes.lifecycle import Status
from wishes.tracking.policy import set_deadlines
from wishes.tracking.queries import open_clock

TEN = {Status.READY: Deadline(days=10)}


def due(session: Session, wish_id: int) -> datetime:
    clock = open_clock(session, wish_id)
    assert clock is not None
    return clock.due_at


def test_saving_moves_the_open_clocks_and_says_how_many(database: Database, place: Place) -> None:
    with database.transaction() as session:
        held, waiting = make_wish(session, place), make_wish(session, place, status=Status.READY)
        claims.claim(session, wish_id=held, actor=place.volunteer, now=NOW, volunteer_id=place.volunteer_id)
    chosen = {Status.CLAIMED: Deadline(days=4), Status.READY: Deadline(days=2)}
    with database.transaction() as session:
        done = set_deadlines(session, campaign_id=place.id, deadlines=chosen, actor=place.coordinator, now=NOW)
        assert (done.moved, done.opened) == (1, 1)
    with database.reading() as session:
        moved, begun = open_clock(session, held), open_clock(session, waiting)
        assert moved is not None and moved.due_at == NOW + timedelta(days=4)
        assert begun is not None and begun.due_at == NOW + timedelta(days=2)
        assert set(rules_of(session, place.id).deadlines) == set(chosen)


@pytest.mark.parametrize(
    ("stage", "ladder"),
    [
        (Status.READY, (Step(kind="release", hours=24),)),
        (Status.CLAIMED, (Step(kind="warn", hours=24), Step(kind="remind", hours=0))),
        (Status.CLOSED, ()),
    ],
    ids=["release-of-goods-bought", "steps-out-of-order", "a-stage-without-deadlines"],
)
def test_a_policy_that_cannot_be_kept_is_refused(
    database: Database, place: Place, stage: Status, ladder: tuple[Step, ...]
) -> None:
    with pytest.raises(Invalid), database.transaction() as session:
        set_deadlines(
            session, campaign_id=place.id, deadlines={stage: Deadline(days=4, ladder=ladder)},
            actor=place.coordinator, now=NOW,
        )  # fmt: skip


def test_only_coordinators_set_deadlines(database: Database, place: Place) -> None:
    with pytest.raises(Forbidden), database.transaction() as session:
        set_deadlines(session, campaign_id=place.id, deadlines={}, actor=place.volunteer, now=NOW)


def test_a_category_or_community_of_its_own_moves_its_clocks_and_no_others(database: Database, place: Place) -> None:
    with database.transaction() as session:
        aid = make_wish(session, place, status=Status.READY, category="aid")
        book = make_wish(session, place, status=Status.READY, category="book")
        set_deadlines(session, campaign_id=place.id, deadlines=TEN, actor=place.coordinator, now=NOW)
    own = (OwnDeadline(stage=Status.READY, category="aid", days=30),)
    with database.transaction() as session:
        done = set_deadlines(session, campaign_id=place.id, deadlines=TEN, own=own, actor=place.coordinator, now=NOW)
        assert (done.moved, done.opened) == (1, 0)
        again = set_deadlines(session, campaign_id=place.id, deadlines=TEN, own=own, actor=place.coordinator, now=NOW)
        assert (again.moved, again.opened) == (0, 0)
    with database.reading() as session:
        assert due(session, aid) == NOW + timedelta(days=30) and due(session, book) == NOW + timedelta(days=10)
    here = (OwnDeadline(stage=Status.READY, community_id=place.community_id, days=2),)
    with database.transaction() as session:
        done = set_deadlines(session, campaign_id=place.id, deadlines=TEN, own=here, actor=place.coordinator, now=NOW)
        assert done.moved == 2, "both are of that community"


def test_a_claim_gets_the_days_of_its_category(database: Database, place: Place) -> None:
    """The claim is written by a path of its own on PostgreSQL."""
    own = (OwnDeadline(stage=Status.CLAIMED, category="aid", days=21),)
    with database.transaction() as session:
        wish = make_wish(session, place, category="aid")
        set_deadlines(session, campaign_id=place.id, deadlines=TEN, own=own, actor=place.coordinator, now=NOW)
        claims.claim(session, wish_id=wish, actor=place.volunteer, now=NOW, volunteer_id=place.volunteer_id)
        assert due(session, wish) == NOW + timedelta(days=21)


def test_a_stage_with_days_for_one_category_only_times_that_category_only(database: Database, place: Place) -> None:
    own = (OwnDeadline(stage=Status.OPEN, category="aid", days=5),)
    with database.transaction() as session:
        aid, book = make_wish(session, place, category="aid"), make_wish(session, place, category="book")
        done = set_deadlines(session, campaign_id=place.id, deadlines={}, own=own, actor=place.coordinator, now=NOW)
        assert (done.moved, done.opened) == (0, 1)
        assert due(session, aid) == NOW + timedelta(days=5) and open_clock(session, book) is None


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"own": (OwnDeadline(stage=Status.READY, days=3),)}, "own-category-0"),
        ({"own": (OwnDeadline(stage=Status.PROPOSED, category="aid", days=3),)}, "own-stage-0"),
        ({"own": (OwnDeadline(stage=Status.READY, community_id=987_654, days=3),)}, "own-community-0"),
        ({"own": (OwnDeadline(stage=Status.READY, category="aid", days=3),) * 2}, "own-stage-1"),
        ({"key_dates": (KeyDate(day="06-31"),)}, "key-day-0"),
        ({"calendar": Calendar(holidays=(NOW.date(),), workdays=(NOW.date(),))}, "workdays"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_field(
    database: Database, place: Place, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused, database.transaction() as session:
        set_deadlines(session, campaign_id=place.id, deadlines=TEN, actor=place.coordinator, now=NOW, **given)
    assert refused.value.field == field


def test_days_off_that_are_set_later_move_the_clocks_that_run(database: Database, place: Place) -> None:
    working = {Status.READY: Deadline(days=2, working_days=True)}
    with database.transaction() as session:
        wish = make_wish(session, place, status=Status.READY)
        set_deadlines(session, campaign_id=place.id, deadlines=working, actor=place.coordinator, now=NOW)
        before = due(session, wish)
        off = Calendar(holidays=(local_day(before),))
        done = set_deadlines(
            session, campaign_id=place.id, deadlines=working, calendar=off, actor=place.coordinator, now=NOW
        )
        assert done.moved == 1 and due(session, wish) == before + timedelta(days=1)


def test_the_reserve_is_no_way_out_once_the_goods_are_bought(database: Database, place: Place) -> None:
    ladder = (Step(kind="reserve", hours=24),)
    with pytest.raises(Invalid), database.transaction() as session:
        set_deadlines(
            session, campaign_id=place.id, deadlines={Status.READY: Deadline(days=4, ladder=ladder)},
            actor=place.coordinator, now=NOW,
        )  # fmt: skip
