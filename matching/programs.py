"""Better plans by small exact programs: a few takers that compete for the same items change them among each other, best.

Prices tell which takers lose most against the bound, and which options cannot be part of anything better; what is left is
a mixed-integer program of a few hundred options, which HiGHS solves in a moment. Where it takes in all takers and is
solved, the plan is proved best.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from matching.deadline import Deadline
from matching.items import Items
from matching.prices import Prices, priced_options
from matching.problem import UNLIMITED, Ints, Mask, Problem
from matching.relaxation import limit_rows, owners

_WORK = 30_000  # options times nodes that a program may take
_SECONDS = 8.0
_FIRST_TAKERS, _FEWEST = 4.0, 2.0
_MOST_OPTIONS = 4_000


@dataclass(frozen=True, eq=False)
class _Part:
    """Items that may change (n,), the options (m,) they may change to, the room of all takers, what they cost now, and a
    lower bound on what they can cost."""

    items: Ints
    options: Ints
    must: Mask
    room_count: Ints
    room_spend: Ints
    now: int
    least: float


class Programs:
    """One plan, improved by exact programs on ever other takers. Same seed, same programs, unless time ends one."""

    def __init__(self, problem: Problem, items: Items, prices: Prices, seed: int) -> None:
        self._items, self._prices = items, prices
        self._owner = owners(items)
        self._priced = priced_options(problem, items, prices)
        self._by_price = np.lexsort((self._priced, self._owner))
        self._by_taker = np.argsort(items.taker, kind="stable")
        self._first = np.searchsorted(items.taker[self._by_taker], np.arange(len(items.parent) + 1))
        least = items.none.astype(np.float64)
        np.minimum.at(least, self._owner, self._priced)
        self._least = least
        self._takers = len(np.unique(items.taker))
        self._random = np.random.default_rng([seed, 11])
        self._wanted = _FIRST_TAKERS
        self.best = np.full(len(items.none), -1, dtype=np.int64)
        self.value = int(items.none.sum())
        self.proved = False

    def restart(self, choice: Ints, value: int) -> None:
        """Go on from a choice (I,) within limits, and its cost."""
        self.best, self.value = choice, value

    def search(self, programs: int, deadline: Deadline, over: Callable[[], bool]) -> None:
        """Solve so many programs, fewer at the deadline, once it is *over*, or where all takers at once were solved."""
        for _ in range(programs):
            if deadline.over() or self.proved or over():
                return
            self.settle(self.choose(max(2, int(self._wanted + self._random.random()))), deadline)

    def settle(self, chosen: Ints, deadline: Deadline) -> None:
        """One program: these takers share out what they serve, and what nobody serves, at the least cost."""
        part = self._part(chosen)
        whole = len(chosen) >= self._takers
        if part.now - part.least < 1 - 1e-6:
            self.proved |= whole
            self._wanted *= 1.1
        elif len(part.options) > _MOST_OPTIONS:
            self._wanted = max(_FEWEST, 0.8 * self._wanted)
        else:
            self._solve(part, whole, deadline)

    def choose(self, many: int) -> Ints:
        """So many takers: one of those that lose most against the bound, and those that their items would rather be at."""
        items, choice = self._items, self.best
        if many >= self._takers:
            return np.unique(items.taker)
        served = np.flatnonzero(choice >= 0)
        lost = np.zeros(len(items.parent))
        np.add.at(lost, items.taker[choice[served]], self._priced[choice[served]] - self._least[served])
        lost += 1e-3 * lost.mean() + 1e-9
        open_to = np.diff(self._first) > 0
        weight = np.where(open_to, lost, 0.0)
        seed = int(self._random.choice(len(weight), p=weight / weight.sum()))
        chosen = [seed]
        inside = np.zeros(len(weight), dtype=np.bool_)
        inside[seed] = True
        held = self._held(seed)
        for _ in range(20 * many):
            if len(chosen) == many:
                break
            pool = (
                held
                if len(held) and self._random.random() < 0.5
                else self._held(chosen[int(self._random.integers(len(chosen)))])
            )
            if not len(pool):
                # A taker with nothing yet: any item that could go there.
                own = self._by_taker[self._first[seed] : self._first[seed + 1]]
                pool = self._owner[own]
            item = int(pool[self._random.integers(len(pool))])
            low, high = int(items.start[item]), int(items.start[item + 1])
            rank = int(self._random.random() ** 2 * (high - low))
            taker = int(items.taker[self._by_price[low + rank]])
            if not inside[taker]:
                inside[taker] = True
                chosen.append(taker)
        return np.array(sorted(chosen), dtype=np.int64)

    def _held(self, taker: int) -> Ints:
        """The items at a taker."""
        own = self._by_taker[self._first[taker] : self._first[taker + 1]]
        return np.asarray(self._owner[own[self.best[self._owner[own]] == own]])

    def _part(self, chosen: Ints) -> _Part:
        items, choice = self._items, self.best
        inside = np.zeros(len(items.parent), dtype=np.bool_)
        inside[chosen] = True
        options = np.sort(
            np.concatenate([self._by_taker[self._first[t] : self._first[t + 1]] for t in chosen.tolist()])
        )
        touched = np.unique(self._owner[options])
        held = choice[touched]
        free = touched[(held < 0) | inside[items.taker[np.maximum(held, 0)]]]
        may = np.zeros(len(choice), dtype=np.bool_)
        may[free] = True
        options = options[may[self._owner[options]]]
        kept = choice.copy()
        kept[free] = -1
        room_count, room_spend = _room(items, kept)
        owner = self._owner[options]
        least = items.none.astype(np.float64)
        np.minimum.at(least, owner, self._priced[options])
        held = choice[free]
        now = int(np.where(held >= 0, items.cost[np.maximum(held, 0)], items.none[free]).sum())
        bound = float(least[free].sum()) - self._rent(chosen, room_count, room_spend, len(free))
        slack = now - bound
        # An option dearer than the best of its item by the whole slack is in no better plan.
        stays = (self._priced[options] - least[owner] <= slack - 1 + 1e-6) | (choice[owner] == options)
        must = (held >= 0) & (items.none[free] - least[free] > slack - 1 + 1e-6)
        return _Part(free, options[stays], must, room_count, room_spend, now, bound)

    def _rent(self, chosen: Ints, room_count: Ints, room_spend: Ints, most: int) -> float:
        """What the room of these takers and everybody above them is worth."""
        above, at = [chosen], self._items.parent[chosen]
        while bool((at >= 0).any()):
            above.append(at[at >= 0])
            at = self._items.parent[above[-1]]
        who = np.unique(np.concatenate(above))
        widest = most * int(self._items.count.max(initial=1))
        place, money = self._prices.place[who], self._prices.money[who]
        paid = money > 0
        return float((place * np.minimum(room_count[who], widest)).sum() + (money[paid] * room_spend[who[paid]]).sum())

    def _solve(self, part: _Part, whole: bool, deadline: Deadline) -> None:
        items = self._items
        rows = limit_rows(items, part.options, part.room_count, part.room_spend)
        owner = self._owner[part.options]
        must = np.zeros(len(items.none), dtype=np.bool_)
        must[part.items[part.must]] = True
        # What has to be placed costs what it costs beyond its own cheapest; the rest what it saves against leaving it.
        cheapest = items.none.copy()
        np.minimum.at(cheapest, owner, items.cost[part.options])
        off = np.where(must, cheapest, items.none)
        low = np.full(len(rows.used), -np.inf)
        wishes = rows.used < len(items.none)
        low[wishes] = np.where(must[rows.used[wishes]], 1.0, -np.inf)
        left = deadline.left_s()
        # A proof of the whole is worth a share of a stated time, not a wait without end.
        nodes = max(30, _WORK // len(part.options)) * (10 if whole and left is not None else 1)
        limits: dict[str, float] = {"mip_rel_gap": 0.0, "node_limit": nodes}
        if left is not None:
            limits["time_limit"] = max(0.05, 0.4 * left if whole else min(left, _SECONDS))
        result = milp(
            (items.cost[part.options] - off[owner]).astype(np.float64),
            constraints=LinearConstraint(rows.matrix, low, rows.right),
            integrality=np.ones(len(part.options)),
            bounds=Bounds(0, 1),
            options=limits,
        )
        before = self.value
        if result.x is not None:
            self._take(part, part.options[result.x > 0.5])
        if result.status == 0:
            offset = float(off[part.items].sum())
            slip = 1e-6 + 1e-9 * (abs(offset) + abs(float(result.fun)))
            # Where HiGHS' tolerance let it break a limit, its plan was refused and nothing is proved.
            self.proved |= whole and part.now + self.value - before <= np.ceil(result.mip_dual_bound + offset - slip)
            self._wanted *= 1.05 if int(result.mip_node_count or 0) <= nodes // 10 else 1.0
        else:
            self._wanted = max(_FEWEST, 0.85 * min(self._wanted, self._takers))

    def _take(self, part: _Part, picked: Ints) -> None:
        """The picked options for the part's items, if they cost no more and keep all limits (HiGHS allows a little)."""
        items = self._items
        choice = self.best.copy()
        choice[part.items] = -1
        choice[self._owner[picked]] = picked
        cost = int(items.cost[picked].sum() + items.none[part.items[choice[part.items] < 0]].sum())
        if cost > part.now:
            return
        room_count, room_spend = _room(items, choice)
        if bool((room_count < 0).any() or (room_spend < 0).any()):
            return
        self.best, self.value = choice, self.value + cost - part.now


def _room(items: Items, choice: Ints) -> tuple[Ints, Ints]:
    """What a choice (I,) leaves of each count and each budget (T,); unlimited stays unlimited."""
    held = choice[choice >= 0]
    takers = len(items.parent)
    count, spend = np.zeros(takers, dtype=np.int64), np.zeros(takers, dtype=np.int64)
    at, options = items.taker[held], held
    while len(at):
        np.add.at(count, at, items.count[options])
        np.add.at(spend, at, items.spend[options])
        at = items.parent[at]
        options, at = options[at >= 0], at[at >= 0]
    return (
        np.where(items.count_cap == UNLIMITED, UNLIMITED, items.count_cap - count),
        np.where(items.spend_cap == UNLIMITED, UNLIMITED, items.spend_cap - spend),
    )
