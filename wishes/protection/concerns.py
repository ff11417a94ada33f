"""“I am worried about a child”: a report by anybody, signed in or not, outside all permissions, to those who must act.

Source: Law on the Protection of Minors art. 11. What is written may name the child, so it is sealed, opened for campaign and
site administrators only, and each opening is on record.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, may, require
from wishes.errors import Invalid, NotFound, TooManyRequests
from wishes.i18n import Text
from wishes.model import table_of
from wishes.protection.entries import note
from wishes.protection.managers import tell_managers
from wishes.protection.tables import Concern
from wishes.protection.vault import Vault, open_sealed, place, seal

_CONCERN = table_of(Concern)
_WRAPPED = 62  # see Vault.new_data_key
LONGEST = 4_000
WINDOW, MOST = timedelta(hours=1), 5
"""So many reports from one address within the window."""


@dataclass(frozen=True, slots=True)
class Reported:
    """One report as the list shows it, words and contact left out."""

    id: int
    campaign_id: int | None
    reported_at: datetime
    handled_at: datetime | None
    answer: str
    signed_in: bool


def report(
    session: Session,
    vault: Vault,
    *,
    campaign_id: int | None,
    words: str,
    contact: str,
    sender: str,
    actor: Actor,
    now: datetime,
) -> int:
    """Seal and keep a report; answers its id. Raises Invalid, and TooManyRequests after :data:`MOST` from one *sender*."""
    words = words.strip()
    if not 5 <= len(words) <= LONGEST:
        raise Invalid(
            "words", Text("请写下您担心的事（5–4000 字）。", "Please write what worries you (5 to 4,000 characters).")
        )
    digest = hashlib.sha256(f"concern\0{sender}".encode()).hexdigest()
    recent = session.execute(
        sa.select(sa.func.count()).where(_CONCERN.c.sender == digest, _CONCERN.c.reported_at > now - WINDOW)
    ).scalar_one()
    if recent >= MOST:
        raise TooManyRequests(seconds=int(WINDOW.total_seconds()))
    uid = secrets.token_hex(10)
    key, wrapped = vault.new_data_key(aad=place("concern", uid, "data_key"))
    told = seal({"words": words, "contact": contact.strip()[:200]}, data_key=key, aad=place("concern", uid, "words"))
    made = session.execute(
        sa.insert(_CONCERN)
        .values(
            campaign_id=campaign_id, uid=uid, sender=digest, account_id=actor.account_id, words=wrapped + told,
            reported_at=now, answer="",
        )
        .returning(_CONCERN.c.id)
    ).scalar_one()  # fmt: skip
    note(session, "concern", actor=actor, now=now, campaign_id=campaign_id, data={"concern_id": int(made)})
    tell_managers(session, "concern", key=uid, campaign_id=campaign_id, now=now)
    return int(made)


def rewrap_words(vault: Vault, uid: str, sealed: bytes) -> bytes | None:
    """A report with its key under the active master key, or None when it is already."""
    wrapped = vault.rewrap(sealed[:_WRAPPED], aad=place("concern", uid, "data_key"))
    return None if wrapped is None else wrapped + sealed[_WRAPPED:]


def concerns_of(session: Session, campaign_id: int, *, actor: Actor) -> list[Reported]:
    """The campaign's reports, and for site administrators those of no campaign; open ones first. Raises Forbidden."""
    require(actor, "concerns.handle", campaign_id)
    mine = _CONCERN.c.campaign_id == campaign_id
    if may(actor, "site.manage"):
        mine = sa.or_(mine, _CONCERN.c.campaign_id.is_(None))
    rows = session.execute(
        sa.select(_CONCERN).where(mine).order_by(_CONCERN.c.handled_at.is_not(None), _CONCERN.c.id.desc()).limit(200)
    )
    return [
        Reported(row.id, row.campaign_id, row.reported_at, row.handled_at, row.answer, row.account_id is not None)
        for row in rows
    ]


def read_concern(session: Session, vault: Vault, concern_id: int, *, actor: Actor, now: datetime) -> dict[str, str]:
    """What was written, and how to reach who wrote it. Recorded. Raises NotFound, Forbidden, Erased."""
    row = _for(session, concern_id, actor)
    sealed = bytes(row.words) if row.words else None
    key = vault.unwrap(sealed[:_WRAPPED] if sealed else None, aad=place("concern", row.uid, "data_key"))
    told = open_sealed((sealed or b"")[_WRAPPED:], data_key=key, aad=place("concern", row.uid, "words"))
    note(
        session, "read_concern", actor=actor, now=now, campaign_id=row.campaign_id, fields=["words", "contact"],
        data={"concern_id": concern_id},
    )  # fmt: skip
    return {"words": str(told.get("words", "")), "contact": str(told.get("contact", ""))}


def handle_concern(session: Session, concern_id: int, *, answer: str, actor: Actor, now: datetime) -> None:
    """Note what was done about it. Raises NotFound, Forbidden, Invalid."""
    row = _for(session, concern_id, actor)
    if len(answer.strip()) < 2:
        raise Invalid("answer", Text("请写明怎样处理的。", "Please say what was done."))
    entry = {"concern_id": concern_id}
    note(session, "handle_concern", actor=actor, now=now, campaign_id=row.campaign_id, reason=answer, data=entry)
    session.execute(
        sa.update(_CONCERN)
        .where(_CONCERN.c.id == concern_id)
        .values(handled_by=actor.account_id, handled_at=now, answer="handled")
    )


def _for(session: Session, concern_id: int, actor: Actor) -> Any:
    row = session.execute(sa.select(_CONCERN).where(_CONCERN.c.id == concern_id)).one_or_none()
    allowed = row is not None and (
        may(actor, "site.manage") if row.campaign_id is None else may(actor, "concerns.handle", row.campaign_id)
    )
    if row is None or not allowed:
        raise NotFound("这份报告", "report")
    return row
