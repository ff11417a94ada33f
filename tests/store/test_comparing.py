"""Two entries that may be one: the decision is recorded and holds when the sender sends them again."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.store.conftest import NOW, Desk, line, workbook
from wishes.access import Actor, Grant, Role
from wishes.errors import Invalid
from wishes.events.tables import Event
from wishes.intake.comparing import keep_both, merge_row
from wishes.intake.deciding import MAYBE
from wishes.intake.placing import communities_for, place_file
from wishes.intake.tables import Community, ImportFile, ImportRow, Wish
from wishes.lifecycle import Status
from wishes.people.actions import create_account

TWICE = (line("章小一", "书包", birth="2012-03-15"), line("章小一", "书包", birth="2012-08-15"))
"""One name, one guardian, one phone, two birthdays: perhaps a slip, perhaps two children."""


def rows(desk: Desk) -> list[tuple[int, str, bool]]:
    """Id, status and whether it is to be compared, in order."""
    with desk.database.reading() as session:
        return [
            (row.id, row.status, MAYBE in row.warnings)
            for row in session.execute(
                sa.select(ImportRow.id, ImportRow.status, ImportRow.warnings).order_by(ImportRow.id)
            )  # type: ignore[call-overload]
        ]


def wishes(desk: Desk) -> list[Status]:
    with desk.database.reading() as session:
        return list(session.execute(sa.select(Wish.status).order_by(Wish.id)).scalars())  # type: ignore[arg-type]


def doubtful(desk: Desk) -> tuple[int, int]:
    """Store the two; the id of the one to be compared, and of the other."""
    desk.send("a", *TWICE)
    found = {compare: row_id for row_id, status, compare in rows(desk) if status == "accepted"}
    return found[True], found[False]


def again(desk: Desk) -> None:
    """The sender's file once more, saved anew with a line added."""
    more = line("章小九", "地球仪", guardian="章九", phone="19900000099", birth="2011-01-02")
    desk.store(desk.take(a_again=workbook(*TWICE, more)))


def test_what_was_merged_is_not_asked_for_anew(desk: Desk) -> None:
    row_id, other = doubtful(desk)
    with desk.database.transaction() as session:
        merge_row(session, row_id=row_id, into=other, keyring=desk.keyring, actor=desk.coordinator, now=NOW)
    assert wishes(desk) == [Status.SUBMITTED, Status.REJECTED] or wishes(desk) == [Status.REJECTED, Status.SUBMITTED]
    assert [(row, status, compare) for row, status, compare in rows(desk) if row == row_id] == [
        (row_id, "duplicate", False)
    ]
    again(desk)
    assert sorted(wishes(desk)) == sorted([Status.SUBMITTED, Status.REJECTED, Status.SUBMITTED])
    assert [status for _, status, _ in rows(desk)[2:]].count("duplicate") == 2
    assert not any(compare for _, _, compare in rows(desk)[2:])


def test_where_both_are_kept_nobody_is_asked_again(desk: Desk) -> None:
    row_id, other = doubtful(desk)
    with desk.database.transaction() as session:
        keep_both(session, row_id=row_id, keyring=desk.keyring, actor=desk.coordinator, now=NOW)
    event = desk.one(sa.select(Event.data).where(Event.action == "keep_both"))  # type: ignore[arg-type]
    assert (event.data["row_id"], event.data["other_row_id"]) == (row_id, other)
    again(desk)
    assert wishes(desk) == [Status.SUBMITTED] * 3
    assert not any(compare for _, _, compare in rows(desk))


def test_a_stored_wish_and_a_new_one_are_compared_too(desk: Desk) -> None:
    desk.send("a", TWICE[0])
    desk.send("b", TWICE[1], title="威坪镇微心愿（补报）")
    assert [compare for _, _, compare in rows(desk)] == [False, True]


