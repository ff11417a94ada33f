"""What the product adds to the engine, over arrays alone: criteria, lanes, fairness, exchanges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import UNLIMITED, Problem, broken_limits, criteria, policies, solve
from matching.quick import quick_plan
from matching.seeding import likely_pairs
from wishes.campaigns.rules import Weights
from wishes.claims.match_words import CRITERION, MEANING


def test_distance_agrees_with_a_known_one() -> None:
    """Hangzhou to Shanghai city centre, 165 km great circle."""
    km = criteria.distance_km(np.array([30.2741]), np.array([120.1551]), np.array([31.2304]), np.array([121.4737]))
    assert km[0] == pytest.approx(164.8, abs=1.5)


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=20))
def test_every_criterion_is_a_discomfort_from_0_to_1(values: list[float]) -> None:
    some = np.array(values)
    whole = some.astype(np.int64)
    for found in (
        criteria.distance(some), criteria.pledge_used(whole, whole + 1), criteria.unreliability(whole), criteria.just_asked(some),
        criteria.sameness(whole, whole * 2), criteria.urgency(whole % 6, some), criteria.category(some > 5, some > 9),
    ):  # fmt: skip
        assert ((found >= 0) & (found <= 1)).all()


def test_discomfort_grows_with_what_causes_it() -> None:
    grows = np.arange(10.0)
    for found in (
        criteria.distance(grows),
        criteria.unreliability(grows.astype(int)),
        criteria.urgency(np.zeros(10, int), grows),
    ):
        assert (np.diff(found) > 0).all()
    assert (np.diff(criteria.just_asked(grows)) < 0).all()


def test_leaving_a_wish_is_dearer_than_any_pair_however_the_weights_are_set() -> None:
    weights = dict.fromkeys((*criteria.OF_PAIRS, "need", "fairness"), 100.0)
    dearest = criteria.cost(weights, {name: np.ones(1) for name in criteria.OF_PAIRS})
    assert (criteria.leaving(weights, np.zeros(1)) > dearest + 100 * criteria.POINT).all()


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_a_weight_that_is_none_is_named(weight: float) -> None:
    with pytest.raises(ValueError, match="the weight of distance"):
        criteria.cost({"distance": weight}, {"distance": np.ones(3)})


def test_fairness_figures_know_the_even_and_the_one_who_carries_all() -> None:
    even, one = np.full(8, 3.0), np.eye(8)[0] * 24
    assert (criteria.jain(even), criteria.gini(even)) == (1.0, 0.0)
    assert criteria.jain(one) == pytest.approx(1 / 8) and criteria.gini(one) == pytest.approx(7 / 8)


def test_fair_shares_fill_all_pledges_alike() -> None:
    share = policies.fair_share(np.array([0, 5, 0]), np.array([10, 10, 20]), coming=15)
    assert share.tolist() == [5, 0, 10]


def test_lanes_spread_the_work_as_far_as_it_is_worth() -> None:
    """Two takers, the first a little better for all ten wishes: without fairness it carries eight, with it five."""
    cap, money, alone = np.array([8, 8]), np.full(2, UNLIMITED), np.full(2, -1)

    def loads(beyond: int) -> list[int]:
        fair = policies.fair_share(np.zeros(2, dtype=np.int64), cap, 10)
        lanes = policies.lanes(cap, money, alone, fair=fair, beyond_fair=beyond)
        wish, lane = np.repeat(np.arange(10), len(lanes.taker)), np.tile(np.arange(len(lanes.taker)), 10)
        plan = solve(Problem(wish, lane, np.where(lanes.taker[lane] == 0, 100, 150) + lanes.extra[lane], wish_count=10,
                             taker_count_cap=lanes.count_cap, taker_parent=lanes.parent, wish_penalty=10_000))  # fmt: skip
        return np.bincount(lanes.taker[plan.taker_of_wish], minlength=2).tolist()

    assert loads(0) == [8, 2] and loads(10) == [8, 2] and loads(1000) == [5, 5]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=8), st.floats(0, 0.9))
def test_lanes_never_hold_more_than_their_taker(pledges: list[tuple[int, int]], reserve: float) -> None:
    cap, fair = np.array([c for c, _ in pledges]), np.array([f for _, f in pledges])
    lanes = policies.lanes(
        cap, np.full(len(cap), UNLIMITED), np.full(len(cap), -1), fair=fair, beyond_fair=5, reserve=reserve
    )
    for node, parent in enumerate(lanes.parent.tolist()):
        if parent >= 0:
            assert lanes.taker[node] == lanes.taker[parent] and lanes.count_cap[node] <= lanes.count_cap[parent]
    ordinary = lanes.open & ~lanes.urgent_only
    for taker in range(len(cap)):
        assert lanes.count_cap[ordinary & (lanes.taker == taker)].max(initial=0) <= cap[taker] - int(
            cap[taker] * reserve
        )


def test_first_served_outweighs_everything_else_together() -> None:
    penalty = np.array([5, 7, 11])
    raised, surcharge = policies.first_served(penalty, np.array([False, True, False]))
    assert surcharge > penalty.sum() and raised.tolist() == [5, 7 + surcharge, 11]
    assert policies.first_served(penalty, np.zeros(3, dtype=bool))[1] == 0


@given(st.integers(0, 60), st.floats(0, 100), st.integers(0, 99))
def test_no_more_move_than_may_and_those_that_gain_most(standing: int, percent: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    current = np.concatenate([np.zeros(standing, dtype=np.int64), np.full(5, -1)])
    proposed, gain = rng.integers(0, 2, len(current)), rng.random(len(current))
    free = policies.may_move(current, proposed, gain, percent=percent)
    wants = (current >= 0) & (proposed != current)
    assert free.sum() <= standing * percent / 100 + 1e-9 and not (free & ~wants).any()
    if free.any() and (wants & ~free).any():
        assert gain[free].min() >= gain[wants & ~free].max()


def test_classes_point_at_the_pairs_an_optimum_uses() -> None:
    cost = np.array([[1, 9], [1, 2]])
    classes, takers = likely_pairs(
        cost, np.ones((2, 2), dtype=bool), np.array([2, 2]), np.array([50, 50]), np.array([2, 9]), np.array([-1, -1])
    )
    assert set(zip(classes.tolist(), takers.tolist(), strict=True)) == {(0, 0), (1, 1)}


@st.composite
def campaigns(draw: st.DrawFn) -> Problem:
    """Small campaigns where budgets and groups bind, with members nested in branches."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    wishes, takers = draw(st.integers(1, 12)), draw(st.integers(1, 5))
    wish, taker = np.nonzero(rng.random((wishes, takers)) < 0.7)
    parent = np.where((np.arange(takers) > 0) & (rng.random(takers) < 0.4), 0, -1)
    return Problem(
        wish, taker, rng.integers(0, 100, len(wish)), rng.integers(0, 30, wishes)[wish], wish_count=wishes,
        taker_count_cap=rng.integers(0, 5, takers), taker_spend_cap=rng.integers(0, 90, takers), taker_parent=parent,
        wish_penalty=rng.integers(100, 300, wishes), wish_group=rng.integers(-1, 3, wishes), group_split_cost=int(rng.integers(0, 20)),
    )  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(campaigns())
