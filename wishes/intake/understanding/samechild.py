"""Whether lines of any files speak of one child, who may be sent by its school and by its township, with another guardian and
phone, or with a mistyped character in its name. A name alone never makes two lines one child.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, combinations, pairwise

from wishes.intake.understanding.model import Entry

_MANY = 60
"""A phone or guardian of more lines than this is an office's, not a family's."""


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

    def as_entry(self) -> Entry:
        """What is known of the child, as a line would tell it."""
        return Entry(
            "",
            "",
            "",
            1,
            0,
            child=self.name,
            gender=self.sex,
            birth=self.birth,
            county=self.county,
            town=self.town,
            village=self.village,
            guardian=self.guardian,
            phone=self.phones,
        )


@dataclass(slots=True)
class Child:
    """One child as one line (or card) names it, or as it is stored. ``name`` is in simplified characters; ``told`` is an entry
    that tells of the child, the first of ``entries`` where it has some."""

    index: int
    name: str
    told: Entry
    entries: list[Entry] = field(default_factory=list)
    known: KnownChild | None = None

    @property
    def key(self) -> str:
        """The stored child's, or its first entry's."""
        return self.told.key if self.known is None else self.known.key

    @property
    def items(self) -> set[str]:
        return {e.item for e in self.entries if e.item} | ({i for _, i in self.known.wishes} if self.known else set())


class Unions:
    """Which of so many numbers belong together."""

    def __init__(self, size: int) -> None:
        self.parent = list(range(size))

    def root(self, index: int) -> int:
        parent = self.parent
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    def join(self, first: int, second: int) -> bool:
        """Join two; False where they were together already."""
        one, other = self.root(first), self.root(second)
        self.parent[other] = one
        return one != other


@dataclass(slots=True)
class Verdicts:
    """``of`` joins the lines of one child by their index; ``weak`` are pairs that may be one; ``mistyped`` the indexes of lines
    joined although their names differ."""

    of: Unions
    weak: list[tuple[Child, Child]] = field(default_factory=list)
    mistyped: set[int] = field(default_factory=set)


def same_children(lines: Sequence[Child], year: int | None) -> Verdicts:
    """Judge every two lines that share a name, a phone, a guardian or a birthday in one township. ``year`` is the campaign's."""
    found = Verdicts(Unions(len(lines)))
    for namesakes in shared((line.name, line) for line in lines):
        for first, second in _pairs(namesakes):
            verdict = _same_name(first, second, year)
            if verdict == "same":
                found.of.join(first.index, second.index)
            elif verdict == "maybe":
                found.weak.append((first, second))
    alike = _Names(lines)
    done: set[tuple[int, int]] = set()
    near = [*shared(_phones(lines)), *shared(_guardians(lines)), *shared(_birthdays(lines))]
    for bucket in sorted((b for b in near if len(b) <= _MANY), key=lambda bucket: bucket[0].index):
        for first, second in combinations(bucket, 2):
            pair = (first.index, second.index)
            # Within one file it is a sister or a brother.
            if first.told.file == second.told.file or first.name == second.name or pair in done:
                continue
            done.add(pair)
            verdict = _mistyped(first, second, alike, year)
            if verdict == "same" and found.of.join(first.index, second.index):
                found.mistyped |= {first.index, second.index}
            elif verdict == "maybe":
                found.weak.append((first, second))
    return found


def _pairs(namesakes: Sequence[Child]) -> Iterable[tuple[Child, Child]]:
    """Every two of them; of a name that very many lines have (王某某) those that have more in common."""
    if len(namesakes) <= _MANY:
        return combinations(namesakes, 2)
    near = [*shared(_phones(namesakes)), *shared(_guardians(namesakes)), *shared(_birthdays(namesakes))]
    return chain.from_iterable(combinations(bucket, 2) if len(bucket) <= _MANY else pairwise(bucket) for bucket in near)


def shared(marked: Iterable[tuple[Hashable, Child]]) -> list[list[Child]]:
    """The lines that have a mark in common with another line, by mark."""
    first: dict[Hashable, Child] = {}
    several: dict[Hashable, list[Child]] = {}
    for mark, line in marked:
        before = first.setdefault(mark, line)
        if before is not line:
            several.setdefault(mark, [before]).append(line)
    return list(several.values())


