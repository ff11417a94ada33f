"""Mending budgets and uniting groups by exchanges: a wish moves to another taker, or two wishes change places (numba).

From a plan that is best by count alone most broken budgets mend for nothing, because wishes that cost the same to carry
differ in price: the dear ones change places with cheap ones elsewhere.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from matching.problem import UNLIMITED, Ints, Problem

UNITING_PASSES = 3
_TRIES = 8  # wishes of a full taker that are tried for a change of places
_NO_LIMIT = np.iinfo(np.int64).max // 4


def exchange(
    problem: Problem, by_wish: Ints, arc_of_wish: Ints, *, owner: Ints, group_cost: int, passes: int, seed: int
) -> Ints:
    """A plan within all limits, from one that keeps the counts: as the arc of each wish (W,), -1 = left.

    by_wish: (A,) arcs in the order of wishes, then takers. owner: (T,) who stands behind each taker of the problem: wishes
    of a group are together when their owners are one. group_cost: for each further owner of a group. Deterministic.
    """
    wishes, takers = problem.wish_count, problem.taker_count
    start = np.searchsorted(problem.arc_wish[by_wish], np.arange(wishes + 1))
    place = np.full(len(problem.arc_wish), -1, dtype=np.int64)
    place[by_wish] = np.arange(len(by_wish))
    spend = np.zeros(len(by_wish), dtype=np.int64) if problem.arc_spend is None else problem.arc_spend[by_wish]
    count, money = problem.used(arc_of_wish)
    room_count = np.where(problem.taker_count_cap == UNLIMITED, _NO_LIMIT, problem.taker_count_cap - count)
    room_money = np.full(takers, _NO_LIMIT, dtype=np.int64)
    if problem.taker_spend_cap is not None:
        limited = problem.taker_spend_cap < UNLIMITED
        room_money[limited] = problem.taker_spend_cap[limited] - money[limited]
    group = np.full(wishes, -1, dtype=np.int64)
    if problem.wish_group is not None and group_cost > 0:
        named = np.flatnonzero(problem.wish_group >= 0)
        group[named] = np.unique(problem.wish_group[named], return_inverse=True)[1]
    order = np.argsort(group, kind="stable")
    first = np.searchsorted(group[order], np.arange(int(group.max()) + 2))
    chosen = np.where(arc_of_wish >= 0, place[arc_of_wish], -1)
    state = np.array([(seed * 2 + 1) * 0x9E3779B97F4A7C15 % 2**64 or 1], dtype=np.uint64)
    typical = float(np.median(spend[spend > 0])) if (spend > 0).any() else 1.0
    fine = 0.02 * float(np.median(np.abs(problem.arc_cost)) + 1) / typical

    def search(group_cost: float, passes: int, uniting: bool) -> None:
        _search(start, problem.arc_taker[by_wish], problem.arc_cost[by_wish], spend, problem.wish_penalty, ancestors(problem),
                room_count, room_money, owner, group, order, first, group_cost, chosen, state, fine, passes, uniting)  # fmt: skip

    search(0.0, passes, False)
    if group_cost > 0 and bool((room_money >= 0).all()):
        search(float(group_cost), UNITING_PASSES, True)
    return np.where(chosen >= 0, by_wish[chosen], -1)


def ancestors(problem: Problem) -> Ints:
    """(T, depth): each taker, then who is above it, -1 where there is nobody."""
    chains = [np.arange(problem.taker_count)]
    if problem.taker_parent is not None:
        above = problem.taker_parent.copy()
        while bool((above >= 0).any()):
            chains.append(above.copy())
            above = np.where(above >= 0, problem.taker_parent[np.maximum(above, 0)], -1)
    return np.stack(chains, axis=1)


@numba.njit(cache=True, nogil=True)
def _random(state: Any, below: Any) -> Any:
    """xorshift64*; a number from 0 to below - 1."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return np.int64((x * np.uint64(2685821657736338717)) >> np.uint64(33)) % below


@numba.njit(cache=True, nogil=True)
def _shift(t: Any, count: Any, money: Any, above: Any, room_count: Any, room_money: Any) -> Any:
    """Take places and money from t and everybody above; the change of what is overspent."""
    over = 0
    for d in range(above.shape[1]):
        a = above[t, d]
        if a >= 0:
            over -= max(0, -room_money[a])
            room_count[a] -= count
            room_money[a] -= money
            over += max(0, -room_money[a])
    return over


