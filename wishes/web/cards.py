"""Wishes as cards and tasks: plain mappings for the macros ``wish_card`` and ``task``, holding only what the reader may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from flask import g, url_for

from wishes.access import Actor
from wishes.clock import local_day
from wishes.intake.wishes import WishRow, seen_by
from wishes.tracking.queries import OpenClock
from wishes.web.context import t, yuan
from wishes.web.wording import CATEGORY, NEED, SEX, size_text


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
        waited = (today - local_day(row.published_at)).days if row.published_at else 0
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
                "due_days": (local_day(clock.due_at) - today).days if clock else None,
            }
        )
    return cards


def title(row: WishRow) -> str:
    """Item, size and number in one line."""
    parts = [row.item]
    if row.size:
        parts.append(size_text(row.size_kind, row.size))
    if row.quantity > 1:
        parts.append(f"× {row.quantity}")
    return " ".join(parts)
