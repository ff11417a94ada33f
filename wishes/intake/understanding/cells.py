"""The cells of one line by what they tell, and what holds for all lines of a sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from wishes.intake.reading.grid import Value
from wishes.intake.understanding.lexicon import Lexicon
from wishes.intake.understanding.places import Address

PERSONAL = frozenset(
    (
        "name",
        "sex",
        "birth",
        "birth_month",
        "birth_day",
        "age",
        "id",
        "address",
        "village",
        "town",
        "county",
        "school",
        "guardian",
        "relation",
        "phone",
        "types",
        "flag_orphan",
        "flag_unattended",
        "flag_poor",
        "flag_disabled",
        "flag_left_behind",
        "flag_other",
        "visit",
        "recno",
        "consent",
        "remark",
        "unit_name",
    )
)
"""The roles that tell of the child."""
KINDS = ("orphan", "unattended", "poor", "disabled", "left_behind", "other")
"""The types of need, in the order they are told."""


@dataclass(slots=True)
class Context:
    """What holds for all rows of a sheet."""

    file: str
    sheet: str
    lexicon: Lexicon
    year: int
    newest_birth: int
    date1904: bool = False
    lossy_text: bool = False
    kind_codes: tuple[tuple[str, str], ...] = ()
    sex_codes: tuple[tuple[str, str], ...] = ()
    batch_consent: bool = False
    consent_unclear: bool = False
    """Whether the sheet speaks of consent, and nobody can tell by rule whether all lines have it."""
    consent_but: str = ""
    """What else the sheet says on consent that is missing: who is named there is asked about."""
    county: str | None = None
    town: str | None = None
    sender_old: bool = False
    village: str | None = None
    """The village, where the whole file is of one."""
    town_of_units: bool = False
    """Whether the sender's township is only that of most schools or units in the lines."""
    places_taught: Mapping[str, str] = field(default_factory=dict)
    """Townships by what this sender calls a place in them."""
    places_read: dict[tuple[str | None, ...], Address] = field(default_factory=dict)
    """What was made of the cells that tell of places, by their words."""


class Columns:
    """The columns of a table (or the pairs of a card) that tell of the child, by role; the same for all its lines."""

    __slots__ = ("by_role", "day_first", "disability", "flags", "last_first", "needs_cells", "needs_read", "several")

    def __init__(
        self,
        by_role: Mapping[str, Sequence[int]],
        day_first: bool | None = None,
        disability: frozenset[int] = frozenset(),
    ) -> None:
        self.by_role = by_role
        self.day_first = day_first
        """Whether 05/03/2014 is a day in March: what the title or the other births of the column say."""
        self.disability = disability
        """Columns of needs whose title says that what stands below it is a disability."""
        self.last_first = [(role, column) for role, columns in by_role.items() for column in reversed(columns)]
        self.several = frozenset(role for role, columns in by_role.items() if len(columns) > 1)
        self.flags = [(kind, "flag_" + kind) for kind in KINDS if "flag_" + kind in by_role]
        needs = [column for role in ("types", *(flag for _, flag in self.flags)) for column in by_role.get(role, ())]
        self.needs_cells = itemgetter(*needs) if needs else None
        self.needs_read: dict[str | tuple[str, ...], tuple[str, ...]] = {}
        """What was made of the cells that tell of needs, by their words."""


_NOWHERE: Mapping[int, str] = {}


class Cells:
    """The cells of one line, already free of 同上: ``texts`` and ``values`` by column.

    ``where`` names places that differ from row and column (a card's cells); ``said`` is the first filled cell of each role.
    """

    __slots__ = ("columns", "month_only", "row", "said", "texts", "values", "where")

    def __init__(
        self,
        row: int,
        texts: Sequence[str],
        values: Sequence[Value],
        columns: Columns,
        month_only: frozenset[int] = frozenset(),
        where: Mapping[int, str] = _NOWHERE,
    ) -> None:
        self.row, self.texts, self.values, self.columns, self.month_only, self.where = (
            row,
            texts,
            values,
            columns,
            month_only,
            where,
        )
        self.said = {role: text for role, column in columns.last_first if (text := texts[column])}

    def one(self, role: str) -> str:
        """The first filled cell of a role."""
        return self.said.get(role, "")

    def all(self, role: str) -> list[str]:
        """The filled cells of a role."""
        if role in self.columns.several:
            return [text for column in self.columns.by_role[role] if (text := self.texts[column])]
        return [self.said[role]] if role in self.said else []

    def column(self, role: str) -> int | None:
        """The column of a role's first filled cell."""
        if role in self.said:
            for column in self.columns.by_role[role]:
                if self.texts[column]:
                    return column
        return None