def _phones(lines: Iterable[Child]) -> Iterator[tuple[Hashable, Child]]:
    return ((phone, line) for line in lines for phone in line.told.phone)


def _guardians(lines: Iterable[Child]) -> Iterator[tuple[Hashable, Child]]:
    return (((told.town, told.guardian), line) for line in lines if (told := line.told).guardian and told.town)


def _birthdays(lines: Iterable[Child]) -> Iterator[tuple[Hashable, Child]]:
    return (
        ((told.town, told.birth), line)
        for line in lines
        if (told := line.told).birth and len(told.birth) == 10 and told.town
    )


class _Names:
    """The names in each file with their townships, gathered when they are asked for."""

    def __init__(self, lines: Iterable[Child]) -> None:
        self._lines: dict[str, list[Child]] = defaultdict(list)
        for line in lines:
            self._lines[line.told.file].append(line)
        self._known: dict[str, set[tuple[str, str | None]]] = {}

    def of(self, file: str) -> set[tuple[str, str | None]]:
        if (known := self._known.get(file)) is None:
            known = self._known[file] = {(line.name, line.told.town) for line in self._lines[file]}
        return known


def _births(first: Entry, second: Entry, year: int | None) -> str:
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


def _same_name(one: Child, other: Child, year: int | None) -> str:
    """``same``, ``maybe`` or ``other`` for two lines with the same name."""
    first, second = one.told, other.told
    if (
        one.entries
        and other.entries
        and (first.file, first.sheet, first.child_row) == (second.file, second.sheet, second.child_row)
    ):
        return "same"
    near = _near(first, second)
    births = _births(first, second, year)
    family = _same_phone(first, second) or (first.guardian is not None and first.guardian == second.guardian)
    sexes = not (first.gender and second.gender and first.gender != second.gender)
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
        return "maybe" if births in ("year", "age") or one.items & other.items else "other"
    # Sent by school and township with another guardian each: the name, the age and the very same wish must do.
    same_village = first.village is not None and first.village == second.village
    alike = bool(one.items & other.items) or same_village
    if births in ("year", "age"):
        return "same" if alike else "maybe"
    return (
        "same"
        if one.items & other.items and first.gender and first.gender == second.gender and len(one.name) >= 3
        else "maybe"
    )


def _same_phone(first: Entry, second: Entry) -> bool:
    return not set(first.phone).isdisjoint(second.phone)


def _near(first: Entry, second: Entry) -> str:
    """``near`` in one township, ``county`` where a township is unknown, else ``far``."""
    if first.town and second.town:
        return "near" if first.town == second.town else "far"
    if first.county and second.county and first.county != second.county:
        return "far"
    return "county"


def _mistyped(one: Child, other: Child, names: _Names, year: int | None) -> str:
    """Whether two different names in two files are one, a character mistyped."""
    first, second = one.told, other.told
    if not _one_slip(one.name, other.name):
        return "other"
    if first.gender and second.gender and first.gender != second.gender:
        return "other"
    # Where the other file has this very name too, the lines are twins, not a slip.
    if (other.name, first.town) in names.of(first.file) or (one.name, second.town) in names.of(second.file):
        return "other"
    if _near(first, second) == "far":
        return "other"
    births = _births(first, second, year)
    if births == "differ":
        return "other"
    phone = _same_phone(first, second)
    guardian = first.guardian is not None and first.guardian == second.guardian
    if births == "equal" and (phone or guardian):
        return "same"
    if births in ("age", "year", "unknown") and phone and guardian:
        return "same"
    if births == "equal" and len(first.birth or "") == 10 and len(second.birth or "") == 10 and one.items & other.items:
        return "same" if first.gender and first.gender == second.gender else "maybe"
    if (phone or guardian) and one.items & other.items:
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
    return (
        len(short) >= 2 and short[0] == long[0] and any(long[:i] + long[i + 1 :] == short for i in range(1, len(long)))
    )
