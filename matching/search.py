"""Ruin and recreate over items, with ejection chains guided by prices; always within all limits (numba)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np

_DEPTH = 8
_FOR_THE_LEFT = 0.05
_FURTHER = 10


class Board(NamedTuple):
    """Everything the search reads and moves. Options of an item are in order of rising `priced` cost.

    start (I+1,), taker, cost, count, spend, priced (O,): options; priced = cost + what its room is worth, float.
    none, least (I,): cost of leaving an item; the least of that and its priced costs. parent, depth, first (T, T, T+1).
    room_count, room_spend (T,), choice (I,), members, size (T,), spot (I, L): the state. members of a taker hold everybody
    at it and below it. reach, raw, back, via, seen (I,): the search for one chain. log (N, 2): for undoing.
    """

    start: Any
    taker: Any
    cost: Any
    count: Any
    spend: Any
    priced: Any
    none: Any
    least: Any
    parent: Any
    depth: Any
    first: Any
    room_count: Any
    room_spend: Any
    choice: Any
    members: Any
    size: Any
    spot: Any
    raw: Any
    back: Any
    via: Any
    seen: Any
    heap_key: Any
    heap_item: Any
    log: Any
    state: Any


@numba.njit(cache=True, nogil=True)
def _random(state: Any) -> Any:
    """xorshift64*: the next 53 random bits as a float in [0, 1). state: uint64 (1,), not 0."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return float((x * np.uint64(2685821657736338717)) >> np.uint64(11)) / 9007199254740992.0


@numba.njit(cache=True, nogil=True)
def _wall(b: Any, option: Any) -> Any:
    """The first taker at or above the option's without room for it, -1 = it fits."""
    t = b.taker[option]
    while t >= 0:
        if b.room_count[t] < b.count[option] or b.room_spend[t] < b.spend[option]:
            return t
        t = b.parent[t]
    return -1


@numba.njit(cache=True, nogil=True)
def _fits_without(b: Any, option: Any, out: Any) -> Any:
    """Whether an option fits once another option, now in use, is given up."""
    t = b.taker[option]
    while t >= 0:
        count, spend = b.room_count[t], b.room_spend[t]
        s = b.taker[out]
        while s >= 0 and b.depth[s] > b.depth[t]:
            s = b.parent[s]
        if s == t:
            count += b.count[out]
            spend += b.spend[out]
        if count < b.count[option] or spend < b.spend[option]:
            return False
        t = b.parent[t]
    return True


@numba.njit(cache=True, nogil=True)
def put(b: Any, item: Any, option: Any) -> None:
    """Give an item another option (-1 = none), whatever the room."""
    old = b.choice[item]
    if old >= 0:
        t = b.taker[old]
        level = 0
        while t >= 0:
            b.room_count[t] += b.count[old]
            b.room_spend[t] += b.spend[old]
            b.size[t] -= 1
            last = b.members[b.first[t] + b.size[t]]
            hole = b.spot[item, level]
            b.members[b.first[t] + hole] = last
            # Places are kept per level above an item's own taker; the last member may sit deeper or higher than this one.
            b.spot[last, b.depth[b.taker[b.choice[last]]] - b.depth[t]] = hole
            t = b.parent[t]
            level += 1
    b.choice[item] = option
    if option >= 0:
        t = b.taker[option]
        level = 0
        while t >= 0:
            b.room_count[t] -= b.count[option]
            b.room_spend[t] -= b.spend[option]
            b.spot[item, level] = b.size[t]
            b.members[b.first[t] + b.size[t]] = item
            b.size[t] += 1
            t = b.parent[t]
            level += 1


@numba.njit(cache=True, nogil=True)
def _push(b: Any, length: Any, key: Any, item: Any) -> Any:
    at = length
    while at > 0:
        up = (at - 1) // 2
        if b.heap_key[up] <= key:
            break
        b.heap_key[at], b.heap_item[at] = b.heap_key[up], b.heap_item[up]
        at = up
    b.heap_key[at], b.heap_item[at] = key, item
    return length + 1


