"""Accepted entries become wishes: children, households, consents and communities are found or made on the way.

A few executemany statements for a whole file. Nothing that tells who a child is leaves the sealed columns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, Grant, Role
from wishes.campaigns.tables import Campaign, CatalogueItem, Place
from wishes.errors import Conflict
from wishes.events.bulk import move_many
from wishes.intake.codes import new_aliases, new_codes
from wishes.intake.kinship import Kinship
from wishes.intake.sealing import seal_identity
from wishes.intake.shaping import Guide, birth_year, consent_values, identity_of, wish_values
from wishes.intake.tables import Child, Community, Consent, Household, ImportRow, Wish
from wishes.intake.understanding.model import Entry, FileReading
from wishes.model import table_of
from wishes.protection.keyring import Keyring
from wishes.protection.vault import Vault

_CHILD, _COMMUNITY, _CONSENT, _HOUSEHOLD = table_of(Child), table_of(Community), table_of(Consent), table_of(Household)
_ROW, _WISH = table_of(ImportRow), table_of(Wish)


@dataclass(frozen=True, slots=True)
class Admission:
    """What the wishes of one campaign are stored with; made once for many files by :func:`admission`."""

    campaign_id: int
    campaign_start: date
    guide: Guide
    place_names: Mapping[str, str]
    vault: Vault
    actor: Actor
    now: datetime


def admission(session: Session, *, campaign: Campaign, keyring: Keyring, actor: Actor, now: datetime) -> Admission:
    """Read once what storing needs of a campaign: guide prices and names of places."""
    assert campaign.id is not None
    items, places = table_of(CatalogueItem), table_of(Place)
    rows = session.execute(
        sa.select(items.c.item, items.c.category, items.c.price_low_fen, items.c.price_high_fen).where(
            items.c.campaign_id == campaign.id
        )
    ).all()
    names = session.execute(sa.select(places.c.code, places.c.name).where(places.c.campaign_id == campaign.id))
    return Admission(
        campaign.id,
        campaign.starts_on,
        Guide.from_rows(
            [(row.item, row.category, row.price_low_fen, row.price_high_fen) for row in rows],
            campaign.price_ceiling_fen,
        ),
        {code: name for code, name in names},
        Vault(keyring),
        actor,
        now,
    )


@dataclass(frozen=True, slots=True)
class Admitted:
    """Row id → id of the wish it became, and how many children were not known before."""

    wish_ids: dict[int, int]
    new_children: int


def admit(
    session: Session,
    run: Admission,
    *,
    file_id: int,
    rows: Sequence[tuple[int, Entry]],
    kinship: Kinship,
    community_id: int | None,
    county_code: str,
    township_code: str,
    statement: str = "",
) -> Admitted:
    """Make wishes of accepted rows and submit them. *community_id* None takes each entry's own township.

    Effects as :func:`store_reading`.
    """
    if not rows:
        return Admitted({}, 0)
    communities = {
        entry.key: community_id or township_community(session, run, entry.town or "", entry.county or county_code)
        for _, entry in rows
    }
    new = _new_children(session, run, rows, kinship, communities)
    _store_consents(session, run, file_id, rows, kinship, statement)
    codes = new_codes(
        len(rows),
        lambda fresh: set(
            session.execute(
                sa.select(_WISH.c.code).where(_WISH.c.campaign_id == run.campaign_id, _WISH.c.code.in_(fresh))
            ).scalars()
        ),
    )
    by_code = insert_keyed(
        session,
        _WISH,
        [
            {
                "campaign_id": run.campaign_id,
                "community_id": communities[entry.key],
                "child_id": kinship.child_ids[kinship.label(entry)],
                "code": code,
                "priority": 0,
                "created_at": run.now,
                **wish_values(entry, guide=run.guide, county_code=county_code, township_code=township_code),
            }
            for (_, entry), code in zip(rows, codes, strict=True)
        ],
        "code",
    )
    wish_ids = [by_code[(code,)] for code in codes]
    pairs = dict(zip((row_id for row_id, _ in rows), wish_ids, strict=True))
    session.execute(
        sa.update(_ROW).where(_ROW.c.id == sa.bindparam("row_id")).values(wish_id=sa.bindparam("wish")),
        [{"row_id": row_id, "wish": wish_id} for row_id, wish_id in pairs.items()],
    )
    sender = in_the_name_of(run.actor.account_id, run.campaign_id)
    refused = move_many(session, "submit", wish_ids=wish_ids, actor=sender, now=run.now).refused
    if refused:
        raise Conflict(wish_ids=sorted(refused))
    return Admitted(pairs, new)


def in_the_name_of(account_id: int | None, campaign_id: int) -> Actor:
    """The sender, with what handing in takes: whether they may send or resolve was asked before, and what comes of it is
    verified by a coordinator in any case. Without it a wish whose township is another's would stay an unseen draft."""
    return Actor(account_id, "intake", (Grant(Role.COORDINATOR, campaign_id),))


def insert_keyed(
    session: Session, table: sa.Table, rows: Sequence[Mapping[str, Any]], *key: str
) -> dict[tuple[Any, ...], int]:
    """Insert rows and answer their ids by the columns *key*, which tell the rows apart.

    Many rows to a statement: asking the database to answer in the rows' own order would send them one by one.
    """
    if not rows:
        return {}
    inserted = session.execute(sa.insert(table).returning(table.c.id, *(table.c[name] for name in key)), list(rows))
    return {tuple(values): int(row_id) for row_id, *values in inserted}