def test_quick_plans_keep_every_limit_and_never_beat_their_bound(problem: Problem) -> None:
    plan = quick_plan(problem, time_limit_s=5.0)
    assert not broken_limits(problem, plan.arc_of_wish)
    assert plan.cost >= plan.lower_bound
    again = quick_plan(problem, time_limit_s=5.0)
    assert (again.taker_of_wish == plan.taker_of_wish).all()


def test_siblings_come_together_where_it_costs_nothing() -> None:
    """Two households of two; every wish costs the same everywhere, so that only the households decide."""
    wish, taker = np.repeat(np.arange(4), 2), np.tile(np.arange(2), 4)
    group = np.array([0, 1, 0, 1])
    for seed in range(5):
        plan = quick_plan(
            Problem(wish, taker, np.full(8, 10), wish_count=4, taker_count_cap=[2, 2], wish_penalty=1000, wish_group=group, group_split_cost=3),
            seed=seed,
        )  # fmt: skip
        of = plan.taker_of_wish
        assert of[0] == of[2] and of[1] == of[3] and of[0] != of[1]


def test_every_weight_has_words_and_every_pair_criterion_a_weight() -> None:
    """Who adds a criterion is told here what else it needs."""
    assert set(Weights.model_fields) == set(CRITERION) == set(MEANING)
    assert set(criteria.OF_PAIRS) | {"need", "fairness", "together"} == set(Weights.model_fields)
