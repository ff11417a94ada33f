"""Plans by dives: takers give up all they serve and take patterns again, one by one, at prices that settle in between.

Diving in column generation (Sadykov, Vanderbeck, Pessoa, Tahiri, Uchoa 2019) with subgradient steps in the place of a
master program, over all takers for a first plan and over some of them as a large neighbourhood search. The last few
takers of a dive, for whom no pattern fits any longer by itself, are settled by an exact program.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from matching.deadline import Deadline
from matching.items import Items
from matching.knapsack import make_book, make_desk
from matching.patterns import settle, start_climb
from matching.prices import Floats, Prices
from matching.problem import Ints, Mask, Problem
from matching.programs import Programs

MOST_TAKERS = 150
"""With more takers than these dives take too long."""
_GRAINS = 400
_FEWEST = 5
_LAST = 3
_NOISE = 0.3
_HOPE = 1e-3
_LENGTH = 0.5
_MOST_STEPS, _LEAST_STEPS, _STEPS_OF_ALL = 50, 3, 2_000
_AT_ONCE = 12


class Dives:
    """One plan, improved by dives on ever other takers. Same seed, same dives, unless time ends one.

    prices: of the limits; item_price: (I,), near the best of the bound by patterns.
    """

    def __init__(self, problem: Problem, items: Items, prices: Prices, item_price: Floats, seed: int) -> None:
        self._items, self._price = items, item_price
        self._book = make_book(items, _GRAINS, within=True)
        self._desk = make_desk(self._book, items, prices)
        self._programs = Programs(problem, items, prices, seed)
        self._random = np.random.default_rng([seed, 13])
        self._takers = np.unique(items.taker)
        self.best = np.full(len(items.none), -1, dtype=np.int64)
        self.value = int(items.none.sum())

    def restart(self, choice: Ints, value: int) -> None:
        """Go on from a choice (I,) within limits, and its cost."""
        self.best, self.value = choice, value

    def search(self, dives: int, deadline: Deadline, over: Callable[[], bool]) -> None:
        """So many dives, fewer at the deadline or once it is *over*."""
        most = len(self._takers)
        for _ in range(dives):
            if deadline.over() or over():
                return
            # Small ones are quick and large ones far-sighted: as many of each size, on a scale of ratios.
            many = int(_FEWEST * (1.3 * most / _FEWEST) ** self._random.random())
            self._programs.restart(self.best, self.value)
            self.dive(self._programs.choose(many), deadline)

    def dive(self, takers: Ints, deadline: Deadline) -> None:
        """Let these takers (n,) choose again; what they find is taken if it costs no more."""
        opened = self._opened(takers)
        free = opened < 0
        rest = self._fix_patterns(takers.copy(), opened, free, deadline)
        if rest is None:
            return
        served = opened >= 0
        value = int(self._items.cost[opened[served]].sum() + self._items.none[~served].sum())
        self._programs.restart(opened, value)
        self._programs.settle(np.sort(rest), deadline)
        if self._programs.value <= self.value:
            self.best, self.value = self._programs.best, self._programs.value

    def _opened(self, takers: Ints) -> Ints:
        """The best choice without what these takers serve."""
        inside = np.zeros(len(self._items.parent), dtype=np.bool_)
        inside[takers] = True
        held = np.flatnonzero(self.best >= 0)
        opened = self.best.copy()
        opened[held[inside[self._items.taker[self.best[held]]]]] = -1
        return opened

    def _fix_patterns(self, takers: Ints, choice: Ints, free: Mask, deadline: Deadline) -> Ints | None:
        """Fix the surest patterns until few takers are open, and return those; None at the deadline. Changes choice, free."""
        climb = start_climb(self._price, _LENGTH)
        self._desk.often[:] = 0
        many, hope = len(takers), _HOPE * float(np.abs(self._price[free]).sum())
        steps = max(_LEAST_STEPS, min(_MOST_STEPS, _STEPS_OF_ALL // many))
        # Three takers are settled better and two far more quickly: without a time limit nobody should wait.
        last = _LAST if deadline.left_s() is not None else _LAST - 1
        while len(takers) > last:
            if deadline.over():
                return None
            climb = start_climb(climb.price, _LENGTH)
            settle(self._book, self._desk, takers, free, climb, steps, hope * len(takers) / many)
            doubt = self._doubts(takers, free) * (1 + _NOISE * self._random.random(len(takers)))
            # Where many are open, several are fixed at once, as far as they do not want the same.
            wanted = max(1, min(len(takers) - last, len(takers) // _AT_ONCE))
            stays = np.ones(len(takers), dtype=np.bool_)
            for n in np.argsort(doubt, kind="stable").tolist():
                entries = self._picked(int(takers[n]))
                if wanted and bool(free[self._book.item[entries]].all()):
                    choice[self._book.item[entries]] = self._book.option[entries]
                    free[self._book.item[entries]] = False
                    stays[n] = False
                    wanted -= 1
            takers = takers[stays]
        return takers

    def _picked(self, taker: int) -> Ints:
        low, high = int(self._book.start[taker]), int(self._book.start[taker + 1])
        return low + np.flatnonzero(self._desk.picked[low:high])

    def _doubts(self, takers: Ints, free: Mask) -> Floats:
        """How much the last patterns of takers (n,) changed, by item of a pattern."""
        unsure = np.where(self._desk.picked, 1 - self._desk.often, self._desk.often * free[self._book.item])
        total = np.concatenate([[0.0], np.cumsum(unsure)])
        size = np.concatenate([[0], np.cumsum(self._desk.picked)])
        low, high = self._book.start[takers], self._book.start[takers + 1]
        doubt: Floats = (total[high] - total[low]) / np.maximum(1, size[high] - size[low])
        return doubt
