"""The board's figures as the page, the exports and shared links show them: names, links and numbers, ready to be drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import sqlalchemy as sa
from flask import url_for
from sqlmodel import Session

from wishes.campaigns.tables import Place
from wishes.claims.queries import branches_of
from wishes.intake.wishes import community_names
from wishes.lifecycle import FINISHED, STATUS_LABEL, Status
from wishes.model import columns
from wishes.people.tables import Account
from wishes.tracking.board import counted, curve, curves, figures, thinned
from wishes.tracking.board_queries import Late, late_counts
from wishes.tracking.flow import BANDS
from wishes.tracking.history import NOBODY, STAGE_CODE, Grouping, micros
from wishes.tracking.ledger import AGE_CLASSES, UNDER_WAY, Lasting, Ledger, Narrow
from wishes.tracking.recall import last_known, ledger_now
from wishes.tracking.survival import Curve
from wishes.tracking.tracks import DELIVERIES, STAGES
from wishes.web.context import day, language, t
from wishes.web.numbers import is_id
from wishes.web.wording import CATEGORY

_Account, _Place = columns(Account), columns(Place)

LINES = 5
"""So many groups are drawn beside the whole; more lines than that nobody reads."""
FEW = 10
"""Groups of fewer wishes have no median worth drawing; on shared pages their counts could point at a child."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the board is asked for. *shared*: for readers who may see neither wishes nor small numbers."""

    campaign_id: int
    narrow: Narrow
    measure: str
    by: str
    now: datetime
    shared: bool = False


def board_figures(session: Session, asked: Asked) -> dict[str, Any]:
    """Everything the page draws, by panel."""
    ledger = ledger_now(session, asked.campaign_id)
    until = micros(last_known(session, asked.campaign_id, asked.now))
    rows = ledger.rows(asked.narrow)
    late = late_counts(session, asked.campaign_id, asked.narrow, now=asked.now)
    names = group_names(session, asked.campaign_id, asked.by)
    show = _Show(asked)
    spans = ledger.lasting(asked.measure, rows, until)
    whole = curve(spans.days, spans.done)
    grouping = ledger.grouping(asked.by, asked.measure)
    grouped = curves(spans, grouping, at_least=FEW)
    return {
        "overall": _overall(whole, spans, show),
        "curves": _curves(whole, grouped, asked, names),
        "groups": _groups(grouping, spans, grouped, asked, names, show),
        "districts": _districts(session, ledger, rows, asked, until, late, show),
        "flow": _flow(ledger, asked, show),
        "ages": _ages(ledger, rows, until, show),
        "stages": _stages(ledger, rows, until, late, show),
        "league": [] if asked.shared else _league(session, ledger, rows, asked, until, late),
        "late": late.total,
    }


class _Show:
    """Counts and links as this reader may see them."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked

    def count(self, value: int, *, hide: bool = False) -> int | str:
        return "…" if hide else f"< {FEW}" if self.asked.shared and 0 < value < FEW else value

    def parts(self, values: Sequence[int]) -> list[int | str]:
        """Parts of a sum that the reader may know: where one alone is hidden, the next larger one is hidden with it."""
        shown = [self.count(value) for value in values]
        if sum(isinstance(one, str) for one in shown) == 1:
            others = [at for at, one in enumerate(shown) if one and not isinstance(one, str)]
            if others:
                shown[min(others, key=lambda at: values[at])] = self.count(0, hide=True)
        return shown

    def behind(self, part: str, **filters: Any) -> str:
        """The list of the wishes that a measure counts as done or as still waiting; empty where no list tells."""
        measure = self.asked.measure
        if measure in DELIVERIES:
            names = {"done": "arrived", "waiting": "held" if measure == "claim_to_delivery" else "under_way"}
            return self.link(**{names[part]: 1}, **filters)
        return self.link(status=measure, **filters) if part == "waiting" else ""

    def link(self, **filters: Any) -> str:
        if self.asked.shared:
            return ""
        return url_for("desk.wishes", **{**dict(self.asked.narrow.items()), **filters})


def group_names(session: Session, campaign_id: int, by: str) -> Callable[[str], str]:
    """From a group's key to what people call it."""
    known: dict[str, str]
    if by == "category":
        known = {}
        return lambda key: t(CATEGORY[key])
    if by == "county":
        known = {row.code: row.name for row in _counties(session, campaign_id)}
    elif by == "courier":
        known = _couriers(session, campaign_id)
    elif by == "branch":
        known = {str(branch.id): branch.name for branch in branches_of(session, campaign_id)}
    else:
        known = {str(key): name for key, name in community_names(session, campaign_id).items()}
    return lambda key: t("（没有）", "(none)") if key == NOBODY else known.get(key, key)


def _couriers(session: Session, campaign_id: int) -> dict[str, str]:
    """Live couriers are accounts; those of an imported history keep the code that the file gives them."""
    keys = ledger_now(session, campaign_id).grouping("courier").names
    ids = [int(key[1:]) for key in keys if key.startswith("a") and is_id(key[1:])]
    return {
        f"a{one}": name
        for one, name in session.execute(sa.select(_Account.id, _Account.name).where(_Account.id.in_(ids)))
    }


