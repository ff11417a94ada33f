"""Erasing a child: its data key goes, and with it everything that was sealed, here and in every backup without that key.

What stays are figures: a wish, its moves, an alias, a birth year. Each erasure also stands in a register outside the
database, so that a backup that is restored is erased again before it is used (:mod:`wishes.protection.register`).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor
from wishes.custody.pictures import empty_pictures, sweep_pictures
from wishes.errors import MicrowishError
from wishes.feedback.forgetting import forget_words
from wishes.handover.authorised import empty_receivers
from wishes.handover.photos import empty_photos, sweep_photos
from wishes.i18n import Text
from wishes.intake.queries import rows_of_child
from wishes.intake.sealing import open_entry, open_identity
from wishes.intake.tables import Child, Consent, ImportFile, ImportRow, Wish
from wishes.intake.uploads import Originals
from wishes.model import table_of
from wishes.protection.consents import child_kept, withdraw_consent
from wishes.protection.entries import note
from wishes.protection.keyring import Keyring
from wishes.protection.scans import empty_scans, sweep_scans
from wishes.protection.tables import Erasure, GuardianLink, LegalHold
from wishes.protection.vault import Vault, normalised

_CHILD, _CONSENT, _WISH = table_of(Child), table_of(Consent), table_of(Wish)
_FILE, _ROW = table_of(ImportFile), table_of(ImportRow)
_ERASURE, _LINK, _HOLD = table_of(Erasure), table_of(GuardianLink), table_of(LegalHold)


class HeldByLaw(MicrowishError):
    status, code = 409, "held_by_law"
    title = Text("依法保全中", "Under legal hold")
    sentence = Text(
        "这些信息正被依法保全，解除前不能删除。请联系项目管理员。",
        "This information is under legal hold and cannot be erased before the hold is lifted. Ask the campaign's administrator.",
    )


def held(session: Session, campaign_id: int, child_id: int | None = None) -> bool:
    """Whether a hold on the child, or on its whole campaign, is in force."""
    return (
        session.execute(
            sa.select(_HOLD.c.id).where(
                _HOLD.c.campaign_id == campaign_id,
                _HOLD.c.lifted_at.is_(None),
                sa.or_(_HOLD.c.child_id.is_(None), _HOLD.c.child_id == child_id),
            )
        ).first()
        is not None
    )


def erase_child(
    session: Session,
    *,
    child_id: int,
    cause: str,
    keyring: Keyring,
    originals: Originals,
    actor: Actor,
    now: datetime,
    uid: str = "",
) -> str | None:
    """Erase who a child is; None when it was already. Answers the erasure's uid, for the register.

    *cause* is ``guardian``, ``consent`` or ``restored``; a restored child is erased whatever holds came back with it.
    Raises HeldByLaw. Effects: consents withdrawn with all that follows, the child's key and identity, the readings of its
    rows (also of rows that were refused or wait and tell of the same child), the workbooks it came in, links for its
    guardian, free text of its wishes. Statistics stay.
    """
    child = child_kept(session, child_id)
    if child.erased:
        return None
    if cause != "restored" and held(session, child.campaign_id, child_id):
        raise HeldByLaw()
    withdraw_consent(session, child_id=child_id, actor=actor, now=now, by_guardian=True)
    rows = [*rows_of_child(session, child_id), *_told_of(session, child.campaign_id, child_id, keyring)]
    files = forget_rows(session, rows)
    for campaign_id, digest in files:
        originals.forget(session, campaign_id=campaign_id, digest=digest)
    blank_children(session, [child_id], now=now)
    sweep_scans(session, originals.folder)
    sweep_pictures(session, originals.folder)
    sweep_photos(session, originals.folder)
    uid = uid or secrets.token_hex(12)
    counts = {"rows": len(rows), "originals": len(files)}
    session.execute(
        sa.insert(_ERASURE).values(
            uid=uid, campaign_id=child.campaign_id, child_id=child_id, cause=cause, counts=counts,
            erased_by=actor.account_id, erased_at=now,
        )
    )  # fmt: skip
    note(
        session,
        "erase",
        actor=actor,
        now=now,
        campaign_id=child.campaign_id,
        child_id=child_id,
        reason=cause,
        data=counts,
    )
    return uid


def blank_children(session: Session, child_ids: Sequence[int], *, now: datetime) -> None:
    """Take from these children, their wishes and their papers everything that tells who they are."""
    session.execute(
        sa.update(_CHILD)
        .where(_CHILD.c.id.in_(child_ids))
        .values(data_key=None, identity=None, name_index=None, erased_at=now)
    )
    session.execute(sa.update(_CONSENT).where(_CONSENT.c.child_id.in_(child_ids)).values(evidence=""))
    empty_scans(session, child_ids)
    empty_pictures(session, child_ids)
    empty_photos(session, child_ids)
    empty_receivers(session, child_ids)
    session.execute(sa.update(_WISH).where(_WISH.c.child_id.in_(child_ids)).values(detail=""))
    forget_words(session, child_ids, now=now)
    session.execute(
        sa.update(_LINK).where(_LINK.c.child_id.in_(child_ids), _LINK.c.revoked_at.is_(None)).values(revoked_at=now)
    )


def forget_rows(session: Session, row_ids: Sequence[int]) -> list[tuple[int, str]]:
    """Empty the sealed readings of these rows; answers campaign and digest of the workbooks they came in."""
    if not row_ids:
        return []
    session.execute(sa.update(_ROW).where(_ROW.c.id.in_(row_ids)).values(reading=None))
    return [
        (campaign_id, digest)
        for campaign_id, digest in session.execute(
            sa.select(_FILE.c.campaign_id, _FILE.c.digest)
            .distinct()
            .join(_ROW, _ROW.c.file_id == _FILE.c.id)
            .where(_ROW.c.id.in_(row_ids), _FILE.c.digest != "")
        )
    ]


def _told_of(session: Session, campaign_id: int, child_id: int, keyring: Keyring) -> list[int]:
    """Rows that became no wish but tell of the same child: the same name, and the same birth date, guardian or phone."""
    vault = Vault(keyring)
    row = session.execute(sa.select(_CHILD.c.data_key, _CHILD.c.identity).where(_CHILD.c.id == child_id)).one()
    if row.data_key is None:
        return []
    identity = open_identity(vault, child_id, row.data_key, row.identity)
    name = normalised(str(identity.get("name", "")))
    phones = set(map(str, identity.get("phones") or []))  # type: ignore[arg-type]
    found = []
    for each in session.execute(
        sa.select(_ROW.c.id, _ROW.c.file_id, _ROW.c.sheet, _ROW.c.cell, _ROW.c.part, _ROW.c.reading)
        .join(_FILE, _FILE.c.id == _ROW.c.file_id)
        .where(_FILE.c.campaign_id == campaign_id, _ROW.c.wish_id.is_(None), _ROW.c.reading.is_not(None))
    ):
        entry = open_entry(vault, each.file_id, each.sheet, each.cell, each.part, each.reading)
        same = (
            (entry.birth and entry.birth == identity.get("birth"))
            or (entry.guardian and entry.guardian == identity.get("guardian"))
            or phones & set(entry.phone)
        )
        if entry.child and normalised(entry.child) == name and same:
            found.append(each.id)
    return found


def place_hold(
    session: Session, *, campaign_id: int, child_id: int | None, reason: str, actor: Actor, now: datetime
) -> int:
    """Forbid every erasure of a child or a whole campaign until :func:`lift_hold`; answers the hold's id."""
    made = session.execute(
        sa.insert(_HOLD)
        .values(
            campaign_id=campaign_id, child_id=child_id, reason=reason[:200], placed_by=actor.account_id, placed_at=now
        )
        .returning(_HOLD.c.id)
    ).scalar_one()
    note(
        session, "hold", actor=actor, now=now, campaign_id=campaign_id, child_id=child_id, reason=reason,
        data={"hold_id": int(made)},
    )  # fmt: skip
    return int(made)


def lift_hold(session: Session, *, hold_id: int, actor: Actor, now: datetime) -> bool:
    """False when it was lifted already."""
    row = session.execute(
        sa.update(_HOLD)
        .where(_HOLD.c.id == hold_id, _HOLD.c.lifted_at.is_(None))
        .values(lifted_at=now, lifted_by=actor.account_id)
        .returning(_HOLD.c.campaign_id, _HOLD.c.child_id)
    ).one_or_none()
    if row is not None:
        note(
            session, "lift_hold", actor=actor, now=now, campaign_id=row.campaign_id, child_id=row.child_id,
            data={"hold_id": hold_id},
        )  # fmt: skip
    return row is not None
