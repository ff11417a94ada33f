"""What is stored of a workbook, and what is not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from tests.store.conftest import NOW, Desk, line, workbook
from wishes.access import Actor, Grant, Role
from wishes.campaigns.overview import campaign_counts
from wishes.errors import Forbidden
from wishes.events.tables import Event
from wishes.intake.codes import CROCKFORD, new_aliases, new_codes
from wishes.intake.files import row_for
from wishes.intake.queries import rows_of_child
from wishes.intake.sealing import NAME_FIELD, open_entry, open_identity, seal_entry
from wishes.intake.shaping import safe_detail, safe_item
from wishes.intake.tables import Child, Community, Consent, ImportFile, ImportRow, Wish
from wishes.intake.understanding.model import Entry, Trace
from wishes.intake.words import default_words
from wishes.lifecycle import Kind, Status
from wishes.protection.vault import Erased, SealBroken
from wishes.tracking.tables import Clock


def rows(desk: Desk, query: Any) -> list[Any]:
    with desk.database.reading() as session:
        return list(session.execute(query))


def test_each_entry_is_remembered_and_each_accepted_one_becomes_a_submitted_wish(desk: Desk) -> None:
    done = desk.send(
        "a",
        line("章小一", "书包"),
        line("章小二", "现金500元", guardian="章乙", phone="19900000002"),
        line("章小三", "篮球、跳绳", "120", guardian="章丙", phone="19900000003"),
    )
    assert done.state == "done"
    assert {
        name: done.counts[name]
        for name in ("read", "accepted", "rejected", "parked", "duplicates", "wishes", "children")
    } == {"read": 4, "accepted": 3, "rejected": 1, "parked": 0, "duplicates": 0, "wishes": 3, "children": 2}
    stored = rows(desk, sa.select(ImportRow.status, ImportRow.reasons, ImportRow.wish_id).order_by(ImportRow.id))
    assert [row.status for row in stored] == ["accepted", "rejected", "accepted", "accepted"]
    assert "cash_wish" in stored[1].reasons and stored[1].wish_id is None
    wishes = rows(
        desk,
        sa.select(Wish.item, Wish.status, Wish.kind, Wish.price_fen, Wish.county_code, Wish.township_code).order_by(
            Wish.id
        ),
    )
    assert [(wish.item, wish.status) for wish in wishes] == [
        (item, Status.SUBMITTED) for item in ("书包", "篮球", "跳绳")
    ]
    assert {(wish.county_code, wish.township_code) for wish in wishes} == {("330127", "330127104")}
    assert wishes[0].price_fen == 8000 and wishes[0].kind is Kind.GOODS


def test_a_price_that_is_not_known_is_the_catalogues_middle(desk: Desk) -> None:
    desk.send("a", line("章小一", "篮球、跳绳", "120"))
    prices = dict(tuple(row) for row in rows(desk, sa.select(Wish.item, Wish.price_fen)))
    with desk.database.reading() as session:
        guide = {
            item: (low + high) // 2
            for item, low, high in session.execute(
                sa.text("SELECT item, price_low_fen, price_high_fen FROM catalogue_item WHERE item IN ('篮球', '跳绳')")
            )
        }
    assert prices == guide


def test_company_is_a_service_and_needs_a_vetted_person(desk: Desk) -> None:
    desk.send("a", line("章小一", "周末陪伴", ""), line("章小二", "心理辅导", "", guardian="章乙", phone="19900000002"))
    stored = rows(desk, sa.select(Wish.kind, Wish.need, Wish.category).order_by(Wish.id))
    assert [tuple(row) for row in stored] == [
        (Kind.SERVICE, "vetted", "companionship"),
        (Kind.SERVICE, "psych", "psych"),
    ]


def test_submitting_in_bulk_leaves_an_event_and_a_clock_for_every_wish(desk: Desk) -> None:
    desk.send("a", line("章小一", "书包"), line("章小二", "篮球", guardian="章乙", phone="19900000002"))
    events = rows(
        desk,
        sa.select(Event.wish_id, Event.action, Event.old_status, Event.new_status).where(Event.wish_id.is_not(None)),
    )  # type: ignore[union-attr]
    assert (
        sorted((event.action, event.old_status, event.new_status) for event in events)
        == [("submit", "draft", "submitted")] * 2
    )
    clocks = rows(desk, sa.select(Clock.wish_id, Clock.stage, Clock.closed_at))
    assert (
        len(clocks) == 2
        and {clock.stage for clock in clocks} == {"submitted"}
        and not any(clock.closed_at for clock in clocks)
    )


def test_names_and_phones_lie_nowhere_but_under_seal(desk: Desk) -> None:
    desk.send("a", line("章小一", "书包（章小一要蓝色的，电话19900000001）"))
    secret = ("章小一", "小一", "章甲", "19900000001", "甲村")
    with desk.database.reading() as session:
        tables = sa.inspect(session.connection()).get_table_names()
        for table in tables:
            for row in session.execute(sa.text(f'SELECT * FROM "{table}"')):
                text = " ".join(str(value) for value in row if not isinstance(value, bytes | memoryview))
                assert not any(word in text for word in secret), table
        child = session.execute(
            sa.select(Child.id, Child.data_key, Child.identity, Child.name_index, Child.birth_year, Child.alias)
        ).one()
    identity = open_identity(desk.vault, child.id, child.data_key, child.identity)
    assert (identity["name"], identity["guardian"], identity["phones"], identity["village"]) == (
        "章小一",
        "章甲",
        ["19900000001"],
        "甲村",
    )
    assert child.name_index == desk.vault.blind_index("章小一", field=NAME_FIELD)
    assert child.birth_year == 2012 and "章" not in child.alias


def test_a_reading_opens_in_its_own_place_only(desk: Desk) -> None:
    desk.send("a", line("章小一", "书包"))
    [(row_id,)] = rows(desk, sa.select(ImportRow.id))
    with desk.database.reading() as session:
        row = row_for(session, row_id, desk.coordinator)
    entry = row.opened(desk.vault)
    assert (entry.child, entry.item, entry.price_high, entry.phone, entry.types) == (
        "章小一",
        "书包",
        8000,
        ("19900000001",),
        ("left_behind",),
    )


def test_a_consent_is_recorded_once_per_child_with_its_basis(desk: Desk) -> None:
    desk.send("a", line("章小一", "书包"), line("章小一", "篮球"))
    [consent] = rows(desk, sa.select(Consent.basis, Consent.evidence, Consent.withdrawn_at))
    assert consent.basis == "row" and consent.evidence.startswith("import_file") and consent.withdrawn_at is None


def test_the_same_file_again_adds_nothing_and_says_so(desk: Desk) -> None:
    data = workbook(line("章小一", "书包"), line("章小二", "篮球", guardian="章乙", phone="19900000002"))
    [first] = desk.store(desk.take(first=data))
    [again] = desk.store(desk.take(renamed=data))
    assert (again.state, again.repeats, again.counts["wishes"], again.counts["duplicates"]) == (
        "repeated",
        first.file_id,
        0,
        2,
    )
    with desk.database.reading() as session:
        counts = campaign_counts(session, desk.campaign_id)
    assert counts["wishes"] == {"submitted": 2} and counts["children"] == 2


def test_another_wish_of_a_stored_child_comes_under_that_child(desk: Desk) -> None:
    desk.send("a", line("章小一", "书包"))
    done = desk.send("b", line("章小一", "书包"), line("章小一", "篮球"), title="威坪镇中心小学微心愿")
    assert (done.counts["wishes"], done.counts["duplicates"], done.counts["children"]) == (1, 1, 0)
    assert len({row.child_id for row in rows(desk, sa.select(Wish.child_id))}) == 1
    [duplicate] = rows(
        desk, sa.select(ImportRow.duplicate_of_id, ImportRow.wish_id).where(ImportRow.status == "duplicate")
    )
    [original] = rows(desk, sa.select(ImportRow.id).order_by(ImportRow.id).limit(1))
    assert duplicate.duplicate_of_id == original.id and duplicate.wish_id is None


def test_brothers_share_a_household_and_namesakes_do_not_share_a_child(desk: Desk) -> None:
    desk.send(
        "a",
        line("章小一", "书包"),
        line("章小二", "书包", birth="2014-05-01"),
        line("章小一", "书包", birth="2009-01-02", guardian="章丁", phone="19900000009", place="淳安县威坪镇乙村"),
    )
    children = rows(desk, sa.select(Child.id, Child.household_id).order_by(Child.id))
    assert len(children) == 3
    assert children[0].household_id == children[1].household_id != children[2].household_id


def test_a_township_is_one_community_and_a_school_is_its_own(desk: Desk) -> None:
    desk.send("a", line("章小一", "书包"))
    desk.send("b", line("章小二", "篮球", guardian="章乙", phone="19900000002"))
    desk.send("威坪镇中心小学微心愿", line("章小三", "篮球", guardian="章丙", phone="19900000003"), title="微心愿征集")
    names = sorted(row.name for row in rows(desk, sa.select(Community.name)))
    assert names == ["威坪镇", "威坪镇中心小学"]


def test_a_file_that_cannot_be_read_is_remembered_with_one_sentence(desk: Desk) -> None:
    [done] = desk.store(desk.take(broken=b"MZ not a workbook"))
    assert done.state == "failed"
    [file] = rows(desk, sa.select(ImportFile.state, ImportFile.problem_zh, ImportFile.problem_en))
    assert file.state == "failed" and file.problem_zh and file.problem_en


def test_only_those_who_may_send_can_have_a_file_stored(desk: Desk) -> None:
    volunteer = Actor(5, "v", (Grant(Role.VOLUNTEER, desk.campaign_id, volunteer_id=1),))
    with pytest.raises(Forbidden):
        desk.store(desk.take(a=workbook(line("章小一", "书包"))), actor=volunteer)
    assert rows(desk, sa.select(ImportFile.id)) == []


def test_codes_are_readable_aloud_and_avoid_those_that_exist() -> None:
    asked: list[list[str]] = []

    def taken(codes: list[str]) -> set[str]:
        asked.append(codes)
        return set(codes[:3]) if len(asked) == 1 else set()

    codes = new_codes(50, taken)
    assert len(set(codes)) == 50 and not set(codes) & set(asked[0][:3])
    assert all(len(code) == 8 and set(code) <= set(CROCKFORD) for code in codes)
    aliases = new_aliases(500)
    surnames = set(default_words().phrases["surname"])
    assert len(set(aliases)) == 500 and "王" in surnames
    assert not {alias[0] for alias in aliases} & surnames, "an alias is nobody's name"


def test_a_wish_is_dated_when_it_was_sent(desk: Desk) -> None:
    desk.send("a", line("章小一", "书包"))
    [wish] = rows(desk, sa.select(Wish.created_at, Wish.submitted_at, Wish.published_at))
    assert wish.submitted_at == NOW == datetime(2021, 4, 10, 2, 0, tzinfo=UTC) and wish.published_at is None


def test_the_rows_that_tell_of_a_child_are_found_with_what_repeated_them(desk: Desk) -> None:
    desk.send("a", line("章小一", "书包"), line("章小二", "篮球", guardian="章乙", phone="19900000002"))
    desk.send("b", line("章小一", "书包"), line("章小一", "跳绳"), title="威坪镇微心愿（补报）")
    [(child_id, _), *_] = rows(desk, sa.select(Wish.child_id, Wish.id).order_by(Wish.id))
    with desk.database.reading() as session:
        told = [
            row_for(session, row_id, desk.coordinator).opened(desk.vault) for row_id in rows_of_child(session, child_id)
        ]
    assert [(entry.child, entry.item) for entry in told] == [("章小一", "书包"), ("章小一", "书包"), ("章小一", "跳绳")]


def test_the_senders_words_are_shown_without_what_tells_whose_they_are() -> None:
    entry = Entry(
        "f",
        "s",
        "A1",
        1,
        1,
        raw="给小一的书包（蓝色），送到甲村，电话19900000001（85元）",
        child="章小一",
        guardian="章甲",
        village="甲村",
        item="书包",
    )
    detail = safe_detail(entry)
    assert "书包(蓝色)" in detail.replace("（", "(").replace("）", ")")
    assert not any(word in detail for word in ("小一", "甲村", "1990000", "85元", "【"))
    unknown = Entry("f", "s", "A1", 1, 1, raw="章小一要的奇物", child="章小一", item="章小一要的奇物")
    assert "小一" not in safe_item(unknown) and "奇物" in safe_item(unknown)


def test_two_copies_that_arrive_at_once_are_stored_once(desk: Desk) -> None:
    data = workbook(
        *(line(f"章小{n}", "书包", guardian=f"章{n}", phone=f"1990000003{i}") for i, n in enumerate("一二三四五"))
    )
    batches = [desk.take(**{f"copy{number}": data}) for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        states = [done.state for [done] in pool.map(desk.store, batches)]
    assert sorted(states) == ["done", "repeated", "repeated", "repeated"]
    assert len(rows(desk, sa.select(Wish.id))) == 5


def test_a_reading_keeps_how_its_values_were_read(desk: Desk) -> None:
    entry = Entry("f", "s", "A1", 1, 1, raw="书包", child="章小一", phone=("19900000001",), types=("poor",), size=150.0)
    entry.traces["price"] = Trace("I3", "约八十", "about", 0.9)
    sealed = seal_entry(desk.vault, 4, entry)
    assert open_entry(desk.vault, 4, "s", "A1", 1, sealed) == entry
    with pytest.raises(SealBroken):
        open_entry(desk.vault, 5, "s", "A1", 1, sealed)
    with pytest.raises(Erased):
        open_entry(desk.vault, 4, "s", "A1", 1, None)
