"""A new deadline reaches the clocks that run."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import NOW, Place, make_wish
from wishes.campaigns.queries import rules_of
from wishes.campaigns.rules import Deadline, Step
from wishes.claims import actions as claims
from wishes.db import Database
from wishes.errors import Forbidden, Invalid
from wishes.lifecycle import Status
from wishes.tracking.policy import set_deadlines
from wishes.tracking.queries import open_clock


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