def _new_children(
    session: Session,
    run: Admission,
    rows: Sequence[tuple[int, Entry]],
    kinship: Kinship,
    communities: Mapping[str, int],
) -> int:
    """Store the children (and households) that are not known yet; fills *kinship*. Answers how many."""
    first: dict[str, Entry] = {}
    kinds: dict[str, set[str]] = {}
    for _, entry in rows:
        label = kinship.label(entry)
        if label not in kinship.child_ids:
            first.setdefault(label, entry)
            kinds.setdefault(label, set()).update(entry.types)
    if not first:
        return 0
    homes = {label: kinship.home(label) for label in first}
    unknown = [key for key in dict.fromkeys(homes.values()) if key not in kinship.household_ids]
    if unknown:
        rows_of = [{"campaign_id": run.campaign_id} for _ in unknown]
        kinship.household_ids.update(
            zip(
                unknown,
                (row_id for (row_id,) in session.execute(sa.insert(_HOUSEHOLD).returning(_HOUSEHOLD.c.id), rows_of)),
                strict=True,
            )
        )
    aliases = new_aliases(len(first))
    by_alias = insert_keyed(
        session,
        _CHILD,
        [
            {
                "campaign_id": run.campaign_id,
                "community_id": communities[entry.key],
                "household_id": kinship.household_ids[homes[label]],
                "alias": alias,
                "sex": entry.gender or "",
                "birth_year": birth_year(entry, run.campaign_start),
                "types": sorted(kinds[label]),
                "created_at": run.now,
            }
            for (label, entry), alias in zip(first.items(), aliases, strict=True)
        ],
        "alias",
    )
    born = {label: by_alias[(alias,)] for label, alias in zip(first, aliases, strict=True)}
    session.execute(
        sa.update(_CHILD)
        .where(_CHILD.c.id == sa.bindparam("child"))
        .values({column: sa.bindparam(f"new_{column}") for column in ("data_key", "identity", "name_index")}),
        [
            {"child": child_id, **{f"new_{column}": value for column, value in sealed.items()}}
            for label, child_id in born.items()
            for sealed in [seal_identity(run.vault, child_id, identity_of(first[label]))]
        ],
    )
    kinship.child_ids.update(born)
    return len(first)


def _store_consents(
    session: Session,
    run: Admission,
    file_id: int,
    rows: Sequence[tuple[int, Entry]],
    kinship: Kinship,
    statement: str,
) -> None:
    """One consent for each child that has none in force."""
    wanted: dict[int, dict[str, Any]] = {}
    for _, entry in rows:
        child_id = kinship.child_ids[kinship.label(entry)]
        if child_id not in wanted and entry.consent in ("yes", "batch"):
            wanted[child_id] = {
                "child_id": child_id,
                "recorded_by": run.actor.account_id,
                **consent_values(entry, file_id=file_id, statement=statement, now=run.now),
            }
    if not wanted:
        return
    given = set(
        session.execute(
            sa.select(_CONSENT.c.child_id).where(
                _CONSENT.c.child_id.in_(list(wanted)), _CONSENT.c.withdrawn_at.is_(None)
            )
        ).scalars()
    )
    missing = [row for child_id, row in wanted.items() if child_id not in given]
    if missing:
        session.execute(sa.insert(_CONSENT), missing)


# --- communities ------------------------------------------------------------------------------------------------------


def sender_community(session: Session, run: Admission, reading: FileReading) -> int | None:
    """The community that sent a file: its township's, or the school's own; None when it speaks for many townships."""
    if not reading.town or reading.sender_kind == "county":
        return None
    county_code = reading.county or reading.town[:6]
    name = reading.sender_name or _school_in(reading.file, run.place_names.get(reading.town, ""))
    if reading.sender_kind == "school" and name:
        return community(session, run, township_code=reading.town, county_code=county_code, name=name)
    return township_community(session, run, reading.town, county_code)


def _school_in(text: str, township: str) -> str:
    """The name of a school of *township* in a file's name, ``""`` when there is none."""
    found = (
        re.search(rf"{re.escape(township)}[\u4e00-\u9fff]{{0,8}}?(?:小学|中学|学校|幼儿园)", text) if township else None
    )
    return found[0] if found else ""


def township_community(session: Session, run: Admission, township_code: str, county_code: str) -> int:
    """The one community of a township; where none is told, that of the county, else of the whole campaign."""
    name = run.place_names.get(township_code) or run.place_names.get(county_code) or "（未注明乡镇）"
    return community(session, run, township_code=township_code, county_code=county_code, name=name)


def community(session: Session, run: Admission, *, township_code: str, county_code: str, name: str) -> int:
    """The id of the community with this township and name, made when there is none."""
    found = session.execute(
        sa.select(_COMMUNITY.c.id).where(
            _COMMUNITY.c.campaign_id == run.campaign_id,
            _COMMUNITY.c.township_code == township_code,
            _COMMUNITY.c.name == name,
        )
    ).scalar()
    if found is None:
        found = session.execute(
            sa.insert(_COMMUNITY)
            .values(
                campaign_id=run.campaign_id,
                township_code=township_code,
                county_code=county_code,
                name=name[:120],
                created_at=run.now,
            )
            .returning(_COMMUNITY.c.id)
        ).scalar_one()
    return int(found)
