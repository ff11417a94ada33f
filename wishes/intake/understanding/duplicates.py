"""The same wish of the same child in several lines or files, and who lives in one household.

Which lines speak of one child is told by :mod:`wishes.intake.understanding.samechild`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from wishes.intake.understanding.many import without_looking_for_cycles
from wishes.intake.understanding.model import Entry, FileReading
from wishes.intake.understanding.samechild import Child, KnownChild, Unions, same_children
from wishes.intake.understanding.text import simple


@dataclass(frozen=True, slots=True)
class Repeat:
    """``entry`` repeats ``of`` (an entry's key, or the key of a stored wish). ``kind`` is same_file, across_files, mistyped_name,
    file_sent_twice or stored."""

    entry: str
    of: str
    kind: str
    confidence: float


@dataclass(slots=True)
class Duplicates:
    """``children`` groups the keys of lines that are one child, ``households`` those of children who share guardian and phone;
    who is alone is left out. ``maybe`` holds pairs of entries that a person should compare."""

    repeats: list[Repeat] = field(default_factory=list)
    children: list[list[str]] = field(default_factory=list)
    households: list[list[str]] = field(default_factory=list)
    maybe: list[Repeat] = field(default_factory=list)
    known_children: dict[str, str] = field(default_factory=dict)
    """Entry key to the key of the stored child it belongs to."""
    lines: list[Child] = field(default_factory=list)
    """Every line that has several entries or is one child with other lines, nameless ones included."""
    repeated: list[tuple[Entry, str]] = field(default_factory=list)
    """The entries of ``repeats``, with the key each repeats."""


@without_looking_for_cycles()
def find_duplicates(
    readings: Sequence[FileReading], existing: Iterable[KnownChild] = (), *, year: int | None = None
) -> Duplicates:
    """Compare all lines of all files with each other and with what is stored. Changes nothing; see :func:`mark_duplicates`.

    ``year`` is the campaign's (else that of the readings): with it an age in one file can be held against a birth in another.
    """
    year = year or next((reading.year for reading in readings if reading.year), None)
    lines, nameless = _lines(readings)
    lines += [
        Child(at, simple(known.name), known.as_entry(), [], known) for at, known in enumerate(existing, len(lines))
    ]
    verdicts = same_children(lines, year)
    groups = _groups(lines, verdicts.of)
    found = Duplicates(lines=[line for line in nameless if len(line.entries) > 1])
    copies = _copies(readings)
    for group in groups:
        if len(group) == 1 and len(group[0].entries) < 2 and group[0].known is None:
            continue
        _repeats(group, found, copies, verdicts.mistyped)
        found.lines += [child for child in group if child.known is None]
        if len(group) > 1:
            found.children.append([child.key for child in group])
            stored = next((child.known for child in group if child.known is not None), None)
            if stored is not None:
                found.known_children.update({e.key: stored.key for c in group for e in c.entries})
    for first, second in verdicts.weak:
        _compare_by_hand(first, second, found)
    found.households = _households(groups)
    return found


def _compare_by_hand(first: Child, second: Child, found: Duplicates) -> None:
    for a in first.entries:
        for b in second.entries:
            if a.item and a.item == b.item and a.status != "rejected" and b.status != "rejected":
                found.maybe.append(Repeat(b.key, a.key, "maybe", 0.5))
    stored = first.known or second.known
    if stored is not None:
        found.maybe += [
            Repeat(entry.key, of, "maybe", 0.5)
            for entry in (*first.entries, *second.entries)
            for of, item in stored.wishes
            if entry.item == item and entry.status != "rejected"
        ]


def mark_duplicates(readings: Iterable[FileReading], found: Duplicates) -> None:
    """Write ``duplicate_of`` into the entries that were compared."""
    for reading in readings:
        for entry in reading.entries:
            entry.duplicate_of = None
    for entry, of in found.repeated:
        entry.duplicate_of = of


def _lines(readings: Sequence[FileReading]) -> tuple[list[Child], list[Child]]:
    """The lines that name a child, and those that name none."""
    lines: list[Child] = []
    nameless: list[Child] = []
    for reading in readings:
        by_row: dict[tuple[str, int, str | None], Child] = {}
        for entry in reading.entries:
            place = (entry.sheet, entry.child_row, entry.child)
            line = by_row.get(place)
            if line is not None:
                line.entries.append(entry)
            elif entry.child:
                by_row[place] = line = Child(len(lines), simple(entry.child), entry, [entry])
                lines.append(line)
            else:
                by_row[place] = line = Child(-1, "", entry, [entry])
                nameless.append(line)
    return lines, nameless


def _groups(lines: Sequence[Child], joined: Unions) -> list[list[Child]]:
    groups: dict[int, list[Child]] = {}
    for line, parent in zip(lines, joined.parent, strict=True):
        root = parent if parent == line.index else joined.root(line.index)
        if root in groups:
            groups[root].append(line)
        else:
            groups[root] = [line]
    return list(groups.values())


# ── the same wish ────────────────────────────────────────────────────────────────────────────────────────────


def _repeats(group: list[Child], found: Duplicates, copies: dict[str, str], mistyped: set[int]) -> None:
    """Within one child, each wish counts once; the first accepted one is kept."""
    if len(group) == 1 and len({e.item or e.raw for e in group[0].entries}) == len(group[0].entries):
        return

    def repeat(entry: Entry, of: str, kind: str, confidence: float) -> None:
        found.repeats.append(Repeat(entry.key, of, kind, confidence))
        found.repeated.append((entry, of))

    stored: dict[str, str] = {}
    for child in group:
        if child.known is not None:
            stored.update({item: key for key, item in child.known.wishes})
    entries = [(c, e) for c in sorted(group, key=lambda c: c.index) for e in c.entries]
    by_item: dict[str, list[tuple[Child, Entry]]] = defaultdict(list)
    for child, entry in entries:
        by_item[entry.item or f"?{entry.raw}"].append((child, entry))
    for item, same in by_item.items():
        if item in stored:
            for _, entry in same:
                if entry.status != "rejected":
                    repeat(entry, stored[item], "stored", 0.95)
            continue
        live = [(c, e) for c, e in same if e.status != "rejected"]
        if live:
            keeper_child, keeper = next(((c, e) for c, e in live if e.status == "accepted"), live[0])
            for child, entry in live:
                if entry is keeper or (
                    entry.row == keeper.row
                    and entry.cell == keeper.cell
                    and entry.file == keeper.file
                    and entry.sheet == keeper.sheet
                ):
                    continue
                kind = "same_file" if child.told.file == keeper_child.told.file else "across_files"
                if copies.get(child.told.file) == keeper_child.told.file:
                    kind = "file_sent_twice"
                elif child.index in mistyped and child.name != keeper_child.name:
                    kind = "mistyped_name"
                repeat(entry, keeper.key, kind, 0.9 if kind == "mistyped_name" else 0.97)
        # A rejected line counts as a repeat only where the whole file was sent again.
        dead: dict[str, Entry] = {}
        for child, entry in same:
            if entry.status == "rejected":
                original = dead.get(copies.get(child.told.file, ""))
                if original is not None:
                    repeat(entry, original.key, "file_sent_twice", 0.97)
                dead.setdefault(child.told.file, entry)


def _copies(readings: Sequence[FileReading]) -> dict[str, str]:
    """Files that repeat (nearly) all of an earlier one: copy to original."""
    earlier: list[tuple[str, int]] = []
    seen_in: dict[tuple[str | None, str | None, str], list[int]] = defaultdict(list)
    copies: dict[str, str] = {}
    for reading in readings:
        lines = {(e.child, e.birth, e.raw) for e in reading.entries}
        if len(lines) < 3:
            continue
        shared = Counter([at for line in lines if line in seen_in for at in seen_in[line]])
        for at in sorted(shared):
            file, size = earlier[at]
            if shared[at] >= 0.7 * min(len(lines), size):
                copies[reading.file] = file
                break
        for line in lines:
            seen_in[line].append(len(earlier))
        earlier.append((reading.file, len(lines)))
    return copies


def _households(groups: Sequence[list[Child]]) -> list[list[str]]:
    """Children who share a phone, or a guardian in one village: one household each."""
    homes = Unions(len(groups))
    first_with: dict[tuple[str | None, ...], int] = {}
    for index, group in enumerate(groups):
        for child in group:
            told = child.told
            marks: list[tuple[str | None, ...]] = [(phone, told.guardian) for phone in told.phone]
            if told.guardian and told.village and told.town:
                marks.append((told.town, told.village, told.guardian))
            for mark in marks:
                first = first_with.setdefault(mark, index)
                if first != index:
                    homes.join(first, index)
    members: dict[int, list[int]] = {}
    for index, parent in enumerate(homes.parent):
        members.setdefault(parent if parent == index else homes.root(index), []).append(index)
    return [[groups[index][0].key for index in home] for home in members.values() if len(home) > 1]
