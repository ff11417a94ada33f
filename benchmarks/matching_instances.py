"""Instances for the matching benchmarks, all made from a seed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

import matching

Ints = npt.NDArray[np.int64]


def transport(wishes: int, takers: int, arcs_per_wish: int, seed: int) -> matching.Problem:
    """Random transport: every wish knows `arcs_per_wish` takers at costs 1 … 10,000; places just enough for all."""
    rng = np.random.default_rng(seed)
    # Distinct takers of a wish: a random start and random strides around the ring.
    strides = rng.integers(1, takers // arcs_per_wish + 1, (wishes, arcs_per_wish))
    arc_taker = (rng.integers(0, takers, (wishes, 1)) + np.cumsum(strides, axis=1)) % takers
    return matching.Problem(
        np.repeat(np.arange(wishes), arcs_per_wish),
        arc_taker.ravel(),
        rng.integers(1, 10_001, wishes * arcs_per_wish),
        wish_count=wishes,
        taker_count_cap=np.full(takers, -(-wishes // takers)),
        wish_penalty=100_000,
    )


def product(
    wishes: int = 10_000,
    takers: int = 1_100,
    arcs_per_wish: int = 30,
    seed: int = 0,
    grouped: bool = True,
    slack: float = 1.1,
) -> matching.Problem:
    """A campaign in which every limit binds: count and budget of each taker are `slack` times what its share needs.

    Children (1-3 wishes each, one group) and takers lie anywhere on a plane of 100 x 100 km; a child's wishes know its
    nearest takers. Cost: metres / 10 plus how little the wish suits the taker. Spend: price (10-300 yuan, in fen) plus
    carriage by distance. The penalty is dearer than any arc.
    """
    rng = np.random.default_rng(seed)
    child = _children(rng, wishes)
    child_at, taker_at = rng.random((int(child[-1]) + 1, 2)) * 100, rng.random((takers, 2)) * 100
    distance_km = np.hypot(*(child_at[:, None, :] - taker_at[None, :, :]).transpose(2, 0, 1))
    known = np.argsort(distance_km, axis=1)[:, :arcs_per_wish]
    km = np.take_along_axis(distance_km, known, axis=1)[child]
    spend = _prices_fen(rng, wishes)[:, None] + (20 * km).astype(np.int64)
    return matching.Problem(
        np.repeat(np.arange(wishes), arcs_per_wish),
        known[child].ravel(),
        ((100 * km).astype(np.int64) + rng.integers(0, 2_001, km.shape)).ravel(),
        spend.ravel(),
        wish_count=wishes,
        taker_count_cap=np.full(takers, int(np.ceil(wishes / takers * slack))),
        taker_spend_cap=np.full(takers, int(spend.mean() * wishes / takers * slack)),
        wish_penalty=30_000,
        wish_group=child if grouped else None,
    )


def _children(rng: np.random.Generator, wishes: int) -> Ints:
    """The child of each wish: one to three wishes each."""
    sizes = rng.integers(1, 4, wishes)
    return np.repeat(np.arange(wishes), sizes)[:wishes]


def _prices_fen(rng: np.random.Generator, wishes: int) -> Ints:
    """Prices of wishes: 10 to 300 yuan, most around 80."""
    return np.clip(np.exp(rng.normal(np.log(8_000), 0.6, wishes)), 1_000, 30_000).astype(np.int64)


def crowded(
    wishes: int = 10_000, takers: int = 1_100, arcs_per_wish: int = 30, seed: int = 0, grouped: bool = True
) -> matching.Problem:
    """As `product`, but children and takers lie in towns that do not fit: much has to travel, limits differ widely."""
    rng = np.random.default_rng(seed)
    child = _children(rng, wishes)
    children = int(child[-1]) + 1
    towns = rng.random((40, 2)) * 100
    child_at = towns[rng.integers(0, 40, children)] + rng.normal(0, 5, (children, 2))
    taker_at = towns[rng.integers(0, 40, takers)] + rng.normal(0, 8, (takers, 2))
    distance_km = np.hypot(*(child_at[:, None, :] - taker_at[None, :, :]).transpose(2, 0, 1))
    near = arcs_per_wish * 2 // 3
    ranked = np.argsort(distance_km, axis=1)
    far = near + np.argsort(rng.random((children, takers - near)), axis=1)[:, : arcs_per_wish - near]
    known = np.concatenate([ranked[:, :near], np.take_along_axis(ranked, far, axis=1)], axis=1)
    arc_taker = known[child]
    km = np.take_along_axis(distance_km, known, axis=1)[child]
    spend = _prices_fen(rng, wishes)[:, None] + (20 * km).astype(np.int64)
    per_taker = wishes / takers
    return matching.Problem(
        np.repeat(np.arange(wishes), arcs_per_wish),
        arc_taker.ravel(),
        ((100 * km).astype(np.int64) + rng.integers(0, 2_001, km.shape)).ravel(),
        spend.ravel(),
        wish_count=wishes,
        taker_count_cap=np.maximum(1, np.rint(per_taker * rng.uniform(0.7, 1.4, takers))).astype(np.int64),
        taker_spend_cap=(per_taker * spend.mean() * rng.uniform(0.7, 1.4, takers)).astype(np.int64),
        wish_penalty=30_000,
        wish_group=child if grouped else None,
    )


def campaign(
    wishes: int = 10_000, branches: int = 100, volunteers: int = 1_300, arcs_per_wish: int = 30, seed: int = 0
) -> matching.Problem:
    """A campaign as branches pledge: volunteers nested in branches, budgets at the branches, a third of them tight."""
    rng = np.random.default_rng(seed)
    takers = branches + volunteers
    parent = np.full(takers, -1)
    parent[branches:] = rng.integers(-1, branches, volunteers)
    towns = rng.random((60, 2)) * 150
    taker_at = towns[rng.integers(0, 60, takers)] + rng.normal(0, 6, (takers, 2))
    wish_at = towns[rng.choice(60, wishes, p=rng.dirichlet(np.ones(60)))] + rng.normal(0, 4, (wishes, 2))
    distance_km = np.hypot(*(wish_at[:, None, :] - taker_at[None, :, :]).transpose(2, 0, 1))
    some = np.sort(np.argsort(distance_km + rng.exponential(20, distance_km.shape), axis=1)[:, :arcs_per_wish], axis=1)
    km = np.take_along_axis(distance_km, some, axis=1)
    price_fen = _prices_fen(rng, wishes)
    count = np.concatenate([rng.integers(30, 110, branches), rng.integers(2, 16, volunteers)])
    budget = np.full(takers, matching.UNLIMITED)
    budget[:branches] = (count[:branches] * rng.choice([70_00, 110_00, 200_00], branches)).astype(np.int64)
    return matching.Problem(
        np.repeat(np.arange(wishes), arcs_per_wish),
        some.ravel(),
        ((100 * km).astype(np.int64) + rng.integers(0, 1_001, km.shape)).ravel(),
        (price_fen[:, None] + (15 * km).astype(np.int64)).ravel(),
        wish_count=wishes,
        taker_count_cap=count,
        taker_spend_cap=budget,
        taker_parent=parent,
        wish_penalty=20_000 + 2_000 * rng.integers(0, 5, wishes),
    )


def assignment(kind: str, agents: int, jobs: int, seed: int) -> matching.Problem:
    """A generalised assignment problem by the published rules of the OR-Library families A-E.

    A, B, C: spend 5 … 25, cost 10 … 50; capacity 9 n/m + 0.4 R (A), 0.7 of that (B), 0.8 sum of spend / m (C).
    D: spend 1 … 100, cost 111 - spend + (-10 … 10); capacity as C. E: spend 1 - 10 ln U(0,1], cost 1000/spend - 10
    U(0,1]; capacity as C. R: the largest load if every job takes its cheapest agent.
    (Chu and Beasley 1997; Laguna et al. 1995 for E.) Every job must be done: leaving one costs more than everything.
    """
    rng = np.random.default_rng(seed)
    shape = (jobs, agents)
    if kind in "ABC":
        spend, cost = rng.integers(5, 26, shape), rng.integers(10, 51, shape)
    elif kind == "D":
        spend = rng.integers(1, 101, shape)
        cost = 111 - spend + rng.integers(-10, 11, shape)
    elif kind == "E":
        spend = np.floor(1 - 10 * np.log(1 - rng.random(shape))).astype(np.int64)
        cost = np.floor(1000 / spend - 10 * rng.random(shape)).astype(np.int64)
    else:
        raise ValueError(f"kind is {kind!r}; must be one of A B C D E")
    if kind in "AB":
        chosen = cost.argmin(axis=1)
        load = np.bincount(chosen, weights=spend[np.arange(jobs), chosen], minlength=agents).max()
        capacity = np.full(agents, 9 * jobs / agents + 0.4 * load) * (1.0 if kind == "A" else 0.7)
    else:
        capacity = 0.8 * spend.sum(axis=0) / agents
    return matching.Problem(
        np.repeat(np.arange(jobs), agents),
        np.tile(np.arange(agents), jobs),
        cost.ravel(),
        spend.ravel(),
        wish_count=jobs,
        taker_count_cap=np.full(agents, matching.UNLIMITED),
        taker_spend_cap=np.maximum(1, capacity).astype(np.int64),
        wish_penalty=10 * int(cost.max()) * 10,
    )
