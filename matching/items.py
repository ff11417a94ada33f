"""A problem as a list of items, each of which picks one option or none: what budgets and groups are solved on.

An item is a wish, or a group of wishes that must share one taker; an option is a taker together with the wishes of the
item it serves. All limits become two numbers an option takes from its taker and everybody above: count and spend.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.problem import UNLIMITED, Ints, Mask, Problem

MOST_WISHES_WITH_EVERY_SUBSET = 4


@dataclass(frozen=True, eq=False)
class Items:
    """Options by item, in compressed rows.

    start: (I + 1,), options of item i are start[i] … start[i + 1] - 1. taker, cost, count, spend: (O,) of each option;
    cost holds the penalties of the item's wishes it leaves. none: (I,) cost of leaving the whole item.
    arcs: (O, K) arcs an option uses, -1 = fewer. parent: (T,), -1 = none. count_cap, spend_cap: (T,).
    """

    start: Ints
    taker: Ints
    cost: Ints
    count: Ints
    spend: Ints
    none: Ints
    arcs: Ints
    parent: Ints
    count_cap: Ints
    spend_cap: Ints

    def arc_of_wish(self, problem: Problem, choice: Ints) -> Ints:
        """The arc of each wish (W,) for the option of each item (I,), -1 = none."""
        chosen = np.full(problem.wish_count, -1, dtype=np.int64)
        arcs = self.arcs[choice[choice >= 0]].ravel()
        arcs = arcs[arcs >= 0]
        chosen[problem.arc_wish[arcs]] = arcs
        return chosen

    def choice_of(self, problem: Problem, arc_of_wish: Ints) -> Ints:
        """The option of each item (I,) that uses just the arcs of a plan; -1 where the plan has none such."""
        owner = np.repeat(np.arange(len(self.none)), np.diff(self.start))
        held = self.arcs >= 0
        arcs = np.where(held, self.arcs, 0)
        used = np.zeros(len(problem.arc_wish) + 1, dtype=np.bool_)
        used[arc_of_wish[arc_of_wish >= 0]] = True
        whole = (used[arcs] | ~held).all(axis=1)
        options = np.flatnonzero(whole)
        # Of several that hold (a subset of another), the one that serves most.
        options = options[np.argsort(self.count[options], kind="stable")]
        choice = np.full(len(self.none), -1, dtype=np.int64)
        choice[owner[options]] = options
        return choice


def make_items(problem: Problem, arc_cost: Ints, penalty: Ints, usable: Mask, together: Mask) -> Items:
    """The items of a problem. together: bool (W,), wishes whose group has to share one taker; the others stand alone.

    Of groups with more than four wishes only all, all but one, and single wishes are options: the plan stays valid, and
    its bound is computed without items.
    """
    worth = np.flatnonzero(usable & (arc_cost < penalty[problem.arc_wish]))
    wish = problem.arc_wish[worth]
    item_of_wish, place, size = _items_of_wishes(problem, together)
    most = int(size.max())
    spend_of = np.zeros(len(problem.arc_wish), dtype=np.int64) if problem.arc_spend is None else problem.arc_spend

    pair = item_of_wish[wish] * problem.taker_count + problem.arc_taker[worth]
    if most == 1:
        order = np.argsort(pair, kind="stable")
        arcs = worth[order][:, None]
        item = item_of_wish[wish[order]]
        count = np.ones(len(arcs), dtype=np.int64)
        cost, spend = arc_cost[arcs[:, 0]], spend_of[arcs[:, 0]]
        none = np.zeros(len(size), dtype=np.int64)
        none[item_of_wish] = penalty
    else:
        none = np.zeros(len(size), dtype=np.int64)
        np.add.at(none, item_of_wish, penalty)
        pairs, row = np.unique(pair, return_inverse=True)
        grid = np.full((len(pairs), most), -1, dtype=np.int64)
        grid[row, place[wish]] = worth
        arcs = _subsets(grid, size[pairs // problem.taker_count])
        item = item_of_wish[problem.arc_wish[arcs.max(axis=1)]]
        held = arcs >= 0
        safe = np.where(held, arcs, 0)
        saved = np.where(held, arc_cost[safe] - penalty[problem.arc_wish[safe]], 0).sum(axis=1)
        cost = none[item] + saved
        spend = np.where(held, spend_of[safe], 0).sum(axis=1)
        count = held.sum(axis=1)
        order = np.argsort(item, kind="stable")
        arcs, item, cost, spend, count = arcs[order], item[order], cost[order], spend[order], count[order]
    return Items(
        start=np.searchsorted(item, np.arange(len(size) + 1)),
        taker=problem.arc_taker[arcs.max(axis=1)] if len(arcs) else np.zeros(0, dtype=np.int64),
        cost=cost,
        count=count,
        spend=spend,
        none=none,
        arcs=arcs,
        parent=np.full(problem.taker_count, -1) if problem.taker_parent is None else problem.taker_parent.copy(),
        count_cap=problem.taker_count_cap.copy(),
        spend_cap=np.full(problem.taker_count, UNLIMITED)
        if problem.taker_spend_cap is None
        else problem.taker_spend_cap.copy(),
    )


def _items_of_wishes(problem: Problem, together: Mask) -> tuple[Ints, Ints, Ints]:
    """Item of each wish (W,), its place within the item (W,), and the wishes of each item (I,)."""
    key = np.arange(problem.wish_count)
    if problem.wish_group is not None:
        joined = np.flatnonzero(together & (problem.wish_group >= 0))
        _, first, group = np.unique(problem.wish_group[joined], return_index=True, return_inverse=True)
        key[joined] = joined[first[group]]
    _, item = np.unique(key, return_inverse=True)
    order = np.argsort(item, kind="stable")
    size = np.bincount(item)
    place = np.empty(problem.wish_count, dtype=np.int64)
    place[order] = np.arange(problem.wish_count) - np.repeat(np.cumsum(size) - size, size)
    return item, place, size


def _subsets(grid: Ints, size: Ints) -> Ints:
    """Rows (O, K) of arcs: for each row of `grid` (item and taker) the subsets of its arcs that become options."""
    found = []
    most = grid.shape[1]
    small = grid[size <= MOST_WISHES_WITH_EVERY_SUBSET]
    reach = min(most, MOST_WISHES_WITH_EVERY_SUBSET)
    for bits in range(1, 2**reach):
        places = [place for place in range(reach) if bits >> place & 1]
        rows = small[(small[:, places] >= 0).all(axis=1)]
        option = np.full((len(rows), most), -1, dtype=np.int64)
        option[:, places] = rows[:, places]
        found.append(option)
    large = grid[size > MOST_WISHES_WITH_EVERY_SUBSET]
    if len(large):
        held = (large >= 0).sum(axis=1)
        found.append(large)
        for place in range(most):
            has = large[:, place] >= 0
            rest = large[has & (held > 2)].copy()
            rest[:, place] = -1
            alone = np.full_like(large[has & (held > 1)], -1)
            alone[:, place] = large[has & (held > 1), place]
            found += [rest, alone]
    return np.concatenate(found)
