"""The same child in several lines or files, the same wish of the same child, and who lives in one household.

A child may come from its school and from its township, with another guardian and phone, or with a mistyped character in its
name. Namesakes and twins are kept apart: a name alone never makes two lines one child.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from wishes.intake.understanding.many import without_looking_for_cycles
from wishes.intake.understanding.model import Entry, FileReading
from wishes.intake.understanding.text import simple


@dataclass(frozen=True, slots=True)
class KnownChild:
    """A child already stored, with the items already wished for. ``key`` is the caller's own."""

    key: str
    name: str
    sex: str | None = None
    birth: str | None = None
    county: str | None = None
    town: str | None = None
    guardian: str | None = None
    phones: tuple[str, ...] = ()
    village: str | None = None
    wishes: tuple[tuple[str, str], ...] = ()
    """(the caller's key of the wish, item)."""


@dataclass(slots=True)
class Child:
    """One child as one line (or card) names it, with its entries."""

    index: int
    file: str
    name: str
    sex: str | None
    birth: str | None
    age: int | None
    county: str | None
    town: str | None
    village: str | None
    guardian: str | None
    phones: frozenset[str]
    recno: str | None
    entries: list[Entry] = field(default_factory=list)
    known: KnownChild | None = None
    key: str = ""
    """The stored child's, or its first entry's."""

    @property
    def items(self) -> set[str]:
        return {e.item for e in self.entries if e.item} | ({i for _, i in self.known.wishes} if self.known else set())


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
    """``children`` groups the indexes of lines that are one child, ``households`` the groups that share guardian and phone.
    ``maybe`` holds pairs of entries that a person should compare."""

    repeats: list[Repeat] = field(default_factory=list)
    children: list[list[str]] = field(default_factory=list)
    households: list[list[str]] = field(default_factory=list)
    maybe: list[Repeat] = field(default_factory=list)
    known_children: dict[str, str] = field(default_factory=dict)
    """Entry key to the key of the stored child it belongs to."""


@without_looking_for_cycles()
def find_duplicates(
    readings: Sequence[FileReading], existing: Iterable[KnownChild] = (), *, year: int | None = None
) -> Duplicates:
    """Compare all lines of all files with each other and with what is stored. Changes nothing; see :func:`mark_duplicates`.

    ``year`` is the campaign's (else that of the readings): with it an age in one file can be held against a birth in another.
    """
    year = year or next((reading.year for reading in readings if reading.year), None)
    lines = _lines(readings)
    for known in existing:
        lines.append(Child(
            len(lines), "", simple(known.name), known.sex, known.birth, None, known.county, known.town, known.village, known.guardian,
            frozenset(known.phones), None, [], known, known.key,
        ))
    groups, weak, mistyped = _group(lines, year)
    copies = _copies(readings)
    found = Duplicates()
    for group in groups:
        _repeats(group, found, copies, mistyped)
        found.children.append([child.key for child in group])
        stored = group[0].known if len(group) == 1 else next((c.known for c in group if c.known is not None), None)
        if stored is not None:
            found.known_children.update({e.key: stored.key for c in group for e in c.entries})
    for first, second in weak:
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
    found.households = _households(groups)
    return found


def mark_duplicates(readings: Iterable[FileReading], found: Duplicates) -> None:
    """Write ``duplicate_of`` into the entries."""
    of = {r.entry: r.of for r in found.repeats}
    for reading in readings:
        for entry in reading.entries:
            entry.duplicate_of = of.get(entry.key)


def _lines(readings: Sequence[FileReading]) -> list[Child]:
    lines: list[Child] = []
    for reading in readings:
        by_row: dict[tuple[str, int, str | None], Child] = {}
        for entry in reading.entries:
            if not entry.child:
                continue
            place = (entry.sheet, entry.child_row, entry.child)
            line = by_row.get(place)
            if line is None:
                line = by_row[place] = Child(
                    len(lines), reading.file, simple(entry.child), entry.gender, entry.birth, entry.age, entry.county, entry.town, entry.village,
                    entry.guardian, frozenset(entry.phone), entry.recno, key=entry.key,
                )
                lines.append(line)
            line.entries.append(entry)
    return lines


# ── the same child ───────────────────────────────────────────────────────────────────────────────────────────


