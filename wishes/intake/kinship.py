"""Which entries speak of one child and which children share a household, as ids of the database once they have some.

What is one child is decided by :mod:`wishes.intake.understanding.duplicates`; here its answer meets what is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlmodel import Session

from wishes.intake.sealing import NAME_FIELD, open_identity
from wishes.intake.tables import Child, Community, ImportRow, Wish
from wishes.intake.understanding.duplicates import Duplicates, find_duplicates, mark_duplicates
from wishes.intake.understanding.many import without_looking_for_cycles
from wishes.intake.understanding.model import Entry, FileReading
from wishes.intake.understanding.samechild import KnownChild
from wishes.lifecycle import Status
from wishes.model import table_of
from wishes.protection.vault import Vault

_CHILD, _COMMUNITY = table_of(Child), table_of(Community)
_ROW, _WISH = table_of(ImportRow), table_of(Wish)
_GONE = (Status.CANCELLED, Status.REJECTED)


_original, _kept = _ROW.alias(), _WISH.alias()
_MERGED = (
    sa.select(_WISH.c.child_id, _kept.c.id, _WISH.c.item)
    .join(_ROW, _ROW.c.wish_id == _WISH.c.id)
    .join(_original, _original.c.id == _ROW.c.duplicate_of_id)
    .join(_kept, _kept.c.id == _original.c.wish_id)
    .where(_ROW.c.status == "duplicate", _WISH.c.status.in_(_GONE), _kept.c.status.not_in(_GONE))
    .order_by(_WISH.c.id)
)
"""Child, the wish that counts, and the thing, of wishes that were merged into another."""


@dataclass(frozen=True, slots=True)
class StoredChild:
    """A child of the database as the comparison needs it. ``known.key`` is the id, a wish's key is ``wish:<id>``."""

    child_id: int
    household_id: int
    known: KnownChild


@dataclass(slots=True)
class Kinship:
    """Labels of children and homes, and the ids they have. Storing fills in the ids of new ones.

    Of no further use after a transaction that was rolled back.
    """

    label_of_line: dict[tuple[str, str, int, str | None], str]
    home_of_label: dict[str, str]
    child_ids: dict[str, int] = field(default_factory=dict)
    household_ids: dict[str, int] = field(default_factory=dict)

    def label(self, entry: Entry) -> str:
        """The label of the entry's child."""
        return self.label_of_line.get(_line(entry), entry.key)

    def home(self, label: str) -> str:
        """The label of the child's household."""
        return self.home_of_label.get(label, f"home of {label}")


@without_looking_for_cycles()
def compare(readings: Sequence[FileReading], stored: Iterable[StoredChild] = ()) -> tuple[Kinship, Duplicates]:
    """Compare files with each other and with what is stored; writes ``duplicate_of`` into the entries."""
    known = list(stored)
    found = find_duplicates(readings, [each.known for each in known])
    mark_duplicates(readings, found)
    return kinship_of(found, known), found


def kinship_of(found: Duplicates, stored: Sequence[StoredChild]) -> Kinship:
    """Labels of lines from a finished comparison: the key of the child's first entry. Who is alone needs no label but its own."""
    label_of_first: dict[str, str] = {}
    for group in found.children:
        label_of_first.update(dict.fromkeys(group, group[0]))
    lines = {_line(child.told): label_of_first.get(child.key, child.key) for child in found.lines}
    homes = {label_of_first.get(key, key): home[0] for home in found.households for key in home}
    kinship = Kinship(lines, homes)
    for each in stored:
        label = label_of_first.get(each.known.key, each.known.key)
        kinship.child_ids.setdefault(label, each.child_id)
        kinship.household_ids.setdefault(kinship.home(label), each.household_id)
    return kinship


def stored_children(
    session: Session,
    vault: Vault,
    campaign_id: int,
    *,
    name_indexes: Sequence[bytes] | None = None,
    household_of: Sequence[int] = (),
    townships: Sequence[str] = (),
) -> list[StoredChild]:
    """The campaign's children as the comparison needs them, identities opened; erased ones are left out.

    *name_indexes*, *household_of* (ids of children) and *townships* narrow to namesakes, to those children, and to those who
    were sent from there.
    """
    query = sa.select(_CHILD).where(_CHILD.c.campaign_id == campaign_id, _CHILD.c.data_key.is_not(None))
    if name_indexes is not None:
        near = sa.select(_COMMUNITY.c.id).where(
            _COMMUNITY.c.campaign_id == campaign_id, _COMMUNITY.c.township_code.in_(townships)
        )
        query = query.where(
            sa.or_(
                _CHILD.c.name_index.in_(name_indexes), _CHILD.c.id.in_(household_of), _CHILD.c.community_id.in_(near)
            )
        )
    children = session.execute(query).all()
    wanted = {child.id for child in children}
    wishes: dict[int, list[tuple[str, str]]] = {}
    for wish_id, child_id, item in session.execute(
        sa.select(_WISH.c.id, _WISH.c.child_id, _WISH.c.item)
        .where(_WISH.c.campaign_id == campaign_id, _WISH.c.status.not_in(_GONE))
        .order_by(_WISH.c.id)
    ):
        if child_id in wanted:
            wishes.setdefault(child_id, []).append((f"wish:{wish_id}", item))
    for child_id, wish_id, item in session.execute(_MERGED.where(_WISH.c.campaign_id == campaign_id)):
        if child_id in wanted:  # what a person merged is not asked for anew when it is sent again
            wishes.setdefault(child_id, []).append((f"wish:{wish_id}", item))
    return [
        StoredChild(
            child.id,
            child.household_id,
            _known(
                child.id,
                child.sex,
                open_identity(vault, child.id, child.data_key, child.identity),
                wishes.get(child.id, []),
            ),
        )
        for child in children
    ]


def likely_children(
    session: Session, vault: Vault, campaign_id: int, entries: Sequence[Entry], household_of: Sequence[int] = ()
) -> list[StoredChild]:
    """The children that a few entries may speak of: namesakes anywhere, and all of the townships they name."""
    names = {entry.child for entry in entries if entry.child}
    return stored_children(
        session,
        vault,
        campaign_id,
        name_indexes=[index for name in names for index in vault.blind_indexes(name, field=NAME_FIELD)],
        household_of=household_of,
        townships=sorted({entry.town for entry in entries if entry.town}),
    )


def _known(child_id: int, sex: str, identity: Mapping[str, object], wishes: Sequence[tuple[str, str]]) -> KnownChild:
    def text(name: str) -> str | None:
        value = identity.get(name)
        return str(value) if value else None

    phones = identity.get("phones")
    return KnownChild(
        key=f"child:{child_id}",
        name=text("name") or "",
        sex=sex or None,
        birth=text("birth"),
        county=text("county"),
        town=text("town"),
        guardian=text("guardian"),
        phones=tuple(map(str, phones)) if isinstance(phones, list) else (),
        village=text("village"),
        wishes=tuple(wishes),
    )


def _line(entry: Entry) -> tuple[str, str, int, str | None]:
    return entry.file, entry.sheet, entry.child_row, entry.child