def _counties(session: Session, campaign_id: int) -> list[Any]:
    return list(
        session.execute(
            sa.select(_Place.code, _Place.name, _Place.lat, _Place.lon).where(
                _Place.campaign_id == campaign_id, _Place.level == "county"
            )
        )
    )


def days(value: float | None) -> str:
    """A duration to a tenth of a day; a dash when it is not known yet."""
    return "—" if value is None else f"{value:.1f}"


def between(low: float | None, high: float | None) -> str:
    """An interval; open above while its end is not reached."""
    return "—" if low is None and high is None else f"{days(low)}–{'…' if high is None else days(high)}"


def _said(median: float | None, low: float | None, high: float | None, p90: float | None) -> dict[str, Any]:
    """Figures to count with, and the same as words for a table."""
    return {
        "median": median,
        "low": low,
        "high": high,
        "p90": p90,
        "median_said": days(median),
        "interval": between(low, high),
        "p90_said": days(p90),
    }


def _overall(whole: Curve, spans: Lasting, show: _Show) -> dict[str, Any]:
    found = figures(whole, spans.days, spans.done)
    found["naive"] = float(np.median(spans.days[spans.done])) if spans.done.any() else None
    shown = show.parts([found["done"], found["waiting"]])
    return {
        **found,
        "done": shown[0],
        "waiting": shown[1],
        "n": found["n"] if shown == [found["done"], found["waiting"]] else show.count(0, hide=True),
        "done_url": show.behind("done"),
        "waiting_url": show.behind("waiting"),
    }


def _curves(whole: Curve, grouped: dict[str, Curve], asked: Asked, names: Callable[[str], str]) -> dict[str, Any]:
    """The share still waiting by days: of all, and of the largest groups."""
    drawn = {t("全部", "All"): whole}
    if dict(asked.narrow.items()).get(asked.by) is None:
        largest = sorted(grouped, key=lambda key: -int(grouped[key].at_risk[0]))[:LINES]
        drawn |= {names(key): grouped[key] for key in largest}
    return drawn_lines(drawn)


def drawn_lines(drawn: dict[str, Curve]) -> dict[str, Any]:
    """Curves by name as the rows of a table, the first one telling how far: day, and of each the share and its bounds."""
    whole = next(iter(drawn.values()))
    if not whole.times.size:
        return {"names": [], "rows": []}
    # beyond the day where one in fifty still waits there is nothing to compare, only a long tail
    longest = float(np.ceil(max(whole.quantile(0.98) or float(whole.times[-1]), 1.0)))
    lines = {name: thinned(one, longest=longest) for name, one in drawn.items()}
    points = max(map(len, lines.values()))
    first = max(lines.values(), key=len)
    return {
        "names": list(lines),
        "rows": [
            {"day": first[n][0], "cells": [line[n][1:] if n < len(line) else None for line in lines.values()]}
            for n in range(points)
        ],
    }


def _groups(
    grouping: Grouping,
    spans: Lasting,
    grouped: dict[str, Curve],
    asked: Asked,
    names: Callable[[str], str],
    show: _Show,
) -> list[dict[str, Any]]:
    """A row per group, largest first: how many, and how long."""
    counts = counted(grouping, spans.wish)
    done = counted(grouping, spans.wish[spans.done])
    keys = sorted(counts, key=lambda key: -counts[key])
    columns = {
        "n": show.parts([counts[key] for key in keys]),
        "done": show.parts([done.get(key, 0) for key in keys]),
        "waiting": show.parts([counts[key] - done.get(key, 0) for key in keys]),
    }
    found = []
    for at, key in enumerate(keys):
        one = grouped.get(key)
        low, high = one.quantile_interval(0.5) if one else (None, None)
        listed = key != NOBODY and asked.by != "courier"
        found.append(
            {
                "name": names(key),
                "url": show.behind("waiting", **{asked.by: key}) if listed else "",
                **{name: shown[at] for name, shown in columns.items()},
                **_said(one.quantile(0.5) if one else None, low, high, one.quantile(0.9) if one else None),
            }
        )
    return found


def _districts(
    session: Session, ledger: Ledger, rows: Any, asked: Asked, until: int, late: Late, show: _Show
) -> list[dict[str, Any]]:
    """A row per district with where it lies, most waiting first."""
    here = ledger.under_way(rows)
    counties = ledger.grouping("county")
    waiting = counted(counties, here)
    finished = counted(counties, np.isin(ledger.stage, [STAGE_CODE[status] for status in FINISHED]) & rows)
    spans = ledger.lasting("published_to_delivery", rows, until)
    drawn = curves(spans, counties, at_least=FEW)
    places = [
        place for place in _counties(session, asked.campaign_id) if waiting.get(place.code) or finished.get(place.code)
    ]
    places.sort(key=lambda place: -waiting.get(place.code, 0))
    columns = {
        name: show.parts([counts.get(place.code, 0) for place in places])
        for name, counts in (("waiting", waiting), ("late", late.by_county), ("finished", finished))
    }
    return [
        {
            "name": place.name,
            "code": place.code,
            "lat": place.lat,
            "lon": place.lon,
            "url": show.link(county=place.code, under_way=1),
            "late_url": show.link(county=place.code, late=1),
            "finished_url": show.link(county=place.code, arrived=1),
            **{name: shown[at] for name, shown in columns.items()},
            "median": drawn[place.code].quantile(0.5) if place.code in drawn else None,
        }
        for at, place in enumerate(places)
    ]


