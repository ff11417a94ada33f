"""What is queued leaves, once, by the way that reaches the person; what cannot leave says why."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.tracking.servers import Mailbox, Posts, http_server, smtp_server
from tests.tracking.world import NOON, World
from wishes.claims import actions as claims
from wishes.clock import local_day
from wishes.errors import Misconfigured
from wishes.settings import from_environment
from wishes.tracking.actions import acknowledge, pause, postpone
from wishes.tracking.channels import Console, Email, Message, Outlets, Sms, WeComRobot, outlets_of
from wishes.tracking.delivery import LEASE, DeliveryReport, deliver
from wishes.tracking.notices import Posting, post
from wishes.tracking.relay import relay
from wishes.tracking.sweep import sweep
from wishes.tracking.tables import Notice


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with smtp_server() as box:
        yield box


@pytest.fixture
def posts() -> Iterator[Posts]:
    with http_server() as received:
        yield received


def email(box: Mailbox) -> Outlets:
    return Outlets.of([Email(box.url, "心愿 <wish@example.org>")])


def send(world: World, outlets: Outlets, now: datetime = NOON) -> DeliveryReport:
    return deliver(world.database, outlets, clock=lambda: now)


def queue(world: World, count: int, *, account: str | None = "volunteer0", now: datetime = NOON) -> None:
    with world.database.transaction() as session:
        post(
            session,
            [
                Posting(
                    f"test:{account}:{n}",
                    world.campaign,
                    "propose",
                    account and world.account[account],
                    facts={"code": f"W{n:06d}", "item": "图书"},
                )
                for n in range(count)
            ],
            now=now,
        )


def test_a_letter_reaches_the_mailbox_in_the_readers_language(world: World, mailbox: Mailbox) -> None:
    queue(world, 1)
    assert send(world, email(mailbox)) == DeliveryReport(messages=1, sent=1)
    [letter] = mailbox.letters
    assert letter["To"] == "volunteer0@example.org" and letter["Subject"] == "有心愿派给您"
    assert "W000000" in letter.get_content()
    [notice] = world.notices()
    assert (notice.state, notice.channel, notice.sent_at) == ("sent", "email", NOON)


def test_an_english_reader_gets_english(world: World, mailbox: Mailbox) -> None:
    with world.database.transaction() as session:
        session.execute(sa.text("UPDATE account SET language = 'en'"))
    queue(world, 1)
    send(world, email(mailbox))
    assert mailbox.letters[0]["Subject"] == "A wish is proposed to you"


def test_what_is_waiting_for_one_person_leaves_as_one_letter(world: World, mailbox: Mailbox) -> None:
    queue(world, 25)
    queue(world, 1, account="secretary")
    assert send(world, email(mailbox)) == DeliveryReport(messages=2, sent=26)
    digest = next(letter for letter in mailbox.letters if letter["To"] == "volunteer0@example.org")
    assert digest["Subject"] == "您有 25 条新消息" and "另有 5 条" in digest.get_content()


def test_after_a_few_letters_a_day_the_rest_comes_as_one_digest_next_morning(world: World, mailbox: Mailbox) -> None:
    for n in range(8):
        now = NOON + timedelta(minutes=n)
        with world.database.transaction() as session:
            post(
                session,
                [
                    Posting(
                        f"many:{n}",
                        world.campaign,
                        "propose",
                        world.account["worker"],
                        facts={"code": f"W{n}", "item": "书"},
                    )
                ],
                now=now,
            )
        send(world, email(mailbox), now)
    assert len(mailbox.letters) == 5
    morning = NOON + timedelta(hours=20)  # 08:00 in Shanghai
    assert send(world, email(mailbox), morning - timedelta(minutes=1)) == DeliveryReport()
    assert send(world, email(mailbox), morning) == DeliveryReport(messages=1, sent=3)
    assert mailbox.letters[-1]["Subject"] == "您有 3 条新消息"


def test_nothing_is_sent_twice(world: World, mailbox: Mailbox) -> None:
    queue(world, 3)
    send(world, email(mailbox))
    assert send(world, email(mailbox)) == DeliveryReport()
    assert len(mailbox.letters) == 1


def test_an_address_refused_for_good_ends_as_failed_with_the_reason(world: World, mailbox: Mailbox) -> None:
    mailbox.refuse = lambda recipient: "550 no such mailbox"
    queue(world, 1)
    assert send(world, email(mailbox)).failed == 1
    [notice] = world.notices()
    assert notice.state == "failed" and "550" in notice.problem


def test_a_busy_server_is_asked_again_later_with_the_same_letter(world: World, mailbox: Mailbox) -> None:
    mailbox.refuse = lambda recipient: "451 try later"
    queue(world, 1)
    assert send(world, email(mailbox)).later == 1
    [notice] = world.notices()
    assert notice.state == "queued" and notice.run_at == NOON + timedelta(minutes=1) and "451" in notice.problem
    assert send(world, email(mailbox)) == DeliveryReport()
    mailbox.refuse = lambda recipient: None
    assert send(world, email(mailbox), NOON + timedelta(minutes=1)).sent == 1
    assert world.notices()[0].message_key == notice.message_key


def test_a_server_that_never_answers_ends_as_failed_after_the_last_try(world: World) -> None:
    gone = Outlets.of([Email("smtp://127.0.0.1:9", "wish@example.org")])
    queue(world, 1)
    for _ in range(10):
        send(world, gone, world.notices()[0].run_at)
    [notice] = world.notices()
    assert (notice.state, notice.attempts) == ("failed", 10)


def test_a_worker_that_died_before_sending_leaves_nothing_undone(world: World, mailbox: Mailbox) -> None:
    queue(world, 2)
    with world.database.transaction() as session:
        session.execute(sa.update(Notice).values(state="taken", run_at=NOON + LEASE, message_key="k"))
    assert send(world, email(mailbox)) == DeliveryReport()
    assert send(world, email(mailbox), NOON + LEASE).sent == 2


def test_a_letter_that_was_on_its_way_when_the_worker_died_is_not_sent_twice(world: World, mailbox: Mailbox) -> None:
    queue(world, 1)
    with world.database.transaction() as session:
        session.execute(sa.update(Notice).values(state="sending", run_at=NOON + LEASE, message_key="k"))
    assert send(world, email(mailbox), NOON + LEASE).unsure == 1
    assert mailbox.letters == [] and world.notices()[0].state == "unsure"


def test_a_letter_handed_over_without_an_answer_is_not_sent_twice(world: World, mailbox: Mailbox) -> None:
    mailbox.verdict = lambda: None
    queue(world, 1)
    assert send(world, email(mailbox)).unsure == 1
    assert send(world, email(mailbox), NOON + timedelta(days=1)) == DeliveryReport()
    assert len(mailbox.letters) == 1 and world.notices()[0].state == "unsure"


def test_a_letter_the_server_did_not_take_is_sent_again(world: World, mailbox: Mailbox) -> None:
    mailbox.verdict = lambda: "452 no room"
    queue(world, 1)
    assert send(world, email(mailbox)).later == 1
    mailbox.verdict = lambda: "250 taken"
    assert send(world, email(mailbox), NOON + timedelta(minutes=1)).sent == 1


def test_a_rude_goodbye_does_not_undo_a_letter_that_was_taken(world: World, mailbox: Mailbox) -> None:
    mailbox.goodbye = "421 go away"
    queue(world, 1)
    assert send(world, email(mailbox)).sent == 1


def test_a_message_that_is_tried_again_is_not_torn_apart(world: World, posts: Posts) -> None:
    with world.database.transaction() as session:
        session.execute(
            sa.text("UPDATE account SET login = '19900001234' WHERE id = :id"), {"id": world.account["volunteer0"]}
        )
    outlets = Outlets.of([Sms(posts.url, "token")])
    queue(world, 7)
    posts.answer = (503, {})
    send(world, outlets)
    posts.answer = (200, {})
    again = NOON + timedelta(minutes=1)
    deliver(world.database, outlets, clock=lambda: again, limit=3)
    deliver(world.database, outlets, clock=lambda: again, limit=3)
    assert len(posts.received) == 2 and posts.received[0][1] == posts.received[1][1]
    assert {n.state for n in world.notices()} == {"sent"}


def test_a_sender_whose_lease_ran_out_leaves_the_letter_to_whoever_has_it_now(world: World, mailbox: Mailbox) -> None:
    queue(world, 1)
    moments = iter([NOON, NOON, NOON, NOON, NOON, NOON + LEASE])
    last = NOON + LEASE
    deliver(world.database, email(mailbox), clock=lambda: next(moments, last), seconds=10**6)
    assert mailbox.letters == []


def test_a_gateway_gets_the_same_key_at_every_try(world: World, posts: Posts) -> None:
    with world.database.transaction() as session:
        session.execute(
            sa.text("UPDATE account SET login = '19900001234' WHERE id = :id"), {"id": world.account["volunteer0"]}
        )
    outlets = Outlets.of([Sms(posts.url, "token")])
    queue(world, 1)
    posts.answer = (503, {})
    assert send(world, outlets).later == 1
    queue(world, 2)  # another notice joins the queue; the message under way stays as it was
    posts.answer = (200, {})
    assert send(world, outlets, NOON + timedelta(minutes=1)).sent == 2
    first, *rest = [headers["Idempotency-Key"] for headers, _ in posts.received]
    assert first in rest and len({first, *rest}) == 2
    assert posts.received[0][1] == next(
        body for headers, body in posts.received[1:] if headers["Idempotency-Key"] == first
    )


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(400, "failed"), (401, "failed"), (302, "failed"), (408, "queued"), (429, "queued"), (500, "queued")],
)
def test_refusals_of_a_gateway_are_told_apart(world: World, posts: Posts, status: int, outcome: str) -> None:
    with world.database.transaction() as session:
        session.execute(
            sa.text("UPDATE account SET login = '19900001234' WHERE id = :id"), {"id": world.account["volunteer0"]}
        )
    posts.answer = (status, {})
    queue(world, 1)
    send(world, Outlets.of([Sms(posts.url, "token")]))
    assert world.notices()[0].state == outcome and len(posts.received) == 1


def test_the_group_robot_posts_what_was_escalated(world: World, posts: Posts) -> None:
    world.claimed(1)
    sweep(world.database, now=NOON + timedelta(days=13))
    report = send(world, Outlets.of([WeComRobot(posts.url)]), NOON + timedelta(days=13))
    assert (report.messages, report.sent, report.inbox) == (1, 1, 3)
    assert "逾期" in posts.received[0][1]["text"]["content"]


def test_the_robot_is_given_no_more_than_twenty_posts_a_minute(world: World, posts: Posts) -> None:
    robot = Outlets.of([WeComRobot(posts.url)])
    now = NOON
    for minute in range(2):
        for n in range(25):
            with world.database.transaction() as session:
                post(
                    session,
                    [Posting(f"group:{minute}:{n}", world.campaign, "escalate", facts={"code": "W1", "item": "图书"})],
                    now=now,
                )
            send(world, robot, now)
        assert len(posts.received) == 20 * (minute + 1)
        now += timedelta(seconds=61)
    send(world, robot, now)
    assert {n.state for n in world.notices()} == {"sent"}


@pytest.mark.parametrize(("code", "outcome"), [(45009, "queued"), (93000, "failed")])
def test_the_robots_own_error_codes_are_told_apart(world: World, posts: Posts, code: int, outcome: str) -> None:
    posts.answer = (200, {"errcode": code})
    queue(world, 1, account=None)
    send(world, Outlets.of([WeComRobot(posts.url)]))
    assert world.notices()[0].state == outcome


def test_whoever_has_no_address_finds_it_in_the_inbox(world: World, posts: Posts) -> None:
    queue(world, 1)
    assert send(world, Outlets.of([Sms(posts.url, "token")])) == DeliveryReport(inbox=1)
    assert (world.notices()[0].state, world.notices()[0].channel) == ("sent", "inbox")


def test_a_fresh_checkout_shows_on_the_console_what_would_leave(world: World) -> None:
    output = io.StringIO()
    queue(world, 1)
    assert send(world, Outlets.of([Console(output)])).sent == 1
    assert "volunteer0@example.org: 有心愿派给您 · 心愿 W000000（图书）" in output.getvalue()


def test_a_reminder_of_what_was_done_meanwhile_is_not_sent(world: World, mailbox: Mailbox) -> None:
    [wish] = world.claimed(1)
    sweep(world.database, now=NOON + timedelta(days=7))
    with world.database.transaction() as session:
        claims.step(session, "prepare", wish_id=wish, actor=world.volunteer_actor(), now=NOON + timedelta(days=7))
    assert send(world, email(mailbox), NOON + timedelta(days=7)) == DeliveryReport(skipped=1)
    assert mailbox.letters == []


@pytest.mark.parametrize("answer", ["acknowledged", "postponed", "paused"])
def test_a_warning_that_was_answered_overnight_is_not_sent_in_the_morning(
    world: World, mailbox: Mailbox, answer: str
) -> None:
    [wish] = world.claimed(1)
    evening, actor = NOON + timedelta(days=10, hours=10), world.volunteer_actor()
    sweep(world.database, now=evening)
    with world.database.transaction() as session:
        later = evening + timedelta(hours=1)
        if answer == "acknowledged":
            acknowledge(session, wish_id=wish, actor=actor, now=later)
        elif answer == "postponed":
            until = local_day(later + timedelta(days=5))
            postpone(session, wish_id=wish, actor=actor, now=later, until=until, reason="缺货")
        else:
            pause(session, wish_id=wish, actor=world.coordinator(), now=later, reason="孩子进城了")
    assert send(world, email(mailbox), evening + timedelta(hours=11)) == DeliveryReport(skipped=2)
    assert mailbox.letters == []


def test_nobody_is_woken_at_night(world: World, mailbox: Mailbox) -> None:
    night = NOON + timedelta(hours=10)  # 22:00 in Shanghai
    queue(world, 1, now=night)
    assert send(world, email(mailbox), night + timedelta(hours=9)) == DeliveryReport()
    assert send(world, email(mailbox), night + timedelta(hours=10)).sent == 1


def test_no_letter_names_a_child(world: World, mailbox: Mailbox) -> None:
    world.claimed(1)
    relay(world.database, now=NOON)
    send(world, email(mailbox))
    assert len(mailbox.letters) == 3 and all("小一" not in letter.as_string() for letter in mailbox.letters)


def test_the_letters_id_is_made_from_its_key(mailbox: Mailbox) -> None:
    channel = Email(mailbox.url, "wish@example.org")
    for key in ("a", "a", "b"):
        channel.send(Message(key, "someone@example.org", "题", "文\n.\n二"))
    ids = [letter["Message-ID"] for letter in mailbox.letters]
    assert ids[0] == ids[1] != ids[2] and mailbox.letters[0].get_content().split() == ["文", ".", "二"]


def test_the_channels_file_opens_what_it_names(tmp_path: Path) -> None:
    settings = from_environment({"MICROWISH_VAR_DIR": str(tmp_path)})
    assert [channel.name for channel in outlets_of(settings).channels] == ["console"]
    file = settings.var_dir / "channels.json"
    file.write_text(
        json.dumps(
            {
                "email": {"url": "smtp://mail.example.org", "sender": "wish@example.org"},
                "wecom": {"url": "https://example.org/x"},
            }
        )
    )
    assert [channel.name for channel in outlets_of(settings).channels] == ["email", "wecom"]
    for wrong in (
        "{",
        '{"email": {}}',
        '{"sms": {"url": "ftp://x", "token": "t"}}',
        '{"email": {"url": "http://x", "sender": "a@b"}}',
    ):
        file.write_text(wrong)
        with pytest.raises(Misconfigured):
            outlets_of(settings)
