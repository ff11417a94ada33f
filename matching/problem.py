"""A matching problem: who may take which wish, at what cost, within which limits.

Everything is integer arrays. Wishes are 0 … wish_count-1, takers 0 … len(taker_count_cap)-1, and an *arc* says that a
wish may go to a taker. See `Problem` for the meaning of each field.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from matching.reading import ProblemError, read_ints, read_mask, read_number

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

UNLIMITED: Final = int(np.iinfo(np.int64).max)
"""As a count or budget: no limit."""

COST_ROOM: Final = 2**60
"""Solvers scale costs by the number of nodes; beyond this the products no longer fit into 64 bits."""


class Problem:
    """Wishes, takers and the arcs between them. Checked whole on construction; immutable afterwards.

    A plan gives each wish one of its arcs or none. Its cost is

        sum of `arc_cost` of the arcs used + sum of `wish_penalty` of the wishes left
        + `switch_cost` for every wish with `current >= 0` that is not with its current taker (left counts as moved)
        + `group_split_cost` for every taker beyond the first that a group is spread over.

    arc_wish, arc_taker: int (A,). No pair twice.
    arc_cost: int (A,), any sign. An arc dearer than the wish's penalty is never better than leaving the wish.
    arc_spend: int >= 0 (A,), what the arc takes from the taker's budget; None = nothing.
    wish_count: >= 1.
    taker_count_cap: int >= 0 (T,), T >= 1, most wishes; `UNLIMITED` = no limit.
    taker_spend_cap: int >= 0 (T,), budget in the unit of `arc_spend`; `UNLIMITED` or None = no limit.
    taker_parent: int (T,), the taker that a taker belongs to, -1 = none; any depth. **Both limits of a parent hold for
        its own arcs and those of everybody below it together**: a branch with count 10 whose volunteers have count 4
        each takes at most 10, and the spend of a volunteer's arc is taken from the volunteer's and the branch's budget.
    wish_penalty: int or int (W,), cost of leaving a wish without taker.
    wish_group: int (W,), wishes with the same number >= 0 should go to one taker; -1 = alone.
    group_split_cost: None = the wishes of a group that find a taker all find the same one; an amount >= 0 = together
        if that costs no more than this amount for each further taker.
    current: int (W,), the taker each wish is with now, -1 = none. It need not have an arc any more; then moving (and
        paying the switch cost) is unavoidable.
    switch_cost: int >= 0 or int (W,). A wish that has no current taker moves for free.
    forbidden: bool (A,), True = the arc may not be used (it still explains why a wish is left).

    Raises `ProblemError` naming the field and the first offending index.
    """

    arc_wish: Ints
    arc_taker: Ints
    arc_cost: Ints
    arc_spend: Ints | None
    wish_count: int
    taker_count: int
    taker_count_cap: Ints
    taker_spend_cap: Ints | None
    taker_parent: Ints | None
    wish_penalty: Ints
    wish_group: Ints | None
    group_split_cost: int | None
    current: Ints | None
    switch_cost: Ints | None
    forbidden: Mask | None

    def __init__(
        self,
        arc_wish: npt.ArrayLike,
        arc_taker: npt.ArrayLike,
        arc_cost: npt.ArrayLike,
        arc_spend: npt.ArrayLike | None = None,
        *,
        wish_count: int,
        taker_count_cap: npt.ArrayLike,
        taker_spend_cap: npt.ArrayLike | None = None,
        taker_parent: npt.ArrayLike | None = None,
        wish_penalty: npt.ArrayLike,
        wish_group: npt.ArrayLike | None = None,
        current: npt.ArrayLike | None = None,
        switch_cost: npt.ArrayLike = 0,
        forbidden: npt.ArrayLike | None = None,
        group_split_cost: int | None = None,
    ) -> None:
        wishes = read_number("wish_count", wish_count)
        if wishes < 1:
            raise ProblemError("wish_count", None, f"is {wishes}; there must be at least one wish")
        self.wish_count = wishes
        self.taker_count_cap = read_ints("taker_count_cap", taker_count_cap, low=0)
        takers = len(self.taker_count_cap)
        if takers < 1:
            raise ProblemError("taker_count_cap", None, "is empty; there must be at least one taker")
        self.taker_count = takers

        self.arc_wish = read_ints("arc_wish", arc_wish, low=0, high=wishes - 1)
        arcs = len(self.arc_wish)
        self.arc_taker = read_ints("arc_taker", arc_taker, length=arcs, low=0, high=takers - 1)
        self.arc_cost = read_ints("arc_cost", arc_cost, length=arcs)
        self.arc_spend = None if arc_spend is None else read_ints("arc_spend", arc_spend, length=arcs, low=0)
        self.taker_spend_cap = (
            None if taker_spend_cap is None else read_ints("taker_spend_cap", taker_spend_cap, length=takers, low=0)
        )
        self.taker_parent = (
            None
            if taker_parent is None
            else read_ints("taker_parent", taker_parent, length=takers, low=-1, high=takers - 1)
        )
        self.wish_penalty = read_ints("wish_penalty", wish_penalty, length=wishes, spread=True)
        self.wish_group = None if wish_group is None else read_ints("wish_group", wish_group, length=wishes, low=-1)
        self.group_split_cost = None
        if group_split_cost is not None:
            self.group_split_cost = read_number("group_split_cost", group_split_cost)
            if self.group_split_cost < 0:
                raise ProblemError("group_split_cost", None, f"is {self.group_split_cost}; must be at least 0")
        self.current = (
            None if current is None else read_ints("current", current, length=wishes, low=-1, high=takers - 1)
        )
        switch = read_ints("switch_cost", switch_cost, length=wishes, spread=True, low=0)
        self.switch_cost = switch if self.current is not None and bool(switch.any()) else None
        self.forbidden = None if forbidden is None else read_mask("forbidden", forbidden, length=arcs)

        self._refuse_cost_overflow(switch)
        self._refuse_spend_overflow()
        self._refuse_cycles()
        self._refuse_duplicates()

    def _refuse_cost_overflow(self, switch: Ints) -> None:
        groups = 0 if self.wish_group is None else 1
        limit = COST_ROOM // (self.wish_count + self.taker_count + 2)
        for field, values in (
            ("arc_cost", self.arc_cost),
            ("wish_penalty", self.wish_penalty),
            ("switch_cost", switch),
        ):
            if len(values) and (int(values.max()) > limit or int(values.min()) < -limit):
                index = int(np.flatnonzero((values > limit) | (values < -limit))[0])
                raise ProblemError(
                    field,
                    index,
                    f"is {int(values[index])}; with {self.wish_count} wishes and {self.taker_count} takers sums of"
                    f" costs fit into 64 bits only if each is within ±{limit}",
                )
        if groups and self.group_split_cost is not None and self.group_split_cost > limit:
            raise ProblemError("group_split_cost", None, f"is {self.group_split_cost}; must be at most {limit}")

    def _refuse_spend_overflow(self) -> None:
        if self.arc_spend is None or len(self.arc_spend) == 0:
            return
        limit = (2**62) // self.wish_count
        if int(self.arc_spend.max()) > limit:
            index = int(np.flatnonzero(self.arc_spend > limit)[0])
            raise ProblemError(
                "arc_spend", index, f"is {int(self.arc_spend[index])}; sums fit into 64 bits only up to {limit} each"
            )

    def _refuse_cycles(self) -> None:
        if self.taker_parent is None:
            return
        at = self.taker_parent.copy()
        # Every step climbs one level; a forest is left after at most `taker_count` steps, in practice after two.
        for _ in range(self.taker_count):
            inside = at >= 0
            if not inside.any():
                return
            at[inside] = self.taker_parent[at[inside]]
        index = int(np.flatnonzero(at >= 0)[0])
        raise ProblemError("taker_parent", index, "belongs, step by step, to itself")

    def _refuse_duplicates(self) -> None:
        key = self.arc_wish * self.taker_count
        key += self.arc_taker
        key.sort()
        if not bool((key[1:] == key[:-1]).any()):
            return
        pair = self.arc_wish * self.taker_count + self.arc_taker
        order = np.argsort(pair, kind="stable")
        again = order[1:][pair[order[1:]] == pair[order[:-1]]]
        index = int(again.min())
        first = int(np.flatnonzero(pair == pair[index])[0])
        raise ProblemError(
            "arc_taker",
            index,
            f"repeats arc {first}: wish {int(self.arc_wish[index])}, taker {int(self.arc_taker[index])}",
        )

    def effective_costs(self) -> tuple[Ints, Ints]:
        """Arc costs (A,) and penalties (W,) with the switch cost folded in, so that only they need minimising."""
        if self.switch_cost is None or self.current is None:
            return self.arc_cost, self.wish_penalty
        moved = np.where(self.current >= 0, self.switch_cost, 0)
        away = self.arc_taker != self.current[self.arc_wish]
        return self.arc_cost + np.where(away, moved[self.arc_wish], 0), self.wish_penalty + moved

    def has_budgets(self) -> bool:
        """Whether any taker's budget could bind at all."""
        return (
            self.arc_spend is not None
            and self.taker_spend_cap is not None
            and bool((self.taker_spend_cap < UNLIMITED).any())
        )

    def has_groups(self) -> bool:
        """Whether any two wishes should stay together, and parting them costs something."""
        if self.wish_group is None or self.group_split_cost == 0:
            return False
        named = np.sort(self.wish_group[self.wish_group >= 0])
        return bool((named[1:] == named[:-1]).any())

    @cached_property
    def levels(self) -> list[Ints]:
        """Takers with a parent, the deepest level first: served in this order, children come before their parents."""
        if self.taker_parent is None:
            return []
        depth = np.zeros(self.taker_count, dtype=np.int64)
        at = self.taker_parent.copy()
        while bool((at >= 0).any()):
            inside = at >= 0
            depth[inside] += 1
            at[inside] = self.taker_parent[at[inside]]
        return [np.flatnonzero(depth == level) for level in range(int(depth.max()), 0, -1)]

    def used(self, arc_of_wish: Ints) -> tuple[Ints, Ints]:
        """Count (T,) and spend (T,) that a plan takes from each taker, those below it included.

        arc_of_wish: (W,), -1 = none.
        """
        arcs = arc_of_wish[arc_of_wish >= 0]
        count = np.bincount(self.arc_taker[arcs], minlength=self.taker_count).astype(np.int64)
        spend = np.zeros(self.taker_count, dtype=np.int64)
        if self.arc_spend is not None:
            np.add.at(spend, self.arc_taker[arcs], self.arc_spend[arcs])
        if self.taker_parent is not None:
            for level in self.levels:
                np.add.at(count, self.taker_parent[level], count[level])
                np.add.at(spend, self.taker_parent[level], spend[level])
        return count, spend
