"""The child's wait, simulated: a year's wishes under three ways of finding takers.

    python benchmarks/wait.py [--seeds 20] [--wishes 10000] [--details] [--json]

Wishes arrive as those of the 2021 campaign did (``events.csv``: the day each was published; ``events-wishes.csv``: district
and category). 100 branches with pledges, 1,000 people on their own or meeting children, couriers per district. Under all
policies people browse and claim what appeals to them; what they are proposed they accept, decline or leave unanswered,
the likelier the worse it suits; some claims lapse and the wish starts over.

(a) browse   first come, first served: nothing is proposed
(b) nearest  every night each open wish, oldest first, is proposed to the nearest taker with room
(c) engine   every night the engine: all open wishes together, at most 10 % of standing proposals moved, fair shares, the
             longest waiting first

Prints first the child's wait and what it cost, each policy with its interval, then the paired differences; with --details
also by kind of need and by district. The policies of one seed meet the same people, pledges and wishes, so that differences are compared pair by pair.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import numpy as np
import simpy
from scipy.stats import t as student

from benchmarks.wait_world import World, make_world
from matching import criteria
from wishes.campaigns.rules import Matching, Weights
from wishes.claims.candidates import NEVER, Candidates, Wishes
from wishes.claims.match_finding import decide
from wishes.tracking.survival import kaplan_meier

POLICIES = ("browse", "nearest", "engine")
PAIRS = (("nearest", "browse"), ("engine", "browse"), ("engine", "nearest"))
DAYS = 306
PHOTOGENIC = {
    "toy": 0.25,
    "sport": 0.2,
    "art": 0.15,
    "study": 0.1,
    "clothing": 0.0,
    "book": 0.0,
    "daily": -0.1,
    "aid": -0.15,
}

# How people behave: guesses, the same for all policies. Days unless said otherwise.
LOOKS_EVERY = {"branch": 6.0, "person": 12.0}
SEES = 24  # open wishes on the pages that somebody looks at
MOST_AT_ONCE = {"branch": 6, "person": 1}
CHOOSY = 0.55  # appeal from which something is claimed, 0 to 1
ANSWERS_AFTER, SILENT, PROPOSAL_LASTS = 1.0, 0.10, 3.0
DECLINES_LEAST, DECLINES_MOST = 0.03, 0.45
LAPSES, LAPSE_AFTER = 0.07, 17.0
BUYS_MEAN, MEETS_MEAN = 5.0, 8.0
PARCELS_A_DAY = 12.0


class Campaign:
    """One simulated campaign under one policy. Status of a wish: 0 not yet, 1 open, 2 proposed, 3 held, 4 delivered."""

    def __init__(self, world: World, policy: str, seed: int) -> None:
        self.world, self.policy = world, policy
        self.rng = np.random.default_rng([seed, 7])
        self.env = simpy.Environment()
        wishes, takers = len(world.at), world.takers
        self.status = np.zeros(wishes, dtype=np.int64)
        self.taker = np.full(wishes, -1)
        self.token = np.zeros(wishes, dtype=np.int64)
        self.delivered = np.full(wishes, np.nan)
        self.hands, self.used, self.spent = (np.zeros(len(takers), dtype=np.int64) for _ in range(3))
        self.offered, self.offered_fen = np.zeros(len(takers), dtype=np.int64), np.zeros(len(takers), dtype=np.int64)
        self.lapses = np.zeros(len(takers), dtype=np.int64)
        self.asked = np.full(len(takers), -NEVER)
        self.had = np.zeros_like(takers.had)
        self.no: set[tuple[int, int]] = set()
        self.km = world.km
        self.branch = takers.branch_ids >= 0
        self.couriers = [simpy.Resource(self.env, int(n)) for n in world.couriers]
        self.able = np.stack([takers.buys, takers.vetted, takers.qualified])

    def run(self) -> None:
        env = self.env
        env.process(self._arrivals())
        for t in range(len(self.world.takers)):
            env.process(self._looks_in(t))
        if self.policy != "browse":
            env.process(self._nights())
        env.run(until=DAYS)

    # --- what may be --------------------------------------------------------------------------------------------------

    def room(self) -> Any:
        """Places left of each taker: a branch's pledge is used up, a person's hands are free again after delivery."""
        took = np.where(self.branch, self.used, self.hands)
        return self.world.takers.count_cap - took - self.offered

    def money(self) -> Any:
        cap = self.world.takers.spend_cap
        return np.where(self.branch, cap - self.spent - self.offered_fen, cap)

    def allowed(self, w: int) -> Any:
        world, takers = self.world, self.world.takers
        goes = takers.anywhere | takers.areas[:, world.county[w]]
        return self.able[world.need[w]] & goes & (self.room() > 0) & (self.money() >= world.price[w])

    def suits(self, w: Any, t: Any) -> Any:
        """0 suits perfectly to 1 not at all: distance and category, as the taker feels it."""
        takers = self.world.takers
        km = self.km[self.world.place[w], t]
        picky = takers.liked[t].any(axis=-1)
        liked = takers.liked[t, self.world.category[w]]
        return 0.6 * km / (km + 40.0) + 0.4 * np.where(picky, np.where(liked, 0.0, 1.0), 0.5)

    # --- what happens -------------------------------------------------------------------------------------------------

    def _arrivals(self) -> Generator[Any, Any, None]:
        for w, at in enumerate(self.world.at.tolist()):
            if at >= DAYS:
                return
            yield self.env.timeout(max(0.0, at - self.env.now))
            self.status[w] = 1

    def _looks_in(self, t: int) -> Generator[Any, Any, None]:
        kind = "branch" if self.branch[t] else "person"
        appeal = np.array([PHOTOGENIC.get(name, 0.1) for name in self.world.categories])
        while True:
            yield self.env.timeout(self.rng.exponential(LOOKS_EVERY[kind]))
            room = int(self.room()[t])
            open_now = np.flatnonzero(self.status == 1)
            if room <= 0 or not len(open_now):
                continue
            # The list shows the own district first; few look beyond the first pages.
            here = self.world.county[open_now] == self.world.takers.county[t]
            shown = np.concatenate([open_now[here], self.rng.permutation(open_now[~here])])[:SEES]
            score = (
                1.0 - self.suits(shown, t) + appeal[self.world.category[shown]] + self.rng.normal(0, 0.08, len(shown))
            )
            claimed = 0
            for i in np.argsort(-score):
                w = int(shown[i])
                if score[i] < CHOOSY or claimed == min(room, MOST_AT_ONCE[kind]):
                    break
                if (w, t) not in self.no and self.allowed(w)[t]:
                    self._claim(w, t)
                    claimed += 1

    def _claim(self, w: int, t: int) -> None:
        self.status[w], self.taker[w] = 3, t
        self.hands[t] += 1
        self.used[t] += 1
        self.spent[t] += self.world.price[w]
        self.had[t, self.world.category[w]] += 1
        self.env.process(self._fulfil(w, t))

    def _fulfil(self, w: int, t: int) -> Generator[Any, Any, None]:
        if self.rng.random() < LAPSES * (0.5 + self.suits(w, t)):
            yield self.env.timeout(LAPSE_AFTER)
            self._free(w, t, lapsed=True)
            return
        if self.world.need[w] > 0:
            yield self.env.timeout(self.rng.gamma(2.0, MEETS_MEAN / 2))
        else:
            yield self.env.timeout(self.rng.gamma(2.0, BUYS_MEAN / 2))
            with self.couriers[self.world.county[w]].request() as turn:
                yield turn
                yield self.env.timeout(1.0 / PARCELS_A_DAY)
            yield self.env.timeout(self.km[self.world.place[w], t] / 250.0)
        self.status[w], self.delivered[w] = 4, self.env.now
        self.hands[t] -= 1

    def _free(self, w: int, t: int, *, lapsed: bool) -> None:
        self.status[w], self.taker[w] = 1, -1
        self.hands[t] -= 1
        self.used[t] -= 1
        self.spent[t] -= self.world.price[w]
        self.had[t, self.world.category[w]] -= 1
        self.lapses[t] += lapsed
        self.no.add((w, t))

    # --- proposals ----------------------------------------------------------------------------------------------------

    def _propose(self, w: int, t: int) -> None:
        self.status[w], self.taker[w] = 2, t
        self.token[w] += 1
        self.offered[t] += 1
        self.offered_fen[t] += self.world.price[w]
        self.asked[t] = self.env.now
        self.env.process(self._answer(w, t, int(self.token[w])))

    def _withdraw(self, w: int) -> None:
        t = int(self.taker[w])
        self.offered[t] -= 1
        self.offered_fen[t] -= self.world.price[w]
        self.status[w], self.taker[w] = 1, -1
        self.token[w] += 1

    def _answer(self, w: int, t: int, token: int) -> Generator[Any, Any, None]:
        suits = float(self.suits(w, t))
        declines = DECLINES_LEAST + (DECLINES_MOST - DECLINES_LEAST) * suits
        silent = self.rng.random() < SILENT
        delay = PROPOSAL_LASTS if silent else min(PROPOSAL_LASTS, self.rng.exponential(ANSWERS_AFTER))
        yield self.env.timeout(delay)
        if self.token[w] != token:
            return
        self._withdraw(w)
        if silent or delay >= PROPOSAL_LASTS:
            return
        if self.rng.random() < declines:
            self.no.add((w, t))
        else:
            self._claim(w, t)

    def _nights(self) -> Generator[Any, Any, None]:
        while True:
            yield self.env.timeout(1.0)
            if self.policy == "nearest":
                self._nearest()
            else:
                self._engine()

    def _nearest(self) -> None:
        for w in np.flatnonzero(self.status == 1).tolist():
            allowed = self.allowed(w)
            allowed[[t for v, t in self.no if v == w]] = False
            if allowed.any():
                self._propose(w, int(np.where(allowed, self.km[self.world.place[w]], np.inf).argmin()))

    def _engine(self) -> None:
        rows = np.flatnonzero((self.status == 1) | (self.status == 2))
        if not len(rows):
            return
        seen = self._seen(rows)
        settings = {
            "weights": Weights().model_dump(),
            "matching": Matching(longest_wait_days=30).model_dump(),
            "seed": 0,
            "policy": "incremental",
        }
        plan = decide(seen, settings, campaign_id=0).plan
        changed = np.flatnonzero((plan.taker >= 0) & (plan.taker != seen.wishes.current))
        for i in changed[seen.wishes.current[changed] >= 0].tolist():
            self._withdraw(int(rows[i]))
        for i in changed.tolist():
            self._propose(int(rows[i]), int(plan.taker[i]))

    def _seen(self, rows: Any) -> Candidates:
        world, takers = self.world, self.world.takers
        standing = self.status[rows] == 2
        held = np.where(self.branch, self.used, self.hands)
        now = replace(
            takers, count_cap=takers.count_cap - held, spend_cap=np.where(self.branch, takers.spend_cap - self.spent, takers.spend_cap),
            used=held, lapses=self.lapses, asked_days=self.env.now - self.asked, had=self.had,
        )  # fmt: skip
        index = {int(w): i for i, w in enumerate(rows)}
        pairs = [(index[w], t) for w, t in sorted(self.no) if w in index]
        wishes = Wishes(
            ids=rows, place=world.place[rows], county=world.county[rows], category=world.category[rows], community=np.zeros(len(rows), dtype=np.int64),
            need=world.need[rows], goods=world.need[rows] == 0, price_fen=world.price[rows], household=rows, priority=np.zeros(len(rows), dtype=np.int64),
            waited_days=self.env.now - world.at[rows], current=np.where(standing, self.taker[rows], -1),
        )  # fmt: skip
        nothing = np.zeros(0, dtype=np.int64)
        return Candidates(
            wishes, now, world.counties, world.categories, world.lat, world.lon,
            np.array([w for w, _ in pairs], dtype=np.int64), np.array([t for _, t in pairs], dtype=np.int64), nothing, nothing, np.zeros(1, dtype=np.int64),
        )  # fmt: skip

    # --- figures ------------------------------------------------------------------------------------------------------

    def figures(self) -> dict[str, float]:
        world = self.world
        came = world.at < DAYS
        done = ~np.isnan(self.delivered)
        days = np.where(done, self.delivered, DAYS) - world.at
        took = self.taker[done]
        km = self.km[world.place[done], took]
        pledged = self.branch
        found = {
            **_wait("", days[came], done[came]),
            "unserved": float((came & ~done).sum()),
            "never_taken": float((came & (self.status <= 2)).sum()),
            "median_km": float(np.median(km)),
            "jain_branches": criteria.jain((self.used / world.takers.pledged)[pledged]),
        }
        for name, of in (("goods", world.need == 0), ("company", world.need == 1), ("psych", world.need == 2)):
            found |= _wait(f"{name}_", days[came & of], done[came & of])
        for c, code in enumerate(world.counties):
            here = came & (world.county == c)
            if here.sum() >= 20:
                found |= _wait(f"{code}_", days[here], done[here])
        return found


def _wait(prefix: str, days: Any, done: Any) -> dict[str, float]:
    """Median and p90 by Kaplan-Meier, NaN when not reached; the longest wait, the unfinished counted so far."""
    curve = kaplan_meier(days, done)
    shares = {"median": curve.quantile(0.5), "p90": curve.quantile(0.9)}
    return {
        **{prefix + name: np.nan if value is None else float(value) for name, value in shares.items()},
        prefix + "max": float(days.max()), prefix + "unserved": float((~done).sum()),
    }  # fmt: skip


def interval(values: Any) -> tuple[float, float]:
    """Mean and half width of its 95 % interval (Student's t); where any is NaN, NaN."""
    values = np.asarray(values, dtype=np.float64)
    if len(values) < 2:
        return float(values.mean()), np.nan
    return float(values.mean()), float(student.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))


