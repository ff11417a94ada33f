"""The forecast for wishes under way, and where what was learnt is kept: in the process, for a day."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session

from wishes.clock import local_day
from wishes.db import Database
from wishes.errors import Unavailable
from wishes.events.tables import Event
from wishes.intake.tables import Wish
from wishes.lifecycle import Status
from wishes.model import columns
from wishes.tracking.forecast import INTERVAL, Standing
from wishes.tracking.forecast_history import STAGE_INDEX, Forecasters, learn
from wishes.tracking.recall import history_of, last_known
from wishes.tracking.tables import Clock

_Clock, _Event, _Wish = columns(Clock), columns(Event), columns(Wish)


@dataclass(frozen=True, slots=True)
class WishForecast:
    """When one wish will be delivered: the likely day, and the days between which eight of ten such wishes are.

    ``latest_on`` None: later than half a year. ``miss_chance`` (0–1): not to leave its stage by its deadline; None without
    one. With ``too_little_data`` nothing else is said.
    """

    wish_id: int
    too_little_data: bool
    delivered_on: date | None = None
    earliest_on: date | None = None
    latest_on: date | None = None
    miss_chance: float | None = None

    def facts(self) -> dict[str, Any]:
        """The same for JSON."""
        if self.too_little_data:
            return {"too_little_data": True}
        days = {name: getattr(self, name) for name in ("delivered_on", "earliest_on", "latest_on")}
        return {
            **{name: day.isoformat() if day else None for name, day in days.items()},
            "interval": INTERVAL[1] - INTERVAL[0],
            "miss_chance": None if self.miss_chance is None else round(self.miss_chance, 3),
        }


def forecasts(
    session: Session, campaign_id: int, wish_ids: Sequence[int], *, now: datetime, learnt: Forecasters | None = None
) -> dict[int, WishForecast]:
    """The forecast of each wish under way, by id; wishes that are not are left out. *learnt* spares learning anew."""
    learnt = learnt or learnt_today(session, campaign_id, now=now)
    rows = _standing(session, campaign_id, wish_ids)
    if not rows:
        return {}
    ages = [max((now - row.since).total_seconds(), 0.0) / 86_400 for row in rows]
    standing = Standing(
        np.array([STAGE_INDEX[Status(row.status)] for row in rows], dtype=np.int64),
        np.array(ages),
        np.array([learnt.places.get(row.county_code, -1) for row in rows], dtype=np.int64),
        np.array([learnt.sorts.get(row.category, -1) for row in rows], dtype=np.int64),
    )
    if learnt.delivery is None:
        return {row.id: WishForecast(row.id, True) for row in rows}
    ahead = learnt.delivery.outlook(standing)
    low, middle, high = (ahead.quantile(share) for share in (INTERVAL[0], 0.5, INTERVAL[1]))
    until_due = np.array([(row.due_at - now).total_seconds() / 86_400 if row.due_at else np.nan for row in rows])
    missing = learnt.stay.outlook(standing).still_waiting(np.nan_to_num(until_due)) if learnt.stay else None
    found = {}
    for n, row in enumerate(rows):
        if not ahead.known[n]:
            found[row.id] = WishForecast(row.id, True)
            continue
        chance = None if missing is None or np.isnan(until_due[n]) or np.isnan(missing[n]) else float(missing[n])
        found[row.id] = WishForecast(row.id, False, _day(now, middle[n]), _day(now, low[n]), _day(now, high[n]), chance)
    return found


def learnt_today(session: Session, campaign_id: int, *, now: datetime) -> Forecasters:
    """What the campaign's history teaches, learnt once a day and process (seconds for ten thousand wishes)."""
    kept, key = _kept(session.connection().engine), (campaign_id, local_day(now))
    found = kept.get(key)
    if found is None:
        found = learn(history_of(session, campaign_id), as_of=last_known(session, campaign_id, now))
        with _LOCK:
            for old in [other for other in kept if other[0] == campaign_id]:
                del kept[old]
            kept[key] = found
    return found


def learnt_already(database: Database, campaign_id: int, *, now: datetime) -> Forecasters | None:
    """What was learnt today. None: nobody asked yet; learning begins beside the request, and the next one will find it."""
    kept = _kept(database.engine)
    key = (campaign_id, local_day(now))
    with _LOCK:
        if key in kept:
            return kept[key]
        begun = _LEARNING.setdefault(database.engine, set())
        if key in begun:
            return None
        begun.add(key)
    threading.Thread(target=_learn_beside, args=(database, campaign_id, now, key), daemon=True).start()
    return None


def _learn_beside(database: Database, campaign_id: int, now: datetime, key: tuple[int, date]) -> None:
    try:
        with database.reading() as session:
            learnt_today(session, campaign_id, now=now)
    except Unavailable:
        pass  # the next request begins again
    finally:
        with _LOCK:
            _LEARNING[database.engine].discard(key)


_LOCK = threading.Lock()
_KEPT: WeakKeyDictionary[Engine, dict[tuple[int, date], Forecasters]] = WeakKeyDictionary()
_LEARNING: WeakKeyDictionary[Engine, set[tuple[int, date]]] = WeakKeyDictionary()


def _kept(engine: Engine) -> dict[tuple[int, date], Forecasters]:
    with _LOCK:
        return _KEPT.setdefault(engine, {})


def _day(now: datetime, days: float) -> date | None:
    return local_day(now + timedelta(days=float(days))) if np.isfinite(days) else None


def _standing(session: Session, campaign_id: int, wish_ids: Sequence[int]) -> list[Any]:
    since = (
        sa.select(sa.func.max(_Event.occurred_at))
        .where(_Event.wish_id == _Wish.id, _Event.new_status == _Wish.status, _Event.old_status != _Event.new_status)
        .scalar_subquery()
    )
    query = (
        sa.select(
            _Wish.id,
            _Wish.status,
            _Wish.county_code,
            _Wish.category,
            sa.func.coalesce(since, _Wish.published_at).label("since"),
            _Clock.due_at,
        )
        .outerjoin(Clock, sa.and_(_Clock.wish_id == _Wish.id, _Clock.closed_at.is_(None), _Clock.paused_at.is_(None)))
        .where(_Wish.campaign_id == campaign_id, _Wish.id.in_(wish_ids), _Wish.status.in_(list(STAGE_INDEX)))
    )
    return [row for row in session.execute(query) if row.since is not None]
