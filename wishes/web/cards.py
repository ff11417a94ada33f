"""Wishes as cards and tasks: plain mappings for the macros ``wish_card`` and ``task``, holding only what the reader may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from flask import g, url_for

from wishes.access import Actor, possible_moves
from wishes.clock import local_day
from wishes.intake.wishes import WishRow, seen_by
from wishes.lifecycle import FINISHED, TERMINAL, Status
from wishes.tracking.queries import OpenClock
from wishes.web.context import t, yuan
from wishes.web.wording import CATEGORY, NEED, SEX, size_text

DELIVERIES = ("deliver", "deliver_directly", "attend")
"""Moves made by a hand-over with codes, not by a bare button."""
OFFERED = timedelta(days=3)
"""How much later than the deadline "late" offers at first."""


def wish_cards(
    rows: Iterable[WishRow],
    actor: Actor,
    *,
    today: date,
    clocks: Mapping[int, OpenClock] | None = None,
    with_status: bool = False,
) -> list[dict[str, Any]]:
    """One mapping per wish, in order."""
    cards = []
    for row in rows:
        shown, _ = seen_by(actor, row)
        clock = (clocks or {}).get(row.id)
        waits = row.status not in (*FINISHED, *TERMINAL)
        waited = (today - local_day(row.published_at)).days if row.published_at and waits else 0
        cards.append(
            {
                "id": row.id,
                "title": title(shown),
                "url": url_for("wish.page", code=row.code),
                "code": row.code,
                "category": row.category,
                "category_label": t(CATEGORY[row.category]),
                "price": yuan(row.price_high_fen or row.price_fen) if row.price_fen else "",
                "age_band": t("{band} 岁", "{band} years", band=band)
                if (band := shown.age_band(g.campaign.day(today)))
                else "",
                "sex": t(SEX[shown.sex]) if shown.sex in SEX else "",
                "district": shown.county,
                "waiting": t("已等 {n} 天", "waited {n} days", n=waited) if waited >= 7 else "",
                "needs": t(NEED[row.need]) if row.need != "none" else "",
                "story": shown.detail,
                "status": row.status if with_status else "",
                "due_days": (local_day(clock.due_at) - today).days if clock and clock.paused_at is None else None,
            }
        )
    return cards


def add_answers(card: dict[str, Any], row: WishRow, actor: Actor, *, today: date, clock: OpenClock | None) -> None:
    """What the macro ``task_answers`` needs besides: where to send what this person may do, and a day to offer for "late"."""
    moves = [move.name for move in possible_moves(actor, row.facts)]
    links = {
        name: url_for("wish.act", code=row.code, name=name)
        for name in ("prepare", "schedule", "release")
        if name in moves
    }
    if any(name in DELIVERIES for name in moves):
        # what skips the warehouse is looked over on the spot first; that page leads on to the scan
        to_check = row.status is Status.READY
        links["hand_over"] = url_for("custody.checks" if to_check else "handover.scan", code=row.code)
    if clock is not None and clock.paused_at is None:
        links["postpone"] = url_for("wish.answer_clock", code=row.code, name="postpone")
        card["until"] = (max(today, local_day(clock.due_at)) + OFFERED).isoformat()
    card["links"] = links
    if (
        row.status is Status.SCHEDULED and row.scheduled_on is not None
    ):  # the day that was agreed says more than the deadline
        card["due_days"] = (row.scheduled_on - today).days
    if clock is not None and clock.paused_at is not None:
        card["detail"] = t("计时已暂停：{why}", "The clock is stopped: {why}", why=clock.pause_reason)


def title(row: WishRow) -> str:
    """Item, size and number in one line."""
    parts = [row.item]
    if row.size:
        parts.append(size_text(row.size_kind, row.size))
    if row.quantity > 1:
        parts.append(f"× {row.quantity}")
    return " ".join(parts)