def simulate(seed: int, wishes: int) -> dict[str, dict[str, float]]:
    """The figures of every policy in the world of *seed*."""
    world = make_world(seed, wishes)
    found = {}
    for policy in POLICIES:
        began = time.perf_counter()
        campaign = Campaign(world, policy, seed)
        campaign.run()
        found[policy] = campaign.figures()
        print(f"seed {seed} {policy}: {time.perf_counter() - began:.1f} s", file=sys.stderr)
    return found


def compared(worlds: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, list[float]]]:
    """Figure → policy, or difference of two (paired by seed) → mean and half width of its interval."""
    told: dict[str, dict[str, list[float]]] = {}
    for name in dict.fromkeys(name for world in worlds for name in world["browse"]):
        values = {policy: np.array([world[policy].get(name, np.nan) for world in worlds]) for policy in POLICIES}
        row = {policy: interval(values[policy]) for policy in POLICIES}
        row |= {f"{one} − {other}": interval(values[one] - values[other]) for one, other in PAIRS}
        told[name] = {key: [round(mean, 3), round(half, 3)] for key, (mean, half) in row.items()}
    return told


SHORT = {
    "p90": "wait, 90 of 100 (days)", "median": "wait, median (days)", "max": "longest wait (days)",
    "unserved": "not served at the end", "never_taken": "of these nobody had taken", "psych_p90": "counselling, 90 of 100 (days)",
    "median_km": "distance, median (km)", "jain_branches": "evenness among branches",
}  # fmt: skip


