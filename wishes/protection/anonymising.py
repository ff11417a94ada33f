"""Forgetting who the children of a campaign are once it is over, down to the last free word, and keeping every figure.

Source: PIPL art. 19 and 47. Runs in batches, and may be run again after it was stopped: what is gone is gone.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import SYSTEM, Actor
from wishes.campaigns.queries import rules_of
from wishes.campaigns.tables import Campaign
from wishes.claims.tables import Claim, Proposal
from wishes.clock import local_day
from wishes.custody.pictures import sweep_pictures
from wishes.db import Database
from wishes.events.tables import Event
from wishes.handover.authorised import names_listed
from wishes.handover.photos import sweep_photos
from wishes.intake.sealing import open_identity
from wishes.intake.tables import Child, ImportFile, ImportRow, Wish
from wishes.intake.uploads import Originals
from wishes.model import table_of
from wishes.protection.audit import redact
from wishes.protection.entries import note
from wishes.protection.erasing import HeldByLaw, blank_children, held
from wishes.protection.keyring import Keyring
from wishes.protection.scans import sweep_scans
from wishes.protection.tables import AuditEntry, Concern, Erasure, LegalHold
from wishes.protection.vault import Vault, normalised
from wishes.tracking.tables import Clock

_CHILD, _WISH, _CAMPAIGN = table_of(Child), table_of(Wish), table_of(Campaign)
_FILE, _ROW, _CONCERN = table_of(ImportFile), table_of(ImportRow), table_of(Concern)
_ERASURE, _HOLD, _EVENT, _ENTRY = table_of(Erasure), table_of(LegalHold), table_of(Event), table_of(AuditEntry)
_FREE_WORDS = (
    (table_of(Claim), "end_reason"),
    (table_of(Proposal), "end_reason"),
    (table_of(Clock), "pause_reason"),
)
"""Words that people typed about a wish, besides those of the record."""
BATCH = 500


@dataclass(slots=True)
class Plan:
    """What :func:`anonymise` would do, or did. ``held_children`` stay as they are: a legal hold says so."""

    campaign: str
    closed_on: date | None
    due_on: date | None
    held: bool
    children: int = 0
    held_children: int = 0
    readings: int = 0
    originals: int = 0
    concerns: int = 0
    words: int = 0  # free texts that name somebody

    def figures(self) -> dict[str, Any]:
        return {k: v.isoformat() if isinstance(v, date) else v for k, v in asdict(self).items()}


def plan(session: Session, campaign_id: int, keyring: Keyring) -> Plan:
    """What there is to forget, and when its time comes; changes nothing."""
    row = session.execute(sa.select(_CAMPAIGN.c.slug, _CAMPAIGN.c.closed_at).where(_CAMPAIGN.c.id == campaign_id)).one()
    closed_on = None if row.closed_at is None else local_day(row.closed_at)
    due_on = None if closed_on is None else closed_on + timedelta(days=rules_of(session, campaign_id).retention_days)
    found = Plan(row.slug, closed_on, due_on, held(session, campaign_id))
    kept = _held_children(session, campaign_id)
    found.held_children = len(kept)
    found.children = len(_children(session, campaign_id, kept))
    found.readings = len(_readings(session, campaign_id, kept))
    found.originals = len(_originals(session, campaign_id, kept))
    found.concerns = _count(session, _CONCERN, *_settled_concerns(campaign_id))
    names = _names(session, campaign_id, keyring, kept)
    found.words = sum(len(ids) for _, _, ids in _naming(session, campaign_id, names))
    return found


def anonymise(
    database: Database,
    *,
    campaign_id: int,
    keyring: Keyring,
    originals: Originals,
    actor: Actor,
    now: datetime,
    cause: str = "retention",
    uid: str = "",
    told: Callable[[str], None] = lambda _: None,
) -> Plan:
    """Forget who the children of a campaign are. Raises HeldByLaw when the whole campaign is under a hold.

    Effects: identities, keys, readings, workbooks on disk, settled reports of concerns, free words that name a child or a
    guardian; one erasure for the register. Figures, events and their order stay as they are.
    """
    with database.reading() as session:
        done = plan(session, campaign_id, keyring)
        if done.held and cause != "restored":
            raise HeldByLaw()
        kept = _held_children(session, campaign_id)
        names = _names(session, campaign_id, keyring, kept)
        naming = _naming(session, campaign_id, names)
        children, readings = _children(session, campaign_id, kept), _readings(session, campaign_id, kept)
        files = _originals(session, campaign_id, kept)
    for source, table, ids in naming:  # first: afterwards nobody knows the names any more
        with database.transaction() as session:
            _unname(session, source, table, ids, keyring, actor, now)
    for piece in _pieces(readings):
        with database.transaction() as session:
            session.execute(sa.update(_ROW).where(_ROW.c.id.in_(piece)).values(reading=None))
    for digest in files:
        with database.transaction() as session:
            originals.forget(session, campaign_id=campaign_id, digest=digest)
    for piece in _pieces(children):
        with database.transaction() as session:
            blank_children(session, piece, now=now)
        told(f"{done.campaign}: {len(piece)} children")
    with database.transaction() as session:
        sweep_scans(session, originals.folder)
        sweep_pictures(session, originals.folder)
        sweep_photos(session, originals.folder)
        session.execute(sa.update(_CONCERN).where(*_settled_concerns(campaign_id)).values(words=None))
        _rename_files(session, campaign_id, kept)
        counts = {k: v for k, v in done.figures().items() if isinstance(v, int)}
        session.execute(
            sa.insert(_ERASURE).values(
                uid=uid or secrets.token_hex(12), campaign_id=campaign_id, cause=cause, counts=counts,
                erased_by=actor.account_id, erased_at=now,
            )
        )  # fmt: skip
        note(session, "anonymise", actor=actor, now=now, campaign_id=campaign_id, reason=cause, data=counts)
    return done


def anonymise_due(database: Database, *, keyring: Keyring, originals: Originals, now: datetime) -> list[Plan]:
    """Every campaign whose time has come and that still knows a child it need not keep; holds are respected."""
    with database.reading() as session:
        closed = session.execute(sa.select(_CAMPAIGN.c.id).where(_CAMPAIGN.c.closed_at.is_not(None))).scalars().all()
    done = []
    for campaign_id in closed:
        with database.reading() as session:
            due_on = local_day_of_retention(session, campaign_id)
            left = bool(_children(session, campaign_id, _held_children(session, campaign_id)))
            waits = due_on is None or local_day(now) < due_on or not left or held(session, campaign_id)
        if not waits:
            done.append(
                anonymise(
                    database, campaign_id=campaign_id, keyring=keyring, originals=originals, actor=SYSTEM, now=now
                )
            )
    return done


def local_day_of_retention(session: Session, campaign_id: int) -> date | None:
    """The day from which a campaign no longer keeps identities; None while it is not closed."""
    closed_at = session.execute(sa.select(_CAMPAIGN.c.closed_at).where(_CAMPAIGN.c.id == campaign_id)).scalar()
    return (
        None
        if closed_at is None
        else local_day(closed_at) + timedelta(days=rules_of(session, campaign_id).retention_days)
    )


# --- what there is ----------------------------------------------------------------------------------------------------


def _held_children(session: Session, campaign_id: int) -> set[int]:
    return set(
        session.execute(
            sa.select(_HOLD.c.child_id).where(
                _HOLD.c.campaign_id == campaign_id, _HOLD.c.lifted_at.is_(None), _HOLD.c.child_id.is_not(None)
            )
        ).scalars()
    )


def _children(session: Session, campaign_id: int, kept: set[int]) -> list[int]:
    known = sa.or_(*(column.is_not(None) for column in (_CHILD.c.data_key, _CHILD.c.identity, _CHILD.c.name_index)))
    ids = session.execute(sa.select(_CHILD.c.id).where(_CHILD.c.campaign_id == campaign_id, known)).scalars()
    return [child_id for child_id in ids if child_id not in kept]


def _readings(session: Session, campaign_id: int, kept: set[int]) -> list[int]:
    rows = session.execute(
        sa.select(_ROW.c.id, _WISH.c.child_id)
        .join(_FILE, _FILE.c.id == _ROW.c.file_id)
        .outerjoin(_WISH, _WISH.c.id == _ROW.c.wish_id)
        .where(_FILE.c.campaign_id == campaign_id, _ROW.c.reading.is_not(None))
    )
    return [row_id for row_id, child_id in rows if child_id not in kept]


def _files_of(session: Session, kept: set[int]) -> set[int]:
    """Files that tell of a child under a hold."""
    if not kept:
        return set()
    return set(
        session.execute(
            sa.select(_ROW.c.file_id).join(_WISH, _WISH.c.id == _ROW.c.wish_id).where(_WISH.c.child_id.in_(kept))
        ).scalars()
    )


def _originals(session: Session, campaign_id: int, kept: set[int]) -> list[str]:
    """Digests of the workbooks to forget."""
    stay = _files_of(session, kept)
    rows = session.execute(
        sa.select(_FILE.c.id, _FILE.c.digest).where(
            _FILE.c.campaign_id == campaign_id, _FILE.c.original_key.is_not(None), _FILE.c.digest != ""
        )
    ).all()
    needed = {digest for file_id, digest in rows if file_id in stay}
    return sorted({digest for _, digest in rows} - needed)


def _settled_concerns(campaign_id: int) -> tuple[Any, ...]:
    return _CONCERN.c.campaign_id == campaign_id, _CONCERN.c.handled_at.is_not(None), _CONCERN.c.words.is_not(None)


def _rename_files(session: Session, campaign_id: int, kept: set[int]) -> None:
    """The name that a sender gave a file may be a child's."""
    stay = _files_of(session, kept)
    rows = session.execute(sa.select(_FILE.c.id, _FILE.c.name).where(_FILE.c.campaign_id == campaign_id)).all()
    renamed = [
        {"file": file_id, "new": f"{file_id}.{name.rsplit('.', 1)[-1][:8]}"}
        for file_id, name in rows
        if file_id not in stay
    ]
    if renamed:
        session.execute(
            sa.update(_FILE).where(_FILE.c.id == sa.bindparam("file")).values(name=sa.bindparam("new")), renamed
        )


