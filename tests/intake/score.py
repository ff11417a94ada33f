"""Compare entries with a labelled sample, exactly as the sample says: dates may only gain a day, phones are sets, items are loose."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FIELDS = (
    "child",
    "gender",
    "birth",
    "age",
    "county",
    "town",
    "village",
    "guardian",
    "phone",
    "types",
    "item",
    "category",
    "need",
    "size_kind",
    "size",
    "qty",
    "price_low",
    "price_high",
    "consent",
    "visit",
    "recno",
)


@dataclass
class Score:
    """Shares between 0 and 1; ``wrong`` lists the differences for people."""

    f1: float = 0.0
    status: float = 0.0
    fields: dict[str, float] = field(default_factory=dict)
    duplicate_precision: float = 1.0
    duplicate_recall: float = 1.0
    parked: float = 0.0
    false_acceptances: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    entries: int = 0


def load_truth(path: Path) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """(expected entry by key, the whole object)."""
    whole = json.loads(path.read_text("utf-8"))
    expected = {}
    for entry in whole["files"]:
        for row in entry["rows"]:
            values = dict(zip(whole["columns"], row, strict=True))
            expected[f"{entry['file']}|{values['sheet']}|{values['cell']}|{values['part']}"] = values
    return expected, whole


def score(objects: Iterable[Mapping[str, Any]], truth: Path) -> Score:
    """Score the entries (as :meth:`Entry.to_object` gives them) of the labelled files; others are left out."""
    expected, whole = load_truth(truth)
    files = {entry["file"] for entry in whole["files"]}
    found = {_key(o): o for o in objects if o["file"] in files}
    result = Score(entries=len(expected))
    both = [k for k in expected if k in found]
    result.f1 = 2 * len(both) / (len(expected) + len(found)) if expected or found else 1.0
    result.wrong += [f"missing {k}" for k in expected if k not in found]
    result.wrong += [f"invented {k}: {found[k]['raw']}" for k in found if k not in expected]
    right_status = 0
    right = dict.fromkeys(FIELDS, 0)
    for key in both:
        want, got = expected[key], found[key]
        same = want["status"] == got["status"] and (
            want["status"] == "accepted" or bool(set(want["reasons"]) & set(got["reasons"]))
        )
        right_status += same
        if not same:
            result.wrong.append(
                f"status {key}: {want['status']} {want['reasons']} / {got['status']} {got['reasons']} {got['raw']}"
            )
        if got["status"] == "accepted" and set(want["reasons"]) & {"unsafe_item", "cash_wish", "no_consent"}:
            result.false_acceptances.append(key)
        for name in FIELDS:
            if _equal(name, want[name], got[name]):
                right[name] += 1
            else:
                result.wrong.append(f"{name} {key}: {want[name]!r} / {got[name]!r} ({want['raw']})")
    result.status = right_status / max(len(both), 1)
    result.fields = {name: n / max(len(both), 1) for name, n in right.items()}
    result.parked = sum(1 for o in found.values() if o["status"] == "parked") / max(len(found), 1)
    wanted = {frozenset(pair[:2]) for pair in whole["duplicates"]}
    pairs = {
        frozenset((_key(o), o["duplicate_of"]))
        for o in found.values()
        if o["duplicate_of"] and o["duplicate_of"].split("|")[0] in files
    }
    result.duplicate_precision = len(pairs & wanted) / len(pairs) if pairs else 1.0
    result.duplicate_recall = len(pairs & wanted) / len(wanted) if wanted else 1.0
    result.wrong += [f"duplicate missed {sorted(p)}" for p in wanted - pairs]
    result.wrong += [f"duplicate invented {sorted(p)}" for p in pairs - wanted]
    return result


def _key(entry: Mapping[str, Any]) -> str:
    return f"{entry['file']}|{entry['sheet']}|{entry['cell']}|{entry['part']}"


def _equal(name: str, want: Any, got: Any) -> bool:
    if name in ("phone", "types"):
        return set(want or ()) == set(got or ())
    if name in ("price_low", "price_high", "size") and want is not None and got is not None:
        return abs(float(want) - float(got)) < 0.005
    if name == "birth" and want and got:
        return want == got or (len(want) == 7 and got.startswith(want) and len(got) == 10)
    if name == "consent":
        return (want in ("yes", "batch")) == (got in ("yes", "batch"))
    if name == "item":
        return _alike(want, got)
    return bool(want == got) or (want in (None, "") and got in (None, ""))


def _alike(want: str | None, got: str | None) -> bool:
    if not want or not got:
        return not want and not got
    want, got = want.strip("《》"), got.strip("《》")
    return want in got or got in want or difflib.SequenceMatcher(None, want, got).ratio() >= 0.4
