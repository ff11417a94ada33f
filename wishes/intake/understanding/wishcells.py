"""One line's wish cells, with their prices, sizes and numbers of pieces, to finished entries."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from wishes.intake.reading.grid import cell_name
from wishes.intake.understanding.contradictions import SLIPPED, ages_disagree, born_later
from wishes.intake.understanding.lexicon import Lexicon
from wishes.intake.understanding.model import CampaignRules, Entry, Trace
from wishes.intake.understanding.numerals import number
from wishes.intake.understanding.prices import Price, PriceCell, read_price
from wishes.intake.understanding.sizes import size_in
from wishes.intake.understanding.text import ticked, tight
from wishes.intake.understanding.things import Thing


@dataclass(slots=True)
class WishCell:
    """A filled (or, for a missing wish, empty) wish cell and its companions; ``price_at`` is the row and column of the price."""

    row: int
    column: int
    text: str
    price: str = ""
    price_at: tuple[int, int] | None = None
    size: str = ""
    qty: str = ""
    struck: bool = False
    each: bool = False
    """Whether the price is that of one piece, and ``qty`` tells how many are wished for."""


def entries_of(
    person: Entry,
    cells: Sequence[WishCell],
    lexicon: Lexicon,
    *,
    shared_price: str | None,
    shared_price_at: tuple[int, int] | None = None,
) -> list[Entry]:
    """All entries of one line; ``person`` itself becomes the last of them. ``shared_price`` is the text of the one price column
    of several wish columns, or None."""
    split = [(cell, parts) for cell in cells if (parts := lexicon.splitter.split(ticked(cell.text)))]
    if not split:
        empty = cells[0]
        _place(person, empty, 1, empty.text)
        person.reasons.insert(0, "missing_wish")
        if empty.struck:
            person.reasons.append("withdrawn")
        return [person]
    entries: list[Entry] = []
    total_parts = sum([len(parts) for _, parts in split])
    shared = read_price(shared_price, lexicon.no_price, lexicon.zero_price) if shared_price is not None else None
    for cell, parts in split:
        count = len(parts)
        own = shared or read_price(cell.price, lexicon.no_price, lexicon.zero_price)
        sizes, amounts = _listed(cell.size, count), _listed(cell.qty, count)
        for index, part in enumerate(parts):
            thing = lexicon.things.read(part.text)
            entry = person if len(entries) + 1 == total_parts else person.again()
            _place(entry, cell, index + 1, part.text)
            if thing.how == "only money" and lexicon.is_item(cell.price):
                entry.item = thing.item
                entry.doubts.append("row_unsure")  # wish and price were exchanged
            else:
                _describe(entry, thing)
            _size_of(entry, thing, sizes[index], lexicon)
            _qty_of(entry, thing, amounts[index])
            if shared is not None:
                _price_of(entry, shared, len(entries), total_parts, thing.price)
            else:
                _price_of(entry, own, index, count, thing.price)
            if cell.each and cell.qty and thing.price is None:
                _price_of_all(entry, cell)
            if not own.understood and entry.price_high is None and entry.price_low is None:
                at, text = (cell.price_at, cell.price) if shared is None else (shared_price_at, shared_price or "")
                entry.traces["price"] = Trace(cell_name(*at) if at else "", text, "unreadable price", 0.5)
            if part.confidence < 0.95:
                entry.traces["raw"] = Trace(entry.cell, cell.text, "cut at a word or space", part.confidence)
            if cell.struck:
                entry.reasons.append("withdrawn")
            entries.append(entry)
    return entries


def _place(entry: Entry, cell: WishCell, part: int, raw: str) -> None:
    entry.row, entry.cell, entry.part, entry.raw = cell.row, cell_name(cell.row, cell.column), part, raw


def _describe(entry: Entry, thing: Thing) -> None:
    entry.item, entry.category, entry.need = thing.item, thing.category, thing.need
    if thing.verdict == "unsafe":
        entry.reasons.append("unsafe_item")
    elif thing.verdict == "cash":
        entry.reasons.append("cash_wish")
    elif thing.verdict == "unsure":
        entry.doubts.append("item_unsure")
        entry.traces["item"] = Trace(entry.cell, entry.raw, f"may not be allowed: {thing.doubt}", thing.confidence)
    elif thing.verdict == "either":
        entry.doubts.append("item_either")
        entry.traces["item"] = Trace(entry.cell, entry.raw, f"one of several: {thing.doubt}", thing.confidence)
    elif thing.verdict == "unknown":
        entry.doubts.append("item_unknown")
        entry.traces["item"] = Trace(entry.cell, entry.raw, "unknown thing", thing.confidence)
    elif thing.how == "two things":
        entry.doubts.append("wish_cut_unsure")
        entry.traces["item"] = Trace(entry.cell, entry.raw, "two things without anything between", thing.confidence)
    elif thing.how != "exact":
        entry.traces["item"] = Trace(entry.cell, entry.raw, thing.how, thing.confidence)


_BETWEEN = re.compile(r"[、,，;；\n/]| {1,}")


def _listed(text: str, parts: int) -> list[str]:
    """A companion cell's text for each of several wishes: by order where it lists as many, else the whole for each."""
    if parts == 1 or not text:
        return [text] * parts
    pieces = [p for p in _BETWEEN.split(text) if p.strip()]
    return pieces if len(pieces) == parts else [text] * parts