@numba.njit(cache=True, nogil=True)
def _has_place(t: Any, above: Any, room_count: Any) -> Any:
    for d in range(above.shape[1]):  # noqa: SIM110 - compiled as it stands
        if above[t, d] >= 0 and room_count[above[t, d]] < 1:
            return False
    return True


@numba.njit(cache=True, nogil=True)
def _overspent(t: Any, above: Any, room_money: Any) -> Any:
    for d in range(above.shape[1]):  # noqa: SIM110
        if above[t, d] >= 0 and room_money[above[t, d]] < 0:
            return True
    return False


@numba.njit(cache=True, nogil=True)
def _arc_to(w: Any, t: Any, start: Any, taker: Any) -> Any:
    low, high = start[w], start[w + 1]
    while low < high:
        middle = (low + high) // 2
        if taker[middle] < t:
            low = middle + 1
        else:
            high = middle
    return low if low < start[w + 1] and taker[low] == t else -1


@numba.njit(cache=True, nogil=True)
def _parting(
    w: Any, old: Any, new: Any, group: Any, order: Any, first: Any, owner: Any, chosen: Any, taker: Any
) -> Any:
    """Further owners of the wish's group that arise when it goes from the owner *old* to *new* (-1 = left)."""
    g = group[w]
    if g < 0 or old == new:
        return 0
    others, with_old, with_new = 0, 0, 0
    for i in range(first[g], first[g + 1]):
        v = order[i]
        if v != w and chosen[v] >= 0:
            others += 1
            with_old += owner[taker[chosen[v]]] == old
            with_new += owner[taker[chosen[v]]] == new
    if others == 0:
        return 0
    change = 0
    if old >= 0 and with_old == 0:
        change -= 1
    if new >= 0 and with_new == 0:
        change += 1
    return change


@numba.njit(cache=True, nogil=True)
def _is_apart(w: Any, mine: Any, group: Any, order: Any, first: Any, owner: Any, chosen: Any, taker: Any) -> Any:
    """Whether any wish of the group is with another owner."""
    g = group[w]
    if g < 0:
        return False
    for i in range(first[g], first[g + 1]):
        v = order[i]
        if chosen[v] >= 0 and owner[taker[chosen[v]]] != mine:
            return True
    return False