def _group(lines: list[Child], year: int | None) -> tuple[list[list[Child]], list[tuple[Child, Child]], set[int]]:
    """(groups of lines that are one child, pairs that may be, indexes joined by a mistyped name)."""
    parent = list(range(len(lines)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    weak: list[tuple[Child, Child]] = []
    by_name: dict[str, list[Child]] = defaultdict(list)
    for line in lines:
        by_name[line.name].append(line)
    for namesakes in [n for n in by_name.values() if len(n) > 1]:
        for at, first in enumerate(namesakes):
            for second in namesakes[at + 1 :]:
                verdict = _same_name(first, second, year)
                if verdict == "same":
                    parent[root(second.index)] = root(first.index)
                elif verdict == "maybe":
                    weak.append((first, second))
    mistyped: set[int] = set()
    names_of: dict[str, set[tuple[str, str | None]]] = defaultdict(set)
    for line in lines:
        names_of[line.file].add((line.name, line.town))
    buckets: dict[tuple[str, ...], list[Child]] = defaultdict(list)
    for line in lines:
        town = line.town
        for phone in line.phones:
            buckets[(phone,)].append(line)
        if line.guardian and town:
            buckets["guardian", town, line.guardian].append(line)
        if line.birth and len(line.birth) == 10 and town:
            buckets[town, line.birth].append(line)
    done: set[tuple[int, int]] = set()
    for bucket in [b for b in buckets.values() if 1 < len(b) <= 60]:
        for at, first in enumerate(bucket):
            for second in bucket[at + 1 :]:
                pair = (first.index, second.index)
                if pair in done or first.name == second.name:
                    continue
                done.add(pair)
                verdict = _mistyped(first, second, names_of, year)
                if verdict == "same" and root(first.index) != root(second.index):
                    parent[root(second.index)] = root(first.index)
                    mistyped |= {first.index, second.index}
                elif verdict == "maybe":
                    weak.append((first, second))
    groups: dict[int, list[Child]] = defaultdict(list)
    for line in lines:
        groups[root(line.index)].append(line)
    return list(groups.values()), weak, mistyped


def _births(first: Child, second: Child, year: int | None) -> str:
    """``equal`` (to the month at least), ``year``, ``age`` (a birth and an age that agree), ``unknown`` or ``differ``."""
    a, b = first.birth, second.birth
    if a and b:
        if a == b:
            return "equal" if len(a) >= 7 else "year"
        short, long = sorted((a, b), key=len)
        if long.startswith(short) and len(short) < len(long):
            return "equal" if len(short) >= 7 else "year"
        return "differ"
    known, age = (a, second.age) if a else (b, first.age)
    if known and age is not None and year is not None:
        # Counted at some time of the campaign's year or the one before it, by birthdays or by calendar years.
        return "age" if -1 <= year - int(known[:4]) - age <= 1 else "differ"
    if first.age is not None and second.age is not None and not a and not b:
        return "age" if abs(first.age - second.age) <= 1 else "differ"
    return "unknown"


def _same_name(first: Child, second: Child, year: int | None) -> str:
    """``same``, ``maybe`` or ``other`` for two lines with the same name."""
    if first.file == second.file and first.entries and second.entries and first.entries[0].child_row == second.entries[0].child_row and first.entries[0].sheet == second.entries[0].sheet:
        return "same"
    near = _near(first, second)
    births = _births(first, second, year)
    family = bool(first.phones & second.phones) or (first.guardian is not None and first.guardian == second.guardian)
    sexes = not (first.sex and second.sex and first.sex != second.sex)
    if first.recno and first.recno == second.recno:
        return "same"
    if near == "far" and not (family and births == "equal"):
        return "other"
    if births == "differ":
        # A slip in the birth is likelier than two children of one name in one household.
        return "maybe" if family and near == "near" and sexes else "other"
    if births == "equal":
        if sexes or family:
            return "same" if near == "near" or family else "maybe"
        return "maybe"
    if family:
        return "same"
    if not sexes:
        return "other"
    if first.file == second.file or near != "near":
        return "maybe" if births in ("year", "age") or first.items & second.items else "other"
    # Sent by school and township with another guardian each: the name, the age and the very same wish must do.
    same_village = first.village is not None and first.village == second.village
    alike = bool(first.items & second.items) or same_village
    if births in ("year", "age"):
        return "same" if alike else "maybe"
    return "same" if first.items & second.items and first.sex and first.sex == second.sex and len(first.name) >= 3 else "maybe"


def _near(first: Child, second: Child) -> str:
    """``near`` in one township, ``county`` where a township is unknown, else ``far``."""
    if first.town and second.town:
        return "near" if first.town == second.town else "far"
    if first.county and second.county and first.county != second.county:
        return "far"
    return "county"


def _mistyped(first: Child, second: Child, names_of: dict[str, set[tuple[str, str | None]]], year: int | None) -> str:
    """Whether two different names are one, a character mistyped. Only across files: within one file it is a sister or brother."""
    if first.file == second.file or not _one_slip(first.name, second.name):
        return "other"
    if first.sex and second.sex and first.sex != second.sex:
        return "other"
    # Where the other file has this very name too, the lines are twins, not a slip.
    if (second.name, first.town) in names_of[first.file] or (first.name, second.town) in names_of[second.file]:
        return "other"
    if _near(first, second) == "far":
        return "other"
    births = _births(first, second, year)
    if births == "differ":
        return "other"
    phone = bool(first.phones & second.phones)
    guardian = first.guardian is not None and first.guardian == second.guardian
    if births == "equal" and (phone or guardian):
        return "same"
    if births in ("age", "year", "unknown") and phone and guardian:
        return "same"
    if births == "equal" and len(first.birth or "") == 10 and len(second.birth or "") == 10 and first.items & second.items:
        return "same" if first.sex and first.sex == second.sex else "maybe"
    if (phone or guardian) and first.items & second.items:
        return "same" if births == "age" else "maybe"
    return "other"


def _one_slip(a: str, b: str) -> bool:
    """One character replaced, or two neighbours swapped, or one left out; names of at least two characters."""
    if min(len(a), len(b)) < 2 or abs(len(a) - len(b)) > 1:
        return False
    if len(a) == len(b):
        wrong = [i for i, (x, y) in enumerate(zip(a, b, strict=True)) if x != y]
        if len(wrong) == 1:
            return True
        return len(wrong) == 2 and a[wrong[0]] == b[wrong[1]] and a[wrong[1]] == b[wrong[0]] and wrong[0] > 0
    short, long = sorted((a, b), key=len)
    return len(short) >= 2 and short[0] == long[0] and any(long[:i] + long[i + 1 :] == short for i in range(1, len(long)))


# ── the same wish ────────────────────────────────────────────────────────────────────────────────────────────


def _repeats(group: list[Child], found: Duplicates, copies: dict[str, str], mistyped: set[int]) -> None:
    """Within one child, each wish counts once; the first accepted one is kept."""
    if len(group) == 1 and len({e.item or e.raw for e in group[0].entries}) == len(group[0].entries):
        return
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
            found.repeats += [Repeat(e.key, stored[item], "stored", 0.95) for _, e in same if e.status != "rejected"]
            continue
        live = [(c, e) for c, e in same if e.status != "rejected"]
        if live:
            keeper_child, keeper = next(((c, e) for c, e in live if e.status == "accepted"), live[0])
            for child, entry in live:
                if entry is keeper or (entry.row == keeper.row and entry.cell == keeper.cell and entry.file == keeper.file and entry.sheet == keeper.sheet):
                    continue
                kind = "same_file" if child.file == keeper_child.file else "across_files"
                if copies.get(child.file) == keeper_child.file:
                    kind = "file_sent_twice"
                elif child.index in mistyped and child.name != keeper_child.name:
                    kind = "mistyped_name"
                found.repeats.append(Repeat(entry.key, keeper.key, kind, 0.9 if kind == "mistyped_name" else 0.97))
        # A rejected line counts as a repeat only where the whole file was sent again.
        dead: dict[str, Entry] = {}
        for child, entry in same:
            if entry.status == "rejected":
                original = dead.get(copies.get(child.file, ""))
                if original is not None:
                    found.repeats.append(Repeat(entry.key, original.key, "file_sent_twice", 0.97))
                dead.setdefault(child.file, entry)


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


def _households(groups: list[list[Child]]) -> list[list[str]]:
    """Children who share a phone, or a guardian in one village: one household each."""
    parent = list(range(len(groups)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    seen: dict[tuple[str | None, ...], int] = {}
    for index, group in enumerate(groups):
        for child in group:
            marks: list[tuple[str | None, ...]] = [(phone, child.guardian) for phone in child.phones]
            if child.guardian and child.village and child.town:
                marks.append((child.town, child.village, child.guardian))
            for mark in marks:
                first = seen.setdefault(mark, index)
                if first != index:
                    parent[root(index)] = root(first)
    homes: dict[int, list[int]] = defaultdict(list)
    for index in range(len(groups)):
        homes[root(index)].append(index)
    return [[groups[index][0].key for index in home] for home in homes.values() if len(home) > 1]