@numba.njit(cache=True, nogil=True)
def _pop(b: Any, length: Any) -> Any:
    length -= 1
    key, item = b.heap_key[length], b.heap_item[length]
    at = 0
    while True:
        down = 2 * at + 1
        if down >= length:
            break
        if down + 1 < length and b.heap_key[down + 1] < b.heap_key[down]:
            down += 1
        if b.heap_key[down] >= key:
            break
        b.heap_key[at], b.heap_item[at] = b.heap_key[down], b.heap_item[down]
        at = down
    b.heap_key[at], b.heap_item[at] = key, item
    return length


@numba.njit(cache=True, nogil=True)
def _insert(b: Any, first_item: Any, stamp: Any, expansions: Any, thrift: Any, logged: Any) -> Any:
    """Place an unplaced item, ejecting others step by step, by the cheapest chain found; how many changes are logged.

    Best first over "this item is unplaced now": what the chain cost so far plus the least the item can cost.
    """
    b.seen[first_item] = stamp
    b.raw[first_item] = 0.0
    b.back[first_item] = -1
    length = _push(b, 0, b.least[first_item], first_item)
    best = np.inf
    best_item, best_option = first_item, -1
    while length > 0 and expansions > 0:
        if b.heap_key[0] >= best:
            break
        item = b.heap_item[0]
        key = b.heap_key[0]
        length = _pop(b, length)
        raw = b.raw[item]
        if key > raw + b.least[item] + 1e-9:
            continue
        expansions -= 1
        if raw + b.none[item] < best:
            best, best_item, best_option = raw + b.none[item], item, -1
        depth = 0
        k = item
        while b.back[k] >= 0:
            depth += 1
            k = b.back[k]
        for option in range(b.start[item], b.start[item + 1]):
            ends = raw + b.cost[option] + thrift * (b.priced[option] - b.cost[option])
            worth = depth < _DEPTH and raw + b.priced[option] < best
            if ends >= best and not worth:
                continue
            wall = _wall(b, option)
            if wall < 0:
                if ends < best:
                    best, best_item, best_option = ends, item, option
                continue
            if not worth:
                continue
            # A taker met twice in one chain would count its room twice.
            twice = False
            k = item
            while b.back[k] >= 0 and not twice:
                twice = b.taker[b.via[k]] == b.taker[option]
                k = b.back[k]
            if twice:
                continue
            for m in range(b.first[wall], b.first[wall] + b.size[wall]):
                other = b.members[m]
                out = b.choice[other]
                now = raw + b.cost[option] - b.cost[out]
                if now + b.least[other] >= best or (b.seen[other] == stamp and b.raw[other] <= now):
                    continue
                if not _fits_without(b, option, out):
                    continue
                k = item
                while k >= 0 and k != other:
                    k = b.back[k]
                if k == other:
                    continue
                b.seen[other] = stamp
                b.raw[other] = now
                b.back[other] = item
                b.via[other] = option
                if length < len(b.heap_key):
                    length = _push(b, length, now + b.least[other], other)
    # From the end of the chain backwards: the last gives way first.
    item, option = best_item, best_option
    while True:
        b.log[logged, 0], b.log[logged, 1] = item, b.choice[item]
        logged += 1
        put(b, item, option)
        if b.back[item] < 0:
            break
        option = b.via[item]
        item = b.back[item]
    return logged


@numba.njit(cache=True, nogil=True)
def _whole(b: Any, low: Any, logged: Any) -> Any:
    """Whether every taker that the logged changes touched is within its limits."""
    for k in range(low, logged):
        option = b.choice[b.log[k, 0]]
        if option >= 0:
            t = b.taker[option]
            while t >= 0:
                if b.room_count[t] < 0 or b.room_spend[t] < 0:
                    return False
                t = b.parent[t]
    return True


@numba.njit(cache=True, nogil=True)
def _undo(b: Any, low: Any, logged: Any) -> None:
    for k in range(logged - 1, low - 1, -1):
        put(b, b.log[k, 0], b.log[k, 1])


