"""Who may do and see what. The tables are checked against the promises made to the child, for every actor there can be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wishes.access import (
    DUTIES,
    FIELDS,
    NOBODY,
    ROLE_LABEL,
    SYSTEM,
    Actor,
    Field,
    Grant,
    Role,
    WishFacts,
    may,
    may_see_identity,
    possible_moves,
    relations,
    require,
    require_move,
    visible_fields,
)
from wishes.errors import Forbidden
from wishes.lifecycle import HELD, MOVES, By, Kind, Status

HERE, ELSEWHERE = 1, 2
ids = st.one_of(st.none(), st.integers(1, 3))
campaigns = st.sampled_from([None, HERE, ELSEWHERE])
grants = st.builds(Grant, st.sampled_from(list(Role)), campaigns, community_id=ids, branch_id=ids, volunteer_id=ids)
actors = st.builds(lambda given: Actor(1, "somebody", tuple(given)), st.lists(grants, max_size=4))
_TAKEN = (*HELD, Status.DELIVERED, Status.DISPUTED, Status.CLOSED)


@st.composite
def wishes(draw: st.DrawFn) -> WishFacts:
    status = draw(st.sampled_from(list(Status)))
    branch, volunteer = draw(ids), draw(ids)
    taken, proposed = status in _TAKEN, status is Status.PROPOSED
    return WishFacts(
        HERE,
        status,
        draw(st.sampled_from(list(Kind))),
        draw(st.integers(1, 3)),
        taker_branch_id=branch if taken else None,
        taker_volunteer_id=volunteer if taken else None,
        proposed_branch_id=branch if proposed else None,
        proposed_volunteer_id=volunteer if proposed else None,
    )


def coordinates(actor: Actor) -> bool:
    return may(actor, "campaign.coordinate", HERE)


@given(actors, wishes())
def test_people_of_another_campaign_have_nothing_to_do_with_a_wish(actor: Actor, wish: WishFacts) -> None:
    outside = Actor(actor.account_id, actor.name, tuple(g for g in actor.grants if g.campaign_id == ELSEWHERE))
    assert relations(outside, wish) == frozenset()
    assert visible_fields(relations(outside, wish), wish.status) == frozenset()
    assert possible_moves(outside, wish) == []


@given(wishes())
def test_nobody_sees_nothing_and_moves_nothing(wish: WishFacts) -> None:
    assert not visible_fields(relations(NOBODY, wish), wish.status)
    assert not possible_moves(NOBODY, wish)


@given(actors, wishes())
def test_a_childs_identity_is_for_its_own_community_and_for_whom_an_approval_assigns_it_to(
    actor: Actor, wish: WishFacts
) -> None:
    standing, own = relations(actor, wish), wish.community_id in actor.ids(Role.SOCIAL_WORKER, HERE, "community_id")
    assert (Field.IDENTITY in visible_fields(standing, wish.status)) is own
    approved = Field.IDENTITY in visible_fields(standing, wish.status, approved=True)
    assert approved is (own or coordinates(actor))
    assert wish.community_id is not None
    for held, seen in ((False, own), (True, approved)):
        assert may_see_identity(actor, HERE, wish.community_id, approved=held) is seen


@given(actors, wishes())
def test_who_takes_a_wish_learns_no_more_than_they_need_when_they_need_it(actor: Actor, wish: WishFacts) -> None:
    standing = relations(actor, wish)
    if standing & {By.COMMUNITY, By.COORDINATOR, By.AUDITOR}:
        return
    seen = visible_fields(standing, wish.status)
    if Field.PLACE in seen:
        assert wish.status in (Status.READY, Status.INSPECTED, Status.IN_TRANSIT, Status.SCHEDULED)
        assert standing & {By.TAKER, By.COURIER, By.INSPECTOR}
        assert standing & {By.TAKER, By.COURIER} or wish.status is Status.INSPECTED
    if seen & {Field.AGE_BAND, Field.SEX}:
        assert standing & {By.TAKER, By.PROPOSED_TO, By.BROWSER}
    if By.BROWSER in standing and not standing - {By.BROWSER} and wish.status is not Status.OPEN:
        assert seen == frozenset()


@given(actors, wishes())
def test_the_buttons_are_exactly_the_moves_that_the_guard_lets_through(actor: Actor, wish: WishFacts) -> None:
    shown = possible_moves(actor, wish)
    for move in MOVES.values():
        leaves = wish.status in move.start and move.only in (None, wish.kind)
        try:
            require_move(actor, move, wish)
            allowed = True
        except Forbidden:
            allowed = False
        assert (move in shown) == (allowed and leaves)


@given(actors, wishes())
def test_a_role_more_never_takes_anything_away(actor: Actor, wish: WishFacts) -> None:
    for role in Role:
        more = Actor(actor.account_id, actor.name, (*actor.grants, Grant(role, HERE)))
        assert relations(actor, wish) <= relations(more, wish)
        assert visible_fields(relations(actor, wish), wish.status) <= visible_fields(relations(more, wish), wish.status)
        assert all(may(more, duty, HERE) for duty in DUTIES if may(actor, duty, HERE))


@given(actors, wishes())
def test_only_the_taker_or_a_coordinator_acts_on_a_wish_that_is_held(actor: Actor, wish: WishFacts) -> None:
    mine = (
        wish.taker_volunteer_id is not None
        and wish.taker_volunteer_id in actor.ids(Role.VOLUNTEER, HERE, "volunteer_id")
    ) or (
        wish.taker_branch_id is not None and wish.taker_branch_id in actor.ids(Role.BRANCH_SECRETARY, HERE, "branch_id")
    )
    names = {move.name for move in possible_moves(actor, wish)}
    if names & {"release", "prepare", "schedule"}:
        assert mine or coordinates(actor)


def test_the_system_makes_the_engines_and_the_sweeps_moves_and_no_others() -> None:
    made = {name for name, move in MOVES.items() if By.SYSTEM in move.by}
    assert made == {"propose", "expire", "lapse"}
    wish = WishFacts(HERE, Status.CLAIMED, Kind.GOODS)
    assert relations(SYSTEM, wish) == {By.SYSTEM}
    with pytest.raises(Forbidden):
        require_move(SYSTEM, MOVES["release"], wish)


def test_a_proposal_to_a_member_is_answered_by_the_member_or_by_their_own_branch() -> None:
    wish = WishFacts(HERE, Status.PROPOSED, Kind.GOODS, 1, proposed_branch_id=1, proposed_volunteer_id=2)
    secretary = Actor(1, "", (Grant(Role.BRANCH_SECRETARY, HERE, branch_id=1),))
    member = Actor(2, "", (Grant(Role.VOLUNTEER, HERE, volunteer_id=2),))
    other = Actor(3, "", (Grant(Role.BRANCH_SECRETARY, HERE, branch_id=3), Grant(Role.VOLUNTEER, HERE, volunteer_id=4)))
    assert By.PROPOSED_TO in relations(secretary, wish)
    assert By.PROPOSED_TO in relations(member, wish)
    assert By.PROPOSED_TO not in relations(other, wish)


def test_the_auditor_reads_everything_but_identities_and_moves_nothing() -> None:
    auditor = Actor(1, "", (Grant(Role.AUDITOR, HERE),))
    for status in Status:
        wish = WishFacts(HERE, status, Kind.GOODS, 1)
        assert visible_fields(relations(auditor, wish), status) == frozenset(Field) - {Field.IDENTITY}
        assert not possible_moves(auditor, wish)


@pytest.mark.parametrize("role", Role)
def test_a_site_wide_role_counts_in_every_campaign_and_a_campaigns_role_in_no_other(role: Role) -> None:
    everywhere, here = Actor(1, "", (Grant(role),)), Actor(1, "", (Grant(role, HERE),))
    for duty, roles in DUTIES.items():
        assert may(everywhere, duty, ELSEWHERE) is (role in roles)
        assert may(here, duty, HERE) is (role in roles)
        assert not may(here, duty, ELSEWHERE)
    if role not in DUTIES["site.manage"]:
        with pytest.raises(Forbidden):
            require(here, "site.manage", HERE)


def test_every_role_has_a_label_and_every_field_somebody_who_sees_it() -> None:
    assert set(ROLE_LABEL) == set(Role)
    assert set(FIELDS) == set(Field)
    for seen in FIELDS.values():
        assert all(stages for stages in seen.values())


def test_a_social_worker_returns_or_rejects_what_their_own_community_sent_and_no_other() -> None:
    def moves(community_id: int) -> set[str]:
        worker = Actor(1, "w", (Grant(Role.SOCIAL_WORKER, HERE, community_id=community_id),))
        return {
            move.name for move in possible_moves(worker, WishFacts(HERE, Status.SUBMITTED, Kind.GOODS, community_id=1))
        }

    assert moves(1) == {"return", "reject", "cancel"}
    assert moves(2) == set()
    assert MOVES["reject"].reason and MOVES["return"].reason