def _size_of(entry: Entry, thing: Thing, text: str, lexicon: Lexicon) -> None:
    entry.size_kind, entry.size = thing.size_kind, thing.size
    if entry.size is not None or not text or entry.item is None:
        return
    kind = lexicon.things.size_kind_of(entry.item, thing)
    if kind is None:
        return
    size = size_in(text, kind, bare=True)
    if size is not None:
        entry.size_kind, entry.size = kind, size


_PIECES = re.compile(r"(\d{1,3}|[一二两三四五六七八九十]{1,3})(?!\d)")


def _qty_of(entry: Entry, thing: Thing, text: str) -> None:
    entry.qty = thing.qty or 1
    if not text:
        return
    match = _PIECES.match(tight(text))
    value = number(match[1]) if match else None
    if value and 1 <= value <= 200 and (thing.qty is None or value > 1):
        entry.qty = int(value)


def _price_of(entry: Entry, cell: PriceCell, position: int, parts: int, inline: Price | None) -> None:
    """Prices beside the wish win; then a list in order; a single number for several wishes is only their sum."""
    price: Price | None = inline
    if price is None and cell.prices:
        if parts == 1:
            price = cell.prices[0] if len(cell.prices) == 1 else _summed(cell.prices)
            if price is None:
                told = " / ".join(str(p.high) for p in cell.prices)
                entry.traces["price"] = Trace(entry.cell, told, "unreadable price", 0.5)
                return
        elif (len(cell.prices) == parts and not (cell.total and len(cell.prices) == 1)) or (
            len(cell.prices) == parts + 1 and cell.total
        ):
            price = cell.prices[position]
        else:
            entry.warnings.append("price_total_only")
            return
    if price is None:
        entry.warnings.append("price_missing")
        return
    entry.price_low, entry.price_high = price.low, price.high
    if price.how != "written":
        entry.traces["price"] = Trace(entry.cell, "", price.how, price.confidence)


def _price_of_all(entry: Entry, cell: WishCell) -> None:
    """The price of a wish is that of all its pieces, also where the sender tells the price of one."""
    if entry.qty > 1 and (entry.price_low is not None or entry.price_high is not None):
        entry.price_low = None if entry.price_low is None else entry.price_low * entry.qty
        entry.price_high = None if entry.price_high is None else entry.price_high * entry.qty
        entry.traces["price"] = Trace(
            cell_name(*cell.price_at) if cell.price_at else "", cell.price, "price of one times pieces", 0.9
        )


