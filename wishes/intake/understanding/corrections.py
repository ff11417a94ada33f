"""What a coordinator decides about a reading, and what the next file of the same sender learns from it."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from wishes.intake.understanding.headers import title_key
from wishes.intake.understanding.model import CampaignRules, Entry, FileReading, SenderMemory, Trace
from wishes.intake.understanding.text import tight
from wishes.intake.understanding.wishcells import judge
from wishes.intake.words import Addition

CORRECTABLE = (
    "child", "gender", "birth", "age", "county", "town", "village", "guardian", "phone", "types", "item", "category", "need",
    "size_kind", "size", "qty", "price_low", "price_high", "consent", "visit", "recno",
)
"""The fields a person may set. Prices in fen."""

_SETTLES: Mapping[str, tuple[str, ...]] = {
    "item": ("item_unknown", "item_unsure", "missing_wish", "unsafe_item", "cash_wish"), "category": ("item_unknown", "item_unsure"),
    "price_high": ("price_unreadable",), "price_low": ("price_unreadable",), "consent": ("consent_unreadable",),
    "birth": ("age_unsure",), "age": ("age_unsure",), "town": ("place_unsure", "out_of_area"), "child": ("missing_name",),
}
_ALSO_GONE: Mapping[str, tuple[str, ...]] = {
    "price_high": ("price_missing", "price_total_only"), "birth": ("birth_missing", "birth_ambiguous", "birth_lunar"),
    "phone": ("phone_missing", "phone_invalid"),
}


@dataclass(frozen=True, slots=True)
class Correction:
    """One decision on one entry: new values by field, doubts a person has cleared, reasons a person has waived."""

    entry: str
    values: Mapping[str, Any] = field(default_factory=dict)
    cleared: tuple[str, ...] = ()
    """Codes of doubts or reasons that do not hold, e.g. ``item_unsure`` after a look at the thing."""


def corrected(entry: Entry, correction: Correction, rules: CampaignRules) -> Entry:
    """A new entry with the correction applied and judged again; the old one stays as it was.

    Raises KeyError for a field that cannot be corrected.
    """
    new = copy.deepcopy(entry)
    gone = set(correction.cleared)
    for name, value in correction.values.items():
        if name not in CORRECTABLE:
            raise KeyError(name)
        setattr(new, name, tuple(value) if name in ("phone", "types") else value)
        new.traces[name] = Trace(entry.cell, "", "set by a person", 1.0)
        gone |= {*_SETTLES.get(name, ()), *_ALSO_GONE.get(name, ())}
        if name.startswith("price"):
            new.traces.pop("price", None)
    if "item" in correction.values:
        new.raw = new.raw or str(correction.values["item"])
    # Reasons that follow from values are found again by the judge; what only the reader could see stays unless cleared.
    kept = [r for r in new.reasons if r in ("missing_wish", "unsafe_item", "cash_wish", "withdrawn", "out_of_area") and r not in gone]
    new.reasons = kept
    new.doubts = [d for d in new.doubts if d not in gone and d != "age_unsure"]
    new.warnings = [w for w in new.warnings if w not in gone]
    if gone & {"row_unsure", "wish_cut_unsure", "place_unsure", "item_unsure", "item_unknown", "price_unreadable"}:
        new.traces = {k: (t._replace(confidence=1.0) if t.confidence < rules.park_below or k in ("item", "price") else t) for k, t in new.traces.items()}
    judge(new, rules)
    waived = set(correction.cleared) & set(new.reasons)
    if waived:
        new.reasons = [r for r in new.reasons if r not in waived]
    still = [d for d in new.doubts if d not in gone]
    new.doubts = still
    if not new.reasons:
        new.status = "parked" if still else "accepted"
        new.confidence = new.confidence if still else max(new.confidence, rules.park_below)
    return new


def confirmed_by_phone(reading: FileReading, consents: Iterable[str], rules: CampaignRules, *, evidence: str) -> list[Entry]:
    """Entries whose recorded answer is one of ``consents`` (e.g. 口头同意), taken as consented on a person's word; the rest is left out.

    ``evidence`` says who confirmed it and when. Changes nothing in ``reading``.
    """
    wanted = {tight(c) for c in consents}
    changed = []
    for entry in reading.entries:
        if entry.consent == "no" and "no_consent" in entry.reasons and tight(entry.consent_text) in wanted:
            new = corrected(entry, Correction(entry.key, {"consent": "yes"}), rules)
            new.traces["consent"] = Trace(entry.cell, entry.consent_text, evidence, 1.0)
            changed.append(new)
    return changed


def taught_column(memory: SenderMemory | None, title: str, role: str) -> SenderMemory:
    """The sender's memory with one more title whose role a coordinator set. Source: the resolution centre."""
    roles = dict(memory.roles) if memory else {}
    roles[title_key(title)] = role
    return replace(memory, roles=roles) if memory else SenderMemory(roles=roles)


def taught_item(entry: Entry, item: str) -> Addition:
    """The word a coordinator teaches by saying that this entry's thing is ``item``."""
    return Addition("items", item, entry.item or tight(entry.raw))


@dataclass(slots=True)
class Revision:
    """What a newer file of the same sender would change: keys of entries, new ones first."""

    added: list[str] = field(default_factory=list)
    changed: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)
    """(new entry, old entry, fields that differ)."""
    withdrawn: list[str] = field(default_factory=list)
    """Entries of the older file that the newer one no longer has."""
    same: list[tuple[str, str]] = field(default_factory=list)


_COMPARED = (
    "gender", "birth", "county", "town", "village", "guardian", "phone", "types", "item", "size", "qty", "price_low", "price_high", "consent",
    "status",
)


def revision(old: FileReading, new: FileReading) -> Revision:
    """Compare two files of one sender wish by wish: same child and item, else same child and place in its list. Changes nothing."""
    result = Revision()
    left: dict[tuple[str | None, str | None], list[Entry]] = {}
    for entry in old.entries:
        left.setdefault((entry.child, entry.item), []).append(entry)
    waiting: list[Entry] = []
    for entry in new.entries:
        same = left.get((entry.child, entry.item))
        if same:
            _compare(result, same.pop(0), entry)
        else:
            waiting.append(entry)
    by_child: dict[str | None, list[Entry]] = {}
    for entries in left.values():
        for entry in entries:
            by_child.setdefault(entry.child, []).append(entry)
    for entry in waiting:
        others = by_child.get(entry.child) if entry.child else None
        if others:
            _compare(result, others.pop(0), entry)
        else:
            result.added.append(entry.key)
    result.withdrawn = [e.key for entries in by_child.values() for e in entries]
    return result


def _compare(result: Revision, old: Entry, new: Entry) -> None:
    fields = tuple(name for name in _COMPARED if getattr(old, name) != getattr(new, name))
    if fields:
        result.changed.append((new.key, old.key, fields))
    else:
        result.same.append((new.key, old.key))
