"""A consent that came later is recorded one by one or for all that say the same, with who, how and when."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from tests.store.conftest import NOW, Desk, line
from wishes.errors import Invalid
from wishes.events.tables import Event
from wishes.intake.consenting import Confirmation, confirm_consent, record_consent
from wishes.intake.deciding import Resolved
from wishes.intake.resolving import accept_parked, accept_row
from wishes.intake.tables import Consent, ImportRow, Wish

CALLED = Confirmation(date(2021, 4, 9), "phone", "奶奶")


def record(desk: Desk, row_id: int, confirmation: Confirmation = CALLED) -> Resolved:
    with desk.database.transaction() as session:
        return record_consent(
            session, row_id=row_id, confirmation=confirmation, keyring=desk.keyring, actor=desk.coordinator, now=NOW
        )


@pytest.mark.parametrize("said", ["不同意", "", "口头同意"])
def test_one_refused_line_becomes_a_wish_when_its_guardian_was_asked(desk: Desk, said: str) -> None:
    desk.send("a", line("章小一", "书包", consent=said))
    [row_id] = desk.row_ids("rejected")
    done = record(desk, row_id)
    assert done.status == "accepted" and done.wish_id is not None
    consent = desk.one(sa.select(Consent.basis, Consent.evidence, Consent.given_at))
    assert (consent.basis, consent.evidence) == ("phone", "confirmed by phone on 2021-04-09, 奶奶")
    event = desk.one(sa.select(Event.data).where(Event.action == "record_consent"))  # type: ignore[arg-type]
    assert (event.data["on"], event.data["how"], event.data["giver"]) == ("2021-04-09", "phone", "奶奶")


def test_another_problem_remains_and_the_consent_is_not_lost_with_it(desk: Desk) -> None:
    desk.send("a", line("章小一", "电子琴", "3000", consent="口头同意"))
    [row_id] = desk.row_ids("rejected")
    assert record(desk, row_id, Confirmation(date(2021, 4, 8), "paper")) == Resolved(
        row_id, "rejected", ("over_ceiling",)
    )
    done = desk.correct(row_id, price_low=20000, price_high=20000)
    assert done.status == "accepted"
    consent = desk.one(sa.select(Consent.basis, Consent.evidence))
    assert (consent.basis, consent.evidence) == ("paper", "confirmed by paper on 2021-04-08")


def test_an_unreadable_consent_is_never_accepted_by_a_tap(desk: Desk) -> None:
    done = desk.send("a", line("章小一", "书包", consent="口头同意"))
    [row_id] = desk.row_ids("rejected")
    desk.park(row_id, ["consent_unreadable"])
    with pytest.raises(Invalid), desk.database.transaction() as session:
        accept_row(session, row_id=row_id, keyring=desk.keyring, actor=desk.coordinator, now=NOW)
    with desk.database.transaction() as session:
        counts = accept_parked(session, file_id=done.file_id, keyring=desk.keyring, actor=desk.coordinator, now=NOW)
    assert counts["rows"] == 0 and desk.row_ids("parked") == [row_id]
    assert record(desk, row_id).status == "accepted"


@pytest.mark.parametrize(
    "wrong",
    [
        Confirmation(date(2021, 4, 11)),
        Confirmation(date(2021, 4, 9), "guess"),
        Confirmation(date(2021, 4, 9), giver="章甲"),
    ],
)
def test_a_consent_without_a_possible_day_way_or_giver_is_refused(desk: Desk, wrong: Confirmation) -> None:
    desk.send("a", line("章小一", "书包", consent="口头同意"))
    [row_id] = desk.row_ids("rejected")
    with pytest.raises(Invalid):
        record(desk, row_id, wrong)
    assert desk.row_ids("rejected") == [row_id]


def test_where_nothing_is_missing_nothing_is_recorded(desk: Desk) -> None:
    desk.send("a", line("章小一", "书包"))
    with pytest.raises(Invalid):
        record(desk, desk.row_ids("accepted")[0])


def test_all_that_say_the_same_are_recorded_together_and_a_no_stays_a_no(desk: Desk) -> None:
    done = desk.send(
        "a",
        line("章小一", "书包", consent=""),
        line("章小二", "篮球", consent="不同意", guardian="章乙", phone="19900000002"),
        line("章小三", "篮球", "900", consent="", guardian="章丙", phone="19900000003"),
    )

    def confirm(said: str) -> dict[str, int]:
        with desk.database.transaction() as session:
            return confirm_consent(
                session,
                file_id=done.file_id,
                on=date(2021, 4, 9),
                keyring=desk.keyring,
                actor=desk.coordinator,
                now=NOW,
                said=said,
                how="paper",
            )

    assert confirm("不同意") == {"rows": 0, "wishes": 0, "left": 0}
    assert confirm("") == {"rows": 1, "wishes": 1, "left": 1}
    with desk.database.reading() as session:
        reasons = session.execute(
            sa.select(ImportRow.reasons).where(ImportRow.status == "rejected").order_by(ImportRow.id)  # type: ignore[arg-type]
        ).scalars()
        assert sorted(map(tuple, reasons)) == [("no_consent",), ("over_ceiling",)]
        assert session.execute(sa.select(sa.func.count()).select_from(Wish)).scalar_one() == 1
