"""What people decide about entries, and that it is recorded."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from tests.store.conftest import NOW, Desk, line, workbook
from wishes.access import Actor, Grant, Role
from wishes.errors import Invalid, NotFound
from wishes.events.tables import Event
from wishes.intake.actions import publish_all, verify_all
from wishes.intake.comparing import merge_row
from wishes.intake.consenting import confirm_consent
from wishes.intake.files import file_for, files_of, problem_rows, reasons_of, row_for
from wishes.intake.resolving import accept_parked, accept_row, reject_row
from wishes.intake.sealing import open_identity
from wishes.intake.tables import Child, Consent, Wish
from wishes.intake.updating import apply_revision, stored_revision
from wishes.lifecycle import Status


def test_a_corrected_price_makes_a_rejected_entry_a_wish(desk: Desk) -> None:
    desk.send("a", line("章小一", "电子琴", "3000"))
    [row_id] = desk.row_ids("rejected")
    done = desk.correct(row_id, price_low=20000, price_high=28000)
    assert done.status == "accepted"
    wish = desk.one(sa.select(Wish.id, Wish.price_fen, Wish.status))
    assert (wish.id, wish.price_fen, wish.status) == (done.wish_id, 28000, Status.SUBMITTED)
    event = desk.one(sa.select(Event.data, Event.recorded_at).where(Event.action == "resolve_row"))  # type: ignore[arg-type]
    assert event.data["fields"] == ["price_high", "price_low"] and event.recorded_at == NOW
    with desk.database.reading() as session:
        entry = row_for(session, row_id, desk.coordinator).opened(desk.vault)
    assert entry.price_high == 28000 and entry.status == "accepted"


def test_a_correction_that_is_not_enough_leaves_the_row_rejected(desk: Desk) -> None:
    desk.send("a", line("章小一", "电子琴", "3000", consent="不同意"))
    [row_id] = desk.row_ids("rejected")
    done = desk.correct(row_id, price_high=100, price_low=100)
    assert (done.status, done.reasons, done.wish_id) == ("rejected", ("no_consent",), None)


def test_a_corrected_item_is_judged_like_a_senders(desk: Desk) -> None:
    desk.send("a", line("章小一", "无", ""))
    [row_id] = desk.row_ids("rejected")
    done = desk.correct(row_id, item="弹弓")
    assert done.status == "rejected" and "unsafe_item" in done.reasons
    assert desk.correct(row_id, item="书包").status == "accepted"
    assert desk.one(sa.select(Wish.item, Wish.category)) == ("书包", "study")


@pytest.mark.parametrize(
    "changes", [{"phone": ["12345"]}, {"birth": "2012-13"}, {"nonsense": 1}, {"consent": "yes"}, {"qty": 0}]
)
def test_a_value_that_cannot_be_is_refused(desk: Desk, changes: dict[str, Any]) -> None:
    desk.send("a", line("章小一", "电子琴", "3000"))
    [row_id] = desk.row_ids("rejected")
    with pytest.raises(Invalid):
        desk.correct(row_id, **changes)
    assert desk.row_ids("rejected") == [row_id]


def test_accepting_does_not_set_consent_or_danger_aside(desk: Desk) -> None:
    desk.send(
        "a", line("章小一", "书包", consent="不同意"), line("章小二", "弹弓", guardian="章乙", phone="19900000002")
    )
    for row_id in desk.row_ids("rejected"):
        with pytest.raises(Invalid), desk.database.transaction() as session:
            accept_row(session, row_id=row_id, keyring=desk.keyring, actor=desk.coordinator, now=NOW)
    assert len(desk.row_ids("rejected")) == 2


def test_a_duplicate_that_is_none_is_kept_beside_the_other(desk: Desk) -> None:
    desk.send("a", line("章小一", "书包"))
    desk.send("b", line("章小一", "书包"), title="威坪镇微心愿（补报）")
    [row_id] = desk.row_ids("duplicate")
    with desk.database.transaction() as session:
        done = accept_row(
            session, row_id=row_id, keyring=desk.keyring, actor=desk.coordinator, now=NOW, other_child=True
        )
        again = accept_row(session, row_id=row_id, keyring=desk.keyring, actor=desk.coordinator, now=NOW)
    assert again == done and done.wish_id is not None
    with desk.database.reading() as session:
        children = session.execute(sa.select(Wish.child_id).order_by(Wish.id)).scalars().all()  # type: ignore[arg-type]
        homes = session.execute(sa.select(Child.household_id)).scalars().all()
    assert len(set(children)) == 2 and len(set(homes)) == 1


def test_an_accepted_entry_that_repeats_another_is_merged_and_its_wish_withdrawn(desk: Desk) -> None:
    desk.send("a", line("章小一", "书包"), line("章小二", "书包", guardian="章乙", phone="19900000002"))
    first, second = desk.row_ids("accepted")
    with desk.database.transaction() as session:
        merge_row(session, row_id=second, into=first, keyring=desk.keyring, actor=desk.coordinator, now=NOW)
    assert desk.row_ids("duplicate") == [second]
    with desk.database.reading() as session:
        assert session.execute(sa.select(Wish.status).order_by(Wish.id)).scalars().all() == [
            Status.SUBMITTED,
            Status.REJECTED,
        ]  # type: ignore[arg-type]


def test_what_repeated_a_rejected_entry_waits_for_a_person_again(desk: Desk) -> None:
    desk.send("a", line("章小一", "书包"))
    desk.send("b", line("章小一", "书包"), title="威坪镇微心愿（补报）")
    [first] = desk.row_ids("accepted")
    with desk.database.transaction() as session:
        reject_row(session, row_id=first, reason="withdrawn", keyring=desk.keyring, actor=desk.coordinator, now=NOW)
    assert len(desk.row_ids("parked")) == 1 and desk.row_ids("rejected") == [first]
    assert desk.one(sa.select(Wish.status)).status is Status.REJECTED


def test_oral_consents_confirmed_by_phone_are_recorded_with_day_and_person(desk: Desk) -> None:
    done = desk.send(
        "a",
        line("章小一", "书包", consent="口头同意"),
        line("章小二", "篮球", consent="不同意", guardian="章乙", phone="19900000002"),
        line("章小三", "篮球", consent="", guardian="章丙", phone="19900000003"),
    )
    with desk.database.transaction() as session:
        counts = confirm_consent(
            session, file_id=done.file_id, on=date(2021, 4, 9), keyring=desk.keyring, actor=desk.coordinator, now=NOW
        )
    assert counts == {"rows": 1, "wishes": 1, "left": 0}
    consent = desk.one(sa.select(Consent.basis, Consent.evidence))
    assert (consent.basis, consent.evidence) == ("phone", "confirmed by phone on 2021-04-09")
    event = desk.one(sa.select(Event.data).where(Event.action == "confirm_consent"))  # type: ignore[arg-type]
    assert event.data["on"] == "2021-04-09" and event.data["rows"] == 1
    assert len(desk.row_ids("rejected")) == 2
    with pytest.raises(Invalid), desk.database.transaction() as session:
        confirm_consent(
            session, file_id=done.file_id, on=date(2021, 4, 11), keyring=desk.keyring, actor=desk.coordinator, now=NOW
        )


def test_parked_entries_are_accepted_together_by_their_doubt(desk: Desk) -> None:
    done = desk.send(
        "a",
        line("章小一", "书包", consent="不同意"),
        line("章小二", "篮球", consent="不同意", guardian="章乙", phone="19900000002"),
    )
    first, second = desk.row_ids("rejected")
    desk.park(first, ["price_unreadable"])
    desk.park(second, ["place_unsure"])
    with desk.database.transaction() as session:
        counts = accept_parked(
            session,
            file_id=done.file_id,
            keyring=desk.keyring,
            actor=desk.coordinator,
            now=NOW,
            doubt="price_unreadable",
        )
    assert counts == {"rows": 1, "wishes": 1} and desk.row_ids("parked") == [second]


def test_what_may_be_dangerous_is_never_accepted_in_bulk(desk: Desk) -> None:
    done = desk.send("a", line("章小一", "书包", consent="不同意"))
    [row_id] = desk.row_ids("rejected")
    desk.park(row_id, ["item_unsure", "price_unreadable"])
    for doubt in ("", "item_unsure", "price_unreadable"):
        with desk.database.transaction() as session:
            counts = accept_parked(
                session, file_id=done.file_id, keyring=desk.keyring, actor=desk.coordinator, now=NOW, doubt=doubt
            )
        assert counts["rows"] == 0 and desk.row_ids("parked") == [row_id]


def test_a_social_worker_resolves_their_own_communitys_files_only(desk: Desk) -> None:
    done = desk.send("a", line("章小一", "电子琴", "3000"))
    [row_id] = desk.row_ids("rejected")
    with desk.database.reading() as session:
        community_id = file_for(session, done.file_id, desk.coordinator).community_id
    assert community_id is not None
    theirs = Actor(7, "s", (Grant(Role.SOCIAL_WORKER, desk.campaign_id, community_id=community_id),))
    other = Actor(8, "t", (Grant(Role.SOCIAL_WORKER, desk.campaign_id, community_id=community_id + 1),))
    with desk.database.reading() as session:
        assert [file.id for file in files_of(session, campaign_id=desk.campaign_id, actor=theirs)] == [done.file_id]
        assert files_of(session, campaign_id=desk.campaign_id, actor=other) == []
        assert [row.id for row in problem_rows(session, file_id=done.file_id, actor=theirs)] == [row_id]
        assert reasons_of(session, file_id=done.file_id, actor=theirs) == {"rejected": {"over_ceiling": 1}}
        for ask in (
            lambda: row_for(session, row_id, other),
            lambda: problem_rows(session, file_id=done.file_id, actor=other),
        ):
            with pytest.raises(NotFound):
                ask()


# --- a file sent again, corrected ---------------------------------------------------------------------------------------


def corrected_file(desk: Desk) -> tuple[int, int]:
    """A file of four children, and the same with one price changed, one line added and one gone. Ids of both."""
    lines = [line(f"章小{n}", "书包", guardian=f"章{n}", phone=f"1990000001{i}") for i, n in enumerate("一二三四")]
    first = desk.send("a", *lines)
    lines[1][8] = "120"
    revised = [*lines[:3], line("章小五", "篮球", guardian="章五", phone="19900000020")]
    batch = desk.take(a_new=workbook(*revised))
    [revision] = batch.revisions
    assert (len(revision.adds), len(revision.changes), len(revision.withdraws)) == (1, 1, 1)
    assert revision.changes[0].fields == ("price_low", "price_high")
    [second] = desk.store(batch)
    assert (second.counts["wishes"], second.counts["duplicates"]) == (1, 3)
    return first.file_id, second.file_id


def test_a_revised_file_says_what_it_would_do_before_it_does(desk: Desk) -> None:
    first, second = corrected_file(desk)
    with desk.database.reading() as session:
        found = stored_revision(session, file_id=second, keyring=desk.keyring, actor=desk.coordinator)
        assert found is not None and found.earlier_file_id == first
        prices = session.execute(sa.select(Wish.price_fen).where(Wish.item == "书包")).scalars().all()  # type: ignore[arg-type]
    assert prices == [8000] * 4


def test_a_revision_that_is_applied_changes_and_withdraws_once(desk: Desk) -> None:
    _, second = corrected_file(desk)
    for expected in (
        {"changed": 1, "withdrawn": 1, "in_use": 0},
        {"changed": 1, "withdrawn": 0, "in_use": 0, "already_withdrawn": 1},
    ):
        with desk.database.transaction() as session:
            assert (
                apply_revision(session, file_id=second, keyring=desk.keyring, actor=desk.coordinator, now=NOW)
                == expected
            )
    with desk.database.reading() as session:
        wishes = session.execute(
            sa.select(Wish.price_fen, Wish.status).where(Wish.item == "书包").order_by(Wish.id)
        ).all()  # type: ignore[arg-type,call-overload]
    assert [wish.price_fen for wish in wishes] == [8000, 12000, 8000, 8000]
    assert [wish.status for wish in wishes] == [Status.SUBMITTED] * 3 + [Status.REJECTED]


def test_a_file_that_revises_nothing_is_said_so(desk: Desk) -> None:
    done = desk.send("a", line("章小一", "书包"))
    with pytest.raises(Invalid), desk.database.transaction() as session:
        apply_revision(session, file_id=done.file_id, keyring=desk.keyring, actor=desk.coordinator, now=NOW)


def test_correcting_a_wish_that_is_shown_already_changes_it_and_its_child(desk: Desk) -> None:
    desk.send("a", line("章小一", "书包"))
    with desk.database.transaction() as session:
        verify_all(session, campaign_id=desk.campaign_id, actor=desk.coordinator, now=NOW)
        publish_all(session, campaign_id=desk.campaign_id, actor=desk.coordinator, now=NOW)
    [row_id] = desk.row_ids("accepted")
    desk.correct(row_id, guardian="章改", qty=2)
    child = desk.one(sa.select(Child.id, Child.data_key, Child.identity))
    assert open_identity(desk.vault, child.id, child.data_key, child.identity)["guardian"] == "章改"
    assert desk.one(sa.select(Wish.quantity, Wish.status)) == (2, Status.OPEN)