def test_an_entry_is_merged_into_the_first_of_a_chain_and_never_into_itself(desk: Desk) -> None:
    desk.send("a", line("章小一", "书包"), line("章小二", "书包", guardian="章乙", phone="19900000002"))
    first, second = desk.row_ids("accepted")
    with desk.database.transaction() as session:
        merge_row(session, row_id=second, into=first, keyring=desk.keyring, actor=desk.coordinator, now=NOW)
    with pytest.raises(Invalid), desk.database.transaction() as session:
        merge_row(session, row_id=first, into=second, keyring=desk.keyring, actor=desk.coordinator, now=NOW)
    with pytest.raises(Invalid), desk.database.transaction() as session:
        merge_row(session, row_id=first, into=first, keyring=desk.keyring, actor=desk.coordinator, now=NOW)


def test_a_corrected_entry_that_now_repeats_a_wish_counts_once(desk: Desk) -> None:
    desk.send("a", line("章小一", "书包"), line("章小一", "电子琴", "3000"))
    [row_id] = desk.row_ids("rejected")
    done = desk.correct(row_id, item="书包", price_low=8000, price_high=8000)
    assert done.status == "duplicate" and len(wishes(desk)) == 1


# --- whose a wish is ----------------------------------------------------------------------------------------------------


def homeless(desk: Desk, *community_ids: int) -> tuple[int, int, Actor]:
    """A file that names no place, of a social worker with these communities; its id, its refused row, and the worker."""
    done = desk.send("a", line("章小一", "电子琴", "3000", place=""), title="微心愿汇总")
    worker = Actor(
        None, "w", tuple(Grant(Role.SOCIAL_WORKER, desk.campaign_id, community_id=each) for each in community_ids)
    )
    with desk.database.transaction() as session:
        session.execute(sa.update(ImportFile).where(ImportFile.id == done.file_id).values(community_id=None))  # type: ignore[arg-type]
    return done.file_id, desk.row_ids("rejected")[0], worker


def community(desk: Desk, name: str) -> int:
    table: sa.Table = vars(Community)["__table__"]
    with desk.database.transaction() as session:
        made = sa.insert(table).values(
            campaign_id=desk.campaign_id, township_code="330127101", county_code="330127", name=name, created_at=NOW
        )
        return int(session.execute(made.returning(table.c.id)).scalar_one())


def test_a_wish_accepted_by_a_social_worker_is_submitted_in_a_community(desk: Desk) -> None:
    done = desk.send("a", line("章小一", "电子琴", "3000"))
    elsewhere = community(desk, "子村")
    with desk.database.transaction() as session:  # sent by somebody of another community than the file names
        account_id = create_account(session, login="worker", name="w", now=NOW)
        session.execute(sa.update(ImportFile).where(ImportFile.id == done.file_id).values(sent_by=account_id))  # type: ignore[arg-type]
        home = session.execute(sa.select(ImportFile.community_id)).scalar_one()
    sender = Actor(account_id, "w", (Grant(Role.SOCIAL_WORKER, desk.campaign_id, community_id=elsewhere),))
    [row_id] = desk.row_ids("rejected")
    desk.correct(row_id, actor=sender, price_low=9000, price_high=9000)
    assert desk.one(sa.select(Wish.status, Wish.community_id)) == (Status.SUBMITTED, home)


def test_a_file_is_placed_once_in_a_community_of_its_own_worker(desk: Desk) -> None:
    first, second, foreign = (community(desk, name) for name in ("子村", "丑村", "寅村"))
    file_id, _, worker = homeless(desk, first, second)
    with desk.database.reading() as session:
        assert [name for _, name in communities_for(session, desk.campaign_id, worker)] == ["丑村", "子村"]
    coordinator = desk.coordinator
    with desk.database.transaction() as session:
        place_file(session, file_id=file_id, community_id=second, actor=coordinator, now=NOW)
    assert desk.one(sa.select(ImportFile.community_id)).community_id == second
    with pytest.raises(Invalid), desk.database.transaction() as session:
        place_file(session, file_id=file_id, community_id=foreign, actor=worker, now=NOW)