def show(told: dict[str, dict[str, list[float]]], *, details: bool) -> None:
    """The short table: each policy, then the differences; and everything else behind *details*."""
    columns = list(next(iter(told.values())))
    for part in (columns[: len(POLICIES)], columns[len(POLICIES) :]):
        _table({label: told[name] for name, label in SHORT.items() if name in told}, part)
    if details:
        _table({name: row for name, row in told.items() if name not in SHORT}, columns)


def _table(rows: dict[str, dict[str, list[float]]], columns: list[str]) -> None:
    print(f"{'':32}" + "".join(f"{column:>20}" for column in columns))
    for name, row in rows.items():
        print(f"{name:32}" + "".join(f"{row[column][0]:>11.2f} ± {row[column][1]:<6.2f}" for column in columns))
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--wishes", type=int, default=10_000, help="fewer shrink branches, people and couriers alike")
    parser.add_argument("--details", action="store_true", help="by kind of need and by district, too")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    told = compared([simulate(seed, asked.wishes) for seed in range(asked.seeds)])
    if asked.json:
        print(
            json.dumps({"seeds": asked.seeds, "wishes": asked.wishes, **told}, ensure_ascii=False).replace(
                "NaN", "null"
            )
        )
        return
    print(f"{asked.seeds} seeds, {asked.wishes} wishes, {DAYS} days; mean ± half width of the 95 % interval")
    show(told, details=asked.details)


if __name__ == "__main__":
    main()
