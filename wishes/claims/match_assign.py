"""From candidates to a plan with its proof: few arcs are built, and prices show that the others were not needed.

Each class of wishes gets its cheapest takers; the solver's prices then tell of every pair left out whether it could improve
the plan. Such pairs are added and the plan is made again, until the bound, which always counts *all* pairs, is as near as
wanted. So the gap reported holds for the whole campaign, not for the arcs that happened to be built.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from matching import Plan, Problem, criteria, policies
from matching.quick import count_plan, mended
from matching.seeding import likely_pairs
from wishes.claims.candidates import Candidates, Floats, Ints, Mask
from wishes.claims.match_table import Table, spend_left

ARCS_PER_WISH = 8
GOOD_ENOUGH = 0.0003
"""A gap, by count alone, at which no more arcs are added."""
_MOST_ROUNDS = 8
_AT_ONCE = 2000  # wishes whose pairs are priced in one array


@dataclass(frozen=True)
class Policy:
    """How a run decides, apart from what it values.

    urgent: bool (W,), wishes that have waited beyond the campaign's bound: first in every sense. moves_percent: of the
    standing proposals, how many may move. reserve: share of each pledge for urgent wishes. fairness, together, switch: points.
    """

    urgent: Mask
    moves_percent: float = 100.0
    reserve: float = 0.0
    fairness: float = 0.0
    together: float = 0.0
    switch: float = 10.0


@dataclass(frozen=True)
class Assignment:
    """taker: (W,), -1 = none. cost and lower_bound are in cost units over all pairs, the surcharge of the first stage taken out.

    count_price: (T,) what one more place is worth. spend_price: (T,) per fen. wish_price: (W,). next_taker: (W,), the next
    best at these prices, -1 = none; next_more: (W,) cost units, what giving the wish to it would add at least.
    reason: (W,), numbers of :class:`matching.Left`.
    """

    taker: Ints
    cost: int
    lower_bound: int
    count_price: Floats
    spend_price: Floats
    wish_price: Floats
    next_taker: Ints
    next_more: Floats
    reason: Ints
    limited: bool
    arcs: int
    rounds: int

    @property
    def gap(self) -> float:
        """How much dearer than the best possible at most, as a share of the bound."""
        if self.cost == self.lower_bound:
            return 0.0
        return (self.cost - self.lower_bound) / max(1, abs(self.lower_bound))


def assign(
    seen: Candidates, table: Table, policy: Policy, *, time_limit_s: float | None = None, seed: int = 0
) -> Assignment:
    """The best plan under *policy*. Every limit holds in it, also when the time is over.

    Where more standing proposals would move than may, those that gain most move and the plan is made again around the others.
    """
    free = np.ones(len(seen.wishes), dtype=np.bool_)
    first = _Run(seen, table, policy, free).assign(time_limit_s, seed)
    current = seen.wishes.current
    if policy.moves_percent >= 100 or not (current >= 0).any():
        return first
    standing = np.maximum(current, 0)
    allowed = _pair_allowed(seen, table, np.arange(len(current)), standing)
    now = table.cost[table.class_of, standing].astype(np.float64)
    then = np.where(first.taker >= 0, table.cost[table.class_of, np.maximum(first.taker, 0)], table.leave)
    free = policies.may_move(np.where(allowed, current, -1), first.taker, now - then, percent=policy.moves_percent)
    free |= (current < 0) | ~allowed
    if not (free | (first.taker == current)).all():
        return _Run(seen, table, policy, free).assign(time_limit_s, seed)
    return first


def _pair_allowed(seen: Candidates, table: Table, wish: Ints, taker: Ints) -> Mask:
    refused = np.isin(wish * len(seen.takers) + taker, seen.not_wish * len(seen.takers) + seen.not_taker)
    fits = seen.wishes.spend_fen[wish] <= spend_left(seen)[taker]
    return np.asarray(table.allowed[table.class_of[wish], taker] & ~refused & fits)


@dataclass
class _Run:
    """One solve under a fixed set of wishes that are *free* to move; the others stay where they are."""

    seen: Candidates
    table: Table
    policy: Policy
    free: Mask
    spend: Ints = field(init=False)
    lanes: policies.Lanes = field(init=False)
    built: Ints = field(init=False)
    rounds: int = field(init=False)
    bound: int = field(init=False)
    priced: _Prices | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        seen, policy = self.seen, self.policy
        takers = seen.takers
        self.spend = seen.wishes.spend_fen
        beyond = round(policy.fairness * criteria.POINT)
        self.lanes = policies.lanes(
            takers.count_cap, takers.spend_cap, takers.parent, fair=self._fair() if beyond else None, beyond_fair=beyond,
            reserve=policy.reserve,
        )  # fmt: skip
        # Wishes that stay may use any lane: their room was theirs before there was a reserve.
        self.any_lane = policy.urgent | ~self.free
        self.must = (policy.urgent | ~self.free) & self._has_pair()
        self.penalty, self.surcharge = policies.first_served(self.table.leave + self._switch(), self.must)

    def _fair(self) -> Ints:
        """Places of each taker up to the fair share, among those who compete for the same kind of wishes."""
        takers, need = self.seen.takers, self.seen.wishes.need
        fair = np.zeros(len(takers), dtype=np.int64)
        for who, coming in ((takers.buys, need == 0), (~takers.buys & takers.vetted, need > 0)):
            if who.any():
                fair[who] = policies.fair_share(takers.used[who], takers.pledged[who], int(coming.sum()))
        return fair

    def _switch(self) -> Ints:
        moved = np.where(self.seen.wishes.current >= 0, round(self.policy.switch * criteria.POINT), 0)
        return np.asarray(moved, dtype=np.int64)

    def _has_pair(self) -> Mask:
        return np.asarray(self.table.allowed.any(axis=1)[self.table.class_of] | ~self.free)

    def assign(self, time_limit_s: float | None, seed: int) -> Assignment:
        self.built, self.rounds, self.bound = self._cheapest(), 0, -(2**62)
        plan = mended(
            self._settled(), again=self._settled, owner=self.lanes.taker, time_limit_s=time_limit_s, seed=seed
        )
        priced = self._against_all(plan)
        base = self._base(plan)
        lane = plan.taker_of_wish
        taker = np.where(lane >= 0, self.lanes.taker[np.maximum(lane, 0)], -1)
        next_taker, next_more = priced.next_best(taker)
        return Assignment(
            taker=taker, cost=plan.cost - base, lower_bound=min(self.bound, plan.cost) - base, count_price=priced.count,
            spend_price=priced.spend, wish_price=priced.of_wish, next_taker=next_taker, next_more=next_more,
            reason=plan.left.astype(np.int64), limited=plan.limited, arcs=len(self.built), rounds=self.rounds,
        )  # fmt: skip

    def _settled(self, money: Floats | None = None) -> Plan:
        """The best plan by count, budgets at these prices if any, over as many arcs as it takes to prove it over all pairs."""
        for _ in range(_MOST_ROUNDS):
            self.rounds += 1
            plan = count_plan(self._problem(self.built), money)
            priced = self._against_all(plan)
            missing = plan.lower_bound - priced.lower_bound(plan)
            grown = np.union1d(self.built, priced.wanted)
            if missing <= GOOD_ENOUGH * abs(plan.cost - self._base(plan)) or len(grown) == len(self.built):
                break
            self.built = grown
        return plan

    def _against_all(self, plan: Plan) -> _Prices:
        """The plan's prices against every pair; what they prove is kept."""
        if self.priced is None or self.priced.plan_prices is not plan.prices:
            self.priced = _Prices(self, plan)
            self.bound = max(self.bound, self.priced.lower_bound(plan))
        return self.priced

    def _base(self, plan: Plan) -> int:
        """What of the cost is the surcharge of the first stage."""
        return self.surcharge * int((self.must & (plan.taker_of_wish < 0)).sum())

    # --- arcs: pairs of a wish and a taker as one number, wish * takers + taker ---------------------------------------

    def _cheapest(self) -> Ints:
        """The pairs of each wish with the cheapest takers of its class, and with its current one."""
        table, takers = self.table, len(self.seen.takers)
        shown = np.where(table.allowed, table.cost, np.iinfo(np.int64).max)
        few = min(ARCS_PER_WISH, takers)
        best = (
            np.argpartition(shown, few - 1, axis=1)[:, :few]
            if few < takers
            else np.tile(np.arange(takers), (len(shown), 1))
        )
        wish = np.repeat(np.arange(len(table.class_of)), few)
        pairs = wish * takers + best[table.class_of].ravel()
        current = self.seen.wishes.current
        standing = np.flatnonzero(current >= 0)
        return self._possible(np.concatenate([pairs, self._likely(), standing * takers + current[standing]]))

    def _likely(self) -> Ints:
        """The pairs of each wish with the takers that plans by classes use: by count, by what budgets allow on average, and
        within fair shares."""
        table, takers = self.table, self.seen.takers
        supply = np.bincount(table.class_of, minlength=len(table.first))
        leave = np.zeros(len(supply), dtype=np.int64)
        np.maximum.at(leave, table.class_of, table.leave)
        goods = self.seen.wishes.goods
        mean = max(1, int(self.spend[goods].mean())) if goods.any() else 1
        members: list[Ints] = np.split(np.argsort(table.class_of, kind="stable"), np.cumsum(supply)[:-1])
        pairs = []
        caps = [takers.count_cap, np.minimum(takers.count_cap, takers.spend_cap // mean)]
        if self.policy.fairness:
            # With few wishes for many takers, what decides is who is within the fair share.
            caps.append(np.minimum(takers.count_cap, self._fair()))
        for cap in caps:
            classes, who = likely_pairs(table.cost, table.allowed, supply, leave, cap, takers.parent)
            pairs += [members[k] * len(takers) + t for k, t in zip(classes.tolist(), who.tolist(), strict=True)]
        return np.concatenate(pairs) if pairs else np.zeros(0, dtype=np.int64)

    def _possible(self, pairs: Ints) -> Ints:
        """Those of *pairs* that may be, sorted, each once. Wishes that stay keep the pair they have and no other."""
        takers = len(self.seen.takers)
        pairs = np.unique(pairs)
        wish, taker = pairs // takers, pairs % takers
        stays = (self.seen.wishes.current[wish] == taker) & ~self.free[wish]
        return pairs[np.where(self.free[wish], _pair_allowed(self.seen, self.table, wish, taker), stays)]

    def _problem(self, pairs: Ints) -> Problem:
        takers, wishes, lanes = len(self.seen.takers), self.seen.wishes, self.lanes
        by_taker = [np.flatnonzero((lanes.taker == t) & lanes.open) for t in range(takers)]
        count = np.array([len(own) for own in by_taker])
        start = np.cumsum(count) - count
        flat = np.concatenate(by_taker)
        taker = pairs % takers
        row = np.repeat(np.arange(len(pairs)), count[taker])
        offset = np.arange(len(row)) - np.repeat(np.cumsum(count[taker]) - count[taker], count[taker])
        lane = flat[start[taker[row]] + offset]
        wish = pairs[row] // takers
        usable = ~lanes.urgent_only[lane] | self.any_lane[wish]
        wish, lane = wish[usable], lane[usable]
        costs = self._pair_cost(wish, lanes.taker[lane]) + lanes.extra[lane]
        grouped = round(self.policy.together * criteria.POINT)
        problem = Problem(
            wish, lane, costs, self.spend[wish], wish_count=len(wishes), taker_count_cap=lanes.count_cap,
            taker_spend_cap=lanes.spend_cap, taker_parent=lanes.parent, wish_penalty=self.penalty,
            wish_group=self._groups() if grouped else None, group_split_cost=grouped if grouped else None,
        )  # fmt: skip
        return problem

    def _pair_cost(self, wish: Ints, taker: Ints) -> Ints:
        away = self.seen.wishes.current[wish] != taker
        return np.asarray(self.table.cost[self.table.class_of[wish], taker] + np.where(away, self._switch()[wish], 0))

    def _groups(self) -> Ints:
        """Wishes of one household that the same taker could serve; -1 where there is only one."""
        wishes = self.seen.wishes
        _, group, size = np.unique(
            wishes.household * 4 + np.minimum(wishes.need, 1), return_inverse=True, return_counts=True
        )
        return np.where(size[group] > 1, group, -1)


class _Prices:
    """A plan's prices against every pair there is."""

    def __init__(self, run: _Run, plan: Plan) -> None:
        self._run, self.plan_prices = run, plan.prices
        lanes, takers = run.lanes, len(run.seen.takers)
        count, spend = plan.prices.astype(np.float64), plan.spend_prices.astype(np.float64)
        along, money = count.copy(), spend.copy()
        above = lanes.parent.copy()
        while (above >= 0).any():
            inside = above >= 0
            along[inside] += count[above[inside]]
            money[inside] += spend[above[inside]]
            above[inside] = lanes.parent[above[inside]]
        along += lanes.extra
        self._ordinary, self._urgent = np.full(takers, np.inf), np.full(takers, np.inf)
        for best, usable in ((self._ordinary, lanes.open & ~lanes.urgent_only), (self._urgent, lanes.open)):
            np.minimum.at(best, lanes.taker[usable], along[usable])
        self.count, self.spend = count[:takers], spend[:takers]
        self._money = money[:takers]
        self._sweep(plan)

    def _reduced(self, rows: Ints) -> Floats:
        """What each pair of these wishes costs at the prices, inf where it may not be: (n, T)."""
        run = self._run
        table, seen = run.table, run.seen
        wishes = seen.wishes
        classes = table.class_of[rows]
        reduced = np.where(table.allowed[classes], table.cost[classes], np.inf)
        reduced += np.where(run.any_lane[rows][:, None], self._urgent, self._ordinary)
        reduced += run.spend[rows][:, None] * self._money
        reduced[run.spend[rows][:, None] > spend_left(seen)] = np.inf
        at = np.full(len(wishes), -1, dtype=np.int64)
        at[rows] = np.arange(len(rows))
        refused = at[seen.not_wish] >= 0
        reduced[at[seen.not_wish[refused]], seen.not_taker[refused]] = np.inf
        standing = np.flatnonzero(wishes.current[rows] >= 0)
        if len(standing):
            reduced[standing] += run._switch()[rows[standing]][:, None]
            here = wishes.current[rows[standing]]
            reduced[standing, here] -= run._switch()[rows[standing]]
            stays = ~run.free[rows[standing]]
            kept = run._pair_cost(rows[standing[stays]], here[stays]) + self._urgent[here[stays]]
            kept = kept + run.spend[rows[standing[stays]]] * self._money[here[stays]]
            reduced[standing[stays]] = np.inf
            reduced[standing[stays], here[stays]] = kept
        return np.asarray(reduced)

    def _sweep(self, plan: Plan) -> None:
        run = self._run
        wishes, takers = len(run.seen.wishes), len(run.seen.takers)
        self.of_wish = run.penalty.astype(np.float64)
        wanted: list[Ints] = []
        few = min(6, takers)
        for rows in _chunks(run):
            reduced, columns = self._columns(rows)
            if not len(columns):
                continue
            least = np.argpartition(reduced, min(few, len(columns)) - 1, axis=1)[:, :few]
            values = np.take_along_axis(reduced, least, axis=1)
            self.of_wish[rows] = np.minimum(self.of_wish[rows], values.min(axis=1))
            better = values < plan.wish_prices[rows][:, None] - 0.5
            row, spot = np.nonzero(better)
            wanted.append(rows[row] * takers + columns[least[row, spot]])
        self.wanted = np.unique(np.concatenate(wanted)) if wanted else np.zeros(0, dtype=np.int64)
        assert len(self.of_wish) == wishes

    def _columns(self, rows: Ints) -> tuple[Floats, Ints]:
        """The pairs of *rows* with the takers any of them may have."""
        reduced = self._reduced(rows)
        columns = np.flatnonzero(np.isfinite(reduced).any(axis=0))
        return reduced[:, columns], columns

    def lower_bound(self, plan: Plan) -> int:
        """No plan over all pairs costs less: the wishes at these prices, less what the limits give."""
        problem = plan.problem
        places = np.minimum(problem.taker_count_cap, problem.wish_count)
        bound = float(self.of_wish.sum()) - float((plan.prices * places).sum())
        if problem.taker_spend_cap is not None:
            paid = plan.spend_prices > 0
            bound -= float((plan.spend_prices[paid] * problem.taker_spend_cap[paid]).sum())
        return int(np.ceil(bound - 1e-3))

    def next_best(self, taker: Ints) -> tuple[Ints, Floats]:
        """For each wish with a taker the next one at these prices, and what that adds at least, in cost units."""
        next_taker, more = np.full(len(taker), -1, dtype=np.int64), np.zeros(len(taker))
        for chunk in _chunks(self._run):
            rows = chunk[taker[chunk] >= 0]
            if not len(rows):
                continue
            reduced = self._reduced(rows)
            reduced[np.arange(len(rows)), taker[rows]] = np.inf
            best = reduced.argmin(axis=1)
            value = reduced[np.arange(len(rows)), best]
            found = np.isfinite(value)
            next_taker[rows[found]] = best[found]
            more[rows[found]] = np.maximum(0.0, value[found] - self.of_wish[rows[found]])
        return next_taker, more


def _chunks(run: _Run) -> list[Ints]:
    order = np.argsort(run.seen.wishes.need, kind="stable")
    return [order[i : i + _AT_ONCE] for i in range(0, len(order), _AT_ONCE)]
