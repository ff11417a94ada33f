"""From the relaxation to a plan: fix what is whole, then the surest of the rest, and relax again (diving)."""

from __future__ import annotations

import numpy as np

from matching.deadline import Deadline
from matching.items import Items
from matching.prices import Floats, priced_options
from matching.problem import UNLIMITED, Ints, Mask, Problem
from matching.relaxation import Relaxed, owners, rank_in_item, solve_rows

_WHOLE = 1 - 1e-6
_FIXED_A_TURN = 0.15
_OPTIONS_KEPT = 20


class Room:
    """What is left of every limit while options are taken one by one."""

    def __init__(self, items: Items) -> None:
        self._items = items
        self.count = items.count_cap.copy()
        self.spend = items.spend_cap.copy()

    def take(self, option: int) -> bool:
        """Take an option's room if all of it is there; whether it was."""
        chain = []
        at = int(self._items.taker[option])
        count, spend = int(self._items.count[option]), int(self._items.spend[option])
        while at >= 0:
            if self.count[at] < count or self.spend[at] < spend:
                return False
            chain.append(at)
            at = int(self._items.parent[at])
        for at in chain:
            if self.count[at] != UNLIMITED:
                self.count[at] -= count
            if self.spend[at] != UNLIMITED:
                self.spend[at] -= spend
        return True

    def least(self, problem: Problem) -> tuple[Ints, Ints]:
        """Least room in count and spend (T,) at each taker and everybody above."""
        count, spend = self.count.copy(), self.spend.copy()
        if problem.taker_parent is not None:
            for level in reversed(problem.levels):
                parent = problem.taker_parent[level]
                count[level] = np.minimum(count[level], count[parent])
                spend[level] = np.minimum(spend[level], spend[parent])
        return count, spend


def dive(problem: Problem, items: Items, relaxed: Relaxed, deadline: Deadline) -> Ints:
    """A choice (I,) within all limits near the relaxation. At the deadline what is open goes to the best that fits."""
    owner = owners(items)
    choice = np.full(len(items.none), -1, dtype=np.int64)
    room = Room(items)
    share, priced = relaxed.share, priced_options(problem, items, relaxed.prices)
    picked = np.zeros(len(items.none))
    np.add.at(picked, owner, share)
    # Items the relaxation leaves out stay out until the rest is placed.
    settled = picked < 1e-6
    while True:
        _fix(items, owner, share, room, choice, settled)
        least_count, least_spend = room.least(problem)
        fits = (items.count <= least_count[items.taker]) & (items.spend <= least_spend[items.taker])
        open_options = np.flatnonzero(fits & ~settled[owner])
        if len(open_options) == 0 or deadline.over():
            break
        kept = np.zeros(len(fits), dtype=np.bool_)
        kept[open_options] = True
        # Those that no longer fit would take up ranks: they go last.
        kept &= rank_in_item(items, np.where(kept, priced, np.inf)) < _OPTIONS_KEPT
        solved = solve_rows(problem, items, np.flatnonzero(kept), room.count, room.spend, deadline.left_s())
        if solved is None or float(solved[0].share.max()) < 1e-6:
            break
        share, priced = solved[0].share, priced_options(problem, items, solved[0].prices)
    fill(problem, items, choice, room, priced_options(problem, items, relaxed.prices))
    return choice


def greedy(problem: Problem, items: Items, wanted: Ints, priced: Floats) -> Ints:
    """A choice (I,) within all limits where there was no time for a relaxation.

    wanted: (I,), the option a plan without budgets picks, -1 = none: kept while the room lasts, those first that save
    most for what they spend. The others get the best that still fits. priced: (O,), to weigh who goes first.
    """
    choice, room = np.full(len(items.none), -1, dtype=np.int64), Room(items)
    asked = np.flatnonzero(wanted >= 0)
    saves = (items.none[asked] - items.cost[wanted[asked]]) / np.maximum(1, items.spend[wanted[asked]])
    for item in asked[np.argsort(-saves, kind="stable")].tolist():
        if room.take(int(wanted[item])):
            choice[item] = wanted[item]
    fill(problem, items, choice, room, priced)
    return choice


def _fix(items: Items, owner: Ints, share: Floats, room: Room, choice: Ints, settled: Mask) -> None:
    """Take the options the relaxation uses whole, and of the others the largest shares, as many as may be in a turn."""
    positive = np.flatnonzero((share > 1e-6) & ~settled[owner])
    positive = positive[np.argsort(-share[positive], kind="stable")]
    broken = len(np.unique(owner[positive[share[positive] < _WHOLE]]))
    allowance = max(1, int(_FIXED_A_TURN * broken))
    for option in positive.tolist():
        item = owner[option]
        if settled[item]:
            continue
        if share[option] < _WHOLE:
            if allowance == 0:
                break
            if room.take(option):
                allowance -= 1
                choice[item], settled[item] = option, True
        elif room.take(option):
            choice[item], settled[item] = option, True


def fill(problem: Problem, items: Items, choice: Ints, room: Room, priced: Floats) -> None:
    """Give every item without an option the best that still fits, those with most to lose first. Changes choice, room."""
    owner = owners(items)
    least = items.none.astype(np.float64)
    np.minimum.at(least, owner, priced)
    loss = items.none - least
    least_count, least_spend = room.least(problem)
    fits = (items.count <= least_count[items.taker]) & (items.spend <= least_spend[items.taker])
    may = np.zeros(len(items.none), dtype=np.bool_)
    may[owner[fits]] = True
    empty = np.flatnonzero((choice < 0) & may)
    for item in empty[np.argsort(-loss[empty], kind="stable")].tolist():
        low, high = int(items.start[item]), int(items.start[item + 1])
        for option in (low + np.argsort(items.cost[low:high], kind="stable")).tolist():
            if items.cost[option] < items.none[item] and room.take(option):
                choice[item] = option
                break
