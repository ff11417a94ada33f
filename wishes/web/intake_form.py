"""The form of a correction: an entry as its fields hold it, and what was typed as values."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from flask import request

from wishes.errors import Invalid
from wishes.i18n import Text
from wishes.intake.understanding import Entry


def values_of(entry: Entry) -> dict[str, Any]:
    """The entry as the form's fields hold it; prices in yuan."""

    def yuan(fen: int | None) -> str:
        return (
            "" if fen is None else f"{Decimal(fen) / 100:f}".rstrip("0").rstrip(".") if fen % 100 else str(fen // 100)
        )

    return {
        **{name: getattr(entry, name) or "" for name in _PLAIN},
        "age": "" if entry.age is None else str(entry.age),
        "qty": str(entry.qty),
        "size": "" if entry.size is None else f"{entry.size:g}",
        "price_low": yuan(entry.price_low),
        "price_high": yuan(entry.price_high),
        "phone": " ".join(entry.phone),
        "types": list(entry.types),
    }


_PLAIN = (
    "child", "gender", "birth", "county", "town", "village", "guardian", "relation", "school", "item", "category", "size_kind",
)  # fmt: skip


def changes_of(entry: Entry) -> dict[str, Any]:
    """The fields that the form sets to something else. Raises Invalid for a figure that is none."""
    before, changes = values_of(entry), {}
    for name, value in before.items():
        if name == "types":
            ticked = sorted(request.form.getlist("types"))
            if "types_shown" in request.form and ticked != sorted(value):
                changes[name] = ticked
            continue
        typed = request.form.get(name)
        if typed is None or typed.strip() == value:
            continue
        changes[name] = _parsed(name, typed.strip())
    return changes


_FIGURE = {"age": r"\d{1,3}", "qty": r"\d{1,4}", "size": r"\d{1,3}(\.\d)?", "price": r"\d{1,7}(\.\d{1,2})?"}


def _parsed(name: str, typed: str) -> Any:
    kind = name.removesuffix("_low").removesuffix("_high")
    if kind in _FIGURE:
        if typed and not re.fullmatch(_FIGURE[kind], typed):
            raise Invalid(name, Text("请填写数字。", "Give a figure."))
        if not typed:
            return None
        return int(Decimal(typed) * 100) if kind == "price" else float(typed) if kind == "size" else int(typed)
    if name == "phone":
        return tuple(re.split(r"[\s、，,]+", typed)) if typed else ()
    return typed or None