@numba.njit(cache=True, nogil=True)
def place(b: Any, items: Any, stamp: Any, expansions: Any, thrift: Any, logged: Any) -> Any:
    """Insert unplaced items in the order given; one whose chain breaks a limit higher up goes in without a chain."""
    for item in items:
        stamp += 1
        # A later displaced item may already have found a place of its own.
        if b.choice[item] >= 0:
            continue
        low = logged
        logged = _insert(b, item, stamp, expansions, thrift, logged)
        if not _whole(b, low, logged):
            _undo(b, low, logged)
            logged = low
            for option in range(b.start[item], b.start[item + 1]):
                if _wall(b, option) < 0:
                    b.log[logged, 0], b.log[logged, 1] = item, -1
                    logged += 1
                    put(b, item, option)
                    break
    return logged


@numba.njit(cache=True, nogil=True)
def improve(
    b: Any, best: Any, stamp: int, rounds: int, hot: float, cold: float, most: int, expansions: int, left: Any
) -> Any:
    """Take out a few neighbouring items, put them back better; keep what is not much worse than before.

    best: (I,) gets the best choice met. hot, cold: how much worse (cost) is typically kept at the start and at the end.
    stamp: larger than every stamp used on this board before. most: items taken out at once, >= 2. expansions: items a
    chain may look beyond. left: items without an option at the start, tried more often. Returns the change of cost from the start to `best` (<= 0), that to the state left in `b`, and
    the last stamp used.
    """
    items = len(b.none)
    now = 0
    least = 0
    best[:] = b.choice
    removed = np.empty(most + 1, dtype=np.int64)
    for r in range(rounds):
        heat = hot * (cold / hot) ** (r / rounds)
        seed = int(_random(b.state) * items)
        look = expansions
        if len(left) > 0 and _random(b.state) < _FOR_THE_LEFT:
            seed = left[int(_random(b.state) * len(left))]
            look = expansions * (_FURTHER if b.choice[seed] < 0 else 1)
        if b.start[seed] == b.start[seed + 1]:
            continue
        wanted = 2 + int(_random(b.state) * (most - 1))
        taken = 0
        logged = 0
        at = seed
        tries = 0
        while taken < wanted and tries < 4 * most:
            tries += 1
            old = b.choice[at]
            fresh = True
            for k in range(taken):
                fresh = fresh and removed[k] != at
            if fresh:
                removed[taken] = at
                taken += 1
                if old >= 0:
                    b.log[logged, 0], b.log[logged, 1] = at, old
                    logged += 1
                    put(b, at, -1)
            # On to somebody at a taker this item, or the first one, would rather have.
            base = at if _random(b.state) < 0.7 else seed
            options = b.start[base + 1] - b.start[base]
            if options == 0:
                break
            u = _random(b.state)
            t = b.taker[b.start[base] + int(u * u * options)]
            if b.size[t] > 0:
                at = b.members[b.first[t] + int(_random(b.state) * b.size[t])]
        for k in range(taken - 1, 0, -1):
            swap = int(_random(b.state) * (k + 1))
            removed[k], removed[swap] = removed[swap], removed[k]
        # Half the time room is free, half the time it is worth its price: the first uses up what the second spares.
        thrift = 1.0 if _random(b.state) < 0.5 else 0.0
        logged = place(b, removed[:taken], stamp, look, thrift, logged)
        stamp += taken + 1
        change = 0
        # First entry of an item in the log is where it was.
        for k in range(logged):
            item = b.log[k, 0]
            was = b.log[k, 1]
            earlier = False
            for q in range(k):
                if b.log[q, 0] == item:
                    earlier = True
                    break
            if earlier:
                continue
            change -= b.none[item] if was < 0 else b.cost[was]
            is_now = b.choice[item]
            change += b.none[item] if is_now < 0 else b.cost[is_now]
        if change <= -heat * np.log(1.0 - _random(b.state)):
            now += change
            if now < least:
                least = now
                best[:] = b.choice
        else:
            _undo(b, 0, logged)
    return least, now, stamp
