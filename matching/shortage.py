"""Parts of a problem that cannot be served whole at any cost, by name: wishes, their takers, the places there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from matching.flow import solve_flow
from matching.problem import Ints, Mask, Problem

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass(frozen=True, eq=False)
class Shortage:
    """Wishes that compete for too little.

    wishes: int (n,), all that depend on `takers` alone; takers: int (m,), everybody who may take any of them, empty if
    nobody may; places: how many of the wishes can be served at most, by count (budgets apart). len(wishes) > places.
    """

    wishes: Ints
    takers: Ints
    places: int

    @property
    def missing(self) -> int:
        """Wishes that stay without taker whatever the plan."""
        return len(self.wishes) - self.places


def find_shortages(problem: Problem) -> tuple[Shortage, ...]:
    """Every part where wishes outnumber the places they depend on (a violated Hall condition).

    Of a plan that serves as many as possible: the wishes left, and everything they can reach in its residual graph. Each
    connected part is one shortage.
    """
    from scipy.sparse.csgraph import connected_components

    wishes, takers = problem.wish_count, problem.taker_count
    allowed = np.ones(len(problem.arc_wish), dtype=np.bool_) if problem.forbidden is None else ~problem.forbidden
    arc_of_wish = solve_flow(problem, np.zeros_like(problem.arc_cost), np.ones(wishes, dtype=np.int64), allowed)
    trapped = np.flatnonzero(arc_of_wish < 0)
    if len(trapped) == 0:
        return ()
    sink, source = wishes + takers, wishes + takers + 1
    wish, taker = problem.arc_wish[allowed], problem.arc_taker[allowed] + wishes
    tail, head = _residual(problem, arc_of_wish, wish, taker, sink)
    tail = np.concatenate([tail, np.full(len(trapped), source)])
    head = np.concatenate([head, trapped])
    reached = _reached(tail, head, source, source + 1)
    reached[source] = False

    inside = reached[tail] & reached[head]
    label = connected_components(_graph(tail[inside], head[inside], source + 1), directed=False)[1]
    part_wishes = np.flatnonzero(reached[:wishes])
    wanted = np.zeros(source + 1, dtype=np.bool_)
    wanted[taker[reached[wish]]] = True
    part_takers = np.flatnonzero(wanted)
    # Wishes that nobody may take are one part, not one each.
    lonely = np.ones(wishes, dtype=np.bool_)
    lonely[wish] = False
    label[:wishes][lonely] = -1
    found = []
    for own_wishes, own_takers in _by_label(part_wishes, part_takers, label):
        places = int((arc_of_wish[own_wishes] >= 0).sum())
        found.append(Shortage(own_wishes, own_takers - wishes, places))
    return tuple(found)


def _residual(problem: Problem, arc_of_wish: Ints, wish: Ints, taker: Ints, sink: int) -> tuple[Ints, Ints]:
    """Edges along which a wish can be pushed: to another taker, up to a parent with room, down by displacing."""
    everyone = np.arange(problem.taker_count) + problem.wish_count
    count = problem.used(arc_of_wish)[0]
    above = np.full(problem.taker_count, sink)
    if problem.taker_parent is not None:
        inside = problem.taker_parent >= 0
        above[inside] = problem.taker_parent[inside] + problem.wish_count
    served = np.flatnonzero(arc_of_wish >= 0)
    holder = problem.arc_taker[arc_of_wish[served]] + problem.wish_count
    room = count < problem.taker_count_cap
    displace = (count > 0) & (above != sink)
    tail = np.concatenate([wish, holder, everyone[room], above[displace]])
    head = np.concatenate([taker, served, above[room], everyone[displace]])
    return tail, head


def _graph(tail: Ints, head: Ints, nodes: int) -> csr_matrix:
    # Whoever only reads plans need not wait for scipy.
    from scipy.sparse import csr_matrix

    return csr_matrix((np.ones(len(tail), dtype=np.int32), (tail, head)), shape=(nodes, nodes))


def _reached(tail: Ints, head: Ints, start: int, nodes: int) -> Mask:
    from scipy.sparse.csgraph import breadth_first_order

    reached = np.zeros(nodes, dtype=np.bool_)
    reached[breadth_first_order(_graph(tail, head, nodes), start, return_predecessors=False)] = True
    return reached


def _by_label(wishes: Ints, takers: Ints, label: Ints) -> list[tuple[Ints, Ints]]:
    """Wishes and takers of each part, parts in order of their first wish."""
    order = wishes[np.argsort(label[wishes], kind="stable")]
    cuts = np.flatnonzero(np.diff(label[order])) + 1
    parts = sorted(np.split(order, cuts), key=lambda part: int(part[0]))
    return [(part, takers[label[takers] == label[part[0]]]) for part in parts]