# --- free words that name somebody ------------------------------------------------------------------------------------


def _names(session: Session, campaign_id: int, keyring: Keyring, kept: set[int]) -> set[str]:
    """Names and phones of the campaign's children, guardians and those who may receive instead, as they are compared."""
    vault = Vault(keyring)
    found = {
        normalised(told) for child_id, told in names_listed(session, campaign_id, vault=vault) if child_id not in kept
    }
    for row in session.execute(
        sa.select(_CHILD.c.id, _CHILD.c.data_key, _CHILD.c.identity).where(
            _CHILD.c.campaign_id == campaign_id, _CHILD.c.data_key.is_not(None)
        )
    ):
        if row.id not in kept:
            identity = open_identity(vault, row.id, row.data_key, row.identity)
            told = [identity.get("name"), identity.get("guardian"), *(identity.get("phones") or [])]  # type: ignore[misc]
            found.update(normalised(str(value)) for value in told if value)
    return {name for name in found if len(name) > 1}


def _naming(session: Session, campaign_id: int, names: set[str]) -> list[tuple[str, sa.Table, list[int]]]:
    """The record and the other tables with free words: source (empty where none is sealed), table, ids that name somebody."""
    found: list[tuple[str, sa.Table, list[int]]] = []
    for source, table in (("event", _EVENT), ("entry", _ENTRY)):
        rows = session.execute(
            sa.select(table.c.id, table.c.reason).where(table.c.campaign_id == campaign_id, table.c.reason != "")
        )
        found.append((source, table, _with_names(rows, names)))
    for table, column in _FREE_WORDS:
        rows = session.execute(
            sa.select(table.c.id, table.c[column]).where(table.c.campaign_id == campaign_id, table.c[column] != "")
        )
        found.append(("", table, _with_names(rows, names)))
    return found


def _with_names(rows: Iterable[Any], names: set[str]) -> list[int]:
    lengths = sorted({len(name) for name in names})
    known: dict[str, bool] = {}
    found = []
    for row_id, text in rows:
        if text not in known:
            plain = re.sub(r"\s", "", normalised(text))
            known[text] = any(
                plain[at : at + length] in names for length in lengths for at in range(len(plain) - length + 1)
            )
        if known[text]:
            found.append(row_id)
    return found


def _unname(
    session: Session, source: str, table: sa.Table, ids: list[int], keyring: Keyring, actor: Actor, now: datetime
) -> None:
    if source:
        redact(session, source, ids, keyring=keyring, actor=actor, now=now, why="named somebody")
        return
    for each, column in _FREE_WORDS:
        if each is table:
            for piece in _pieces(ids):
                session.execute(sa.update(table).where(table.c.id.in_(piece)).values({column: ""}))


def _count(session: Session, table: sa.Table, *conditions: Any) -> int:
    return int(session.execute(sa.select(sa.func.count()).select_from(table).where(*conditions)).scalar_one())


def _pieces(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[at : at + BATCH] for at in range(0, len(ids), BATCH))
