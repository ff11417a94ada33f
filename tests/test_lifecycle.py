"""The table of moves: what it promises to the guard, the buttons, the diagram and everybody who reads it."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wishes.errors import NotPossibleNow
from wishes.lifecycle import (
    FINISHED,
    HELD,
    MOVES,
    NEXT_STEP,
    STATUS_LABEL,
    TERMINAL,
    By,
    Kind,
    Status,
    destination,
    mermaid,
    moves_from,
)

names, statuses, kinds = st.sampled_from(sorted(MOVES)), st.sampled_from(list(Status)), st.sampled_from(list(Kind))


def reachable(kind: Kind, *, start: Status = Status.DRAFT) -> set[Status]:
    found, queue = {start}, deque([start])
    while queue:
        for move in moves_from(queue.popleft(), kind):
            if move.end not in found:
                found.add(move.end)
                queue.append(move.end)
    return found


@given(names, statuses, kinds)
def test_a_move_leads_where_the_table_says_or_is_refused(name: str, status: Status, kind: Kind) -> None:
    listed = MOVES[name] in list(moves_from(status, kind))
    if listed:
        assert destination(name, status, kind) is MOVES[name].end
    else:
        with pytest.raises(NotPossibleNow) as refused:
            destination(name, status, kind)
        for language in ("zh", "en"):
            assert STATUS_LABEL[status].say(language) in refused.value.say(language)
            assert MOVES[name].label.say(language) in refused.value.say(language)


@given(st.lists(names, max_size=40), kinds)
def test_no_sequence_of_moves_loses_a_wish_or_delivers_one_nobody_took(tried: list[str], kind: Kind) -> None:
    status, taken = Status.DRAFT, False
    for name in tried:
        if status in MOVES[name].start and MOVES[name].only in (None, kind):
            status = destination(name, status, kind)
            taken = taken or name in ("claim", "accept")
            if status in (*HELD, *FINISHED, Status.DISPUTED):
                assert taken
            if status is Status.OPEN:
                taken = False
    assert status in STATUS_LABEL


@pytest.mark.parametrize("kind", Kind)
def test_every_status_of_a_kind_can_be_reached_and_left_unless_it_is_an_end(kind: Kind) -> None:
    found = reachable(kind)
    only_goods = {Status.READY, Status.INSPECTED, Status.IN_TRANSIT}
    missing = {Status.SCHEDULED} if kind is Kind.GOODS else only_goods
    assert found == set(Status) - missing
    for status in found:
        assert list(moves_from(status, kind)) or status in TERMINAL


@pytest.mark.parametrize("kind", Kind)
def test_from_every_status_before_an_end_the_child_can_still_be_served(kind: Kind) -> None:
    for status in reachable(kind) - {Status.CANCELLED, Status.REJECTED}:
        assert Status.CLOSED in reachable(kind, start=status)


def test_whoever_holds_a_wish_can_always_give_it_back_until_it_is_on_its_way() -> None:
    giving_back = {MOVES["release"], MOVES["lapse"]}
    assert giving_back & set(moves_from(Status.CLAIMED, Kind.GOODS))
    for status in set(HELD) - {Status.IN_TRANSIT}:
        assert MOVES["release"] in [*moves_from(status, Kind.GOODS), *moves_from(status, Kind.SERVICE)]
    assert MOVES["release"].end is Status.OPEN


def test_what_takes_something_away_needs_a_reason() -> None:
    for name in (
        "return",
        "reject",
        "unpublish",
        "decline",
        "release",
        "lapse",
        "fail_inspection",
        "undeliverable",
        "moved_away",
        "lose",
        "damage",
        "no_show",
        "dispute",
        "settle",
        "redo",
        "cancel",
    ):
        assert MOVES[name].reason, name


def test_every_move_is_somebodys_and_no_two_of_a_start_share_a_name() -> None:
    for move in MOVES.values():
        assert move.by
        assert len(set(move.start)) == len(move.start)
        assert move.end not in move.start
        assert set(move.by) <= set(By)


def test_labels_exist_in_both_languages_and_none_twice() -> None:
    for words in ([label for label in STATUS_LABEL.values()], [move.label for move in MOVES.values()]):
        for language in ("zh", "en"):
            said = [text.say(language) for text in words]
            assert all(said) and len(set(said)) == len(said)
    assert set(STATUS_LABEL) == set(Status)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_diagram_shows_every_arrow_of_the_table(language: str) -> None:
    drawn = mermaid(language)
    for move in MOVES.values():
        for start in move.start:
            if move.name != "cancel":
                assert f"{start} --> {move.end}: {move.label.say(language)}" in drawn  # type: ignore[arg-type]
    assert "cancelled" in drawn


def test_every_move_that_sets_a_held_wish_back_says_what_to_do_next() -> None:
    order = [Status.CLAIMED, Status.SCHEDULED, Status.READY, Status.INSPECTED, Status.IN_TRANSIT]
    back = {
        name
        for name, move in MOVES.items()
        if move.end in order
        and any(start in order and order.index(start) > order.index(move.end) for start in move.start)
    }
    assert back == set(NEXT_STEP)
    for text in NEXT_STEP.values():
        assert text.say("zh") and text.say("en")