def _flow(ledger: Ledger, asked: Asked, show: _Show, *, most_rows: int = 60) -> dict[str, Any]:
    """How many stood where, at the ends of at most *most_rows* days evenly taken; bands nobody was ever in are left out."""
    if asked.narrow.branch or asked.narrow.community:
        return {"names": [], "rows": []}
    county, category = (
        None if not value else names.index(value) if value in names else -1
        for names, value in (
            (ledger.grouping("county").names, asked.narrow.county),
            (ledger.grouping("category").names, asked.narrow.category),
        )
    )
    standing = ledger.flow.standing(county, category)
    if not standing.size or not standing.any():
        return {"names": [], "rows": []}
    shown = [band for band in range(len(BANDS)) if standing[:, band].any()]
    days = np.unique(np.linspace(0, standing.shape[0] - 1, min(most_rows, standing.shape[0])).round().astype(int))
    return {
        "names": [
            t("待公开", "Not yet published") if BANDS[band][0] == "before" else _stage_name(BANDS[band][1][0])
            for band in shown
        ],
        "rows": [
            {
                "day": day(ledger.flow.day(int(n))),
                "cells": show.parts([max(int(standing[n, band]), 0) for band in shown]),
            }
            for n in days
        ],
    }


def _ages(ledger: Ledger, rows: Any, until: int, show: _Show) -> dict[str, Any]:
    """Wishes under way by stage and by how long they have stood there."""
    bounds = [0, *AGE_CLASSES]
    names = [t("{a}–{b} 天", "{a}–{b} days", a=low, b=high) for low, high in zip(bounds, AGE_CLASSES, strict=False)] + [
        t("{n} 天以上", "{n} days and more", n=AGE_CLASSES[-1])
    ]
    ages = ledger.ages(rows, until)
    return {
        "names": names,
        "rows": [
            {
                "name": _stage_name(stage),
                "cells": [
                    {"value": value, "shown": shown, "url": show.link(status=stage, aged=n)}
                    for n, (value, shown) in enumerate(zip(ages[stage], show.parts(ages[stage]), strict=True))
                ],
            }
            for stage in UNDER_WAY
            if any(ages[stage])
        ],
    }


def _stages(ledger: Ledger, rows: Any, until: int, late: Late, show: _Show) -> list[dict[str, Any]]:
    """A row per stage of the way: how long it takes, who stands in it; the slowest with enough wishes is marked."""
    found = []
    for stage in STAGES[:-1]:
        spans = ledger.lasting(stage, rows, until)
        if not spans.days.size:
            continue
        here = int(((ledger.stage == STAGE_CODE[stage]) & rows).sum())
        known = figures(curve(spans.days, spans.done), spans.days, spans.done)
        found.append(
            {
                "stage": stage,
                "name": _stage_name(stage),
                "url": show.link(status=stage),
                "here": show.count(here),
                "late": show.count(late.by_stage.get(stage, 0)),
                "done": known["done"],
                **_said(known["median"], known["median_low"], known["median_high"], known["p90"]),
            }
        )
    slowest = max(
        (row for row in found if row["median"] is not None and row["done"] >= FEW),
        key=lambda row: row["median"],
        default=None,
    )
    for row in found:
        row["mark"] = t("最慢的一段", "The slowest") if row is slowest else ""
    return found


def _league(session: Session, ledger: Ledger, rows: Any, asked: Asked, until: int, late: Late) -> list[dict[str, Any]]:
    """What each branch carries, the most first: nobody is ranked by how fast they are."""
    spans = ledger.lasting("claim_to_delivery", rows, until)
    branches = ledger.grouping("branch")
    taken = counted(branches, spans.wish)
    done = counted(branches, spans.wish[spans.done])
    drawn = curves(spans, branches, at_least=FEW)
    names = group_names(session, asked.campaign_id, "branch")
    found = []
    for key, n in sorted(taken.items(), key=lambda item: (-item[1], item[0])):
        if key == NOBODY:
            continue
        one = drawn.get(key)
        low, high = one.quantile_interval(0.5) if one else (None, None)
        found.append(
            {
                "name": names(key),
                "url": url_for("desk.wishes", branch=key) if is_id(key) else "",
                "taken": n,
                "done": done.get(key, 0),
                "late": late.by_branch.get(int(key), 0) if is_id(key) else 0,
                **_said(one.quantile(0.5) if one else None, low, high, None),
            }
        )
    return found


def _stage_name(stage: Status) -> str:
    return STATUS_LABEL[stage].say(language())
