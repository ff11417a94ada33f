"""The personal values of a loaded campaign, and finding them again in whatever an installation gives out.

A value counts as personal when it stands in a child's sealed identity or in a sealed reading: names of children and guardians, phones,
record numbers and IDs, birth dates with the day, schools, and addresses below the township. What also stands in the campaign's public
vocabulary (places, catalogue, word lists, templates, branches, volunteers), or names a sender (a school that sends a workbook, the teacher
in its file's name), cannot be told from it and is left out; so are two-character names that are words of that vocabulary or part of
one. :attr:`Personal.left_out` counts them, and the tests hold the count down.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlmodel import Session

from wishes.intake.sealing import open_entry, open_identity
from wishes.intake.tables import Child, ImportFile, ImportRow
from wishes.model import table_of
from wishes.protection.vault import Erased, Vault

_CHILD, _FILE, _ROW = table_of(Child), table_of(ImportFile), table_of(ImportRow)
_KEY = 2
"""Values are looked up by their first two characters; shorter ones are not searched for."""
_LEAST = {"name": 2, "guardian": 2, "phones": 7, "phone": 7, "recno": 6, "school": 5, "village": 5, "birth": 10}
_CJK_NAME = re.compile(r"[\u4e00-\u9fff]{2}")
_CJK = re.compile(r"[\u4e00-\u9fff]")


@dataclass
class Personal:
    """Values → the communities whose children they belong to."""

    values: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set), repr=False)
    kinds: dict[str, str] = field(default_factory=dict, repr=False)
    left_out: int = 0
    _index: dict[str, list[str]] = field(default_factory=dict, repr=False)

    def add(self, kind: str, value: object, community_id: int) -> None:
        text = str(value or "").strip()
        if len(text) >= _LEAST.get(kind, 99) and not (
            kind in ("phones", "phone", "recno") and not re.search(r"\d{5}", text)
        ):
            self.values[text].add(community_id)
            self.kinds.setdefault(text, kind)

    def settle(self, vocabulary: str) -> None:
        """Leave out what *vocabulary* says too, and make the index."""
        self._index_values()
        known = set(self.found(vocabulary, alone=False))
        self.left_out = len(known)
        for value in known:
            del self.values[value], self.kinds[value]
        self._index_values()

    def _index_values(self) -> None:
        self._index = {}
        for value in self.values:
            self._index.setdefault(value[:_KEY], []).append(value)

    def found(self, text: str, *, alone: bool = True) -> Iterator[str]:
        """The values that stand in *text*. ``alone``: a name of two characters only where no other Chinese character adjoins it, since
        two characters meet by chance in any sentence."""
        index = self._index
        for at in range(len(text) - 1):
            candidates = index.get(text[at : at + _KEY])
            if candidates:
                for value in candidates:
                    if text.startswith(value, at) and (not alone or self._stands_alone(value, text, at)):
                        yield value

    @staticmethod
    def _stands_alone(value: str, text: str, at: int) -> bool:
        after = at + len(value)
        if _CJK_NAME.fullmatch(value):
            return not (_CJK.match(text[at - 1 : at]) or _CJK.match(text[after : after + 1]))
        if value.isdecimal():
            return not (text[at - 1 : at].isdecimal() or text[after : after + 1].isdecimal())
        return True


def personal_values(session: Session, vault: Vault, vocabulary: Iterable[str]) -> Personal:
    """All that is known of children and guardians, out of its seals."""
    found = Personal()
    for row in session.execute(sa.select(_CHILD.c.id, _CHILD.c.community_id, _CHILD.c.data_key, _CHILD.c.identity)):
        try:
            identity = open_identity(vault, row.id, row.data_key, row.identity)
        except Erased:
            continue
        for kind in _LEAST:
            value = identity.get(kind)
            for one in value if isinstance(value, list) else [value]:
                found.add(kind, one, row.community_id)
    rows = session.execute(
        sa.select(_ROW.c.file_id, _ROW.c.sheet, _ROW.c.cell, _ROW.c.part, _ROW.c.reading, _FILE.c.community_id)
        .join(_FILE, _FILE.c.id == _ROW.c.file_id)
        .where(_ROW.c.reading.is_not(None))
    )
    for row in rows:
        entry = open_entry(vault, row.file_id, row.sheet, row.cell, row.part, row.reading)
        for kind, value in (
            ("name", entry.child),
            ("guardian", entry.guardian),
            ("village", entry.village),
            ("school", entry.school),
            ("recno", entry.recno),
            ("birth", entry.birth),
        ):
            found.add(kind, value, row.community_id or 0)
        for phone in entry.phone:
            found.add("phone", phone, row.community_id or 0)
    found.settle("\n".join(vocabulary))
    return found
