"""What became of each notice can be seen, and what failed can be sent again by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.tracking.servers import smtp_server
from tests.tracking.test_wecom_app import tell
from tests.tracking.world import NOON, World
from wishes.errors import Forbidden
from wishes.tracking.channels import Email, Outlets
from wishes.tracking.delivery import deliver
from wishes.tracking.outbox import FAILED, outbox, retry_notices, state_counts


def test_a_notice_that_was_refused_is_listed_with_its_reason_and_leaves_when_sent_again(world: World) -> None:
    tell(world, "volunteer0", "secretary")
    with smtp_server() as mailbox:
        outlets = Outlets.of([Email(mailbox.url, "wish@example.org")])
        mailbox.refuse = lambda to: "550 no such user" if to.startswith("volunteer0") else None
        deliver(world.database, outlets, clock=lambda: NOON)
        with world.database.reading() as session:
            [failed] = outbox(session, world.campaign, states=FAILED)
            counts = state_counts(session, world.campaign, now=NOON)
        assert (failed.problem, failed.channel, failed.name) == ("SMTP 550", "email", "volunteer0")
        assert counts == {("failed", "email"): 1, ("sent", "email"): 1}

        mailbox.refuse = lambda to: None
        later = NOON + timedelta(hours=1)
        every = [n.id or 0 for n in world.notices()]
        for expected in (1, 0):  # the other one was sent: it is left alone, and a second tap changes nothing
            with world.database.transaction() as session:
                again = retry_notices(
                    session, campaign_id=world.campaign, notice_ids=every, actor=world.coordinator(), now=later
                )
            assert again == expected
        deliver(world.database, outlets, clock=lambda: later)
        assert [letter["To"] for letter in mailbox.letters] == ["secretary@example.org", "volunteer0@example.org"]
    assert {n.state for n in world.notices()} == {"sent"}
    assert [event.data for event in world.events("retry_notices")] == [{"notices": 1}]


def test_sending_again_waits_for_daylight(world: World) -> None:
    tell(world, "volunteer0")
    with smtp_server() as mailbox:
        mailbox.refuse = lambda to: "550 no"
        deliver(world.database, Outlets.of([Email(mailbox.url, "wish@example.org")]), clock=lambda: NOON)
    night = NOON + timedelta(hours=12)
    with world.database.transaction() as session:
        ids = [n.id or 0 for n in world.notices()]
        retry_notices(session, campaign_id=world.campaign, notice_ids=ids, actor=world.coordinator(), now=night)
    assert world.notices()[0].run_at == NOON + timedelta(hours=20), "08:00 in Shanghai"


def test_a_volunteer_sends_nothing_again(world: World) -> None:
    with pytest.raises(Forbidden), world.database.transaction() as session:
        retry_notices(session, campaign_id=world.campaign, notice_ids=[1], actor=world.volunteer_actor(), now=NOON)
