"""Better plans by search: a local search and exact programs side by side, from the best plan known, in ever longer stages."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import numpy as np

from matching.deadline import Deadline
from matching.diving import MOST_TAKERS, Dives
from matching.items import Items
from matching.prices import Floats, Prices, priced_options
from matching.problem import UNLIMITED, Ints, Problem
from matching.programs import Programs
from matching.relaxation import owners
from matching.search import Board, improve, put

_FIRST_ROUNDS = 2_000
_PROGRAMS = 4
_DIVES = 4
_WAIT_S = 0.3
_STAGES = 5
_MOST_DOUBLINGS = 8
_CHUNK = 250
_HOT, _COLD = 0.01, 0.0003
_MOST_TAKEN_OUT = 6
_EXPANSIONS = 30
_HEAP = 100_000
_LOG = 10_000


class _Searcher:
    """One board with its own random numbers, and the best choice it met."""

    def __init__(self, problem: Problem, items: Items, prices: Prices, seed: int) -> None:
        owner = owners(items)
        priced = priced_options(problem, items, prices)
        least = items.none.astype(np.float64)
        np.minimum.at(least, owner, priced)
        # Typical regret of an option: what "a little worse" means on this problem.
        self._heat = max(1.0, float(np.median(priced - least[owner])))
        self._order = np.lexsort((priced, owner))
        self._place = np.empty_like(self._order)
        self._place[self._order] = np.arange(len(self._order))
        self._board = _make_board(problem, items, priced, self._order, seed)
        self._stamp = 0
        self._met = np.full(len(items.none), -1, dtype=np.int64)
        self.best = self._met.copy()
        self.value = 0

    def restart(self, choice: Ints, value: int) -> None:
        """Begin at a choice (I,) of options as `Items` numbers them, and its cost."""
        own = np.where(choice >= 0, self._place[choice], -1)
        for item in np.flatnonzero(own != self._board.choice).tolist():
            put(self._board, item, -1)
        for item in np.flatnonzero(own != self._board.choice).tolist():
            put(self._board, item, int(own[item]))
        self.best, self.value, self._now = choice, value, value

    def search(self, rounds: int, deadline: Deadline, over: Callable[[], bool]) -> None:
        """One stage: rounds at falling heat, ended early by the deadline or once it is *over*."""
        done = 0
        while done < rounds and not deadline.over() and not over():
            hot, cold = (self._heat * _HOT * (_COLD / _HOT) ** (part / rounds) for part in (done, done + _CHUNK))
            left = np.flatnonzero(self._board.choice < 0)
            least, change, self._stamp = improve(
                self._board, self._met, self._stamp + 1, _CHUNK, hot, cold, _MOST_TAKEN_OUT, _EXPANSIONS, left
            )
            if self._now + least < self.value:
                self.value = int(self._now + least)
                self.best = np.where(self._met >= 0, self._order[self._met], -1)
            self._now += change
            done += _CHUNK


class Worker(Protocol):
    """A search that goes on from a choice (I,) and its cost, in steps of its own, until *over* or the deadline."""

    best: Ints
    value: int

    def restart(self, choice: Ints, value: int) -> None: ...

    def search(self, steps: int, deadline: Deadline, over: Callable[[], bool]) -> None: ...


def search_from(
    problem: Problem,
    items: Items,
    prices: Prices,
    choice: Ints,
    enough: Callable[[int], bool],
    deadline: Deadline,
    seed: int,
    item_price: Floats | None = None,
) -> tuple[Ints, bool]:
    """The best choice (I,) found from a choice within limits, same cost or less, and whether no choice can cost less.

    prices: of the limits; they guide all searches. item_price: (I,), near the best of the bound by patterns, where these
    say all and takers are few: dives then take part. enough: whether a cost is good enough to stop at.
    Stops after a fixed number of stages, each twice as long as the last, however the machine is loaded; or at the deadline.
    """
    if len(items.taker) == 0:
        return choice, True
    local, programs = _Searcher(problem, items, prices, seed), Programs(problem, items, prices, seed)
    pairs: list[tuple[Worker, Worker]] = [(local, programs)]
    value = _cost(items, choice)
    first = choice, value
    with ThreadPoolExecutor(2) as pool:
        if item_price is not None:
            takers = np.unique(items.taker)
            few = len(takers) <= MOST_TAKERS
            dives = [Dives(problem, items, prices, item_price, 2 * seed + k) for k in range(2 if few else 1)]
            for _ in pool.map(lambda one: one.dive(takers, deadline), dives):
                pass
            found = min(dives, key=lambda one: one.value)
            # The search mends a dive that left a few items more easily than a plan that serves all of them dearly.
            if found.value < (value if few else int(items.none.sum())):
                choice, value = found.best, found.value
            if few:
                pairs = [(local, dives[0]), (dives[1], dives[0]), (dives[1], programs)]
        rounds, rate = _FIRST_ROUNDS, 0.0
        for stage in range(_STAGES if deadline.left_s() is None else 1_000):
            if programs.proved or enough(value) or deadline.over():
                break
            lead, other = pairs[stage % len(pairs)]
            lead.restart(choice, value)
            other.restart(choice, value)
            left_s = deadline.left_s()
            if left_s is not None and 0 < rate * left_s < 3 * rounds and len(pairs) == 1:
                # The last stage cools down to the end, not to the middle.
                rounds = max(_CHUNK, int(0.97 * rate * left_s))
            began = time.monotonic()
            steps = rounds if lead is local else _DIVES
            running: Future[None] = pool.submit(lead.search, steps, deadline, lambda: programs.proved)
            # Without a limit as many programs as the stage has, so that the same seed finds the same.
            many, over, ends = (_PROGRAMS, _never, deadline) if left_s is None else (2**31, running.done, deadline)
            if left_s is not None and lead is local and other is programs:
                # A program that outlives the stage would keep the other search waiting.
                ends = Deadline(min(left_s, _WAIT_S + (rounds / rate if rate else 0.0)))
            pool.submit(other.search, many, ends, over).result()
            running.result()
            if lead is local:
                rate = rounds / max(1e-3, time.monotonic() - began)
                rounds = min(2 * rounds, _FIRST_ROUNDS << _MOST_DOUBLINGS)
            choice, value = min(((one.best, one.value) for one in (other, lead)), key=lambda one: one[1])
    # The dive's choice was the beginning, but need not be what is returned.
    choice, value = min((first, (choice, value)), key=lambda one: one[1])
    return choice, programs.proved and value == programs.value


def _never() -> bool:
    return False


def _cost(items: Items, choice: Ints) -> int:
    held = choice >= 0
    return int(items.cost[choice[held]].sum() + items.none[~held].sum())


def _make_board(problem: Problem, items: Items, priced: Floats, order: Ints, seed: int) -> Board:
    count, takers = len(items.none), len(items.parent)
    depth = np.zeros(takers, dtype=np.int64)
    for level in reversed(problem.levels):
        depth[level] = depth[items.parent[level]] + 1
    owner = owners(items)
    pairs = np.unique(owner * takers + items.taker)
    most = np.bincount(pairs % takers, minlength=takers)
    for level in problem.levels:
        np.add.at(most, items.parent[level], most[level])
    least = items.none.astype(np.float64)
    np.minimum.at(least, owner, priced)
    return Board(
        start=items.start,
        taker=items.taker[order],
        cost=items.cost[order],
        count=items.count[order],
        spend=items.spend[order],
        priced=priced[order],
        none=items.none,
        least=least,
        parent=items.parent,
        depth=depth,
        first=np.concatenate([[0], np.cumsum(np.minimum(most, count) + 1)]),
        # Half of the largest integer is as good as no limit, and adding to it cannot overflow.
        room_count=np.minimum(items.count_cap, UNLIMITED // 2),
        room_spend=np.minimum(items.spend_cap, UNLIMITED // 2),
        choice=np.full(count, -1, dtype=np.int64),
        members=np.zeros(int(np.minimum(most, count).sum()) + takers, dtype=np.int64),
        size=np.zeros(takers, dtype=np.int64),
        spot=np.zeros((count, int(depth.max()) + 1), dtype=np.int64),
        raw=np.zeros(count),
        back=np.full(count, -1, dtype=np.int64),
        via=np.full(count, -1, dtype=np.int64),
        seen=np.zeros(count, dtype=np.int64),
        heap_key=np.zeros(_HEAP),
        heap_item=np.zeros(_HEAP, dtype=np.int64),
        log=np.zeros((_LOG, 2), dtype=np.int64),
        state=np.array([(seed * 0x9E3779B97F4A7C15 + 0xD1B54A32D192ED03) % 2**64 | 1], dtype=np.uint64),
    )