@numba.njit(cache=True, nogil=True)
def _search(
    start: Any, taker: Any, cost: Any, spend: Any, penalty: Any, above: Any, room_count: Any, room_money: Any, owner: Any,
    group: Any, order: Any, first: Any, group_cost: float, chosen: Any, state: Any, fine: float, passes: int, uniting: bool,
) -> int:  # fmt: skip
    wishes, takers = len(penalty), len(room_count)
    size = np.zeros(takers, dtype=np.int64)
    for w in range(wishes):
        if chosen[w] >= 0:
            size[taker[chosen[w]]] += 1
    # A taker's list can grow up to all wishes with an arc to it.
    most = np.zeros(takers + 1, dtype=np.int64)
    for a in range(len(taker)):
        most[taker[a] + 1] += 1
    base = np.cumsum(most)
    members = np.empty(base[-1], dtype=np.int64)
    spot = np.zeros(wishes, dtype=np.int64)
    size[:] = 0
    for w in range(wishes):
        if chosen[w] >= 0:
            t = taker[chosen[w]]
            members[base[t] + size[t]] = w
            spot[w] = size[t]
            size[t] += 1
    shuffled = np.arange(wishes)
    calm = 0
    enough = 2e-5 * float(np.abs(penalty).sum()) / 4
    for turn in range(passes):
        broken = False
        for t in range(takers):
            broken |= room_money[t] < 0
        for i in range(wishes - 1, 0, -1):
            j = _random(state, i + 1)
            shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
        gained = 0.0
        for i in range(wishes):
            w = shuffled[i]
            here = chosen[w]
            t = taker[here] if here >= 0 else -1
            # While budgets are broken, those who broke them move; the others only change places with them.
            if broken and t >= 0 and not _overspent(t, above, room_money):
                continue
            if uniting and (t < 0 or not _is_apart(w, owner[t], group, order, first, owner, chosen, taker)):
                continue
            now = cost[here] if here >= 0 else penalty[w]
            given_back = _shift(t, -1, -spend[here], above, room_count, room_money) if t >= 0 else 0
            old_owner = owner[t] if t >= 0 else -1
            best, best_arc, best_other, best_back = -1e-6, -1, -1, -1
            for a in range(start[w], start[w + 1]):
                s = taker[a]
                if s == t:
                    continue
                apart = 0.0
                if group_cost > 0.0:
                    apart = group_cost * _parting(w, old_owner, owner[s], group, order, first, owner, chosen, taker)
                ahead = float(cost[a] - now) + apart
                if _has_place(s, above, room_count):
                    over = given_back + _shift(s, 1, spend[a], above, room_count, room_money)
                    _shift(s, -1, -spend[a], above, room_count, room_money)
                    if over <= 0 or broken:
                        value = ahead + fine * over
                        if value < best:
                            best, best_arc, best_other, best_back = value, a, -1, -1
                for k in range(min(_TRIES, size[s])):
                    v = members[base[s] + (_random(state, size[s]) if size[s] > _TRIES else k)]
                    out = chosen[v]
                    if group[v] >= 0 and group[v] == group[w]:
                        continue
                    back = _arc_to(v, t, start, taker) if t >= 0 else -1
                    if back < 0 or k % 4 == 3:
                        # To a third taker instead of to where the first wish comes from.
                        back = start[v] + _random(state, start[v + 1] - start[v])
                        if taker[back] == s:
                            continue
                    u = taker[back]
                    value = ahead + float(cost[back] - cost[out])
                    if value >= best + fine * max(0, -given_back + spend[out]):
                        continue
                    if group_cost > 0.0:
                        value += group_cost * _parting(v, owner[s], owner[u], group, order, first, owner, chosen, taker)
                    over = given_back + _shift(s, -1, -spend[out], above, room_count, room_money)
                    over += _shift(s, 1, spend[a], above, room_count, room_money)
                    over += _shift(u, 1, spend[back], above, room_count, room_money)
                    fits = True
                    for d in range(above.shape[1]):
                        fits &= above[s, d] < 0 or room_count[above[s, d]] >= 0
                        fits &= above[u, d] < 0 or room_count[above[u, d]] >= 0
                    _shift(u, -1, -spend[back], above, room_count, room_money)
                    _shift(s, -1, -spend[a], above, room_count, room_money)
                    _shift(s, 1, spend[out], above, room_count, room_money)
                    if fits and (over <= 0 or broken):
                        value += fine * over
                        if value < best:
                            best, best_arc, best_other, best_back = value, a, v, back
            if broken and here >= 0 and 2 * turn > passes:
                # Leaving the wish is dear, but it always mends; so only when all else was tried.
                value = float(penalty[w] - now) + fine * given_back
                if group_cost > 0.0:
                    value += group_cost * _parting(w, old_owner, -1, group, order, first, owner, chosen, taker)
                if value < best and given_back < 0:
                    best, best_arc, best_other, best_back = value, -2, -1, -1
            if best_arc == -1:
                if t >= 0:
                    _shift(t, 1, spend[here], above, room_count, room_money)
                continue
            gained -= best
            if t >= 0:
                size[t] -= 1
                last = members[base[t] + size[t]]
                members[base[t] + spot[w]] = last
                spot[last] = spot[w]
            if best_other >= 0:
                s = taker[chosen[best_other]]
                _shift(s, -1, -spend[chosen[best_other]], above, room_count, room_money)
                size[s] -= 1
                last = members[base[s] + size[s]]
                members[base[s] + spot[best_other]] = last
                spot[last] = spot[best_other]
                chosen[best_other] = best_back
                u = taker[best_back]
                _shift(u, 1, spend[best_back], above, room_count, room_money)
                members[base[u] + size[u]] = best_other
                spot[best_other] = size[u]
                size[u] += 1
            if best_arc >= 0:
                s = taker[best_arc]
                chosen[w] = best_arc
                _shift(s, 1, spend[best_arc], above, room_count, room_money)
                members[base[s] + size[s]] = w
                spot[w] = size[s]
                size[s] += 1
            else:
                chosen[w] = -1
        if broken:
            fine *= 1.5
            calm = 0
        else:
            calm = calm + 1 if gained < enough else 0
            if calm >= 1:
                return turn + 1
    return passes