def _summed(prices: tuple[Price, ...]) -> Price | None:
    """Several prices for one wish: a range in disguise when there are two of one size, else unknown. 1,20 is no range from
    1 to 20 yuan: whether 1.20 or 120 was meant is the sender's to tell."""
    values = [p.high for p in prices if p.high is not None]
    if len(values) == 2 and values[0] < values[1] <= 10 * values[0]:
        return Price(values[0], values[1], "two prices for one wish", 0.7)
    return prices[0] if len(set(values)) == 1 else None


def judge(entry: Entry, rules: CampaignRules) -> None:
    """Apply the campaign's rules: fill ``reasons``, ``confidence`` and ``status``."""
    reasons = entry.reasons
    if SLIPPED in entry.traces:
        _park_slipped(entry)
        return
    if not entry.child and "row_unsure" not in entry.doubts:
        reasons.append("missing_name")
    ceiling = rules.ceiling_fen
    top = entry.price_high if entry.price_high is not None else entry.price_low
    if ceiling is not None and top is not None and top > ceiling:
        reasons.append("over_ceiling")
    age = _too_old(entry, rules)
    if age == "yes":
        reasons.append("age_out_of_range")
    elif age == "unsure":
        entry.doubts.append("age_unsure")
    if rules.consent_required and entry.consent == "no" and "consent_unreadable" not in entry.doubts:
        reasons.append("no_consent")
    if len(reasons) > 1:
        entry.reasons = reasons = list(dict.fromkeys(reasons))
    traces = entry.traces
    if traces:
        price = traces.get("price")
        if price is not None and price.how == "unreadable price":
            entry.doubts.append("price_unreadable")
        entry.confidence = min([trace.confidence for trace in traces.values()])
    if entry.doubts:
        entry.confidence = min(entry.confidence, 0.5)
    if reasons:
        entry.status = "rejected"
    elif entry.doubts or entry.confidence < rules.park_below:
        entry.status = "parked"
        if not entry.doubts:
            least = min(entry.traces.items(), key=lambda t: t[1].confidence)[0]
            entry.doubts.append({"town": "place_unsure", "raw": "wish_cut_unsure"}.get(least, "row_unsure"))
    else:
        entry.status = "accepted"
    if len(entry.warnings) > 1:
        entry.warnings = list(dict.fromkeys(entry.warnings))


def _park_slipped(entry: Entry) -> None:
    """A line whose cells stand below the wrong titles is refused for nothing that another column's cells say."""
    entry.reasons = [reason for reason in entry.reasons if reason in ("withdrawn", "unsafe_item", "cash_wish")]
    entry.confidence = 0.5
    entry.status = "rejected" if entry.reasons else "parked"


_LAST_DAY = {4: "-12-31", 7: "-31"}


def _too_old(entry: Entry, rules: CampaignRules) -> str:
    """``yes`` where even the latest day the birth may mean makes the child too old, ``unsure`` where only an age borders on it, or
    where birth and age cannot be one child's."""
    if entry.birth is not None:
        if (entry.age is not None and ages_disagree(entry.birth, entry.age, rules.start_on)) or born_later(
            entry.birth, rules.start_on
        ):
            return "unsure"
        # Dates as text compare as dates; a year or month alone counts by its last day.
        latest = entry.birth + _LAST_DAY.get(len(entry.birth), "")
        return "yes" if latest <= _eldest(rules.start_on, rules.age_limit) else "no"
    if entry.age is not None:
        if entry.age > rules.age_limit:
            return "yes"
        if entry.age == rules.age_limit:
            return "unsure"
    return "no"


@lru_cache(maxsize=64)
def _eldest(start_on: dt.date, age_limit: int) -> str:
    """The last birth date, as ISO text, that is too early."""
    return f"{start_on.year - age_limit:04d}-{start_on.month:02d}-{start_on.day:02d}"
